"""Big letters, as big as their place allows: for chords, bars and beats that are read from afar.

Textual's `Digits` has one size and no letters, and a chord is written in letters. Here each sign is
five by seven dots; two dots stand in a cell (`▀`, `▄`, `█`), times a whole number. Screen process only.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from bandmate.console.panel import PAINTS

WIDE, HIGH, GAP = 5, 7, 1  # dots of a sign, and between two
LARGEST = 6
BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}

# the columns of each sign from the left, five bytes; the lowest bit is the dot on top
SIGNS = {
    sign: bytes.fromhex(dots)
    for sign, dots in {
        " ": "0000000000", "#": "147F147F14", "(": "001C224100", ")": "0041221C00", "+": "08083E0808",
        "-": "0808080808", ".": "0060600000", "/": "2010080402", "0": "3E5149453E", "1": "00427F4000",
        "2": "4261514946", "3": "2141454B31", "4": "1814127F10", "5": "2745454539", "6": "3C4A494930",
        "7": "0171090503", "8": "3649494936", "9": "064949291E", ":": "0036360000", "A": "7E1111117E",
        "B": "7F49494936", "C": "3E41414122", "D": "7F4141221C", "E": "7F49494941", "F": "7F09090901",
        "G": "3E4149497A", "H": "7F0808087F", "I": "00417F4100", "J": "2040413F01", "K": "7F08142241",
        "L": "7F40404040", "M": "7F020C027F", "N": "7F0408107F", "O": "3E4141413E", "P": "7F09090906",
        "Q": "3E4151215E", "R": "7F09192946", "S": "4649494931", "T": "01017F0101", "U": "3F4040403F",
        "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463", "Y": "0708700807", "Z": "6151494543",
        "a": "2054545478", "b": "7F48444438", "c": "3844444428",
        "d": "384444487F", "e": "3854545418", "f": "087E090102", "h": "7F08040478", "k": "7F10284400",
        "l": "00417F4000", "p": "7C14141408", "q": "081414147C", "v": "1C2040201C", "w": "3C4030403C",
        "y": "0C5050503C", "z": "4464544C44", "'": "0000070000", "&": "3649562050",
        "g": "0C5252523E", "i": "00447D4000",
        "j": "2040443D00", "m": "7C04180478", "n": "7C08040478", "o": "3844444438", "r": "7C08040408",
        "s": "4854545420", "t": "043F444020", "u": "3C4040207C", "→": "08082A1C08", "°": "0006090906",
        "ø": "3864544C38", "%": "2313086462", "|": "00007F0000", "x": "4428102844",
        "!": "00005F0000", "?": "0201510906", ",": "0050300000",
    }.items()
}  # fmt: skip


def dots(text: str) -> list[list[bool]]:
    """The rows of dots of a text; a sign that isn't known is drawn as its capital, or left blank."""
    rows: list[list[bool]] = [[] for _ in range(HIGH)]
    for sign in text:
        columns = SIGNS.get(sign) or SIGNS.get(sign.upper()) or SIGNS[" "]
        for row in range(HIGH):
            rows[row] += [bool(column >> row & 1) for column in columns] + [False] * GAP
    return rows


def size_for(text: str, width: int, height: int) -> int:
    """How many times the letters fit into so many cells; 0: not even once."""
    wide = len(text) * (WIDE + GAP) - GAP
    times = 0
    while times < LARGEST and wide * (times + 1) <= width and (HIGH * (times + 1) + 1) // 2 <= height:
        times += 1
    return times


def drawn(text: str, times: int) -> list[str]:
    """The lines of cells of a text at a size; the text itself at size 0."""
    if times < 1:
        return [text]
    small = dots(text)
    rows = [[dot for dot in row for _ in range(times)] for row in small for _ in range(times)]
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    return [
        "".join(BLOCKS[pair] for pair in zip(upper, lower, strict=True)).rstrip()
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


class BigText(Widget):
    """One word, as big as fits; painted anew only when it is another."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{paint}" for paint in PAINTS}

    def __init__(self, id: str | None = None, largest: int = LARGEST, small: bool = True) -> None:
        super().__init__(id=id)
        self.largest, self.small = largest, small  # small: written plainly where big letters don't fit
        self.word, self.paint = "", "bright"
        self._lines: list[str] = []

    def set(self, word: str, paint: str = "bright") -> None:
        """Another word, or another paint."""
        if (word, paint) != (self.word, self.paint):
            self.word, self.paint = word, paint
            self._draw()

    def on_resize(self) -> None:
        """Another place has another size of letters."""
        self._draw()

    def _draw(self) -> None:
        times = min(self.largest, size_for(self.word, self.size.width, self.size.height))
        self._lines = drawn(self.word, times) if times or self.small else []
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of cells; the word stands in the middle of its place from top to bottom."""
        line = y - max(0, (self.size.height - len(self._lines)) // 2)
        text = self._lines[line] if 0 <= line < len(self._lines) else ""
        style = self.get_component_rich_style(f"paint--{self.paint}")
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, self.rich_style)
