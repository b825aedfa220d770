"""Whether the performer leaves the roots of the chords to the bass player, as left-hand voicings of jazz do.

Who plays low plays roots. Else voicings show it, and over some bars the trained ear says which reading is
likelier. Runs in the band process; pure, imports its own room.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bandmate.listening.naming import Shapes
from bandmate.listening.sounding import Sounding

LOW_BELOW = 48  # C3: a performer who plays down here plays the roots
LOW_AWAY_S = 2.0  # without a low note for so long, they may leave the roots to the bass player
LINE_FROM = 72  # C5: what two tones up here say is left to the melody
SETTLED_S = 0.06  # two notes that sound together for so long are no legato line
ROOTLESS_S = 12.0  # over how long we compare both readings,
LEAD_MOST = 4.0  # a moment says no more than so many factors of e
TRIAD = 2.0  # what a plain triad in the middle says for its root
ROOTLESS_FIT = 0.15  # a shape that fits a chord without its root so much better shows that it is one
ROOTLESS_FOR_S = 16.0  # a voicing without its root stands for what is played so long after it,
SHOWN = 1.5  # and so surely
ROOTLESS_DOUBT = -0.3  # where that comparison begins: a pianist alone plays roots

Floats = npt.NDArray[np.float64]


class RootsLeftOut:
    """Tell it what sounds whenever chords are ranked; read `left_out`."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._lead = ROOTLESS_DOUBT  # of the reading without roots, in factors of e
        self._missing_s = -ROOTLESS_FOR_S  # when a voicing showed that its root was left out
        self._low_s = 0.0  # when something below C3 sounded last

    @property
    def left_out(self) -> bool:
        """Whether they rather are."""
        return self._lead > 0

    def possible(self, now_s: float) -> bool:
        """Whether nothing has sounded for a while where roots are."""
        return now_s - self._low_s >= LOW_AWAY_S

    def played(self, now_s: float) -> None:
        """Something sounds down where roots are."""
        self._low_s, self._lead = now_s, ROOTLESS_DOUBT
        self._missing_s = -ROOTLESS_FOR_S

    def weigh(self, now_s: float, seconds: float, sounding: Sounding, likely: Floats, line: bool) -> float:
        """How likely the performer has left the roots to the bass player for a while, 0..1.

        `likely` is what the ear says of each root and third, (2: with its root or without, 24); a single
        `line` tells nothing.
        """
        shown = self._shown(now_s, sounding)
        if not self.possible(now_s):
            return 0.0
        if shown > 0:
            self._missing_s = now_s
        if now_s - self._missing_s < ROOTLESS_FOR_S:
            self._lead = max(self._lead, SHOWN)
        if not line:
            rooted, rootless = np.log(likely.sum(1) + 1e-12)
            lead = min(max(float(rootless - rooted), -LEAD_MOST), LEAD_MOST)
            lead = -TRIAD if shown < 0 else lead
            self._lead += (lead - self._lead) * (1 - math.exp(-seconds / ROOTLESS_S))
        return 1 / (1 + math.exp(-4 * self._lead))

    def _shown(self, now_s: float, sounding: Sounding) -> float:
        """What the shape under the hands shows of the roots: 1 left out, -1 a plain triad, 0 nothing."""
        settled_s = now_s - 2 * SETTLED_S
        here = {tone.pitch % 12 for tone in sounding.tones.values()
                if tone.pitch < LINE_FROM and tone.struck_s < settled_s}  # fmt: skip
        if len(here) == 3:
            triads = ({(tone + step) % 12 for step in (0, third, 7)} for tone in here for third in (3, 4))
            return -1.0 if here in triads else 0.0
        if len(here) < 4:
            return 0.0
        share = np.zeros(12)
        share[list(here)] = 1 / len(here)
        return float(
            self._shapes.rootless(share).max() - self._shapes.rooted(share, None).max() > ROOTLESS_FIT
        )
