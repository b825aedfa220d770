"""Touch: how hard a performer plays, and how their pedals are plugged in; found at a soundcheck.

What was found is remembered for the keyboard, and becomes part of the patch when a show begins, so that a
take carries it along. Pure; runs in the shell's process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bandmate.events import Control, Event, NoteOn
from bandmate.patch import Patch

NAMES = {
    64: "sustain", 65: "portamento", 66: "sostenuto", 67: "soft", 69: "hold", 4: "foot", 11: "expression",
}  # fmt: skip
PEDALS = (*range(64, 70), *range(80, 84))  # controllers that step on, when pressed
MIDDLE, MOST = 64, 127
QUANTILES = 21
FIXED_SPREAD = 3  # all velocities within this: the keyboard doesn't sense touch
HALF_VALUES = 3  # so many places between up and down make a half-pedal


@dataclass(slots=True)
class Pedal:
    """One pedal and the places in which it was seen. The first of them says where it came from.

    A switch that says 127 first was pressed, one that says 0 was pressed the wrong way round; a pedal that
    knows places between leaves its rest by the nearest.
    """

    values: list[int] = field(default_factory=list)

    def move(self, value: int) -> bool:
        """A new place; whether the pedal is pressed by it."""
        before = self.pressed
        self.values.append(value)
        return self.pressed and not before

    @property
    def pressed(self) -> bool:
        """Whether it is down now."""
        return bool(self.values) and (self.values[-1] >= MIDDLE) is not _rests_high(self.values[0])

    @property
    def reversed(self) -> bool:
        """Whether it rests where others are down: where it was left, or where its only move came from."""
        return self.values[-1] >= MIDDLE if len(self.values) > 1 else _rests_high(self.values[0])

    @property
    def half(self) -> bool:
        """Whether it knows places between up and down."""
        return len({value for value in self.values if 0 < value < MOST}) >= HALF_VALUES


def _rests_high(first: int) -> bool:
    """Whether a pedal that moved here first came from above."""
    return first == 0 or MIDDLE <= first < MOST


class Touch:
    """What one performer did on their keys and pedals."""

    def __init__(self) -> None:
        self.velocities: list[int] = []
        self.pedals: dict[int, Pedal] = {}
        self._ports: Counter[str] = Counter()

    def hear(self, event: Event) -> bool:
        """A key or a pedal; whether a pedal was pressed by it."""
        if isinstance(event, NoteOn):
            self.velocities.append(event.velocity)
            self._ports[event.port] += 1
        elif isinstance(event, Control) and (event.number in PEDALS or event.number in NAMES):
            self._ports[event.port] += 1
            pedal = self.pedals.setdefault(event.number, Pedal())
            return pedal.move(event.value) and event.number in PEDALS
        return False

    @property
    def port(self) -> str:
        """The keyboard that was played most."""
        return self._ports.most_common(1)[0][0] if self._ports else ""

    @property
    def fixed(self) -> bool:
        """Whether every key had the same velocity, near enough."""
        return bool(self.velocities) and max(self.velocities) - min(self.velocities) <= FIXED_SPREAD

    def found(self) -> dict[str, list[int]]:
        """What is kept: quantiles of the velocities, softest first, and the pedals."""
        ordered = sorted(self.velocities)
        places = [round(index * (len(ordered) - 1) / (QUANTILES - 1)) for index in range(QUANTILES)]
        return {
            "velocities": [ordered[place] for place in places] if ordered else [],
            "reversed_pedals": sorted(number for number, pedal in self.pedals.items() if pedal.reversed),
            "half_pedals": sorted(number for number, pedal in self.pedals.items() if pedal.half),
        }

    def sentences(self) -> list[str]:
        """What was found, in plain words."""
        words = []
        if self.fixed:
            words.append(
                f"every key comes with velocity {self.velocities[0]}: this keyboard doesn't sense touch, so "
                "the band goes by how much you play, not by how hard"
            )
        elif self.velocities:
            found = self.found()["velocities"]
            middle = found[QUANTILES // 2]
            words.append(f"you play with velocities of {found[0]} to {found[-1]}, most around {middle}")
        for number, pedal in sorted(self.pedals.items()):
            name = f"{NAMES.get(number, 'pedal')} (CC {number})"
            kind = "knows half-pedal" if pedal.half else "is a switch"
            wrong = "plugged in the wrong way round; turned round from now on"
            way = wrong if pedal.reversed else "the right way round"
            words.append(f"{name} {kind}, {way}")
        return words


def with_touch(patch: Patch, known: Mapping[str, Any], keyboards: Sequence[str]) -> Patch:
    """The patch with what a soundcheck found of the first of these keyboards that it knows.

    What the patch itself says goes before.
    """
    for keyboard in keyboards:
        found = known.get(keyboard)
        if isinstance(found, dict):
            return replace(
                patch,
                velocities=patch.velocities or _numbers(found.get("velocities"), 1),
                reversed_pedals=patch.reversed_pedals or _numbers(found.get("reversed_pedals"), 0),
            )
    return patch


def _numbers(kept: Any, low: int) -> tuple[int, ...]:
    """Whole numbers as they were kept; none of them where the file is damaged."""
    fits = isinstance(kept, list) and all(type(number) is int and low <= number <= MOST for number in kept)
    return tuple(kept) if fits else ()
