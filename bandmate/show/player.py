"""The demo performer: plays a built-in piece live, as a pianist at a keyboard would.

A process of its own and a client of two doors: from the band it learns when the count-in ends, to
the sound process it sends keys, stamped when they are due. Repeats until the band is off.
"""

from __future__ import annotations

import select
import time
from collections.abc import MutableSequence
from dataclasses import replace
from typing import Any

from bandmate import wire
from bandmate.errors import RigError
from bandmate.events import Command, Control, NoteOff, NoteOn, Status
from bandmate.heart import beat
from bandmate.places import Places
from bandmate.show.demo import load_demo, performance

LOOK_S = 0.2
PORT = "demo"


class DemoPlayer:
    """Plays `name` whenever the band has counted in, from beat 0, again and again."""

    def __init__(self, where: Places, name: str) -> None:
        self.where = where
        self.demo = load_demo(name)
        self.events = performance(self.demo)
        self.sound: wire.Wire | None = None
        self.band: wire.Wire | None = None
        self.begin_s: float | None = None  # when beat 0 fell; None: not playing
        self.next = 0

    def open(self) -> None:
        """Visit both doors and ask the band for the piece."""
        self.sound = wire.connect(self.where.sound, patience_s=5.0)
        self.band = wire.connect(self.where.band, patience_s=5.0)
        demo = self.demo
        for name, value in (("meter", str(demo.meter)), ("style", demo.style), ("bpm", demo.bpm),
                            ("arm", None), ("start", None)):  # fmt: skip
            self.band.send(Command(time.perf_counter(), name, value, "demo"))

    def step(self) -> None:
        """Play what is due, and sleep until the next key or the band's next word."""
        wait_s = LOOK_S
        if self.begin_s is not None:
            wait_s = min(wait_s, self._play_due())
        if self.band is None:
            self._find_band()
        ends: list[Any] = [end for end in (self.sound, self.band) if end is not None]
        ready, _, _ = select.select(ends, [], [], max(0.0, wait_s))
        for end in ready:
            for said in end.receive():
                if isinstance(said, Status):
                    self._mind(said)
        if self.band is not None and not self.band.open:
            self.band = None  # it will be back; we keep time meanwhile
        if self.sound is not None and not self.sound.open:
            self.sound = wire.connect(self.where.sound, patience_s=5.0)

    def _find_band(self) -> None:
        try:
            self.band = wire.connect(self.where.band)
        except RigError:
            self.band = None

    def _mind(self, status: Status) -> None:
        """Start from beat 0 of a count-in; stop when the band is off."""
        if status.state == "counting" and status.beat0_s is not None and self.begin_s is None:
            self.begin_s, self.next = status.beat0_s, 0
        elif status.state in ("off", "armed") and self.begin_s is not None:
            self.begin_s = None
            self._let_go()

    def _play_due(self) -> float:
        """Send every key that is due; returns the seconds until the next one."""
        assert self.begin_s is not None
        while True:
            event = self.events[self.next]
            due_s = self.begin_s + event.time_s
            left_s = due_s - time.perf_counter()
            if left_s > 0:
                return left_s
            if self.sound is not None:
                self.sound.send(replace(event, time_s=due_s, port=PORT))
            self.next += 1
            if self.next == len(self.events):
                self.next = 0
                self.begin_s += self.demo.length_s

    def _let_go(self) -> None:
        """Lift every finger and the pedal."""
        if self.sound is None:
            return
        now_s = time.perf_counter()
        down = {event.pitch for event in self.events if isinstance(event, NoteOn)}
        self.sound.send(Control(now_s, 64, 0, PORT))
        for pitch in sorted(down):
            self.sound.send(NoteOff(now_s, pitch, PORT))


def run(where: Places, name: str, heartbeat: MutableSequence[float]) -> None:
    """Entry of the demo process."""
    player = DemoPlayer(where, name)
    player.open()
    while True:
        player.step()
        beat(heartbeat)
