"""Harmony: the chord that is heard, the key, and what comes: the band's plan, bar by bar.

What is committed (a chart, a cue) is bright; what is only expected or guessed is dim and has a question mark.
"""

from __future__ import annotations

import math

from bandmate.console.panel import Panel, Piece, Row
from bandmate.console.shown import Shown, chord_word, coming
from bandmate.timing import Meter

BARS_LEAST, BEATS_LEAST = 2, 8.0


class HarmonyAhead(Panel):
    """`Am7  F major  by chart`, then a row for each bar that comes, with a cell for each pulse."""

    def rows(self, shown: Shown) -> list[Row]:
        """Chord and key, the bars ahead, the cues."""
        status = shown.status
        by = {"chart": "by chart", "loop": "by loop"}.get(status.plan_source, "by ear")
        head: Row = (
            ("HARMONY  ", "title"),
            (chord_word(status) or status.first_chord or "-", "dim" if status.guessed else "bright"),
            (f" → {status.next_chord}" if status.next_chord else "", "plain"),
            (f"   {status.key or 'no key yet'}   {by}", "dim"),
        )
        cues: Row = tuple((f"{words}   ", "pick") for words in coming(shown)) or (("no cue", "dim"),)
        return [head, *self._bars(shown), cues]

    def _bars(self, shown: Shown) -> list[Row]:
        """The plan by pulses; without one, the bars as the chart has them."""
        status, meter = shown.status, Meter.parse(shown.status.meter)
        outlook = {
            round(float(beat), 2): (str(chord), bool(sure)) for beat, chord, sure in shown.status.outlook
        }
        if shown.idle or not outlook:
            return [((status.plan, "dim"),)] if status.plan else []
        known, pulse = (
            min(outlook),
            meter.pulse_beats,
        )  # a place on the grid of the pulses, which is the bars'
        here = known + math.floor((float(shown.status.beat) - known) / pulse + 1e-3) * pulse
        began = here - (status.pulse - 1) * pulse
        bars = max(BARS_LEAST, math.ceil(BEATS_LEAST / meter.bar_beats))
        wide = max(4, (self.size.width - 5) // meter.pulses)
        rows = []
        for bar in range(bars):
            cells: list[Piece] = [(f"{status.bar + bar:>3} ", "dim")]
            for number in range(meter.pulses):
                beat = round(began + bar * meter.bar_beats + number * pulse, 2)
                cells.append(self._cell(outlook.get(beat), wide, bar == 0 and number == status.pulse - 1))
            rows.append(tuple(cells))
        return rows

    def _cell(self, planned: tuple[str, bool] | None, wide: int, here: bool) -> Piece:
        chord, sure = planned or ("", True)
        word = (chord or "·") + ("" if sure else "?")
        mark = "▸" if here else " "
        return f"{mark}{word}"[:wide].ljust(wide), ("bright" if sure else "dim") if chord else "dim"
