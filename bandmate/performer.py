"""Where the performer plays: their octaves, and a left hand below C3. Pure state inside `Band.step`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

FOREVER_S = 1e9
BASS_LINE_TOP = 48  # the performer's left hand below C3: the bass yields
ROOTLESS_S = 2.0  # nothing low for so long: the roots are left to the bass
RANGE_NOTES = 64  # so many of the performer's newest keys say where they play


class Hands:
    """The newest keys of the performer."""

    def __init__(self) -> None:
        self.low_s = -FOREVER_S  # when they last struck below C3
        self._pitches: deque[int] = deque(maxlen=RANGE_NOTES)

    def strike(self, time_s: float, pitch: int) -> None:
        """A key that counts."""
        if pitch < BASS_LINE_TOP:
            self.low_s = time_s
        self._pitches.append(pitch)

    def leave_roots(self, now_s: float, held: Sequence[int] = ()) -> bool:
        """Whether they play, but nothing below C3 lately; `held` sounds now, lowest first.

        Who has no keys leaves no roots to anybody.
        """
        low = bool(held) and held[0] < BASS_LINE_TOP
        return bool(self._pitches) and not low and now_s - self.low_s > ROOTLESS_S

    def range(self) -> tuple[int | None, int | None]:
        """The octaves in use: nine tenths of the newest keys."""
        if not self._pitches:
            return None, None
        ordered = sorted(self._pitches)
        return ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
