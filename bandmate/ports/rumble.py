"""Rumble: what nobody hears below the lowest bass note, taken out before it eats headroom.

Some recordings in soundfonts lean to one side (the warm pad that we ship has two thirds of its power below
20 Hz); they thump when a fader moves and push loudspeakers about. Pure numpy, owned by the audio callback
(live) or one thread (offline).
"""

from __future__ import annotations

import numpy as np

from bandmate.ports.strokes import Float
from bandmate.timing import frames as frames_of

CHUNK_FRAMES = 64
CUT_HZ = 10.0  # 3 dB less here; E1, the low E of a bass, loses a quarter of a dB


class Rumble:
    """A high-pass of the first order on rows of sound, whole chunks at a time.

    What it takes away is a leaky average: v[n] = a v[n-1] - (1 - a) x[n], y = x + v.
    """

    def __init__(self, rate_hz: int, shape: tuple[int, ...]) -> None:
        leak = float(np.exp(-2 * np.pi * CUT_HZ / frames_of(1.0, rate_hz)))
        place = np.arange(CHUNK_FRAMES)
        behind = place[:, None] - place[None, :]
        past = np.where(behind >= 0, leak ** np.maximum(behind, 0), 0.0)
        self._within = np.asarray(-(1 - leak) * past.T, np.float32)  # (frame before, frame)
        self._onward = np.asarray(leak ** (place + 1), np.float32)  # what the former chunk leaves
        self._state = np.zeros(shape, np.float32)

    def remove(self, sound: Float) -> None:
        """Take it out of `sound` (..., frame) in place."""
        for first in range(0, sound.shape[-1], CHUNK_FRAMES):
            chunk = sound[..., first : first + CHUNK_FRAMES]
            average = chunk @ self._within + self._state[..., None] * self._onward
            chunk += average
            self._state = average[..., -1]
