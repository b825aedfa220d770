"""The chord expected next: what followed the same chords before in this song, else what usually follows.

A variable-order model after Cleary and Witten's PPM (1984): the longest run of chords that has been heard
before speaks loudest, each shorter one with what is left, and common progressions in the key have the last
word. It learns with every chord, forgets nothing within a song and transposes nothing. When a chord has
lasted as long as it did the times before, its successor is due. Runs in the band process; imports harmony.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import partial

import numpy as np
import numpy.typing as npt

from bandmate.harmony import Chord, Key

LONGEST = 8  # chords that are looked back
SHORTEST = 0.6  # pulses: a chord that lasted less was a slip of the ear
EARLY = 0.55  # of a pulse: a chord struck so early is an anticipation of the pulse that comes
LATE = 0.9  # pulses: a change that comes so much later than expected may still come
KEPT = 0.5  # weight of the past against what is usual, when a run was heard once
MOST_RUNS = 20_000  # far more than any song has; in a jam without end the oldest are forgotten
MOST_PAST = 64  # chords; only the last few are looked at

Floats = npt.NDArray[np.float64]
Kind = int  # root, +12 with a minor third
Next = tuple[Kind, int | None]  # the chord that followed, and how many pulses it was waited for

# how often each degree of a key carries a chord: (major, minor) by semitones above the tonic
IN_MAJOR = ({0: 20, 5: 18, 7: 18, 4: 3, 2: 3, 9: 3, 10: 3, 8: 2}, {9: 14, 2: 10, 4: 9, 5: 2, 7: 2, 11: 1})
IN_MINOR = ({8: 16, 3: 15, 10: 16, 5: 3, 7: 9, 1: 1}, {0: 20, 5: 13, 7: 8, 10: 2, 2: 2})
# and how the root likes to move: semitones up
MOVES = {5: 2.0, 7: 1.3, 2: 1.5, 10: 1.2, 9: 1.3, 8: 1.0, 4: 0.7, 3: 0.8, 1: 0.8, 11: 0.7, 6: 0.3, 0: 0.5}


def usual(key: Key | None) -> Floats:
    """How likely each kind of chord (24) is after each (24) in a key, or in none."""
    table = np.full((24, 24), 0.2)
    if key is not None:
        for third, degrees in enumerate(IN_MINOR if key.minor else IN_MAJOR):
            for degree, often in degrees.items():
                table[:, (key.tonic + degree) % 12 + 12 * third] += often
    for before in range(24):
        for after in range(24):
            table[before, after] *= MOVES[(after - before) % 12]
        table[before, before] = 0.0
    found: Floats = table / table.sum(1, keepdims=True)
    return found


class Expectation:
    """Feed it the pulse count and the chord believed; read `chord`, `certainty`, `at_count`, `chances`."""

    def __init__(self) -> None:
        self.chord: Chord | None = None  # expected next,
        self.certainty = 0.0
        self.at_count: float | None = None  # at this pulse count; None: nobody knows
        self.chances: Floats | None = None  # of each kind to come next, (24,)
        self._runs: dict[tuple[Kind, ...], Counter[Next]] = {}
        self._past: list[tuple[Kind, int | None]] = []  # each chord and the pulse it began on, oldest first
        self._forms: dict[Kind, Chord] = {}  # how each kind was played last
        self._usual: dict[Key | None, Floats] = {}

    def hear(
        self, count: float | None, one: float, bar_pulses: float, chord: Chord | None, key: Key | None
    ) -> None:
        """The chord believed at a pulse count; `one` is the count of some downbeat."""
        turned = False
        if chord is not None:
            kind = chord.root + 12 * chord.minor
            self._forms[kind] = chord
            turned = (not self._past or kind != self._past[-1][0]) and self._turn(kind, count)
        overdue = count is not None and self.at_count is not None and count > self.at_count + LATE
        if turned or overdue:
            self._expect(count, one, bar_pulses, key)

    def _turn(self, kind: Kind, count: float | None) -> bool:
        """A new chord: learn what the last one followed, unless it was only a slip; False: it was."""
        begun = None if count is None else math.floor(count + EARLY)
        if self._past and begun is not None:
            last = self._past[-1][1]
            if last is not None and 0 <= begun - last < SHORTEST:
                begun = last
                self._past.pop()
                if self._past and self._past[-1][0] == kind:  # back again: nothing had happened
                    return True
        self._learn()
        del self._past[: -MOST_PAST + 1]
        self._past.append((kind, begun))
        return True

    def _learn(self) -> None:
        """The newest chord followed each run of chords before it."""
        if len(self._past) < 2:
            return
        (_, began), (kind, begun) = self._past[-2:]
        lasted = None if began is None or begun is None or begun <= began else begun - began
        before = [each for each, _ in self._past[-LONGEST - 1 : -1]]
        for first in range(len(before)):
            run = tuple(before[first:])
            followed = self._runs.pop(run, None) or Counter()
            followed[(kind, lasted)] += 1
            self._runs[run] = followed  # the newest last
        while len(self._runs) > MOST_RUNS:
            del self._runs[next(iter(self._runs))]

    def recount(self, was: float | None, now: float | None, pulses: float = 1.0) -> None:
        """The count `was` is `now` from here on, and each pulse has become so many; None: nobody counts."""
        if was is None or now is None:
            self._past = [(kind, None) for kind, _ in self._past]
            self.at_count = None
            return
        begun = self._past[-1][1] if self._past else None
        move = partial(_moved, was, now, pulses)
        self._past = [(kind, None if each is None else move(each)) for kind, each in self._past]
        if begun is not None and self.at_count is not None:
            self.at_count = move(begun) + pulses * (self.at_count - begun)
        if pulses != 1.0:
            self._runs = {run: _stretched(followed, pulses) for run, followed in self._runs.items()}

    def _expect(self, count: float | None, one: float, bar_pulses: float, key: Key | None) -> None:
        """Blend what followed each run before, the longest first, with what is usual."""
        begun = self._past[-1][1]
        waited = 0.0 if count is None or begun is None else count - begun
        chances, left = np.zeros(24), 1.0
        waits: Counter[Next] = Counter()
        now = [each for each, _ in self._past[-LONGEST:]]
        for first in range(len(now)):
            followed: Counter[Next] = self._runs.get(tuple(now[first:]), Counter())
            due = [
                (after, times)
                for after, times in followed.items()
                if after[1] is None or after[1] > waited - LATE
            ]
            if not due:
                continue
            total = sum(times for _, times in due)
            doubt = KEPT * len({after[0] for after, _ in due})
            for after, times in due:
                share = left * times / (total + doubt)
                chances[after[0]] += share
                waits[after] += share  # type: ignore[assignment]
            left *= doubt / (total + doubt)
        if key not in self._usual:
            self._usual[key] = usual(key)
        chances += left * self._usual[key][now[-1]]
        best = int(chances.argmax())
        self.chances, self.certainty = chances, float(chances[best])
        self.chord = self._forms.get(best, Chord(best % 12, "m" if best >= 12 else ""))
        lengths = [(share, lasted) for (kind, lasted), share in waits.items() if kind == best and lasted]
        if begun is None:
            self.at_count = None
        elif lengths:
            self.at_count = begun + max(lengths)[1]
        else:  # on the next bar line
            self.at_count = one + (math.floor((begun + waited - one) / bar_pulses + 1e-6) + 1) * bar_pulses


def _moved(was: float, now: float, pulses: float, count: int) -> int:
    """A pulse under its new number; a pulse stays a pulse."""
    return count + round(now - was) if pulses == 1.0 else round(now + pulses * (count - was))


def _stretched(followed: Counter[Next], pulses: float) -> Counter[Next]:
    """What followed a run, waited for in other pulses."""
    found: Counter[Next] = Counter()
    for (kind, lasted), times in followed.items():
        found[(kind, None if lasted is None else max(round(pulses * lasted), 1))] += times
    return found
