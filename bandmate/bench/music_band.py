"""The band half of `bandmate bench music`: control, styles, groove, variety and space, a group of rows each.

Joins the measures of `music_fidelity`, `music_judge`, `music_groove`, `music_variety` and `music_space` with
the takes that they are made on. Progress goes to the concert's report; nothing is asserted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandmate.bench import music_fidelity as fidelity
from bandmate.bench import music_groove as groove
from bandmate.bench import music_judge as judge
from bandmate.bench import music_space as space
from bandmate.bench import music_variety as variety
from bandmate.bench.music import FIRST_BARS, STYLE, Concert, performer, play
from bandmate.bench.music_drummers import Drummed, read
from bandmate.bench.music_fidelity import BEATS, Piece
from bandmate.bench.music_steered import looped, play_steered
from bandmate.errors import NoDevice
from bandmate.model.songs import Song

Rows = list[dict[str, Any]]

SONGS = 2  # the band half takes so many of the concert's
LONG_BARS = FIRST_BARS + variety.BARS + 1  # the last one may end early
GOALS = (
    "control: density, energy >= 0.9, style top-1 >= 0.8 (its ceilings beside it), blend forwards 1;",
    "space: comping rests >= 0.30, in your octaves <= 0.10, energy down and up > 0.1;",
    "variety: from quartile to quartile of real music",
)


def run(data: Path, concert: Concert) -> dict[str, Rows]:
    """All groups, by name; none where no song can be used."""
    if not concert.songs:
        return {}
    few = replace(concert, songs=concert.songs[:SONGS])
    drummers = read(data)
    pieces = {
        player: fidelity.in_styles(few.songs, fidelity.common_time_styles(), answer, few.report)
        for player, answer in few.players.items()
    }
    return {
        "control": controls(few),
        "style": styles(data, pieces, drummers, few),
        "groove": [
            {"player": player} | groove.figures([(one.style, one.heard) for one in found], drummers)
            for player, found in pieces.items()
        ],
        "variety": varieties(data, concert, drummers),
        "space": spaces(few),
    }


def controls(concert: Concert) -> Rows:
    """Knobs for each player, and blends for the one who can."""
    return [
        {"player": player}
        | fidelity.knobs(concert.songs, answer, concert.report)
        | fidelity.blends(concert.songs, answer, concert.report)
        for player, answer in concert.players.items()
    ]


def styles(
    data: Path, pieces: dict[str, list[Piece]], drummers: Sequence[Drummed], concert: Concert
) -> Rows:  # fmt: skip
    """Whose style is recognised; without MMA there is nobody to learn it from."""
    try:
        bands = judge.judge_of_bands(data, fidelity.common_time_styles(), concert.report)
    except NoDevice as error:
        print(f"the style group is left out: {error}", file=sys.stderr)
        return []
    of_drums = judge.judge_of_drummers(drummers)
    return [
        {"player": player} | fidelity.recognised(found, bands, of_drums) for player, found in pieces.items()
    ]


def varieties(data: Path, concert: Concert, drummers: Sequence[Drummed]) -> Rows:
    """A row for each part of each player: 64 bars of songs that are long enough."""
    real = variety.real(data, drummers, concert.report)
    songs = [song for song in concert.songs if song.bars >= LONG_BARS][:SONGS]
    rows: Rows = []
    for player, answer in concert.players.items():
        long = []
        for song in songs:
            long.append(play(song, performer(song, "piano", LONG_BARS), STYLE, answer))
            concert.report(f"{song.name}: {variety.BARS} bars, {player}")
        rows += [{"player": player} | row for row in variety.rows(long, FIRST_BARS, real)]
    return rows


def spaces(concert: Concert) -> Rows:
    """A row for each player and way to be played to; the arc belongs to both hands."""
    rows: Rows = []
    for player, answer in concert.players.items():
        arcs = [
            play_steered(song, space.arc(_once(song), BEATS), {"style": STYLE}, answer)
            for song in concert.songs
        ]
        concert.report(f"down and up, {player}")
        for kind in ("piano", "melody"):
            takes = [(concert.plain(song, kind, player), performer(song, kind)) for song in concert.songs]
            figures = space.figures(takes, arcs if kind == "piano" else [])
            rows.append({"player": player, "input": kind} | figures)
    return rows


def _once(song: Song) -> list[tuple[float, float, int, int]]:
    return looped(performer(song, "piano"), BEATS, space.ARC_BARS)
