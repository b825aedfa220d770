"""The rig: plugs it all together, and keeps it alive. The only file that knows every process.

Who owns what:
- **supervisor** (this file, `python -m bandmate.rig`, a session of its own so that no terminal can
  take it down): the door `NAME.rig`, the log, the sleep inhibitor, the other processes. No threads.
- **sound** (`ports/sound.py`): the audio stream and its frame clock, the synth, every MIDI port, thru,
  the sounding notes, the timed sender; the door `NAME.sound`. It outlives everybody.
- **ears** (`ears.py`): the microphones and what is understood of them, only where the patch has any;
  the door `NAME.ears`.
- **band** (`live.py`): the loop, the musical clock, the inbox, the take, the state; the door `NAME.band`.
- **model** (`model/serving.py`): the player's mind, the only one that loads torch, where it is asked for;
  the door `NAME.model`.
- **osc** (`osc.py`): the UDP port for sensors and surfaces, and what lights are told; a client of the band.
- **demo** (`show/player.py`): the built-in performer, only while asked for.
- **screens**: clients of the band's door; any number, none needed.

Performer's keys go sound -> band, strokes and notes in microphones ears -> band (stamped events),
decisions go band -> sound (sends, absolute times of `time.perf_counter`, the one clock), snapshots go
band -> screens. Heartbeats are shared memory. A process that dies or hangs is started again; the band
goes on from its saved state.
"""

from __future__ import annotations

import json
import logging
import multiprocessing as mp
import multiprocessing.connection
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import MutableSequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any

from bandmate import heart, wire
from bandmate.errors import RigError
from bandmate.events import Command, RigReady
from bandmate.places import Places, places

LOOK_S = 0.1  # between two looks at the others
HUNG_S = {
    "band": 1.5,
    "sound": 5.0,
    "ears": 5.0,
    "model": 5.0,
    "osc": 5.0,
    "demo": 30.0,
}  # a heart that is silent so long has stopped
GRACE_S = 10.0  # for a process that is starting
CRASHES, CRASH_S, PAUSE_S = 5, 10.0, 1.0  # so many deaths in so short a time: breathe before the next
LEAVE_S = 3.0  # what a process gets to go home by itself
UP_S = 15.0
FLUSH_S = 0.02
TELL_S = 1.0
LINES = 200  # of the log, for screens

log = logging.getLogger("bandmate.rig")


@dataclass(slots=True)
class Member:
    """A process of the rig."""

    name: str
    process: BaseProcess
    heartbeat: MutableSequence[float]
    started_s: float
    deaths_s: list[float] = field(default_factory=list)
    due_s: float | None = None  # when it is started again


def run_sound(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the sound process."""
    from bandmate.ports.sound import run

    run(plan["sound"] | {"socket": str(places(rig).sound)}, heartbeat)


def run_ears(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the ears; their arithmetic stays on one core, so that the others play."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # read when numpy is loaded, below
    from bandmate.ears import run

    run(rig, plan, heartbeat)


def run_band(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the band process."""
    from bandmate.live import run

    run(rig, plan, heartbeat)


def run_model(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the model's process; its arithmetic stays on one core, so that the others play."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from bandmate.model.serving import run

    run(rig, plan, heartbeat)


def run_osc(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the OSC process."""
    from bandmate.osc import run

    run(rig, plan, heartbeat)


def run_demo(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the demo performer."""
    from bandmate.show.player import run

    run(places(rig), plan["demo"], heartbeat)


ENTRIES = {
    "sound": run_sound, "ears": run_ears, "band": run_band, "model": run_model, "osc": run_osc,
    "demo": run_demo,
}  # fmt: skip


class Supervisor:
    """Starts, watches and restarts the others until the band has gone home."""

    def __init__(self, where: Places, plan: dict[str, Any]) -> None:
        self.where, self.plan = where, plan
        self.context = mp.get_context("spawn")
        self.members: dict[str, Member] = {}
        self.door = wire.Door(where.supervisor)
        self.clients: list[wire.Wire] = []
        self.leaving_s: float | None = None
        self.restarts: dict[str, int] = {}
        self.paper = Paper()
        self._told_s = 0.0
        self._worked: dict[
            int, tuple[float, float]
        ] = {}  # by process: when, and how long it had worked by then
        self._setlist = _listed(plan)
        self._inhibitor: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """The whole life of a rig."""
        signal.signal(signal.SIGTERM, lambda *_: self._leave())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        log.addHandler(self.paper)
        self.door.open()
        self._inhibitor = _stay_awake()
        for name, wanted in (
            ("sound", True),
            ("ears", self.plan["table"].get("microphone")),
            ("band", True),
            ("model", self.plan.get("player") == "model"),
            ("osc", self.plan.get("osc")),
            ("demo", self.plan["demo"]),
        ):
            if wanted:
                self._start(name)
        try:
            while self.members:
                self._look()
        finally:
            self._end()

    def _start(self, name: str) -> None:
        heartbeat = self.context.RawArray("d", heart.SLOTS)
        process = self.context.Process(
            target=ENTRIES[name], args=(self.where.rig, self.plan, heartbeat), name=f"bandmate {name}"
        )
        process.start()
        before = self.members.get(name)
        deaths_s = before.deaths_s if before else []
        self.members[name] = Member(name, process, heartbeat, time.perf_counter(), deaths_s)
        log.info("%s runs as process %s", name, process.pid)
        self._publish()

    def _publish(self) -> None:
        pids = {name: member.process.pid for name, member in self.members.items()}
        self.where.processes.write_text(json.dumps({"supervisor": os.getpid()} | pids))

    # -------------------------------------------------------------- the watch

    def _look(self) -> None:
        ends: list[Any] = [self.door, *self.clients, *(m.process.sentinel for m in self.members.values())]
        for end in mp.connection.wait(ends, LOOK_S):
            if isinstance(end, wire.Door):
                visitor = self.door.accept()
                self.clients += [visitor] if visitor else []
            elif isinstance(end, wire.Wire):
                for command in end.receive():
                    self._obey(command)
        self._tell(time.perf_counter())
        self.clients = [client for client in self.clients if client.open]
        for member in list(self.members.values()):
            self._check(member)
        if self.leaving_s is not None and time.perf_counter() > self.leaving_s:
            for member in self.members.values():
                member.process.kill()

    def _tell(self, now_s: float) -> None:
        """Once a second, and when the log has grown: how the rig is, to every visitor who stays."""
        if not self.clients or (now_s - self._told_s < TELL_S and not self.paper.fresh):
            return
        self._told_s, self.paper.fresh = now_s, False
        ready = RigReady(
            now_s, self._load(now_s), dict(self.restarts), tuple(self.paper.lines), self._setlist
        )
        for client in self.clients:
            client.send(ready)

    def _load(self, now_s: float) -> dict[str, float]:
        """The share of one core that each process has taken since we looked last."""
        worked = {os.getpid(): ("supervisor", time.process_time())}
        worked |= {m.process.pid or 0: (m.name, m.heartbeat[heart.WORK]) for m in self.members.values()}
        found = {}
        for pid, (name, work_s) in worked.items():
            then_s, before_s = self._worked.get(pid, (now_s, work_s))
            found[name] = round(max(0.0, work_s - before_s) / max(LOOK_S, now_s - then_s), 3)
        self._worked = {pid: (now_s, work_s) for pid, (_, work_s) in worked.items()}
        return found

    def _check(self, member: Member) -> None:
        now_s = time.perf_counter()
        if member.due_s is not None:
            if now_s >= member.due_s:
                self._start(member.name)
            return
        if member.process.is_alive():
            beat_s = member.heartbeat[heart.BEAT]
            silent_s = now_s - (beat_s or member.started_s + GRACE_S)
            if silent_s > HUNG_S[member.name]:
                log.error("%s has been silent for %.1f s and is ended", member.name, silent_s)
                member.process.kill()
            return
        self._died(member, now_s)

    def _died(self, member: Member, now_s: float) -> None:
        """Start it again, unless it was meant to go; too many deaths in a row make us breathe."""
        code = member.process.exitcode
        home = code == 0 and member.name in ("band", "demo", "model")
        if self.leaving_s is not None or home:
            log.info("%s has gone home (exit code %s)", member.name, code)
            del self.members[member.name]
            if member.name == "band" and self.leaving_s is None:
                self._leave()
            return
        log.error("%s died (exit code %s) and is started again", member.name, code)
        self.restarts[member.name] = self.restarts.get(member.name, 0) + 1
        member.deaths_s = [death_s for death_s in member.deaths_s if now_s - death_s < CRASH_S] + [now_s]
        if member.name == "band":
            self.plan["recover"] = True
        many = len(member.deaths_s) >= CRASHES
        member.due_s = now_s + (PAUSE_S if many else 0.0)
        if not many:
            self._start(member.name)

    def _obey(self, command: Any) -> None:
        if not isinstance(command, Command):
            return
        if command.name == "leave":
            self._leave()
        elif command.name == "demo" and "demo" not in self.members:
            self.plan["demo"] = str(command.value)
            self._start("demo")

    # -------------------------------------------------------------- going home

    def _leave(self) -> None:
        """Everybody home: the band ends its notes, the sound process closes its ports."""
        if self.leaving_s is not None:
            return
        self.leaving_s = time.perf_counter() + LEAVE_S
        send_home(self.where)
        for name in {"demo", "osc"} & set(self.members):
            self.members[name].process.terminate()

    def _end(self) -> None:
        for member in self.members.values():
            member.process.kill()
            member.process.join(1.0)
        if self._inhibitor is not None:
            self._inhibitor.terminate()
            self._inhibitor.wait()
        for path in (
            self.where.sound,
            self.where.ears,
            self.where.model,
            self.where.band,
            self.where.processes,
        ):
            path.unlink(missing_ok=True)
        for client in self.clients:
            client.close()
        self.door.close()
        log.info("the rig has gone home")


class Paper(logging.Handler):
    """The newest lines of the log, for screens; `fresh` where one has come since it was told last."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=LINES)
        self.fresh = False
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Another line."""
        self.lines.append(self.format(record))
        self.fresh = True


def _listed(plan: dict[str, Any]) -> tuple[tuple[str, str, str, float], ...]:
    """The setlist as screens show it: title, what it is, its energy drawn, its length in seconds."""
    from bandmate import programme, setlist

    if plan.get("setlist") is None:
        return ()
    return programme.listed(setlist.from_table(plan["setlist"]))


def _stay_awake() -> subprocess.Popen[bytes] | None:
    """A child that keeps the machine from falling asleep while the rig runs, where there is one."""
    for words in (
        ["systemd-inhibit", "--what=sleep:idle", "--who=bandmate", "--why=playing", "sleep", "infinity"],
        ["caffeinate", "-i"],
    ):
        if shutil.which(words[0]):
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)  # fmt: skip
    return None


# ------------------------------------------------------------------ for those outside


def is_running(where: Places) -> bool:
    """Whether a rig of this name is up."""
    try:
        wire.connect(where.supervisor).close()
    except RigError:
        return False
    return True


def send_home(where: Places) -> bool:
    """Ask band, ears and sound process to go; False where nobody is left to be asked."""
    asked = False
    ways = (
        (where.band, ["stop", "quit", "quit"]), (where.model, ["quit"]), (where.ears, ["quit"]),
        (where.sound, ["quit"]),
    )  # fmt: skip
    for path, names in ways:
        try:
            end = wire.connect(path)
        except RigError:
            continue
        for name in names:
            end.send(Command(time.perf_counter(), name, source="rig"))
        select.select([], [], [], FLUSH_S)
        end.close()
        asked = True
    return asked


def _retire(where: Places) -> None:
    """Send home what a killed supervisor left behind: a sound process outlives everybody."""
    until_s = time.perf_counter() + LEAVE_S
    while send_home(where) and time.perf_counter() < until_s:
        select.select([], [], [], LOOK_S)


def launch(where: Places, plan: dict[str, Any]) -> None:
    """Start a rig in a session of its own and wait until its band answers; raises RigError."""
    if is_running(where):
        raise RigError(
            f"the rig {where.rig!r} is already running; `bandmate stop` ends it, --rig NAME starts another"
        )
    _retire(where)
    where.plan.write_text(json.dumps(plan))
    with where.log.open("a") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "bandmate.rig", where.rig], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    until_s = time.perf_counter() + UP_S
    while time.perf_counter() < until_s:
        try:
            wire.connect(where.band).close()
            return
        except RigError:
            if child.poll() is not None:
                break
            select.select([], [], [], 0.02)
    raise RigError(f"the rig did not start; its log says why: {where.log}")


def main(rig: str) -> None:
    """Entry of the supervisor process."""
    where = places(rig)
    if where.log.exists() and where.log.stat().st_size > 1 << 20:
        os.replace(where.log, where.log.with_suffix(".log.old"))
    logging.basicConfig(filename=where.log, level=logging.INFO, format="%(asctime)s %(message)s")
    plan = json.loads(where.plan.read_text())
    Supervisor(where, plan).run()


if __name__ == "__main__":
    # children spawned from here import this file by its proper name
    from bandmate import rig as proper

    proper.main(sys.argv[1])
