"""A model trained a moment ago, in a running rig: killed twenty times in a song, and the music goes on."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from bandmate.rehearsal import load_styles, load_take, make_band
from bandmate.show.take import Take
from tests.e2e.conftest import Rig, until

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from bandmate.__main__ import main  # noqa: E402  # torch may not be there
from bandmate.events import NoteOn, Phrase  # noqa: E402
from bandmate.mind import Mind  # noqa: E402
from tests.model import desk  # noqa: E402

KILLS = 20
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """What `bandmate train` makes in a few seconds of a corpus made by hand."""
    folder = tmp_path_factory.mktemp("trained")
    songs = [desk.song(f"{number}", transpose=number, style="funk") for number in range(8)]
    words = ["--corpus", str(desk.write(folder / "corpus", songs)), "--out", str(folder / "tiny")]
    assert main(["train", *words, "--size", "tiny", "--minutes", "0.05", "--batch", "4"]) == 0
    return folder / "tiny"


@pytest.fixture
def band(monkeypatch, tiny):
    """A rig without any sound device, whose built-in performer plays."""
    with tempfile.TemporaryDirectory(prefix="bm") as home:
        monkeypatch.setenv("BANDMATE_HOME", home)
        shutil.copytree(tiny, Path(home) / "tiny")
        rig = Rig(Path(home))
        try:
            yield rig
        finally:
            rig.stop()


def jam(rig, *words):
    return rig.jam("--no-synth", "--demo", "--player", "model", "--model", str(rig.home / "tiny"), *words)


def test_a_model_that_is_killed_twenty_times_stops_nobody(band):
    jam(band)
    band.wait_for(lambda status: status.rung == "fresh", PATIENCE_S, "the model plays")
    bars, rungs, last = {band.status.bar}, set(), None
    for _ in range(KILLS):
        gone = (None, last)
        until(lambda gone=gone: band.pids().get("model") not in gone, PATIENCE_S, "it is started again")
        last = band.pids()["model"]
        os.kill(last, signal.SIGKILL)
        status = band.wait_for(lambda status: status.state == "playing")
        bars.add(status.bar)
        rungs.add(status.rung)
    assert rungs & {"tail", "understudy"}  # down the ladder, and on
    killed_s = time.perf_counter()
    status = band.wait_for(lambda status: status.rung == "fresh", PATIENCE_S, "the model is back")
    assert status.state == "playing"
    assert time.perf_counter() - killed_s < PATIENCE_S
    assert max(bars) > min(bars)  # the clock ran on
    assert "died" in band.where.log.read_text()
    assert replayed(band.takes()[-1]) > 0


def replayed(path):
    """How many notes a band plays that hears the same take again, phrases and all."""
    take: Take = load_take(path)
    assert any(isinstance(event, Phrase) for _, event in take.events)
    assert any(isinstance(event, NoteOn) for _, event in take.events)
    found = make_band(take.header, load_styles())
    found.mind = Mind()
    place = sends = 0
    for step in range(take.events[-1][0] + 1):
        first = place
        while place < len(take.events) and take.events[place][0] <= step:
            place += 1
        sends += len(found.step(step * 0.005, [event for _, event in take.events[first:place]]).sends)
    return sends


def test_a_model_whose_weights_are_bad_leaves_it_to_the_understudy(band):
    (band.home / "tiny" / "weights-1.safetensors").write_bytes(b"rubbish")
    jam(band)
    status = band.wait_for(lambda status: "can't be used" in status.alarm, PATIENCE_S, "why there is none")
    assert status.rung == "understudy"
    band.wait_for(lambda status: status.state == "playing" and status.bar > 1, PATIENCE_S, "the band plays")
    assert "model" not in band.pids() or not _alive(band.pids()["model"])


def test_a_model_that_hangs_is_ended_and_started_again(band):
    jam(band)
    band.wait_for(lambda status: status.rung == "fresh", PATIENCE_S, "the model plays")
    pid = band.pids()["model"]
    os.kill(pid, signal.SIGSTOP)
    band.wait_for(lambda status: status.rung == "understudy", PATIENCE_S, "the understudy takes over")
    until(lambda: band.pids().get("model") not in (None, pid), PATIENCE_S, "another model is started")
    band.wait_for(lambda status: status.rung == "fresh", PATIENCE_S, "and plays")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
