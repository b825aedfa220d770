"""Gauges: how loud everybody plays, and which notes were new since the last snapshot.

Read off the notes that go out and the keys that come in, so that an instrument at a port has a meter, too.
Shown only: nothing that sounds depends on it. Pure state inside `Band.step`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bandmate.events import Attack, NoteOff, NoteOn, On, PortLost, Replace, Revoke, Send

if TYPE_CHECKING:
    from bandmate.band import Band

Row = tuple[str, int, float, float, int]
LOUDEST = 127.0
FALL_S = 0.35  # a meter falls to a third in this time
HELD = 0.6  # of its stroke: what a note that is held shows
YOU, MAIN = "you", "main"
MOST = 200  # notes in one snapshot


class Gauges:
    """Meters of the parts, of the performer and of the whole band, and the notes for the piano roll."""

    def __init__(self) -> None:
        self._struck: dict[str, tuple[float, float]] = {}  # who: how loud, and when
        self._rows: dict[object, Row] = {}
        self._held: dict[tuple[str, int], tuple[float, int]] = {}  # the performer's keys: beat and velocity

    def book(self, band: Band, sends: list[Send]) -> None:
        """What goes out in this step, and what came in."""
        for send in sends:
            if isinstance(send, On):
                sound = band.scheduler.sounding.get(send.id)
                if sound is not None:
                    row = (send.part, send.pitch, sound.note.beat, sound.note.beats, send.velocity)
                    self._rows[send.id] = row
                self._strike(send.part, send.time_s, send.velocity)
            elif isinstance(send, Replace) and send.id in self._rows:
                part, _, beat, beats, velocity = self._rows[send.id]
                self._rows[send.id] = (part, send.pitch, beat, beats, velocity)
            elif isinstance(send, Revoke):
                self._rows.pop(send.id, None)
        for event in band.music:
            if isinstance(event, NoteOn):
                beat = band.transport.beatmap.beat_at(event.time_s)
                self._held[event.port, event.pitch] = beat, event.velocity
                self._rows[YOU, event.pitch, beat] = (YOU, event.pitch, beat, 0.0, event.velocity)
                self._strike(YOU, event.time_s, event.velocity)
            elif isinstance(event, NoteOff):
                beat, velocity = self._held.pop((event.port, event.pitch), (0.0, 0))
                if velocity:
                    beats = max(0.01, band.transport.beatmap.beat_at(event.time_s) - beat)
                    self._rows[YOU, event.pitch, beat] = (YOU, event.pitch, beat, beats, velocity)
            elif isinstance(event, PortLost):  # its keys will never be said to come up
                self._held = {key: stroke for key, stroke in self._held.items() if key[0] != event.port}
            elif isinstance(event, Attack):
                self._strike(YOU, event.time_s, event.strength * LOUDEST)

    def _strike(self, who: str, time_s: float, velocity: float) -> None:
        self._struck[who] = max(velocity / LOUDEST, self._now(who, time_s)), time_s

    def _now(self, who: str, now_s: float) -> float:
        loud, struck_s = self._struck.get(who, (0.0, now_s))
        return loud * math.exp(-max(0.0, now_s - struck_s) / FALL_S)

    def levels(self, band: Band, now_s: float) -> dict[str, float]:
        """How loud everybody is, 0..1, by strokes and faders; what is held sounds on."""
        held = dict.fromkeys(band.patch.parts, 0.0)
        for sound in band.scheduler.sounding.values():
            part = sound.note.part
            if part in held and part != "drums" and sound.off_s is None:
                held[part] = max(held[part], HELD * sound.note.velocity / LOUDEST)
        params = band.params
        found = {
            part: min(1.0, max(self._now(part, now_s), loud) * float(params[f"part/{part}/level"]))
            for part, loud in held.items()
        }  # fmt: skip
        own = max((HELD * velocity / LOUDEST for _, velocity in self._held.values()), default=0.0)
        found[YOU] = min(1.0, max(self._now(YOU, now_s), own) * float(params["performer"]))
        whole = math.sqrt(sum(level * level for level in found.values()))
        found[MAIN] = min(1.0, whole * float(params["master"]))
        return {who: round(level, 3) for who, level in found.items()}

    def taken(self) -> tuple[Row, ...]:
        """The notes since the last snapshot."""
        rows = [(part, pitch, round(at, 3), round(beats, 3), velocity)
                for part, pitch, at, beats, velocity in list(self._rows.values())[-MOST:]]  # fmt: skip
        self._rows.clear()
        return tuple(rows)
