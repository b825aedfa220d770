"""The crowd's mood on a pad: dark to bright from left to right, calm to wild from below.

`◆` is the performer's own point (arrows or a click move it), `○` the crowd's, `●` what the band makes of
both. It stands there only where the band knows a crowd.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from bandmate import controls
from bandmate.console.panel import Panel, Piece, Row
from bandmate.console.shown import Shown, crowd

ACROSS, UP = "valence", "mood-energy"  # the parameters of the two ways
STEP = 0.05  # of a way, for a key
SIGNS = (("◆", "bright"), ("○", "pick"), ("●", "good"))


def known() -> bool:
    """Whether the band knows a crowd's mood."""
    return ACROSS in controls.BY_NAME and UP in controls.BY_NAME


class MoodPad(Panel):
    """The pad, with the authority over the crowd above it."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", show=False),
        Binding("right", "move(1, 0)", show=False),
        Binding("up", "move(0, 1)", show=False),
        Binding("down", "move(0, -1)", show=False),
        Binding("escape", "back", show=False),
    ]

    def rows(self, shown: Shown) -> list[Row]:
        """Head, pad, the ends of the ways."""
        mood, params = crowd(shown), shown.status.params
        authority = float(params.get("authority", 0.0))
        state = shown.status.mood_state
        head: Row = (
            ("MOOD  ", "title"), (f"the crowd has {authority:.0f} %" if not state else state.upper(),
                                  "fair" if state else "plain"),
            *([("  esc: back", "dim")] if self.has_focus else []),
        )  # fmt: skip
        high, wide = self.size.height - 2, self.size.width
        if high < 2 or wide < 10:
            return [head]
        points = [(float(params.get(ACROSS, 0.0)), float(params.get(UP, 0.5)))]
        if mood.get("voices"):
            points.append((mood["valence"], mood["energy"]))
            points.append((mood["governed valence"], mood["governed"]))
        cells = {self._cell(*point, wide, high): sign for point, sign in zip(points, SIGNS, strict=False)}
        pad = [self._line(cells, row, wide, high) for row in range(high)]
        return [head, *pad, ((f"{'dark':{wide - 6}}bright", "dim"),)]

    def _cell(self, valence: float, energy: float, wide: int, high: int) -> tuple[int, int]:
        across = round((max(-1.0, min(1.0, valence)) + 1) / 2 * (wide - 1))
        return round((1 - max(0.0, min(1.0, energy))) * (high - 1)), across

    def _line(self, cells: dict[tuple[int, int], Piece], row: int, wide: int, high: int) -> Row:
        dot = "-" if row == (high - 1) // 2 else "·"
        pieces: list[Piece] = []
        last = 0
        for (_, column), sign in sorted(item for item in cells.items() if item[0][0] == row):
            pieces += [(dot * (column - last), "dim"), sign]
            last = column + 1
        return (*pieces, (dot * (wide - last), "dim"))

    def action_move(self, across: int, up: int) -> None:
        """The performer's point, a twentieth of the way."""
        if across:
            self.console.do_step(ACROSS, 2 * STEP * across)
        if up:
            self.console.do_step(UP, STEP * up)

    def action_back(self) -> None:
        """To the dials again."""
        self.screen.remove_class("-pad")
        self.call_after_refresh(self.screen.query_one("#dials").focus)

    def on_click(self, event: events.Click) -> None:
        """The performer's point goes where the mouse is."""
        high, wide = self.size.height - 2, self.size.width
        at = event.get_content_offset(self)
        row = -1 if at is None else at.y - 1
        if at is not None and 0 <= row < high:
            self.console.steer(ACROSS, round(2 * at.x / max(1, wide - 1) - 1, 2))
            self.console.steer(UP, round(1 - row / max(1, high - 1), 2))
