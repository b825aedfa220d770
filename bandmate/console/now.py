"""Now: the beat, big and pulsing; tempo, how sure it is heard, how far it follows, home and its leash."""

from __future__ import annotations

from typing import ClassVar

from bandmate.console.bigtext import drawn
from bandmate.console.panel import Panel, Piece, Row, gauge
from bandmate.console.shown import Shown, clock_words, section_words, song_words
from bandmate.timing import Meter

BIG = 24  # cells for `17.3`


class Now(Panel):
    """Where the music is, and by whom it is moved; twenty times a second."""

    rate_hz: ClassVar[float] = 20.0

    def rows(self, shown: Shown) -> list[Row]:
        """The big beat with the pulses beside it, then the tempo, then the place in song and evening."""
        status = shown.status
        head: Row = (("NOW  ", "title"), (status.state.upper(), "pick"), (f"  {status.meter}", "plain"))
        word = status.state.upper() if shown.idle else f"{status.bar}.{status.pulse}"
        paint = "bright" if status.pulse == 1 and not shown.idle else "plain"
        times = max(1, min(2, (self.size.height - 3) // 4, self.size.width // (2 * BIG)))
        self._big = (BIG if len(word) <= 4 else BIG + BIG // 4) * times
        beside = self._beside(shown)
        big = [
            ((line.ljust(self._big), paint), *(beside[number] if number < len(beside) else ()))
            for number, line in enumerate(drawn(word, times))
        ]
        return [head, *big, self._home(shown), self._place(shown)]

    def _beside(self, shown: Shown) -> list[Row]:
        """Four rows: the pulses of the bar, the tempo, how sure it is, how far it follows."""
        status = shown.status
        room = max(3, self.size.width - self._big - 12)
        follow = float(status.params.get("follow", 0.0))
        pulses = " ".join(
            "●" if number == status.pulse and not shown.idle else "○"
            for number in range(1, Meter.parse(status.meter).pulses + 1)
        )
        sure = "good" if status.confidence >= 0.6 else "fair" if status.confidence >= 0.3 else "poor"
        heard = f" you {status.heard_bpm:.1f}" if status.heard_bpm else ""
        return [
            ((pulses, "bright" if status.pulse == 1 else "pick"),),
            ((f"{status.bpm:.1f}{' bpm' if room > 6 else ''}", "bright"), (heard, "plain")),
            ((f"sure   {gauge(status.confidence, room)} ", "plain"), (f"{status.confidence:.2f}", sure)),
            ((f"follow {gauge(follow, room)} {follow:.2f}", "plain"),),
        ]

    def _home(self, shown: Shown) -> Row:
        status, leash = shown.status, shown.status.leash
        pieces: list[Piece] = [(f"home {status.home_bpm:.1f}", "plain")]
        pieces.append((f" ± {leash * 100:.0f} %" if leash else ", no leash", "plain"))
        pieces.append((f"  {status.tracker}", "dim"))
        if status.source:
            pieces.append((f" by {status.source}", "dim"))
        return tuple(pieces)

    def _place(self, shown: Shown) -> Row:
        words = [song_words(shown.status), "" if shown.idle else section_words(shown.status)]
        since_s = float(shown.status.set_s)
        return (
            ("  ".join(word for word in words if word), "title"),
            (f"  set {clock_words(since_s)}" if since_s else "", "dim"),
        )
