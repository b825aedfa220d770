"""Studio: the band's mind, and everything that steers it, one key from the stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Horizontal
from textual.widget import Widget

from bandmate.console.band_screen import BandScreen
from bandmate.console.dials import Dials
from bandmate.console.harmony_ahead import HarmonyAhead
from bandmate.console.health import Health
from bandmate.console.moodpad import MoodPad, known
from bandmate.console.now import Now
from bandmate.console.roll import Roll
from bandmate.console.strips import Strips


class StudioScreen(BandScreen):
    """Now and harmony on top, the band and its dials in the middle, the roll and health below."""

    CSS_PATH: ClassVar[str] = "studio.tcss"
    AUTO_FOCUS = "#dials"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 (the same)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (50, "-tall")]  # noqa: RUF012 (as Textual declares it)

    def body(self) -> Iterable[Widget]:
        """Three rows of two."""
        yield Horizontal(Now(id="now"), HarmonyAhead(id="harmony"), id="music")
        pad = [MoodPad(id="mood")] if known() else []
        yield Horizontal(Strips(id="strips"), Dials(id="dials"), *pad, id="people")
        yield Horizontal(Roll(id="roll"), Health(id="health"), id="past")
