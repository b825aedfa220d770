"""The table of the console's screens: one line each. Pure data; the contract is `band_screen.py`'s."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """One screen: its name, its key, what it is for, and the module and class that make it."""

    name: str
    key: str
    help: str
    module: str
    made_by: str


SCREENS: tuple[ScreenRow, ...] = (
    ScreenRow("stage", "f1", "what can be read from afar", "stage", "StageScreen"),
    ScreenRow("studio", "f2", "the band's mind, and all that steers it", "studio", "StudioScreen"),
    ScreenRow("mixer", "f3", "levels, mute and solo, sounds, reverb", "mixer", "MixerScreen"),
    ScreenRow("setlist", "f4", "the evening, and the way to any song", "setlist", "SetlistScreen"),
    ScreenRow("devices", "f5", "ports, latency, processes, the soundcheck", "devices", "DevicesScreen"),
    ScreenRow("log", "f6", "what the rig has written down", "log", "LogScreen"),
)
