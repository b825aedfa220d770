"""Touch: a keyboard that senses none is noticed; what it plays, and its pedals, then say how loud is meant.

Dynamics are the rank among this performer's own densities, and where the volume or expression controller
is moved, that one. One Touch a band, in its loop; imports only the bottom layer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

from bandmate.events import Control, Event, Heard, NoteOn

ENOUGH = 12  # keys before we judge
FIXED_SPREAD = 3  # velocities all within this: the keyboard doesn't sense touch
REMEMBERED = 64  # keys that are judged by
VOLUME, EXPRESSION = 7, 11
EVERY_S = 0.25  # how often the density is looked at
DENSITIES = 240  # of the last minute
ENOUGH_DENSITIES = 16
SMOOTHING = 0.15  # share of the newest look
FULL = 127


class Touch:
    """Feed it what is played; it mends `Heard.dynamics` where velocities say nothing."""

    def __init__(self) -> None:
        self.level = 0.5
        self.fixed = False  # the keyboard sends one velocity whatever is played
        self._velocities: deque[int] = deque(maxlen=REMEMBERED)
        self._controls: dict[int, float] = {}
        self._densities: deque[float] = deque(maxlen=DENSITIES)
        self._looked_s = 0.0

    def hear(self, events: Sequence[Event], heard: Heard) -> Heard:
        """One step: the snapshot as it is, or with dynamics of our own."""
        for event in events:
            if isinstance(event, NoteOn):
                self._weigh(event.velocity)
            elif isinstance(event, Control) and event.number in (VOLUME, EXPRESSION):
                self._controls[event.number] = event.value / FULL
        if heard.time_s - self._looked_s >= EVERY_S:
            self._looked_s = heard.time_s
            self._look(heard.density)
        return heard._replace(dynamics=self.level) if self.fixed else heard

    def _weigh(self, velocity: int) -> None:
        velocities = self._velocities
        velocities.append(velocity)
        self.fixed = len(velocities) >= ENOUGH and max(velocities) - min(velocities) <= FIXED_SPREAD

    def _look(self, density: float) -> None:
        """Where the density of now stands among those of the last minute; controllers scale it."""
        if density > 0:
            self._densities.append(density)
        wanted = 0.5
        if density > 0 and len(self._densities) >= ENOUGH_DENSITIES:
            ordered = sorted(self._densities)
            rank = (bisect_left(ordered, density) + bisect_right(ordered, density)) / 2
            wanted = rank / len(ordered)
        for share in self._controls.values():
            wanted *= 0.3 + 0.7 * share
        self.level += SMOOTHING * (wanted - self.level)
