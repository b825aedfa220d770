"""Which song would suit the audience next: by mood, tempo and key, and never one that was played."""

from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.audience.mood import ONE_VOICE, Mood, Partial
from bandmate.harmony import Key
from bandmate.setlist import Entry, Setlist
from bandmate.songfile import Section, Song
from bandmate.suggesting import key_distance, song_energy, suggest

BENCH = patches.load("bench")


def song(title, bpm=110.0, intensity=2, key="C major"):
    return Song(title, BENCH, (Section(bars=2, intensity=intensity),), (0,), bpm=bpm, key=Key.parse(key))


BALLAD = song("Ballad", 66, 1, "A minor")
MIDDLE = song("Middle", 108, 2)
ROCKER = song("Rocker", 156, 3)
FAR = song("Far", 108, 2, "F# major")
EVENING = Setlist("e", "E", tuple(Entry(each) for each in (MIDDLE, FAR, BALLAD, ROCKER)))


def test_a_cheering_hall_gets_the_rocker_and_a_hushed_one_the_ballad():
    assert suggest(EVENING, 0, {0}, Mood(0.95, 0.0, 1.0)) == "Rocker"
    assert suggest(EVENING, 0, {0}, Mood(0.1, -0.5, 1.0)) == "Ballad"


def test_what_was_played_is_not_suggested_and_at_the_end_nothing_is():
    assert suggest(EVENING, 0, {0, 3}, Mood(0.95, 0.0, 1.0)) == "Far"
    assert suggest(EVENING, 0, {0, 1, 2, 3}, Mood(0.95, 0.0, 1.0)) == ""
    again = replace(EVENING, entries=(*EVENING.entries, Entry(ROCKER)))  # on the list once more
    assert suggest(again, 0, {0, 3}, Mood(0.95, 0.0, 1.0)) != "Rocker"


def test_of_two_alike_the_nearer_key_is_taken():
    near = song("Near", 108, 2, "G major")
    evening = replace(EVENING, entries=tuple(Entry(each) for each in (MIDDLE, FAR, near)))
    assert suggest(evening, 0, {0}, Mood(0.5, 0.0, 1.0)) == "Near"


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("C major", "A minor", 0),
        ("C major", "G major", 1 / 6),
        ("C major", "F# major", 1),
        ("F major", "D", 0.5),
    ],
)
def test_keys_lie_on_the_circle_of_fifths(one, other, apart):
    assert key_distance(Key.parse(one), Key.parse(other)) == pytest.approx(apart)


def test_a_fast_big_song_is_hotter_than_a_slow_quiet_one():
    assert song_energy(BALLAD) < song_energy(MIDDLE) < song_energy(ROCKER)


def test_pauses_are_never_suggested_and_the_shipped_evenings_have_something_for_everybody():
    for name in setlists.names():
        evening = setlists.load(name)
        for energy in (0.0, 0.5, 1.0):
            title = suggest(evening, 0, set(), Mood(energy, 0.0, 1.0))
            assert title in {one.title for one in evening.songs}


def test_the_screen_shows_it_while_the_audience_has_a_say_and_nothing_is_forced(make_stage):
    stage = make_stage(BENCH, evening=EVENING)
    partial = Partial()
    partial.say("energy", 1.0, 20 * ONE_VOICE)
    stage.events += [partial.readings(0.25 * step) for step in range(80)]
    stage.say(0.1, "start")
    stage.play(10.0)
    assert stage.statuses[-1].suggestion == "Rocker"
    assert stage.statuses[-1].next_song == "Far"
    assert stage.band.audience.played == {0}
    stage.say(10.1, "authority", 0.0)
    stage.play(12.0)
    assert stage.statuses[-1].suggestion == ""
