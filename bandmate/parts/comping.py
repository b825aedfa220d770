"""Chords behind a soloist: rhythm from the style, register out of the performer's way.

Shared by keys, guitar and pad. Each voice of a hit is a note of its own; `binding.py` says how its
tone is written. Runs in the band's loop; pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bandmate.events import Note, Slot
from bandmate.parts import ensemble, feel
from bandmate.parts.blocks import WHOLE_CHORDS
from bandmate.parts.rows import Stroke
from bandmate.parts.style import Style

ROOM = 11  # semitones: every chord fits into an octave
SPREAD = 19  # semitones: as far as a comper roams
FLOOR, CEILING = 46, 86  # no chord of all our voices sits lower or higher
TIGHT_ROOM, TIGHT_VOICES = 7, 2  # where only a dyad fits
COLOURED = 0.4  # a mood so bright adds ninths to seventh chords, one so dark takes them out
SQUEEZED = 0.85  # of the loudness, where there is no room for all voices
CRAMPED = (52, 66)  # where two soft voices go if the performer uses the whole keyboard


@dataclass(frozen=True, slots=True)
class Comper:
    """How one chord instrument plays: its range of pitches, voices, touch, strum and length."""

    part: str
    low: int
    high: int
    voices: int = 4
    weight: float = 0.74  # of the written loudness: chords stay behind
    strum_s: float = 0.0  # from voice to voice
    kept: float = 0.9  # how much of the written length rings
    plain_in_fill: bool = True  # only accents while the drummer fills
    top: int = 90  # above a performer with both hands in the middle, two voices may go so high


def comp(player: Comper, slot: Slot, style: Style) -> list[Note]:
    """The voices that begin in this slot."""
    strokes = _strokes(player, slot, style)
    if not strokes:
        return []
    chance = feel.draw(slot, player.part, place=slot.place)
    low, high, voices = register(player, slot)
    weight = player.weight * (SQUEEZED if voices < player.voices else 1.0)
    notes: list[Note] = []
    for stroke in strokes:
        if not feel.comes(stroke.touch, slot.density, chance) or _left_out(stroke, slot, chance.random()):
            continue
        beat, beats = feel.span(stroke, slot, style, player.kept)
        loud = feel.velocity(stroke.touch, slot, chance, weight)
        late_s = feel.offset_s(player.part, slot, style, stroke.beat)
        for rank, tone in enumerate(_tones(stroke, slot, style, voices)):
            late = min(late_s + rank * player.strum_s, feel.MOST_OFFSET_S)
            played = round(min(max(loud + chance.uniform(-3, 3), feel.SOFTEST), feel.LOUDEST))
            notes.append(Note(player.part, beat, beats, f"{tone}@{low}-{high}", played, late))
    return notes


def _strokes(player: Comper, slot: Slot, style: Style) -> list[Stroke]:
    if player.part not in style.parts:
        return []
    if slot.figure in ensemble.ALL_TOGETHER:
        line = ensemble.figure_of(slot, style).line
        return [replace(stroke, tone="all") for stroke in ensemble.strokes_here(line, slot)]
    bar = feel.chosen_bar(player.part, slot, style, slot.bar)
    if bar is None:
        return []
    strokes = [_tied(stroke, player, slot, style) for stroke in feel.strokes_in(bar, slot)]
    strokes = ensemble.with_hits(strokes, slot, "all")
    if slot.figure == "fill" and player.plain_in_fill:
        return [stroke for stroke in strokes if stroke.touch == "X"]
    return strokes


def _tied(stroke: Stroke, player: Comper, slot: Slot, style: Style) -> Stroke:
    """A chord held to the bar line rings on where the next bar is written to let it."""
    if stroke.beat + stroke.beats < slot.meter.bar_beats - feel.NEAR:
        return stroke
    coming = feel.chosen_bar(player.part, slot, style, slot.bar + 1)
    return stroke if coming is None else replace(stroke, beats=stroke.beats + coming.tied_beats)


def _left_out(stroke: Stroke, slot: Slot, chance: float) -> bool:
    """A thin comper leaves out plain strokes as well."""
    return stroke.touch == "x" and chance < 0.8 * (0.5 - slot.density)


def _tones(stroke: Stroke, slot: Slot, style: Style, voices: int) -> list[str]:
    """Each voice of a stroke; a push, on the last eighth of a bar, belongs to the chord ahead."""
    rootless = style.chords == "rootless"
    ninth = "+9" if (slot.brightness > -COLOURED if rootless else slot.brightness > COLOURED) else ""
    bar_beats = slot.meter.bar_beats
    rings_over = stroke.beat + stroke.beats > bar_beats + feel.NEAR
    last = stroke.beat > bar_beats - 0.5 - feel.NEAR and (style.pushes or rings_over)
    early = last or stroke.tone.endswith(">")
    written = stroke.tone.removesuffix(">")
    single = [f"v{voice}" for voice in range(voices)] if written in WHOLE_CHORDS else written.split("+")
    whither = "~" if written == "pass" else ">" if early else ""
    return [f"{tone}{ninth}{whither}" for tone in single if int(tone[1]) < voices]


def register(player: Comper, slot: Slot) -> tuple[int, int, int]:
    """Lowest and highest pitch and how many voices: out of the octaves that the performer uses."""
    lowest, highest = slot.performer_low, slot.performer_high
    if lowest is None or highest is None or highest < player.low or lowest > player.high:
        up = min(slot.register, CEILING - player.high)
        return min(player.low + 2 * up, player.high + up - ROOM), player.high + up, player.voices
    for floor in (player.low, FLOOR):
        if lowest - 1 - floor >= ROOM:
            return floor, lowest - 1, player.voices
    if highest + 1 + ROOM <= CEILING:
        return highest + 1, min(highest + 1 + SPREAD, CEILING), player.voices
    if lowest - 1 - FLOOR >= TIGHT_ROOM:
        return FLOOR, lowest - 1, TIGHT_VOICES
    if highest < player.top:
        above = min(highest + 1, player.top - TIGHT_ROOM)
        return above, above + TIGHT_ROOM, TIGHT_VOICES
    return *CRAMPED, TIGHT_VOICES
