"""Trains the harmoniser: `python -m bandmate.bench.melody_training --data DIR --songs FILE --out FILE`.

`--check FILE` lists songs that it wasn't trained on, and writes how much of what it chooses is inside the
annotated chords there beside the weights; without `--songs` only that is done.

Melodies of POP909 (MIT) against its annotated chords, on the annotated beats, in every key, now and then in
half or double time or with nobody sure where *one* is, as on a stage. Wants torch (`.[train]`); seeded; some
fifteen minutes on one core. Never run by the band.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bandmate.bench.fit import annotated_chords
from bandmate.events import NoteOn
from bandmate.harmony import Chord
from bandmate.listening.harmoniser import EARLY, HALVES, INPUTS, KINDS, Harmoniser, Net
from bandmate.show.midifile import read_midi

WIDTH, STEPS, BATCH, LENGTH = 128, 3600, 32, 256
RATE, DECAY, DROPPED = 0.004, 0.01, 0.2
STRETCHES = {1.0: 4, 0.5: 1, 2.0: 1}  # pulses a beat, and how often a song is drawn so
UNSURE, MISLED = 0.15, 0.1  # how often nobody knows where one is, or somebody is wrong
FIRST_HALVES = 32  # four bars are left out where it is checked
SILENCE = -1

Floats = npt.NDArray[np.float64]
Heard = tuple[Floats, npt.NDArray[np.int64], Floats]  # (halves, INPUTS), kind or SILENCE, (halves, 12)


def listen(song: Path, stretch: float = 1.0) -> Heard:
    """What is heard of a song each half pulse, the kind of the chord that follows, and its tones."""
    lines = [line.split() for line in (song / "beat_midi.txt").read_text().splitlines()]
    beats_s = np.array([float(line[0]) for line in lines])
    places = np.arange(0, len(beats_s) - 1, 0.5 / stretch)  # of the half pulses, in beats
    grid_s = np.interp(places, np.arange(len(beats_s)), beats_s)
    heard_s = np.interp(places - EARLY / stretch, np.arange(len(beats_s)), beats_s)
    inputs = np.zeros((len(grid_s), INPUTS))
    for on_s, off_s, tone in melody(song):
        over = np.minimum(off_s, heard_s[1:]) - np.maximum(on_s, heard_s[:-1])
        inputs[1:, tone] += np.maximum(over, 0.0) / np.diff(heard_s)
        inputs[(heard_s > on_s) & (heard_s <= off_s), 12 + tone] = 1.0
    ones = [2 * beat for beat, line in enumerate(lines) if float(line[2])]
    if stretch == 1.0:
        for one in ones:
            for half in range(one, min(one + HALVES, len(inputs))):
                inputs[half, 24:] = np.eye(HALVES)[half - one]
    kinds, tones = np.full(len(grid_s), SILENCE), np.zeros((len(grid_s), 12))
    for from_s, to_s, inside, root in annotated_chords(song / "chord_midi.txt"):
        here = (grid_s >= from_s - 0.05) & (grid_s < to_s - 0.05)
        minor = (root + 3) % 12 in inside and (root + 4) % 12 not in inside
        kinds[here] = root + 12 * minor
        tones[np.ix_(here, list(inside))] = 1.0
    return inputs, kinds, tones


def melody(song: Path) -> Iterator[tuple[float, float, int]]:
    """The notes of its melody: from and to in seconds, and the pitch class."""
    sounding: dict[int, float] = {}
    for _, event in read_midi(song / f"{song.name}.mid", ("MELODY",)).events:
        pitch = getattr(event, "pitch", None)
        if pitch in sounding:
            yield sounding.pop(pitch), event.time_s, pitch % 12
        if isinstance(event, NoteOn):
            sounding[event.pitch] = event.time_s


class Harmony(nn.Module):
    """The net as it learns: what `harmoniser.Net` runs."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(INPUTS, WIDTH, batch_first=True)
        self.out = nn.Linear(WIDTH, KINDS)
        self.forget = nn.Dropout(DROPPED)

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """(B, halves, INPUTS) to logits of each kind."""
        return self.out(self.forget(self.memory(heard)[0]))  # (B, halves, KINDS)

    def layers(self) -> list[torch.Tensor]:
        """As `harmoniser.Net` takes them."""
        memory = self.memory
        return [memory.weight_ih_l0, memory.bias_ih_l0, memory.weight_hh_l0, memory.bias_hh_l0,
                self.out.weight, self.out.bias]  # fmt: skip


def draw(songs: Sequence[Sequence[Heard]], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch: stretches of songs, each in another key, sometimes with a wrong one or none."""
    heard = np.zeros((BATCH, LENGTH, INPUTS), np.float32)
    wanted = np.full((BATCH, LENGTH), SILENCE)
    for row in range(BATCH):
        ways = songs[int(rng.integers(len(songs)))]
        inputs, kinds, _ = ways[int(rng.integers(len(ways)))]
        first = 0 if rng.random() < 0.4 else int(rng.integers(max(1, len(kinds) - LENGTH)))
        taken, meant = inputs[first : first + LENGTH].copy(), kinds[first : first + LENGTH]
        up, luck = int(rng.integers(12)), rng.random()
        for tones in (slice(0, 12), slice(12, 24)):
            taken[:, tones] = np.roll(taken[:, tones], up, 1)
        if luck < UNSURE:
            taken[:, 24:] = 0.0
        elif luck < UNSURE + MISLED:
            taken[:, 24:] = np.roll(taken[:, 24:], int(rng.integers(1, HALVES)), 1)
        heard[row, : len(taken)] = taken
        wanted[row, : len(meant)] = np.where(meant < 0, SILENCE, (meant + up) % 12 + 12 * (meant // 12))
    return torch.tensor(heard), torch.tensor(wanted)


def train(songs: Sequence[Sequence[Heard]], steps: int) -> list[Floats]:
    """The layers, learned."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    net = Harmony()
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for step in range(steps):
        heard, wanted = draw(songs, rng)
        said = net(heard).reshape(-1, KINDS)
        loss = nn.functional.cross_entropy(said, wanted.reshape(-1), ignore_index=SILENCE)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 200 == 199:
            print(f"{step + 1}: {loss.item():.3f} nats", flush=True)
    return [layer.detach().numpy().astype(np.float64) for layer in net.layers()]


def rightly(songs: Sequence[Heard], net: Net) -> dict[str, float]:
    """How much of what it chooses is inside the annotated chords, from the fifth bar on, and how surely."""
    rows = []
    for inputs, kinds, tones in songs:
        state, harmoniser = np.zeros(net.width), Harmoniser()
        for half, (taken, kind, inside) in enumerate(zip(inputs, kinds, tones, strict=True)):
            likely, state = net.step(taken, state)
            harmoniser.choose(likely)
            if half >= FIRST_HALVES and kind != SILENCE and harmoniser.chord is not None:
                chord: Chord = harmoniser.chord
                rows.append((inside[chord.root], np.mean(inside[list(chord.tones)]), likely[kind]))
    found = np.array(rows)
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
        heard = [listen(folder / name) for name in names]
        plain["metrics"] = {"songs": len(names)} | rightly(heard, Net.of(plain))
        print(plain["metrics"])
    options.out.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def learned(folder: Path, names: Sequence[str], steps: int) -> dict[str, Any]:
    """The harmoniser's net, trained on these songs, and what is said of it in the file."""
    songs = [
        [heard for stretch, times in STRETCHES.items() for heard in [listen(folder / name, stretch)] * times]
        for name in names
    ]
    return {
        "about": "the harmoniser of bandmate/listening/harmoniser.py",
        "trained_on": "the melodies and chords of POP909 (MIT), songs below",
        "songs": names,
        "width": WIDTH,
        "layers": [[round(float(value), 3) for value in layer.ravel()] for layer in train(songs, steps)],
    }


if __name__ == "__main__":
    main()
