"""Draws how a training went: what was learned, and what it was worth on songs set aside. Needs matplotlib."""

from __future__ import annotations

import csv
from pathlib import Path


def draw(log: Path, picture: Path) -> None:
    """The curves of a log as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with log.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for axes, curves in (
        (left, {"where": "when", "what": "which pitch", "touch": "how", "held_where": "when, held out",
                "held_what": "which pitch, held out", "held_touch": "how, held out"}),
        (right, {"right": "root right", "held_right": "root right, held out",
                 "held_change": "at a change, held out"}),
    ):  # fmt: skip
        for key, label in curves.items():
            points = [(float(row["elapsed_s"]), float(row[key])) for row in rows if row.get(key)]
            style = "o-" if key.startswith("held") else "-"
            axes.plot([x for x, _ in points], [y for _, y in points], style, label=label, markersize=3)
        axes.set_xlabel("seconds of training")
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    left.set_ylabel("nats a note")
    left.set_ylim(0, 2.5)
    right.set_ylim(0, 1)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)
    pyplot.close(figure)
