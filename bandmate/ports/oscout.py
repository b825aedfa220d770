"""OSC out: what lights and visuals want to know, at musical moments, and what comes, some bars ahead.

Each message stands under `/bandmate/out/` (README, "OSC", lists them). Runs in the OSC process, which a slow
network may hold up, and never in the band's. Loads python-osc.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from bandmate.events import Status
from bandmate.ports.oscpacket import Argument, written
from bandmate.timing import Meter, period_s

OUT = "/bandmate/out/"
AHEAD_BARS = (8, 4, 2, 1)  # how early a section is announced
RUNNING = ("playing", "ending")
SILENT = ("off", "armed")
ANY_TIME = ("state", "song", "chord", "figure")  # said also where nothing plays


class OscOut:
    """Tells some places how the band is, as its statuses come in."""

    def __init__(self, places: Sequence[tuple[str, int]]) -> None:
        self.places = tuple(places)
        self.sent = self.failed = 0
        self._sock: socket.socket | None = None
        self._last: dict[str, tuple[Argument, ...]] = {}

    def open(self) -> OscOut:
        """Get ready to send; nobody needs to listen."""
        if self.places:
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sock.setblocking(False)
        return self

    def close(self) -> None:
        """Fall silent."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def tell(self, status: Status) -> list[tuple[str, tuple[Argument, ...]]]:
        """Send what is new in a status; returns the messages."""
        if not self.places:
            return []
        if status.state in SILENT:  # lights are dark now, and must hear all of it when it begins again
            self._last = {name: self._last[name] for name in ANY_TIME if name in self._last}
        found = [
            (address, arguments)
            for address, arguments in messages(status, self._last)
            if self._last.get(address) != arguments
        ]
        for address, arguments in found:
            self._last[address] = arguments
            # a part's messages have one address
            self._send(written(OUT + address.partition(":")[0], *arguments))
        return found

    def _send(self, packet: bytes) -> None:
        if self._sock is None:
            return
        for place in self.places:
            try:
                self._sock.sendto(packet, place)
                self.sent += 1
            except OSError:  # nobody there, or the network is full: the band plays on
                self.failed += 1


def messages(
    status: Status, last: dict[str, tuple[Argument, ...]]
) -> list[tuple[str, tuple[Argument, ...]]]:  # fmt: skip
    """All that may be said now, in the order in which it is said: first what begins, then the beat."""
    found: list[tuple[str, tuple[Argument, ...]]] = [
        ("state", (status.state,)),
        ("song", (status.song, status.suggestion)),
    ]
    found.append(("chord", (status.chord, status.next_chord)))
    found.append(("figure", (status.figure,)))
    if status.state not in RUNNING or status.bar < 1:  # that is still the count-in's last beat
        return found
    meter = Meter.parse(status.meter)
    found.append(("section", (status.section_name, status.section)))
    here = (status.pulse, status.bar, round(status.bpm, 2))
    if last.get("beat", ())[:2] == here[:2]:
        return found
    if last.get("bar", (None,))[0] != status.bar:
        found += _bar(status, meter)
    mood = status.mood
    shown = ("energy", "valence", "confidence", "governed")
    found.append(("mood", tuple(round(float(mood.get(key, 0.0)), 3) for key in shown)))
    found.append(("beat", here))
    return found


def _bar(status: Status, meter: Meter) -> list[tuple[str, tuple[Argument, ...]]]:
    """What is said once a bar: the bar, the players, the energy, and a section that comes."""
    found: list[tuple[str, tuple[Argument, ...]]] = [
        ("bar", (status.bar, status.meter, meter.pulses)),
        ("energy", (round(float(status.energy), 3),)),
    ]
    for part, state in status.parts.items():
        found.append((f"part:{part}", (part, state, round(float(status.activity.get(part, 0.0)), 2))))
    if status.next_section and status.bars_left in AHEAD_BARS and status.bpm > 0:
        comes_s = status.bars_left * meter.pulses * period_s(status.bpm)
        found.append(("cue", (status.next_section, status.bars_left, round(comes_s, 3))))
    return found
