"""The take writer: records the band's inbox, and saves its state, without ever blocking the band.

`put` and `save` only append to a queue; one thread of the band process writes, flushes twice a
second, and reports a full disk once as a sentence for the alarm line. State is written to a
temporary file first, so a good state is never half overwritten.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from bandmate.events import Event
from bandmate.places import write_whole
from bandmate.show.take import Header, event_line, header_line

FLUSH_S = 0.5
QUEUE_MOST = 100_000


class TakeWriter:
    """Writes `take` and `state` files; `report` gets one sentence when the disk refuses."""

    def __init__(self, take: Path, state: Path, report: Callable[[str], None]) -> None:
        self.take, self.state, self.report = take, state, report
        self.dropped = 0
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._thread = Thread(target=self._run, name="take writer", daemon=True)
        self._failed = False
        self._file: TextIO | None = None

    def open(self, header: Header) -> None:
        """Start the thread; the header is its first line."""
        self._queue.put(("line", header_line(header)))
        self._thread.start()

    def put(self, step: int, event: Event) -> None:
        """Record one event; never waits."""
        if self._queue.qsize() > QUEUE_MOST:
            self.dropped += 1
            return
        self._queue.put(("event", (step, event)))

    def save(self, state: dict[str, Any]) -> None:
        """Save the band's state; never waits."""
        self._queue.put(("state", state))

    def close(self, end_s: float) -> None:
        """Write what waits and the end line, within two seconds."""
        self._queue.put(("line", json.dumps({"end_s": end_s})))
        self._queue.put(("close", None))
        self._thread.join(2.0)

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = self._batch()
            open_ = all(kind != "close" for kind, _ in batch)
            try:
                self._write(batch)
                self._failed = False
            except OSError as error:
                self._forget_file()
                if not self._failed:
                    where = error.filename or self.take
                    self.report(
                        f"the take cannot be written ({error.strerror}: {where}); free some disk space"
                    )
                self._failed = True
        self._forget_file()

    def _batch(self) -> list[tuple[str, Any]]:
        """Everything that has come, at least twice a second."""
        found: list[tuple[str, Any]] = []
        try:
            found.append(self._queue.get(timeout=FLUSH_S))
            while True:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            return found

    def _write(self, batch: list[tuple[str, Any]]) -> None:
        lines: list[str] = []
        state: dict[str, Any] | None = None
        for kind, value in batch:
            if kind == "line":
                lines.append(value)
            elif kind == "event":
                lines.append(event_line(*value))
            elif kind == "state":
                state = value
        if lines:
            if self._file is None:
                self._file = self.take.open("a", encoding="utf-8")
            self._file.write("\n".join(lines) + "\n")
            self._file.flush()
        if state is not None:
            write_whole(self.state, json.dumps(state))

    def _forget_file(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                self._failed = True
            self._file = None
