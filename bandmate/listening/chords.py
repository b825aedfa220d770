"""The chord listener: which chord the performer means, as soon as it is struck.

Evidence per pitch class decays and is renewed by what sounds; every chord of `harmony.QUALITIES` on every
root is ranked by it, helped by the bass, the key and the chord we already believe. A struck block of notes
pushes the past aside at once, because the band binds its pitches as late as it can; a single line never
re-harmonises. Runs in the band process; imports events, harmony.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bandmate.events import NoteOn
from bandmate.harmony import QUALITIES, Chord, Key
from bandmate.listening.accents import DRUM_CHANNEL
from bandmate.listening.sounding import Sounding
from bandmate.listening.tonality import Tonality, diatonic_share

FADE_S = 0.7  # evidence of a note that has ended
RING_S = 1.5  # how fast a pedalled string fades as evidence
HELD_RATE = 0.8  # evidence a held note gives each second
TOGETHER_S = 0.04  # notes this close are one stroke
PUSH = 0.2  # what is left of older evidence when a block is struck
BASS_PUSH = 0.25  # or when the bass moves on a pulse
NEAR_PULSE = 0.12
BASS_BELOW = 57
LISTEN_S = 0.05  # how often we think again without a new note
STAY, STAY_QUALITY = 0.03, 0.05  # lead of the root we believe, and of its quality
KEY_BONUS = 0.25
MARGIN = 0.02  # below this lead nothing is claimed

# per quality: weight of each further tone beside the root, and what its claim costs
COST = {
    "": 0.0, "m": 0.0, "7": 0.09, "maj7": 0.09, "m7": 0.08, "mMaj7": 0.2, "6": 0.13, "m6": 0.16,
    "sus4": 0.09, "sus2": 0.13, "7sus4": 0.16, "dim": 0.12, "dim7": 0.16, "m7b5": 0.14, "aug": 0.16,
    "9": 0.2, "maj9": 0.2, "m9": 0.2, "5": 0.03,
}  # fmt: skip
TONE_WEIGHTS = (1.0, 0.8, 0.8, 0.6, 0.4)
FOREIGN = -0.35
PRESENT = 0.06  # share of the evidence that makes a tone present
MISSING = 0.04  # what a tone that isn't there costs
NAMES = tuple(QUALITIES)
Floats = npt.NDArray[np.float64]


def templates() -> tuple[Floats, Floats]:
    """Weights of the pitch classes for each chord (qualities * 12 roots, 12), and the costs."""
    rows, costs = [], []
    for name, tones in QUALITIES.items():
        row = np.full(12, FOREIGN)
        for tone, weight in zip(tones, TONE_WEIGHTS, strict=False):
            row[tone] = weight
        rows += [np.roll(row, root) for root in range(12)]
        costs += [COST[name]] * 12
    return np.array(rows), np.array(costs)


def bass_bonus() -> Floats:
    """What a bass note says for each chord, (12 basses, qualities * 12 roots)."""
    bonus = np.full((12, len(NAMES) * 12), -0.04)
    for number, tones in enumerate(QUALITIES.values()):
        for root in range(12):
            for tone in tones:
                bonus[(root + tone) % 12, number * 12 + root] = 0.0
            bonus[root, number * 12 + root] = 0.1
    return bonus


class ChordListener:
    """Feed it what was struck and what sounds; read `chord`, `certainty`, `since_s`, `key`."""

    def __init__(self) -> None:
        self.tonality = Tonality()
        self.chord: Chord | None = None
        self.certainty = 0.0
        self.since_s = 0.0
        self._templates, self._costs = templates()
        self._wanted = MISSING * (self._templates > 0)
        self._bass_bonus, self._diatonic = bass_bonus(), diatonic_share()
        self._evidence = np.zeros(12)
        self._bass: int | None = None
        self._bass_s = 0.0
        self._stroke: list[NoteOn] = []
        self._pushed = False
        self._now_s = 0.0
        self._thought_s = 0.0

    @property
    def key(self) -> Key | None:
        """The key, when one is clear."""
        return self.tonality.key

    def hear(
        self, now_s: float, struck: Sequence[NoteOn], sounding: Sounding, pulse_count: float | None
    ) -> None:
        """One logical step; `pulse_count` with its fraction says where on the pulse it falls."""
        notes = [note for note in struck if note.channel != DRUM_CHANNEL]
        if not notes and now_s - self._thought_s < LISTEN_S - 1e-6:
            return
        seconds = now_s - self._thought_s
        self._thought_s = self._now_s = now_s
        self._renew(seconds, sounding)
        for note in notes:
            self._strike(note, pulse_count)
        if not sounding.tones and not notes and self._evidence.max() < 1e-3:
            return
        self._follow_bass(sounding, pulse_count, bool(notes))
        self._think(sounding)
        self.tonality.hear(seconds, self._evidence, self.chord)

    def _renew(self, seconds: float, sounding: Sounding) -> None:
        """Evidence fades; what sounds renews it, a pedalled string less and less."""
        self._evidence *= math.exp(-seconds / FADE_S)
        for tone in sounding.tones.values():
            age_s = self._now_s - tone.struck_s
            ring = 1.0 if tone.fingered else math.exp(-age_s / RING_S)
            self._evidence[tone.pitch % 12] += HELD_RATE * seconds * ring

    def _strike(self, note: NoteOn, pulse_count: float | None) -> None:
        if self._stroke and note.time_s - self._stroke[0].time_s > TOGETHER_S:
            self._stroke, self._pushed = [], False
        self._stroke.append(note)
        self._evidence[note.pitch % 12] += 0.4 + note.velocity / 127
        if not self._pushed and self._is_block():
            self._pushed = True
            self._push(PUSH)

    def _is_block(self) -> bool:
        """Three pitch classes at once; or a bass note and two tones."""
        return len({note.pitch % 12 for note in self._stroke}) >= 3

    def _push(self, share: float) -> None:
        """Older evidence steps aside; what the stroke holds stays."""
        fresh = np.zeros(12, bool)
        fresh[[note.pitch % 12 for note in self._stroke]] = True
        self._evidence[~fresh] *= share

    def _follow_bass(self, sounding: Sounding, pulse_count: float | None, struck: bool) -> None:
        low = min((tone.pitch for tone in sounding.tones.values()), default=127)
        if low >= BASS_BELOW or low % 12 == self._bass:
            return
        self._bass, self._bass_s = low % 12, self._now_s
        on_pulse = pulse_count is None or abs(pulse_count - round(pulse_count)) < NEAR_PULSE
        if struck and on_pulse and not self._pushed:
            self._push(BASS_PUSH)

    # ---------------------------------------------------------------- deciding

    def _think(self, sounding: Sounding) -> None:
        """Rank every chord; change only to one that more than a single line supports."""
        total = float(self._evidence.sum())
        if total < 1e-3:
            return
        share = self._evidence / total
        absent = np.maximum(0.0, 1 - share / PRESENT)
        score = self._templates @ share - self._wanted @ absent - self._costs
        if self._bass is not None:
            score += self._bass_bonus[self._bass]
        if self.tonality.index is not None:
            score += KEY_BONUS * (self._diatonic[self.tonality.index] - 1)
        current = self._index(self.chord)
        if current is not None:
            score[current % 12 :: 12] += STAY
            score[current] += STAY_QUALITY
        best = int(score.argmax())
        rivals = score.copy()
        rivals[best % 12 :: 12] = -9.0  # other qualities of this root are no rivals
        lead = float(score[best] - rivals.max())
        self.certainty = max(0.0, min(1.0, lead / 0.5))
        if best != current and lead > MARGIN and self._supported(best, sounding):
            self.chord = Chord(best % 12, NAMES[best // 12])
            self.since_s = self._now_s

    @staticmethod
    def _index(chord: Chord | None) -> int | None:
        return None if chord is None else NAMES.index(chord.quality) * 12 + chord.root

    def _supported(self, index: int, sounding: Sounding) -> bool:
        """At least three of its tones sound or were just struck, or two over a bass."""
        tones = {(index % 12 + step) % 12 for step in QUALITIES[NAMES[index // 12]]}
        here = {pitch % 12 for pitch in sounding.held} | {note.pitch % 12 for note in self._stroke}
        found = len(tones & here)
        low = sounding.held[0] if sounding.held else 127
        return found >= 3 or (found >= 2 and low < BASS_BELOW and low % 12 in tones)
