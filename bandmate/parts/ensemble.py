"""What everybody plays together: breaks, hits, the last stroke, and accents expected of the performer.

Pure; band's loop. The style's tables say the rhythm; where it has none, these do.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bandmate.events import Slot
from bandmate.parts.rows import Bar, Stroke
from bandmate.parts.style import STRUCK_BEATS, Style, Together
from bandmate.timing import SLOT_BEATS

SHORT_BEATS = 0.35
HIT_BEATS = 0.4
NEAR = 1e-6
LAST_STROKE = ("kick", "crash")
ALL_TOGETHER = ("break", "hits", "hit")


def figure_of(slot: Slot, style: Style) -> Together:
    """The bar that this slot's figure is played by: the style's, drawn by its place, else the plain one."""
    name = "ending" if slot.figure == "hit" else slot.figure
    written = style.bars_together(name, slot.meter)
    if written:
        return Random(f"{slot.seed}/{name}/{slot.figure_beat:g}").choice(written)
    return _plain(slot)


def _plain(slot: Slot) -> Together:
    """A break is one short stroke, an ending one that rings, hits are on one and on each pulse's push."""
    ring = slot.figure_beats or slot.meter.bar_beats
    places = {"break": ((0.0, SHORT_BEATS),), "hit": ((0.0, ring),)}.get(slot.figure, _pushes(slot))
    drums = LAST_STROKE if slot.figure == "hit" or slot.crash else ("kick", "snare")
    line = Bar(tuple(Stroke(beat, beats, "1", "X") for beat, beats in places))
    kit = Bar(tuple(Stroke(beat, STRUCK_BEATS, drum, "X") for beat, _ in places for drum in drums))
    return Together(line, kit)


def _pushes(slot: Slot) -> tuple[tuple[float, float], ...]:
    """Every dotted quarter from one on, as far as the bar goes."""
    return tuple((index * 1.5, HIT_BEATS) for index in range(int(slot.meter.bar_beats / 1.5 + 0.7)))


def strokes_here(bar: Bar, slot: Slot) -> list[Stroke]:
    """The strokes of a figure's bar that begin in this slot, counted from the slot's bar line.

    A longer figure plays its bar again; what would ring beyond the end is cut there.
    """
    bar_beats = slot.meter.bar_beats
    begun = slot.beat - slot.figure_beat
    turn = 0.0 if slot.figure == "hit" else (begun + NEAR) // bar_beats * bar_beats
    found = []
    for stroke in bar.strokes:
        if not -NEAR <= stroke.beat + turn - begun < SLOT_BEATS - NEAR:
            continue
        left = slot.figure_beats - turn - stroke.beat if slot.figure_beats else stroke.beats
        place = slot.figure_beat - slot.bar_beat + turn + stroke.beat
        found.append(replace(stroke, beat=place, beats=max(min(stroke.beats, left), 0.1)))
    return found


def expected_here(slot: Slot) -> list[float]:
    """Where in the bar an accent of the performer's is expected within this slot."""
    if slot.entry != "full":
        return []
    return [place for place in slot.hits if -NEAR <= place - slot.place < SLOT_BEATS - NEAR]


def with_hits(strokes: list[Stroke], slot: Slot, tone: str) -> list[Stroke]:
    """A line's strokes of this slot, those near an expected accent replaced by it."""
    places = expected_here(slot)
    if not places:
        return strokes
    return [Stroke(place, HIT_BEATS, tone, "X") for place in places]


def struck_with_hits(strokes: list[Stroke], slot: Slot) -> list[Stroke]:
    """A drummer's strokes of this slot, with kick and snare on an expected accent."""
    struck = [
        Stroke(place, STRUCK_BEATS, drum, "X") for place in expected_here(slot) for drum in ("kick", "snare")
    ]
    taken = {(stroke.beat, stroke.tone) for stroke in struck}
    return [*struck, *(stroke for stroke in strokes if (stroke.beat, stroke.tone) not in taken)]
