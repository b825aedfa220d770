"""Chance at the OSC door and at the maps: `bandmate bench osc` tries some, or (`--soak`) 100,000 each.

Nothing may be raised but what the callers expect, no stranger may steer, and nothing may grow. Seeded: a try
that fails is told by its number.
"""

from __future__ import annotations

import random
import string
import tomllib
from dataclasses import dataclass
from pathlib import Path

from bandmate import controls
from bandmate.errors import BadPatch
from bandmate.patch import OSC_MAPS, data_folder
from bandmate.ports.oscdoor import OscDoor
from bandmate.ports.oscmap import load, read
from bandmate.ports.oscpacket import NOW, written

HERE, STRANGER = "127.0.0.1", "203.0.113.9"
WALL_S = 1.8e9
ROUNDS = 0.04  # of the packets, after which the door works off what waits
SIGNS = string.printable


@dataclass(slots=True)
class Fuzzed:
    """What came of it."""

    tried: int = 0
    refused: int = 0
    commands: int = 0
    readings: int = 0
    failed: int = 0  # something else was raised, an unchecked value came through, or a stranger steered
    waiting: int = 0  # the most packets that ever waited
    first_failure: str = ""

    def fail(self, words: str) -> None:
        """Something happened that never may."""
        self.failed += 1
        self.first_failure = self.first_failure or words


def packet(chance: random.Random, good: list[bytes]) -> bytes:
    """A packet: made of chance, or a good one that chance has been at."""
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randbytes(chance.randrange(0, 300))
    if kind == 1:
        tags = "".join(chance.choice("ifsbhdtTFNIm[]rS") for _ in range(chance.randrange(0, 12)))
        head = f"/bandmate/{chance.choice(list(controls.BY_NAME))}".encode()
        head += bytes(4 - len(head) % 4) + b"," + tags.encode() + bytes(4 - (len(tags) + 1) % 4)
        return head + chance.randbytes(chance.randrange(0, 64))
    if kind == 2:
        return (
            b"#bundle\0"
            + chance.choice((NOW, chance.randbytes(8)))
            + chance.randbytes(chance.randrange(0, 90))
        )
    found = bytearray(chance.choice(good))
    for _ in range(chance.randrange(0, 5)):
        place = chance.randrange(len(found) + 1)
        found[place : place + chance.randrange(0, 6)] = chance.randbytes(chance.randrange(0, 6))
    if kind == 3:
        size = chance.choice((len(found), -4, 0, chance.randrange(-(1 << 31), 1 << 31)))
        return b"#bundle\0" + NOW + size.to_bytes(4, "big", signed=True) + bytes(found)
    return bytes(found)


def fuzz_door(tries: int, seed: int = 1) -> Fuzzed:
    """So many packets at a door, every second one a stranger's."""
    chance, found = random.Random(f"door/{seed}"), Fuzzed()
    door = OscDoor(HERE, 0, (), load(OSC_MAPS))
    names = [*controls.BY_NAME, *sorted(controls.ACTION_NAMES)]
    good = [written(f"/bandmate/{name}", chance.random()) for name in names]
    good += [written(f"/crowd/{index}/motion", 0.1, 0.2, 1.0) for index in range(20)]
    good += [written("/bandmate/query"), written("/1/fader1", 0.5), written("/accxyz", 0.0, 0.0, 1.0)]
    for number in range(tries):
        now_s = number * 0.001
        stranger = number % 2 == 1
        sender = (STRANGER if stranger else HERE, 1 + chance.randrange(400))
        refused = door.refused
        try:
            door.take(sender, packet(chance, good), now_s, WALL_S + now_s)
            if stranger and door.refused == refused:
                found.fail(f"packet {number}: a stranger came in")
            found.waiting = max(found.waiting, sum(map(len, door._packets._queues.values())))
            if chance.random() > ROUNDS:
                continue
            commands, readings = door.round(now_s, WALL_S + now_s)
        except Exception as error:  # whatever it is, it is a defect
            found.fail(f"packet {number}: {type(error).__name__}: {error}")
            continue
        found.commands, found.readings = found.commands + len(commands), found.readings + len(readings)
        for command in commands:
            if controls.check(command.name, command.value) != (command.name, command.value):
                found.fail(f"packet {number}: {command}")
        if any(reading.host == STRANGER for reading in readings):
            found.fail(f"packet {number}: a stranger was heard")
    found.tried, found.refused = tries, door.refused + door.malformed
    return found


def fuzz_maps(tries: int, seed: int = 1) -> Fuzzed:
    """So many map files that chance has been at."""
    chance, found = random.Random(f"maps/{seed}"), Fuzzed(tried=tries)
    texts = [
        (data_folder("patches") / "osc" / f"{name}.toml").read_text(encoding="utf-8") for name in OSC_MAPS
    ]
    values = (
        "-1",
        "1e400",
        "nan",
        "[]",
        "{}",
        "true",
        '""',
        '"/a"',
        "99999999999999999999",
        "1979-05-27",
        "'*'",
    )
    for number in range(tries):
        text = chance.choice(texts)
        lines = text.splitlines()
        first = chance.randrange(len(lines))
        lines = lines[first : first + chance.randrange(1, 24)]
        for _ in range(chance.randrange(0, 4)):
            place = chance.randrange(len(lines))
            key = lines[place].partition("=")[0]
            turned = chance.randrange(3)
            if turned == 0:
                lines[place] = f"{key}= {chance.choice(values)}"
            elif turned == 1:
                at = chance.randrange(len(lines[place]) + 1)
                lines[place] = lines[place][:at] + chance.choice(SIGNS) + lines[place][at + 1 :]
            else:
                lines.insert(
                    place, f"{chance.choice(('low', 'high', 'count', 'kind', 'x'))} = {chance.choice(values)}"
                )
        try:
            found.readings += len(read(tomllib.loads("\n".join(lines)), Path("fuzz.toml")))
        except (BadPatch, tomllib.TOMLDecodeError):
            found.refused += 1
        except Exception as error:  # whatever it is, it is a defect
            found.fail(f"map {number}: {type(error).__name__}: {error}")
    return found
