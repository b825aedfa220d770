"""Strokes in a microphone: how much louder, band by band, the sound became, a hundred times a second.

A causal spectral flux over bands of a sixth of an octave, in logarithms of what is loudest lately, so that
neither the level nor the room's hum matters; no band counts for more than `CAP`, so that a click in a few of
them is no chord. The ears process runs it; pure, imports events only.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bandmate.events import Attack

HOP_S = 0.01  # one value so often
WINDOW_S = 0.0232  # of sound in a spectrum: short, so that strokes stay apart (1024 frames at 44.1 kHz)
LOWEST_HZ, HIGHEST_HZ = 30.0, 16000.0
BANDS_AN_OCTAVE = 6
LOW_BELOW_HZ, MIDDLE_BELOW_HZ = 130.0, 2500.0  # kick and bass lie below, the snare's drum between
CONTRAST = 100.0  # a band counts from so many times (40 dB) below the loudest one
LOUDEST_S = 10.0  # how slowly the loudest band is forgotten
QUIETEST = 1e-4  # nothing below -80 dB of full scale is ever the loudest
CAP = 1.5  # the most that one band may rise in a hop, in natural logarithms
MEAN_S, OVER_MEAN = 1.0, 0.7  # a stroke must stand out of so much of the mean flux of this long
PEAK_S = 5.0  # how slowly the strongest stroke is forgotten
FAINTEST = 0.25  # a mean rise of the bands below this is never a full stroke: noise rises so much
FLOOR = 0.1  # strengths below this aren't sent
ACCENT_HOPS = 3  # a stroke fills the window within so many hops
LAG_S = 0.019  # strokes are seen so long after they began: measured, drums and keys within 3 ms
FORGET_LOUDEST, FORGET_PEAK = math.exp(-HOP_S / LOUDEST_S), math.exp(-HOP_S / PEAK_S)

Sound = npt.NDArray[np.float32]


class Strokes:
    """Feed it one hop of sound at a time; returns what was struck in it."""

    def __init__(self, rate_hz: float, port: str = "") -> None:
        self.port = port
        self.hop = hop_frames(rate_hz)
        size = 2 ** round(math.log2(rate_hz * WINDOW_S))
        self._window = (np.hanning(size + 2)[1:-1] * 4 / size).astype(np.float32)  # a full sine is 1
        self._sound = np.zeros(size, np.float32)
        self._edges, self._low, self._middle = bands(rate_hz, size)
        self._before = np.zeros(len(self._edges) - 1, np.float32)
        self._rises = np.zeros((ACCENT_HOPS, len(self._before)), np.float32)
        self._loudest = QUIETEST
        self._mean, self._peak = 0.0, FAINTEST

    def hear(self, hop: Sound, end_s: float, audible: bool = True) -> Attack | None:
        """`self.hop` frames that end at `end_s`; below the gate (not `audible`) nothing is a stroke."""
        rise = self._rise(hop, audible)
        strength = self._strength(float(np.add.reduce(rise) / np.float32(len(rise))), audible)
        self._rises[:-1] = self._rises[1:]
        self._rises[-1] = rise
        if not audible or strength < FLOOR:
            return None
        return Attack(end_s - LAG_S, strength, self._accent(), self.port)

    def _rise(self, hop: Sound, audible: bool) -> Sound:
        """How much louder each band became; natural logarithms, at most `CAP`."""
        self._sound[: -self.hop] = self._sound[self.hop :]
        self._sound[-self.hop :] = hop
        spectrum = np.abs(np.fft.rfft(self._sound * self._window))
        energy = np.add.reduceat(spectrum, self._edges)[:-1]
        if audible:
            self._loudest = max(float(energy.max()), self._loudest * FORGET_LOUDEST, QUIETEST)
        level = np.log1p(energy * (CONTRAST / self._loudest)).astype(np.float32, copy=False)
        rise: Sound = np.minimum(np.maximum(level - self._before, 0.0), CAP)
        self._before = level
        return rise

    def _strength(self, rise: float, audible: bool) -> float:
        """0..1: a mean rise over all bands, above the usual, beside the strongest lately."""
        self._mean += (rise - self._mean) * HOP_S / MEAN_S
        above = max(rise - OVER_MEAN * self._mean, 0.0)
        if audible:
            self._peak = max(above, self._peak * FORGET_PEAK, FAINTEST)
        return min(above / self._peak, 1.0)

    def _accent(self) -> float:
        """-1..1: how much more the low bands rose than the middle; a snare does the opposite."""
        rises = self._rises.sum(0)
        return min(max(float(rises[self._low].mean() - rises[self._middle].mean()), -1.0), 1.0)


def hop_frames(rate_hz: float) -> int:
    """How many frames of sound there are in a hop."""
    return round(rate_hz * HOP_S)


def bands(
    rate_hz: float, size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """First bin of each band and the bin after the last; which bands are low, which in the middle."""
    bin_hz = rate_hz / size
    edges = [max(math.ceil(LOWEST_HZ / bin_hz), 1)]
    while edges[-1] < min(HIGHEST_HZ / bin_hz, size / 2):
        edges.append(max(edges[-1] + 1, round(edges[-1] * 2 ** (1 / BANDS_AN_OCTAVE))))
    edges[-1] = min(edges[-1], size // 2)
    first_hz = np.array(edges[:-1]) * bin_hz
    low = first_hz < LOW_BELOW_HZ
    return np.array(edges), low, ~low & (first_hz < MIDDLE_BELOW_HZ)
