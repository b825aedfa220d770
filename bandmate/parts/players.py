"""The table of players, and who plays when: one line a part.

Runs in the band's loop; pure: the same part, slot and style give the same notes.
"""

from __future__ import annotations

from collections.abc import Callable

from bandmate.events import PARTS, Note, Slot
from bandmate.parts.bass import play_bass
from bandmate.parts.drums import play_drums
from bandmate.parts.guitar import play_guitar
from bandmate.parts.keys import play_keys
from bandmate.parts.lead import play_lead
from bandmate.parts.pad import play_pad
from bandmate.parts.style import Style

PLAYERS: dict[str, Callable[[Slot, Style], list[Note]]] = {
    "drums": play_drums,
    "bass": play_bass,
    "keys": play_keys,
    "guitar": play_guitar,
    "pad": play_pad,
    "lead": play_lead,
}

# who plays while the band comes in or thins out
ENTRIES: dict[str, tuple[str, ...]] = {
    "full": PARTS,
    "hats": ("drums", "pad"),
    "less": ("drums", "bass"),
    "bass": ("bass",),
    "drums": ("drums",),
    "rubato": (),  # what they play then is struck with the performer's chords
    "none": (),
}


def play(part: str, slot: Slot, style: Style) -> list[Note]:
    """The notes of a part that begin in this slot, in order; none where the part rests."""
    if slot.figure == "rest" or part not in ENTRIES[slot.entry]:
        return []
    return sorted(PLAYERS[part](slot, style), key=_by_beat)


def _by_beat(note: Note) -> float:
    return note.beat
