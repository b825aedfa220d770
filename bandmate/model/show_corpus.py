"""Draws a song of a corpus as text, slot by slot, as the model sees it. Offline, for eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bandmate.errors import BandmateError
from bandmate.events import PARTS
from bandmate.harmony import NAMES, pitch_name
from bandmate.model import corpus, grid
from bandmate.model.styles import STYLES

MOST = 24


def listing(folder: Path) -> str:
    """What there is: number, source, name, slots, takes and their styles."""
    columns = corpus.load(folder)
    takes: dict[int, list[str]] = {}
    for song, style in zip(columns["take_song"], columns["take_style"], strict=True):
        takes.setdefault(int(song), []).append(STYLES[style])
    return "\n".join(
        f"{number:5} {source:10} {slots:5} slots  {name}  ({', '.join(takes.get(number, []))})"
        for (number, source, name), slots in zip(corpus.songs_of(columns), columns["song_slots"], strict=True)
    )


def song(folder: Path, wanted: str, bars: int) -> str:
    """The first bars of a song and its first take, a line a slot."""
    columns = corpus.load(folder)
    found = [number for number, _, name in corpus.songs_of(columns) if wanted in (name, str(number))]
    if not found:
        raise BandmateError(f"{folder}: no song {wanted!r}; bandmate corpus show {folder} lists them")
    number = found[0]
    slots = columns["song_slots"].astype(np.int64)
    at = int(slots[:number].sum())
    struck = corpus.slot_notes(columns, "performer", np.repeat(slots, grid.ROLES), MOST)
    take = int(np.flatnonzero(columns["take_song"] == number)[0])
    take_slots = slots[columns["take_song"]]
    band = corpus.slot_notes(columns, "band", take_slots, MOST)[int(take_slots[:take].sum()) :]
    bar = int(columns["song_bar"][number])
    lines = [f"{wanted}: {STYLES[columns['take_style'][take]]}, {columns['song_bpm'][number]:g} bpm"]
    for slot in range(min(bars * bar, int(slots[number]))):
        root, quality = columns["chord_root"][at + slot], columns["chord_quality"][at + slot]
        chord = "N" if root == grid.NO_ROOT else NAMES[root] + grid.QUALITIES[quality]
        performed = [
            f"{pitch_name(note[2])}.{note[1]}"
            for role in range(grid.ROLES)
            for note in _real(struck[2 * at + role * slots[number] + slot])
        ]
        lines.append(
            f"{slot // bar + 1:3}.{slot % bar + 1} {chord:7} | {' '.join(performed):40} | "
            + " ".join(_shown(note, int(root), int(quality)) for note in _real(band[slot]))
        )
    return "\n".join(lines)


def _real(notes: corpus.Bytes) -> list[list[int]]:
    return [note.tolist() for note in notes if note[2] != grid.NO_PITCH]


def _shown(note: list[int], root: int, quality: int) -> str:
    """`bass.0:36°0`: part, place, pitch and degree above the root; drums by their key."""
    part, place, pitch = note[:3]
    if part == 0:
        return f"drums.{place}:{pitch}"
    degree = int(grid.degree_of(pitch, root % 12, quality)) % 12
    return f"{PARTS[part]}.{place}:{pitch_name(pitch)}°{degree}"
