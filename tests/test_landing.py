"""Commands that name their place, what is shown to come, and changes that are taken back."""

from __future__ import annotations

import pytest

from bandmate import patch as patches
from bandmate import setlist
from bandmate.events import Command, NoteOn, PortLost
from bandmate.timing import step_time_s
from tests.conftest import Stage

BAR_S = 2.0  # at 120


def playing(stage, until_s=0.0, bars=16):
    """Tapped in at 120 and comping; returns when bar 1 begins."""
    one_s = stage.tap_in()
    stage.comp(one_s, bars * 4)
    stage.play(one_s + until_s)
    return one_s


def at(stage, beats, name, value=None, place=""):
    """A command so many beats after bar 1, to land on a place."""
    stage.events.append(Command(3.0 + beats * 0.5, name, value, "test", place))


def beats_of(stage, part, after=-1.0):
    """Where the notes of a part begin, in beats of the performer's grid."""
    return [(note.on_s - 3.0) * 2 for note in stage.notes(part) if (note.on_s - 3.0) * 2 > after]


@pytest.mark.parametrize(("place", "line"), [("now", 9.25), ("beat", 10.0), ("bar", 12.0), ("section", 16.0)])
def test_a_mute_lands_on_the_place_that_was_named(stage, place, line):
    playing(stage)
    at(stage, 9.25, "part/drums/mute", 1.0, place)
    stage.play(3.0 + 20 * 0.5)
    before = [beat for beat in beats_of(stage, "drums") if beat < line - 0.3]
    assert max(before) > line - 1.6
    assert beats_of(stage, "drums", line - 0.2) == []
    assert beats_of(stage, "bass", line - 0.2)


@pytest.mark.parametrize(("place", "line"), [("beat", 10.0), ("bar", 12.0)])
def test_who_lays_out_on_a_place_ends_what_they_hold_there(stage, place, line):
    playing(stage)
    at(stage, 9.25, "part/keys/on", 0.0, place)
    stage.play(3.0 + 14 * 0.5)
    keys = [note for note in stage.notes("keys") if note.on_s > 3.0 + 6 * 0.5]
    assert keys
    assert all(note.off_s <= 3.0 + line * 0.5 + 0.06 for note in keys)


def test_a_style_lands_on_the_bar_line_and_not_before(stage):
    playing(stage)
    at(stage, 9.25, "style", "bossa-nova", "bar")
    stage.play(3.0 + 11 * 0.5)
    assert stage.band.params["style"] == "pop-rock"
    assert ("style bossa-nova", pytest.approx(12.0)) in stage.statuses[-1].pending
    stage.play(3.0 + 12.5 * 0.5)
    assert stage.band.params["style"] == "bossa-nova"
    assert stage.statuses[-1].pending == ()


def test_a_break_for_the_section_waits_for_its_last_bar(stage):
    playing(stage)
    at(stage, 5.0, "break", place="section")
    stage.play(3.0 + 6 * 0.5)
    assert stage.statuses[-1].pending == (("break", pytest.approx(16.0)),)
    stage.play(3.0 + 20 * 0.5)
    rest = [beat for beat in beats_of(stage, "bass") if 16.2 < beat < 19.8]
    assert len(rest) < 3


def test_a_fill_now_begins_now(stage):
    playing(stage)
    at(stage, 9.1, "fill", place="now")
    stage.play(3.0 + 9.6 * 0.5)
    assert stage.statuses[-1].figure == "fill" or ("fill", 9.5) in stage.statuses[-1].pending
    stage.play(3.0 + 11 * 0.5)
    assert stage.statuses[-1].figure == "fill"


def test_in_a_song_a_section_is_the_songs_own():
    evening = setlist.load("trio")
    stage = Stage(evening.songs[0].patch, evening=evening)
    stage.say(0.0, "song", evening.songs[0].title)
    stage.say(0.1, "start")
    stage.play(8.0)
    band = stage.band
    stage.events.append(Command(8.01, "part/drums/mute", 1.0, "test", "section"))
    stage.play(8.1)
    ((name, line),) = [row for row in stage.statuses[-1].pending if "mute" in row[0]]
    spot = band.road.spot_of(band.transport.bar_of(line + 0.01)[0])
    assert name == "part/drums/mute 1"
    assert spot is None or spot.bar == 0


def test_a_place_that_is_none_is_said(stage):
    playing(stage, 1.0)
    at(stage, 3.0, "fill", place="tomorrow")
    stage.play(3.0 + 4 * 0.5)
    assert "cannot land on 'tomorrow'" in stage.statuses[-1].alarm


def test_a_muted_part_is_back_at_once_and_a_solo_mutes_the_others(stage):
    playing(stage)
    at(stage, 8.0, "part/drums/solo", 1.0)
    at(stage, 12.1, "part/drums/solo", 0.0)
    stage.play(3.0 + 16 * 0.5)
    muted = [beat for beat in beats_of(stage, "bass") if 8.1 < beat < 12.0]
    assert muted == []
    assert [beat for beat in beats_of(stage, "drums") if 8.1 < beat < 12.0]
    assert [beat for beat in beats_of(stage, "bass", 12.1) if beat < 14.1]
    soloed = [status for status in stage.statuses if status.soloed]
    assert {status.soloed for status in soloed} == {("drums",)}


def test_muted_drums_still_count_in(stage):
    stage.say(0.0, "part/drums/mute", 1.0)
    stage.say(0.1, "start")
    stage.comp(2.3, 8)
    stage.play(6.0)
    assert len(stage.notes("drums")) == 4
    assert stage.notes("bass")
    assert stage.notes("drums")[-1].on_s < stage.notes("bass")[0].on_s


def test_undo_takes_changes_back_one_by_one(stage):
    playing(stage)
    for beats, name, value in ((1, "energy", 0.9), (2, "style", "swing"), (3, "part/bass/mute", 1.0)):
        at(stage, beats, name, value)
    stage.play(3.0 + 4 * 0.5)
    assert stage.statuses[-1].undo == "part/bass/mute 0"
    at(stage, 5, "undo")
    stage.play(3.0 + 6 * 0.5)
    band = stage.band
    assert (band.params["part/bass/mute"], band.silent_from) == (0.0, {})
    at(stage, 6.5, "undo")
    at(stage, 6.6, "undo")
    at(stage, 6.7, "undo")
    stage.play(3.0 + 8 * 0.5)
    assert (band.params["style"], band.params["energy"]) == ("pop-rock", 0.5)
    assert "nothing to take back" in stage.statuses[-1].alarm
    assert stage.statuses[-1].undo == ""


def test_a_fader_that_is_drawn_is_one_change(stage):
    for index in range(10):
        stage.say(0.1 + index * 0.1, "master", 0.8 - index * 0.05)
    stage.say(2.0, "undo")
    stage.play(2.1)
    assert stage.band.params["master"] == 0.9


def test_undo_brings_back_who_was_sent_away_and_sends_away_who_came(stage):
    playing(stage)
    at(stage, 1, "less")
    at(stage, 1.5, "undo")
    at(stage, 4.2, "lay-out")
    at(stage, 5, "undo")
    stage.play(3.0 + 9 * 0.5)
    assert stage.band.form.thin == 0
    assert stage.band.playing == {"drums", "bass", "keys"}
    at(stage, 10, "part/keys/on", 0.0)
    at(stage, 11, "next-player")
    at(stage, 11.2, "undo")
    stage.play(3.0 + 14 * 0.5)
    assert stage.band.playing == {"drums", "bass"}


def test_undo_calls_off_what_has_not_landed_yet(stage):
    playing(stage)
    at(stage, 1, "style", "swing", "section")
    stage.play(3.0 + 2 * 0.5)
    assert stage.statuses[-1].undo == "no style"
    at(stage, 3, "undo")
    stage.play(3.0 + 18 * 0.5)
    assert stage.band.params["style"] == "pop-rock"


def test_undo_takes_back_the_newest_whether_it_has_landed_or_not(stage):
    playing(stage)
    at(stage, 1, "style", "swing", "section")
    at(stage, 2, "energy", 0.9)
    stage.play(3.0 + 3 * 0.5)
    assert stage.statuses[-1].undo == "energy 0.5"
    at(stage, 4, "undo")
    stage.play(3.0 + 5 * 0.5)
    assert stage.band.params["energy"] == 0.5
    assert stage.statuses[-1].undo == "no style"


def test_what_was_done_in_a_song_is_not_taken_back_in_the_next_one():
    on_stage = Stage(evening=setlist.load("trio"))
    on_stage.say(0.0, "energy", 0.9)
    on_stage.play(0.2)
    assert on_stage.statuses[-1].undo == "energy 0.5"
    on_stage.say(0.3, "song", "3")
    on_stage.play(0.6)
    style = on_stage.band.params["style"]
    assert on_stage.statuses[-1].undo == ""
    on_stage.say(0.7, "undo")
    on_stage.play(1.0)
    assert (on_stage.band.params["style"], on_stage.band.night.place) == (style, 2)


def test_a_stop_is_not_taken_back_nor_what_was_before_it(stage):
    playing(stage)
    at(stage, 1, "less")
    at(stage, 2, "less")
    stage.play(3.0 + 3 * 0.5)
    assert stage.statuses[-1].undo == "less back"
    at(stage, 4, "stop")
    stage.play(3.0 + 5 * 0.5)
    assert stage.statuses[-1].undo == ""
    at(stage, 6, "undo")
    stage.play(3.0 + 7 * 0.5)
    assert stage.band.form.thin == 0


def test_what_is_asked_for_again_for_the_same_place_lands_once_as_it_was_said_last(stage):
    playing(stage)
    for step in range(10):
        at(stage, 1 + step * 0.1, "break", None, "section")
        at(stage, 1.05 + step * 0.1, "style", "swing" if step else "bossa-nova", "section")
    stage.play(3.0 + 3 * 0.5)
    assert [name for name, _ in stage.statuses[-1].pending] == ["break", "style swing"]
    at(stage, 4, "less", None, "section")  # less and less is two steps
    at(stage, 4.1, "less", None, "section")
    stage.play(3.0 + 17 * 0.5)
    assert stage.band.form.thin == 2
    assert stage.band.params["style"] == "swing"


def test_the_meter_of_a_keyboard_that_was_pulled_out_falls(stage):
    one_s = stage.tap_in()
    stage.events.append(NoteOn(one_s, 60, 100, "stage piano"))
    stage.play(one_s + 2.0)
    assert stage.statuses[-1].levels["you"] > 0.2
    stage.events.append(PortLost(one_s + 2.0, "stage piano"))
    stage.play(one_s + 5.0)
    assert stage.statuses[-1].levels["you"] < 0.02


def test_who_is_muted_stays_so_for_the_next_band(stage, make_stage):
    from bandmate import snapshots

    playing(stage, 1.0)
    at(stage, 3, "part/drums/mute", 1.0)
    stage.play(3.0 + 4 * 0.5)
    again = make_stage(patches.load("bench"))
    snapshots.restore(again.band, stage.band and snapshots.state_now(stage.band), step_time_s(stage.step))
    assert set(again.band.silent_from) == {"drums"}


def test_meters_and_the_piano_roll_show_who_plays(stage):
    playing(stage, 6.0)
    shown = stage.statuses[-1]
    assert set(shown.levels) == {"drums", "bass", "keys", "you", "main"}
    assert all(0.0 <= level <= 1.0 for level in shown.levels.values())
    assert max(status.levels["drums"] for status in stage.statuses) > 0.3
    assert max(status.levels["you"] for status in stage.statuses) > 0.5
    rows = [row for status in stage.statuses for row in status.notes]
    played = [(note.part, note.pitch) for note in stage.ledger.played() if note.on_s < 8.0]
    assert len([row for row in rows if row[0] == "drums"]) >= len([p for p, _ in played if p == "drums"])
    yours = [row for row in rows if row[0] == "you"]
    assert {row[1] for row in yours} == {48, 60, 64, 67}
    assert {round(row[3], 1) for row in yours} == {0.0, 0.9}
    one = [row for row in yours if row[1] == 60 and abs(row[2] - 4.0) < 0.2]
    assert [row[3] > 0 for row in one] == [False, True]


def test_meters_fall_when_all_is_quiet(stage):
    playing(stage, 0.0, bars=2)
    stage.say(5.0, "stop")
    stage.play(8.0)
    assert max(stage.statuses[-1].levels.values()) < 0.01
