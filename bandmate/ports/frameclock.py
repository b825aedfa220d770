"""The frame clock: which audio frame belongs to which moment of `perf_counter`.

A delay-locked loop over the callback's own stamps (Fons Adriaensen, "Using a DLL to filter time",
LAC 2005), re-seeded after an xrun. Owned by the audio callback; pure arithmetic.
"""

from __future__ import annotations

import math

BANDWIDTH_HZ = 0.5
LARGEST_ERROR_S = 0.05  # beyond that something happened, and we begin anew


class FrameClock:
    """Frame `frame` of a stream is handed over at `time_s`, jitter filtered out."""

    def __init__(self, rate_hz: float, block_frames: int) -> None:
        self.period_s = block_frames / rate_hz
        self.block_frames = block_frames
        omega = 2 * math.pi * BANDWIDTH_HZ * self.period_s
        self._quick, self._slow = math.sqrt(2) * omega, omega * omega
        self._frame = 0
        self._time_s: float | None = None
        self._next_s = 0.0
        self._step_s = self.period_s

    def reset(self) -> None:
        """Begin anew with the next block."""
        self._time_s = None

    def tick(self, now_s: float, frame: int) -> None:
        """A block that begins with `frame` is asked for now."""
        error_s = now_s - self._next_s
        if self._time_s is None or abs(error_s) > LARGEST_ERROR_S:
            self._step_s = self.period_s
            self._time_s, self._next_s = now_s, now_s + self.period_s
        else:
            self._time_s = self._next_s
            self._next_s += self._quick * error_s + self._step_s
            self._step_s += self._slow * error_s
        self._frame = frame

    def frame_at(self, time_s: float) -> int:
        """The frame that is handed over at a moment."""
        if self._time_s is None:
            return self._frame
        span_s = self._next_s - self._time_s
        return self._frame + round((time_s - self._time_s) / span_s * self.block_frames)

    def time_at(self, frame: int) -> float:
        """The moment at which a frame is handed over; 0 before the first block."""
        if self._time_s is None:
            return 0.0
        return self._time_s + (frame - self._frame) / self.block_frames * (self._next_s - self._time_s)
