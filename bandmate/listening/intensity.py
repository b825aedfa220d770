"""Intensity: how strongly the performer plays, and whether it grows or fades over the last bars.

Strength counts within this performer's own range; a keyboard that senses no touch is in the middle.
Runs in the band process; pure arithmetic, imports nothing of ours.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

REMEMBERED = 400  # velocities that make up a performer's range
ENOUGH = 12  # velocities before we judge
FIXED_SPREAD = 3  # velocities all within this: the keyboard doesn't sense touch
SMOOTHING_S = 1.5

BAR_PULSES = 4.0  # a stretch of so many pulses is one point of the trend,
BAR_S = 2.0  # or so long while nobody knows the pulse
BARS, ENOUGH_BARS = 6, 4
FULL_VELOCITY = 40.0  # a rise by so many steps of velocity is all there is,
FULL_DOUBLINGS = 2.0  # and so is four times as many onsets


class Dynamics:
    """Where the newest strokes stand in this performer's own range, 0..1."""

    def __init__(self, known: Sequence[int] = ()) -> None:
        self.level = 0.5
        self._recent: deque[int] = deque()
        self._range: list[int] = []
        self._weighed_s = 0.0
        for velocity in known:  # of a soundcheck
            self._remember(velocity)

    def weigh(self, time_s: float, velocity: int) -> None:
        """A stroke of velocity 1..127."""
        self._remember(velocity)
        if len(self._range) < ENOUGH or self._range[-1] - self._range[0] <= FIXED_SPREAD:
            self.level = 0.5
            return
        below = bisect_left(self._range, velocity)
        equal = bisect_right(self._range, velocity) - below
        rank = (below + equal / 2) / len(self._range)
        share = 1 - math.exp(-max(time_s - self._weighed_s, 0.05) / SMOOTHING_S)
        self.level += share * (rank - self.level)
        self._weighed_s = time_s

    def _remember(self, velocity: int) -> None:
        self._recent.append(velocity)
        self._range.insert(bisect_left(self._range, velocity), velocity)
        if len(self._recent) > REMEMBERED:
            self._range.pop(bisect_left(self._range, self._recent.popleft()))


class Trend:
    """Growing (up to 1) or fading (down to -1) over the last bars: touch and number of strokes."""

    def __init__(self) -> None:
        self.slope = 0.0
        self._bars: deque[tuple[float, float]] = deque(maxlen=BARS)  # mean velocity, onsets a second
        self._open_s: float | None = None
        self._velocities: list[int] = []
        self._onsets = 0

    def strike(self, velocity: int, onset: bool) -> None:
        """A stroke; `onset` unless it belongs to a chord that has been counted."""
        self._velocities.append(velocity)
        self._onsets += onset

    def listen(self, now_s: float, pulse_s: float | None) -> None:
        """One step: close a bar when it is over."""
        bar_s = BAR_S if pulse_s is None else BAR_PULSES * pulse_s
        if self._open_s is None:
            self._open_s = now_s if self._velocities else None
        elif now_s - self._open_s >= bar_s:
            self._close(now_s - self._open_s)
            self._open_s = now_s

    def _close(self, bar_s: float) -> None:
        if self._velocities:
            self._bars.append((sum(self._velocities) / len(self._velocities), self._onsets / bar_s))
        elif self._bars:  # a bar of rest: touch as it was, nothing struck
            self._bars.append((self._bars[-1][0], 0.0))
        self._velocities, self._onsets = [], 0
        if len(self._bars) < ENOUGH_BARS:
            return
        touch = _rise([velocity for velocity, _ in self._bars]) / FULL_VELOCITY
        crowd = _rise([math.log2(max(density, 0.5)) for _, density in self._bars]) / FULL_DOUBLINGS
        self.slope = max(-1.0, min(1.0, touch + crowd))


def _rise(values: list[float]) -> float:
    """How far the straight line through some values rises from the first to the last."""
    middle = (len(values) - 1) / 2
    spread = sum((index - middle) ** 2 for index in range(len(values)))
    return sum((index - middle) * value for index, value in enumerate(values)) / spread * (len(values) - 1)
