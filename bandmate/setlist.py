"""Setlists: the songs of an evening, in order, with walk-in, breaks and encore. Files in `setlists/*.toml`.

Reads and checks everything before the doors open; nothing of it is read again while the band plays. Any
process. Imports only the bottom layer. `songfile.py` reads the songs.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bandmate import patch as patches
from bandmate.errors import BadSetlist, BandmateError
from bandmate.events import Store
from bandmate.patch import Patch
from bandmate.reading import Reader
from bandmate.songfile import Section, Song, read_song, song_table
from bandmate.tomltext import Lines, lines_of, written

__all__ = ["Entry", "Section", "Setlist", "Song"]

PAUSES = ("walk-in", "break", "encore")
ENTRY_KEYS = ("song", "pause", "minutes", "segue", "text", "transpose")
SETLIST_KEYS = ("title", "patch", "entry", "song")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the setlist: a song, or a pause in which nothing sounds."""

    song: Song | None = None
    pause: str = ""  # walk-in, break, encore
    minutes: float = 0.0
    segue: bool = False  # straight into the next song, without stopping
    text: str = ""  # what the performer wants to read there

    @property
    def title(self) -> str:
        """What stands on the list."""
        return self.song.title if self.song is not None else self.text or self.pause


@dataclass(frozen=True, slots=True)
class Setlist:
    """An evening."""

    name: str
    title: str
    entries: tuple[Entry, ...]

    @property
    def songs(self) -> tuple[Song, ...]:
        """The songs in order; one that is played twice stands twice."""
        return tuple(entry.song for entry in self.entries if entry.song is not None)

    def place(self, title: str, after: int = -1) -> int | None:
        """The entry of a title (or of its number, from 1), the next one after a place first."""
        if title.isdigit() and 1 <= int(title) <= len(self.entries):
            return int(title) - 1
        found = [at for at, entry in enumerate(self.entries) if slug(entry.title) == slug(title)]
        return next((at for at in found if at > after), found[0] if found else None)


def slug(title: str) -> str:
    """`Corner Table` as a file may be called: corner-table."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in title.lower()).split())


def single(song: Song) -> Setlist:
    """One song as an evening."""
    return Setlist(slug(song.title), song.title, (Entry(song),))


# ------------------------------------------------------------------ reading


def names(kind: str = "") -> list[str]:
    """The setlists (or, with `songs`, the songs) that ship, by name."""
    return sorted(path.stem for path in (patches.data_folder("setlists") / kind).glob("*.toml"))


def load(name: str) -> Setlist:
    """The setlist of a name or a file, with everything in it; raises BadSetlist or BadPatch."""
    path = Path(name) if name.endswith(".toml") else patches.data_folder("setlists") / f"{name}.toml"
    table, lines = _read(path, f"there are: {', '.join(names()) or 'none'}")
    return _parse(Reader(path, lines, "", table))


def load_song(name: str) -> Song:
    """A song by its file, its name or its title, also one that a shipped setlist holds."""
    if name.endswith(".toml"):
        return _song_file(Path(name))
    folder = patches.data_folder("setlists")
    path = folder / "songs" / f"{slug(name)}.toml"
    if path.is_file():
        return _song_file(path)
    for listed in names():
        found = load(listed)
        for song in found.songs:
            if slug(song.title) == slug(name):
                return song
    raise BadSetlist(f"there is no song {name!r}; there are: {', '.join(names('songs')) or 'none'}")


def _song_file(path: Path, default: Patch | None = None) -> Song:
    table, lines = _read(path, f"there are: {', '.join(names('songs')) or 'none'}")
    return read_song(Reader(path, lines, "", table), default)


def _read(path: Path, known: str) -> tuple[dict[str, Any], Lines]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        return tomllib.loads(text), lines_of(text)
    except FileNotFoundError:
        raise BadSetlist(f"there is no {path}; {known}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSetlist(f"{path} cannot be read as TOML: {error}") from None


def _parse(reader: Reader) -> Setlist:
    reader.only(SETLIST_KEYS)
    patch = reader.patch(None)
    own: dict[str, Song] = {}
    for row in reader.rows("song"):
        song = read_song(row, patch)
        if not song.title:
            raise row.refuse("title", "is missing; a song in a setlist needs one")
        if slug(song.title) in own:
            raise row.refuse("title", f"is {song.title!r}, and so is another song's")
        own[slug(song.title)] = song
    rows = reader.rows("entry")
    entries = tuple(_entry(row, own, patch) for row in rows) or tuple(Entry(song) for song in own.values())
    if not entries:
        raise reader.refuse("entry", "is missing; a setlist holds [[entry]] tables or [[song]] tables")
    for row, entry, after in zip(rows, entries, entries[1:], strict=False):
        if entry.segue and after.song is None:
            raise row.refuse("segue", f"leads into {after.title!r}, which is no song")
    if rows and entries[-1].segue:
        raise rows[-1].refuse("segue", "leads nowhere; the setlist ends here")
    return Setlist(reader.path.stem, reader.text("title", reader.path.stem), entries)


def _entry(reader: Reader, own: dict[str, Song], patch: Patch) -> Entry:
    reader.only(ENTRY_KEYS)
    pause, name = reader.one_of("pause", (*PAUSES, ""), ""), reader.text("song")
    if bool(pause) == bool(name):
        raise reader.refuse("song", f"or a pause ({', '.join(PAUSES)}) is what an entry takes, one of them")
    minutes, text = reader.number("minutes", 0, 600, 0.0), reader.text("text")
    if pause:
        if reader.yes("segue"):
            raise reader.refuse("segue", "is for songs")
        return Entry(None, pause, minutes, False, text)
    song = own.get(slug(name)) or _named(reader, name, patch)
    if "transpose" in reader.values:
        song = replace(song, transpose=reader.whole("transpose", -12, 12, 0))
    return Entry(song, "", minutes, reader.yes("segue"), text)


def _named(reader: Reader, name: str, patch: Patch) -> Song:
    """A song file: in `songs` beside the setlist, or as named."""
    places = [reader.path.parent / name] if name.endswith(".toml") else []
    places += [reader.path.parent / "songs" / f"{slug(name)}.toml"]
    for path in places:
        if path.is_file():
            return _song_file(path, patch)
    known = sorted(path.stem for path in (reader.path.parent / "songs").glob("*.toml"))
    raise reader.refuse("song", f"is {name!r}, which is no [[song]] here and no file of songs/; "
                                f"there are: {', '.join(known) or 'none'}")  # fmt: skip


def store_in_song(store: Store) -> None:
    """Write what the performer asked for into a song's file, and nothing else; raises BadSetlist."""
    path = Path(store.path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        for table, values in store.values.items():
            if values:
                text = written(text, ".".join(name for name in (store.table, table) if name), values)
        tomllib.loads(text)
        part = path.with_name(path.name + ".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        part.replace(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, BandmateError) as error:
        raise BadSetlist(f"{path} is not stored: {error}") from None


# ------------------------------------------------------------------ as plain tables: a take carries them


def as_table(setlist: Setlist) -> dict[str, Any]:
    """Plain tables that `from_table` reads back as the same evening, without any file."""
    songs = list({id(song): song for song in setlist.songs}.values())
    places = {id(song): index for index, song in enumerate(songs)}
    return {
        "name": setlist.name,
        "title": setlist.title,
        "songs": [
            {"song": song_table(song), "patch": song.patch.name, "table": patches.as_table(song.patch),
             "path": song.path, "at": song.table}
            for song in songs
        ],
        "entries": [
            {"song": None if entry.song is None else places[id(entry.song)], "pause": entry.pause,
             "minutes": entry.minutes, "segue": entry.segue, "text": entry.text}
            for entry in setlist.entries
        ],
    }  # fmt: skip


def from_table(table: dict[str, Any]) -> Setlist:
    """The evening of `as_table`; raises BadSetlist, BadPatch, KeyError, TypeError or ValueError."""
    songs = []
    for row in table["songs"]:
        patch = patches.parse(row["table"], Path(f"{row['patch']}.toml"))
        song = read_song(Reader(Path("the setlist"), Lines((), ()), "", dict(row["song"])), patch)
        songs.append(replace(song, path=str(row["path"]), table=str(row["at"])))
    entries = tuple(
        Entry(
            None if row["song"] is None else songs[row["song"]], str(row["pause"]), float(row["minutes"]),
            bool(row["segue"]), str(row["text"]),
        )
        for row in table["entries"]
    )  # fmt: skip
    if not entries:
        raise ValueError("a setlist without an entry")
    return Setlist(str(table["name"]), str(table["title"]), entries)
