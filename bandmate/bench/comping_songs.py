"""Made-up comping for the chord ear: every chord of our vocabulary, with its root and without.

Pop songs hold hardly any ninths, altered or quartal chords, and nobody in them leaves the roots to a bass
player; here both happen. Seeded; used for training only. Joins harmony and the bench.
"""

from __future__ import annotations

import numpy as np

from bandmate.harmony import QUALITIES, Chord, Key

# one row a progression: (steps above the tonic, the qualities to choose from)
Row = tuple[tuple[int, tuple[str, ...]], ...]
DOMINANT = ("7", "9", "13", "7b9", "7#9", "7#5", "7alt", "7sus4", "11")
MAJOR = ("maj7", "maj9", "6", "69", "", "add9")
MINOR = ("m7", "m9", "m11", "m7", "m")
PROGRESSIONS: tuple[Row, ...] = (
    ((2, MINOR), (7, DOMINANT), (0, MAJOR), (0, MAJOR)),
    ((0, MAJOR), (9, MINOR), (2, MINOR), (7, DOMINANT)),
    ((2, ("m7b5",)), (7, ("7b9", "7alt", "7#5")), (0, ("m6", "mMaj7", "m", "m9", "madd9"))),
    ((0, ("7", "9", "13")), (5, ("7", "9", "13")), (0, ("7", "9")), (7, DOMINANT)),
    ((0, MAJOR), (5, MAJOR), (7, ("", "7", "7sus4", "sus4")), (9, MINOR)),
    ((9, MINOR), (5, MAJOR), (0, ("", "add9", "sus2")), (7, ("", "sus4"))),
    ((0, MAJOR), (1, ("dim7", "dim")), (2, MINOR), (7, DOMINANT)),
    ((2, ("quartal", "m11")), (3, ("quartal", "m11")), (2, ("quartal", "m11"))),
    ((0, ("5",)), (3, ("5",)), (5, ("5",)), (7, ("5", "sus4"))),
    ((0, ("",)), (0, ("aug",)), (5, ("", "6")), (5, ("m6", "m"))),
    ((4, MINOR), (9, ("7", "m7")), (2, MINOR), (7, DOMINANT)),
    ((0, ("m",)), (8, ("", "maj7")), (3, ("",)), (10, ("", "7"))),
)
ROOTLESS = tuple(name for name, tones in QUALITIES.items() if len(tones) > 3)  # three tones are left of these

Played = tuple[float, float, int, int]  # on_s, off_s, pitch, velocity
Label = tuple[float, float, int, bool]  # from_s, to_s, root, minor


def comping(seed: int, seconds: float, rootless: bool) -> tuple[list[Played], list[Label]]:
    """Somebody comps through progressions in one key, mostly with a melody above."""
    rng = np.random.default_rng((seed, rootless))
    tonic, melody, busy = int(rng.integers(12)), rng.random() < 0.6, rng.random()
    notes: list[Played] = []
    labels: list[Label] = []
    at_s, chord_s = 0.0, float(rng.uniform(0.9, 2.2))
    while at_s < seconds:
        row = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
        for degree, names in row:
            names = tuple(name for name in names if not rootless or name in ROOTLESS)
            if not names:
                continue
            chord = Chord((tonic + degree) % 12, str(rng.choice(names)))
            labels.append((at_s, at_s + chord_s, chord.root, chord.minor))
            voicing = without_root(chord, rng) if rootless else with_root(chord, rng)
            notes += _strokes(voicing, at_s, chord_s, busy, rng)
            if melody:
                notes += _tune(chord, Key(tonic), at_s, chord_s, rng)
            at_s += chord_s
    return sorted(notes), labels


def with_root(chord: Chord, rng: np.random.Generator) -> list[int]:
    """Left hand on the root (or the chord closed in the middle), the other tones above."""
    low = int(rng.integers(31, 43)) if rng.random() < 0.75 else int(rng.integers(50, 60))
    root = low + (chord.root - low) % 12
    middle = int(rng.integers(50, 62))
    tones = [tone for tone in chord.tones[1:] if len(chord.tones) < 4 or tone != (chord.root + 7) % 12
             or rng.random() < 0.6]  # fmt: skip
    doubled = [chord.root] if rng.random() < 0.5 else []
    return [root, *(middle + (tone - middle) % 12 for tone in (*tones, *doubled))]


def without_root(chord: Chord, rng: np.random.Generator) -> list[int]:
    """The A and B forms of the left hand: from the third or from the seventh up."""
    tones = list(chord.tones[1:])
    if len(tones) > 3 and rng.random() < 0.5:
        tones.pop(1)  # the fifth
    if rng.random() < 0.5:
        tones = tones[len(tones) // 2 :] + tones[: len(tones) // 2]
    pitches = [int(rng.integers(48, 60))]
    pitches[0] += (tones[0] - pitches[0]) % 12
    for tone in tones[1:]:
        pitches.append(pitches[-1] + 1 + (tone - pitches[-1] - 1) % 12)
    return pitches


def _strokes(
    voicing: list[int], at_s: float, chord_s: float, busy: float, rng: np.random.Generator
) -> list[Played]:
    """Struck on the change, perhaps rolled, perhaps again; or broken into an arpeggio."""
    found: list[Played] = []
    if rng.random() < 0.25:
        step_s = chord_s / 8
        for index in range(8):
            on_s = at_s + index * step_s
            found.append((on_s, on_s + step_s * 2, voicing[index % len(voicing)], int(rng.integers(50, 100))))
        return found
    times = [0.0, *(place for place in (0.25, 0.375, 0.5, 0.75) if rng.random() < 0.6 * busy)]
    for place, until in zip(times, [*times[1:], 1.0], strict=True):
        for pitch in voicing:
            on_s = at_s + place * chord_s + abs(float(rng.normal(0, 0.008)))
            found.append((on_s, on_s + (until - place) * chord_s * 0.9, pitch, int(rng.integers(50, 100))))
    return found


def _tune(chord: Chord, key: Key, at_s: float, chord_s: float, rng: np.random.Generator) -> list[Played]:
    """A few notes above: of the chord, or of the scale."""
    pool = [*chord.tones, *chord.tones, *key.scale]
    count = int(rng.integers(1, 6))
    found = []
    for index in range(count):
        on_s = at_s + index * chord_s / count
        pitch = 68 + (int(rng.choice(pool)) - 68) % 12
        found.append((on_s, on_s + chord_s / count, pitch, int(rng.integers(60, 110))))
    return found
