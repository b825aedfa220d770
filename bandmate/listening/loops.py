"""The loop: chords that came twice alike, one to sixteen bars long, are expected the third time.

Beside `expectation.py`, which says what usually follows the last chords: this says which bar of which round
it is, so it knows every chord of the round that comes, and when. Fed once a pulse with the chord believed.
Pure state, no clock; imports harmony only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bandmate.harmony import Chord

MOST_BARS = 16
ALIKE = 0.8  # of the pulses of two rounds, so that an ear that slips once breaks nothing
GOING = 0.9  # of the pulses of the newest bar must be as expected
STILL_BARS = 4  # one chord alone is a loop only after so many bars
KEPT = 2 * MOST_BARS  # bars


class LoopEar:
    """Feed it the chord of each pulse; read `loop`, `at`, `bars`."""

    def __init__(self, bar_pulses: int) -> None:
        self.bar_pulses = max(1, bar_pulses)
        self.loop: tuple[Chord | None, ...] = ()  # a chord a pulse, from a bar line on; empty: none is known
        self._first = 0  # the pulse on which its first round began
        self._chords: dict[int, Chord | None] = {}  # by pulse
        self._count = -1

    @property
    def bars(self) -> int:
        """How long the loop is."""
        return len(self.loop) // self.bar_pulses

    def hear(self, pulse: int, chord: Chord | None) -> None:
        """The chord believed in the middle of a pulse; pulse 0 is a downbeat."""
        if pulse <= self._count:
            return
        self._count = pulse
        self._chords[pulse] = chord
        self._chords.pop(pulse - (KEPT + 1) * self.bar_pulses, None)
        if self.loop and not self._goes_on():
            self.loop = ()
        if not self.loop or len(set(self.loop)) == 1:
            self._find()

    def at(self, pulse: int) -> Chord | None:
        """The chord that the loop has on a pulse; None: nobody knows."""
        return self.loop[(pulse - self._first) % len(self.loop)] if self.loop else None

    def _goes_on(self) -> bool:
        """Whether the newest bar was as the loop has it."""
        newest = range(self._count - self.bar_pulses + 1, self._count + 1)
        right = sum(same(self._chords.get(pulse), self.at(pulse)) for pulse in newest)
        return right >= GOING * self.bar_pulses

    def _find(self) -> None:
        """The shortest stretch of bars that was just played twice."""
        end = self._count + 1
        for bars in range(1, MOST_BARS + 1):
            length = bars * self.bar_pulses
            heard = [self._chords.get(pulse) for pulse in range(end - 2 * length, end)]
            if self._is_round(heard[:length], heard[length:], bars):
                first = end - 2 * length
                turn = -first % self.bar_pulses  # a round begins on a bar line
                self._first = first + turn
                newest = heard[length:]
                self.loop = tuple(newest[turn:] + newest[:turn])
                return

    def _is_round(self, before: Sequence[Chord | None], after: Sequence[Chord | None], bars: int) -> bool:
        if after[-1] is None or None in (before[0], after[0]):
            return False
        alike = sum(same(one, other) for one, other in zip(before, after, strict=True))
        if alike < ALIKE * len(after):
            return False
        turns = sum(not same(one, other) for one, other in pairwise(after))
        return turns > 0 or 2 * bars >= STILL_BARS


def same(one: Chord | None, other: Chord | None) -> bool:
    """Whether two chords have one root and one third; nothing is like nothing."""
    if one is None or other is None:
        return False
    return (one.root, one.minor) == (other.root, other.minor)
