"""Health: what was late, lost or restarted, processor time, latency, the last events; trouble is louder."""

from __future__ import annotations

from typing import ClassVar

from bandmate.console.panel import Panel, Piece, Row
from bandmate.console.shown import Shown

FRESH_S = 10.0  # a counter that grew is loud so long
BUSY = 0.8  # of a core
LATE_MS = 30.0  # of output latency: too much for a stage
KNOWN = {"late": "late", "dropped": "dropped", "sound xruns": "xruns", "reconnects": "reconnects"}


class Health(Panel):
    """Counters, load and latency, events; twice a second is enough."""

    rate_hz: ClassVar[float] = 2.0

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._before: dict[str, int] = {}
        self._grew_s: dict[str, float] = {}

    def rows(self, shown: Shown) -> list[Row]:
        """From the most to the least urgent."""
        counts = self._counts(shown)
        for name, count in counts.items():
            if count > self._before.get(name, count):
                self._grew_s[name] = shown.now_s
        self._before = counts
        fresh = [name for name in counts if shown.now_s - self._grew_s.get(name, -FRESH_S) < FRESH_S]
        bad = [f"{counts[name]} {name}" for name in fresh]
        words, paint = ("! " + ", ".join(bad) + " !", "loud") if bad else ("nothing is lost", "dim")
        if shown.away:
            words, paint = shown.away, "loud"
        head: Row = (("HEALTH  ", "title"), (f" {words} ", paint))
        return [head, self._counters(counts, fresh), self._load(shown), *self._events(shown)]

    def _counts(self, shown: Shown) -> dict[str, int]:
        counters = shown.status.counters
        counts = {words: int(counters.get(name, 0)) for name, words in KNOWN.items()}
        for name, count in counters.items():
            if name not in KNOWN and name not in ("late loop ms", "sound limited") and count:
                counts[name] = int(count)
        return counts

    def _counters(self, counts: dict[str, int], fresh: list[str]) -> Row:
        pieces: list[Piece] = []
        for name, count in counts.items():
            paint = "loud" if name in fresh else "fair" if count else "dim"
            pieces += [(f"{name} {count}", paint), ("  ", "plain")]
        return tuple(pieces)

    def _load(self, shown: Shown) -> Row:
        latency_ms = float(shown.status.latency_ms)
        pieces: list[Piece] = []
        if latency_ms:
            pieces.append((f"latency {latency_ms:.0f} ms", "poor" if latency_ms > LATE_MS else "plain"))
        for name, share in sorted(shown.rig.load.items(), key=lambda each: -each[1]):
            pieces.append((f"  {name} {share * 100:.0f} %", "poor" if share > BUSY else "plain"))
        return tuple(pieces) or (("no figures yet", "dim"),)

    def _events(self, shown: Shown) -> list[Row]:
        """The newest first; the alarm that stands is in front of them."""
        rows: list[Row] = [((f"! {shown.status.alarm}", "loud"),)] if shown.status.alarm else []
        return rows + [((str(line), "dim"),) for line in reversed(tuple(shown.status.events))]
