"""The colour of a sound: how much of each pitch class is in it, and in its bass.

A long window, because a bass note's neighbours lie 2 Hz apart; peaks of its spectrum above a floor count,
each in the pitch class that it is nearest to, and less where it is a strong peak's overtone. The ears
process runs it; pure, imports its own room.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bandmate.listening.audio.tuning import A4, A4_HZ

WINDOW_S = 0.186  # of sound in a spectrum (8192 frames at 44.1 kHz)
LOW_HZ, HIGH_HZ = 98.0, 2000.0  # where chords lie
BASS_LOW_HZ, BASS_HIGH_HZ = 38.0, 190.0  # where their basses lie
TILT_HZ = 100.0  # higher sounds count less: with one over the square root of their height above this
FLOOR = 0.15  # shares of the strongest pitch class below this are noise and overtones
SILENT = 1e-4  # a spectrum without a peak above this share of full scale has no colour

Floats = npt.NDArray[np.float64]
Sound = npt.NDArray[np.float32]


class Colour:
    """Feed it the sound as it comes (any length); ask `hue` some twenty times a second."""

    def __init__(self, rate_hz: float) -> None:
        size = 2 ** round(math.log2(rate_hz * WINDOW_S))
        self._sound = np.zeros(size, np.float32)
        self._window = (np.hanning(size) * 4 / size).astype(np.float32)  # a full sine is 1
        hertz = np.fft.rfftfreq(size, 1 / rate_hz)
        self._band = _bins(hertz, LOW_HZ, HIGH_HZ)
        self._low = _bins(hertz, BASS_LOW_HZ, BASS_HIGH_HZ)
        self._tilt = np.sqrt(1 / np.sqrt(hertz[slice(*self._band)] / TILT_HZ))
        self._bin_hz = float(hertz[1])

    def hear(self, sound: Sound) -> None:
        """The newest sound."""
        sound = sound[-len(self._sound) :]
        if len(sound):
            self._sound = np.concatenate((self._sound[len(sound) :], sound))

    def hue(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Shares of the twelve pitch classes from C on, of everything and of the bass; nothing in silence."""
        spectrum = np.abs(np.fft.rfft(self._sound * self._window)[: self._band[1] + 1])
        if float(spectrum[slice(*self._band)].max()) < SILENT:
            return (), ()
        chroma = _classes(spectrum, self._band, self._bin_hz, self._tilt)
        bass = _classes(spectrum, self._low, self._bin_hz, None)
        return tuple(chroma.tolist()), tuple(bass.tolist())


def _bins(hertz: npt.NDArray[np.floating], low_hz: float, high_hz: float) -> tuple[int, int]:
    """The first bin between two frequencies, and the bin after the last."""
    inside = np.flatnonzero((hertz > low_hz) & (hertz < high_hz))
    return int(inside[0]), int(inside[-1]) + 1


def _classes(spectrum: Sound, band: tuple[int, int], bin_hz: float, tilt: Floats | None) -> Floats:
    """The peaks of a band by pitch class, as shares of the strongest, without what is weak."""
    first, after = band
    here, below, above = (spectrum[first + step : after + step] for step in (0, -1, 1))
    peak = np.flatnonzero((here > below) & (here >= above))
    if not len(peak):
        return np.zeros(12)
    bins = peak + first
    left, middle, right = np.log(spectrum[np.array((bins - 1, bins, bins + 1))] + 1e-12)
    curve = left - 2 * middle + right
    off = np.where(curve < 0, 0.5 * (left - right) / np.minimum(curve, -1e-9), 0.0)
    hertz = (bins + np.minimum(np.maximum(off, -0.5), 0.5)) * bin_hz
    pitch = np.rint(A4 + 12 * np.log2(hertz / A4_HZ)).astype(int)
    weight = here[peak] ** 2 if tilt is None else np.sqrt(here[peak]) * tilt[peak]
    shares = np.bincount(pitch % 12, weight, 12)
    found: Floats = np.maximum(shares / (shares.max() + 1e-12) - FLOOR, 0.0)
    return found
