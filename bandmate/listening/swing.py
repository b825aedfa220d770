"""Where the strokes fall inside a pulse: swing, and the pocket (behind the beat or ahead of it).

Runs in the band process; pure arithmetic on stamps and a pulse line, imports only this room.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

from bandmate.listening.pulseline import PulseLine

NEAR = 0.12  # of a pulse: a stroke so close to a pulse is meant on it
NEAR_S = 0.06  # but no further away than this
CHORD_S = 0.03  # keys this close are one stroke
OFFBEAT_FROM, OFFBEAT_TO = 0.40, 0.86  # of a pulse: where its second eighth may fall
HALF = 0.07  # of a pulse: a stroke so close to the middle divides it straight
STRAIGHT, HARDEST = 0.5, 0.75  # ratios we name
SWUNG = 0.54  # from here on eighths are meant to swing
PAIRS = 32  # so many pairs are remembered,
PAIRS_S = 30.0  # for so long
ENOUGH_PAIRS = 6
AGREED = 0.6  # share of the pairs that must swing alike
WINDOW, WINDOW_S = 0.12, 0.045  # alike: within this ratio, or this time where pulses are short
STROKES, ENOUGH_STROKES = 32, 8  # for the pocket
OTHER_TEMPO = 0.3  # a pulse so much longer or shorter is another pulse: begin again

Pair = tuple[float, float]  # when, and how much of the two the first one takes


class Swing:
    """The share of a pair of eighths (or sixteenths) that its first one takes."""

    def __init__(self) -> None:
        self.ratio: float | None = None
        self.unit = "eighths"
        self._pairs: dict[str, deque[Pair]] = {
            "eighths": deque(maxlen=PAIRS),
            "sixteenths": deque(maxlen=PAIRS),
        }
        self._pulse: int | None = None
        self._strokes: list[float] = []  # places in this pulse, as shares of it
        self._period_s = 0.0

    def hear(self, stroke_s: float, line: PulseLine, late_s: float) -> None:
        """A stroke; `late_s` is how far behind the line this performer's beats fall."""
        if abs(line.period_s - self._period_s) > OTHER_TEMPO * line.period_s:
            self._begin_again(line.period_s)
        self._period_s = line.period_s
        count = line.count_at(stroke_s - late_s)
        pulse = math.floor(count + NEAR)
        if pulse != self._pulse:
            self._close(stroke_s)
            self._pulse = pulse
        self._strokes.append(count - pulse)

    def _begin_again(self, period_s: float) -> None:
        for pairs in self._pairs.values():
            pairs.clear()
        self._pulse, self._strokes, self._period_s = None, [], period_s
        self.ratio = None

    def _close(self, now_s: float) -> None:
        """A pulse is over: read the pair, or the two pairs, that it held."""
        inner = _apart([place for place in self._strokes if place > NEAR], CHORD_S / self._period_s)
        self._strokes = []
        if not inner:
            return
        if len(inner) == 1 and OFFBEAT_FROM < inner[0] < OFFBEAT_TO:
            self._pairs["eighths"].append((now_s, inner[0]))
        halves = [place for place in inner if abs(place - 0.5) < HALF]
        if len(inner) > 1 and len(halves) == 1:
            half = halves[0]
            early = [place / half for place in inner if place < half]
            later = [(place - half) / (1 - half) for place in inner if place > half]
            for found in (early, later):
                if len(found) == 1:
                    self._pairs["sixteenths"].append((now_s, found[0]))
        self._settle(now_s)

    def _settle(self, now_s: float) -> None:
        """The sixteenths swing where they are played and the eighths are straight."""
        for pairs in self._pairs.values():
            while pairs and now_s - pairs[0][0] > PAIRS_S:
                pairs.popleft()
        eighths, sixteenths = self._agreed("eighths", 1.0), self._agreed("sixteenths", 0.5)
        small = sixteenths is not None and (eighths is None or eighths < SWUNG)
        self.unit, self.ratio = ("sixteenths", sixteenths) if small else ("eighths", eighths)

    def _agreed(self, unit: str, pulses: float) -> float | None:
        window = max(WINDOW, WINDOW_S / (pulses * self._period_s))
        ratio = _agreed([pair[1] for pair in self._pairs[unit]], window)
        return None if ratio is None else min(max(ratio, STRAIGHT), HARDEST)


class Pocket:
    """How far from the beat this performer's strokes fall: above 0 behind it, below 0 ahead."""

    def __init__(self) -> None:
        self.late_s: float | None = None
        self._late: deque[float] = deque(maxlen=STROKES)

    def hear(self, stroke_s: float, line: PulseLine) -> None:
        """A stroke; those far from any pulse say nothing."""
        count = line.count_at(stroke_s)
        off_s = (count - round(count)) * line.period_s
        if abs(off_s) <= min(NEAR * line.period_s, NEAR_S):
            self._late.append(off_s)
            if len(self._late) >= ENOUGH_STROKES:
                self.late_s = median(self._late)

    def forget(self) -> None:
        """The beat that it was measured against is another one now."""
        self._late.clear()
        self.late_s = None


def _apart(places: Sequence[float], together: float) -> list[float]:
    """Places with those of a chord made one, lowest first."""
    found: list[list[float]] = []
    for place in sorted(places):
        if found and place - found[-1][0] < together:
            found[-1].append(place)
        else:
            found.append([place])
    return [sum(group) / len(group) for group in found]


def _agreed(ratios: Sequence[float], window: float) -> float | None:
    """The middle of the largest crowd of ratios; None of too few, or where they disagree."""
    if len(ratios) < ENOUGH_PAIRS:
        return None
    ordered = sorted(ratios)
    crowds = [[other for other in ordered if first <= other <= first + window] for first in ordered]
    largest = max(crowds, key=len)
    return median(largest) if len(largest) >= AGREED * len(ordered) else None
