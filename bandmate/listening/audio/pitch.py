"""Which note one voice, horn or string sounds: a monophonic pitch track, some 170 values a second.

Pure (sound in, numbers out); the ears process runs it. Imports aubio and numpy, nothing of ours; the
band's process must not import it.

aubio's `yinfast` listens through several windows. The shortest that is sure answers, a longer one serves
low notes and noisy rooms: so a flute is named in some 20 ms and a bass still rightly. YIN (de Cheveigné
and Kawahara, JASA 111, 2002) takes the first dip of its difference function; where a strong second or
third harmonic makes that an octave or a twelfth too high, we compare the sound with itself one, two and
three periods earlier, and take the longer period if it explains clearly more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import aubio
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # mono, 1 is full scale
Stamp = tuple[float, float, float]  # seconds since the start, hertz (0: no pitch), confidence 0..1

RATE_HZ = 44100  # the sizes below are meant for about this rate, and doubled or halved for others
HOP = 256  # frames between two values
DIP = 0.2  # YIN's threshold: 0.3 hears octaves above, 0.1 loses notes 10 dB above the noise
LOUDEST = 8.0  # times full scale: a broken driver sends more, and its squares overflow
SILENCE_DB = -120.0
GATE_DB = -60.0  # below this (a full-scale sine is 0) nobody plays
TAIL_DB = -34.0  # below the loudest of late it is only the room that rings
FORGET_DB_S = 6.0  # how fast the loudest of late is forgotten
EXPLAINS = 0.3  # a longer period must leave at most so much of what the shorter one leaves,
WORTH = 0.06  # and explain at least so much of the whole
FINEST = 18  # periods of fewer frames than this fall between the frames, and cannot be compared
OCTAVE = 2.0 ** (11.4 / 12)  # a leap as wide as this is doubted,
RECENT_S = 0.1  # so soon after the last pitch:
PATIENCE = 6  # two notes that overlap have a common period far below both, for some hops
DOUBT = 0.9  # a surer one is believed at once


@dataclass(frozen=True, slots=True)
class Window:
    """One window of aubio's: its length, the lowest pitch it can tell and how sure it must be."""

    frames: int
    from_hz: float
    sure: float


WINDOWS = (Window(512, 300.0, 0.8), Window(1024, 130.0, 0.8), Window(2048, 48.0, 0.75))
DEEP = Window(4096, 22.0, 0.75)
DEEP_BELOW_HZ = 80.0  # only a range that begins below this needs the deep window


def clean(block: Sound) -> Sound:
    """Sound without what no microphone hears: not-a-numbers are silent, and the absurdly loud is clipped."""
    sound = np.asarray(block, np.float32)
    if float(np.abs(sound).max(initial=0.0)) <= LOUDEST:  # false with any not-a-number
        return sound
    return np.clip(np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)


class PitchTracker:
    """Follows one voice between two pitches (hertz)."""

    def __init__(self, rate_hz: float, low_hz: float, high_hz: float, gate_db: float = GATE_DB) -> None:
        scale = 2.0 ** round(math.log2(rate_hz / RATE_HZ))
        self.rate_hz, self.low_hz, self.high_hz, self.gate_db = rate_hz, low_hz, high_hz, gate_db
        self.hop = round(HOP * scale)
        self.level_db = SILENCE_DB
        self._yins: list[tuple[Window, int, Any]] = []
        for window in WINDOWS + ((DEEP,) if low_hz < DEEP_BELOW_HZ else ()):
            frames = round(window.frames * scale)
            yin = aubio.pitch("yinfast", frames, frames, round(rate_hz))
            yin.set_unit("Hz")
            yin.set_tolerance(DIP)
            yin.set_silence(SILENCE_DB)  # the gate is ours
            self._yins.append((window, frames, yin))
        self._past = np.zeros(self._yins[-1][1], np.float32)
        self._frames = 0
        self._loudest_db = SILENCE_DB
        self._last_hz, self._last_s, self._doubts = 0.0, -1.0, 0

    def hear(self, block: Sound) -> list[Stamp]:
        """One hop of sound; returns the pitch in the middle of the window that could tell it."""
        sound = clean(block)
        self._frames += len(sound)
        self._past = np.concatenate((self._past[len(sound) :], sound))
        self._weigh()
        hz, sure, frames = self._listen() if self.sounding else (0.0, 0.0, self._yins[-1][1])
        time_s = (self._frames - frames / 2) / self.rate_hz
        if hz:
            hz = self._believed(self._octave(hz), sure, time_s)
        return [(time_s, hz if self.low_hz <= hz <= self.high_hz else 0.0, sure)]

    @property
    def sounding(self) -> bool:
        """Whether it is loud enough to be played, not only the room that rings."""
        return self.level_db >= max(self.gate_db, self._loudest_db + TAIL_DB)

    def _weigh(self) -> None:
        """Take the level of the newest two hops, as that of a sine."""
        newest = self._past[-2 * self.hop :]
        power = float(newest @ newest) / len(newest) - float(newest.sum() / len(newest)) ** 2
        loud = math.sqrt(max(2 * power, 0.0))
        self.level_db = 20 * math.log10(max(loud, 1e-6))
        if self._frames >= 2 * self.hop:  # before that, a constant looks like a blow
            forgotten_db = self._loudest_db - FORGET_DB_S * self.hop / self.rate_hz
            self._loudest_db = max(self.level_db, forgotten_db)

    def _listen(self) -> tuple[float, float, int]:
        """Ask the windows, the shortest first: pitch (0: none is sure), confidence, length in frames."""
        sure, frames = 0.0, 0
        for window, frames, yin in self._yins:
            hz = float(yin(self._past[-frames:])[0])
            sure = float(yin.get_confidence())
            if sure >= window.sure and hz >= window.from_hz:
                return hz, sure, frames
        return 0.0, sure, frames

    def _octave(self, hz: float) -> float:
        """The pitch, or the octave or twelfth below, if only that explains the sound."""
        first = self._unlike(hz) if self.rate_hz / hz > FINEST else 0.0
        if first < WORTH:
            return hz
        return next(
            (
                hz / times
                for times in (2, 3)
                if self._unlike(hz / times) < min(EXPLAINS * first, first - WORTH)
            ),
            hz,
        )

    def _unlike(self, hz: float) -> float:
        """How little the newest sound is like itself one period earlier: 0 the same, 1 unrelated."""
        period = self.rate_hz / hz
        lag = int(period)
        span = max(2 * lag, 2 * self.hop)
        if span + lag + 1 > len(self._past):
            return 1.0
        now, then = self._past[-span:], self._past[-span - lag : -lag]
        before = self._past[-span - lag - 1 : -lag - 1]
        least = 1.0
        for share in (0.0, period - lag, 1.0):
            once = then + np.float32(share) * (before - then)
            change = now - once
            least = min(least, float(change @ change) / (float(now @ now + once @ once) + 1e-12))
        return least

    def _believed(self, hz: float, sure: float, time_s: float) -> float:
        """The pitch, or 0 while a sudden leap of an octave or more may be two notes that overlap."""
        leap = self._last_hz / max(hz, 1.0)
        doubtful = leap > OCTAVE and time_s - self._last_s < RECENT_S and sure < DOUBT
        self._doubts = self._doubts + 1 if doubtful else 0
        if doubtful and self._doubts <= PATIENCE:
            return 0.0
        self._last_hz, self._last_s = hz, time_s
        return hz
