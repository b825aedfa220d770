"""The band's ear for keys, end to end on real JACK ports, with each player: a side-slip and a modulation.

One take: four bars of a loop in C; two in which the right hand slips up a semitone while the left stays on C;
two on the way; and from bar 9 on the loop in E flat, a minor third up.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from bandmate.model.thinking import is_there
from tests.e2e.conftest import Performer, Recorder, Rig, chords, taps, until

pytestmark = pytest.mark.jack
GAP_S = 0.3  # 200
BAR, NEAR = 4, 0.15  # beats
C, F, G, AM = (48, 55, 64, 67, 72), (53, 60, 65, 69, 72), (43, 50, 62, 67, 71), (45, 52, 60, 64, 69)
SLIPPED = (48, 55, 65, 68, 73)
UP = 3
E_FLAT, C_MINOR = ([pitch + UP for pitch in chord] for chord in (C, AM))
BARS = [C, AM, G, C, SLIPPED, SLIPPED, F, G, E_FLAT, C_MINOR]
MAJOR = {0, 2, 4, 5, 7, 9, 11}
BASS = 1
PATIENCE_S = 60.0  # a busy machine takes its time to load torch


@pytest.fixture(scope="module", params=["understudy", "model"])
def bass(request, server) -> list[tuple[float, int]]:
    """What the bass played: (beat, pitch), from the first downbeat on."""
    if request.param == "model":
        pytest.importorskip("torch")
        pytest.importorskip("safetensors")
        if not is_there():
            pytest.skip("models/house has no weights here")
    ear, pianist = Recorder(), None
    with tempfile.TemporaryDirectory(prefix="bm") as home, pytest.MonkeyPatch.context() as environment:
        environment.setenv("BANDMATE_HOME", home)
        rig = Rig(Path(home))
        try:
            rig.jam("--patch", "bench", "--seed", "3", "--no-synth", "--player", request.param)
            ear.open()
            pianist = Performer()
            rig.wait_for(lambda status: status.state == "armed")
            if request.param == "model":
                until(rig.where.model.exists, PATIENCE_S, "the model is there")
            first_s = time.perf_counter() + 0.5
            one_s = first_s + BAR * GAP_S
            pianist.play(taps(first_s, GAP_S) + chords(one_s, GAP_S, BARS))
            pianist.done()
            status = rig.wait_for(lambda status: status.bar >= len(BARS), what="the last bar")
            assert (status.rungs.get("fresh", 0) > 0) is (request.param == "model")
        finally:
            rig.stop()
            ear.close()
            if pianist is not None:
                pianist.kill()
    return [((time_s - one_s) / GAP_S, pitch) for time_s, pitch in ear.notes(BASS)]


def within(bass, from_beat, until_beat):
    """The pitches that the bass struck from a beat on, and before another."""
    return [pitch for beat, pitch in bass if from_beat - NEAR <= beat < until_beat - NEAR]


def test_a_right_hand_that_slips_a_semitone_leaves_the_bass_where_the_left_is(bass):
    struck = within(bass, 4 * BAR, 6 * BAR)
    assert len(struck) >= 4
    assert sum(pitch % 12 in {0, 4, 7} for pitch in struck) >= 0.9 * len(struck)


def test_a_modulation_up_a_minor_third_has_the_bass_in_the_new_key_within_two_beats(bass):
    struck = within(bass, 8 * BAR + 2, 10 * BAR)
    assert len(struck) >= 4
    assert {(pitch - UP) % 12 for pitch in struck} <= MAJOR
    assert UP in {pitch % 12 for pitch in within(bass, 8 * BAR, 8 * BAR + 4)}
