"""Figures: what a benchmark found out, and the table in which the musician reads it.

Pure. A figure that couldn't be measured here stays in the table with a dash and the reason.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

Spread = tuple[float, float, float]  # p50, p99, most


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: `value` and `spread` in `unit`; `more` where more is better."""

    name: str
    value: float | None
    unit: str = ""
    bar: float | None = None
    more: bool = False
    spread: Spread | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is no bar or no value."""
        if self.value is None or self.bar is None:
            return None
        return self.value >= self.bar if self.more else self.value <= self.bar


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share (0..1] of all values doesn't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread_ms(runs_s: Sequence[Sequence[float]]) -> Spread | None:
    """Median p50 and median p99 over the runs, and the most of all of them, in ms; empty runs don't count."""
    runs = [run for run in runs_s if run]
    if not runs:
        return None
    middle, high = (statistics.median(percentile(run, share) for run in runs) for share in (0.5, 0.99))
    return middle * 1000, high * 1000, max(map(max, runs)) * 1000


def lateness(name: str, runs_s: Sequence[Sequence[float]], bar_ms: float | None, note: str = "") -> Figure:
    """A figure whose value is the p99 of the median run."""
    spread = spread_ms(runs_s)
    return Figure(name, spread[1] if spread else None, "ms p99", bar_ms, spread=spread, note=note)


def as_plain(figure: Figure) -> dict[str, Any]:
    """A figure as JSON has it."""
    spread = dict(zip(("p50", "p99", "max"), figure.spread, strict=True)) if figure.spread else None
    return asdict(figure) | {"spread": spread, "met": figure.met}


def table(figures: Sequence[Figure]) -> str:
    """Every figure a line, in plain text; notes stand below, by number."""
    notes = list(dict.fromkeys(figure.note for figure in figures if figure.note))
    rows: list[tuple[str, ...]] = [("figure", "value", "bar", "met", "p50 / p99 / max", "")]
    rows += [_row(figure, notes) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(word.ljust(width) for word, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *(f"({number}) {note}" for number, note in enumerate(notes, 1))])


def _row(figure: Figure, notes: Sequence[str]) -> tuple[str, ...]:
    value = "-" if figure.value is None else f"{_number(figure.value)} {figure.unit}".strip()
    sign = ">=" if figure.more else "<="
    bar = "-" if figure.bar is None else f"{sign} {figure.bar:g} {figure.unit}".strip()
    met = {True: "yes", False: "no", None: "-"}[figure.met]
    spread = " / ".join(map(_number, figure.spread)) if figure.spread else ""
    return figure.name, value, bar, met, spread, f"({notes.index(figure.note) + 1})" if figure.note else ""


def _number(value: float) -> str:
    """Three figures are enough for anybody."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
