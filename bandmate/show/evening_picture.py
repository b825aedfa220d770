"""A picture of an audience's evening, as SVG: how they were, what the governor made of it, what the band did.

Pure text, no drawing library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, LEFT, RIGHT, TOP = 1200.0, 96.0, 20.0, 74.0
LANE, GAP = 190.0, 46.0
VOICES_LANE = 46.0
INK, FAINT, BACK = "#d8d8d8", "#3a3a42", "#16161a"
CROWD, GOVERNED, NOTES, VETO = "#648fff", "#ffb000", "#dc267f", "#fe6100"
SHADES = ("#1d1d23", "#23232b")
BAR = 4  # the notes are drawn as the mean over so many beats


class Beat(NamedTuple):
    """One beat of an evening."""

    beat: int
    scene: int
    crowd: float  # energy, as far as it is believed, 0 to 1
    governed: float
    notes: int  # the band's, in this beat
    voices: float
    vetoed: bool


def draw(title: str, scenes: Sequence[str], beats: Sequence[Beat], alone: Sequence[Beat] = ()) -> str:
    """The SVG; `alone` is what the band would have played without an audience."""
    last = max(len(beats), 1)
    scale = (WIDTH - LEFT - RIGHT) / last
    height = TOP + 2 * LANE + VOICES_LANE + 2 * GAP + 30

    def across(index: float) -> float:
        return LEFT + index * scale

    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{height:.0f}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="{BACK}"/>',
        f'<text x="{LEFT:.0f}" y="24" fill="{INK}" font-size="17">{escape(title)}</text>',
    ]
    shapes += _scenes(scenes, beats, across, height - 30)
    shapes += _energy(beats, across, TOP)
    shapes += _notes(beats, alone, across, TOP + LANE + GAP)
    shapes += _voices(beats, across, TOP + 2 * (LANE + GAP))
    return "\n".join([*shapes, "</svg>\n"])


def _scenes(
    scenes: Sequence[str], beats: Sequence[Beat], across: Callable[[float], float], bottom: float
) -> list[str]:  # fmt: skip
    """A column for each scene, and one over it all where the performer has vetoed the audience."""
    found = []
    for number, name in enumerate(scenes):
        inside = [index for index, beat in enumerate(beats) if beat.scene == number]
        if not inside:
            continue
        left, right = across(inside[0]), across(inside[-1] + 1)
        found.append(
            f'<rect x="{left:.1f}" y="{TOP - 6:.0f}" width="{right - left:.1f}" '
            f'height="{bottom - TOP + 6:.0f}" fill="{SHADES[number % 2]}"/>'
        )
        # names stand on two rows, so that short scenes have room for theirs
        y = TOP - 28 + 16 * (number % 2)
        found.append(f'<text x="{left + 4:.1f}" y="{y:.0f}" fill="{INK}">{escape(name)}</text>')
    silenced = [index for index, beat in enumerate(beats) if beat.vetoed]
    if silenced:
        left, right = across(silenced[0]), across(silenced[-1] + 1)
        found.append(
            f'<rect x="{left:.1f}" y="{TOP - 6:.0f}" width="{right - left:.1f}" '
            f'height="{bottom - TOP + 6:.0f}" fill="{VETO}" opacity="0.13"/>'
        )
    return found


def _axis(top: float, tall: float, marks: Sequence[tuple[float, str]], most: float) -> list[str]:
    found = []
    for value, words in marks:
        y = top + tall * (1 - value / most)
        found.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>')
        found.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" fill="{INK}" text-anchor="end" '
            f'font-size="11">{words}</text>'
        )
    return found


def _line(points: Sequence[tuple[float, float]], colour: str, width: float = 2.0) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _energy(beats: Sequence[Beat], across: Callable[[float], float], top: float) -> list[str]:
    marks = ((0.0, "hushed 0"), (0.5, "as ever 0.5"), (1.0, "wild 1"))
    found = _axis(top, LANE, marks, 1.0)

    def place(index: int, value: float) -> tuple[float, float]:
        return across(index + 0.5), top + LANE * (1 - value)

    found.append(_line([place(index, beat.crowd) for index, beat in enumerate(beats)], CROWD))
    found.append(_line([place(index, beat.governed) for index, beat in enumerate(beats)], GOVERNED, 2.6))
    found += _legend(top + LANE + 18, ((CROWD, "the crowd's energy"), (GOVERNED, "governed")))
    return found


def _bars(beats: Sequence[Beat]) -> list[float]:
    """Notes a beat, bar by bar."""
    bars = [beats[first : first + BAR] for first in range(0, len(beats), BAR)]
    return [sum(beat.notes for beat in bar) / len(bar) for bar in bars]


def _notes(
    beats: Sequence[Beat], alone: Sequence[Beat], across: Callable[[float], float], top: float
) -> list[str]:  # fmt: skip
    means, without = _bars(beats), _bars(alone[: len(beats)])
    most = max([*means, *without, 1.0]) * 1.1
    step = 5 if most > 8 else 2
    found = _axis(top, LANE, [(float(mark), f"{mark}") for mark in range(0, int(most) + 1, step)], most)
    for bar, mean in enumerate(means):
        left, right = across(bar * BAR), across(min((bar + 1) * BAR, len(beats)))
        tall = LANE * mean / most
        found.append(
            f'<rect x="{left + 0.5:.1f}" y="{top + LANE - tall:.1f}" height="{tall:.1f}" '
            f'width="{max(right - left - 1, 0.5):.1f}" fill="{NOTES}" opacity="0.85"/>'
        )
    steps = [
        (across(min((bar + side) * BAR, len(beats))), top + LANE * (1 - mean / most))
        for bar, mean in enumerate(without)
        for side in (0, 1)
    ]
    found.append(_line(steps, INK, 1.3))
    rows = ((NOTES, "the band: notes a beat, bar by bar"), (INK, "the same band without an audience"))
    found += _legend(top + LANE + 18, (*rows, (VETO, "vetoed")))
    return found


def _voices(beats: Sequence[Beat], across: Callable[[float], float], top: float) -> list[str]:
    most = max([beat.voices for beat in beats] + [1.0]) * 1.1
    found = _axis(top, VOICES_LANE, [(0.0, "0"), (most / 1.1, f"{most / 1.1:.0f}")], most)
    points = [
        (across(index + 0.5), top + VOICES_LANE * (1 - beat.voices / most))
        for index, beat in enumerate(beats)
    ]
    found.append(_line(points, INK, 1.5))
    found += _legend(top + VOICES_LANE + 18, ((INK, "voices that speak"),))
    return found


def _legend(y: float, rows: Sequence[tuple[str, str]]) -> list[str]:
    found, x = [], LEFT
    for colour, words in rows:
        found.append(f'<rect x="{x:.0f}" y="{y - 9:.0f}" width="14" height="10" fill="{colour}"/>')
        found.append(f'<text x="{x + 20:.0f}" y="{y:.0f}" fill="{INK}" font-size="12">{escape(words)}</text>')
        x += 50 + 7 * len(words)
    return found
