"""A panel of a screen: rows of painted text, of which only those that changed are painted again.

A panel says in `rows` what it shows; everything else is here. Colours are component classes of the
style sheet (`.paint--good` and so on, `console.tcss`), so that no panel has a colour of its own.
Screen process only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bandmate.console.shown import Shown

if TYPE_CHECKING:
    from bandmate.console.app import Console

Piece = tuple[str, str]  # a text, and the name of its paint
Row = tuple[Piece, ...]

PAINTS = (
    "plain", "dim", "bright", "title", "good", "fair", "poor", "loud", "pick",
    "drums", "bass", "keys", "guitar", "pad", "lead", "you",
)  # fmt: skip
PART_PAINTS = frozenset(PAINTS[-7:])


class Panel(Widget):
    """Rows of painted text; a subclass says what is in them.

    `rate_hz` is how often a second it is asked at most; `rows(shown)` gives the rows from the top,
    any number (what doesn't fit `self.size` is cut off).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{paint}" for paint in PAINTS}
    rate_hz: ClassVar[float] = 10.0

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._due_s = 0.0
        self.shown = Shown()

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def rows(self, shown: Shown) -> list[Row]:
        """What the panel shows."""
        raise NotImplementedError

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """Take a frame; nothing is painted but the rows that changed."""
        self.shown = shown
        if not at_once and shown.now_s < self._due_s:
            return
        self._due_s = shown.now_s + 0.9 / self.rate_hz
        before, self._rows = self._rows, self._drawn(shown)
        for number in range(max(len(before), len(self._rows))):
            if before[number : number + 1] != self._rows[number : number + 1]:
                self.refresh(Region(0, number, self.size.width, 1))

    def _drawn(self, shown: Shown) -> list[Row]:
        """The rows that fit; a panel that can't show a snapshot says so, and the others show on."""
        try:
            return self.rows(shown)[: self.size.height]
        except Exception as error:  # whatever it is, the performer keeps the other panels and every key
            return [((f"{type(self).__name__} stumbled: {error!r}", "poor"),)]

    def on_resize(self) -> None:
        """Another size has other rows."""
        self._rows = self._drawn(self.shown)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, as Textual asks for it."""
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        painted = [Segment(text, self._style(paint)) for text, paint in self._rows[y]]
        return Strip(painted).adjust_cell_length(self.size.width, self.rich_style)

    def _style(self, paint: str) -> Style:
        """The colours of a paint; `bass/keys` is bass above keys in one cell (`▀`)."""
        upper, _, lower = paint.partition("/")
        style = self.get_component_rich_style(f"paint--{upper}")
        if not lower:
            return style
        return style + Style(bgcolor=self.get_component_rich_style(f"paint--{lower}").color)


def gauge(share: float, width: int) -> str:
    """A bar of blocks: `■■■■····`, in whole cells, so that it is calm."""
    full = max(0, min(width, round(share * width)))
    return "■" * full + "·" * (width - full)


def paint_of(part: str) -> str:
    """The colour of a part; one that isn't known is plain."""
    return part if part in PART_PAINTS else "plain"
