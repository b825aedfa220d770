"""A baseline that answers as the model does: a part's next slot by its last one, a chord by the one before.

Counted on songs that nobody is measured on, played over by MMA and by the understudy as the training set is.
It hears nothing of the performer but the chord that the band's ears name. Runs in the caller's process.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bandmate.errors import NoDevice
from bandmate.events import PARTS, Ask, Phrase
from bandmate.model import mma, pop909
from bandmate.model.grid import LENGTHS, NO_QUALITY, NO_ROOT, QUALITIES, degree_of, in_slots, quality_index
from bandmate.model.songs import Song, Take, Unusable
from bandmate.practice import understudy_take
from bandmate.timing import SLOT_BEATS

TAUGHT = 24  # songs: half by MMA, half by the understudy, read and played in a quarter of a minute
AHEAD = 9  # chords of a phrase: of the slot before, this one, and seven more
OLD = 16  # slots: a chord that lasts longer is no older
MOST = 32  # notes in a slot
OFF = -1.0

Pattern = tuple[tuple[int, int, int, int], ...]  # place, degree or drum, length class, velocity class
SILENCE: Pattern = ()


class Bigram:
    """Counts of what follows what; `teach` it, and ask it as a model."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.after: dict[tuple[int, int, Pattern], Counter[Pattern]] = {}  # part, place, the last pattern
        self.anyhow: dict[tuple[int, int], Counter[Pattern]] = {}  # part, place
        self.chords: dict[tuple[int, int, int], Counter[tuple[int, int]]] = {}  # quality, age, place
        self._begin()

    def _begin(self) -> None:
        """A new song."""
        self._last: list[Pattern] = [SILENCE] * len(PARTS)
        self._root, self._quality, self._age, self._sure = NO_ROOT, NO_QUALITY, 0, 0.0

    # -------------------------------------------------------------- counting

    def teach(self, song: Song, take: Take | None) -> None:
        """Count a song's chords, and what a band plays over them."""
        chords = [(int(root), int(quality)) for root, quality in song.chord_slots()]
        age = 1
        for slot in range(1, len(chords)):
            (root, quality), (before, colour) = chords[slot], chords[slot - 1]
            if NO_ROOT not in (root, before):
                known = (colour, min(age, OLD), slot % song.meter.slots)
                self.chords.setdefault(known, Counter())[(root - before) % 12, quality] += 1
            age = age + 1 if chords[slot] == chords[slot - 1] else 1
        if take is None:
            return
        for part in take.parts:
            last = SILENCE
            for slot, pattern in enumerate(_patterns(take, part, chords)):
                place = slot % song.meter.slots
                self.after.setdefault((part, place, last), Counter())[pattern] += 1
                self.anyhow.setdefault((part, place), Counter())[pattern] += 1
                last = pattern

    # -------------------------------------------------------------- answering

    def answer(self, ask: Ask) -> list[Phrase]:
        """The slot that is asked for, and a tail."""
        if ask.number == 0:
            self._begin()
        self._hear(ask)
        chords = self._foretold(ask)
        self._last = self._drawn(ask, self._last)
        later = replace(ask, beat=ask.beat + SLOT_BEATS, place=(ask.place + 1) % ask.bar_slots)
        fresh = Phrase(0.0, ask.beat, "fresh", _notes(self._last), chords[:AHEAD], ask.number)
        tail = replace(
            fresh,
            beat=later.beat,
            rung="tail",
            notes=_notes(self._drawn(later, self._last)),
            chords=chords[1:],
        )
        return [fresh, tail] if ask.write else []

    def _hear(self, ask: Ask) -> None:
        """The chord of the slot before: the listener's, else the likeliest after the last one."""
        if ask.heard:
            found, sure = (ask.root, quality_index(ask.quality)), 1.0
        elif self._root == NO_ROOT:
            return
        else:
            found, share = self._next(self._root, self._quality, self._age, ask.place - 1, ask.bar_slots)
            sure = self._sure * share
        self._age = self._age + 1 if found == (self._root, self._quality) else 1
        (self._root, self._quality), self._sure = found, sure

    def _next(
        self, root: int, quality: int, age: int, place: int, slots: int
    ) -> tuple[tuple[int, int], float]:
        """The likeliest chord of a slot, after one that has lasted so long; and how likely it is."""
        counts = self.chords.get((quality, min(age, OLD), place % slots))
        if not counts:
            return (root, quality), 1.0
        (move, colour), count = counts.most_common(1)[0]
        return ((root + move) % 12, colour), count / counts.total()

    def _foretold(self, ask: Ask) -> tuple[tuple[str, float], ...]:
        """The chord of the slot before, and the likeliest of this one and the next ones."""
        root, quality, age, sure = self._root, self._quality, self._age, self._sure
        found = [(root, quality, sure)]
        for ahead in range(AHEAD):
            if root != NO_ROOT:
                chord, share = self._next(root, quality, age, ask.place + ahead, ask.bar_slots)
                age, sure = (age + 1 if chord == (root, quality) else 1), sure * share
                root, quality = chord
            found.append((root, quality, sure))
        return tuple(
            ("" if root == NO_ROOT else f"{root}:{QUALITIES[quality]}", round(sure, 4))
            for root, quality, sure in found
        )

    def _drawn(self, ask: Ask, last: Sequence[Pattern]) -> list[Pattern]:
        """Each part's pattern for the slot, drawn by what it has just played."""
        found = []
        for part, density in enumerate(ask.densities):
            counts = self.after.get((part, ask.place, last[part])) or self.anyhow.get((part, ask.place))
            if density == OFF or not counts:
                found.append(SILENCE)
                continue
            chance = random.Random(f"{self.seed}/{round(ask.beat / SLOT_BEATS)}/{part}/{ask.again}")
            found.append(chance.choices(list(counts), list(counts.values()))[0])
        return found


def _patterns(take: Take, part: int, chords: Sequence[tuple[int, int]]) -> list[Pattern]:
    """What a part plays, slot by slot, as degrees of the chord."""
    found = []
    table = in_slots(take.notes[take.notes[:, 0] == part], len(chords), MOST).astype(int)
    for (root, quality), notes in zip(chords, table, strict=True):
        rows = [row for row in notes.tolist() if row[2] < 128]
        found.append(
            tuple(
                (place, pitch if part == 0 else int(degree_of(pitch, root, quality)), length, velocity)
                for _, place, pitch, velocity, length, _ in rows
            )
        )
    return found


def _notes(patterns: Sequence[Pattern]) -> tuple[tuple[int, int, int, int, int, int], ...]:
    return tuple(
        (part, place, degree, velocity * 16 + 8, int(LENGTHS[length]), 0)
        for part, pattern in enumerate(patterns)
        for place, degree, length, velocity in pattern
    )


def taught(data: Path, names: Sequence[str], style: str, seed: int = 1) -> Bigram:
    """A bigram that has counted TAUGHT of these songs of POP909, spread over all of them."""
    found, learnt = Bigram(seed), 0
    for name in spread(names, 2 * TAUGHT):
        try:
            song = pop909.read(data, name)
        except (Unusable, OSError):
            continue
        if str(song.meter) == "4/4" and learnt < TAUGHT:
            found.teach(song, _played_over(song, style, learnt, seed))
            learnt += 1
    return found


def _played_over(song: Song, style: str, number: int, seed: int) -> Take:
    """MMA and the understudy in turn; where there is no MMA, the understudy alone."""
    chance = random.Random(f"{seed}/bigram/{song.name}")
    if number % 2 == 0:
        try:
            return mma.play(song, style, chance.choice(mma.files(song, style)), chance)
        except (NoDevice, Unusable):
            pass
    return understudy_take(song, style, chance.randrange(1 << 30))


def spread(names: Sequence[str], count: int) -> list[str]:
    """So many of the names, evenly from first to last."""
    return [names[index * len(names) // count] for index in range(min(count, len(names)))] if names else []
