"""Things that went wrong once, each as a short scene."""

from __future__ import annotations

import pytest

from bandmate import band as band_module
from bandmate import patch as patches
from bandmate.events import Level, NoteOff, NoteOn
from bandmate.rehearsal import load_styles, make_band, prepare, rehearse
from bandmate.show.take import Header, Take
from bandmate.timing import step_index, step_time_s
from tests.conftest import Stage


def test_fade_and_then_an_ending_leaves_the_fader_up(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 24)
    stage.say(5.0, "fade")
    stage.say(5.5, "ending")
    stage.play(14.0)
    levels = [
        s.value for _, out in stage.outs for s in out.sends if isinstance(s, Level) and s.name == "band"
    ]
    assert levels[-1] == 1.0


def test_a_hold_with_the_hands_in_the_air_stands(stage):
    one_s = stage.tap_in()
    for beat in range(9):
        stage.chord(one_s + beat * 0.5, (48, 60, 64, 67), 0.1)
    stage.say(7.35, "hold")
    stage.play(9.0)
    assert {note.part for note in stage.sounding} >= {"bass", "keys"}
    stage.chord(9.2, (48, 60, 64, 67), 0.5)
    stage.play(10.0)
    assert stage.sounding == []


def test_a_ritard_of_short_chords_goes_on_to_the_last_one(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.say(6.9, "ritard")
    strikes = (7.1, 7.8, 8.6, 9.5)
    for strike_s in strikes:
        stage.chord(strike_s, (48, 60, 64, 67), 0.35)
    stage.play(14.0)
    for strike_s in strikes:
        assert any(abs(note.on_s - strike_s) < 0.05 for note in stage.notes("bass"))
    assert stage.state == "off"


def test_a_player_who_was_waiting_can_be_asked_again_in_the_next_song(stage):
    stage.say(0.0, "part/keys/on", 0)
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.say(5.2, "next-player")
    stage.say(5.3, "stop")
    stage.say(6.0, "arm")
    stage.say(6.1, "start")
    stage.comp(8.2, 24)
    stage.say(9.0, "next-player")
    stage.play(16.0)
    assert stage.notes("keys", after_s=8.0)


def test_a_part_that_fails_rests_and_the_others_play(stage, monkeypatch):
    def play(part, slot, style):
        if part == "keys" and slot.bar >= 1:
            raise ZeroDivisionError("a wrong table")
        return PLAY(part, slot, style)

    monkeypatch.setattr(band_module, "play", play)
    one_s = stage.tap_in()
    stage.comp(one_s, 24)
    stage.play(12.0)
    assert stage.notes("drums", after_s=10.0)
    assert stage.notes("keys", after_s=8.0) == []
    assert any("keys stumbled" in status.alarm for status in stage.statuses)


PLAY = band_module.play


def test_the_section_of_the_patch_is_played_from_the_start(make_stage):
    stage = make_stage(section=3)
    stage.tap_in()
    stage.play(4.0)
    assert stage.band.form.section == 3


def test_the_meter_is_not_changed_in_the_middle_of_a_song(stage):
    stage.tap_in()
    stage.say(4.0, "meter", "3/4")
    stage.play(5.0)
    assert str(stage.band.transport.meter) == stage.band.params["meter"] == "4/4"


@pytest.mark.parametrize("how", ["keep", "down", "vamp"])
def test_what_the_band_does_when_the_performer_rests(make_stage, how):
    stage = make_stage(seed=9)
    stage.say(0.0, "on-rest", how)
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.play(one_s + 40)
    bars = []
    for bar in range(13, 19):
        begin_s = one_s + bar * 2
        notes = stage.notes("drums", begin_s - 0.05, begin_s + 1.95)
        bars.append([(round((n.on_s - begin_s) * 8), n.pitch) for n in notes])
    same = bars[0] == bars[2] == bars[4] and bars[1] == bars[3] == bars[5]
    assert same == (how == "vamp")


def test_one_ctrl_c_during_an_ending_lets_it_end(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.say(5.1, "ending")
    stage.say(5.3, "quit")
    stage.play(12.0)
    assert max(note.on_s for note in stage.notes()) == pytest.approx(7.0, abs=0.06)


def test_a_band_killed_in_a_tag_comes_back_and_ends(make_stage):
    stage = make_stage(seed=4)
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(5.2, "tag")
    stage.play(9.5)
    saved = stage.states[-1]
    assert saved["transport"]["state"] == "ending"
    again = make_band(Header(patches.load("bench"), 4, {}, saved, 10.1), load_styles())
    ons, states = [], []
    for step in range(step_index(10.1), step_index(28.0)):
        out = again.step(step_time_s(step), [])
        ons += [send.time_s for send in out.sends if type(send).__name__ == "On"]
        states.append(again.transport.state)
    assert states[-1] == "off"
    assert max(ons) == pytest.approx(one_s + 4 + 16, abs=0.1)


def test_a_long_rest_keeps_the_prefix_property():
    def take(until_s):
        events = []
        for begin_s in (4.0, 26.0):
            for beat in range(20):
                at_s = begin_s + beat * 0.5
                for pitch in (48, 60, 64, 67):
                    events += [NoteOn(at_s, pitch, 80), NoteOff(at_s + 0.4, pitch)]
        events = sorted((e for e in events if e.time_s < until_s), key=lambda e: e.time_s)
        return Take("x", tuple((step_index(e.time_s), e) for e in events), events[-1].time_s)

    found = [
        rehearse(*prepare(take(t), "bench", 1, {}, (2.0, 2.5, 3.0, 3.5)), load_styles()) for t in (25.0, 99.0)
    ]
    before = [[(n.part, n.on_s, n.pitch) for n in p.ledger.played() if n.on_s < 25.0] for p in found]
    assert before[0] == before[1]


def test_hanging_counts_what_the_band_has_forgotten():
    stage = Stage()
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.play(6.0)
    known = set(stage.band.scheduler.sounding)
    open_ids = {key for key, note in stage.ledger.notes.items() if note.off_s is None}
    assert open_ids <= known
