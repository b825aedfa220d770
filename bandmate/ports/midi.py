"""MIDI ports: their names over every API that works here, which of them to choose, what they say.

Two kinds of driver open them: `alsamidi.py` (python-rtmidi: ALSA, CoreMIDI, Windows) and
`jackmidi.py`. Lists and opening belong to the plugging thread (`hotplug.py`). Sysex and active sensing are
left out on purpose; a MIDI clock is heard where it is asked for. Imports only the bottom layer.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Protocol

from bandmate.errors import NoDevice
from bandmate.events import Bend, ClockWord, Control, NoteOff, NoteOn, Program
from bandmate.ports.thru import Played
from bandmate.timing import PLACE_TICKS

Hear = Callable[[str, bytes, float], None]
NEVER = re.compile(
    r"midi through|bandmate|\bdaw\b|daw (in|out|port)|control surface|mcu|\bhui\b|\bctrl\b|remote|"
    r"announce|timer|rtmidi|portaudio|iac driver",
    re.IGNORECASE,
)
ECHO_S = 0.03
SYSTEM = 0xF0  # messages from here on are nobody's keys
WORDS = {0xF8: "tick", 0xFA: "start", 0xFB: "continue", 0xFC: "stop"}
PLACE = 0xF2


class Port(Protocol):
    """An open MIDI port."""

    def close(self) -> None:
        """Let go of it; on a dead server too."""


class Out(Port, Protocol):
    """An open MIDI output."""

    def send(self, message: bytes, due_s: float = 0.0) -> None:
        """Send one message now; any thread. A port that is just dying is silent.

        An API that can place messages puts what was due just now a constant bit later, not whenever it can.
        """


class Driver(Protocol):
    """A MIDI API."""

    name: str

    def look(self) -> tuple[list[str], list[str]]:
        """Inputs and outputs there are now, by the API's own names; NoDevice where it doesn't work."""

    def open_input(self, name: str, raw: str, virtual: bool, hear: Hear) -> Port:
        """Hear a port by the API's own name (or one of ours, that others connect to) as `name`."""

    def open_output(self, raw: str, virtual: bool) -> Out:
        """Play on a port by the API's own name, or on one of ours."""

    def peers(self, virtual: str) -> set[str] | None:
        """Who is connected to our own input; None where that can't be known."""

    def close(self) -> None:
        """Leave the API."""


class Echoes:
    """What we sent to a device a moment ago, so that a keyboard that repeats it isn't taken for a player."""

    def __init__(self) -> None:
        self.dropped = 0
        self._sent: dict[tuple[str, bytes], float] = {}

    def sent(self, device: str, message: bytes, now_s: float) -> None:
        """Remember a note that went out."""
        if message[0] & 0xE0 == 0x80:
            self._sent[device, message[:2]] = now_s

    def is_echo(self, device: str, message: bytes, now_s: float) -> bool:
        """Whether an incoming note is our own, counted if so."""
        sent_s = self._sent.pop((device, message[:2]), None) if self._sent else None
        echo = sent_s is not None and now_s - sent_s < ECHO_S
        self.dropped += echo
        return echo


def heard(message: bytes, time_s: float, port: str) -> Played | Program | ClockWord | None:
    """A MIDI message as an event; None for what we don't listen to."""
    kind, channel = message[0] & 0xF0, message[0] & 0x0F
    if message[0] in WORDS:
        return ClockWord(time_s, WORDS[message[0]], 0, port)
    if kind == 0xC0 and len(message) == 2:
        return Program(time_s, message[1], port, channel)
    if len(message) < 3:
        return None
    if message[0] == PLACE:
        return ClockWord(time_s, "place", (message[1] + 128 * message[2]) * PLACE_TICKS, port)
    if kind == 0x90 and message[2]:
        return NoteOn(time_s, message[1], message[2], port, channel)
    if kind in (0x80, 0x90):
        return NoteOff(time_s, message[1], port, channel)
    if kind == 0xB0:
        return Control(time_s, message[1], message[2], port, channel)
    if kind == 0xE0:
        return Bend(time_s, message[1] + 128 * message[2] - 8192, port, channel)
    return None


def drivers(client: str) -> list[Driver]:
    """Every MIDI API compiled in, best first; whether one works shows when it is looked at."""
    from bandmate.ports.alsamidi import RtMidiDriver, apis
    from bandmate.ports.jackmidi import JackMidiDriver

    others: list[Driver] = [RtMidiDriver(api, client) for api in apis()]
    return [*others, JackMidiDriver(client)]


def label(kind: str, raw: str) -> str:
    """A port's display name, the same after it was plugged in again: no client or port numbers."""
    name = raw
    if kind == "alsa":
        name = re.sub(r"\s+\d+:\d+$", "", name)
    elif kind == "winmm":
        name = re.sub(r"\s+\d+$", "", name)
    client, _, port = name.partition(":")
    if kind == "alsa" and port in (client, f"{client} MIDI 1"):
        name = client
    return f"{kind}: {name}"


def labels(kind: str, raws: list[str]) -> dict[str, str]:
    """Display names, and the API's own names that they stand for; twins are told apart by a number."""
    found: dict[str, str] = {}
    for raw in raws:
        name = label(kind, raw)
        twins = sum(1 for known in found if known == name or known.startswith(f"{name} ("))
        found[f"{name} ({twins + 1})" if twins else name] = raw
    return found


def device(name: str) -> str:
    """The device that a display name belongs to, whichever API and port: for echoes and twins."""
    client = name.partition(": ")[2].partition(":")[0]
    return re.sub(
        r"\s*\[\d+\].*$|[ _](midi|in|out)([ _]?\d+)?$", "", client.strip(), flags=re.IGNORECASE
    ).lower()


def choosable(name: str) -> bool:
    """Whether a port may be chosen without being asked for: not Midi Through, DAW ports or our own."""
    return NEVER.search(name) is None


def matches(wanted: str, names: list[str]) -> str | None:
    """The port that somebody means: its whole name, else the first that contains it."""
    if wanted in names:
        return wanted
    return next((name for name in names if wanted.lower() in name.lower()), None)


def inputs() -> list[str]:
    """Display names of every MIDI input there is, over all APIs that work."""
    return _listed(0)


def outputs() -> list[str]:
    """Display names of every MIDI output there is."""
    return _listed(1)


def _listed(direction: int) -> list[str]:
    found: list[str] = []
    for driver in drivers("bandmate-list"):
        with contextlib.suppress(NoDevice):
            found += labels(driver.name, driver.look()[direction])
        driver.close()
    return found


def api_of(name: str) -> str:
    """The API in a display name."""
    return name.partition(":")[0]
