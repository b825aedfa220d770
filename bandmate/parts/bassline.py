"""Which pitch a bass player takes for a degree: near where the hand is, roots low, lines that walk.

Pure functions of where the line was; `binding.py` remembers. Band's loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bandmate.harmony import Chord, Key, degree_pitch, scale_for

LOWEST, HIGHEST = 28, 55  # E1 to G3
HOME = 36  # roots like to lie near C2
HOME_PULL = 0.8
FIFTH_UP_TO = 47  # B2: from there on the fifth is taken below the root
OCTAVE_UP_TO = 51
LINE_LOW, LINE_HIGH = 31, 50  # a walking line turns here
DEGREES = {"1": 0, "3": 1, "5": 2, "6": 2, "7": 3}  # place of a degree in Chord.tones


@dataclass(frozen=True, slots=True)
class Hand:
    """Where the bass player's hand is: the pitch last played, its chord, and that chord's root."""

    pitch: int
    root: int
    chord: Chord


def bass_hand(tone: str, hand: Hand | None, chord: Chord, ahead: Chord | None, key: Key | None) -> Hand:
    """Where the hand goes for a tone over a chord; the first note of a new chord is its root."""
    if tone.endswith(">"):
        tone, chord = tone[:-1], ahead or chord
    if hand is None or tone == "low":
        root = _lowest_near(chord.bass_class, HOME)
        return Hand(root, root, chord)
    if tone in ("approach", "toward") and not _moved(hand.chord, chord):
        return _approaching(tone, hand, chord, ahead, key)
    if _moved(hand.chord, chord) or hand.root % 12 != chord.bass_class:
        root = _lowest_near(chord.bass_class, hand.pitch)
        return Hand(root, root, chord)
    if tone == "1":
        return Hand(hand.root, hand.root, chord)
    if tone == "same":
        return Hand(hand.pitch, hand.root, chord)
    if tone[:-1] in ("step", "chord"):
        pool = scale_for(chord, key) if tone[:-1] == "step" else chord.tones
        return Hand(_onward(hand.pitch, pool, 1 if tone[-1] == "+" else -1), hand.root, chord)
    if tone[0] == "6":
        return Hand(_sixth(tone, hand.root, chord, key), hand.root, chord)
    return Hand(_degree(tone, hand.root, chord), hand.root, chord)


def written_hand(degree: int, hand: Hand | None, chord: Chord) -> Hand:
    """Where the hand goes for a degree that the model wrote; the first note of a new chord is its root."""
    root = bass_hand("1", hand, chord, None, None)
    if hand is None or (root.chord is not hand.chord and _moved(hand.chord, chord)):
        return root
    if degree % 12 == 10 and not _has_seventh(chord):
        degree += 2  # a seventh of a chord that has none: its octave
    pitch = degree_pitch(degree, chord)
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return Hand(pitch, root.root, chord)


def landing(bass_note: str, chord: Chord, hand: Hand | None) -> Chord:
    """The chord with the bass that a style lands on: root, the performer's, or a tone near the hand."""
    if bass_note == "slash":
        return chord
    if bass_note == "root" or hand is None:
        return replace(chord, bass=None)
    if hand.chord.root == chord.root and hand.root % 12 in chord.tones:
        nearest = hand.root % 12  # the hand stays while the chord does
    else:
        nearest = min(chord.tones[:3], key=lambda tone: abs(_lowest_near(tone, hand.pitch) - hand.pitch))
    return replace(chord, bass=None if nearest == chord.root else nearest)


def _moved(old: Chord, new: Chord) -> bool:
    return (old.root, old.bass_class) != (new.root, new.bass_class)


def _lowest_near(tone: int, around: int) -> int:
    """A root near the hand, drawn towards the low strings."""
    pitches = range(LOWEST + (tone - LOWEST) % 12, HIGHEST + 1, 12)
    return min(pitches, key=lambda pitch: abs(pitch - around) + HOME_PULL * abs(pitch - HOME))


def _degree(tone: str, root: int, chord: Chord) -> int:
    """A degree over the root that the hand is at, above it or (with `-`, or where that is high) below.

    What the chord lacks is its fifth.
    """
    if tone in ("8", "1-"):
        octaves = (root + 12, root - 12) if tone == "8" else (root - 12, root + 12)
        return next((pitch for pitch in octaves if LOWEST <= pitch <= OCTAVE_UP_TO), root)
    tones = chord.tones if tone[:1] != "7" or _has_seventh(chord) else chord.tones[:3]
    place = DEGREES.get(tone[:1], 0)
    wanted = tones[place] if place < len(tones) and len(tones) > 2 else tones[min(2, len(tones) - 1)]
    above = root + (wanted - root) % 12
    below = above - 12
    low_first = tone.endswith("-") or above > FIFTH_UP_TO
    return below if low_first and below >= LOWEST else above


def _sixth(tone: str, root: int, chord: Chord, key: Key | None) -> int:
    """The sixth that the key has over a chord: above the root, or below where that is asked for or high."""
    scale = scale_for(chord, key)
    step = 9 if (chord.root + 9) % 12 in scale or (chord.root + 8) % 12 not in scale else 8
    above = root + (chord.root + step - root) % 12
    low_first = tone.endswith("-") or above > FIFTH_UP_TO + 2
    return above - 12 if low_first and above - 12 >= LOWEST else above


def _has_seventh(chord: Chord) -> bool:
    """Whether the fourth tone is a seventh or sixth, not an added ninth."""
    return len(chord.tones) > 3 and (chord.tones[3] - chord.root) % 12 > 8


def _onward(pitch: int, pool: tuple[int, ...], direction: int) -> int:
    """The next tone of a pool in a direction, turning where the line gets too high or low."""
    if pitch + direction * 2 > LINE_HIGH or pitch + direction * 2 < LINE_LOW:
        direction = -direction
    for step in range(1, 13):
        if (pitch + direction * step) % 12 in pool:
            return pitch + direction * step
    return pitch


def _approaching(tone: str, hand: Hand, chord: Chord, ahead: Chord | None, key: Key | None) -> Hand:
    """A tone that leads into the root ahead: a half step, a step of the scale, or its fifth.

    `toward` stays in the scale, `approach` likes the half step.

    With no news ahead, the chord's own fifth, or a step where the hand is on it already.
    """
    here = hand.root if hand.root % 12 == chord.bass_class else _lowest_near(chord.bass_class, hand.pitch)
    if ahead is None:
        fifth = _degree("5", here, chord)
        below = fifth - 12 if fifth - 12 >= LOWEST else fifth
        pitch = min((fifth, below), key=lambda near: abs(near - hand.pitch))
        return Hand(pitch if pitch != hand.pitch else _onward(pitch, scale_for(chord, key), -1), here, chord)
    target = _lowest_near(ahead.bass_class, hand.pitch)
    if not _moved(chord, ahead):
        return Hand(_dominant(target, hand.pitch), target, chord)
    if target == hand.pitch:
        return Hand(_dominant(target, hand.pitch), here, chord)
    side = 1 if hand.pitch > target else -1
    pitch = _leading(tone, hand.pitch, target, side, scale_for(chord, key))
    return Hand(pitch if LOWEST <= pitch <= HIGHEST else target - side, here, chord)


def _leading(tone: str, last: int, target: int, side: int, scale: tuple[int, ...]) -> int:
    """The tone before a target, from the side where the hand is if one is free there."""
    for step in (side, 2 * side, -side, -2 * side):
        pitch = target + step
        half_step = tone == "approach" and abs(step) == 1
        if pitch != last and (half_step or pitch % 12 in scale):
            return pitch
    return target + side


def _dominant(target: int, around: int) -> int:
    """The fifth of the root ahead, on the side nearer to the hand."""
    fifths = [pitch for pitch in (target - 5, target + 7) if LOWEST <= pitch <= HIGHEST and pitch != around]
    return min(fifths, key=lambda pitch: abs(pitch - around)) if fifths else target
