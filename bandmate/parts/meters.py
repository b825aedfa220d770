"""Bars of every meter out of those that a style writes: cut, pieced together, stretched into six.

A style writes the meter it is at home in, and by hand whatever it wants to be better than the rule.
Pure; imports only its own room. A style asks for a meter when it is first played in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bandmate.parts.rows import Bar, Pattern, Stroke
from bandmate.timing import Meter

COMPOUND = 1.5  # beats of a pulse in 6/8 and 12/8
# a beat of sixteenths, or of swung eighths, as three eighths: where in the dotted pulse each step lies
IN_THREE = {0.0: 0.0, 0.25: 0.5, 0.5: 1.0, 0.75: 1.25}
TIME_KEEPERS = ("hat", "ride", "shaker", "cabasa", "brush-swirl")
LEAST_BEATS = 0.125
NEAR = 1e-6

Written = dict[str, tuple[Pattern, ...]]  # by meter


@dataclass(frozen=True, slots=True)
class Stretch:
    """Beats of a written bar that become beats of another; `into` says how they are told."""

    source: str
    from_beat: float
    beats: float
    into: str = ""  # three: a beat becomes a dotted pulse; two: a dotted pulse becomes a beat of triplets


# the ways to a meter, best first: the first one whose bars are written is taken; the last one may derive them
WAYS: dict[str, tuple[tuple[Stretch, ...], ...]] = {
    "4/4": (
        (Stretch("12/8", 0.0, 6.0, "two"),),
        (Stretch("6/8", 0.0, 3.0, "two"), Stretch("6/8", 0.0, 3.0, "two")),
        (Stretch("5/4", 0.0, 2.0), Stretch("5/4", 3.0, 2.0)),
        (Stretch("3/4", 0.0, 3.0), Stretch("3/4", 1.0, 1.0)),
        (Stretch("2/2", 0.0, 4.0),),
        (Stretch("2/4", 0.0, 2.0), Stretch("2/4", 0.0, 2.0)),
        (Stretch("7/8", 0.0, 3.5), Stretch("7/8", 3.0, 0.5)),
    ),
    "3/4": ((Stretch("4/4", 0.0, 2.0), Stretch("4/4", 3.0, 1.0)),),  # low, high, and high again
    "12/8": ((Stretch("6/8", 0.0, 3.0), Stretch("6/8", 0.0, 3.0)), (Stretch("4/4", 0.0, 4.0, "three"),)),
    "6/8": ((Stretch("12/8", 0.0, 3.0),),),
    "2/4": ((Stretch("4/4", 0.0, 2.0),),),
    "2/2": ((Stretch("4/4", 0.0, 4.0),),),
    "5/4": ((Stretch("3/4", 0.0, 3.0), Stretch("4/4", 2.0, 2.0)),),  # three and two
    "7/8": ((Stretch("4/4", 0.0, 3.5),),),  # common time, hurried at the end
}


def in_meter(written: Written, meter: str) -> tuple[Pattern, ...]:
    """The patterns of a meter, as they are written or else derived. Something must be written."""
    if meter in written:
        return written[meter]
    ways = WAYS[meter]
    way = next((way for way in ways if all(stretch.source in written for stretch in way)), ways[-1])
    return _pieced(way, [in_meter(written, stretch.source) for stretch in way])


def _pieced(way: tuple[Stretch, ...], sources: list[tuple[Pattern, ...]]) -> tuple[Pattern, ...]:
    """As many patterns as the richest of the sources has; the others come round again."""
    both = list(zip(sources, way, strict=True))
    return tuple(
        _joined([(source[choice % len(source)], stretch) for source, stretch in both])
        for choice in range(max(map(len, sources)))
    )


def _joined(pieces: list[tuple[Pattern, Stretch]]) -> Pattern:
    """Bar by bar; a note that rings where one stretch is left out rings on into the next one."""
    bars = []
    for index in range(max(len(pattern) for pattern, _ in pieces)):
        strokes: list[Stroke] = []
        at_beat = 0.0
        for pattern, stretch in pieces:
            bar = pattern[index % len(pattern)]
            strokes = _rung_on(strokes, at_beat, _ringing_in(bar, stretch))
            told = _told(_cut(bar, stretch), stretch)
            strokes += [_placed(stroke, stroke.beat + at_beat, stroke.beats) for stroke in told]
            at_beat += _length(stretch)
        first, way = pieces[0][0][index % len(pieces[0][0])], pieces[0][1]
        bars.append(Bar(tuple(strokes), _place(first.tied_beats, way.into)))
    return tuple(bars)


def _placed(stroke: Stroke, beat: float, beats: float) -> Stroke:
    return Stroke(beat, beats, stroke.tone, stroke.touch, stroke.triplet)


def _length(stretch: Stretch) -> float:
    return _place(stretch.beats, stretch.into)


def _cut(bar: Bar, stretch: Stretch) -> list[Stroke]:
    """The strokes of a stretch, counted from its beginning, none longer than it."""
    end = stretch.from_beat + stretch.beats
    return [
        _placed(stroke, stroke.beat - stretch.from_beat, min(stroke.beats, end - stroke.beat))
        for stroke in bar.strokes
        if stretch.from_beat <= stroke.beat < end - NEAR
    ]


def _ringing_in(bar: Bar, stretch: Stretch) -> float:
    """How long a note that was struck before the stretch rings into it."""
    ends = [
        stroke.beat + stroke.beats for stroke in bar.strokes if 0 < stretch.from_beat > stroke.beat + NEAR
    ]
    return min(max([end - stretch.from_beat for end in ends], default=0.0), stretch.beats)


def _rung_on(strokes: list[Stroke], at_beat: float, beats: float) -> list[Stroke]:
    """The strokes so far, those that ring up to the seam prolonged beyond it."""
    if beats <= NEAR:
        return strokes
    return [
        _placed(stroke, stroke.beat, stroke.beats + beats)
        if abs(stroke.beat + stroke.beats - at_beat) < NEAR
        else stroke
        for stroke in strokes
    ]


def _told(strokes: list[Stroke], stretch: Stretch) -> list[Stroke]:
    return in_three(strokes) if stretch.into == "three" else _moved(strokes, stretch.into)


def _moved(strokes: list[Stroke], into: str) -> list[Stroke]:
    if not into:
        return strokes
    moved = []
    for stroke in strokes:
        beat, end = _place(stroke.beat, into), _place(stroke.beat + stroke.beats, into)
        beats = max(end - beat, LEAST_BEATS)
        moved.append(Stroke(beat, beats, stroke.tone, stroke.touch, into == "two"))
    return moved


def in_three(strokes: list[Stroke]) -> list[Stroke]:
    """Beats as dotted pulses: two strokes that fall on one place are one, and hats play all three eighths."""
    found = {
        (stroke.beat, stroke.tone): stroke
        for stroke in _moved(strokes, "three")
        if stroke.tone not in TIME_KEEPERS or stroke.beat % COMPOUND < IN_THREE[0.75] - NEAR
    }
    for stroke in list(found.values()):
        middle = math.floor(stroke.beat / COMPOUND + NEAR) * COMPOUND + 0.5
        if stroke.tone in TIME_KEEPERS and (middle, stroke.tone) not in found:
            found[middle, stroke.tone] = Stroke(middle, stroke.beats, stroke.tone, "o", stroke.triplet)
    return sorted(found.values(), key=lambda stroke: stroke.beat)


def in_two(strokes: list[Stroke]) -> list[Stroke]:
    """Dotted pulses as beats of triplets."""
    return _moved(strokes, "two")


def _place(beat: float, into: str) -> float:
    """Where a place of a stretch lies, told in three or in two."""
    if into == "three":
        whole = math.floor(beat + NEAR)
        within = beat - whole
        known = next((place for step, place in IN_THREE.items() if abs(step - within) < NEAR), None)
        return whole * COMPOUND + (within * COMPOUND if known is None else known)
    return beat / COMPOUND if into == "two" else beat


def bar_beats_of(meter: str) -> float:
    """Beats in a bar of a meter by name."""
    return Meter.parse(meter).bar_beats
