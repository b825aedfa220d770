"""The console: a Textual app that shows the band's snapshots and sends it commands. It does not think.

Runs in the performer's terminal, in a process of its own; any number of them, none needed: killed, the
band plays on. Frames come at most 20 times a second, the newest wins; where the terminal is slow a
frame is left out, a command never. Keys are stamped when they were pressed, not when they were read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.message import Message

from bandmate import controls
from bandmate import patch as patches
from bandmate.console.band_screen import BandScreen
from bandmate.console.finder import Finder
from bandmate.console.keylist import KeyList
from bandmate.console.keymap import Deed
from bandmate.console.link import GONE, Link
from bandmate.console.played import Played
from bandmate.console.screens import SCREENS
from bandmate.console.shown import Shown
from bandmate.console.stylelist import StyleList
from bandmate.controls import Value
from bandmate.events import Command, Status

FRAMES_HZ = 20.0
UNWRITTEN_MOST = 2  # chunks that the terminal hasn't taken yet: more, and a frame is left out
MESSAGE_S = 6.0
HOLD_S, AGAIN_S = 0.7, 1.5  # end: held so long (keys repeat), or pressed again within
NO_HOLD = (-AGAIN_S, -AGAIN_S, False)  # the first and the last press of a hold, and whether it has been heard
ECHO_S = 0.1  # a snapshot so much later than a command knows of it


class Console(App[str]):
    """The screens, the keys, and the way to the band."""

    CSS_PATH = Path(__file__).with_name("console.tcss")
    TITLE = "bandmate"
    COMMANDS: ClassVar[set[Any]] = {Finder}
    BINDINGS: ClassVar[list[Any]] = [Binding("ctrl+c", "interrupt", show=False, priority=True)]
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, link: Link, keys: Mapping[str, Deed], ask_demo: str = "", message: str = "") -> None:
        super().__init__()
        self.link, self.keys, self.ask_demo = link, keys, ask_demo
        self.styles_listed = patches.names("styles")
        self.shown, self.played = Shown(message=message), Played()
        self.locked = self.met = False  # met: a snapshot has come
        self.place = ""
        self.left_out = 0  # frames that the terminal was too slow for
        self._said, self._said_until_s = message, time.perf_counter() + 4 * MESSAGE_S
        self._hold = NO_HOLD
        self._asked: dict[str, tuple[float, float]] = {}  # by parameter: its new value, and when
        self._interrupts = 0

    def on_mount(self) -> None:
        """Stage in front, the link open, frames from now on."""
        for row in SCREENS:
            module = import_module(f"bandmate.console.{row.module}")
            self.install_screen(getattr(module, row.made_by)(name=row.name), row.name)
        self.push_screen(SCREENS[0].name)
        self.link.start()
        self.set_interval(1 / FRAMES_HZ, self.frame)

    def on_unmount(self) -> None:
        """Hang up; the band plays on."""
        self.link.stop()

    # -------------------------------------------------------------- frames

    def frame(self) -> None:
        """Show the newest snapshot, unless the terminal hasn't taken the frames before."""
        if self.link.gone:
            self.exit(GONE)
            return
        if not self.screen_stack:
            return  # it is being closed
        status, notes = self.link.take()
        self.met = status is not None
        self.played.gather(notes)
        front = next((each for each in reversed(self.screen_stack) if isinstance(each, BandScreen)), None)
        now_s = time.perf_counter()
        self.shown = Shown(
            status or Status(0.0, "off"), now_s, self._away(), self._message(now_s),
            self.locked, self.place, str(front.name) if front is not None else "",
            self.link.rig,
        )  # fmt: skip
        if self._behind():
            self.left_out += 1
        elif front is not None and front.ready:
            front.show(self.shown)

    def _behind(self) -> bool:
        """Whether what was drawn before still waits for the terminal."""
        queue = getattr(getattr(self._driver, "_writer_thread", None), "_queue", None)
        return queue is not None and queue.qsize() > UNWRITTEN_MOST

    def _away(self) -> str:
        away_s = self.link.away_s()
        return f"NOT CONNECTED: looking for the band ({away_s:.0f} s)" if away_s > 0 else ""

    def say(self, text: str, seconds: float = MESSAGE_S) -> None:
        """A word in the bottom line."""
        self._said, self._said_until_s = text, time.perf_counter() + seconds

    def _message(self, now_s: float) -> str:
        return self._said if now_s < self._said_until_s else ""

    # -------------------------------------------------------------- keys and what they do

    def press(self, event: events.Key) -> bool:
        """Do what a key stands for; False where it stands for nothing."""
        deed = self.deed_of(event)
        if deed is None:
            return False
        self.do(deed, time.perf_counter() - (Message().time - event.time))
        return True

    def deed_of(self, event: events.Key) -> Deed | None:
        """What a key stands for; signs are named by themselves, others as Textual names them."""
        sign = event.character if event.is_printable and event.character != " " else None
        return self.keys.get(event.key if sign is None or "+" in event.key[:-1] else sign)

    def do(self, deed: Deed, time_s: float | None = None) -> None:
        """One deed, at the time it was asked for; the stage lock keeps most of them out."""
        when_s = time.perf_counter() if time_s is None else time_s
        if not deed.through_lock and self.kept_out():
            return
        if deed.kind in ("action", "param"):
            self.steer(deed.name, deed.value, when_s, self.place)
        elif deed.kind == "step":
            self.do_step(deed.name, float(deed.value or 0), when_s)
        elif deed.kind == "style":
            self.to_style(int(float(deed.value or 1)), when_s)
        elif deed.kind == "screen":
            self.to_screen(deed.name)
        elif deed.kind in ("mute", "solo"):
            self.toggle(f"part/{deed.name}/{deed.kind}", when_s)
        elif deed.kind == "own" and deed.name != "nothing":
            getattr(self, f"own_{deed.name.replace('-', '_')}")(when_s)

    def kept_out(self) -> bool:
        """Whether the stage is locked; says so."""
        if self.locked:
            self.say("LOCKED: ctrl+l unlocks; taps and panic go through")
        return self.locked

    def steer(
        self, name: str, value: Value | None = None, time_s: float | None = None, place: str = ""
    ) -> bool:
        """Send a row of `controls.py` to the band, to its place; False where the stage lock keeps it."""
        if name not in ("tap", "panic") and self.kept_out():
            return False
        when_s = time.perf_counter() if time_s is None else time_s
        self.link.send(Command(when_s, name, value, "screen", place))
        if isinstance(value, int | float):
            self._asked[name] = float(value), time.perf_counter()
        return True

    def value_of(self, name: str) -> float:
        """A number as it stands, or as it was asked for since the snapshot."""
        if name in self._asked:
            asked, asked_s = self._asked[name]
            if self.shown.status.time_s < asked_s + ECHO_S:
                return asked
            del self._asked[name]
        row = controls.BY_NAME.get(name)
        return float(self.shown.status.params.get(name, 0.0 if row is None else row.default))

    def toggle(self, name: str, time_s: float) -> None:
        """A switch of the table, the other way round."""
        self.steer(name, 0.0 if self.value_of(name) >= 0.5 else 1.0, time_s, self.place)

    def do_step(self, name: str, step: float, time_s: float | None = None) -> None:
        """Turn a parameter by a step from where it stands."""
        row = controls.BY_NAME[name]
        after = round(min(row.high, max(row.low, self.value_of(name) + step)), 3)
        if self.steer(name, after, time_s):
            self.say(f"{name} {after:g}")

    def to_style(self, number: int, time_s: float | None = None) -> None:
        """A style by its number in the list."""
        if not 1 <= number <= len(self.styles_listed):
            self.say(f"there is no style {number}; there are 1 to {len(self.styles_listed)}")
            return
        self.steer("style", self.styles_listed[number - 1], time_s, self.place)

    # -------------------------------------------------------------- deeds of the console's own

    def to_screen(self, name: str) -> None:
        """Bring a screen to the front."""
        while not isinstance(self.screen, BandScreen):
            self.pop_screen()
        if self.screen.name != name:
            self.switch_screen(name)

    def own_help(self, time_s: float) -> None:
        """All keys, over the screen."""
        self.push_screen(KeyList())

    def own_styles(self, time_s: float) -> None:
        """The styles by number."""
        self.push_screen(StyleList())

    def own_palette(self, time_s: float) -> None:
        """Find anything by its name."""
        self.action_command_palette()

    def own_next_screen(self, time_s: float) -> None:
        """The next screen of the table."""
        self._turn(1)

    def own_previous_screen(self, time_s: float) -> None:
        """The screen before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        names = [row.name for row in SCREENS]
        self.to_screen(names[(names.index(str(self.screen.name)) + step) % len(names)])

    def own_place(self, time_s: float) -> None:
        """Where the next cues land: where their rows say, or on the place that is chosen here."""
        choices = ("", *controls.PLACES)
        self.place = choices[(choices.index(self.place) + 1) % len(choices)]
        self.say(
            f"cues land on the next {self.place}"
            if self.place not in ("", "now")
            else "cues land now"
            if self.place
            else "cues land where they always do"
        )

    def own_lock(self, time_s: float) -> None:
        """The stage lock, on and off."""
        self.locked = not self.locked
        self.say("LOCKED against stray keys; ctrl+l unlocks" if self.locked else "unlocked")

    def own_demo(self, time_s: float) -> None:
        """The demo performer, where one may play: never into somebody's music."""
        if not self.shown.idle:
            self.say("the demo performer plays only where nothing sounds")
        elif self.ask_demo:
            self.link.supervise(Command(time_s, "demo", self.ask_demo, "screen"))

    def own_leave(self, time_s: float) -> None:
        """Close this screen; the band plays on."""
        self.exit("The band plays on; `bandmate console` comes back to it.")

    def own_end(self, time_s: float) -> None:
        """The band ends and goes home: at once where nothing sounds, else after a hold; a long one is one."""
        first_s, last_s, heard = self._hold
        if time_s - last_s >= AGAIN_S:
            first_s, heard = time_s, False
        ready = (self.met and self.shown.idle) or time_s - first_s >= HOLD_S
        self._hold = first_s, time_s, heard or ready
        if ready and not heard:
            self.link.send(Command(time_s, "quit", source="screen"))
        elif not heard:
            self.say("end the band? hold the key, or press it again a second later", AGAIN_S)

    async def action_quit(self) -> None:
        """Textual's own way out is ours."""
        self.do(Deed("own", "leave"))

    def action_key(self, key: str) -> None:
        """What a key would do, by a click in the list of keys."""
        self.do(self.keys[key])

    def action_interrupt(self) -> None:
        """One Ctrl+C asks for an ending, a second stops now; none where the stage is locked."""
        if self.kept_out():
            return
        self._interrupts += 1
        now_s = time.perf_counter()
        if self._interrupts > 1:
            self.link.send(Command(now_s, "stop", source="screen"))
        self.link.send(Command(now_s, "quit", source="screen"))
