"""Who runs which test when pytest has several workers (pytest-xdist, `-n`): the stage first, then everybody.

The end-to-end tests play in real time and want the machine for themselves: one worker plays them. Where the
system lets a process step behind all others and come back (Linux, as root or with RLIMIT_NICE), the others go
on meanwhile with what is virtual time, on what the stage leaves; elsewhere they wait. All the rest goes file
by file to whoever is free.
"""

from __future__ import annotations

import os
import subprocess
import sys

from xdist.scheduler import LoadScopeScheduling

ON_STAGE = ("tests/e2e/", "tests/ports/test_sound_jack.py")
STAGE = "the stage"
SIGN = "on-stage"  # a file beside the workers' own, while the stage is on and others may work
THERE_AND_BACK = (
    "import os; [os.sched_setscheduler(0, how, os.sched_param(0)) for how in (os.SCHED_IDLE, os.SCHED_OTHER)]"
)


def is_polite():
    """Whether a process may step behind all others (SCHED_IDLE) and come back."""
    if not sys.platform.startswith("linux"):
        return False
    tried = subprocess.run([sys.executable, "-c", THERE_AND_BACK], capture_output=True, check=False)
    return tried.returncode == 0


def step_aside(stage_is_on):
    """A worker's tests take only what the stage leaves of the machine, while it is on."""
    if not hasattr(os, "SCHED_IDLE"):
        return
    how = os.SCHED_IDLE if stage_is_on else os.SCHED_OTHER
    if os.sched_getscheduler(0) != how:
        os.sched_setscheduler(0, how, os.sched_param(0))


class StageFirst(LoadScopeScheduling):
    """File by file, after or beside everything that plays in real time; `sign` is there while that is on."""

    def __init__(self, config, log, sign):
        super().__init__(config, log)
        self.sign = sign
        if is_polite():
            sign.touch()

    def _split_scope(self, nodeid):
        return STAGE if nodeid.startswith(ON_STAGE) else nodeid.split("::", 1)[0]

    @property
    def _on_stage(self):
        return any(self._pending_of({STAGE: units.get(STAGE, {})}) for units in self.assigned_work.values())

    def _assign_work_unit(self, node):
        if STAGE in self.workqueue:
            self.workqueue.move_to_end(STAGE, last=False)
        elif self._on_stage and STAGE not in self.assigned_work[node] and not self.sign.exists():
            return  # wait
        super()._assign_work_unit(node)

    def mark_test_complete(self, node, item_index, duration=0):
        played = self._on_stage
        super().mark_test_complete(node, item_index, duration)
        if not self._on_stage:
            self.sign.unlink(missing_ok=True)
        if played and not self._on_stage:
            for waiting in self.nodes * 2:  # a worker wants to know two tests ahead
                self._reschedule(waiting)
