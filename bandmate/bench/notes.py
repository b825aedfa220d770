"""`bandmate bench notes`: how late the band's notes are handed to the MIDI driver, against their time.

Stamped in the sound process, after the driver's call. "Busy": a screen that redraws without end and
a model stand-in that takes a core, both at normal priority.
"""

from __future__ import annotations

from bandmate.bench.figures import Figure, lateness
from bandmate.bench.stage import Stage

IDLE_MS, BUSY_MS = 1.0, 3.0


def figures(stage: Stage) -> list[Figure]:
    """Idle and busy; and whether the audio got through the busy ones."""
    idle, busy = stage.evening(busy=False), stage.evening(busy=True)
    count = sum(len(record.notes_s) for record in (*idle, *busy))
    return [
        lateness("note lateness, idle", [record.notes_s for record in idle], IDLE_MS,
                 f"handed to the MIDI driver minus due; {count} beginnings and ends of notes, idle and busy"),
        lateness("note lateness, busy", [record.notes_s for record in busy], BUSY_MS),
        Figure(f"xruns, busy, {stage.seconds:g} s", sum(record.xruns for record in busy)),
        Figure("notes sent late or dropped", sum(record.late + record.dropped for record in (*idle, *busy)),
               note="came to the sound process more than 5 ms past their time, idle and busy together"),
    ]  # fmt: skip
