"""Human drummers: the beats of the Groove MIDI Dataset in common time, as the benches of the band need them.

Only measured against; nothing here is learned by the player.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bandmate.model import midisongs
from bandmate.model.songs import Take, Unusable


@dataclass(frozen=True, slots=True)
class Drummed:
    """One drummer's take: `training` as the data set splits it."""

    take: Take
    bars: int
    bpm: float
    training: bool


def read(data: Path) -> list[Drummed]:
    """Every beat in common time that is long enough, in the order of the table; none where it is missing."""
    path = data / "gmd" / "groove" / "info.csv"
    if not path.exists():
        return []
    with path.open() as table:
        rows = [row for row in csv.DictReader(table) if row["beat_type"] == "beat"]
    found = []
    for row in rows:
        try:
            song = midisongs.drummer(data, row["midi_filename"], row["style"])
        except Unusable:
            continue
        if str(song.meter) == "4/4":
            found.append(Drummed(song.takes[0], song.bars, song.bpm, row["split"] == "train"))
    return found
