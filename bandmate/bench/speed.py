"""`bandmate bench speed`: how long the model thinks about a slot here, and what reaches the stage in time.

Milliseconds a slot on one thread, alone and with every core busy; then the rig itself in real time at several
tempi (`in_time.py`), and with `--soak` an hour of the model's process in virtual time (`hour.py`). Nothing is
asserted.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

from bandmate.bench import hour, in_time
from bandmate.bench.stage import Stage
from bandmate.events import Ask
from bandmate.model.thinking import Thinker, folder_of
from bandmate.show.clockbook import quantile

SLOTS = 400
LOOP = ((0, (48, 60, 64, 67)), (9, (45, 57, 60, 64)), (5, (41, 57, 60, 65)), (7, (43, 59, 62, 67)))


def asks(slots: int) -> list[Ask]:
    """A busy pianist: a chord on every beat, something on every eighth."""
    found = []
    for slot in range(slots):
        root, chord = LOOP[slot // 8 % 4]
        keys = tuple((pitch, 0, 5) for pitch in (chord if slot % 2 == 0 else (76,)))
        own = (
            (0, 0, 42, 4, 0, 4),
            (1, 0, 36 + root, 5, 3, 4),
            *((2, 0, 60 + root + n, 4, 4, 4) for n in (0, 4, 7)),
        )
        found.append(
            Ask(
                slot / 2,
                slot % 8,
                8,
                120.0,
                struck=keys,
                tied=(48,),
                own=own,
                heard=True,
                root=root,
                number=slot,
                style="pop-rock",
                section=2,
                phrase=slot // 8 % 8 + 1,
                densities=(0.5, 0.5, 0.5, -1.0, -1.0, -1.0),
            )
        )
    return found


def slot_ms(thinker: Thinker, clock: Callable[[], float], slots: int = SLOTS) -> dict[str, float]:
    """Milliseconds from an ask to its phrase, and to its tail, sorted into quantiles."""
    fresh_ms, whole_ms = [], []
    for ask in asks(slots):
        began = clock()
        phrase = thinker.fresh(ask)
        fresh_ms.append((clock() - began) * 1000)
        assert phrase is not None
        thinker.tail(ask, phrase)
        whole_ms.append((clock() - began) * 1000)
    fresh_ms.sort()
    whole_ms.sort()
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: quantile(fresh_ms, share) or 0.0 for name, share in shares.items()} | {
        f"with tail {name}": quantile(whole_ms, share) or 0.0 for name, share in shares.items()
    }


def _hog(go: Any) -> None:
    while go.value:
        sum(range(10_000))


def run(stage: Stage, model: str, clock: Callable[[], float]) -> dict[str, Any]:
    """Everything, as plain values."""
    thinker = Thinker(model, 1).open()
    found: dict[str, Any] = {"slot_ms": slot_ms(thinker, clock), "cores": os.cpu_count()}
    context = multiprocessing.get_context("spawn")
    go = context.Value("b", 1)
    hogs = [context.Process(target=_hog, args=(go,)) for _ in range(os.cpu_count() or 1)]
    for hog in hogs:
        hog.start()
    try:
        found["slot_ms_busy"] = slot_ms(thinker, clock, SLOTS // 2)
    finally:
        go.value = 0
        for hog in hogs:
            hog.join()
    found["in_time"] = in_time.rows(stage, str(folder_of(model).absolute()))
    if stage.soak:
        found["hour"] = hour.weights(stage, model)
    return found


def table(found: dict[str, Any]) -> str:
    """The figures as text."""
    lines = []
    for key, title in (("slot_ms", "ms a slot, alone"), ("slot_ms_busy", "ms a slot, every core busy")):
        cells = "  ".join(f"{name} {value:.1f}" for name, value in found[key].items())
        lines.append(f"{title:28} {cells}")
    lines.append(in_time.table(found["in_time"]))
    if "hour" in found:
        lines.append(hour.table(found["hour"]))
    return "\n".join(lines)
