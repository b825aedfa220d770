"""The table of `bandmate bench music`: who is measured on what, and how it is shown and kept.

A row for each player and way to be played to, then named groups of rows; `metrics.json` beside the weights
holds them all: `{"rows": [...], "<group>": [...]}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandmate.bench import bigram, music_band, music_known, music_moves
from bandmate.bench.music import FIRST_BARS, INPUTS, STYLE, Concert, Key, Listened, Report, performer
from bandmate.bench.music_measures import Row, measure
from bandmate.carrier import Answer
from bandmate.errors import BandmateError, NoDevice
from bandmate.model import charts, pop909
from bandmate.model.songs import Song, Unusable

Rows = list[dict[str, Any]]
Splits = Mapping[str, Mapping[str, Sequence[str]]]

LEAD_SHEETS = 20  # at most; twice as many as songs are asked for
GROUP_SONGS = 4  # the groups take so many of the songs
WIDTH = 120
# A line each: a group's name, and what makes its rows of the concert.
GROUPS: dict[str, Callable[[Concert], Rows]] = {
    "push": music_moves.pushes,
    "side-slip": music_moves.side_slips,
    "dirty": music_moves.dirt,
}
COLUMNS = {  # of the rows, a block each
    "harmony": ("songs", "fit", "fit bass", "fit comping", "wrong root", "root at change", "root in a beat"),
    "with the melody": (
        "NiC", "silence", "chord bits", "CR", "UR", "polyphony", "notes", "JSD in bar", "JSD in song",
    ),
    "space and time": ("comping rests", "in your octaves", "notes a beat", "recency p95 ms", "fresh"),
}  # fmt: skip
GOALS = (
    "bars: fit >= 0.85 (piano), 0.75 (rootless), 0.70 (melody); wrong root <= 0.10, <= 0.01 with a chart or",
    "in a loop; root at change >= 0.5, in a beat >= 0.8 (piano); NiC >= 0.55 (lead sheets); CR >= 0.83,",
    "UR <= 0.05, JSD in song <= 0.168; comping rests >= 0.30, in your octaves <= 0.10;",
    "push: to NiC <= 2; side-slip: in the old chord >= 0.9; dirty: drop <= 0.03",
)


def run(
    data: Path, names: Sequence[str], model: Answer | None, splits: Splits, report: Report
) -> dict[str, Rows]:
    """Everything: the rows, and the groups by name."""
    songs = usable(data, names)
    players: dict[str, Answer | None] = {"understudy": None} | ({"model": model} if model is not None else {})
    taught = bigram.taught(data, _to_learn(data, names, splits), STYLE)
    report("the bigram has counted")
    concert = Concert(songs, players, {"bigram": taught.answer}, report)
    rows = [row for kind in INPUTS for row in plain_rows(concert, kind)]
    few = replace(concert, songs=songs[:GROUP_SONGS])  # what was played is kept in both
    rows += known_rows(few)
    sheets = splits.get("openewld", {}).get("evaluation", ())
    rows += lead_sheets(data, sheets, min(LEAD_SHEETS, 2 * len(names)), concert)
    found = {"rows": rows} | {name: group(few) for name, group in GROUPS.items()}
    return found | music_band.run(data, concert)


def usable(data: Path, names: Sequence[str]) -> list[Song]:
    """The songs in common time; those that can't be read are said and left out."""
    found = []
    for name in names:
        try:
            song = pop909.read(data, name)
        except (Unusable, OSError) as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
            continue
        if str(song.meter) == "4/4":
            found.append(song)
    if not found:
        raise BandmateError(
            f"none of the songs {', '.join(names)} can be played to; name others with --songs"
        )
    return found


def _to_learn(data: Path, names: Sequence[str], splits: Splits) -> list[str]:
    """The songs that the bigram may count: those for training, else all but those that are measured."""
    known = splits.get("pop909", {}).get("train") or pop909.names(data)
    return [name for name in known if name not in names]


# ------------------------------------------------------------------ rows


def plain_rows(concert: Concert, kind: str) -> Rows:
    """Every player, and MMA with the chart, on the songs as they are."""
    rows = [
        row_of(
            player,
            kind,
            [(concert.plain(song, kind, player), performer(song, kind)) for song in concert.songs],
        )
        for player in (*concert.players, *concert.baselines)
    ]
    return [*rows, *(_mma(concert.songs, "chart") if kind == "piano" else [])]


def known_rows(concert: Concert) -> Rows:
    """The chart on the stand, and a loop from its third round on."""
    rows: Rows = []
    for kind in ("piano", "melody"):
        for player in concert.players:
            heard = [
                (music_known.charted(concert, song, kind, player), performer(song, kind))
                for song in concert.songs
            ]
            rows.append(row_of(player, f"{kind} + chart", heard))
    loops = [loop for song in concert.songs if (loop := music_known.looped(song)) is not None]
    for player in concert.players:
        heard = [(music_known.in_a_loop(concert, loop, player), performer(loop, "piano")) for loop in loops]
        rows.append(row_of(player, "piano, loop", heard))
    return rows


def lead_sheets(data: Path, names: Sequence[str], count: int, concert: Concert) -> Rows:
    """The players on lead sheets' melodies, spread over all that can be used; no row where there are none."""
    songs: list[Song] = []
    for name in names:
        try:
            song = charts.lead_sheet(data, name)
        except Unusable:
            continue
        melody = performer(song, "melody")
        if song.bars >= 2 * FIRST_BARS and len(melody) > 20 and str(song.meter) == "4/4":
            songs.append(song)
    concert.report(f"{len(songs)} of {len(names)} lead sheets can be used")
    some = [songs[int(index)] for index in bigram.spread([str(n) for n in range(len(songs))], count)]
    if not some:
        return []
    sheets = replace(concert, songs=some)
    rows = [
        row_of(player, "lead sheet", [(sheets.plain(song, "melody", player), performer(song, "melody"))
                                      for song in some])
        for player in (*sheets.players, *sheets.baselines)
    ]  # fmt: skip
    return [*rows, *_mma(some, "lead sheet")]


def _mma(songs: Sequence[Song], kind: str) -> Rows:
    """The row of MMA with the chart, where there is an MMA; it hears nobody."""
    try:
        found = [(heard, performer(song, "piano")) for song in songs if (heard := music_known.by_mma(song))]
    except NoDevice as error:
        print(f"MMA is left out: {error}", file=sys.stderr)
        return []
    return [row_of("MMA", kind, found) | {"recency p95 ms": None, "fresh": None}]


def row_of(player: str, kind: str, heard: Sequence[tuple[Listened, Sequence[Key]]]) -> dict[str, Any]:
    """Means over the songs; where a song has no figure, it doesn't count."""
    rows: list[Row] = [measure(each, played) for each, played in heard]
    found: dict[str, Any] = {"player": player, "input": kind, "songs": len(rows)}
    for column in [column for block in COLUMNS.values() for column in block if column != "songs"]:
        values = [float(value) for row in rows if (value := row[column]) is not None]
        found[column] = sum(values) / len(values) if values else None
    return found


# ------------------------------------------------------------------ shown and kept


def table(found: Mapping[str, Rows]) -> str:
    """All of it as text, no line wider than WIDTH."""
    lines = []
    for title, columns in COLUMNS.items():
        lines += [f"{title}:", *_lines(found["rows"], ("input", "player"), columns), ""]
    for name, rows in found.items():
        if name != "rows" and rows:
            keys = list(dict.fromkeys(key for row in rows for key in row))
            words = [key for key in keys if any(isinstance(row.get(key), str) for row in rows)]
            numbers = [key for key in keys if key not in words]
            lines += [f"{name}:", *_lines(rows, words, numbers), ""]
    return "\n".join([*lines, *GOALS, *music_band.GOALS])


def _lines(rows: Rows, words: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """Rows under their heads; columns that don't fit stand in a block below."""
    heads = [max(len(word), *(len(row.get(word, "")) for row in rows)) for word in words]
    left = [
        " ".join(row.get(word, "").ljust(wide) for word, wide in zip(words, heads, strict=True))
        for row in rows
    ]
    head = " ".join(word.ljust(wide) for word, wide in zip(words, heads, strict=True))
    lines, columns = [], list(numbers)
    while columns:
        taken: list[str] = []
        room = WIDTH - len(head)
        while columns and (not taken or room >= _wide(columns[0])):
            room -= _wide(columns[0])
            taken.append(columns.pop(0))
        for start, row in [(head, None), *zip(left, rows, strict=True)]:
            cells = ((column if row is None else _cell(row.get(column))) for column in taken)
            right = "".join(cell.rjust(_wide(column)) for cell, column in zip(cells, taken, strict=True))
            lines.append(start + right)
    return lines


def _wide(column: str) -> int:
    """How much room a column takes, with the gap before it."""
    return max(len(column), 6) + 2


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


def write(found: Mapping[str, Rows], folder: Path) -> None:
    """`metrics.json` beside a model."""
    (folder / "metrics.json").write_text(json.dumps(dict(found), indent=1) + "\n", encoding="utf-8")
