"""When something is struck, plucked, blown or sung anew: the onsets in one microphone.

Pure (sound in, times out); the ears process runs it. Imports aubio and numpy, nothing of ours; the band's
process must not import it.

Two detectors share the work. Ours is log-band flux in quarter tones: how much louder each band is than
its neighbourhood two hops before (SuperFlux, Böck and Widmer, DAFx 2013), so that vibrato is no onset.
Each band is weighed against the loudest of late and against its own noise, so the room and the gain hardly
matter. aubio's `specflux` adds quick and quiet strokes in dense playing that ours takes for one.
"""

from __future__ import annotations

import math
from collections import deque

import aubio
import numpy as np
from numpy.typing import NDArray

from bandmate.listening.audio.pitch import HOP, RATE_HZ, Sound, clean

WINDOW = 1024  # frames at about 44.1 kHz
BANDS_AN_OCTAVE, LOWEST_HZ, HIGHEST_HZ = 24, 30.0, 15000.0
LAG = 2  # hops between the two spectra compared
DYNAMICS = 300.0  # a band so many times below the loudest counts for half
ABOVE_NOISE = 3.0  # and so does one so many times above its noise
FORGET_DB_S = 4.0  # how fast the loudest band of late is forgotten
NOISE_UP_DB_S = 2.0  # how fast a band's noise is believed to rise
NOISE_DOWN = 0.05  # and what share of the way it falls in a hop
QUIETEST = 1e-5  # no band's loudness counts below this; 1 is a full-scale sine
RISE = 1.5  # flux that an onset needs above the usual of the last hops:
USUAL_HOPS = 12  # their median, and
MEAN_SHARE = 0.6  # this share of their mean
GAP_S = 0.025  # between two onsets of ours
BOTH_S = 0.03  # closer than this, ours and aubio's are one
HINT = 1.5  # flux that must bear out an onset of aubio's
PEAK_HOPS = 3  # so long the flux of our own last onset may still fall
AUBIO_RISE = 0.2  # its threshold: lower takes swells for strokes
LEVELLED = 0.1  # aubio listens to sound whose loudest band is brought to this,
LEVEL_DB_S = 1.0  # by a gain that rises no faster than this
MEMORY = 64  # hops of flux that are kept
CENTRE_S = 0.018  # an onset is found when it reaches the middle of the window


class OnsetDetector:
    """Finds onsets; `one_voice` is left to our flux alone, which is cheaper and as good there."""

    def __init__(self, rate_hz: float, one_voice: bool = False) -> None:
        scale = 2.0 ** round(math.log2(rate_hz / RATE_HZ))
        self.rate_hz = rate_hz
        self.hop, window = round(HOP * scale), round(WINDOW * scale)
        self._aubio = None if one_voice else aubio.onset("specflux", window, self.hop, round(rate_hz))
        if self._aubio is not None:
            self._aubio.set_minioi_ms(30)
            self._aubio.set_threshold(AUBIO_RISE)
        self._taper = (np.hanning(window) * 4 / window).astype(np.float32)
        self._bank = quarter_tones(window, rate_hz)  # (window / 2 + 1, bands)
        bands = self._bank.shape[1]
        self._past = np.zeros(window, np.float32)
        self._wide = [np.zeros(bands, np.float32)] * LAG  # (bands,), the oldest first
        self._noise = np.zeros(bands, np.float32)
        self._flux = deque([0.0] * MEMORY, MEMORY)
        self._hops, self._peak_hop = 0, -MEMORY
        self._loudest = self._levelled = QUIETEST
        self._fade = self._db(-FORGET_DB_S)
        self._calm = self._db(-LEVEL_DB_S)
        self._noise_up = self._db(NOISE_UP_DB_S)
        self._last_s = -1.0

    def hear(self, block: Sound) -> list[float]:
        """One hop of sound; returns when something began, in seconds since the start."""
        sound = clean(block)
        self._past = np.concatenate((self._past[len(sound) :], sound))
        self._hops += 1
        self._flux.append(self._change())
        found = []
        if self._peaks():
            found.append((self._hops - 1) * self.hop / self.rate_hz - CENTRE_S)
        if self._aubio is not None:
            gain = np.float32(LEVELLED / self._levelled)
            if self._aubio(sound * gain)[0] and self._hinted(self._aubio.get_last_s()):
                found.append(float(self._aubio.get_last_s()))
        return [time_s for time_s in found if self._is_new(time_s)]

    def _db(self, db_s: float) -> float:
        """What a change of some decibels a second makes in one hop."""
        return float(10 ** (db_s * self.hop / self.rate_hz / 20))

    def _change(self) -> float:
        """How much louder the bands have become since two hops ago: the flux, in bands times ten."""
        bands = np.abs(np.fft.rfft(self._past * self._taper)).astype(np.float32) @ self._bank
        top = float(bands.max())
        self._loudest = max(top, self._loudest * self._fade, QUIETEST)
        self._levelled = max(top, self._levelled * self._calm, QUIETEST)
        self._hush(bands)
        against = np.maximum(self._loudest / DYNAMICS, ABOVE_NOISE * self._noise)
        loud = np.log10(1 + bands / against)
        rise = float(np.maximum(loud - self._wide[0], 0).sum())
        wide = loud.copy()
        np.maximum(wide[1:], loud[:-1], out=wide[1:])
        np.maximum(wide[:-1], loud[1:], out=wide[:-1])
        self._wide = [*self._wide[1:], wide]
        return rise if self._hops * self.hop > len(self._past) + LAG * self.hop else 0.0

    def _hush(self, bands: NDArray[np.float32]) -> None:
        """Follow each band's noise: quickly down, slowly up."""
        if self._hops * self.hop <= len(self._past):
            self._noise = bands
        lower = self._noise + NOISE_DOWN * (bands - self._noise)
        self._noise = np.maximum(np.where(bands < self._noise, lower, self._noise * self._noise_up), QUIETEST)

    def _peaks(self) -> bool:
        """Whether the flux peaked one hop ago, clear of what it did before."""
        flux = list(self._flux)
        usual, peak = sorted(flux[-2 - USUAL_HOPS : -1]), flux[-2]
        if peak < max(flux[-4:]):
            return False
        found = peak > RISE + usual[USUAL_HOPS // 2] + MEAN_SHARE * sum(usual) / len(usual)
        if found:
            self._peak_hop = self._hops - 1
        return found

    def _hinted(self, time_s: float) -> bool:
        """Whether our flux shows at least something where aubio found an onset."""
        ago = self._hops - round((time_s + CENTRE_S) * self.rate_hz / self.hop)
        first = max(MEMORY - ago - 5, MEMORY - (self._hops - self._peak_hop) + PEAK_HOPS, 0)
        nearby = list(self._flux)[first : max(MEMORY - ago + 5, 1)]
        return max(nearby, default=0.0) >= HINT

    def _is_new(self, time_s: float) -> bool:
        """Whether an onset is not the last one again; remembers it if so."""
        gap_s = GAP_S if self._aubio is None else BOTH_S
        if time_s < self._last_s + gap_s:
            return False
        self._last_s = time_s
        return True


def quarter_tones(window: int, rate_hz: float) -> NDArray[np.float32]:
    """Triangular bands a quarter tone apart, as wide as one bin of the spectrum at least.

    Returns weights of shape (window / 2 + 1, bands), those of each band adding up to 1.
    """
    count = int(BANDS_AN_OCTAVE * math.log2(min(HIGHEST_HZ, 0.45 * rate_hz) / LOWEST_HZ)) + 3
    centres_hz = LOWEST_HZ * 2 ** (np.arange(count) / BANDS_AN_OCTAVE)
    bins = np.unique(np.clip(np.round(centres_hz * window / rate_hz).astype(int), 1, window // 2))
    at = np.arange(window // 2 + 1)
    bank = [np.interp(at, bins[band : band + 3], (0, 1, 0)) for band in range(len(bins) - 2)]
    return np.array([weights / weights.sum() for weights in bank], np.float32).T.copy()
