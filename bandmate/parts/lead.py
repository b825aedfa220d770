"""The lead player: waits to be asked; an understudy doesn't solo over the performer, it answers. Pure."""

from __future__ import annotations

from bandmate.events import Note, Slot
from bandmate.parts import feel
from bandmate.parts.answer import answer
from bandmate.parts.rows import Stroke
from bandmate.parts.style import Style
from bandmate.timing import SLOT_BEATS

LEGATO = 0.92


def play_lead(slot: Slot, style: Style) -> list[Note]:
    """The lead's own bars while you trade; nothing anywhere else: there the lead is the model's to play."""
    solo = slot.solo
    if solo is None or solo.part != "lead":
        return []
    notes = []
    begun = slot.bar_beat - solo.beat
    for sung in answer(slot.seed, solo.beat, solo.bars, slot.meter, solo.question):
        place = sung.beat - begun
        if not slot.place - feel.NEAR <= place < slot.place + SLOT_BEATS - feel.NEAR:
            continue
        beat, beats = feel.span(Stroke(place, sung.beats, sung.tone, sung.touch), slot, style, LEGATO)
        loud = feel.velocity(sung.touch, slot, feel.draw(slot, "lead/touch", place=place))
        late_s = feel.offset_s("lead", slot, style, place)
        notes.append(Note("lead", beat, beats, sung.tone, loud, late_s))
    return notes
