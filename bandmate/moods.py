"""Moods: what a sensor of the audience may say, and how far a mood bends the music (`[mood]` of a patch).

Plain values, any process; imports only the bottom layer. `audience/` makes a mood of readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bandmate.tables import in_range, record

# what a sensor measures: how many numbers it says, which side of the mood it moves, and whether it is
# weighed against its own last minutes (a quiet crowd still counts) or says a mood outright
KINDS: dict[str, tuple[int, str, bool]] = {
    "motion": (3, "energy", True),  # an accelerometer: how far it strays from where it lately was
    "turn": (3, "energy", True),  # a gyroscope: how fast it turns
    "level": (1, "energy", True),  # how loud it is, in any unit
    "onsets": (1, "energy", True),  # how much happens, strokes a second
    "pulse": (1, "energy", True),  # a heart, in beats a minute
    "steps": (1, "energy", True),  # a runner's, a minute
    "energy": (1, "energy", False),  # 0 to 1, by a program that knows: a camera, a vote
    "valence": (1, "valence", False),  # -1 to 1
}
OUTRIGHT: dict[str, tuple[float, float]] = {"energy": (0.0, 1.0), "valence": (-1.0, 1.0)}


class Reading(NamedTuple):
    """A sensor said something: whose it is (`voice`, at a host), which one, and the numbers."""

    time_s: float
    host: str
    voice: str
    sensor: str
    kind: str
    values: tuple[float, ...]
    weight: float = 1.0
    local: bool = True  # a program on this machine may speak for many; any other host is one voice


@dataclass(frozen=True, slots=True)
class Bends:
    """How far the audience's mood bends the music, at an authority of 100 %, as a patch says it."""

    intensity: float = 1.5  # of the style's intensities up or down: from a third of a full pull on
    variation: float = 0.5  # towards the busier bars of an intensity, of a scale of 0 to 1
    density: float = 0.6  # ornaments and soft strokes, of the same scale
    dynamics: float = 0.12  # share of loudness
    register: float = 5.0  # semitones that keys, guitar and pad go up
    brightness: float = 1.0  # ninths on seventh chords in a bright mood, none in a dark one; 0: as written
    fills: float = 1.0  # a longer fill in a high mood, none by itself in a hushed one; 0: as ever


RANGES: dict[str, tuple[float, float]] = {
    "intensity": (0, 2), "variation": (0, 1), "density": (0, 1), "dynamics": (0, 0.5), "register": (0, 12),
    "brightness": (0, 1), "fills": (0, 1),
}  # fmt: skip


def read_bends(table: dict[str, Any], path: Path) -> Bends:
    """The table `[mood]` of a patch; raises BadPatch naming file, key and value."""
    found: Bends = record(Bends(), table, "mood", path)
    in_range(found, RANGES, "mood.", path)
    return found
