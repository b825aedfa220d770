"""Takes: the recorded inbox of a jam, one JSON object a line, append-only and versioned.

The first line says patch, seed and parameters; every other line is one event and the logical step
in which the band took it, so a replay is exact on any machine. Read anywhere; written live by
`show/writer.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bandmate import controls, wire
from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.controls import Value
from bandmate.errors import BadFile, BandmateError
from bandmate.events import Bend, ClockWord, Control, Event, Program
from bandmate.patch import Patch
from bandmate.setlist import Setlist
from bandmate.timing import PLACE_TICKS, step_index

VERSION = 1
LONGEST_S = 30 * 86_400.0  # a rig that is never switched off
RANGES: dict[str, tuple[float, float]] = {  # of events' fields, by name
    "time_s": (-LONGEST_S, LONGEST_S), "pitch": (0, 127), "velocity": (0, 127),
    "channel": (0, 15), "output_s": (0, 10),
}  # fmt: skip
HEADER: dict[str, Any] = {
    "patch": str, "table": dict, "seed": int, "params": dict, "state": dict | None, "state_s": int | float,
    "taps_wanted": int,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """How a jam began: everything that the band was made of."""

    patch: Patch
    seed: int
    params: dict[str, float | str]
    state: dict[str, Any] | None = None  # a band that took over from a dead one, or a resumed show
    state_s: float = 0.0
    taps_wanted: int = 0
    evening: Setlist | None = None
    alone: bool = False  # nobody played but the band


@dataclass(frozen=True, slots=True)
class Take:
    """A performer's take: events by logical step, in order; `length_s` is how long it lasts."""

    name: str
    events: tuple[tuple[int, Event], ...]
    length_s: float
    header: Header | None = None
    notes: int = field(default=0)


def header_line(header: Header) -> str:
    """The first line of a take."""
    return json.dumps(
        {
            "take": VERSION,
            "patch": header.patch.name,
            "table": patches.as_table(header.patch),
            "seed": header.seed,
            "params": header.params,
            "state": header.state,
            "state_s": header.state_s,
            "taps_wanted": header.taps_wanted,
            "setlist": None if header.evening is None else setlists.as_table(header.evening),
            "alone": header.alone,
        }
    )


def event_line(step: int, event: Event) -> str:
    """Any other line."""
    return json.dumps({"step": step, "event": wire.as_plain(event)}, separators=(",", ":"))


def read_take(path: Path) -> Take:
    """The take of a `.jsonl` file; a last line cut off by a crash is left out.

    Raises BadFile for a file that isn't a take, a take of another version, or a broken line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read as a take: {error}; give a .mid or a .jsonl of a jam") from None
    header = _header(lines[0] if lines else "", path)
    events: list[tuple[int, Event]] = []
    end_s = 0.0
    for number, line in enumerate(lines[1:], 2):
        try:
            plain = json.loads(line)
            if "end_s" in plain:
                end_s = _within("end_s", float(plain["end_s"]), 0, LONGEST_S)
            else:
                events.append(_entry(plain))
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            if number == len(lines) and isinstance(error, json.JSONDecodeError):
                break
            raise BadFile(f"{path}: line {number} is not an event of a take: {error}") from None
    if not events and not end_s:
        raise BadFile(f"{path} holds no events; give the take of a jam that was played")
    last_s = max((event.time_s for _, event in events), default=0.0)
    return Take(path.stem, tuple(events), max(end_s, last_s), header)


def _entry(plain: dict[str, Any]) -> tuple[int, Event]:
    """The step and the event of one line; raises ValueError where a value is out of its range."""
    event = wire.from_plain(plain["event"])
    if not isinstance(event, Event):
        raise ValueError(f"a {type(event).__name__} is nothing that a band hears")
    for key, (low, high) in RANGES.items():
        _within(key, getattr(event, key, low), low, high)
    if isinstance(event, Bend):
        _within("value", event.value, -8192, 8191)
    elif isinstance(event, Control | Program):
        _within("number", event.number, 0, 127)
        if isinstance(event, Control):
            _within("value", event.value, 0, 127)
    elif isinstance(event, ClockWord):
        _within("place", event.place, 0, 16383 * PLACE_TICKS)
    return int(_within("step", plain["step"], 0, step_index(LONGEST_S))), event


def _within(key: str, value: float, low: float, high: float) -> float:
    if isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{key} is {value!r}; it takes {low:g} to {high:g}")
    return value


def _header(line: str, path: Path) -> Header:
    try:
        plain = json.loads(line)
        version = plain["take"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadFile(f"{path} is not a take of bandmate; give a .mid or a .jsonl of a jam") from None
    if version != VERSION:
        raise BadFile(
            f"{path} is a take of version {version}, and this bandmate reads version {VERSION}; "
            "replay it with the bandmate that recorded it"
        )
    try:
        for key, wanted in HEADER.items():
            if not isinstance(plain[key], wanted) or isinstance(plain[key], bool):
                raise BadFile(
                    f"{path}: line 1: {key} cannot be {str(plain[key])[:40]!r}; the take is damaged"
                )
        found = patches.parse(plain["table"], Path(f"{plain['patch']}.toml"))
        state_s = _within("state_s", plain["state_s"], 0, LONGEST_S)
        taps = int(_within("taps_wanted", plain["taps_wanted"], 0, 16))
        evening = plain.get("setlist")
        listed = None if evening is None else setlists.from_table(evening)
        return Header(
            found, plain["seed"], _params(plain["params"]), plain["state"], state_s, taps, listed,
            plain.get("alone") is True,
        )  # fmt: skip
    except KeyError as error:
        raise BadFile(f"{path}: line 1 lacks {error}; the take is damaged") from None
    except (ValueError, TypeError, IndexError, AttributeError, BandmateError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile(f"{path}: line 1: {error}") from None


def _params(given: dict[str, Any]) -> dict[str, Value]:
    """A header's parameters, checked as those of a patch are."""
    for name, value in given.items():
        if name not in controls.BY_NAME:
            raise ValueError(f"{name!r} is not a parameter; `bandmate params` lists them")
        controls.check(name, value)
    styles = patches.names("styles")
    if given.get("style", styles[0]) not in styles:
        raise ValueError(f"there is no style {given['style']!r}; there are: {', '.join(styles)}")
    return given
