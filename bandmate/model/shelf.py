"""The corpus laid out slot by slot on a device, with what was measured of each take.

Everything is made once, by numpy, and then only looked up. Training process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandmate.events import PARTS
from bandmate.model import corpus, grid, view

WINDOW = 16  # slots over which density, energy and tension are measured
MOST_RING = 8  # slots that a note is followed for
BLOCK = 64  # slots of a section
FILL = 2  # the number of that figure

Floats = NDArray[np.floating[Any]]


@dataclass(slots=True)
class Shelf:
    """The tables that batches are taken from; the first dimension of all but the last ones is a slot."""

    struck: Tensor  # (slots of songs, ROLES, BEGUN, 6)
    tied: Tensor  # (slots of songs, ROLES, TIED)
    chord: Tensor  # (slots of songs, 2)
    band: Tensor  # (slots of takes, OWN, 6)
    measured: Tensor  # (slots of takes, 10) densities by part, energy, tension, section, figure
    takes: Tensor  # (takes, 11) columns below
    song_names: list[str]

    def to(self, device: torch.device | str) -> Shelf:
        """The same on another device."""
        return Shelf(
            self.struck.to(device), self.tied.to(device), self.chord.to(device), self.band.to(device),
            self.measured.to(device), self.takes.to(device), self.song_names,
        )  # fmt: skip


# columns of `takes`
SONG, SONG_AT, BAND_AT, SLOTS, BAR, STYLE, PARTS_ON, PERFORMED, TEMPO, HAS_CHORDS, COMPOUND = range(11)


def lay_out(columns: dict[str, Any]) -> Shelf:
    """A corpus as tables (about 200 bytes a slot)."""
    slots = columns["song_slots"].astype(np.int64)
    song_of = columns["take_song"].astype(np.int64)
    take_slots = slots[song_of]
    song_at = np.concatenate(([0], np.cumsum(slots)[:-1]))
    band_at = np.concatenate(([0], np.cumsum(take_slots)[:-1]))
    struck = _roles(corpus.slot_notes(columns, "performer", np.repeat(slots, grid.ROLES), view.BEGUN), slots)
    band = corpus.slot_notes(columns, "band", take_slots, view.OWN)
    chord = np.stack((columns["chord_root"], columns["chord_quality"]), 1)
    has_chords = np.add.reduceat((chord[:, 0] < grid.NO_ROOT).astype(np.int64), song_at) > 0
    chord_of_take = chord[_indices(song_at[song_of], take_slots)]
    measured = _measured(band, chord_of_take, columns, take_slots, band_at)
    tempo = view.tempo_class(torch.from_numpy(columns["song_bpm"].copy())).numpy()
    takes = np.stack(
        (song_of, song_at[song_of], band_at, take_slots, columns["song_bar"][song_of], columns["take_style"],
         columns["take_parts"], columns["take_performed"], tempo[song_of], has_chords[song_of],
         columns["song_compound"][song_of]), 1,
    )  # fmt: skip
    names = [f"{source}/{name}" for _, source, name in corpus.songs_of(columns)]
    as_tensor = torch.from_numpy
    return Shelf(
        as_tensor(struck), as_tensor(_tied(struck)), as_tensor(chord), as_tensor(band), as_tensor(measured),
        as_tensor(takes.astype(np.int64)), names,
    )  # fmt: skip


def _roles(notes: NDArray[np.uint8], slots: grid.Array) -> NDArray[np.uint8]:
    """(slots of both roles in turn, n, 6) -> (slots of songs, roles, n, 6)."""
    found = np.empty((int(slots.sum()), grid.ROLES, *notes.shape[1:]), np.uint8)
    song_at = np.concatenate(([0], np.cumsum(slots)[:-1]))
    for role in range(grid.ROLES):
        found[:, role] = notes[_indices(song_at * grid.ROLES + role * slots, slots)]
    return found


def _indices(begins: grid.Array, counts: grid.Array) -> grid.Array:
    """The numbers of several stretches, one after the other."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(int(ends[-1])) + np.repeat(begins - (ends - counts), counts))


def _tied(struck: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pitches that sound on from slots before: (slots, roles, TIED), NO_PITCH pads.

    A note isn't followed beyond MOST_RING slots; at a song's end it may ring into the next one's first slots.
    """
    slots, roles, most = struck.shape[:3]
    ends = struck[..., 1] + grid.LENGTHS[struck[..., 4]].astype(np.int64)  # ticks after its slot began
    lasts = np.minimum((ends - 1) // grid.SLOT_TICKS, MOST_RING)
    lasts[struck[..., 2] == grid.NO_PITCH] = 0
    found = np.full((slots, roles, view.TIED), grid.NO_PITCH, np.uint8)
    filled = np.zeros((slots, roles), np.int64)
    for after in range(1, MOST_RING + 1):
        for note in range(most):
            slot, role = np.nonzero(lasts[:-after, :, note] >= after)
            place = filled[slot + after, role]
            room = place < view.TIED
            slot, role, place = slot[room], role[room], place[room]
            found[slot + after, role, place] = struck[slot, role, note, 2]
            filled[slot + after, role] += 1
    return found


def _measured(
    band: NDArray[np.uint8],
    chord: NDArray[np.uint8],
    columns: dict[str, Any],
    slots: grid.Array,
    begins: grid.Array,
) -> NDArray[np.uint8]:
    """Marks of every slot of the takes, as numbers: six densities, energy, tension, section, figure."""
    real = band[..., 2] != grid.NO_PITCH
    before = np.pad(band[:, :-1], ((0, 0), (1, 0), (0, 0)), constant_values=255)
    onset = real & ((band[..., 0] != before[..., 0]) | (band[..., 1] != before[..., 1]))
    found = np.zeros((len(band), 10), np.uint8)
    on = columns["take_parts"][np.repeat(np.arange(len(slots)), slots)]
    for part in range(len(PARTS)):
        mean = _around((onset & (band[..., 0] == part)).sum(1).astype(np.float32), slots, begins)
        playing = (on >> part) & 1
        classes = _classes(mean, (mean > 0) & (playing > 0), view.DENSITIES) + 2
        found[:, part] = np.where(playing > 0, classes, view.OFF)
    loud = _around((band[..., 3] * real).sum(1).astype(np.float32), slots, begins)
    count = _around(real.sum(1).astype(np.float32), slots, begins)
    energy = loud / np.maximum(count, 1e-3) + 0.5 * np.log1p(count)
    found[:, 6] = _classes(energy, count > 0, 8) + 1
    pitched = real & (band[..., 0] != 0)
    above = (band[..., 2].astype(np.int64) - chord[:, None, 0]) % 12
    outside = pitched & ~grid.CHORD_TONES[chord[:, None, 1], above]
    tension = _around(outside.sum(1).astype(np.float32), slots, begins)
    tension /= np.maximum(_around(pitched.sum(1).astype(np.float32), slots, begins), 1e-3)
    found[:, 7] = _classes(tension, tension > 0, 5) + 1
    found[:, 8] = _sections(energy, slots, begins)
    bar = columns["song_bar"][columns["take_song"]].astype(np.int64)
    bars = slots // bar
    fill_at = np.concatenate(([0], np.cumsum(bars)[:-1]))
    within = np.arange(len(band)) - np.repeat(begins, slots)
    numbers = np.repeat(fill_at, slots) + np.minimum(
        within // np.repeat(bar, slots), np.repeat(bars, slots) - 1
    )
    found[:, 9] = 1 + columns["take_fill"][numbers]
    return found


def _around(values: Floats, slots: grid.Array, begins: grid.Array) -> Floats:
    """The mean over WINDOW slots around each, inside its take."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    at = np.arange(len(values))
    low = np.maximum(at - WINDOW // 2, np.repeat(begins, slots))
    high = np.minimum(at + WINDOW // 2, np.repeat(begins + slots, slots))
    return np.asarray((sums[high] - sums[low]) / np.maximum(high - low, 1), np.float32)


def _classes(values: Floats, counts: NDArray[np.bool_], classes: int) -> grid.Array:
    """Values as classes of equal size, 0 the least; edges by the values that count."""
    counted = values[counts]
    if not len(counted):
        return np.zeros(len(values), np.int64)
    edges = np.quantile(counted[:: max(len(counted) // 200_000, 1)], np.arange(1, classes) / classes)
    return np.searchsorted(edges, values, side="left")


def _sections(energy: Floats, slots: grid.Array, begins: grid.Array) -> grid.Array:
    """1 quiet, 2 normal, 3 big: the blocks of each take by thirds of its own energy."""
    found = np.full(len(energy), 2, np.int64)
    for begin, count in zip(begins, slots, strict=True):
        own = energy[begin : begin + count]
        low, high = np.quantile(own, (1 / 3, 2 / 3))
        if high - low < 0.1:
            continue
        block = np.arange(count) // BLOCK
        mean = np.bincount(block, own) / np.bincount(block)
        found[begin : begin + count] = (1 + (mean > low).astype(int) + (mean > high).astype(int))[block]
    return found
