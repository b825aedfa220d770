"""How the clock follows an estimate: shares, slew, leash, pocket, re-entry, octaves; and presets."""

from __future__ import annotations

import itertools
import math

import pytest

from bandmate import patch as patches
from bandmate.controls import CLOCKS, settled
from bandmate.events import Heard
from bandmate.follow import LEASH_DRUMS, LEASH_FREE, Clock, Follower
from bandmate.timing import BeatMap, Meter, period_s
from tests.conftest import Stage

COMMON, COMPOUND = Meter(4, 4), Meter(6, 8)
STEP_S, HORIZON_S = 0.005, 0.025


class Humans:
    """Somebody whose pulses are known exactly, and a clock that follows them."""

    def __init__(self, follow, inertia=0.5, bpm=120.0, meter=COMMON, settle=False, drums=True, counted=True):
        self.follower = Follower(follow, inertia)
        self.follower.begin(settle)
        self.meter, self.home_bpm, self.drums, self.counted = meter, bpm, drums, counted
        self.beatmap = BeatMap(bpm * meter.pulse_beats, 0.0, 0.0)
        self.now_s, self.reentries, self.straight = 0.0, 0, []

    def play(self, pulses_s, bpm, confidence=0.9, octaves=()):
        """Follow pulses that fall at these times, in the tempo that is heard; returns the largest error."""
        worst_s = 0.0
        for pulse_s in pulses_s:
            while self.now_s < pulse_s:
                heard = Heard(self.now_s, "locked", bpm, pulse_s, confidence, octaves=octaves)
                clock = Clock(self.beatmap, self.now_s, self.now_s + HORIZON_S, self.meter, self.home_bpm,
                              self.drums, counted=self.counted)  # fmt: skip
                moved = self.follower.follow(clock, heard)
                self.beatmap, self.home_bpm = moved.beatmap, moved.home_bpm
                self.reentries += moved.reentry
                self.now_s += STEP_S
            self.straight.append(self.follower.bpm)
            beat = self.beatmap.beat_at(pulse_s) / self.meter.pulse_beats
            worst_s = abs(beat - round(beat)) * self.beatmap.seconds(self.meter.pulse_beats)
        return worst_s


def even(first_s, bpm, count):
    return [first_s + index * period_s(bpm) for index in range(count)]


@pytest.mark.parametrize("follow", [0.1, 0.35, 0.8, 1.0])
def test_an_early_clock_and_a_late_one_come_to_the_beat(follow):
    for late_s in (-0.08, 0.08):
        humans = Humans(follow)
        assert humans.play(even(0.5 + late_s, 120, 60), 120) < 0.045
        assert humans.reentries == 0


def test_follow_0_holds_the_tempo_whatever_happens():
    humans = Humans(0.0, settle=True)
    humans.play(even(0.6, 100, 40), 100)
    assert humans.beatmap.bpm == pytest.approx(120)


@pytest.mark.parametrize("meter", [COMMON, COMPOUND, Meter(2, 2)])
def test_follow_1_is_in_a_new_tempo_within_two_bars(meter):
    humans = Humans(1.0, meter=meter)
    humans.play(even(0.5, 120, 8), 120)
    assert humans.play(even(4.5 + period_s(126), 126, 10), 126) < 0.015
    assert humans.follower.bpm / meter.pulse_beats == pytest.approx(126, rel=0.005)


@pytest.mark.parametrize(("inertia", "most"), [(0.0, 0.15), (0.5, 0.03), (1.0, 0.006)])
def test_inertia_is_how_far_the_tempo_may_move_in_a_pulse(inertia, most):
    humans = Humans(1.0, inertia)
    humans.play(even(0.5, 130, 4), 130)
    tempi = [120.0, *humans.straight]
    steps = [abs(after / before - 1) for before, after in itertools.pairwise(tempi)]
    assert max(steps) <= most + 1e-9
    assert inertia > 0.0 or max(steps) > 0.03


@pytest.mark.parametrize(("drums", "leash"), [(True, LEASH_DRUMS), (False, LEASH_FREE)])
def test_the_leash_is_around_home_and_longer_without_drums(drums, leash):
    humans = Humans(0.9, drums=drums)
    time_s, bpm = 0.5, 120.0
    while bpm < 140:
        humans.play([time_s], bpm)
        time_s, bpm = time_s + period_s(bpm), bpm * 1.004
        assert 120 * (1 - leash) - 1e-6 <= humans.straight[-1] <= 120 * (1 + leash) + 1e-6
    assert humans.straight[-1] == pytest.approx(120 * (1 + leash), rel=0.005)
    assert humans.home_bpm == 120


def test_taps_are_inexact_and_the_first_bars_settle_the_tempo():
    settled_, told = Humans(0.3, settle=True), Humans(0.3, settle=False)
    late_s = [humans.play(even(0.5, 121, 48), 121) for humans in (settled_, told)]
    assert late_s[0] < 0.02
    assert late_s[0] < late_s[1]


def test_what_the_first_bars_misheard_is_found_out():
    humans = Humans(0.1, settle=True)
    humans.play(even(0.5, 120, 9), 118.5)  # the pulse is right, its tempo is not
    humans.play(even(5.0, 120, 64), 120)
    assert humans.follower.bpm == pytest.approx(120, abs=0.03)


@pytest.mark.parametrize("pocket_s", [-0.03, -0.01, 0.01, 0.03])
def test_a_constant_pocket_is_learned_and_moves_nothing(pocket_s):
    humans = Humans(0.35)
    humans.play(even(0.5 + pocket_s, 120, 100), 120)
    beat = humans.beatmap.beat_at(50.0)
    assert abs(beat - 100) * 0.5 < abs(pocket_s)
    assert humans.follower.bpm == pytest.approx(120, rel=0.001)


def test_an_off_beat_is_not_slewed_but_re_entered_after_four_pulses():
    humans = Humans(0.35)
    humans.play(even(0.75, 120, 2), 120)
    assert humans.reentries == 0
    assert humans.beatmap.bpm == pytest.approx(120)
    assert humans.play(even(1.75, 120, 4), 120) < 0.01
    assert humans.reentries == 1
    assert humans.home_bpm == 120


def test_another_tempo_is_taken_at_once_with_follow_1_and_never_on_the_leash():
    """100 to 124 within a pulse."""
    free, held = Humans(1.0, bpm=100), Humans(0.8, bpm=100)
    for humans in (free, held):
        humans.play(even(0.6, 100, 8), 100)
        humans.play(even(4.8 + period_s(124), 124, 16), 124)
    assert free.reentries == 1
    assert free.home_bpm == pytest.approx(124, rel=0.01)
    assert held.reentries == 0
    assert held.straight[-1] <= 103 + 1e-6


def test_a_tempo_that_nobody_gave_us_is_given_up_when_it_was_wrong():
    humans = Humans(0.3, bpm=100, counted=False)
    humans.play(even(0.6, 124, 16), 124)
    assert humans.home_bpm == pytest.approx(124, rel=0.01)


@pytest.mark.parametrize("octave", [0.5, 2.0])
def test_half_and_double_tempi_keep_the_clock(octave):
    """A drummer's half-time feel must not halve the clock."""
    humans = Humans(1.0)
    assert humans.play(even(0.5, 120 * octave, 41), 120 * octave) < 0.01
    assert humans.follower.bpm == pytest.approx(120, rel=0.01)
    assert humans.follower.octave == 0


def test_an_octave_counts_after_eight_pulses_at_three_to_one():
    humans = Humans(0.5)
    humans.play(even(0.5, 120, 20), 120, octaves=((240.0, 0.6), (120.0, 0.25)))
    assert humans.follower.octave == 0
    humans.play(even(10.5, 120, 7), 120, octaves=((240.0, 0.7), (120.0, 0.2)))
    assert humans.follower.octave == 0
    humans.play(even(14.0, 120, 3), 120, octaves=((240.0, 0.7), (120.0, 0.2)))
    assert humans.follower.octave == 1
    humans.play(even(15.5, 120, 2), 120, octaves=((240.0, 0.4), (120.0, 0.4)))
    assert humans.follower.octave == 0


def test_without_anybody_the_clock_drifts_home():
    humans = Humans(0.8)
    humans.play(even(0.5, 123, 40), 123)
    away = humans.follower.bpm
    humans.play(even(humans.now_s + 0.5, 123, 60), 123, confidence=0.1)
    assert abs(humans.follower.bpm - 120) < 0.4 * abs(away - 120)


# ------------------------------------------------------------------ the knobs


def test_a_clock_brings_follow_and_inertia_and_a_hand_on_either_makes_it_ones_own():
    for name, (follow, inertia) in CLOCKS.items():
        assert settled({"clock": name}) == {"clock": name, "follow": follow, "inertia": inertia}
    assert settled({"clock": "band", "follow": 0.5})["follow"] == 0.5
    assert settled({"follow": 0.5}) == {"clock": "own", "follow": 0.5}
    assert settled({"bpm": 90.0}) == {"bpm": 90.0}


def test_the_knobs_reach_the_clock_at_the_start_and_while_it_plays(make_stage):
    stage = make_stage(clock="click-tight")
    follower = stage.band.transport.follower
    assert (follower.follow_by, follower.inertia) == CLOCKS["click-tight"]
    stage.say(0.1, "clock", "rubato")
    stage.play(0.2)
    assert (follower.follow_by, follower.inertia) == CLOCKS["rubato"]
    stage.say(0.3, "inertia", 0.7)
    stage.play(0.4)
    assert (follower.follow_by, follower.inertia) == (1.0, 0.7)
    assert stage.band.params["clock"] == "own"


def test_without_a_word_the_style_says_how_far_we_follow():
    stage = Stage(patches.load("bench"), style="bossa-nova")
    assert stage.band.transport.follower.follow_by == 0.25
    assert math.isclose(stage.band.transport.follower.slew, 0.03)
