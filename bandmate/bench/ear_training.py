"""Trains the chord ear: `python -m bandmate.bench.ear_training --data DIR --songs FILE --out FILE`.

`--check FILE` lists songs that it wasn't trained on, and writes how often it is right there beside the
weights; without `--songs` only that is done.

Songs of POP909 (MIT) that `--songs` lists, as they are, without their low notes, and without the roots of
their chords; and made-up comping through the whole vocabulary. A network of one
hidden layer in plain numpy, seeded; some minutes on one core. Never run by the band.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bandmate.bench.comping_songs import Label, Played, comping
from bandmate.bench.fit import annotated_chords
from bandmate.events import NoteOff, NoteOn
from bandmate.listening.ear import GROUPS, ROOTS, Ear, Weights, around
from bandmate.listening.sounding import Sounding
from bandmate.rehearsal import load_take

FRAME_S = 0.05
SECONDS = 90.0  # of each song
HIDDEN = 48
BATCH, EPOCHS, RATE = 512, 14, 0.004
DECAY = 1e-5  # pull of the weights towards nothing
LOW_BELOW = 48
Frames = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]  # (N, GROUPS, 12), class 0..47


def listen(notes: Sequence[Played], labels: Sequence[Label], rootless: bool) -> Frames:
    """What the ear knows, twenty times a second and after strokes, and what it should have said."""
    ear, sounding = Ear(), Sounding()
    events = sorted(
        [NoteOn(on_s, pitch, velocity) for on_s, _, pitch, velocity in notes]
        + [NoteOff(off_s, pitch) for _, off_s, pitch, _ in notes],
        key=lambda event: (event.time_s, isinstance(event, NoteOn)),
    )
    found, wanted, place, label = [], [], 0, 0
    for frame in range(1, int(labels[-1][1] / FRAME_S)):
        now_s = frame * FRAME_S
        first = place
        while place < len(events) and events[place].time_s <= now_s:
            place += 1
        ear.wait(FRAME_S, now_s, sounding.tones.values())
        for note in sounding.hear(events[first:place]):
            ear.strike(note.pitch, note.velocity / 127)
        while label < len(labels) - 1 and labels[label][1] <= now_s:
            label += 1
        features = ear.features(sounding.held)
        from_s, to_s, root, minor = labels[label]
        if now_s > 2.0 and from_s + 0.02 <= now_s < to_s and sounding.held:
            found.append(features.astype(np.float32))
            wanted.append(root + 12 * minor + 24 * rootless)
    return np.array(found).reshape(-1, GROUPS, 12), np.array(wanted, dtype=np.int64)


def read_song(folder: Path) -> tuple[list[Played], list[Label]]:
    """The notes and chords of one POP909 song, from bar one on."""
    spans = annotated_chords(folder / "chord_midi.txt")
    labels = [
        (a, b, root, (root + 3) % 12 in tones and (root + 4) % 12 not in tones) for a, b, tones, root in spans
    ]
    begin_s = labels[0][0]
    notes: list[Played] = []
    on: dict[tuple[int, int], NoteOn] = {}
    for _, event in load_take(folder / f"{folder.name}.mid").events:
        if isinstance(event, NoteOn):
            on[(event.channel, event.pitch)] = event
        elif isinstance(event, NoteOff) and (event.channel, event.pitch) in on:
            start = on.pop((event.channel, event.pitch))
            notes.append((start.time_s - begin_s, event.time_s - begin_s, event.pitch, start.velocity))
    kept = [note for note in notes if 0 <= note[0] < SECONDS]
    return kept, [(a - begin_s, b - begin_s, r, m) for a, b, r, m in labels if a - begin_s < SECONDS]


def stripped(notes: Sequence[Played], labels: Sequence[Label], roots: bool) -> list[Played]:
    """Everything from C3 up; unless `roots`, also without the root of the chord that sounds."""
    kept = []
    for note in notes:
        root = next((label[2] for label in labels if label[0] <= note[0] + 0.02 < label[1]), None)
        if note[2] >= LOW_BELOW and (roots or note[2] % 12 != root):
            kept.append(note)
    return kept


def gather(data: Path, names: Sequence[str]) -> Frames:
    """All frames of all songs and of as much made-up comping, thinned out."""
    found: list[Frames] = []
    for number, name in enumerate(names):
        notes, labels = read_song(data / "pop909" / "POP909" / name)
        for kept, rootless, every in (
            (notes, False, 5), (stripped(notes, labels, True), False, 14),
            (stripped(notes, labels, False), True, 5),
        ):  # fmt: skip
            features, wanted = listen(kept, labels, rootless)
            found.append((features[::every], wanted[::every]))
        for rootless in (False, True):
            features, wanted = listen(*comping(number, SECONDS / 2, rootless), rootless)
            found.append((features[::9], wanted[::9]))
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


def train(features: npt.NDArray[np.float32], wanted: npt.NDArray[np.int64]) -> list[Any]:
    """Both layers with their biases, as `ear.Weights` takes them: softmax over 48 classes, by Adam."""
    rng = np.random.default_rng(0)
    wide = 12 * GROUPS
    layers = [
        rng.normal(0, math.sqrt(2 / wide), (wide, HIDDEN)).astype(np.float32), np.zeros(HIDDEN, np.float32),
        rng.normal(0, math.sqrt(1 / HIDDEN), (HIDDEN, 4)).astype(np.float32), np.zeros(4, np.float32),
    ]  # fmt: skip
    means, squares = [np.zeros_like(each) for each in layers], [np.zeros_like(each) for each in layers]
    step, steps = 0, EPOCHS * (len(features) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(features))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            slopes = _slopes(layers, features[chosen], wanted[chosen])
            step += 1
            speed = RATE * (1 - step / (steps + 1))
            for layer, slope, mean, square in zip(layers, slopes, means, squares, strict=True):
                mean += 0.1 * (slope - mean)
                square += 0.01 * (slope**2 - square)
                layer -= speed * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return layers


def _slopes(
    layers: Sequence[Any], features: npt.NDArray[np.float32], wanted: npt.NDArray[np.int64]
) -> list[Any]:
    """How the loss of a batch changes with each weight."""
    inner, inner_bias, outer, outer_bias = layers
    count = len(features)
    turned = features[:, :, ROOTS].transpose(0, 2, 1, 3).reshape(count * 12, -1)
    hidden = np.maximum(turned @ inner + inner_bias, 0)
    logits = (hidden @ outer + outer_bias).reshape(count, 12, 4).transpose(0, 2, 1).reshape(count, 48)
    chance = np.exp(logits - logits.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    chance[np.arange(count), wanted] -= 1
    off = chance.reshape(count, 4, 12).transpose(0, 2, 1).reshape(count * 12, 4) / count
    back = np.where(hidden > 0, off @ outer.T, 0)
    return [turned.T @ back + DECAY * inner, back.sum(0), hidden.T @ off + DECAY * outer, off.sum(0)]


def rightly(features: npt.NDArray[np.float32], wanted: npt.NDArray[np.int64], weights: Weights) -> Any:
    """How often root and third are heard rightly, with the root played and without it."""
    said = np.array([weights.hear(around(each.astype(float))).T.argmax() for each in features])
    bare = wanted >= 24
    names = ("with roots", "without roots")
    return {name: round(float((said % 24 == wanted % 24)[which].mean()), 3)
            for name, which in zip(names, (~bare, bare), strict=True)}  # fmt: skip


def main() -> None:
    """Read the songs, train, write the weights and what they were made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the unpacked music data")
    parser.add_argument("--songs", type=Path, help="a file with the names of the songs, one a line")
    parser.add_argument("--check", type=Path, help="such a file with songs to measure with")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.songs is None:
        plain = json.loads(options.out.read_text(encoding="utf-8"))
    else:
        plain = learned(options.data, options.songs.read_text(encoding="utf-8").split())
    if options.check is not None:
        names = options.check.read_text(encoding="utf-8").split()
        features, wanted = gather(options.data, names)
        weights = Weights.of(plain)
        plain["metrics"] = {"songs": len(names), "moments": len(wanted)} | rightly(features, wanted, weights)
        print(plain["metrics"])
    options.out.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def learned(data: Path, names: Sequence[str]) -> dict[str, Any]:
    """The ear, trained on these songs, and what is said of it in the file."""
    features, wanted = gather(data, names)
    return {
        "about": "the chord ear of bandmate/listening/ear.py",
        "trained_on": "POP909 (MIT), songs below, and made-up comping (bandmate/bench/comping_songs.py)",
        "songs": names,
        "layers": [[round(float(value), 3) for value in layer.ravel()] for layer in train(features, wanted)],
    }


if __name__ == "__main__":
    main()
