"""Diversity and repetition: how many different bars a part plays, and how alike bars are that lie apart.

The measure of good is real music: drums are compared with Groove MIDI's drummers, bass and chords with the
songs of Slakh2100 that nobody trained on; a band should lie between their quartiles. Part of
`bandmate bench music`; nothing is asserted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandmate.bench.music import Listened
from bandmate.bench.music_drummers import Drummed
from bandmate.bench.music_measures import COMPING
from bandmate.bench.music_steered import bars_of
from bandmate.model.grid import BEAT_TICKS

BARS = 64
DISTANCES = (1, 2, 4, 8)
STEPS = 16  # places in a bar of four
SONGS = 60  # of Slakh's validation songs
BASSES, CHORDS = range(32, 40), range(32)  # General MIDI programs: basses; keyboards, organs, guitars
LEAST = 0.5  # of its bars must a real part play in, to be compared with
PARTS = ("drums", "bass", "comping")
MEASURES = ("unique", *(f"alike {distance}" for distance in DISTANCES))

Ints = NDArray[np.integer[Any]]
Bar = frozenset[tuple[int, int]]  # step of the bar, and what: a drum, or semitones above its lowest note


def unique(bars: Sequence[Bar]) -> float | None:
    """How many different bars there are in so many as BARS that are played; None where there are fewer."""
    return float(len({bar for bar in bars[:BARS] if bar})) if len(bars) >= BARS else None


def alike(first: Bar, second: Bar) -> float:
    """What two bars share, 0 to 1: of all strokes of both, those in both."""
    return len(first & second) / len(first | second) if first or second else 1.0


def likeness(bars: Sequence[Bar], distance: int) -> float | None:
    """The mean of how alike bars so far apart are; where neither is played they say nothing."""
    pairs = [(a, b) for a, b in zip(bars, bars[distance:], strict=False) if a or b]
    return statistics.fmean(alike(a, b) for a, b in pairs) if pairs else None


def described(bars: Sequence[Bar]) -> dict[str, float | None]:
    """MEASURES of one part in one song."""
    return dict(zip(MEASURES, [unique(bars), *(likeness(bars, each) for each in DISTANCES)], strict=True))


def pitched_bar(strokes: Iterable[tuple[int, int]]) -> Bar:
    """(step, pitch) of a bar, in whatever key: above its lowest note."""
    strokes = list(strokes)
    lowest = min((pitch for _, pitch in strokes), default=0)
    return frozenset((step, pitch - lowest) for step, pitch in strokes)


# ------------------------------------------------------------------ the band's bars, and real ones


def band_bars(heard: Listened, first: int, last: int) -> dict[str, list[Bar]]:
    """Drums, bass and chords of the band, bar by bar."""
    found: dict[str, list[Bar]] = {"drums": [], "bass": [], "comping": []}
    bar_beats = heard.song.meter.bar_beats
    for number, notes in bars_of(heard, first, last):
        step = [round((heard.beat(note.on_s) - number * bar_beats) * STEPS / bar_beats) for note in notes]
        struck = list(zip(step, notes, strict=True))
        found["drums"].append(frozenset((at, note.pitch) for at, note in struck if note.part == "drums"))
        found["bass"].append(pitched_bar((at, note.pitch) for at, note in struck if note.part == "bass"))
        found["comping"].append(pitched_bar((at, note.pitch) for at, note in struck if note.part in COMPING))
    return found


def drummed_bars(one: Drummed) -> list[Bar]:
    """A drummer's bars."""
    bars: list[set[tuple[int, int]]] = [set() for _ in range(one.bars)]
    for _, tick, _, drum, _, _ in one.take.notes.tolist():
        bar, step = divmod(round(tick * STEPS / (4 * BEAT_TICKS)), STEPS)
        if bar < one.bars:
            bars[bar].add((step, drum))
    return [frozenset(bar) for bar in bars]


def slakh_bars(path: Path) -> dict[str, list[Bar]]:
    """The busiest bass and the busiest chord instrument of a song in sixteenth-note matrices."""
    with np.load(path) as song:
        tracks, programs, downbeats = song["tracks"], song["programs"], np.flatnonzero(song["db_indicator"])
    found = {}
    for part, wanted in (("bass", BASSES), ("comping", CHORDS)):
        rows = [np.argwhere(tracks[n] > 0) for n, program in enumerate(programs) if int(program) in wanted]
        if rows:
            found[part] = _barred(max(rows, key=len), downbeats)
    return found


def _barred(strokes: Ints, downbeats: Ints) -> list[Bar]:
    """(sixteenth, pitch) cut at the downbeats."""
    bar_of = np.searchsorted(downbeats, strokes[:, 0], side="right") - 1
    bars: list[list[tuple[int, int]]] = [[] for _ in downbeats]
    for bar, (at, pitch) in zip(bar_of.tolist(), strokes.tolist(), strict=True):
        if bar >= 0:
            bars[bar].append((at - int(downbeats[bar]), pitch))
    return [pitched_bar(bar) for bar in bars]


Real = dict[str, dict[str, tuple[float, float]]]  # part: measure: first and third quartile


def real(data: Path, drummers: Sequence[Drummed], report: Callable[[str], None]) -> Real:
    """The quartiles of real music, by part and measure."""
    songs: dict[str, list[list[Bar]]] = {"drums": [drummed_bars(one) for one in drummers]}
    for path in sorted((data / "slakh" / "Slakh2100" / "validation").glob("*.npz"))[:SONGS]:
        for part, bars in slakh_bars(path).items():
            songs.setdefault(part, []).append(bars)
    report(f"real music: {', '.join(f'{len(parts)} {part}' for part, parts in songs.items())}")
    return {part: quartiles(rows) for part, rows in songs.items()}


def quartiles(songs: Sequence[Sequence[Bar]]) -> dict[str, tuple[float, float]]:
    """Of each measure, over the songs in which a part plays enough."""
    rows = [described(bars) for bars in songs if sum(map(bool, bars)) >= LEAST * max(len(bars), 1)]
    found = {}
    for name in MEASURES:
        values = [value for row in rows if (value := row[name]) is not None]
        if len(values) >= 4:
            low, _, high = statistics.quantiles(values, n=4)
            found[name] = (low, high)
    return found


def rows(long: Sequence[Listened], first: int, real_: Real) -> list[dict[str, Any]]:
    """A row a part: its measures (means over the songs), each followed by the quartiles of real music."""
    songs = [band_bars(heard, first, first + BARS) for heard in long]
    found = []
    for part in PARTS:
        described_ = [described(song[part]) for song in songs]
        row: dict[str, Any] = {"part": part}
        inside: list[bool] = []
        for name in MEASURES:
            values = [value for one in described_ if (value := one[name]) is not None]
            mean = statistics.fmean(values) if values else None
            low, high = real_.get(part, {}).get(name, (None, None))
            row |= {name: mean, f"{name} from": low, f"{name} to": high}
            if mean is not None and low is not None and high is not None:
                inside.append(low <= mean <= high)
        found.append(row | {"inside": sum(inside) / len(inside) if inside else None})
    return found
