"""What was played in the last bars: theirs and the band's, as a piano roll in the colours of the parts.

It moves on by whole bars, so that between two bar lines only what is new is painted. Drums have a lane
of their own below: hats, snare, kick. Two notes stand in a cell, one above the other.
"""

from __future__ import annotations

from typing import ClassVar

from bandmate.console.panel import Panel, Row, paint_of
from bandmate.console.shown import Shown
from bandmate.timing import Meter

FINE, COARSE = 4, 2  # cells a beat
BARS = 4  # at least, before it is drawn coarsely
LOW, HIGH = 28, 96  # E1 to C7
LANE = 4  # half-rows for the drums
KICKS, SNARES, HATS = (35, 36), (37, 38, 39, 40), (42, 44, 46)
Grid = list[list[str]]


class Roll(Panel):
    """Eight times a second, and of that only the rows that are new."""

    rate_hz: ClassVar[float] = 8.0
    _fine = FINE

    def rows(self, shown: Shown) -> list[Row]:
        """A ruler with the bar lines and the playhead, then the notes."""
        wide, high = self.size.width, self.size.height
        if wide < 8 or high < 4:
            return []
        meter, here = Meter.parse(shown.status.meter), float(shown.status.beat)
        self._fine = FINE if wide >= BARS * meter.bar_beats * FINE else COARSE
        bar_cells = max(1, round(meter.bar_beats * self._fine))
        bars = max(1, wide // bar_cells)
        line = here - here % meter.bar_beats if here >= 0 else 0.0
        first = line - (bars - 1) * meter.bar_beats
        grid: Grid = [[""] * wide for _ in range(2 * (high - 1))]
        for part, pitch, beat, beats in self.console.played:
            self._draw(grid, part, pitch, beat - first, (beats or max(0.25, here - beat)))
        head = int((here - first) * self._fine)
        return [self._ruler(shown, bars, bar_cells, head), *(_joined(grid, row) for row in range(high - 1))]

    def _draw(self, grid: Grid, part: str, pitch: int, place: float, beats: float) -> None:
        left = int(place * self._fine)
        right = max(left + 1, int((place + min(beats, 16.0)) * self._fine))
        if part == "drums":
            right = left + 1
        if right <= 0 or left >= len(grid[0]):
            return
        row = grid[_row(part, pitch, len(grid))]
        for cell in range(max(0, left), min(len(row), right)):
            row[cell] = paint_of(part)

    def _ruler(self, shown: Shown, bars: int, bar_cells: int, head: int) -> Row:
        """`|14      |15   ▼`: bar numbers on their lines, and where the music is."""
        words = [" "] * self.size.width
        for bar in range(bars):
            number = shown.status.bar - bars + 1 + bar
            for place, sign in enumerate(f"|{number if number > 0 else ''}"[:bar_cells]):
                words[bar * bar_cells + place] = sign
        if 0 <= head < len(words) and not shown.idle:
            words[head] = "▼"
        return (("".join(words), "dim"),)


def _row(part: str, pitch: int, high: int) -> int:
    """The half-row of a pitch, from the top."""
    if part == "drums":
        lane = 3 if pitch in KICKS else 2 if pitch in SNARES else 1 if pitch in HATS else 0
        return high - LANE + lane
    room = max(1, high - LANE)
    return min(room - 1, max(0, (HIGH - pitch) * room // (HIGH - LOW + 1)))


def _joined(grid: Grid, row: int) -> Row:
    """Two half-rows as one row of cells, equal neighbours in one piece."""
    pieces: list[tuple[str, str]] = []
    for upper, lower in zip(grid[2 * row], grid[2 * row + 1], strict=True):
        if upper and lower:
            sign, paint = ("█", upper) if upper == lower else ("▀", f"{upper}/{lower}")
        else:
            sign, paint = ("▀", upper) if upper else ("▄", lower) if lower else (" ", "plain")
        if pieces and pieces[-1][1] == paint:
            pieces[-1] = (pieces[-1][0] + sign, paint)
        else:
            pieces.append((sign, paint))
    return tuple(pieces)
