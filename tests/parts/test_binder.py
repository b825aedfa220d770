"""Late pitch: roots, lines that walk, chords that move little, and changing one's mind in time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate.events import Note, Slot
from bandmate.harmony import QUALITIES, Chord, Key
from bandmate.parts.binding import Binder
from bandmate.parts.comping import TIGHT_ROOM, register
from bandmate.parts.guitar import GUITAR
from bandmate.parts.keys import KEYS
from bandmate.parts.pad import PAD
from bandmate.parts.players import play
from bandmate.parts.style import load_style
from bandmate.timing import Meter

C = Key(0)
DM7, G7, CMAJ7, A7 = (Chord.parse(symbol) for symbol in ("Dm7", "G7", "Cmaj7", "A7"))
SWING = load_style("swing")


def bass(beat: float, tone: str = "1") -> Note:
    return Note("bass", beat, 1.0, tone, 90)


def keys(beat: float, voice: int, more: str = "+9@50-72") -> Note:
    return Note("keys", beat, 1.0, f"v{voice}{more}", 80)


def chord_at(binder: Binder, beat: float, chord: Chord, more: str = "+9@50-72") -> list[int]:
    """The pitches of one hit."""
    pitches = [binder.pitch(keys(beat, voice, more), chord, None, C) for voice in range(4)]
    return [pitch for pitch in pitches if pitch is not None]


# ------------------------------------------------------------------ bass


def test_one_is_the_chords_bass_low_on_the_neck():
    assert Binder().pitch(bass(0.0), Chord.parse("C"), None, C) == 36
    assert Binder().pitch(bass(0.0), Chord.parse("C/E"), None, C) % 12 == 4
    assert Binder().pitch(bass(0.0), Chord.parse("E"), None, C) == 40


def test_without_a_chord_the_bass_stays_on_its_last_root():
    binder = Binder()
    assert binder.pitch(bass(0.0), None, None, None) is None
    assert binder.pitch(bass(0.0), CMAJ7, None, C) == 36
    assert binder.pitch(bass(1.0, "5"), CMAJ7, None, C) == 43
    assert binder.pitch(bass(2.0, "3"), None, None, C) == 36
    binder.reset()
    assert binder.pitch(bass(3.0), None, None, None) is None


def test_the_first_note_of_a_new_chord_is_its_root():
    binder = Binder()
    binder.pitch(bass(0.0), DM7, None, C)
    assert binder.pitch(bass(2.0, "5"), G7, None, C) % 12 == 7


def test_an_approach_leads_into_the_root_ahead():
    binder = Binder()
    binder.pitch(bass(0.0), DM7, G7, C)
    binder.pitch(bass(2.0, "5"), DM7, G7, C)
    near = binder.pitch(bass(3.0, "approach"), DM7, G7, C)
    root = binder.pitch(bass(4.0), G7, CMAJ7, C)
    assert root % 12 == 7
    assert 1 <= abs(near - root) <= 2


def test_a_step_toward_the_next_root_stays_in_the_scale():
    binder = Binder()
    binder.pitch(bass(0.0), Chord.parse("F"), None, C)
    near = binder.pitch(bass(3.5, "toward"), Chord.parse("F"), Chord.parse("G"), C)
    assert near % 12 in C.scale


def test_an_anticipated_root_belongs_to_the_chord_ahead():
    binder = Binder()
    binder.pitch(bass(0.0), DM7, G7, C)
    assert binder.pitch(bass(3.5, "1>"), DM7, G7, C) % 12 == 7
    assert binder.pitch(bass(3.5, "1>"), DM7, None, C) % 12 == 2


def test_a_walking_line_moves_by_small_steps_and_stays_on_the_neck():
    binder = Binder()
    changes = [DM7, G7, CMAJ7, A7] * 8
    line = []
    for bar, chord in enumerate(changes[:-1]):
        for eighth in range(8):
            slot = Slot(bar * 4 + eighth / 2, bar, bar * 4.0, Meter(), 140.0, seed=3)
            for note in play("bass", slot, SWING):
                line.append((note.beat, binder.pitch(note, chord, changes[bar + 1], C)))
    leaps = [abs(after - before) for (_, before), (_, after) in pairwise(line)]
    assert max(leaps) <= 9
    assert sum(leap <= 4 for leap in leaps) >= 0.7 * len(leaps)
    assert all(28 <= pitch <= 55 for _, pitch in line)
    ones = [(beat, pitch) for beat, pitch in line if beat % 4 == 0]
    assert all(pitch % 12 == changes[int(beat // 4)].root for beat, pitch in ones)
    threes = [(beat, pitch) for beat, pitch in line if beat % 4 == 2]
    chordal = [pitch % 12 in changes[int(beat // 4)].pitch_classes for beat, pitch in threes]
    assert sum(chordal) >= 0.75 * len(chordal)


# ------------------------------------------------------------------ chords


def test_voices_move_little_through_two_five_one():
    binder = Binder()
    two, five, one = (chord_at(binder, beat, chord) for beat, chord in ((0, DM7), (4, G7), (8, CMAJ7)))
    for before, after in ((two, five), (five, one)):
        assert len(before) == len(after) == 4
        assert max(abs(new - old) for old, new in zip(before, after, strict=True)) <= 3
    assert all(50 <= pitch <= 72 for pitch in [*two, *five, *one])
    assert 2 not in {pitch % 12 for pitch in two}  # the root is the bass player's


def test_no_third_is_invented_for_a_power_chord():
    assert {pitch % 12 for pitch in chord_at(Binder(), 0.0, Chord.parse("A5"))} == {9, 4}


def test_a_triad_stays_a_triad_and_keeps_its_root():
    assert {pitch % 12 for pitch in chord_at(Binder(), 0.0, Chord.parse("F"), "@50-72")} == {5, 9, 0}


def test_keys_pad_and_guitar_do_not_strike_an_unknown_change():
    for part in ("keys", "guitar", "pad", "lead"):
        assert Binder().pitch(Note(part, 0.0, 1.0, "v0", 80), None, G7, C) is None


def test_a_chord_on_the_last_eighth_is_the_one_ahead():
    early = [Binder().pitch(keys(3.5, voice, "+9>@50-72"), DM7, G7, C) for voice in range(4)]
    assert early == chord_at(Binder(), 3.5, G7)


@pytest.mark.parametrize(("low", "high"), [(60, 84), (62, 90), (36, 55), (48, 66)])
def test_keys_stay_out_of_the_performers_octaves(low, high):
    binder = Binder()
    for bar in range(8):
        for eighth in range(8):
            beat = bar * 4 + eighth / 2
            slot = Slot(beat, bar, bar * 4.0, Meter(), 140.0, performer_low=low, performer_high=high)
            for part in ("keys", "guitar", "pad"):
                for note in play(part, slot, SWING):
                    pitch = binder.pitch(note, (DM7, G7)[bar % 2], (G7, DM7)[bar % 2], C)
                    assert pitch is None or not low <= pitch <= high


@pytest.mark.parametrize(("low", "high"), [(45, 76), (48, 81), (44, 79)])
def test_over_two_hands_in_the_middle_of_the_keyboard_chords_are_two_voices_above_them(low, high):
    slot = Slot(0.0, 0, 0.0, Meter(), 140.0, performer_low=low, performer_high=high)
    for player in (KEYS, GUITAR, PAD):
        lowest, highest, voices = register(player, slot)
        middle = (low + high) / 2
        assert middle < lowest < highest <= player.top
        assert voices == 2
        if high + TIGHT_ROOM < player.top:
            assert lowest == high + 1


# ------------------------------------------------------------------ changing one's mind


@settings(max_examples=80, deadline=None)
@given(
    chords=st.lists(st.builds(Chord, st.integers(0, 11), st.sampled_from(tuple(QUALITIES))), min_size=4),
    wrong=st.builds(Chord, st.integers(0, 11), st.sampled_from(tuple(QUALITIES))),
    tone=st.sampled_from(("1", "5", "3", "8", "step+", "chord-", "approach", "1>")),
)
def test_a_note_bound_again_is_as_if_it_had_been_right_at_once(chords, wrong, tone):
    sure, unsure = Binder(), Binder()
    for bar, chord in enumerate(chords):
        for beat, played in ((bar * 4.0, "1"), (bar * 4.0 + 2, tone)):
            unsure.pitch(bass(beat, played), wrong, None, C)
            assert unsure.pitch(bass(beat, played), chord, None, C) == sure.pitch(
                bass(beat, played), chord, None, C
            )
        chord_at(unsure, bar * 4.0, wrong)
        assert chord_at(unsure, bar * 4.0, chord) == chord_at(sure, bar * 4.0, chord)


def test_a_note_can_be_mended_after_the_next_one_was_bound():
    binder = Binder()
    binder.pitch(bass(0.0), DM7, None, C)
    binder.pitch(bass(0.5, "5"), DM7, None, C)
    assert binder.pitch(bass(0.0), CMAJ7, None, C) == 36
    assert chord_at(binder, 0.0, DM7) == chord_at(binder, 0.0, DM7)
