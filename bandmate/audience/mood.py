"""The mood of an audience, and the partial moods of which it is made.

A partial says how much weight stands at each level, in whole numbers: partials add up to the same mood in
any grouping, so that many machines may gather. The mood is a mean without the outer fifth on both sides:
one who shakes wildly among twenty is not heard at all. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from bandmate.events import Readings

STEPS = 200  # levels a side is told apart by
ONE_VOICE = 1000  # the weight of one sure voice
TRIMMED = 0.2  # of the weight, on both sides
FEW = 1.5  # so many voices are half believed
SIDES: dict[str, tuple[float, float]] = {"energy": (0.0, 1.0), "valence": (-1.0, 1.0)}
MOST_WEIGHT = 1 << 40  # more than any hall holds


@dataclass(frozen=True, slots=True)
class Mood:
    """Energy 0 to 1 (0.5: as ever), valence -1 to 1, and how far it is to be believed, 0 to 1."""

    energy: float = 0.5
    valence: float = 0.0
    confidence: float = 0.0


class Partial:
    """What some voices say: weight by level, for each side of the mood."""

    def __init__(self) -> None:
        self.weights: dict[str, dict[int, int]] = {side: {} for side in SIDES}

    def say(self, side: str, level: float, weight: int) -> None:
        """A voice at a level."""
        low, high = SIDES[side]
        share = (min(max(level, low), high) - low) / (high - low)
        self._put(side, round(share * STEPS), weight)

    def _put(self, side: str, step: int, weight: int) -> None:
        if weight > 0:
            weights = self.weights[side]
            place = min(max(step, 0), STEPS)
            weights[place] = min(weights.get(place, 0) + weight, MOST_WEIGHT)

    def __add__(self, other: Partial) -> Partial:
        found = Partial()
        for side in SIDES:
            for step, weight in chain(self.weights[side].items(), other.weights[side].items()):
                found._put(side, step, weight)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Partial) and self.weights == other.weights

    __hash__ = None  # type: ignore[assignment]  # it changes while voices speak

    @property
    def voices(self) -> float:
        """How many sure voices it is worth."""
        return max(sum(weights.values()) for weights in self.weights.values()) / ONE_VOICE

    def mood(self) -> Mood:
        """What it comes to."""
        voices = self.voices
        return Mood(
            _middle(self.weights["energy"], SIDES["energy"], 0.5),
            _middle(self.weights["valence"], SIDES["valence"], 0.0),
            voices / (voices + FEW),
        )

    def readings(self, time_s: float) -> Readings:
        """As it crosses the wire, and stands in a take."""
        return Readings(
            time_s,
            tuple(sorted(self.weights["energy"].items())),
            tuple(sorted(self.weights["valence"].items())),
        )

    @classmethod
    def of(cls, readings: Readings) -> Partial:
        """What `readings` wrote; what is no level and no weight is left out."""
        found = cls()
        for side, pairs in (("energy", readings.energy), ("valence", readings.valence)):
            for pair in pairs:
                if isinstance(pair, tuple) and len(pair) == 2 and all(type(each) is int for each in pair):
                    found._put(side, *pair)
        return found


def gathered(partials: Iterable[Partial]) -> Partial:
    """The sum of some partials."""
    found = Partial()
    for partial in partials:
        found = found + partial
    return found


def _middle(weights: Mapping[int, int], span: tuple[float, float], neutral: float) -> float:
    """The mean level without the outer fifth of the weight on both sides; neutral where nobody speaks."""
    total = sum(weights.values())
    if total == 0:
        return neutral
    low, high = TRIMMED * total, (1 - TRIMMED) * total
    passed, kept = 0, 0.0
    for step in sorted(weights):
        inside = min(passed + weights[step], high) - max(passed, low)
        kept += step * max(inside, 0.0)
        passed += weights[step]
    share = kept / (high - low) / STEPS
    return span[0] + share * (span[1] - span[0])
