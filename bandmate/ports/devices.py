"""Sound devices: what there is, and what a stage should not be played on. Asked before bar 1 only.

Runs in the shell's process; opens no stream, and leaves no host open: a process that still holds
PortAudio's JACK host when the server dies aborts at its exit.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from bandmate.errors import NoDevice
from bandmate.ports.portaudio import JACK_API

OUT, IN = "max_output_channels", "max_input_channels"
PORTAUDIO = (
    "PortAudio is missing (Debian: apt-get install libportaudio2; macOS and Windows: "
    "pip install --force-reinstall sounddevice)."
)
SLOW_HOSTS = ("MME", "Windows DirectSound", "OSS")
WIRELESS = re.compile(r"bluetooth|bluez|airpods|\ba2dp\b|headset", re.IGNORECASE)


def _query(kind: str = OUT) -> tuple[Any, Any, int | None]:
    """Devices, host APIs and the index of the default one of a kind; raises NoDevice without PortAudio."""
    again = "sounddevice" in sys.modules  # the first import opens PortAudio by itself
    try:
        import sounddevice
    except OSError:
        raise NoDevice(PORTAUDIO) from None
    if again:
        sounddevice._initialize()
    try:
        default = sounddevice.default.device[kind == OUT]
        return sounddevice.query_devices(), sounddevice.query_hostapis(), default if default >= 0 else None
    finally:
        sounddevice._terminate()


def outputs() -> list[tuple[int, str]]:
    """Every device that can play, by its number; empty where there is none (or no PortAudio)."""
    return _listed(OUT)


def inputs() -> list[tuple[int, str]]:
    """Every device that can listen, by its number; empty where there is none (or no PortAudio)."""
    return _listed(IN)


def _listed(kind: str) -> list[tuple[int, str]]:
    try:
        devices, hosts, _ = _query(kind)
    except NoDevice:
        return []
    return [
        (index, f"{device['name']} ({hosts[device['hostapi']]['name']})")
        for index, device in enumerate(devices)
        if device[kind] > 0
    ]


def input_trouble(chosen: str | int | None, channels: int) -> str:
    """Why microphones on so many channels can't be heard, in one sentence; empty when they can."""
    if _jack_plays(chosen):
        return ""
    try:
        devices, hosts, default = _query(IN)
    except NoDevice as error:
        return str(error)
    index = default if chosen is None else _find(chosen, devices, hosts, IN)
    if index is None:
        there = ", ".join(name for _, name in inputs()) or "none"
        if chosen is None:
            return "there is no sound input (on Linux: is JACK, PipeWire or ALSA running?)."
        return f"there is no sound input {chosen!r}; there are: {there} (run 'bandmate ports')."
    if devices[index][IN] < channels:
        return (
            f"{devices[index]['name']} has {devices[index][IN]} input channels, but a microphone "
            f"of the patch is on channel {channels}."
        )
    return ""


def trouble(chosen: str | int | None, any_device: bool) -> str:
    """Why a device can't carry a stage, in one sentence with its mend; empty when it can."""
    try:
        devices, hosts, default = _query()
    except NoDevice as error:
        return "" if _jack_plays(chosen) else str(error)
    index = default if chosen is None else _find(chosen, devices, hosts)
    if index is None:
        if _jack_plays(chosen):
            return ""
        there = ", ".join(name for _, name in outputs())
        if chosen is not None:
            return (
                f"there is no sound device {chosen!r}; there are: {there or 'none'} (run 'bandmate ports')."
            )
        return "there is no sound device (on Linux: is JACK, PipeWire or ALSA running?)."
    device, host = devices[index], hosts[devices[index]["hostapi"]]["name"]
    if any_device:
        return ""
    if WIRELESS.search(device["name"]):
        return (
            f"{device['name']} is Bluetooth, too late for a stage; take a wired device, or say --any-device."
        )
    if host in SLOW_HOSTS:
        return f"{host} is too slow for a stage; take WASAPI or ASIO with --device, or say --any-device."
    return ""


def channels(chosen: str | int | None) -> int | None:
    """How many channels a device plays; None for JACK, which has as many as we ask for, and for no device."""
    if _jack_plays(chosen):
        return None
    try:
        devices, hosts, default = _query()
    except NoDevice:
        return None
    index = default if chosen is None else _find(chosen, devices, hosts)
    return None if index is None else int(devices[index][OUT])


def _jack_plays(chosen: str | int | None) -> bool:
    """Whether the sound process will find a JACK server by itself: that needs no PortAudio."""
    from bandmate.ports.jack import JackClient

    text = "jack" if chosen is None else str(chosen)
    if text.lower() != "jack" and not text.endswith(f"({JACK_API})"):
        return False
    try:
        JackClient("bandmate-look").open().close()
    except NoDevice:
        return False
    return True


def _find(chosen: str | int, devices: Any, hosts: Any, kind: str = OUT) -> int | None:
    """The index of a device by number, by name, or by name and host as `outputs` writes it."""
    text = str(chosen)
    if text.isdigit():
        return int(text) if int(text) < len(devices) else None
    for index, device in enumerate(devices):
        full = f"{device['name']} ({hosts[device['hostapi']]['name']})"
        if device[kind] > 0 and text in (device["name"], full):
            return index
    return None
