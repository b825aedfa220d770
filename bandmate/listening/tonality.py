"""Which key the music is in: a slow pitch-class profile and the chords vote for it.

Profiles after Krumhansl and Kessler (1982). Who plays may pin the key. Runs in the band process; imports
harmony.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bandmate.harmony import MAJOR, MINOR, NAMES, QUALITIES, Chord, Key

MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
FADE_S = 30.0  # how long notes and chords are remembered
LEAD = 0.06  # by which another key must be better,
LEAD_PULSES = 8.0  # for two bars, before we believe it,
LEAD_S = 4.0  # or for so long where there is no pulse
ENOUGH = 6.0  # seconds of sounding music before a key is named
CHORD_VOTE = 0.6  # what chords count against notes

# a degree that tells a mode from plain major or minor, and the one that it stands in for
MODES = (
    (False, "lydian", 6, 5), (False, "mixolydian", 10, 11), (True, "dorian", 9, 8), (True, "phrygian", 1, 2),
)  # fmt: skip
MODE_LEAD, MODE_SHARE = 3.0, 0.04  # it sounds so much more often, and makes so much of the music

KEYS = tuple(Key(tonic, minor) for minor in (False, True) for tonic in range(12))
Floats = npt.NDArray[np.float64]


def note_profiles() -> Floats:
    """How well each pitch class fits each key, (24 keys, 12), zero mean and unit length."""
    rows = []
    for profile in (MAJOR_PROFILE, MINOR_PROFILE):
        row = np.array(profile) - np.mean(profile)
        rows += [np.roll(row / np.linalg.norm(row), tonic) for tonic in range(12)]
    return np.array(rows)


def chord_fits() -> Floats:
    """How well a triad (12 major, 12 minor) fits each key, (24 keys, 24): functions of the degrees."""
    # root degree above the tonic: value, for major and minor triads; V-I and ii-V stand out
    in_major = ({0: 1.0, 5: 0.7, 7: 0.8, 10: 0.1}, {2: 0.5, 4: 0.3, 9: 0.6, 5: 0.1})
    in_minor = ({3: 0.5, 5: 0.1, 7: 0.7, 8: 0.5, 10: 0.4}, {0: 1.0, 5: 0.6, 7: 0.3, 2: 0.1})
    fits = np.full((24, 24), -0.4)
    for mode, table in enumerate((in_major, in_minor)):
        for tonic in range(12):
            for third, degrees in enumerate(table):
                for degree, value in degrees.items():
                    fits[tonic + 12 * mode, (tonic + degree) % 12 + 12 * third] = value
    return fits


def diatonic_share() -> Floats:
    """Share of each chord's tones inside each key's scale, (24 keys, qualities * 12 roots)."""
    share = np.zeros((24, len(QUALITIES) * 12))
    for index, key in enumerate(KEYS):
        ladder = set(MINOR if key.minor else MAJOR)
        if key.minor:
            ladder.add(11)  # the leading note of V
        for number, tones in enumerate(QUALITIES.values()):
            for root in range(12):
                inside = [(root + tone - key.tonic) % 12 in ladder for tone in tones]
                share[index, number * 12 + root] = sum(inside) / len(inside)
    return share


class Tonality:
    """Listens to notes and chords; `key` changes only on a clear and lasting lead, and never if pinned."""

    def __init__(self) -> None:
        self.key: Key | None = None
        self.index: int | None = None  # of the key in `KEYS`
        self._profiles = note_profiles()
        self._fits = chord_fits()
        self._notes = np.zeros(12)
        self._chords = np.zeros(24)
        self._heard_s = 0.0
        self._rival: int | None = None
        self._rival_s = self._rival_pulses = 0.0
        self._pinned = False

    def pin(self, key: Key | None) -> None:
        """The performer says the key; None: listen for it again, from there."""
        self._pinned = key is not None
        if key is not None:
            self.key, self.index = key, KEYS.index(key)

    @property
    def name(self) -> str:
        """The key for a screen, as its mode where one is clear: `D dorian`."""
        if self.key is None:
            return ""
        notes = self._notes / (float(self._notes.sum()) + 1e-9)
        for minor, mode, mark, plain in MODES:
            told, other = notes[(self.key.tonic + mark) % 12], notes[(self.key.tonic + plain) % 12]
            if minor == self.key.minor and told > MODE_SHARE and told > MODE_LEAD * other:
                return f"{NAMES[self.key.tonic]} {mode}"
        return str(self.key)

    def hear(self, seconds: float, notes: Floats, chord: Chord | None, pulses: float | None = None) -> None:
        """Some seconds (and pulses) of music: how strongly each pitch class sounds (12,), and the chord."""
        keep = math.exp(-seconds / FADE_S)
        self._notes *= keep
        self._chords *= keep
        loud = float(np.add.reduce(notes))
        if loud <= 0:
            return
        self._heard_s += seconds
        self._notes += notes * (seconds / loud)
        if chord is not None:
            self._chords[chord.root + 12 * chord.minor] += seconds
        if not self._pinned:
            self._choose(seconds, pulses)

    def _choose(self, seconds: float, pulses: float | None) -> None:
        score = self.scores()
        best = int(score.argmax())
        if self._heard_s < ENOUGH or best == self.index:
            self._rival_s = self._rival_pulses = 0.0
            return
        ahead = self.index is None or score[best] > score[self.index] + LEAD
        if not ahead or best != self._rival:
            self._rival_s = self._rival_pulses = 0.0
        self._rival = best
        if ahead:
            self._rival_s += seconds
            self._rival_pulses += pulses or 0.0
        if self._rival_pulses >= LEAD_PULSES or (pulses is None and self._rival_s >= LEAD_S):
            self.index, self.key, self._rival_s, self._rival_pulses = best, KEYS[best], 0.0, 0.0

    def scores(self) -> Floats:
        """How well each of `KEYS` fits what was heard, (24,)."""
        notes = self._notes - float(np.add.reduce(self._notes)) / 12
        size = math.sqrt(float(notes @ notes)) + 1e-9
        chords = self._fits @ self._chords / (float(np.add.reduce(self._chords)) + 1.0)
        fit: Floats = self._profiles @ notes / size + CHORD_VOTE * chords
        return fit
