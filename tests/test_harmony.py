"""Harmony: chord symbols read and written, keys, and scales to run through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate.errors import BandmateError
from bandmate.harmony import (
    NAMES,
    QUALITIES,
    SHARPS,
    Chord,
    Key,
    pitch_class,
    pitch_name,
    scale_for,
)

classes = st.integers(0, 11)
chords = st.builds(Chord, classes, st.sampled_from(sorted(QUALITIES)), st.none() | classes)
keys = st.builds(Key, classes, st.booleans())


def spelled(tones):
    return " ".join(NAMES[tone] for tone in tones)


# ------------------------------------------------------------------ chords


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_chord_reads_back_from_its_symbol(quality):
    for root in range(12):
        for bass in (None, *range(12)):
            chord = Chord(root, quality, None if bass == root else bass)
            assert Chord.parse(chord.symbol) == chord
            assert str(chord) == chord.symbol


@pytest.mark.parametrize(
    ("symbol", "tones", "bass"),
    [
        ("C", "C E G", "C"),
        ("Am7", "A C E G", "A"),
        ("C/E", "C E G", "E"),
        ("F#m7b5", "Gb A C E", "Gb"),
        ("Bb9", "Bb D F Ab C", "Bb"),
        ("B9", "B Eb Gb A Db", "B"),
        ("Gsus4", "G C D", "G"),
        ("Bdim7", "B D F Ab", "B"),
        ("E#5", "F C", "F"),
        (" Dm7/Cb ", "D F A C", "B"),
    ],
)
def test_symbols_a_musician_writes(symbol, tones, bass):
    chord = Chord.parse(symbol)
    assert spelled(chord.tones) == tones
    assert NAMES[chord.bass_class] == bass


@pytest.mark.parametrize(
    ("others", "ours"),
    [
        ("Cmin C- Cmi", "Cm"),
        ("Cmaj C:maj CM Cmajor", "C"),
        ("Cmin7 C-7 Cmi7 C:min7", "Cm7"),
        ("CΔ CΔ7 CM7 Cma7 C^7", "Cmaj7"),
        ("CmM7 C-Δ C-Δ7 Cm(maj7) Cmmaj7", "CmMaj7"),
        ("C° Co", "Cdim"),
        ("C°7 Co7", "Cdim7"),
        ("Cø Cø7 C-7b5 Cm7♭5 C:hdim7", "Cm7b5"),
        ("Csus", "Csus4"),
        ("C7sus C9sus4", "C7sus4 C11"),
        ("C+ C+7 Calt", "Caug C7#5 C7alt"),
        ("C7(b9) C7(♯9)", "C7b9 C7#9"),
        ("C6/9 C6/9/E Cadd2 Cm(add9)", "C69 C69/E Cadd9 Cmadd9"),
        ("B♭13 F♯-11 Cq C(no3)", "Bb13 Gbm11 Cquartal C5"),
    ],
)
def test_the_spellings_of_others_are_read_too(others, ours):
    found = [Chord.parse(symbol).symbol for symbol in others.split()]
    assert found == (ours.split() if " " in ours else [ours] * len(found))


def test_a_slash_bass_belongs_to_the_chord_but_not_to_its_tones():
    chord = Chord.parse("C/D")
    assert chord.pitch_classes == {0, 2, 4, 7}
    assert chord.tones == (0, 4, 7)


@pytest.mark.parametrize(
    ("symbol", "plain"), [("C/C", "C"), ("Am7/A", "Am7"), ("C#/Db", "C#"), ("B/Cb", "B")]
)
def test_a_bass_that_is_the_root_needs_no_slash(symbol, plain):
    assert Chord.parse(symbol) == Chord.parse(plain)
    assert Chord.parse(symbol).bass is None


def test_which_chords_are_minor():
    assert {quality for quality in QUALITIES if Chord(0, quality).minor} == {
        *("m", "m7", "mMaj7", "m6", "dim", "dim7", "m7b5", "m9", "madd9", "m11", "quartal"),
    }


@pytest.mark.parametrize("symbol", ["", "H", "c", "Cfoo", "Am7/", "Am7/x", "C/E/G", "%", "N.C.", "7"])
def test_a_symbol_that_is_no_chord_is_named(symbol):
    with pytest.raises(BandmateError, match="is not a chord symbol that bandmate reads") as caught:
        Chord.parse(symbol)
    assert repr(symbol) in str(caught.value)


@given(chords, st.integers(-24, 24))
def test_a_transposed_chord_is_the_same_shape(chord, semitones):
    moved = chord.moved(semitones)
    assert moved.pitch_classes == {(tone + semitones) % 12 for tone in chord.pitch_classes}
    assert moved.tones == tuple((tone + semitones) % 12 for tone in chord.tones)
    assert moved.moved(-semitones) == chord


# ------------------------------------------------------------------ names and keys


def test_note_names_in_flats_sharps_and_the_odd_ones():
    assert [pitch_class(name) for name in NAMES] == list(range(12))
    assert [pitch_class(name) for name in SHARPS] == list(range(12))
    assert [pitch_class(name) for name in ("Cb", "B#", "E#", "Fb")] == [11, 0, 5, 4]


@pytest.mark.parametrize("name", ["", "H", "c", "Cbb", "C4", "4"])
def test_a_name_that_is_no_note(name):
    with pytest.raises(BandmateError, match="is not a note name"):
        pitch_class(name)


def test_pitches_by_name():
    assert [pitch_name(pitch) for pitch in (0, 21, 60, 61, 127)] == ["C-1", "A0", "C4", "Db4", "G9"]


def test_keys_and_their_scales():
    assert spelled(sorted(Key(0).scale)) == "C D E F G A B"
    assert Key(9, minor=True).scale == Key(0).scale
    assert (str(Key(10)), str(Key(9, minor=True))) == ("Bb major", "A minor")


@pytest.mark.parametrize(
    ("symbol", "key", "scale"),
    [
        ("Dm7", Key(0), "D E F G A B C"),
        ("G7", Key(0), "G A B C D E F"),
        ("Am", Key(9, minor=True), "A B C D E F G"),
    ],
)
def test_over_a_chord_of_the_key_the_scale_is_the_keys(symbol, key, scale):
    assert spelled(scale_for(Chord.parse(symbol), key)) == scale


@given(chords, st.none() | keys)
def test_a_scale_holds_the_chord_and_rises_from_its_root(chord, key):
    scale = scale_for(chord, key)
    steps = [(tone - chord.root) % 12 for tone in scale]
    assert steps[0] == 0
    assert steps == sorted(set(steps))
    assert set(chord.tones) <= set(scale)
    assert 6 <= len(scale) <= 9
