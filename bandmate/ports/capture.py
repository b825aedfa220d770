"""Sound in: the microphones' device, opened, watched, and opened again when it comes back.

JACK by its own library, everything else by PortAudio. All of it belongs to the main thread of the ears, but
for the callbacks, which only copy into the `Intake`. Closing a dead device may hang: then the ears' heart
stands still, and the supervisor starts them anew. Imports only the bottom layer and its neighbours.
"""

from __future__ import annotations

import ctypes
from typing import Any, Protocol

import numpy as np

from bandmate.errors import NoDevice
from bandmate.ports.intake import Float, Intake
from bandmate.ports.jack import (
    AUDIO,
    CAPTURE_LATENCY,
    IS_INPUT,
    IS_OUTPUT,
    IS_PHYSICAL,
    JackClient,
)
from bandmate.ports.portaudio import begin_anew, is_jack, library, named

RATES_HZ = (44100, 48000)  # what the analysis is made for
STILL_S = 1.0  # frames standing still for so long mean a dead device
AGAIN_S = 1.0
BLOCK_FRAMES = 256  # by PortAudio; JACK has its own,
MOST_FRAMES = 8192  # which may grow while it runs, so far
LONGEST_FRAMES = 1024  # of one reading, so that whoever catches up stays responsive


class Input(Protocol):
    """A device that listens."""

    description: str

    def open(self) -> Intake:
        """Let sound come in; NoDevice where it can't."""

    def latency_s(self) -> float:
        """How long sound takes from the microphone to the callback, as the device says."""

    def close(self) -> None:
        """Stop; may hang on a dead device."""

    @property
    def alive(self) -> bool:
        """False where the device is known to be gone."""


class JackInput:
    """Ports `in_1` and so on of a JACK server, joined to the sound card's inputs at first."""

    def __init__(self, name: str, channels: int) -> None:
        self.description = "jack"
        self.channels = channels
        self._jack = JackClient(name)
        self._ports: list[Any] = []

    def open(self) -> Intake:
        """Join the server and listen."""
        jack = self._jack.open()
        rate_hz, block = jack.rate_hz(), jack.block_frames()
        if rate_hz not in RATES_HZ:
            jack.close()
            raise NoDevice(
                f"JACK runs at {rate_hz} Hz, but the ears hear 44100 or 48000; start it with -r 48000"
            )
        names = [f"in_{index + 1}" for index in range(self.channels)]
        self._ports = [jack.register(name, IS_INPUT) for name in names]
        intake = Intake(rate_hz, self.channels, block)
        sound = np.zeros((self.channels, max(block, MOST_FRAMES)), np.float32)
        rows = [int(row.ctypes.data) for row in sound]

        def copy(frames: int) -> None:
            for port, row in zip(self._ports, rows, strict=True):
                buffer = jack.library.jack_port_get_buffer(port, frames)
                ctypes.memmove(row, buffer, 4 * min(frames, sound.shape[1]))
            intake.fill(sound[:, :frames].T)

        jack.run(copy, intake.stumble)
        microphones = jack.ports(AUDIO, IS_OUTPUT | IS_PHYSICAL)
        for name, microphone in zip(names, microphones, strict=False):
            jack.connect(microphone, f"{jack.own_name()}:{name}")
        return intake

    def latency_s(self) -> float:
        """The longest way to one of our ports, as the server knows it now."""
        jack = self._jack
        longest = max(jack.latency_frames(port, CAPTURE_LATENCY) for port in self._ports)
        return longest / jack.rate_hz()

    def close(self) -> None:
        """Stop listening."""
        self._jack.close()

    @property
    def alive(self) -> bool:
        """Whether the server is there."""
        return self._jack.alive


class PortAudioInput:
    """A device of ALSA, CoreAudio, WASAPI or ASIO, by name or number; None: the system's default."""

    def __init__(self, device: str | int | None, channels: int) -> None:
        self.device, self.channels = named(device), channels
        self.description = ""
        self.alive = True
        self._stream: Any = None

    def open(self) -> Intake:
        """Listen, at the device's own rate where the ears can hear that."""
        sounddevice = library()
        try:
            info = sounddevice.query_devices(self.device, "input")
        except (ValueError, sounddevice.PortAudioError) as error:
            asked = "default sound input" if self.device is None else f"sound input {self.device!r}"
            raise NoDevice(f"there is no {asked}; 'bandmate ports' lists what is there") from error
        self.description = str(info["name"])
        if info["max_input_channels"] < self.channels:
            raise NoDevice(
                f"{self.description} has {info['max_input_channels']} input channels, but a microphone "
                f"of the patch is on channel {self.channels}"
            )
        own_hz = int(info["default_samplerate"])
        intake = Intake(own_hz if own_hz in RATES_HZ else RATES_HZ[-1], self.channels, BLOCK_FRAMES)

        def copy(sound: Float, frames: int, _: Any, status: Any) -> None:
            if status.input_overflow:
                intake.stumble()
            intake.fill(sound)

        try:
            self._stream = sounddevice.InputStream(
                samplerate=intake.rate_hz, device=self.device, channels=self.channels, dtype="float32",
                blocksize=BLOCK_FRAMES, latency="low", callback=copy,
            )  # fmt: skip
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise NoDevice(f"sound input {self.description!r} doesn't open: {error}") from error
        return intake

    def latency_s(self) -> float:
        """What PortAudio says, and no less than a block."""
        return max(float(self._stream.latency), BLOCK_FRAMES / float(self._stream.samplerate))

    def close(self) -> None:
        """Stop listening."""
        if self._stream is not None:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


class Capture:
    """One device, for as long as the process lives; never another one."""

    def __init__(self, device: str | int | None, channels: int, client: str) -> None:
        self.device = device if device != "" else None
        self.channels, self.client = channels, client
        self.intake: Intake | None = None
        self.description = ""
        self.fault = ""  # why nothing is heard, empty while something may be
        self._input: Input | None = None
        self._jack: bool | None = None  # known once something was found
        self._begun = False
        self._seen = (0, 0.0)  # frames, and when they were new
        self._again_s = 0.0
        self._missed = [0, 0]  # stumbles and overruns of inputs that are closed

    def open(self) -> Capture:
        """Listen; NoDevice where the device isn't there. Before anything was found, JACK comes first."""
        no_jack: NoDevice | None = None
        try:
            if self._jack or (self._jack is None and (self.device is None or is_jack(self.device, "input"))):
                return self._begin(JackInput(self.client, self.channels))
        except NoDevice as error:
            if self._jack or self.device is not None:
                raise
            no_jack = error
        try:
            if (
                self._begun
            ):  # not before JACK was asked: begun under a JACK server, PortAudio won't survive it
                begin_anew()
            self._begun = True
            return self._begin(PortAudioInput(self.device, self.channels))
        except NoDevice as error:
            raise NoDevice(f"{no_jack}; {error}" if no_jack else str(error)) from error

    def _begin(self, device: Input) -> Capture:
        try:
            self.intake = device.open()
        except NoDevice:
            device.close()
            raise
        self.intake.latency_s = device.latency_s()
        self._input, self._jack = device, isinstance(device, JackInput)
        self.description, self.fault = device.description, ""
        self._seen = (0, 0.0)
        return self

    def watch(self, now_s: float) -> str:
        """Look after the device: `lost` or `back` in the moment in which that happens, else empty."""
        if self._input is not None:
            return self._look(self._input, now_s)
        if now_s < self._again_s:
            return ""
        self._again_s = now_s + AGAIN_S
        try:
            self.open()
        except NoDevice as error:
            self.fault = f"the microphones are deaf until their device is there: {error}"
            return ""
        return "back"

    def _look(self, device: Input, now_s: float) -> str:
        assert self.intake is not None
        if self.intake.frames != self._seen[0] or not self._seen[1]:
            self._seen = (self.intake.frames, now_s)
        if device.alive and now_s - self._seen[1] <= STILL_S:
            self.intake.latency_s = device.latency_s()  # it changes as ports are rewired
            return ""
        self.fault = f"the sound input {self.description} is gone; the band plays on without its microphones"
        self.close()
        self._again_s = now_s + AGAIN_S
        return "lost"

    def read(self) -> tuple[Float, float] | None:
        """What the microphones heard since the last time, and when it ended; None where that is nothing."""
        if self.intake is None or not self.intake.waiting:
            return None
        return self.intake.read(LONGEST_FRAMES)

    @property
    def stumbles(self) -> int:
        """Blocks that the device lost, since the beginning."""
        return self._missed[0] + (self.intake.stumbles if self.intake else 0)

    @property
    def overruns(self) -> int:
        """How often the reader was too slow, since the beginning."""
        return self._missed[1] + (self.intake.overruns if self.intake else 0)

    def close(self) -> None:
        """Stop listening."""
        self._missed = [self.stumbles, self.overruns]
        found, self._input, self.intake = self._input, None, None
        if found is not None:
            found.close()

    def __enter__(self) -> Capture:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()
