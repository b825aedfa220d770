"""A terminal for the bench: a console in a pseudo terminal, keys typed into it, and what it cost.

Runs in a process of the crowd's. It draws nothing: bytes are read as fast as they come and counted.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ASKED, ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"  # whether updates come in one piece: they do
UPDATE = b"\x1b[?2026h"  # with which each of them begins
CHUNK = 1 << 16


class Terminal:
    """A console of a rig in a terminal of so many columns and rows."""

    def __init__(self, rig: str, columns: int, rows: int) -> None:
        self.rig, self.size = rig, (columns, rows)
        self.updates = self.bytes = 0
        self.typed_s: list[float] = []
        self._tail = b""

    def open(self) -> Terminal:
        """Open the terminal and the console in it. POSIX only."""
        import fcntl
        import pty
        import termios

        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", self.size[1], self.size[0], 0, 0))
        words = [sys.executable, "-m", "bandmate", "console", "--rig", self.rig]
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.console = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        return self

    def close(self) -> None:
        """Kill the console, as a closed lid would."""
        self.console.kill()
        self.console.wait()
        os.close(self.ours)

    def type(self, keys: str) -> None:
        """Keys, as a keyboard sends them."""
        os.write(self.ours, keys.encode())

    def drain(self, seconds: float, until: Any = None) -> bool:
        """Read what the console draws, for so long or until somebody speaks at `until`; True: they did."""
        end_s = time.perf_counter() + seconds
        ends = [self.ours] if until is None else [self.ours, until]
        while (left_s := end_s - time.perf_counter()) > 0:
            ready, _, _ = select.select(ends, [], [], left_s)
            if self.ours in ready:
                self._read()
            if until in ready:
                return True
        return False

    def _read(self) -> None:
        try:
            said = os.read(self.ours, CHUNK)
        except OSError:  # the console is gone
            return
        if ASKED in said:
            os.write(self.ours, ANSWER)
        self.bytes += len(said)
        joined = self._tail + said
        self.updates += joined.count(UPDATE)
        self._tail = joined[-len(UPDATE) + 1 :]


def work_s(pid: int) -> float | None:
    """The processor time of a process; None where nobody tells."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(words[11]) + int(words[12])) / float(os.sysconf("SC_CLK_TCK"))
