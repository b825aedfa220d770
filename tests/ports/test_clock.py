"""MIDI clock out: ticks at their time, and words at their place; and a second band that goes by them."""

from __future__ import annotations

import itertools
import random
import threading
import time

import pytest

from bandmate import patch as patches
from bandmate.events import Pace
from bandmate.ports import midi
from bandmate.ports.clock import CONTINUE, START, STOP, TICK, ClockOut, Ticks
from bandmate.timing import CLOCK_PPQ, beats_of_ticks, step_time_s, tick_s
from tests.conftest import Stage


def place(step: int) -> bytes:
    return bytes((0xF2, step & 0x7F, step >> 7))


def until(ticks: Ticks, time_s: float) -> list[tuple[float, bytes]]:
    """All that a thread says up to a moment, as it comes to its turn every few milliseconds."""
    said = []
    while (due_s := ticks.next_due()) is not None and due_s <= time_s:
        said += ticks.due(min(time_s, due_s + 0.004))
    return said


def words(said: list[tuple[float, bytes]]) -> list[bytes]:
    return [message for _, message in said if message != TICK]


def after(said: list[tuple[float, bytes]], word: bytes) -> float:
    """When the first tick after a word is due."""
    index = next(at for at, (_, message) in enumerate(said) if message == word)
    return next(due_s for due_s, message in said[index:] if message == TICK)


# ------------------------------------------------------------------ what is due when


def test_ticks_go_on_before_anything_plays_and_start_is_said_before_beat_nought():
    ticks = Ticks()
    assert ticks.next_due() is None
    ticks.take(Pace(10.0, 120.0, -4.0, -4.0, True), 10.0)
    said = until(ticks, 13.0)
    times_s = [due_s for due_s, message in said if message == TICK]
    assert times_s[0] == pytest.approx(10.0)
    assert times_s == pytest.approx([10.0 + index * tick_s(120) for index in range(len(times_s))])
    assert words(said) == [START]
    assert after(said, START) == pytest.approx(12.0)


def test_who_begins_in_the_middle_says_where():
    ticks = Ticks()
    ticks.take(Pace(10.0, 120.0, 8.1, 8.1, True), 10.0)
    said = until(ticks, 11.0)
    assert words(said) == [place(33), CONTINUE]
    assert after(said, CONTINUE) == pytest.approx(10.0 + (8.25 - 8.1) * 0.5)


def test_stop_is_said_at_once_and_the_tempo_goes_on():
    ticks = Ticks()
    ticks.take(Pace(10.0, 120.0, 0.0, 0.0, True), 10.0)
    until(ticks, 11.0)
    assert ticks.take(Pace(11.0, 90.0, 2.0, 2.0, False), 11.0) == [STOP]
    said = until(ticks, 13.0)
    assert words(said) == []
    assert said[-1][0] - said[-2][0] == pytest.approx(tick_s(90))


def test_another_tempo_bends_the_ticks_and_says_nothing():
    ticks = Ticks()
    ticks.take(Pace(10.0, 120.0, 0.0, 0.0, True), 10.0)
    until(ticks, 11.0)
    assert ticks.take(Pace(11.0, 121.0, 2.02, 2.02, True), 11.0) == []
    said = until(ticks, 12.0)
    assert words(said) == []
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(said)]
    assert min(gaps) >= tick_s(121) / 2 - 1e-9
    assert len(said) == pytest.approx(48, abs=1)


def test_another_bar_line_and_a_jump_are_said_by_stop_place_and_continue():
    ticks = Ticks()
    ticks.take(Pace(10.0, 120.0, 0.0, 0.0, True), 10.0)
    until(ticks, 11.2)
    assert ticks.take(Pace(11.2, 120.0, 2.4, 8.4, True), 11.2) == []  # this is one, of bar 3
    said = until(ticks, 12.0)
    assert words(said) == [STOP, place(34), CONTINUE]
    assert after(said, CONTINUE) == pytest.approx(10.0 + 2.5 * 0.5)
    assert ticks.take(Pace(12.0, 120.0, 0.0, 0.0, True), 12.0) == []
    assert words(until(ticks, 12.4)) == [STOP, place(1), CONTINUE]


def test_a_machine_that_slept_does_not_catch_up_by_a_roll_of_ticks():
    ticks = Ticks()
    ticks.take(Pace(10.0, 120.0, 0.0, 0.0, True), 10.0)
    until(ticks, 10.1)
    said = ticks.due(20.0)
    assert len(said) < 16
    assert said[-1][0] == pytest.approx(20.0, abs=tick_s(120))


def test_the_thread_hands_ticks_over_at_their_time_and_says_stop_at_the_end():
    said, enough = [], threading.Event()

    def send(message, _):
        said.append(message)
        if said.count(TICK) >= 5:
            enough.set()

    clock = ClockOut(send).open()
    clock.take(Pace(time.perf_counter() + 0.02, 300.0, 0.0, 0.0, True))
    enough.wait(5.0)
    clock.close()
    assert said[-1] == STOP
    assert said.count(TICK) >= 5
    assert START in said
    assert min(clock.lateness_s) >= 0


# ------------------------------------------------------------------ a second band


def heard_of(stage: Stage, until_s: float) -> list[tuple[float, bytes]]:
    """What a receiver of a band's clock is told."""
    ticks, sent, said = Ticks(), 0, []
    for step in range(stage.step, round(until_s / step_time_s(1))):
        now_s = step_time_s(step)
        stage.play(now_s)
        for _, out in stage.outs[sent:]:
            for pace in (send for send in out.sends if isinstance(send, Pace)):
                said += [(now_s, message) for message in ticks.take(pace, now_s)]
        sent = len(stage.outs)
        said += ticks.due(now_s)
    return said


def test_a_receiver_starts_with_the_music_and_waits_through_a_fermata_and_its_count():
    stage = Stage(patches.parse({"clock_out": "own"}, patches.Path("first.toml")), bpm=120.0)
    for time_s, name in ((0.0, "arm"), (0.5, "start"), (6.7, "hold"), (8.0, "hold"), (14.0, "stop")):
        stage.say(time_s, name)
    said = heard_of(stage, 15.0)
    assert words(said) == [START, STOP, place(48), CONTINUE, STOP]  # bar 4 follows the one that was held
    beatmap = stage.band.transport.beatmap  # of the count after the fermata
    assert after(said, START) == pytest.approx(0.5 + 0.1 + 2.0, abs=0.001)
    assert after(said, CONTINUE) == pytest.approx(beatmap.time_at(12), abs=0.001)


@pytest.mark.parametrize("jitter_s", [0.0, 0.0025])
def test_a_second_band_goes_by_our_clock_and_its_beats_agree(jitter_s):
    first = Stage(patches.parse({"clock_out": "own"}, patches.Path("first.toml")))
    second = Stage(patches.parse({"clock_in": "Box"}, patches.Path("second.toml")))
    first.say(0.0, "arm")
    first.say(0.5, "start")
    first.say(6.0, "bpm", 104.0)
    first.say(9.02, "this-is-one")
    ticks, chance, sent = Ticks(), random.Random(5), 0
    for step in range(2600):
        now_s = step_time_s(step)
        first.play(now_s)
        for _, out in first.outs[sent:]:
            for pace in (send for send in out.sends if isinstance(send, Pace)):
                for message in ticks.take(pace, now_s):
                    second.events.append(midi.heard(message, now_s, "Box"))
        sent = len(first.outs)
        for due_s, message in ticks.due(now_s):
            word = midi.heard(message, due_s + chance.uniform(0, jitter_s), "Box")
            second.events.append(word)
        second.play(now_s)
    ours = {beat.beat: beat.time_s for beat in first.beats if beat.beat >= 8}
    theirs = {beat.beat: beat.time_s for beat in second.beats}
    both = [beat for beat in ours if beat in theirs]
    assert len(both) >= 10
    assert max(abs(ours[beat] - theirs[beat]) for beat in both) < 0.005 + jitter_s
    one, other = first.band.transport, second.band.transport
    assert one.moment(13.0).bar == other.moment(13.0).bar
    assert (one.origin_beat - other.origin_beat) % 4 == pytest.approx(0, abs=beats_of_ticks(1, CLOCK_PPQ))
