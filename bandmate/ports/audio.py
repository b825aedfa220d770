"""The audio stream: opened, watched, and opened again when its device comes back.

Called by the sound process' main thread, which never waits here: a stream that died is left to a
thread of its own (closing it may hang). JACK by its own library, everything else by PortAudio.
Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Any, Protocol

from bandmate.errors import BandmateError, NoDevice
from bandmate.ports.jack import JackStream
from bandmate.ports.player import Player

STILL_S = 1.0  # frames standing still for so long mean a dead device
AGAIN_S = 1.0
JACK_API = "JACK Audio Connection Kit"


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
        self.device = _named(device)
        self.block_frames = block_frames
        self.most_channels = most_channels
        self.description = ""
        self.alive = True
        self._stream: Any = None
        self._info: dict[str, Any] = {}

    def rate_hz(self) -> int:
        """The device's own rate; NoDevice where there is none."""
        sounddevice = _sounddevice()
        try:
            self._info = sounddevice.query_devices(self.device, "output")
        except (ValueError, sounddevice.PortAudioError) as error:
            asked = "default sound device" if self.device is None else f"sound device {self.device!r}"
            raise NoDevice(f"there is no {asked}; 'bandmate ports' lists what is there") from error
        self.description = str(self._info["name"])
        return int(self._info["default_samplerate"])

    def start(self, player: Player, latency_s: float | None) -> None:
        """Play; NoDevice where the device refuses."""
        sounddevice = _sounddevice()
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
        self.state = "closed"  # closed, open, lost
        self._jack = False
        self._player: Player | None = None
        self._seen = (0, 0.0)  # frames, and when they were new
        self._repair: threading.Thread | None = None

    def choose(self) -> int:
        """Find the device; its rate in Hz, or NoDevice."""
        self._jack = False
        if self.device is None or _is_jack(self.device):
            self.stream = JackStream(self.client, self.most_channels)
            try:
                rate_hz = self.stream.rate_hz()
                self._jack = True
                return rate_hz
            except NoDevice:
                if self.device is not None:
                    raise
        self.stream = self._again()
        return self.stream.rate_hz()

    def start(self, player: Player, latency_s: float | None) -> None:
        """Let the chosen device play."""
        assert self.stream is not None
        self._player, self.latency_s = player, latency_s
        self.stream.start(player, latency_s)
        self._seen = (player.frames, time.perf_counter())
        self.state = "open"

    def watch(self, now_s: float) -> str:
        """Look after the stream; `lost` or `back` in the moment in which that happens, else empty."""
        if self.state == "open":
            assert self._player is not None
            assert self.stream is not None
            if self._player.frames != self._seen[0]:
                self._seen = (self._player.frames, now_s)
            if now_s - self._seen[1] > STILL_S or not self.stream.alive:
                self._give_up()
                return "lost"
        elif self.state == "lost" and self._repair is not None and not self._repair.is_alive():
            self._repair = None
            self._seen = (self._seen[0], now_s)
            self.state = "open"
            return "back"
        return ""

    def close(self) -> None:
        """Stop playing; a stream that hangs is left behind after a moment."""
        self.state = "closed"
        if self._player is not None:
            self._player.end()
        if self.stream is not None:
            closing = threading.Thread(target=self.stream.close, daemon=True)
            closing.start()
            closing.join(1.0)

    def _again(self) -> Stream:
        if self._jack:
            return JackStream(self.client, self.most_channels)
        return PortAudioStream(self.device, self.block_frames, self.most_channels)

    def _give_up(self) -> None:
        self.state = "lost"
        assert self._player is not None
        self._player.end()
        self._repair = threading.Thread(target=self._mend, args=(self._player,), daemon=True)
        self._repair.start()

    def _mend(self, player: Player) -> None:
        """Close what died (this may hang: then only a new process helps), and try until it's back."""
        assert self.stream is not None
        self.stream.close()
        patience = threading.Event()
        while self.state == "lost":
            fresh = self._again()
            try:
                if not self._jack:
                    _begin_anew()
                if fresh.rate_hz() == player.renderer.rate_hz:
                    fresh.start(player, self.latency_s)
                    self.stream = fresh
                    return
            except BandmateError:
                player.end()
            fresh.close()
            patience.wait(AGAIN_S)


def _named(device: str | int | None) -> str | int | None:
    """A device as PortAudio takes it, from a number or a name as `devices.outputs` writes it."""
    if isinstance(device, str) and device.isdigit():
        return int(device)
    found = re.fullmatch(r"(.+) \(([^()]+)\)", device) if isinstance(device, str) else None
    return f"{found[1]}, {found[2]}" if found else device


def _is_jack(device: str | int) -> bool:
    if isinstance(device, str) and (device.lower() == "jack" or device.endswith(f"({JACK_API})")):
        return True
    sounddevice = _sounddevice()
    try:
        row = sounddevice.query_devices(_named(device), "output")
    except (ValueError, sounddevice.PortAudioError):
        return False
    return bool(sounddevice.query_hostapis(row["hostapi"])["name"] == JACK_API)


def _begin_anew() -> None:
    """PortAudio lists devices once; to see one that came back it must be closed and opened."""
    sounddevice = _sounddevice()
    sounddevice._terminate()
    sounddevice._initialize()


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise NoDevice("sound needs PortAudio's library (Debian: apt-get install libportaudio2)") from error
    return sounddevice
