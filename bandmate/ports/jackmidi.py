"""MIDI by JACK's own library: all our MIDI ports in one client, with the server's own time stamps.

One callback in JACK's real-time thread reads every input and writes every output. An event is
stamped with its own frame, not with the callback's moment, so the server's period adds no jitter; a message
that says when it was due leaves exactly a period after that.
Calls that wait for the server let go of Python's lock; those in the callback don't wait.
Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections import deque
from typing import Any

from bandmate.errors import NoDevice
from bandmate.ports.jack import IS_INPUT, IS_OUTPUT, PROCESS, JackClient
from bandmate.ports.midi import PLACE, SYSTEM, WORDS, Hear
from bandmate.timing import frames as frame_count

MIDI = b"8 bit raw midi"
LONGEST_BYTES = 3  # longer messages (sysex) are nobody's here
Waiting = deque[tuple[bytes, float]]  # messages, and when they were due (0: now)


class MidiEvent(ctypes.Structure):
    """jack_midi_event_t."""

    _fields_ = [
        ("frame", ctypes.c_uint32),
        ("size", ctypes.c_size_t),
        ("data", ctypes.POINTER(ctypes.c_uint8)),
    ]


class JackMidiDriver:
    """Our MIDI client of a JACK server; joins anew after the server was restarted."""

    name = "jack"

    def __init__(self, client: str) -> None:
        self.client = client
        self._jack = JackClient(f"{client}-midi")
        self._quick: Any = None
        self._inputs: dict[str, tuple[Any, str, Hear]] = {}  # our port's name: handle, display name, listener
        self._outputs: dict[str, tuple[Any, Waiting]] = {}
        self._process = PROCESS(self._cycle)
        self._numbers = 0
        self._rate_hz = 48000

    def look(self) -> tuple[list[str], list[str]]:
        """Other programs' MIDI ports; NoDevice where no server runs."""
        if not self._jack.alive:
            self._join()
        jack = self._jack
        own = f"{jack.own_name()}:"
        sources, sinks = jack.ports(MIDI, IS_OUTPUT), jack.ports(MIDI, IS_INPUT)
        return [n for n in sources if not n.startswith(own)], [n for n in sinks if not n.startswith(own)]

    def open_input(self, name: str, raw: str, virtual: bool, hear: Hear) -> JackMidiPort:
        """Hear a port as `name`."""
        own = raw if virtual else self._fresh("hear")
        handle = self._register(own, IS_INPUT)
        self._inputs = self._inputs | {own: (handle, name, hear)}
        if not virtual:
            self._jack.connect(raw, f"{self._jack.own_name()}:{own}")
        return JackMidiPort(self, own, Waiting())

    def open_output(self, raw: str, virtual: bool) -> JackMidiPort:
        """Play on a port."""
        own = raw if virtual else self._fresh("play")
        handle, waiting = self._register(own, IS_OUTPUT), Waiting(maxlen=1024)
        self._outputs = self._outputs | {own: (handle, waiting)}
        if not virtual:
            self._jack.connect(f"{self._jack.own_name()}:{own}", raw)
        return JackMidiPort(self, own, waiting)

    def peers(self, virtual: str) -> set[str] | None:
        """Who is connected to our own input."""
        return self._jack.peers(f"{self._jack.own_name()}:{virtual}") if self._jack.alive else None

    def drop(self, own: str) -> None:
        """Take one of our ports away."""
        handles = [self._inputs[own][0]] if own in self._inputs else []
        handles += [self._outputs[own][0]] if own in self._outputs else []
        self._inputs = {name: port for name, port in self._inputs.items() if name != own}
        self._outputs = {name: port for name, port in self._outputs.items() if name != own}
        for handle in handles:
            if self._jack.alive:
                self._jack.library.jack_port_unregister(self._jack.client, handle)

    def close(self) -> None:
        """Leave the server."""
        self._inputs, self._outputs = {}, {}
        self._jack.close()

    def _join(self) -> None:
        self.close()
        self._jack = JackClient(f"{self.client}-midi").open()
        library, client = self._jack.library, self._jack.client
        self._quick = _declared(ctypes.PyDLL(library._name))
        self._rate_hz = int(library.jack_get_sample_rate(client))
        library.jack_set_process_callback(client, self._process, None)
        if library.jack_activate(client):
            self.close()
            raise NoDevice("JACK doesn't let us in")

    def _fresh(self, role: str) -> str:
        self._numbers += 1
        return f"{role}_{self._numbers}"

    def _register(self, own: str, flags: int) -> Any:
        handle = self._jack.library.jack_port_register(self._jack.client, own.encode(), MIDI, flags, 0)
        if not handle:
            raise NoDevice(f"JACK has no room for our port {own!r}")
        return handle

    def _cycle(self, frames: int, _: Any) -> int:
        """JACK's process callback: read what came, write what waits."""
        now_s = time.perf_counter()
        with contextlib.suppress(Exception):  # an error here would end up on stderr, every period
            for handle, name, hear in self._inputs.values():
                buffer = self._quick.jack_port_get_buffer(handle, frames)
                for index in range(self._quick.jack_midi_get_event_count(buffer)):
                    self._read(buffer, index, now_s, frames, name, hear)
            for handle, waiting in self._outputs.values():
                buffer = self._quick.jack_port_get_buffer(handle, frames)
                self._quick.jack_midi_clear_buffer(buffer)
                place = 0
                while waiting:
                    message, due_s = waiting.popleft()
                    if due_s:
                        place = max(place, self._frame_of(due_s, now_s, frames))
                    self._quick.jack_midi_event_write(buffer, place, message, len(message))
        return 0

    def _frame_of(self, due_s: float, now_s: float, frames: int) -> int:
        """The frame of this period that lies a period after a moment; not the first, which means now."""
        return max(1, min(frames - 1, frames - frame_count(now_s - due_s, self._rate_hz)))

    def _read(self, buffer: Any, index: int, now_s: float, frames: int, name: str, hear: Hear) -> None:
        event = MidiEvent()
        failed = self._quick.jack_midi_event_get(ctypes.byref(event), buffer, index)
        if (
            not failed
            and 0 < event.size <= LONGEST_BYTES
            and (event.data[0] < SYSTEM or event.data[0] in WORDS or event.data[0] == PLACE)
        ):
            # a hardware driver gives the frame within the period before; programs write at frame 0, now
            behind_s = (frames - event.frame) / self._rate_hz if event.frame else 0.0
            hear(name, bytes(event.data[: event.size]), now_s - behind_s)


class JackMidiPort:
    """One of our ports."""

    def __init__(self, driver: JackMidiDriver, own: str, waiting: Waiting) -> None:
        self.driver = driver
        self.own = own
        self.waiting = waiting

    def send(self, message: bytes, due_s: float = 0.0) -> None:
        """Send one message in the next period."""
        self.waiting.append((message, due_s))

    def close(self) -> None:
        """Take the port away."""
        self.driver.drop(self.own)


def _declared(library: Any) -> Any:
    pointer, number, integer = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int
    calls: dict[str, tuple[Any, ...]] = {
        "jack_port_get_buffer": (pointer, pointer, number),
        "jack_midi_get_event_count": (number, pointer),
        "jack_midi_event_get": (integer, pointer, pointer, number),
        "jack_midi_clear_buffer": (None, pointer),
        "jack_midi_event_write": (integer, pointer, number, ctypes.c_char_p, ctypes.c_size_t),
    }
    for name, (result, *arguments) in calls.items():
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library
