"""Carries what a band asks to a model, and its phrases back, in virtual time: rehearsals and benchmarks.

Live the same is done by sockets (`live.py`, `model/serving.py`). Runs in the caller's process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from bandmate.events import Ask, Phrase
from bandmate.timing import step_index, step_time_s

Answer = Callable[[Ask], Sequence[Phrase]]  # a fresh phrase, and a tail


class Carrier:
    """A model behind a delay: a fixed one, or (None) what its thinking really takes on this machine."""

    def __init__(self, answer: Answer, delay_ms: float | None = 0.0) -> None:
        self.answer, self.delay_ms = answer, delay_ms
        self.taken_ms: list[float] = []
        self._free_s = 0.0  # the model thinks of one thing after the other
        self._waiting: list[tuple[int, Phrase]] = []

    @property
    def typical_ms(self) -> float:
        """The delay, or its median where it was measured."""
        if self.delay_ms is not None:
            return self.delay_ms
        return sorted(self.taken_ms)[len(self.taken_ms) // 2] if self.taken_ms else 0.0

    def carry(self, step: int, asks: Sequence[Ask]) -> None:
        """Asks of a step: answered now, delivered when the model would be through."""
        for ask in asks:
            began_s = time.perf_counter()
            phrases = self.answer(ask)
            self.taken_ms.append((time.perf_counter() - began_s) * 1000)
            delay_s = (self.taken_ms[-1] if self.delay_ms is None else self.delay_ms) / 1000
            self._free_s = max(step_time_s(step), self._free_s) + delay_s
            due = max(step_index(self._free_s), step + 1)
            self._waiting += [(due, replace(phrase, time_s=step_time_s(due))) for phrase in phrases]

    def due(self, step: int) -> list[Phrase]:
        """The phrases that come back in a step."""
        ready = [phrase for due, phrase in self._waiting if due <= step]
        self._waiting = [entry for entry in self._waiting if entry[0] > step]
        return ready
