"""Queues by sender: the senders take turns, and the newest of a kind stands for the older ones.

So a sender that floods us overtakes itself, and nobody else waits for it. Bounded; pure.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Sender = tuple[str, int]
SENDERS = 256
WAITING, LEAST = 128, 16  # of one sender; and where there are many of them
TOGETHER = 4096  # shared by all senders: they may be the ports of one machine

Value = TypeVar("Value")


class Turns(Generic[Value]):
    """What waits, by sender and then by kind."""

    def __init__(self) -> None:
        self.dropped = 0  # overtaken, or too many
        self._queues: OrderedDict[Sender, OrderedDict[tuple[bytes | str, int], Value]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def put(self, sender: Sender, key: tuple[bytes | str, int], value: Value) -> None:
        """Into a sender's queue; what has a key of its own is never overtaken."""
        waiting = self._queues.get(sender)
        if waiting is None:
            if len(self._queues) >= SENDERS:
                _, lost = self._queues.popitem(last=False)
                self.dropped += len(lost)
            waiting = self._queues[sender] = OrderedDict()
        if key in waiting:
            self.dropped += 1
        else:
            room = min(WAITING, max(LEAST, TOGETHER // len(self._queues)))
            while len(waiting) >= room:
                waiting.popitem(last=False)
                self.dropped += 1
        waiting[key] = value

    def take(self, most: int) -> list[tuple[Sender, Value]]:
        """The oldest of each sender in turn."""
        found: list[tuple[Sender, Value]] = []
        while self._queues and len(found) < most:
            sender, waiting = self._queues.popitem(last=False)
            found.append((sender, waiting.popitem(last=False)[1]))
            if waiting:
                self._queues[sender] = waiting
        return found
