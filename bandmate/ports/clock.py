"""MIDI clock out: the band's clock as 24 ticks a beat, start, stop, continue and song position.

`Ticks` says what is due when, by the newest `Pace`; it is pure. `ClockOut` waits for it in a thread of its
own; `take` may be called from any thread. Ticks go on while nothing plays, so that a receiver knows the tempo
before it starts. Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from bandmate.events import Pace
from bandmate.ports.priority import take_priority
from bandmate.timing import CLOCK_PPQ, PLACE_TICKS, BeatMap, beats_of_ticks, tick_from, tick_s, ticks

PRIORITY = 49
TICK, START, CONTINUE, STOP, PLACE = b"\xf8", b"\xfa", b"\xfb", b"\xfc", 0xF2
JUMP_BEATS = 0.25  # a clock that moves so far has jumped: the receiver is told where it is
CLOSEST = 0.5  # of a tick: no two ticks are nearer, however the clock moves
WORD_AHEAD = 0.5  # of a tick: so long before its tick a start is said
STALE_S = 0.25  # what is due longer ago is left out: the machine slept
MOST_PLACE = 16384  # song positions there are


class Ticks:
    """What a receiver of our clock is told, and when."""

    def __init__(self) -> None:
        self._line: BeatMap | None = None
        self._apart = 0  # how many ticks the place of a beat lies after it
        self._runs = False
        self._next = 0  # the next tick, counted from beat 0
        self._newest_s = -math.inf
        self._from: int | None = None  # the tick before which a place and a start are said

    def take(self, pace: Pace, now_s: float) -> list[bytes]:
        """The clock from now on; what is to be said at once."""
        before, line = self._line, BeatMap(pace.bpm, pace.beat, pace.time_s)
        apart = ticks(pace.place - pace.beat, CLOCK_PPQ)
        jumped = before is None or abs(line.beat_at(now_s) - before.beat_at(now_s)) > JUMP_BEATS
        self._line = line
        if jumped:
            self._next = tick_from(line.beat_at(now_s), CLOCK_PPQ)
        elsewhere = jumped or apart != self._apart
        self._apart = apart
        if pace.running:
            if elsewhere or not self._runs:
                self._aim()
            return []
        stops, self._runs, self._from = self._runs, False, None
        return [STOP] if stops else []

    def _aim(self) -> None:
        """The next place that a song position can name, not before the beginning."""
        place = max(0, self._next + self._apart + 1)
        self._from = math.ceil(place / PLACE_TICKS) * PLACE_TICKS - self._apart

    def next_due(self) -> float | None:
        """When something is to be said next."""
        due_s = self._tick_s()
        if due_s is not None and self._next == self._from and self._line is not None:
            return due_s - WORD_AHEAD * tick_s(self._line.bpm)
        return due_s

    def due(self, now_s: float) -> list[tuple[float, bytes]]:
        """Everything that is due by now: when it was, and what is said."""
        said: list[tuple[float, bytes]] = []
        while (due_s := self.next_due()) is not None and due_s <= now_s:
            if self._next == self._from:
                said += [(due_s, message) for message in self._begin(self._next + self._apart)]
                continue
            if now_s - due_s < STALE_S:
                said.append((due_s, TICK))
            self._newest_s = due_s
            self._next += 1
        return said

    def _begin(self, place: int) -> list[bytes]:
        """Where the next tick is, and that it goes on from there; who runs already is stopped before."""
        words = [STOP] if self._runs else []
        if place:
            step = place // PLACE_TICKS % MOST_PLACE
            words.append(bytes((PLACE, step & 0x7F, step >> 7)))
        self._from, self._runs = None, True
        return [*words, CONTINUE if place else START]

    def _tick_s(self) -> float | None:
        if self._line is None:
            return None
        due_s = self._line.time_at(beats_of_ticks(self._next, CLOCK_PPQ))
        return max(due_s, self._newest_s + CLOSEST * tick_s(self._line.bpm))


class ClockOut:
    """The thread that says it."""

    def __init__(self, send: Callable[[bytes, float], None]) -> None:
        self.send = send
        self.scheduling = "normal"
        self.lateness_s: deque[float] = deque(maxlen=20000)  # of ticks, handed to the driver minus due
        self._ticks = Ticks()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def open(self) -> ClockOut:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="midi-clock", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Say stop, and end the thread."""
        with self._change:
            self._stopped = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None
            self.send(STOP, time.perf_counter())

    def take(self, pace: Pace) -> None:
        """The band's clock from now on."""
        if self._thread is None:
            return
        with self._change:
            now_s = time.perf_counter()
            for message in self._ticks.take(pace, now_s):
                self.send(message, now_s)
            self._change.notify()

    def _run(self) -> None:
        self.scheduling = take_priority(PRIORITY)
        with self._change:
            while not self._stopped:
                for due_s, message in self._ticks.due(time.perf_counter()):
                    self.send(message, due_s)
                    if message == TICK:
                        self.lateness_s.append(time.perf_counter() - due_s)
                next_s = self._ticks.next_due()
                wait_s = None if next_s is None else next_s - time.perf_counter()
                if wait_s is None or wait_s > 0:
                    self._change.wait(wait_s)
