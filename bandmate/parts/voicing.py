"""How a chord's notes are laid out for a chord instrument, moving least from the last layout. Pure."""

from __future__ import annotations

from functools import lru_cache

from bandmate.harmony import QUALITIES, Chord, Key

Voicing = tuple[int, ...]  # pitches, lowest first

CLUSTER = 3.0  # semitones of movement that a rub at the edge of a chord is worth
HOME_PULL = 0.3  # per semitone of the chord's middle from the middle of its range
MUDDY_BELOW = 55  # a second sounds thick down there


@lru_cache(maxsize=4096)
def voicing_classes(chord: Chord, key: Key | None, ninth: bool) -> frozenset[int]:
    """Three or four pitch classes that stand for a chord over a bass that has the root.

    A power chord stays root and fifth; a triad stays a triad; with `ninth` a seventh chord gives its
    root to the bass and takes the ninth instead, where the key has it. Larger chords leave out the root,
    and the fifth where there is still too much.
    """
    steps = QUALITIES[chord.quality]
    if len(steps) >= 5:
        steps = steps[1:2] + steps[-3:]
    elif len(steps) == 4 and ninth and _has_ninth(chord, key):
        steps = (*steps[1:], 2)
    return frozenset((chord.root + step) % 12 for step in steps)


def _has_ninth(chord: Chord, key: Key | None) -> bool:
    """Whether a whole tone above the root belongs to the key (unknown key: to common chords)."""
    if 6 in QUALITIES[chord.quality]:
        return False  # diminished ones keep their root
    return key is None or (chord.root + 2) % 12 in key.scale


@lru_cache(maxsize=8192)
def voiced(chord: Chord, key: Key | None, ninth: bool, low: int, high: int, last: Voicing) -> Voicing:
    """The close layout between two pitches that moves least from the last one (empty: near the middle)."""
    return min(_layouts(chord, key, ninth, low, high), key=lambda each: each[1] + _movement(each[0], last))[0]


@lru_cache(maxsize=4096)
def _layouts(
    chord: Chord, key: Key | None, ninth: bool, low: int, high: int
) -> tuple[tuple[Voicing, float], ...]:
    """Every close layout in a range and what it costs by itself; where none fits, the lowest."""
    classes = voicing_classes(chord, key, ninth)
    close = [
        tuple(sorted(lowest + (tone - lowest) % 12 for tone in classes))
        for lowest in range(low, max(low, high - 6) + 1)
        if lowest % 12 in classes
    ]
    fitting = [layout for layout in close if layout[-1] <= high]
    middle = (low + high) / 2
    priced = [
        (layout, _harshness(layout) + HOME_PULL * abs(sum(layout) / len(layout) - middle))
        for layout in fitting
    ]
    lowest_of_all = tuple(sorted(low + (tone - low) % 12 for tone in classes))
    return tuple(priced) or ((lowest_of_all, 0.0),)


def _movement(layout: Voicing, last: Voicing) -> float:
    if not last:
        return 0.0
    if len(layout) == len(last):
        return float(sum(abs(new - old) for new, old in zip(layout, last, strict=True)))
    return len(layout) * abs(sum(layout) / len(layout) - sum(last) / len(last))


def _harshness(layout: Voicing) -> float:
    harsh = CLUSTER if layout[-1] - layout[-2] == 1 else 0.0
    return harsh + (CLUSTER if layout[0] < MUDDY_BELOW and layout[1] - layout[0] <= 2 else 0.0)
