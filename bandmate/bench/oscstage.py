"""The rig of `bandmate bench osc`: with an OSC door at a port of its own, and looked at from outside."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from bandmate.bench.stage import NEWS_S, Show, Stage
from bandmate.errors import RigError
from bandmate.jam import stop
from bandmate.patch import OSC_MAPS

HERE = "127.0.0.1"
PAGE = 4096


class OpenShow:
    """The bench's rig with an OSC door at a free port, playing."""

    def __init__(self, stage: Stage, lights: socket.socket | None = None) -> None:
        self.stage, self.show = stage, stage.show()
        out = [] if lights is None else [[HERE, lights.getsockname()[1]]]
        self.port = free_port()
        self.show.plan["osc"] = {
            "port": self.port,
            "host": HERE,
            "allow": [],
            "maps": list(OSC_MAPS),
            "out": out,
        }

    def __enter__(self) -> tuple[Show, int]:
        try:
            show = self.show.__enter__().until_playing()
        except RigError:  # as `Stage.play`: once more, and counted
            self.stage.repeated += 1
            with contextlib.suppress(RigError):
                stop(self.show.where.rig)
            show = self.show.__enter__().until_playing()
        until_s = time.perf_counter() + 10.0
        while "osc packets" not in show.status.counters and time.perf_counter() < until_s:
            show.watch(0.1)
        show.watch(NEWS_S)
        self.stage.device, self.stage.scheduling = show.ready.device, show.ready.scheduling
        return show, self.port

    def __exit__(self, *error: Any) -> None:
        self.show.__exit__(*error)


def client() -> socket.socket:
    """A socket of somebody who sends, and may be answered."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    client.bind((HERE, 0))
    client.setblocking(False)
    return client


def free_port() -> int:
    """A UDP port that nobody has."""
    with client() as one:
        return int(one.getsockname()[1])


def door_process(show: Show) -> int:
    """The OSC process."""
    return int(json.loads(show.where.processes.read_text())["osc"])


def resident_bytes(pid: int) -> int:
    """How much memory a process has; 0 where nobody can tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def cpu_s(pid: int) -> float:
    """How long a process has been at work; 0 where nobody can tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
