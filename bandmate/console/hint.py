"""The bottom line of every screen: what the console has to say, else the keys that lead on."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual import events

from bandmate.console.keymap import deed
from bandmate.console.panel import Panel, Row
from bandmate.console.shown import Shown

HINTS = (
    ("? keys", "help"), ("tab screens", "next-screen"), ("ctrl+p find", "palette"), ("c place", "place"),
    ("⌫ undo", "undo"), ("ctrl+l lock", "lock"), ("q end", "end"),
)  # fmt: skip
GAP = "   "


class Hint(Panel):
    """One row; two or three where there is more to say. A click on a hint does what its key does."""

    rate_hz: ClassVar[float] = 10.0

    def rows(self, shown: Shown) -> list[Row]:
        """The message of the console goes before the keys."""
        said = wrap(shown.message, max(20, self.app.size.width))[:3]
        rows = max(1, len(said))
        if self.styles.height is None or self.styles.height.value != rows:
            self.styles.height = rows
        if said:
            return [((line, "fair"),) for line in said]
        return [((GAP.join(words for words, _ in HINTS), "dim"),)]

    def on_click(self, event: events.Click) -> None:
        """The hint under the mouse."""
        left = 0
        for words, done in HINTS if not self.shown.message else ():
            if left <= event.x < left + len(words):
                self.console.do(deed(done))
            left += len(words) + len(GAP)
