"""`bandmate bench loop`: how late the band's loop wakes for its steps, due every 5 ms."""

from __future__ import annotations

from bandmate.bench.figures import Figure, lateness
from bandmate.bench.stage import Stage


def figures(stage: Stage) -> list[Figure]:
    """With the demo playing, idle and beside a busy screen and a busy model stand-in."""
    idle, busy = stage.evening(busy=False), stage.evening(busy=True)
    note = (
        "a bare timer meanwhile, above every other thread: what is late there, the system or its host held up"
    )
    return [
        lateness("machine's own lateness, idle", [record.machine_s for record in idle], None, note),
        lateness("machine's own lateness, busy", [record.machine_s for record in busy], None, note),
        lateness("loop lateness, idle", [record.loop_s for record in idle], None),
        lateness("loop lateness, busy", [record.loop_s for record in busy], None),
    ]
