"""Strokes: short sticks of sine that the mixer plays by itself, for the click and to try an output.

Owned by the audio callback (live) or one thread (offline). Imports only timing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandmate.timing import frames as frames_of

STROKE_S = 0.04
STROKE_HZ = {False: 1000.0, True: 1600.0}
Float = NDArray[np.float32]


class Strokes:
    """One voice of sticks: struck by the frame, played block by block."""

    def __init__(self, rate_hz: int, most_frames: int) -> None:
        self.sounding: list[tuple[Float, int]] = []  # each stroke, and the frame of it that comes next
        self._bus = np.zeros(most_frames, np.float32)
        self._sounds = {accent: _stroke(rate_hz, hz, accent) for accent, hz in STROKE_HZ.items()}

    def strike(self, offset: int, accent: bool) -> None:
        """A stroke `offset` frames into the next block."""
        self.sounding.append((self._sounds[accent], -offset))

    def play(self, frames: int) -> Float:
        """The next frames; the array is used again by the next call."""
        bus = self._bus[:frames]
        bus[:] = 0.0
        going = []
        for sound, start in self.sounding:
            into = max(0, -start)
            some = sound[max(0, start) : max(0, start + frames)]
            bus[into : into + len(some)] += some[: frames - into]
            if start + frames < len(sound):
                going.append((sound, start + frames))
        self.sounding = going
        return bus


def _stroke(rate_hz: int, hz: float, accent: bool) -> Float:
    """A short stick of sine, dying away."""
    place = np.arange(frames_of(STROKE_S, rate_hz)) / rate_hz
    sound = np.sin(2 * np.pi * hz * place) * np.exp(-place * 120) * (0.7 if accent else 0.5)
    return np.asarray(sound, np.float32)
