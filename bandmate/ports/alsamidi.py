"""MIDI by python-rtmidi: ALSA, CoreMIDI, Windows; everything but JACK.

Inputs call back in rtmidi's own thread, stamped on entry. JACK isn't played this way: rtmidi keeps
Python's lock while it waits for JACK's server, which may wait for our audio callback, which waits
for the lock. Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

from bandmate.errors import NoDevice
from bandmate.ports.midi import Hear

NAMES = {"alsa": "alsa", "core": "coremidi", "winmm": "winmm"}


def apis() -> list[int]:
    """The MIDI APIs compiled in, by rtmidi's numbers, without JACK."""
    rtmidi = _rtmidi()
    return [api for api in rtmidi.get_compiled_api() if rtmidi.get_api_name(api) in NAMES]


class RtMidiDriver:
    """One API of rtmidi; one client to look, and one for each open port."""

    def __init__(self, api: int, client: str) -> None:
        self.api = api
        self.client = client
        self.name = NAMES[_rtmidi().get_api_name(api)]
        self._eyes: tuple[Any, Any] | None = None

    def look(self) -> tuple[list[str], list[str]]:
        """The ports there are now; NoDevice where the API doesn't work (no ALSA sequencer)."""
        if self._eyes is None:
            self._eyes = self._client(True, "look"), self._client(False, "look")
        try:
            return self._eyes[0].get_ports(), self._eyes[1].get_ports()
        except RuntimeError as error:
            self.close()
            raise NoDevice(f"{self.name} doesn't answer: {error}") from error

    def open_input(self, name: str, raw: str, virtual: bool, hear: Hear) -> RtMidiPort:
        """Hear a port as `name`."""
        client = self._client(True, "in" if virtual else "hear")

        def heard(event: tuple[list[int], float], _: object) -> None:
            time_s = time.perf_counter()
            hear(name, bytes(event[0]), time_s)

        client.ignore_types(sysex=True, timing=False, active_sense=True)
        client.set_callback(heard)
        return RtMidiPort(client).open(raw, virtual)

    def open_output(self, raw: str, virtual: bool) -> RtMidiPort:
        """Play on a port."""
        return RtMidiPort(self._client(False, "out" if virtual else "play")).open(raw, virtual)

    def peers(self, virtual: str) -> set[str] | None:
        """Not known."""
        return None

    def close(self) -> None:
        """Close the clients that look."""
        eyes, self._eyes = self._eyes, None
        for eye in eyes or ():
            with contextlib.suppress(Exception):
                eye.delete()

    def _client(self, hear: bool, role: str) -> Any:
        rtmidi = _rtmidi()
        with _hushed():
            try:
                return (rtmidi.MidiIn if hear else rtmidi.MidiOut)(self.api, name=f"{self.client}-{role}")
            except (rtmidi.SystemError, RuntimeError) as error:
                raise NoDevice(f"{self.name} doesn't work here: {error}") from error


class RtMidiPort:
    """An open input or output."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._turn = threading.Lock()

    def open(self, raw: str, virtual: bool) -> RtMidiPort:
        """Connect to a port by the API's own name, or make one that others connect to."""
        try:
            if virtual:
                self.client.open_virtual_port(raw)
            else:
                self.client.open_port(self.client.get_ports().index(raw), name="port")
        except (ValueError, RuntimeError, NotImplementedError) as error:
            self.close()
            raise NoDevice(f"MIDI port {raw!r} doesn't open: {error}") from error
        return self

    def send(self, message: bytes, due_s: float = 0.0) -> None:
        """Send one message now."""
        with self._turn, contextlib.suppress(Exception):
            self.client.send_message(message)

    def close(self) -> None:
        """Let go of the port."""
        with self._turn, contextlib.suppress(Exception):
            self.client.close_port()
            self.client.delete()


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Without what ALSA's library prints on stderr where there is no sequencer."""
    keep = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)
        os.close(nowhere)


def _rtmidi() -> Any:
    try:
        import rtmidi
    except ImportError as error:
        raise NoDevice("MIDI needs python-rtmidi: pip install python-rtmidi") from error
    return rtmidi
