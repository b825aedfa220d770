"""What every screen of the console has in common.

A screen is one file with one class, and one line in `screens.SCREENS`. The contract of a `BandScreen`:

- `body()` yields its widgets; the plain line stands above them and the hint below, on every screen.
- `show(shown)` is called at most 20 times a second while it is the one in front, and once, with
  `at_once`, when it comes to the front. Without a word of its own it hands the frame to each of its
  `Panel`s, each at its own rate. A screen of standard widgets (a DataTable, a RichLog) overrides
  `show`, calls `super().show(shown, at_once)`, and touches a widget only where something changed.
- It steers by `self.console.steer(name, value)`: a row of `controls.py`, through the stage lock.
  Deeds of the console (`mute drums`) go by `self.console.do(deed("mute drums"))`.
- Keys that it wants for itself (arrows, enter on a table) are Textual BINDINGS of its widgets: a
  focused widget has its keys first. Everything else is the key map's.
- Colours come from `console.tcss`; what belongs to one screen stands in a `.tcss` of its name
  (`CSS_PATH = "mixer.tcss"`).

Screen process only; imports nothing of listening, model or parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from bandmate.console.hint import Hint
from bandmate.console.line import Line
from bandmate.console.panel import Panel
from bandmate.console.shown import Shown

if TYPE_CHECKING:
    from bandmate.console.app import Console


class BandScreen(Screen[None]):
    """One of the console's screens; see the module."""

    BINDINGS = []  # noqa: RUF012 (Textual's own shape) the keys of a Screen are the key map's
    _panels: Iterable[Panel] = ()  # a frame may come before they are mounted

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def body(self) -> Iterable[Widget]:
        """The screen's own widgets."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The plain line, the body, the hint."""
        yield Line(id="line")
        yield from self.body()
        yield Hint(id="hint")

    ready = False  # composed and mounted

    def on_mount(self) -> None:
        """The first frame comes when everybody is in place."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The panels are found once, and shown what there is."""
        self._panels = list(self.query(Panel))
        self.ready = True
        self.on_screen_resume()

    def on_unmount(self) -> None:
        """No frame for those who go."""
        self.ready = False

    def on_screen_resume(self) -> None:
        """What comes to the front is never old."""
        if self.ready:
            self.show(self.console.shown, at_once=True)

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """One frame."""
        for panel in self._panels:
            panel.show(shown, at_once)

    def on_key(self, event: events.Key) -> None:
        """What no widget wanted is the key map's; what was typed for a list that opens is the list's."""
        front = self.console.screen
        if front is not self:  # keys come in heaps where the way is slow
            late = events.Key(event.key, event.character)
            late.time = event.time
            front.post_message(late)
            event.stop()
            return
        if self.console.press(event):
            event.stop()
            event.prevent_default()
