"""Patches: what is plugged into what, and how the band plays. Files in `patches/*.toml`.

Reads and checks a patch in full before bar 1; an error names file, key and value. Any process.
Imports only the bottom layer.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bandmate import controls
from bandmate.errors import BadPatch, BandmateError
from bandmate.events import PARTS
from bandmate.timing import Meter

DEFAULT_FONT = "bandmate-gm.sf2"
HEARS = ("harmony", "melody", "none")
BASS_MANNERS = ("plays", "yields", "doubles")
MICROPHONE_HEARS = ("drums", "harmony", "melody")


@dataclass(frozen=True, slots=True)
class Sound:
    """What a part sounds like: a preset of the font, or an external port and channel (1..16)."""

    bank: int = 0
    program: int = 0
    level: float = 1.0
    pan: float = 0.0  # -1 left .. 1 right
    port: str = ""  # empty: the embedded synth
    channel: int = 1
    # how long the instrument at the port takes to sound, which our own synth doesn't: its notes leave
    # that much earlier, as far as the band has decided them by then; below 0 it waits. No port: no use
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of the performer's keyboard and the sound under it; zones may overlap (layers)."""

    low: int = 0
    high: int = 127
    bank: int = 0
    program: int = 0
    octave: int = 0
    transpose: int = 0
    level: float = 1.0
    pan: float = 0.0
    curve: float = 1.0  # velocity curve: below 1 softer keys speak louder
    pedal: bool = True
    hears: str = "harmony"
    port: str = ""
    channel: int = 1


@dataclass(frozen=True, slots=True)
class Microphone:
    """One channel of the audio input, and what stands in front of it.

    `drums` gives strokes only; `harmony` (piano, guitar, a whole group) strokes and chords; `melody` (one
    voice or horn) notes, as from a keyboard, within `low` to `high`.
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
    "drums": Sound(bank=128, program=0),
    "bass": Sound(program=33),
    "keys": Sound(program=4, pan=0.2),
    "guitar": Sound(program=27, pan=-0.3),
    "pad": Sound(program=89),
    "lead": Sound(program=81),
}


@dataclass(frozen=True, slots=True)
class Patch:
    """A rig's plan: style, meter, who plays with which sound, and where parameters begin."""

    name: str = "default"
    title: str = ""
    style: str = "pop-rock"
    meter: Meter = field(default_factory=Meter)
    meters: tuple[Meter, ...] = ()  # others that a free join may find instead
    parts: tuple[str, ...] = ("drums", "bass")
    staged: bool = True  # free join: hats and pad first, the rest at downbeat confidence 0.8
    bass: str = "yields"
    bands_to_performer: bool = False  # band parts may go to the performer's own keyboard
    low_key: int = 0  # keys at or below this one are the cue switch, not music; 0: no such keys
    tap_control: int = 67  # the pedal (CC) that is the cue switch; 0: none
    font: str = DEFAULT_FONT
    reverb: float = 0.3
    tuning_hz: float = 440.0
    mono: bool = False
    split: bool = False  # two channels: mono band left, click right
    part_buses: bool = False  # one stereo pair a part after main and click
    local: bool = False  # the keyboard makes its own sound: no thru to the synth
    zones: tuple[Zone, ...] = (Zone(),)
    audio_in: str = ""  # the device of the microphones, by name or number; empty: the system's own, or JACK
    microphones: tuple[Microphone, ...] = ()
    sounds: dict[str, Sound] = field(default_factory=lambda: dict(DEFAULT_SOUNDS))
    params: dict[str, float | str] = field(default_factory=dict)


def data_folder(kind: str) -> Path:
    """Where `patches`, `setlists` or `models` lie: inside the installed package, else beside it."""
    inside = Path(__file__).parent / kind
    return inside if inside.is_dir() else Path(__file__).parent.parent / kind


def names(kind: str = ".") -> list[str]:
    """The patches (or, with `styles`, the styles) that ship, by name."""
    return sorted(path.stem for path in (data_folder("patches") / kind).glob("*.toml"))


def load(name: str) -> Patch:
    """The patch of a name or a file; raises BadPatch naming file, key and value."""
    path = Path(name) if name.endswith(".toml") else data_folder("patches") / f"{name}.toml"
    return parse(read_toml(path, names()), path)


def read_toml(path: Path, known: list[str]) -> dict[str, Any]:
    """The tables of a TOML file; raises BadPatch if it isn't there or isn't TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadPatch(f"there is no {path}; there are: {', '.join(known)}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPatch(f"{path} cannot be read as TOML: {error}") from None


def parse(table: dict[str, Any], path: Path) -> Patch:
    """A patch out of its tables; every key and value is checked."""
    table = dict(table)
    for key in ("name", "zones", "sounds", "microphones"):
        if key in table:
            raise BadPatch(f"{path}: unknown key '{key}'; it takes {', '.join(_keys(Patch))}")
    performer = _table(table.pop("performer", {}), "performer", path)
    rows = performer.pop("zone", [])
    if not isinstance(rows, list):
        raise BadPatch(f"{path}: 'performer.zone' is {rows!r}, but zones are written [[performer.zone]]")
    zones = tuple(
        _record(Zone, _table(zone, "performer.zone", path), f"performer.zone[{index}]", path)
        for index, zone in enumerate(rows, 1)
    )
    if performer:
        raise BadPatch(f"{path}: unknown key 'performer.{next(iter(performer))}'; it takes zone")
    microphones = _microphones(table.pop("microphone", []), path)
    sounds = dict(DEFAULT_SOUNDS)
    for part, sound in _table(table.pop("sound", {}), "sound", path).items():
        _one_of(part, PARTS, "sound", path)
        sounds[part] = _record(Sound, _table(sound, f"sound.{part}", path), f"sound.{part}", path)
    params = _params(_table(table.pop("params", {}), "params", path), path)
    if "meter" in table:
        table["meter"] = _meter(table["meter"], "meter", path)
    if isinstance(table.get("meters"), list):
        table["meters"] = [_meter(meter, "meters", path) for meter in table["meters"]]
    given: dict[str, Any] = {"sounds": sounds, "params": params, "name": path.stem}
    given |= {"microphones": microphones} | ({"zones": zones} if zones else {})
    patch: Patch = _record(Patch, table | given, "", path)
    _check(patch, path)
    return patch


def with_microphone(patch: Patch, hears: str | None) -> Patch:
    """The patch with one microphone that hears this; None: its own ones, or one for harmony."""
    if hears is None and patch.microphones:
        return patch
    return replace(patch, microphones=(Microphone(hears=hears or "harmony"),))


def _meter(text: Any, key: str, path: Path) -> Meter:
    try:
        return Meter.parse(str(text))
    except BandmateError as error:
        raise BadPatch(f"{path}: key '{key}': {error}") from None


def as_table(patch: Patch) -> dict[str, Any]:
    """The tables that `parse` reads back as the same patch: a take carries its patch along."""
    table = asdict(patch)
    zones, sounds, microphones = table.pop("zones"), table.pop("sounds"), table.pop("microphones")
    del table["name"]
    table["parts"] = list(patch.parts)
    return table | {
        "meter": str(patch.meter), "meters": [str(meter) for meter in patch.meters],
        "performer": {"zone": list(zones)}, "sound": sounds,
        "microphone": list(microphones),
    }  # fmt: skip


def _microphones(rows: Any, path: Path) -> tuple[Microphone, ...]:
    """The microphones as written, one a channel."""
    if not isinstance(rows, list):
        raise BadPatch(f"{path}: 'microphone' is {rows!r}, but microphones are written [[microphone]]")
    return tuple(
        _record(Microphone, _table(row, "microphone", path), f"microphone[{index}]", path)
        for index, row in enumerate(rows, 1)
    )


RANGES: dict[str, tuple[float, float]] = {
    "tuning_hz": (430, 450), "reverb": (0, 1), "low_key": (0, 127), "tap_control": (0, 127),
    "low": (0, 127), "high": (0, 127), "bank": (0, 16383), "program": (0, 127), "octave": (-4, 4),
    "transpose": (-24, 24), "level": (0, 2), "pan": (-1, 1), "curve": (0.2, 5), "channel": (1, 16),
    "latency_ms": (-100, 200), "gain_db": (-60, 60), "gate_db": (-120, 0), "bleed": (0, 1),
}  # fmt: skip


def _in_range(record: Any, prefix: str, path: Path) -> None:
    for key, (low, high) in RANGES.items():
        value = getattr(record, key, low)
        if not low <= value <= high:
            raise BadPatch(f"{path}: key '{prefix}{key}' is {value:g}; it takes {low:g} to {high:g}")


def _check(patch: Patch, path: Path) -> None:
    for part in patch.parts:
        _one_of(part, PARTS, "parts", path)
    if not patch.parts or len(set(patch.parts)) < len(patch.parts):
        raise BadPatch(f"{path}: key 'parts' is {list(patch.parts)}; name each player once, one at least")
    _one_of(patch.bass, BASS_MANNERS, "bass", path)
    _one_of(patch.style, tuple(names("styles")), "style", path)
    if "style" in patch.params:
        _one_of(str(patch.params["style"]), tuple(names("styles")), "params.style", path)
    _in_range(patch, "", path)
    for part, sound in patch.sounds.items():
        _in_range(sound, f"sound.{part}.", path)
    for zone in patch.zones:
        _in_range(zone, "performer.zone.", path)
        _one_of(zone.hears, HEARS, "performer.zone.hears", path)
        if zone.low > zone.high:
            raise BadPatch(
                f"{path}: a performer.zone from {zone.low} to {zone.high} holds no key of 0 to 127"
            )
    for meter in patch.meters:
        if meter.bar_beats % meter.pulse_beats:
            raise BadPatch(
                f"{path}: key 'meters' names {meter}, which nobody tells by ear; count it in instead"
            )
    _check_microphones(patch.microphones, path)


def _check_microphones(microphones: tuple[Microphone, ...], path: Path) -> None:
    taken: set[int] = set()
    for microphone in microphones:
        _in_range(microphone, "microphone.", path)
        _one_of(microphone.hears, MICROPHONE_HEARS, "microphone.hears", path)
        if microphone.low > microphone.high:
            span = f"from {microphone.low} to {microphone.high}"
            raise BadPatch(f"{path}: a microphone {span} hears no pitch of 0 to 127")
        if microphone.channel in taken:
            raise BadPatch(f"{path}: two microphones are on channel {microphone.channel}; each takes its own")
        taken.add(microphone.channel)


def _params(table: dict[str, Any], path: Path) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    for name, value in table.items():
        try:
            known, checked = controls.check(name, value)
        except BandmateError as error:
            raise BadPatch(f"{path}: [params] {error}") from None
        if checked is not None:
            found[known] = checked
    return found


def _record(kind: type[Any], table: dict[str, Any], where: str, path: Path) -> Any:
    """A dataclass out of a table, each value of the type that its default has."""
    prefix = f"{where}." if where else ""
    example = kind()
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in kind.__dataclass_fields__:
            raise BadPatch(f"{path}: unknown key '{prefix}{key}'; it takes {', '.join(_keys(kind))}")
        values[key] = _typed(value, getattr(example, key), f"{prefix}{key}", path)
    return kind(**values)


def _keys(kind: type[Any]) -> list[str]:
    """What a file may write for a record."""
    if kind is not Patch:
        return list(kind.__dataclass_fields__)
    return [
        *(key for key in kind.__dataclass_fields__ if key not in ("name", "zones", "sounds", "microphones")),
        "performer",
        "sound",
        "microphone",
    ]


def _typed(value: Any, example: Any, key: str, path: Path) -> Any:
    if isinstance(example, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(example, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(example):
        wanted = {
            str: "a text",
            int: "a whole number",
            float: "a number",
            bool: "true or false",
            tuple: "a list",
        }
        raise BadPatch(
            f"{path}: key '{key}' is {value!r}; it takes {wanted.get(type(example), type(example).__name__)}"
        )
    return value


def _one_of(value: Any, allowed: tuple[str, ...], key: str, path: Path) -> None:
    if value not in allowed:
        raise BadPatch(f"{path}: key '{key}' names {value!r}; it takes {', '.join(allowed)}")


def _table(value: Any, key: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadPatch(f"{path}: '{key}' is {value!r}, but it is a table of keys")
    return dict(value)


def font_path(patch: Patch) -> Path:
    """The patch's soundfont; raises BadPatch when it isn't there."""
    named = Path(patch.font)
    path = named if named.is_absolute() else data_folder("patches") / named
    if not path.is_file():
        raise BadPatch(f"patches/{patch.name}.toml: key 'font' names {patch.font}, but there is no {path}")
    return path
