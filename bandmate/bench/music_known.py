"""Who knows the chords beforehand: MMA given the chart, our band given the chart, and a loop's third round.

For `bandmate bench music`.
"""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np

from bandmate import patch as patches
from bandmate.bench.music import BARS, FIRST_BARS, STYLE, Concert, Listened, performer
from bandmate.chart import Chart, ChartBar
from bandmate.events import PARTS
from bandmate.harmony import Chord
from bandmate.model import mma
from bandmate.model.grid import BEAT_TICKS, NO_ROOT, QUALITIES
from bandmate.model.songs import Song, Unusable
from bandmate.rehearsal import Performance
from bandmate.setlist import Setlist, single
from bandmate.show.ledger import Ledger, Played
from bandmate.songfile import Section
from bandmate.songfile import Song as Written
from bandmate.timing import SLOT_BEATS, BeatMap

LOOP_BARS, ROUNDS = 4, 6
THIRD = 2  # rounds before it
PATCH = "bench"


def by_mma(song: Song, seed: int = 1) -> Listened | None:
    """A song's chart as MMA plays it; None where it can't. Nobody is listened to."""
    chance = random.Random(f"{seed}/bench/{song.name}")
    try:
        take = mma.play(song, STYLE, chance.choice(mma.files(song, STYLE)), chance)
    except Unusable:
        return None
    clock = BeatMap(song.bpm, 0.0, 0.0)
    found = Performance(song.name, patches.load(PATCH), seed, player="mma", ledger=Ledger())
    found.chords = [
        (beat, clock.time_at(beat), Chord(root, QUALITIES[quality]).symbol)
        for beat, root, quality in song.chords
        if root != NO_ROOT
    ]
    notes = []
    for part, tick, ticks, pitch, velocity, _ in take.notes.tolist():
        on_s, off_s = clock.time_at(tick / BEAT_TICKS), clock.time_at((tick + ticks) / BEAT_TICKS)
        if FIRST_BARS <= tick / BEAT_TICKS / song.meter.bar_beats < BARS:
            notes.append(Played(PARTS[part], on_s, pitch, velocity, on_s, off_s))
    return Listened(song, found, clock, sorted(notes, key=lambda note: note.on_s))


# ------------------------------------------------------------------ the chart given


def charted(concert: Concert, song: Song, kind: str, player: str) -> Listened:
    """The band with the song's chart on its stand, and a performer, for one of INPUTS."""
    return concert.play(song, performer(song, kind), player, f"{kind} + chart", evening(song))


def evening(song: Song) -> Setlist:
    """The song as a song file would say it: its chart from the first bar to the last."""
    section = Section(bars=song.bars, chart=chart(song))
    return single(
        Written(
            song.name, patches.load(PATCH), (section,), (0,), STYLE,
            bpm=song.bpm / song.meter.pulse_beats, meter=song.meter,
        )
    )  # fmt: skip


def chart(song: Song) -> Chart:
    """The annotated chords, bar by bar."""
    slots = [
        None if root == NO_ROOT else Chord(int(root), QUALITIES[quality])
        for root, quality in song.chord_slots()
    ]
    bars = []
    for first in range(0, len(slots), song.meter.slots):
        here = slots[first : first + song.meter.slots]
        changes = [
            ((place + 1) * SLOT_BEATS, after)
            for place, (before, after) in enumerate(pairwise(here))
            if after != before
        ]
        bars.append(ChartBar(((0.0, here[0]), *changes)))
    return tuple(bars)


# ------------------------------------------------------------------ a loop


def looped(song: Song) -> Song | None:
    """The liveliest four bars of a song, again and again; None where there aren't any."""
    slots, length = song.chord_slots(), LOOP_BARS * song.meter.slots
    best, most = None, 1
    for first in range(FIRST_BARS * song.meter.slots, len(slots) - length, length):
        roots = slots[first : first + length, 0]
        moves = int(np.count_nonzero(roots != np.roll(roots, 1)))
        if NO_ROOT not in roots and moves > most:
            best, most = first, moves
    return None if best is None else _again(song, best)


def _again(song: Song, first: int) -> Song:
    """Four bars from a slot on, ROUNDS times; what rings over their end is cut."""
    from_tick = round(first * SLOT_BEATS * BEAT_TICKS)
    ticks = round(LOOP_BARS * song.meter.bar_beats * BEAT_TICKS)
    roots = song.chord_slots()[first : first + LOOP_BARS * song.meter.slots]
    performed = {}
    for role, notes in song.performer.items():
        rows = notes[(notes[:, 1] >= from_tick) & (notes[:, 1] < from_tick + ticks)].copy()
        rows[:, 1] -= from_tick
        rows[:, 2] = np.minimum(rows[:, 2], ticks - rows[:, 1])
        step = np.array([0, ticks, 0, 0, 0, 0])
        performed[role] = np.concatenate([rows + number * step for number in range(ROUNDS)])
    chords = [
        (number * LOOP_BARS * song.meter.bar_beats + place * SLOT_BEATS, int(root), int(quality))
        for number in range(ROUNDS)
        for place, (root, quality) in enumerate(roots)
    ]
    return Song(
        song.name, song.source, song.meter, song.bpm, ROUNDS * LOOP_BARS, chords, performed
    )  # fmt: skip


def in_a_loop(concert: Concert, song: Song, player: str) -> Listened:
    """A looped song from its third round on."""
    heard = concert.play(song, performer(song, "piano"), player, "loop")
    return heard.later(THIRD * LOOP_BARS)
