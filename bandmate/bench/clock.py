"""`bandmate bench clock`: how far the band's clock goes where the performer goes, with each preset.

Tapped-in performances, POP909's with their annotated beats and three of our own (steady, a step of tempo, an
accelerando), go through the same path as `bandmate rehearse --patch bench --clock PRESET`. Nothing is
asserted; the table is the result. Presets on a leash are not meant to follow a step: their rows say so.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandmate.bench.fit import f_measure, songs
from bandmate.controls import CLOCKS
from bandmate.events import NoteOff, NoteOn
from bandmate.rehearsal import load_styles, load_take, prepare, rehearse
from bandmate.show.clockbook import quantile
from bandmate.show.take import Take
from bandmate.timing import period_s, step_index

TAPS = 4
COLUMNS = ("F", "median ms", "p95 ms", "lag beats")
CHORDS = ((48, 60, 64, 67), (45, 60, 64, 69), (53, 60, 65, 69), (55, 59, 62, 67))
STEP_BEAT, BEATS = 40, 120
ON_THE_BEAT_S, IN_A_ROW = 0.05, 4  # the band has arrived with so many beats as near as this

Tempo = dict[str, tuple[float, float]]
TAKES: Tempo = {"steady": (112.0, 112.0), "step": (100.0, 124.0), "accelerando": (84.0, 132.0)}


def own(name: str) -> tuple[Take, list[float]]:
    """A pianist who plays chords on the beat and a note between, in a tempo of ours; and the beats."""
    first, last = TAKES[name]
    time_s, beats_s = 1.0, []
    events: list[NoteOn | NoteOff] = []
    for beat in range(BEATS):
        share = float(beat >= STEP_BEAT) if name == "step" else beat / BEATS
        beats_s.append(time_s)
        gap_s = period_s(first + (last - first) * share)
        if beat >= TAPS:
            for pitch in CHORDS[beat // 4 % 4]:
                events += [NoteOn(time_s, pitch, 80), NoteOff(time_s + gap_s * 0.8, pitch)]
            events += [NoteOn(time_s + gap_s / 2, 72, 60), NoteOff(time_s + gap_s * 0.9, 72)]
        time_s += gap_s
    events.sort(key=lambda event: event.time_s)
    return Take(name, tuple((step_index(event.time_s), event) for event in events), time_s), beats_s


def annotated(song: Path) -> tuple[Take, list[float]]:
    """A performance of POP909 from a downbeat on; the beats before it are tapped."""
    rows = [line.split() for line in (song / "beat_midi.txt").read_text().splitlines()]
    first = next(index for index, row in enumerate(rows) if float(row[2]) == 1.0)
    return load_take(song / f"{song.name}.mid"), [float(row[0]) for row in rows[first:]]


def measure(take: Take, beats_s: Sequence[float], preset: str) -> dict[str, Any]:
    """One performance with one preset: the row of the table."""
    prepared, header = prepare(take, "bench", 1, {"clock": preset}, list(beats_s[:TAPS]))
    found = rehearse(prepared, header, load_styles())
    played_s = [beat.time_s for beat in found.beats if beat.beat == round(beat.beat)]
    played_s = [time_s for time_s in played_s if time_s <= beats_s[-1]]
    off_s = [min(abs(time_s - true_s) for true_s in beats_s) for time_s in played_s]
    ordered = sorted(1000 * one for one in off_s)
    step_s = beats_s[STEP_BEAT] if take.name == "step" else None
    return {
        "song": take.name, "clock": preset, "F": f_measure(played_s, beats_s),
        "median ms": statistics.median(ordered) if ordered else None, "p95 ms": quantile(ordered, 0.95),
        "lag beats": None if step_s is None else _lag(played_s, off_s, step_s), **found.clock.figures(),
    }  # fmt: skip


def _lag(played_s: Sequence[float], off_s: Sequence[float], step_s: float) -> float | None:
    """How many beats after a step of tempo the band has arrived; None if it never does."""
    after = [one < ON_THE_BEAT_S for time_s, one in zip(played_s, off_s, strict=True) if time_s > step_s]
    for index in range(len(after) - IN_A_ROW + 1):
        if all(after[index : index + IN_A_ROW]) and not all(after[:index]):
            return float(index)
    return 0.0 if after and all(after) else None


def run(data: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Our own takes and every song, with each preset."""
    takes = [own(name) for name in TAKES] + [annotated(song) for song in songs(data, names)]
    return [measure(take, beats_s, preset) for preset in CLOCKS for take, beats_s in takes]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each performance and preset."""
    lines = [f"{'clock':12} {'take':12} " + " ".join(column.rjust(9) for column in COLUMNS)]
    for row in rows:
        cells = ("-" if row[column] is None else f"{row[column]:.2f}" for column in COLUMNS)
        lines.append(f"{row['clock']:12} {row['song']:12} " + " ".join(cell.rjust(9) for cell in cells))
    return "\n".join(lines)
