"""Song files: one song out of its tables, every key and value checked. Any process.

Imports only the bottom layer. An error names file, line, key and value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from bandmate import controls
from bandmate import patch as patches
from bandmate.chart import Chart, ChartBar, write_chart
from bandmate.errors import BadFile, BandmateError
from bandmate.events import PARTS
from bandmate.harmony import Chord, Key
from bandmate.patch import Patch
from bandmate.reading import Reader
from bandmate.timing import METERS, Meter

ENDINGS = ("button", "tag", "ritard", "fade", "vamp-out")
MOST_BARS = 512
MOST_LESS = 0.6  # of density: so much thinner a song may ask the model to play a part
SONG_KEYS = (
    "title", "patch", "style", "key", "bpm", "meter", "count_in", "energy", "transpose", "chart", "form",
    "ending", "final", "section", "params", "sound", "less",
)  # fmt: skip
SECTION_KEYS = (
    "name", "bars", "chart", "follow", "intensity", "energy", "parts_in", "parts_out", "open", "transpose",
)  # fmt: skip
NOT_IN_SONGS = ("join", "section", "song", "jump", "style", "meter", "key", "bpm", "count-in", "transpose")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a song: `bars` long, the last `follow` of them without a chart: the band listens."""

    name: str = "Song"
    bars: int = 8
    chart: Chart = ()  # goes round until the bars are full; empty: the band listens
    follow: int = 0
    intensity: int = 2  # 1 quiet, 2 normal, 3 big
    energy: float | None = None
    parts_in: tuple[str, ...] = ()
    parts_out: tuple[str, ...] = ()
    open: bool = False  # again and again until the next section is cued: a vamp, a solo
    transpose: int = 0

    def bar(self, index: int) -> ChartBar | None:
        """The chart's bar at a place of the section; None where the band listens."""
        return self.chart[index % len(self.chart)] if self.chart and index < self.bars - self.follow else None


@dataclass(frozen=True, slots=True)
class Song:
    """Everything that the band must know of a song; `form` is the order of its sections."""

    title: str
    patch: Patch
    sections: tuple[Section, ...]
    form: tuple[int, ...]
    style: str = "pop-rock"
    key: Key | None = None
    bpm: float = 112.0  # in pulses
    meter: Meter = field(default_factory=Meter)
    count_in: int = 1
    energy: float | None = None
    transpose: int = 0
    ending: str = "button"
    final: Chord | None = None  # the last chord; None: the key's own, else what comes
    params: dict[str, float | str] = field(default_factory=dict)
    less: dict[str, float] = field(default_factory=dict)  # part: how much thinner the model plays it
    path: str = ""  # the file that *store* writes to, and the table in it
    table: str = ""

    @property
    def first_chord(self) -> Chord | None:
        """What the performer is told before the count-in, transposed."""
        section = self.sections[self.form[0]]
        bar = section.bar(0)
        chord = None if bar is None else bar.changes[0][1]
        return chord and chord.moved(self.transpose + section.transpose)

    @property
    def last_chord(self) -> Chord | None:
        """The chord of the last stroke, untransposed; None: nobody said."""
        if self.final is not None or self.key is None:
            return self.final
        return Chord(self.key.tonic, "m" if self.key.minor else "")

    @property
    def bars(self) -> int:
        """Once through the form."""
        return sum(self.sections[index].bars for index in self.form)

    def beats_of(self, section: Section) -> float:
        """How long a section lasts, in beats, odd bars as they are."""
        bars = (section.bar(index) for index in range(section.bars))
        return sum(((bar and bar.meter) or self.meter).bar_beats for bar in bars)


def read_song(reader: Reader, default: Patch | None = None) -> Song:
    """A song out of its table; `default` is the patch of the setlist. Raises BadSetlist or BadPatch."""
    reader.only(SONG_KEYS)
    meter = Meter.parse(reader.one_of("meter", METERS, "4/4"))
    patch = _with_sounds(reader.patch(default), reader.inside("sound"))
    chart = reader.chart(meter)
    sections = tuple(_section(row, chart, meter) for row in reader.rows("section"))
    sections = sections or (Section(bars=len(chart) or 8, chart=chart),)
    names = tuple(section.name for section in sections)
    for index, row in enumerate(reader.rows("section")):
        if names[index] in names[:index]:
            raise row.refuse(
                "name", f"is {names[index]!r}, and so is another section's; a form needs each once"
            )
    form = tuple(names.index(word) for word in reader.words("form", names)) or tuple(range(len(sections)))
    style = reader.one_of("style", tuple(patches.names("styles")), patch.style)
    energy = reader.number("energy", 0, 1)
    return Song(
        reader.text("title", "" if reader.table else reader.path.stem), patch, sections, form, style,
        _key(reader), _bpm(reader, style), meter,
        reader.whole("count_in", 0, 4, 1), energy, reader.whole("transpose", -12, 12, 0),
        reader.one_of("ending", ENDINGS, "button"), _final(reader), _params(reader.inside("params")),
        _less(reader.inside("less")), str(reader.path), reader.table,
    )  # fmt: skip


def _bpm(reader: Reader, style: str) -> float:
    """The home tempo; without it, a good one for the style."""
    given = reader.number("bpm", 30, 300)
    if given is not None:
        return float(given)
    path = patches.data_folder("patches") / "styles" / f"{style}.toml"
    return float(patches.read_toml(path, []).get("bpm", 112.0))


def _section(reader: Reader, chart: Chart, meter: Meter) -> Section:
    """A section; without a chart of its own, it goes by the song's."""
    reader.only(SECTION_KEYS)
    own = reader.chart(meter) if "chart" in reader.values else chart
    follow = reader.whole("follow", 0, MOST_BARS, 0)
    bars = reader.whole("bars", 1, MOST_BARS, min((len(own) or 8 - follow) + follow, MOST_BARS) or 8)
    if follow > bars:
        raise reader.refuse("follow", f"is {follow}, and the section has {bars} bars")
    name = reader.text("name", "Song")
    return Section(
        name, bars, own, follow, reader.whole("intensity", 1, 3, 2), reader.number("energy", 0, 1),
        reader.words("parts_in", PARTS), reader.words("parts_out", PARTS), reader.yes("open"),
        reader.whole("transpose", -12, 12, 0),
    )  # fmt: skip


def _key(reader: Reader) -> Key | None:
    if "key" not in reader.values:
        return None
    try:
        return Key.parse(reader.text("key"))
    except BandmateError:
        raise reader.refuse("key", f"is {reader.values['key']!r}; it takes a key, as in Eb minor") from None


def _final(reader: Reader) -> Chord | None:
    if "final" not in reader.values:
        return None
    try:
        return Chord.parse(reader.text("final"))
    except BandmateError as error:
        raise reader.refuse("final", f"is no chord: {error}") from None


def _params(reader: Reader) -> dict[str, float | str]:
    """What the song sets of the one table of parameters."""
    found: dict[str, float | str] = {}
    for name, value in reader.values.items():
        if name in NOT_IN_SONGS:
            raise reader.refuse(name, "isn't set here: the song has a key for it, or the performer decides")
        try:
            known, checked = controls.check(name, value)
        except BandmateError as error:
            raise reader.refuse(name, f"says: {error}") from None
        if checked is None:
            raise reader.refuse(name, "is an action; a song sets parameters")
        found[known] = checked
    return found


def _less(reader: Reader) -> dict[str, float]:
    """What the model is asked to do less of in this song."""
    reader.only(PARTS)
    return {part: float(reader.number(part, 0, MOST_LESS)) for part in reader.values}


def _with_sounds(patch: Patch, reader: Reader) -> Patch:
    """The patch with the sounds that the song wants otherwise."""
    reader.only(PARTS)
    if not reader.values:
        return patch
    table = patches.as_table(patch)
    for part in reader.values:
        row = reader.inside(part)
        row.only(tuple(table["sound"][part]))
        table["sound"][part] |= row.values
    try:
        return replace(patches.parse(table, reader.path), name=patch.name)
    except BadFile as error:
        first = next(iter(reader.values))
        said = re.sub(rf"^{re.escape(str(reader.path))}: ", "", str(error))
        raise reader.refuse(first, f"says: {said}") from None


# ------------------------------------------------------------------ as plain tables


def song_table(song: Song) -> dict[str, Any]:
    """The table that `read_song` reads back as the same song (its patch is kept beside it)."""
    table: dict[str, Any] = {
        "title": song.title, "style": song.style, "bpm": song.bpm, "meter": str(song.meter),
        "count_in": song.count_in, "transpose": song.transpose, "ending": song.ending,
        "params": dict(song.params), "less": dict(song.less),
        "form": [song.sections[index].name for index in song.form],
        "section": [_section_table(section, song.meter) for section in song.sections],
    }  # fmt: skip
    for key, value in (("key", song.key), ("final", song.final)):
        table |= {} if value is None else {key: str(value)}
    return table | ({} if song.energy is None else {"energy": song.energy})


def _section_table(section: Section, meter: Meter) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": section.name, "bars": section.bars, "follow": section.follow, "open": section.open,
        "intensity": section.intensity, "transpose": section.transpose,
        "parts_in": list(section.parts_in), "parts_out": list(section.parts_out),
        "chart": write_chart(section.chart, meter) if section.chart else "",
    }  # fmt: skip
    return table | ({} if section.energy is None else {"energy": section.energy})
