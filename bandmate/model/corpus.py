"""The training set: built from public data, packed small, and laid out slot by slot for the training.

`build` reads songs, lets MMA and the understudy play over them, and writes one file and a manifest of
sources, licences and shares. Everything is drawn from the seed, so the same data give the same corpus.
Offline; `load` needs numpy alone.
"""

from __future__ import annotations

import io
import json
import lzma
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandmate.errors import BadFile, BandmateError
from bandmate.model.grid import PIANO, ROLES, SLOT_TICKS, Array, length_class, offset_class
from bandmate.model.songs import Song, Take, Unusable, in_meter
from bandmate.model.styles import GROOVES, STYLES, style_number
from bandmate.timing import Meter

VERSION = 1
FILE, MANIFEST = "corpus.npz.xz", "data.json"
LICENCES = {
    "pop909": "POP909 (Wang et al., ISMIR 2020) and POP909-CL (Yao et al., 2026), MIT",
    "openewld": "OpenEWLD (Simonetta et al., 2018), public-domain lead sheets, MIT",
    "billboard": "McGill Billboard annotations (Burgoyne et al., ISMIR 2011), CC0",
    "gmd": "Groove MIDI (Gillick et al., ICML 2019), CC BY 4.0",
    "freedoom": "Freedoom soundtrack, contributors to the Freedoom project, BSD 3-clause",
    "simutrans": "Simutrans base music, Artistic License",
    "user": "your own files",
}
SOURCES = tuple(name for name in LICENCES if name != "user")  # of a build
BANDS = {"mma": "played by MMA (GPL program, run and not shipped)", "understudy": "played by the understudy"}
MMA_TAKES = {"pop909": 4, "openewld": 3, "billboard": 2}
ODD_METERS = {
    "12/8": 0.08,
    "5/4": 0.06,
    "7/8": 0.04,
    "3/4": 0.06,
    "6/8": 0.04,
}  # share of the common-time charts
BUILD_STYLES = tuple(style for style in STYLES if style in GROOVES)

Bytes = NDArray[np.uint8]


@dataclass(slots=True)
class Harvest:
    """Songs as they are read, and what was left out, by source and reason."""

    songs: list[Song] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    without: frozenset[str] = frozenset()  # sources that nobody wants

    def keep(self, source: str, read: Callable[[], Song | list[Song]]) -> None:
        """Read a file, or count why not."""
        if source in self.without:
            return
        try:
            found = read()
        except Unusable as reason:
            self.skipped[f"{source}: {reason}"] += 1
            return
        self.songs += found if isinstance(found, list) else [found]


# ------------------------------------------------------------------ building


def gather(
    data: Path, splits: dict[str, Any], only: int | None = None, without: Sequence[str] = ()
) -> Harvest:
    """Every song of the public data that may be trained on; `only` so many of a source, for a trial.

    `without` are sources to leave out; raises BandmateError for one that nobody knows.
    """
    from bandmate.model import charts, midisongs, pop909

    unknown = sorted(set(without) - set(SOURCES))
    if unknown:
        raise BandmateError(f"there is no source {unknown[0]!r}; there are: {', '.join(SOURCES)}")
    found = Harvest(without=frozenset(without))
    held_out = splits.get("pop909", {})
    withheld = set(held_out.get("validation", [])) | set(held_out.get("never", []))
    for name in [name for name in pop909.names(data) if name not in withheld][:only]:
        found.keep("pop909", lambda name=name: pop909.read(data, name))  # type: ignore[misc]
    withheld = set(splits.get("openewld", {}).get("evaluation", []))
    for name in [name for name in charts.lead_sheets(data) if name not in withheld][:only]:
        found.keep("openewld", lambda name=name: charts.lead_sheet(data, name))  # type: ignore[misc]
    for name in charts.billboard_charts(data)[:only]:
        found.keep("billboard", lambda name=name: charts.billboard_chart(data, name))  # type: ignore[misc]
    for source in ("freedoom", "simutrans"):
        for path in sorted((data / source).rglob("*.mid"))[:only]:
            found.keep(source, lambda p=path, s=source: midisongs.joint_song(p, s))  # type: ignore[misc]
    if (data / "gmd").is_dir():
        never = set(splits.get("gmd", {}).get("never", []))
        for name, label in midisongs.drummers(data, never)[:only]:
            found.keep("gmd", lambda n=name, k=label: midisongs.drummer(data, n, k))  # type: ignore[misc]
    return found


def user_songs(folder: Path) -> Harvest:
    """The MIDI files of a folder, as joint songs."""
    from bandmate.model import midisongs

    found = Harvest()
    for path in sorted((*folder.rglob("*.mid"), *folder.rglob("*.midi"))):
        found.keep("user", lambda path=path: midisongs.joint_song(path, "user"))  # type: ignore[misc]
    return found


@dataclass(frozen=True, slots=True)
class Orchestra:
    """Who plays over the charts: how many of MMA's styles a song, and how many of the understudy's."""

    mma: int | None = None  # None: MMA_TAKES
    understudy: Callable[[Song, str, int], Take] | None = None
    styles: Callable[[Song], list[str]] = lambda song: []  # of the understudy, for a song
    understudies: int = 1


def play_over(song: Song, seed: int, skipped: Counter[str], orchestra: Orchestra) -> None:
    """Let bands play over a song, and a pianist if nobody performs."""
    from bandmate.model import mma

    chance = random.Random(f"{seed}/{song.source}/{song.name}")
    takes = MMA_TAKES[song.source] if orchestra.mma is None else orchestra.mma
    styles = [style for style in BUILD_STYLES if mma.files(song, style)] if takes else []
    for style in chance.sample(styles, min(takes, len(styles))):
        try:
            song.takes.append(mma.play(song, style, chance.choice(mma.files(song, style)), chance))
        except Unusable as reason:
            skipped[f"{song.source}: {reason}"] += 1
    if song.source != "pop909":
        try:
            song.performer[PIANO] = mma.pianist(song, chance)
        except Unusable as reason:
            skipped[f"{song.source}: {reason}"] += 1
    if orchestra.understudy is not None:
        known = orchestra.styles(song)
        for style in chance.sample(known, min(orchestra.understudies, len(known))):
            song.takes.append(orchestra.understudy(song, style, chance.randrange(1 << 30)))


def in_odd_meters(charts: list[Song], seed: int) -> list[Song]:
    """Some of the charts again, in the meters that hardly any song of the data is in."""
    chance = random.Random(f"{seed}/odd meters")
    found = []
    for meter, share in ODD_METERS.items():
        common = [song for song in charts if song.source == "billboard" and str(song.meter) == "4/4"]
        some = chance.sample(common, round(share * len(common)))
        found += [in_meter(song, Meter.parse(meter)) for song in some]
    return found


def build(
    harvest: Harvest, out: Path, seed: int, orchestra: Orchestra, report: Callable[[str], None] = print
) -> dict[str, Any]:
    """Play over the songs, pack them, write corpus and manifest; returns the manifest."""
    harvest.songs += in_odd_meters(harvest.songs, seed)
    for index, song in enumerate(harvest.songs):
        if song.source in MMA_TAKES:
            play_over(song, seed, harvest.skipped, orchestra)
        if index % 100 == 99:
            report(f"{index + 1} of {len(harvest.songs)} songs")
    return _write([song for song in harvest.songs if song.takes], harvest.skipped, out, seed)


def add(harvest: Harvest, out: Path) -> dict[str, Any]:
    """Put songs that bring their own takes into a corpus, or begin one with them; returns its manifest."""
    songs = [song for song in harvest.songs if song.takes]
    if not (out / FILE).exists():
        return _write(songs, harvest.skipped, out, 0)
    both = joined(load(out), pack(songs))
    old = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    manifest = merged(old, _manifest(songs, harvest.skipped, old["seed"]))
    save(both, out / FILE)
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _write(songs: list[Song], skipped: Counter[str], out: Path, seed: int) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(songs, skipped, seed)
    save(pack(songs), out / FILE)
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Two corpora as one, the songs of the second after those of the first."""
    found = {key: np.concatenate((first[key], second[key])) for key in first if first[key].ndim}
    found["take_song"] = np.concatenate((first["take_song"], second["take_song"] + len(first["song_slots"])))
    for key in ("song_name", "song_source"):
        found[key] = np.array(json.dumps(json.loads(str(first[key])) + json.loads(str(second[key]))))
    return found | {"version": np.array(VERSION)}


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The manifest of two corpora that became one."""
    total = first["notes"] + second["notes"]
    found = first | {key: first[key] + second[key] for key in ("songs", "takes", "notes")}
    for table in ("sources", "bands"):
        rows = {}
        for name in sorted({**first[table], **second[table]}):
            both = [(each[table][name], each["notes"]) for each in (first, second) if name in each[table]]
            rows[name] = both[0][0] | {
                "share": round(sum(row["share"] * notes for row, notes in both) / total, 4)
            }
            if "songs" in both[0][0]:
                rows[name]["songs"] = sum(row["songs"] for row, _ in both)
        found[table] = rows
    found["styles"] = {
        name: round(sum(each["styles"].get(name, 0.0) * each["notes"] for each in (first, second)) / total, 4)
        for name in sorted({**first["styles"], **second["styles"]})
    }
    found["skipped"] = dict(sorted((Counter(first["skipped"]) + Counter(second["skipped"])).items()))
    return found


def _manifest(songs: list[Song], skipped: Counter[str], seed: int) -> dict[str, Any]:
    """Sources, licences, shares of notes, styles and what was left out."""
    notes: Counter[str] = Counter()
    by: Counter[str] = Counter()
    styles: Counter[str] = Counter()
    for song in songs:
        for take in song.takes:
            notes[song.source] += len(take.notes)
            by[take.by.partition(":")[0]] += len(take.notes)
            styles[take.style] += len(take.notes)
    total = max(sum(notes.values()), 1)
    return {
        "version": VERSION, "seed": seed, "songs": len(songs),
        "takes": sum(len(song.takes) for song in songs),
        "notes": total, "slakh": False,
        "sources": {
            name: {"licence": LICENCES[name], "songs": sum(song.source == name for song in songs),
                   "share": round(count / total, 4)}
            for name, count in sorted(notes.items())
        },
        "bands": {name: {"what": BANDS.get(name, "as in the source"), "share": round(count / total, 4)}
                  for name, count in sorted(by.items())},
        "styles": {name: round(count / total, 4) for name, count in sorted(styles.items())},
        "skipped": dict(sorted(skipped.items())),
    }  # fmt: skip


# ------------------------------------------------------------------ packing


def pack(songs: list[Song]) -> dict[str, Any]:
    """Songs as columns of small numbers, in the order of songs, roles and takes."""
    performed = [
        song.performer.get(role, np.zeros((0, 6), np.int64)) for song in songs for role in range(ROLES)
    ]
    slots = [song.slots for song in songs for _ in range(ROLES)]
    takes = [(number, take) for number, song in enumerate(songs) for take in song.takes]
    chords = np.concatenate([song.chord_slots() for song in songs]).astype(np.uint8)
    columns: dict[str, Any] = {
        "version": np.array(VERSION),
        "song_slots": np.array([song.slots for song in songs], np.int32),
        "song_bar": np.array([song.meter.slots for song in songs], np.uint8),
        "song_compound": np.array([song.meter.pulse_beats == 1.5 for song in songs], np.uint8),
        "song_bpm": np.array([song.bpm for song in songs], np.float32),
        "song_name": np.array(json.dumps([song.name for song in songs])),
        "song_source": np.array(json.dumps([song.source for song in songs])),
        "chord_root": chords[:, 0], "chord_quality": chords[:, 1],
        "take_song": np.array([number for number, _ in takes], np.int32),
        "take_style": np.array([style_number(take.style) for _, take in takes], np.uint8),
        "take_parts": np.array([sum(1 << part for part in take.parts) for _, take in takes], np.uint8),
        "take_performed": np.array([take.performed for _, take in takes], np.uint8),
        "take_fill": _fills(songs),
    }  # fmt: skip
    columns |= _packed("performer", performed, slots)
    return columns | _packed("band", [take.notes for _, take in takes], [songs[n].slots for n, _ in takes])


def _fills(songs: list[Song]) -> Bytes:
    """One number a bar of each take: 1 where it is a fill."""
    found = [
        np.isin(np.arange(song.bars), sorted(take.fills)).astype(np.uint8)
        for song in songs
        for take in song.takes
    ]
    return np.concatenate(found) if found else np.zeros(0, np.uint8)


def _packed(name: str, lists: list[Array], slots: list[int]) -> dict[str, Any]:
    """Lists of sorted notes as columns: slots since the note before, part and place, pitch, and classes."""
    kept = [
        notes[(notes[:, 1] >= 0) & (notes[:, 1] < count * SLOT_TICKS)]
        for notes, count in zip(lists, slots, strict=True)
    ]
    steps = [np.diff(notes[:, 1] // SLOT_TICKS, prepend=0) for notes in kept]
    notes = np.concatenate(kept) if kept else np.zeros((0, 6), np.int64)
    columns = {
        "step": np.concatenate(steps).astype(np.uint16) if steps else np.zeros(0, np.uint16),
        "place": (notes[:, 0] * SLOT_TICKS + notes[:, 1] % SLOT_TICKS).astype(np.uint8),
        "pitch": notes[:, 3].astype(np.uint8),
        "velocity": (notes[:, 4] // 16).astype(np.uint8),
        "length": length_class(notes[:, 2]).astype(np.uint8),
        "offset": offset_class(notes[:, 5]).astype(np.uint8),
    }
    counts = np.array([len(each) for each in kept], np.int32)
    return {f"{name}_count": counts} | {f"{name}_{key}": value for key, value in columns.items()}


def save(columns: dict[str, Any], path: Path) -> None:
    """Write the columns, squeezed; whole or not at all."""
    raw = io.BytesIO()
    np.savez(raw, **columns)
    half = path.with_suffix(".part")
    half.write_bytes(lzma.compress(raw.getvalue(), preset=6))
    half.replace(path)


def load(folder: Path) -> dict[str, Any]:
    """The columns of a corpus; raises BadFile naming it."""
    path = folder / FILE
    try:
        with lzma.open(path) as squeezed:
            found = dict(np.load(io.BytesIO(squeezed.read()), allow_pickle=False))
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise BadFile(
            f"{path}: no corpus that can be read ({error}); make one with bandmate corpus build"
        ) from None
    if int(found.get("version", -1)) != VERSION:
        raise BadFile(f"{path}: a corpus of another version; make it again with bandmate corpus build")
    return found


def slot_notes(columns: dict[str, Any], name: str, slots: Array, most: int) -> Bytes:
    """All notes of one kind laid out, (slots of all lists, most, 6), columns as in `grid.in_slots`.

    `slots` is how many each list has. Notes beyond `most` in a slot are left out.
    """
    counts = columns[f"{name}_count"]
    list_of = np.repeat(np.arange(len(counts)), counts)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
    walked = np.cumsum(columns[f"{name}_step"].astype(np.int64))
    before = np.where(starts > 0, walked[np.maximum(starts - 1, 0)], 0)
    offsets = np.concatenate(([0], np.cumsum(slots)[:-1]))
    place = walked - before[list_of] + offsets[list_of]
    first = np.flatnonzero(np.diff(place, prepend=-1) != 0)
    rank = np.arange(len(place)) - np.repeat(first, np.diff(np.append(first, len(place))))
    kept = rank < most
    found = np.zeros((int(np.sum(slots)), most, 6), np.uint8)
    found[..., 2] = 128
    both = columns[f"{name}_place"]
    values = (
        both // SLOT_TICKS,
        both % SLOT_TICKS,
        *(columns[f"{name}_{key}"] for key in ("pitch", "velocity", "length", "offset")),
    )
    for column, value in enumerate(values):
        found[place[kept], rank[kept], column] = value[kept]
    return found


def songs_of(columns: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """(number, source, name) of every song."""
    names = json.loads(str(columns["song_name"]))
    for number, source in enumerate(json.loads(str(columns["song_source"]))):
        yield number, source, names[number]
