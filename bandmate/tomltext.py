"""The lines of a TOML text: where a key stands, and how its value is written anew and all else kept.

`tomllib` says what a file holds and not where; a performer wants the line, and wants remarks and order
kept when a song is stored. Pure, any process; imports nothing of ours but errors.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from bandmate.errors import BandmateError

HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
WORD = re.compile(r""""[^"]*"|'[^']*'|[\w-]+""")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a table (`section[2]`, `params`, or nothing) and the lines of its value, from 0."""

    table: str
    key: str
    first: int
    last: int
    begins: int = 0  # of a text: the line on which what it says begins


@dataclass(frozen=True, slots=True)
class Lines:
    """What stands where: each key, and the line of each table's header."""

    keys: tuple[Place, ...]
    headers: tuple[tuple[str, int], ...]  # (table, line)

    def line_of(self, table: str, key: str = "") -> int | None:
        """The line of a key, else of its table, counted from 1 as an editor does."""
        for place in self.keys:
            if place.table == table and place.key == key:
                return place.first + 1
        names = (f"{table}.{key}".strip("."), table)
        return next((line + 1 for wanted in names for name, line in self.headers if name == wanted), None)

    def text_line(self, table: str, key: str) -> int | None:
        """The line on which a text begins: the next one where it opens with three quotes."""
        found = (place.begins + 1 for place in self.keys if (place.table, place.key) == (table, key))
        return next(found, None)


def lines_of(text: str) -> Lines:
    """Where everything stands in a text that `tomllib` has read."""
    rows = _rows(text)
    keys: list[Place] = []
    headers: list[tuple[str, int]] = []
    counts: dict[str, int] = {}
    table, number = "", 0
    while number < len(rows):
        header, key = HEADER.match(rows[number]), KEY.match(rows[number])
        if key is not None:
            last = _last_line(rows, number, key.end())
            words = [word.strip("\"'") for word in WORD.findall(key[1])]
            inside = ".".join([table, *words[:-1]] if table else words[:-1])
            opens = rows[number].rstrip().endswith(('"""', "'''")) and last > number
            keys.append(Place(inside, words[-1], number, last, number + opens))
            number = last
        elif header is not None:
            table = _entered(header[2], header[1] == "[[", counts)
            headers.append((table, number))
        number += 1
    return Lines(tuple(keys), tuple(headers))


def _rows(text: str) -> list[str]:
    """The lines as TOML counts them, each with its end."""
    rows = text.split("\n")
    return [f"{row}\n" for row in rows[:-1]] + ([rows[-1]] if rows[-1] else [])


def _entered(name: str, array: bool, counts: dict[str, int]) -> str:
    """The table that a header opens, with a number (from 1) for each table of an array."""
    words = [word.strip("\"'") for word in WORD.findall(name)]
    path = ""
    for index, word in enumerate(words):
        path = f"{path}.{word}" if path else word
        if array and index == len(words) - 1:
            counts[path] = counts.get(path, 0) + 1
            path = f"{path}[{counts[path]}]"
        elif path in counts:
            path = f"{path}[{counts[path]}]"
    return path


def _last_line(rows: list[str], first: int, begins: int) -> int:
    """The line on which a value ends: the first at which it can be read."""
    value = rows[first][begins:]
    for last in range(first, len(rows)):
        if last > first:
            value += rows[last]
        if _reads(value):
            return last
    return first


def _reads(value: str) -> bool:
    try:
        tomllib.loads(f"x = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


# ------------------------------------------------------------------ writing


def written(text: str, table: str, values: dict[str, Any]) -> str:
    """The text with other values for some keys of a table, byte for byte the same otherwise.

    Raises BandmateError where that can't be done without touching anything else.
    """
    before = tomllib.loads(text)
    for key, value in values.items():
        text = _with(text, table, key, _toml(value, text))
    if not _same_but(before, tomllib.loads(text), table, values):
        raise BandmateError("its keys are written in a way that can't be changed one by one")
    return text


def _with(text: str, table: str, key: str, value: str) -> str:
    rows, lines, end = _rows(text), lines_of(text), _newline(text)
    for place in lines.keys:
        if (place.table, place.key) == (table, key):
            begin = KEY.match(rows[place.first])
            assert begin is not None
            remark = _remark(rows, place, begin.end())
            new = f"{begin[0]} {value}{remark}{end}"
            return "".join([*rows[: place.first], new, *rows[place.last + 1 :]])
    name = key if re.fullmatch(r"[\w-]+", key) else json.dumps(key)
    at, head = _room(rows, lines, table, end)
    if at > 0 and not rows[at - 1].endswith(("\n", "\r")):
        rows[at - 1] += end
    return "".join([*rows[:at], *head, f"{name} = {value}{end}", *rows[at:]])


def _remark(rows: list[str], place: Place, begins: int) -> str:
    """The remark behind a value, with the blanks before it."""
    value = "".join(rows[place.first : place.last + 1])[begins:].rstrip("\r\n")
    last = value.rfind("\n") + 1
    for found in re.finditer("#", value[last:]):
        if _reads(value[: last + found.start()]):
            kept = value[: last + found.start()].rstrip(" \t")
            return value[len(kept) :]
    return ""


def _room(rows: list[str], lines: Lines, table: str, end: str) -> tuple[int, list[str]]:
    """The line before which a new key of a table goes, and the header it needs."""
    inside = [place.last for place in lines.keys if place.table == table]
    if inside:
        return max(inside) + 1, []
    for name, line in lines.headers:
        if name == table:
            return line + 1, []
    if not table:
        return 0, []
    parent, _, own = table.rpartition(".")
    after = [line for name, line in lines.headers if name == parent]
    outer = re.sub(r"\[\d+\]", "", parent)
    header = f"[{outer}.{own}]" if outer else f"[{own}]"
    later = [
        line for name, line in lines.headers
        if after and line > after[0] and not name.startswith(f"{parent}.")
    ]  # fmt: skip
    return (later[0] if later else len(rows)), [end, f"{header}{end}"]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _toml(value: Any, text: str) -> str:
    if isinstance(value, str):
        plain = all(sign.isprintable() or sign == "\n" for sign in value)
        if "\n" in value and plain and '"""' not in value and "\\" not in value:
            return '"""' + _newline(text) + value.replace("\n", _newline(text)) + '"""'
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return f"{value:.10g}" if value != int(value) else f"{value:.1f}"
    return str(value)


def _same_but(before: dict[str, Any], after: dict[str, Any], table: str, values: dict[str, Any]) -> bool:
    """Whether two files say the same but for some keys of a table."""
    here, there = _table(before, table), _table(after, table)
    for key in values:
        here.pop(key, None)
        there.pop(key, None)
    return before == after


def _table(whole: dict[str, Any], table: str) -> dict[str, Any]:
    found: Any = whole
    for word in table.split(".") if table else []:
        name, _, number = word.rstrip("]").partition("[")
        found = found.setdefault(name, {})
        if number:
            found = found[int(number) - 1]
    assert isinstance(found, dict)
    return found
