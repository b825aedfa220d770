"""The take writer: records the band's inbox, and saves its state, without ever blocking the band.

`put` and `save` only append to a queue; one thread of the band process writes and flushes what has
come, and leaves one sentence about a full disk in `troubles`, for the alarm line. What is lost is
counted; once the disk takes lines again, the take goes on after its last whole one. State is written
to a temporary file first, so a good state is never half overwritten.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from bandmate.errors import BandmateError
from bandmate.events import Event, Store, StoreMap
from bandmate.maps import forget, read_rows, remember
from bandmate.places import write_whole
from bandmate.setlist import store_in_song
from bandmate.show.take import Header, event_line, header_line

FLUSH_S = 0.5
QUEUE_MOST = 100_000


class TakeWriter:
    """Writes `take` and `state` files; `troubles` gets one sentence when the disk refuses.

    `maps` is the folder of what the performer teaches.
    """

    def __init__(self, take: Path, state: Path, maps: Path | None = None) -> None:
        self.take, self.state, self.maps = take, state, maps
        self.troubles: deque[str] = deque()  # the band takes them away, from the left
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._thread = Thread(target=self._run, name="take writer", daemon=True)
        self._refused = self._lost = 0  # lines: by a full queue (band), by a full disk (writer)
        self._failing: set[Path] = set()  # what the disk refuses at present
        self._file: TextIO | None = None
        self._whole_bytes = 0  # how much of the take is whole lines

    @property
    def dropped(self) -> int:
        """Lines that are not in the take: the queue was full, or the disk."""
        return self._refused + self._lost

    def open(self, header: Header) -> None:
        """Start the thread; the header is its first line."""
        self._queue.put(("line", header_line(header)))
        self._thread.start()

    def put(self, step: int, event: Event) -> None:
        """Record one event; never waits."""
        if self._queue.qsize() >= QUEUE_MOST:
            self._refused += 1
            return
        self._queue.put(("event", (step, event)))

    def save(self, state: dict[str, Any]) -> None:
        """Save the band's state; never waits."""
        self._queue.put(("state", state))

    def store(self, store: Store | StoreMap) -> None:
        """Write values into a song's file, or a row into a map, because the performer asked; never waits."""
        self._queue.put(("store", store))

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
            self._write(batch)
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
            elif kind == "store":
                self._store(value)
        if lines and not self._tried(self.take, self._append, lines):
            self._lost += len(lines)
            self._forget_file()
        if state is not None:
            self._tried(self.state, write_whole, self.state, json.dumps(state))

    def _store(self, store: Store | StoreMap) -> None:
        """A song's file with other values for some keys, and all else as it was; or a device's map."""
        try:
            if isinstance(store, Store):
                store_in_song(store)
            elif self.maps is not None and store.forget:
                forget(self.maps, store.forget)
            elif self.maps is not None:
                remember(self.maps, store.device, *read_rows([store.row], "map", self.maps))
        except BandmateError as error:
            self._complain(str(error))
        except OSError as error:
            self._complain(f"the map cannot be written ({error.strerror}: {error.filename or self.maps})")

    def _tried(self, path: Path, write: Callable[..., None], *what: Any) -> bool:
        """Write; the first refusal is one sentence, and no other is said while it lasts."""
        try:
            write(*what)
        except OSError as error:
            if not self._failing:
                name = "take" if path == self.take else "state"
                where = f"{error.strerror}: {error.filename or path}"
                self._complain(f"the {name} cannot be written ({where}); free some disk space")
            self._failing.add(path)
            return False
        self._failing.discard(path)
        return True

    def _complain(self, text: str) -> None:
        self.troubles.append(text)

    def _append(self, lines: list[str]) -> None:
        if self._file is None:
            if self.take.exists() and self.take.stat().st_size > self._whole_bytes > 0:
                os.truncate(self.take, self._whole_bytes)  # a full disk tore a line
            self._file = self.take.open("a", encoding="utf-8")
        self._file.write("\n".join(lines) + "\n")
        self._file.flush()
        self._whole_bytes = self._file.tell()

    def _forget_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk refuses once more
                self._file.close()
            self._file = None
