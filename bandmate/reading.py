"""Reads the tables of a song or setlist file key by key, and refuses in one sentence what is wrong.

An error names file, line, key and value. Any process. Imports only the bottom layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandmate import patch as patches
from bandmate.chart import Chart, read_chart
from bandmate.errors import BadChart, BadPatch, BadSetlist
from bandmate.patch import Patch
from bandmate.timing import Meter
from bandmate.tomltext import Lines


@dataclass(slots=True)
class Reader:
    """One table of a file, read key by key; `table` is its name there (`song[2]`), "" the file itself."""

    path: Path
    lines: Lines
    table: str
    values: dict[str, Any]

    def refuse(self, key: str, says: str, line: int | None = None) -> BadSetlist:
        """The one sentence: file, line, key, and what is wrong."""
        found = line or self.lines.line_of(self.table, key)
        where = f"line {found}: " if found else ""
        named = ".".join(part for part in (self.table, key) if part).replace("\n", "\\n")
        return BadSetlist(f"{self.path}: {where}key '{named}' {says}")

    def only(self, known: tuple[str, ...]) -> None:
        """Refuse keys that nobody knows."""
        for key in self.values:
            if key not in known:
                raise self.refuse(key, f"is unknown; it takes {', '.join(known)}")

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value.strip() and key in self.values and key != "chart"):
            raise self.refuse(key, f"is {value!r}; it takes a text")
        return value

    def number(self, key: str, low: float, high: float, default: Any = None) -> Any:
        """A number in a range."""
        value = self.values.get(key, default)
        if value is default and key not in self.values:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.refuse(key, f"is {value!r}; it takes {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        """A whole number in a range."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refuse(key, f"is {value!r}; it takes a whole number from {low} to {high}")
        return value

    def yes(self, key: str) -> bool:
        """True or false; false where nothing is said."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse(key, f"is {value!r}; it takes true or false")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value = self.values.get(key, default)
        if value not in allowed:
            raise self.refuse(key, f"is {value!r}; it takes {', '.join(allowed)}")
        return str(value)

    def words(self, key: str, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of words; where `allowed` says which, each of them."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.refuse(key, f"is {value!r}; it takes a list of names")
        for word in value:
            if allowed is not None and word not in allowed:
                raise self.refuse(key, f"names {word!r}; it takes {', '.join(allowed)}")
        return tuple(value)

    def inside(self, key: str) -> Reader:
        """A table of this table."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, f"is {value!r}, but it is a table of keys")
        return Reader(self.path, self.lines, f"{self.table}.{key}".lstrip("."), dict(value))

    def rows(self, key: str) -> list[Reader]:
        """The tables of an array, in order."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self.refuse(key, f"is {value!r}; write it as [[{key}]] tables")
        names = (f"{self.table}.{key}[{index}]".lstrip(".") for index in range(1, len(value) + 1))
        return [
            Reader(self.path, self.lines, name, dict(row)) for name, row in zip(names, value, strict=True)
        ]

    def chart(self, meter: Meter) -> Chart:
        """The chart of this table; empty where there is none."""
        text = self.text("chart")
        if not text.strip():
            return ()
        try:
            return read_chart(text, meter)
        except BadChart as error:
            first = self.lines.text_line(self.table, "chart")
            raise self.refuse("chart", f"says: {error}", first and first + error.line) from None

    def patch(self, default: Patch | None) -> Patch:
        """The patch that a song names; raises its own error where the file is wrong."""
        name = self.text("patch", "" if default else "default")
        if not name:
            assert default is not None
            return default
        shipped = name in patches.names()
        beside = self.path.parent / name
        try:
            return patches.load(name if shipped or not beside.is_file() else str(beside))
        except BadPatch as error:
            if shipped or beside.is_file():
                raise
            raise self.refuse("patch", f"is {name!r}, but {error}") from None
