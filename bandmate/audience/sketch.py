"""A sketch of many numbers: how often each size came, to within two parts in a hundred.

After DDSketch (Masson, Rim and Lee, 2019): bins grow with the size of the number, so that one sketch holds
a heart's 60 a minute and an accelerometer's hundredths alike. Sketches add up to the sketch of all their
numbers, in any order. Pure.
"""

from __future__ import annotations

import math

GROWTH = math.log(1.02)
LEAST, MOST = 1e-3, 1e9  # smaller is nothing; larger is so large


def bin_of(number: float) -> int:
    """Where a number is counted: 0 for nothing, above and below by its size."""
    size = min(abs(number), MOST)
    if size < LEAST:
        return 0
    place = 1 + int(math.log(size / LEAST) / GROWTH)
    return place if number > 0 else -place


class Sketch:
    """Counts by size."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.total = 0

    def add(self, number: float) -> None:
        """Count one number."""
        place = bin_of(number)
        self.counts[place] = self.counts.get(place, 0) + 1
        self.total += 1

    def below(self, number: float) -> float:
        """How many of all numbers are smaller than one; what is as large counts by half."""
        place = bin_of(number)
        return sum(
            count if at < place else count / 2 for at, count in self.counts.items() if at <= place
        )  # fmt: skip

    def __add__(self, other: Sketch) -> Sketch:
        found = Sketch()
        found.total = self.total + other.total
        found.counts = dict(self.counts)
        for place, count in other.counts.items():
            found.counts[place] = found.counts.get(place, 0) + count
        return found
