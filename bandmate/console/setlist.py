"""Setlist: the evening's lines, the one that plays, what comes, and the way to any other.

Screen process only. What the lines say is the supervisor's word (`RigReady.setlist`), where we are the
band's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding
from textual.widget import Widget

from bandmate.console.band_screen import BandScreen
from bandmate.console.panel import Panel, Row
from bandmate.console.shown import Shown, section_words
from bandmate.timing import clock

KEYS = "↑↓ choose  → go there (while a song plays, it ends first: press twice)  > next  < previous"
AGAIN_S = 2.0
WIDE, MOST = 110, 130  # columns from which titles have more room; and those that an eye can follow


class Lines(Panel):
    """The lines of the setlist, and what is to be known of the one that is due."""

    can_focus = True
    rate_hz: ClassVar[float] = 5.0
    BINDINGS: ClassVar[list[Any]] = [
        Binding("up", "choose(-1)"), Binding("down", "choose(1)"), Binding("right", "go"),
    ]  # fmt: skip

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.chosen: int | None = None  # None: the line that is due
        self._asked: tuple[int, float] = -1, 0.0

    def rows(self, shown: Shown) -> list[Row]:
        """Heading, as many lines around the chosen one as fit, and the song itself below."""
        listed, status = shown.rig.setlist, shown.status
        if not listed:
            return [(("There is no setlist: `bandmate jam --setlist NAME` opens one.", "plain"),)]
        total_s, gone_s = sum(row[3] for row in listed), sum(row[3] for row in listed[: status.place])
        head = f"{status.setlist}  {len(listed)} lines, {clock(total_s)}; {clock(total_s - gone_s)} to go"
        room = max(1, self.size.height - 7)
        chosen = status.place if self.chosen is None else self.chosen
        first = min(max(0, chosen - room // 2), max(0, len(listed) - room))
        found: list[Row] = [((head, "title"),), ()]
        found += [self._line(shown, number) for number in range(first, min(len(listed), first + room))]
        return [*found, (), *self._below(shown), ((KEYS, "dim"),)]

    def _line(self, shown: Shown, number: int) -> Row:
        title, what, energy, seconds = shown.rig.setlist[number]
        due = number == shown.status.place
        chosen = number == (shown.status.place if self.chosen is None else self.chosen)
        gone = number < shown.status.place
        name = 28 if self.size.width >= WIDE else 20
        words = f"{number + 1:3} {title:{name}.{name}} "
        room = min(self.size.width, MOST) - len(words) - 2 - len(energy) - 9
        paint = "title" if due else "dim" if gone else "bright" if chosen else "plain"
        return (
            ("▶ " if due else "▸ " if chosen else "  ", "pick"), (words, paint),
            (f"{what:{max(0, room)}.{max(0, room)}} ", "dim" if gone else "plain"),
            (energy, "good" if not gone else "dim"), (f" {clock(seconds):>6}", "dim"),
        )  # fmt: skip

    def _below(self, shown: Shown) -> list[Row]:
        """The line that is due, in the band's own words."""
        status = shown.status
        now = [status.song, status.pause.upper(), section_words(status) if not shown.idle else "", status.key]
        then = [f"next: {status.next_song}" if status.next_song else "the last one", status.note]
        return [
            (("now   ", "dim"), ("  ".join(word for word in now if word), "bright")),
            (("", "dim"), ("  ".join(word for word in then if word), "plain")),
        ]

    # -------------------------------------------------------------- keys and mouse

    def _go_to(self, number: int) -> None:
        listed, shown = self.shown.rig.setlist, self.shown
        if not listed or number == shown.status.place:
            return
        before, asked_s = self._asked
        self._asked = number, shown.now_s
        if not shown.idle and (before != number or shown.now_s - asked_s > AGAIN_S):
            self.console.say(f"press again: this song ends, then comes {listed[number][0]}", AGAIN_S)
            return
        self.console.steer("song", str(number + 1))
        self.chosen = None

    def action_choose(self, step: int) -> None:
        """Another line."""
        count = len(self.shown.rig.setlist)
        if count:
            before = self.shown.status.place if self.chosen is None else self.chosen
            self.chosen = min(count - 1, max(0, before + step))
            self.show(self.shown, at_once=True)

    def action_go(self) -> None:
        """To the chosen line."""
        if self.chosen is not None:
            self._go_to(self.chosen)

    def on_click(self, event: events.Click) -> None:
        """A click chooses a line, another one goes there."""
        room = max(1, self.size.height - 7)
        count = len(self.shown.rig.setlist)
        before = self.shown.status.place if self.chosen is None else self.chosen
        number = min(max(0, before - room // 2), max(0, count - room)) + event.y - 2
        if not 0 <= number < count or not 2 <= event.y < 2 + room:
            return
        if number == self.chosen:
            self._go_to(number)
        else:
            self.chosen = number
        self.show(self.shown, at_once=True)


class SetlistScreen(BandScreen):
    """The evening."""

    def body(self) -> Iterable[Widget]:
        """All of it."""
        yield Lines(id="lines")
