"""The piano rolls of `bandmate bench styles`: a style's three intensities one above the other.

Drums stand by name, the other parts by pitch; darker is louder. Uses matplotlib, which only `bandmate[plot]`
installs; nothing here asks for a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bandmate.bench.styles_grid import INTRO_BARS, Rendering
from bandmate.errors import BadFile
from bandmate.harmony import pitch_name
from bandmate.parts.kit import KIT
from bandmate.patch import Patch
from bandmate.show.ledger import Played
from bandmate.timing import SLOT_BEATS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = INTRO_BARS + 16 + 1
COLOURS = {"bass": "#648fff", "keys": "#dc267f", "guitar": "#fe6100", "pad": "#785ef0"}  # colour-blind-safe
DRUM, INK, FAINT, BACK = "#ffb000", "#d8d8d8", "#3a3a42", "#16161a"
Shade = tuple[str, float]  # colour, and how much of it
INCHES = (26.0, 21.0)
DRUM_BEATS = 0.14
NAMES = {key: name for name, key in reversed(KIT.items())}


def draw(grid: Sequence[Rendering], patch: Patch, path: Path) -> None:
    """Draw a style's renderings, one an intensity; raises BadFile where the picture can't be written."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, facecolor=BACK)
    style = grid[0].style
    title = f"{style.title}: {style.bpm:g} bpm, {grid[0].meter}, swing {style.swing:g}, key {grid[0].key}"
    figure.suptitle(title, color=INK, fontsize=16)
    rows = figure.subplots(2 * len(grid), 1, height_ratios=[1, 1.7] * len(grid), squeeze=False)[:, 0]
    for place, one in enumerate(grid):
        _drums(rows[2 * place], one)
        _pitches(rows[2 * place + 1], one, patch)
    figure.subplots_adjust(left=0.055, right=0.995, top=0.955, bottom=0.02, hspace=0.12)
    try:
        figure.savefig(path, facecolor=BACK, dpi=70)
    except OSError as error:
        raise BadFile(f"{path} cannot be written ({error.strerror})") from None


def _plain(axes: Axes, one: Rendering) -> None:
    """Bar lines, pulses and no frame."""
    meter = one.meter
    axes.set_facecolor(BACK)
    axes.set_xlim(-0.2, BARS * meter.bar_beats)
    axes.set_xticks([])
    axes.tick_params(colors=INK, labelsize=8)
    for bar in range(BARS):
        axes.axvline(bar * meter.bar_beats, color="#6a6a74", linewidth=1.1)
        for pulse in range(1, meter.pulses):
            axes.axvline(bar * meter.bar_beats + pulse * meter.pulse_beats, color=FAINT, linewidth=0.6)


def _shade(colour: str, note: Played) -> Shade:
    """A part's colour, fainter where it is soft."""
    return colour, 0.2 + 0.8 * min(max((note.velocity - 40) / 78, 0.0), 1.0)


def _boxes(axes: Axes, boxes: Sequence[tuple[float, float, int, Shade]]) -> None:
    """Notes as (beat, beats, row, shade), in one collection: a rectangle each would take far longer."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    corners = [
        [(left, row - 0.42), (left, row + 0.42), (left + width, row + 0.42), (left + width, row - 0.42)]
        for left, width, row, _ in boxes
    ]
    shades = [to_rgba(colour, alpha) for *_, (colour, alpha) in boxes]
    axes.add_collection(PolyCollection(corners, facecolors=shades))


def _drums(axes: Axes, one: Rendering) -> None:
    notes = [note for note in one.played if note.part == "drums"]
    used = sorted({note.pitch for note in notes})
    _plain(axes, one)
    boxes = [
        (one.beatmap.beat_at(note.on_s), DRUM_BEATS, used.index(note.pitch), _shade(DRUM, note))
        for note in notes
    ]
    _boxes(axes, boxes)
    axes.set_ylim(-0.6, max(len(used), 1) - 0.4)
    axes.set_yticks(range(len(used)), [NAMES.get(key, str(key)) for key in used])
    axes.set_title(f"intensity {one.section}", color=INK, fontsize=10, loc="left", pad=14)
    for begin, _, chord in one.spans:
        axes.text(begin + SLOT_BEATS / 4, max(len(used), 1) - 0.35, str(chord), color=INK, fontsize=9)


def _pitches(axes: Axes, one: Rendering, patch: Patch) -> None:
    _plain(axes, one)
    boxes = []
    for note in sorted(one.played, key=lambda note: patch.parts.index(note.part)):
        if note.part in COLOURS:
            beat = one.beatmap.beat_at(note.on_s)
            beats = one.beatmap.beat_at(note.off_s or note.on_s) - beat
            boxes.append((beat, beats, note.pitch, _shade(COLOURS[note.part], note)))
    _boxes(axes, boxes)
    pitches = [note.pitch for note in one.played if note.part != "drums"]
    axes.set_ylim(min(pitches, default=36) - 1.5, max(pitches, default=72) + 1.5)
    ticks = range(min(pitches, default=36) // 12 * 12 + 12, max(pitches, default=72) + 1, 12)
    axes.set_yticks(list(ticks), [pitch_name(pitch) for pitch in ticks])
