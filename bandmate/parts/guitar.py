"""The guitarist: short strums that keep the time. Band's loop; pure."""

from __future__ import annotations

from bandmate.events import Note, Slot
from bandmate.parts.comping import Comper, comp
from bandmate.parts.style import Style

GUITAR = Comper("guitar", low=57, high=76, voices=3, weight=0.68, strum_s=0.003, kept=0.8, top=84)


def play_guitar(slot: Slot, style: Style) -> list[Note]:
    """The strummed voices that begin in this slot."""
    return comp(GUITAR, slot, style)
