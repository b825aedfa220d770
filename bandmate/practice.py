"""The understudy played over charts, so that every style of a patch is one that the model learns.

Offline, when a corpus is built; joins the parts and the model's room.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from functools import lru_cache

from bandmate.events import PARTS, Slot
from bandmate.harmony import Chord
from bandmate.model.grid import BEAT_TICKS, KIT, NO_ROOT, OFFSET_STEPS, QUALITIES, in_order
from bandmate.model.songs import Song, Take, rows
from bandmate.parts.binding import Binder
from bandmate.parts.players import play
from bandmate.parts.style import Style, load_style
from bandmate.timing import SLOT_BEATS, BeatMap

PHRASE_BARS = 8
SECTIONS = (1, 2, 2, 3)


@lru_cache(maxsize=64)
def _style(name: str) -> Style:
    return load_style(name)


def styles_for(song: Song, names: Iterable[str]) -> list[str]:
    """The styles that are at home in a song's meter; in an odd one, all of them."""
    homes = {name: getattr(_style(name), "meter", "4/4") for name in names}
    meter = "4/4" if str(song.meter) in ("2/2", "2/4") else str(song.meter)
    at_home = [name for name, home in homes.items() if home == meter]
    return at_home or [name for name, home in homes.items() if home == "4/4"]


def understudy_take(song: Song, style_name: str, seed: int) -> Take:
    """The whole understudy's band over a chart, with a new mood every phrase and a fill at its end."""
    style, chance = _style(style_name), random.Random(f"practice/{seed}")
    binder, chords = Binder(), _chords(song)
    binder.bass_note = "root" if style.bass_note == "slash" else style.bass_note
    clock = BeatMap(song.bpm, 0.0, 0.0)
    found: list[tuple[int, int, int, int, int, int]] = []
    fills = set()
    mood = (2, 0.5, 0.5)
    for bar in range(song.bars):
        if bar % PHRASE_BARS == 0:
            mood = (chance.choice(SECTIONS), chance.uniform(0.25, 0.85), chance.uniform(0.2, 0.9))
        bar_beat = bar * song.meter.bar_beats
        ends = bar % PHRASE_BARS == PHRASE_BARS - 1
        fill_beats = math.floor(min(2.0, song.meter.bar_beats / 2) * 2) / 2
        ahead = _at(chords, bar_beat + song.meter.bar_beats)
        for place in range(song.meter.slots):
            beat = bar_beat + place * SLOT_BEATS
            fill = ends and beat >= bar_beat + song.meter.bar_beats - fill_beats - 1e-6
            slot = Slot(
                beat, bar, bar_beat, song.meter, song.bpm, section=mood[0], density=mood[1], energy=mood[2],
                figure="fill" if fill else "groove", seed=seed,
                figure_beat=bar_beat + song.meter.bar_beats - fill_beats if fill else beat,
                figure_beats=fill_beats if fill else 0.0, crash=bar > 0 and bar % PHRASE_BARS == 0,
            )  # fmt: skip
            if fill:
                fills.add(bar)
            for part in PARTS:
                for note in play(part, slot, style):
                    pitch = binder.pitch(note, _at(chords, note.beat), ahead, None)
                    if pitch is not None and (part != "drums" or pitch in KIT):
                        beats = note.beat + clock.beats(note.offset_s)
                        found.append(_row(part, beats, note.beats, pitch, note.velocity))
    notes = in_order(rows([note for note in found if note[1] >= 0]))
    return Take(
        style_name, notes, frozenset(notes[:, 0].tolist()), f"understudy:{style_name}", frozenset(fills)
    )


def _row(
    part: str, beat: float, beats: float, pitch: int, velocity: int
) -> tuple[int, int, int, int, int, int]:
    tick = round(beat * BEAT_TICKS)
    offset = round((beat * BEAT_TICKS - tick) * OFFSET_STEPS)
    return PARTS.index(part), tick, max(round(beats * BEAT_TICKS), 1), pitch, velocity, offset


def _chords(song: Song) -> list[tuple[float, Chord | None]]:
    return [
        (beat, None if root == NO_ROOT else Chord(root, QUALITIES[quality]))
        for beat, root, quality in song.chords
    ]


def _at(chords: list[tuple[float, Chord | None]], beat: float) -> Chord | None:
    """The chord that sounds at a beat."""
    sounding = None
    for begins, chord in chords:
        if begins > beat + 1e-6:
            break
        sounding = chord
    return sounding
