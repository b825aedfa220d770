"""The bench's own stage: a JACK server, a home folder, and the real rig upon them.

Nothing here touches the performer's rig, settings or takes. Where `jackd` isn't installed the rig
plays on the machine's own default device. Runs in the shell's process, which only watches, as a
screen would.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from bandmate import patch as patches
from bandmate import wire
from bandmate.bench import crowd
from bandmate.errors import BandmateError, NoDevice, RigError
from bandmate.events import Command, SoundReady, Status
from bandmate.jam import stop
from bandmate.places import Places, places
from bandmate.ports.jack import JackClient
from bandmate.rig import launch

RIG = "bench"
CLIENT = f"bandmate-{RIG}"
BLOCK_FRAMES = 128
RATE_HZ = 48000
PATIENCE_S = 20.0
NEWS_S = 1.2  # counters are told once a second
LEAVES_S = 0.3  # then a supervisor has begun to send everybody home
HOME = "BANDMATE_HOME"
SERVER = "JACK_DEFAULT_SERVER"


@dataclass(frozen=True, slots=True)
class Record:
    """What one show left behind, seconds each; `xruns` as our stream and the JACK server counted them."""

    loop_s: list[float] = field(default_factory=list)
    machine_s: list[float] = field(default_factory=list)  # a bare timer's lateness meanwhile
    notes_s: list[float] = field(default_factory=list)
    keys_s: list[float] = field(default_factory=list)
    ticks_s: list[float] = field(default_factory=list)  # of our MIDI clock, handed over minus due
    changes: list[tuple[float, str, Any]] = field(default_factory=list)  # when which parameter became what
    xruns: int = 0
    late: int = 0
    dropped: int = 0


class Show:
    """A rig that plays, watched through its two doors."""

    def __init__(self, where: Places, plan: dict[str, Any]) -> None:
        self.where, self.plan = where, plan
        self.status = Status(0.0, "off")
        self.ready = SoundReady(0.0)
        self._wires: list[wire.Wire] = []

    def __enter__(self) -> Show:
        try:
            launch(self.where, self.plan)
        except RigError:  # it may come up yet, and would be in the next one's way
            with contextlib.suppress(RigError):
                stop(self.where.rig)
            raise
        self._wires = [wire.connect(path, PATIENCE_S) for path in (self.where.band, self.where.sound)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(RigError):
            supervisor = wire.connect(self.where.supervisor)
            supervisor.send(Command(time.perf_counter(), "leave", source="bench"))
            self.watch(LEAVES_S)
            self._wires[-1].send(Command(time.perf_counter(), "quit", source="bench"))
            stop(self.where.rig)
        for end in self._wires:
            end.close()

    def watch(self, seconds: float, state: str = "") -> bool:
        """Let it play; at most until the band is in a state, True if it got there."""
        until_s = time.perf_counter() + seconds
        while (left_s := until_s - time.perf_counter()) > 0 and (not state or self.status.state != state):
            ready, _, _ = select.select([end for end in self._wires if end.open], [], [], left_s)
            for end in ready:
                for said in end.receive():
                    self.status = said if isinstance(said, Status) else self.status
                    self.ready = said if isinstance(said, SoundReady) else self.ready
        return self.status.state == state

    def until_playing(self) -> Show:
        """Wait for the count-in to be over; RigError when the band never plays."""
        if not self.watch(PATIENCE_S, "playing"):
            raise RigError(f"the bench's band doesn't play; its log says why: {self.where.log.read_text()}")
        return self


class Stage:
    """Where the benchmarks play: `seconds` and `runs` are what the command line asked for."""

    def __init__(self, seconds: float, runs: int) -> None:
        self.seconds, self.runs = seconds, runs
        self.soak = False  # longer runs where a benchmark has them
        self.home = Path()
        self.repeated = 0  # shows that had to begin anew
        self.device = ""
        self.scheduling: dict[str, str] = {}
        self.jackd = shutil.which("jackd")
        self._before: dict[str, str | None] = {}
        self._records: dict[bool, list[Record]] = {}

    def __enter__(self) -> Stage:
        short = "/tmp" if os.path.isdir("/tmp") else None  # the path of a Unix socket is 100 letters at most
        self.home = Path(tempfile.mkdtemp(prefix="bench-", dir=short))
        self._before = {name: os.environ.get(name) for name in (HOME, SERVER)}
        os.environ[HOME] = str(self.home)
        return self

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def where(self) -> Places:
        """The files of the bench's rig."""
        return places(RIG)

    # -------------------------------------------------------------- the server

    @contextlib.contextmanager
    def server(self, block_frames: int = BLOCK_FRAMES) -> Iterator[Path | None]:
        """A JACK server of our own (yields its log); None where there is none, and the default device."""
        if self.jackd is None:
            yield None
            return
        name, paper = f"bandmate-bench-{os.getpid()}", self.home / f"jackd-{block_frames}.log"
        os.environ[SERVER] = name
        words = [
            "-n",
            name,
            "-R",
            "-P",
            "60",
            "-S",
            "-d",
            "dummy",
            "-r",
            str(RATE_HZ),
            "-p",
            str(block_frames),
        ]
        with paper.open("w") as log:
            process = subprocess.Popen([self.jackd, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait_for_server(paper)
            yield paper
        finally:
            process.terminate()
            process.wait(5)

    # -------------------------------------------------------------- the rig

    def show(self, demo: str | None = "pop", block_frames: int = BLOCK_FRAMES, **changes: Any) -> Show:
        """The rig that `bandmate --demo` starts, not yet started; `changes` go into the patch's table."""
        patch = patches.load("bench")
        table = patches.as_table(patch) | changes
        sound = {
            "midi_in": [], "midi_out": [], "synth": True, "device": None, "block_frames": block_frames,
            "virtual": True, "client": CLIENT, "font": str(patches.font_path(patch)), "patch": patch.name,
            "table": table, "figures": str(self.home / "sound.json"),
        }  # fmt: skip
        plan = {
            "rig_id": uuid.uuid4().hex, "patch": patch.name, "table": table, "seed": 1, "params": {},
            "commands": [] if demo else ["arm", "start"], "resume": False, "demo": demo,
            "takes": str(self.where.takes), "sound": sound, "figures": str(self.home / "band.json"),
        }  # fmt: skip
        return Show(self.where, plan)

    def play(self, seconds: float, busy: bool = False, block_frames: int = BLOCK_FRAMES) -> Record:
        """The band plays with the demo pianist for so long; once more, and counted, where a process died."""
        try:
            return self._play(seconds, busy, block_frames)
        except RigError:
            self.repeated += 1
            return self._play(seconds, busy, block_frames)

    def _play(self, seconds: float, busy: bool, block_frames: int) -> Record:
        others = [crowd.start("model")] if busy else []
        try:
            with self.show(block_frames=block_frames) as show:
                others += [crowd.start("screen", RIG)] if busy else []
                show.until_playing()
                show.watch(NEWS_S)
                others.append(metronome := crowd.start("metronome"))
                before, from_s = show.ready, time.perf_counter()
                show.watch(seconds)
                until_s = time.perf_counter()
                machine_s = crowd.ask(metronome)
                show.watch(NEWS_S)
        finally:
            for other in others:
                crowd.send_home(other)
        return replace(self.record(show, before, from_s, until_s), machine_s=machine_s or [])

    def record(self, show: Show, before: SoundReady, from_s: float, until_s: float) -> Record:
        """What the processes wrote down as they went home; RigError where one of them didn't come home."""
        now = show.ready
        found: dict[str, Any] = {}
        self.device, self.scheduling = now.device, now.scheduling
        try:
            for name in ("band", "sound"):
                found |= json.loads((self.home / f"{name}.json").read_text())
                (self.home / f"{name}.json").unlink()
        except OSError as error:
            log = self.where.log.read_text()[-2000:]
            raise RigError(f"a process of the bench's rig died, no {error.filename}: {log}") from None
        loop_s = [late_s for due_s, late_s in found["loop"] if from_s <= due_s <= until_s]
        return Record(
            loop_s, notes_s=found["notes"], keys_s=found["keys"], ticks_s=found["ticks"],
            changes=found["changes"], xruns=now.xruns - before.xruns,
            late=now.late, dropped=now.dropped,
        )  # fmt: skip

    def evening(self, busy: bool) -> list[Record]:
        """`runs` shows that last `seconds` together: `loop` and `notes` measure the same ones."""
        if busy not in self._records:
            with self.server():
                self._records[busy] = [self.play(self.seconds / self.runs, busy) for _ in range(self.runs)]
        return self._records[busy]


def _wait_for_server(log: Path) -> None:
    until_s = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until_s:
        try:
            JackClient("bench-look").open().close()
            return
        except NoDevice:
            select.select([], [], [], 0.1)
    raise BandmateError(f"the bench's own jackd doesn't start: {log.read_text()[-500:].strip()}")
