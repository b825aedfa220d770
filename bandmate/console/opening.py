"""Opening a console: the Textual one where the terminal can show it, else a line for each change.

Textual is imported here only, inside the function that runs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from bandmate.console.keymap import Deed
from bandmate.console.link import BandLink
from bandmate.console.plain import PlainWatch
from bandmate.places import Places

INSTEAD = "here is a line for each change. `bandmate send` steers, Ctrl+C asks for an ending."


def no_console() -> str:
    """Why this terminal can't show the console; empty where it can (a browser's can)."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):  # it draws on stderr
        return "no terminal"
    term = os.environ.get("TERM", "" if sys.platform != "win32" else "windows")
    return f"the terminal TERM={term or 'unset'} has no screen" if term in ("", "dumb", "unknown") else ""


def open_console(where: Places, keys: Mapping[str, Deed], ask_demo: str, message: str = "") -> int:
    """Show the band until it has gone home, or the performer closes the console; the exit status."""
    reason = no_console()
    if not reason:
        try:
            from bandmate.console.app import Console
        except ImportError as error:
            reason = f"textual cannot be loaded ({error})"
    if reason:
        print(f"No console ({reason}): {INSTEAD}", flush=True)
        if message:
            print(message, flush=True)
        return PlainWatch(BandLink(where)).run()
    app = Console(BandLink(where), keys, ask_demo, message)
    said = app.run()
    if said:
        print(said)
        return 0
    return app.return_code or 0


def wait_quietly(where: Places) -> int:
    """No screen was asked for: wait until the band has gone home."""
    return PlainWatch(BandLink(where), quiet=True).run()
