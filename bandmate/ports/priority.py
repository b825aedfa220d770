"""Real-time priority for the calling thread, where the system allows it."""

from __future__ import annotations

import os


def take_priority(level: int) -> str:
    """Ask for SCHED_FIFO (1..99) for this thread; `fifo`, or `normal` where that isn't allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(level))
    except (AttributeError, OSError):
        return "normal"
    return "fifo"
