"""Time: beats to seconds and back, bars in every meter, swing, ticks and frames."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import timing
from bandmate.errors import BandmateError
from bandmate.timing import METERS, BeatMap, Meter, step_index, step_time_s, swung

bpms = st.floats(20, 400)
beats = st.floats(-64, 10_000)
moments_s = st.floats(-60, 20_000)
beatmaps = st.builds(BeatMap, bpms, beats, moments_s)
ratios = st.floats(0.5, 0.75)
units = st.sampled_from([0.5, 0.25])
unhurried = settings(deadline=None)


# ------------------------------------------------------------------ BeatMap


def test_at_120_a_beat_lasts_half_a_second():
    march = BeatMap(120, 0, 10.0)
    assert [march.time_at(beat) for beat in (-4, 0, 1, 4)] == [8.0, 10.0, 10.5, 12.0]
    assert [march.beat_at(time_s) for time_s in (8.0, 10.0, 10.25)] == [-4, 0, 0.5]
    assert march.seconds(4) == 2.0
    assert march.beats(2.0) == 4


@unhurried
@given(beatmaps, beats)
def test_a_beat_comes_back_from_its_moment(beatmap, beat):
    assert beatmap.beat_at(beatmap.time_at(beat)) == pytest.approx(beat, abs=1e-6)


@unhurried
@given(beatmaps, moments_s)
def test_a_moment_comes_back_from_its_beat(beatmap, time_s):
    assert beatmap.time_at(beatmap.beat_at(time_s)) == pytest.approx(time_s, abs=1e-6)


@unhurried
@given(beatmaps, beats)
def test_a_length_in_beats_comes_back_from_seconds(beatmap, length):
    assert beatmap.beats(beatmap.seconds(length)) == pytest.approx(length)


@unhurried
@given(beatmaps)
def test_the_known_beat_falls_exactly_when_it_is_known_to(beatmap):
    assert beatmap.time_at(beatmap.beat) == beatmap.time_s
    assert beatmap.beat_at(beatmap.time_s) == beatmap.beat


@unhurried
@given(beatmaps, bpms, moments_s, st.floats(0, 100))
def test_a_new_tempo_leaves_no_seam(beatmap, bpm, from_s, later):
    changed = beatmap.at_tempo(bpm, from_s)
    assert changed.beat_at(from_s) == beatmap.beat_at(from_s)
    assert changed.bpm == bpm
    assert changed.beat_at(from_s + changed.seconds(later)) - changed.beat == pytest.approx(later, abs=1e-6)


def test_half_the_tempo_from_beat_four():
    march = BeatMap(120, 0, 0.0)
    slower = march.at_tempo(60, march.time_at(4))
    assert [slower.time_at(beat) for beat in (4, 5, 6)] == [2.0, 3.0, 4.0]


@unhurried
@given(beatmaps, st.sampled_from([-1.0, -0.5, 0.5, 1.0]), moments_s)
def test_the_count_moves_and_the_tempo_stays(beatmap, moved, from_s):
    relabelled = beatmap.moved(moved, from_s)
    assert relabelled.bpm == beatmap.bpm
    assert relabelled.beat_at(from_s) - beatmap.beat_at(from_s) == pytest.approx(moved, abs=1e-6)


# ------------------------------------------------------------------ Meter

BARS = {  # bar in beats, felt pulse in beats, pulses, eighths
    "4/4": (4, 1, 4, 8),
    "3/4": (3, 1, 3, 6),
    "2/4": (2, 1, 2, 4),
    "2/2": (4, 2, 2, 8),
    "6/8": (3, 1.5, 2, 6),
    "12/8": (6, 1.5, 4, 12),
    "5/4": (5, 1, 5, 10),
    "7/8": (3.5, 1, 4, 7),
}


@pytest.mark.parametrize("text", METERS)
def test_every_meter_has_its_bar(text):
    meter = Meter.parse(text)
    assert (meter.bar_beats, meter.pulse_beats, meter.pulses, meter.slots) == BARS[text]
    assert str(meter) == text
    assert Meter.parse(f" {text} ") == meter


@pytest.mark.parametrize("text", METERS)
def test_pulses_and_slots_fill_the_bar(text):
    meter = Meter.parse(text)
    assert meter.slots * timing.SLOT_BEATS == meter.bar_beats
    assert (meter.pulses - 1) * meter.pulse_beats < meter.bar_beats <= meter.pulses * meter.pulse_beats


@pytest.mark.parametrize("text", ["", "4", "4/5", "44", "9/8", "4/4/4", "-4/4", "four four", "04/4"])
def test_a_meter_the_band_does_not_play_lists_those_it_does(text):
    with pytest.raises(BandmateError, match=r"is not one the band plays; use one of 4/4, .*7/8"):
        Meter.parse(text)


# ------------------------------------------------------------------ swing


def test_a_swung_off_beat_is_late_and_the_beat_stands():
    triplet_feel = [swung(beat, 2 / 3) for beat in (4.0, 4.5, 5.0)]
    assert triplet_feel == pytest.approx([4.0, 4 + 2 / 3, 5.0])
    assert swung(4.25, 0.6, 0.25) == pytest.approx(4.3)
    assert swung(4.5, 0.6, 0.25) == pytest.approx(4.5)
    assert swung(-0.5, 2 / 3) == pytest.approx(-1 / 3)  # in the count-in too


@unhurried
@given(st.lists(beats, min_size=2), ratios, units)
def test_swing_keeps_the_order(places, ratio, unit):
    played = [swung(beat, ratio, unit) for beat in sorted(places)]
    assert all(after >= before - 1e-7 for before, after in pairwise(played))


@unhurried
@given(st.integers(-100, 10_000), ratios, units)
def test_pairs_begin_and_end_where_they_did_and_the_second_falls_on_the_ratio(index, ratio, unit):
    pair = 2 * unit
    begin = index * pair
    assert swung(begin, ratio, unit) == pytest.approx(begin)
    assert swung(begin + unit, ratio, unit) == pytest.approx(begin + ratio * pair)
    assert swung(begin + pair, ratio, unit) == pytest.approx(begin + pair)


@unhurried
@given(beats, ratios, units)
def test_swing_only_delays_and_never_by_more_than_half_a_unit(beat, ratio, unit):
    assert -1e-6 <= swung(beat, ratio, unit) - beat <= unit / 2 + 1e-6


@unhurried
@given(beats, units)
def test_a_ratio_of_one_half_is_straight(beat, unit):
    assert swung(beat, 0.5, unit) == pytest.approx(beat, abs=1e-6)


# ------------------------------------------------------------------ steps, ticks, frames, tempo


@given(st.integers(0, 10_000_000))
def test_a_logical_step_comes_back_from_its_moment(step):
    assert step_index(step_time_s(step)) == step


@given(st.floats(0, 50_000))
def test_a_moment_is_taken_by_the_first_step_at_or_after_it(time_s):
    step = step_index(time_s)
    assert step_time_s(step - 1) < time_s <= step_time_s(step) + 1e-7


def test_the_grid_and_the_slots_fall_on_whole_ticks():
    assert timing.ticks(1) == timing.PPQ == 480
    assert timing.ticks(1, 24) == 24  # MIDI clock
    assert timing.PPQ % timing.GRID == 0
    assert [timing.ticks(step / timing.GRID) for step in (1, 3, 4)] == [40, 120, 160]


@given(st.integers(-10_000_000, 10_000_000), st.sampled_from([24, 96, 480, 960]))
def test_ticks_come_back_from_their_beats(ticks, ppq):
    assert timing.ticks(timing.beats_of_ticks(ticks, ppq), ppq) == ticks


def test_480_ticks_are_a_beat():
    assert timing.beats_of_ticks(480) == 1.0
    assert timing.beats_of_ticks(36, 24) == 1.5


def test_frames_are_whole():
    assert timing.frames(1.0, 48_000) == 48_000
    assert timing.frames(0.0101, 44_100) == 445


@given(bpms)
def test_tempo_period_and_microseconds_agree(bpm):
    assert timing.bpm_of(timing.period_s(bpm)) == pytest.approx(bpm)
    assert timing.bpm_of_us(timing.tempo_us(bpm)) == pytest.approx(bpm, rel=1e-5)


def test_120_is_half_a_second_a_beat():
    assert timing.period_s(120) == 0.5
    assert timing.tempo_us(120) == 500_000
    assert timing.bpm_of_us(500_000) == 120
