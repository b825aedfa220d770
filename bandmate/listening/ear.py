"""A trained ear for roots: which root and third somebody plays, and whether they leave the root out.

Twelve pitch classes are heard at three speeds in two registers, with what sounds now at the bottom, on top
and in between, and the song's own scale. Two small layers, the same for every root, turn them into
48 likelihoods: root x third, played with its root or without. `models/chord-ear.json` holds its weights and
says what they were trained on; `bandmate/bench/ear_training.py` trains them. Runs in the band process;
imports patch (for the folder of the weights) and its own room.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bandmate.listening.sounding import Tone
from bandmate.patch import data_folder

FADES_S = (0.15, 0.7, 2.5)  # the stroke, the chord, the bar
SONG_S = 30.0  # the scale of the song
SPLIT = 60  # middle C: the hands
BASS_BELOW = 57
STRUCK = 0.4  # evidence of the softest stroke; velocity adds up to 1
HELD_RATE = 0.8  # evidence that a held note gives each second
RING_S = 1.5  # how fast a pedalled string fades as evidence
GROUPS = 2 * len(FADES_S) + 5

Floats = npt.NDArray[np.float64]
ROOTS = np.array([[(root + step) % 12 for step in range(12)] for root in range(12)])
_TURNED = (12 * np.arange(GROUPS)[:, None] + ROOTS[:, None, :]).reshape(12, -1)
_FADES_S = np.array(FADES_S)[:, None, None]


class Weights:
    """Two layers: (12 * GROUPS, hidden) and (hidden, 4: major, minor, and both with the root left out)."""

    def __init__(self, layers: Sequence[Floats]) -> None:
        self.inner, self.inner_bias, self.outer, self.outer_bias = layers

    def hear(self, turned: Floats) -> Floats:
        """What each root says to what it hears, (12 roots, 4)."""
        inner = turned @ self.inner
        inner += self.inner_bias
        np.maximum(inner, 0.0, out=inner)
        found: Floats = inner @ self.outer + self.outer_bias
        return found

    @classmethod
    def read(cls, path: Path) -> Weights:
        """From the JSON file that ships."""
        return cls.of(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Weights:
        """From the lists of that file."""
        hidden = len(plain["layers"][1])
        shapes = ((12 * GROUPS, hidden), (hidden,), (hidden, 4), (4,))
        return cls([np.array(each).reshape(s) for each, s in zip(plain["layers"], shapes, strict=True)])


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The weights that ship, read once, before the count-in."""
    return Weights.read(data_folder("models") / "chord-ear.json")


class Ear:
    """Feed it time, strokes and what sounds; ask `likelihoods`."""

    def __init__(self) -> None:
        self._heard = np.zeros((len(FADES_S), 2, 12))
        self._song = np.zeros(12)
        self._bass: int | None = None

    def strike(self, pitch: int, strength: float) -> None:
        """A key was struck, strength 0..1."""
        self._heard[:, int(pitch < SPLIT), pitch % 12] += stroke_evidence(strength)

    def wait(self, seconds: float, now_s: float, tones: Iterable[Tone]) -> None:
        """Time passes: what was heard fades, what sounds goes on."""
        if seconds <= 0:
            return
        self._heard *= np.exp(-seconds / _FADES_S)
        sounds = np.zeros((2, 12))
        for tone in tones:
            sounds[int(tone.pitch < SPLIT), tone.pitch % 12] += tone_evidence(tone, now_s, seconds)
        self._heard += sounds
        share = np.add.reduce(self._heard[1], 0)
        self._song *= math.exp(-seconds / SONG_S)
        self._song += share * (seconds / (float(np.add.reduce(share)) + 1e-6))

    def features(self, held: tuple[int, ...]) -> Floats:
        """What the ear knows, (GROUPS, 12): shares of the evidence as square roots, and marks."""
        marks = np.zeros((5, 12))
        if held:
            if held[0] < BASS_BELOW:
                self._bass = held[0] % 12
            marks[1, held[0] % 12] = marks[2, held[-1] % 12] = 1.0
            for pitch in held:
                marks[3, pitch % 12] = 1.0
        if self._bass is not None:
            marks[0, self._bass] = 1.0
        marks[4] = self._song / (float(np.add.reduce(self._song)) + 1e-6)
        np.sqrt(marks[4], out=marks[4])
        heard = self._heard.reshape(len(FADES_S), -1)
        shares = heard / (np.add.reduce(heard, 1, keepdims=True) + 1e-6)
        return np.concatenate((np.sqrt(shares).reshape(-1, 12), marks))

    def likelihoods(self, weights: Weights, held: tuple[int, ...]) -> Floats:
        """Log-likelihood of (with root, without) x (12 major, 12 minor roots), (2, 24), the best at 0."""
        found = weights.hear(around(self.features(held))).T.reshape(2, 24)
        found -= found.max()
        return found


def stroke_evidence(strength: float) -> float:
    """The evidence of a stroke, strength 0..1."""
    return STRUCK + strength


def tone_evidence(tone: Tone, now_s: float, seconds: float) -> float:
    """The evidence of what goes on sounding for some seconds; a pedalled string gives less and less."""
    ring = 1.0 if tone.fingered else math.exp(-(now_s - tone.struck_s) / RING_S)
    return HELD_RATE * seconds * ring


def around(features: Floats) -> Floats:
    """The features as each root hears them, (12 roots, 12 * GROUPS)."""
    turned: Floats = features.take(_TURNED)
    return turned
