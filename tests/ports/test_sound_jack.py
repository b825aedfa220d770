"""The sound process against a real JACK server of its own, whatever else runs on this machine."""

import multiprocessing as mp
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bandmate import wire
from bandmate.events import Command, Hush, NoteOff, NoteOn, Off, On, PortFound, PortLost, Replace, SoundReady
from bandmate.heart import SLOTS
from bandmate.ports.sound import run

pytestmark = [
    pytest.mark.jack,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="no jackd here"),
]
SERVER = f"bandmate-test-{os.getpid()}"
PIANIST = """
import rtmidi, sys
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="pianist")
out.open_virtual_port("keys")
print("ready", flush=True)
for line in sys.stdin:
    out.send_message([int(word) for word in line.split()])
"""


@pytest.fixture(scope="module")
def server():
    os.environ["JACK_DEFAULT_SERVER"] = SERVER
    command = ["jackd", "-n", SERVER, "-R", "-P", "60", "-S", "-d", "dummy", "-r", "48000", "-p", "256"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        waiting = subprocess.run(["jack_wait", "-w", "-t", "5"], capture_output=True, check=False)
        if waiting.returncode:
            pytest.skip("jackd doesn't start here")
        yield
    finally:
        process.terminate()
        process.wait(5)
        del os.environ["JACK_DEFAULT_SERVER"]


@pytest.fixture
def visit(sound):
    """Come in as one more guest of the sound process."""
    guests = []

    def come_in() -> "Listener":
        guests.append(Listener(sound))
        return guests[-1]

    yield come_in
    for guest in guests:
        guest.wire.close()


@pytest.fixture
def sound(server, tmp_path):
    context = mp.get_context("spawn")
    heartbeat = context.RawArray("d", SLOTS)
    options = {
        "socket": str(tmp_path / "s"), "patch": "default", "midi_in": [], "midi_out": [], "synth": True,
        "device": None, "block_frames": 256, "virtual": True, "client": "bandmate",
    }  # fmt: skip
    process = context.Process(target=run, args=(options, heartbeat), daemon=True)
    process.start()
    yield tmp_path / "s"
    try:
        goodbye = wire.connect(tmp_path / "s", 10.0)
        goodbye.send(Command(0.0, "quit"))
        process.join(15.0)  # JACK waits some seconds for a client that was killed meanwhile
        goodbye.close()
        assert process.exitcode == 0
    finally:
        process.kill()


@pytest.fixture
def pianist(server):
    command = [sys.executable, "-c", PIANIST]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as player:
        assert player.stdout is not None
        assert player.stdout.readline() == "ready\n"
        yield player
        player.kill()


class Listener:
    """A client of the sound process that waits for what it wants to hear."""

    def __init__(self, path: Path) -> None:
        self.wire = wire.connect(path, 10.0)
        self.heard: list[object] = []

    def hears(self, kind: type, patience_s: float) -> bool:
        """Whether such an event comes, without taking it."""
        until_s = time.perf_counter() + patience_s
        while time.perf_counter() < until_s:
            if any(isinstance(event, kind) for event in self.heard):
                return True
            select.select([self.wire], [], [], 0.05)
            self.heard += self.wire.receive()
        return False

    def until(self, kind: type, patience_s: float = 6.0, **wanted: object):
        until_s = time.perf_counter() + patience_s
        while time.perf_counter() < until_s:
            for index, event in enumerate(self.heard):
                if isinstance(event, kind) and all(
                    getattr(event, key) == value for key, value in wanted.items()
                ):
                    del self.heard[: index + 1]
                    return event
            select.select([self.wire], [], [], 0.1)
            self.heard += self.wire.receive()
        raise AssertionError(f"no {kind.__name__} {wanted} in {self.heard}")


class Recorder:
    """Hears what comes out of bandmate's virtual MIDI output."""

    def __init__(self) -> None:
        import rtmidi

        self.notes: list[tuple[float, str, int]] = []
        self.port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="recorder")
        self.port.set_callback(self._heard)
        index = next(i for i, name in enumerate(self.port.get_ports()) if "bandmate out" in name)
        self.port.open_port(index)

    def _heard(self, event: tuple[list[int], float], _: object) -> None:
        kind = {0x90: "on", 0x80: "off"}.get(event[0][0] & 0xF0)
        if kind:
            self.notes.append((time.perf_counter(), kind, event[0][1]))

    def until(self, count: int, patience_s: float = 5.0) -> list[tuple[str, int]]:
        until_s = time.perf_counter() + patience_s
        while len(self.notes) < count and time.perf_counter() < until_s:
            select.select([], [], [], 0.005)
        return [(kind, pitch) for _, kind, pitch in self.notes]

    def close(self) -> None:
        self.port.close_port()
        self.port.delete()


@pytest.fixture
def recorder(visit):
    visit().until(SoundReady)
    listening = Recorder()
    yield listening
    listening.close()


def test_a_guest_is_told_how_things_are(visit):
    ready = visit().until(SoundReady)
    assert ready.rate_hz == 48000
    assert ready.device == "jack"
    assert "jack: bandmate out" in ready.outputs
    assert 0.004 < ready.output_latency_s < 0.05


def test_keys_from_another_program_reach_every_guest(visit, pianist):
    band, screen = visit(), visit()
    band.until(PortFound, port="jack: pianist:keys")
    pianist.stdin.write("144 60 90\n144 60 91\n128 60 0\n")
    pianist.stdin.flush()
    for guest in (band, screen):
        assert guest.until(NoteOn, pitch=60).velocity == 90
        guest.until(NoteOff, pitch=60)  # struck twice: closed first
        assert guest.until(NoteOn, pitch=60).velocity == 91
        guest.until(NoteOff, pitch=60)


def test_a_killed_performer_leaves_no_key_down_and_is_found_again(visit, pianist):
    band = visit()
    band.until(PortFound, port="jack: pianist:keys")
    pianist.stdin.write("144 64 90\n")
    pianist.stdin.flush()
    band.until(NoteOn, pitch=64)
    began_s = time.perf_counter()
    pianist.send_signal(signal.SIGKILL)
    band.until(NoteOff, pitch=64)
    band.until(PortLost, port="jack: pianist:keys")
    assert time.perf_counter() - began_s < 4.0
    command = [sys.executable, "-c", PIANIST]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as again:
        band.until(PortFound, port="jack: pianist:keys")
        for _ in range(10):  # JACK wires them up in its own time: the first key may be too early
            again.stdin.write("144 67 90\n128 67 0\n")
            again.stdin.flush()
            if band.hears(NoteOn, 0.5):
                break
        band.until(NoteOn, pitch=67)
        again.kill()


def test_sends_leave_at_their_time_with_the_pitch_bound_last(visit, recorder):
    band, due_s = visit(), time.perf_counter() + 0.1
    for message in (On(1, due_s, "bass", 40, 90), Off(1, due_s + 0.05), Replace(1, 43)):
        band.wire.send(message)
    assert recorder.until(2) == [("on", 43), ("off", 43)]
    assert recorder.notes[0][0] >= due_s
    assert recorder.notes[0][0] < due_s + 1.0


def test_a_band_that_dies_leaves_silence(visit, recorder):
    band, now_s = visit(), time.perf_counter()
    band.wire.send(On(1, now_s + 0.02, "bass", 40, 90))
    band.wire.send(On(2, now_s + 5.0, "bass", 45, 90))
    assert recorder.until(1) == [("on", 40)]
    band.wire.close()
    assert recorder.until(2) == [("on", 40), ("off", 40)]


def test_a_guest_who_plays_is_heard_by_the_others_and_released_when_it_goes(visit):
    band, demo = visit(), visit()
    demo.until(SoundReady)
    demo.wire.send(NoteOn(time.perf_counter() + 0.05, 60, 90, "demo"))
    band.until(NoteOn, pitch=60, port="demo")
    demo.wire.close()
    band.until(NoteOff, pitch=60, port="demo")


def test_hush_ends_a_part(visit, recorder):
    band, now_s = visit(), time.perf_counter()
    band.wire.send(On(1, now_s, "keys", 60, 90))
    assert recorder.until(1) == [("on", 60)]
    band.wire.send(Hush("keys"))
    assert recorder.until(2) == [("on", 60), ("off", 60)]
