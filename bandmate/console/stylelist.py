"""The styles by number: type one, and the band plays it, where cues land."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from bandmate.console.app import Console

COLUMN = 22


class StyleList(ModalScreen[None]):
    """A number of one or two digits; enter takes a short one, escape leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.typed = ""

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def compose(self) -> ComposeResult:
        """The list, and what has been typed."""
        yield Static(self.words(), id="styles", markup=False)

    def words(self) -> str:
        """All styles in columns; the one that plays has a mark."""
        listed, now = self.console.styles_listed, self.console.shown.status.style
        columns = max(1, min(4, (self.console.size.width - 6) // COLUMN))
        rows = -(-len(listed) // columns)
        named = [f"{'▸' if name == now else ' '}{n:>2} {name}" for n, name in enumerate(listed, 1)]
        lines = ["".join(each.ljust(COLUMN) for each in named[row::rows]) for row in range(rows)]
        return "\n".join(["style number, then enter; esc: none", "", *lines, "", f"> {self.typed}"])

    def on_key(self, event: events.Key) -> None:
        """Digits; the number is taken as soon as it can be no other."""
        event.stop()
        if event.key == "enter" and self.typed:
            self._take()
        elif event.key in ("escape", "enter"):
            self.dismiss(None)
        elif event.character and event.character.isdigit():
            self.typed += event.character
            self.query_one("#styles", Static).update(self.words())
            if int(self.typed) * 10 > len(self.console.styles_listed):
                self._take()
        else:
            deed = self.console.deed_of(event)
            if deed is not None and deed.name in ("tap", "panic"):
                self.console.press(event)

    def _take(self) -> None:
        number = int(self.typed)
        self.dismiss(None)
        self.console.to_style(number)
