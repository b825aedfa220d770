"""Instruments outside: what the hardware at a port is told with a sound, and by which ways notes go to it.

Called by the sound process' main thread. Imports only the bottom layer.
"""

from __future__ import annotations

from collections.abc import Iterator

from bandmate.events import PARTS
from bandmate.patch import Patch, Sound, Zone

CHANNELS = {"drums": 10, "bass": 2, "keys": 3, "guitar": 4, "pad": 5, "lead": 6}  # 1..16
Way = tuple[str, int]  # a port's wanted name, and a channel 0..15


def ways(patch: Patch, midi_out: list[str]) -> dict[str, list[Way]]:
    """Where each part goes: the patch's own port for it, else every port named for the band."""
    found: dict[str, list[Way]] = {}
    for part, channel in CHANNELS.items():
        sound = patch.sounds.get(part, Sound())
        if sound.port:
            found[part] = [(sound.port, sound.channel - 1)]
        else:
            found[part] = [(port, channel - 1) for port in midi_out]
    return found


def leads(patch: Patch) -> dict[str, float]:
    """How much earlier the notes of a part leave, in seconds: its external instrument is so slow."""
    return {part: sound.latency_ms / 1000 for part, sound in patch.sounds.items() if sound.port}


def outside(patch: Patch, part: str = "") -> Iterator[Sound | Zone]:
    """The sounds that instruments at ports make: of one part, of the `performer`'s zones, or all."""
    rows: list[Sound | Zone] = [patch.sounds[name] for name in PARTS if part in ("", name)]
    rows += patch.zones if part in ("", "performer") else ()
    yield from (row for row in rows if row.port)


def recalled(sound: Sound | Zone) -> list[bytes]:
    """Bank, program and controllers as MIDI; an unset program leaves the instrument's own sound."""
    channel = sound.channel - 1
    choice = choose(channel, sound.bank, sound.program) if sound.program >= 0 else []
    return choice + [bytes((0xB0 | channel, int(number), value)) for number, value in sound.controls.items()]


def choose(channel: int, bank: int, program: int) -> list[bytes]:
    """A program change with its bank (128 x MSB + LSB) before it; channel 0..15."""
    return [
        bytes((0xB0 | channel, 0, bank >> 7 & 0x7F)),
        bytes((0xB0 | channel, 32, bank & 0x7F)),
        bytes((0xC0 | channel, program & 0x7F)),
    ]
