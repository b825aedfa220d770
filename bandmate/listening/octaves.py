"""The octave judge: a slow second opinion on which of the related pulses people would tap.

The bar pointer finds a grid quickly, but often its double, its half or its off-beats. The judge looks
back over some ten seconds of strokes and compares the relatives of the pulse we follow by what a
listener hears: where bass, kick, snare and new harmony fall, how much happens in a pulse, how every
second pulse differs from its neighbour, and how fast people tap. The weights were fitted on human
performances (`bandmate.bench.fit_octaves`). Runs in the band process, twice a second; imports events only.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bandmate.events import Attack, Hue, NoteOn
from bandmate.listening.accents import DRUM_CHANNEL, KICKS, SNARES
from bandmate.listening.octave_weights import KEYS, MICROPHONES
from bandmate.timing import bpm_of

MEMORY_S = 10.0  # strokes fade from the evidence with this time constant,
OLDEST_S = 30.0  # and after this they are gone
TOGETHER_S = 0.035  # keys struck within this are one stroke
HARMONY_S = 1.5  # how long a tone stays in the ear
NEW_WITHIN_S = 0.25  # so long after a stroke a new colour is its own
NEW_TONE = 0.15  # fainter than this in the ear, a tone is new
LOW_BELOW = 52
LONGEST_S = 1.0  # a stroke longer than this is long, and no longer
TAPPED_BPM = (38.0, 212.0)  # slower or faster nobody taps

# the relatives of a pulse: pulses of theirs in one of ours, and where in ours they begin to count
RELATIVES = (
    (1.0, 0.0), (1.0, 1 / 2), (2.0, 0.0), (2.0, 1 / 2), (1 / 2, 0.0), (1 / 2, 1 / 2), (3.0, 0.0),
    (1 / 3, 0.0), (1 / 3, 1 / 3), (1 / 3, 2 / 3), (3 / 2, 0.0), (3 / 2, 1 / 2), (2 / 3, 0.0), (2 / 3, 1 / 3),
    (2 / 3, 2 / 3), (4 / 3, 0.0), (4 / 3, 1 / 3), (4 / 3, 2 / 3), (3 / 4, 0.0), (3 / 4, 1 / 4),
    (3 / 4, 1 / 2), (3 / 4, 3 / 4),
)  # fmt: skip
RATIOS = np.array([ratio for ratio, _ in RELATIVES])
SHIFTS = np.array([shift for _, shift in RELATIVES])

KINDS = ("stroke", "low", "kick", "snare", "cymbal", "change", "long", "wide")
PLACES = ("pulse", "half", "quarter", "third")
HUMPS_BPM = (45, 55, 65, 78, 92, 110, 130, 155, 185, 220)  # how well each tempo is liked,
HUMP_OCTAVES = 0.22  # in humps of this width
OF_DRUMS = (
    *(f"stroke {place}" for place in PLACES), *(f"long {place}" for place in PLACES), "filled pulses",
    "filled halves", "filled both", "stroke rate", "stroke rate squared", "stroke turn", "stroke long turn",
)  # fmt: skip
PLAIN = (
    *(f"{kind} {place}" for kind in KINDS for place in PLACES),
    *(f"{kind} turn" for kind in KINDS[:7]), *(f"{kind} long turn" for kind in KINDS[:7]),
    *(f"{kind} rate" for kind in KINDS), *(f"{kind} rate squared" for kind in KINDS),
    "filled pulses", "filled halves", "filled both",
)  # fmt: skip
EVIDENCE = (
    *PLAIN,
    *(f"{bpm} bpm" for bpm in HUMPS_BPM),
    *(f"{bpm} bpm, drums" for bpm in HUMPS_BPM),
    *(f"{name}, drums" for name in OF_DRUMS),
)

Floats = npt.NDArray[np.float64]
_DRUM_COLUMNS = [PLAIN.index(name) for name in OF_DRUMS]
_HUMPS = np.log2(np.array(HUMPS_BPM, float))
_KEYS, _MICROPHONES = (np.array([table.get(name, 0.0) for name in EVIDENCE]) for table in (KEYS, MICROPHONES))


@dataclass(slots=True)
class Stroke:
    """Keys struck together: when, at which pulse count, and how much of each of `KINDS` it is."""

    time_s: float
    count: float
    marks: Floats = field(default_factory=lambda: np.zeros(len(KINDS)))
    drums: bool = False
    by_ear: bool = False  # in a microphone


class OctaveJudge:
    """Remembers the last strokes on the pulse we follow, and weighs the relatives of that pulse."""

    def __init__(self) -> None:
        self.strokes: deque[Stroke] = deque(maxlen=400)
        self._ear = np.zeros(12)  # how much of each pitch class still sounds in the ear
        self._ear_s = 0.0

    def strike(self, note: NoteOn, count: float) -> None:
        """A key was struck at a pulse count (with its fraction)."""
        marks = self._together(note.time_s, count).marks
        loud = 0.3 + 0.7 * note.velocity / 127
        marks[0] = max(marks[0], loud)
        if note.channel == DRUM_CHANNEL:
            self.strokes[-1].drums = True
            kind = 2 if note.pitch in KICKS else 3 if note.pitch in SNARES else 4
            marks[kind] = max(marks[kind], loud * loud if kind == 3 else loud)
            return
        if note.pitch < LOW_BELOW:
            marks[1] = max(marks[1], loud)
        self._sound(note, loud, marks)

    def hear(self, attack: Attack, count: float) -> None:
        """Something was struck in a microphone; its accent stands for kick (or bass) and snare."""
        marks = self._together(attack.time_s, count).marks
        self.strokes[-1].by_ear = True
        marks[0] = max(marks[0], attack.strength)
        marks[1] = max(marks[1], attack.accent)
        marks[3] = max(marks[3], -attack.accent)

    def colour(self, hue: Hue) -> None:
        """What sounds in a microphone: tones that are new belong to the last stroke."""
        if not hue.chroma or not self.strokes:
            return
        self._ear *= math.exp(-max(hue.time_s - self._ear_s, 0.0) / HARMONY_S)
        self._ear_s = max(hue.time_s, self._ear_s)
        chroma = np.array(hue.chroma)
        if hue.time_s - self.strokes[-1].time_s < NEW_WITHIN_S:
            self.strokes[-1].marks[5] += float(np.maximum(chroma - self._ear, 0.0).sum())
        np.maximum(self._ear, chroma, out=self._ear)

    def _together(self, time_s: float, count: float) -> Stroke:
        """The stroke that something struck at `time_s` belongs to: the last one, or a new one."""
        if self.strokes and time_s - self.strokes[-1].time_s <= TOGETHER_S:
            return self.strokes[-1]
        if self.strokes:
            last = self.strokes[-1]
            last.marks[6] = min(time_s - last.time_s, LONGEST_S) * last.marks[0]
        self.strokes.append(Stroke(time_s, count))
        self._ear *= math.exp(-max(time_s - self._ear_s, 0.0) / HARMONY_S)
        self._ear_s = time_s
        return self.strokes[-1]

    def _sound(self, note: NoteOn, loud: float, marks: Floats) -> None:
        """Mark whether the tone is new, and how many sound together."""
        tone = note.pitch % 12
        if self._ear[tone] < NEW_TONE:
            marks[5] += loud
        self._ear[tone] = max(self._ear[tone], loud)
        marks[7] += 1.0

    def recount(self, was: tuple[float, float], now: tuple[float, float]) -> None:
        """The pulse we follow became another one: (count now, pulse in seconds) before and after.

        A relative keeps the places of all strokes; anything else is counted back from now.
        """
        ratio = was[1] / now[1]
        nearest = float(RATIOS[np.abs(np.log(RATIOS / ratio)).argmin()])
        step = nearest if abs(np.log(ratio / nearest)) < 0.1 else ratio
        for stroke in self.strokes:
            stroke.count = now[0] + (stroke.count - was[0]) * step

    def weigh(self, now_s: float, count: float, pulse_s: float) -> Floats | None:
        """(relatives,) log-likelihood of each relative, up to a constant; None while there is too little."""
        found = self.evidence(now_s, count, pulse_s)
        if found is None:
            return None
        bpm = bpm_of(pulse_s) * RATIOS
        by_ear = sum(stroke.by_ear for stroke in self.strokes) / len(self.strokes)
        weighed: Floats = found @ (_KEYS + by_ear * (_MICROPHONES - _KEYS))
        weighed[(bpm < TAPPED_BPM[0]) | (bpm > TAPPED_BPM[1])] = -1e9
        return weighed

    def evidence(self, now_s: float, count: float, pulse_s: float) -> Floats | None:
        """(relatives, EVIDENCE): what speaks for each relative of the pulse that stands at `count` now."""
        while self.strokes and now_s - self.strokes[0].time_s > OLDEST_S:
            self.strokes.popleft()
        if len(self.strokes) < 6:
            return None
        age_s = now_s - np.array([stroke.time_s for stroke in self.strokes])
        fade = np.exp(-age_s / MEMORY_S)
        marks = np.array([stroke.marks for stroke in self.strokes])
        marks[:, 7] = np.sqrt(np.maximum(marks[:, 7] - 1, 0))
        drums = float(np.array([stroke.drums for stroke in self.strokes]) @ fade / fade.sum())
        counts = np.array([stroke.count for stroke in self.strokes])
        place = counts * RATIOS[:, None] + SHIFTS[:, None]  # (relatives, strokes)
        marks *= fade[:, None]
        heard_s = MEMORY_S * (1 - np.exp(-age_s[0] / MEMORY_S))
        newest = count * RATIOS + SHIFTS
        plain = np.concatenate(
            [
                _shares(place, marks),
                _turns(place, marks),
                _rates(marks, heard_s * RATIOS / pulse_s),
                _filled(place, newest, pulse_s / RATIOS),
            ],
            1,
        )
        pace = np.log2(bpm_of(pulse_s) * RATIOS)
        humps = np.exp(-0.5 * ((pace[:, None] - _HUMPS) / HUMP_OCTAVES) ** 2)
        return np.concatenate([plain, humps * (1 - drums), humps * drums, plain[:, _DRUM_COLUMNS] * drums], 1)


def _shares(place: Floats, marks: Floats) -> Floats:
    """Which share of each kind of stroke falls on the pulse, the half, the quarters, the thirds."""
    off = np.abs((place + 0.5) % 1 - 0.5)
    at = np.stack([off < 0.1, off > 0.4, (off >= 0.17) & (off < 0.29), (off >= 0.29) & (off <= 0.4)])
    total = marks.sum(0) + 1e-6
    shares: Floats = np.stack([where @ marks for where in at.astype(float)], 2) / total[None, :, None]
    return np.reshape(shares, (len(place), -1))


def _turns(place: Floats, marks: Floats) -> Floats:
    """How unlike every second pulse is its neighbour, and every fourth the one between, in each kind."""
    pulse = np.round(place)
    on = np.abs(place - pulse) < 0.12
    beats = [((on & (pulse % 4 == beat)).astype(float) @ marks)[:, :7] for beat in range(4)]
    even, odd = beats[0] + beats[2], beats[1] + beats[3]
    turn = np.abs(even - odd) / (even + odd + 0.3)
    slow = [np.abs(beats[i] - beats[i + 2]) / (beats[i] + beats[i + 2] + 0.3) for i in (0, 1)]
    return np.concatenate([turn, np.maximum(*slow)], 1)


def _rates(marks: Floats, pulses: Floats) -> Floats:
    """How much of each kind happens in a pulse, as a logarithm, and its square."""
    rate = np.log(marks.sum(0)[None, :] / pulses[:, None] + 0.05)
    return np.concatenate([rate, rate * rate], 1)


def _filled(place: Floats, newest: Floats, pulse_s: Floats) -> Floats:
    """On which share of the pulses, of the halves between them, and of both something is struck."""
    first = np.floor(place[:, :1])
    length = int((np.ceil(newest) - first[:, 0]).max()) + 3
    struck, between = np.zeros((len(place), length)), np.zeros((len(place), length))
    pulse, half = np.round(place), np.floor(place)
    row, column = np.nonzero(np.abs(place - pulse) < 0.12)
    struck[row, (pulse - first)[row, column].astype(int)] = 1
    row, column = np.nonzero(np.abs(place - half - 0.5) < 0.12)
    between[row, (half - first)[row, column].astype(int)] = 1
    age_s = (newest[:, None] - first - np.arange(length)) * pulse_s[:, None]
    fade = np.where(age_s > -0.1, np.exp(-np.maximum(age_s, 0.0) / MEMORY_S), 0.0)
    fade /= fade.sum(1, keepdims=True)
    return np.stack([(struck * fade).sum(1), (between * fade).sum(1), (struck * between * fade).sum(1)], 1)
