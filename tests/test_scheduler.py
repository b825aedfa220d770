"""The scheduler: notes sound where they stand, pitches wait for the performer, wrong roots are mended."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bandmate.events import Click, Off, On, Replace, Revoke
from bandmate.harmony import Chord
from bandmate.scheduler import LEAST_S, ROOM_S, SETTLE_S, STRUCK_S, WAIT_S
from bandmate.timing import STEP_S, step_time_s
from tests.desk import HORIZON_S, ROUNDING_S, STEPS, Desk

F, G = Chord.parse("F"), Chord.parse("G")


@pytest.fixture
def desk():
    return Desk()


# ------------------------------------------------------------------ on time


def test_notes_sound_where_they_stand_for_as_long_as_they_are(desk):
    desk.want("bass", 1, 1.0).want("bass", 2, 0.5, "5").want("drums", 1.5, 0.25).until(2.0)
    assert desk.played == [("bass", 0.5, 1.0, 36), ("drums", 0.75, 0.875, 36), ("bass", 1.0, 1.25, 43)]
    assert desk.when(On) == pytest.approx([0.475, 0.725, 0.975])  # a horizon early, not a step more
    assert all(
        off.time_s - when_s <= HORIZON_S + ROUNDING_S for when_s, off in desk.sends if type(off) is Off
    )


def test_a_click_goes_to_the_click_bus(desk):
    desk.want("click", 1, tone="accent").want("click", 2).until(2.0)
    assert desk.sent(Click) == [Click(0.5, True), Click(1.0, False)]
    assert desk.sent(Off) == []


def test_push_and_lay_back_are_seconds(desk):
    desk.want("drums", 1, offset_s=-0.02).want("drums", 2, offset_s=0.02).until(2.0)
    assert [on.time_s for on in desk.sent(On)] == pytest.approx([0.48, 1.02])


def test_what_waits_and_what_sounds_go_with_the_tempo(desk):
    desk.want("bass", 1, 1.0).want("bass", 4, 1.0, "5").until(0.75)
    desk.beatmap = desk.beatmap.at_tempo(60, 0.75)  # beat 1.5
    desk.until(5.0)
    assert desk.played == [("bass", 0.5, 1.25, 36), ("bass", 3.25, 4.25, 43)]


def test_the_same_pitch_again_ends_the_one_before(desk):
    desk.want("bass", 1, 4.0).want("bass", 2, 1.0).want("keys", 3, 1.0).until(4.0)
    assert desk.played == [("bass", 0.5, 0.999, 36), ("bass", 1.0, 1.5, 36), ("keys", 1.5, 2.0, 36)]


def test_no_note_is_shorter_than_an_ear_can_tell(desk):
    desk.want("drums", 1, 0.001).until(1.0)
    assert desk.played == [("drums", 0.5, 0.5 + LEAST_S, 36)]


@pytest.mark.parametrize(("late_s", "plays"), [(0.02, True), (0.055, True), (0.065, False), (1.0, False)])
def test_a_note_decided_too_late_is_played_at_once_or_not_at_all(desk, late_s, plays):
    desk.until(0.5 + late_s).want("drums", 1).go()
    assert [on.time_s for on in desk.sent(On)] == pytest.approx([0.5 + late_s + ROOM_S] * plays)
    assert desk.scheduler.dropped == (not plays)


# ------------------------------------------------------------------ late pitch


def test_a_pitch_is_bound_when_its_note_is_sent(desk):
    desk.want("bass", 1).until(0.3)
    desk.turn(F)
    desk.until(2.0)
    assert desk.played == [("bass", 0.5, 0.75, 41)]
    assert desk.sent(Replace) == []
    assert desk.sent(On)[0].heard_s == desk.when(On)[0]


def test_a_chord_that_turns_just_before_the_note_takes_it_along(desk):
    desk.want("bass", 1).want("drums", 1).until(0.49)
    desk.turn(F)
    desk.until(2.0)
    assert desk.sent(Replace) == [Replace(1, 41, pytest.approx(0.49))]
    assert desk.played == [("bass", 0.5, 0.75, 41), ("drums", 0.5, 0.75, 36)]


def test_on_a_slow_device_a_short_note_is_taken_along_too_though_its_end_is_sent(desk):
    desk.scheduler.horizon_s = HORIZON_S + 0.1
    desk.want("bass", 1, 0.1).until(0.48)
    assert len(desk.sent(Off)) == 1
    desk.turn(F)
    desk.until(2.0)
    assert desk.played == [("bass", 0.5, 0.55, 41)]


def test_a_note_that_sounds_is_never_bent_to_another_pitch(desk):
    desk.want("bass", 1, 1.0).until(0.5)
    desk.turn(F)
    desk.until(0.505)
    desk.turn(G)
    desk.until(0.51)
    assert desk.sent(Replace) == []
    assert desk.played == [("bass", 0.5, 0.505 + ROOM_S, 36)]


def test_a_note_that_has_no_pitch_does_not_sound(desk):
    desk.want("keys", 1, tone="?").until(2.0)
    assert desk.sends == []


def test_a_note_that_loses_its_pitch_is_revoked(desk, monkeypatch):
    desk.want("keys", 1).until(0.49)
    monkeypatch.delitem(STEPS, "1")
    desk.turn(F)
    desk.until(2.0)
    assert desk.sent(Revoke) == [Revoke(1)]
    assert desk.played == []


def test_a_wrong_root_is_cut_and_mended_on_the_next_eighth(desk):
    desk.want("bass", 0, 6.0).until(0.8)  # beat 1.6
    desk.turn(F)  # C belongs to F
    desk.until(1.3)  # beat 2.6
    desk.turn(G)  # and not to G
    desk.until(4.0)
    assert desk.played == [("bass", 0.004, 1.3 + ROOM_S, 36), ("bass", 1.5, 3.0, 43)]


@pytest.mark.parametrize("beats", [3.0, 4.0])
def test_a_wrong_root_is_not_mended_where_the_line_goes_on_by_itself(desk, beats):
    desk.want("bass", 0, beats).want("bass", 3, 1.0, "5").until(1.3)
    desk.turn(G)
    desk.until(3.0)
    assert desk.played == [("bass", 0.004, 1.3 + ROOM_S, 36), ("bass", 1.5, 2.0, 50)]


def test_wrong_tones_of_others_are_cut_and_right_ones_ring_on(desk):
    desk.want("keys", 0, 4.0).want("keys", 0, 4.0, "5").want("drums", 0, 4.0).until(0.8)
    desk.turn(G)  # holds G, not C
    desk.until(3.0)
    assert sorted(desk.played) == [
        ("drums", 0.004, 2.0, 36),
        ("keys", 0.004, 0.804, 36),
        ("keys", 0.004, 2.0, 43),
    ]


# ------------------------------------------------------------------ waiting for the performer


def test_at_a_likely_change_a_note_waits_a_little_and_drums_never(desk):
    desk.likely = True
    desk.want("bass", 1).want("drums", 1).want("click", 1).until(2.0)
    (drums, bass), (click,) = desk.sent(On), desk.sent(Click)
    assert (drums.part, drums.time_s, click.time_s) == ("drums", 0.5, 0.5)
    assert 0.5 + WAIT_S <= bass.time_s <= 0.5 + WAIT_S + STEP_S + ROOM_S


def test_where_nobody_plays_nobody_is_waited_for(desk):
    desk.likely = desk.resting = True
    desk.want("bass", 1).until(2.0)
    assert desk.played == [("bass", 0.5, 0.75, 36)]


def test_the_performers_new_chord_is_the_notes_chord(desk):
    desk.likely = True
    desk.want("bass", 1).until(0.51)
    desk.strike()
    desk.go()
    desk.turn(F)
    desk.until(2.0)
    assert desk.played == [("bass", pytest.approx(0.52 + ROOM_S), 0.75, 41)]
    assert desk.sent(Replace) == []


@settings(deadline=None)
@given(st.integers(-60, 20), st.floats(-0.02, 0.02), st.sampled_from(["bass", "keys", "lead"]))
def test_a_pitch_is_bound_shortly_after_the_performers_key_and_in_any_case_soon(key_step, offset_s, part):
    """A key up to 300 ms before or 100 ms after beat 2 (1 s), on the grid of steps."""
    desk = Desk()
    desk.likely = True
    desk.want(part, 2, offset_s=offset_s)
    due_s, key_s = 1.0 + offset_s, step_time_s(200 + key_step)
    desk.until(key_s)
    desk.strike()
    desk.until(2.0)
    ((sent_s, on),) = [(when_s, send) for when_s, send in desk.sends if type(send) is On]
    assert on.time_s <= due_s + WAIT_S + STEP_S + ROOM_S + ROUNDING_S
    assert on.heard_s == sent_s
    settled_s = key_s + SETTLE_S
    assume(abs(key_s - (due_s - STRUCK_S)) > ROUNDING_S)  # on the very edge either will do
    if key_s > due_s - STRUCK_S and settled_s < due_s + WAIT_S:
        assert settled_s - ROUNDING_S <= sent_s
        assert sent_s <= max(settled_s, due_s - HORIZON_S) + STEP_S + ROUNDING_S
    else:
        assert sent_s >= due_s + WAIT_S - ROUNDING_S  # that key spoke for another chord


def test_a_slow_device_can_still_play_a_note_that_waited(desk):
    """The band makes the horizon longer by the device's latency; what comes later than that is lost."""
    latency_s = 0.1
    desk.scheduler.horizon_s = HORIZON_S + latency_s
    desk.scheduler.latency_s = latency_s
    desk.likely = True
    desk.want("bass", 2).until(2.0)
    ((sent_s, on),) = [(when_s, send) for when_s, send in desk.sends if type(send) is On]
    assert on.time_s - latency_s >= sent_s


# ------------------------------------------------------------------ cues


def test_dropped_notes_never_come(desk):
    desk.want("bass", 1).want("drums", 1).until(0.2)
    desk.scheduler.drop(lambda note: note.part == "drums")
    desk.until(2.0)
    assert [part for part, *_ in desk.played] == ["drums"]


def test_a_drop_keeps_the_others_in_order(desk):
    desk.want("bass", 1)
    for beat in (5, 2, 6, 7, 3):
        desk.want("drums", beat)
    desk.scheduler.drop(lambda note: note.part == "drums")
    desk.until(4.0)
    assert [on.time_s for on in desk.sent(On)] == pytest.approx([1.0, 1.5, 2.5, 3.0, 3.5])


def test_a_cut_ends_what_sounds_and_revokes_what_has_not_yet(desk):
    desk.want("bass", 0.9, 4.0).want("keys", 1.02, 4.0).want("drums", 0.9, 4.0).until(0.5)
    desk.book(desk.scheduler.cut(desk.now_s, lambda note: note.part != "drums"))
    desk.until(4.0)
    assert desk.played == [("bass", 0.45, 0.5, 36), ("drums", 0.45, 2.45, 36)]


def test_a_held_chord_rings_on_until_it_is_cut(desk):
    desk.want("keys", 0, 1.0).want("drums", 0, 1.0).until(0.3)
    desk.scheduler.sustain(1e9)
    desk.until(3.0)
    assert [(part, off_s) for part, _, off_s, _ in desk.played] == [("drums", 0.5), ("keys", None)]
    desk.book(desk.scheduler.cut(desk.now_s, lambda _: True))
    assert desk.ledger.hanging == 0


def test_after_a_hush_nothing_comes(desk):
    desk.want("bass", 0, 8.0).want("drums", 1).until(0.3)
    desk.book(desk.scheduler.hush())
    before = len(desk.sends)
    desk.until(3.0)
    assert (desk.ledger.hanging, len(desk.sends)) == (0, before)
