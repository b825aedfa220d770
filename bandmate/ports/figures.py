"""Figures for `bandmate bench`, written when all is over. Called by the sound process' main thread.

Imports only the bottom layer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from bandmate.places import write_whole


def leave_figures(
    path: Path, notes_s: Iterable[float], keys_s: Iterable[float], ticks_s: Iterable[float] = ()
) -> None:
    """How late the band's notes, the performer's keys and the ticks of our MIDI clock were, in seconds."""
    write_whole(path, json.dumps({"notes": list(notes_s), "keys": list(keys_s), "ticks": list(ticks_s)}))
