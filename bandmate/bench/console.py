"""`bandmate bench console`: what the console costs the band, and what it takes itself.

The band plays with the demo pianist; a console on Studio is drawn into a pseudo terminal, keys are typed
into it. Against it: a process that only reads the same snapshots.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Any

from bandmate.bench import crowd
from bandmate.bench.figures import Figure, lateness, percentile, spread_ms
from bandmate.bench.memory import weigh
from bandmate.bench.stage import LEAVES_S, NEWS_S, RIG, Record, Stage
from bandmate.bench.terminal import Terminal, work_s
from bandmate.errors import RigError
from bandmate.events import Command
from bandmate.show.take import read_take
from bandmate.timing import step_time_s

SIZES = ((80, 24), (120, 36), (200, 60))
USUAL = SIZES[1]
COST_MS, CORE, KEY_MS = 0.5, 0.35, 40.0
STUDIO = "\x1bOQ"  # f2
UP, DOWN = ".", ","  # energy: keys that change no note's place
SETTLES_S = 4.0  # a console that has been opened is itself after so long
TYPES_S = (0.19, 0.31)  # between two keys, in turn: no phase of its frames is favoured
LEAST_S = 5.0  # no size is watched for less


@dataclass(frozen=True, slots=True)
class Evening:
    """One show with a guest: what the band wrote down, what the guest noticed, and its keys' ways."""

    record: Record
    guest: dict[str, Any] = field(default_factory=dict)
    keys_s: tuple[float, ...] = ()  # from a key to the step of the band that took its command


def figures(stage: Stage) -> list[Figure]:
    """Lateness of the notes with a console and with a sink, then the console by size."""
    each_s = max(LEAST_S, stage.seconds / stage.runs / 2)
    with stage.server():
        consoles, sinks = [], []
        for _ in range(stage.runs):
            consoles.append(_show(stage, each_s, ["console", RIG, *map(str, USUAL), "types"]))
            sinks.append(_show(stage, each_s, ["sink", RIG]))
        others = {
            size: _show(stage, LEAST_S, ["console", RIG, *map(str, size), ""])
            for size in SIZES if size != USUAL
        }  # fmt: skip
    return [*_cost(consoles, sinks), *_keys(consoles), *_sizes({USUAL: consoles[-1]} | others)]


def _show(stage: Stage, seconds: float, words: list[str]) -> Evening:
    """The band plays for so long with a guest; once more, and counted, where a process died."""
    try:
        return _play(stage, seconds, words)
    except RigError:
        stage.repeated += 1
        return _play(stage, seconds, words)


def _play(stage: Stage, seconds: float, words: list[str]) -> Evening:
    guest = None
    try:
        with stage.show() as show:
            show.until_playing()
            guest = crowd.start(*words)
            show.watch(NEWS_S)
            before, from_s = show.ready, show.status.time_s
            show.watch(seconds)
            until_s = show.status.time_s
            noticed = crowd.ask(guest)
            show.watch(NEWS_S + LEAVES_S)
            origin_s = float(json.loads(show.where.state.read_text())["origin_s"])
            take = max(show.where.takes.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    finally:
        if guest is not None:
            crowd.send_home(guest)
    record = stage.record(show, before, from_s, until_s)
    typed_s = (noticed or {}).get("typed_s", [])
    arrived_s = [
        step_time_s(step) + origin_s for step, event in read_take(take).events
        if isinstance(event, Command) and event.source == "screen"
    ]  # fmt: skip
    ways_s = tuple(there - here for here, there in zip(typed_s, arrived_s, strict=False))
    return Evening(replace(record, keys_s=[]), noticed or {}, ways_s)


def _cost(consoles: list[Evening], sinks: list[Evening]) -> list[Figure]:
    """What the console makes worse: the p99 of the notes with it, less that with a sink."""
    drawn, sunk = ([one.record.notes_s for one in evenings] for evenings in (consoles, sinks))
    with_it, without = spread_ms(drawn), spread_ms(sunk)
    cost = None if with_it is None or without is None else with_it[1] - without[1]
    note = "p99 with the console at full rate minus p99 with a process that only reads the same snapshots"
    return [
        lateness("note lateness, console drawing", drawn, None),
        lateness("note lateness, snapshots into a sink", sunk, None),
        Figure("what the console costs the notes", cost, "ms p99", COST_MS, note=note),
    ]


def _keys(consoles: list[Evening]) -> list[Figure]:
    runs_s = [one.keys_s for one in consoles if one.keys_s]
    spread = spread_ms(runs_s)
    p95 = max((percentile(run, 0.95) for run in runs_s), default=None)
    count = sum(map(len, runs_s))
    note = f"from the byte in the terminal to the step of the band that obeys; {count} keys"
    value = None if p95 is None else p95 * 1000
    return [Figure("key to the band", value, "ms p95", KEY_MS, spread=spread, note=note)]


def _sizes(evenings: dict[tuple[int, int], Evening]) -> list[Figure]:
    found = []
    for size in SIZES:
        guest, name = evenings[size].guest, f"console {size[0]}x{size[1]}"
        bar = CORE if size == USUAL else None
        found += [
            Figure(f"{name}: of one core", guest.get("share"), "", bar, note="Studio, while the band plays"),
            Figure(f"{name}: frames", guest.get("updates"), "a second",
                   note="those that were painted: 20 are shown at most, and where nothing changed, none"),
            Figure(f"{name}: memory", guest.get("mb"), "MB"),
        ]  # fmt: skip
    return found


# ------------------------------------------------------------------ in the crowd's process


def watch(rig: str, columns: int, rows: int, typing: bool) -> dict[str, Any]:
    """Studio in a terminal until stdin closes: what it drew, what it took, and when keys were typed."""
    terminal = Terminal(rig, columns, rows).open()
    try:
        terminal.drain(SETTLES_S / 2)
        terminal.type(STUDIO)
        terminal.drain(SETTLES_S / 2)
        print("ready", flush=True)
        pid = terminal.console.pid
        begun_s, before_s = time.perf_counter(), work_s(pid)
        terminal.updates = terminal.bytes = 0
        while not terminal.drain(TYPES_S[len(terminal.typed_s) % 2], sys.stdin):
            if typing:
                terminal.typed_s.append(time.perf_counter())
                terminal.type(UP if len(terminal.typed_s) % 2 else DOWN)
        took_s, after_s, weight = time.perf_counter() - begun_s, work_s(pid), weigh(pid)
        share = None if before_s is None or after_s is None else (after_s - before_s) / took_s
    finally:
        with contextlib.suppress(OSError):
            terminal.close()
    return {
        "updates": terminal.updates / took_s, "bytes": terminal.bytes / took_s, "share": share,
        "typed_s": terminal.typed_s, "mb": None if weight is None else weight[0],
    }  # fmt: skip
