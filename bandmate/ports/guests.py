"""The guests of the sound process: band, demo performer, screens; any number, none needed.

All of it belongs to the main thread, except `report`, which any thread may call. Imports only the
vocabulary and the wire.
"""

from __future__ import annotations

import heapq
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate import wire
from bandmate.events import SoundReady
from bandmate.ports.thru import Played, on_port

ROUND_S = 0.05
READY_S = 1.0  # at most so often are changed counters told


@dataclass(slots=True, eq=False)
class Guest:
    """Somebody at the door, and the ports that they play as."""

    number: int
    wire: wire.Wire
    ports: set[str] = field(default_factory=set)


class Guests:
    """Who is connected: what they say, what they are told, and keys that they play ahead of time."""

    def __init__(self, path: Path) -> None:
        self.door = wire.Door(path)
        self.guests: list[Guest] = []
        self._news: deque[Any] = deque(maxlen=4096)
        self._future: list[tuple[float, int, Played, Guest]] = []
        self._bell: socket.socket | None = None
        self._ringer: socket.socket | None = None
        self._told = SoundReady(0.0)
        self._visitors = self._booked = 0

    def open(self) -> Guests:
        """Open the door."""
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self.door.open()
        return self

    def close(self) -> None:
        """Say what is still to be said, and close the door."""
        for guest in self.guests:
            guest.wire.flush()
            guest.wire.close()
        self.door.close()
        for end in (self._bell, self._ringer):
            if end is not None:
                end.close()

    def report(self, event: Any) -> None:
        """Let every guest know, at once. Any thread."""
        self._news.append(event)
        try:
            if self._ringer is not None:
                self._ringer.send(b".")
        except OSError:  # full: it rings already
            return

    def wait(self, ready: SoundReady) -> list[tuple[Guest, Any]]:
        """Sleep until something comes, at most a moment; what was said, and by whom."""
        now_s = time.perf_counter()
        wait_s = min(ROUND_S, max(0.0, self._future[0][0] - now_s)) if self._future else ROUND_S
        ends = {guest.wire.fileno(): guest for guest in self.guests}
        assert self._bell is not None
        bell, door = self._bell.fileno(), self.door.fileno()
        found, _, _ = select.select([bell, door, *ends], [], [], wait_s)
        said: list[tuple[Guest, Any]] = []
        for end in found:
            if end == bell:
                self._bell.recv(4096)
            elif end == door:
                self._welcome(ready)
            else:
                said += [(ends[end], message) for message in ends[end].wire.receive()]
        return said

    def book(self, event: Played, guest: Guest) -> None:
        """A key of a guest: now, or when its time comes."""
        event = event if event.port else on_port(event, f"guest {guest.number}")
        guest.ports.add(event.port)
        self._booked += 1
        heapq.heappush(self._future, (event.time_s, self._booked, event, guest))

    def due(self) -> list[Played]:
        """The keys of guests whose time has come."""
        keys = []
        while self._future and self._future[0][0] <= time.perf_counter():
            _, _, event, guest = heapq.heappop(self._future)
            if guest.wire.open:
                keys.append(event)
        return keys

    def tell(self, ready: SoundReady) -> None:
        """What happened, to everybody; and how we are, where that changed."""
        while self._news:
            event = self._news.popleft()
            for guest in self.guests:
                if getattr(event, "port", None) not in guest.ports:  # nobody is told of their own keys
                    guest.wire.send(event)
        moved = _state(ready) != _state(self._told)
        if moved or (ready.time_s - self._told.time_s > READY_S and _counts(ready) != _counts(self._told)):
            self._told = ready
            for guest in self.guests:
                guest.wire.send(ready)
        for guest in self.guests:
            guest.wire.flush()

    def gone(self) -> list[tuple[int, set[str]]]:
        """Guests who left: their number, and the ports that nobody plays any more."""
        left = [guest for guest in self.guests if not guest.wire.open]
        self.guests = [guest for guest in self.guests if guest.wire.open]
        for guest in left:
            guest.wire.close()
        played = {port for guest in self.guests for port in guest.ports}
        return [(guest.number, guest.ports - played) for guest in left]

    def _welcome(self, ready: SoundReady) -> None:
        visitor = self.door.accept()
        if visitor is not None:
            self._visitors += 1
            self.guests.append(Guest(self._visitors, visitor))
            visitor.send(ready)


def _state(ready: SoundReady) -> tuple[Any, ...]:
    device = ready.device, ready.channels, ready.output_latency_s
    return ready.inputs, ready.outputs, device, ready.fault


def _counts(ready: SoundReady) -> tuple[Any, ...]:
    return ready.xruns, ready.late, ready.dropped, ready.echoes, ready.limited, ready.scheduling
