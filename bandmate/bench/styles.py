"""`bandmate bench styles`: what every style plays, measured: density, register, swing, agreement, harmony.

Each style in three intensities and two keys over one chart (`styles_grid.py`), and by ear in each key.
Nothing is asserted; the table is the result, the bars that it should reach stand below it. `--pictures DIR`
draws one piano roll a style.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandmate import patch as patches
from bandmate.bench.styles_grid import KEYS, SECTIONS, Rendering, charted, listening
from bandmate.errors import BandmateError
from bandmate.harmony import Chord
from bandmate.parts.kit import KIT
from bandmate.parts.style import Style, load_style
from bandmate.patch import Patch
from bandmate.show.ledger import Played

PARTS = ("drums", "bass", "keys", "guitar", "pad")
TOGETHER_S = 0.025  # kick and bass this near are one stroke
SOUNDS_S = 0.12  # a wrong note of the bass that still sounds so long after a change is heard as wrong
STEP = 2  # semitones: a foreign tone that moves so far into a chord tone passes
EARLY_BEATS = 0.55  # a note so shortly before a change may belong to it
KICK = KIT["kick"]
COLUMNS = (
    "swing", "kick+bass", "bass in", "bass pass", "keys in", "keys pass", "keys 9th", "wrong", "wrong by ear",
)  # fmt: skip


def patch_of(style: str) -> Patch:
    """The patch that goes with a style."""
    return patches.load(style)


def check(pictures: Path) -> None:
    """Raise BandmateError where no picture could be drawn: said before the music, not after it."""
    if not pictures.is_dir():
        raise BandmateError(f"--pictures {pictures}: there is no such folder")
    if importlib.util.find_spec("matplotlib") is None:
        raise BandmateError(
            "--pictures draws with matplotlib, which is missing: pip install 'bandmate[plot]'"
        )


def run(pictures: Path | None = None, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A row for each style; `names` chooses some of them."""
    rows = []
    for name in names or patches.names("styles"):
        print(f"styles, {name} …", file=sys.stderr, flush=True)
        style, patch = load_style(name), patch_of(name)
        grid = [charted(style, patch, section, key) for section in SECTIONS for key in KEYS]
        rows.append(measure(style, patch, grid, [listening(style, patch, 2, key) for key in KEYS]))
        if pictures is not None:
            from bandmate.bench.styles_picture import draw

            draw([one for one in grid if one.key == KEYS[0]], patch, pictures / f"{name}.png")
    return rows


def measure(
    style: Style, patch: Patch, grid: Sequence[Rendering], heard: Sequence[Rendering]
) -> dict[str, Any]:
    """One style's row."""
    row: dict[str, Any] = {"style": style.name, "parts": list(patch.parts), "asked swing": style.swing}
    for part in patch.parts:
        notes = [note for one in grid for note in one.played if note.part == part]
        row[f"{part} a beat"] = len(notes) / sum(one.spans[-1][1] for one in grid)
        if part != "drums" and notes:
            row[f"{part} register"] = (min(n.pitch for n in notes), max(n.pitch for n in notes))
    row["swing"] = _mean([swing_of(one) for one in grid])
    row["kick+bass"] = _mean([agreement(one) for one in grid])
    for part in ("bass", "keys"):
        counts = [in_chord(one, part) for one in grid]
        inside, passing, ninths, total = (sum(count[place] for count in counts) for place in range(4))
        left = total - passing - ninths
        row[f"{part} in"] = inside / left if left else None
        row[f"{part} pass"] = passing / total if total else None
        row[f"{part} 9th"] = ninths / total if total else None
    row["wrong"] = _mean([wrong_share(one) for one in grid])
    row["wrong by ear"] = _mean([wrong_share(one) for one in heard])
    return row


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def swing_of(one: Rendering) -> float | None:
    """The ratio of the off-beats that drums, keys and bass play: the median place in a pair."""
    pair = 2 * one.style.swing_unit
    if one.style.swing_unit == 0.5 and one.meter.unit == 8:
        return None
    places = [one.beatmap.beat_at(note.on_s) / pair % 1.0 for note in one.played if note.part == "drums"]
    off = [place for place in places if 0.42 < place < 0.72]  # no last sixteenth
    return statistics.median(off) if len(off) >= 8 else None


def agreement(one: Rendering) -> float | None:
    """How many kicks and bass notes fall together, among all strokes of the two."""
    kicks = [note.on_s for note in one.played if note.part == "drums" and note.pitch == KICK]
    bass = [note.on_s for note in one.played if note.part == "bass"]
    if not kicks or not bass:
        return None
    both = sum(any(abs(kick_s - bass_s) <= TOGETHER_S for bass_s in bass) for kick_s in kicks)
    return 2 * both / (len(kicks) + len(bass))


def in_chord(one: Rendering, part: str) -> tuple[int, int, int, int]:
    """A part's notes that lie in the chord, those that pass by step, ninths of rootless sevenths, and all."""
    notes = [note for note in one.played if note.part == part]
    inside = passing = ninths = 0
    for note in notes:
        if _fits(one, note):
            inside += 1
        elif part != "bass" and _is_ninth(one, note):
            ninths += 1
        else:
            passing += _passes(one, note, notes)
    return inside, passing, ninths, len(notes)


def _chords_of(one: Rendering, note: Played) -> tuple[Chord, Chord]:
    """The chord that sounds, and the one ahead where the note may be an anticipation."""
    beat = one.beatmap.beat_at(note.on_s) + 0.03
    return one.chord_at(beat), one.chord_at(beat + EARLY_BEATS)


def _fits(one: Rendering, note: Played) -> bool:
    return any(note.pitch % 12 in chord.pitch_classes for chord in _chords_of(one, note))


def _is_ninth(one: Rendering, note: Played) -> bool:
    """The colour that a style with rootless chords gives to a seventh."""
    return one.style.chords == "rootless" and any(
        len(chord.tones) == 4 and (note.pitch - chord.root) % 12 == 2 for chord in _chords_of(one, note)
    )


def _passes(one: Rendering, note: Played, notes: Sequence[Played]) -> bool:
    """Whether a foreign tone comes by step from a chord tone, or goes by step into one, within a beat."""
    near_s = one.beatmap.seconds(1.1)
    return any(
        TOGETHER_S < abs(other.on_s - note.on_s) <= near_s
        and 0 < abs(other.pitch - note.pitch) <= STEP
        and _fits(one, other)
        for other in notes
    )


def wrong_share(one: Rendering) -> float | None:
    """Changes of root after which the bass sounds a tone foreign to the new chord for too long."""
    bass = [note for note in one.played if note.part == "bass"]
    changes = wrong = 0
    for (_, _, before), (begin, _, chord) in zip(one.spans, one.spans[1:], strict=False):
        if before.root == chord.root and before.bass == chord.bass:
            continue
        at_s = one.beatmap.time_at(begin) + SOUNDS_S
        changes += 1
        wrong += any(
            note.on_s <= at_s < (note.off_s or at_s) and note.pitch % 12 not in chord.pitch_classes
            for note in bass
            if note.on_s < at_s - SOUNDS_S + TOGETHER_S
        )
    return wrong / changes if changes and bass else None


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Every style a line: notes a beat and register by part, then the rest, and the means."""
    heads = ("style", *(f"{part}/beat" for part in PARTS), "bass from-to", "keys from-to", *COLUMNS)
    lines = [list(heads)]
    for row in rows:
        line = [row["style"], *(_number(row.get(f"{part} a beat"), 1) for part in PARTS)]
        line += [_span(row.get("bass register")), _span(row.get("keys register"))]
        line += [_number(row[column], 3) for column in COLUMNS]
        lines.append(line)
    means = ["mean", *[""] * (len(PARTS) + 2)]
    lines.append([*means, *(_number(_mean([row[column] for row in rows]), 3) for column in COLUMNS)])
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    text = ["  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)) for line in lines]
    bars = "bars: bass in, keys in >= 0.95; wrong <= 0.01; wrong by ear <= 0.15"
    return "\n".join([*text, bars])


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _span(value: tuple[int, int] | None) -> str:
    return "-" if value is None else f"{value[0]}-{value[1]}"
