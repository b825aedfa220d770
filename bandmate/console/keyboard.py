"""Single key presses from a terminal, with their time, on POSIX and Windows. Screen process only."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

POLL_S = 0.02


@contextmanager
def raw_keys() -> Iterator[bool]:
    """Keys come one by one and unseen while this holds; yields False where there is no terminal."""
    if not sys.stdin.isatty():
        yield False
        return
    if sys.platform == "win32":
        yield True
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def wait(ends: Sequence[Any], keys: bool, timeout_s: float) -> tuple[list[Any], list[tuple[float, str]]]:
    """Sleep until a socket or a key speaks: the sockets that do, and the keys with their time."""
    if sys.platform == "win32":
        return _wait_windows(ends, keys, timeout_s)
    watched = [*ends, sys.stdin] if keys else list(ends)
    ready, _, _ = select.select(watched, [], [], timeout_s)
    pressed: list[tuple[float, str]] = []
    if sys.stdin in ready:
        ready.remove(sys.stdin)
        now_s = time.perf_counter()
        pressed += [(now_s, key) for key in os.read(sys.stdin.fileno(), 64).decode(errors="ignore")]
    return ready, pressed


def _wait_windows(
    ends: Sequence[Any], keys: bool, timeout_s: float
) -> tuple[list[Any], list[tuple[float, str]]]:
    import msvcrt

    until_s = time.perf_counter() + timeout_s
    pressed: list[tuple[float, str]] = []
    while True:
        ready = select.select(list(ends), [], [], POLL_S)[0] if ends else []
        kbhit, getwch = getattr(msvcrt, "kbhit"), getattr(msvcrt, "getwch")  # noqa: B009 (unknown to Linux's stubs)
        while keys and kbhit():
            pressed.append((time.perf_counter(), getwch()))
        if ready or pressed or time.perf_counter() >= until_s:
            return ready, pressed
