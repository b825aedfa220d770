"""How a written stroke becomes a played one: swing, touch, push and lay-back, which bar to play.

Pure: every draw is keyed by seed, player and bar or phrase, so the same slot is always played the same way.
Runs in the band's loop; imports only the bottom layer and the style.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

from bandmate.events import Slot
from bandmate.parts.rows import Bar, Stroke
from bandmate.parts.style import INTRO, Style
from bandmate.timing import SLOT_BEATS, swung

LOUDNESS = {"X": 106, "x": 88, "o": 70, "g": 50, "?": 78, ",": 46}  # velocity by touch
SECTION_LOUDNESS = (0.86, 1.0, 1.08)
SOFTEST, LOUDEST = 40, 118
FLATTENS_BPM, FLAT_BPM = 200.0, 300.0  # swing is whole below the first, gone above the second
MOST_OFFSET_S = 0.02
PHRASE_BARS = {"drums": 4, "bass": 4, "keys": 2, "guitar": 4, "pad": 4, "lead": 2}
TURN_BARS = 4  # the last bar of so many may turn the phrase round,
TURNS = 0.65  # and so often does where the style has such a bar
POCKET = ("drums", "bass")  # they choose their bars together
NEAR = 1e-6  # beats; far below any note value


def draw(slot: Slot, player: str, place: float | None = None) -> Random:
    """A source of chance for one player in one bar (and one place in it)."""
    named = f"{slot.seed}/{player}/{slot.bar}"
    return Random(named if place is None else f"{named}/{place:g}")


def chosen_bar(part: str, slot: Slot, style: Style, bar: int) -> Bar | None:
    """The bar that a part plays as number `bar`: one variation a phrase, sometimes another at its end.

    The last bar of four may be one that turns round.

    Energy leans to the busier variations. None where the style has nothing for the part.
    """
    section = INTRO if slot.figure == "intro" else slot.section
    variations = style.variations(part, slot.meter, section)
    if not variations:
        return None
    length = PHRASE_BARS[part]
    player = "pocket" if part in POCKET else part
    turns = style.turnarounds(part, slot.meter, section)
    if turns and bar % TURN_BARS == TURN_BARS - 1:
        turned, choice = _turn(slot.seed, player, bar)
        if turned < TURNS:
            pattern = turns[int(choice * len(turns))]
            return pattern[bar % len(pattern)]
    phrase, turn = divmod(bar, length)
    pick, other = _picks(slot.seed, player, phrase)
    if turn == length - 1 and length > 2:
        pick = other
    energy = (
        round(min(max(slot.energy + slot.variation, 0.0), 1.0) * 4) / 4
    )  # in steps, so that a slow swell seldom turns a bar midway
    lean = 2 ** (2 * (0.5 - energy))  # below 1 at high energy: draws move to the busy end
    pattern = variations[min(int(pick**lean * len(variations)), len(variations) - 1)]
    return pattern[bar % len(pattern)]


@lru_cache(maxsize=1024)
def _picks(seed: int, player: str, phrase: int) -> tuple[float, float]:
    """What chance says for a phrase and for its last bar, 0..1; every second phrase ends as it began."""
    chance = Random(f"{seed}/{player}/phrase/{phrase}")
    pick = chance.random()
    return pick, chance.random() if chance.random() < 0.5 else pick


@lru_cache(maxsize=1024)
def _turn(seed: int, player: str, bar: int) -> tuple[float, float]:
    """Whether the last bar of four turns round, and how: two draws, 0..1."""
    chance = Random(f"{seed}/{player}/turn/{bar}")
    return chance.random(), chance.random()


def strokes_in(bar: Bar, slot: Slot) -> list[Stroke]:
    """The strokes of a bar that begin in this slot."""
    low, high = slot.place - NEAR, slot.place + SLOT_BEATS - NEAR
    return [stroke for stroke in bar.strokes if low <= stroke.beat < high]


def comes(touch: str, density: float, chance: Random) -> bool:
    """Whether a stroke is played: accents always, ornaments by density, soft ones unless it is thin."""
    draw_now = chance.random()
    if touch in "?,":
        return draw_now < 0.7 * density + 0.5 * max(density - 0.5, 0.0)
    if touch in "og":
        return draw_now >= 1.6 * (0.5 - density)
    return True


def velocity(touch: str, slot: Slot, chance: Random, weight: float = 1.0) -> int:
    """How hard: the written touch, the section, the energy, and a hand that is never quite even."""
    loud = LOUDNESS[touch] * loudness(slot) * weight
    loud += chance.uniform(-4.0, 4.0)
    return round(min(max(loud, SOFTEST), LOUDEST))


def touched(velocity: float, slot: Slot) -> int:
    """A velocity that somebody else wrote, as hard as the band plays now; ghosts may be softer than ours."""
    return round(min(max(velocity * loudness(slot), 1.0), float(LOUDEST)))


def loudness(slot: Slot) -> float:
    """What section, energy and audience make of a touch: 1 in the middle of each."""
    section = SECTION_LOUDNESS[min(max(slot.section, 1), 3) - 1]
    energy = min(max(slot.energy, 0.0), 1.0)
    return section * (0.8 + 0.4 * energy) * slot.loudness


def ratio(slot: Slot, style: Style) -> float:
    """The swing in force: the performer's if pinned, else the style's, flatter above 200 bpm.

    Eighths don't swing where the meter counts them (6/8, 12/8, 7/8).
    """
    if style.swing_unit == SLOT_BEATS and slot.meter.unit == 8:
        return 0.5
    if slot.swing is not None:
        return slot.swing
    kept = (FLAT_BPM - slot.bpm) / (FLAT_BPM - FLATTENS_BPM)
    return 0.5 + (style.swing - 0.5) * min(max(kept, 0.0), 1.0)


def swung_in_bar(beat: float, slot: Slot, style: Style) -> float:
    """A straight place in the bar (beats since it began) where swing puts it, as an absolute beat."""
    return slot.bar_beat + swung(beat, ratio(slot, style), style.swing_unit)


def span(stroke: Stroke, slot: Slot, style: Style, kept: float = 1.0) -> tuple[float, float]:
    """Where a stroke sounds, as (beat, beats) after swing; `kept` is how much of its length rings."""
    if stroke.triplet:
        return slot.bar_beat + stroke.beat, stroke.beats * kept
    beat = swung_in_bar(stroke.beat, slot, style)
    end = swung_in_bar(stroke.beat + stroke.beats, slot, style)
    return beat, max((end - beat) * kept, 0.05)


def offset_s(who: str, slot: Slot, style: Style, place: float) -> float:
    """Push or lay-back in seconds; kick and bass ask as `pocket` and so never flam."""
    stray = draw(slot, f"{who}/hand", place=place).gauss(0.0, style.loose_s)
    late = style.late_s.get(who, 0.0) + min(max(stray, -2 * style.loose_s), 2 * style.loose_s)
    return min(max(late, -MOST_OFFSET_S), MOST_OFFSET_S)
