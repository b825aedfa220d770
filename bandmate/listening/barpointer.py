"""The bar-pointer filter: which tempo and which place in the pulse explain the onsets, frame by frame.

A hidden Markov model over (tempo, phase) run forwards only, after Whiteley, Cemgil and Godsill's bar
pointer and Krebs, Boeck and Widmer's state space; its onset templates have a fixed width in seconds and
are divided by their mean for each tempo, so that a doubled tempo pays for covering more of the time line.
Runs in the band process, once every `FRAME_S`; imports timing only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

import numpy as np
import numpy.typing as npt

from bandmate.timing import bpm_of, period_s

FRAME_S = 0.01  # one frame of the filter; a tempo is a whole number of frames a pulse
FASTEST_FRAMES, SLOWEST_FRAMES = 15, 260  # pulses of 0.15 s (400 bpm) to 2.6 s (23 bpm) have states
FREE_BPM = (48.0, 215.0)  # where we look when nobody counted in
HOME_BPM = 95.0  # the tempo we expect of strangers,
HOME_OCTAVES = 0.8  # and how sure we are of it
STIFFNESS = 110.0  # how unwilling a tempo is to change from pulse to pulse
LEAK = 2e-5  # share of the prior mixed in each frame, so that a lost tempo can come back
LEAD = 1.6  # how much heavier another tempo must be before we change to it
REOPEN, REOPEN_OCTAVES = 0.6, 0.15  # after a rest: how likely all may be new, and how near the old tempo
MISS = 0.02  # what an expected pulse without onset costs

# where onsets fall in a pulse: (phase, height); strong onsets sit on the pulse, weak ones anywhere
STRONG = ((0, 1.0), (1 / 2, 0.35), (1 / 4, 0.1), (3 / 4, 0.12), (1 / 3, 0.06), (2 / 3, 0.12))
WEAK = ((0, 0.6), (1 / 2, 0.6), (1 / 4, 0.25), (3 / 4, 0.25), (1 / 3, 0.12), (2 / 3, 0.2))
STRONG_THIRDS = ((0, 1.0), (1 / 3, 0.2), (2 / 3, 0.35), (1 / 6, 0.04), (1 / 2, 0.08), (5 / 6, 0.06))
WEAK_THIRDS = ((0, 0.6), (1 / 3, 0.5), (2 / 3, 0.6), (1 / 6, 0.12), (1 / 2, 0.15), (5 / 6, 0.15))

STRONG_EIGHTHS = ((0, 0.8), (1 / 2, 0.8), (1 / 4, 0.1), (3 / 4, 0.1))
# a counted pulse is known: notes around it, swung or straight, are no reason to doubt it
COUNTED = ((0, 1.0), (1 / 2, 0.45), (1 / 4, 0.12), (3 / 4, 0.2), (1 / 3, 0.12), (2 / 3, 0.4))
WEAK_COUNTED = ((0, 0.6), (1 / 2, 0.5), (1 / 4, 0.25), (3 / 4, 0.25), (1 / 3, 0.25), (2 / 3, 0.45))
# and where off-beats have turned out to swing, any ratio of swing explains them
SWUNG = (*COUNTED, (0.58, 0.4))
WEAK_SWUNG = (*WEAK_COUNTED, (0.58, 0.45))
TEMPLATES = {
    "counted": (COUNTED, WEAK_COUNTED),
    "swung": (SWUNG, WEAK_SWUNG),
    "halves": (STRONG, WEAK),
    "thirds": (STRONG_THIRDS, WEAK_THIRDS),
    "eighths": (STRONG_EIGHTHS, WEAK),
}

Peaks = tuple[tuple[float, float], ...]
Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Space:
    """Every state there is, tempo after tempo, and what each expects; shared, never written."""

    frames: Whole  # (tempi,) length of a pulse
    first: Whole  # (tempi + 1,) where each tempo's states begin
    cosine: Floats  # (states,) the phase on the circle
    sine: Floats
    phase: Floats  # (states,) 0..1
    strong: Floats  # (states,) likelihood of a strong onset here
    weak: Floats
    missed: Floats  # (states,) factor for a frame without onset


@lru_cache(maxsize=5)
def space(division: str) -> Space:
    """The states for a division: halves (simple meters), thirds (compound), eighths (odd), counted, swung."""
    frames = np.arange(FASTEST_FRAMES, SLOWEST_FRAMES + 1)
    first = np.concatenate([[0], np.cumsum(frames)])
    length = np.repeat(frames, frames)
    phase = (np.arange(first[-1]) - np.repeat(first[:-1], frames)) / length
    strong, weak = (_template(peaks, phase, frames, first) for peaks in TEMPLATES[division])
    turn = 2 * np.pi * phase
    columns = (np.cos(turn), np.sin(turn), phase, strong, weak, 1 - MISS * np.minimum(strong, 6))
    return Space(frames, first, *(column.astype(np.float32) for column in columns))


def _template(
    peaks: Peaks, phase: npt.NDArray[np.float64], frames: Whole, first: Whole
) -> npt.NDArray[np.float64]:
    """How likely an onset is at each phase: peaks of fixed width in seconds, mean 1 for every tempo."""
    pulse_s = np.repeat(frames, frames) * FRAME_S
    density = np.full(len(phase), 0.04)
    for place, height in peaks:
        distance_s = np.abs((phase - place + 0.5) % 1 - 0.5) * pulse_s
        density += height * np.exp(-0.5 * (distance_s / (0.018 + 0.012 * pulse_s)) ** 2)
    mean = np.add.reduceat(density, first[:-1]) / frames
    return density / np.repeat(mean, frames)


class BarPointer:
    """The belief over tempo and phase; `advance` it once a frame, then read the estimate."""

    def __init__(self, division: str = "halves") -> None:
        self.division = division
        self.space = space(division)
        self.period_s = period_s(HOME_BPM)  # of the winning tempo cluster
        self.phase = 0.0  # 0..1, of the frame's middle
        self.agreement = 0.0  # 0..1: mass that agrees on tempo and phase
        self.look(FREE_BPM, HOME_BPM, HOME_OCTAVES)

    def divide(self, division: str) -> None:
        """Expect onsets where another division of the pulse puts them; what is believed stays."""
        self.division, self.space = division, space(division)
        self._expect_onsets()

    def look(self, bpm: tuple[float, float], home_bpm: float, octaves: float) -> None:
        """Search pulses between two tempi, expecting `home_bpm` give or take `octaves`; belief is lost."""
        shortest, longest = (round(period_s(edge) / FRAME_S) for edge in (max(bpm), min(bpm)))
        low = min(max(shortest - FASTEST_FRAMES, 0), len(self.space.frames) - 9)
        high = min(max(longest - FASTEST_FRAMES + 1, low + 9), len(self.space.frames))
        self.tempi = self.space.frames[low:high]
        self.begin = self.space.first[low:high] - self.space.first[low]
        self._states = slice(self.space.first[low], self.space.first[high])
        self._expect_onsets()
        self.cosine, self.sine = self.space.cosine[self._states], self.space.sine[self._states]
        self.place = self.space.phase[self._states]
        self.end = self.begin + self.tempi - 1
        self._lengths: list[int] = self.tempi.tolist()
        self._edges: list[int] = [*self.begin.tolist(), len(self.place)]  # tempo i has states [i] to [i + 1]
        self._expect(home_bpm, octaves)

    def _expect_onsets(self) -> None:
        names = ("strong", "weak", "missed")
        self.strong, self.weak, self.missed = (getattr(self.space, name)[self._states] for name in names)

    def _expect(self, home_bpm: float, octaves: float) -> None:
        """The prior, the unwillingness to change tempo, and room to work in."""
        off = np.log2(self.tempi * FRAME_S / period_s(home_bpm)) / octaves
        liking = np.exp(-0.5 * off**2) + 1e-6
        ratio = self.tempi[None, :] / self.tempi[:, None]
        change = np.exp(-STIFFNESS * np.abs(ratio - 1)) * liking[None, :] ** 0.05
        self.change = (change / change.sum(1, keepdims=True)).astype(np.float32)  # (from, to)
        prior = np.repeat(liking / self.tempi, self.tempi)
        self.prior = (prior / prior.sum()).astype(np.float32)
        self.leaking = self.prior * np.float32(LEAK)
        self.belief = self.prior.copy()
        self._next = np.empty_like(self.belief)
        self._likelihood = np.empty_like(self.belief)
        self._part = np.empty_like(self.belief)
        self.mass = np.add.reduceat(self.belief, self.begin)  # (tempi,)

    def follow(self, bpm: tuple[float, float], home_bpm: float, octaves: float) -> None:
        """Search other tempi than before, but keep what is believed of those in both windows."""
        old, tempi, begin = self.belief, self.tempi, self.begin
        self.look(bpm, home_bpm, octaves)
        low, high = max(tempi[0], self.tempi[0]), min(tempi[-1], self.tempi[-1])
        if low > high:
            return
        length = int((low + high) * (high - low + 1) // 2)
        was, now = begin[low - tempi[0]], self.begin[low - self.tempi[0]]
        self.belief *= 1e-3
        self.belief[now : now + length] += old[was : was + length]
        self.belief /= self.belief.sum()
        self._estimate()

    def seed(self, pulse_s: float, phase: float, spread: float = 0.03) -> None:
        """Believe one tempo and phase (0..1, now), each give or take `spread` of a pulse."""
        pulse_s = self._known(pulse_s)
        length = np.repeat(self.tempi * FRAME_S, self.tempi)
        off = (self.place - phase + 0.5) % 1 - 0.5
        bump = np.exp(-0.5 * ((length / pulse_s - 1) / spread) ** 2 - 0.5 * (off / spread) ** 2)
        self.belief[:] = bump / bump.sum() * (1 - 1e-3) + self.prior * 1e-3
        self.period_s = pulse_s
        self._estimate()

    def reopen(self) -> None:
        """Somebody begins again after a rest: perhaps in another tempo, and likely on a pulse, now."""
        length = np.repeat(self.tempi * FRAME_S, self.tempi)
        off = (self.place + 0.5) % 1 - 0.5
        bump = np.exp(
            -0.5 * (np.log2(length / self._known(self.period_s)) / REOPEN_OCTAVES) ** 2
            - 0.5 * (off / 0.05) ** 2
        )
        self.belief *= 1 - REOPEN
        self.belief += bump / bump.sum() * REOPEN

    def _known(self, pulse_s: float) -> float:
        """The nearest pulse that has states: belief needs somewhere to stand."""
        return min(max(pulse_s, self._lengths[0] * FRAME_S), self._lengths[-1] * FRAME_S)

    def advance(self, onset: float, listening: bool) -> None:
        """One frame on; `onset` 0..1 is what was struck in it, and silence counts only while `listening`."""
        old, new = self.belief, self._next
        new[1:] = old[:-1]
        new[self.begin] = old[self.end] @ self.change
        if onset > 0.0:
            sure = min(onset, 0.97)
            np.multiply(self.strong, sure * sure, out=self._likelihood)
            np.multiply(self.weak, sure * (1 - sure), out=self._part)
            self._likelihood += self._part
            self._likelihood += 1 - sure + 1e-4
            new *= self._likelihood
        elif listening:
            new *= self.missed
        new *= (1 - LEAK) / float(np.add.reduce(new))
        new += self.leaking
        self.belief, self._next = new, old
        self._estimate()

    def _estimate(self) -> None:
        """The winning tempo cluster and the circular mean of phase inside it."""
        mass = self.mass
        np.add.reduceat(self.belief, self.begin, out=mass)
        best = self._winner(np.correlate(mass, _FIVE, "same"))
        low, high = max(best - 3, 0), min(best + 4, len(mass))
        near = mass[low:high]
        frames = sum(map(mul, near.tolist(), self._lengths[low:high]))
        self.period_s = frames / max(float(np.add.reduce(near)), 1e-12) * FRAME_S
        states = slice(self._edges[low], self._edges[high])
        belief = self.belief[states]
        x, y = float(belief @ self.cosine[states]), float(belief @ self.sine[states])
        self.agreement = min(math.hypot(x, y), 1.0)
        self.phase = math.atan2(y, x) / math.tau % 1.0

    def _winner(self, cluster: Floats) -> int:
        """The heaviest tempo cluster; another one than we follow must be clearly heavier."""
        best = int(cluster.argmax())
        frames, shortest = self.period_s / FRAME_S, self._lengths[0]
        if abs((shortest + best) / frames - 1) < 0.1:  # tempi are whole numbers in a row
            return best
        low, high = (max(math.ceil(frames * edge) - shortest, 0) for edge in (0.93, 1.07))
        ours = low + int(cluster[low:high].argmax()) if low < min(high, len(cluster)) else best
        return ours if cluster[ours] * LEAD > cluster[best] else best

    def bpm_spread(self) -> float:
        """How far the tempi that agree with the winner lie apart (standard deviation, pulses a minute)."""
        near = np.abs(self.tempi * FRAME_S / self.period_s - 1) < 0.1
        mass = self.mass[near]
        bpm = bpm_of(1.0) / (self.tempi[near] * FRAME_S)
        mean = float(mass @ bpm) / max(float(mass.sum()), 1e-12)
        return math.sqrt(max(float(mass @ (bpm - mean) ** 2) / max(float(mass.sum()), 1e-12), 0.0))

    def octaves(self) -> tuple[tuple[float, float], ...]:
        """(pulse_bpm, probability): the tempo we follow, then its likeliest relatives."""
        ratios = (1.0, 2.0, 0.5, 1.5, 2 / 3, 3.0, 1 / 3)
        found = []
        for ratio in ratios:
            frames = self.period_s / FRAME_S / ratio
            near = np.abs(self.tempi / frames - 1) < 0.06
            share = float(self.mass[near].sum()) if near.any() else 0.0
            if share > 0.01 or ratio == 1.0:
                found.append((bpm_of(frames * FRAME_S), min(share, 1.0)))
        return (found[0], *sorted(found[1:], key=lambda row: -row[1])[:2])


_FIVE = np.ones(5, np.float32)
