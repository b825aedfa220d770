"""The key map over the screen: every key and what it does, as the keys stand now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from bandmate.console.keymap import Deed, meaning

if TYPE_CHECKING:
    from bandmate.console.app import Console

COLUMN = 46  # cells that a key and its meaning want


class KeyList(ModalScreen[None]):
    """All keys; a click does what a key does; taps and panic go through, any other key closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-3)", show=False),
        Binding("down", "scroll(3)", show=False),
        Binding("pageup", "scroll(-12)", show=False),
        Binding("pagedown", "scroll(12)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """One scroll with the table."""
        console = cast("Console", self.app)
        columns = max(1, (console.size.width - 4) // COLUMN)
        yield Static("any key, or a click here, closes the list; a click on a row does it", id="closing")
        yield VerticalScroll(
            Static(key_table(console.keys, console.styles_listed, columns), id="keys"), id="sheet"
        )

    def on_click(self, event: events.Click) -> None:
        """The head closes it."""
        if event.widget is self.query_one("#closing"):
            self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        """Further down, or back."""
        self.query_one("#sheet", VerticalScroll).scroll_relative(y=rows, animate=False)

    def on_key(self, event: events.Key) -> None:
        """Taps and panic are the band's also now."""
        if event.key in ("up", "down", "pageup", "pagedown"):
            return
        console = cast("Console", self.app)
        deed = console.deed_of(event)
        event.stop()
        if deed is not None and deed.name in ("tap", "panic"):
            console.press(event)
            return
        self.dismiss(None)


def key_table(keys: Mapping[str, Deed], styles: Sequence[str], columns: int) -> Table:
    """Keys and meanings in so many columns, read down each of them."""
    said = [
        (key, f"style {styles[int(float(deed.value or 1)) - 1]}" if deed.kind == "style" else meaning(deed))
        for key, deed in keys.items() if deed.name != "nothing"
    ]  # fmt: skip
    rows = -(-len(said) // columns)
    table = Table(box=None, show_header=False, padding=(0, 1), expand=True)
    for _ in range(columns):
        table.add_column(no_wrap=True, style="bold")
        table.add_column(ratio=1)
    for row in range(rows):
        cells: list[Text] = []
        for key, words in said[row::rows]:
            click = Style(meta={"@click": f"app.key({key!r})"})
            cells += [Text(key, click), Text(words, click)]
        table.add_row(*cells)
    return table
