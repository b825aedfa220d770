"""The model's process: it hears every ask of the band and writes what it is asked for, never late on purpose.

The only process of a jam that loads torch; one thread on one core. It goes before screens and neighbours
while it writes, where the system allows it, and after the band and the sound always. Where asks have piled up
(a start in the middle of a song, a machine too slow) the old ones are only heard and the newest is answered.
What goes wrong is one sentence to the band, and the understudy plays.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import time
from collections import deque
from collections.abc import MutableSequence
from dataclasses import replace
from typing import Any

from bandmate import wire
from bandmate.errors import BandmateError, RigError
from bandmate.events import Ask, Command, Fault
from bandmate.heart import beat
from bandmate.model.thinking import Thinker
from bandmate.places import Places, places

WAIT_S = 0.2  # between two heartbeats while nobody asks
SAID_S = 10.0  # how long a model that can't play waits to say so
NICE = 2  # band and sound come first
HASTE = 1  # of SCHED_FIFO: after them, before everybody else
SLOW_S = 0.06  # of processor time for a slot: haste doesn't help a machine that is slower than this


class Desk:
    """Joins one thinker to the band's wire."""

    def __init__(
        self, where: Places, thinker: Thinker, heartbeat: MutableSequence[float], haste: bool = True
    ) -> None:
        self.thinker, self.heartbeat, self.haste = thinker, heartbeat, haste
        self.door = wire.Door(where.model)
        self.clients: list[wire.Wire] = []
        self.asks: deque[tuple[wire.Wire, Ask]] = deque()
        self.leaving = False
        self.quick = True  # the machine is quick enough for haste to help
        self._stumbled_s = 0.0

    def run(self) -> None:
        """Until somebody says quit."""
        while not self.leaving:
            hurry(self.haste and self.quick)
            self.listen(0.0 if self.asks else WAIT_S)
            if self.asks:
                self.think(*self.asks.popleft())
        for client in self.clients:
            client.close()
        self.door.close()

    def listen(self, wait_s: float) -> None:
        """Take in what has come, and show that we are alive."""
        beat(self.heartbeat)
        ends: list[Any] = [self.door, *self.clients]
        ready, _, _ = select.select(ends, [], [], wait_s)
        for end in ready:
            if isinstance(end, wire.Door):
                visitor = end.accept()
                self.clients += [visitor] if visitor else []
                continue
            for said in end.receive():
                if isinstance(said, Ask):
                    self.asks.append((end, said))
                elif isinstance(said, Command) and said.name == "quit":
                    self.leaving = True
        self.clients = [client for client in self.clients if client.open]

    def think(self, client: wire.Wire, ask: Ask) -> None:
        """Answer the newest ask; hear the others. What is only heard is heard without haste."""
        writes = ask.write and not any(other.write for _, other in self.asks)
        try:
            if not writes:
                hurry(False)
            began_s = time.thread_time()
            fresh = self.thinker.fresh(replace(ask, write=writes))
            if fresh is None:
                return
            client.send(fresh)
            self.quick = time.thread_time() - began_s < SLOW_S
            self.listen(0.0)
            if not self.asks:  # a slot more, while there is time; in haste, too: the next one waits behind it
                client.send(self.thinker.tail(ask, fresh))
        except (RuntimeError, ValueError, IndexError, OverflowError) as error:  # a head that says nothing
            self.thinker.session = None
            if time.perf_counter() - self._stumbled_s > SAID_S:
                self._stumbled_s = time.perf_counter()
                client.send(Fault(self._stumbled_s, f"the model stumbled ({error}) and begins anew"))


def hurry(haste: bool) -> None:
    """Ask the system to run this thread before all that isn't band or sound, or as everybody's again."""
    with contextlib.suppress(AttributeError, OSError):  # not everywhere, not for everybody
        if haste:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(HASTE))
        else:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def run(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the model's process (spawned by the supervisor)."""
    where = places(rig)
    if hasattr(os, "nice"):
        os.nice(NICE)
    thinker = Thinker(plan["model"], plan["seed"])
    desk = Desk(where, thinker, heartbeat, plan.get("haste", True))
    try:
        thinker.open()
    except BandmateError as error:
        _say(desk, str(error))
        return
    desk.door.open()
    gc.collect()
    gc.freeze()
    desk.run()


def _say(desk: Desk, text: str) -> None:
    """Tell the band why there is no model, and go home."""
    try:
        desk.door.open()
    except RigError:
        return
    until_s = time.perf_counter() + SAID_S
    while time.perf_counter() < until_s and not desk.clients:
        desk.listen(WAIT_S)
    for client in desk.clients:
        client.send(Fault(time.perf_counter(), text))
        client.flush()
    desk.listen(WAIT_S)
    desk.door.close()
