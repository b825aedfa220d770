"""Patches: what is plugged into what, and how the band plays. Files in `patches/*.toml`.

Reads and checks a patch in full before bar 1; an error names file, key and value. Any process.
Imports only the bottom layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bandmate import controls, maps
from bandmate.errors import BadPatch, BandmateError
from bandmate.events import PARTS
from bandmate.moods import Bends, read_bends
from bandmate.sounds import (
    DEFAULT_SOUNDS,
    MICROPHONE_HEARS,
    OUTPUTS,
    RANGES,
    Microphone,
    Sound,
    Zone,
    read_microphones,
    read_sounds,
    read_zones,
)
from bandmate.tables import in_range, one_of, read_toml, record, table_of
from bandmate.timing import Meter
from bandmate.tomltext import lines_of

__all__ = [
    "DEFAULT_SOUNDS", "MICROPHONE_HEARS", "Microphone", "Patch", "Sound", "Zone", "as_table", "data_folder",
    "font_file", "font_files", "font_path", "in_rig", "load", "names", "parse", "read_toml",
    "with_microphone",
]  # fmt: skip

DEFAULT_FONT = "bandmate-gm.sf2"
OSC_MAPS = ("crowd", "phone", "surface")
BASS_MANNERS = ("plays", "yields", "doubles")
MOST_TRANSPOSED = 12  # semitones, with the song; a zone may go farther
OF_THE_PATCH = {  # parameters that begin where a key of the patch says: the sound process needs to know
    "tuning-hz": "tuning_hz", "transpose": "transpose", "transpose-keys": "transpose_keys", "mono": "mono",
    "reverb": "reverb",
}  # fmt: skip


OF_THE_RIG = (
    "audio_in", "microphones", "outputs", "local", "low_key", "tap_control", "bands_to_performer",
    "velocities", "reversed_pedals", "osc", "controls", "clock_in", "clock_out",
)  # fmt: skip


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
    model: str = ""  # the neural player by name, or its folder; empty: the one that ships
    bands_to_performer: bool = False  # band parts may go to the performer's own keyboard
    low_key: int = 0  # keys at or below this one are the cue switch, not music; 0: no such keys
    tap_control: int = 67  # the pedal (CC) that is the cue switch; 0: none
    font: str = DEFAULT_FONT
    reverb: float = 0.3
    tuning_hz: float = 440.0
    transpose: int = 0  # semitones: chart, band and display; drums never
    transpose_keys: bool = False  # the performer's own keys sound transposed, too
    mono: bool = False
    outputs: str = "stereo"  # left-mono-right-click: on two channels; parts: also a pair for each part
    local: bool = False  # the keyboard makes its own sound: no thru to the synth
    velocities: tuple[int, ...] = ()  # how hard this performer plays, softest first: a soundcheck finds it
    reversed_pedals: tuple[int, ...] = ()  # controllers of pedals that are plugged in the wrong way round
    zones: tuple[Zone, ...] = (Zone(),)
    audio_in: str = ""  # the device of the microphones, by name or number; empty: the system's own, or JACK
    microphones: tuple[Microphone, ...] = ()
    clock_in: str = ""  # the MIDI port whose clock decides the tempo
    clock_out: str = ""  # the MIDI port that is told the band's; own: a port of ours
    controls: tuple[maps.Row, ...] = ()  # what knobs, keys and pedals move, its own before maps that it names
    sounds: dict[str, Sound] = field(default_factory=lambda: dict(DEFAULT_SOUNDS))
    params: dict[str, float | str] = field(default_factory=dict)
    mood: Bends = field(default_factory=Bends)  # how far the audience bends the music
    osc: tuple[str, ...] = OSC_MAPS  # which sensors and surfaces are understood, by map or .toml file


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


def parse(table: dict[str, Any], path: Path) -> Patch:
    """A patch out of its tables; every key and value is checked."""
    table = dict(table)
    for key in ("name", "zones", "sounds", "microphones", "controls"):
        if key in table:
            raise BadPatch(f"{path}: unknown key '{key}'; it takes {', '.join(_keys())}")
    performer = table_of(table.pop("performer", {}), "performer", path)
    zones = read_zones(performer.pop("zone", []), path)
    if performer:
        raise BadPatch(f"{path}: unknown key 'performer.{next(iter(performer))}'; it takes zone")
    microphones = read_microphones(table.pop("microphone", []), path)
    sounds = read_sounds(table_of(table.pop("sound", {}), "sound", path), PARTS, path)
    lines = lines_of(path.read_text(encoding="utf-8")) if "control" in table and path.is_file() else None
    rows = maps.read_rows(table.pop("control", []), "control", path, lines=lines)
    named = table.pop("maps", [])
    if not isinstance(named, list):
        raise BadPatch(f"{path}: key 'maps' is {named!r}; it takes a list")
    ready = [maps.load(name, data_folder("patches"), path) for name in named]
    params = _params(table_of(table.pop("params", {}), "params", path), path)
    mood = read_bends(table_of(table.pop("mood", {}), "mood", path), path)
    if "meter" in table:
        table["meter"] = _meter(table["meter"], "meter", path)
    if isinstance(table.get("meters"), list):
        table["meters"] = [_meter(meter, "meters", path) for meter in table["meters"]]
    plain = Patch(
        name=path.stem, zones=zones or (Zone(),), microphones=microphones, sounds=sounds, params=params,
        mood=mood, controls=maps.ordered(rows, *ready),
    )  # fmt: skip
    patch: Patch = record(plain, _as_today(table), "", path, _keys())
    _check(patch, path)
    return _with_what_lies_beside(patch, path)


def _as_today(table: dict[str, Any]) -> dict[str, Any]:
    """The tables of an old take, in today's words: it said `split` and `part_buses` of the outputs."""
    former = {key: table.pop(key) for key in ("split", "part_buses") if type(table.get(key)) is bool}
    outputs = "left-mono-right-click" if former.get("split") else "parts" if any(former.values()) else ""
    return ({"outputs": outputs} if outputs else {}) | table


def _with_what_lies_beside(patch: Patch, path: Path) -> Patch:
    """A font, a model or an OSC map that isn't one of ours is looked for beside the patch's own file."""

    def beside(font: str) -> str:
        near = path.parent / font
        ours = not font or font_file(font).is_file() or not path.is_file()
        return font if ours or not near.is_file() else str(near.resolve())

    def mapped(name: str) -> str:
        near = path.parent / name
        there = name.endswith(".toml") and path.is_file() and near.is_file()
        return str(near.resolve()) if there else name

    sounds = {part: replace(sound, font=beside(sound.font)) for part, sound in patch.sounds.items()}
    zones = tuple(replace(zone, font=beside(zone.font)) for zone in patch.zones)
    near = path.parent / patch.model
    model = str(near.resolve()) if patch.model and path.is_file() and near.is_dir() else patch.model
    osc = tuple(mapped(name) for name in patch.osc)
    return replace(patch, font=beside(patch.font), model=model, sounds=sounds, zones=zones, osc=osc)


def with_microphone(patch: Patch, hears: str | None) -> Patch:
    """The patch with one microphone that hears this; None: its own ones, or one for harmony."""
    if hears is None and patch.microphones:
        return patch
    return replace(patch, microphones=(Microphone(hears=hears or "harmony"),))


def in_rig(song: Patch, rig: Patch) -> Patch:
    """A song's patch with what belongs to the rig and stays: its devices, switches, keyboard and player."""
    return replace(song, **{key: getattr(rig, key) for key in OF_THE_RIG})


def as_table(patch: Patch) -> dict[str, Any]:
    """The tables that `parse` reads back as the same patch: a take carries its patch along."""
    table = asdict(patch)
    zones, sounds, microphones = table.pop("zones"), table.pop("sounds"), table.pop("microphones")
    del table["name"], table["controls"]
    lists = {key: list(value) for key, value in table.items() if isinstance(value, tuple)}
    return table | lists | {
        "meter": str(patch.meter), "meters": [str(meter) for meter in patch.meters],
        "performer": {"zone": list(zones)}, "sound": sounds,
        "microphone": list(microphones), "control": [maps.as_table(row) for row in patch.controls],
    }  # fmt: skip


def _keys() -> list[str]:
    """What a file may write, beside its tables."""
    own = ("name", "zones", "sounds", "microphones", "controls")
    plain = [key for key in Patch.__dataclass_fields__ if key not in own]
    return [*plain, "performer", "sound", "microphone", "control", "maps"]


def _meter(text: Any, key: str, path: Path) -> Meter:
    try:
        return Meter.parse(str(text))
    except BandmateError as error:
        raise BadPatch(f"{path}: key '{key}': {error}") from None


def _check(patch: Patch, path: Path) -> None:
    for part in patch.parts:
        one_of(part, PARTS, "parts", path)
    if not patch.parts or len(set(patch.parts)) < len(patch.parts):
        raise BadPatch(f"{path}: key 'parts' is {list(patch.parts)}; name each player once, one at least")
    one_of(patch.bass, BASS_MANNERS, "bass", path)
    one_of(patch.outputs, OUTPUTS, "outputs", path)
    for name in patch.osc:
        if not isinstance(name, str):
            raise BadPatch(
                f"{path}: key 'osc' names {name!r}; it takes {', '.join(names('osc'))}, or .toml files"
            )
    one_of(patch.style, names("styles"), "style", path)
    if "style" in patch.params:
        one_of(str(patch.params["style"]), names("styles"), "params.style", path)
    in_range(patch, RANGES, "", path)
    if abs(patch.transpose) > MOST_TRANSPOSED:
        raise BadPatch(f"{path}: key 'transpose' is {patch.transpose}; it takes -12 to 12")
    for key, low in (("velocities", 1), ("reversed_pedals", 0)):
        numbers = getattr(patch, key)
        if any(type(number) is not int or not low <= number <= 127 for number in numbers):
            raise BadPatch(f"{path}: key '{key}' is {list(numbers)}; it takes whole numbers of {low} to 127")
    for meter in patch.meters:
        if meter.bar_beats % meter.pulse_beats:
            raise BadPatch(
                f"{path}: key 'meters' names {meter}, which nobody tells by ear; count it in instead"
            )


def _params(table: dict[str, Any], path: Path) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    for name, value in table.items():
        try:
            known, checked = controls.check(name, value)
        except BandmateError as error:
            raise BadPatch(f"{path}: [params] {error}") from None
        if known in OF_THE_PATCH:
            key = OF_THE_PATCH[known]
            raise BadPatch(f"{path}: [params] {known} has a key of its own; write '{key}' at the top instead")
        if checked is not None:
            found[known] = checked
    return found


def font_file(font: str) -> Path:
    """Where a font lies, by the name that a patch has for it; it needn't be there."""
    named = Path(font).expanduser()
    return named if named.is_absolute() else data_folder("patches") / named


def font_path(patch: Patch) -> Path:
    """The patch's soundfont; raises BadPatch when it, or another that the patch names, isn't there."""
    for key, font in _fonts(patch):
        path = font_file(font)
        if not path.is_file():
            file = f"patches/{patch.name}.toml"
            raise BadPatch(f"{file}: key '{key}' names {font}, but there is no {path}")
    return font_file(patch.font)


def font_files(patch: Patch) -> list[Path]:
    """Every soundfont that a patch names, its own first, each once: what a sound process loads."""
    return list(dict.fromkeys(font_file(font) for _, font in _fonts(patch)))


def _fonts(patch: Patch) -> Iterator[tuple[str, str]]:
    """The fonts that a patch names, each with the key that does so."""
    yield "font", patch.font
    yield from ((f"sound.{part}.font", sound.font) for part, sound in patch.sounds.items() if sound.font)
    yield from (("performer.zone.font", zone.font) for zone in patch.zones if zone.font)
