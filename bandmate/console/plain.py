"""The band without a screen: a line for each change, in a pipe, a log, or a terminal that shows no console.

A client of the band's door like any other; keys do nothing here but Ctrl+C: one asks for an ending, a
second stops now. Must not import textual.
"""

from __future__ import annotations

import select
import signal
import sys
import time
from types import FrameType

from bandmate.console.link import GONE, LOOK_S, Link
from bandmate.console.shown import plain_line, section_words, song_words
from bandmate.events import Command, Status


class PlainWatch:
    """Says how the band is until it has gone home; quiet, it only waits."""

    def __init__(self, link: Link, quiet: bool = False) -> None:
        self.link, self.quiet = link, quiet
        self.leaving = 0  # how often Ctrl+C was pressed
        self._said = ""

    def run(self) -> int:
        """Until the band has gone home; returns the exit status."""
        signal.signal(signal.SIGINT, self._interrupt)
        self.link.start()
        while not self.link.gone:
            status, _ = self.link.take()
            if status is not None and not self.quiet:
                self._say(status)
            select.select([], [], [], LOOK_S)
        self.link.stop()
        print(GONE)
        return 0

    def _say(self, status: Status) -> None:
        """A line when the state, the song, the section or the alarm is another."""
        mark = f"{status.state} {status.song} {section_words(status)} {status.alarm}"
        if mark != self._said:
            self._said = mark
            sys.stdout.write(describe(status) + "\n")
            sys.stdout.flush()

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """One Ctrl+C asks for an ending, a second stops now."""
        self.leaving += 1
        now_s = time.perf_counter()
        if self.leaving > 1:
            self.link.send(Command(now_s, "stop", source="screen"))
        self.link.send(Command(now_s, "quit", source="screen"))


def describe(status: Status) -> str:
    """A status in one line: `PLAYING  112 bpm  17.3  Am7 → D7  Solos (4)  swing  drums bass`."""
    words = [status.pause.upper() or status.state.upper(), plain_line(status)]
    if status.alarm:
        words.append(f"! {status.alarm} !")
    if status.figure:
        words.append(f"<{status.figure}>")
    if status.trade:
        words.append(f"trade: {status.trade}")
    if status.entry:
        words += [song_words(status), f"{section_words(status)} ({status.bars_left})"]
    words.append(status.style)
    words.append(" ".join(part if how == "on" else f"({part})" for part, how in status.parts.items()))
    return "  ".join(words)
