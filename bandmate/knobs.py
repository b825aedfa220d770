"""Knobs: what the performer's controllers, keys and programs move, by the rows of their maps.

An event goes in, commands come out, so a take that holds the event replays exactly. Pure state inside
`Band.step`; imports only the bottom layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bandmate import controls, maps
from bandmate.controls import Param, Value, share_of, steps_of, value_at
from bandmate.events import Command, Control, Event, NoteOff, NoteOn, Program
from bandmate.maps import DATA_LSB, DATA_MSB, LSB, NRPN_LSB, NRPN_MSB, RELATIVE, Row

PRESS, RELEASE = (
    64,
    48,
)  # a button or pedal is down from the one on, and up below the other: half-pedals flutter
SEVEN_BITS, FOURTEEN_BITS = 127, 16383
NEAR = 2.5 / SEVEN_BITS  # a knob so near to the parameter has met it
CLICKS = 100  # of an endless knob, from one end to the other
SAME = 1e-6
SOURCE = "hands"
CUE = "cue"
Played = Control | NoteOn | NoteOff | Program
Numbers = tuple[int, int, int, int]  # selected NRPN (MSB, LSB), and its data (MSB, LSB)


@dataclass(slots=True)
class Stand:
    """Where the thing of a row stands."""

    share: float | None = None  # of its way, 0 to 1
    left: Value | None = None  # what it set last
    down: bool = False
    value: int = -1


class Knobs:
    """The maps of an evening, and where everything stands."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._take(maps.ordered(rows))
        self.learnt: tuple[Row, ...] = ()  # while the band ran
        self.forgotten: tuple[str, ...] = ()
        self._stands: dict[tuple[str, str, int, int, int], Stand] = {}
        self._fine: dict[
            tuple[str, int, int], tuple[int, bool]
        ] = {}  # coarse part, and whether finer ones come
        self._nrpn: dict[tuple[str, int], Numbers] = {}

    # -------------------------------------------------------------- whose it is

    def owns(self, event: Event) -> bool:
        """Whether an event moves something, and is no music."""
        if isinstance(event, Program):
            return self._row("program", event.number, event) is not None
        if isinstance(event, NoteOn | NoteOff):
            return self._row("note", event.pitch, event) is not None
        if not isinstance(event, Control):
            return False
        there = self._controls.get(event.number, ())
        return any(maps.is_of(device, channel, event.port, event.channel) for device, channel in there)

    def _take(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows
        self._controls: dict[int, list[tuple[str, int]]] = {}  # which controllers steer: device and channel
        for device, kind, number, channel in maps.claims(rows):
            if kind == "control":
                self._controls.setdefault(number, []).append((device, channel))

    def _row(self, trigger: str, number: int, event: Played) -> Row | None:
        rows = (row for row in self.rows if (row.trigger, row.number) == (trigger, number))
        return next((row for row in rows if row.of(event.port, event.channel)), None)

    def learn(self, row: Row) -> None:
        """Another row, before all others."""
        self.learnt = maps.ordered([row], self.learnt)
        self._take(maps.ordered([row], (one for one in self.rows if not _same_thing(one, row))))
        self._stands.pop(row.place, None)

    def forget(self, name: str) -> bool:
        """Nothing moves this any more; whether anything did."""
        left = tuple(row for row in self.rows if row.to != name)
        if len(left) == len(self.rows):
            return False
        self._take(left)
        self.learnt = tuple(row for row in self.learnt if row.to != name)
        if name not in self.forgotten:
            self.forgotten = (*self.forgotten, name)
        return True

    def release(self, port: str) -> None:
        """A device is gone: what it held down is up, and its knobs must be met anew."""
        for row in self.rows:
            if row.device.lower() in port.lower():
                self._stands.pop(row.place, None)

    # -------------------------------------------------------------- what it does

    def move(self, event: Played, params: Mapping[str, Value]) -> tuple[list[Command], list[bool]]:
        """Commands, and how the one switch was trodden on: down is True, up is False."""
        found = self._moved(event)
        if found is None:
            return [], []
        row, value, whole = found
        if row.to == CUE:
            return [], self._trodden(row, value * SEVEN_BITS // whole, event)
        wanted = self._wanted(row, value, whole, event, params)
        return ([] if wanted is None else [Command(event.time_s, row.to, wanted[0], SOURCE)]), []

    def _moved(self, event: Played) -> tuple[Row, int, int] | None:
        """The row that an event moves, where its thing stands, and the most that it could be."""
        if isinstance(event, Program):
            row = self._row("program", event.number, event)
            return None if row is None else (row, SEVEN_BITS, SEVEN_BITS)
        if isinstance(event, NoteOn | NoteOff):
            row = self._row("note", event.pitch, event)
            return None if row is None else (row, SEVEN_BITS * isinstance(event, NoteOn), SEVEN_BITS)
        return self._nrpn_moved(event) or self._control_moved(event)

    def _control_moved(self, event: Control) -> tuple[Row, int, int] | None:
        for row in self.rows:
            if row.trigger != "control" or not row.of(event.port, event.channel):
                continue
            if row.kind == "fine" and event.number in (row.number, row.number + LSB):
                value = self._fine_value(row.number, event)
                return None if value is None else (row, value, FOURTEEN_BITS)
            if row.number == event.number and row.at in (-1, event.value):
                return row, SEVEN_BITS if row.at >= 0 else event.value, SEVEN_BITS
        return None

    def _fine_value(self, number: int, event: Control) -> int | None:
        """Two controllers as one value; a coarse part alone waits for its finer one, where those come."""
        key = (event.port, event.channel, number)
        coarse, finer = self._fine.get(key, (0, False))
        if event.number == number:
            self._fine[key] = (event.value, finer)
            return None if finer else event.value << 7
        self._fine[key] = (coarse, True)
        return coarse << 7 | event.value

    def _nrpn_moved(self, event: Control) -> tuple[Row, int, int] | None:
        if event.number not in (NRPN_MSB, NRPN_LSB, DATA_MSB, DATA_LSB):
            return None
        key = (event.port, event.channel)
        msb, lsb, coarse, fine = self._nrpn.get(key, (-1, -1, 0, 0))
        if event.number == NRPN_MSB:
            msb, coarse, fine = event.value, 0, 0
        elif event.number == NRPN_LSB:
            lsb, coarse, fine = event.value, 0, 0
        elif event.number == DATA_MSB:
            coarse, fine = event.value, 0
        else:
            fine = event.value
        self._nrpn[key] = (msb, lsb, coarse, fine)
        row = self._row("nrpn", msb << 7 | lsb, event) if min(msb, lsb) >= 0 else None
        if row is None or event.number in (NRPN_MSB, NRPN_LSB):
            return None
        return row, coarse << 7 | fine, FOURTEEN_BITS

    def _wanted(self, row: Row, value: int, whole: int, event: Played,
                params: Mapping[str, Value]) -> tuple[Value | None] | None:  # fmt: skip
        """What the parameter or action is to be (an action: None), in brackets; None: nothing."""
        param = controls.BY_NAME.get(row.to)
        if param is None or (row.to in controls.ACTION_NAMES and row.value is None):
            pressed = True in self._trodden(row, value * SEVEN_BITS // whole, event)
            return (None,) if pressed else None
        now = params[row.to]
        if row.kind in RELATIVE:
            return self._turned(row, param, _clicks(row.kind, value), now)
        keys = row.trigger in ("note", "program") or row.kind in ("button", "toggle")
        if keys or row.at >= 0 or row.value is not None:
            pressed = True in self._trodden(row, value * SEVEN_BITS // whole, event)
            return (_switched(row, param, now),) if pressed else None
        return self._met(row, param, value / whole, now)

    def _trodden(self, row: Row, value: int, event: Played) -> list[bool]:
        """Down as True, up as False. What says nothing as it comes up is down for no time at all."""
        stand = self._stands.setdefault(row.place, Stand())
        before, stand.value = stand.value, value
        if isinstance(event, Program) or row.at >= 0 or row.kind == "toggle":
            return [True, False]
        if stand.down and value >= PRESS and value == before:  # a switch that never says that it comes up
            return [False, True]
        if not stand.down and value >= PRESS:
            stand.down = True
            return [True]
        if stand.down and value < RELEASE:
            stand.down = False
            return [False]
        return []

    def _met(self, row: Row, param: Param, share: float, now: Value) -> tuple[Value] | None:
        """A knob at a place of its way: takes over once it has met the parameter, and holds on to it."""
        stand = self._stands.setdefault(row.place, Stand())
        before, stand.share = stand.share, share
        here = _along(row, param, now)
        holds = stand.left is not None and _is(stand.left, now)
        crossed = before is not None and (before - here) * (share - here) <= 0
        if row.pickup and not (holds or crossed or abs(share - here) <= NEAR):
            stand.left = None
            return None
        wanted = _value(row, param, share)
        stand.left = wanted
        return None if _is(wanted, now) else (wanted,)

    def _turned(self, row: Row, param: Param, clicks: int, now: Value) -> tuple[Value] | None:
        """An endless knob: from where the parameter is, a click at a time; steps are never lost."""
        stand = self._stands.setdefault(row.place, Stand())
        goes_on = stand.share is not None and stand.left is not None and _is(stand.left, now)
        share = stand.share if goes_on and stand.share is not None else _along(row, param, now)
        steps = steps_of(param)
        stand.share = max(0.0, min(1.0, share + clicks / (steps if 0 < steps < CLICKS else CLICKS)))
        wanted = stand.left = _value(row, param, stand.share)
        return None if _is(wanted, now) else (wanted,)


def _same_thing(one: Row, other: Row) -> bool:
    """Whether two rows are of the same knob or key, however their devices are called."""
    return (one.trigger, one.number, one.at) == (other.trigger, other.number, other.at) and (
        one.device.lower() in other.device.lower() and one.channel in (0, other.channel)
    )


def _clicks(kind: str, value: int) -> int:
    """What an endless knob says: so many clicks up, or down."""
    if kind == "twos":
        return value - 128 if value > 64 else value
    if kind == "offset":
        return value - 64
    return -(value - 64) if value > 64 else value


def _switched(row: Row, param: Param, now: Value) -> Value:
    """What a button sets: its own value, else the next of the steps, or the other end."""
    if row.value is not None:
        return row.value
    steps = steps_of(param)
    if steps > 1:
        following = round(share_of(param, now) * steps) + 1
        return value_at(param, (following % (steps + 1)) / steps)
    return _value(row, param, 0.0 if _along(row, param, now) > 0.5 else 1.0)


def _value(row: Row, param: Param, share: float) -> Value:
    """The parameter's value at a share of the row's own way."""
    low, high = _ends(row, param)
    return value_at(param, low + (high - low) * share)


def _along(row: Row, param: Param, now: Value) -> float:
    """Where on the row's own way the parameter is; beyond its ends too."""
    low, high = _ends(row, param)
    return (share_of(param, now) - low) / (high - low) if high != low else 0.0


def _ends(row: Row, param: Param) -> tuple[float, float]:
    low = 0.0 if row.low is None else share_of(param, row.low)
    high = 1.0 if row.high is None else share_of(param, row.high)
    return low, high


def _is(one: Value, other: Value) -> bool:
    """Whether two values are one."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return abs(one - other) < SAME
