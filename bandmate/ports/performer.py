"""The performer's own keys: from any port or client to the synth, to zones outside, to every listener.

Called by MIDI callbacks, the main thread and the plugging thread; one key at a time. Goes on when
band, model and console have died. Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bandmate.events import Claim, ClockWord, Control, NoteOff, NoteOn, Program
from bandmate.maps import claims, is_of
from bandmate.patch import Patch, Zone
from bandmate.ports import midi
from bandmate.ports.midi import Echoes
from bandmate.ports.thru import Keys, Move, Played, Thru

Send = Callable[[str, bytes], None]
Post = Callable[[float, Any], None]
Report = Callable[[Any], None]


class Performer:
    """Whose keys always sound: `post` is the way to the synth, `send` to a port, `report` to listeners."""

    def __init__(self, plan: Patch, echoes: Echoes, send: Send, post: Post, report: Report) -> None:
        self.reversed_pedals, self.echoes = frozenset(plan.reversed_pedals), echoes
        self.send, self.post, self.report = send, post, report
        self._keys = Keys(plan.tap_control)
        self._thru = Thru(plan, external=True)
        self.clock_in = plan.clock_in
        self.claim(Claim(claims(plan.controls)))
        self._turn = threading.Lock()

    def hear(self, port: str, message: bytes, time_s: float) -> None:
        """A MIDI callback: what came in on a port; our own notes come back are dropped."""
        if self.echoes.is_echo(midi.device(port), message, time_s):
            return
        event = midi.heard(message, time_s, port)
        if isinstance(event, ClockWord):
            if self.clock_in and midi.matches(self.clock_in, [port]):
                self.report(event)
            return
        if isinstance(event, Program):
            self.report(event)
            return
        if isinstance(event, Control) and event.number in self.reversed_pedals:
            event = replace(event, value=127 - event.value)
        if event is not None:
            self.play(event)

    def play(self, event: Played) -> None:
        """A key, pedal or wheel; one that steers sounds nowhere, and listeners are told of it."""
        with self._turn:
            if self._steers(event):
                self.report(event)
            else:
                self._pass_on(self._keys.play(event))

    def claim(self, claim: Claim) -> None:
        """From here on these keys and controllers steer; keys and pedals that are down now still end."""
        found: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for device, kind, number, channel in claim.rows:
            found.setdefault((kind, number), []).append((device, channel))
        self._claimed = found

    def _steers(self, event: Played) -> bool:
        """Whether a key or a controller is claimed; a key that sounds or a pedal is let go of as ever."""
        if isinstance(event, NoteOff | Control) and self._keys.holds(event):
            return False
        if isinstance(event, NoteOn | NoteOff):
            key = ("note", event.pitch)
        elif isinstance(event, Control):
            key = ("control", event.number)
        else:
            return False
        there = self._claimed.get(key, ()) if self._claimed else ()
        return any(is_of(device, channel, event.port, event.channel) for device, channel in there)

    def release(self, port: str) -> bool:
        """A port's player is gone: its keys are let go of. Whether there were any."""
        with self._turn:
            played = self._keys.release(port, time.perf_counter())
            self._pass_on(played)
        return any(isinstance(event, NoteOff) for event in played)

    def release_all(self) -> None:
        """We are going: every key of every port is let go of."""
        for port in list(self._keys.ports):
            self.release(port)

    def release_forgotten(self, port: str, patience_s: float) -> bool:
        """Let go of keys that a port holds but hasn't spoken of for long."""
        return self._keys.forgotten(port, time.perf_counter(), patience_s) and self.release(port)

    def take(self, zones: Sequence[Zone]) -> None:
        """Other zones outside; what is held ends where it began."""
        with self._turn:
            self._move(self._thru.take(zones))

    def transpose(self, semitones: int) -> None:
        """Zones outside sound higher or lower, from the next key on."""
        with self._turn:
            self._thru.transpose = semitones

    def silence(self) -> None:
        """Panic: nothing of the performer sounds on any zone."""
        with self._turn:
            self._move(self._thru.silence())

    def _pass_on(self, played: list[Played]) -> None:
        for event in played:
            self._move(self._thru.play(event))
            self.post(event.time_s, event)
            self.report(event)

    def _move(self, moves: list[Move]) -> None:
        for move in moves:
            self.send(move.way[0], as_midi(move))


def as_midi(move: Move) -> bytes:
    """A move of a zone as a MIDI message."""
    channel = move.way[1]
    if move.kind == "bend":
        bend = move.value + 8192
        return bytes((0xE0 | channel, bend & 0x7F, bend >> 7))
    status = {"on": 0x90, "off": 0x80, "control": 0xB0}[move.kind]
    return bytes((status | channel, move.number & 0x7F, move.value & 0x7F))
