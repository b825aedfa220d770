"""The one alarm line: the worst that is wrong now, loud, in words; empty where nothing is."""

from __future__ import annotations

from bandmate.console.panel import Panel, Row
from bandmate.console.shown import Shown, rung_words


def alarm(shown: Shown) -> tuple[str, str]:
    """What to say and how loud: no band before a fault of the band's, before a rung that isn't the best."""
    if shown.away:
        return shown.away, "loud"
    if shown.status.alarm:
        return f"! {shown.status.alarm}", "loud"
    words, paint = rung_words(shown)
    if paint in ("poor", "loud"):
        return words, paint
    if shown.status.pause:
        return f"{shown.status.pause}: nothing sounds; > goes on", "fair"
    if shown.status.state == "armed":
        return "ready: tap the tempo with space, or press enter and the band counts in", "pick"
    return "", "plain"


class Alarm(Panel):
    """One line across the screen."""

    def rows(self, shown: Shown) -> list[Row]:
        """One row; where there is more room, a band of colour with the words in its middle."""
        words, paint = alarm(shown)
        if not words:
            return []
        blank: Row = (("".ljust(self.size.width), paint),)
        pad = [blank] * ((self.size.height - 1) // 2)
        return [*pad, ((f" {words} ".ljust(self.size.width), paint),), *pad]
