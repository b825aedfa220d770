"""Who plays: a name for each part, in its colour, with a full mark, or an empty one and why."""

from __future__ import annotations

from bandmate.console.panel import Panel, Piece, Row, paint_of
from bandmate.console.shown import Shown, part_state


class Who(Panel):
    """`● drums   ● bass   ○ keys (comes in)   ○ pad`; an empty mark alone rests, or isn't the soloist."""

    def rows(self, shown: Shown) -> list[Row]:
        """One row."""
        pieces: list[Piece] = []
        for part in shown.status.parts:
            state = part_state(shown, part)
            if state == "plays":
                solo = " SOLO" if part in shown.status.soloed else ""
                pieces.append((f"● {part}{solo}   ", paint_of(part)))
            else:
                why = f" ({state})" if state in ("MUTED", "comes in") else ""
                pieces.append((f"○ {part}{why}   ", "fair" if state == "MUTED" else "dim"))
        return [tuple(pieces)]
