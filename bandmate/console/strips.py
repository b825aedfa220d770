"""The band: one strip a part, with its meter, density, mute and solo, sound, what it does; and the rung."""

from __future__ import annotations

from typing import ClassVar

from textual import events

from bandmate.console.keymap import Deed
from bandmate.console.panel import Panel, Piece, Row, gauge, paint_of
from bandmate.console.shown import Shown, part_state, rung_words

NAME, METER, DENSITY = 8, 10, 5  # cells
OTHERS = ("you", "main")


class Strips(Panel):
    """`drums    ■■■■■■■··· M S ■■···  plays     Jazz Kit`; a click on M or S mutes or solos."""

    rate_hz: ClassVar[float] = 10.0
    _meter = METER

    def rows(self, shown: Shown) -> list[Row]:
        """The rung first, because it must not be missed; then the strips, then you and main."""
        words, paint = rung_words(shown)
        head: Row = (("BAND  ", "title"), (f" {words} ", paint))
        levels = shown.status.levels
        self._meter = max(METER, min(4 * METER, self.size.width - 46))
        rows = [self._strip(shown, part, float(levels.get(part, 0.0))) for part in shown.status.parts]
        for who in OTHERS:
            if who in levels:
                meter = gauge(float(levels[who]), self._meter)
                rows.append(((who.ljust(NAME), "you"), (meter, "you")))
        return [head, *rows]

    def _strip(self, shown: Shown, part: str, level: float) -> Row:
        state, paint = part_state(shown, part), paint_of(part)
        quiet = state in ("rests", "MUTED", "not solo")
        muted, soloed = part in shown.status.muted, part in shown.status.soloed
        density = shown.status.density.get(part)
        pieces: list[Piece] = [
            (part[: NAME - 1].ljust(NAME), "dim" if quiet else paint),
            (gauge(level, self._meter), "dim" if quiet else paint),
            (" ", "plain"), ("M", "poor" if muted else "dim"),
            (" ", "plain"), ("S", "loud" if soloed else "dim"),
            (f" {gauge(float(density), DENSITY) if density is not None else '':{DENSITY}} ", "dim"),
            (self._doing(shown, part, state), "fair" if state == "MUTED" else "dim" if quiet else "plain"),
            (str(shown.status.sounds.get(part, "")), "dim"),
        ]  # fmt: skip
        return tuple(pieces)

    def _doing(self, shown: Shown, part: str, state: str) -> str:
        """What a part does, and how many notes a beat where it plays."""
        activity = shown.status.activity.get(part)
        words = state if state != "plays" or activity is None else f"plays {activity:.1f}"
        return words.ljust(10)

    def on_click(self, event: events.Click) -> None:
        """Mute or solo the part of the row."""
        spot = event.get_content_offset(self)
        if spot is None:
            return
        parts, at = list(self.shown.status.parts), spot.y - 1
        kind = {1: "mute", 3: "solo"}.get(spot.x - NAME - self._meter)
        if kind and 0 <= at < len(parts):
            self.console.do(Deed(kind, parts[at]))
