"""The audio stream: opened, watched, and opened again when its device comes back.

Called by the sound process' main thread, which never waits here: a stream that died is left to a
thread of its own (closing it may hang). JACK by its own library, everything else by PortAudio.
Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from bandmate.errors import BandmateError, NoDevice
from bandmate.ports.jack import NoLibrary
from bandmate.ports.jackstream import JackStream
from bandmate.ports.player import Player
from bandmate.ports.portaudio import begin_anew, is_jack, library, named

STILL_S = 1.0  # frames standing still for so long mean a dead device
AGAIN_S = 1.0
HUNG_S = 5.0  # no step of a repair takes so long, unless it never ends
CLOSING_S = 1.0
MakePlayer = Callable[[int], Player]  # for a rate in Hz


class Stream(Protocol):
    """An output device."""

    description: str

    def rate_hz(self) -> int:
        """Its sample rate; NoDevice where it isn't there."""

    def start(self, player: Player, latency_s: float | None) -> None:
        """Let it call `player.fill`; a `latency_s` given overrides what the device says."""

    def close(self) -> None:
        """Stop; may hang on a dead device."""

    @property
    def alive(self) -> bool:
        """False where the device is known to be gone."""


class PortAudioStream:
    """A device of ALSA, CoreAudio, WASAPI or ASIO, by name or number; None: the system's default."""

    def __init__(self, device: str | int | None, block_frames: int, most_channels: int) -> None:
        self.device = named(device)
        self.block_frames = block_frames
        self.most_channels = most_channels
        self.description = ""
        self.alive = True
        self._stream: Any = None
        self._info: dict[str, Any] = {}

    def rate_hz(self) -> int:
        """The device's own rate; NoDevice where there is none."""
        sounddevice = library()
        try:
            self._info = sounddevice.query_devices(self.device, "output")
        except (ValueError, sounddevice.PortAudioError) as error:
            asked = "default sound device" if self.device is None else f"sound device {self.device!r}"
            raise NoDevice(f"there is no {asked}; 'bandmate ports' lists what is there") from error
        self.description = str(self._info["name"])
        return int(self._info["default_samplerate"])

    def start(self, player: Player, latency_s: float | None) -> None:
        """Play; NoDevice where the device refuses."""
        sounddevice = library()
        channels = max(1, min(int(self._info["max_output_channels"]), self.most_channels))
        turn = player.begin(self.block_frames, latency_s or 0.0)

        def fill(out: Any, frames: int, _: Any, status: Any) -> None:
            if status.output_underflow:
                player.xrun()
            player.fill(out, turn)

        try:
            self._stream = sounddevice.OutputStream(
                samplerate=player.renderer.rate_hz,
                device=self.device,
                channels=channels,
                dtype="float32",
                blocksize=self.block_frames,
                latency="low",
                callback=fill,
            )
            if latency_s is None:
                player.latency_s = max(self._stream.latency, self.block_frames / player.renderer.rate_hz)
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise NoDevice(f"sound device {self.description!r} doesn't open: {error}") from error

    def close(self) -> None:
        """Stop."""
        if self._stream is not None:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


class AudioOut:
    """One device, for as long as the process lives; never another one."""

    def __init__(self, device: str | int | None, block_frames: int, most_channels: int, client: str) -> None:
        self.device = device
        self.block_frames = max(64, block_frames // 64 * 64)
        self.most_channels = most_channels
        self.client = client
        self.latency_s: float | None = None
        self.stream: Stream | None = None
        self.player: Player | None = None
        self.description = ""
        self.state = "closed"  # closed, open, lost
        self.fault = ""  # why nothing sounds, empty while it does
        self._make: MakePlayer | None = None
        self._jack: bool | None = None  # known once something was found
        self._seen = (0, 0.0)  # frames, and when they were new
        self._repair: threading.Thread | None = None
        self._step_s = math.inf  # when the repair began what it does now, where that may hang
        self._patience = threading.Event()

    def open(self, make: MakePlayer, latency_s: float | None) -> None:
        """Let the player that `make` gives for a rate in Hz play; a device that isn't there is awaited.

        Raises BandmateError where waiting doesn't help: a library or a font is missing.
        """
        self._make, self.latency_s = make, latency_s
        try:
            self._begin()
        except NoLibrary:
            raise
        except NoDevice as error:
            self._lose(f"no sound of our own until the device is there: {error}")
        else:
            self._back(time.perf_counter())

    def watch(self, now_s: float) -> str:
        """Look after the stream: `lost` or `back` in the moment in which that happens, else empty.

        `hung` where the repair has come to stand: then only a new process helps.
        """
        if self.state == "open":
            assert self.player is not None
            assert self.stream is not None
            if self.player.frames != self._seen[0]:
                self._seen = (self.player.frames, now_s)
            if now_s - self._seen[1] > STILL_S or not self.stream.alive:
                gone = f"the sound device {self.description} is gone"
                self._lose(f"{gone}; the band plays on MIDI out until it is back")
                return "lost"
        elif self.state == "lost" and self._repair is not None:
            if self._repair.is_alive():
                return "hung" if now_s - self._step_s > HUNG_S else ""
            self._repair = None
            if self.stream is not None:
                self._back(now_s)
                return "back"
        return ""

    def close(self) -> None:
        """Stop playing; a stream that hangs is left behind after a moment."""
        self.state = "closed"
        self._patience.set()
        if self.player is not None:
            self.player.end()
        if self._repair is not None:
            self._repair.join(CLOSING_S)
        if self.stream is not None:
            closing = threading.Thread(target=self.stream.close, daemon=True)
            closing.start()
            closing.join(CLOSING_S)

    def _back(self, now_s: float) -> None:
        assert self.player is not None
        self._seen = (self.player.frames, now_s)
        self.state, self.fault = "open", ""

    def _lose(self, why: str) -> None:
        self.state, self.fault = "lost", why
        if self.player is not None:
            self.player.end()
        self._repair = threading.Thread(target=self._mend, name="sound-repair", daemon=True)
        self._repair.start()

    def _mend(self) -> None:
        """Close what died (this may hang), and try until it's back."""
        dead, self.stream = self.stream, None
        self._step_s = time.perf_counter()
        if dead is not None:
            dead.close()
        while self.state == "lost":
            self._step_s = math.inf
            if dead is None and self._patience.wait(AGAIN_S):
                return
            dead = None
            try:
                self._step_s = time.perf_counter()
                return self._begin(anew=True)
            except NoDevice:
                continue
            except BandmateError as error:  # the device came, but the font is broken
                self.fault = f"no sound of our own: {error}"
                return

    def _begin(self, anew: bool = False) -> None:
        """Find the device and let it play; NoDevice where it isn't there or has another rate now."""
        stream, rate_hz = self._find(anew)
        player = self.player
        try:
            if player is None or (not player.frames and player.renderer.rate_hz != rate_hz):
                assert self._make is not None
                self._step_s = math.inf  # a big font takes its time
                player = self.player = self._make(rate_hz)
            if player.renderer.rate_hz != rate_hz:
                raise NoDevice(f"{stream.description} came back with another rate, {rate_hz} Hz")
            self._step_s = time.perf_counter()
            stream.start(player, self.latency_s)
        except BandmateError:
            if player is not None:
                player.end()
            stream.close()
            raise
        self._jack = isinstance(stream, JackStream)
        self.stream, self.description = stream, stream.description

    def _find(self, anew: bool) -> tuple[Stream, int]:
        """The device and its rate in Hz; before anything was found, JACK comes first. NoDevice."""
        no_jack: NoDevice | None = None
        if self._jack or (self._jack is None and (self.device is None or is_jack(self.device))):
            stream: Stream = JackStream(self.client, self.most_channels)
            try:
                return stream, stream.rate_hz()
            except NoDevice as error:
                if self._jack or self.device is not None:
                    raise
                no_jack = error
        stream = PortAudioStream(self.device, self.block_frames, self.most_channels)
        try:
            if anew:  # not before JACK was asked: begun under a JACK server, PortAudio won't survive it
                begin_anew()
            return stream, stream.rate_hz()
        except NoLibrary as error:
            if no_jack is None or isinstance(no_jack, NoLibrary):
                raise
            raise NoDevice(f"{no_jack}; {error}") from error  # JACK may still come
