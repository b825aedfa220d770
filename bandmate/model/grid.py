"""How the model sees music: slots of an eighth, notes inside them, and pitches as degrees of a chord.

A beat is 12 ticks, a slot is 6. A note is (part, tick, ticks, pitch, velocity, offset); the offset is how
far it was played from its tick, in 1/32 of a tick. The model writes the place in the slot (0..5), classes
of velocity and length, and a degree: the pitch above the chord's root, its third, fifth and seventh
always on the same numbers whatever the chord's colour, so that a line survives another chord (late
binding). Numpy only; any process.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandmate.events import PARTS
from bandmate.harmony import QUALITIES as SPELT
from bandmate.harmony import canonical

Array = NDArray[np.int64]

BEAT_TICKS, SLOT_TICKS = 12, 6
OFFSET_STEPS = 32  # parts of a tick in which micro-timing is stored
VELOCITIES = 8  # classes of 16
LENGTHS = np.array([1, 2, 3, 6, 9, 12, 24, 48])  # ticks, upper ends of the classes
OFFSETS = 9  # classes of micro-timing from half a tick early to half a tick late
NO_PITCH = 128  # pads a list of notes
NO_ROOT = 12  # no chord
MELODY, PIANO = 0, 1  # what the performer plays: a single line, or everything
ROLES = 2
NOTE_COLUMNS = ("part", "tick", "ticks", "pitch", "velocity", "offset")

# The chord colours the model knows; the others of harmony.py fold onto them.
QUALITIES = (
    "", "m", "7", "maj7", "m7", "mMaj7", "6", "m6", "sus4", "sus2", "7sus4", "dim", "dim7", "m7b5", "aug",
    "5",
)  # fmt: skip
NO_QUALITY = len(QUALITIES)
FOLDED = {
    "9": "7", "13": "7", "7b9": "7", "7#9": "7", "7#5": "7", "7alt": "7", "maj9": "maj7", "m9": "m7",
    "m11": "m7", "add9": "", "madd9": "m", "69": "6", "11": "7sus4", "quartal": "7sus4",
}  # fmt: skip

# General MIDI drums folded onto the kit that the parts know
KIT = (36, 37, 38, 39, 41, 42, 44, 45, 46, 47, 49, 50, 51, 53, 54, 56, 62, 63, 64, 70, 75, 81)
DRUM_FOLDS = {
    35: 36, 40: 38, 43: 41, 48: 50, 52: 49, 55: 49, 57: 49, 59: 51, 22: 42, 26: 46, 58: 41, 31: 37, 32: 37,
    33: 37, 34: 37, 60: 62, 61: 63, 65: 50, 66: 45, 67: 56, 68: 56, 69: 70, 71: 81, 72: 81, 73: 70, 74: 70,
    76: 75, 77: 75, 78: 63, 79: 64, 80: 81, 82: 70, 27: 39, 28: 39, 29: 70, 30: 70, 83: 81, 84: 81, 85: 75,
    86: 64, 87: 64,
}  # fmt: skip


def quality_index(quality: str) -> int:
    """The model's number for a quality of harmony.py."""
    return QUALITIES.index(FOLDED.get(quality, quality))


# (qualities + none, 12): what a semitone above the root is called, and back
TO_DEGREE = np.array([*(canonical(quality) for quality in QUALITIES), tuple(range(12))])
FROM_DEGREE = np.argsort(TO_DEGREE, axis=1)
# (qualities + none, 12): the semitones above the root that are chord tones
CHORD_TONES = np.array(
    [*([step in SPELT[quality] for step in range(12)] for quality in QUALITIES), [False] * 12]
)


def lift(root: Array | int) -> Array:
    """How far the chord's root lies from C, by the shortest way: -5..6 semitones."""
    return np.asarray(np.where(np.asarray(root) > 6, np.asarray(root) - 12, root))


def degree_of(pitch: Array | int, root: Array | int, quality: Array | int) -> Array:
    """A pitch as the model writes it over a chord, 0..127."""
    above = np.clip(np.asarray(pitch) - lift(root), 0, 127)
    return np.asarray(12 * (above // 12) + TO_DEGREE[quality, above % 12])


def pitch_of(degree: Array | int, root: Array | int, quality: Array | int) -> Array:
    """The pitch that a degree is over a chord: the inverse of `degree_of`."""
    octave, step = np.divmod(np.asarray(degree), 12)
    return np.asarray(np.clip(12 * octave + FROM_DEGREE[quality, step] + lift(root), 0, 127))


def velocity_class(velocity: Array) -> Array:
    """1..127 -> 0..7."""
    return np.clip(np.asarray(velocity) // 16, 0, VELOCITIES - 1)


def length_class(ticks: Array) -> Array:
    """Ticks -> the class whose upper end holds them."""
    return np.clip(np.searchsorted(LENGTHS, ticks, side="left"), 0, len(LENGTHS) - 1)


def offset_class(offset: Array) -> Array:
    """1/32 of a tick, -16..16 -> 0..8, 4 being on the tick."""
    return np.clip((np.asarray(offset) + 16) * OFFSETS // (OFFSET_STEPS + 1), 0, OFFSETS - 1)


def folded_drum(pitch: int) -> int | None:
    """A drum of General MIDI as one of the kit, or None."""
    found = DRUM_FOLDS.get(pitch, pitch)
    return found if found in KIT else None


def in_slots(notes: Array, slots: int, most: int) -> NDArray[np.uint8]:
    """Sorted notes as (slots, most, 6): part, place, pitch, and classes of velocity, length and offset.

    NO_PITCH pads. Notes beyond `most` in a slot are left out.
    """
    found = np.zeros((slots, most, 6), np.uint8)
    found[..., 2] = NO_PITCH
    notes = notes[(notes[:, 1] >= 0) & (notes[:, 1] < slots * SLOT_TICKS)]
    if len(notes):
        slot = notes[:, 1] // SLOT_TICKS
        rank = np.arange(len(slot)) - np.searchsorted(slot, slot, side="left")
        kept = rank < most
        part, tick, ticks, pitch, velocity, offset = (notes[kept, column] for column in range(6))
        found[slot[kept], rank[kept]] = np.stack(
            (part, tick % SLOT_TICKS, pitch, velocity_class(velocity), length_class(ticks),
             offset_class(offset)), 1,
        )  # fmt: skip
    return found


def in_order(notes: Array) -> Array:
    """Notes sorted by slot, part, place, pitch; the same note twice in a place is one."""
    if not len(notes):
        return np.zeros((0, 6), np.int64)
    slot = notes[:, 1] // SLOT_TICKS
    notes = notes[np.lexsort((notes[:, 3], notes[:, 1], notes[:, 0], slot))]
    same = (notes[1:, (0, 1, 3)] == notes[:-1, (0, 1, 3)]).all(1)
    return np.asarray(notes[np.concatenate(([True], ~same))])


def part_number(part: str) -> int:
    """The model's number for a part."""
    return PARTS.index(part)
