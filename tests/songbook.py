"""Songs for the tests, out of a few words: `song("A: C | F", "B: G | G")`, and an evening of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bandmate import patch as patches
from bandmate.reading import Reader
from bandmate.setlist import Entry, Setlist
from bandmate.songfile import Song, read_song
from bandmate.tomltext import lines_of

PATCH = patches.load("bench")


def read(text: str, default=PATCH) -> Song:
    """A song as a file would say it."""
    return read_song(Reader(Path("song.toml"), lines_of(text), "", tomllib.loads(text)), default)


def song(*sections: str, **keys) -> Song:
    """Sections as `name: chart`, with what else a section says behind semicolons."""
    keys = {"title": "Song", "style": "pop-rock", "bpm": 120.0, "count_in": 1} | keys
    rows = [
        f"{key} = {value!r}".replace("True", "true").replace("False", "false") for key, value in keys.items()
    ]
    for section in sections:
        head, *more = section.split(";")
        name, _, chart = head.partition(":")
        rows += ["[[section]]", f'name = "{name.strip()}"', f'chart = "{chart.strip()}"', *more]
    return read("\n".join(rows))


def evening(*songs: Song | str | tuple[Song, bool]) -> Setlist:
    """Songs in order; a word is a pause, a song with True leads straight into the next one."""
    entries = []
    for each in songs:
        if isinstance(each, str):
            entries.append(Entry(pause=each))
        elif isinstance(each, tuple):
            entries.append(Entry(each[0], segue=each[1]))
        else:
            entries.append(Entry(each))
    return Setlist("evening", "Evening", tuple(entries))
