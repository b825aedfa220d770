"""The learner: finds out from what arrives which knob, key or pedal it was, and how it speaks.

Somebody says what is to be moved, and moves something. A program is known at once; a key that is struck
alone, a moment later (keys among others are music, and go on being it). Of a controller a few messages say
whether it has ends (absolute, or 14 bits with a finer one), is endless (two's complement, around 64, or a
sign bit; best turned both ways) or a button. Pure state inside `Band.step`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

from bandmate import controls
from bandmate.events import Control, Event, NoteOn, Program
from bandmate.maps import (
    DATA_LSB,
    DATA_MSB,
    FINE_MOST,
    LSB,
    NRPN_LSB,
    NRPN_MSB,
    RELATIVE,
    Row,
    device_of,
)  # fmt: skip

QUIET_S = 0.5  # after so long a pause nothing more will be said
ENOUGH = 24  # messages say it all
FASTEST = 15  # clicks of an endless knob in one message
SUSTAIN = 64  # is music, whatever else happens
LEARNT = tuple(number for number in range(120) if number != SUSTAIN)  # the controllers that may be meant
REPEATS = 0.15  # so large a share of an endless knob's messages repeats the one before
Place = tuple[str, int]  # port and channel 0..15


@dataclass(slots=True)
class Heard:
    """What one controller said."""

    values: list[int] = field(default_factory=list)
    newest_s: float = 0.0


class Learner:
    """Waits for something that may move `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._heard: dict[tuple[Place, int], Heard] = {}
        self._nrpn: dict[Place, dict[int, int]] = {}
        self._row: Row | None = None
        self._key: NoteOn | None = None  # struck alone, as far as we know
        self._struck_s = -math.inf

    def hear(self, event: Event) -> bool:
        """Whether an event belongs to the lesson, and is no music."""
        if isinstance(event, NoteOn):
            among = event.time_s - self._struck_s < QUIET_S
            again = self._key is not None and self._key.pitch == event.pitch
            self._key = event if again or not among else None
            self._struck_s = event.time_s
            return False
        if isinstance(event, Program):
            self._row = self._row or self._plain("program", event.number, event)
        elif isinstance(event, Control) and event.number in LEARNT:
            place = (event.port, event.channel)
            if event.number in (NRPN_MSB, NRPN_LSB):
                self._nrpn.setdefault(place, {})[event.number] = event.value
            heard = self._heard.setdefault((place, event.number), Heard())
            heard.values.append(event.value)
            heard.newest_s = event.time_s
        else:
            return False
        return True

    def found(self, now_s: float) -> Row | None:
        """What was moved, once that is certain."""
        if self._key is not None and now_s - self._struck_s >= QUIET_S:
            return self._plain("note", self._key.pitch, self._key)
        if self._row is not None or not self._heard:
            return self._row
        newest_s = max(heard.newest_s for heard in self._heard.values())
        most = max(len(heard.values) for heard in self._heard.values())
        if now_s - newest_s < QUIET_S and most < ENOUGH:
            return None
        (place, number), heard = max(
            self._heard.items(), key=lambda entry: (len(set(entry[1].values)), len(entry[1].values))
        )
        row = self._named(place, number, heard)
        if row is None:  # nothing that could move it: wait for something else
            self._heard.clear()
        return row

    def _named(self, place: Place, number: int, heard: Heard) -> Row | None:
        port, channel = place
        selected = self._nrpn.get(place, {})
        data = (place, DATA_MSB) in self._heard or (place, DATA_LSB) in self._heard
        device, own = device_of(port), channel + 1
        if len(selected) == 2 and data and not self._is_action:
            number = selected[NRPN_MSB] << 7 | selected[NRPN_LSB]
            return Row(self.name, "nrpn", number, device, own)
        coarse = number - LSB if LSB <= number <= LSB + FINE_MOST else number
        if coarse <= FINE_MOST and {(place, coarse), (place, coarse + LSB)} <= set(self._heard):
            return Row(self.name, "control", coarse, device, own, "absolute" if self._is_action else "fine")
        kind = kind_of(heard.values)
        if self._is_action:
            endless = kind in RELATIVE and not set(heard.values) <= {0, 127}
            return None if endless else Row(self.name, "control", number, device, own, "button")
        return Row(self.name, "control", number, device, own, kind)

    @property
    def _is_action(self) -> bool:
        return self.name in controls.ACTION_NAMES

    def _plain(self, trigger: str, number: int, event: NoteOn | Program) -> Row:
        return Row(self.name, trigger, number, device_of(event.port), event.channel + 1)


def kind_of(values: list[int]) -> str:
    """How a controller speaks, by what it said: absolute, twos, offset, sign or button."""
    seen = set(values)
    up, above = _within(seen, 1, FASTEST), _within(seen, 65, 64 + FASTEST)
    down, below = _within(seen, 128 - FASTEST, 127), _within(seen, 64 - FASTEST, 63)
    repeats = sum(one == other for one, other in itertools.pairwise(values))
    again = repeats >= max(1, REPEATS * (len(values) - 1))
    if seen <= {0, 127} and not (seen == {127} and repeats > 1):
        return "button"
    if up | down == seen and (again or (up and down)):
        return "twos"
    if up | above == seen and up and above:
        return "sign"
    if below | above == seen and again:
        return "offset"
    return "absolute"


def _within(seen: set[int], low: int, high: int) -> set[int]:
    return {value for value in seen if low <= value <= high}
