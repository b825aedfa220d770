"""`bandmate bench fit`: the band with human performances of pop songs, against annotated chords and beats.

Plays POP909 performances through the same path as `bandmate rehearse --patch bench --follow 1`: all that was
played, the piano alone, and the melody alone. It asks what a listener would: are bass and keys in the chord,
has the bass the new root within a beat, is the band on the beat?
The first four bars are left out. Nothing is asserted; the table is the result.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandmate.errors import BadFile
from bandmate.harmony import Chord
from bandmate.rehearsal import Performance, load_styles, prepare, rehearse
from bandmate.show.midifile import read_midi

FIRST_BEAT = 16.0  # four bars are left out
TOLERANCE_S = 0.07
INPUTS: dict[str, tuple[str, ...]] = {"all": (), "piano": ("PIANO",), "melody": ("MELODY",)}  # tracks
STYLES = ("pop-rock", "swing", "bossa-nova")
COLUMNS = (
    "fit",
    "fit bass",
    "fit keys",
    "root on change",
    "root in a beat",
    "beat F",
    "notes a beat",
    "speed",
)
Span = tuple[float, float, frozenset[int], int]  # start_s, end_s, pitch classes, root


def annotated_chords(path: Path) -> list[Span]:
    """The chords of POP909's `chord_midi.txt`; spans without a chord are left out."""
    spans: list[Span] = []
    for line in path.read_text().splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] not in ("N", "X"):
            chord = Chord.parse(fields[2].split("/")[0])
            spans.append((float(fields[0]), float(fields[1]), chord.pitch_classes, chord.root))
    return spans


def measure(song: Path, style: str, played: str = "all", seed: int = 1) -> dict[str, Any]:
    """One song in one style, with one of `INPUTS`: the row of the table."""
    take = read_midi(song / f"{song.name}.mid", INPUTS[played])
    take, header = prepare(take, "bench", seed, {"follow": 1.0, "style": style}, [])
    found = rehearse(take, header, load_styles())
    chords = annotated_chords(song / "chord_midi.txt")
    beats_s = [float(line.split()[0]) for line in (song / "beat_midi.txt").read_text().splitlines()]
    row: dict[str, Any] = {
        "song": song.name,
        "in": played,
        "style": style,
        "speed": found.duration_s / found.wall_s,
    }
    fits = {part: _fit(found, part, chords) for part in ("bass", "keys")}
    inside = sum(fit[0] for fit in fits.values())
    total = sum(fit[1] for fit in fits.values())
    row |= {"fit": inside / total if total else None}
    row |= {f"fit {part}": fit[0] / fit[1] if fit[1] else None for part, fit in fits.items()}
    row["root on change"] = _roots(found, chords)
    row["root in a beat"] = _roots(found, chords, beats_s)
    row["beat F"] = f_measure([b.time_s for b in found.beats if b.beat == round(b.beat)], beats_s)
    row["notes a beat"] = len(found.ledger.notes) / max(1, len(found.beats))
    row["hanging"] = found.ledger.hanging
    return row


def _first_s(found: Performance) -> float:
    return next((beat.time_s for beat in found.beats if beat.beat >= FIRST_BEAT), found.duration_s)


def _fit(found: Performance, part: str, chords: Sequence[Span]) -> tuple[int, int]:
    """Notes that begin inside the annotated chord, and all that begin under one."""
    starts, first_s = [span[0] for span in chords], _first_s(found)
    inside = total = 0
    for note in found.ledger.played():
        at = bisect.bisect_right(starts, note.on_s) - 1
        if note.part != part or note.on_s < first_s or at < 0 or note.on_s >= chords[at][1]:
            continue
        total += 1
        inside += note.pitch % 12 in chords[at][2]
    return inside, total


def _roots(found: Performance, chords: Sequence[Span], beats_s: Sequence[float] = ()) -> float | None:
    """Share of chord changes after which the bass sounds the new root: in their first half, or in a beat."""
    bass = [note for note in found.ledger.played() if note.part == "bass"]
    first_s, hits, changes = _first_s(found), 0, 0
    for before, span in itertools.pairwise(chords):
        if span[3] == before[3] or span[0] < first_s:
            continue
        changes += 1
        until_s = span[0] + (span[1] - span[0]) / 2
        if beats_s:
            until_s = next((beat_s for beat_s in beats_s if beat_s > span[0] + TOLERANCE_S), span[1])
        hits += any(
            note.pitch % 12 == span[3] and note.on_s < until_s and (note.off_s or 0) > span[0]
            for note in bass
        )
    return hits / changes if changes else None


def f_measure(found_s: Sequence[float], true_s: Sequence[float]) -> float:
    """Beats within ±70 ms of the annotation, each used once, while the band plays."""
    if not found_s:
        return 0.0
    true_s = [time_s for time_s in true_s if found_s[0] - TOLERANCE_S <= time_s <= found_s[-1]]
    hits, at = 0, 0
    for time_s in found_s:
        while at < len(true_s) and true_s[at] < time_s - TOLERANCE_S:
            at += 1
        if at < len(true_s) and abs(true_s[at] - time_s) <= TOLERANCE_S:
            hits, at = hits + 1, at + 1
    extra = sum(time_s <= true_s[-1] + TOLERANCE_S for time_s in found_s) if true_s else len(found_s)
    return 2 * hits / (extra + len(true_s)) if true_s else 0.0


def songs(data: Path, names: Sequence[str]) -> list[Path]:
    """The song folders of the unpacked POP909; raises BadFile when they aren't there."""
    folder = data / "pop909" / "POP909"
    found = [folder / name for name in names if (folder / name).is_dir()]
    if not found:
        raise BadFile(f"{folder} holds none of the songs asked for; give --data the folder of the music data")
    return found


def run(data: Path, names: Sequence[str], played: Sequence[str] = tuple(INPUTS)) -> list[dict[str, Any]]:
    """Every song in one of the three styles in turn, with each of `INPUTS` that is asked for."""
    return [
        measure(song, STYLES[index % len(STYLES)], each)
        for each in played
        for index, song in enumerate(songs(data, names))
    ]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The songs, a line each, and below each of `INPUTS` their means."""
    lines = [f"{'in':7} {'song':5} {'style':11}" + "".join(f"{column:>15}" for column in COLUMNS)]
    for played, group in itertools.groupby(rows, key=lambda row: row["in"]):
        songs = list(group)
        means: dict[str, Any] = {"in": played, "song": "mean", "style": ""}
        for column in COLUMNS:
            values = [row[column] for row in songs if row[column] is not None]
            means[column] = sum(values) / len(values) if values else None
        for row in [*songs, means]:
            cells = ("-" if row[column] is None else f"{row[column]:.3f}" for column in COLUMNS)
            lines.append(
                f"{row['in']:7} {row['song']:5} {row['style']:11}" + "".join(f"{c:>15}" for c in cells)
            )
    return "\n".join([*lines, "bars: fit >= 0.80 and root in a beat >= 0.80 (piano), fit >= 0.62 (melody)"])
