"""What the model sees in a slot: music turned into the numbers that the network's tables are asked with.

One vocabulary for training (whole windows of many songs) and for the stage (one slot of one song): every
function takes tensors with any leading shape. Everything pitched is seen from the root of the chord that is
believed just now, so that no key is special. Torch; the training's and the model's process only.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bandmate.events import PARTS
from bandmate.model import grid

BEGUN, TIED, OWN = 10, 10, 24  # notes that are looked at: just struck, still sounding, the band's own
PLACES = grid.SLOT_TICKS
AHEAD = 9  # chords that are looked up and foretold: the slot just heard, this one, and seven more
LAGS = (1, 2, 4, 8)  # bars ago: the loop's memory
ROWS = len(LAGS) + 1  # and the chart
UNKNOWN_ROOT, UNKNOWN_QUALITY = 13, 17  # beside "no chord": nobody knows
DECAYS = (0.5, 0.9, 0.985)  # a slot: what is just sounding, the last bar, the key
DENSITIES = 5

# what a slot is marked with besides its notes; number 0 of each is "not said"
MARKS: dict[str, int] = {
    "quality": 18, "heard": 3, "root": 14, "move": 14, "age": 9, "place": 26, "bar": 26, "phrase": 9,
    "figure": 6, "section": 4, "energy": 9, "tension": 6, "tempo": 9,
    **{f"density/{part}": DENSITIES + 2 for part in PARTS},
}  # fmt: skip
FIRST: dict[str, int] = {}  # where the numbers of each begin in the one table
for _name, _size in MARKS.items():
    FIRST[_name] = sum(MARKS[other] for other in FIRST)
MARK_COUNT = sum(MARKS.values())
FIGURES = {"": 0, "groove": 1, "fill": 2}
COMPOUND = 12  # added to the length of a bar that is felt in dotted pulses
OFF = 1  # of a density: this part does not play; 2.. are how much
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
TEMPI = (70.0, 85.0, 100.0, 115.0, 130.0, 150.0, 180.0)  # upper ends of all classes but the last
AGES = (1, 2, 4, 6, 8, 16, 32)
CHROMA = len(DECAYS) * 24


class View(NamedTuple):
    """What the network is given, for songs (B) and slots (S); the notes are those of the slot before."""

    begun: Tensor  # (B, S, BEGUN, 2) pitch from the root, place and velocity
    tied: Tensor  # (B, S, TIED) pitch from the root
    own: Tensor  # (B, S, OWN, 3) the band's: part and degree, place and velocity, length
    chroma: Tensor  # (B, S, CHROMA) how much of each pitch class, and of each in the bass, sounded lately
    marks: Tensor  # (B, S, len(MARKS)) numbers of the one table
    style: Tensor  # (B, S, 2) two styles,
    blend: Tensor  # (B, S) and how much of the second
    ahead_root: Tensor  # (B, S, ROWS * AHEAD) the loop's and the chart's chords from here on
    ahead_quality: Tensor  # (B, S, ROWS * AHEAD)

    def to(self, device: torch.device | str) -> View:
        """The same on another device."""
        return View(*(each.to(device, non_blocking=True) for each in self))


class Notes(NamedTuple):
    """The notes of slots as the decoder writes them; NO_PITCH pads."""

    where: Tensor  # (..., notes) part * PLACES + place
    degree: Tensor  # (..., notes)
    touch: Tensor  # (..., notes) velocity * 8 + length
    offset: Tensor  # (..., notes) micro-timing


def lifted(root: Tensor) -> Tensor:
    """How far a root lies from C by the shortest way."""
    return torch.where(root > 6, root - 12, root)


def from_root(pitch: Tensor, root: Tensor) -> Tensor:
    """Pitches as seen from a root (which has one dimension less); NO_PITCH stays."""
    seen = (pitch - lifted(root)[..., None]).clamp(0, 127)
    return torch.where(pitch == grid.NO_PITCH, grid.NO_PITCH, seen)


def degrees(pitch: Tensor, root: Tensor, quality: Tensor, drums: Tensor) -> Tensor:
    """Pitches as degrees of a chord (`grid.degree_of`); drums and NO_PITCH stay."""
    table = torch.as_tensor(grid.TO_DEGREE, device=pitch.device)
    above = (pitch - lifted(root)[..., None]).clamp(0, 127)
    degree = above - above % 12 + table[quality[..., None].expand_as(above), above % 12]
    return torch.where((pitch == grid.NO_PITCH) | drums, pitch, degree.clamp(0, 127))


def pitches(degree: Tensor, root: Tensor, quality: Tensor, drums: Tensor) -> Tensor:
    """Degrees as pitches over a chord: the inverse of `degrees`."""
    table = torch.as_tensor(grid.FROM_DEGREE, device=degree.device)
    real = degree.clamp(max=127)
    pitch = real - real % 12 + table[quality[..., None].expand_as(real), real % 12] + lifted(root)[..., None]
    return torch.where((degree == grid.NO_PITCH) | drums, degree, pitch.clamp(0, 127))


def seen_notes(notes: Tensor, root: Tensor) -> Tensor:
    """A performer's notes (..., n, 6) as `View.begun`."""
    return torch.stack((from_root(notes[..., 2], root), notes[..., 1] * 8 + notes[..., 3]), -1)


def own_notes(notes: Tensor, root: Tensor, quality: Tensor) -> Tensor:
    """The band's notes (..., n, 6) as `View.own`; padding is asked for with part 0, degree NO_PITCH."""
    part = notes[..., 0]
    degree = degrees(notes[..., 2], root, quality, part == 0)
    what = torch.where(degree == grid.NO_PITCH, grid.NO_PITCH, part * (grid.NO_PITCH + 1) + degree)
    return torch.stack(
        (what, (part * PLACES + notes[..., 1]) * 8 + notes[..., 3], part * 8 + notes[..., 4]), -1
    )


def written(notes: Tensor, root: Tensor, quality: Tensor) -> Notes:
    """The band's notes (..., n, 6) as the decoder writes them."""
    part = notes[..., 0]
    degree = degrees(notes[..., 2], root, quality, part == 0)
    return Notes(part * PLACES + notes[..., 1], degree, notes[..., 3] * 8 + notes[..., 4], notes[..., 5])


def chroma_from_root(chroma: Tensor, root: Tensor) -> Tensor:
    """Shares of pitch classes (..., n, 12) turned so that the root comes first, flat and tamed."""
    classes = (torch.arange(12, device=root.device) + root[..., None]) % 12  # (..., 12)
    turned = chroma.gather(-1, classes[..., None, :].expand_as(chroma))
    return (turned / (1.0 + turned)).flatten(-2)


def tonic(chroma: Tensor) -> Tensor:
    """The likeliest major tonic of what sounded lately (..., 12), by Krumhansl's profile; 0 for nothing."""
    profile = torch.tensor(MAJOR_PROFILE, device=chroma.device)
    turned = torch.stack([profile.roll(root) for root in range(12)])  # (12, 12)
    return (chroma @ turned.T).argmax(-1)


def struck_classes(notes: Tensor) -> Tensor:
    """How often each pitch class was struck, and each as the lowest and low (..., 2, 12)."""
    pitch = notes[..., 2]
    real = (pitch != grid.NO_PITCH).float()
    every = torch.zeros(*pitch.shape[:-1], 12, device=pitch.device).scatter_add_(-1, pitch % 12, real)
    lowest = pitch.amin(-1, keepdim=True)
    low = (lowest < 55).float()
    bass = torch.zeros_like(every).scatter_add_(-1, lowest % 12, low)
    return torch.stack((every, bass), -2)


def ahead(root: Tensor, quality: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
    """Looked-up chords (..., ROWS * AHEAD) as seen from a root; NO_ROOT and UNKNOWN_ROOT stay."""
    return torch.where(root < 12, (root - frame[..., None]) % 12, root), quality


def mark(name: str, number: Tensor) -> Tensor:
    """A mark's numbers (0: not said) as numbers of the one table."""
    return number.clamp(0, MARKS[name] - 1) + FIRST[name]


def age_class(age: Tensor) -> Tensor:
    """Slots since the chord changed as a class, 1 and up."""
    return torch.bucketize(age, torch.tensor(AGES, device=age.device)) + 1


def tempo_class(bpm: Tensor) -> Tensor:
    """Quarters a minute as a class, 1 and up."""
    return torch.bucketize(bpm, torch.tensor(TEMPI, device=bpm.device)) + 1
