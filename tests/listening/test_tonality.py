"""The key: voted for by notes and chords, slow to change, and named as a mode where one is clear."""

from __future__ import annotations

import numpy as np
import pytest

from bandmate.harmony import MAJOR, Chord, Key
from bandmate.listening.tonality import Tonality

PULSE_S = 0.5


def hear(tonality: Tonality, symbols: str, bars: int, pulse: float | None = 1.0) -> list[Key | None]:
    """A chord a bar, over and over; the key after each bar."""
    found = []
    for bar in range(bars):
        chord = Chord.parse(symbols.split()[bar % len(symbols.split())])
        notes = np.zeros(12)
        notes[list(chord.tones)] = 1.0
        for _ in range(4):
            tonality.hear(PULSE_S, notes, chord, pulse)
        found.append(tonality.key)
    return found


@pytest.mark.parametrize(
    ("symbols", "key"),
    [
        ("C Am F G", Key(0)),
        ("Dm7 G7 Cmaj7 Cmaj7", Key(0)),
        ("Am Dm E7 Am", Key(9, True)),
        ("Bb Eb F7 Bb", Key(10)),
        ("Bm7b5 E7 Am6 Am6", Key(9, True)),
    ],
)
def test_progressions_name_their_key(symbols, key):
    assert hear(Tonality(), symbols, 16)[-1] == key


def test_a_key_changes_only_after_two_bars_of_agreement():
    tonality = Tonality()
    hear(tonality, "C Am F G", 16)
    keys = hear(tonality, "E A B7 E", 40)
    assert keys[1] == Key(0)
    assert keys[-1] == Key(4)
    assert len({key for key in keys if key is not None}) <= 3


def test_a_pinned_key_is_never_changed():
    tonality = Tonality()
    tonality.pin(Key(6))
    assert set(hear(tonality, "C Am F G", 16)) == {Key(6)}


def test_a_mode_is_named_where_it_is_clear():
    tonality = Tonality()
    tonality.pin(Key(2, True))
    hear(tonality, "Dm7 G7 Dm7 Em7", 8)
    assert tonality.name == "D dorian"
    tonality.pin(Key(0))
    assert tonality.name == "C major"


def test_without_music_there_is_no_key():
    assert (Tonality().key, Tonality().name) == (None, "")
    assert len(MAJOR) == 7
