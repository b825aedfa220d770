"""The line of plain text on top of every screen: read by eye, by ear, by grep."""

from __future__ import annotations

from typing import ClassVar

from bandmate.console.panel import Panel, Piece, Row
from bandmate.console.shown import Shown, plain_line


class Line(Panel):
    """`PLAYING  112 bpm  17.3  Am7 → D7`, and what stands in the way."""

    rate_hz: ClassVar[float] = 20.0

    def rows(self, shown: Shown) -> list[Row]:
        """One row: what is wrong first, then the state, then the music."""
        status = shown.status
        pieces: list[Piece] = []
        if shown.away:
            pieces.append((f" {shown.away} ", "loud"))
            pieces.append(("  ", "plain"))
        pieces.append((status.pause.upper() or status.state.upper(), "title"))
        pieces.append((f"  {plain_line(status)}", "dim" if shown.away else "bright"))
        if status.figure:
            pieces.append((f"  <{status.figure}>", "pick"))
        if shown.locked:
            pieces.append(("  LOCKED (ctrl+l unlocks)", "fair"))
        if shown.place:
            pieces.append((f"  next cue: {shown.place}", "pick"))
        return [tuple(pieces)]
