"""What a running band hears, as one line of text: `bandmate listen --live`.

Another client of the band's door, in a process of its own; it only watches. In a terminal the line is
renewed in place, in a pipe a line comes every second. Knows no musical rule.
"""

from __future__ import annotations

import select
import shutil
import sys
import time

from bandmate import wire
from bandmate.console.shown import chord_word
from bandmate.errors import RigError
from bandmate.events import Status
from bandmate.places import Places

LOOK_S = 0.2
PIPED_S = 1.0  # between two lines where nobody looks at a terminal
PATIENCE_S = 8.0  # a band that died is back after so long
UNHEARD = "-"


class HearingScreen:
    """Shows what the listener of a rig hears, until the rig has gone home."""

    def __init__(self, where: Places) -> None:
        self.where = where
        self.band: wire.Wire | None = None
        self._shown_s = -PIPED_S

    def run(self) -> int:
        """Watch; returns the exit status. Raises RigError where no rig is running."""
        self.band = self._visit(0.0)
        if self.band is None:
            raise RigError(f"no rig {self.where.rig!r} is running; `bandmate` starts one")
        live = sys.stdout.isatty()
        while self.band is not None:
            select.select([self.band], [], [], LOOK_S)
            said = [each for each in self.band.receive() if isinstance(each, Status)]
            if said:
                self._show(said[-1], live)
            if not self.band.open:
                self.band.close()
                self.band = self._visit(PATIENCE_S)
        print(("\n" if live else "") + "The band has gone home.")
        return 0

    def _visit(self, patience_s: float) -> wire.Wire | None:
        """The band's door; waited for while the rig that keeps it is there."""
        until_s = time.perf_counter() + patience_s
        while True:
            try:
                return wire.connect(self.where.band)
            except RigError:
                pass
            try:
                wire.connect(self.where.supervisor).close()
            except RigError:
                return None
            if time.perf_counter() >= until_s:
                return None
            select.select([], [], [], LOOK_S)

    def _show(self, status: Status, live: bool) -> None:
        now_s = time.perf_counter()
        if live:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\x1b[K" + describe(status)[:width])
        elif now_s - self._shown_s >= PIPED_S:
            self._shown_s = now_s
            sys.stdout.write(describe(status) + "\n")
        sys.stdout.flush()


def describe(status: Status) -> str:
    """What is heard, in one line: `locked 0.93  104.2 bpm  17.3  Am7 -> D7  G major  midi`."""
    running = status.state in ("counting", "playing", "ending", "holding")
    chord = chord_word(status) or UNHEARD
    if status.next_chord:
        chord += f" -> {status.next_chord}"
    words = [
        f"{status.tracker} {status.confidence:.2f}",
        f"{status.heard_bpm:.1f} bpm" if status.heard_bpm else f"{UNHEARD} bpm",
        f"{status.bar}.{status.pulse}" if running else UNHEARD,
        chord,
        status.key or "no key yet",
        status.source,
    ]
    return "  ".join(word for word in words if word)
