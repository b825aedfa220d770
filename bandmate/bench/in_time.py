"""The model on a real stage: what of a jam it played in time, at a tempo, with a console drawing beside it.

The rig plays with the built-in pianist, who takes the demo at the tempo asked for; then once more with a
neighbour who keeps a core busy. What the band decided is read out of the take: replayed, phrases and all, it
is the same band. Runs in the shell's process; part of `bandmate bench speed`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate import patch as patches
from bandmate.bench import crowd
from bandmate.bench.stage import NEWS_S, RIG, Show, Stage
from bandmate.errors import RigError
from bandmate.events import Phrase
from bandmate.mind import RUNGS, Mind
from bandmate.rehearsal import feed_of, load_styles, make_band
from bandmate.show.clockbook import quantile
from bandmate.show.ledger import Ledger
from bandmate.show.take import Header, Take, read_take
from bandmate.timing import SLOT_BEATS, BeatMap, step_index, step_time_s

TEMPI = (90.0, 120.0, 160.0, 200.0, 220.0, 240.0)
TRIES = 2
DEMO = "pop"
CONSOLE = ("console", RIG, "120", "36", "")  # Studio, drawing as often as it can
HOG = "model"
LOADS_S = 60.0  # what a model may take to load beside a full machine
BESIDE = ("console", "console, hog")
TITLES = (
    "bpm", "beside", "slots", "ISR", "ISR_w", "answer ms p50 / p99", "recency ms p50 / p95", "in slots",
    "late", *RUNGS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a take, in its own seconds; `late` notes came to the sound process too late in it."""

    beside: str
    from_s: float
    until_s: float
    late: int = 0


@dataclass(slots=True)
class Mark:
    """How the band stood in a moment."""

    rungs: Counter[str] = field(default_factory=Counter)
    weighed: float = 0.0
    late: int = 0


def rows(stage: Stage, model: str) -> list[dict[str, Any]]:
    """A row for each tempo and neighbour; half of the seconds asked for each.

    Where a process died, once more, and counted; a tempo at which it always does is left out.
    """
    found: list[dict[str, Any]] = []
    with stage.server():
        for bpm in (bpm for bpm in TEMPI for _ in range(TRIES)):
            if found and found[-1]["bpm"] == bpm:
                continue
            print(f"speed, {bpm:g} bpm …", file=sys.stderr, flush=True)
            try:
                found += _evening(stage, model, bpm)
            except RigError as error:
                stage.repeated += 1
                print(error, file=sys.stderr)
    return found


def _evening(stage: Stage, model: str, bpm: float) -> list[dict[str, Any]]:
    """A jam at a tempo: beside a console, then beside a console and a hog."""
    guests = []
    show = stage.show(str(demo_at(bpm, stage.home)))
    show.plan |= {"player": "model", "model": model}
    try:
        with show:
            show.until_playing()
            guests.append(crowd.start(*CONSOLE))
            _until_fresh(show)
            before, windows = show.ready, [_watch(show, stage.seconds / 2, BESIDE[0])]
            guests.append(crowd.start(HOG))
            show.watch(NEWS_S)
            windows.append(_watch(show, stage.seconds / 2, BESIDE[1]))
            origin_s = float(json.loads(show.where.state.read_text())["origin_s"])
            path = max(show.where.takes.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    finally:
        for guest in guests:
            crowd.send_home(guest)
    stage.record(show, before, windows[0].from_s, windows[-1].until_s)  # or a RigError: somebody died
    placed = [Window(one.beside, one.from_s - origin_s, one.until_s - origin_s, one.late) for one in windows]
    return [{"bpm": bpm} | row for row in read(read_take(path), placed, bpm)]


def demo_at(bpm: float, folder: Path) -> Path:
    """The demo's sheet music with another tempo written over it."""
    written = (patches.data_folder("patches") / "demos" / f"{DEMO}.toml").read_text(encoding="utf-8")
    path = folder / f"{DEMO}-{bpm:g}.toml"
    path.write_text(re.sub(r"(?m)^bpm = .*$", f"bpm = {bpm:g}", written), encoding="utf-8")
    return path


def _until_fresh(show: Show) -> None:
    """Wait until the model plays; RigError where it doesn't."""
    waited_s = 0.0
    show.watch(NEWS_S)  # what was said while the guest came
    while show.status.rung != "fresh":
        if waited_s > LOADS_S:
            raise RigError(f"the model doesn't play; the log says why: {show.where.log.read_text()[-2000:]}")
        show.watch(NEWS_S)
        waited_s += NEWS_S


def _watch(show: Show, seconds: float, beside: str) -> Window:
    """Let it play, and note from when to when."""
    from_s, late = time.perf_counter(), show.ready.late + show.ready.dropped
    show.watch(seconds)
    until_s = time.perf_counter()
    show.watch(NEWS_S)  # counters are told once a second
    return Window(beside, from_s, until_s, show.ready.late + show.ready.dropped - late)


# ------------------------------------------------------------------ what the take says


def read(take: Take, windows: Sequence[Window], bpm: float) -> list[dict[str, Any]]:
    """Replays a take and says of each window what the model played in time, and how old its news were."""
    assert take.header is not None
    marks, ledger, answers_s = _replay(take, take.header, windows)
    slot_ms = BeatMap(bpm, 0.0, 0.0).seconds(SLOT_BEATS) * 1000
    found = []
    for window in windows:
        first, last = marks[step_index(window.from_s)], marks[step_index(window.until_s)]
        rungs = last.rungs - first.rungs
        slots = max(rungs.total(), 1)
        recency_ms = sorted(note.recency_s * 1000 for note in ledger.played()
                            if window.from_s <= note.on_s < window.until_s)  # fmt: skip
        gaps = {name: quantile(recency_ms, share) for name, share in (("p50", 0.5), ("p95", 0.95))}
        answers_ms = sorted(taken_s * 1000 for asked_s, taken_s in answers_s
                            if window.from_s <= asked_s < window.until_s)  # fmt: skip
        found.append({
            "beside": window.beside, "slots": rungs.total(),
            "isr": (rungs["fresh"] + rungs["tail"]) / slots, "isr_w": (last.weighed - first.weighed) / slots,
            "rungs": {rung: rungs[rung] for rung in RUNGS}, "recency_ms": gaps,
            "recency_slots": {name: gap and gap / slot_ms for name, gap in gaps.items()},
            "answer_ms": {"p50": quantile(answers_ms, 0.5), "p99": quantile(answers_ms, 0.99)},
            "late": last.late - first.late + window.late,
        })  # fmt: skip
    return found


def _replay(
    take: Take, header: Header, windows: Sequence[Window]
) -> tuple[dict[int, Mark], Ledger, list[tuple[float, float]]]:
    """How the band stood at the windows' edges, its notes, and its asks: when, and how long they took."""
    band, feed = make_band(header, load_styles()), feed_of(take)
    band.mind = Mind()
    ledger, marks = Ledger(), dict[int, Mark]()
    asked_s, answers_s = dict[int, float](), list[tuple[float, float]]()
    edges = {step_index(edge_s) for window in windows for edge_s in (window.from_s, window.until_s)}
    for step in range(step_index(header.state_s), max(edges) + 1):
        now_s = step_time_s(step)
        events = feed(step, band) or ()
        out = band.step(now_s, events)
        ledger.book(now_s, out.sends)
        asked_s |= {ask.number: now_s for ask in out.asks}
        answers_s += [
            (asked_s[event.number], now_s - asked_s[event.number]) for event in events
            if isinstance(event, Phrase) and event.rung == "fresh" and event.number in asked_s
        ]  # fmt: skip
        if step in edges:
            late = band.scheduler.late + band.scheduler.dropped
            marks[step] = Mark(Counter(band.mind.rungs), band.mind.weighed, late)
    return marks, ledger, answers_s


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    lines: list[tuple[str, ...]] = [TITLES]
    for row in rows:
        lines.append((
            f"{row['bpm']:g}", row["beside"], str(row["slots"]), f"{row['isr']:.4f}", f"{row['isr_w']:.4f}",
            _said(row["answer_ms"], ".0f"), _said(row["recency_ms"], ".0f"),
            _said(row["recency_slots"], ".2f"), str(row["late"]),
            *(str(row["rungs"][rung]) for rung in RUNGS),
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _said(values: dict[str, float | None], form: str) -> str:
    return " / ".join("-" if value is None else format(value, form) for value in values.values())
