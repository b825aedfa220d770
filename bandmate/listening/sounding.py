"""What sounds under the performer's hands and foot: keys, sustain and sostenuto pedal.

Runs in the band process; imports events only. A key is known by port, channel and pitch, so a repeated
note-on is the same key, and a lost port lets go of all of its keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bandmate.events import Control, Event, NoteOff, NoteOn, PortLost
from bandmate.listening.accents import DRUM_CHANNEL

SUSTAIN, SOSTENUTO = 64, 66
ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123
DOWN = 64  # a pedal at or above this value is down
RING_S = 12.0  # a pedalled string is no longer heard after this
STUCK_S = 60.0  # nor is a key: its note-off was lost

Key = tuple[str, int, int]  # port, channel, pitch
Foot = tuple[str, int]  # port, channel


@dataclass(slots=True)
class Tone:
    """A string that sounds."""

    pitch: int
    velocity: int
    struck_s: float
    fingered: bool = True  # a finger is on it
    caught: bool = False  # by the sostenuto pedal
    let_go_s: float = 0.0


class Sounding:
    """Every tone that sounds now; drums don't sound on."""

    def __init__(self) -> None:
        self.tones: dict[Key, Tone] = {}
        self._sustained: set[Foot] = set()
        self._held: tuple[int, ...] | None = None

    def hear(self, events: Iterable[Event]) -> list[NoteOn]:
        """Take in what happened, in order; returns the notes struck."""
        struck: list[NoteOn] = []
        for event in events:
            self._held = None
            if isinstance(event, NoteOn) and event.velocity > 0:
                struck.append(event)
                if event.channel != DRUM_CHANNEL:
                    key = (event.port, event.channel, event.pitch)
                    self.tones[key] = Tone(event.pitch, event.velocity, event.time_s)
            elif isinstance(event, NoteOn | NoteOff):
                self._let_go((event.port, event.channel, event.pitch), event.time_s)
            elif isinstance(event, Control):
                self._tread(event)
            elif isinstance(event, PortLost):
                self._drop(event.port)
        return struck

    def _let_go(self, key: Key, time_s: float) -> None:
        tone = self.tones.get(key)
        if tone is None:
            return
        tone.fingered, tone.let_go_s = False, time_s
        if key[:2] not in self._sustained and not tone.caught:
            del self.tones[key]

    def _tread(self, control: Control) -> None:
        foot = (control.port, control.channel)
        mine = [(key, tone) for key, tone in self.tones.items() if key[:2] == foot]
        if control.number == SUSTAIN and control.value >= DOWN:
            self._sustained.add(foot)
        elif control.number == SUSTAIN:
            self._sustained.discard(foot)
            self._mute(key for key, tone in mine if not tone.fingered and not tone.caught)
        elif control.number == SOSTENUTO:
            down = control.value >= DOWN
            for _, tone in mine:
                tone.caught = down and (tone.fingered or tone.caught)
            if not down and foot not in self._sustained:
                self._mute(key for key, tone in mine if not tone.fingered)
        elif control.number in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            self._mute(key for key, _ in mine)

    def _mute(self, keys: Iterable[Key]) -> None:
        for key in list(keys):
            self.tones.pop(key, None)

    def _drop(self, port: str) -> None:
        self._mute(key for key in self.tones if key[0] == port)
        self._sustained = {foot for foot in self._sustained if foot[0] != port}

    def fade(self, now_s: float) -> None:
        """Forget pedalled strings that have rung out, and keys that hang."""
        if not self.tones:
            return
        faded = [
            key
            for key, tone in self.tones.items()
            if now_s - tone.struck_s > (STUCK_S if tone.fingered else RING_S)
        ]
        if faded:
            self._held = None
            self._mute(faded)

    @property
    def held(self) -> tuple[int, ...]:
        """Pitches sounding, pedal included, lowest first."""
        if self._held is None:
            self._held = tuple(sorted({tone.pitch for tone in self.tones.values()}))
        return self._held
