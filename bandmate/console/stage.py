"""Stage: what can be read at two metres, in the dark, while playing."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from bandmate.console.band_screen import BandScreen


class StageScreen(BandScreen):
    """Bar and beat, song and section, chord and next chord, who plays, one alarm line."""

    def body(self) -> Iterable[Widget]:
        """From the top."""
        return []
