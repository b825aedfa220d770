"""Does a band sound like the style that it was asked for? A judge that learned from bands that aren't ours.

MMA plays charts in the grooves of `model/styles.py`; a logistic regression on where in the bar each
instrument strikes learns to name the style, and is asked about charts that it never saw. What it can't tell
apart there it isn't asked about ours. Human drummers (Groove MIDI) teach a second judge, of drums alone.
Numpy; no network.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandmate.bench.music_drummers import Drummed
from bandmate.events import PARTS
from bandmate.model import charts, mma
from bandmate.model.grid import BEAT_TICKS, folded_drum
from bandmate.model.songs import Song, Take, Unusable

Floats = NDArray[np.float64]
Struck = tuple[str, float, float, int]  # part, beat, beats, pitch

PIECE_BARS = 8  # what is judged at once
TAUGHT, ASKED = 10, 4  # takes of each style, to learn from and to be asked about
TAKE_BARS = 24
TOLD_APART = 0.75  # of a style's pieces that it never saw: from here on it knows the style
DRUMMED, EXAMINED = 8, 2  # takes of a label that drummers must have played, to be learned and asked about
STEPS, RATE, DECAY = 400, 0.5, 1e-2
# where in a beat each of its twelfths belongs: beat, sixteenth, triplet, eighth, triplet, sixteenth
PLACE = (0, 0, 1, 1, 2, 3, 3, 3, 4, 5, 5, 0)
PLACES = 6
GROUPS = {36: 0, 38: 1, 37: 1, 39: 1, 42: 2, 44: 2, 46: 3, 51: 4, 53: 4}  # of drums; all others: 5
DRUMS, BASS, CHORDS = 6, 6, 7  # how many groups of drums, and the numbers of the others
RHYTHM = 8
BEATS = 4


def portrait(notes: Iterable[Struck], bars: int) -> Floats:
    """How often each instrument strikes in each place of a bar of four, and how long pitched ones ring."""
    strikes: set[tuple[int, int]] = set()  # group, twelfth of a beat
    long: dict[int, list[float]] = {BASS: [], CHORDS: []}
    for part, beat, beats, pitch in notes:
        group = _group(part, pitch)
        if group is None:
            continue
        strikes.add((group, round(beat * BEAT_TICKS)))
        if group in long:
            long[group].append(min(beats, float(BEATS)))
    found = np.zeros((RHYTHM, BEATS * PLACES))
    for group, twelfth in strikes:
        beat, inside = divmod(twelfth, BEAT_TICKS)
        beat = (beat + (inside == BEAT_TICKS - 1)) % BEATS  # hardly early is on the next beat
        found[group, beat * PLACES + PLACE[inside]] += 1 / bars
    lengths = [float(np.mean(values)) if values else 0.0 for values in long.values()]
    return np.concatenate((np.sqrt(found).ravel(), lengths))


def _group(part: str, pitch: int) -> int | None:
    if part == "drums":
        drum = folded_drum(pitch)
        return None if drum is None else GROUPS.get(drum, DRUMS - 1)
    return {"bass": BASS, "keys": CHORDS, "guitar": CHORDS, "pad": CHORDS}.get(part)


def of_drums(portrait_: Floats) -> Floats:
    """What a portrait says of the drums alone."""
    return portrait_[: DRUMS * BEATS * PLACES]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A piece whose style is known, and with which groove, or by whom, it was played."""

    style: str
    by: str
    portrait: Floats


@dataclass(frozen=True, slots=True)
class Judge:
    """Names a style by its portrait; `ceiling` is how often it was right on music that it never saw."""

    styles: tuple[str, ...]
    weights: Floats  # (features + 1, styles)
    middle: Floats
    spread: Floats
    ceiling: float = 0.0
    unheard: float | None = None  # the same on grooves that it never heard played

    def shares(self, portraits: Floats) -> Floats:
        """(pieces, features) -> (pieces, styles): how likely each style is."""
        seen = np.hstack(((portraits - self.middle) / self.spread, np.ones((len(portraits), 1))))
        logits = seen @ self.weights
        shares = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def named(self, portraits: Floats) -> list[str]:
        """The likeliest style of each piece."""
        return [self.styles[number] for number in self.shares(portraits).argmax(1)]


def taught(lessons: Sequence[Lesson]) -> Judge:
    """A judge that has learned from pieces whose styles are known; every style counts the same."""
    names = tuple(sorted({lesson.style for lesson in lessons}))
    portraits = np.array([lesson.portrait for lesson in lessons])
    truth = np.array([names.index(lesson.style) for lesson in lessons])
    middle, spread = portraits.mean(0), portraits.std(0) + 0.1
    judge = Judge(names, np.zeros((portraits.shape[1] + 1, len(names))), middle, spread)
    seen = np.hstack(((portraits - middle) / spread, np.ones((len(portraits), 1))))
    weight = (1 / np.bincount(truth))[truth]
    weight /= weight.sum()
    wanted = np.eye(len(names))[truth]
    for _ in range(STEPS):
        error = (judge.shares(portraits) - wanted) * weight[:, None]
        judge.weights[...] -= RATE * (seen.T @ error + DECAY * judge.weights)
    return judge


def knowing(lessons: Sequence[Lesson], exam: Sequence[Lesson]) -> Judge | None:
    """A judge of those styles that it tells apart on pieces it never saw; None where there are none."""
    if not lessons:
        return None
    first = taught(lessons)
    known = {style for style in first.styles if (right(first, exam, style) or 0.0) >= TOLD_APART}
    if not known:
        return None
    lessons = [lesson for lesson in lessons if lesson.style in known]
    judge = taught(lessons)
    last = {style: max(lesson.by for lesson in lessons if lesson.style == style) for style in known}
    alone = {style for style in known if len({each.by for each in lessons if each.style == style}) < 2}
    apart = [each for each in lessons if each.by == last[each.style] and each.style not in alone]
    learnt = [each for each in lessons if each.by != last[each.style] or each.style in alone]
    unheard = right(taught(learnt), apart) if apart else None
    ceiling = right(judge, [each for each in exam if each.style in known])
    return replace(judge, ceiling=ceiling or 0.0, unheard=unheard)


def right(judge: Judge, exam: Sequence[Lesson], style: str = "") -> float | None:
    """How often a judge is right, in all or in one style."""
    asked = [each for each in exam if each.style == style or not style]
    if not asked:
        return None
    said = judge.named(np.array([each.portrait for each in asked]))
    return sum(a == b.style for a, b in zip(said, asked, strict=True)) / len(asked)


# ------------------------------------------------------------------ bands that aren't ours


def judge_of_bands(data: Path, styles: Sequence[str], report: Callable[[str], None]) -> Judge | None:
    """Taught by MMA, which plays Billboard's charts in the grooves of each style; wants MMA."""
    lessons: list[Lesson] = []
    exam: list[Lesson] = []
    songs = _charts(data, TAUGHT + ASKED)
    for style in styles:
        chance = random.Random(f"judge/{style}")
        files = mma.files(songs[0], style) if songs and style != mma.UNPLUGGED else []
        for index, song in enumerate(songs if files else []):
            try:
                take = mma.play(song, style, files[index % len(files)], chance)
            except Unusable:
                continue
            (lessons if index < TAUGHT else exam).extend(pieces_of(take, song.bars))
        if files:
            report(f"the judge hears MMA play {style}")
    return knowing(lessons, exam)


def _charts(data: Path, most: int) -> list[Song]:
    """Charts in common time, cut to a few phrases."""
    found: list[Song] = []
    for name in charts.billboard_charts(data):
        try:
            song = charts.billboard_chart(data, name)
        except Unusable:
            continue
        if str(song.meter) == "4/4" and song.bars >= TAKE_BARS:
            found.append(replace(song, bars=TAKE_BARS))
        if len(found) == most:
            break
    return found


def pieces_of(take: Take, bars: int) -> Iterator[Lesson]:
    """A take's pieces, whole ones only."""
    ticks = PIECE_BARS * BEATS * BEAT_TICKS
    for first in range(0, bars - PIECE_BARS + 1, PIECE_BARS):
        begin = first * BEATS * BEAT_TICKS
        rows = take.notes[(take.notes[:, 1] >= begin) & (take.notes[:, 1] < begin + ticks)]
        struck = (
            (PARTS[part], (tick - begin) / BEAT_TICKS, lasts / BEAT_TICKS, pitch)
            for part, tick, lasts, pitch, _, _ in rows.tolist()
        )
        yield Lesson(take.style, take.by, portrait(struck, PIECE_BARS))


def judge_of_drummers(takes: Sequence[Drummed]) -> Judge | None:
    """Taught by Groove MIDI's training takes, examined on its others; labels with enough takes of both."""
    lessons: list[Lesson] = []
    exam: list[Lesson] = []
    counts: Counter[tuple[str, bool]] = Counter()
    for one in takes:
        counts[one.take.style, one.training] += 1
        pieces = [replace(each, portrait=of_drums(each.portrait)) for each in pieces_of(one.take, one.bars)]
        (lessons if one.training else exam).extend(pieces)
    enough = {style for style, training in counts if training and counts[style, True] >= DRUMMED
              and counts[style, False] >= EXAMINED and style != "other"}  # fmt: skip
    return knowing(*([each for each in pieces if each.style in enough] for pieces in (lessons, exam)))
