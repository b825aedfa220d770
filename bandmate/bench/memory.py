"""`bandmate bench memory`: what the rig takes, process by process, while the band and the demo play.

PSS (a share of what is shared) where the kernel tells it, else RSS, which counts shared pages twice.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bandmate.bench.figures import Figure
from bandmate.bench.stage import RIG, Show, Stage
from bandmate.bench.terminal import Terminal

WHOLE_MB = 350.0
PLAYS_S = 10.0  # before it is weighed
DRAWS_S = 2.0  # and its console has drawn
KIB = 1024
MB = 1_000_000


def figures(stage: Stage) -> list[Figure]:
    """Every process of the rig, a screen, and all together."""
    with stage.server(), stage.show() as show:
        screen = Terminal(RIG, 120, 36).open()
        try:
            show.until_playing().watch(min(PLAYS_S, stage.seconds))
            screen.drain(DRAWS_S)
            weights = _weigh(show, screen.console.pid)
        finally:
            screen.close()
    kinds = " and ".join(sorted({kind for _, kind in weights.values()}))
    lines = [Figure(f"memory, {name}", mb, "MB") for name, (mb, _) in weights.items()]
    whole = sum(mb for mb, _ in weights.values()) if weights else None
    note = f"{kinds}, after {min(PLAYS_S, stage.seconds):g} s of playing; the JACK server is not ours"
    return [*lines, Figure("memory, whole rig without a model", whole, "MB", WHOLE_MB, note=note)]


def _weigh(show: Show, screen: int) -> dict[str, tuple[float, str]]:
    """Megabytes of each process by name, and how they were counted."""
    pids: dict[str, int] = json.loads(show.where.processes.read_text()) | {"screen": screen}
    known = set(pids.values())
    others = [pid for pid in _children(pids["supervisor"]) if pid not in known]
    weights = {name: weigh(pid) for name, pid in pids.items()}
    living = [weight for pid in others if (weight := weigh(pid))]
    weights |= {f"helper {number}": weight for number, weight in enumerate(living, 1)}
    return {name: weight for name, weight in weights.items() if weight is not None}


def weigh(pid: int) -> tuple[float, str] | None:
    """A process's memory in megabytes, and PSS or RSS; None where neither can be known."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * KIB / MB, "PSS"
    except (OSError, StopIteration):
        pass
    rss_mb = resident_mb(pid)
    return None if rss_mb is None else (rss_mb, "RSS")


def resident_mb(pid: int) -> float | None:
    """What of a process is resident, in megabytes, its share of others' pages counted whole."""
    if shutil.which("ps") is None:
        return None
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(said.stdout.strip() or 0) * KIB / MB or None


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
