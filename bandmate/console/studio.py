"""Studio: the band's mind, and all that steers it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from bandmate.console.band_screen import BandScreen


class StudioScreen(BandScreen):
    """Now, harmony, the band, steering, the roll, health."""

    def body(self) -> Iterable[Widget]:
        """From the top."""
        return []
