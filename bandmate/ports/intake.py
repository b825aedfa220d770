"""The ring between a microphone's callback and the ears: one writer, one reader, nobody waits.

The writer (the audio callback) only copies, and notes which moment of `perf_counter` its block belongs
to; the reader (the ears' main thread) falls behind or catches up, and counts what it missed.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from bandmate.ports.frameclock import FrameClock
from bandmate.ports.priority import take_priority

RING_S = 2.0  # so long may the ears be away before they miss something
PRIORITY = 50
Float = NDArray[np.float32]


class Intake:
    """Sound of some channels at a rate, from blocks of `block_frames`; frames are counted from the start."""

    def __init__(self, rate_hz: int, channels: int, block_frames: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.latency_s = 0.0  # from the microphone to the callback
        self.frames = 0  # written so far; only the callback writes
        self.stumbles = 0  # blocks that the device itself lost
        self.overruns = 0  # times that the reader came too late
        self._block = block_frames
        self._clock = FrameClock(rate_hz, block_frames)
        self._ring = np.zeros((round(RING_S * rate_hz), channels), np.float32)
        self._mark = (0, 0.0)  # a frame and its moment, replaced as one
        self._read = 0
        self._eager = True

    # -------------------------------------------------------------- the callback's side

    def fill(self, block: Float) -> None:
        """A block (frame, channel) has come, now."""
        if self._eager:
            self._eager = False
            take_priority(PRIORITY)
        first = self.frames
        self._clock.tick(time.perf_counter(), first)
        self._mark = (first, self._clock.time_at(first))
        size = len(self._ring)
        place = first % size
        until_end = min(len(block), size - place)
        self._ring[place : place + until_end] = block[:until_end]
        self._ring[: len(block) - until_end] = block[until_end:]
        self.frames = first + len(block)

    def stumble(self) -> None:
        """The device lost some: tie frames to moments anew."""
        self.stumbles += 1
        self._clock.reset()

    # -------------------------------------------------------------- the reader's side

    @property
    def waiting(self) -> int:
        """Frames that nobody has read yet."""
        return self.frames - self._read

    def read(self, most_frames: int) -> tuple[Float, float]:
        """What has come since the last time (frame, channel), and when its last frame ended.

        The moment is on `perf_counter`, minus the way from the microphone to the callback. A reader that
        stayed away too long goes on with what is new.
        """
        size = len(self._ring)
        if self.waiting > size - self._block:
            self._skip()
        first = self._read
        last = min(self.frames, first + most_frames)
        rows = np.arange(first, last) % size
        block = self._ring[rows]
        frame, moment_s = self._mark
        self._read = last
        if self.frames - first > size:  # overwritten while we read
            self._skip()
            block, last = block[:0], self._read
        return block, moment_s + (last - frame) / self.rate_hz - self.latency_s

    def _skip(self) -> None:
        self.overruns += 1
        self._read = self.frames
