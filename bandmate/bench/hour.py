"""An hour of the model's process in virtual time, and whether it grows.

The process that a rig starts, over its own door, asked by a band in a rehearsal; the built-in pianist plays
round and round. What it weighs is looked up every five minutes of the music. Runs in the shell's process;
part of `bandmate bench speed --soak`.
"""

from __future__ import annotations

import math
import multiprocessing
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bandmate import wire
from bandmate.bench.in_time import demo_at
from bandmate.bench.memory import resident_mb
from bandmate.bench.stage import Stage
from bandmate.carrier import Answer
from bandmate.controls import Value
from bandmate.errors import RigError
from bandmate.events import Ask, Command, Fault, Phrase
from bandmate.heart import SLOTS
from bandmate.places import Places
from bandmate.rehearsal import load_styles, prepare, rehearse
from bandmate.rig import run_model
from bandmate.show.demo import load_demo, performance
from bandmate.show.take import Take
from bandmate.timing import step_index

BPM, HOUR_S = 120.0, 3600.0
LOOK_SLOTS = 1200  # five minutes of the music
MOST_MB = 600.0
FIRST_S = 4.0  # of the pianist: there is room for a count
PATIENCE_S = 60.0  # a busy machine takes its time to load torch


def weights(
    stage: Stage, model: str, length_s: float = HOUR_S, look_slots: int = LOOK_SLOTS
) -> dict[str, Any]:
    """What the model's process weighs after so many slots, and on which rungs they were played."""
    demo = load_demo(str(demo_at(BPM, stage.home)))
    keys = performance(demo, math.ceil(length_s / demo.length_s))
    placed = [replace(key, time_s=key.time_s + FIRST_S) for key in keys if key.time_s < length_s]
    take = Take("hour", tuple((step_index(key.time_s), key) for key in placed), length_s + FIRST_S)
    params: dict[str, Value] = {"bpm": BPM, "style": demo.style, "join": "count"}
    weighed: list[tuple[int, float]] = []
    began_s = time.perf_counter()
    with served(stage.where, model) as (pid, think):

        def answer(ask: Ask) -> Sequence[Phrase]:
            phrases = think(ask)
            if ask.number and ask.number % look_slots == 0 and (mb := resident_mb(pid)) is not None:
                weighed.append((ask.number, mb))
            return phrases

        found = rehearse(*prepare(take, "bench", 1, params, ()), load_styles(), answer)
    return {"weighed": weighed, "rungs": found.rungs, "wall_s": time.perf_counter() - began_s}


@contextmanager
def served(where: Places, model: str) -> Iterator[tuple[int, Answer]]:
    """The model's process, and how to ask it; RigError where it doesn't answer."""
    context = multiprocessing.get_context("spawn")
    plan = {"model": model, "seed": 1, "haste": False}  # nobody waits, and it never rests
    process = context.Process(target=run_model, args=(where.rig, plan, context.RawArray("d", SLOTS)))
    process.start()
    try:
        end = wire.connect(where.model, PATIENCE_S)
        yield process.pid or 0, lambda ask: _answered(end, ask)
        end.send(Command(time.perf_counter(), "quit", source="bench"))
        end.close()
        process.join(PATIENCE_S)
    finally:
        process.kill()
        process.join()


def _answered(end: wire.Wire, ask: Ask) -> list[Phrase]:
    """Both slots that the process writes for an ask."""
    end.send(ask)
    found: list[Phrase] = []
    until_s = time.perf_counter() + PATIENCE_S
    while len(found) < 2:
        select.select([end], [], [], PATIENCE_S)
        said = end.receive()
        if fault := next((each for each in said if isinstance(each, Fault)), None):
            raise RigError(fault.text)
        if not end.open or time.perf_counter() > until_s:
            raise RigError("the model's process doesn't answer")
        found += [each for each in said if isinstance(each, Phrase)]
    return found


def table(found: dict[str, Any]) -> str:
    """What it weighed, as text."""
    weighed = found["weighed"]
    if not weighed:
        return "memory of the model's process: nobody tells"
    (slots, first), (all_slots, last) = weighed[0], weighed[-1]
    return "\n".join(
        [
            f"memory of the model's process: {first:.0f} MB after {slots} slots, {last:.0f} MB after "
            f"{all_slots} (bar: {MOST_MB:.0f}), in {found['wall_s']:.0f} s; rungs {found['rungs']}",
            "  ".join(f"{slots}: {mb:.1f}" for slots, mb in weighed),
        ]
    )
