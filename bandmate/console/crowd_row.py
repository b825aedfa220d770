"""The crowd's mood in a row of the stage, only while somebody senses it, or it is held."""

from __future__ import annotations

from bandmate.console.panel import Panel, Row, gauge
from bandmate.console.shown import Shown, crowd

WIDE = 20


class CrowdRow(Panel):
    """`crowd ■■■■■■······ 0.55 bright, 50 % say`; gone without a live source, unless the mood is held."""

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """Take no room where there is nothing to say."""
        self.display = bool(self.rows(shown))
        super().show(shown, at_once)

    def rows(self, shown: Shown) -> list[Row]:
        """One row."""
        mood, state = crowd(shown), shown.status.mood_state
        if not mood.get("voices") and state != "held":
            return []
        whose = ("energy", "valence") if mood.get("voices") else ("governed", "governed valence")
        energy, valence = (float(mood.get(side, 0.0)) for side in whose)
        colour = "bright" if valence > 0.2 else "dark" if valence < -0.2 else "even"
        say = float(shown.status.params.get("authority", 0.0))
        words = f"crowd {gauge(energy, WIDE)} {energy:.2f} {colour}, {say:.0f} % say"
        suits = shown.status.suggestion
        return [((words, "plain"), (f"  {state.upper()}" if state else "", "fair"),
                 (f"  would suit: {suits}" if suits else "", "dim"))]  # fmt: skip
