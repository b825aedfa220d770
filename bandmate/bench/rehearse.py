"""`bandmate bench rehearse`: how much faster than real time the band plays in virtual time."""

from __future__ import annotations

import statistics
from dataclasses import replace

from bandmate.bench.figures import Figure
from bandmate.bench.stage import Stage
from bandmate.events import NoteOff, NoteOn
from bandmate.rehearsal import load_styles, prepare, rehearse
from bandmate.show.demo import load_demo, performance
from bandmate.show.take import Take
from bandmate.timing import step_index

SPEED = 20.0
FIRST_S = 4.0  # room for the band to come in
SONG = "pop"
STYLES = ("bossa-nova", "pop-rock", "swing")  # as bench fit has them


def figures(stage: Stage) -> list[Figure]:
    """A demo song, band and all, in three styles: the median speed of the runs."""
    take = song(SONG)
    note = f"the demo {SONG!r}, {take.length_s:.0f} s of music, parts drums, bass and keys"
    return [
        Figure(f"rehearse, {style}", _speed(take, style, stage.runs), "x", SPEED, more=True, note=note)
        for style in STYLES
    ]


def song(name: str) -> Take:
    """A demo performance as a take."""
    events: list[NoteOn | NoteOff] = []
    for event in performance(load_demo(name)):
        time_s = event.time_s + FIRST_S
        if isinstance(event, NoteOn):
            events.append(NoteOn(time_s, event.pitch, event.velocity))
        elif isinstance(event, NoteOff):
            events.append(NoteOff(time_s, event.pitch))
    placed = tuple((step_index(event.time_s), event) for event in events)
    return Take(name, placed, events[-1].time_s, notes=len(events))


def _speed(take: Take, style: str, runs: int) -> float:
    styles, speeds = load_styles(), []
    for _ in range(runs):
        prepared, header = prepare(take, "bench", 1, {"follow": 1.0, "style": style}, [])
        found = rehearse(replace(prepared, header=header), header, styles)  # it ends with the performer
        speeds.append(found.duration_s / found.wall_s)
    return statistics.median(speeds)
