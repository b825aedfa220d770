"""Who makes room, who waits, what is expected: the manners of a good sideman."""

import pytest

from bandmate.events import Control, Heard, Note, NoteOn
from bandmate.harmony import Chord, Key
from bandmate.parts.binding import Binder
from bandmate.parts.hits import Hits
from bandmate.parts.manners import careful, common_tone, doubled, doubles, thinned
from bandmate.parts.touch import Touch

C, AM7, G7, DB = (Chord.parse(symbol) for symbol in ("C", "Am7", "G7", "Db"))
KEY = Key(0)


def bass(beat: float, tone: str = "1", beats: float = 1.0) -> Note:
    return Note("bass", beat, beats, tone, 90)


# ------------------------------------------------------------------ room


@pytest.mark.parametrize("part", ["keys", "pad", "lead"])
def test_a_busy_performer_thins_the_chords(part):
    assert thinned(part, 0.5, 1.0) == 0.5
    assert thinned(part, 0.5, 3.5) == pytest.approx(0.3)
    assert thinned(part, 0.5, 9.0) == pytest.approx(0.1)
    assert thinned(part, 0.2, 9.0) == 0.0


@pytest.mark.parametrize("part", ["drums", "bass"])
def test_but_never_drums_and_bass(part):
    assert thinned(part, 0.5, 20.0) == 0.5


# ------------------------------------------------------------------ a chord that is only guessed


@pytest.mark.parametrize("tone", ["1", "1-", "8", "low", "same", "=40"])
def test_over_a_guess_the_bass_may_play_its_root(tone):
    assert careful(bass(0.0, tone)).tone == tone


@pytest.mark.parametrize(
    ("tone", "root"),
    [("5", "8"), ("5-", "8"), ("3", "1"), ("step+", "1"), ("approach", "1"), ("chord-", "1")],
)
def test_and_nothing_that_says_more(tone, root):
    assert careful(bass(0.0, tone)).tone == root


def test_the_others_play_on():
    keys = Note("keys", 0.0, 1.0, "v2+9", 80)
    assert careful(keys) is keys


# ------------------------------------------------------------------ the left hand, doubled


@pytest.mark.parametrize(("key", "pitch"), [(47, 35), (40, 28), (36, 36), (39, 39), (24, 36)])
def test_the_bass_doubles_an_octave_below_as_far_as_the_neck_goes(key, pitch):
    note = doubled(key, 77, 3.0)
    assert doubles(note)
    assert (note.part, note.beat, note.velocity) == ("bass", 3.0, 77)
    assert Binder().pitch(note, None, None, None) == pitch


def test_after_the_left_hand_the_line_goes_on_from_there():
    binder = Binder()
    binder.pitch(bass(0.0), C, None, KEY)
    binder.pitch(doubled(43, 80, 1.0), C, None, KEY)
    assert binder.pitch(bass(2.0, "same"), C, None, KEY) % 12 == 0  # G is no root of C: home again


# ------------------------------------------------------------------ harmony that nobody knows


def test_in_doubt_the_bass_plays_a_tone_of_both_chords_or_leaves_the_kick_alone():
    binder = Binder()
    assert binder.in_doubt(bass(0.0), None, None) is None
    root = binder.pitch(bass(0.0), C, None, KEY)
    assert binder.in_doubt(bass(4.0), C, AM7) == root
    assert binder.in_doubt(bass(8.0), C, G7) % 12 == 7
    assert binder.in_doubt(bass(12.0), C, Chord.parse("Bb")) is None
    assert binder.in_doubt(bass(16.0), C, None) is None


def test_in_doubt_chords_are_not_struck():
    for part in ("keys", "guitar", "pad", "lead"):
        assert Binder().in_doubt(Note(part, 0.0, 1.0, "v0", 80), C, AM7) is None


def test_a_common_tone_is_near_the_hand():
    assert common_tone(None, C, AM7) is None


def test_without_a_chord_the_bass_stays_on_the_last_root_that_stood():
    binder = Binder()
    for beat in (0.0, 1.0, 2.0, 3.0):
        binder.pitch(bass(beat), C, None, KEY)
    passing = binder.pitch(bass(4.0), DB, None, KEY)
    assert passing % 12 == 1
    assert binder.pitch(bass(4.5), None, None, KEY) % 12 == 0  # a chord of half a beat is no home
    for beat in (5.0, 6.0, 7.0, 8.0):
        binder.pitch(bass(beat), G7, None, KEY)
    assert binder.pitch(bass(9.0), None, None, KEY) % 12 == 7


def test_the_first_note_of_a_new_chord_is_its_root_also_where_an_approach_is_written():
    binder = Binder()
    binder.pitch(bass(0.0), C, G7, KEY)
    assert binder.pitch(bass(2.0, "approach"), G7, C, KEY) % 12 == 7


def test_a_sixth_belongs_to_the_key():
    binder = Binder()
    binder.pitch(bass(0.0), C, None, KEY)
    assert binder.pitch(bass(1.0, "6"), C, None, KEY) % 12 == 9
    minor = Binder()
    minor.pitch(bass(0.0), Chord.parse("Am"), None, KEY)
    assert minor.pitch(bass(1.0, "6"), Chord.parse("Am"), None, KEY) % 12 == 5


def test_a_passing_chord_leads_into_the_next_one_by_a_half_step():
    voices = [Note("keys", 3.5, 0.5, f"v{voice}~@50-72", 80) for voice in range(4)]
    pitches = {Binder().pitch(note, C, Chord.parse("Am"), KEY) % 12 for note in voices}
    assert pitches == Chord.parse("G#dim7").pitch_classes
    here = {Binder().pitch(note, C, None, KEY) for note in voices}
    assert {pitch % 12 for pitch in here if pitch is not None} == C.pitch_classes


# ------------------------------------------------------------------ a keyboard without touch


def played(touch: Touch, from_s: float, seconds: float, a_second: float, velocity=100) -> Heard:
    """Somebody plays so many onsets a second; the snapshot at the end."""
    heard = Heard(from_s)
    for step in range(int(seconds * 20)):
        now_s = from_s + step / 20
        events = [NoteOn(now_s, 60, velocity)] if step % max(1, round(20 / a_second)) == 0 else []
        heard = touch.hear(events, Heard(now_s, dynamics=0.5, density=a_second))
    return heard


def test_a_keyboard_of_one_velocity_is_noticed_and_density_is_loudness():
    touch = Touch()
    quiet = played(touch, 0.0, 20.0, 2.0)
    busy = played(touch, 20.0, 10.0, 10.0)
    assert touch.fixed
    assert busy.dynamics > quiet.dynamics + 0.2
    calm = played(touch, 30.0, 10.0, 1.0)
    assert calm.dynamics < busy.dynamics - 0.3


def test_its_volume_pedal_is_loudness_too():
    touch = Touch()
    loud = played(touch, 0.0, 20.0, 4.0)
    touch.hear([Control(20.0, 11, 20)], Heard(20.0))
    soft = played(touch, 20.0, 5.0, 4.0)
    assert soft.dynamics < loud.dynamics - 0.15


def test_a_keyboard_with_touch_is_left_to_the_ears():
    touch = Touch()
    for index in range(40):
        heard = touch.hear([NoteOn(index * 0.25, 60, 50 + index)], Heard(index * 0.25, dynamics=0.8))
    assert not touch.fixed
    assert heard.dynamics == 0.8


# ------------------------------------------------------------------ hits


def comp(hits: Hits, bar: int, stabs: tuple[float, ...] = ()) -> None:
    """A bar of soft chords on one and three, and loud ones where they stab."""
    for place, loud in sorted([(0.0, False), (2.0, False), *((stab, True) for stab in stabs)]):
        for key in range(4):
            hits.hear(bar * 4 + place + key * 0.01, bar, bar * 4.0, 110 if loud else 72)


def test_a_hit_played_twice_in_the_same_place_is_expected_the_third_time():
    hits = Hits()
    for bar in range(9):
        assert hits.expected(bar, 4.0) == ()
        comp(hits, bar, (3.0,) if bar % 4 == 3 else ())
    assert hits.expected(11, 4.0) == (3.0,)
    assert hits.expected(10, 4.0) == ()


def test_once_is_not_enough():
    hits = Hits()
    for bar in range(8):
        comp(hits, bar, (3.0,) if bar == 3 else ())
    assert all(hits.expected(bar, 4.0) == () for bar in range(20))


def test_what_comes_in_every_bar_is_a_way_of_comping():
    hits = Hits()
    for bar in range(12):
        comp(hits, bar, (3.0,))
    assert hits.expected(12, 4.0) == ()


def test_a_new_song_expects_nothing():
    hits = Hits()
    for bar in range(12):
        comp(hits, bar, (3.0,) if bar % 4 == 3 else ())
    hits.forget()
    assert hits.expected(15, 4.0) == ()
