"""Reads the drum-machine rows of a style file into strokes.

A row is a bar (or several, with `|` between) in eighths, triplets or sixteenths; its length tells
which. Spaces only help the eye. `X` accent, `x` stroke, `o` soft, `g` ghost, `?` a stroke that comes
now and then, `,` a ghost that comes now and then, `-` the note before rings on, `.` nothing.
Pure, before the count-in only; imports only errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bandmate.errors import BadPatch

TOUCHES = "Xxog?,"
STEPS_A_BEAT = {2: "eighths", 3: "triplets", 4: "sixteenths"}


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


def _by_beat(stroke: Stroke) -> float:
    return stroke.beat
