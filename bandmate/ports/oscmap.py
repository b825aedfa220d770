"""OSC maps: which address of a surface, a phone or a camera program means what. Files in `patches/osc`.

A `[[control]]` steers a parameter or an action of `controls.py`, a `[[sensor]]` speaks for the audience. Read
and checked in full before bar 1; an error names file, key and value. Any process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate import controls
from bandmate.errors import BadPatch
from bandmate.moods import KINDS
from bandmate.patch import data_folder, names
from bandmate.tables import in_range, one_of, read_toml, record, rows_of

OWN = "/bandmate/"  # every name of the table of controls stands under it
PRESSED = 0.5  # a button's argument above this is a press
MOST_ROWS = 500
KEYS = ("title", "control", "sensor")
RANGES: dict[str, tuple[float, float]] = {
    "argument": (0, 31), "count": (0, 16), "weight": (0, 10),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ControlRow:
    """An address that steers: its argument from `low` to `high` is the parameter from `least` to `most`."""

    address: str = ""
    to: str = ""
    argument: int = 0
    low: float = 0.0
    high: float = 1.0
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class SensorRow:
    """An address that speaks for a voice of the audience; numbers beyond `low` and `high` are refused."""

    address: str = ""
    kind: str = ""
    argument: int = 0  # the first that counts,
    count: int = 0  # and how many; 0: as the kind has it
    weight: float = 1.0
    low: float = -1e6
    high: float = 1e6


Row = ControlRow | SensorRow


@dataclass(frozen=True, slots=True)
class OscMap:
    """What is understood: whole addresses at once, those with a `*` segment by segment."""

    whole: dict[str, Row] = field(default_factory=dict)
    starred: dict[int, tuple[tuple[tuple[str, ...], Row], ...]] = field(default_factory=dict)  # by length

    def find(self, address: str) -> tuple[Row, str] | None:
        """The row of an address, and what stands for its stars: whose voice it is."""
        row = self.whole.get(address)
        if row is not None:
            return row, ""
        words = tuple(address.split("/"))
        for pattern, starred in self.starred.get(len(words), ()):
            if all(mine in ("*", theirs) for mine, theirs in zip(pattern, words, strict=True)):
                return starred, "/".join(w for p, w in zip(pattern, words, strict=True) if p == "*")
        return None


def load(maps: Iterable[str]) -> OscMap:
    """The maps of these names or `.toml` files as one; raises BadPatch. The first to know an address wins."""
    rows: list[Row] = []
    for name in maps:
        shipped = data_folder("patches") / "osc" / f"{name}.toml"
        path = Path(name).expanduser() if name.endswith(".toml") else shipped
        rows += read(read_toml(path, names("osc")), path)
    whole: dict[str, Row] = {}
    starred: dict[int, list[tuple[tuple[str, ...], Row]]] = {}
    for row in rows:
        words = tuple(row.address.split("/"))
        if "*" in words:
            starred.setdefault(len(words), []).append((words, row))
        else:
            whole.setdefault(row.address, row)
    return OscMap(whole, {length: tuple(found) for length, found in starred.items()})


def read(table: dict[str, Any], path: Path) -> list[Row]:
    """The rows of a map's tables, each of them checked."""
    for key in table:
        one_of(key, KEYS, key, path)
    if not isinstance(table.get("title", ""), str):
        raise BadPatch(f"{path}: key 'title' is {table['title']!r}; it takes a text")
    controls_found = rows_of(table.get("control", []), "control", path)
    sensors_found = rows_of(table.get("sensor", []), "sensor", path)
    if len(controls_found) + len(sensors_found) > MOST_ROWS:
        raise BadPatch(f"{path}: there are more than {MOST_ROWS} rows")
    rows: list[Row] = [_control(row, index, path) for index, row in enumerate(controls_found, 1)]
    rows += [_sensor(row, index, path) for index, row in enumerate(sensors_found, 1)]
    return rows


def _address(row: Row, where: str, path: Path) -> None:
    address = row.address
    fits = address.startswith("/") and not address.startswith(OWN) and not set(address) & set(" #,?[]{}")
    if not fits or not address.isascii() or len(address) > 255:
        raise BadPatch(
            f"{path}: key '{where}.address' is {address!r}; it takes an address as in '/1/fader1', a * for "
            f"any one word of it, and nothing under {OWN}"
        )


def _control(table: dict[str, Any], index: int, path: Path) -> ControlRow:
    where = f"control[{index}]"
    span = {key: _number(table.pop(key), f"{where}.{key}", path) for key in ("least", "most") if key in table}
    row: ControlRow = record(ControlRow(least=None, most=None), table, where, path)
    row = ControlRow(
        row.address, row.to, row.argument, row.low, row.high, span.get("least"), span.get("most")
    )
    _address(row, where, path)
    in_range(row, RANGES, f"{where}.", path)
    param = controls.BY_NAME.get(row.to)
    if param is None and row.to not in controls.ACTION_NAMES:
        raise BadPatch(
            f"{path}: key '{where}.to' names {row.to!r}, which is no parameter or action; `bandmate params` "
            "lists them"
        )
    if row.low == row.high or max(abs(row.low), abs(row.high)) > 1e6:
        raise BadPatch(f"{path}: key '{where}.high' is {row.high:g}; from {row.low:g} on that is no range")
    for key, value in span.items():
        if param is None or isinstance(param.default, str) or not param.low <= value <= param.high:
            takes = "no such key" if param is None else controls.span(param)
            raise BadPatch(f"{path}: key '{where}.{key}' is {value:g}, but {row.to} takes {takes}")
    return row


def _sensor(table: dict[str, Any], index: int, path: Path) -> SensorRow:
    where = f"sensor[{index}]"
    row: SensorRow = record(SensorRow(), table, where, path)
    _address(row, where, path)
    one_of(row.kind, list(KINDS), f"{where}.kind", path)
    in_range(row, RANGES, f"{where}.", path)
    if not -1e9 <= row.low < row.high <= 1e9:
        raise BadPatch(f"{path}: key '{where}.high' is {row.high:g}; from {row.low:g} on that is no range")
    count = row.count or KINDS[row.kind][0]
    return SensorRow(row.address, row.kind, row.argument, count, row.weight, row.low, row.high)


def _number(value: Any, key: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e6:
        raise BadPatch(f"{path}: key '{key}' is {value!r}; it takes a number")
    return float(value)
