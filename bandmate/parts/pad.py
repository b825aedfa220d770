"""The pad: sustained chords under everybody. Band's loop; pure."""

from __future__ import annotations

from bandmate.events import Note, Slot
from bandmate.parts.comping import Comper, comp
from bandmate.parts.style import Style

PAD = Comper("pad", low=60, high=81, voices=3, weight=0.7, kept=1.0, plain_in_fill=False)


def play_pad(slot: Slot, style: Style) -> list[Note]:
    """The sustained voices that begin in this slot."""
    return comp(PAD, slot, style)
