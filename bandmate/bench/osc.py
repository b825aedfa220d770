"""`bandmate bench osc`: the OSC door and the audience, measured at a rig that plays.

How soon a message is a parameter; what a flood of 20,000 packets a second does to the band, against the same
flood at a process that only throws it away; whether the door answers meanwhile, and right after; how soon a
shake of ten phones moves the governed mood; and what chance does to the door and the maps. With `--soak` the
flood lasts a minute, and chance has a hundred thousand tries.
"""

from __future__ import annotations

import json
import random
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bandmate.bench import flood, oscfuzz
from bandmate.bench.figures import Figure, lateness, percentile
from bandmate.bench.oscstage import HERE, OpenShow, client, cpu_s, door_process, resident_bytes
from bandmate.bench.stage import NEWS_S, Show, Stage
from bandmate.ports.oscout import OUT
from bandmate.ports.oscpacket import read, written
from bandmate.timing import STEP_S, period_s, step_time_s

RATE = 20_000
SOAK_S, FUZZ, FUZZ_SOAK = 60.0, 2_000, 100_000
MESSAGES, GAP_S = 150, (0.015, 0.045)
PARAM = "wild"
LOOPBACK_MS, WORSE_MS, ANSWER_S = 10.0, 0.5, 1.0
CALM_S, SHAKE_S, PHONES = 12.0, 8.0, 10
ASK_EVERY_S = 0.5
MB = 1e6


@dataclass(slots=True)
class Flooded:
    """What a flood did, at the door or at a sink."""

    loop_s: list[float] = field(default_factory=list)
    notes_s: list[float] = field(default_factory=list)
    asked_s: list[float] = field(default_factory=list)  # how long answers took meanwhile
    after_s: float | None = None  # and when it was over
    grown_bytes: int = 0
    cpu: float = 0.0
    rate: float = 0.0
    counters: dict[str, int] = field(default_factory=dict)


def figures(stage: Stage) -> list[Figure]:
    """All of it."""
    seconds = SOAK_S if stage.soak else max(4.0, stage.seconds / 6)
    with stage.server():
        found = [*_messages(stage), *_shake(stage)]
        found += _flood(stage, seconds, 1 if stage.soak else stage.runs)
    return found + _chance(FUZZ_SOAK if stage.soak else FUZZ)


# ------------------------------------------------------------------ messages and moods


def _messages(stage: Stage) -> list[Figure]:
    """How long it takes from a packet being sent to the step of the band that has taken its value."""
    chance, sent = random.Random(1), list[tuple[float, float]]()
    beats_s: list[float] = []
    with client() as lights, OpenShow(stage, lights) as (show, port), client() as outside:
        _beats(lights, show)  # those of before
        door = door_process(show)
        cpu = cpu_s(door)
        began_s = time.perf_counter()
        for index in range(MESSAGES):
            value = round((index + 1) / 1000, 3)
            sent.append((value, time.perf_counter()))
            outside.sendto(written(f"/bandmate/{PARAM}", value), (HERE, port))
            until_s = time.perf_counter() + chance.uniform(*GAP_S)
            while (left_s := until_s - time.perf_counter()) > 0:
                show.watch(min(left_s, 0.002))
                beats_s += _beats(lights, show)
        used = (cpu_s(door) - cpu) / (time.perf_counter() - began_s)
    taken = _taken(stage)
    times_s = [taken[value] - sent_s for value, sent_s in sent if value in taken]
    note = f"{len(times_s)} of {MESSAGES} messages on loopback; a step of the band is {STEP_S * 1000:g} ms"
    return [
        Figure("osc: message to parameter", percentile(times_s, 0.95) * 1000, "ms p95", LOOPBACK_MS,
               spread=_spread(times_s), note=note),
        Figure("osc: a beat is told after it", percentile(beats_s, 0.95) * 1000 if beats_s else None,
               "ms p95", spread=_spread(beats_s), note=f"{len(beats_s)} beats, looked for every 2 ms"),
        Figure("osc: the door's processor time", used * 100, "% of a core", note="32 messages a second"),
    ]  # fmt: skip


def _beats(lights: socket.socket, show: Show) -> list[float]:
    """How long after their beats those messages came that wait here; by the clock that the screen has."""
    found: list[float] = []
    while True:
        try:
            packet = lights.recv(65536)
        except BlockingIOError:
            return found
        came_s, status = time.perf_counter(), show.status
        if read(packet, time.time())[0].address == f"{OUT}beat" and status.beat0_s is not None:
            apart_s = period_s(status.bpm)
            found.append((came_s - status.beat0_s + apart_s / 2) % apart_s - apart_s / 2)


def _taken(stage: Stage) -> dict[float, float]:
    """When each value was taken by the band, on the clock of all: by its take, and by how late steps were."""
    origin_s = float(json.loads(stage.where.state.read_text())["origin_s"])
    loop = json.loads((stage.home / "band.json").read_text())["loop"]
    late_s = {round((due_s - origin_s) / STEP_S): late for due_s, late in loop}
    found = {}
    for line in _newest_take(stage).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        event = entry.get("event", {})
        if event.get("name") == PARAM:
            step = entry["step"]
            found[event["value"]] = origin_s + step_time_s(step) + max(late_s.get(step, 0.0), 0.0)
    return found


def _newest_take(stage: Stage) -> Path:
    return max(stage.where.takes.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)


def _shake(stage: Stage) -> list[Figure]:
    """How soon the governed mood moves when ten phones are shaken."""
    chance = random.Random(1)
    with OpenShow(stage) as (show, port), client() as outside:
        outside.sendto(written("/bandmate/authority", 100.0), (HERE, port))

        def shake(seconds: float, how: float, until: float) -> float | None:
            began_s = time.perf_counter()
            while time.perf_counter() < began_s + seconds:
                for phone in range(PHONES):
                    place = [chance.gauss(0, how) for _ in range(3)]
                    outside.sendto(written(f"/crowd/{phone}/motion", *place), (HERE, port))
                show.watch(0.05)
                if show.status.mood.get("governed", 0.0) >= until:
                    return time.perf_counter() - began_s
            return None

        shake(CALM_S, 0.3, 2.0)
        rest = show.status.mood["governed"]
        moves_s = shake(SHAKE_S, 3.0, rest + 0.05)
        there_s = shake(SHAKE_S, 3.0, 0.75)
        bpm = show.status.bpm
    whole = None if moves_s is None or there_s is None else moves_s + there_s
    note = f"ten phones, calm for {CALM_S:g} s, then shaken; {bpm:.0f} bpm, a quarter of the scale a bar"
    return [
        Figure("mood: a shake begins to move the governed energy", moves_s, "s", note=note),
        Figure("mood: and has moved it to 0.75", whole, "s", note=note),
    ]


# ------------------------------------------------------------------ floods


def _flood(stage: Stage, seconds: float, runs: int) -> list[Figure]:
    sinks, doors = [], []
    for _ in range(runs):  # in turns, so that the machine's own moods are both's
        sinks.append(_flooded(stage, seconds, at_door=False))
        doors.append(_flooded(stage, seconds, at_door=True))
    note = (
        f"{runs} x {seconds:g} s of {doors[0].rate:.0f} packets a second; the same at a sink, in turns; "
        "of the door's counters: "
        + ", ".join(f"{name} {count}" for name, count in sorted(doors[-1].counters.items()))
    )
    loop_sink = lateness("", [one.loop_s for one in sinks], None)
    loop_door = lateness("", [one.loop_s for one in doors], None)
    notes_sink = lateness("", [one.notes_s for one in sinks], None)
    notes_door = lateness("", [one.notes_s for one in doors], None)
    asked = [answer_s for one in doors for answer_s in one.asked_s]
    after = [one.after_s for one in doors if one.after_s is not None]
    return [
        replace(loop_sink, name="flood at a sink: the band's loop"),
        replace(loop_door, name="flood at the door: the band's loop"),
        Figure("flood at the door: the loop is later by", _worse(loop_door, loop_sink), "ms p99", WORSE_MS,
               note=note),
        replace(notes_sink, name="flood at a sink: notes"),
        replace(notes_door, name="flood at the door: notes"),
        Figure("flood at the door: notes are later by", _worse(notes_door, notes_sink), "ms p99", WORSE_MS,
               note=note),
        Figure("flood at the door: another sender's answer", max(asked, default=None), "s, the slowest",
               ANSWER_S, note=f"{len(asked)} questions"),
        Figure("flood at the door: answer when it is over", max(after) if len(after) == runs else None, "s",
               ANSWER_S),
        Figure("flood at the door: it grows by", max(one.grown_bytes for one in doors) / MB, "MB"),
        Figure("flood at the door: processor time", max(one.cpu for one in doors) * 100, "% of a core"),
    ]  # fmt: skip


def _worse(one: Figure, other: Figure) -> float | None:
    return None if one.value is None or other.value is None else one.value - other.value


def _flooded(stage: Stage, seconds: float, at_door: bool) -> Flooded:
    """One show under a flood."""
    found = Flooded()
    with OpenShow(stage) as (show, port), client() as outside, client() as flooder:
        door = door_process(show)
        sink, sink_port = flood.start("sink", str(seconds + 3.0))
        before, cpu = resident_bytes(door), cpu_s(door)
        from_s = time.perf_counter()
        pouring, _ = flood.start("flood", str(port) if at_door else sink_port, str(RATE), str(seconds))
        while pouring.poll() is None:
            found.asked_s += _asked(outside, port, show, ASK_EVERY_S) if at_door else []
            show.watch(0.05 if at_door else ASK_EVERY_S)
        until_s = time.perf_counter()
        said = json.loads(pouring.communicate()[0])
        found.rate = said["sent"] / said["seconds"]
        found.cpu = (cpu_s(door) - cpu) / (until_s - from_s)
        answered = _asked(flooder, port, show, 2.0)
        found.after_s = answered[0] if answered else None
        sink.communicate()
        found.grown_bytes = resident_bytes(door) - before
        show.watch(NEWS_S)
        found.counters = {
            name.removeprefix("osc "): count
            for name, count in show.status.counters.items()
            if name.startswith("osc ")
        }
    loop = json.loads((stage.home / "band.json").read_text())["loop"]
    found.loop_s = [late_s for due_s, late_s in loop if from_s <= due_s <= until_s]
    found.notes_s = json.loads((stage.home / "sound.json").read_text())["notes"]
    return found


def _asked(outside: socket.socket, port: int, show: Show, patience_s: float) -> list[float]:
    """Ask for everything; how long the last row took, or nothing where none came."""
    with suppress(BlockingIOError):  # what was left of an answer before
        while True:
            outside.recv(65536)
    outside.sendto(written("/bandmate/query"), (HERE, port))
    asked_s = time.perf_counter()
    while (left_s := asked_s + patience_s - time.perf_counter()) > 0:
        ready, _, _ = select.select([outside], [], [], min(left_s, 0.02))
        show.watch(0.001)
        while ready:
            try:
                packet = outside.recv(65536)
            except BlockingIOError:
                break
            if read(packet, time.time())[0].address == "/bandmate/query/end":
                return [time.perf_counter() - asked_s]
    return []


# ------------------------------------------------------------------ chance


def _chance(tries: int) -> list[Figure]:
    door, maps = oscfuzz.fuzz_door(tries), oscfuzz.fuzz_maps(tries)
    doors = (
        f"{door.tried} packets, {door.refused} refused, {door.commands} commands, {door.readings} readings, "
        f"at most {door.waiting} waiting. {door.first_failure}"
    ).strip()
    files = f"{maps.tried} files, {maps.refused} refused. {maps.first_failure}".strip()
    return [
        Figure("chance at the door: failures", door.failed, "", 0, note=doors),
        Figure("chance at the maps: failures", maps.failed, "", 0, note=files),
    ]


def _spread(times_s: list[float]) -> tuple[float, float, float] | None:
    if not times_s:
        return None
    return percentile(times_s, 0.5) * 1000, percentile(times_s, 0.99) * 1000, max(times_s) * 1000
