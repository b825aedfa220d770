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
from bandmate.parts import blocks, meters
from bandmate.parts.blocks import Block
from bandmate.parts.meters import Written
from bandmate.parts.rows import Bar, Pattern, Stroke
from bandmate.patch import data_folder, names, read_toml
from bandmate.timing import METERS, Meter

FEELS = ("groove", "ballad")
CHORDS = ("close", "rootless")
BASS_NOTES = ("root", "slash", "free")
INTRO, SECTIONS = 0, (1, 2, 3)
TOGETHER = ("break", "hits", "ending")  # what everybody plays together
LATE = ("pocket", "snare", "cymbals", "keys", "guitar", "pad", "lead")
MOST_LATE_S = 0.015
STRUCK_BEATS = 0.25

Tables = dict[int, Written]  # by section and meter as written: variations, calm ones first


@dataclass(frozen=True, slots=True)
class Fill:
    """What the drummer plays into a downbeat: a stretch that ends there."""

    beats: float
    bar: Bar
    compound: bool = False  # for 6/8 and 12/8
    sections: tuple[int, ...] = SECTIONS


@dataclass(frozen=True, slots=True)
class Together:
    """A bar that everybody plays together: the rhythm of bass and chords, and the drummer's part in it."""

    line: Bar
    kit: Bar


@dataclass(frozen=True, slots=True)
class Style:
    """How the band plays: its feel, and the bars that each part chooses from."""

    name: str
    title: str
    meter: str = "4/4"  # at home here: the meter of rows that name none
    swing: float = 0.5  # ratio; 0.5 is straight
    swing_unit: float = 0.5  # beats: 0.5 eighths swing, 0.25 sixteenths
    feel: str = "groove"
    follow: float = 0.3  # 0..1: how far you move the tempo unless the patch says otherwise
    bpm: float = 112.0  # quarters a minute, typical
    chords: str = "close"  # or rootless: third, fifth, seventh and ninth, the root is the bass's
    pushes: bool = True  # chords on the last eighth belong to the next bar; else only those ringing into it
    bass_note: str = "root"  # under a new chord: its root; slash: your bass; free: any tone near the hand
    loose_s: float = 0.003  # how far the players stray around their place
    late_s: dict[str, float] = field(default_factory=dict)  # who lays back (or, below 0, pushes)
    parts: dict[str, Tables] = field(default_factory=dict)
    turns: dict[str, Tables] = field(default_factory=dict)  # bars that turn a phrase of four round
    fills: tuple[Fill, ...] = ()
    together: dict[str, tuple[Written, Written]] = field(default_factory=dict)  # figure: lines, kits
    _derived: dict[tuple[str, int, str], tuple[Pattern, ...]] = field(default_factory=dict, repr=False)

    def variations(self, part: str, meter: Meter, section: int) -> tuple[Pattern, ...]:
        """What a part may play here, calm ones first; nothing where the style has no such part.

        Section 0 is the intro, and the first section where a part has none of its own.
        """
        tables = self.parts.get(part)
        if tables is None:
            return ()
        if section != INTRO or INTRO not in tables:
            section = min(max(section, 1), 3)
        return self._in_meter(part, section, meter, tables[section])

    def turnarounds(self, part: str, meter: Meter, section: int) -> tuple[Pattern, ...]:
        """What a part may play in the last bar of four instead."""
        written = self.turns.get(part, {}).get(section)
        return () if written is None else self._in_meter(f"{part}/turn", section, meter, written)

    def bars_together(self, figure: str, meter: Meter) -> tuple[Together, ...]:
        """The bars of a break, of hits or of an ending; nothing where the style has none of its own."""
        if figure not in self.together:
            return ()
        lines, kits = self.together[figure]
        both = zip(
            self._in_meter(f"{figure}/line", 0, meter, lines),
            self._in_meter(f"{figure}/kit", 0, meter, kits),
            strict=True,
        )
        return tuple(Together(line[0], kit[0]) for line, kit in both)

    def _in_meter(self, what: str, section: int, meter: Meter, written: Written) -> tuple[Pattern, ...]:
        """Derived once for each meter that is played, and remembered."""
        key = (what, section, str(meter))
        if key not in self._derived:
            self._derived[key] = meters.in_meter(written, key[2])
        return self._derived[key]


def load_style(name: str) -> Style:
    """The style of a name (or a `.toml` file); raises BadPatch naming file, key and value."""
    path = Path(name) if name.endswith(".toml") else data_folder("patches") / "styles" / f"{name}.toml"
    table = read_toml(path, names("styles"))
    plain = _plain(
        {key: value for key, value in table.items() if key not in (*PARTS, "fill", *TOGETHER)}, path
    )
    home = plain.get("meter", "4/4")
    read = {
        part: _tables(part, blocks.listed(part, table, path), home, path) for part in PARTS if part in table
    }
    together = {
        figure: _together(figure, blocks.listed(figure, table, path), home, path)
        for figure in TOGETHER
        if figure in table
    }
    return Style(
        **plain, name=path.stem, fills=_fills(blocks.listed("fill", table, path), path), together=together,
        parts={part: tables for part, (tables, _) in read.items()},
        turns={part: turns for part, (_, turns) in read.items() if turns},
    )  # fmt: skip


def _plain(table: Block, path: Path) -> dict[str, Any]:
    """The keys above the tables, each in its range."""
    limits = {"swing": (0.5, 0.75), "follow": (0.0, 1.0), "bpm": (30.0, 300.0), "loose_s": (0.0, 0.005)}
    words = {"feel": FEELS, "chords": CHORDS, "bass_note": BASS_NOTES, "meter": METERS}
    values: dict[str, Any] = {"title": path.stem}
    for key, value in table.items():
        if key in limits:
            values[key] = blocks.number(value, *limits[key], key, path)
        elif key in words:
            values[key] = blocks.one_of(value, words[key], key, path)
        elif key == "swing_unit":
            values[key] = blocks.one_of(value, (0.5, 0.25), key, path)
        elif (key == "title" and isinstance(value, str)) or (key == "pushes" and isinstance(value, bool)):
            values[key] = value
        elif key == "late_s" and isinstance(value, dict):
            for who, late_s in value.items():
                blocks.one_of(who, LATE, key, path)
                value[who] = blocks.number(late_s, -MOST_LATE_S, MOST_LATE_S, f"late_s.{who}", path)
            values[key] = value
        else:
            takes = ", ".join(
                (*limits, *words, "swing_unit", "title", "pushes", "late_s", *PARTS, "fill", *TOGETHER)
            )
            raise BadPatch(f"{path}: unknown key or value {key!r} = {value!r}; a style takes {takes}")
    return values


def _tables(part: str, listed: list[tuple[int, Block]], home: str, path: Path) -> tuple[Tables, Tables]:
    """All bars of a part, and those that turn a phrase round; every section has bars in some meter."""
    written: dict[int, dict[str, list[Pattern]]] = {section: {} for section in SECTIONS}
    turning: dict[int, dict[str, list[Pattern]]] = {}
    for index, block in listed:
        where = f"{path}: key '{part}[{index}]"
        meter = str(blocks.one_of(block.pop("meter", home), METERS, f"{part}[{index}].meter", path))
        sections = _sections(block, f"{part}[{index}]", path)
        kept = turning if blocks.yes(block, "turn", where) else written
        bar_beats = meters.bar_beats_of(meter)
        pattern = (
            blocks.kit(block, bar_beats, where)
            if part == "drums"
            else blocks.line(block, bar_beats, where, part)
        )
        for section in sections:
            kept.setdefault(section, {}).setdefault(meter, []).append(pattern)
    for section, found in written.items():
        if not found:
            raise BadPatch(f"{path}: key '{part}' has no bar for section {section}; write one in {home}")
    return _closed(written), _closed(turning)


def _closed(written: dict[int, dict[str, list[Pattern]]]) -> Tables:
    return {
        section: {meter: tuple(bars) for meter, bars in bars_of.items()}
        for section, bars_of in written.items()
    }


def _together(figure: str, listed: list[tuple[int, Block]], home: str, path: Path) -> tuple[Written, Written]:
    """The lines and kits of a figure; without rows of drums, kick and snare strike the rhythm."""
    lines: dict[str, list[Pattern]] = {}
    kits: dict[str, list[Pattern]] = {}
    for index, block in listed:
        where = f"{path}: key '{figure}[{index}]"
        meter = str(blocks.one_of(block.pop("meter", home), METERS, f"{figure}[{index}].meter", path))
        bar_beats = meters.bar_beats_of(meter)
        line = blocks.line({"rhythm": block.pop("rhythm", None)}, bar_beats, where, "bass")
        lines.setdefault(meter, []).append(line)
        kits.setdefault(meter, []).append(
            blocks.kit(block, bar_beats, where) if block else tuple(map(_struck, line))
        )
    closed = _closed({0: lines, 1: kits})
    return closed[0], closed[1]


def _struck(line: Bar) -> Bar:
    """Kick and snare on every stroke of a rhythm."""
    return Bar(
        tuple(
            Stroke(stroke.beat, STRUCK_BEATS, drum, stroke.touch, stroke.triplet)
            for stroke in line.strokes
            for drum in ("kick", "snare")
        )
    )


def _fills(listed: list[tuple[int, Block]], path: Path) -> tuple[Fill, ...]:
    """The fills as written; where none is for the compound (or the simple) meters, told in three (in two)."""
    fills = [_fill(block, f"fill[{index}]", path) for index, block in listed]
    for compound in (False, True):
        if not any(fill.compound == compound for fill in fills):
            tell = meters.in_three if compound else meters.in_two
            share = meters.COMPOUND if compound else 1 / meters.COMPOUND
            fills += [
                Fill(fill.beats * share, Bar(tuple(tell(list(fill.bar.strokes)))), compound, fill.sections)
                for fill in fills
            ]
    return tuple(fills)


def _fill(block: Block, key: str, path: Path) -> Fill:
    where = f"{path}: key '{key}"
    beats = blocks.number(block.pop("beats", 4.0), 0.5, 8.0, f"{key}.beats", path)
    compound = blocks.yes(block, "compound", where)
    sections = tuple(section for section in _sections(block, key, path) if section)
    return Fill(beats, blocks.kit(block, beats, where)[0], compound, sections)


def _sections(block: Block, where: str, path: Path) -> tuple[int, ...]:
    sections = block.pop("sections", list(SECTIONS))
    allowed: dict[Any, int] = dict(zip(SECTIONS, SECTIONS, strict=True)) | {"intro": INTRO}
    if not isinstance(sections, list) or not sections or not all(each in allowed for each in sections):
        raise BadPatch(f"{path}: key '{where}.sections' is {sections!r}; it takes some of {list(allowed)}")
    return tuple(allowed[section] for section in sections)
