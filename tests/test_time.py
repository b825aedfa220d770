"""Time: labels, tempo changes and following, in virtual time."""

from __future__ import annotations

import itertools
import random

import pytest

from bandmate import patch as patches
from bandmate.timing import BeatMap, period_s

KICK, SNARE = (35, 36), (38, 40)


def test_this_is_one_relabels_at_once_and_nobody_hears_an_odd_bar(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(10.02, "this-is-one")  # on beat 3 of the bar
    stage.play(20.0)
    downbeats = [beat.time_s for beat in stage.beats if beat.downbeat and beat.time_s > 10.1]
    assert downbeats[0] == pytest.approx(12.0, abs=0.05)
    between = stage.notes(after_s=10.3, before_s=11.95)
    assert between
    assert {note.part for note in between} == {"drums"}
    assert not [note for note in between if note.pitch in (*KICK, *SNARE)]
    assert list(stage.notes("bass", 11.95, 12.1))


@pytest.mark.parametrize(("name", "moved"), [("beat-back", 1), ("beat-forward", -1)])
def test_the_count_moves_by_a_beat(stage, name, moved):
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(9.1, name)
    stage.play(20.0)
    downbeats = [beat.beat for beat in stage.beats if beat.downbeat]
    assert (downbeats[-1] - downbeats[0]) % 4 == moved % 4
    assert downbeats[-1] - downbeats[-2] == 4


def test_flip_moves_the_grid_by_half_a_beat(stage):
    one_s = stage.tap_in()
    stage.comp(one_s + 0.25, 6)
    stage.say(6.1, "flip")
    stage.play(8.0)
    after = [beat.time_s for beat in stage.beats if beat.time_s > 6.4]
    assert (after[0] - one_s) % 0.5 == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(("name", "ratio"), [("double-time", 2.0), ("half-time", 0.5)])
def test_half_and_double_time_keep_the_phase(stage, name, ratio):
    one_s = stage.tap_in()
    stage.comp(one_s, 60)
    stage.say(9.1, name)
    stage.play(20.0)
    assert stage.band.transport.home_bpm == pytest.approx(120 * ratio)
    times_s = [beat.time_s for beat in stage.beats if 9.6 < beat.time_s < 19]
    gap_s = 0.5 / ratio
    for before_s, after_s in itertools.pairwise(times_s):
        assert after_s - before_s == pytest.approx(gap_s, rel=0.04)
    assert times_s[0] % 0.25 == pytest.approx(0.0, abs=0.03) or times_s[0] % 0.25 > 0.22


def test_taps_while_playing_set_the_tempo(stage):
    one_s = stage.tap_in()
    for index in range(4):
        stage.say(one_s + 4 + index * 0.4, "tap")
    stage.play(one_s + 10)
    assert stage.band.transport.home_bpm == pytest.approx(150, rel=0.01)
    last = [beat.time_s for beat in stage.beats][-6:]
    assert (last[-1] - last[0]) / 5 == pytest.approx(0.4, rel=0.01)


def test_bpm_is_a_new_home(stage):
    stage.tap_in()
    stage.say(5.0, "bpm", 140)
    stage.play(8.0)
    assert stage.band.transport.home_bpm == 140
    assert stage.band.transport.beatmap.bpm == pytest.approx(140, rel=0.01)


def test_the_clock_coasts_while_nobody_plays(stage):
    one_s = stage.tap_in()
    stage.play(one_s + 20)
    gaps = [b.time_s - a.time_s for a, b in zip(stage.beats, stage.beats[1:], strict=False)]
    assert gaps == pytest.approx([0.5] * len(gaps), abs=1e-3)


def test_beats_are_decided_before_they_fall_and_never_run_backwards(make_stage):
    stage = make_stage(follow=1.0)
    one_s = stage.tap_in()
    draw = random.Random("wobble")
    time_s = one_s
    for _ in range(60):
        stage.chord(time_s, (48, 60, 64, 67), 0.3)
        time_s += 0.5 * draw.uniform(0.9, 1.1)
    stage.play(time_s)
    assert all(beat.decided_s <= beat.time_s for beat in stage.beats)
    assert all(a.time_s < b.time_s for a, b in zip(stage.beats, stage.beats[1:], strict=False))
    assert all(a.beat < b.beat for a, b in zip(stage.beats, stage.beats[1:], strict=False))


def test_follow_one_goes_with_the_performer(make_stage):
    """An accelerando from 120 to 138: the leash is off."""
    stage = make_stage(follow=1.0)
    one_s = stage.tap_in()
    time_s, gap_s = one_s, 0.5
    truth = []
    for beat in range(96):
        truth.append(time_s)
        stage.chord(time_s, (48, 60, 64, 67), gap_s * 0.8)
        stage.key(time_s + gap_s / 2, 72, gap_s * 0.4, 60)
        time_s += gap_s
        gap_s = 0.5 if beat < 16 else max(period_s(138), gap_s * 0.997)
    stage.play(time_s)
    assert stage.band.transport.beatmap.bpm == pytest.approx(138, rel=0.03)
    late = [
        min(abs(beat.time_s - moment_s) for moment_s in truth)
        for beat in stage.beats
        if beat.time_s < truth[-1]
    ]
    assert sum(gap < 0.05 for gap in late) / len(late) > 0.9


def test_the_leash_holds_with_drums(make_stage):
    stage = make_stage(follow=0.9)
    one_s = stage.tap_in()
    stage.comp(one_s, 120, gap_s=0.45)
    stage.play(one_s + 50)
    assert 120 * 0.97 - 0.01 <= stage.band.transport.follower.bpm <= 120 * 1.03 + 0.01


@pytest.mark.parametrize(("patch", "lag_s"), [("default", 0.010), ("bench", 0.020), ("default", 0.030)])
def test_a_pianist_who_trails_the_band_does_not_drag_it(make_stage, lag_s, patch):
    """The closed loop: he follows what he hears, 10-30 ms late, with syncopated comping, 64 bars."""
    stage = make_stage(patches.load(patch))
    one_s = stage.tap_in()
    draw = random.Random(f"pianist/{lag_s}")
    pattern = (0.0, 1.5, 2.0, 3.5)
    beat = 0
    while beat < 64 * 4:
        stage.play(stage.band.transport.beatmap.time_at(beat) - 0.1 if beat else one_s - 0.1)
        beatmap: BeatMap = stage.band.transport.beatmap
        for place in pattern:
            if draw.random() < 0.85:
                at_s = beatmap.time_at(beat + place) + lag_s + draw.gauss(0, 0.006)
                stage.chord(at_s, (48, 60, 64, 67), 0.3, draw.randint(60, 90))
        beat += 4
    stage.play(stage.band.transport.beatmap.time_at(beat))
    took_s = stage.beats[-1].time_s - stage.beats[0].time_s
    straight_s = (stage.beats[-1].beat - stage.beats[0].beat) * 0.5
    assert took_s == pytest.approx(straight_s, rel=0.01)


def test_taps_outrank_what_is_heard_for_eight_beats(stage):
    """The performer taps 125 while the hands still play 120."""
    one_s = stage.tap_in()
    stage.comp(one_s, 60)
    for index in range(4):
        stage.say(one_s + 4 + index * 0.48, "tap")
    stage.play(one_s + 4 + 3 * 0.48 + 3.6)
    assert stage.band.transport.beatmap.bpm == pytest.approx(125, rel=0.001)
    assert stage.band.transport.rung == "taps"
    stage.play(one_s + 4 + 3 * 0.48 + 6)
    assert stage.band.transport.rung != "taps"


def test_two_taps_set_the_phase_and_leave_the_tempo(stage):
    one_s = stage.tap_in()
    for index in range(2):
        stage.say(one_s + 4.06 + index * 0.5, "tap")
    stage.play(one_s + 8)
    assert stage.band.transport.home_bpm == pytest.approx(120)
    after = [beat.time_s for beat in stage.beats if beat.time_s > one_s + 5]
    assert (after[0] - one_s) % 0.5 == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize(("late_s", "flips"), [(0.25, True), (0.22, True), (0.08, False), (0.0, False)])
def test_one_tap_on_the_off_beat_flips(stage, late_s, flips):
    one_s = stage.tap_in()
    stage.say(one_s + 4 + late_s, "tap")
    stage.play(one_s + 8)
    after = [beat.time_s for beat in stage.beats if beat.time_s > one_s + 5]
    assert (after[0] - one_s + 0.1) % 0.5 == pytest.approx(0.35 if flips else 0.1, abs=0.01)


def wander(stage, begin_s, until_s):
    """Chords and single notes out of time."""
    draw = random.Random("rubato")
    time_s, roots = begin_s, itertools.cycle((48, 53, 55, 45))
    while time_s < until_s:
        root = next(roots)
        stage.chord(time_s, (root, root + 12, root + 16, root + 19), 1.5)
        for _ in range(draw.randint(1, 4)):
            time_s += draw.uniform(0.23, 1.1)
            stage.key(time_s, root + draw.choice((24, 28, 31)), 0.3, 55)
        time_s += draw.uniform(0.4, 1.2)


def test_a_rubato_band_thins_out_goes_by_the_chords_and_is_back_on_a_bar_line(make_stage):
    stage = make_stage(clock="rubato")
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    wander(stage, one_s + 8, one_s + 30)
    stage.comp(one_s + 32, 48)
    rungs = {}
    for tenth in range(10, 560):
        stage.play(tenth / 10)
        rungs[tenth / 10] = stage.band.transport.rung
    free = [time_s for time_s, rung in rungs.items() if rung == "rubato"]
    assert free
    assert one_s + 9 < min(free) < one_s + 24
    assert max(free) < one_s + 44
    inside = [time_s for time_s in free if one_s + 24 < time_s < one_s + 30]
    assert inside
    silent = (inside[0] + 0.5, inside[-1])
    assert stage.notes("drums", *silent) == []
    assert stage.notes("bass", min(free), max(free))
    assert stage.band.transport.entry == "full"
    assert stage.notes("drums", 55.0)
    back_s = min(note.on_s for note in stage.notes("drums", max(free)))
    assert back_s > max(free)
    stage.say(56.0, "stop")
    assert stage.play(57.0).ledger.hanging == 0


def test_a_groove_holds_its_tempo_whatever_the_performer_does(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    wander(stage, one_s + 8, one_s + 30)
    stage.play(one_s + 30)
    assert not stage.band.transport.rubato.on
    assert stage.notes("drums", one_s + 28)
    assert stage.band.transport.straight_bpm == pytest.approx(120, rel=0.031)
