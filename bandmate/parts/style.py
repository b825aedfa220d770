"""A style: everything that one file in `patches/styles` says about how the band plays.

Read and checked in full before bar 1; an error names file, key and value. Imports only the bottom
layer and its own room.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate.errors import BadPatch
from bandmate.events import PARTS
from bandmate.parts import rows
from bandmate.parts.kit import KIT
from bandmate.parts.rows import Bar, Pattern
from bandmate.patch import data_folder, names, read_toml
from bandmate.timing import METERS, Meter

FEELS = ("groove", "ballad")
CHORDS = ("close", "rootless")
BASS_NOTES = ("root", "slash", "free")
SECTIONS = (1, 2, 3)
LATE = ("pocket", "snare", "cymbals", "keys", "guitar", "pad", "lead")
MOST_LATE_S = 0.015
BASS_TONES = ("1", "1-", "8", "3", "3-", "5", "5-", "7", "7-", "step", "chord", "approach", "toward", "same")
VOICES = ("v0", "v1", "v2", "v3")

Tables = dict[str, dict[int, tuple[Pattern, ...]]]  # meter, section: variations, calm ones first


@dataclass(frozen=True, slots=True)
class Fill:
    """What the drummer plays into a downbeat: a stretch that ends there."""

    beats: float
    bar: Bar
    compound: bool = False  # for 6/8 and 12/8
    sections: tuple[int, ...] = SECTIONS


@dataclass(frozen=True, slots=True)
class Style:
    """How the band plays: its feel, and the bars that each part chooses from."""

    name: str
    title: str
    swing: float = 0.5  # ratio; 0.5 is straight
    swing_unit: float = 0.5  # beats: 0.5 eighths swing, 0.25 sixteenths
    feel: str = "groove"
    follow: float = 0.3  # 0..1: how far you move the tempo unless the patch says otherwise
    bpm: float = 112.0  # quarters a minute, typical
    chords: str = "close"  # or rootless: third, fifth, seventh and ninth, the root is the bass's
    bass_note: str = "root"  # under a new chord: its root; slash: your bass; free: any tone near the hand
    loose_s: float = 0.003  # how far the players stray around their place
    late_s: dict[str, float] = field(default_factory=dict)  # who lays back (or, below 0, pushes)
    parts: dict[str, Tables] = field(default_factory=dict)
    fills: tuple[Fill, ...] = ()

    def variations(self, part: str, meter: Meter, section: int) -> tuple[Pattern, ...]:
        """What a part may play here, calm ones first; nothing where the style has no such part."""
        tables = self.parts.get(part)
        return () if tables is None else tables[str(meter)][min(max(section, 1), 3)]


def load_style(name: str) -> Style:
    """The style of a name (or a `.toml` file); raises BadPatch naming file, key and value."""
    path = Path(name) if name.endswith(".toml") else data_folder("patches") / "styles" / f"{name}.toml"
    table = read_toml(path, names("styles"))
    fills = tuple(
        _fill(block, f"{path}: key 'fill[{index}]", path) for index, block in _blocks("fill", table, path)
    )
    parts = {part: _tables(part, _blocks(part, table, path), path) for part in PARTS if part in table}
    plain = {key: value for key, value in table.items() if key not in (*PARTS, "fill")}
    return Style(**_plain(plain, path), name=path.stem, parts=parts, fills=fills)


def _plain(table: dict[str, Any], path: Path) -> dict[str, Any]:
    """The keys above the tables, each in its range."""
    limits = {"swing": (0.5, 0.75), "follow": (0.0, 1.0), "bpm": (30.0, 300.0), "loose_s": (0.0, 0.005)}
    words = {"feel": FEELS, "chords": CHORDS, "bass_note": BASS_NOTES}
    values: dict[str, Any] = {"title": path.stem}
    for key, value in table.items():
        if key in limits:
            values[key] = _number(value, *limits[key], key, path)
        elif key in words:
            values[key] = _one_of(value, words[key], key, path)
        elif key == "swing_unit":
            values[key] = _one_of(value, (0.5, 0.25), key, path)
        elif key == "title" and isinstance(value, str):
            values[key] = value
        elif key == "late_s" and isinstance(value, dict):
            for who, late_s in value.items():
                _one_of(who, LATE, key, path)
                value[who] = _number(late_s, -MOST_LATE_S, MOST_LATE_S, f"late_s.{who}", path)
            values[key] = value
        else:
            takes = ", ".join((*limits, *words, "swing_unit", "title", "late_s", *PARTS, "fill"))
            raise BadPatch(f"{path}: unknown key or value {key!r} = {value!r}; a style takes {takes}")
    return values


def _tables(part: str, blocks: list[tuple[int, dict[str, Any]]], path: Path) -> Tables:
    """All bars of a part by meter and section; each section has its bars in every written meter."""
    written: dict[int, dict[str, list[Pattern]]] = {section: {} for section in SECTIONS}
    for index, block in blocks:
        where = f"{path}: key '{part}[{index}]"
        meter = str(_one_of(block.pop("meter", "4/4"), METERS, f"{part}[{index}].meter", path))
        sections = _sections(block, f"{part}[{index}]", path)
        read = _kit if part == "drums" else _line
        pattern = read(block, rows.bar_beats_of(meter), where, part)
        for section in sections:
            written[section].setdefault(meter, []).append(pattern)
    for section, found in written.items():
        for meter in rows.WRITTEN:
            if meter not in found:
                raise BadPatch(f"{path}: key '{part}' has no bar for section {section} in {meter}; write one")
    return {
        meter: {
            section: rows.in_meter({key: tuple(bars) for key, bars in found.items()}, meter)
            for section, found in written.items()
        }
        for meter in METERS
    }


def _kit(block: dict[str, Any], bar_beats: float, where: str, part: str) -> Pattern:
    """A drummer's block: one row a drum."""
    lines = []
    for drum, row in block.items():
        if drum not in KIT:
            raise BadPatch(f"{where}.{drum}' is no drum; the kit has {', '.join(KIT)}")
        bars = rows.read_row(_text(row, f"{where}.{drum}'"), bar_beats, f"{where}.{drum}'")
        lines.append(rows.with_tones(bars, [drum] * sum(len(bar.strokes) for bar in bars)))
    if not lines:
        raise BadPatch(f"{where}' has no row; the kit has {', '.join(KIT)}")
    return rows.together(lines)


def _line(block: dict[str, Any], bar_beats: float, where: str, part: str) -> Pattern:
    """A rhythm row and what is played on it: one tone a stroke (chords: all voices if none is named)."""
    for key in block:
        if key not in ("rhythm", "tones"):
            raise BadPatch(f"{where}.{key}' is unknown; it takes sections, meter, rhythm, tones")
    bars = rows.read_row(_text(block.get("rhythm"), f"{where}.rhythm'"), bar_beats, f"{where}.rhythm'")
    strokes = sum(len(bar.strokes) for bar in bars)
    written = block.get("tones", "1" if part == "bass" else "all")
    tones = _text(written, f"{where}.tones'").replace("|", " ").split()
    tones = tones * strokes if len(tones) == 1 else tones
    if len(tones) != strokes:
        raise BadPatch(f"{where}.tones' has {len(tones)} tones for the {strokes} strokes of its rhythm")
    allowed = BASS_TONES if part == "bass" else ("all", *VOICES)
    for tone in tones:
        for single in tone.removesuffix(">").split("+"):
            if single not in allowed:
                raise BadPatch(
                    f"{where}.tones' has {tone!r}; it takes {', '.join(allowed)}, and > for the chord ahead"
                )
    return rows.with_tones(bars, tones)


def _fill(block: dict[str, Any], where: str, path: Path) -> Fill:
    beats = _number(block.pop("beats", 4.0), 0.5, 8.0, f"{where[len(str(path)) + 7 :]}.beats", path)
    compound = block.pop("compound", False)
    if not isinstance(compound, bool):
        raise BadPatch(f"{where}.compound' is {compound!r}; it takes true or false")
    sections = _sections(block, "fill", path)
    return Fill(beats, _kit(block, beats, where, "drums")[0], compound, sections)


def _blocks(key: str, table: dict[str, Any], path: Path) -> list[tuple[int, dict[str, Any]]]:
    blocks = table.get(key, [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise BadPatch(f"{path}: key {key!r} is {blocks!r}; write it as [[{key}]] tables")
    return [(index, dict(block)) for index, block in enumerate(blocks, 1)]


def _sections(block: dict[str, Any], where: str, path: Path) -> tuple[int, ...]:
    sections = block.pop("sections", list(SECTIONS))
    if not isinstance(sections, list) or not sections or not set(sections) <= set(SECTIONS):
        raise BadPatch(f"{path}: key '{where}.sections' is {sections!r}; it takes some of [1, 2, 3]")
    return tuple(sections)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadPatch(f'{where} is {value!r}; it takes a row as in "X... x..."')
    return value


def _number(value: Any, low: float, high: float, key: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadPatch(f"{path}: key '{key}' is {value!r}; it takes {low:g} to {high:g}")
    return float(value)


def _one_of(value: Any, allowed: tuple[Any, ...], key: str, path: Path) -> Any:
    if value not in allowed:
        takes = ", ".join(str(word) for word in allowed)
        raise BadPatch(f"{path}: key '{key}' names {value!r}; it takes {takes}")
    return value
