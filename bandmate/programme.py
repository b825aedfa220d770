"""`bandmate setlist` and `bandmate patch`: everything checked before the doors open, and shown as text.

Joins every room that it needs; runs in the caller's process. Opens no port and no device.
"""

from __future__ import annotations

from pathlib import Path

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.chart import moved, write_chart
from bandmate.errors import BadPatch
from bandmate.maps import in_words
from bandmate.parts.style import load_style
from bandmate.patch import Patch, read_toml
from bandmate.ports import oscmap
from bandmate.setlist import Entry, Setlist
from bandmate.songfile import Section, Song
from bandmate.timing import clock, period_s

LEVELS = " ▁▂▃▄▅▆▇█"
BY_INTENSITY = {1: 0.3, 2: 0.55, 3: 0.85}
SIGNS = 16  # of an entry's energy on a screen
WIDTH = 72  # signs in which an evening is drawn


def evening(name: str) -> Setlist:
    """A setlist, or a song as an evening, by name or file; raises BadSetlist or BadPatch."""
    path = Path(name)
    table = read_toml(path, []) if name.endswith(".toml") and path.is_file() else {}
    is_song = bool(table) and "entry" not in table and "song" not in table
    known = name in setlists.names() or name.endswith(".toml")
    return setlists.load(name) if known and not is_song else setlists.single(setlists.load_song(name))


def check_setlist(name: str) -> str:
    """One line where all is well; raises BadSetlist or BadPatch where it isn't."""
    found = evening(name)
    for patch in {song.patch.name: song.patch for song in found.songs}.values():
        check_sounds(patch)
    for style in {song.style for song in found.songs}:
        load_style(style)
    minutes = clock(length_s(found))
    return (
        f"{found.name}: {len(found.songs)} songs, {minutes}; patches, styles, sounds and charts are all there"
    )


def check_sounds(patch: Patch) -> None:
    """Whether the font holds every sound of a patch; raises BadPatch."""
    from bandmate.ports.sf2 import SoundfontError, read_font

    path = patches.font_path(patch)
    try:
        there = {(preset.bank, preset.program) for preset in read_font(path).presets}
    except SoundfontError as error:
        raise BadPatch(f"{patch.name}.toml: key 'font': {path} cannot be read: {error}") from None
    sounds = [(f"sound.{part}", patch.sounds[part]) for part in patch.parts]
    for where, sound in sounds:
        if not (sound.port or sound.font or sound.program < 0) and (sound.bank, sound.program) not in there:
            raise BadPatch(
                f"{patch.name}.toml: key '{where}' wants bank {sound.bank}, program {sound.program}, "
                f"which {path.name} has not"
            )


def length_s(setlist: Setlist) -> float:
    """How long the evening is: songs once through, and the pauses as planned."""
    return sum(entry_s(entry) for entry in setlist.entries)


def entry_s(entry: Entry) -> float:
    """How long an entry is: as planned, else its song once through."""
    if entry.minutes or entry.song is None:
        return entry.minutes * period_s(1.0)
    return song_s(entry.song)


def song_s(song: Song) -> float:
    """Once through the form."""
    beats = sum(song.beats_of(song.sections[index]) for index in song.form)
    return beats * period_s(song.bpm * song.meter.pulse_beats)


def loudness(song: Song, section: Section) -> float:
    """How hard a section is meant, 0..1."""
    energy = section.energy if section.energy is not None else song.energy
    level = BY_INTENSITY[section.intensity]
    return level if energy is None else min(1.0, max(0.0, level + (energy - 0.5) * 0.5))


def curve(entry: Entry, signs: int) -> str:
    """The energy of an entry, one sign a stretch of time."""
    song = entry.song
    if song is None:
        return "·" * signs
    bars = [
        loudness(song, song.sections[index]) for index in song.form for _ in range(song.sections[index].bars)
    ]
    return "".join(
        LEVELS[round(bars[min(len(bars) - 1, place * len(bars) // signs)] * (len(LEVELS) - 1))]
        for place in range(signs)
    )


def show(name: str) -> str:
    """A setlist with its evening's energy, or a song with its charts, as text."""
    found = evening(name)
    return show_song(found.songs[0]) if len(found.entries) == 1 and found.songs else show_setlist(found)


def show_setlist(found: Setlist) -> str:
    """The evening as text: each entry with what the performer needs, and the energy drawn."""
    total_s = max(1.0, length_s(found))
    width = max(len(entry.title) for entry in found.entries)
    lines = [f"{found.title}: {len(found.songs)} songs, {clock(total_s)}", ""]
    for number, entry in enumerate(found.entries, 1):
        signs = max(1, round(WIDTH * entry_s(entry) / total_s))
        lines.append(f"{number:3}  {entry.title:{width}}  {_about(entry):44}  {curve(entry, signs)}".rstrip())
    whole = "".join(curve(entry, max(1, round(WIDTH * entry_s(entry) / total_s))) for entry in found.entries)
    return "\n".join([*lines, "", f"energy  {whole}"])


def listed(found: Setlist) -> tuple[tuple[str, str, str, float], ...]:
    """The evening for a screen: title, what it is, its energy drawn, its length in seconds."""
    return tuple(
        (entry.title, " ".join(_about(entry).split()), curve(entry, SIGNS), round(entry_s(entry), 1))
        for entry in found.entries
    )


def _about(entry: Entry) -> str:
    song = entry.song
    if song is None:
        planned = f"{entry.minutes:g} minutes" if entry.minutes else ""
        return f"{entry.pause}  {planned}" if entry.text else planned
    key = "-" if song.key is None else str(song.key.moved(song.transpose))
    first = song.first_chord
    segue = "  >>" if entry.segue else ""
    words = f"{key:9} {song.bpm:5.1f}  {song.meter!s:4}  {song.style:13} {first or 'listens'}{segue}"
    return words


def show_song(song: Song) -> str:
    """A song as text: its head, then each section with its chart."""
    key = "no key" if song.key is None else str(song.key.moved(song.transpose))
    lines = [
        song.title,
        f"{key}, {song.bpm:g} bpm, {song.meter}, {song.style}, patch {song.patch.name}, "
        f"ends by {song.ending}, {song.bars} bars, {clock(song_s(song))}",
        "form: " + ", ".join(song.sections[index].name for index in song.form),
    ]
    for section in song.sections:
        lines += ["", f"{section.name} ({', '.join(_section_words(section))})"]
        bars = section.bars - section.follow
        if section.chart:
            written = tuple(section.chart[index % len(section.chart)] for index in range(bars))
            lines.append(write_chart(moved(written, song.transpose + section.transpose), song.meter))
    return "\n".join(lines)


def _section_words(section: Section) -> list[str]:
    words = [f"{section.bars} bars", ("quiet", "normal", "big")[section.intensity - 1]]
    words += ["until cued"] if section.open else []
    words += [f"the last {section.follow} yours"] if section.chart and section.follow else []
    words += [] if section.chart else ["the band listens"]
    words += [f"in: {', '.join(section.parts_in)}"] if section.parts_in else []
    words += [f"out: {', '.join(section.parts_out)}"] if section.parts_out else []
    return words


def check_patch(name: str) -> str:
    """One line where a patch is well, its style and its sounds too; raises BadPatch."""
    patch = patches.load(name)
    load_style(str(patch.params.get("style", patch.style)))
    check_sounds(patch)
    oscmap.load(patch.osc)
    return f"{patch.name}: {', '.join(patch.parts)}; style and sounds are there"


def show_patch(name: str) -> str:
    """A patch as text: who plays what, and what the keyboard does."""
    patch = patches.load(name)
    lines = [patch.title or patch.name, f"style {patch.style}, {patch.meter}, bass {patch.bass}"]
    for part in patch.parts:
        sound = patch.sounds[part]
        where = f"port {sound.port}, channel {sound.channel}" if sound.port else "the synth"
        on = "" if float(patch.params.get(f"part/{part}/on", 1.0)) >= 0.5 else ", waits"
        lines.append(f"{part:7} bank {sound.bank:3}, program {sound.program:3}, {where}{on}")
    for zone in patch.zones:
        lines.append(
            f"keys    {zone.low} to {zone.high}: bank {zone.bank}, program {zone.program}, {zone.hears}"
        )
    lines += [f"mic     channel {one.channel} hears {one.hears}" for one in patch.microphones]
    lines += [f"hands   {in_words(row)}" for row in patch.controls]
    clocks = (("in", patch.clock_in), ("out", patch.clock_out))
    lines += [f"clock   {way}: {port}" for way, port in clocks if port]
    lines += [f"{key} = {value}" for key, value in patch.params.items()]
    return "\n".join(lines)
