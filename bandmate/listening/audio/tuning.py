"""Keys and their frequencies, tuned to 440 Hz. Pure; imports nothing of ours."""

from __future__ import annotations

import math

A4, A4_HZ = 69, 440.0


def hertz(pitch: float) -> float:
    """The frequency of a key."""
    return float(A4_HZ * 2 ** ((pitch - A4) / 12))


def semitones(hz: float) -> float:
    """The key of a frequency, with what lies between two keys."""
    return A4 + 12 * math.log2(hz / A4_HZ)
