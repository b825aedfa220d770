"""The timed sender: band notes out of MIDI ports, each at its time.

One thread waits for the next due stroke; `take` may be called from any thread. Imports only the
bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from bandmate.events import Off, On
from bandmate.ports.instruments import Way
from bandmate.ports.priority import take_priority
from bandmate.ports.sounding import LONGEST_S, Ending, Sounding, Stroke

PRIORITY = 49
Send = Callable[[str, bytes], None]


class Sender:
    """The band's notes on their ways."""

    def __init__(
        self, ways: dict[str, list[Way]], send: Send, leads_s: dict[str, float] | None = None
    ) -> None:
        self.ways = ways
        self.send = send
        self.leads_s = leads_s or {}
        self._sent: dict[tuple[str, int], list[Way]] = {}  # where each note that sounds was sent
        self.table = Sounding(LONGEST_S)
        self.scheduling = "normal"
        self.lateness_s: deque[float] = deque(maxlen=20000)  # handed to the driver minus due, newest last
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def open(self) -> Sender:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="midi-sender", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop the thread; what still sounds must be ended before."""
        with self._change:
            self._stopped = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(1.0)

    def __enter__(self) -> Sender:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, time_s: float, send: On | Ending, owner: int = 0) -> None:
        """A send for a part with a MIDI port, to happen at `time_s`."""
        if isinstance(send, On) and not self.ways.get(send.part):
            return
        with self._change:
            self._play(self.table.take(time_s - self._lead_s(send, owner), send, owner))
            self._change.notify()

    def reroute(self, ways: dict[str, list[Way]], leads_s: dict[str, float]) -> None:
        """Other ways for the notes to come; what sounds ends where it began."""
        with self._change:
            self.ways, self.leads_s = ways, leads_s

    def sounding(self) -> int:
        """How many notes sound."""
        return len(self.table.sounding)

    def _lead_s(self, send: On | Ending, owner: int) -> float:
        """A note and its end leave early by the same amount; what happens now happens now."""
        if isinstance(send, Off):
            key = (owner, send.id)
            note = self.table.waiting.get(key) or self.table.sounding.get(key)
        else:
            note = send if isinstance(send, On) else None
        return self.leads_s.get(note.part, 0.0) if note else 0.0

    def _run(self) -> None:
        self.scheduling = take_priority(PRIORITY)
        with self._change:
            while not self._stopped:
                now_s = time.perf_counter()
                strokes = self.table.due(now_s)
                self._play(strokes)
                handed_s = time.perf_counter()
                self.lateness_s.extend(handed_s - stroke.when for stroke in strokes)
                due_s = self.table.next_due()
                wait_s = None if due_s is None else due_s - time.perf_counter()
                if wait_s is None or wait_s > 0:
                    self._change.wait(wait_s)

    def _play(self, strokes: list[Stroke]) -> None:
        for stroke in strokes:
            note = (stroke.part, stroke.pitch)
            ways = self.ways.get(stroke.part, []) if stroke.velocity else self._sent.pop(note, [])
            if stroke.velocity:
                self._sent[note] = ways
            for port, channel in ways:
                status = (0x90 if stroke.velocity else 0x80) | channel
                self.send(port, bytes((status, stroke.pitch & 0x7F, stroke.velocity & 0x7F)))
