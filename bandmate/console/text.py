"""The plain text status: one line that says where the band is, and one key for every action.

A client of the band's door in the performer's terminal; when it dies the band plays on. Knows no
musical rule: keys are rows of `controls.py`, the line is a `Status` put in words.
"""

from __future__ import annotations

import select
import shutil
import signal
import sys
import time
from types import FrameType

from bandmate import wire
from bandmate.console.keyboard import raw_keys, wait
from bandmate.errors import RigError
from bandmate.events import Command, Status
from bandmate.places import Places

KEYS = {
    " ": ("tap", "tap the count-in, or the tempo"), "\n": ("start", "the band counts in"),
    "e": ("ending", "end on one; again: now"), "s": ("stop", "stop at once"),
    "f": ("fill", "a fill"), "b": ("break", "everyone rests for a bar"),
    "n": ("next-section", "bigger section"), "p": ("previous-section", "quieter section"),
    "+": ("more", "one step more"), "-": ("less", "less; again: bass only"),
    "j": ("next-player", "the next player comes in"), "a": ("all-in", "everyone plays"),
    "l": ("lay-out", "everyone but the drums rests"), "h": ("hold", "fermata; again: count and go on"),
    "1": ("this-is-one", "this beat is the downbeat"), "]": ("beat-forward", "count one beat on"),
    "[": ("beat-back", "count one beat back"), "x": ("flip", "off-beats become beats"),
    "/": ("half-time", "half the tempo"), "*": ("double-time", "twice the tempo"),
    "t": ("tag", "last four bars twice more, then end"), "r": ("ritard", "your chords are the beat"),
    "o": ("fade", "fade out"), "v": ("vamp-out", "thin out and end"),
    "w": ("arm", "ready for a count-in"), "!": ("panic", "end every note everywhere"),
    ">": ("next-song", "the next song of the setlist"), "<": ("previous-song", "the song before"),
    "g": ("repeat", "the section again"), "u": ("vamp", "the section until the next cue"),
    "m": ("mark", "mark this bar"), "M": ("to-mark", "back to the mark"),
    "k": ("key-up", "the chart a half step up"), "K": ("key-down", "a half step down"),
    "S": ("store", "tempo, mix and sounds into the song's file"),
}  # fmt: skip
LOOK_S = 0.2
HOLD_S = 0.7  # quit needs a hold while playing
REPEAT_S = 0.6  # a key held down repeats at least this often


class TextScreen:
    """Shows the status and sends keys; `ask_demo` names the demo that the d key starts."""

    def __init__(self, where: Places, offer: str, ask_demo: str, quiet: bool = False) -> None:
        self.where, self.offer, self.ask_demo, self.quiet = where, offer, ask_demo, quiet
        self.band: wire.Wire | None = None
        self.status: Status | None = None
        self.leaving = 0  # how often Ctrl+C was pressed
        self._quit_s: list[float] = []
        self._shown = ""

    def run(self) -> int:
        """Until the band has gone home; returns the exit status."""
        signal.signal(signal.SIGINT, self._interrupt)
        with raw_keys() as keys:
            keys = keys and not self.quiet
            if self.offer:
                print(self.offer)
            while True:
                if self.band is None and not self._find_band():
                    print("\nThe band has gone home.")
                    return 0
                ends = [self.band] if self.band is not None else []
                ready, pressed = wait(ends, keys, LOOK_S)
                for end in ready:
                    for said in end.receive():
                        if isinstance(said, Status):
                            self.status = said
                    if not end.open:
                        self.band = None
                for time_s, key in pressed:
                    self._press(time_s, key)
                self._draw(keys)

    def _find_band(self) -> bool:
        """Visit the band; False when the whole rig is gone, True also while the band restarts."""
        until_s = time.perf_counter() + 8.0
        while time.perf_counter() < until_s:
            try:
                self.band = wire.connect(self.where.band)
                return True
            except RigError:
                pass
            try:
                wire.connect(self.where.supervisor).close()
            except RigError:
                return False
            select.select([], [], [], 0.05)
        return False

    # -------------------------------------------------------------- pressing

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """One Ctrl+C asks for an ending, a second stops now."""
        self.leaving += 1
        now_s = time.perf_counter()
        if self.leaving > 1:
            self._say(Command(now_s, "stop", source="screen"))
        self._say(Command(now_s, "quit", source="screen"))

    def _press(self, time_s: float, key: str) -> None:
        key = "\n" if key == "\r" else key
        if key == "q":
            self._quit(time_s)
        elif key == "?":
            self._shown = ""
            print("\n" + "\n".join(f"  {_named(k):6} {text}" for k, (_, text) in KEYS.items()))
            print("  d      the demo performer plays\n  q      quit (hold it while the band plays)")
        elif key == "d" and self.ask_demo:
            self._supervise(Command(time_s, "demo", self.ask_demo, "screen"))
        elif key in KEYS:
            self._say(Command(time_s, KEYS[key][0], source="screen"))

    def _quit(self, time_s: float) -> None:
        playing = self.status is not None and self.status.state not in ("off", "armed")
        self._quit_s = [press_s for press_s in self._quit_s if self._near(press_s, time_s)] + [time_s]
        if not playing or self._quit_s[-1] - self._quit_s[0] >= HOLD_S:
            self._quit_s = []
            self._say(Command(time_s, "quit", source="screen"))

    def _near(self, press_s: float, time_s: float) -> bool:
        return time_s - self._quit_s[-1] < REPEAT_S and time_s - press_s < 2 * HOLD_S

    def _say(self, command: Command) -> None:
        if self.band is not None:
            self.band.send(command)

    def _supervise(self, command: Command) -> None:
        try:
            end = wire.connect(self.where.supervisor)
        except RigError:
            return
        end.send(command)
        end.close()

    # -------------------------------------------------------------- showing

    def _draw(self, live: bool) -> None:
        if self.status is None or self.quiet:
            return
        line = describe(self.status) if live else self.status.state
        if line == self._shown:
            return
        self._shown = line
        if live:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\x1b[K" + line[:width])
        else:
            sys.stdout.write(describe(self.status) + "\n")
        sys.stdout.flush()


def _named(key: str) -> str:
    return {" ": "space", "\n": "enter"}.get(key, key)


def _song(status: Status) -> list[str]:
    """The song, and where in it the band is; between songs what the performer must know."""
    if not status.entry:
        return []
    named = f"{status.entry} {status.song}"
    if status.state in ("off", "armed"):
        return [named, *(word for word in (status.key, status.first_chord) if word)]
    return [named, f"{status.section_name} ({status.bars_left})"]


def describe(status: Status) -> str:
    """A status in one line: `112 bpm  17.3  Am7  swing  drums bass`."""
    words = [status.pause.upper() or status.state.upper()]
    if status.alarm:
        words.append(f"! {status.alarm} !")
    words.append(f"{status.bpm:.0f} bpm")
    if status.state not in ("off", "armed"):
        words.append(f"{status.bar}.{status.pulse}")
        words.append(status.chord or "-")
        words += [f"> {status.next_chord}"] if status.next_chord else []
    elif status.state == "armed":
        words.append("tap the tempo with space, or enter: the band counts in")
    if status.figure:
        words.append(f"<{status.figure}>")
    words += _song(status)
    words.append(status.style)
    words.append(" ".join(part if how == "on" else f"({part})" for part, how in status.parts.items()))
    return "  ".join(words)
