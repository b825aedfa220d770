"""A trained sense for "one": how the signs of a downbeat, shared out over the bar, speak for each pulse.

One small net (eight tanh units beside a linear layer) looks at the four places of a bar as if each pulse
in turn were one; bars of another length are laid over the same four places (one, after it, the middle, before
one). It is trained once for keys and drums, where every sign is known, and once for what microphones tell.
`models/bar-sense.json` holds the weights and says what they were trained on; `bandmate/bench/bar_training.py`
trains them. Runs in the band process; imports patch (for the folder of the weights) and its own room.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bandmate.listening.downbeats import KEEP, SIGNS, Floats
from bandmate.patch import data_folder

PLACES = 4  # of a bar: one, after it, the middle, before one
WIDTH = len(SIGNS) * len(KEEP)
# which pulses of a bar stand on each place; a place that a bar lacks hears the mean of the others
LAID = {
    2: ((0,), (), (1,), ()),
    3: ((0,), (1,), (), (2,)),
    4: ((0,), (1,), (2,), (3,)),
    5: ((0,), (1, 2), (3,), (4,)),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """`straight` (PLACES * WIDTH,); `into` (PLACES * WIDTH, units), `bias` and `out` (units,)."""

    straight: Floats
    into: Floats
    bias: Floats
    out: Floats

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Weights:
        """From the lists of the JSON file."""
        into = np.array(plain["into"]).reshape(PLACES * WIDTH, -1)
        return cls(np.array(plain["straight"]), into, np.array(plain["bias"]), np.array(plain["out"]))


def read(path: Path) -> dict[str, Weights]:
    """The weights for `keys` and for `microphones`."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    return {ear: Weights.of(plain[ear]) for ear in ("keys", "microphones")}


@lru_cache(maxsize=1)
def shipped() -> dict[str, Weights]:
    """The weights that ship, read once, before the count-in."""
    return read(data_folder("models") / "bar-sense.json")


@lru_cache(maxsize=8)
def laying(pulses: int) -> Floats:
    """(PLACES, pulses): how the pulses of a bar are laid over the four places."""
    rows = LAID.get(pulses, ((0,), tuple(range(1, pulses - 1)), (), (pulses - 1,)))
    table = np.zeros((PLACES, pulses))
    for place, row in enumerate(rows):
        table[place, list(row)] = 1 / len(row) if row else 0.0
    missing = [place for place, row in enumerate(rows) if not row]
    table[missing] = table.sum(0) / (PLACES - len(missing))
    return table


def seen(shares: Floats) -> Floats:
    """A bar as it looks if each pulse in turn were one, (pulses, PLACES * WIDTH)."""
    pulses = len(shares)
    laid = laying(pulses)
    twice = np.concatenate((shares, shares))
    return np.array([(laid @ twice[one : one + pulses]).ravel() for one in range(pulses)])


def votes(shares: Floats, weights: Weights) -> Floats:
    """For each pulse, how much speaks for it being one: log-odds but for a constant, (pulses,)."""
    views = seen(shares)
    found: Floats = views @ weights.straight + np.tanh(views @ weights.into + weights.bias) @ weights.out
    return found
