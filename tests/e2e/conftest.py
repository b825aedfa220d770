"""A real stage: a JACK server of our own, the whole rig on it, a performer and a listener outside."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bandmate import wire
from bandmate.events import Status
from bandmate.places import places

PERFORMER = """
import json, sys, time, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="pianist")
out.open_virtual_port("keys")
print("ready", flush=True)
for line in sys.stdin:
    for due_s, message in sorted(json.loads(line)):
        while (left_s := due_s - time.perf_counter()) > 0:
            time.sleep(left_s if left_s < 0.002 else left_s - 0.001)
        out.send_message(message)
    print("played", flush=True)
"""
KICKS = (35, 36)


def until(true: Callable[[], object], patience_s: float, what: str) -> None:
    """Wait, without sleeping a fixed time, for something to become true."""
    end_s = time.perf_counter() + patience_s
    while not true():
        assert time.perf_counter() < end_s, f"{what}: not within {patience_s} s"
        select.select([], [], [], 0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A JACK server for these tests alone."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd isn't installed (Debian: apt-get install jackd2)")
    name = f"stage-{os.getpid()}"
    words = ["jackd", "-n", name, "-R", "-P", "60", "-S", "-d", "dummy", "-r", "48000", "-p", "128"]
    jackd = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JACK_DEFAULT_SERVER", name)
        try:
            waiting = subprocess.run(["jack_wait", "-w", "-t", "10"], capture_output=True, check=False)
            assert waiting.returncode == 0, "jackd does not start"
            yield name
        finally:
            jackd.terminate()
            jackd.wait(10)


class Rig:
    """A running rig and its shell."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.screen: subprocess.Popen[str] | None = None
        self.band: wire.Wire | None = None
        self.status: Status | None = None

    @property
    def where(self):
        return places("main")

    def jam(self, *words: str) -> Rig:
        """A jam with the understudy, also where torch is there; `--player model` in `words` asks for it."""
        command = [sys.executable, "-m", "bandmate", "jam", "--headless", "--player", "understudy", *words]
        self.screen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until(self._visit, 20.0, "the band answers")
        until(lambda: self.pids().get("sound") and self.where.sound.exists(), 10.0, "the sound process is up")
        return self

    def _visit(self) -> bool:
        if not self.where.band.exists():
            return False
        if self.band is not None:
            self.band.close()
        try:
            self.band = wire.connect(self.where.band)
        except Exception:  # not yet
            return False
        return True

    def shell(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bandmate", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def look(self) -> Status | None:
        """The newest status; comes back to a restarted band by itself."""
        if self.band is None or not self.band.open:
            self._visit()
        if self.band is not None:
            for said in self.band.receive():
                if isinstance(said, Status):
                    self.status = said
        return self.status

    def wait_for(
        self, true: Callable[[Status], object], patience_s: float = 10.0, what: str = "status"
    ) -> Status:
        until(lambda: (status := self.look()) is not None and true(status), patience_s, what)
        assert self.status is not None
        return self.status

    def pids(self) -> dict[str, int]:
        try:
            return json.loads(self.where.processes.read_text())
        except (OSError, ValueError):
            return {}

    def takes(self) -> list[Path]:
        return sorted(self.where.takes.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)

    def stop(self) -> None:
        self.shell("stop")
        if self.screen is not None:
            try:
                self.screen.wait(10)
            except subprocess.TimeoutExpired:
                self.screen.kill()
            assert self.screen.stdout is not None
            self.screen.stdout.close()
        if self.band is not None:
            self.band.close()


@pytest.fixture
def rig(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="bm") as home:
        monkeypatch.setenv("BANDMATE_HOME", home)
        found = Rig(Path(home))
        try:
            yield found
        finally:
            found.stop()
            for pid in found.pids().values():
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    continue


class Performer:
    """A pianist in a process of their own, who plays into bandmate's port in real time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PERFORMER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.connect()

    def connect(self) -> None:
        def connected() -> bool:
            subprocess.run(
                ["jack_connect", "pianist:keys", "bandmate-midi:bandmate in"],
                capture_output=True,
                check=False,
            )
            said = subprocess.run(
                ["jack_lsp", "-c", "pianist:keys"], capture_output=True, text=True, check=False
            )
            return "bandmate" in said.stdout

        until(connected, 10.0, "the performer is plugged in")

    def play(self, score: list[tuple[float, list[int]]]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(score) + "\n")
        self.process.stdin.flush()

    def done(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def taps(first_s: float, gap_s: float, count: int = 4) -> list[tuple[float, list[int]]]:
    """The soft pedal taps a count-in."""
    score = []
    for index in range(count):
        score.append((first_s + index * gap_s, [0xB0, 67, 127]))
        score.append((first_s + index * gap_s + 0.08, [0xB0, 67, 0]))
    return score


def chords(
    begin_s: float, gap_s: float, roots: list[tuple[int, ...]], times: int = 4
) -> list[tuple[float, list[int]]]:
    """Each chord on every beat of a bar."""
    score = []
    for index, pitches in enumerate(pitches for pitches in roots for _ in range(times)):
        for pitch in pitches:
            score.append((begin_s + index * gap_s, [0x90, pitch, 84]))
            score.append((begin_s + (index + 0.85) * gap_s, [0x80, pitch, 0]))
    return score


@pytest.fixture
def performer(server: str) -> Iterator[Callable[[], Performer]]:
    hired: list[Performer] = []

    def hire() -> Performer:
        hired.append(Performer())
        return hired[-1]

    yield hire
    for one in hired:
        one.kill()


class Recorder:
    """Hears what leaves bandmate's MIDI output; stamps as it comes."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, int, int, int, int]] = []  # time_s, kind, channel, pitch, velocity
        self.port = None

    def open(self, output: str = "bandmate out") -> Recorder:
        import rtmidi

        self.port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="recorder")
        self.port.set_callback(self._hear)
        until(lambda: any(output in name for name in self.port.get_ports()), 20.0, "bandmate's output")
        names = self.port.get_ports()
        self.port.open_port(next(index for index, name in enumerate(names) if output in name))
        return self

    def _hear(self, event: tuple[list[int], float], _: object) -> None:
        status, pitch, velocity = (*event[0], 0, 0)[:3]
        self.heard.append((time.perf_counter(), status & 0xF0, status & 0x0F, pitch, velocity))

    def notes(self, channel: int | None = None, after_s: float = 0.0, before_s: float = 1e12):
        return [
            (time_s, pitch) for time_s, kind, where, pitch, velocity in list(self.heard)
            if kind == 0x90 and velocity and channel in (None, where) and after_s <= time_s < before_s
        ]  # fmt: skip

    def hanging(self) -> set[tuple[int, int]]:
        """Notes begun and not ended, as a synth at the other end would have it."""
        down: dict[tuple[int, int], int] = {}
        for _, kind, channel, pitch, velocity in list(self.heard):
            if kind == 0x90 and velocity:
                down[channel, pitch] = 1
            elif kind in (0x80, 0x90):
                down.pop((channel, pitch), None)
            elif kind == 0xB0 and pitch in (120, 123):
                down = {key: 1 for key in down if key[0] != channel}
        return set(down)

    def close(self) -> None:
        if self.port is not None:
            self.port.cancel_callback()
            self.port.close_port()
            self.port.delete()


@pytest.fixture
def recorder(server: str) -> Iterator[Recorder]:
    found = Recorder()
    yield found
    found.close()
