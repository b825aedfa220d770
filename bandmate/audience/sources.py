"""Sources: each sensor is weighed against its own last minutes, and all that speak make one partial mood.

A reading's level is the share of the sensor's own last minutes that it exceeds: 0.5 is as ever, whatever
the unit, and one absurd number is one number among many. A sensor that says nothing for eight seconds is
gone. Pure: the same readings at the same times give the same partial.
"""

from __future__ import annotations

import math

from bandmate.audience.mood import ONE_VOICE, Partial
from bandmate.audience.sketch import Sketch
from bandmate.moods import KINDS, OUTRIGHT, Reading

GENERATION_S = 150.0  # what is compared with: the last one to two of these
COUNT_EVERY_S = 0.2  # one that talks faster counts no more than others, and no sketch grows beyond that
SETTLE_S = 0.8  # a level is the mean of about so long
FADES_S, DEAD_S = 3.0, 7.0  # silent so long: counts less and less, and is gone
PRIOR = 8.0  # readings "as ever" before the first: nobody jumps in
STRAY = 0.1  # share of a motion sensor's newest place in where it lately was
MOST_SOURCES, MOST_OF_A_HOST = 1000, 32


class Source:
    """One sensor."""

    def __init__(self, kind: str, now_s: float) -> None:
        _, self.side, self.weighed = KINDS[kind]
        self.kind = kind
        self.level = 0.5 if self.side == "energy" else 0.0
        self.weight = 1.0
        self.readings = 0
        self.heard_s = now_s
        self._before, self._newest = Sketch(), Sketch()
        self._began_s = now_s
        self._counted_s = -math.inf
        self._place: tuple[float, ...] = ()

    def hear(self, now_s: float, values: tuple[float, ...], weight: float) -> None:
        """One reading."""
        number = self._number(values)
        share = 1.0 - math.exp(-max(0.0, now_s - self.heard_s) / SETTLE_S)
        self.heard_s, self.weight = now_s, weight
        self.readings += 1
        if not self.weighed:
            low, high = OUTRIGHT[self.kind]
            wanted = min(max(number, low), high)
            self.level = wanted if self.readings == 1 else self.level + share * (wanted - self.level)
            return
        self.level += share * (self._rank(number) - self.level)
        if now_s - self._counted_s >= COUNT_EVERY_S:
            self._counted_s = now_s
            if now_s - self._began_s >= GENERATION_S:
                self._before, self._newest, self._began_s = self._newest, Sketch(), now_s
            self._newest.add(number)

    def _number(self, values: tuple[float, ...]) -> float:
        """What several numbers come to: how fast it turns, or how far it strays from where it lately was."""
        if self.kind == "turn":
            return math.hypot(*values)
        if self.kind != "motion":
            return values[0]
        if len(self._place) != len(values):
            self._place = values
        strayed = math.dist(values, self._place)
        self._place = tuple(
            was + STRAY * (now - was) for was, now in zip(self._place, values, strict=True)
        )  # fmt: skip
        return strayed

    def _rank(self, number: float) -> float:
        """The share of the last minutes that is smaller, leaning to the middle while little is known."""
        total = self._before.total + self._newest.total
        return (self._before.below(number) + self._newest.below(number) + PRIOR / 2) / (total + PRIOR)

    def counts(self, now_s: float) -> float:
        """How much it counts now, 0 to its weight: less while it is new, nothing once it is silent."""
        silent = (now_s - self.heard_s - FADES_S) / (DEAD_S - FADES_S)
        sure = 1.0 if not self.weighed else self.readings / (self.readings + PRIOR)
        return self.weight * sure * min(max(1.0 - silent, 0.0), 1.0)


class Gathering:
    """Everybody who speaks at this place."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str, str], Source] = {}  # by host, voice and sensor
        self.turned_away = 0  # readings for which there was no room, or that were no numbers
        self._hosts: dict[str, int] = {}

    def hear(self, reading: Reading) -> None:
        """One reading of one sensor."""
        if not reading.values or not all(map(math.isfinite, reading.values)):
            self.turned_away += 1
            return
        key = (reading.host, reading.voice if reading.local else "", reading.sensor)
        source = self.sources.get(key)
        if source is None:
            source = self._welcome(key, reading)
            if source is None:
                self.turned_away += 1
                return
        source.hear(max(reading.time_s, source.heard_s), reading.values, reading.weight)

    def _welcome(self, key: tuple[str, str, str], reading: Reading) -> Source | None:
        """A sensor that is new; None where the room is full, or its host has enough of them."""
        if len(self.sources) >= MOST_SOURCES:
            self.forget(reading.time_s)
        many = not reading.local and self._hosts.get(key[0], 0) >= MOST_OF_A_HOST
        if many or len(self.sources) >= MOST_SOURCES:
            return None
        self._hosts[key[0]] = self._hosts.get(key[0], 0) + 1
        source = self.sources[key] = Source(reading.kind, reading.time_s)
        return source

    def forget(self, now_s: float) -> None:
        """Who has been silent for a generation has gone home; what their sensor was like is forgotten."""
        self.sources = {
            key: source for key, source in self.sources.items() if now_s - source.heard_s < GENERATION_S
        }
        self._hosts = {}
        for host, _, _ in self.sources:
            self._hosts[host] = self._hosts.get(host, 0) + 1

    def partial(self, now_s: float) -> Partial:
        """What all that speak say together. A voice with several sensors is one voice."""
        speaking = [
            (key, source, counts)
            for key, source in self.sources.items()
            if (counts := source.counts(now_s)) > 0
        ]
        sensors: dict[tuple[str, str, str], int] = {}
        for (host, voice, _), source, _ in speaking:
            whose = (host, voice, source.side)
            sensors[whose] = sensors.get(whose, 0) + 1
        found = Partial()
        for (host, voice, _), source, counts in speaking:
            share = round(ONE_VOICE * counts / sensors[host, voice, source.side])
            found.say(source.side, source.level, share)
        return found
