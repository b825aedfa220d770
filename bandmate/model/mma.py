"""Plays a chart with MMA (Debian's `mma`, a program of its own): a band in one of its grooves.

Offline, when a corpus is built. MMA is run, never imported and never shipped.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from bandmate.errors import NoDevice
from bandmate.harmony import NAMES
from bandmate.model.grid import BEAT_TICKS, NO_ROOT, QUALITIES, Array, folded_drum, in_order
from bandmate.model.songs import Song, Take, Unusable, part_by_program, rows
from bandmate.model.styles import BEATS, GROOVES
from bandmate.timing import beats_of_ticks

LIBRARY = Path("/usr/share/mma/lib/stdlib")
SPELLINGS = {"maj7": "M7", "mMaj7": "mM7", "7sus4": "7sus", "5": "5"}  # where MMA writes it otherwise
PHRASES = (4, 8, 8, 8)  # bars between fills
FILLED = 0.7  # share of the phrases that end in one
LONGEST_S = 20.0
UNPLUGGED, TRIPLETS = "unplugged", "ballad-12-8"
KEYS, BASS = 2, 1  # of events.PARTS
PIANISTS = (
    "pianoballad",
    "8beat",
    "hymn",
    "jazzcombo",
    "evansish",
    "rhumba",
    "twist",
    "spiritual",
    "foxtrot",
)
PIANISTS_IN = {3: ("waltz", "jazzwaltz", "fastwaltz"), 5: ("jazz-54",)}
PIANISTS_IN_TRIPLETS = ("ballad128", "blues128", "rock-128")
EXTRAS = re.compile(r"fill|intro|end|metronome|clap", re.IGNORECASE)


@lru_cache(maxsize=256)
def grooves(file: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The grooves and the fills that a style file of MMA defines."""
    if shutil.which("mma") is None or not LIBRARY.is_dir():
        raise NoDevice("a corpus needs MMA: install Debian's package mma, or build it with --no-mma")
    text = (LIBRARY / f"{file}.mma").read_text(errors="ignore")
    found = re.findall(r"^\s*DefGroove\s+(\S+)", text, re.MULTILINE | re.IGNORECASE)
    plain = tuple(name for name in found if not EXTRAS.search(name))
    return plain or tuple(found[:1]), tuple(name for name in found if "fill" in name.lower())


def files(song: Song, style: str) -> list[str]:
    """The style files that play a style in the meter of a song."""
    if song.meter.pulse_beats == 1.5:  # four dotted pulses: common time in triplets
        return list(GROOVES[style]) if style == TRIPLETS and song.meter.pulses == 4 else []
    return [file for file in GROOVES.get(style, ()) if BEATS.get(file, 4) == song.meter.bar_beats]


def play(song: Song, style: str, file: str, chance: random.Random) -> Take:
    """The song as a groove of MMA plays it; raises Unusable."""
    chart, fills = _chart(song, file, chance)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "song.mma"), Path(folder, "song.mid")
        source.write_text(chart)
        try:
            command = ["mma", str(source), "-f", str(target)]
            subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)
            notes, parts = _read(target, _pulse(song))
        except (OSError, EOFError, ValueError, KeyError, subprocess.TimeoutExpired):
            raise Unusable(f"mma can't play it as {file}") from None
    if style == UNPLUGGED:
        notes, parts = [note for note in notes if note[0] != 0], parts - {0}
    return Take(style, in_order(rows(notes)), parts, f"mma:{file}", fills)


def pianist(song: Song, chance: random.Random) -> Array:
    """What a pianist could play alone over a chart: MMA's piano, two times in three with a left hand."""
    triplets = song.meter.pulse_beats == 1.5
    files = PIANISTS_IN_TRIPLETS if triplets else PIANISTS_IN.get(int(song.meter.bar_beats), PIANISTS)
    notes = play(song, "", chance.choice(files), chance).notes
    chords, bass = notes[notes[:, 0] == KEYS], notes[notes[:, 0] == BASS]
    if not len(chords):
        chords = notes[notes[:, 0] > BASS]
    hands = [chords, bass] if chance.random() < 0.66 else [chords]
    played = np.concatenate(hands) * np.array([0, 1, 1, 1, 1, 1])
    return in_order(played)


def _chart(song: Song, file: str, chance: random.Random) -> tuple[str, frozenset[int]]:
    """The text that MMA reads: grooves that change with the phrases, and a chord wherever one begins."""
    plain, fill = grooves(file)
    pulse = _pulse(song)
    beats = round(song.meter.bar_beats / pulse)
    at = {round(beat / pulse): (root, quality) for beat, root, quality in song.chords}
    lines = [f"RndSeed {chance.randrange(1 << 30)}", f"Tempo {round(song.bpm / pulse)}"]
    chord, groove, fills = "z", "", set()
    length, main = chance.choice(PHRASES), chance.choice(plain)
    for bar in range(song.bars):
        if bar % length == 0 and chance.random() < 0.5:
            main = chance.choice(plain)
        filled = bool(fill) and bar % length == length - 1 and chance.random() < FILLED
        wanted = chance.choice(fill) if filled else main
        if filled:
            fills.add(bar)
        if wanted != groove:
            groove = wanted
            lines.append(f"Groove {groove}")
        words = []
        for beat in range(bar * beats, (bar + 1) * beats):
            if beat in at:
                chord = _spelt(*at[beat])
            words.append(chord if beat in at or beat % beats == 0 else "/")
        lines.append(f"{bar + 1} {' '.join(words)}")
    return "\n".join(lines) + "\n", frozenset(fills)


def _pulse(song: Song) -> float:
    """How many of the song's beats MMA counts as one: a dotted quarter in 12/8."""
    return song.meter.pulse_beats if song.meter.pulse_beats == 1.5 else 1.0


def _spelt(root: int, quality: int) -> str:
    if root == NO_ROOT:
        return "z"
    name = QUALITIES[quality]
    return NAMES[root] + SPELLINGS.get(name, name)


def _read(path: Path, pulse: float) -> tuple[list[tuple[int, int, int, int, int, int]], frozenset[int]]:
    """The notes of MMA's MIDI file, each with its part; and who plays."""
    if not path.exists():
        raise ValueError("mma wrote nothing")
    song = mido.MidiFile(path)
    found: list[tuple[int, int, int, int, int, int]] = []
    for track in song.tracks:
        tick, program = 0, 0
        open_notes: dict[int, tuple[int, int]] = {}
        for message in track:
            tick += message.time
            if message.type == "program_change":
                program = message.program
            elif message.type in ("note_on", "note_off"):
                if message.note in open_notes:
                    begun, velocity = open_notes.pop(message.note)
                    at = (begun, tick, song.ticks_per_beat)
                    found += _note(track.name, program, at, pulse, message.note, velocity)
                if message.type == "note_on" and message.velocity:
                    open_notes[message.note] = (tick, message.velocity)
    return found, frozenset(note[0] for note in found)


def _note(
    name: str, program: int, at: tuple[int, int, int], pulse: float, pitch: int, velocity: int
) -> list[tuple[int, int, int, int, int, int]]:
    """A note of MMA's file as ours; `at` is where it begins and ends, and the ticks of the file's beat."""
    begun, end, ppq = at
    tick = round(beats_of_ticks(begun, ppq) * pulse * BEAT_TICKS)
    ticks = max(round(beats_of_ticks(end - begun, ppq) * pulse * BEAT_TICKS), 1)
    if name.lower().startswith("drum"):
        drum = folded_drum(pitch)
        return [] if drum is None else [(0, tick, 1, drum, velocity, 0)]
    if name.lower().startswith(("bass", "walk")):
        return [(BASS, tick, ticks, pitch, velocity, 0)]
    part = part_by_program(program, name)
    return [(KEYS if part == BASS else part, tick, ticks, pitch, velocity, 0)]
