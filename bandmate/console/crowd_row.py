"""The crowd's mood in a row of the stage, only while somebody senses it."""

from __future__ import annotations

from bandmate.console.panel import Panel, Row, gauge
from bandmate.console.shown import Shown, crowd

WIDE = 20


class CrowdRow(Panel):
    """`crowd ■■■■■■······ 0.55 bright, 50 % say`; gone without a live source."""

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """Take no room where there is nothing to say."""
        self.display = bool(crowd(shown).get("voices"))
        super().show(shown, at_once)

    def rows(self, shown: Shown) -> list[Row]:
        """One row."""
        mood = crowd(shown)
        if not mood.get("voices"):
            return []
        energy, valence = float(mood["energy"]), float(mood["valence"])
        colour = "bright" if valence > 0.2 else "dark" if valence < -0.2 else "even"
        say = float(shown.status.params.get("authority", 0.0))
        words = f"crowd {gauge(energy, WIDE)} {energy:.2f} {colour}, {say:.0f} % say"
        state, suits = shown.status.mood_state, shown.status.suggestion
        return [((words, "plain"), (f"  {state.upper()}" if state else "", "fair"),
                 (f"  would suit: {suits}" if suits else "", "dim"))]  # fmt: skip
