"""Tables: reading a TOML file strictly, every key and value checked, and what is wrong said in one sentence.

For patches, and whatever else musicians write by hand. An error names the file, the key, the value and
what it takes. Any process; imports only errors.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bandmate.errors import BadPatch

WANTED: dict[type[Any], str] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list",
    dict: "a table such as { 74 = 20 }",
}  # fmt: skip


def read_toml(path: Path, known: Sequence[str]) -> dict[str, Any]:
    """The tables of a TOML file; raises BadPatch if it isn't there (naming those `known`) or isn't TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadPatch(f"there is no {path}; there are: {', '.join(known)}") from None
    except (OSError, ValueError, RecursionError) as error:  # a number may be too long, or a list too deep
        raise BadPatch(f"{path} cannot be read as TOML: {error}") from None


def record(example: Any, table: Mapping[str, Any], where: str, path: Path, keys: Sequence[str] = ()) -> Any:
    """A dataclass like `example` with what a table says, each value of the type that the example has.

    `keys` are those that the sentence for an unknown one names, where they are not the fields.
    """
    prefix = f"{where}." if where else ""
    fields = list(example.__dataclass_fields__)
    values = {key: getattr(example, key) for key in fields}
    for key, value in table.items():
        if key not in fields:
            raise BadPatch(f"{path}: unknown key '{prefix}{key}'; it takes {', '.join(keys or fields)}")
        values[key] = typed(value, values[key], f"{prefix}{key}", path)
    return type(example)(**values)


def typed(value: Any, example: Any, key: str, path: Path) -> Any:
    """A value of the example's type; a whole number is a number, a list is kept as a tuple."""
    if isinstance(example, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(example, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(example):
        wanted = WANTED.get(type(example), type(example).__name__)
        raise BadPatch(f"{path}: key '{key}' is {value!r}; it takes {wanted}")
    return value


def one_of(value: Any, allowed: Sequence[str], key: str, path: Path) -> None:
    """A word out of some."""
    if value not in allowed:
        raise BadPatch(f"{path}: key '{key}' names {value!r}; it takes {', '.join(allowed)}")


def table_of(value: Any, key: str, path: Path) -> dict[str, Any]:
    """A table, and not something else."""
    if not isinstance(value, dict):
        raise BadPatch(f"{path}: '{key}' is {value!r}, but it is a table of keys")
    return dict(value)


def rows_of(value: Any, key: str, path: Path) -> list[dict[str, Any]]:
    """A table that may stand several times, as [[key]]; the last word of its name says what they are."""
    if not isinstance(value, list):
        raise BadPatch(f"{path}: '{key}' is {value!r}, but {key.rpartition('.')[2]}s are written [[{key}]]")
    return [table_of(row, key, path) for row in value]


def in_range(found: Any, ranges: Mapping[str, tuple[float, float]], prefix: str, path: Path) -> None:
    """Every number of a record within its range."""
    for key, (low, high) in ranges.items():
        value = getattr(found, key, low)
        if not low <= value <= high:
            raise BadPatch(f"{path}: key '{prefix}{key}' is {value:g}; it takes {low:g} to {high:g}")
