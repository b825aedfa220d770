"""The drummer: grooves, fills, breaks and the last stroke, out of the style's tables.

Runs in the band's loop; pure.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bandmate.events import Note, Slot
from bandmate.parts import ensemble, feel
from bandmate.parts.kit import RIGHT_HAND, THINNED
from bandmate.parts.rows import Stroke
from bandmate.parts.solo import solo_strokes, swelling
from bandmate.parts.style import STRUCK_BEATS, Fill, Style

# whose lay-back a drum shares; the rest are cymbals
WHO = {
    "kick": "pocket", "surdo": "pocket", "snare": "snare", "side-stick": "snare", "brush-slap": "snare",
    "clap": "snare",
}  # fmt: skip
ORNAMENTS = "?,"
LEFT_HAND = ("snare", "conga-high", "conga", "conga-low", "bongo-low", "tom-high")
LEFT_OUT = {"g": 0.22, "o": 0.07}  # how often that hand leaves out a ghost or a soft stroke: no bar is a copy


def play_drums(slot: Slot, style: Style) -> list[Note]:
    """What the drummer strikes in this slot."""
    if "drums" not in style.parts:
        return []
    chance = feel.draw(slot, "drums", place=slot.place)
    if slot.solo is not None and slot.solo.part == "drums":
        slot = swelling(slot, slot.solo)
    if slot.figure in ensemble.ALL_TOGETHER:
        strokes = ensemble.strokes_here(ensemble.figure_of(slot, style).kit, slot)
    else:
        strokes = ensemble.struck_with_hits(_strokes(slot, style), slot)
        if slot.crash and slot.place < feel.NEAR:
            strokes = [Stroke(0.0, STRUCK_BEATS, "crash", _crash(slot, style)), *strokes]
    struck = [stroke for stroke in strokes if _comes(stroke, slot, chance)]
    return [_note(stroke, slot, style, chance) for stroke in _one_hand(_thinned(struck, slot))]


def _crash(slot: Slot, style: Style) -> str:
    """How a new section is marked: softly where it is quiet, or the style a ballad."""
    return "o" if slot.section == 1 or style.feel == "ballad" else "x"


def _comes(stroke: Stroke, slot: Slot, chance: Random) -> bool:
    """Whether a stroke is played; a kick now and then asks the same chance as the bass that goes with it."""
    if stroke.tone == "kick" and stroke.touch in ORNAMENTS:
        chance = feel.draw(slot, "bass", place=stroke.beat)
    elif stroke.tone in LEFT_HAND and chance.random() < LEFT_OUT.get(stroke.touch, 0.0):
        return False
    return feel.comes(stroke.touch, slot.density, chance)


def _strokes(slot: Slot, style: Style) -> list[Stroke]:
    """The written strokes: the fill's where one is under way, else the groove's."""
    if slot.figure == "fill" and slot.entry not in THINNED:
        fill = chosen_fill(slot, style)
        if fill is not None:
            begins = slot.figure_beat + slot.figure_beats - fill.beats - slot.bar_beat
            if slot.place >= begins - feel.NEAR:
                moved = (replace(stroke, beat=stroke.beat + begins) for stroke in fill.bar.strokes)
                low, high = slot.place - feel.NEAR, slot.place + 0.5 - feel.NEAR
                return [stroke for stroke in moved if low <= stroke.beat < high]
    if slot.solo is not None and slot.solo.part == "drums":
        return solo_strokes(slot, slot.solo, style)
    bar = feel.chosen_bar("drums", slot, style, slot.bar)
    return [] if bar is None else feel.strokes_in(bar, slot)


def chosen_fill(slot: Slot, style: Style) -> Fill | None:
    """One fill for this stretch: best as long as it, else shorter; a longer one loses its head."""
    compound = slot.meter.pulse_beats == 1.5
    fits = [fill for fill in style.fills if fill.compound == compound and slot.section in fill.sections]
    if not fits:
        return None
    exact = any(abs(fill.beats - slot.figure_beats) < feel.NEAR for fill in fits)
    weights = []
    for fill in fits:
        longer = fill.beats - slot.figure_beats
        weights.append(3.0 if abs(longer) < feel.NEAR else 1.0 if longer < 0 else 0.0 if exact else 2.0)
    chance = Random(f"{slot.seed}/fill/{slot.figure_beat:g}")
    return chance.choices(fits, weights if any(weights) else None)[0]


def _thinned(strokes: list[Stroke], slot: Slot) -> list[Stroke]:
    """What is left of them while the band comes in or plays less."""
    left = THINNED.get(slot.entry)
    if left is None:
        return strokes
    return [
        replace(stroke, tone=left[stroke.tone])
        for stroke in strokes
        if stroke.tone in left and not (stroke.tone == "snare" and stroke.touch in "g,")
    ]


def _one_hand(strokes: list[Stroke]) -> list[Stroke]:
    """Each drum once on a place, and one cymbal for the right hand."""
    kept: dict[tuple[float, str], Stroke] = {}
    for stroke in strokes:
        hand = "hand" if stroke.tone in RIGHT_HAND else stroke.tone
        held = kept.get((stroke.beat, hand))
        if held is None or (hand == "hand" and _rank(stroke) < _rank(held)):
            kept[stroke.beat, hand] = stroke
    return list(kept.values())


def _rank(stroke: Stroke) -> int:
    return RIGHT_HAND.index(stroke.tone)


def _note(stroke: Stroke, slot: Slot, style: Style, chance: Random) -> Note:
    beat, _ = feel.span(stroke, slot, style)
    who = WHO.get(stroke.tone, "cymbals")
    return Note(
        "drums",
        beat,
        STRUCK_BEATS,
        stroke.tone,
        feel.velocity(stroke.touch, slot, chance),
        feel.offset_s(who, slot, style, stroke.beat),
    )
