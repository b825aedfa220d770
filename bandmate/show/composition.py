"""Compositions: the demo performer's sheet music, read out of `patches/demos/*.toml` and checked in full.

What comes out is written music, straight on the grid, in beats; `demo.py` plays it like a person.
`patches/demos/pop.toml` explains the notation. Before the count-in only: opens the file, no clock,
no randomness; any process. Imports only the bottom layer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from bandmate import patch
from bandmate.errors import BadPatch, BandmateError
from bandmate.harmony import NAMES, Chord, pitch_class
from bandmate.timing import METERS, Meter, swung

KEYS: dict[str, tuple[Any, Any]] = {  # a key of the file: its default, and its kind, choices or (low, high)
    "title": (None, str),
    "style": (None, str),  # `read` puts the styles that ship here
    "meter": ("4/4", METERS),
    "bpm": (None, (30.0, 300.0)),  # pulses a minute
    "key": (None, (*NAMES, *(f"{name}m" for name in NAMES))),
    "swing": (0.5, (0.5, 0.75)),
    "swing_note": ("e", ("e", "s")),
    "laid_back_ms": (8.0, (0.0, 15.0)),
    "pedal": ("legato", ("legato", "dabs")),
    "voices": (3, (3.0, 4.0)),
    "form": (None, list),
    "comping": (None, dict),
    "section": (None, dict),
}
SECTION_KEYS: dict[str, tuple[Any, Any]] = {"level": (0.5, (0.0, 1.0)), "bars": (None, str)}
LENGTHS = {"w": 4.0, "h": 2.0, "q": 1.0, "e": 0.5, "s": 0.25}
KINDS: dict[type, str] = {str: "a text", list: "a list of sections", dict: "a table of names"}
DOTS = {"": 1.0, ".": 1.5, "t": 2 / 3}
TOKEN = re.compile(r"(\S+?)([whqes])([.t]?)([>'<]*)")
PITCHES = re.compile(r"(?:\(([A-G][b#]?\d)\))?([A-G][b#]?\d(?:\+[A-G][b#]?\d)*)")
VOICES = {  # what a left-hand letter takes of the voicing
    **{"-": slice(0), "~": slice(0), "x": slice(None), "a": slice(None), "l": slice(1), "u": slice(1, None)},
    **{str(voice): slice(voice - 1, voice) for voice in (1, 2, 3, 4)},
}
LEFT_LOW, LEFT_HIGH = 48, 64  # the left hand stays between the bass player and the melody
GRACE_BEATS = 0.125


@dataclass(frozen=True, slots=True)
class Stroke:
    """What a hand is to play at a beat, as written: pitches from the lowest, marks such as `>`."""

    beat: float
    beats: float
    pitches: tuple[int, ...]
    marks: str
    level: float  # 0..1, how strong the section is


@dataclass(frozen=True, slots=True)
class Composition:
    """A file, read and checked; the hands still stand straight on the grid."""

    name: str
    title: str
    style: str
    meter: Meter
    bpm: float
    key: str
    swing: float
    swing_note: str
    laid_back_ms: float
    pedal: str
    beats: float  # the whole form
    chords: tuple[tuple[float, str], ...]
    left: tuple[Stroke, ...]
    right: tuple[Stroke, ...]

    def aimed(self, beat: float) -> float:
        """Where a written beat swings to; triplets and graces stay where they stand."""
        steps = beat / LENGTHS[self.swing_note]
        return swung(beat, self.swing, LENGTHS[self.swing_note]) if abs(steps - round(steps)) < 1e-6 else beat


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    level: float
    chords: str
    left: str
    right: str


def read(name: str) -> Composition:
    """A composition out of its file; raises BadPatch naming file, key and value."""
    path = Path(name) if name.endswith(".toml") else patch.data_folder("patches") / "demos" / f"{name}.toml"
    table = patch.read_toml(path, patch.names("demos"))
    styles = {"style": (None, tuple(patch.names("styles")))}
    try:
        return _composition(path.stem, _checked(table, KEYS | styles))
    except BandmateError as error:
        raise BadPatch(f"{path}: {error}") from None


def _checked(table: Any, keys: dict[str, tuple[Any, Any]], where: str = "") -> dict[str, Any]:
    """Every value of a table, checked by its key; what isn't given has its default."""
    given = dict(table) if isinstance(table, dict) else {}
    if unknown := sorted(given.keys() - keys.keys()):
        raise BadPatch(f"unknown key '{where}{unknown[0]}'; it takes {', '.join(keys)}")
    for key, (default, takes) in keys.items():
        value = given.setdefault(key, default)
        if isinstance(takes, type):
            good, wanted = isinstance(value, takes) and bool(value), KINDS[takes]
        elif isinstance(takes[0], str):
            good, wanted = value in takes, ", ".join(takes)
        else:
            good = type(value) in (int, float) and takes[0] <= value <= takes[1]
            wanted = f"{takes[0]:g} to {takes[1]:g}"
        if not good:
            raise BadPatch(f"key '{where}{key}' is {value!r}; it takes {wanted}")
    return given


def _composition(name: str, table: dict[str, Any]) -> Composition:
    meter, sections, form = Meter.parse(table.pop("meter")), table.pop("section"), table.pop("form")
    if unknown := [section for section in form if str(section) not in sections]:
        raise BadPatch(f"key 'form' names {unknown[0]!r}; it takes {', '.join(sections)}")
    rows = [row for section in form for row in _rows(section, sections[section])]
    chords = _chart(rows, meter)
    voicings = dict(zip(_beats(chords), _voicings(chords, round(table.pop("voices"))), strict=True))
    left = _left(rows, meter, table.pop("comping"), voicings)
    whole = len(rows) * meter.bar_beats
    right = _right(rows, meter)
    return Composition(name=name, meter=meter, beats=whole, chords=chords, left=left, right=right, **table)


def _rows(name: str, table: Any) -> list[_Row]:
    """The bars of a section, a line each."""
    section, rows = _checked(table, SECTION_KEYS, f"section.{name}."), []
    for index, line in enumerate(section["bars"].strip().splitlines(), 1):
        where, columns = f"section.{name} bar {index}", [column.strip() for column in line.split("|")]
        if len(columns) != 3:
            raise BadPatch(f"key '{where}' is {line.strip()!r}; it takes chords | left hand | right hand")
        rows.append(_Row(where, float(section["level"]), columns[0], columns[1], columns[2]))
    return rows


def _chart(rows: list[_Row], meter: Meter) -> tuple[tuple[float, str], ...]:
    """Each written chord with its beat; several in a bar share it evenly."""
    chart: list[tuple[float, str]] = []
    for bar, row in enumerate(rows):
        symbols = row.chords.split() or [""]
        for index, symbol in enumerate(symbols):
            if symbol == "%" and index > 0:
                continue  # the chord before it lasts on
            named = chart[-1][1] if symbol == "%" and chart else symbol
            try:
                Chord.parse(named)
            except BandmateError as error:
                raise BadPatch(f"key '{row.where}': {error}") from None
            chart.append(((bar + index / len(symbols)) * meter.bar_beats, named))
    return tuple(chart)


def _beats(chords: tuple[tuple[float, str], ...]) -> list[float]:
    return [beat for beat, _ in chords]


def _tokens(text: str, meter: Meter, where: str) -> list[tuple[float, float, str, str]]:
    """A bar's tokens as (beat in the bar, beats, head, marks); they must fill the bar."""
    found: list[tuple[float, float, str, str]] = []
    beat = 0.0
    for token in text.split():
        match = TOKEN.fullmatch(token)
        if not match:
            raise BadPatch(f"key '{where}' has {token!r}; a token reads as in A4q. or -e or xq")
        beats = LENGTHS[match[2]] * DOTS[match[3]]
        found.append((beat, beats, match[1], match[4]))
        beat += beats
    if abs(beat - meter.bar_beats) > 1e-6:
        raise BadPatch(f"key '{where}' is {text!r}, {beat:g} beats; a bar of {meter} has {meter.bar_beats:g}")
    return found


def _add(strokes: list[Stroke], stroke: Stroke, head: str, where: str) -> None:
    """Put a stroke at the end of a hand's line; `~` makes the last one longer instead."""
    if head != "~":
        strokes.append(stroke)
    elif strokes and abs(strokes[-1].beat + strokes[-1].beats - stroke.beat) < 1e-6:
        strokes[-1] = replace(strokes[-1], beats=strokes[-1].beats + stroke.beats)
    else:
        raise BadPatch(f"key '{where}' has '~', but there is no note to hold on to")


def _right(rows: list[_Row], meter: Meter) -> tuple[Stroke, ...]:
    strokes: list[Stroke] = []
    for bar, row in enumerate(rows):
        for place, beats, head, marks in _tokens(row.right, meter, row.where):
            beat, named = bar * meter.bar_beats + place, PITCHES.fullmatch(head)
            if head not in "-~" and not named:
                raise BadPatch(f"key '{row.where}' has {head!r}; a note reads as in Bb4, D4+A4 or (C5)C#5")
            if named and named[1]:
                grace = (_pitch(named[1]),)
                strokes.append(Stroke(beat - GRACE_BEATS, GRACE_BEATS, grace, "<", row.level))
            pitches = tuple(sorted(_pitch(name) for name in named[2].split("+"))) if named else ()
            _add(strokes, Stroke(beat, beats, pitches, marks, row.level), head, row.where)
    return tuple(stroke for stroke in strokes if stroke.pitches)


def _pitch(name: str) -> int:
    return pitch_class(name[:-1]) + 12 * (int(name[-1]) + 1)


def _left(
    rows: list[_Row], meter: Meter, comping: dict[str, Any], voicings: dict[float, tuple[int, ...]]
) -> tuple[Stroke, ...]:
    strokes: list[Stroke] = []
    changes = list(voicings)
    for bar, row in enumerate(rows):
        pattern = comping.get(row.left)
        if not isinstance(pattern, str):
            raise BadPatch(f"key '{row.where}' names {row.left!r}; [comping] has {', '.join(comping)}")
        for place, beats, head, marks in _tokens(pattern, meter, f"comping.{row.left}"):
            if head not in VOICES:
                raise BadPatch(f"key 'comping.{row.left}' has {head!r}; it takes {' '.join(VOICES)}")
            beat = bar * meter.bar_beats + place
            heard = (bar + 1) % len(rows) * meter.bar_beats if head == "a" else beat
            voicing = voicings[changes[bisect_right(changes, heard + 1e-6) - 1]]
            _add(strokes, Stroke(beat, beats, voicing[VOICES[head]], marks, row.level), head, row.where)
    return tuple(stroke for stroke in strokes if stroke.pitches)


def _voicings(chords: tuple[tuple[float, str], ...], voices: int) -> list[tuple[int, ...]]:
    """The left hand's shapes, each as near as can be to the last: root, third and seventh first."""
    shapes: list[tuple[int, ...]] = []
    for _, symbol in chords:
        tones = list(Chord.parse(symbol).tones)
        if len(tones) > voices:
            tones.remove(tones[2])
        shapes.append(min(_shapes(tones), key=lambda shape: _travel(shape, shapes[-1:])))
    return shapes


def _shapes(tones: list[int]) -> list[tuple[int, ...]]:
    """Every close position of some pitch classes in the left hand's range."""
    found = []
    for low in range(LEFT_LOW, LEFT_HIGH + 1):
        if low % 12 in tones:
            found.append(tuple(sorted(low + (tone - low) % 12 for tone in tones)))
    return [shape for shape in found if shape[-1] <= LEFT_HIGH] or found[:1]


def _travel(shape: tuple[int, ...], last: list[tuple[int, ...]]) -> float:
    """How far the hand goes, plus what muddy seconds cost, plus a pull to the middle of its range."""
    before = last[0] if last else (57,) * len(shape)
    far = sum(min(abs(pitch - old) for old in before) for pitch in shape)
    mud = sum(8.0 if high - low == 1 else 1.0 for low, high in pairwise(shape) if high - low < 3)
    return far + mud + 0.3 * abs(sum(shape) / len(shape) - 57)
