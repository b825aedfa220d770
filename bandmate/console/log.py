"""Log: what the rig wrote down and what the band was alarmed by, the newest last; failures are loud.

Screen process only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.widget import Widget
from textual.widgets import RichLog

from bandmate.console.band_screen import BandScreen
from bandmate.console.panel import PAINTS, Panel, Row
from bandmate.console.shown import Shown

KEYS = "↑↓ scroll  end: the newest"
FAILURE = "!! "
ALARM = " ! "
CALM = "   "
CLOCK = 8  # `12:34:56` before each line


class Paper(RichLog):
    """The lines, as they come."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{paint}" for paint in PAINTS}

    def __init__(self, id: str) -> None:
        super().__init__(id=id, wrap=True, markup=False, min_width=20, max_lines=1000)
        self._seen: tuple[tuple[str, ...], tuple[str, ...]] = (), ()

    def take(self, log: tuple[str, ...], alarms: tuple[str, ...]) -> None:
        """Write what is new of both, in the order of their times."""
        if (log, alarms) == self._seen or not self.size.width:
            return
        new = [(line, _mark(line)) for line in _since(self._seen[0], log)]
        new += [(line, ALARM) for line in _since(self._seen[1], alarms)]
        self._seen = log, alarms
        for line, mark in sorted(new, key=lambda one: one[0][:CLOCK]):
            paint = {FAILURE: "loud", ALARM: "fair"}.get(mark, "plain")
            words = Text(f"{mark}{line}", style=self.get_component_rich_style(f"paint--{paint}"))
            self.write(words, scroll_end=self.is_vertical_scroll_end)


class Count(Panel):
    """How many failures there are, in words."""

    rate_hz: ClassVar[float] = 2.0

    def rows(self, shown: Shown) -> list[Row]:
        """One row."""
        failures = sum(_mark(line) == FAILURE for line in shown.rig.log)
        alarms = len(shown.status.events)
        if not failures and not alarms:
            return [(("nothing has failed", "good"), (f"   {KEYS}", "dim"))]
        words = f"{failures} failure{'' if failures == 1 else 's'} (!!), {alarms} of the newest alarms (!)"
        return [((words, "poor" if failures else "fair"), (f"   {KEYS}", "dim"))]


def _mark(line: str) -> str:
    """Whether a line tells of a failure."""
    return FAILURE if " ERROR " in line or " CRITICAL " in line else CALM


def _since(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The lines that have been added; the oldest may have fallen off."""
    for kept in range(min(len(before), len(now)), 0, -1):
        if tuple(before[-kept:]) == tuple(now[:kept]):
            return now[kept:]
    return now


class LogScreen(BandScreen):
    """The rig's log."""

    CSS_PATH = "log.tcss"

    def body(self) -> Iterable[Widget]:
        """The lines, and what they come to."""
        yield Count(id="count")
        yield Paper(id="paper")

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """One frame: new lines are written, old ones stay."""
        super().show(shown, at_once)
        for paper in self.query(Paper):
            paper.take(shown.rig.log, shown.status.events)
