"""What the performer says about tempo and count while the band plays, cue upon cue, in virtual time."""

from __future__ import annotations

import itertools

import pytest

from bandmate.timing import STEP_S, TEMPI, period_s


def alarms(stage):
    return {status.alarm for status in stage.statuses if status.alarm}


def gaps(stage, after_s):
    times_s = [beat.time_s for beat in stage.beats if beat.time_s > after_s]
    return [after - before for before, after in itertools.pairwise(times_s)]


# ------------------------------------------------------------------ half and double time


@pytest.mark.parametrize(("cue", "home"), [("double-time", 240), ("half-time", 30)])
def test_a_tempo_that_nobody_can_play_is_refused_in_one_sentence(stage, cue, home):
    """Three presses of double time once brought the band to 960, and down."""
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    for press in range(3):
        stage.say(9.1 + 3 * press, cue)
    stage.comp(20.0, 8)
    stage.play(24.0)
    assert stage.state == "playing"
    assert stage.band.transport.home_bpm == pytest.approx(home)
    assert stage.band.params["bpm"] == pytest.approx(home)
    assert {text for text in alarms(stage) if cue[:4] in text and "30 to 300 pulses a minute" in text}


@pytest.mark.parametrize("cues", [("half-time", "double-time"), ("double-time", "half-time")])
def test_a_cue_that_has_not_begun_is_taken_back_by_its_opposite(stage, cues):
    one_s = stage.tap_in()
    stage.comp(one_s, 60)
    stage.say(9.05, cues[0])
    stage.say(9.08, cues[1])
    stage.play(20.0)
    assert stage.band.transport.home_bpm == pytest.approx(120)
    assert stage.band.transport.turn is None
    assert stage.band.heard.pulse_bpm == pytest.approx(120, rel=0.01)
    assert gaps(stage, 8.0) == pytest.approx([0.5] * len(gaps(stage, 8.0)), abs=0.01)


def test_twice_double_is_four_times_as_fast(stage):
    stage.tap_in(gap_s=1.0)  # 60
    stage.say(11.05, "double-time")
    stage.say(11.1, "double-time")
    stage.play(20.0)
    assert stage.band.transport.home_bpm == pytest.approx(240)
    assert stage.band.transport.beatmap.bpm == pytest.approx(240)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(240, rel=0.005)


@pytest.mark.parametrize(
    ("cue", "value", "home"), [("bpm", 100, 100), ("flip", None, 60), ("this-is-one", None, 60)]
)
def test_what_changes_the_clock_meanwhile_leaves_home_clock_and_ears_in_one_tempo(stage, cue, value, home):
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    stage.say(9.05, "half-time")
    stage.say(9.1, cue, value)
    stage.play(16.0)
    assert stage.band.transport.home_bpm == pytest.approx(home)
    assert stage.band.transport.straight_bpm == pytest.approx(home, rel=0.01)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(home, rel=0.01)
    assert gaps(stage, 11.0) == pytest.approx([period_s(home)] * len(gaps(stage, 11.0)), rel=0.01)


def test_taps_meanwhile_say_the_tempo(stage):
    stage.tap_in()
    for tap in range(4):
        stage.say(8.06 + tap * 0.4, "tap")
    stage.say(9.1, "half-time")  # before the fourth, and to begin after it
    stage.play(14.0)
    assert stage.band.transport.home_bpm == pytest.approx(150)
    assert stage.band.transport.straight_bpm == pytest.approx(150, rel=0.01)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(150, rel=0.01)


def test_after_a_fermata_the_tempo_is_the_one_that_was_asked_for(stage):
    stage.tap_in()
    stage.say(9.05, "half-time")
    stage.say(9.1, "hold")
    stage.say(12.0, "hold")
    stage.play(22.0)
    assert stage.state == "playing"
    assert stage.band.transport.home_bpm == pytest.approx(60)
    assert gaps(stage, 16.5) == pytest.approx([1.0] * len(gaps(stage, 16.5)), abs=1e-3)


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "7/8"])
@pytest.mark.parametrize("cue", ["half-time", "double-time"])
@pytest.mark.parametrize("press_s", [9.05, 9.6, 10.3, 10.8])
def test_band_and_ears_turn_on_the_same_pulse_and_count_the_same_bars(make_stage, meter, cue, press_s):
    stage = make_stage(meter=meter, bpm=120.0, follow=0.0)
    stage.say(0.0, "arm")
    stage.say(0.1, "start")
    stage.play(2.0)
    transport, beats = stage.band.transport, stage.band.listener.beats
    for pulse in range(40):
        place = transport.meter.place_of(pulse)
        stage.chord(transport.beatmap.time_at(place), (48, 60, 64, 67), 0.2, 70 if place else 90)
    stage.say(press_s, cue)
    stage.play(press_s + 2 * STEP_S)
    assert transport.turn is not None
    turn_s = transport.turn.beatmap.time_s
    assert turn_s < press_s + 2.1
    stage.play(turn_s + 0.05)
    assert transport.turn is None
    beat = transport.beatmap.beat_at(turn_s)
    ours = (beat - transport.bar_of(beat)[1]) / transport.meter.pulse_beats
    theirs = beats.line.count_at(turn_s) - beats.bars.one
    bar = transport.meter.bar_beats / transport.meter.pulse_beats
    assert (ours - theirs + 0.5) % bar == pytest.approx(0.5, abs=0.06)


# ------------------------------------------------------------------ bpm


@pytest.mark.parametrize("bpm", [90.0, 100.0, 133.0, 140.0, 240.0])
@pytest.mark.parametrize("at_s", [9.1, 9.33])
def test_another_tempo_is_told_to_the_ears_with_the_count_as_it_is(stage, bpm, at_s):
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    stage.say(at_s, "bpm", bpm)
    stage.play(at_s + 0.2)
    transport, line = stage.band.transport, stage.band.listener.beats.line
    assert line.period_s == pytest.approx(period_s(bpm), rel=0.005)
    beat = transport.beatmap.beat_at(at_s + 0.2)
    off = beat - transport.origin_beat - line.count_at(at_s + 0.2) + stage.band.listener.beats.bars.one
    assert (off + 2) % 4 - 2 == pytest.approx(0, abs=0.05)


def test_another_tempo_during_the_count_moves_the_one_that_the_ears_wait_for(stage):
    stage.say(0.0, "arm")
    stage.say(0.5, "start")
    stage.say(1.2, "bpm", 80)
    stage.play(1.4)
    assert stage.state == "counting"
    heard, transport = stage.band.heard, stage.band.transport
    one_s = heard.next_pulse_s + heard.downbeat_in * period_s(80)
    assert one_s == pytest.approx(transport.beatmap.time_at(0.0), abs=1e-6)
    assert heard.pulse_bpm == pytest.approx(80)


# ------------------------------------------------------------------ taps


@pytest.mark.parametrize("gap_s", [0.1, 0.15, 2.2])
def test_taps_that_are_no_tempo_start_nothing(stage, gap_s):
    assert not TEMPI[0] <= 60.0 / gap_s <= TEMPI[1]
    stage.tap_in(gap_s=gap_s)
    stage.play(9.0)
    assert stage.state == "armed"
    assert {text for text in alarms(stage) if "taps" in text and "30 to 300" in text}
    for tap in range(4):
        stage.say(10.0 + tap * 0.5, "tap")
    stage.play(12.1)
    assert stage.state == "playing"
    assert stage.band.transport.home_bpm == pytest.approx(120)


def test_taps_that_are_no_tempo_leave_the_one_we_play(stage):
    stage.tap_in()
    for tap in range(6):
        stage.say(8.0 + 0.1 * tap, "tap")
    stage.play(10.0)
    assert stage.band.transport.home_bpm == pytest.approx(120)
    assert stage.band.params["bpm"] == pytest.approx(120)
    assert alarms(stage)


def test_a_tapped_tempo_is_the_one_that_is_shown(stage):
    stage.tap_in()
    for tap in range(3):
        stage.say(8.0 + tap * 0.4, "tap")
    stage.play(9.0)
    assert stage.band.params["bpm"] == pytest.approx(150)


def test_two_taps_leave_the_tempo_of_the_ears(stage):
    one_s = stage.tap_in()
    for tap in range(2):
        stage.say(one_s + 4 + tap * 1.0, "tap")  # on every second beat
    stage.play(one_s + 5.2)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(120, rel=1e-3)
