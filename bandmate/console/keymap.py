"""Which key does what: the defaults, and the performer's own in `keys.toml`.

A deed is written in one or two words, the same in the table below, in `keys.toml` and in the command
palette: an action of `controls.py` (`fill`), a parameter with a value or a step (`style funk`,
`follow +0.1`), a style by its number (`style 3`), `mute drums`, `solo bass`, `screen studio`, or
something of the console's own (`OWN`). Nothing here draws; screen process only.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bandmate import controls
from bandmate.console.screens import SCREENS
from bandmate.controls import Value
from bandmate.errors import BadFile, BandmateError
from bandmate.events import PARTS

OWN = {
    "help": "all keys",
    "palette": "find anything by its name",
    "styles": "the styles by number: type one",
    "place": "where the next cue lands: now, beat, bar, section",
    "lock": "stage lock: only taps, panic and unlock do anything",
    "next-screen": "the next screen",
    "previous-screen": "the screen before",
    "demo": "the demo performer plays (where nothing sounds)",
    "end": "end the band and go home (hold it while the band plays)",
    "leave": "close this screen; the band plays on",
}
THROUGH_LOCK = ("tap", "panic", "lock", "help", "screen", "next-screen", "previous-screen")
PER_PART = {"mute": "silent", "solo": "alone"}

DEFAULTS: dict[str, str] = {
    "space": "tap", "enter": "start", "e": "ending", "s": "stop", "f": "fill", "b": "break",
    "n": "next-section", "p": "previous-section", "+": "more", "-": "less", "j": "next-player",
    "a": "all-in", "l": "lay-out", "h": "hold", "1": "this-is-one", "]": "beat-forward",
    "[": "beat-back", "x": "flip", "/": "half-time", "*": "double-time", "t": "tag", "r": "ritard",
    "o": "fade", "v": "vamp-out", "w": "arm", "W": "join", "!": "panic", ">": "next-song",
    "<": "previous-song", "g": "repeat", "u": "vamp", "m": "mark", "M": "to-mark", "k": "key-up",
    "K": "key-down", "S": "store", "H": "hits", "i": "again", "z": "not-that", "4": "trade",
    "V": "veto", "N": "hold-mood",
    ")": "follow +0.1", "(": "follow -0.1", ".": "energy +0.1", ",": "energy -0.1",
    "}": "density +0.1", "{": "density -0.1", "&": "wild +0.1", "%": "wild -0.1",
    "D": "mute drums", "B": "mute bass", "Y": "mute keys", "G": "mute guitar", "P": "mute pad",
    "L": "mute lead",
    # no alt: a plain terminal, tmux and ssh send it as two keys
    "5": "solo drums", "6": "solo bass", "7": "solo keys", "8": "solo guitar", "9": "solo pad",
    "0": "solo lead",
    "?": "help", "ctrl+p": "palette", "y": "styles", "c": "place", "ctrl+l": "lock",
    "backspace": "undo", "tab": "next-screen", "shift+tab": "previous-screen", "d": "demo",
    "q": "end", "Q": "leave",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deed:
    """What a key does: `kind` is action, param, step, style, mute, solo, screen or own."""

    kind: str
    name: str
    value: Value | None = None

    @property
    def through_lock(self) -> bool:
        """Whether the stage lock lets it pass."""
        return self.name in THROUGH_LOCK or self.kind in THROUGH_LOCK


def deed(words: str) -> Deed:
    """The deed of its words; raises BandmateError with what is wrong and what is near."""
    first, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    if first in OWN and not rest:
        return Deed("own", first)
    if first in PER_PART and rest in PARTS:
        return Deed(first, rest)
    if first == "screen" and rest in {row.name for row in SCREENS}:
        return Deed("screen", rest)
    if first == "style" and rest.isdigit():
        return Deed("style", first, float(rest))
    if first in controls.BY_NAME and rest[:1] in ("+", "-") and _is_step(first, rest):
        return Deed("step", first, float(rest))
    if first not in controls.BY_NAME and first not in controls.ACTION_NAMES:
        raise BandmateError(f"{words!r} is nothing that bandmate can do{_near(first)}")
    name, value = controls.check(first, rest or None)
    return Deed("param" if rest else "action", name, value)


def _is_step(name: str, rest: str) -> bool:
    row = controls.BY_NAME[name]
    if isinstance(row.default, str) or (row.low < 0 and rest[:1] == "-"):
        return False  # transpose -2 is a value
    try:
        float(rest)
    except ValueError:
        return False
    return True


def _near(word: str) -> str:
    known = [*controls.ACTION_NAMES, *controls.BY_NAME, *OWN, *PER_PART, "screen"]
    near = difflib.get_close_matches(word, known, 1)
    return f"; do you mean {near[0]!r}?" if near else "; `bandmate params` lists what it can"


def meaning(done: Deed) -> str:
    """What a deed does, in the words of the one table."""
    if done.kind == "own":
        return OWN[done.name]
    if done.kind == "action":
        row = next(row for row in controls.ACTIONS if row.name == done.name)
        return row.help if row.when == "now" else f"{row.help} ({row.when})"
    if done.kind == "screen":
        return next(row.help for row in SCREENS if row.name == done.name)
    if done.kind == "style":
        return f"style number {done.value:g}"
    if done.kind in PER_PART:
        return f"{done.name} {PER_PART[done.kind]}, and back"
    if done.kind == "step":
        return f"{done.name} {float(done.value or 0):+g}"
    return f"{done.name} {done.value}"


def default_keys() -> dict[str, Deed]:
    """The keys without a file: those of the table whose action this band knows, and the screens'."""
    found: dict[str, Deed] = {}
    for key, words in DEFAULTS.items():
        if words.partition(" ")[0] in {*controls.ACTION_NAMES, *controls.BY_NAME, *OWN, *PER_PART}:
            found[key] = deed(words)
    return found | {row.key: Deed("screen", row.name) for row in SCREENS}


def load(path: Path) -> dict[str, Deed]:
    """The keys with the performer's own in `[keys]` of a file over them; raises BadFile."""
    keys = default_keys()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return keys
    except (OSError, ValueError) as error:
        raise BadFile(f"{path}: it cannot be read ({error}); mend it or delete it") from None
    return keys | own_keys(table, path, keys)


def own_keys(table: Mapping[str, object], path: Path, keys: dict[str, Deed]) -> dict[str, Deed]:
    """The deeds of a file's `[keys]`; raises BadFile for the first line that means nothing."""
    listed = table.get("keys", {})
    if not isinstance(listed, dict) or set(table) - {"keys"}:
        raise BadFile(f'{path}: it holds one table, [keys], with lines such as f = "fill"')
    found: dict[str, Deed] = {}
    for key, words in listed.items():
        if not isinstance(words, str):
            raise BadFile(f'{path}: key {key!r} wants words such as "fill", not {words!r}')
        try:
            found[key] = deed(words) if words else Deed("own", "nothing")
        except BandmateError as error:
            raise BadFile(f"{path}: key {key!r}: {error}") from None
    left = (keys | found).values()
    for needed in ("lock", "panic"):
        if not any(done.name == needed for done in left):
            raise BadFile(f"{path}: no key is left for {needed!r}; give it one")
    return found
