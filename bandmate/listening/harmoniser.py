"""The harmoniser: which chord the music calls for, where nobody plays chords or their roots are left out.

Somebody sings, blows or plays one hand: no chord is ever struck, but the line tells its key, its resting
points and its cadences. Each half of a pulse a small recurrent net (a GRU after Cho et al., 2014) hears how
long each pitch class sounded, what the lowest tone was and where in the bar we are, and says how likely each
root and third is for the half that comes. The chord is the one whose tones are likeliest to be right
together; where root and fifth are surer than any third, it is an open fifth.
`models/harmony-ear.json` holds the net; `bandmate/bench/harmony_training.py` trains it. Runs in the band
process; imports harmony, patch (for the folder of the weights) and its own room.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bandmate.harmony import QUALITIES, Chord
from bandmate.listening.pulseline import PulseLine
from bandmate.listening.rootless import LOW_BELOW
from bandmate.listening.sounding import Tone
from bandmate.patch import data_folder

HALVES = 8  # half pulses of a bar of four, which the net knows the places of
LOWEST, LOW, PLACE = 24, 36, 37  # where the inputs after `sounded` and `sounds` begin
INPUTS = PLACE + HALVES  # how long each sounded, which sound, the lowest, whether it is low, where we are
MOST = 1.5  # of a half pulse that a pitch class sounds, octaves counted
NO_PITCH = 128
KINDS = 24  # roots, minor ones from 12 on
EARLY = 0.1  # pulses: it is asked so long before a pulse, so that its notes can be bound in time
SLOW_S = 0.8  # a pulse so long is heard in quarters, not in halves
ENOUGH_PULSES = 6.0  # of melody, before the first chord
BASS_WEIGHT = 0.55  # how much being right in the bass counts beside being right in the chords
STAY = 0.06  # lead of the chord that we play
SHAPES = ("", "m", "5")

Floats = npt.NDArray[np.float64]


def tones_of(quality: str) -> Floats:
    """The pitch classes of a chord on each root, (12, 12)."""
    rows = np.zeros((12, 12))
    for root in range(12):
        rows[root, [(root + step) % 12 for step in QUALITIES[quality]]] = 1.0
    return rows


class Net:
    """One GRU layer and one linear layer, as torch lays them out: gates reset, update, new."""

    def __init__(self, layers: Iterable[Floats]) -> None:
        self.into, self.into_bias, self.over, self.over_bias, self.out, self.out_bias = layers
        self.width = self.out.shape[1]

    def step(self, inputs: Floats, state: Floats) -> tuple[Floats, Floats]:
        """Inputs (INPUTS,) and state (width,) to the likelihood of each kind (24,), and the next state."""
        from_input = self.into @ inputs + self.into_bias  # (3 * width,)
        from_state = self.over @ state + self.over_bias
        width = self.width
        gates = 1 / (1 + np.exp(-(from_input[: 2 * width] + from_state[: 2 * width])))
        reset, update = gates[:width], gates[width:]
        new = np.tanh(from_input[2 * width :] + reset * from_state[2 * width :])
        state = (1 - update) * new + update * state
        said = self.out @ state + self.out_bias
        likely = np.exp(said - said.max())
        return likely / likely.sum(), state

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Net:
        """From the lists of the JSON file."""
        width = int(plain["width"])
        shapes = ((3 * width, INPUTS), (3 * width,), (3 * width, width), (3 * width,),
                  (KINDS, width), (KINDS,))  # fmt: skip
        return cls(np.array(each).reshape(s) for each, s in zip(plain["layers"], shapes, strict=True))


@lru_cache(maxsize=1)
def shipped() -> Net:
    """The weights that ship, read once, before the count-in."""
    path: Path = data_folder("models") / "harmony-ear.json"
    return Net.of(json.loads(path.read_text(encoding="utf-8")))


class Harmoniser:
    """Feed it what sounds and the pulse; read `chord` and `certainty`: how much of it is likely right."""

    def __init__(self, net: Net | None = None) -> None:
        self.chord: Chord | None = None
        self.certainty = 0.0
        self._net = net or shipped()  # the weights that ship, where none are given
        self._state = np.zeros(self._net.width)
        self._sounded = np.zeros(12)  # half pulses of this half pulse
        self._lowest = NO_PITCH  # in this half pulse
        self._count: float | None = None
        self._half = 0
        self._heard = 0.0  # pulses of music
        self._triads = np.concatenate([tones_of(""), tones_of("m")])  # (24, 12)
        self._shapes = np.concatenate([tones_of(shape) for shape in SHAPES])  # (36, 12)
        self._shares = self._shapes / self._shapes.sum(1, keepdims=True)

    def hear(
        self,
        now_s: float,
        tones: Iterable[Tone],
        line: PulseLine | None,
        one: float | None,
        bar_pulses: float,
    ) -> None:
        """One step; `one` is the pulse count of some downbeat, None where nobody is sure of it."""
        steps = 2 if line is None or line.period_s < SLOW_S else 4  # a pulse
        count = None if line is None else steps * line.count_at(now_s)
        before, self._count = self._count, count
        if before is None or count is None or not 0 < count - before < 1:
            self._half = 0 if count is None else math.floor(count + steps * EARLY)
            return
        here = [tone.pitch for tone in tones if tone.fingered]
        for pitch in here:
            self._sounded[pitch % 12] += count - before
            self._lowest = min(self._lowest, pitch)
        if here:
            self._heard += (count - before) / steps
        half = math.floor(count + steps * EARLY)
        if half > self._half:
            self._half = half
            known = one if steps * bar_pulses == HALVES else None  # the net knows bars of eight halves
            self._think(here, None if known is None else half - round(steps * known))

    def _think(self, here: list[int], place: int | None) -> None:
        """What the half pulse that begins now, at a place in its bar, is likely to stand on."""
        inputs = np.zeros(INPUTS)
        inputs[:12] = np.minimum(self._sounded, MOST)
        inputs[[12 + pitch % 12 for pitch in here]] = 1.0
        if self._lowest < NO_PITCH:
            inputs[LOWEST + self._lowest % 12], inputs[LOW] = 1.0, self._lowest < LOW_BELOW
        if place is not None:
            inputs[PLACE + place % HALVES] = 1.0
        self._sounded[:] = 0.0
        self._lowest = NO_PITCH
        likely, self._state = self._net.step(inputs, self._state)
        if self._heard >= ENOUGH_PULSES:
            self.choose(likely)

    def choose(self, likely: Floats) -> None:
        """The chord whose tones, and whose root most of all, are likely in what is meant."""
        inside = likely @ self._triads  # (12,) how likely each is a tone of the chord that is meant
        score = (1 - BASS_WEIGHT) * (self._shares @ inside) + BASS_WEIGHT * np.tile(inside, len(SHAPES))
        if self.chord is not None:
            score[SHAPES.index(self.chord.quality) * 12 + self.chord.root] += STAY
        best = int(score.argmax())
        self.certainty = float(self._shares[best] @ inside)
        self.chord = Chord(best % 12, SHAPES[best // 12])
