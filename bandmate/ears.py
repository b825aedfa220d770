"""The ears process: what the microphones hear becomes strokes, notes and hues, and goes to the band.

Owns the input device (`ports/capture.py`), the analysis (`listening/audio`, the only loader of aubio) and the
door `NAME.ears`, at which the band asks to be told. One thread: the device's callback only copies. Nobody
waits for the ears: when they fall behind, or die, the band plays on without them.
"""

from __future__ import annotations

import gc
import select
import signal
import sys
import time
from collections.abc import Callable, MutableSequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from bandmate import patch as patches
from bandmate import wire
from bandmate.events import Command, EarsReady, Event
from bandmate.heart import beat
from bandmate.patch import Microphone
from bandmate.places import places
from bandmate.ports.capture import Capture
from bandmate.ports.intake import Float

POLL_S = 0.005  # between two looks at the microphones
LATE_S = 0.05  # sound that waits longer than this comes late
READY_S = 1.0  # at most so often are changed counters told
SWITCH_S = 0.0005  # the callback gets Python's lock so soon


class Understanding(Protocol):
    """What makes events of sound: `listening.audio.analysis.Analysis`."""

    def hear(self, block: Float, end_s: float) -> list[Event]:
        """What a block (frame, channel) that ended at `end_s` says."""


Understand = Callable[[int, tuple[Microphone, ...], float], Understanding]


class Ears:
    """Joins the input device, the analysis and those who listen to us."""

    def __init__(
        self, microphones: tuple[Microphone, ...], capture: Capture, door: wire.Door, understand: Understand
    ) -> None:
        self.microphones, self.capture, self.door = microphones, capture, door
        self.understand = understand
        self.guests: list[wire.Wire] = []
        self.stopped = False
        self.late = 0
        self._analysis: Understanding | None = None
        self._fresh: list[wire.Wire] = []  # guests that know nothing yet
        self._told = EarsReady(0.0)
        self._told_s = 0.0

    def round(self) -> None:
        """Look after doors and device, and pass on what was heard."""
        self._serve()
        now_s = time.perf_counter()
        if self.capture.watch(now_s):
            self._analysis = None  # another device, perhaps at another rate
        heard = self.capture.read()
        if heard is not None:
            self._hear(*heard)
        self._tell(now_s)

    def _serve(self) -> None:
        """Let guests in; who says `quit` ends us. Sleeps a moment, unless sound is waiting."""
        behind = self.capture.intake is not None and self.capture.intake.waiting > 0
        ends: list[Any] = [self.door, *self.guests]
        ready, _, _ = select.select(ends, [], [], 0.0 if behind else POLL_S)
        for end in ready:
            if isinstance(end, wire.Wire):
                said = end.receive()
                self.stopped |= any(isinstance(word, Command) and word.name == "quit" for word in said)
            elif (visitor := self.door.accept()) is not None:
                self.guests.append(visitor)
                self._fresh.append(visitor)
        for guest in self.guests:
            if not guest.open:
                guest.close()
        self.guests = [guest for guest in self.guests if guest.open]

    def _hear(self, block: Float, end_s: float) -> None:
        intake = self.capture.intake
        assert intake is not None
        if self._analysis is None:
            start_s = end_s - len(block) / intake.rate_hz
            self._analysis = self.understand(intake.rate_hz, self.microphones, start_s)
        for event in self._analysis.hear(block, end_s):
            for guest in self.guests:
                guest.send(event)
        self.late += intake.waiting > LATE_S * intake.rate_hz

    def _ready(self, now_s: float) -> EarsReady:
        capture, intake = self.capture, self.capture.intake
        return EarsReady(
            now_s, capture.description if intake else "", intake.rate_hz if intake else 0,
            intake.latency_s if intake else 0.0, capture.stumbles, capture.overruns, self.late, capture.fault,
        )  # fmt: skip

    def _tell(self, now_s: float) -> None:
        """Another device or a fault at once, counters now and then, and how we are to who has just come."""
        ready, told = self._ready(now_s), self._told
        urgent = (ready.device, ready.fault) != (told.device, told.fault)
        grown = now_s - self._told_s > READY_S and replace(ready, time_s=told.time_s) != told
        listeners, self._fresh = self._fresh, []
        if urgent or grown:
            self._told, self._told_s = ready, now_s
            listeners = self.guests
        for guest in listeners:
            guest.send(ready)

    def close(self) -> None:
        """Nobody is told any more."""
        for guest in self.guests:
            guest.flush()
            guest.close()
        self.door.close()
        self.capture.close()


def run(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the ears process: runs until a Command `quit` or a termination signal."""
    from bandmate.listening.audio.analysis import Analysis  # here and nowhere else: it loads aubio

    sys.setswitchinterval(SWITCH_S)
    patch = patches.parse(plan["table"], Path(f"{plan['patch']}.toml"))
    channels = max(microphone.channel for microphone in patch.microphones)
    capture = Capture(patch.audio_in, channels, f"{plan['sound']['client']}-ears")
    ears = Ears(patch.microphones, capture, wire.Door(places(rig).ears), Analysis)

    def stop(*_: object) -> None:
        ears.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ears.door.open()
    gc.collect()
    gc.freeze()
    try:
        while not ears.stopped:
            ears.round()
            beat(heartbeat)
    finally:
        ears.close()
