"""Trading: whose bars these are, by their numbers: the performer's, the soloist's, and so on.

Pure state inside `Band.step` (band process), a part of the form; `trading.py` deals the bars out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

TOGETHER_BEATS = 0.12  # keys this near are one stroke; its highest is the tune


class Turn(NamedTuple):
    """Somebody's bars: the first one's number, how many are over, and how many are left with this one."""

    yours: bool
    first: int
    bar: int
    left: int


@dataclass(slots=True)
class Trade:
    """From bar `first` on the performer has so many `bars`, then the soloist, round and round."""

    first: int
    bars: int
    until: int | None = None  # it is over on the line of this bar
    section: str | None = None  # in which it began; None: it hasn't
    said: tuple[tuple[float, int], ...] = ()  # the performer's turn: beats since it began, and pitch
    said_from: int = -1  # the first bar of that turn
    question: tuple[tuple[float, int], ...] = ()  # what is being answered

    def turn(self, bar: int) -> Turn | None:
        """Whose a bar is; None: it isn't traded."""
        if bar < self.first or (self.until is not None and bar >= self.until):
            return None
        number, over = divmod(bar - self.first, self.bars)
        end = bar - over + self.bars
        left = (end if self.until is None else min(end, self.until)) - bar
        return Turn(number % 2 == 0, bar - over, over, left)

    def round_end(self, bar: int) -> int:
        """The bar after the round that holds a bar."""
        both = 2 * self.bars
        return self.first + ((bar - self.first) // both + 1) * both

    def hear(self, turn: Turn, place: float, pitch: int) -> None:
        """A key of the performer's in their own bars, so many beats after these began."""
        if self.said_from != turn.first:
            self.said, self.said_from = (), turn.first
        if self.said and place - self.said[-1][0] < TOGETHER_BEATS:
            place, pitch = self.said[-1][0], max(self.said[-1][1], pitch)
            self.said = self.said[:-1]
        self.said = (*self.said, (place, pitch))

    def recount(self, bar: int) -> None:
        """The bars are numbered otherwise now, and what began goes on."""
        while bar < self.first:
            self.first -= 2 * self.bars

    def state_now(self) -> dict[str, Any]:
        """What a restarted band needs to go on with the same bars."""
        return {
            "first": self.first, "bars": self.bars, "until": self.until, "section": self.section,
            "said": self.said, "said_from": self.said_from, "question": self.question,
        }  # fmt: skip

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Trade:
        """As it was."""
        lines = {name: tuple((place, pitch) for place, pitch in saved[name]) for name in ("said", "question")}
        return cls(**(saved | lines))
