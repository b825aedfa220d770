"""Who runs which test when pytest has several workers (pytest-xdist, `-n`): the stage first, then everybody.

The end-to-end tests play in real time and want the machine for themselves: one worker plays them, the others
wait. All the rest is virtual time, and goes file by file to whoever is free.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

ON_STAGE = ("tests/e2e/", "tests/ports/test_sound_jack.py")
STAGE = "the stage"


class StageFirst(LoadScopeScheduling):
    """File by file, after everything that plays in real time."""

    def _split_scope(self, nodeid):
        return STAGE if nodeid.startswith(ON_STAGE) else nodeid.split("::", 1)[0]

    @property
    def _on_stage(self):
        return any(self._pending_of({STAGE: units.get(STAGE, {})}) for units in self.assigned_work.values())

    def _assign_work_unit(self, node):
        if STAGE in self.workqueue:
            self.workqueue.move_to_end(STAGE, last=False)
        elif self._on_stage and STAGE not in self.assigned_work[node]:
            return  # wait
        super()._assign_work_unit(node)

    def mark_test_complete(self, node, item_index, duration=0):
        played = self._on_stage
        super().mark_test_complete(node, item_index, duration)
        if played and not self._on_stage:
            for waiting in self.nodes * 2:  # a worker wants to know two tests ahead
                self._reschedule(waiting)
