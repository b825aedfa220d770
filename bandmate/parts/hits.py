"""Hits: accents that the performer played twice in the same place are expected there the third time.

A hit is a chord that is struck louder than usual and stands alone. The same place is the same eighth, two,
four or eight bars apart; what comes in every bar is a way of comping, not a hit. One a band, in its loop.
"""

from __future__ import annotations

from collections import deque

from bandmate.timing import SLOT_BEATS

TOGETHER_BEATS = 0.12  # keys this near are one chord, and this near to an eighth lie on it
CHORD_KEYS = 3
LOUDER = 1.12  # than the mean of the newest chords, and
LOUDER_BY = 7  # by so many steps of velocity
ALONE_BEATS = 0.7  # nothing else is struck so shortly before or after
APART_BARS = (2, 4, 8)
MOST_A_BAR = 3  # more than that is loud playing
REMEMBERED_BARS = 17
ENOUGH = 8  # chords before an accent is one


class Hits:
    """Feed it the performer's keys by beat; ask it what to expect in a bar."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A new song, or another count of the bars."""
        self._places: dict[int, set[float]] = {}
        self._usual: deque[int] = deque(maxlen=32)
        self._beat = self._before = -1e9
        self._keys = self._velocity = 0
        self._place: tuple[int, float] = (-1, 0.0)

    def hear(self, beat: float, bar: int, bar_beat: float, velocity: int) -> None:
        """A key struck on a beat; `bar_beat` is where its bar began."""
        if beat - self._beat > TOGETHER_BEATS:
            self._judge(beat)
            self._before, self._beat, self._keys, self._velocity = self._beat, beat, 0, 0
            self._place = (bar, beat - bar_beat)
        self._keys += 1
        self._velocity = max(self._velocity, velocity)

    def expected(self, bar: int, bar_beats: float) -> tuple[float, ...]:
        """Where in a bar (beats since it began) the third hit is expected."""
        found: set[float] = set()
        for apart in APART_BARS:
            twice = self._of(bar - apart) & self._of(bar - 2 * apart)
            found |= twice - self._of(bar - 1) - self._of(bar - apart - 1)
        found = {place for place in found if 0 < place < bar_beats - 1e-6}
        return tuple(sorted(found)) if len(found) <= MOST_A_BAR else ()

    def _of(self, bar: int) -> set[float]:
        return self._places.get(bar, set())

    def _judge(self, next_beat: float) -> None:
        """Whether the chord that is over now was a hit."""
        if not self._keys:
            return
        usual = sum(self._usual) / len(self._usual) if len(self._usual) >= ENOUGH else 127.0
        self._usual.append(self._velocity)
        alone = min(self._beat - self._before, next_beat - self._beat) >= ALONE_BEATS
        loud = self._velocity >= max(LOUDER * usual, usual + LOUDER_BY)
        bar, place = self._place
        nearest = round(place / SLOT_BEATS) * SLOT_BEATS
        if self._keys < CHORD_KEYS or not alone or not loud or abs(place - nearest) > TOGETHER_BEATS:
            return
        self._places.setdefault(bar, set()).add(nearest)
        for old in [known for known in self._places if known < bar - REMEMBERED_BARS]:
            del self._places[old]
