"""The table of sounding notes: which notes wait, which sound, and what ends each of them.

Pure, without a clock: `when` is seconds in the MIDI sender's thread and frames in the audio
callback; each has a table of its own. Late pitch binding lives here: `Replace` and `Revoke` work
until a note is due. Imports only the vocabulary.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

from bandmate.events import PARTS, Hush, Off, On, Panic, Replace, Revoke

LONGEST_S = 30.0  # nothing of the band sounds longer
MOST_NOTES = 2048  # waiting and sounding; more is a runaway band
Key = tuple[int, int]  # whose note (a client), and its id


@dataclass(frozen=True, slots=True)
class Leave:
    """A client went away: its notes end and what it asked for is forgotten."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A note begins (velocity 1..127) or ends (velocity 0) at `when`."""

    when: float
    part: str
    pitch: int
    velocity: int


Ending = Off | Replace | Revoke | Hush | Panic | Leave


class Sounding:
    """Every note that waits or sounds; asked again and again what is `due`."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.dropped = 0
        self.waiting: dict[Key, On] = {}
        self.sounding: dict[Key, On] = {}
        self._voices: dict[tuple[str, int], Key] = {}  # (part, pitch): the note that sounds there
        self._diary: list[tuple[float, bool, int, Key]] = []  # when, begins, order, note
        self._order = 0

    def take(self, when: float, send: On | Ending, owner: int = 0) -> list[Stroke]:
        """Note down a send; the strokes that it causes at once (a hush ends notes now)."""
        if isinstance(send, On):
            self._note_down(when, send, (owner, send.id))
        elif isinstance(send, Off):
            key = (owner, send.id)
            if key in self.waiting or key in self.sounding:
                self._write(when, False, key)
        elif isinstance(send, Replace):
            if note := self.waiting.get((owner, send.id)):
                self.waiting[owner, send.id] = replace(note, pitch=send.pitch)
        elif isinstance(send, Revoke):
            return self._end(when, [(owner, send.id)])
        elif isinstance(send, Leave):
            return self._end(when, [key for key in (*self.waiting, *self.sounding) if key[0] == owner])
        else:
            part = send.part if isinstance(send, Hush) else ""
            notes = (*self.waiting.items(), *self.sounding.items())
            return self._end(when, [key for key, note in notes if part in ("", note.part)])
        return []

    def due(self, until: float) -> list[Stroke]:
        """Everything that happens up to and including `until`, in order; ends before beginnings."""
        strokes: list[Stroke] = []
        while self._diary and self._diary[0][0] <= until:
            when, begins, _, key = heapq.heappop(self._diary)
            if not begins:
                strokes += self._end(when, [key])
            elif note := self.waiting.pop(key, None):
                strokes += self._strike(when, key, note)
        return strokes

    def next_due(self) -> float | None:
        """When something is to happen next, or None."""
        return self._diary[0][0] if self._diary else None

    def _note_down(self, when: float, note: On, key: Key) -> None:
        many = max(len(self.waiting) + len(self.sounding), len(self._diary) // 3)
        if key in self.waiting or key in self.sounding or many >= MOST_NOTES:
            self.dropped += 1
        else:
            self.waiting[key] = note
            self._write(when, True, key)

    def _write(self, when: float, begins: bool, key: Key) -> None:
        self._order += 1
        heapq.heappush(self._diary, (when, begins, self._order, key))

    def _strike(self, when: float, key: Key, note: On) -> list[Stroke]:
        former = self._voices.get((note.part, note.pitch))
        strokes = self._end(when, [former]) if former else []
        self.sounding[key] = note
        self._voices[note.part, note.pitch] = key
        self._write(when + self.longest, False, key)
        return [*strokes, Stroke(when, note.part, note.pitch, note.velocity)]

    def _end(self, when: float, keys: list[Key]) -> list[Stroke]:
        strokes = []
        for key in keys:
            self.waiting.pop(key, None)
            if note := self.sounding.pop(key, None):
                self._voices.pop((note.part, note.pitch), None)
                strokes.append(Stroke(when, note.part, note.pitch, 0))
        return strokes


def playable(send: On | Replace) -> bool:
    """Whether a note names a part, a pitch and a velocity; what a client sends isn't trusted."""
    if not isinstance(send.pitch, int) or not 0 <= send.pitch <= 127:
        return False
    if isinstance(send, Replace):
        return True
    return send.part in PARTS and isinstance(send.velocity, int) and 1 <= send.velocity <= 127
