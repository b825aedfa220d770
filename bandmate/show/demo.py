"""The built-in demo performer: plays a composition of `patches/demos/*.toml` like a person.

For a newcomer without a keyboard: these are our own takes, two hands at a piano, with human timing
that is the same every time. Pure (`composition.py` reads the file); any process. Imports only the
bottom layer and this room's composition.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bandmate import patch
from bandmate.events import Control, NoteOff, NoteOn
from bandmate.show.composition import Composition, Stroke, read
from bandmate.timing import BeatMap, Meter, bpm_of, period_s

WANDER = 0.015  # the most that the tempo leaves home, as a share
JITTER_S = 0.020  # no stroke is further from where the hand aimed
ROLL_S = 0.016  # nor a chord rolled over longer than this
SUSTAIN = 64


@dataclass(frozen=True, slots=True)
class DemoNote:
    """A note as played: seconds from the first downbeat (an early one is slightly negative)."""

    time_s: float
    length_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Demo:
    """A performance of one loop: `bpm` in pulses a minute, chords by beat as the chart spells them."""

    name: str
    title: str
    style: str
    patch: str
    meter: Meter
    bpm: float
    notes: tuple[DemoNote, ...]
    length_s: float  # whole bars at the performer's own tempo
    chords: tuple[tuple[float, str], ...]
    pedal: tuple[tuple[float, int], ...] = ()  # (time_s, value) of the sustain pedal


def demo_names() -> list[str]:
    """The demo takes that ship, by name."""
    return patch.names("demos")


def load_demo(name: str) -> Demo:
    """The performance of a demo's name or of a composition file; raises BadPatch for a wrong one."""
    return play(read(name))


def performance(demo: Demo, times: int = 1) -> list[NoteOn | NoteOff | Control]:
    """The demo as a performer's events, seconds from beat 0, looped without a seam; the pedal ends up."""
    events: list[NoteOn | NoteOff | Control] = []
    for turn in range(times):
        from_s = turn * demo.length_s
        for note in demo.notes:
            start_s = from_s + note.time_s
            events.append(NoteOn(start_s, note.pitch, note.velocity))
            events.append(NoteOff(start_s + note.length_s, note.pitch))
        events += [Control(from_s + time_s, SUSTAIN, value) for time_s, value in demo.pedal]
    events.append(Control(max([event.time_s for event in events], default=0.0), SUSTAIN, 0))
    return sorted(events, key=lambda event: (event.time_s, isinstance(event, NoteOn)))


# ------------------------------------------------------------------ playing


def tempo_path(written: Composition) -> list[BeatMap]:
    """One BeatMap a beat: the tempo wanders slowly by up to `WANDER` and is home at both ends."""
    rng, beats = random.Random(f"{written.name}/tempo"), math.ceil(written.beats)
    home = bpm_of(period_s(written.bpm) / written.meter.pulse_beats)
    waves = [(turns, rng.uniform(0.4, 1.0), rng.uniform(0, math.tau)) for turns in (1, 2, 3, 5)]
    shape = [
        math.sin(math.pi * beat / beats)
        * sum(size * math.sin(math.tau * turns * beat / beats + start) for turns, size, start in waves)
        for beat in range(beats)
    ]
    most, path = max(map(abs, shape)), [BeatMap(home, 0.0, 0.0)]
    for beat in range(1, beats):
        path.append(BeatMap(home * (1 + WANDER * shape[beat] / most), beat, path[-1].time_at(beat)))
    return path


def time_at(path: list[BeatMap], beat: float) -> float:
    """When a beat falls for a performer whose tempo wanders."""
    return path[min(max(int(beat), 0), len(path) - 1)].time_at(beat)


def play(written: Composition) -> Demo:
    """The composition as its pianist plays it, the same every time."""
    path = tempo_path(written)
    length_s = time_at(path, written.beats)
    left = _hand(written, path, "left", written.left, 0.0)
    right = _hand(written, path, "right", written.right, written.laid_back_ms / 1000)
    who = (written.name, written.title, written.style, "default", written.meter, written.bpm)
    return Demo(*who, _released(left + right, length_s), length_s, written.chords, _pedal(written, path))


def _hand(
    written: Composition, path: list[BeatMap], hand: str, strokes: Sequence[Stroke], late_s: float
) -> list[DemoNote]:
    rng = random.Random(f"{written.name}/{hand}")
    spread_s = rng.uniform(0.006, 0.010)
    notes = []
    for stroke in strokes:
        jitter_s = max(-JITTER_S, min(JITTER_S, rng.gauss(0, spread_s)))
        start_s = time_at(path, written.aimed(stroke.beat)) + late_s + jitter_s
        end_s = time_at(path, written.aimed(stroke.beat + stroke.beats))
        length_s = max(0.05, (end_s - start_s) * (0.45 if "'" in stroke.marks else 0.95))
        roll_s = min(rng.uniform(0.002, 0.008), ROLL_S / len(stroke.pitches))
        strong = _strength(written, stroke) + rng.gauss(0, 2.5)
        for index, pitch in enumerate(stroke.pitches):
            inner = 9 if hand == "right" and index < len(stroke.pitches) - 1 else 0
            shade = 0.6 * (pitch - 72) - inner if hand == "right" else -11 + rng.gauss(0, 1.5)
            velocity = round(max(20, min(120, strong + shade)))
            notes.append(DemoNote(start_s + index * roll_s, length_s, pitch, velocity))
    return notes


def _strength(written: Composition, stroke: Stroke) -> float:
    """A velocity: the section's level, an arc over four bars, the downbeat, the marks."""
    bar_beats = written.meter.bar_beats
    arc = 9 * math.sin(math.pi * (stroke.beat / bar_beats % 4) / 4)
    downbeat = 4 if stroke.beat % bar_beats < 1e-6 else 0
    marks = 11 * (">" in stroke.marks) - 12 * ("<" in stroke.marks)
    return 48 + 52 * stroke.level + arc + downbeat + marks


def _released(notes: list[DemoNote], length_s: float) -> tuple[DemoNote, ...]:
    """Every key is up before it is struck again, the loop's join included, and never struck by both hands."""
    lines: dict[int, list[DemoNote]] = {}
    for note in sorted(notes, key=lambda note: note.time_s):
        line = lines.setdefault(note.pitch, [])
        if line and note.time_s - line[-1].time_s < 0.06:  # both hands want it
            note = replace(line.pop(), velocity=note.velocity, length_s=note.length_s)
        line.append(note)
    released = []
    for line in lines.values():
        again = replace(line[0], time_s=line[0].time_s + length_s)
        for note, later in pairwise([*line, again]):
            released.append(replace(note, length_s=min(note.length_s, later.time_s - note.time_s - 0.015)))
    return tuple(sorted(released, key=lambda note: (note.time_s, note.pitch)))


def _pedal(written: Composition, path: list[BeatMap]) -> tuple[tuple[float, int], ...]:
    """The sustain pedal: changed just after each chord (legato), or dabs under long left-hand strokes."""
    rng = random.Random(f"{written.name}/pedal")
    moves: list[tuple[float, int]] = []
    if written.pedal == "dabs":
        for stroke in (stroke for stroke in written.left if stroke.beats >= 1.5 and "'" not in stroke.marks):
            start_s, end_s = (time_at(path, beat) for beat in (stroke.beat, stroke.beat + stroke.beats))
            moves += [(start_s + rng.uniform(0.05, 0.08), 127), (end_s - rng.uniform(0.04, 0.08), 0)]
        return tuple(moves)
    for beat, until in pairwise([*(beat for beat, _ in written.chords), written.beats]):
        moves.append((time_at(path, beat) + rng.uniform(0.02, 0.04), 0))
        if any(beat <= stroke.beat < until for stroke in written.left):
            moves.append((time_at(path, beat) + rng.uniform(0.09, 0.13), 127))
    return tuple(moves)
