"""The bottom line of every screen: what the console has to say, else the keys that lead on."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from bandmate.console.panel import Panel, Row
from bandmate.console.shown import Shown

HINTS = "? keys   tab screens   ctrl+p find   c place   ⌫ undo   ctrl+l lock   q end"


class Hint(Panel):
    """One row; two or three where there is more to say."""

    rate_hz: ClassVar[float] = 10.0

    def rows(self, shown: Shown) -> list[Row]:
        """The message of the console goes before the keys."""
        said = wrap(shown.message, max(20, self.app.size.width))[:3]
        rows = max(1, len(said))
        if self.styles.height is None or self.styles.height.value != rows:
            self.styles.height = rows
        return [((line, "fair"),) for line in said] or [((HINTS, "dim"),)]
