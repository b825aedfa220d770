"""Tempo, pulse and bar, in virtual time."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score import comping, hear, in_order, listen, stroke

from bandmate.events import Control, Event, Heard, NoteOff, NoteOn, PortLost
from bandmate.listening.listener import Listener
from bandmate.timing import BeatMap, Meter, period_s

FOUR = Meter(4, 4)
SLOPPY = (0.004, -0.003, 0.006, 0.0, -0.007, 0.002, 0.005, -0.005, 0.001, -0.002, -0.006)


def counted(bpm: float, meter: Meter = FOUR, first_s: float = 2.0) -> Listener:
    """A listener who was counted in; the first downbeat falls at `first_s`."""
    clicks = BeatMap(bpm, 0.0, first_s)
    listener = Listener(meter)
    listen(listener, [], first_s - 0.1)
    listener.count_in([clicks.time_at(beat) for beat in (-4, -3, -2, -1)], meter, first_s)
    return listener


def off_pulse_s(heard: Heard, bpm: float, start_s: float) -> float:
    """How far the announced pulse lies from the truth."""
    assert heard.next_pulse_s is not None
    band = BeatMap(bpm, 0.0, start_s)
    beat = band.beat_at(heard.next_pulse_s)
    return band.seconds(beat - round(beat))


def test_a_count_in_locks_at_once() -> None:
    listener = counted(100)
    heard = listener.hear(1.905, [])
    assert heard.state == "counting"
    assert heard.pulse_bpm == pytest.approx(100, abs=0.1)
    assert heard.next_pulse_s == pytest.approx(2.0, abs=0.002)
    assert heard.downbeat_in == 0
    (*_, first) = listen(listener, comping(100, 1, 2.0), 2.05, 1.905)
    assert first.state == "locked"
    assert first.next_pulse_s == pytest.approx(2.6, abs=0.01)
    assert first.downbeat_in == 3


def test_pickup_notes_move_neither_tempo_nor_phase() -> None:
    pickup = in_order(stroke(1.62, [67], 0.1) + stroke(1.75, [69], 0.1))
    listener = counted(100)
    (*_, heard) = listen(listener, pickup, 1.99, 1.9)
    assert heard.next_pulse_s == pytest.approx(2.0, abs=0.002)


@pytest.mark.parametrize("bpm", [46, 72, 100, 126, 168])
def test_steady_comping_is_followed_within_milliseconds(bpm: float) -> None:
    events = comping(bpm, 8, 2.0, SLOPPY)
    heard = listen(counted(bpm), events, 2.0 + 28 * period_s(bpm), 1.9)
    late = [row for row in heard if row.time_s > 2.0 + 8 * period_s(bpm)]
    errors = [off_pulse_s(row, bpm, 2.0) for row in late]
    assert statistics.pstdev(errors) < 0.006
    assert abs(statistics.mean(errors)) < 0.004
    assert {row.state for row in late} == {"locked"}
    assert all(row.pulse_bpm == pytest.approx(bpm, rel=0.015) for row in late)


def test_without_a_count_in_the_tempo_is_found() -> None:
    (*_, heard) = hear(comping(96, 8), 15.0)
    assert heard.state == "locked"
    assert heard.pulse_bpm == pytest.approx(96, rel=0.02) or heard.pulse_bpm == pytest.approx(48, rel=0.02)
    assert heard.octaves[0][0] == pytest.approx(heard.pulse_bpm, rel=0.04)


def test_a_slow_accelerando_is_followed_out_of_the_window() -> None:
    events: list[Event] = []
    beat_s, bpm = 2.0, 84.0
    while bpm < 130:
        events += stroke(beat_s, (48, 60, 64, 67), period_s(bpm) * 0.6)
        beat_s += period_s(bpm)
        bpm += 0.6
    (*_, heard) = listen(counted(84), in_order(events), beat_s - 0.05, 1.9)
    assert heard.pulse_bpm == pytest.approx(130, rel=0.04)
    assert heard.next_pulse_s is not None
    assert abs(heard.next_pulse_s - beat_s) < 0.03


def test_nobody_plays_nothing_is_claimed() -> None:
    heard = listen(Listener(FOUR), [], 3.0)
    assert {row.state for row in heard} == {"idle"}
    assert all(row.next_pulse_s is None for row in heard)


def test_a_rest_coasts_and_then_forgets() -> None:
    heard = hear(comping(112, 4), 50.0)
    end_s = 16 * period_s(112)
    coasting = [row for row in heard if end_s + 2.0 < row.time_s < end_s + 29]
    assert {row.state for row in coasting} == {"coasting"}
    assert all(row.next_pulse_s is None for row in coasting)
    assert all(row.pulse_bpm is not None for row in coasting)
    assert coasting[-1].confidence < 0.02
    assert heard[-1].state == "lost"
    assert heard[-1].pulse_bpm is None


def test_a_pedalled_chord_is_no_rest() -> None:
    band = comping(100, 4, 2.0)
    last_s = 2.0 + 16 * period_s(100)
    pedal: list[Event] = [Control(last_s - 0.01, 64, 127), *stroke(last_s, (48, 60, 64), 0.2)]
    heard = listen(counted(100), in_order(band + pedal), last_s + 4.0, 1.9)
    assert heard[-1].state in ("locked", "locking")
    assert heard[-1].held == (48, 60, 64)
    assert heard[-1].resting_s == 0.0


def test_after_a_rest_the_old_tempo_is_picked_up() -> None:
    bpm = 112
    again_s = 2.0 + 40 * period_s(bpm)
    events = comping(bpm, 5, 2.0) + comping(bpm, 3, again_s)
    heard = listen(counted(bpm), events, again_s + 6 * period_s(bpm), 1.9)
    back = [row for row in heard if row.time_s > again_s + 4 * period_s(bpm)]
    assert all(abs(off_pulse_s(row, bpm, again_s)) < 0.03 for row in back)


def test_flip_moves_the_pulse_by_half_and_back() -> None:
    listener = counted(100)
    listen(listener, comping(100, 2, 2.0), 4.0, 1.9)
    before = listener.hear(4.005, [])
    listener.relabel(0.5)
    flipped = listener.hear(4.01, [])
    listener.relabel(-0.5)
    after = listener.hear(4.015, [])
    assert before.next_pulse_s is not None
    assert flipped.next_pulse_s is not None
    assert abs(abs(flipped.next_pulse_s - before.next_pulse_s) - 0.3) < 0.005
    assert after.next_pulse_s == pytest.approx(before.next_pulse_s, abs=0.005)
    assert after.downbeat_in == before.downbeat_in


def test_one_beat_on_brings_the_bar_one_pulse_nearer() -> None:
    listener = counted(100)
    before = listen(listener, comping(100, 1, 2.0), 2.7, 1.9)[-1]
    listener.relabel(1)
    after = listener.hear(2.705, [])
    assert (before.downbeat_in, after.downbeat_in) == (2, 1)
    assert after.next_pulse_s == pytest.approx(before.next_pulse_s, abs=0.001)


@pytest.mark.parametrize(("ratio", "bpm"), [(2.0, 200.0), (0.5, 50.0)])
def test_half_and_double_time_keep_the_phase(ratio: float, bpm: float) -> None:
    listener = counted(100)
    listen(listener, comping(100, 3, 2.0), 2.0 + 8 * 0.6 + 0.1, 1.9)
    listener.scale(ratio)
    heard = listener.hear(6.905, [])
    assert heard.pulse_bpm == pytest.approx(bpm, rel=0.01)
    assert abs(off_pulse_s(heard, 100 * max(ratio, 1), 2.0)) < 0.01
    (*_, later) = listen(listener, comping(100, 12, 2.0)[120:], 14.0, 6.905)
    assert later.pulse_bpm == pytest.approx(bpm, rel=0.03)


@pytest.mark.parametrize(
    ("meter", "pulses"),
    [("3/4", 3), ("6/8", 2), ("12/8", 4), ("2/2", 2), ("5/4", 5), ("2/4", 2)],
)
def test_bars_are_counted_in_every_meter(meter: str, pulses: int) -> None:
    listener = counted(80, Meter.parse(meter))
    heard = listen(listener, comping(80, 6, 2.0), 2.0 + 8.5 * period_s(80), 1.9)
    assert heard[-1].downbeat_in == (-9) % pulses


def test_seven_eight_ends_with_a_short_pulse() -> None:
    quarter_s = period_s(120)
    events: list[Event] = []
    for bar in range(6):
        bar_s = 2.0 + bar * 3.5 * quarter_s
        for place in (0, 1, 2, 3):
            events += stroke(bar_s + place * quarter_s, (48, 60, 64) if place == 0 else (60, 64), 0.2)
    listener = counted(120, Meter(7, 8))
    heard = listen(listener, in_order(events), 2.0 + 5 * 3.5 * quarter_s - 0.05, 1.9)
    assert heard[-1].downbeat_in == 0
    assert heard[-1].next_pulse_s == pytest.approx(2.0 + 5 * 3.5 * quarter_s, abs=0.015)
    third = next(row for row in heard if row.time_s > 2.0 + 3 * 3.5 * quarter_s + 2.9 * quarter_s)
    assert (third.downbeat_in, third.next_pulse_s) == (1, pytest.approx(8.75, abs=0.015))


def test_a_lost_port_lets_go_of_its_keys() -> None:
    heard = hear([NoteOn(0.1, 60, 80, "piano"), PortLost(0.5, "piano")], 1.0)
    assert heard[50].held == (60,)
    assert heard[-1].held == ()
    assert heard[-1].resting_s > 0.4


def strums() -> st.SearchStrategy[list[Event]]:
    """Anything that hands, feet and broken cables can send in six seconds."""
    time_s = st.floats(0.0, 6.0)
    pitch = st.integers(0, 127)
    note = st.builds(NoteOn, time_s, pitch, st.integers(0, 127), channel=st.sampled_from([0, 9]))
    pedal = st.builds(Control, time_s, st.sampled_from([64, 66, 123]), st.integers(0, 127))
    return st.lists(st.one_of(note, note, st.builds(NoteOff, time_s, pitch), pedal), max_size=60).map(
        in_order
    )


@settings(max_examples=12, deadline=None)
@given(strums(), st.booleans())
def test_whatever_is_played_pulses_lie_ahead_and_values_are_bounded(events: list[Event], count: bool) -> None:
    listener = Listener(FOUR)
    if count:
        listener.count_in([0.0, 0.5], FOUR, 1.0)
    for row in listen(listener, events, 7.0):
        assert row.next_pulse_s is None or row.next_pulse_s > row.time_s
        assert (row.next_pulse_s is None) == (row.downbeat_in is None)
        assert row.pulse_bpm is None or 20 < row.pulse_bpm < 450
        for share in (row.confidence, row.downbeat_confidence, row.chord_certainty, row.dynamics):
            assert 0.0 <= share <= 1.0
        assert row.state in ("idle", "counting", "locking", "locked", "coasting", "lost")


@settings(max_examples=8, deadline=None)
@given(strums(), st.floats(0.5, 5.0))
def test_what_comes_later_changes_nothing_before(events: list[Event], cut_s: float) -> None:
    known = [event for event in events if event.time_s <= cut_s]
    whole = listen(Listener(FOUR), events, cut_s)
    assert listen(Listener(FOUR), known, cut_s) == whole


@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_no_tempo_is_too_far_away_to_go_on_listening(ratio: float) -> None:
    """896 pulses a minute once left the bar pointer without any belief."""
    listener = counted(112)
    listen(listener, comping(112, 2, 2.0), 3.0, 1.9)
    for _ in range(4):
        listener.scale(ratio)
    heard = listen(listener, comping(112, 8, 2.0)[60:] + comping(112, 2, 24.0), 26.0, 3.0)
    assert all(0.0 <= row.confidence <= 1.0 for row in heard)
    assert math.isfinite(float(listener.beats.course.pointer.belief.sum()))


def test_two_bars_of_seven_eight_are_counted_with_their_short_pulses() -> None:
    meter = Meter(7, 8)
    for taps in (range(-8, 0), range(-4, 0), range(-6, -1)):
        listener = Listener(meter)
        listener.count_in([4.0 + meter.place_of(tap) * 0.5 for tap in taps], meter, 4.0)
        assert listener.beats.pulse_bpm == pytest.approx(120)
