"""What holds for the pulse whatever is played, tapped and pressed, in any order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score import comping, in_order, listen

from bandmate.events import Attack, Event, Heard, NoteOff, NoteOn
from bandmate.listening.listener import Listener
from bandmate.timing import STEP_S, Meter, period_s, step_time_s

FOUR = Meter(4, 4)
LENGTH_S = 6.0


@dataclass(frozen=True)
class Press:
    """Somebody counts in, moves the count, or asks for half or double time."""

    time_s: float
    what: str
    value: float


def playing() -> st.SearchStrategy[list[Event | Press]]:
    """Keys, drums, microphones, and somebody at the pedals."""
    time_s = st.floats(0.0, LENGTH_S - 1)
    pitch, velocity = st.integers(0, 127), st.integers(1, 127)
    note = st.builds(NoteOn, time_s, pitch, velocity, channel=st.sampled_from([0, 9]))
    off = st.builds(NoteOff, time_s, pitch)
    attack = st.builds(Attack, time_s, st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.just("mic"))
    press = st.one_of(
        st.builds(Press, time_s, st.just("relabel"), st.sampled_from([-1.0, -0.5, 0.5, 1.0, 2.0])),
        st.builds(Press, time_s, st.just("scale"), st.sampled_from([0.5, 2.0])),
        st.builds(Press, time_s, st.just("count in"), st.floats(45.0, 210.0)),
    )
    steady = st.builds(
        lambda bpm, bars, start_s: comping(bpm, bars, start_s), st.floats(60, 180), st.integers(1, 3), time_s
    ).map(lambda events: [event for event in events if event.time_s < LENGTH_S])
    loose = st.lists(st.one_of(note, note, off, attack), max_size=40)
    return st.builds(
        lambda *parts: in_order([event for part in parts for event in part]),
        loose, steady, st.lists(press, max_size=5),
    )  # fmt: skip


def perform(events: list[Event | Press]) -> list[Heard]:
    """Every step of a performance, pedals and all."""
    listener, heard, waiting = Listener(FOUR), [], list(events)
    for step in range(1, math.ceil(LENGTH_S / STEP_S)):
        now_s, due = step_time_s(step), []
        while waiting and waiting[0].time_s <= now_s:
            due.append(waiting.pop(0))
        for press in (event for event in due if isinstance(event, Press)):
            if press.what == "relabel":
                listener.relabel(press.value)
            elif press.what == "scale":
                bpm = listener.beats.pulse_bpm or 100.0
                if 40 < bpm * press.value < 240:
                    listener.scale(press.value)
            else:
                pulse_s = period_s(press.value)
                taps_s = [now_s - taps * pulse_s for taps in (3, 2, 1, 0)]
                listener.count_in(taps_s, FOUR, now_s + pulse_s)
        heard.append(listener.hear(now_s, [event for event in due if not isinstance(event, Press)]))
    return heard


@settings(max_examples=15, deadline=None)
@given(playing())
def test_pulses_lie_ahead_and_every_figure_is_within_bounds(events: list[Event | Press]) -> None:
    for row in perform(events):
        assert 0.0 <= row.confidence <= 1.0
        assert 0.0 <= row.downbeat_confidence <= 1.0
        assert row.bpm_spread >= 0.0
        assert row.source in ("", "taps", "midi", "audio")
        assert row.pulse_bpm is None or 20 < row.pulse_bpm < 450
        if row.next_pulse_s is not None:
            assert row.pulse_bpm is not None
            assert row.time_s < row.next_pulse_s
            if row.state != "counting":
                assert row.next_pulse_s <= row.time_s + period_s(row.pulse_bpm) * 1.01


@settings(max_examples=15, deadline=None)
@given(playing())
def test_announced_pulses_never_run_backwards(events: list[Event | Press]) -> None:
    told_s = -1.0
    for row in perform(events):
        if row.next_pulse_s is not None and row.next_pulse_s - row.time_s < 0.05:
            assert row.next_pulse_s > told_s - 0.05
            told_s = max(told_s, row.next_pulse_s)


@settings(max_examples=12, deadline=None)
@given(playing())
def test_nobody_plays_no_pulse_is_claimed(events: list[Event | Press]) -> None:
    strokes = (NoteOn, Attack, Press, NoteOff)
    latest_s = max((event.time_s for event in events if isinstance(event, strokes)), default=0.0)
    closed = [*events, *(NoteOff(latest_s, pitch) for pitch in range(128))]
    for row in perform(in_order(closed)):
        if row.pulse_bpm and row.state != "counting" and not row.held:
            begun_s = latest_s + (period_s(row.pulse_bpm) if any(isinstance(e, Press) for e in events) else 0)
            if row.time_s > begun_s + max(2.1 * period_s(row.pulse_bpm), 1.5) + 2 * STEP_S:
                assert row.next_pulse_s is None


@settings(max_examples=6, deadline=None)
@given(playing())
def test_the_same_performance_is_heard_the_same(events: list[Event | Press]) -> None:
    assert perform(events) == perform(events)


@settings(max_examples=12, deadline=None)
@given(st.floats(60, 200), st.integers(1, 3), st.floats(0.0, 0.99), st.sampled_from([0.5, 2.0]))
def test_half_and_double_time_keep_a_pulse_a_pulse(bpm: float, bars: int, part: float, ratio: float) -> None:
    listener = Listener(FOUR)
    taps_s = [0.0, *(beat * period_s(bpm) for beat in (1, 2, 3))]
    begin_s = 4 * period_s(bpm)
    listener.count_in(taps_s, FOUR, begin_s)
    until_s = begin_s + (4 * bars + part) * period_s(bpm)
    listen(listener, comping(bpm, 4, begin_s), until_s)
    line = listener.beats.line
    assert line is not None
    before, pulse_s = [line.time_of(line.count + ahead) for ahead in range(5)], line.period_s
    listener.scale(ratio)
    after = listener.beats.line
    assert after is not None
    assert after.period_s * ratio == pytest.approx(pulse_s)
    grid = after.period_s * (1 if ratio > 1 else 0.5)
    for time_s in before:
        off = (time_s - after.at_s) / grid
        assert abs(off - round(off)) < 1e-6


@settings(max_examples=12, deadline=None)
@given(st.floats(60, 200), st.floats(0.0, 7.99), st.sampled_from([-0.5, 0.5]))
def test_a_flip_moves_the_pulse_by_exactly_half(bpm: float, beats: float, half: float) -> None:
    listener = Listener(FOUR)
    listener.count_in([beat * period_s(bpm) for beat in range(4)], FOUR, 4 * period_s(bpm))
    listen(listener, comping(bpm, 3, 4 * period_s(bpm)), (4 + beats) * period_s(bpm))
    line = listener.beats.line
    assert line is not None
    at_s, pulse_s = line.at_s, line.period_s
    listener.relabel(half)
    flipped = listener.beats.line
    assert flipped is not None
    assert flipped.period_s == pulse_s
    assert (flipped.at_s - at_s) / pulse_s % 1.0 == pytest.approx(0.5, abs=1e-6)


@settings(max_examples=12, deadline=None)
@given(st.floats(60, 200), st.floats(0.0, 7.99), st.floats(0.3, 3.0), st.floats(-0.03, 0.03))
def test_another_tempo_keeps_the_count(bpm: float, beats: float, ratio: float, from_s: float) -> None:
    listener = Listener(FOUR)
    listener.count_in([beat * period_s(bpm) for beat in range(4)], FOUR, 4 * period_s(bpm))
    now_s = (4 + beats) * period_s(bpm)
    listen(listener, comping(bpm, 3, 4 * period_s(bpm)), now_s)
    line = listener.beats.line
    assert line is not None
    count, one, turn_s = line.count_at(now_s + from_s), listener.beats.bars.one, now_s + from_s
    listener.set_tempo(bpm * ratio, turn_s)
    line = listener.beats.line
    assert line is not None
    assert line.period_s == pytest.approx(period_s(bpm * ratio))
    assert line.count_at(turn_s) == pytest.approx(count)
    assert listener.beats.bars.one == one
