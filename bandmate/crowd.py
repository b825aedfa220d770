"""`bandmate crowd simulate EVENING`: a written evening comes through the real OSC door to a real band.

Every sensor's reading is a packet to a real UDP socket; door, mood, governor and band are those of a show,
and only the clock is faster. Joins `osc.py` and the band; runs in the shell's process, the same for a seed.
"""

from __future__ import annotations

import argparse
import math
import socket
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bandmate import patch as patches
from bandmate.band import Band
from bandmate.controls import Value, check
from bandmate.errors import BadFile, BandmateError
from bandmate.evening import Evening, Scene, load
from bandmate.events import Command, Event, NoteOff, NoteOn, On
from bandmate.osc import Osc
from bandmate.places import write_whole
from bandmate.ports import oscmap
from bandmate.ports.oscdoor import OscDoor
from bandmate.ports.oscout import OscOut
from bandmate.ports.oscpacket import written
from bandmate.rehearsal import load_styles
from bandmate.show.evening_picture import Beat, draw
from bandmate.timing import STEP_S, BeatMap, step_time_s

HERE = "127.0.0.1"
EVERY_S = 0.1  # a phone speaks ten times a second
FIRST_S = 1.0  # the band is armed and counts in
STILL, WILD = 0.04, 2.0  # how a phone shakes, in g
CHORDS = ((48, 60, 64, 67), (45, 60, 64, 69), (53, 60, 65, 69), (43, 59, 62, 67))  # C Am F G
VELOCITY, HELD = 78, 0.9


@dataclass(slots=True)
class Inbox:
    """Where the door leaves what the band shall hear."""

    events: list[Event] = field(default_factory=list)
    open: bool = True

    def send(self, value: Any) -> bool:
        """Kept until the band's next step."""
        if isinstance(value, Event):
            self.events.append(value)
        return True

    def receive(self) -> list[Any]:
        """The band says nothing here."""
        return []

    def close(self) -> None:
        """Nothing to hang up."""


@dataclass(slots=True)
class Told:
    """What came of an evening."""

    evening: Evening
    beats: list[Beat] = field(default_factory=list)
    packets: int = 0
    malformed: int = 0
    dropped: int = 0

    def of(self, scene: int) -> list[Beat]:
        """The beats of a scene."""
        return [beat for beat in self.beats if beat.scene == scene]


class Phones:
    """The audience's phones: each has its own unit and its own way to lie in the hand."""

    def __init__(self, voices: int, chance: Random) -> None:
        self.chance = chance
        self.units = [chance.choice((1.0, 9.81)) * chance.uniform(0.6, 1.6) for _ in range(voices)]
        self.hands = [tuple(chance.gauss(0, 0.6) for _ in range(3)) for _ in range(voices)]
        self.shifts_s = [chance.uniform(0, EVERY_S) for _ in range(voices)]

    def say(self, scene: Scene, share: float) -> Iterator[tuple[int, bytes]]:
        """What each voice of a scene says, the scene's `share` being over."""
        here = round(scene.at("here", share))
        for voice in range(here):
            moves = 1.0 if voice < scene.pranksters else scene.at("motion", share)
            if scene.pranksters <= voice < scene.pranksters + scene.silent:
                continue
            shake = STILL + WILD * moves**2
            unit = self.units[voice]
            place = [unit * (lies + self.chance.gauss(0, shake)) for lies in self.hands[voice]]
            yield voice, written(f"/crowd/{voice}/motion", *place)
        if scene.valence is not None:
            yield 0, written("/crowd/camera/valence", scene.at("valence", share))


def simulate(evening: Evening, seed: int) -> Told:
    """Play an evening through the door into a band; raises NoDevice where there is no UDP."""
    patch = patches.load(evening.patch)
    params: dict[str, Value] = {"style": evening.style, "bpm": evening.bpm, "count-in": 1.0}
    band = Band(patch, load_styles(), seed, params)
    door = OscDoor(HERE, 0, (), oscmap.load(patch.osc)).open()
    osc, inbox = Osc(door, OscOut([]), None), Inbox()
    osc.band = inbox
    told = Told(evening)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.connect((HERE, int(door.address.rpartition(":")[2])))
        try:
            _run(evening, seed, band, osc, inbox, outside, told)
        finally:
            osc.close()
    told.packets, told.malformed, told.dropped = door.packets, door.malformed, door.dropped
    return told


def _run(evening: Evening, seed: int, band: Band, osc: Osc, inbox: Inbox, outside: socket.socket,
         told: Told) -> None:  # fmt: skip
    phones = Phones(evening.voices, Random(f"{seed}/phones"))
    inbox.events += [Command(0.0, "arm"), Command(0.1, "start")]
    inbox.events += [_command(0.2, words) for words in evening.say]
    pianist = Pianist()
    struck: list[float] = []
    number, began_s, next_s = -1, 0.0, 0.0
    for step in range(math.ceil((FIRST_S + evening.seconds) / STEP_S)):
        now_s = step_time_s(step)
        if number < 0 or now_s >= began_s + evening.scenes[number].seconds:
            if number + 1 == len(evening.scenes):
                break
            number, began_s = number + 1, now_s
            for words in evening.scenes[number].say:
                said = _command(now_s, words)
                outside.send(written(f"/bandmate/{said.name}", *([] if said.value is None else [said.value])))
        scene = evening.scenes[number]
        if now_s >= next_s:
            next_s += EVERY_S
            for _, packet in phones.say(scene, (now_s - began_s) / scene.seconds):
                outside.send(packet)
        osc.round(now_s, now_s)
        due = [event for event in inbox.events if event.time_s <= now_s]
        inbox.events = [event for event in inbox.events if event.time_s > now_s]
        out = band.step(now_s, [*due, *pianist.play(band, now_s)])
        struck += [send.time_s for send in out.sends if isinstance(send, On)]
        _note(band, now_s, number, struck, told)


def _note(band: Band, now_s: float, scene: int, struck: list[float], told: Told) -> None:
    """Once a beat: how the audience is, and what the band did in the beat that is over."""
    beatmap = band.transport.beatmap
    beat = math.floor(beatmap.beat_at(now_s))
    if not band.transport.running or beat < 1 or (told.beats and told.beats[-1].beat >= beat):
        return
    from_s, to_s = beatmap.time_at(beat - 1), beatmap.time_at(beat)
    notes = sum(from_s <= on_s < to_s for on_s in struck)
    struck[:] = [on_s for on_s in struck if on_s >= to_s]
    governor = band.audience.governor
    share = governor.mood.confidence
    told.beats.append(
        Beat(
            beat, scene, 0.5 + share * (governor.mood.energy - 0.5), governor.energy, notes,
            band.audience.voices, governor.vetoed,
        )
    )  # fmt: skip


class Pianist:
    """Comps the same four chords from beat 0 on, on every beat, by the band's own clock."""

    def __init__(self) -> None:
        self.beat = 0
        self._held: tuple[float, tuple[int, ...]] | None = None

    def play(self, band: Band, now_s: float) -> list[Event]:
        """Keys that are struck or let go in this step."""
        found: list[Event] = []
        beatmap: BeatMap = band.transport.beatmap
        if self._held is not None and now_s >= self._held[0]:
            found += [NoteOff(now_s, pitch) for pitch in self._held[1]]
            self._held = None
        if band.transport.running and beatmap.beat_at(now_s) >= self.beat:
            pitches = CHORDS[self.beat // 4 % len(CHORDS)]
            found += [NoteOn(now_s, pitch, VELOCITY) for pitch in pitches]
            self._held = (now_s + beatmap.seconds(HELD), pitches)
            self.beat += 1
        return found


def _command(time_s: float, words: str) -> Command:
    name, _, value = words.partition(" ")
    known, checked = check(name, value or None)
    return Command(time_s, known, checked, "evening")


def lines(told: Told, alone: Told) -> list[str]:
    """A line a scene: what the audience did, what became of it, and what would have been without them."""
    found = [f"{'scene':20} {'crowd':>6} {'governed':>9} {'notes a beat':>13} {'without':>8}"]
    for number, scene in enumerate(told.evening.scenes):
        beats, without = told.of(number), alone.of(number)
        if beats and without:
            crowd = statistics.fmean(beat.crowd for beat in beats)
            governed = statistics.fmean(beat.governed for beat in beats)
            notes, else_notes = (statistics.fmean(beat.notes for beat in each) for each in (beats, without))
            found.append(f"{scene.name:20} {crowd:6.2f} {governed:9.2f} {notes:13.1f} {else_notes:8.1f}")
    found.append(f"{told.packets} packets, {told.malformed} malformed, {told.dropped} dropped")
    return found


def run(options: argparse.Namespace) -> int:
    """`bandmate crowd simulate`."""
    evening = load(options.evening)
    out: Path = options.out or Path(f"{Path(evening.name).name}.svg")
    if not out.absolute().parent.is_dir():
        raise BandmateError(f"--out {out} cannot be written: there is no such folder")
    told = simulate(evening, options.seed)
    alone = simulate(evening.unheard(), options.seed)
    print("\n".join(lines(told, alone)))
    names: Sequence[str] = [scene.name for scene in evening.scenes]
    try:
        write_whole(out, draw(evening.title, names, told.beats, alone.beats))
    except OSError as error:
        raise BadFile(f"{out} cannot be written ({error.strerror}); name another --out") from None
    print(out)
    return 0
