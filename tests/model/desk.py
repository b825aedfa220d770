"""A small corpus made by hand: two songs with chords, a performer and a band, no data set needed."""

import numpy as np

from bandmate.model import corpus
from bandmate.model.grid import BEAT_TICKS, MELODY, PIANO, in_order
from bandmate.model.songs import Song, Take, rows
from bandmate.timing import Meter

LOOP = ((0, 0), (9, 1), (5, 0), (7, 2))  # C Am F G7


def song(name="loop", bars=40, transpose=0, style="funk", beats=4, performed=False):
    """Four chords again and again; the pianist chords on the beat, bass and drums the plainest groove."""
    chords = [(bar * 4.0, (root + transpose) % 12, quality) for bar, (root, quality) in _bars(bars)]
    piano, melody, band = [], [], []
    for bar, (root, _) in _bars(bars):
        tones = [48 + (root + transpose) % 12, 64 + (root + transpose) % 12]
        for beat in range(beats):
            tick = (bar * beats + beat) * BEAT_TICKS
            piano += [(0, tick, 10, tone, 80, 0) for tone in tones]
            melody.append((0, tick + 6, 6, 72 + (root + transpose + beat) % 12, 90, 0))
            band += [(0, tick, 1, 36 if beat % 2 == 0 else 38, 100, 3), (0, tick + 6, 1, 42, 60, -2)]
            band.append((1, tick, 10, 36 + (root + transpose) % 12, 90, 0))
            if beat == 1:
                band += [(2, tick, 12, 60 + (root + transpose + step) % 12, 70, 0) for step in (0, 4, 7)]
    found = Song(name, "user", Meter(), 120.0, bars, chords)
    found.performer = {PIANO: in_order(rows(piano)), MELODY: in_order(rows(melody))}
    notes = in_order(rows(band))
    found.takes = [Take(style, notes, frozenset({0, 1, 2}), "hand", frozenset({7, 15}), performed)]
    return found


def _bars(bars):
    return [(bar, LOOP[bar % len(LOOP)]) for bar in range(bars)]


def columns(songs=None):
    """The packed columns of some songs."""
    return corpus.pack(songs or [song(), song("up", transpose=3, style="swing")])


def write(folder, songs=None):
    """A corpus on disk, with the least of a manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus.save(columns(songs), folder / corpus.FILE)
    (folder / corpus.MANIFEST).write_text('{"sources": {}, "seed": 0}')
    return folder


def same(first, second):
    return np.array_equal(np.asarray(first), np.asarray(second))
