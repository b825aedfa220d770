"""Sounds: what a part of the band sounds like, the performer's keyboard zones, and the microphones.

Tables of a patch, as values; `patch.py` reads them. Any process; imports only the bottom layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate.errors import BadPatch
from bandmate.tables import in_range, one_of, record, rows_of

HEARS = ("harmony", "melody", "none")
MICROPHONE_HEARS = ("drums", "harmony", "melody", "room")
OUTPUTS = ("stereo", "left-mono-right-click", "parts")  # how the buses lie on a device's channels
MOST_ZONES = 8
DRUM_BANK = 128  # of a font: kits, which nobody transposes or tunes
UNSET = -1  # no program named: a font's first sound; on an external instrument, whatever is set there
RANGES: dict[str, tuple[float, float]] = {
    "tuning_hz": (430, 450), "reverb": (0, 1), "low_key": (0, 127), "tap_control": (0, 127),
    "low": (0, 127), "high": (0, 127), "bank": (0, 16383), "program": (UNSET, 127), "octave": (-4, 4),
    "transpose": (-24, 24), "level": (0, 2), "pan": (-1, 1), "curve": (0.2, 5), "channel": (1, 16),
    "latency_ms": (-100, 200), "gain_db": (-60, 60), "gate_db": (-120, 0), "bleed": (0, 1),
}  # fmt: skip
OWN_CONTROLS = (0, 32, 91)  # banks and the reverb send have keys of their own


@dataclass(frozen=True, slots=True)
class Sound:
    """What a part sounds like: a preset of a font, or an external port and channel (1..16)."""

    bank: int = 0  # on an external instrument 128 x MSB + LSB
    program: int = UNSET
    level: float = 1.0
    pan: float = 0.0  # -1 left .. 1 right
    port: str = ""  # empty: the embedded synth
    channel: int = 1
    # how long the instrument at the port takes to sound, which our own synth doesn't: its notes leave
    # that much earlier, as far as the band has decided them by then; below 0 it waits. No port: no use
    latency_ms: float = 0.0
    font: str = ""  # an SF2 or SF3 file of its own; empty: the patch's
    reverb: float = 0.35  # how much of it goes into the reverb
    controls: dict[str, int] = field(default_factory=dict)  # controllers set with the sound: {"74": 20}


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of the performer's keyboard and the sound under it; zones may overlap (layers)."""

    low: int = 0
    high: int = 127
    bank: int = 0
    program: int = UNSET
    octave: int = 0
    transpose: int = 0
    level: float = 1.0
    pan: float = 0.0
    curve: float = 1.0  # velocity curve: below 1 softer keys speak louder
    pedal: bool = True
    hears: str = "harmony"
    port: str = ""
    channel: int = 1
    font: str = ""
    reverb: float = 0.35
    controls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Microphone:
    """One channel of the audio input, and what stands in front of it.

    `drums` gives strokes only; `harmony` (piano, guitar, a whole group) strokes and chords; `melody` (one
    voice or horn) notes, as from a keyboard, within `low` to `high`; `room` is the audience's: it moves their
    mood, and no music.
    """

    channel: int = 1
    hears: str = "harmony"
    gain_db: float = 0.0
    gate_db: float = -50.0  # below this level nothing is heard
    low: int = 36
    high: int = 96
    bleed: float = 0.7  # how loud the band is in it beside the performer: 0 is a line or a closed booth

    @property
    def port(self) -> str:
        """The name by which its events say where they come from."""
        return f"microphone {self.channel}"


DEFAULT_SOUNDS: dict[str, Sound] = {
    "drums": Sound(bank=128, program=0, reverb=0.24),
    "bass": Sound(program=33, reverb=0.05),
    "keys": Sound(program=4, pan=0.2),
    "guitar": Sound(program=27, pan=-0.3, reverb=0.3),
    "pad": Sound(program=89, reverb=0.55),
    "lead": Sound(program=81, reverb=0.47),
}


def read_sounds(table: dict[str, Any], parts: Sequence[str], path: Path) -> dict[str, Sound]:
    """Every part's sound: as written, else the part's own.

    What is not written of a sound in our font is as the part has it; an instrument of somebody else's (a
    port, a font) begins afresh.
    """
    found = dict(DEFAULT_SOUNDS)
    for part, written in table.items():
        one_of(part, parts, "sound", path)
        if not isinstance(written, dict):
            raise BadPatch(f"{path}: 'sound.{part}' is {written!r}, but it is a table of keys")
        usual = DEFAULT_SOUNDS[part]
        if written.get("port"):
            usual = Sound()
        elif written.get("font"):
            usual = Sound(pan=usual.pan, reverb=usual.reverb)
        found[part] = record(usual, written, f"sound.{part}", path)
        _check(found[part], f"sound.{part}.", path)
    return found


def read_zones(rows: Any, path: Path) -> tuple[Zone, ...]:
    """The performer's zones as written."""
    tables = rows_of(rows, "performer.zone", path)
    if len(tables) > MOST_ZONES:
        raise BadPatch(f"{path}: there are {len(tables)} of [[performer.zone]]; {MOST_ZONES} fit a keyboard")
    zones = []
    for index, table in enumerate(tables, 1):
        zone: Zone = record(Zone(), table, f"performer.zone[{index}]", path)
        _check(zone, "performer.zone.", path)
        one_of(zone.hears, HEARS, "performer.zone.hears", path)
        if zone.low > zone.high:
            raise BadPatch(
                f"{path}: a performer.zone from {zone.low} to {zone.high} holds no key of 0 to 127"
            )
        zones.append(zone)
    return tuple(zones)


def read_microphones(rows: Any, path: Path) -> tuple[Microphone, ...]:
    """The microphones as written, one a channel."""
    found: list[Microphone] = []
    for index, table in enumerate(rows_of(rows, "microphone", path), 1):
        microphone: Microphone = record(Microphone(), table, f"microphone[{index}]", path)
        in_range(microphone, RANGES, "microphone.", path)
        one_of(microphone.hears, MICROPHONE_HEARS, "microphone.hears", path)
        if microphone.low > microphone.high:
            span = f"from {microphone.low} to {microphone.high}"
            raise BadPatch(f"{path}: a microphone {span} hears no pitch of 0 to 127")
        if any(other.channel == microphone.channel for other in found):
            raise BadPatch(f"{path}: two microphones are on channel {microphone.channel}; each takes its own")
        found.append(microphone)
    return tuple(found)


def _check(sound: Sound | Zone, prefix: str, path: Path) -> None:
    in_range(sound, RANGES, prefix, path)
    for number, value in sound.controls.items():
        known = number.isdecimal() and int(number) < 120 and int(number) not in OWN_CONTROLS
        if not known or type(value) is not int or not 0 <= value <= 127:
            raise BadPatch(
                f"{path}: key '{prefix}controls' sets {number} to {value!r}; it takes controllers of 1 to "
                "119 (32 and 91 have keys: 'bank', 'reverb') and whole numbers of 0 to 127, as in { 74 = 20 }"
            )
