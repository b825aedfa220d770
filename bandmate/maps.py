"""Maps: which knob, key, pedal or program of a device moves which row of `controls.py`.

A map is a file: those that ship (`patches/maps/*.toml`), and the performer's own, one a device, which
`bandmate learn` writes. A patch names maps and may have rows of its own, which go before. Any process; pure
but for the functions that read and write files. Imports only the bottom layer.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bandmate import controls
from bandmate.controls import Value
from bandmate.errors import BadMap, BandmateError
from bandmate.places import write_whole
from bandmate.tomltext import Lines, lines_of

TRIGGERS: dict[str, int] = {"control": 119, "nrpn": 16383, "note": 127, "program": 127}  # and the highest
RELATIVE = ("twos", "offset", "sign")  # what an endless knob says: two's complement, around 64, sign bit
KINDS = ("absolute", "fine", *RELATIVE, "button", "toggle")
FINE_MOST = 31  # only the first controllers have a finer one, 32 above
LSB = 32
NRPN_MSB, NRPN_LSB, DATA_MSB, DATA_LSB = 99, 98, 6, 38
DEVICE_MOST = 200  # letters
OWN_WORDS = "written by `bandmate learn`; you may edit it, and remarks are not kept"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a device and what it moves; `device` is a part of its port's name, empty: any.

    `kind` is what a controller says: absolute; fine, with the one 32 above; twos, offset, sign, the relative
    ones; button; toggle, a switch that says something other at each press. `at` makes it a button that is
    pressed by this one value. `value` is what a button, a key or a program sets; `low` and `high` are the
    ends of a knob's way. With `pickup` it takes over where it meets the parameter. `channel`: 1..16, 0 any.
    """

    to: str
    trigger: str
    number: int
    device: str = ""
    channel: int = 0
    kind: str = "absolute"
    at: int = -1
    value: Value | None = None
    low: float | None = None
    high: float | None = None
    pickup: bool = True
    ready: bool = False  # of a map that a patch names: what the performer taught goes before it

    def of(self, port: str, channel: int) -> bool:
        """Whether this is a row of a port and a channel 0..15."""
        return is_of(self.device, self.channel, port, channel)

    @property
    def place(self) -> tuple[str, str, int, int, int]:
        """What of which device it is: two rows of one place can't both hold."""
        return self.device.lower(), self.trigger, self.number, self.channel, self.at


def is_of(device: str, own: int, port: str, channel: int) -> bool:
    """Whether a port and a channel 0..15 belong to a device's name and a channel 1..16, 0 for any."""
    return own in (0, channel + 1) and device.lower() in port.lower()


KEYS = ("to", *TRIGGERS, "device", "channel", "kind", "at", "value", "low", "high", "pickup", "ready")
PLAIN = Row("", "", 0)


def read_rows(tables: Any, name: str, path: Path, device: str = "", lines: Lines | None = None) -> list[Row]:
    """The rows of a file, written [[name]]; raises BadMap naming file, line and key."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadMap(f"{path}: '{name}' is {str(tables)[:40]!r}, but rows are written [[{name}]]")
    return [_row(table, f"{name}[{index}]", path, device, lines) for index, table in enumerate(tables, 1)]


def _row(table: dict[str, Any], name: str, path: Path, device: str, lines: Lines | None) -> Row:
    def wrong(key: str, text: str) -> BadMap:
        line = lines.line_of(name, key) if lines is not None else None
        kind, _, index = name.rstrip("]").partition("[")
        return BadMap(f"{path}: {f'line {line}: ' if line else ''}[[{kind}]] {index}: {text}")

    for key in table:
        if key not in KEYS:
            raise wrong(key, f"unknown key '{key}'; it takes {', '.join(KEYS)}")
    named = [key for key in TRIGGERS if key in table]
    if len(named) != 1:
        raise wrong(
            named[1] if named else "to",
            f"it names {' and '.join(named) or 'nothing'}; name one of {', '.join(TRIGGERS)}",
        )
    trigger = named[0]
    whole = {trigger: (0, TRIGGERS[trigger]), "channel": (0, 16), "at": (0, 127)}
    for key, (low, high) in whole.items():
        if key in table and (type(table[key]) is not int or not low <= table[key] <= high):
            raise wrong(
                key, f"key '{key}' is {_short(table[key])}; it takes a whole number of {low} to {high}"
            )
    if not isinstance(table.get("device", ""), str) or len(table.get("device", "")) > DEVICE_MOST:
        raise wrong("device", f"key 'device' is {_short(table['device'])}; it takes a part of a port's name")
    for key in ("pickup", "ready"):
        if type(table.get(key, True)) is not bool:
            raise wrong(key, f"key '{key}' is {_short(table[key])}; it takes true or false")
    if table.get("kind", "absolute") not in KINDS:
        raise wrong("kind", f"key 'kind' is {_short(table['kind'])}; it takes {', '.join(KINDS)}")
    _fits(table, trigger, wrong)
    written = {key: table[key] for key in KEYS if key in table and key not in TRIGGERS}
    return Row(**({"device": device} | written), trigger=trigger, number=table[trigger])


def _fits(table: dict[str, Any], trigger: str, wrong: Any) -> None:
    """Whether what a row moves can be moved so; raises what `wrong` says."""
    to, kind = table.get("to"), table.get("kind", "absolute")
    param = controls.BY_NAME.get(to) if isinstance(to, str) else None
    if not isinstance(to, str) or (param is None and to not in controls.ACTION_NAMES):
        raise wrong("to", f"key 'to' is {_short(to)}, no parameter or action; `bandmate params` lists them")
    if trigger != "control" and ("kind" in table or "at" in table):
        raise wrong("kind", f"'kind' and 'at' are for controllers, not for a {trigger}")
    if kind == "fine" and table[trigger] > FINE_MOST:
        raise wrong("kind", f"controller {table[trigger]} has no finer one; only 0 to {FINE_MOST} have")
    action = to in controls.ACTION_NAMES and "value" not in table
    if action or param is None:
        for key in ("value", "low", "high"):
            if key in table:
                raise wrong(key, f"{to} is an action and takes no '{key}'")
        if kind in RELATIVE or trigger == "nrpn":
            raise wrong("to", f"{to} is an action; a knob without an end can't press it")
        return
    if "value" in table:
        try:
            controls.check(to, table["value"])
        except BandmateError as error:
            raise wrong("value", str(error)) from None
    elif isinstance(param.default, str) and not param.choices:
        raise wrong("to", f"{to} takes a name; say which with 'value'")
    for key in ("low", "high"):
        number = table.get(key, param.low)
        within = isinstance(number, int | float) and not isinstance(number, bool)
        if key in table and (param.choices or not within or not param.low <= number <= param.high):
            raise wrong(key, f"key '{key}' is {_short(number)}; {to} takes {controls.span(param)}")


def _short(value: Any) -> str:
    return repr(value)[:60]


# ------------------------------------------------------------------ files


def read_map(path: Path) -> list[Row]:
    """The rows of a map; raises BadMap in one sentence, naming file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadMap(f"{path} cannot be read as a map: {error}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> list[Row]:
    """The rows of a map's text; raises BadMap."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long for anybody
        raise BadMap(f"{path} cannot be read as TOML: {error}") from None
    lines = lines_of(text)
    for key, value in table.items():
        where = f"{path}: line {lines.line_of('', key) or 1}"
        if key not in ("title", "device", "map"):
            raise BadMap(f"{where}: unknown key '{key}'; it takes title, device, map")
        if key != "map" and (not isinstance(value, str) or len(value) > DEVICE_MOST):
            raise BadMap(f"{where}: key '{key}' is {_short(value)}; it takes a text")
    return read_rows(table.get("map", []), "map", path, table.get("device", ""), lines)


def shipped(folder: Path) -> list[str]:
    """The maps that ship, by name; `folder` holds the patches."""
    return sorted(path.stem for path in (folder / "maps").glob("*.toml"))


def load(name: Any, folder: Path, beside: Path) -> list[Row]:
    """A map by the name of one that ships, or a file (beside a patch); raises BadMap."""
    if not isinstance(name, str):
        raise BadMap(
            f"{beside}: key 'maps' names {_short(name)}; it takes {', '.join(shipped(folder))}, or files"
        )
    path = beside.parent / name if name.endswith(".toml") else folder / "maps" / f"{name}.toml"
    if not path.is_file():
        raise BadMap(
            f"{beside}: there is no map {name!r}; there are: {', '.join(shipped(folder))}, or a .toml file"
        )
    return [replace(row, ready=True) for row in read_map(path)]


def own(folder: Path) -> list[Row]:
    """What the performer taught the band, device by device; raises BadMap."""
    return [row for path in sorted(folder.glob("*.toml")) for row in read_map(path)]


def ordered(*layers: Iterable[Row]) -> tuple[Row, ...]:
    """Rows of several maps, the first before the others: one row for each place."""
    found: dict[tuple[str, str, int, int, int], Row] = {}
    for row in (row for layer in layers for row in layer):
        found.setdefault(row.place, row)
    return tuple(found.values())


def with_own(rows: Sequence[Row], taught: Iterable[Row]) -> tuple[Row, ...]:
    """A patch's rows with what the performer taught: after the patch's own, before maps that it names."""
    return ordered((row for row in rows if not row.ready), taught, (row for row in rows if row.ready))


def as_table(row: Row) -> dict[str, Any]:
    """A row as `read_rows` reads it back."""
    keys = [key for key in KEYS if key not in ("to", *TRIGGERS) and getattr(row, key) != getattr(PLAIN, key)]
    return {"to": row.to, row.trigger: row.number} | {key: getattr(row, key) for key in keys}


def remember(folder: Path, device: str, row: Row) -> None:
    """Write a row into the device's own map; one of the same place gives way. Raises BadMap, OSError."""
    path = folder / f"{slug(device)}.toml"
    before = read_map(path) if path.exists() else []
    mine = replace(row, device=device)
    _write(path, device, [mine, *(one for one in before if one.place != mine.place)])


def forget(folder: Path, name: str) -> None:
    """No row of the performer's own maps moves this any more. Raises BadMap, OSError."""
    for path in sorted(folder.glob("*.toml")):
        rows = read_map(path)
        left = [row for row in rows if row.to != name]
        if len(left) < len(rows):
            _write(path, rows[0].device, left)


def _write(path: Path, device: str, rows: Sequence[Row]) -> None:
    """A map as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = [f"# {OWN_WORDS}", f"device = {json.dumps(device, ensure_ascii=False)}"]
    for row in rows:
        text += ["", "[[map]]"]
        table = as_table(replace(row, device="" if row.device == device else row.device))
        text += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    write_whole(path, "\n".join(text) + "\n")


def slug(device: str) -> str:
    """A device's name as that of a file."""
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")[:60] or "any"


def device_of(port: str) -> str:
    """The device that a port belongs to, as maps name it: without the API before it."""
    name = port.partition(": ")[2] or port
    return "".join(letter for letter in name if letter.isprintable())[:DEVICE_MOST]


def claims(rows: Iterable[Row]) -> tuple[tuple[str, str, int, int], ...]:
    """The keys and controllers that rows take from the music, as a `Claim` has them."""
    found: dict[tuple[str, str, int, int], None] = {}
    for row in rows:
        numbers = [row.number, row.number + LSB] if row.kind == "fine" else [row.number]
        if row.trigger == "nrpn":
            numbers = [NRPN_MSB, NRPN_LSB, DATA_MSB, DATA_LSB]
        if row.trigger != "program":
            kind = "note" if row.trigger == "note" else "control"
            found |= dict.fromkeys((row.device, kind, number, row.channel) for number in numbers)
    return tuple(found)


def in_words(row: Row) -> str:
    """A row as a performer would say it."""
    name = {"control": "CC", "nrpn": "NRPN"}.get(row.trigger, row.trigger)
    ways = {
        "fine": ", 14 bits",
        "button": ", a button",
        "toggle": ", a toggle",
        **dict.fromkeys(RELATIVE, f", endless ({row.kind})"),
    }
    where = f" of {row.device}" if row.device else ""
    channel = f", channel {row.channel}" if row.channel else ""
    at = f" at {row.at}" if row.at >= 0 else ""
    value = f" to {row.value}" if row.value is not None else ""
    return f"{name} {row.number}{at}{where}{channel}{ways.get(row.kind, '')} moves {row.to}{value}"
