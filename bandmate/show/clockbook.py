"""The book of the clock: how the band's clock went beside what the listener heard, for `summary.json`.

Three layers are kept apart: what is heard (it may jump), the clock that the band plays by, and the scheduler
(`late`, `dropped`). This book compares the first two. Filled by `rehearsal.py` in the caller's process;
imports the bottom layer only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bandmate.events import FixedBeat, Heard
from bandmate.timing import period_s


class ClockBook:
    """Steps, beats and tempi of one performance while the band was playing."""

    def __init__(self) -> None:
        self.reentries = 0  # how often the clock jumped
        self._steps = self._locked = 0
        self._rungs: Counter[str] = Counter()
        self._off_s: list[float] = []  # the clock's beats beside the pulses heard
        self._bpm: float | None = None
        self._home_bpm = 0.0
        self._turn = 0.0  # the largest change of tempo at once, as a share of it

    def book(
        self, heard: Heard, beats: Sequence[FixedBeat], pulse_beats: float, bpm: float, home_bpm: float,
        rung: str,
    ) -> None:  # fmt: skip
        """One step: what was heard, the beats that became final, the clock's tempo and what it went by."""
        self._steps += 1
        self._locked += heard.state == "locked"
        self._rungs[rung] += 1
        if self._bpm is not None and home_bpm == self._home_bpm:  # else somebody set it
            self._turn = max(self._turn, abs(bpm / self._bpm - 1))
        self._bpm, self._home_bpm = bpm, home_bpm
        if heard.next_pulse_s is None or heard.pulse_bpm is None:
            return
        pulse_s = period_s(heard.pulse_bpm)
        for beat in beats:
            if abs(beat.beat / pulse_beats - round(beat.beat / pulse_beats)) > 1e-6:
                continue
            off_s = (beat.time_s - heard.next_pulse_s) % pulse_s
            self._off_s.append(min(off_s, pulse_s - off_s))

    def figures(self) -> dict[str, Any]:
        """The `clock` of the summary; None for what there was nothing of."""
        off_ms = sorted(1000 * off_s for off_s in self._off_s)
        return {
            "locked": self._locked / self._steps if self._steps else None,
            "off_ms": {"p50": quantile(off_ms, 0.5), "p95": quantile(off_ms, 0.95)},
            "largest_tempo_step": self._turn,
            "reentries": self.reentries,
            "rungs": {rung: count / self._steps for rung, count in sorted(self._rungs.items())},
        }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which a share of sorted values lies (nearest rank); None of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
