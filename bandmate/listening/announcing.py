"""When a pulse is announced: once, and when it is so near that a drummer would have to move.

Pure; imports events, timing.
"""

from __future__ import annotations

import math

from bandmate.events import Heard
from bandmate.timing import Meter, period_s

AHEAD_S = 0.05  # a pulse is announced so long before it falls
ANOTHER = 0.55  # of a pulse: one nearer to the last one is the same, foreseen better
ANOTHER_ODD = 0.4  # in 7/8 the last pulse of a bar is a short one


class Announcer:
    """Feed it every step; it says when there is a pulse to announce."""

    def __init__(self) -> None:
        self._told_s = -math.inf  # the newest pulse that was announced

    def announces(self, now_s: float, heard: Heard, meter: Meter) -> bool:
        """Whether the next pulse is announced in this step."""
        pulse_s, bpm = heard.next_pulse_s, heard.pulse_bpm
        if pulse_s is None or bpm is None or pulse_s > now_s + AHEAD_S:
            return False
        another = ANOTHER if meter.bar_beats % meter.pulse_beats == 0 else ANOTHER_ODD
        if pulse_s - self._told_s < another * period_s(bpm):
            return False
        self._told_s = pulse_s
        return True
