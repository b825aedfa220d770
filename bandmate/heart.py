"""The heart of a process of the rig: it beats in shared memory, and its supervisor listens.

Any process; imports nothing of ours.
"""

from __future__ import annotations

import time
from collections.abc import MutableSequence

BEAT, WORK, SLOTS = 0, 4, 5  # when it beat last, and its processor time so far; 1 to 3 are the sound's own


def beat(heart: MutableSequence[float]) -> None:
    """The process lives, and has worked so long."""
    heart[BEAT] = time.perf_counter()
    heart[WORK] = time.process_time()
