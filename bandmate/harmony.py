"""Pitch classes, chords, keys and scales: pure values, no listening and no playing.

A pitch class is 0..11 with C = 0; a pitch is a MIDI note number with middle C = 60.
Safe in any process and thread; imports nothing of ours but errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bandmate.errors import BandmateError

NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)

QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "mMaj7": (0, 3, 7, 11),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "7sus4": (0, 5, 7, 10),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "5": (0, 7),
}


@dataclass(frozen=True, slots=True)
class Chord:
    """A root, a quality out of `QUALITIES`, and a bass where it isn't the root."""

    root: int
    quality: str = ""
    bass: int | None = None

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The chord's pitch classes, its bass among them."""
        tones = {(self.root + step) % 12 for step in QUALITIES[self.quality]}
        return frozenset(tones if self.bass is None else tones | {self.bass})

    @property
    def tones(self) -> tuple[int, ...]:
        """Pitch classes in the order root, third, fifth, seventh, ninth."""
        return tuple((self.root + step) % 12 for step in QUALITIES[self.quality])

    @property
    def bass_class(self) -> int:
        """The pitch class that a bass player lands on."""
        return self.root if self.bass is None else self.bass

    @property
    def minor(self) -> bool:
        """Whether the third is minor (no third counts as major)."""
        return 3 in QUALITIES[self.quality]

    @property
    def symbol(self) -> str:
        """As a chart writes it: `Am7`, `C/E`."""
        slash = "" if self.bass is None or self.bass == self.root else f"/{NAMES[self.bass]}"
        return f"{NAMES[self.root]}{self.quality}{slash}"

    def __str__(self) -> str:
        return self.symbol

    @classmethod
    def parse(cls, symbol: str) -> Chord:
        """Read a symbol in our own spelling; raises BandmateError for any other."""
        found = re.fullmatch(r"([A-G][b#]?)([^/]*)(?:/([A-G][b#]?))?", symbol.strip())
        if not found or found[2] not in QUALITIES:
            raise BandmateError(f"{symbol!r} is not a chord symbol that bandmate reads (as in Am7)")
        root, bass = pitch_class(found[1]), pitch_class(found[3]) if found[3] else None
        return cls(root, found[2], None if bass == root else bass)

    def moved(self, semitones: int) -> Chord:
        """The same chord, transposed."""
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return Chord((self.root + semitones) % 12, self.quality, bass)


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a mode."""

    tonic: int
    minor: bool = False

    @property
    def scale(self) -> frozenset[int]:
        """The seven pitch classes; natural minor."""
        return frozenset((self.tonic + step) % 12 for step in (MINOR if self.minor else MAJOR))

    def __str__(self) -> str:
        return f"{NAMES[self.tonic]} {'minor' if self.minor else 'major'}"


def pitch_class(name: str) -> int:
    """`"Bb"` and `"A#"` are 10; raises BandmateError for anything that isn't a note name."""
    for names in (NAMES, SHARPS):
        if name in names:
            return names.index(name)
    extra = {"Cb": 11, "B#": 0, "E#": 5, "Fb": 4}
    if name in extra:
        return extra[name]
    raise BandmateError(f"{name!r} is not a note name")


@lru_cache(maxsize=4096)
def scale_for(chord: Chord, key: Key | None) -> tuple[int, ...]:
    """Seven or so pitch classes to run through over a chord, rising from its root.

    The key's scale where it holds the chord, else the chord's own tones filled up with
    the major or minor scale on its root.
    """
    tones = {(chord.root + step) % 12 for step in QUALITIES[chord.quality]}
    if key is not None and tones <= key.scale:
        pool = set(key.scale)
    else:
        ladder = MINOR if chord.minor else MAJOR
        steps = {step for step in ladder if not _clashes((chord.root + step) % 12, tones)}
        pool = {(chord.root + step) % 12 for step in steps} | tones
    return tuple(sorted(pool, key=lambda tone: (tone - chord.root) % 12))


def _clashes(tone: int, tones: set[int]) -> bool:
    return tone not in tones and ((tone + 1) % 12 in tones and (tone - 1) % 12 in tones)


def pitch_name(pitch: int) -> str:
    """`60` as `C4`: for pictures and messages."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
