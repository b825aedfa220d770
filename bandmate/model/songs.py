"""What the training set is made of: songs (chords, meter, a performer's notes) and takes (a band's).

A song is read from one source and then played over by bands; a take may also come with it (joint songs,
drummers). Plain values, used offline when a corpus is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bandmate.model.grid import BEAT_TICKS, NO_QUALITY, NO_ROOT, SLOT_TICKS, Array
from bandmate.timing import Meter

MOST_BARS = 128


class Unusable(Exception):
    """A file that the corpus leaves out; its text is the reason, under which it is counted."""


@dataclass(slots=True)
class Take:
    """What a band plays over a song: notes in columns as `grid.NOTE_COLUMNS`, and the bars that are fills."""

    style: str
    notes: Array
    parts: frozenset[int]  # those who play in this take, even where they rest
    by: str = ""  # the groove, style or file that it was played with
    fills: frozenset[int] = frozenset()
    performed: bool = False  # by a human hand: its micro-timing is to be learned


@dataclass(slots=True)
class Song:
    """A song with its chords (beat, root, quality) in order, and what the performer plays, by role."""

    name: str
    source: str
    meter: Meter
    bpm: float
    bars: int
    chords: list[tuple[float, int, int]]
    performer: dict[int, Array] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)

    @property
    def slots(self) -> int:
        """How many eighths the song lasts."""
        return self.bars * self.meter.slots

    def chord_slots(self) -> Array:
        """(slots, 2): root and quality that sound at the beginning of each slot."""
        found = np.tile(np.array([NO_ROOT, NO_QUALITY]), (self.slots, 1))
        for beat, root, quality in self.chords:
            found[max(round(beat * BEAT_TICKS / SLOT_TICKS), 0) :] = (root, quality)
        return found


def in_meter(song: Song, meter: Meter) -> Song:
    """A chart in another meter: each bar's chords where they fall there, and nobody to perform it yet."""
    stretch = meter.bar_beats / song.meter.bar_beats
    chords = [
        (bar * meter.bar_beats + min(round(place * stretch * 2) / 2, meter.bar_beats - 0.5), root, quality)
        for beat, root, quality in song.chords
        for bar, place in (divmod(beat, song.meter.bar_beats),)
    ]
    return Song(
        f"{song.name} in {meter}", song.source, meter, song.bpm * max(stretch, 1.0), song.bars, chords
    )


def rows(notes: list[tuple[int, int, int, int, int, int]]) -> Array:
    """A list of notes as the columns of `grid.NOTE_COLUMNS`."""
    return np.array(notes, np.int64).reshape(-1, 6)


def part_by_program(program: int, name: str = "") -> int:
    """Who plays a General MIDI program (0..127), as a number of `events.PARTS`; drums excepted."""
    if any(word in name.lower() for word in ("melody", "solo", "lead", "aria", "vocal")):
        return 5
    if 32 <= program < 40:
        return 1
    if 24 <= program < 32:
        return 3
    if 40 <= program < 56 or 88 <= program < 96:
        return 4
    return 5 if 56 <= program < 88 else 2
