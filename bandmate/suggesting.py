"""Which song would suit the audience next: by mood, tempo and key, of what hasn't been played. Pure.

A suggestion is shown and nothing more: the setlist is the performer's.
"""

from __future__ import annotations

import math
from collections.abc import Set

from bandmate.audience.mood import Mood
from bandmate.harmony import Key
from bandmate.setlist import Setlist
from bandmate.songfile import Song

LOUDNESS = (0.25, 0.5, 0.8)  # of the intensities
SLOW, FAST = 60.0, 180.0  # pulses a minute: tempi that mean calm, and wild
BY_TEMPO = 0.35  # how much of a song's energy is its tempo
# what an octave of tempo, a key on the other side of the circle, the other mode and a place further on cost
TEMPO, KEY, MODE, ORDER = 0.15, 0.1, 0.15, 0.01
FIFTHS = 7


def song_energy(song: Song) -> float:
    """How hard a song is played, 0 to 1: its own energies or intensities, bar by bar, and its tempo."""
    bars, total = 0, 0.0
    for index in song.form:
        section = song.sections[index]
        own = section.energy if section.energy is not None else LOUDNESS[section.intensity - 1]
        bars, total = bars + section.bars, total + own * section.bars
    loud = song.energy if song.energy is not None else total / max(bars, 1)
    quick = min(max((song.bpm - SLOW) / (FAST - SLOW), 0.0), 1.0)
    return loud + BY_TEMPO * (quick - loud)


def key_distance(one: Key | None, other: Key | None) -> float:
    """How far two keys lie apart on the circle of fifths, 0 to 1; relative keys not at all."""
    if one is None or other is None:
        return 0.5
    steps = (_fifth(one) - _fifth(other)) % 12
    return min(steps, 12 - steps) / 6


def _fifth(key: Key) -> int:
    tonic = key.tonic + 3 if key.minor else key.tonic
    return tonic * FIFTHS % 12


def suggest(evening: Setlist, place: int, played: Set[int], mood: Mood) -> str:
    """The title of the song that suits best; empty where everything has been played."""
    now = evening.entries[place].song
    titles = {evening.entries[at].title for at in played if at < len(evening.entries)}
    best, least = "", math.inf
    for at, entry in enumerate(evening.entries):
        song = entry.song
        if song is None or at == place or at in played or entry.title in titles:
            continue
        cost = abs(song_energy(song) - mood.energy) + ORDER * ((at - place - 1) % len(evening.entries))
        if now is not None:
            cost += TEMPO * abs(math.log2(song.bpm / now.bpm)) + KEY * key_distance(now.key, song.key)
        if song.key is not None:
            cost += MODE * abs(mood.valence) * (song.key.minor == (mood.valence > 0))
        if cost < least:
            best, least = entry.title, cost
    return best
