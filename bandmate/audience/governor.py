"""The governor: what the audience's mood may do to the music. The performer always wins, at once.

Moves in musical time: the mood is smoothed over some beats, and what comes of it changes by so much a bar
at most. Pure state inside `Band.step`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bandmate.audience.mood import Mood

SMOOTH_BEATS = 2.0
NEUTRAL = 0.5
FORGOTTEN = 0.01  # confidence below this is none


@dataclass(frozen=True, slots=True)
class Pull:
    """Where the audience pulls: `lift` -1 hushed to 1 wild, `glow` -1 dark to 1 bright. None: exactly 0."""

    lift: float = 0.0
    glow: float = 0.0


NO_PULL = Pull()


class Governor:
    """Between the mood and the music."""

    def __init__(self) -> None:
        self.mood = Mood()  # as it is believed, smoothed
        self.energy, self.valence = NEUTRAL, 0.0  # governed
        self.held = self.vetoed = False

    def advance(self, mood: Mood, beats: float, bar_beats: float, params: Mapping[str, Any]) -> None:
        """Some beats have passed, and the audience's mood is this one."""
        self._believe(mood, 1.0 - math.exp(-beats / SMOOTH_BEATS))
        if self.held or self.vetoed:
            return
        step = float(params["crowd-change"]) * beats / bar_beats
        sure = self.mood.confidence
        at_rest, valence = float(params["mood-energy"]), float(params["valence"])
        theirs = min(max(self.mood.energy, float(params["crowd-floor"])), float(params["crowd-ceiling"]))
        wanted = at_rest + sure * (theirs - at_rest)
        self.energy += min(max(wanted - self.energy, -step), step)
        wanted = valence + sure * (self.mood.valence - valence)
        self.valence += min(max(wanted - self.valence, -2 * step), 2 * step)

    def _believe(self, mood: Mood, share: float) -> None:
        """The newest mood is believed by a share; nothing is left of one that nobody has any more."""
        was = self.mood
        confidence = was.confidence + share * (mood.confidence - was.confidence)
        if mood.confidence <= 0:  # who is silent says nothing new
            self.mood = Mood(was.energy, was.valence, confidence) if confidence > FORGOTTEN else Mood()
            return
        self.mood = Mood(
            was.energy + share * (mood.energy - was.energy),
            was.valence + share * (mood.valence - was.valence), confidence,
        )  # fmt: skip

    def pull(self, authority: float) -> Pull:
        """Where it pulls, at an authority of 0 to 100 %."""
        if authority <= 0 or self.vetoed:
            return NO_PULL
        share = authority / 100
        return Pull(2 * (self.energy - NEUTRAL) * share, self.valence * share)

    def hand(self) -> None:
        """The performer has said how it shall be: whatever the audience had moved is taken back."""
        self.energy, self.valence = NEUTRAL, 0.0

    def hold(self) -> None:
        """The mood stays as it is; again: it moves."""
        self.held = not self.held

    def veto(self) -> None:
        """The audience has no say; again: it has, from the middle on."""
        self.vetoed = not self.vetoed
        self.hand()
