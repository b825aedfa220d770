"""The limiter: nothing leaves above the ceiling, and how often it had to work is counted.

Pure numpy, owned by the audio callback. A look-ahead of one step: within a step the gain moves in
a straight line between two values that both are low enough for that step, so the ceiling holds
exactly, without clipping.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP_FRAMES = 32  # the look-ahead, and the delay that it costs
CEILING = float(10 ** (-1 / 20))  # -1 dBFS
RELEASE_S = 0.12
Float = NDArray[np.float32]


class Limiter:
    """Holds a stereo bus below the ceiling; blocks are whole steps long."""

    def __init__(self, rate_hz: int) -> None:
        self.worked = 0  # blocks in which the gain had to go down
        self._recover = 1 - float(np.exp(-STEP_FRAMES / (RELEASE_S * rate_hz)))
        self._gain = 1.0
        self._waiting = np.zeros((2, STEP_FRAMES), np.float32)  # the step that hasn't left yet
        self._ramp = (np.arange(1, STEP_FRAMES + 1, dtype=np.float32) / STEP_FRAMES)[None, :]

    def limit(self, sound: Float) -> None:
        """Limit `sound` (side, frame) in place; it leaves STEP_FRAMES later than it came."""
        frames = sound.shape[1]
        joined = np.concatenate((self._waiting, sound), axis=1)
        self._waiting[:] = sound[:, frames - STEP_FRAMES :]
        sound[:] = joined[:, :frames]
        if self._gain == 1.0 and max(joined.max(), -joined.min()) <= CEILING:
            return
        self._turn_down(sound, joined)

    def _turn_down(self, sound: Float, joined: Float) -> None:
        peaks = np.abs(joined).max(axis=0).reshape(-1, STEP_FRAMES).max(axis=1)
        allowed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
        self.worked += bool(allowed.min() < 1.0)
        for step in range(len(allowed) - 1):
            before = self._gain
            recovered = before + (1.0 - before) * self._recover
            recovered = 1.0 if recovered > 0.9999 else recovered
            self._gain = float(min(allowed[step], allowed[step + 1], recovered))
            part = sound[:, step * STEP_FRAMES : (step + 1) * STEP_FRAMES]
            part *= before + (self._gain - before) * self._ramp
        np.clip(sound, -CEILING, CEILING, out=sound)  # only what float rounding leaves over
