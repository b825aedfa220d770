"""The notes of the last minutes, gathered from every frame, whichever screen is in front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

KEPT = 3000
BACK_BEATS = 16.0  # a note so far before the newest belongs to another song: the roll begins anew


class Played:
    """Part, pitch, beat and beats of each note; one that was held comes again with its length."""

    def __init__(self) -> None:
        self._beats: dict[tuple[str, int, float], float] = {}
        self._newest = 0.0

    def gather(self, notes: Iterable[Any]) -> None:
        """Notes as a snapshot has them: part, pitch, beat, beats (0: held still), velocity."""
        for part, pitch, beat, beats, *_ in notes:
            if beat < self._newest - BACK_BEATS:
                self._beats.clear()
            self._newest = float(beat)
            self._beats[str(part), int(pitch), float(beat)] = max(0.0, float(beats))
        while len(self._beats) > KEPT:
            del self._beats[next(iter(self._beats))]

    def __iter__(self) -> Iterator[tuple[str, int, float, float]]:
        for (part, pitch, beat), beats in self._beats.items():
            yield part, pitch, beat, beats
