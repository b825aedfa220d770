"""The clock under anything: whatever is heard and steered, time goes forward and nothing jerks.

Estimates are made up by hypothesis and given to the band in the listener's place, in virtual time.
"""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandmate import controls, labels, starting
from bandmate.events import Heard
from bandmate.follow import FREE_PHASE_SLEW, LEASH_DRUMS, PHASE_SLEW
from bandmate.timing import Meter, period_s, step_index, step_time_s
from bandmate.transport import Transport
from tests.conftest import Stage

LENGTH_S = 12.0
BPM = 112.0
SILENCE = [(1.0, None, 0.0, 0.0, "coasting", None)]
LABELS = ("this-is-one", "beat-forward", "beat-back", "flip")
JUMPS = (*LABELS, "half-time", "double-time", "tap", "bpm", "hold")
NAMES = sorted(controls.ACTION_NAMES - {"arm", "start", "tap", "join", "quit", "cue"})
any_settings = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@st.composite
def estimates(draw):
    """A stream of what a listener might claim: tempi that wander or leap, phases, doubts, silences."""
    stretches = draw(st.lists(
        st.tuples(
            st.floats(0.2, 4.0),  # how long, in seconds
            st.one_of(st.none(), st.floats(40, 230)),  # pulses a minute
            st.floats(0.0, 1.0),  # phase
            st.floats(0.0, 1.0),  # confidence
            st.sampled_from(["locking", "locked", "coasting"]),
            st.one_of(st.none(), st.integers(0, 3)),
        ),
        min_size=1, max_size=8,
    ))  # fmt: skip
    return stretches


def heard_at(now_s, stretches):
    """The claim of a moment; the last stretch goes on for ever."""
    begin_s, at = 0.0, 0
    while at < len(stretches) - 1 and now_s >= begin_s + stretches[at][0]:
        begin_s, at = begin_s + stretches[at][0], at + 1
    _, bpm, phase, confidence, state, one = stretches[at]
    if bpm is None:
        return Heard(now_s, "coasting")
    pulse_s = period_s(bpm)
    ahead_s = pulse_s - (now_s - begin_s + phase * pulse_s) % pulse_s
    octaves = ((bpm * 2, 0.6 * phase), (bpm, 0.3))
    return Heard(now_s, state, bpm, now_s + ahead_s, confidence, one, 0.9, octaves)


def cue(transport, now_s, name):
    """A correction of the performer's, as the steering hands it on."""
    if name in LABELS and transport.running:
        labels.relabel(transport, now_s, now_s, name)
    elif name in ("half-time", "double-time") and transport.running:
        labels.scale(transport, now_s, 0.5 if name == "half-time" else 2.0)
    elif name == "tap":
        starting.tap(transport, now_s, now_s)
    elif name == "bpm" and transport.running:
        labels.set_tempo(transport, now_s, 100.0)
    elif name == "hold" and transport.state in ("playing", "holding"):
        (transport.resume if transport.state == "holding" else transport.hold)(now_s)


def run(stretches, cues=(), follow=0.35, inertia=0.5, meter="4/4", free=False, staged=False, loose=False):
    """A transport that hears these claims: its beats, and how its clock went, step by step."""
    transport = Transport(Meter.parse(meter), BPM, follow, 1, staged)
    transport.follower.inertia, transport.join_free, transport.loose = inertia, free, loose
    transport.arm()
    waiting, beats, trace = sorted(cues), [], []
    for step in range(step_index(LENGTH_S)):
        now_s = step_time_s(step)
        if step == 20 and not free:
            starting.start(transport, now_s)
        while waiting and waiting[0][0] <= now_s:
            cue(transport, now_s, waiting.pop(0)[1])
        transport.advance(now_s, heard_at(now_s, stretches), drums=True)
        transport.hints.clear()
        beats += transport.fixed(now_s)
        trace.append((transport.state, transport.straight_bpm, transport.beatmap, transport.home_bpm,
                      transport.reentries))  # fmt: skip
    return beats, trace


def assert_forward(beats):
    for before, after in itertools.pairwise(beats):
        assert after.time_s > before.time_s
        assert after.beat > before.beat
    assert all(beat.decided_s <= beat.time_s for beat in beats)


cues = st.lists(st.tuples(st.floats(3.0, LENGTH_S), st.sampled_from(JUMPS)), max_size=6)


@given(
    estimates(), cues, st.sampled_from([0.0, 0.1, 0.35, 0.8, 1.0]), st.floats(0, 1),
    st.sampled_from(["4/4", "6/8", "7/8", "2/2"]), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
@any_settings
def test_the_bands_beat_never_runs_backwards(stretches, cued, follow, inertia, meter, free, staged, loose):
    beats, _ = run(stretches, cued, follow, inertia, meter, free, staged, loose)
    assert_forward(beats)
    assert beats or free


@given(estimates(), st.sampled_from([0.1, 0.35, 0.8, 1.0]))
@any_settings
def test_tempo_and_phase_move_a_little_a_pulse(stretches, follow):
    """3 % and 4 % (6 % without the leash) a pulse, unless the clock re-enters on a bar line."""
    _, trace = run(stretches, (), follow)
    phase = 0.03 * (PHASE_SLEW if follow < 1 else FREE_PHASE_SLEW)
    turns = []
    for step, (before, after) in enumerate(itertools.pairwise(trace), 1):
        octave = abs(math.log2(after[1] / before[1])) > 0.9  # at a section's end
        if "playing" not in (before[0], after[0]) or after[4] != before[4] or octave:
            turns.clear()
            continue
        assert abs(after[1] / before[1] - 1) <= 0.03 + 1e-9
        assert abs(after[2].bpm / after[1] - 1) <= phase + 1e-9
        if after[2] != before[2] and before[0] == "playing":
            now_s = step_time_s(step)
            assert after[2].beat_at(now_s) == pytest.approx(before[2].beat_at(now_s), abs=0.01)
            turns.append(now_s)
            assert len(turns) < 2 or turns[-1] - turns[-2] > 0.8 * period_s(after[1])


@given(estimates(), st.sampled_from([0.1, 0.35, 0.8, 0.99]))
@any_settings
def test_on_the_leash_the_tempo_stays_near_home(stretches, follow):
    _, trace = run(stretches, (), follow)
    for _, bpm, _, home_bpm, _ in trace:
        assert (home_bpm / BPM).is_integer()  # home itself moves by octaves only
        off = math.log2(bpm / home_bpm)  # whole while half or double time waits for its beat
        assert abs(2 ** (off - round(off)) - 1) <= LEASH_DRUMS + 1e-9


@given(estimates(), st.floats(4.0, 8.0), st.sampled_from([("half-time", 0.5), ("double-time", 2.0)]))
@any_settings
def test_half_and_double_keep_the_phase_whatever_is_heard(stretches, at_s, how):
    name, ratio = how
    beats, trace = run([(*stretch[:1], None, *stretch[2:]) for stretch in stretches], [(at_s, name)])
    first, last = trace[step_index(3.5)][2], trace[-1][2]
    assert last.bpm == pytest.approx(first.bpm * ratio)
    pulse_s = last.time_at(round(last.beat_at(LENGTH_S)))
    there = first.beat_at(pulse_s) * max(1.0, ratio)
    assert there == pytest.approx(round(there), abs=1e-6)
    assert_forward(beats)


@given(st.floats(4.0, 9.0), st.integers(1, 4))
@any_settings
def test_flip_moves_by_half_a_beat_and_twice_is_a_whole_one(at_s, times):
    _, trace = run(SILENCE, [(at_s + 0.1 * index, "flip") for index in range(times)])
    before, after = trace[step_index(3.5)][2], trace[-1][2]
    assert before.beat_at(11.0) - after.beat_at(11.0) == pytest.approx(times / 2)


@given(st.lists(st.tuples(st.floats(0.2, 5.0), st.sampled_from(NAMES)), max_size=8))
@settings(any_settings, max_examples=4)
def test_nothing_plays_in_off(cued):
    """Whatever is played and pressed, but for what starts a song."""
    stage = Stage(follow=1.0)
    for time_s, name in cued:
        stage.say(time_s, name)
    stage.comp(1.0, 8)
    stage.play(5.5)
    assert stage.state == "off"
    assert stage.notes() == []
    assert stage.beats == []


@pytest.mark.parametrize("ratio", [0.5, 2.0, 0.25])
@pytest.mark.parametrize("moved", [0.0, 0.5, 1 / 3, 0.1 + 0.2])
def test_half_time_finds_its_pulse_wherever_the_bar_begins(ratio, moved):
    bpm = 140.0
    transport = Transport(Meter(), bpm, 0.35, 1, False)
    transport.arm()
    starting.start(transport, 0.1)
    transport.origin_beat += moved  # as after a flip
    labels.scale(transport, 5.0, ratio)
    assert transport.turn is not None
    ahead = transport.turn.beatmap.time_s - transport.frontier(5.0)
    assert -1e-6 <= ahead <= 4 * period_s(bpm) + 1e-6
