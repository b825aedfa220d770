"""The crowd: processes around the rig, as on a stage.

`python -m bandmate.bench.crowd ROLE` starts one: `keys` plays a keyboard into the rig, `knob` turns one,
`ear` hears a MIDI output, `ticks` a MIDI clock, `speaker` hears the sound, `screen` and `model` keep the
cores busy, `console` draws a console and types into it, `sink` only reads snapshots, `metronome` tells how
late the machine itself is; all but that one at normal priority. What they noticed goes to stdout as one
line of JSON. Stamps are `time.perf_counter`, which all processes share. rtmidi never lives in a process
with a JACK callback of Python's.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bandmate.ports.priority import take_priority
from bandmate.timing import STEP_S

EAR, KEYS = "bench-ear", "bench-keys"  # client names
LOWEST, HIGHEST = 48, 84
REST_S = (0.03, 0.07)  # between two keys, at random: no phase of JACK's period is favoured
SILENCE = 1e-4
PATIENCE_S = 20.0
LINES = 40
TICK = 0xF8
FIRST = 80  # SCHED_FIFO, above JACK's server


def start(role: str, *words: str) -> subprocess.Popen[str]:
    """Start a member of the crowd and wait until it is ready."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "bandmate.bench.crowd", role, *words], text=True, env=os.environ | one_thread,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    return child


def ask(child: subprocess.Popen[str]) -> Any:
    """Let a member say what it noticed, and go; None where it has failed."""
    said, _ = child.communicate()
    return json.loads(said) if said.strip() else None


def send_home(child: subprocess.Popen[str]) -> None:
    """End a member, whatever it does."""
    child.kill()
    child.wait()


# ------------------------------------------------------------------ the roles


def keys(port: str, seconds: str) -> None:
    """Play single keys into a JACK MIDI port; says (pitch, when struck)."""
    import rtmidi

    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=KEYS)
    out.open_port(next(index for index, name in enumerate(out.get_ports()) if port in name))
    _ready()
    _rest(1.0)  # for the connection
    chance, played = random.Random(1), []
    until_s = time.perf_counter() + float(seconds)
    pitch = LOWEST
    while time.perf_counter() < until_s:
        played.append((pitch, time.perf_counter()))
        out.send_message([0x90, pitch, 90])
        _rest(chance.uniform(*REST_S))
        out.send_message([0x80, pitch, 0])
        pitch = LOWEST if pitch == HIGHEST else pitch + 1
    _rest(0.2)
    print(json.dumps(played))


def knob(port: str, number: str, seconds: str) -> None:
    """Turn a knob at a JACK MIDI port; says (value, when)."""
    import rtmidi

    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=KEYS)
    out.open_port(next(index for index, name in enumerate(out.get_ports()) if port in name))
    _ready()
    _rest(1.0)
    chance, turned, value = random.Random(1), [], 0
    until_s = time.perf_counter() + float(seconds)
    while time.perf_counter() < until_s:
        value = (value + 37) % 128
        turned.append((value, time.perf_counter()))
        out.send_message([0xB0, int(number), value])
        _rest(chance.uniform(*REST_S))
    _rest(0.2)
    print(json.dumps(turned))


def ticks(port: str) -> None:
    """Hear a MIDI clock until stdin closes; says when each tick came, by its own frame of JACK's period."""
    from bandmate.ports.jackmidi import JackMidiDriver

    heard: list[float] = []

    def hear(_: str, message: bytes, heard_s: float) -> None:
        if message[0] == TICK:
            heard.append(heard_s)

    driver = JackMidiDriver(EAR)
    source = next(name for name in driver.look()[0] if port in name)
    driver.open_input(port, source, False, hear)
    _ready()
    sys.stdin.read()
    driver.close()
    print(json.dumps(heard))


def ear(name: str = EAR) -> None:
    """Be a synth at a MIDI output until stdin closes; says (pitch, when heard)."""
    import rtmidi

    heard: list[tuple[int, float]] = []

    def hear(event: tuple[list[int], float], _: object) -> None:
        heard_s, message = time.perf_counter(), event[0]
        if message[0] & 0xF0 == 0x90 and message[2]:
            heard.append((message[1], heard_s))

    port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=name)
    port.set_callback(hear)
    port.open_virtual_port("synth")
    _ready()
    sys.stdin.read()
    print(json.dumps(heard))


def speaker(client: str) -> None:
    """Be the loudspeaker of a JACK client that is yet to come; says when the first sound came."""
    from bandmate.errors import NoDevice
    from bandmate.ports.jack import AUDIO, IS_INPUT, IS_OUTPUT, PROCESS, JackClient

    heard_s: list[float] = []
    with JackClient("bench-speaker") as jack:
        port = jack.library.jack_port_register(jack.client, b"in", AUDIO, IS_INPUT, 0)

        def process(frames: int, _: Any) -> int:
            now_s = time.perf_counter()
            block = (ctypes.c_float * frames).from_address(jack.library.jack_port_get_buffer(port, frames))
            if not heard_s and max(map(abs, block)) > SILENCE:
                heard_s.append(now_s)
            return 0

        callback = PROCESS(process)
        jack.library.jack_set_process_callback(jack.client, callback, None)
        jack.library.jack_activate(jack.client)
        _ready()
        until_s, joined = time.perf_counter() + PATIENCE_S, False
        while not heard_s and time.perf_counter() < until_s:
            _rest(0.005)
            if not joined and f"{client}:out_1" in jack.ports(AUDIO, IS_OUTPUT):
                try:
                    jack.connect(f"{client}:out_1", f"{jack.own_name()}:in")
                    joined = True
                except NoDevice:  # it has its port, but doesn't play yet
                    continue
    print(json.dumps(heard_s))


def screen(rig: str) -> None:
    """A screen that draws without end: a client of the band that takes all of a core it can get."""
    from bandmate import wire
    from bandmate.console.plain import describe
    from bandmate.events import Status
    from bandmate.places import places

    band = wire.connect(places(rig).band, PATIENCE_S)
    status = Status(0.0, "off")
    _ready()
    with Path(os.devnull).open("w") as paper:
        while band.open:
            for said in band.receive():
                status = said if isinstance(said, Status) else status
            paper.write("\n".join(f"{line:3} {describe(status)}" for line in range(LINES)))


def console(rig: str, columns: str, rows: str, typing: str) -> None:
    """A console in a terminal until stdin closes; says what it took, and when keys were typed."""
    from bandmate.bench.console import watch

    print(json.dumps(watch(rig, int(columns), int(rows), bool(typing))))


def sink(rig: str) -> None:
    """A client of the band that reads its snapshots and does nothing with them, until stdin closes."""
    from bandmate import wire
    from bandmate.places import places

    band = wire.connect(places(rig).band, PATIENCE_S)
    _ready()
    while band.open:
        ready, _, _ = select.select([band, sys.stdin], [], [])
        if sys.stdin in ready:
            break
        band.receive()
    print("{}")


def metronome() -> None:
    """The machine's own lateness: a bare timer before everybody else, until stdin closes."""
    take_priority(FIRST)
    late_s: list[float] = []
    _ready()
    due_s = time.perf_counter()
    while True:
        due_s += STEP_S
        closed, _, _ = select.select([sys.stdin], [], [], max(0.0, due_s - time.perf_counter()))
        if closed:
            break
        late_s.append(time.perf_counter() - due_s)
    print(json.dumps(late_s))


def model() -> None:
    """A stand-in for the model: multiplies matrices on one core without end."""
    import numpy as np

    matrix = np.random.default_rng(1).standard_normal((384, 384), np.float32)
    _ready()
    state = matrix
    while True:
        state = np.tanh(state @ matrix)


def _ready() -> None:
    print("ready", flush=True)


def _rest(seconds: float) -> None:
    select.select([], [], [], seconds)


ROLES: dict[str, Callable[..., None]] = {
    "keys": keys, "ear": ear, "speaker": speaker, "screen": screen, "model": model,
    "metronome": metronome, "console": console, "sink": sink, "knob": knob, "ticks": ticks,
}  # fmt: skip

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
