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

# Steps above the root in the order root, third (or what stands for it), fifth, seventh, ninth, thirteenth.
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
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "69": (0, 4, 7, 9, 2),
    "11": (0, 5, 7, 10, 2),  # its third would rub: the eleventh stands for it
    "m11": (0, 3, 7, 10, 2, 5),
    "13": (0, 4, 7, 10, 2, 9),
    "7b9": (0, 4, 7, 10, 1),
    "7#9": (0, 4, 7, 10, 3),
    "7#5": (0, 4, 8, 10),
    "7alt": (0, 4, 8, 10, 3),
    "quartal": (0, 5, 10, 3),
}

# What others write for ours; `_plain` has turned minus, triangle and circle into letters before.
SPELLINGS: dict[str, str] = {
    "maj": "", "major": "", "min": "m", "minor": "m", "dom7": "7", "minmaj7": "mMaj7", "minmaj": "mMaj7",
    "maj6": "6", "min6": "m6", "sus": "sus4", "7sus": "7sus4", "sus7": "7sus4", "sus4b7": "7sus4",
    "hdim7": "m7b5", "hdim": "m7b5", "min7b5": "m7b5", "+": "aug", "#5": "aug", "maj#5": "aug",
    "min7": "m7", "min9": "m9", "min11": "m11", "minadd9": "madd9", "add2": "add9", "2": "add9",
    "6/9": "69", "maj69": "69", "9sus4": "11", "9sus": "11", "sus9": "11", "dom9": "9", "dom13": "13",
    "7b9b13": "7b9", "alt": "7alt", "7#5#9": "7alt", "aug7": "7#5", "+7": "7#5", "7+": "7#5",
    "7b13": "7#5", "power": "5", "no3": "5", "q": "quartal",
}  # fmt: skip
SIGNS = (
    ("♭", "b"), ("♯", "#"), ("∆", "Δ"), ("^", "Δ"), ("Δ7", "maj7"), ("Δ9", "maj9"),
    ("Δ", "maj7"), ("°", "dim"), ("º", "dim"), ("ø", "hdim"), ("Ø", "hdim"), ("−", "-"),
    ("(", ""), (")", ""), (",", ""), (" ", ""), (":", ""),
)  # fmt: skip


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
        """Whether the third is minor (no third counts as major; a sharp ninth is none)."""
        return 3 in QUALITIES[self.quality] and 4 not in QUALITIES[self.quality]

    @property
    def symbol(self) -> str:
        """As a chart writes it: `Am7`, `C/E`."""
        slash = "" if self.bass is None or self.bass == self.root else f"/{NAMES[self.bass]}"
        return f"{NAMES[self.root]}{self.quality}{slash}"

    def __str__(self) -> str:
        return self.symbol

    @classmethod
    def parse(cls, symbol: str) -> Chord:
        """Read a symbol in any common spelling (`A-7`, `FΔ`, `Bø`, `G7sus`); raises BandmateError."""
        found = re.fullmatch(r"([A-G][b#♭♯]?)(.*?)(?:/([A-G][b#♭♯]?))?", symbol.strip())
        quality = None if found is None else _quality(found[2])
        if found is None or quality is None:
            raise BandmateError(f"{symbol!r} is not a chord symbol that bandmate reads (as in Am7)")
        root, bass = pitch_class(_plain(found[1])), pitch_class(_plain(found[3])) if found[3] else None
        return cls(root, quality, None if bass == root else bass)

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

    def moved(self, semitones: int) -> Key:
        """The same mode on another tonic."""
        return Key((self.tonic + semitones) % 12, self.minor)

    @classmethod
    def parse(cls, name: str) -> Key:
        """`Eb minor`, `F#m`, `C`; raises BandmateError for anything else."""
        chord = Chord.parse(name)
        if chord.quality not in ("", "m") or chord.bass is not None:
            raise BandmateError(f"{name!r} is not a key (as in Eb minor)")
        return cls(chord.root, chord.minor)


@lru_cache(maxsize=64)
def canonical(quality: str) -> tuple[int, ...]:
    """Semitones above the root -> canonical ones: a chord's third on 4, fifth on 7, seventh or sixth on 10.

    A permutation of 0..11, so that a line written over one chord is a line over another.
    """
    steps = QUALITIES[quality]
    places = dict(zip(steps[1:], (4, 7, 10) if len(steps) > 2 else (7,), strict=False))
    found = list(range(12))
    for step, place in places.items():
        other = found.index(place)
        found[step], found[other] = found[other], found[step]
    return tuple(found)


def degree_pitch(degree: int, chord: Chord) -> int:
    """The pitch of a canonical degree over a chord; degree 60 is the root nearest to middle C."""
    octave, step = divmod(degree, 12)
    lift = chord.root - 12 if chord.root > 6 else chord.root
    return 12 * octave + canonical(chord.quality).index(step) + lift


def _plain(text: str) -> str:
    """A spelling without the signs of print."""
    for sign, letters in SIGNS:
        text = text.replace(sign, letters)
    return text


def _quality(text: str) -> str | None:
    """Our name of a quality that somebody wrote, or None."""
    plain = _plain(text)
    if plain in QUALITIES:
        return plain
    if plain.startswith("o"):
        plain = "dim" + plain[1:]
    for short, long in (("M", "maj"), ("mi", "min"), ("ma", "maj"), ("-", "min")):
        if plain.startswith(short) and not plain.startswith(long):
            plain = long + plain[len(short) :]
    if plain.startswith("m") and not plain.startswith(("min", "maj")):
        plain = "min" + plain[1:]
    plain = plain.lower().replace("minm7", "minmaj7")
    found = SPELLINGS.get(plain, plain)
    return found if found in QUALITIES else None


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
