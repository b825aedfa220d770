"""How the performer plays: dynamics in this performer's own range, density, rest.

Runs in the band process; imports events only.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

from bandmate.events import NoteOn

TOGETHER_S = 0.04  # notes this close are one onset
COUNTED_S = 4.0  # density is counted over this long
REMEMBERED = 400  # velocities that make up a performer's range
ENOUGH = 12  # velocities before we judge
FIXED_SPREAD = 3  # velocities all within this: the keyboard doesn't sense touch
SMOOTHING_S = 1.5


class Feel:
    """Running dynamics and density; read `dynamics`, `density` and `resting_s`."""

    def __init__(self) -> None:
        self.dynamics = 0.5
        self.resting_s = 0.0
        self.onset_s: float | None = None
        self._recent: deque[int] = deque()
        self._range: list[int] = []
        self._onsets: deque[float] = deque()
        self._awake_s: float | None = None
        self._dynamics_s = 0.0

    def hear(self, now_s: float, struck: Sequence[NoteOn], sounding: bool) -> None:
        """One logical step."""
        for note in struck:
            if self.onset_s is None or note.time_s - self.onset_s > TOGETHER_S:
                self._onsets.append(note.time_s)
            self.onset_s = note.time_s if self.onset_s is None else max(self.onset_s, note.time_s)
            self._weigh(note)
        if sounding or struck or self._awake_s is None:
            self._awake_s = now_s
        self.resting_s = now_s - self._awake_s
        while self._onsets and self._onsets[0] < now_s - COUNTED_S:
            self._onsets.popleft()

    def _weigh(self, note: NoteOn) -> None:
        """Where this velocity stands among the performer's own, smoothed."""
        self._remember(note.velocity)
        if len(self._range) < ENOUGH or self._range[-1] - self._range[0] <= FIXED_SPREAD:
            self.dynamics = 0.5
            return
        below = bisect_left(self._range, note.velocity)
        equal = bisect_right(self._range, note.velocity) - below
        rank = (below + equal / 2) / len(self._range)
        share = 1 - math.exp(-max(note.time_s - self._dynamics_s, 0.05) / SMOOTHING_S)
        self.dynamics += share * (rank - self.dynamics)
        self._dynamics_s = note.time_s

    def _remember(self, velocity: int) -> None:
        self._recent.append(velocity)
        self._range.insert(bisect_left(self._range, velocity), velocity)
        if len(self._recent) > REMEMBERED:
            self._range.pop(bisect_left(self._range, self._recent.popleft()))

    @property
    def density(self) -> float:
        """Onsets a second over the last seconds, chords counted once."""
        return len(self._onsets) / COUNTED_S
