"""The lead player: waits to be asked; an understudy doesn't solo over the performer. Pure."""

from __future__ import annotations

from bandmate.events import Note, Slot
from bandmate.parts.style import Style


def play_lead(slot: Slot, style: Style) -> list[Note]:
    """Nothing: the lead is the model's to play."""
    return []
