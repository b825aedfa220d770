"""Reads the blocks of a style file: a drummer's rows, a line's rhythm and tones, and single values.

Every error names file, key and value. Pure, before the count-in only; imports only the bottom layer and
its own room.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bandmate.errors import BadPatch
from bandmate.parts import rows
from bandmate.parts.kit import KIT
from bandmate.parts.rows import Pattern

BASS_TONES = (
    "1", "1-", "8", "3", "3-", "5", "5-", "6", "6-", "7", "7-", "step", "chord", "approach", "toward", "same",
)  # fmt: skip
VOICES = ("v0", "v1", "v2", "v3")
WHOLE_CHORDS = ("all", "pass")

Block = dict[str, Any]


def kit(block: Block, bar_beats: float, where: str) -> Pattern:
    """A drummer's block: one row a drum."""
    lines = []
    for drum, row in block.items():
        if drum not in KIT:
            raise BadPatch(f"{where}.{drum}' is no drum; the kit has {', '.join(KIT)}")
        bars = rows.read_row(text(row, f"{where}.{drum}'"), bar_beats, f"{where}.{drum}'")
        lines.append(rows.with_tones(bars, [drum] * sum(len(bar.strokes) for bar in bars)))
    if not lines:
        raise BadPatch(f"{where}' has no row; the kit has {', '.join(KIT)}")
    return rows.together(lines)


def line(block: Block, bar_beats: float, where: str, part: str) -> Pattern:
    """A rhythm row and what is played on it: one tone a stroke (chords: all voices if none is named)."""
    for key in block:
        if key not in ("rhythm", "tones"):
            raise BadPatch(f"{where}.{key}' is unknown; it takes sections, meter, turn, rhythm, tones")
    bars = rows.read_row(text(block.get("rhythm"), f"{where}.rhythm'"), bar_beats, f"{where}.rhythm'")
    strokes = sum(len(bar.strokes) for bar in bars)
    written = block.get("tones", "1" if part == "bass" else "all")
    tones = text(written, f"{where}.tones'").replace("|", " ").split()
    tones = tones * strokes if len(tones) == 1 else tones
    if len(tones) != strokes:
        raise BadPatch(f"{where}.tones' has {len(tones)} tones for the {strokes} strokes of its rhythm")
    allowed = BASS_TONES if part == "bass" else (*WHOLE_CHORDS, *VOICES)
    for tone in tones:
        for single in tone.removesuffix(">").split("+"):
            if single not in allowed:
                raise BadPatch(
                    f"{where}.tones' has {tone!r}; it takes {', '.join(allowed)}, and > for the chord ahead"
                )
    return rows.with_tones(bars, tones)


def listed(key: str, table: Block, path: Path) -> list[tuple[int, Block]]:
    """The blocks of a key, each with its number, from 1 on."""
    blocks = table.get(key, [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise BadPatch(f"{path}: key {key!r} is {blocks!r}; write it as [[{key}]] tables")
    return [(index, dict(block)) for index, block in enumerate(blocks, 1)]


def text(value: Any, where: str) -> str:
    """A row, or what stands on its strokes."""
    if not isinstance(value, str) or not value.strip():
        raise BadPatch(f'{where} is {value!r}; it takes a row as in "X... x..."')
    return value


def number(value: Any, low: float, high: float, key: str, path: Path) -> float:
    """A number in its range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadPatch(f"{path}: key '{key}' is {value!r}; it takes {low:g} to {high:g}")
    return float(value)


def one_of(value: Any, allowed: tuple[Any, ...], key: str, path: Path) -> Any:
    """One of some words."""
    if value not in allowed:
        takes = ", ".join(str(word) for word in allowed)
        raise BadPatch(f"{path}: key '{key}' names {value!r}; it takes {takes}")
    return value


def yes(block: Block, key: str, where: str) -> bool:
    """A flag, taken out of its block."""
    value = block.pop(key, False)
    if not isinstance(value, bool):
        raise BadPatch(f"{where}.{key}' is {value!r}; it takes true or false")
    return value
