"""The drummer's bars while you trade: figures out of the style's fills over a kept pulse of hat and kick.

An idea is said, said again on other drums, and built on; its rests are time on the cymbal; the last bar
leads back. Every draw is keyed by seed and solo. Pure; band's loop.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bandmate.events import Slot, Solo
from bandmate.parts import feel
from bandmate.parts.kit import RIGHT_HAND
from bandmate.parts.rows import Bar, Stroke
from bandmate.parts.style import STRUCK_BEATS, Fill, Style

IDEA_BARS = 4  # after so many a new idea
TIME = (*RIGHT_HAND, "shaker", "cabasa", "brush-swirl")  # what goes on where the idea rests
FEET = ("kick", "hat-pedal")
TURNED = {  # an idea again, on other drums
    "snare": "tom-high", "tom-high": "tom-floor", "tom-mid": "tom-low", "tom-floor": "snare",
    "tom-low": "snare", "brush-tap": "tom-high", "brush-slap": "tom-low", "side-stick": "tom-mid",
    "conga-high": "conga", "conga": "conga-low", "conga-low": "conga-high",
    "timbale-high": "timbale-low", "timbale-low": "timbale-high",
}  # fmt: skip
NEAR_FOOT = 0.2  # beats: a foot so near to one of the idea's gives way
SWELLS = (0.94, 1.1)  # how loud the first bar is, and the last


def solo_strokes(slot: Slot, solo: Solo, style: Style) -> list[Stroke]:
    """What the drummer strikes in this slot of a solo, counted from the bar line."""
    bar = Bar(tuple(_bar(slot, solo, style)))
    return feel.strokes_in(bar, slot)


def swelling(slot: Slot, solo: Solo) -> Slot:
    """The slot as loud as this place of the solo is: it grows towards the bar that leads back."""
    low, high = SWELLS
    share = solo.bar / max(solo.bars - 1, 1)
    return replace(slot, loudness=slot.loudness * (low + (high - low) * share))


def _bar(slot: Slot, solo: Solo, style: Style) -> list[Stroke]:
    """One bar of it: ideas, what is between them, and the feet."""
    bar_beats, half = slot.meter.bar_beats, _half(slot)
    phrase, place = divmod(solo.bar, IDEA_BARS)
    chance = Random(f"{slot.seed}/solo/{solo.beat:g}/{phrase}")
    idea, other = (_idea(slot, style, chance, half) for _ in range(2))
    if solo.bar == solo.bars - 1:
        hands = _leading_back(slot, style, chance, idea)
    elif place == 0:
        hands = [*_piece(idea, 0.0, half), *_time(slot, style, half, bar_beats)]
    elif place == 1:
        hands = [*_turned(_piece(idea, 0.0, half)), *_piece(other, half, bar_beats)]
    elif place == 2:
        hands = [*_piece(other, 0.0, half), *_turned(_piece(idea, half, bar_beats))]
    else:  # breath, and a pickup into the next idea
        last = bar_beats - slot.meter.pulse_beats
        hands = [*_time(slot, style, 0.0, last), *_piece(idea, last, bar_beats)]
    if solo.bar == 0:
        soft = slot.section == 1 or style.feel == "ballad"
        one = (("kick", "X"), ("crash", "o" if soft else "x"))
        hands = [*(Stroke(0.0, STRUCK_BEATS, drum, touch) for drum, touch in one), *hands]
    return [*hands, *_feet(slot, hands)]


def _half(slot: Slot) -> float:
    """Where the bar is halved: on a pulse."""
    meter = slot.meter
    return meter.place_of(meter.pulses // 2) if meter.pulses > 1 else meter.bar_beats


def _fills(slot: Slot, style: Style) -> list[Fill]:
    """The style's fills in this meter, in a quiet section the quiet ones; a plain one where it has none."""
    compound = slot.meter.pulse_beats == 1.5
    kin = [fill for fill in style.fills if fill.compound == compound]
    here = [fill for fill in kin if slot.section != 1 or 1 in fill.sections]
    return here or kin or [_plain(slot)]


def _plain(slot: Slot) -> Fill:
    """An eighth each, once round the drums, in a style that has no fill for the meter."""
    drums, beats = ("snare", "tom-high", "tom-floor"), slot.meter.bar_beats
    pulse = slot.meter.pulse_beats
    strokes = [
        Stroke(place * 0.5, STRUCK_BEATS, drums[int(place * 0.5 / pulse) % 3], "xX"[place * 0.5 % pulse == 0])
        for place in range(slot.meter.slots)
    ]
    return Fill(beats, Bar(tuple(strokes)), pulse == 1.5)


def _idea(slot: Slot, style: Style, chance: Random, beats: float) -> Fill:
    """A fill to make something of: best as long as half a bar; the busier, the sooner."""
    fills = _fills(slot, style)
    weights = [_busy(fill) * (3.0 if abs(fill.beats - beats) < feel.NEAR else 1.0) for fill in fills]
    return chance.choices(fills, weights)[0]


def _busy(fill: Fill) -> float:
    """How many strokes of the hands a fill has in a beat."""
    return sum(stroke.tone not in FEET and stroke.touch in "Xxo" for stroke in fill.bar.strokes) / fill.beats


def _piece(fill: Fill, begin: float, end: float) -> list[Stroke]:
    """A fill from a place on, again where it is short; of a long one the end, where it says most."""
    found: list[Stroke] = []
    at = begin - max(0.0, fill.beats - (end - begin))
    while at < end - feel.NEAR:
        moved = (replace(stroke, beat=stroke.beat + at) for stroke in fill.bar.strokes)
        found += [s for s in moved if begin - feel.NEAR <= s.beat < end - feel.NEAR]
        at += fill.beats
    return found


def _turned(strokes: list[Stroke]) -> list[Stroke]:
    return [replace(stroke, tone=TURNED.get(stroke.tone, stroke.tone)) for stroke in strokes]


def _time(slot: Slot, style: Style, begin: float, end: float) -> list[Stroke]:
    """The groove's right hand, while the idea rests."""
    bar = feel.chosen_bar("drums", slot, style, slot.bar)
    strokes = () if bar is None else bar.strokes
    return [s for s in strokes if s.tone in TIME and begin - feel.NEAR <= s.beat < end - feel.NEAR]


def _leading_back(slot: Slot, style: Style, chance: Random, idea: Fill) -> list[Stroke]:
    """The last bar: a fill that ends on its line, with the idea before it where there is room."""
    fills, bar_beats = _fills(slot, style), slot.meter.bar_beats
    longest = [
        fill for fill in fills if fill.beats >= min(max(f.beats for f in fills), bar_beats) - feel.NEAR
    ]
    fill = chance.choices(longest, [_busy(fill) for fill in longest])[0]
    begin = bar_beats - fill.beats
    moved = [replace(stroke, beat=stroke.beat + begin) for stroke in fill.bar.strokes]
    head = _piece(idea, 0.0, begin) if begin > feel.NEAR else []
    return [*head, *(stroke for stroke in moved if stroke.beat >= -feel.NEAR)]


def _feet(slot: Slot, hands: list[Stroke]) -> list[Stroke]:
    """The pulse is kept: the kick softly on every second one from one on, the hat's pedal between them."""
    meter = slot.meter
    found = []
    for pulse in range(meter.pulses):
        drum, touch = ("hat-pedal", "x") if pulse % 2 else ("kick", "x" if pulse == 0 else "o")
        beat = meter.place_of(pulse)
        if not any(one.tone == drum and abs(one.beat - beat) < NEAR_FOOT for one in hands):
            found.append(Stroke(beat, STRUCK_BEATS, drum, touch))
    return found
