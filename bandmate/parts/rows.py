"""Reads the drum-machine rows of a style file into strokes, and cuts odd bars out of common ones.

A row is a bar (or several, with `|` between) in eighths, triplets or sixteenths; its length tells
which. Spaces only help the eye. `X` accent, `x` stroke, `o` soft, `g` ghost, `?` a stroke that comes
now and then, `,` a ghost that comes now and then, `-` the note before rings on, `.` nothing.
Pure, before the count-in only; imports only errors and timing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bandmate.errors import BadPatch
from bandmate.timing import Meter

TOUCHES = "Xxog?,"
STEPS_A_BEAT = {2: "eighths", 3: "triplets", 4: "sixteenths"}
WRITTEN = ("4/4", "3/4", "6/8")  # a style writes these; the others are pieced together of them

# meter: stretches of written bars, as (meter, from beat, beats)
PIECES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "2/4": (("4/4", 0.0, 2.0),),
    "2/2": (("4/4", 0.0, 4.0),),
    "12/8": (("6/8", 0.0, 3.0), ("6/8", 0.0, 3.0)),
    "5/4": (("3/4", 0.0, 3.0), ("4/4", 2.0, 2.0)),  # three and two
    "7/8": (("4/4", 0.0, 3.5),),  # four eighths and three: common time, hurried at the end
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """One written note: where in its bar, how long, what tone, how struck; straight, before swing."""

    beat: float
    beats: float
    tone: str
    touch: str
    triplet: bool = False  # lies where it lies: swing leaves it alone


@dataclass(frozen=True, slots=True)
class Bar:
    """The strokes of a bar in order, and how long a note of the bar before may ring into it."""

    strokes: tuple[Stroke, ...] = ()
    tied_beats: float = 0.0


Pattern = tuple[Bar, ...]  # one, two or four bars that belong together


def read_row(row: str, bar_beats: float, where: str) -> Pattern:
    """The bars of a row, tones still empty; raises BadPatch that begins with `where` (file and key)."""
    return tuple(_read_bar(text.replace(" ", ""), bar_beats, where) for text in row.split("|"))


def _read_bar(steps: str, bar_beats: float, where: str) -> Bar:
    for letter in steps:
        if letter not in TOUCHES + ".-":
            raise BadPatch(f"{where} has {letter!r} in {steps!r}; a row takes {' '.join(TOUCHES)} . - and |")
    grid = next((grid for grid in STEPS_A_BEAT if len(steps) == grid * bar_beats), None)
    if grid is None:
        lengths = ", ".join(f"{grid * bar_beats:g} ({name})" for grid, name in STEPS_A_BEAT.items())
        raise BadPatch(f"{where} has {len(steps)} steps in {steps!r}; a bar there takes {lengths}")
    tied = len(steps) - len(steps.lstrip("-"))
    strokes = []
    for step, letter in enumerate(steps):
        if letter in TOUCHES:
            held = len(steps[step + 1 :]) - len(steps[step + 1 :].lstrip("-"))
            strokes.append(Stroke(step / grid, (1 + held) / grid, "", letter, grid == 3))
    return Bar(tuple(strokes), tied / grid)


def with_tones(pattern: Pattern, tones: list[str]) -> Pattern:
    """The same strokes with one tone each, in the order they are played."""
    left = iter(tones)
    return tuple(
        replace(bar, strokes=tuple(replace(stroke, tone=next(left)) for stroke in bar.strokes))
        for bar in pattern
    )


def together(rows: list[Pattern]) -> Pattern:
    """Several rows as one pattern; the shorter ones come round again."""
    length = max(len(row) for row in rows)
    return tuple(
        Bar(tuple(sorted((stroke for row in rows for stroke in row[index % len(row)].strokes), key=_by_beat)))
        for index in range(length)
    )


def pieced(pieces: tuple[tuple[Pattern, float, float], ...]) -> Pattern:
    """A bar of another meter out of stretches (pattern, from beat, beats) of written bars."""
    bars = []
    for index in range(max(len(pattern) for pattern, _, _ in pieces)):
        strokes: list[Stroke] = []
        at_beat = 0.0
        for pattern, from_beat, beats in pieces:
            strokes += _cut(pattern[index % len(pattern)], from_beat, beats, at_beat)
            at_beat += beats
        bars.append(Bar(tuple(strokes), pieces[0][0][index % len(pieces[0][0])].tied_beats))
    return tuple(bars)


def _cut(bar: Bar, from_beat: float, beats: float, at_beat: float) -> list[Stroke]:
    end = from_beat + beats
    return [
        replace(
            stroke,
            beat=stroke.beat - from_beat + at_beat,
            beats=min(stroke.beats, end - stroke.beat),
        )
        for stroke in bar.strokes
        if from_beat <= stroke.beat < end
    ]


def in_meter(written: dict[str, tuple[Pattern, ...]], meter: str) -> tuple[Pattern, ...]:
    """The patterns of a meter: its own where the style writes them, else pieced together."""
    if meter in written:
        return written[meter]
    pieces = PIECES[meter]
    choices = max(len(written[source]) for source, _, _ in pieces)
    return tuple(
        pieced(
            tuple(
                (written[source][choice % len(written[source])], from_beat, beats)
                for source, from_beat, beats in pieces
            )
        )
        for choice in range(choices)
    )


def bar_beats_of(meter: str) -> float:
    """Beats in a bar of a meter by name."""
    return Meter.parse(meter).bar_beats


def _by_beat(stroke: Stroke) -> float:
    return stroke.beat
