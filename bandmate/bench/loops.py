"""`bandmate bench loops`: which changes of a loop the band expects rightly from its third round on.

Hears POP909's performances pulse by pulse, with the annotated beat for a clock, twice: the chords as they
were played (annotated), and as the band's own ears hear them. A change counts where the song itself has just
played one to sixteen bars twice alike; beside the learnt loop stands the band that repeats the last four
bars. Nothing is asserted; the table is the result.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bandmate.bench.chords import Look, listen
from bandmate.bench.fit import songs
from bandmate.harmony import Chord
from bandmate.listening.loops import MOST_BARS, LoopEar, same
from bandmate.rehearsal import load_take

BACK_BARS = 4
PLACE = 0.6  # of a pulse: when its chord is read
COLUMNS = ("changes", "loop", "4 bars ago", "loop heard", "4 bars heard")

Chords = list[Chord | None]


def measure(song: Path) -> dict[str, Any]:
    """One song: the row of the table."""
    beats_s, downbeats = beats(song / "beat_midi.txt")
    bar = bar_pulses(downbeats)
    if bar is None:
        return {"song": song.name} | dict.fromkeys(COLUMNS)
    first = downbeats[0]
    places_s = [
        beats_s[at] + PLACE * (beats_s[at + 1] - beats_s[at]) for at in range(first, len(beats_s) - 1)
    ]
    played = annotated(song / "chord_midi.txt", places_s)
    events = [event for _, event in load_take(song / f"{song.name}.mid").events]
    heard = believed(listen(events)[0], places_s)
    counted = [pulse for pulse in changes(played) if third_round(played, pulse, bar)]
    row: dict[str, Any] = {"song": song.name, "changes": len(counted)}
    for source, known in (("", played), (" heard", heard)):
        expected = foreseen(known, bar)
        back = [None] * (BACK_BARS * bar) + known[: -BACK_BARS * bar]
        row[f"loop{source}"] = share(expected, played, counted)
        row["4 bars ago" if not source else "4 bars heard"] = share(back, played, counted)
    return row


def beats(path: Path) -> tuple[list[float], list[int]]:
    """The seconds of every beat, and which of them are downbeats."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return [float(row[0]) for row in rows], [at for at, row in enumerate(rows) if float(row[2]) > 0]


def bar_pulses(downbeats: Sequence[int]) -> int | None:
    """How many beats a bar has, if it has so many nearly always."""
    gaps = [after - before for before, after in pairwise(downbeats)]
    return statistics.mode(gaps) if gaps else None


def annotated(path: Path, places_s: Sequence[float]) -> Chords:
    """The annotated chord of each pulse."""
    starts: list[float] = []
    names: list[str] = []
    for line in path.read_text().splitlines():
        fields = line.split()
        if len(fields) == 3:
            starts.append(float(fields[0]))
            names.append(fields[2].split("/")[0])
    found: Chords = []
    for place_s in places_s:
        at = bisect.bisect_right(starts, place_s) - 1
        found.append(None if at < 0 or names[at] in ("N", "X") else Chord.parse(names[at]))
    return found


def believed(looks: Sequence[Look], places_s: Sequence[float]) -> Chords:
    """What the band's ears believe in each pulse."""
    times = [look.time_s for look in looks]
    found: Chords = []
    for place_s in places_s:
        at = bisect.bisect_right(times, place_s) - 1
        found.append(looks[at].chord if at >= 0 else None)
    return found


def changes(chords: Chords) -> list[int]:
    """The pulses on which a chord follows another one."""
    return [
        at for at in range(1, len(chords))
        if chords[at] is not None and chords[at - 1] is not None and not same(chords[at], chords[at - 1])
    ]  # fmt: skip


def third_round(chords: Chords, pulse: int, bar: int) -> bool:
    """Whether one to sixteen whole bars have just been played twice alike, and not on one chord."""
    for bars in range(1, MOST_BARS + 1):
        length = bars * bar
        if 2 * length > pulse:
            return False
        newest = chords[pulse - length : pulse]
        before = chords[pulse - 2 * length : pulse - length]
        alike = all(same(one, other) for one, other in zip(newest, before, strict=True))
        if alike and any(not same(newest[0], chord) for chord in newest):
            return True
    return False


def foreseen(chords: Chords, bar: int) -> Chords:
    """What the loop says of each pulse, before it is heard."""
    ear, found = LoopEar(bar), Chords()
    for pulse, chord in enumerate(chords):
        found.append(ear.at(pulse))
        ear.hear(pulse, chord)
    return found


def share(expected: Chords, played: Chords, counted: Sequence[int]) -> float | None:
    """How many of the counted changes were expected with root and third."""
    return sum(same(expected[at], played[at]) for at in counted) / len(counted) if counted else None


def run(data: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Every song."""
    return [measure(song) for song in songs(data, names)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The songs, a line each, and the mean over all changes."""
    lines = ["song  " + "  ".join(COLUMNS)]
    counted = [row for row in rows if row["changes"]]
    whole = sum(row["changes"] for row in counted)
    last: dict[str, Any] = {"song": "all", "changes": whole}
    for column in COLUMNS[1:]:
        weighed = sum(row[column] * row["changes"] for row in counted)
        last[column] = weighed / whole if whole else None
    for row in [*rows, last]:
        cells = (_cell(row[column]).rjust(len(column)) for column in COLUMNS)
        lines.append(f"{row['song']:5} " + "  ".join(cells))
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:d}" if isinstance(value, int) else f"{value:.3f}"
