"""`bandmate bench control`: from a controller to the parameter, and how well MIDI clock keeps bands together.

Everything on real JACK ports, from processes outside the rig. A group of rows is a function of the stage,
and a name in `GROUPS`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

from bandmate import wire
from bandmate.bench import crowd, mapfuzz
from bandmate.bench.figures import Figure, percentile, spread_ms
from bandmate.bench.stage import CLIENT, Show, Stage
from bandmate.controls import BY_NAME, share_of
from bandmate.events import Command
from bandmate.places import places

SHARE = 0.3  # of the seconds asked for, for each group
KNOB, PARAMETER = 21, "energy"
CONTROL_MS, JITTER_MS, APART_MS = 10.0, 5.0, 10.0
FULL = 127
LATEST_S = 1.0  # a change later than this belongs to another message
SECOND, SECOND_EAR = "bench-two", "bench-ear-two"
SETTLE_BARS_S = 4.5  # two bars of the bench's tempo, and a bit
NEAR_S = 0.1  # two strokes further apart than this are not the same one
Heard = Sequence[Sequence[float]]  # number, when


def figures(stage: Stage) -> list[Figure]:
    """Every group, one after the other, on a JACK server of the bench's own."""
    chance = mapfuzz.figures(stage)
    if stage.jackd is None:
        return [Figure("control", None, note="controllers and clocks need jackd"), *chance]
    with stage.server():
        return [*(figure for group in GROUPS for figure in group(stage)), *chance]


# ------------------------------------------------------------------ from a knob to the parameter


def knobs(stage: Stage) -> list[Figure]:
    """A knob turned outside, until the band plays by its new value."""
    runs, lost = [], 0
    for _ in range(stage.runs):
        seconds = stage.seconds * SHARE / stage.runs
        row = {"control": KNOB, "to": PARAMETER, "pickup": False}
        with stage.show(None, control=[row]) as show:
            show.until_playing()
            before, from_s = show.ready, time.perf_counter()
            hand = crowd.start("knob", f"{CLIENT} in", str(KNOB), str(seconds))
            show.watch(seconds + 1.5)
            turned = crowd.ask(hand) or []
            until_s = time.perf_counter()
        changes = stage.record(show, before, from_s, until_s).changes
        ways_s = ways_to(turned, changes, PARAMETER)
        runs.append(ways_s)
        lost += len(turned) - len(ways_s)
    note = f"{sum(map(len, runs))} turns over JACK, {lost} lost; to the end of the step that sets the value"
    return [p95("CC to parameter", runs, CONTROL_MS, note)]


def ways_to(said: Heard, changes: Sequence[tuple[float, str, Any]], name: str) -> list[float]:
    """Seconds from each message (0..127, when) to the moment in which the parameter had its value."""
    row, place, found = BY_NAME[name], 0, []
    mine = [
        (when_s, round(share_of(row, value) * FULL)) for when_s, changed, value in changes if changed == name
    ]
    for value, said_s in said:
        while place < len(mine) and mine[place][0] < said_s:
            place += 1
        after = next((at for at in range(place, len(mine)) if mine[at][1] == round(value)), None)
        if after is not None and mine[after][0] - said_s < LATEST_S:
            found.append(mine[after][0] - said_s)
            place = after + 1
    return found


def p95(name: str, runs_s: Sequence[Sequence[float]], bar_ms: float | None, note: str = "") -> Figure:
    """A figure whose value is the p95 of all runs together."""
    together = [value for run in runs_s for value in run]
    value = percentile(together, 0.95) * 1000 if together else None
    return Figure(name, value, "ms p95", bar_ms, spread=spread_ms(runs_s), note=note)


# ------------------------------------------------------------------ MIDI clock


def clock(stage: Stage) -> list[Figure]:
    """Our MIDI clock as a receiver on JACK hears it, and how late its thread hands it over."""
    heard_s, handed_s = [], []
    for _ in range(stage.runs):
        seconds = stage.seconds * SHARE / stage.runs
        with stage.show(None, clock_out="own") as show:
            show.until_playing()
            before, from_s = show.ready, time.perf_counter()
            ear = crowd.start("ticks", f"{CLIENT} clock")
            show.watch(seconds)
            ticks = crowd.ask(ear) or []
            until_s = time.perf_counter()
        heard_s.append(off_the_line(ticks))
        handed_s.append(stage.record(show, before, from_s, until_s).ticks_s)
    return [
        Figure("MIDI clock jitter", _p99_ms(heard_s), "ms p99", JITTER_MS, spread=spread_ms(heard_s),
               note=f"{sum(map(len, heard_s))} ticks off a straight line, heard by another JACK client"),
        Figure("MIDI clock handed over", _p99_ms(handed_s), "ms p99", None, spread=spread_ms(handed_s),
               note="from a tick's time to the driver"),
    ]  # fmt: skip


def off_the_line(ticks_s: Sequence[float]) -> list[float]:
    """How far each tick lies from the straight line through all of them."""
    count = len(ticks_s)
    if count < 2:
        return []
    middle, middle_s = (count - 1) / 2, sum(ticks_s) / count
    spread = sum((tick - middle) ** 2 for tick in range(count))
    slope = sum((tick - middle) * (tick_s - middle_s) for tick, tick_s in enumerate(ticks_s)) / spread
    return [abs(tick_s - middle_s - (tick - middle) * slope) for tick, tick_s in enumerate(ticks_s)]


def _p99_ms(runs_s: Sequence[Sequence[float]]) -> float | None:
    spread = spread_ms(runs_s)
    return None if spread is None else spread[1]


# ------------------------------------------------------------------ two bands, one clock


def pair(stage: Stage) -> list[Figure]:
    """Two bands with the same drummer, one by the other's clock: how far their strokes lie apart."""
    runs = [_together(stage) for _ in range(stage.runs)]
    note = f"{sum(map(len, runs))} strokes after two bars, heard at their MIDI outs"
    return [Figure("two bands apart", _p99_ms(runs), "ms p99", APART_MS, spread=spread_ms(runs), note=note)]


def _together(stage: Stage) -> list[float]:
    seconds = stage.seconds * SHARE / stage.runs + SETTLE_BARS_S
    ears = [crowd.start("ear"), crowd.start("ear", SECOND_EAR)]
    try:
        first = stage.show(None, clock_out="own", parts=["drums"])
        first.plan["commands"], first.plan["sound"]["midi_out"] = ["arm"], [crowd.EAR]
        with first, second_band(stage, first):
            first.watch(1.0)  # until the one hears the other
            band = wire.connect(first.where.band)
            band.send(Command(time.perf_counter(), "start", source="bench"))
            first.until_playing()
            began_s = time.perf_counter()
            first.watch(seconds)
            band.close()
        said = [crowd.ask(ear) or [] for ear in ears]
    finally:
        for ear in ears:
            crowd.send_home(ear)
    mine, others = ([stroke for stroke in one if stroke[1] > began_s + SETTLE_BARS_S] for one in said)
    return apart(mine, others)


def second_band(stage: Stage, first: Show) -> Show:
    """Another rig on the same server, led by the first one's clock."""
    plan = copy.deepcopy(first.plan)
    table = plan["table"] | {"clock_in": f"{CLIENT} clock", "clock_out": ""}
    plan |= {"table": table, "rig_id": "second", "figures": str(stage.home / "second.json")}
    plan["sound"] |= {"table": table, "client": f"bandmate-{SECOND}", "midi_out": [SECOND_EAR],
                      "figures": str(stage.home / "second-sound.json")}  # fmt: skip
    return Show(places(SECOND), plan)


def apart(mine: Heard, others: Heard) -> list[float]:
    """How far each stroke (pitch, when) is from the other band's nearest of the same drum."""
    found = []
    for pitch, when_s in mine:
        gaps_s = [abs(when_s - other_s) for other, other_s in others if other == pitch]
        if gaps_s and min(gaps_s) < NEAR_S:
            found.append(min(gaps_s))
    return found


GROUPS: tuple[Callable[[Stage], list[Figure]], ...] = (knobs, clock, pair)
