"""Written evenings of an audience, for `bandmate crowd simulate`. Files in `patches/evenings/*.toml`.

Reads and checks one in full; an error names file, key and value. Any process. Imports only the bottom layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bandmate import controls
from bandmate.errors import BadPatch, BandmateError
from bandmate.patch import data_folder, names
from bandmate.tables import in_range, one_of, read_toml, record, rows_of
from bandmate.timing import TEMPI

MOST_S, MOST_VOICES, MOST_SCENES = 3600.0, 500, 100
RANGES: dict[str, tuple[float, float]] = {
    "bpm": TEMPI, "voices": (1, MOST_VOICES), "seconds": (1, MOST_S), "pranksters": (0, MOST_VOICES),
    "silent": (0, MOST_VOICES),
}  # fmt: skip
SPANS: dict[str, tuple[float, float]] = {
    "motion": (0, 1), "valence": (-1, 1), "here": (0, MOST_VOICES),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of an evening: from its beginning to its end, they move so much and look so."""

    name: str = ""
    seconds: float = 20.0
    motion: tuple[float, ...] = (0.3, 0.3)
    valence: tuple[float, ...] | None = None
    here: tuple[float, ...] = ()  # how many have come; empty: all
    pranksters: int = 0  # so many shake as wildly as they can
    silent: int = 0  # the phones of so many are dead
    say: tuple[str, ...] = ()  # what the performer says as it begins: `veto`, `authority 50`

    def at(self, key: str, share: float) -> float:
        """A value when so much of the scene is over."""
        first, last = getattr(self, key)
        return float(first + (last - first) * min(max(share, 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class Evening:
    """An audience, and what it does."""

    name: str
    title: str
    patch: str
    style: str
    bpm: float
    voices: int
    say: tuple[str, ...]
    scenes: tuple[Scene, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return sum(scene.seconds for scene in self.scenes)

    def unheard(self) -> Evening:
        """The same evening with a band that goes its own way: the audience has no say in it."""
        scenes = tuple(replace(scene, say=()) for scene in self.scenes)
        return replace(self, say=("authority 0",), scenes=scenes)


@dataclass(frozen=True, slots=True)
class _Plain:
    title: str = ""
    patch: str = "default"
    style: str = "pop-rock"
    bpm: float = 112.0
    voices: int = 20
    say: tuple[str, ...] = ()


def load(name: str) -> Evening:
    """The evening of a name or a `.toml` file; raises BadPatch naming file, key and value."""
    path = Path(name) if name.endswith(".toml") else data_folder("patches") / "evenings" / f"{name}.toml"
    return read(read_toml(path, names("evenings")), path)


def read(table: dict[str, Any], path: Path) -> Evening:
    """An evening out of its tables."""
    table = dict(table)
    rows = rows_of(table.pop("scene", []), "scene", path)
    plain: _Plain = record(_Plain(), table, "", path, (*_Plain.__dataclass_fields__, "scene"))
    in_range(plain, RANGES, "", path)
    one_of(plain.style, names("styles"), "style", path)
    _said(plain.say, "say", path)
    if not 1 <= len(rows) <= MOST_SCENES:
        raise BadPatch(f"{path}: there are {len(rows)} of [[scene]]; an evening takes 1 to {MOST_SCENES}")
    scenes = tuple(_scene(row, index, plain.voices, path) for index, row in enumerate(rows, 1))
    return Evening(
        path.stem, plain.title or path.stem, plain.patch, plain.style, plain.bpm, plain.voices, plain.say,
        scenes,
    )  # fmt: skip


def _scene(row: dict[str, Any], index: int, voices: int, path: Path) -> Scene:
    where = f"scene[{index}]"
    valence = row.pop("valence", None)
    scene: Scene = record(Scene(here=(voices, voices)), row, where, path)
    in_range(scene, RANGES, f"{where}.", path)
    spans = {"motion": scene.motion, "here": scene.here} | ({} if valence is None else {"valence": valence})
    for key, span in spans.items():
        _span(span, SPANS[key] if key != "here" else (0, voices), f"{where}.{key}", path)
    _said(scene.say, f"{where}.say", path)
    return Scene(
        scene.name or f"scene {index}", scene.seconds, scene.motion,
        None if valence is None else tuple(valence), scene.here, scene.pranksters, scene.silent, scene.say,
    )  # fmt: skip


def _span(value: Any, limits: tuple[float, float], key: str, path: Path) -> None:
    """Two numbers, from and to."""
    fits = isinstance(value, list | tuple) and len(value) == 2
    numbers = fits and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    if not numbers or not all(limits[0] <= one <= limits[1] for one in value):
        raise BadPatch(
            f"{path}: key '{key}' is {value!r}; it takes [from, to], each {limits[0]:g} to {limits[1]:g}"
        )


def _said(words: tuple[Any, ...], key: str, path: Path) -> None:
    for each in words:
        if not isinstance(each, str):
            raise BadPatch(f"{path}: key '{key}' names {each!r}; it takes words as in 'authority 50'")
        name, _, value = each.partition(" ")
        try:
            controls.check(name, value or None)
        except BandmateError as error:
            raise BadPatch(f"{path}: key '{key}': {error}") from None
