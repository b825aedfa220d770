"""The keyboard player: comping in the middle of the keyboard. Band's loop; pure."""

from __future__ import annotations

from bandmate.events import Note, Slot
from bandmate.parts.comping import Comper, comp
from bandmate.parts.style import Style

KEYS = Comper("keys", low=50, high=72)


def play_keys(slot: Slot, style: Style) -> list[Note]:
    """The chord voices that begin in this slot."""
    return comp(KEYS, slot, style)
