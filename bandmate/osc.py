"""The OSC process: sensors and surfaces come in, lights and visuals are told, and the band is never held up.

Owns the UDP port (`ports/oscdoor.py`) and what is sent out (`ports/oscout.py`); a client of the band's door,
as a screen is. A process of its own: a flood of packets takes a fifth of a core, which nobody in the band's
process may have; at normal priority, or a busy machine would hold up a tap. One thread; the only one of the
rig that loads python-osc.
"""

from __future__ import annotations

import contextlib
import gc
import select
import signal
import time
from collections.abc import MutableSequence
from dataclasses import replace
from typing import Any, Protocol

from bandmate import heart, wire
from bandmate.audience.mood import Partial
from bandmate.audience.sources import Gathering
from bandmate.errors import NoDevice, RigError
from bandmate.events import OscReady, Status
from bandmate.places import Places, places
from bandmate.ports.oscdoor import OscDoor
from bandmate.ports.oscmap import OscMap, load
from bandmate.ports.oscout import OscOut

ROUND_S = 0.005  # between two rounds; a packet in between waits so long
READINGS_S = 0.25  # the audience speaks to the band so often
READY_S = 1.0  # and changed counters are told at most so often
WAIT_S = 0.25
RETRY_S = 2.0  # a port that somebody else has is tried again
ALONE_S = 30.0  # without a band for so long: go home; a rig that is still there starts another


class BandEnd(Protocol):
    """Where the band is: its wire, or a simulation's inbox."""

    open: bool

    def send(self, value: Any) -> bool:
        """Say something to the band."""

    def receive(self) -> list[Any]:
        """What the band says."""

    def close(self) -> None:
        """Hang up."""


class Osc:
    """Joins the door, those who listen outside, and the band. `now_s` is `time.perf_counter`'s."""

    def __init__(self, door: OscDoor | None, out: OscOut, where: Places | None) -> None:
        self.door, self.out, self.where = door, out, where
        self.band: BandEnd | None = None
        self.gathering = Gathering()
        self.fault = ""
        self.unheard = 0  # commands for which no band was there: what comes too late is no music
        self.band_s = time.perf_counter()  # when a band was there last
        self._partial = Partial()
        self._gathered_s = self._told_s = self._opened_s = -1e9
        self._told = OscReady(0.0)

    # -------------------------------------------------------------- doors

    def look(self, now_s: float) -> None:
        """See to the port and to the band."""
        if self.door is not None and self.door.sock is None and now_s - self._opened_s >= RETRY_S:
            self._opened_s = now_s
            try:
                self.door.open()
                self.fault = ""
            except NoDevice as error:
                self.fault = str(error)
        if self.band is not None and not self.band.open:
            self.band.close()
            self.band = None
        if self.band is None and self.where is not None:
            with contextlib.suppress(RigError):
                self.band = wire.connect(self.where.band)
                self._told = OscReady(0.0)  # a new band knows nothing
        if self.band is not None:
            self.band_s = now_s

    def wait(self, now_s: float) -> None:
        """Sleep until something comes in, or is due."""
        ends: list[Any] = [end for end in (self.band,) if end is not None]
        left_s = WAIT_S
        if self.door is not None and self.door.sock is not None:
            ends.append(self.door)
            left_s = min(max(self.door.waits_s - now_s, 0.0), WAIT_S)
        select.select(ends, [], [], left_s)

    # -------------------------------------------------------------- a round

    def round(self, now_s: float, wall_s: float) -> bool:
        """Hear everybody once; whether somebody said something at the port."""
        self._hear_band()
        before = 0
        if self.door is not None:
            before = self.door.packets
            commands, readings = self.door.round(now_s, wall_s)
            for reading in readings:
                self.gathering.hear(reading)
            for command in commands:
                if self.band is None or not self.band.send(command):
                    self.unheard += 1
        self._gather(now_s)
        self._tell(now_s)
        return self.door is not None and (self.door.packets > before or self.door.waits_s <= now_s)

    def _hear_band(self) -> None:
        if self.band is None:
            return
        for said in self.band.receive():
            if isinstance(said, Status):
                self.out.tell(said)
                if self.door is not None:
                    self.door.answer(said)

    def _gather(self, now_s: float) -> None:
        """What the audience says, where it says anything, or has just fallen silent."""
        if now_s - self._gathered_s < READINGS_S or not self.gathering.sources:
            return
        self._gathered_s = now_s
        before, self._partial = self._partial, self.gathering.partial(now_s)
        if self.band is not None and (self._partial.voices or before.voices):
            self.band.send(self._partial.readings(now_s))

    def _tell(self, now_s: float) -> None:
        """How the door is: at once where it opens or fails, counters now and then."""
        door, told = self.door, self._told
        ready = OscReady(
            now_s, fault=self.fault, voices=round(self._partial.voices),
            dropped=self.unheard + self.gathering.turned_away + self.out.failed,
        )  # fmt: skip
        if door is not None:
            ready = replace(
                ready, address=door.address, packets=door.packets, refused=door.refused,
                malformed=door.malformed, dropped=ready.dropped + door.dropped,
            )  # fmt: skip
        urgent = (ready.address, ready.fault) != (told.address, told.fault)
        grown = now_s - self._told_s >= READY_S and replace(ready, time_s=told.time_s) != told
        if self.band is not None and (urgent or grown):
            self._told, self._told_s = ready, now_s
            self.band.send(ready)

    def close(self) -> None:
        """Nobody is heard any more."""
        for end in (self.door, self.out, self.band):
            if end is not None:
                end.close()


def door_of(asked: dict[str, Any], known: OscMap) -> OscDoor | None:
    """The door that a plan asks for; None where it wants none."""
    if asked["port"] is None:
        return None
    return OscDoor(asked["host"], asked["port"], asked["allow"], known)


def run(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the OSC process: runs until a termination signal, or until no band comes back."""
    asked = plan["osc"]
    osc = Osc(
        door_of(asked, load(asked["maps"])),
        OscOut([(host, port) for host, port in asked["out"]]).open(), places(rig),
    )  # fmt: skip
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    try:
        while not stopped and time.perf_counter() - osc.band_s < ALONE_S:
            now_s = time.perf_counter()
            osc.look(now_s)
            if osc.round(now_s, time.time()):
                left_s = now_s + ROUND_S - time.perf_counter()
                select.select([], [], [], max(left_s, 0.0))
            else:
                osc.wait(time.perf_counter())
            heart.beat(heartbeat)
    finally:
        osc.close()
