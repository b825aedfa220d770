"""The bass player: locks to the kick, says where the line goes; `bassline.py` finds the pitch later.

Runs in the band's loop; pure.
"""

from __future__ import annotations

from dataclasses import replace

from bandmate.events import Note, Slot
from bandmate.parts import ensemble, feel
from bandmate.parts.rows import Bar, Stroke
from bandmate.parts.style import Style

LEGATO = 0.92
WEIGHT = 0.95  # of the written loudness


def play_bass(slot: Slot, style: Style) -> list[Note]:
    """The bass notes that begin in this slot, as degrees."""
    notes = []
    for stroke in _strokes(slot, style):
        chance = feel.draw(slot, "bass/touch", place=stroke.beat)
        beat, beats = feel.span(stroke, slot, style, LEGATO)
        loud = feel.velocity(stroke.touch, slot, chance, WEIGHT)
        late_s = feel.offset_s("pocket", slot, style, stroke.beat)
        notes.append(Note("bass", beat, beats, _directed(stroke.tone, slot), loud, late_s))
    return notes


def _strokes(slot: Slot, style: Style) -> list[Stroke]:
    if "bass" not in style.parts:
        return []
    if slot.figure in ensemble.ALL_TOGETHER:
        strokes = ensemble.strokes_here(ensemble.figure_of(slot, style).line, slot)
        tone = "low" if slot.figure == "hit" else "1"
        return [replace(stroke, tone=tone) for stroke in strokes]
    bar = feel.chosen_bar("bass", slot, style, slot.bar)
    if bar is None:
        return []
    if slot.figure == "fill":  # the drummer's moment: keep it plain
        bar = Bar(tuple(stroke for stroke in bar.strokes if stroke.touch in "Xx"))
    strokes = [_held(stroke, bar, slot) for stroke in feel.strokes_in(bar, slot) if _comes(stroke, slot)]
    return ensemble.with_hits(strokes, slot, "1")


def _comes(stroke: Stroke, slot: Slot) -> bool:
    return feel.comes(stroke.touch, slot.density, feel.draw(slot, "bass", place=stroke.beat))


def _held(stroke: Stroke, bar: Bar, slot: Slot) -> Stroke:
    """The stroke, ringing on over an ornament behind it that doesn't come this time."""
    end = stroke.beat + stroke.beats
    for later in bar.strokes:
        if abs(later.beat - end) < feel.NEAR and later.touch not in "Xx" and not _comes(later, slot):
            return replace(stroke, beats=stroke.beats + later.beats)
    return stroke


def _directed(tone: str, slot: Slot) -> str:
    """A walking line goes up or down for a bar at a time, and turns more often than not."""
    if tone not in ("step", "chord"):
        return tone
    up = (slot.bar + (feel.draw(slot, "bass/line").random() < 0.35)) % 2 == 0
    return f"{tone}{'+' if up else '-'}"
