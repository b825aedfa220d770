"""PortAudio's library: found, begun anew, and its devices by the names that we show.

For the streams of the sound process and of the ears; imports only the bottom layer and its neighbours.
"""

from __future__ import annotations

import re
from typing import Any

from bandmate.errors import NoDevice
from bandmate.ports.jack import NoLibrary

JACK_API = "JACK Audio Connection Kit"


def library() -> Any:
    """The `sounddevice` module; NoLibrary where PortAudio isn't installed."""
    try:
        import sounddevice
    except OSError as error:
        raise NoLibrary("sound needs PortAudio's library (Debian: apt-get install libportaudio2)") from error
    return sounddevice


def begin_anew() -> None:
    """PortAudio lists devices once; to see one that came back it must be closed and opened."""
    sounddevice = library()
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise NoDevice(f"PortAudio doesn't start: {error}") from error


def named(device: str | int | None) -> str | int | None:
    """A device as PortAudio takes it, from a number or a name as `devices.outputs` writes it."""
    if isinstance(device, str) and device.isdigit():
        return int(device)
    found = re.fullmatch(r"(.+) \(([^()]+)\)", device) if isinstance(device, str) else None
    return f"{found[1]}, {found[2]}" if found else device


def is_jack(device: str | int, kind: str = "output") -> bool:
    """Whether a device (an `output` or an `input`) is the JACK server's."""
    if isinstance(device, str) and (device.lower() == "jack" or device.endswith(f"({JACK_API})")):
        return True
    sounddevice = library()
    try:
        row = sounddevice.query_devices(named(device), kind)
    except (ValueError, sounddevice.PortAudioError):
        return False
    return bool(sounddevice.query_hostapis(row["hostapi"])["name"] == JACK_API)
