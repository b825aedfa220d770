"""JACK by its own library: a client with ports of its own, and an eye on who is connected to whom.

PortAudio's JACK streams hang for ever when their server dies (closing one blocks, `Pa_Terminate`
aborts the process, a second copy of the library crashes: all three measured), reports a latency of
0, and names its client "PortAudio". `libjack` by ctypes has none of these faults. A client's
process callback runs in JACK's own real-time thread. There is no xrun callback: the server waits for
its answer, which waits for the interpreter lock, which rtmidi holds while it waits for the server
(a deadlock, met); the server's frame counter tells as well. Works with PipeWire's libjack as well.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from bandmate.errors import NoDevice

AUDIO = b"32 bit float mono audio"
NO_START_SERVER = 1
IS_INPUT, IS_OUTPUT, IS_PHYSICAL = 1, 2, 4
CAPTURE_LATENCY, PLAYBACK_LATENCY = 0, 1
PATIENCE_S = 3.0
PROCESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
SAY = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_SILENT = SAY(lambda text: None)  # libjack keeps the address, so this must live as long as we do


class NoLibrary(NoDevice):
    """A system library is missing: waiting doesn't bring it."""


class LatencyRange(ctypes.Structure):
    """jack_latency_range_t."""

    _fields_ = [("least", ctypes.c_uint32), ("most", ctypes.c_uint32)]


class JackClient:
    """A client of a running JACK server; `alive` turns False when the server goes away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = False
        self.library: Any = None
        self.client: Any = None
        self._on_shutdown = SHUTDOWN(self._lost)
        self._process: Any = None  # C holds on to it, so it must live as long as we do

    def open(self) -> JackClient:
        """Join the server; NoDevice where no library or no server is."""
        file = _library_file()
        if file is None:
            raise NoLibrary("JACK's library isn't installed (Debian: apt-get install libjack-jackd2-0)")
        self.library = _declared(ctypes.CDLL(file))
        self.library.jack_set_error_function(_SILENT)
        self.library.jack_set_info_function(_SILENT)
        joining = threading.Thread(target=self._join, daemon=True)
        joining.start()
        joining.join(PATIENCE_S)
        if joining.is_alive():
            raise NoDevice("the JACK server doesn't answer; start it anew")
        if not self.client:
            raise NoDevice("no JACK server is running")
        self.library.jack_on_shutdown(self.client, self._on_shutdown, None)
        self.alive = True
        return self

    def _join(self) -> None:
        """On a thread of its own, as a stuck server lets one wait for ever."""
        self.client = self.library.jack_client_open(self.name.encode(), NO_START_SERVER, None)

    def close(self) -> None:
        """Leave. The client of a dead server is left lying: closing a second one of them crashes libjack."""
        client, self.client = self.client, None
        if client and self.alive:
            self.library.jack_client_close(client)
        self.alive = False

    def __enter__(self) -> JackClient:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def peers(self, port: str) -> set[str]:
        """Who is connected to a port, given as `client:port`."""
        handle = self.library.jack_port_by_name(self.client, port.encode())
        return (
            set(self._texts(self.library.jack_port_get_all_connections(self.client, handle)))
            if handle
            else set()
        )

    def ports(self, kind: bytes, flags: int) -> list[str]:
        """Every port of a kind, as `client:port`, in the server's order."""
        return self._texts(self.library.jack_get_ports(self.client, None, kind, flags))

    def connect(self, source: str, sink: str) -> None:
        """Join two ports; NoDevice when one has just gone."""
        failed = self.library.jack_connect(self.client, source.encode(), sink.encode())
        if failed and sink not in self.peers(source):
            raise NoDevice(f"JACK doesn't connect {source} to {sink}")

    def register(self, name: str, flags: int) -> Any:
        """An audio port of our own, as `IS_INPUT` or `IS_OUTPUT`."""
        return self.library.jack_port_register(self.client, name.encode(), AUDIO, flags, 0)

    def rate_hz(self) -> int:
        """The server's sample rate."""
        return int(self.library.jack_get_sample_rate(self.client))

    def block_frames(self) -> int:
        """How many frames the server asks for at once."""
        return int(self.library.jack_get_buffer_size(self.client))

    def run(self, turn: Callable[[int], None], stumbled: Callable[[], None]) -> None:
        """Call `turn` for so many frames in every cycle of the server, in JACK's own thread.

        `stumbled` after a cycle was skipped, or took longer than it may. NoDevice where we aren't let in.
        """
        jack, client, rate_hz = self.library, self.client, self.rate_hz()
        due = [-1]  # the server's frame at which the next block should begin

        def process(frames: int, _: Any) -> int:
            began_s = time.perf_counter()
            frame = jack.jack_last_frame_time(client)
            skipped = due[0] not in (-1, frame)
            due[0] = (frame + frames) & 0xFFFFFFFF
            turn(frames)
            if skipped or time.perf_counter() - began_s > frames / rate_hz:
                stumbled()
            return 0

        self._process = PROCESS(process)
        jack.jack_set_process_callback(client, self._process, None)
        if jack.jack_activate(client):
            raise NoDevice("JACK doesn't let us play")

    def latency_frames(self, port: Any, way: int) -> int:
        """What the server says of the way from the microphone to a port, or from it to the loudspeaker."""
        found = LatencyRange()
        self.library.jack_port_get_latency_range(port, way, ctypes.byref(found))
        return int(found.most)

    def own_name(self) -> str:
        """The name that the server gave us."""
        return str(self.library.jack_get_client_name(self.client).decode())

    def _texts(self, found: Any) -> list[str]:
        texts: list[str] = []
        if found:
            while found[len(texts)]:
                texts.append(found[len(texts)].decode())
            self.library.jack_free(found)
        return texts

    def _lost(self, _: Any) -> None:
        self.alive = False


@functools.cache
def _library_file() -> str | None:
    """Where JACK's library lies; looking starts other programs, so it is done once."""
    return ctypes.util.find_library("jack")


def _declared(library: Any) -> Any:
    integer, pointer, text = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
    texts = ctypes.POINTER(ctypes.c_char_p)
    calls: dict[str, tuple[Any, ...]] = {
        "jack_client_open": (pointer, text, integer, pointer),
        "jack_client_close": (integer, pointer),
        "jack_get_client_name": (text, pointer),
        "jack_on_shutdown": (None, pointer, SHUTDOWN, pointer),
        "jack_activate": (integer, pointer),
        "jack_get_sample_rate": (ctypes.c_uint32, pointer),
        "jack_get_buffer_size": (ctypes.c_uint32, pointer),
        "jack_set_process_callback": (integer, pointer, PROCESS, pointer),
        "jack_last_frame_time": (ctypes.c_uint32, pointer),
        "jack_set_error_function": (None, SAY),
        "jack_set_info_function": (None, SAY),
        "jack_port_register": (pointer, pointer, text, text, ctypes.c_ulong, ctypes.c_ulong),
        "jack_port_unregister": (integer, pointer, pointer),
        "jack_port_by_name": (pointer, pointer, text),
        "jack_port_get_buffer": (pointer, pointer, ctypes.c_uint32),
        "jack_port_get_latency_range": (None, pointer, integer, pointer),
        "jack_port_get_all_connections": (texts, pointer, pointer),
        "jack_get_ports": (texts, pointer, text, text, ctypes.c_ulong),
        "jack_connect": (integer, pointer, text, text),
        "jack_free": (None, texts),
    }
    for name, (result, *arguments) in calls.items():
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library
