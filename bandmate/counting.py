"""A count by sound: sticks, claps or a voice say "one, two, three, four" into a microphone.

Only where it is asked for (`count-by sound`), and only while ARMED. What counts is what nobody does by
accident: after a pause, as many even strokes as a tap-in wants, alike in loudness, with nothing between
them. Talk and applause are none of that. Pure state inside `Band.step`.
"""

from __future__ import annotations

import itertools
import statistics
from collections import deque

FASTEST_S, SLOWEST_S = 0.3, 1.5  # between two strokes; syllables are faster
EVEN = 0.11  # of the gap: how far a stroke may stray
TOGETHER_S = 0.07  # strokes this near are one, heard by two microphones or as an echo of the room
ALIKE = 0.65  # the softest of them, of the loudest
QUIET = 0.4  # of the softest: nothing louder may come between them, nor in the pause before
PAUSE = 2.5  # gaps of quiet before the first
LEAST_STRENGTH = 0.1  # of the loudest lately
REMEMBERED_S = 40.0


class Count:
    """Listens to strokes and says when some of them were a count."""

    def __init__(self) -> None:
        self._strokes: deque[tuple[float, float]] = deque()  # time_s, strength

    def forget(self) -> None:
        """Whatever was struck so far is no count."""
        self._strokes.clear()

    def hear(self, time_s: float, strength: float, wanted: int) -> tuple[float, ...]:
        """A stroke; the times of all strokes once the last `wanted` ones were a count, else nothing."""
        if strength < LEAST_STRENGTH:
            return ()
        if self._strokes and time_s - self._strokes[-1][0] < TOGETHER_S:
            before_s, before = self._strokes.pop()
            self._strokes.append((min(before_s, time_s), max(before, strength)))
        else:
            self._strokes.append((time_s, strength))
        while self._strokes[0][0] < time_s - REMEMBERED_S:
            self._strokes.popleft()
        found = _count(list(self._strokes), wanted)
        if found:
            self.forget()
        return found


def _count(strokes: list[tuple[float, float]], wanted: int) -> tuple[float, ...]:
    """The count that ends with the newest stroke, softer strokes left out."""
    loud = [stroke for stroke in strokes if stroke[1] > strokes[-1][1] * QUIET]
    last = loud[-wanted:]
    strengths = [strength for _, strength in last]
    if len(last) < wanted or min(strengths) < ALIKE * max(strengths):
        return ()
    times_s = [time_s for time_s, _ in last]
    gaps = [after - before for before, after in itertools.pairwise(times_s)]
    gap_s = statistics.fmean(gaps)
    even = all(abs(gap - gap_s) <= EVEN * gap_s for gap in gaps)
    if not (even and gap_s >= FASTEST_S and gap_s <= SLOWEST_S):
        return ()
    if any(time_s > times_s[0] - PAUSE * gap_s for time_s, _ in loud[:-wanted]):
        return ()
    return tuple(times_s)
