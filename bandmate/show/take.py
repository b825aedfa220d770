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

from bandmate import patch as patches
from bandmate import wire
from bandmate.errors import BadFile
from bandmate.events import Event
from bandmate.patch import Patch

VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """How a jam began: everything that the band was made of."""

    patch: Patch
    seed: int
    params: dict[str, float | str]
    state: dict[str, Any] | None = None  # a band that took over from a dead one, or a resumed show
    state_s: float = 0.0
    taps_wanted: int = 0


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
                end_s = float(plain["end_s"])
                continue
            events.append((int(plain["step"]), wire.from_plain(plain["event"])))
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise BadFile(f"{path}: line {number} is not an event of a take: {error}") from None
    last_s = max((event.time_s for _, event in events), default=0.0)
    return Take(path.stem, tuple(events), max(end_s, last_s), header)


def _header(line: str, path: Path) -> Header:
    try:
        plain = json.loads(line)
        version = plain["take"]
    except (ValueError, KeyError, TypeError):
        raise BadFile(f"{path} is not a take of bandmate; give a .mid or a .jsonl of a jam") from None
    if version != VERSION:
        raise BadFile(
            f"{path} is a take of version {version}, and this bandmate reads version {VERSION}; "
            "replay it with the bandmate that recorded it"
        )
    try:
        found = patches.parse(plain["table"], Path(f"{plain['patch']}.toml"))
        return Header(
            found, int(plain["seed"]), plain["params"], plain["state"], plain["state_s"], plain["taps_wanted"]
        )
    except (KeyError, TypeError) as error:
        raise BadFile(f"{path}: line 1 lacks {error}; the take is damaged") from None
