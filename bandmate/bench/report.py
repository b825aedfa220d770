"""`bandmate bench`: runs the benchmarks that are asked for, and prints what this machine can do.

Bars are for two cores. Figures are printed, never asserted: the exit status is 0 also when a bar
is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bandmate import __version__
from bandmate.bench import (
    band,
    chords,
    clock,
    console,
    control,
    evenings,
    fit,
    loop,
    loops,
    memory,
    music_table,
    notes,
    osc,
    pulse,
    rehearse,
    sound,
    speed,
    startup,
    styles,
    thru,
    xruns,
)  # fmt: skip
from bandmate.bench.figures import Figure, as_plain, table
from bandmate.bench.stage import Stage
from bandmate.errors import BandmateError, RigError
from bandmate.model.thinking import Thinker, folder_of, is_there
from bandmate.ports.priority import take_priority
from bandmate.study import splits

BENCHES: dict[str, Callable[[Stage], list[Figure]]] = {
    "loop": loop.figures, "notes": notes.figures, "thru": thru.figures, "xruns": xruns.figures,
    "startup": startup.figures, "rehearse": rehearse.figures, "memory": memory.figures,
    "pulse": pulse.figures, "sound": sound.figures,
}  # fmt: skip
LONG: dict[str, Callable[[Stage], list[Figure]]] = {  # only where they are asked for
    "evenings": evenings.figures, "band": band.figures, "console": console.figures, "osc": osc.figures,
    "control": control.figures,
}  # fmt: skip
ALSO = {"control": "osc"}  # everything that steers from outside, in one table
FIT = "fit"
CHORDS = "chords"
CLOCK = "clock"
LOOPS = "loops"
MUSIC, SPEED = "music", "speed"  # of the model
WITH_DATA = (FIT, CHORDS, CLOCK, LOOPS, MUSIC)  # they need the music data
STYLES = "styles"
TABLES = (*WITH_DATA, STYLES, SPEED)  # run where they are asked for: a table of their own each
# POP909, for validation
SONGS = ("045", "057", "059", "060", "070", "071", "073", "075", "076", "084", "087", "101")


def run(options: argparse.Namespace) -> int:
    """Measure and print; raises BandmateError for what can't be measured."""
    which = _asked(options)
    machine = facts()
    found: list[Figure] = []
    with Stage(options.seconds, options.runs) as stage:
        stage.soak = options.soak
        for name in which:
            if name not in TABLES:
                print(f"{name} …", file=sys.stderr, flush=True)
                found += _measured(name, stage)
        thought = speed.run(stage, options.model, time.perf_counter) if SPEED in which else {}
        machine["steal"] = _stolen(machine.pop("stolen"))
        machine |= {"device": stage.device, "scheduling": stage.scheduling}
        machine |= {"jackd": stage.jackd is not None, "repeated": stage.repeated}
    rows = fit.run(options.data, _songs(options.songs)) if FIT in which else []
    heard = chords.run(options.data, _songs(options.songs)) if CHORDS in which else []
    clocks = clock.run(options.data, _songs(options.songs)) if CLOCK in which else []
    played = styles.run(options.pictures) if STYLES in which else []
    learnt = loops.run(options.data, _songs(options.songs)) if LOOPS in which else []
    players = _players(options) if MUSIC in which else {}
    print(_heading(machine, options))
    if found:
        print(table(found))
    if rows:
        print(fit.table(rows))
    if heard:
        print(chords.table(heard))
    if clocks:
        print(clock.table(clocks))
    if played:
        print(styles.table(played))
    if learnt:
        print(loops.table(learnt))
    if players:
        print(music_table.table(players))
    if thought:
        print(speed.table(thought))
    if options.json:
        plain = {"machine": machine, "seconds": options.seconds, "runs": options.runs}
        plain |= {"figures": [as_plain(figure) for figure in found]}
        plain |= {"fit": rows, "chords": heard, "clock": clocks, "loops": learnt, "styles": played,
                  "music": players, "speed": thought}  # fmt: skip
        _write(options.json, plain)
    return 0


def _players(options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """The players on songs that nobody trained on; the model's figures are kept beside its weights."""
    model = Thinker(options.model, 1).open().at_once if is_there(options.model) else None
    report = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731  # a word for stderr
    found = music_table.run(options.data, _songs(options.songs), model, splits(options.splits), report)
    if model is not None:
        music_table.write(found, folder_of(options.model))
    return found


def _measured(name: str, stage: Stage) -> list[Figure]:
    """A benchmark's figures; where its rig fails, a dash and the reason, and the next one goes on."""
    try:
        return (BENCHES | LONG)[name](stage)
    except RigError as error:
        return [Figure(name, None, note=str(error))]


def _asked(options: argparse.Namespace) -> list[str]:
    """Which benchmarks, each once, in our order; everything that may be wrong is said before the first."""
    wanted = [*options.which, *options.flags]
    for name in wanted:
        if name not in BENCHES | LONG and name not in TABLES:
            known = ", ".join([*BENCHES, *LONG, *TABLES])
            raise BandmateError(f"there is no benchmark {name!r}; there are: {known}")
    if not (math.isfinite(options.seconds) and options.seconds >= 1):
        raise BandmateError(f"--seconds {options.seconds:g} is too short to measure; give 1 or more")
    if options.runs < 1:
        raise BandmateError(f"--runs {options.runs} measures nothing; give 1 or more")
    if set(WITH_DATA) & set(wanted):
        if options.data is None:
            name = next(name for name in wanted if name in WITH_DATA)
            raise BandmateError(f"{name} needs --data DIR, the folder with the unpacked music data")
        fit.songs(options.data, _songs(options.songs))
        splits(options.splits)
    if options.json and not options.json.absolute().parent.is_dir():
        raise BandmateError(f"--json {options.json} cannot be written: there is no such folder")
    if options.pictures is not None:
        styles.check(options.pictures)
    wanted += [ALSO[name] for name in wanted if name in ALSO]
    return [name for name in (*BENCHES, *LONG, *TABLES) if name in (wanted or BENCHES)]


def _songs(text: str | None) -> Sequence[str]:
    return [name.strip() for name in text.split(",")] if text else SONGS


def facts() -> dict[str, Any]:
    """What somebody needs to know of this machine to compare figures."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "bandmate": __version__, "cores": cores, "python": platform.python_version(),
        "platform": platform.platform(), "load": load, "fifo": _may_be_first(), "stolen": _ticks(),
    }  # fmt: skip


def _ticks() -> tuple[int, int] | None:
    """Since the machine started: all processor time, and what a virtual machine's host took of it."""
    try:
        counts = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except OSError:
        return None
    return sum(counts), counts[7]


def _stolen(before: tuple[int, int] | None) -> float | None:
    """The host's share of the processors' time since `before`."""
    now = _ticks()
    return (now[1] - before[1]) / max(1, now[0] - before[0]) if now and before else None


def _may_be_first() -> bool:
    """Whether SCHED_FIFO is allowed, tried on a thread that ends at once."""
    said: list[str] = []
    trying = threading.Thread(target=lambda: said.append(take_priority(1)))
    trying.start()
    trying.join()
    return said == ["fifo"]


def _heading(machine: dict[str, Any], options: argparse.Namespace) -> str:
    load = "unknown" if machine["load"] is None else f"{machine['load']:.2f}"
    lines = [
        f"bandmate {machine['bandmate']}, Python {machine['python']}, {machine['platform']}",
        f"{machine['cores']} cores, load {load} at the beginning, "
        f"SCHED_FIFO {'allowed' if machine['fifo'] else 'not allowed'}; "
        f"median of {options.runs} runs, max: the worst of all",
    ]
    if machine["device"]:
        where = "a JACK dummy server of the bench's own" if machine["jackd"] else machine["device"]
        threads = ", ".join(f"{name} {how}" for name, how in sorted(machine["scheduling"].items()))
        lines.append(f"sound on {where}; threads of the sound process: {threads}")
    if machine["steal"]:
        lines.append(f"the host of this virtual machine took {machine['steal']:.1%} of the processors' time")
    if machine["repeated"]:
        lines.append(f"{machine['repeated']} shows were played again because a process of the rig died")
    return "\n".join([*lines, ""])


def _write(path: Path, plain: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BandmateError(f"--json {path} cannot be written ({error.strerror})") from None
