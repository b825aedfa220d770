"""`bandmate bench music`: what the players make of songs that nobody trained on, with and without left hand.

POP909's held-out pianists play through the same path as `bandmate rehearse`, tapped in so that bars are bars:
with both hands, with nothing below C3 and no roots, and with the melody alone; OpenEWLD's melodies for how
notes and harmony agree. The players are the understudy and the model. The first four bars are left out.
Nothing is asserted.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bandmate.carrier import Answer
from bandmate.events import Event, NoteOff, NoteOn
from bandmate.harmony import Chord
from bandmate.model import charts, pop909
from bandmate.model.grid import BEAT_TICKS, CHORD_TONES, MELODY, NO_ROOT, PIANO, Array
from bandmate.model.songs import Song, Unusable
from bandmate.rehearsal import Performance, load_styles, prepare, rehearse
from bandmate.show.ledger import Played
from bandmate.show.take import Take
from bandmate.timing import BeatMap, step_index

FIRST_BARS = 4  # left out
BARS = 40  # of each song
LATE_S = 0.120  # a wrong bass note that sounds on so long after a change is wrong
NEAR_S = 0.06
FRAME_BEATS = 0.25
INPUTS = ("piano", "rootless", "melody")
COMPING = ("keys", "guitar", "pad")
COLUMNS = (
    "fit", "fit bass", "fit comping", "wrong root", "root at change", "root in a beat", "NiC",
    "comping rests", "in your octaves", "notes a beat", "recency p95 ms", "fresh",
)  # fmt: skip


Key = tuple[float, float, int, int]  # beat, beats, pitch, velocity


@dataclass(frozen=True, slots=True)
class Listened:
    """A performance beside its song: notes in the song's beats."""

    song: Song
    found: Performance
    clock: BeatMap
    notes: list[Played]

    def beat(self, time_s: float) -> float:
        """Where in the song a moment falls."""
        return self.clock.beat_at(time_s)


def performer(song: Song, kind: str, bars: int = BARS) -> list[Key]:
    """What is played to the band: (beat, beats, pitch, velocity), for one of INPUTS."""
    chords = song.chord_slots()
    found = []
    roles = (MELODY,) if kind == "melody" else (MELODY, PIANO)
    for role in roles:
        for _, tick, ticks, pitch, velocity, _ in song.performer.get(
            role, np.zeros((0, 6), np.int64)
        ).tolist():
            slot = min(tick * 2 // BEAT_TICKS, len(chords) - 1)
            low = pitch < 48 or pitch % 12 == chords[slot, 0]
            if (kind == "rootless" and role == PIANO and low) or tick >= bars * song.meter.slots * 6:
                continue
            found.append((tick / BEAT_TICKS, ticks / BEAT_TICKS, pitch, velocity))
    return sorted(found)


def play(
    song: Song, played: Sequence[Key], style: str, model: Answer | None, seed: int = 1,
    delay_ms: float | None = 0.0,
) -> Listened:  # fmt: skip
    """The band with a performer who keeps strict time, tapped in by a bar."""
    clock = BeatMap(song.bpm, 0.0, 1.0 + BeatMap(song.bpm, 0.0, 0.0).seconds(song.meter.bar_beats))
    events: list[Event] = []
    for beat, beats, pitch, velocity in played:
        events.append(NoteOn(clock.time_at(beat), pitch, velocity))
        events.append(NoteOff(clock.time_at(beat + beats * 0.95), pitch))
    placed = sorted(
        ((step_index(e.time_s), e) for e in events), key=lambda entry: (entry[0], entry[1].time_s)
    )
    last_s = max(event.time_s for _, event in placed)
    pulses = round(song.meter.bar_beats / song.meter.pulse_beats)
    taps_s = [clock.time_at((index - pulses) * song.meter.pulse_beats) for index in range(pulses)]
    params: dict[str, float | str] = {"style": style, "follow": 0.1, "meter": str(song.meter)}
    take, header = prepare(Take(song.name, tuple(placed), last_s), "bench", seed, params, taps_s)
    header = replace(header, state_s=0.0)
    found = rehearse(take, header, load_styles(), model, delay_ms)
    first_s = clock.time_at(FIRST_BARS * song.meter.bar_beats)
    notes = [note for note in found.ledger.played() if first_s <= note.on_s < last_s]
    return Listened(song, found, clock, notes)


# ------------------------------------------------------------------ what a listener would ask


def measure(heard: Listened, played: Sequence[Key]) -> dict[str, float | None]:
    """The row of a table."""
    chords = heard.song.chord_slots()
    bass = [note for note in heard.notes if note.part == "bass"]
    comping = [note for note in heard.notes if note.part in COMPING]
    wrong, at_change, soon, changes = _changes(heard, chords, bass)
    total = max(changes, 1)
    recency_ms = sorted(note.recency_s * 1000 for note in heard.notes) or [0.0]
    rungs = heard.found.rungs or {"understudy": 1}
    beats = max((heard.beat(note.on_s) for note in heard.notes), default=0.0) - FIRST_BARS * 4
    return {
        "fit": _fit(heard, chords, [*bass, *comping]), "fit bass": _fit(heard, chords, bass),
        "fit comping": _fit(heard, chords, comping), "wrong root": wrong / total,
        "root at change": at_change / total, "root in a beat": soon / total,
        "NiC": agreement(heard, played), "comping rests": _rests(heard, comping, beats),
        "in your octaves": _octaves(heard, comping, played),
        "notes a beat": len(heard.notes) / max(beats, 1.0),
        "recency p95 ms": recency_ms[int(0.95 * (len(recency_ms) - 1))],
        "fresh": rungs.get("fresh", 0) / sum(rungs.values()),
    }  # fmt: skip


def _fit(heard: Listened, chords: Array, notes: Sequence[Played]) -> float | None:
    """Share of notes that begin inside the annotated chord."""
    inside = total = 0
    for note in notes:
        slot = int((heard.beat(note.on_s) + 0.06) * 2)
        if 0 <= slot < len(chords) and chords[slot, 0] < NO_ROOT:
            total += 1
            inside += CHORD_TONES[chords[slot, 1], (note.pitch - chords[slot, 0]) % 12]
    return inside / total if total else None


def _changes(heard: Listened, chords: Array, bass: Sequence[Played]) -> tuple[int, int, int, int]:
    """Of all changes of root: a foreign bass note sounds on; the root sounds at once; within a beat; all."""
    wrong = at_change = soon = changes = 0
    last = heard.beat(heard.notes[-1].on_s) if heard.notes else 0.0
    for slot in range(FIRST_BARS * heard.song.meter.slots, min(len(chords), int(last * 2))):
        root, quality = chords[slot]
        if root == NO_ROOT or chords[slot - 1, 0] in (root, NO_ROOT):
            continue
        changes += 1
        from_s = heard.clock.time_at(slot / 2)
        beat_s = heard.clock.seconds(1.0)
        sounding = [
            note for note in bass if note.on_s < from_s + beat_s and (note.off_s or 1e9) > from_s + 0.01
        ]
        wrong += any(
            note.on_s < from_s + NEAR_S and (note.off_s or 1e9) > from_s + LATE_S
            and not CHORD_TONES[quality, (note.pitch - root) % 12]
            for note in sounding
        )  # fmt: skip
        rooted = [note for note in sounding if note.pitch % 12 == root]
        at_change += any(
            note.on_s <= from_s + NEAR_S and (note.off_s or 1e9) > from_s + NEAR_S for note in rooted
        )
        soon += bool(rooted)
    return wrong, at_change, soon, changes


def agreement(heard: Listened, played: Sequence[Key]) -> float | None:
    """NiC: how much of the top line lies in what the band sounds, or implies where it leaves space."""
    implied = [
        (heard.beat(time_s), Chord.parse(name).pitch_classes) for _, time_s, name in heard.found.chords
    ]
    inside = total = 0
    pitched = [(heard.beat(n.on_s), heard.beat(n.off_s or n.on_s), n.pitch % 12) for n in heard.notes
               if n.part != "drums"]  # fmt: skip
    last = max((on for on, _, _ in pitched), default=0.0)
    for beat, beats, pitch, _ in played:
        for frame in np.arange(max(beat, FIRST_BARS * 4.0), min(beat + beats, last), FRAME_BEATS):
            sounding = {tone for on, off, tone in pitched if on <= frame + 0.1 and off > frame + 0.05}
            if len(sounding) < 3:
                sounding |= next(
                    (tones for from_, tones in reversed(implied) if from_ <= frame + 0.1), frozenset()
                )
            if sounding:
                total += 1
                inside += pitch % 12 in sounding
    return inside / total if total else None


def _rests(heard: Listened, comping: Sequence[Played], beats: float) -> float | None:
    """Share of eighths in which no chord instrument strikes."""
    struck = {int((heard.beat(note.on_s) + 0.06) * 2) for note in comping}
    return 1 - len(struck) / max(beats * 2, 1) if comping else None


def _octaves(heard: Listened, comping: Sequence[Played], played: Sequence[Key]) -> float | None:
    """Share of chord notes that begin inside the register of the performer's last two bars."""
    inside = 0
    for note in comping:
        beat = heard.beat(note.on_s)
        keys = sorted(pitch for on, _, pitch, _ in played if beat - 8 <= on < beat)
        if keys:
            edge = len(keys) // 10
            inside += keys[edge] <= note.pitch <= keys[-1 - edge]
    return inside / len(comping) if comping else None


# ------------------------------------------------------------------ the table


def run(
    data: Path, names: Sequence[str], model: Answer | None, report: Callable[[str], None] = lambda text: None
) -> list[dict[str, Any]]:
    """A row for each player and kind of input: means over the songs."""
    players: dict[str, Answer | None] = {"understudy": None} | ({"model": model} if model is not None else {})
    rows = []
    for kind in INPUTS:
        for player, answer in players.items():
            found = []
            for song in _songs(data, names):
                began_s = time.perf_counter()
                played = performer(song, kind)
                found.append(measure(play(song, played, "pop-rock", answer), played))
                report(f"{song.name} {kind} {player} {time.perf_counter() - began_s:.0f} s")
            rows.append({"player": player, "input": kind, "songs": len(found)} | _means(found))
    return rows


def lead_sheets(data: Path, names: Sequence[str], model: Answer | None) -> list[dict[str, Any]]:
    """NiC on lead sheets' melodies, a row a player."""
    players: dict[str, Answer | None] = {"understudy": None} | ({"model": model} if model is not None else {})
    rows = []
    for player, answer in players.items():
        found = []
        for name in names:
            try:
                song = charts.lead_sheet(data, name)
            except Unusable:
                continue
            played = performer(song, "melody")
            if song.bars >= 2 * FIRST_BARS and len(played) > 20 and song.meter.bar_beats == 4:
                found.append(measure(play(song, played, "pop-rock", answer), played))
        rows.append({"player": player, "input": "lead sheets", "songs": len(found)} | _means(found))
    return rows


def _songs(data: Path, names: Sequence[str]) -> list[Song]:
    found = []
    for name in names:
        try:
            song = pop909.read(data, name)
        except Unusable as reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
            continue
        if str(song.meter) == "4/4":
            found.append(song)
    return found


def _means(rows: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for column in COLUMNS:
        values = [value for row in rows if (value := row[column]) is not None]
        found[column] = sum(values) / len(values) if values else None
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    width = max(len(column) for column in COLUMNS)
    lines = [f"{'input':12} {'player':11} " + " ".join(column.rjust(width) for column in COLUMNS)]
    for row in rows:
        cells = ("-" if row[column] is None else f"{row[column]:.3f}" for column in COLUMNS)
        lines.append(f"{row['input']:12} {row['player']:11} " + " ".join(cell.rjust(width) for cell in cells))
    return "\n".join(lines)


def write(rows: Sequence[dict[str, Any]], folder: Path) -> None:
    """`metrics.json` beside a model."""
    (folder / "metrics.json").write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
