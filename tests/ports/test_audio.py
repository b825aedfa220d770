"""The sound device that isn't there yet, goes away, or hangs; the streams are made of paper."""

import threading
import time
from pathlib import Path

import pytest

from bandmate.errors import BadFile, NoDevice
from bandmate.patch import Patch
from bandmate.ports import audio
from bandmate.ports.audio import AudioOut
from bandmate.ports.jack import NoLibrary
from bandmate.ports.player import Player
from bandmate.ports.renderer import Renderer


class Stage:
    """What the paper device does."""

    def __init__(self) -> None:
        self.there = True
        self.alive = True
        self.missing: type[NoDevice] = NoDevice
        self.closing = threading.Event()
        self.closing.set()


@pytest.fixture
def stage(monkeypatch):
    stage = Stage()

    class PaperStream:
        def __init__(self, name: str, most_channels: int) -> None:
            self.description = "paper"

        def rate_hz(self) -> int:
            if not stage.there:
                raise stage.missing("there is no paper")
            return 44100

        def start(self, player: Player, latency_s: float | None) -> None:
            player.begin(64, latency_s or 0.0)

        def close(self) -> None:
            stage.closing.wait(10.0)

        @property
        def alive(self) -> bool:
            return stage.alive

    monkeypatch.setattr(audio, "JackStream", PaperStream)
    monkeypatch.setattr(audio, "AGAIN_S", 0.001)
    monkeypatch.setattr(audio, "begin_anew", lambda: None)
    return stage


@pytest.fixture
def out(stage):
    out = AudioOut("jack", 128, 2, "bandmate")
    yield out
    stage.closing.set()
    out.close()


def player_at(rate_hz: int) -> Player:
    return Player(Renderer(Patch(), rate_hz, Path("none")))


def until(out: AudioOut, news: str) -> None:
    until_s = time.perf_counter() + 5.0
    while out.watch(time.perf_counter()) != news:
        assert time.perf_counter() < until_s, f"never {news}"


def test_a_device_that_is_not_there_at_the_start_is_awaited(stage, out):
    stage.there = False
    out.open(player_at, None)
    assert out.state == "lost"
    assert out.fault.endswith("there is no paper")
    assert out.watch(time.perf_counter()) == ""
    stage.there = True
    until(out, "back")
    assert (out.state, out.fault, out.description) == ("open", "", "paper")
    assert out.player is not None
    assert out.player.renderer.rate_hz == 44100


def test_a_missing_library_is_not_awaited(stage, out):
    stage.there, stage.missing = False, NoLibrary
    with pytest.raises(NoLibrary):
        out.open(player_at, None)
    assert out.state == "closed"


def test_a_broken_font_is_not_tried_again(stage, out):
    def broken(rate_hz: int) -> Player:
        raise BadFile("the font is broken")

    stage.there = False
    out.open(broken, None)
    stage.there = True
    until_s = time.perf_counter() + 5.0
    while not out.fault.endswith("the font is broken"):
        assert time.perf_counter() < until_s, out.fault
    assert out.watch(time.perf_counter()) == ""


def test_a_device_that_goes_away_comes_back(stage, out):
    out.open(player_at, None)
    assert out.state == "open"
    stage.there = stage.alive = False
    until(out, "lost")
    assert "paper is gone" in out.fault
    stage.there = stage.alive = True
    until(out, "back")
    assert out.fault == ""


def test_a_repair_that_stands_still_is_told(stage, out):
    out.open(player_at, None)
    stage.alive = False
    stage.closing.clear()
    until(out, "lost")
    now_s = time.perf_counter()
    assert out.watch(now_s + 4.0) == ""
    assert out.watch(now_s + 6.0) == "hung"
