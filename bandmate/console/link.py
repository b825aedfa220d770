"""The way to the band's door: the newest Status comes in, commands go out.

One thread of the screen's process owns the socket. It hands over the newest snapshot (latest wins;
notes for the piano roll are gathered, so that none is lost with a frame), sends what waits in order,
and comes back by itself when the rig has restarted its band. The app never waits for it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from typing import Any, Protocol

from bandmate import wire
from bandmate.errors import RigError
from bandmate.events import Command, RigReady, Status
from bandmate.places import Places

LOOK_S = 0.2
AGAIN_S = 1.0  # between two visits to a supervisor who isn't there
PATIENCE_S = 8.0  # a band that died is back after so long, or its rig has gone home
GONE = "The band has gone home."
NOTES_KEPT = 2000  # for the piano roll, where nobody fetches them


class Link(Protocol):
    """What the app knows of the band."""

    gone: bool  # the rig has gone home
    rig: RigReady  # what its supervisor said last: log, load, setlist

    def start(self) -> None:
        """Begin to listen."""

    def stop(self) -> None:
        """Hang up; the band plays on."""

    def take(self) -> tuple[Status | None, list[Any]]:
        """The newest snapshot (None before the first one), and the notes since the last call."""

    def away_s(self) -> float:
        """For how long there has been no band; 0 while there is one."""

    def send(self, command: Command) -> None:
        """Hand a command to the band; it goes out at once, or when the band is back."""

    def supervise(self, command: Command) -> None:
        """Hand a command to the supervisor of the rig."""


class BandLink:
    """The link to a rig on this machine."""

    def __init__(self, where: Places) -> None:
        self.where = where
        self.gone = False
        self.rig = RigReady(0.0)
        self._office: wire.Wire | None = None  # the supervisor's door
        self._office_s = 0.0
        self._status: Status | None = None
        self._notes: deque[Any] = deque(maxlen=NOTES_KEPT)
        self._waiting: deque[Command] = deque()
        self._lost_s: float | None = time.perf_counter()
        self._ending = False
        self._bell: tuple[socket.socket, socket.socket] | None = None  # rung by the app, heard by the thread
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="bandmate link", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._bell = socket.socketpair()
        for end in self._bell:
            end.setblocking(False)
        self._thread.start()

    def stop(self) -> None:
        """Hang up; what was sent before goes out first."""
        self._ending = True
        self._ring()
        if self._bell is not None:
            self._thread.join(1.0)
            for end in self._bell:
                end.close()

    def take(self) -> tuple[Status | None, list[Any]]:
        """The newest snapshot, and the notes since the last call."""
        with self._lock:
            notes = list(self._notes)
            self._notes.clear()
            return self._status, notes

    def away_s(self) -> float:
        """For how long there has been no band."""
        lost_s = self._lost_s
        return 0.0 if lost_s is None else time.perf_counter() - lost_s

    def send(self, command: Command) -> None:
        """Hand a command to the band; panic and the others keep their order."""
        self._waiting.append(command)
        self._ring()

    def supervise(self, command: Command) -> None:
        """Hand a command to the supervisor; where there is none, nothing is lost but the demo."""
        with contextlib.suppress(RigError):
            end = wire.connect(self.where.supervisor)
            end.send(command)
            end.close()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            if self._bell is not None:
                self._bell[0].send(b"!")

    # -------------------------------------------------------------- its own thread

    def _run(self) -> None:
        while not self._ending:
            band = self._visit()
            if band is None:
                self.gone = not self._ending
                break
            self._lost_s = None
            self._talk(band)
            band.close()
            self._lost_s = time.perf_counter()
        if self._office is not None:
            self._office.close()

    def _visit(self) -> wire.Wire | None:
        """The band's door; waited for while the rig that keeps it is there. None: gone home."""
        until_s = time.perf_counter() + PATIENCE_S
        while not self._ending and time.perf_counter() < until_s:
            with contextlib.suppress(RigError):
                return wire.connect(self.where.band)
            try:
                wire.connect(self.where.supervisor).close()
            except RigError:
                return None
            self._wait([], LOOK_S / 4)
            for end in self._ask_office():
                self._hear_office(end)
        return None

    def _talk(self, band: wire.Wire) -> None:
        """Until the band hangs up, or we do."""
        while band.open:
            while self._waiting:
                band.send(self._waiting.popleft())
            if not band.flush() or self._ending:
                return
            office = self._ask_office()
            ready = self._wait([band, *office], LOOK_S)
            if band in ready:
                self._keep(band.receive())
            for end in office:
                self._hear_office(end)

    def _ask_office(self) -> list[wire.Wire]:
        """The supervisor's door, visited anew once a second where it is closed."""
        if self._office is None and time.perf_counter() >= self._office_s:
            self._office_s = time.perf_counter() + AGAIN_S
            with contextlib.suppress(RigError):
                self._office = wire.connect(self.where.supervisor)
        return [] if self._office is None else [self._office]

    def _hear_office(self, office: wire.Wire) -> None:
        for said in office.receive():
            self.rig = said if isinstance(said, RigReady) else self.rig
        if not office.open:
            office.close()
            self._office = None

    def _wait(self, ends: list[Any], timeout_s: float) -> list[Any]:
        """The ends that speak; a ring of the app's is heard and done with."""
        assert self._bell is not None
        bell = self._bell[1]
        ready, _, _ = select.select([*ends, bell], [], [], timeout_s)
        if bell in ready:
            with contextlib.suppress(OSError):
                bell.recv(4096)
        return ready

    def _keep(self, said: list[Any]) -> None:
        statuses = [each for each in said if isinstance(each, Status)]
        if not statuses:
            return
        with self._lock:
            self._status = statuses[-1]
            for status in statuses:
                self._notes.extend(status.notes)
