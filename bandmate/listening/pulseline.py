"""The pulse line: a fine estimate of when each pulse falls, from the exact stamps of the onsets.

The bar pointer thinks in frames of 10 ms and decides which pulse; this two-number Kalman filter (the time
of a pulse and the length of a pulse) follows the stamps inside it. Runs in the band process; pure
arithmetic, imports the bar pointer's bounds.
"""

from __future__ import annotations

import math

from bandmate.listening.barpointer import FASTEST_FRAMES, FRAME_S, SLOWEST_FRAMES

STRUCK_S = 0.011  # how far a good onset lies from its pulse
OFFBEAT = 3.5  # how much less an onset on the half tells
HINT_S, HINT_TEMPO = 0.030, 0.03  # how far the coarse estimate may be off, in place and in tempo
WANDER = 0.007  # how much a tempo wanders from pulse to pulse, as a share of the pulse,
COUNTED_WANDER = 0.009  # and when somebody counted it: then the line may follow sooner;
MOST_WANDER_S = 0.009  # slow pulses are subdivided, and wander no further than this
SWAY_S = 0.0015  # how much a single pulse sways
GATE = 0.10  # onsets further than this share of a pulse tell nothing
BETWEEN_GATE = 0.05  # nor do off-beats further from where they usually are
SHORTEST_S, LONGEST_S = FASTEST_FRAMES * FRAME_S, SLOWEST_FRAMES * FRAME_S  # no pulse is shorter or longer
UNKNOWN = 0.2  # of a pulse: however long nobody plays, place and length are no less known than this
SWING, SWING_PACE = (0.42, 0.74), 0.05  # off-beats fall there; how fast their usual place is learned


class PulseLine:
    """Pulse `count` falls at `at_s`, pulses last `period_s`; both with their uncertainty."""

    def __init__(self, count: int, at_s: float, period_s: float, doubt: float = 1.0) -> None:
        self.count = count
        self.at_s = at_s
        self.period_s = period_s
        self.told = False  # somebody counted it
        self.between = 0.5  # where in a pulse off-beats are played
        self._place = (0.015 * doubt) ** 2  # variances and covariance: place, both, length
        self._both = 0.0
        self._length = (0.015 * doubt * period_s) ** 2

    def count_at(self, time_s: float) -> float:
        """The pulse count, with its fraction, at a moment."""
        return self.count + (time_s - self.at_s) / self.period_s

    def time_of(self, count: float) -> float:
        """When a pulse falls."""
        return self.at_s + (count - self.count) * self.period_s

    def stand(self, now_s: float) -> None:
        """Step back to the last pulse that has passed."""
        while self.at_s > now_s:
            self.count -= 1
            self.at_s -= self.period_s

    def roll(self, now_s: float) -> None:
        """Stand on the newest pulse that has passed; what we don't know grows with every pulse."""
        wander = COUNTED_WANDER if self.told else WANDER
        wander_s = min(wander * self.period_s, MOST_WANDER_S)
        while self.at_s + self.period_s <= now_s:
            self.count += 1
            self.at_s += self.period_s
            self._place += 2 * self._both + self._length + SWAY_S**2
            self._both += self._length
            self._length = min(self._length + wander_s**2, (UNKNOWN * self.period_s) ** 2)
            self._place = min(self._place, (UNKNOWN * self.period_s) ** 2)
            self._stay_within_bounds()

    def strike(self, onset_s: float, weight: float, even: bool = False) -> None:
        """An onset near a pulse, or (telling less, unless all are `even`) between two, moves the line.

        Where between two counted pulses they play is learned: swing puts it anywhere up to three quarters.
        """
        place = self.count_at(onset_s)
        pulse, between = round(place), math.floor(place) + (0.5 if even else self.between)
        spread_s = STRUCK_S / math.sqrt(max(weight, 0.1))
        if abs(place - pulse) < GATE:
            self._learn(pulse, onset_s, spread_s)
        elif abs(place - between) < (GATE if even else BETWEEN_GATE):
            self._learn(between, onset_s, spread_s * (1 if even else OFFBEAT))
        if self.told and SWING[0] < place % 1 < SWING[1]:
            self.between += SWING_PACE * (place % 1 - self.between)

    def hint(self, error_s: float, period_s: float) -> None:
        """Lean towards the coarse estimate: it puts the pulses `error_s` later, `period_s` long."""
        self._learn(self.count, self.at_s + error_s, HINT_S)
        spread = (HINT_TEMPO * self.period_s) ** 2
        gain = self._length / (self._length + spread)
        cross = self._both / (self._length + spread)
        off = period_s - self.period_s
        self.at_s += cross * off
        self.period_s += gain * off
        self._place -= cross * self._both
        self._both *= 1 - gain
        self._length *= 1 - gain
        self._stay_within_bounds()

    def _learn(self, count: float, heard_s: float, spread_s: float) -> None:
        """Kalman's update for a pulse heard at `heard_s`."""
        steps = count - self.count
        to_place = self._place + steps * self._both
        to_length = self._both + steps * self._length
        total = to_place + steps * to_length + spread_s**2
        off = heard_s - self.time_of(count)
        self.at_s += to_place / total * off
        self.period_s += to_length / total * off
        self._place -= to_place * to_place / total
        self._both -= to_place * to_length / total
        self._length -= to_length * to_length / total
        self._stay_within_bounds()

    def _stay_within_bounds(self) -> None:
        """There is such a tempo, and such a covariance: rounding and caps leave neither to chance."""
        self.period_s = min(max(self.period_s, SHORTEST_S), LONGEST_S)
        self._place, self._length = max(self._place, 0.0), max(self._length, 0.0)
        most = math.sqrt(self._place * self._length)
        self._both = min(max(self._both, -most), most)
