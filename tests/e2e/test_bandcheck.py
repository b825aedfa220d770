"""The line check on real JACK ports: one pedal steps, and every line is heard where its name says."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bandmate.places import places
from tests.e2e.conftest import until
from tests.e2e.test_jam import _wide

pytestmark = pytest.mark.jack
DRUMS, BASS, KEYS = 9, 1, 2


class Check:
    """A running `bandmate soundcheck --band` and what it has said so far."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "bandmate", "soundcheck", "--band", *words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ""

    def hear(self) -> str:
        assert self.process.stdout is not None
        if select.select([self.process.stdout], [], [], 0)[0]:
            self.said += (os.read(self.process.stdout.fileno(), 4096) or b"").decode()
        return self.said

    def until(self, words: str, patience_s: float = 20.0) -> None:
        end_s = time.perf_counter() + patience_s
        while words not in self.hear():
            assert time.perf_counter() < end_s, f"{words!r} never came, but: {self.said}"
            select.select([], [], [], 0.01)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def check(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="bm") as home:
        monkeypatch.setenv("BANDMATE_HOME", home)
        path = Path(home) / "rig.toml"
        path.write_text('parts = ["drums", "bass", "keys"]\noutputs = "left-mono-right-click"\n')
        found = Check("--patch", str(path))
        try:
            yield found
        finally:
            found.close()


def press(performer, number: int = 67, wrong: bool = False) -> None:
    now_s, (down, up) = time.perf_counter() + 0.02, (0, 127) if wrong else (127, 0)
    performer.play([(now_s, [0xB0, number, down]), (now_s + 0.06, [0xB0, number, up])])
    performer.done()


def test_a_pedal_steps_through_instruments_outputs_click_groove_and_touch(
    check, performer, recorder, tmp_path
):
    check.until("1/9  kick")
    pianist = performer()
    recorder.open()
    until(lambda: len(recorder.notes(DRUMS)) > 1, 5.0, "the kick is heard")
    heard = {}
    for title, channel in (
        ("2/9  snare", DRUMS),
        ("3/9  hat", DRUMS),
        ("4/9  bass", BASS),
        ("5/9  keys", KEYS),
    ):
        press(pianist)
        check.until(title)
        heard[title] = sounding(recorder, channel)
    assert (heard["2/9  snare"], heard["3/9  hat"]) == ({38}, {42})
    assert min(heard["5/9  keys"]) > max(heard["4/9  bass"])

    levels = {}
    for title in ("6/9  output 1: the band (mono)", "7/9  output 2: click", "8/9  click"):
        press(pianist)
        check.until(title)
        levels[title] = record(tmp_path / "line.wav", 1)
    assert levels["6/9  output 1: the band (mono)"][0] > 0.1
    assert levels["6/9  output 1: the band (mono)"][1] < 0.001
    for title in ("7/9  output 2: click", "8/9  click"):
        assert levels[title][0] < 0.001
        assert levels[title][1] > 0.1

    press(pianist)
    check.until("9/9  the whole band")
    for channel in (DRUMS, BASS, KEYS):
        assert sounding(recorder, channel)
    left, right = record(tmp_path / "band.wav", 3)
    assert 0.02 < left < 0.9
    assert right < 0.001

    press(pianist)
    check.until("as softly as you ever will")
    for velocities, next_words in (
        (range(20, 30), "as you usually do"), (range(60, 80), "as hard as"), (range(110, 120), "each pedal"),
    ):  # fmt: skip
        play(pianist, velocities)
        check.until(next_words)
    press(pianist, 64, wrong=True)
    assert check.process.wait(20) == 0
    said = check.hear()
    assert "ok  you play with velocities of 20 to 119, most around 70" in said
    assert "sustain (CC 64) is a switch, plugged in the wrong way round; turned round from now on" in said
    assert "soft (CC 67) is a switch, the right way round" in said
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")
    kept = json.loads(places().touch.read_text())
    assert [found["reversed_pedals"] for found in kept.values()] == [[64]]


def sounding(recorder, channel: int) -> set[int]:
    """The pitches that come from now on, once there are some; what was sent ahead has passed."""
    since_s = time.perf_counter() + 0.2
    until(lambda: len(recorder.notes(channel, after_s=since_s)) >= 3, 10.0, f"channel {channel} is heard")
    return {pitch for _, pitch in recorder.notes(channel, after_s=since_s)}


def play(pianist, velocities) -> None:
    """One key again and again."""
    now_s = time.perf_counter() + 0.02
    for index, velocity in enumerate(velocities):
        struck_s = now_s + 0.04 * index
        pianist.play([(struck_s, [0x90, 60, velocity]), (struck_s + 0.02, [0x80, 60, 0])])
        pianist.done()


def record(path: Path, seconds: int) -> tuple[float, float]:
    """The loudest sample of either output over some seconds."""
    words = ["jack_rec", "-f", str(path), "-d", str(seconds), "bandmate:out_1", "bandmate:out_2"]
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=20)
    with wave.open(str(path)) as sound:
        width, raw = sound.getsampwidth(), sound.readframes(sound.getnframes())
    samples = _wide(raw) if width == 3 else np.frombuffer(raw, {2: "<i2", 4: "<i4"}[width])
    left, right = np.abs(samples.reshape(-1, 2).astype(float)).max(axis=0) / 2.0 ** (8 * width - 1)
    return float(left), float(right)
