"""Where "one" is: a slowly forgetting vote over the pulses of the bar.

Low notes, kicks and changes of harmony vote for the pulse they fall on, snares against it. A count-in
or a relabel starts the vote with a lead. Runs in the band process; imports timing.
"""

from __future__ import annotations

import math

import numpy as np

from bandmate.timing import Meter

KEEP = 0.985  # of the vote, from pulse to pulse
MARGIN = 0.8  # by which another pulse must lead to become one,
TOLD_MARGIN = 3.0  # when somebody told us which one it is
TOLD_LEAD = 8.0  # votes that a count-in or "this is one" is worth
EARLY = 0.15  # notes this share of a pulse early belong to the pulse that comes
ACCENTED = 0.33  # the first part of a pulse, where its accent lies
REMEMBERED = 16  # pulses over which an accent is compared


class BarVote:
    """Which pulse count, modulo the bar, is the downbeat."""

    def __init__(self, pulses: int) -> None:
        self.pulses = pulses
        self.one = 0  # pulse counts congruent to this are downbeats
        self.told = False
        self.confidence = 1 / pulses  # how far the downbeat leads, as a probability
        self._votes = np.zeros(pulses)
        self._pulse: int | None = None
        self._accent = 0.0
        self._tones = np.zeros(12)
        self._before = np.zeros(12)
        self._accents: list[float] = []

    def tell(self, one: int) -> None:
        """Somebody said which pulse is one: start again from there, well ahead."""
        self.one = one % self.pulses
        self.told = True
        self._votes[:] = 0.0
        self._votes[self.one] = TOLD_LEAD
        self._weigh()

    def strike(self, count: float, accent: float, pitch_class: int | None, weight: float) -> None:
        """A note at a pulse count (with its fraction); drums have no pitch class."""
        self.settle(count)
        if self._pulse is None:
            return
        if count - self._pulse < ACCENTED and abs(accent) > abs(self._accent):
            self._accent = accent
        if pitch_class is not None:
            self._tones[pitch_class] += weight

    def settle(self, count: float) -> None:
        """Count the votes of every pulse that is over."""
        pulse = math.floor(count + EARLY)
        if self._pulse is None or abs(pulse - self._pulse) > 2 * self.pulses:
            self._pulse = pulse
        while self._pulse < pulse:
            self._vote(self._pulse)
            self._pulse += 1

    def _vote(self, pulse: int) -> None:
        self._accents = [*self._accents[1 - REMEMBERED :], self._accent]
        spread = float(np.std(self._accents)) + 1e-6
        stress = (self._accent - float(np.mean(self._accents))) / spread
        moved = self._harmony_moved()
        self._votes *= KEEP
        self._votes[pulse % self.pulses] += 0.35 * min(max(stress, -1.5), 1.5) + 2.0 * min(moved, 0.5)
        best = int(self._votes.argmax())
        if self._votes[best] > self._votes[self.one] + (TOLD_MARGIN if self.told else MARGIN):
            self.one = best
        self._weigh()
        self._accent = 0.0

    def _weigh(self) -> None:
        lead = np.exp(self._votes - self._votes.max())
        self.confidence = float(lead[self.one] / lead.sum())

    def _harmony_moved(self) -> float:
        """How far this pulse's notes are from the last pulse's, 0..1; forgets slowly what it heard."""
        size = float(np.linalg.norm(self._tones) * np.linalg.norm(self._before))
        moved = 1 - float(self._tones @ self._before) / size if size > 0 else 0.0
        if self._tones.any():
            self._before, self._tones = self._tones, self._before
        self._tones[:] = 0.3 * self._before
        return moved


def division(meter: Meter) -> str:
    """How the pulses of a meter divide: in halves or thirds, or (7/8) they may start on any eighth."""
    if meter.bar_beats % meter.pulse_beats:
        return "eighths"
    return "thirds" if meter.pulse_beats == 1.5 else "halves"


def next_in_bar(since_one: float, bar_pulses: float, pulses: int) -> tuple[float, int]:
    """The next pulse after a place counted from some downbeat, and how many pulses on the bar begins.

    The last pulse of a bar may be short (7/8: `bar_pulses` 3.5, `pulses` 4).
    """
    begin = math.floor(since_one / bar_pulses) * bar_pulses
    within = min(math.floor(since_one - begin + 1e-6) + 1.0, bar_pulses)
    return begin + within, (pulses - math.ceil(within)) % pulses
