"""Who plays: a name for each part, in its colour and in words (silent, waiting, muted)."""

from __future__ import annotations

from bandmate.console.panel import Panel, Row, paint_of
from bandmate.console.shown import Shown, part_state


class Who(Panel):
    """`● drums  ● bass  ○ keys (rests)`."""

    def rows(self, shown: Shown) -> list[Row]:
        """One row."""
        pieces = []
        for part in shown.status.parts:
            state = part_state(shown, part)
            if state == "plays":
                pieces.append((f"● {part}   ", paint_of(part)))
            else:
                pieces.append((f"○ {part} ({state})   ", "fair" if state == "MUTED" else "dim"))
        return [tuple(pieces)]
