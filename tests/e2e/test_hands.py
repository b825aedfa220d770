"""Hands, end to end on real JACK ports: a knob is learnt and moves the band; one clock leads two bands."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bandmate import wire
from bandmate.events import Command, Status
from bandmate.places import places
from tests.e2e.conftest import Recorder, until

pytestmark = pytest.mark.jack
KNOB = 21
BAR_S = 2.0  # at 120
DRUMS = 9


def test_a_knob_is_learnt_over_jack_and_then_moves_the_parameter(rig, performer):
    rig.jam("--patch", "bench", "--no-synth")
    pianist = performer()
    rig.wait_for(lambda status: status.state == "armed")
    lesson = subprocess.Popen(
        [sys.executable, "-m", "bandmate", "learn", "energy"], stdout=subprocess.PIPE, text=True
    )
    rig.wait_for(lambda status: status.params["learn"] == "energy", what="the lesson")
    now_s = time.perf_counter()
    pianist.play([(now_s + index * 0.03, [0xB0, KNOB, 10 + 8 * index]) for index in range(6)])
    said, _ = lesson.communicate(timeout=15)
    assert lesson.returncode == 0
    assert f"learnt: CC {KNOB} of " in said
    before = rig.wait_for(lambda status: status.params["learn"] == "").params["energy"]
    assert before == 0.5
    now_s = time.perf_counter()
    pianist.play([(now_s + index * 0.03, [0xB0, KNOB, value]) for index, value in enumerate((60, 90, 127))])
    rig.wait_for(lambda status: status.params["energy"] == 1.0, 5.0, "the knob moves the band")
    maps = list((rig.home / "maps").glob("*.toml"))
    assert len(maps) == 1
    assert f"control = {KNOB}" in maps[0].read_text()
    assert "moves energy" in rig.shell("learn").stdout


def test_one_bands_clock_leads_another_band(rig):
    rig.jam("--patch", "bench", "--seed", "3", "--no-synth", "--clock-out", "own", "--bpm", "120")
    rig.wait_for(lambda status: status.state == "armed")
    words = [
        "--rig",
        "second",
        "--patch",
        "bench",
        "--seed",
        "3",
        "--no-synth",
        "--clock-in",
        "bandmate clock",
    ]
    screen = subprocess.Popen(
        [sys.executable, "-m", "bandmate", "jam", "--headless", *words, "--bpm", "90"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ears = [Recorder().open(), Recorder().open("bandmate-second out")]
    try:
        band = wire.connect(places("second").band, 20.0)
        heard: list[Status] = []

        def follows() -> bool:
            heard.extend(said for said in band.receive() if isinstance(said, Status))
            return bool(heard) and abs(heard[-1].home_bpm - 120) < 1

        until(follows, 10.0, "the second band hears the clock")
        rig.band.send(Command(time.perf_counter(), "start", source="test"))
        one_s = rig.wait_for(lambda status: status.beat0_s is not None and status.state == "playing").beat0_s
        end_s = one_s + 4.5 * BAR_S
        until(lambda: rig.look() and time.perf_counter() > end_s, 30.0, "four bars")
        band.close()
    finally:
        rig.shell("stop", "--rig", "second")
        screen.wait(15)
        for ear in ears:
            ear.close()
    ours, theirs = (ear.notes(DRUMS, after_s=one_s + 2 * BAR_S - 0.1, before_s=end_s - 0.2) for ear in ears)
    assert len(ours) > 16
    gaps_s = [min(abs(time_s - at_s) for at_s, other in theirs if other == pitch) for time_s, pitch in ours]
    assert sorted(gaps_s)[round(len(gaps_s) * 0.9) - 1] < 0.010
