"""Trains the harmoniser: `python -m bandmate.bench.harmony_training --data DIR --songs FILE --out FILE`.

`--check FILE` lists songs that it wasn't trained on, and writes how much of what it chooses is inside the
annotated chords there beside the weights; without `--songs` only that is done.

Performances of POP909 (MIT) against its annotated chords, on the annotated beats: the melody alone, hands
that leave the roots to a bass player, and whole pianists, in every key, now and then in half or double time
or with nobody sure where *one* is, as on a stage. Wants torch (`.[train]`) and some 3 GB of memory; seeded;
some fifteen minutes on one core. Never run by the band.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bandmate.bench.fit import Span, annotated_chords
from bandmate.events import NoteOn
from bandmate.harmony import Chord
from bandmate.listening.harmoniser import (
    EARLY,
    HALVES,
    INPUTS,
    KINDS,
    LOW,
    LOWEST,
    MOST,
    NO_PITCH,
    PLACE,
    Harmoniser,
    Net,
)
from bandmate.listening.rootless import LOW_BELOW
from bandmate.show.midifile import read_midi

WIDTH, STEPS, BATCH, LENGTH = 160, 3600, 32, 256
RATE, DECAY, DROPPED = 0.004, 0.01, 0.25
STRETCHES = {1.0: 0.7, 0.5: 0.15, 2.0: 0.15}  # pulses a beat, and how often a song is drawn so
WAYS = {  # how somebody plays, and how often a song is drawn so
    "melody": 0.4, "rootless": 0.25, "rootless hand": 0.1, "piano": 0.15, "hand": 0.05, "high hand": 0.05,
}  # fmt: skip
UNSURE, MISLED = 0.15, 0.1  # how often nobody knows where one is, or somebody is wrong
FROM_THE_FIRST = 0.4  # how often a stretch is the beginning of its song
FIRST_HALVES = 32  # four bars are left out where it is checked
SILENCE = -1
EARLY_S, NEAR_S = 0.05, 0.03  # a chord begins so early; a key struck so early belongs to it

Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.float16]
Key = tuple[float, float, int]  # from and to in seconds, and the pitch


class Meant(NamedTuple):
    """What was annotated for each half pulse."""

    kinds: npt.NDArray[np.int64]  # (halves,) of the chord, or SILENCE
    tones: Small  # (halves, 12)


@dataclass(frozen=True, slots=True)
class Grid:
    """The half pulses of a song: when each begins, and when it is asked for."""

    begin_s: Floats
    asked_s: Floats
    places: Small  # (halves, HALVES) where in the bar, as far as that is known


# ------------------------------------------------------------------ what is heard of a song


def grid(song: Path, stretch: float) -> Grid:
    """Half pulses on the annotated beats, `stretch` pulses a beat."""
    lines = [line.split() for line in (song / "beat_midi.txt").read_text().splitlines()]
    beats_s = np.array([float(line[0]) for line in lines])
    halves = np.arange(0, len(beats_s) - 1, 0.5 / stretch)  # in beats
    places = np.zeros((len(halves), HALVES), np.float16)
    for one in [2 * beat for beat, line in enumerate(lines) if float(line[2])] if stretch == 1.0 else []:
        for half in range(one, min(one + HALVES, len(halves))):
            places[half] = np.eye(HALVES)[half - one]
    numbers = np.arange(len(beats_s))
    return Grid(
        np.interp(halves, numbers, beats_s), np.interp(halves - EARLY / stretch, numbers, beats_s), places
    )


def meant(spans: Sequence[Span], beats: Grid) -> Meant:
    """The annotated chords on the grid."""
    kinds = np.full(len(beats.begin_s), SILENCE)
    tones = np.zeros((len(kinds), 12), np.float16)
    for from_s, to_s, inside, root in spans:
        here = (beats.begin_s >= from_s - EARLY_S) & (beats.begin_s < to_s - EARLY_S)
        minor = (root + 3) % 12 in inside and (root + 4) % 12 not in inside
        kinds[here] = root + 12 * minor
        tones[np.ix_(np.flatnonzero(here), np.array(sorted(inside)))] = 1.0
    return Meant(kinds, tones)


def heard(keys: Sequence[Key], beats: Grid) -> Small:
    """What the harmoniser is told before each half pulse, (halves, INPUTS)."""
    asked_s = beats.asked_s
    inputs, lowest = np.zeros((len(asked_s), INPUTS)), np.full(len(asked_s), NO_PITCH)
    for on_s, off_s, pitch in keys:
        first = max(int(np.searchsorted(asked_s, on_s, "right")) - 1, 0)
        last = min(int(np.searchsorted(asked_s, off_s, "left")), len(asked_s) - 1)
        for half in range(first, last):
            over = min(off_s, asked_s[half + 1]) - max(on_s, asked_s[half])
            if over > 0:
                inputs[half + 1, pitch % 12] += over / (asked_s[half + 1] - asked_s[half])
                lowest[half + 1] = min(lowest[half + 1], pitch)
        sounds = slice(np.searchsorted(asked_s, on_s, "right"), np.searchsorted(asked_s, off_s, "right"))
        inputs[sounds, 12 + pitch % 12] = 1.0
    inputs[:, :12] = np.minimum(inputs[:, :12], MOST)
    here = np.flatnonzero(lowest < NO_PITCH)
    inputs[here, LOWEST + lowest[here] % 12] = 1.0
    inputs[:, LOW] = lowest < LOW_BELOW
    inputs[:, PLACE:] = beats.places
    return inputs.astype(np.float16)


def ways(song: Path, spans: Sequence[Span]) -> dict[str, list[Key]]:
    """The song's keys as they are played in each of WAYS."""
    melody, hands = (sorted(keys(song, tracks)) for tracks in (("MELODY",), ("PIANO", "BRIDGE")))
    starts_s = [span[0] for span in spans]
    at = np.searchsorted(starts_s, [on_s + NEAR_S for on_s, _, _ in hands], "right") - 1
    roots = [spans[max(int(index), 0)][3] if spans else -1 for index in at]
    high = [key for key in hands if key[2] >= LOW_BELOW]
    bare = [
        key for key, root in zip(hands, roots, strict=True) if key[2] >= LOW_BELOW and key[2] % 12 != root
    ]
    return {
        "melody": melody, "rootless": melody + bare, "rootless hand": bare,
        "piano": melody + hands, "hand": hands, "high hand": high,
    }  # fmt: skip


def keys(song: Path, tracks: tuple[str, ...]) -> Iterator[Key]:
    """The notes of some tracks."""
    sounding: dict[int, float] = {}
    for _, event in read_midi(song / f"{song.name}.mid", tracks).events:
        pitch = getattr(event, "pitch", None)
        if pitch in sounding:
            yield sounding.pop(pitch), event.time_s, pitch
        if isinstance(event, NoteOn):
            sounding[event.pitch] = event.time_s


class Lesson(NamedTuple):
    """A song in one stretch: what is meant, and what is heard in each of WAYS."""

    meant: Meant
    heard: dict[str, Small]


def lessons(song: Path, stretches: Sequence[float] = (1.0,)) -> list[Lesson]:
    """Read a song, once for all stretches."""
    spans = annotated_chords(song / "chord_midi.txt")
    played = ways(song, spans)
    grids = [grid(song, stretch) for stretch in stretches]
    return [
        Lesson(meant(spans, beats), {way: heard(found, beats) for way, found in played.items()})
        for beats in grids
    ]


# ------------------------------------------------------------------ learning


class Harmony(nn.Module):
    """The net as it learns: what `harmoniser.Net` runs, and beside it each tone by itself, to learn more."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(INPUTS, WIDTH, batch_first=True)
        self.out = nn.Linear(WIDTH, KINDS)
        self.tones = nn.Linear(WIDTH, 12)
        self.forget = nn.Dropout(DROPPED)

    def forward(self, heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, halves, INPUTS) to logits of each kind and of each tone."""
        found = self.forget(self.memory(heard)[0])  # (B, halves, WIDTH)
        return self.out(found), self.tones(found)  # (B, halves, KINDS), (B, halves, 12)

    def loss(self, heard: torch.Tensor, kinds: torch.Tensor, tones: torch.Tensor) -> torch.Tensor:
        """Nats a half pulse, where there is a chord."""
        said, each = self(heard)
        known = kinds != SILENCE
        right = nn.functional.cross_entropy(said[known], kinds[known])
        return right + nn.functional.binary_cross_entropy_with_logits(each[known], tones[known])

    def layers(self) -> list[torch.Tensor]:
        """As `harmoniser.Net` takes them."""
        gates = self.memory.state_dict()
        names = ("weight_ih_l0", "bias_ih_l0", "weight_hh_l0", "bias_hh_l0")
        return [*(gates[name] for name in names), self.out.weight, self.out.bias]


def draw(songs: Sequence[Sequence[Lesson]], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    """A batch: stretches of songs, each in another way and key, sometimes with a wrong *one* or none."""
    heard = np.zeros((BATCH, LENGTH, INPUTS), np.float32)
    kinds, tones = np.full((BATCH, LENGTH), SILENCE), np.zeros((BATCH, LENGTH, 12), np.float32)
    for row in range(BATCH):
        stretches = songs[int(rng.integers(len(songs)))]
        taught = stretches[int(rng.choice(len(STRETCHES), p=list(STRETCHES.values())))]
        inputs = taught.heard[str(rng.choice(list(WAYS), p=list(WAYS.values())))]
        first = 0 if rng.random() < FROM_THE_FIRST else int(rng.integers(max(1, len(inputs) - LENGTH)))
        part = slice(first, first + LENGTH)
        taken, kind = inputs[part].copy(), taught.meant.kinds[part]
        up, luck = int(rng.integers(12)), rng.random()
        for classes in (0, 12, LOWEST):
            taken[:, classes : classes + 12] = np.roll(taken[:, classes : classes + 12], up, 1)
        if luck < UNSURE:
            taken[:, PLACE:] = 0.0
        elif luck < UNSURE + MISLED:
            taken[:, PLACE:] = np.roll(taken[:, PLACE:], int(rng.integers(1, HALVES)), 1)
        heard[row, : len(taken)] = taken
        kinds[row, : len(kind)] = np.where(kind == SILENCE, SILENCE, (kind + up) % 12 + 12 * (kind // 12))
        tones[row, : len(kind)] = np.roll(taught.meant.tones[part], up, 1)
    return torch.tensor(heard), torch.tensor(kinds), torch.tensor(tones)


def train(songs: Sequence[Sequence[Lesson]], steps: int) -> list[Floats]:
    """The layers, learned."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    net = Harmony()
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for step in range(steps):
        loss = net.loss(*draw(songs, rng))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 200 == 199:
            print(f"{step + 1}: {loss.item():.3f} nats", flush=True)
    return [layer.detach().numpy().astype(np.float64) for layer in net.layers()]


def rightly(songs: Sequence[Lesson], net: Net, way: str) -> dict[str, float]:
    """How much of what it chooses is inside the annotated chords, from the fifth bar on, and how surely."""
    rows = []
    for song in songs:
        state, harmoniser = np.zeros(net.width), Harmoniser(net)
        for half, (taken, kind, inside) in enumerate(zip(song.heard[way], *song.meant, strict=True)):
            likely, state = net.step(taken.astype(np.float64), state)
            harmoniser.choose(likely)
            if half >= FIRST_HALVES and kind != SILENCE and harmoniser.chord is not None:
                chord: Chord = harmoniser.chord
                rows.append((inside[chord.root], np.mean(inside[list(chord.tones)]), likely[kind]))
    found = np.array(rows, np.float64)
    return {
        "root in chord": round(float(found[:, 0].mean()), 3),
        "tones in chord": round(float(found[:, 1].mean()), 3),
        "nats": round(float(-np.log(found[:, 2] + 1e-9).mean()), 3),
    }


def main() -> None:
    """Read the songs, train, write the weights and what they were made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the unpacked music data")
    parser.add_argument("--songs", type=Path, help="a file with the names of the songs, one a line")
    parser.add_argument("--check", type=Path, help="such a file with songs to measure with")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how long it learns (default: {STEPS})")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.data / "pop909" / "POP909"
    if options.songs is None:
        plain = json.loads(options.out.read_text(encoding="utf-8"))
    else:
        plain = learned(folder, options.songs.read_text(encoding="utf-8").split(), options.steps)
    if options.check is not None:
        names = options.check.read_text(encoding="utf-8").split()
        known = [each for name in names for each in lessons(folder / name)]
        found = {way: rightly(known, Net.of(plain), way) for way in WAYS}
        plain["metrics"] = {"songs": len(known)} | found
        print(plain["metrics"])
    options.out.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def learned(folder: Path, names: Sequence[str], steps: int) -> dict[str, Any]:
    """The harmoniser's net, trained on these songs, and what is said of it in the file."""
    songs = [lessons(folder / name, tuple(STRETCHES)) for name in names]
    return {
        "about": "the harmoniser of bandmate/listening/harmoniser.py",
        "trained_on": "the performances and chords of POP909 (MIT), songs below",
        "songs": names,
        "width": WIDTH,
        "layers": [[round(float(value), 3) for value in layer.ravel()] for layer in train(songs, steps)],
    }


if __name__ == "__main__":
    main()
