"""What a chord looks like to the ear: how well each chord of `harmony.QUALITIES` fits twelve pitch classes.

Chords are indexed quality * 12 + root. *Rooted*: the performer plays the root, as a pianist alone does.
*Rootless*: the performer leaves it to the bass player (left-hand voicings of jazz: F A C E for Dm9), so
a root that sounds speaks against a chord rather than for it. Runs in the band process; pure tables and
sums, imports harmony and its own room.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from bandmate.harmony import QUALITIES, Chord
from bandmate.listening.tonality import diatonic_share

NAMES = tuple(QUALITIES)
CLASSES = 12 * len(NAMES)

# per quality: what its claim costs; the rarer, and the more tones it explains, the dearer
COST = {
    "": 0.0, "m": 0.0, "7": 0.09, "maj7": 0.09, "m7": 0.08, "mMaj7": 0.2, "6": 0.13, "m6": 0.16,
    "sus4": 0.09, "sus2": 0.13, "7sus4": 0.16, "dim": 0.12, "dim7": 0.16, "m7b5": 0.14, "aug": 0.16,
    "9": 0.24, "maj9": 0.24, "m9": 0.24, "5": 0.03, "add9": 0.22, "madd9": 0.24, "69": 0.3, "11": 0.3,
    "m11": 0.34, "13": 0.34, "7b9": 0.28, "7#9": 0.32, "7#5": 0.28, "7alt": 0.36, "quartal": 0.32,
}  # fmt: skip
TONE_WEIGHTS = (1.0, 0.8, 0.8, 0.6, 0.4, 0.4)  # root, third, fifth, seventh and what is above
FOREIGN = -0.35
PRESENT = 0.06  # share of the evidence that makes a tone present
MISSING = 0.04  # what a tone that isn't there costs
BASS_ROOT, BASS_TONE, BASS_FOREIGN = 0.1, 0.0, -0.04  # what the performer's bass says

# a rootless chord is told by its third and seventh; triads and power chords have too few tones left
ROOTLESS_WEIGHTS = (-0.2, 1.0, 0.8, 0.9, 0.6, 0.6)
ROOTLESS_COST = {
    "": 0.0, "m": 0.0, "7": 0.05, "maj7": 0.08, "m7": 0.05, "9": 0.08, "maj9": 0.08, "m9": 0.08,
    "13": 0.1, "m11": 0.25, "7alt": 0.2, "7b9": 0.2, "7#9": 0.25, "7#5": 0.25, "69": 0.2, "m6": 0.25,
    "m7b5": 0.15, "6": 0.25, "sus4": 0.2, "7sus4": 0.2, "sus2": 0.3, "dim": 0.15, "11": 0.3,
}  # fmt: skip
NEVER_ROOTLESS = 9.0

Floats = npt.NDArray[np.float64]


def index_of(chord: Chord | None) -> int | None:
    """A chord's place in the tables."""
    return None if chord is None else NAMES.index(chord.quality) * 12 + chord.root


def chord_at(index: int) -> Chord:
    """The chord at a place in the tables."""
    return Chord(index % 12, NAMES[index // 12])


def _rows(weights: tuple[float, ...]) -> Floats:
    """Weight of each pitch class for each chord, (chords, 12)."""
    rows = []
    for tones in QUALITIES.values():
        row = np.full(12, FOREIGN)
        row[list(tones)] = weights[: len(tones)]
        rows += [np.roll(row, root) for root in range(12)]
    return np.array(rows)


def _costs(table: dict[str, float], otherwise: float) -> Floats:
    return np.repeat([table.get(name, otherwise) for name in NAMES], 12)


def _bass_bonus() -> Floats:
    """What a bass note says for each chord, (12 basses, chords)."""
    bonus = np.full((12, CLASSES), BASS_FOREIGN)
    for number, tones in enumerate(QUALITIES.values()):
        for root in range(12):
            for tone in tones:
                bonus[(root + tone) % 12, number * 12 + root] = BASS_TONE
            bonus[root, number * 12 + root] = BASS_ROOT
    return bonus


def kinds() -> npt.NDArray[np.intp]:
    """For each chord its root, +12 with a minor third, (chords,)."""
    return np.array([chord_at(index).root + 12 * chord_at(index).minor for index in range(CLASSES)])


class Shapes:
    """The tables, and the two ways to read twelve shares of evidence with them."""

    def __init__(self) -> None:
        self.diatonic, self.kinds = diatonic_share(), kinds()
        self._rooted, self._rootless = _rows(TONE_WEIGHTS), _rows(ROOTLESS_WEIGHTS)
        self._costs = _costs(COST, 0.3)
        self._rootless_costs = _costs(ROOTLESS_COST, NEVER_ROOTLESS)
        self._wanted = MISSING * (self._rooted > 0)
        self._wanted_rootless = self._wanted.copy()
        for index in range(CLASSES):
            self._wanted_rootless[index, index % 12] = 0.0
        self._bass = _bass_bonus()

    def rooted(self, share: Floats, bass: int | None, bass_weight: float = 1.0) -> Floats:
        """How well each chord fits evidence that holds its root, (chords,)."""
        absent = np.maximum(0.0, 1 - share / PRESENT)
        fit: Floats = self._rooted @ share - self._wanted @ absent - self._costs
        return fit if bass is None else fit + bass_weight * self._bass[bass]

    def rootless(self, share: Floats) -> Floats:
        """How well each chord fits evidence whose roots somebody else plays, (chords,)."""
        absent = np.maximum(0.0, 1 - share / PRESENT)
        fit: Floats = self._rootless @ share - self._wanted_rootless @ absent - self._rootless_costs
        return fit


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    """The tables, reckoned once: they never change, and a new song begins without a pause."""
    return Shapes()
