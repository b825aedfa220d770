"""Storing: tempo, mix, sounds and a learnt chart into the song's file, only when the performer asks.

With them goes what *not that* had the model do less of. Nothing is written here: the band says what, and its
process writes it off the hot path. Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from bandmate import night
from bandmate.events import Send, Store

if TYPE_CHECKING:
    from bandmate.band import Band

Values = dict[str, float | str]

NOT_STORED = ("/on", "/mute", "/solo")
STORED = ("part/", "density", "swing", "follow", "inertia")


def store(band: Band, now_s: float) -> list[Send]:
    """Tempo, mix and sounds into the song's file: only now, only when asked."""
    song = band.night.song
    if song is None or not song.path:
        band.alarm(now_s, "there is no song file to store in")
        return []
    begun = night.as_recalled(band, song)
    params = {
        name: value for name, value in band.params.items()
        if name.startswith(STORED) and not name.endswith(NOT_STORED) and value != begun.get(name)
    }  # fmt: skip
    sounds = {
        f"sound.{part}": {key: value for key, value in asdict(sound).items() if value != was}
        for part, sound in band.patch.sounds.items()
        for was in (asdict(song.patch.sounds[part]),)
        if sound != song.patch.sounds[part]
    }  # fmt: skip
    tempo: Values = {"bpm": round(band.transport.home_bpm, 2)}
    less: Values = {part: round(much, 2) for part, much in band.night.less.items()}
    tables: dict[str, Values] = {"": tempo, "params": params, "less": less} | sounds
    band.stores.append(Store(song.path, song.table, tables))
    band.alarm(now_s, f"{song.title}: tempo, mix and sounds are stored")
    return []


def store_chart(band: Band, now_s: float) -> list[Send]:
    """The loop that the band has learnt becomes the song's chart."""
    song, chart = band.night.song, band.plan.learnt()
    if song is None or not song.path or not chart:
        words = "no loop has been learnt yet" if song is not None else "there is no song file to store in"
        band.alarm(now_s, words)
        return []
    band.stores.append(Store(song.path, song.table, {"": {"chart": f"{chart}\n"}}))
    band.alarm(now_s, f"{song.title}: the loop is stored as its chart")
    return []
