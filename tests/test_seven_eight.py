"""Seven eight: the last pulse of a bar is a short one, so every second bar begins between two beats."""

from __future__ import annotations

import pytest

from bandmate.timing import Meter

SEVEN = Meter(7, 8)
GAP_S = 0.5
POCKET_S = 0.06  # what the clock leaves alone in any meter: an offset that it takes for pocket
BAR_S = 3.5 * GAP_S
NEAR = 1e-3  # what the ears know of a tempo that they were told


def seven(make_stage, **params):
    """A band that was tapped in; returns it, and when beat 0 is due."""
    stage = make_stage(meter="7/8", **params)
    stage.tap_in()
    return stage, 1.0 + BAR_S


def perform(stage, one_s, bars, gap_s=GAP_S):
    """A chord on every pulse."""
    for pulse in range(bars * SEVEN.pulses):
        place = SEVEN.place_of(pulse)
        stage.chord(one_s + place * gap_s, (48, 60, 64, 67), 0.2, 95 if pulse % 4 == 0 else 75)


def bars_s(stage):
    return [beat.time_s for beat in stage.beats if beat.downbeat]


def test_pulses_are_counted_from_the_bar_line():
    assert [SEVEN.place_of(pulse) for pulse in range(-2, 6)] == [-1.5, -0.5, 0, 1, 2, 3, 3.5, 4.5]
    assert [SEVEN.pulse_near(place) for place in (-0.3, 0.4, 3.2, 3.3, 3.9, 4.1)] == [-1, 0, 3, 4, 4, 5]
    assert [SEVEN.pulse_from(place) for place in (0, 0.1, 3, 3.1, 3.5, 3.6)] == [0, 1, 3, 4, 4, 5]
    assert [Meter(6, 8).place_of(pulse) for pulse in (-1, 0, 1, 2)] == [-1.5, 0, 1.5, 3]


@pytest.mark.parametrize(
    ("follow", "bpm"), [(0.1, 121.5), (0.35, 120.0), (0.8, 121.5), (1.0, 120.0), (1.0, 121.5)]
)
def test_a_performer_is_followed_through_thirty_two_bars(make_stage, follow, bpm):
    """The band once left for the hats in every second bar."""
    stage, one_s = seven(make_stage, follow=follow)
    gap_s = GAP_S * 120 / bpm
    perform(stage, one_s, 32, gap_s)
    stage.play(one_s + 32 * 3.5 * gap_s - 0.2)
    assert stage.band.transport.reentries == 0
    assert stage.band.transport.entry == "full"
    late = bars_s(stage)[8:]
    assert len(late) >= 23
    for bar, bar_s in enumerate(late, 8):
        assert bar_s == pytest.approx(one_s + bar * 3.5 * gap_s, abs=POCKET_S)


@pytest.mark.parametrize("place", [1, 1.5, 2.0, 3.0, 4.5, 5.0])
def test_any_eighth_can_be_one(make_stage, place):
    stage, one_s = seven(make_stage, follow=0.0)
    perform(stage, one_s, 4)
    pressed_s = one_s + 4 * BAR_S + place * GAP_S
    stage.say(pressed_s + 0.02, "this-is-one")
    stage.play(pressed_s + 0.1)
    beats = stage.band.listener.beats
    since_one = (beats.line.count_at(pressed_s) - beats.bars.one + 0.5) % 3.5
    assert since_one == pytest.approx(0.5, abs=0.05)
    stage.play(pressed_s + 4.5 * BAR_S)
    after = [bar_s for bar_s in bars_s(stage) if bar_s > pressed_s + 0.1]
    assert after == pytest.approx([pressed_s + bar * BAR_S for bar in range(1, 5)], abs=0.01)


@pytest.mark.parametrize("place", [0, 2, 3, 3.5, 4.5, 6.5, 3.25])
def test_a_tap_on_a_pulse_of_any_bar_turns_nothing_around(make_stage, place):
    stage, one_s = seven(make_stage)
    stage.say(one_s + 2 * BAR_S + place * GAP_S, "tap")
    stage.play(one_s + 6 * BAR_S - 0.1)
    assert bars_s(stage) == pytest.approx([one_s + bar * BAR_S for bar in range(6)], abs=0.01)


@pytest.mark.parametrize("place", [0.5, 2.5, 4, 5])
def test_a_tap_between_two_pulses_turns_the_beat_around(make_stage, place):
    stage, one_s = seven(make_stage)
    stage.say(one_s + 2 * BAR_S + place * GAP_S, "tap")
    stage.play(one_s + 6 * BAR_S)
    assert (bars_s(stage)[-1] - one_s) % BAR_S == pytest.approx(GAP_S / 2, abs=0.01)


@pytest.mark.parametrize(
    ("first", "taps"),
    [(0, 2), (1, 2), (2, 2), (3, 2), (0, 3), (3, 3), (0, 4), (1, 4), (2, 6), (3, 6), (1, 8)],
)
def test_taps_on_the_pulses_keep_tempo_and_bar(make_stage, first, taps):
    stage, one_s = seven(make_stage)
    for pulse in range(first, first + taps):
        stage.say(one_s + 2 * BAR_S + SEVEN.place_of(pulse) * GAP_S, "tap")
    stage.play(one_s + 2 * BAR_S + SEVEN.place_of(first + taps - 1) * GAP_S + 0.1)
    assert stage.band.transport.home_bpm == pytest.approx(120)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(120, rel=NEAR)
    stage.play(one_s + 7 * BAR_S - 0.1)
    assert bars_s(stage) == pytest.approx([one_s + bar * BAR_S for bar in range(7)], abs=0.01)


def test_taps_on_the_pulses_set_another_tempo(make_stage):
    stage, one_s = seven(make_stage)
    for pulse in range(4, 10):
        stage.say(one_s + 4 + SEVEN.place_of(pulse) * 0.45, "tap")
    stage.play(one_s + 10)
    assert stage.band.transport.home_bpm == pytest.approx(120 / 0.9)


def test_two_bars_of_taps_count_the_band_in(make_stage):
    stage = make_stage(meter="7/8", count_in=2)
    stage.say(0.0, "arm")
    for pulse in range(8):
        stage.say(1.0 + SEVEN.place_of(pulse) * 0.4, "tap")
    stage.play(1.0 + 2.6 * 3.5 * 0.4)
    assert stage.band.transport.home_bpm == pytest.approx(150)
    assert bars_s(stage)[0] == pytest.approx(1.0 + 7 * 0.4, abs=1e-3)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(150, rel=NEAR)


@pytest.mark.parametrize("bars", [0, 1, 2])
def test_the_ears_know_the_tempo_that_the_band_counts(make_stage, bars):
    stage = make_stage(meter="7/8", bpm=130.0, count_in=bars)
    stage.say(0.0, "arm")
    stage.say(0.5, "start")
    stage.play(0.8)
    assert stage.band.listener.beats.pulse_bpm == pytest.approx(130, rel=NEAR)


def test_a_free_join_counts_the_short_pulse():
    from bandmate import starting
    from bandmate.events import Heard
    from bandmate.transport import Transport

    transport = Transport(SEVEN, 120, 0.35, 1, False)
    transport.arm()
    starting.join(transport, 1.0, Heard(1.0, "locked", 120.0, 2.0, 0.9, 3))
    one_s = transport.beatmap.time_at(transport.origin_beat)
    assert one_s == pytest.approx(2.0 + 2.5 * GAP_S)
