"""Steering: what can be turned while the band plays; arrows or the mouse turn it.

Up and down choose a row, left and right turn it, a click on its bar sets it. Style and the style that
it is morphing to stand above.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from bandmate import controls
from bandmate.console.panel import Panel, Row, gauge
from bandmate.console.shown import Shown

NAMES = (
    "energy", "density", "swing", "wild", "tension", "follow", "blend", "valence", "mood-energy", "authority",
)  # fmt: skip
WORDS = {"wild": ("safe", "wild"), "valence": ("dark", "bright"), "mood-energy": ("calm", "wild")}
LABEL, LOW, HIGH = 13, 5, 6  # cells of the name, and of a word at each end
STEPS = 20  # from end to end
ABOVE = 1  # rows above the dials


class Dials(Panel):
    """`▸ energy      ■■■■■■····  0.60`."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.dials = [controls.BY_NAME[name] for name in NAMES if name in controls.BY_NAME]
        self.chosen = 0

    def rows(self, shown: Shown) -> list[Row]:
        """Style, dials, what undo would do."""
        params = shown.status.params
        towards, blend = str(params.get("blend-style", "")), float(params.get("blend", 0.0))
        morph = f" → {towards} {blend * 100:.0f} %" if towards and blend > 0 else ""
        undo = str(shown.status.undo)
        head: Row = (
            ("STEERING  ", "title"), (f"{shown.status.style}{morph}", "pick"),
            (f"   ⌫ {undo}" if undo else "", "dim"),
        )  # fmt: skip
        first = max(0, self.chosen - max(1, self.size.height - ABOVE) + 1)
        return [head, *(self._dial(shown, number) for number in range(first, len(self.dials)))]

    def _dial(self, shown: Shown, number: int) -> Row:
        row = self.dials[number]
        value = float(shown.status.params.get(row.name, row.default))
        share = (value - row.low) / (row.high - row.low)
        here = number == self.chosen and self.has_focus
        low, high = WORDS.get(row.name, ("", ""))
        bar = gauge(share, self._wide())
        return (
            (f"{'▸' if here else ' '} {row.name}".ljust(LABEL), "bright" if here else "plain"),
            (f"{low:>4} {bar} {high:{HIGH}} ", "bright" if here else "plain"),
            (f"{value:.2f}" if row.high < 10 else f"{value:.0f}", "bright" if here else "dim"),
        )

    def _wide(self) -> int:
        return max(5, min(40, self.size.width - LABEL - LOW - HIGH - 6))

    def action_choose(self, step: int) -> None:
        """Another row."""
        if self.chosen + step == len(self.dials) and self.screen.query("#mood"):
            self.screen.add_class("-pad")  # where there is no room for both, the pad stands here now
            self.call_after_refresh(self.screen.query_one("#mood").focus)
        self.chosen = (self.chosen + step) % len(self.dials)
        self.show(self.shown, at_once=True)

    def action_turn(self, step: int) -> None:
        """The chosen dial, a twentieth of its way."""
        row = self.dials[self.chosen]
        way = (row.high - row.low) / STEPS
        self.console.do_step(row.name, step * way)

    def on_click(self, event: events.Click) -> None:
        """Choose the row; on its bar, set it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        first = max(0, self.chosen - max(1, self.size.height - ABOVE) + 1)
        number = at.y - ABOVE + first
        if not 0 <= number < len(self.dials):
            return
        self.chosen = number
        row = self.dials[number]
        share = (at.x - LABEL - LOW + 0.5) / self._wide()
        if 0 <= share <= 1:
            self.console.steer(row.name, round(row.low + share * (row.high - row.low), 2))
        self.show(self.shown, at_once=True)

    def on_focus(self) -> None:
        """The mark appears."""
        self.show(self.shown, at_once=True)

    def on_blur(self) -> None:
        """The mark goes."""
        self.show(self.shown, at_once=True)
