"""The ledger: what the sends of a band add up to, note by note. For rehearsals and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bandmate.events import Hush, Off, On, Panic, Replace, Revoke, Send


@dataclass(slots=True)
class Played:
    """One note as it sounded: seconds on the performer's clock; `off_s` None while it sounds."""

    part: str
    on_s: float
    pitch: int
    velocity: int
    heard_s: float
    off_s: float | None = None

    @property
    def recency_s(self) -> float:
        """How old the newest thing is that this note could know of."""
        return self.on_s - self.heard_s


class Ledger:
    """Keeps the books as a sound process would: replace and revoke hold until a note is due."""

    def __init__(self) -> None:
        self.notes: dict[int, Played] = {}

    def book(self, now_s: float, sends: Iterable[Send]) -> None:
        """Enter the sends of one step."""
        for send in sends:
            if isinstance(send, On):
                self.notes[send.id] = Played(send.part, send.time_s, send.pitch, send.velocity, send.heard_s)
            elif isinstance(send, Off):
                self._end(send.id, send.time_s)
            elif isinstance(send, Replace):
                note = self.notes.get(send.id)
                if note is not None and note.on_s > now_s:
                    note.pitch, note.heard_s = send.pitch, send.heard_s
            elif isinstance(send, Revoke):
                if send.id in self.notes and self.notes[send.id].on_s > now_s:
                    del self.notes[send.id]
                else:
                    self._end(send.id, now_s)
            elif isinstance(send, Hush | Panic):
                part = send.part if isinstance(send, Hush) else ""
                self._hush(now_s, part)

    def _end(self, key: int, time_s: float) -> None:
        note = self.notes.get(key)
        if note is not None and (note.off_s is None or note.off_s > time_s):
            note.off_s = max(time_s, note.on_s)

    def _hush(self, now_s: float, part: str) -> None:
        for key, note in list(self.notes.items()):
            if part in ("", note.part) and (note.off_s is None or note.off_s > now_s):
                if note.on_s > now_s:
                    del self.notes[key]
                else:
                    note.off_s = now_s

    @property
    def hanging(self) -> int:
        """Notes that nobody ended."""
        return sum(note.off_s is None for note in self.notes.values())

    def played(self) -> list[Played]:
        """Every note, in the order in which they sound."""
        return sorted(self.notes.values(), key=lambda note: (note.on_s, note.part, note.pitch))
