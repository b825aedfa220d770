"""Landing: commands that name the place on which they land, and what is to come until then.

The place is fixed when the command comes. A cue that asks for a bar line by itself is handed on a bar
before its place, so that a fill has room; everything else is carried out as the place is being decided.
Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bandmate.controls import CUES, TURNS
from bandmate.events import Command, Moment, Send

if TYPE_CHECKING:
    from bandmate.band import Band

LEAD_S = 0.035  # as in `Band`: a slot is decided so long before its first note may be sent
PHRASE_BARS = 4  # without a song, a section ends on every fourth bar line
FAR_BARS = 64
ONCE = frozenset({"fill", "break", "hits", "all-in"})  # asked twice for one place they are no more than one
SLIGHT = 1e-3


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command on its way: where it lands, and from which beat on it is carried out."""

    command: Command
    beat: float
    due_beat: float
    asked_s: float

    @property
    def name(self) -> str:
        """As a screen says it."""
        value = self.command.value
        if value is None:
            return self.command.name
        return f"{self.command.name} {value if isinstance(value, str) else f'{value:g}'}"


def wait(band: Band, now_s: float, command: Command) -> bool:
    """Whether a command has a place still to come; then it waits for it."""
    name = command.name
    cue = name in CUES or (name.endswith("/on") and float(command.value or 0) >= 0.5)
    placed = cue or name in TURNS or name.startswith("part/")
    if not placed or command.place in ("", "now") or not band.transport.running:
        return False
    if cue and command.place != "section":
        return False  # a bar line is its own place, and a beat is nearer: see `soon`
    transport = band.transport
    beat = transport.beatmap.beat_at(transport.frontier(now_s) + LEAD_S)
    line = _line(band, beat, command.place)
    due = line - transport.meter.bar_beats + SLIGHT if cue else line
    if command.value is not None or name in ONCE:  # asked again: the newest word counts
        band.pending = [one for one in band.pending if one.command.name != name or one.beat != line]
    band.pending.append(Waiting(command, line, due, now_s))
    return True


def _line(band: Band, beat: float, place: str) -> float:
    """The next beat, bar line or section line that can still be reached."""
    transport = band.transport
    if place == "beat":
        return transport.next_pulse(beat + SLIGHT)
    if place == "bar":
        return transport.next_bar(beat, SLIGHT)
    bar = transport.bar_of(beat)[0]
    if band.road.song is None:
        return transport.line_of((bar // PHRASE_BARS + 1) * PHRASE_BARS)
    for number in range(bar + 1, bar + FAR_BARS):
        spot = band.road.spot_of(number)
        if spot is None or spot.bar == 0:
            return transport.line_of(number)
    return transport.next_bar(beat, SLIGHT)


def land(band: Band, now_s: float, carry_out: Callable[[Band, float, Command], list[Send]]) -> list[Send]:
    """Carry out, as the steering does, the commands whose places have come."""
    transport, sends = band.transport, list[Send]()
    if not transport.running:
        if transport.state in ("off", "armed"):
            band.pending.clear()
        return sends
    beat = transport.beatmap.beat_at(transport.frontier(now_s) + LEAD_S)
    for waiting in [one for one in band.pending if one.due_beat <= beat + 1e-6]:
        band.pending.remove(waiting)
        early = waiting.due_beat < waiting.beat - 1e-6
        band.landing = None if early else waiting.beat
        sends += carry_out(band, now_s, waiting.command)
        band.landing = None
    return sends


def soon(band: Band, beat: float) -> float | None:
    """Where a command lands that doesn't wait for a bar line: the next eighth, or the next pulse."""
    if band.soon not in ("now", "beat"):
        return None
    ahead = beat + band.transport.beatmap.beats(band.transport.horizon_s + LEAD_S)
    return math.ceil(ahead * 2) / 2 if band.soon == "now" else band.transport.next_pulse(ahead)


def shown(band: Band, moment: Moment) -> tuple[tuple[str, float], ...]:
    """What is to come and where, the nearest first: commands on their way, figures, players, sections."""
    form, transport, turn = band.form, band.transport, band.road.turn
    found = [(one.name, one.beat) for one in band.pending]
    found += [(one.kind, one.beat) for one in form.figures if one.kind != "hit"]
    found += [(name, beat) for beat, _, name in form.turns if name]
    if form.end_beat is not None and form.ending:
        found.append((form.ending, form.end_beat))
    if form.trade is not None:
        found.append(("trade", transport.line_of(form.trade.first)))
        if form.trade.until is not None:
            found.append(("trade ends", transport.line_of(form.trade.until)))
    if turn is not None:
        found.append((band.road.section_of(turn[1]).name, transport.line_of(turn[0])))
    if band.night.segue_bar is not None:
        found.append(("next-song", transport.line_of(band.night.segue_bar)))
    return tuple(sorted((one for one in found if one[1] > moment.beat), key=lambda one: (one[1], one[0])))
