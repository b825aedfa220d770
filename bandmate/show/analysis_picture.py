"""A picture of what was heard: beats, bars, chords and tempo over the notes or the spectrum, line by line.

Drawn like a score, some seconds a line, so that it can be read at any length. Uses matplotlib, which only
`bandmate[plot]` installs; nothing here asks for a screen. Any process; imports the bottom layer.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bandmate.errors import BadFile, BandmateError
from bandmate.harmony import pitch_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (".svg", ".png", ".pdf")
LINE_S, MOST_LINES = 16.0, 24  # music a line, unless there would be more lines than this
WIDTH_INCHES, LINE_INCHES, HEAD_INCHES, FOOT_INCHES = 15.0, 3.2, 1.0, 0.35
BACK, INK, FAINT = "#16161a", "#d8d8d8", "#4a4a52"
BEAT, DOWNBEAT, CHORD, TEMPO = "#9db2d0", "#ffb000", "#2ec4b6", "#648fff"  # safe for the colour-blind
KEYS, TUNE = "#b8c4d8", "#7fffd4"  # notes of a keyboard, and those heard in a recording
CHORD_ROWS = 3  # rows of chord names
CHORD_LETTER = 0.0068  # of a line: what each of their letters takes
WINDOW, HOP_S = 4096, 0.02  # the spectrum: frames of a window, seconds between two
LOW_PITCH, HIGH_PITCH, STEPS = 28, 108, 2  # its lowest and highest pitch, and rows a semitone
FLOOR_DB = 70.0  # what is so far below the loudest, is black

Bar = tuple[float, float, int]
Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def check(path: Path) -> None:
    """Raise BandmateError where no picture could be drawn: said before the music, not after it."""
    if path.suffix.lower() not in KINDS:
        raise BandmateError(f"--plot {path} is no picture; name a file with one of {', '.join(KINDS)}")
    if not path.absolute().parent.is_dir():
        raise BandmateError(f"--plot {path}: there is no folder {path.absolute().parent}")
    if importlib.util.find_spec("matplotlib") is None:
        raise BandmateError("--plot draws with matplotlib, which is missing: pip install 'bandmate[plot]'")


def draw(found: dict[str, Any], path: Path, roll: Sequence[Bar], sound: tuple[int, Samples] | None) -> None:
    """Draw a report of `bandmate listen`; raises BadFile where the picture can't be written."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    length_s = max(found["duration_s"], 1.0)
    line_s = max(LINE_S, length_s / MOST_LINES)
    lines = max(1, int(np.ceil(length_s / line_s - 1e-6)))
    high = lines * LINE_INCHES + HEAD_INCHES + FOOT_INCHES
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "bandmate", "font.size": 9}):
        figure = Figure(figsize=(WIDTH_INCHES, high), facecolor=BACK)
        figure.suptitle(_title(found), x=0.045, y=1 - 0.25 / high, ha="left", color=INK, fontsize=12)
        systems = figure.add_gridspec(
            lines,
            1,
            hspace=0.3,
            left=0.045,
            right=0.99,
            top=1 - HEAD_INCHES / high,
            bottom=FOOT_INCHES / high,
        )
        image = None if sound is None else spectrum(*sound)
        for line in range(lines):
            span = (line * line_s, (line + 1) * line_s)
            rows = systems[line].subgridspec(2, 1, height_ratios=[4.0, 1.3], hspace=0.08)
            _music(figure.add_subplot(rows[0]), found, span, roll, image)
            _tempo(figure.add_subplot(rows[1]), found, span)
        _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else None  # the same picture every time
    try:
        figure.savefig(path, dpi=110, facecolor=BACK, metadata=metadata)
    except OSError as error:
        raise BadFile(f"{path} cannot be written ({error.strerror}); name another --plot") from None


def _title(found: dict[str, Any]) -> str:
    tempi = sorted(beat["bpm"] for beat in found["beats"])
    bpm = f"{tempi[len(tempi) // 2]:.0f} bpm" if tempi else "no beat"
    return "   ".join([found["file"], bpm, found["meter"], found["key"] or "no key"])


def _music(
    axes: Axes, found: dict[str, Any], span: tuple[float, float], roll: Sequence[Bar], image: Floats | None
) -> None:
    """One line of the notes or the spectrum, with beats, bars and chords."""
    _paper(axes, span)
    axes.tick_params(labelbottom=False)
    if image is not None:
        axes.imshow(
            image[:, int(span[0] / HOP_S) : int(span[1] / HOP_S)], origin="lower", aspect="auto",
            cmap="magma", vmin=-FLOOR_DB, vmax=0.0, interpolation="nearest",
            extent=(span[0], min(span[1], image.shape[1] * HOP_S), LOW_PITCH, HIGH_PITCH),
        )  # fmt: skip
    _notes(axes, roll, KEYS, 3.2)
    _notes(axes, [(note["time_s"], note["end_s"], note["pitch"]) for note in found["notes"]], TUNE, 2.4)
    pitches = [pitch for *_, pitch in roll] or [LOW_PITCH, HIGH_PITCH]
    axes.set_ylim(min(pitches) - 3, max(pitches) + 3)
    octaves = [pitch for pitch in range(0, 128, 12) if min(pitches) - 3 <= pitch <= max(pitches) + 3]
    axes.set_yticks(octaves, [pitch_name(pitch) for pitch in octaves])
    bar = 0
    for beat in found["beats"]:
        bar += beat["downbeat"]
        if span[0] <= beat["time_s"] < span[1]:
            one = beat["downbeat"]
            axes.axvline(beat["time_s"], color=DOWNBEAT if one else BEAT, lw=1.3 if one else 0.6, alpha=0.85)
            if one:
                axes.annotate(f"{bar}", (beat["time_s"], 0), (3, 3), xycoords=axes.get_xaxis_transform(),
                              textcoords="offset points", color=DOWNBEAT, fontsize=7)  # fmt: skip
    _chords(axes, found["chords"], span)


def _notes(axes: Axes, bars: Sequence[Bar], colour: str, width: float) -> None:
    if bars:
        begins, ends, pitches = zip(*bars, strict=True)
        seen = [max(end, begin + 0.03) for begin, end in zip(begins, ends, strict=True)]
        axes.hlines(pitches, begins, seen, colors=colour, lw=width)


def _chords(axes: Axes, chords: Sequence[dict[str, Any]], span: tuple[float, float]) -> None:
    """The chords' names above the line, in rows where they would touch."""
    free_from = [0.0] * CHORD_ROWS
    for chord in chords:
        place = (chord["time_s"] - span[0]) / (span[1] - span[0])
        if not 0 <= place < 1:
            continue
        row = next((row for row in range(CHORD_ROWS) if free_from[row] <= place), None)
        if row is None:
            row = min(range(CHORD_ROWS), key=lambda row: free_from[row])
        free_from[row] = place + CHORD_LETTER * len(chord["symbol"]) + CHORD_LETTER
        faint = chord["symbol"] == "N"
        axes.text(
            chord["time_s"], 1.02 + 0.09 * row, "–" if faint else chord["symbol"],
            transform=axes.get_xaxis_transform(), color=FAINT if faint else CHORD, fontsize=8.5,
            alpha=1.0 if faint else 0.6 + 0.4 * min(chord["certainty"], 1.0), clip_on=False,
        )  # fmt: skip


def _tempo(axes: Axes, found: dict[str, Any], span: tuple[float, float]) -> None:
    """The tempo at each beat, as bright as it was sure, and the seconds."""
    _paper(axes, span)
    beats = found["beats"]
    if beats:
        tempi = [beat["bpm"] for beat in beats]
        low, high = min(tempi), max(tempi)
        air = max(0.1 * (high - low), 3.0)
        axes.set_ylim(low - air, high + air)
        shown = [beat for beat in beats if span[0] - 5 <= beat["time_s"] < span[1] + 5]
        times = [beat["time_s"] for beat in shown]
        bpm = [beat["bpm"] for beat in shown]
        axes.plot(times, bpm, color=TEMPO, lw=0.8, alpha=0.5)
        sure = [(TEMPO, 0.15 + 0.85 * min(beat["confidence"], 1.0)) for beat in shown]
        axes.scatter(times, bpm, s=9, c=sure, linewidths=0)
    axes.set_ylabel("bpm", color=INK)


def _paper(axes: Axes, span: tuple[float, float]) -> None:
    axes.set_facecolor(BACK)
    axes.set_xlim(*span)
    axes.set_xticks(np.arange(np.ceil(span[0]), span[1] + 1e-6, max(1.0, round((span[1] - span[0]) / 16))))
    axes.tick_params(colors=INK, labelsize=8, length=2)
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def spectrum(rate_hz: int, samples: Samples) -> Floats:
    """A recording as dB below its loudest, (pitches from the lowest, times), every 20 ms."""
    hop = round(HOP_S * rate_hz)
    padded = np.concatenate([samples, np.zeros(WINDOW, np.float32)])
    shape = np.hanning(WINDOW).astype(np.float32)
    hertz = np.fft.rfftfreq(WINDOW, 1 / rate_hz)
    pitches = LOW_PITCH + np.arange((HIGH_PITCH - LOW_PITCH) * STEPS) / STEPS
    wanted = 440.0 * 2.0 ** ((pitches - 69) / 12)
    columns = []
    for begin in range(0, len(samples), hop):
        magnitude = np.abs(np.fft.rfft(padded[begin : begin + WINDOW] * shape))
        columns.append(np.interp(wanted, hertz, magnitude))
    image = 20 * np.log10(np.array(columns).T + 1e-9)
    loudest: Floats = image - image.max()
    return loudest
