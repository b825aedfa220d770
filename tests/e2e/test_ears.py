"""A drummer in a microphone, end to end on real JACK ports: the band hears sound, and falls on the beat."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from itertools import accumulate

import numpy as np
import pytest

from bandmate import patch as patches
from bandmate.events import Command, Off, On
from bandmate.ports.bounce import bounce
from bandmate.timing import period_s
from tests.e2e.conftest import KICKS, until

pytestmark = pytest.mark.jack
DRUMS = 9
BPM, FASTER_BPM = 112.0, 117.0  # a drummer who gets carried away in the middle
STEADY_BARS, HURRY_BARS, BARS = 4, 6, 14
RATE_HZ = 48000
LEAD_S = 0.5  # silence before the sticks
# plays a WAV out of a JACK port of its own; says when each half second of it left
DRUMMER = """
import ctypes, json, sys, time, wave
import numpy as np
from bandmate.ports.frameclock import FrameClock
from bandmate.ports.jack import IS_OUTPUT, JackClient
with wave.open(sys.argv[1]) as file:
    sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
sound = np.ascontiguousarray(sound.mean(axis=1) / 32768, np.float32)
with JackClient("drummer") as jack:
    port, block = jack.register("out", IS_OUTPUT), jack.block_frames()
    clock, place, begun, marks = FrameClock(jack.rate_hz(), block), [0], [None], []
    def play(frames):
        clock.tick(time.perf_counter(), place[0])
        out = np.zeros(frames, np.float32)
        if begun[0] is not None and place[0] >= begun[0]:
            at = place[0] - begun[0]
            some = sound[at : at + frames]
            out[: len(some)] = some
            if at // 24000 != (at - frames) // 24000:
                marks.append((at, clock.time_at(place[0])))
        ctypes.memmove(jack.library.jack_port_get_buffer(port, frames), out.ctypes.data, 4 * frames)
        place[0] += frames
    jack.run(play, clock.reset)
    print("ready", flush=True)
    sys.stdin.readline()
    begun[0] = place[0] + jack.rate_hz() // 2 // block * block
    while not marks:
        time.sleep(0.01)
    print(json.dumps(marks), flush=True)
    while place[0] - begun[0] < len(sound):
        time.sleep(0.05)
    print(json.dumps(marks), flush=True)
    sys.stdin.readline()
"""
PATCH = """
title = "Drummer"
parts = ["drums", "bass"]
staged = false
audio_in = "jack"
[params]
follow = 1.0
[[microphone]]
hears = "drums"
bleed = 0.0
"""


def song() -> list[float]:
    """When each beat falls in the WAV, in seconds: four sticks, steady bars, hurried bars, steady again."""
    gaps = [period_s(BPM)] * 4 * (1 + STEADY_BARS)
    gaps += [period_s(bpm) for bpm in np.linspace(BPM, FASTER_BPM, 4 * HURRY_BARS)]
    gaps += [period_s(FASTER_BPM)] * 4 * (BARS - STEADY_BARS - HURRY_BARS)
    return list(accumulate(gaps, initial=LEAD_S))


def strokes(beats_s: list[float]) -> list[tuple[float, object]]:
    """Sticks for a bar, then kick, snare and hats in eighths."""
    found: list[tuple[float, object]] = []

    def strike(time_s: float, pitch: int, velocity: int) -> None:
        found.append((time_s, On(len(found) + 1, time_s, "drums", pitch, velocity)))
        found.append((time_s + 0.1, Off(len(found), time_s + 0.1)))

    for number, beat_s in enumerate(beats_s[:-1]):
        if number < 4:
            strike(beat_s, 37, 110)
            continue
        strike(beat_s, 38 if number % 2 else 36, 105)
        strike(beat_s, 42, 80)
        strike((beat_s + beats_s[number + 1]) / 2, 42, 60)
        if number % 4 == 2:
            strike((beat_s + beats_s[number + 1]) / 2, 36, 90)
    return found


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """The drummer's WAV, played by our own synth."""
    path = tmp_path_factory.mktemp("drummer") / "drummer.wav"
    patch = patches.load("bench")
    bounce(patch, patches.font_path(patch), strokes(song()), song()[-1] + 0.5, path, RATE_HZ)
    return path


class Drummer:
    """Plays the recording into the microphone, in a process of their own."""

    def __init__(self, path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRUMMER, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout.readline() == "ready\n"
        self.marks: list[tuple[int, float]] = []

    def connect(self, port: str = "bandmate-ears:in_1") -> None:
        """Take the cable out of the sound card, and put it into the drummer."""
        join("drummer:out", port)
        subprocess.run(["jack_disconnect", "system:capture_1", port], capture_output=True, check=False)

    def begin(self) -> float:
        """Start; returns when the recording begins."""
        print(file=self.process.stdin, flush=True)
        return self.hear()

    def hear(self) -> float:
        self.marks = json.loads(self.process.stdout.readline())
        frame, moment_s = self.marks[0]
        return moment_s - frame / RATE_HZ

    def has_ended(self) -> bool:
        return bool(select.select([self.process.stdout], [], [], 0.0)[0])

    def beats_s(self) -> np.ndarray:
        """When each beat was in the air."""
        frames, moments_s = zip(*self.marks, strict=True)
        return np.interp(np.array(song()) * RATE_HZ, frames, moments_s, right=np.nan)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def drummer(server, recording):
    hired = Drummer(recording)
    yield hired
    hired.kill()


def join(source: str, sink: str) -> None:
    """Put a cable between two ports, as soon as they are there."""

    def joined() -> bool:
        subprocess.run(["jack_connect", source, sink], capture_output=True, check=False)
        said = subprocess.run(["jack_lsp", "-c", sink], capture_output=True, text=True, check=False)
        return source in said.stdout

    until(joined, 15.0, f"{source} is joined to {sink}")


def jam(rig, drummer, tmp_path, param: str = "") -> None:
    path = tmp_path / "drummer.toml"
    path.write_text(PATCH.replace("[params]", f"[params]\n{param}"))
    rig.jam("--patch", str(path), "--seed", "3", "--bpm", "100")
    rig.wait_for(lambda status: status.state == "armed")
    drummer.connect()
    rig.wait_for(lambda status: "ears late" in status.counters, 10.0, "the ears are heard")


def tap_in(rig, begin_s: float) -> None:
    """Tap along with the four sticks."""
    for beat_s in song()[:4]:
        until(lambda due_s=begin_s + beat_s: time.perf_counter() >= due_s, 5.0, "the next stick")
        rig.band.send(Command(begin_s + beat_s, "tap", source="test"))


def test_the_band_falls_on_the_beat_of_a_drummer_in_a_microphone(
    rig, drummer, recorder, tmp_path, record_property
):
    jam(rig, drummer, tmp_path)
    recorder.open()
    tap_in(rig, drummer.begin())
    rig.wait_for(lambda status: status.state == "playing", 5.0, "the band comes in")
    until(lambda: rig.look() and drummer.has_ended(), 60.0, "the end of the recording")
    tempo = rig.status.bpm
    drummer.hear()
    rig.shell("send", "stop")
    rig.wait_for(lambda status: status.state == "off")
    beats_s = drummer.beats_s()
    beats_s = beats_s[~np.isnan(beats_s)]
    after_s, until_s = beats_s[4 + 2 * 4], beats_s[-2]  # locked after two bars
    kicks_s = np.array([
        at_s for at_s, pitch in recorder.notes(DRUMS, after_s - 0.1, until_s + 0.1) if pitch in KICKS
    ])  # fmt: skip
    # every groove kicks on one, and between beats too: so each one of the drummer's looks for its kick
    ones_s = beats_s[4 + 2 * 4 : -1 : 4]
    off_s = np.array([kicks_s[np.abs(kicks_s - at_s).argmin()] - at_s for at_s in ones_s])
    median_ms, worst_ms = 1000 * np.median(np.abs(off_s)), 1000 * np.quantile(np.abs(off_s), 0.95)
    figure = f"kicks against the drummer: median {median_ms:.1f} ms off, p95 {worst_ms:.1f} ms"
    print(
        f"\n{figure}, mean {1000 * off_s.mean():+.1f} ms, {len(off_s)} ones, counters {rig.status.counters}"
    )
    record_property("kicks", figure)
    assert len(kicks_s) >= BARS
    assert median_ms <= 20
    assert tempo == pytest.approx(FASTER_BPM, rel=0.02)  # the drummer's in the end, not the counted one


def test_four_sticks_in_the_microphone_count_the_band_in(rig, drummer, recorder, tmp_path):
    jam(rig, drummer, tmp_path, 'count-by = "sound"')
    recorder.open()
    one_s = drummer.begin() + song()[4]
    until(lambda: any(pitch in KICKS for _, pitch in recorder.notes(DRUMS)), 8.0, "the first kick")
    kick_s = next(at_s for at_s, pitch in recorder.notes(DRUMS) if pitch in KICKS)
    assert kick_s == pytest.approx(one_s, abs=0.06)
    rig.shell("send", "stop")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")


def test_killed_ears_are_started_anew_and_the_band_plays_on(rig, drummer, recorder, tmp_path):
    jam(rig, drummer, tmp_path)
    recorder.open()
    tap_in(rig, drummer.begin())
    until(lambda: recorder.notes(DRUMS), 8.0, "the band plays")
    before = rig.pids()["ears"]
    os.kill(before, signal.SIGKILL)
    killed_s = time.perf_counter()
    rig.wait_for(lambda status: "ears are gone" in status.alarm or "microphone" in status.alarm, 3.0, "said")
    until(lambda: rig.pids().get("ears") not in (None, before), 5.0, "new ears")
    drummer.connect()
    until(lambda: recorder.notes(DRUMS, after_s=killed_s + 2.0), 5.0, "the drums go on")
    kicks = [at_s for at_s, _ in recorder.notes(DRUMS, after_s=killed_s)]
    assert max(np.diff(kicks)) < 1.5  # no hole where the ears were dead
    rig.wait_for(lambda status: "there" in status.alarm, 5.0, "the microphone is back")
    assert rig.status.state == "playing"
    rig.shell("send", "stop")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")


def test_a_rig_without_microphones_has_no_ears(rig):
    rig.jam("--patch", "bench")
    assert set(rig.pids()) == {"supervisor", "sound", "band", "osc"}


def test_an_input_that_is_not_there_is_one_sentence(rig):
    said = rig.shell("jam", "--headless", "--audio-in", "Scarlett", "--microphone", "drums")
    assert said.returncode == 2
    assert said.stderr.startswith(
        "bandmate: the microphones can't be heard: there is no sound input 'Scarlett'"
    )
    assert said.stderr.count("\n") == 1


def test_the_way_through_the_room_is_measured_and_remembered(rig):
    words = [sys.executable, "-m", "bandmate", "soundcheck", "--latency"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as check:
        join("bandmate:out_1", "bandmate-ears:in_1")
        said, trouble = check.communicate(timeout=40)
    assert (check.returncode, trouble) == (0, "")
    assert said.startswith("ok  from jack to jack sound takes ")
    # the server says more than a wire without converters takes: some blocks
    assert abs(rig.where.latencies()["jack > jack"]) < 0.03
    assert "latency jack > jack" in rig.shell("soundcheck").stdout


def test_an_open_cable_says_so(rig):
    said = rig.shell("soundcheck", "--latency")
    assert said.returncode == 2
    assert "only 0 came back on jack; turn both up" in said.stderr
    assert rig.where.latencies() == {}
