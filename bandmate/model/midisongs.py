"""Reads MIDI files as songs: whole bands (free game music, your own files) and drummers (Groove MIDI).

Where a file names no chords, they are heard out of its pitched notes, half a bar at a time. Offline, when a
corpus is built.
"""

from __future__ import annotations

import csv
from pathlib import Path

import mido
import numpy as np

from bandmate.model.grid import (
    BEAT_TICKS,
    CHORD_TONES,
    NO_QUALITY,
    NO_ROOT,
    OFFSET_STEPS,
    PIANO,
    QUALITIES,
    Array,
    folded_drum,
    in_order,
)
from bandmate.model.songs import MOST_BARS, Song, Take, Unusable, part_by_program, rows
from bandmate.model.styles import DRUMMERS
from bandmate.timing import METERS, Meter, beats_of_ticks, bpm_of_us

LEAST_BARS = 8
LEAST_NOTES = 60  # of a track that somebody performs
PERFORMERS = 3  # takes of a joint song: so many of its tracks are the performer in turn
COLOURS = ("", "m", "7", "maj7", "m7", "sus4", "dim")  # what is heard without a chart
STAYS = 1.5  # how much a change of chord has to be worth


def joint_song(path: Path, source: str, style: str = "other") -> list[Song]:
    """A band's MIDI file as songs, each with another of its tracks performed; raises Unusable."""
    song, meter, bpm = _opened(path)
    tracks = _tracks(song)
    pitched = [number for number, (part, notes) in tracks.items() if part != 0 and len(notes) >= LEAST_NOTES]
    if len(tracks) < 2 or not pitched:
        raise Unusable("fewer than two players")
    ends = max(int(notes[-1, 1]) for _, notes in tracks.values())
    bars = min(ends // round(meter.bar_beats * BEAT_TICKS) + 1, MOST_BARS)
    if bars < LEAST_BARS:
        raise Unusable("too short")
    chords = heard_chords([notes for part, notes in tracks.values() if part != 0], meter, bars)
    return [
        _performed_by(number, tracks, Song(f"{path.stem}/{number}", source, meter, bpm, bars, chords), style)
        for number in sorted(pitched, key=lambda number: -len(tracks[number][1]))[:PERFORMERS]
    ]


def _performed_by(number: int, tracks: dict[int, tuple[int, Array]], song: Song, style: str) -> Song:
    """The song with one track performed and the others as the band."""
    others = [notes for other, (_, notes) in tracks.items() if other != number]
    band = in_order(np.concatenate(others))
    song.performer = {PIANO: in_order(tracks[number][1] * np.array([0, 1, 1, 1, 1, 0]))}
    song.takes = [Take(style, band, frozenset(band[:, 0].tolist()), f"{song.source}:{song.name}")]
    return song


def _opened(path: Path) -> tuple[mido.MidiFile, Meter, float]:
    try:
        song = mido.MidiFile(path, clip=True)
    except (OSError, EOFError, ValueError, KeyError, IndexError, mido.midifiles.meta.KeySignatureError):
        raise Unusable("no readable MIDI file") from None
    messages = [message for track in song.tracks for message in track]
    meters = {f"{m.numerator}/{m.denominator}" for m in messages if m.type == "time_signature"} or {"4/4"}
    if len(meters) != 1 or not meters <= set(METERS):
        raise Unusable("the meter changes, or isn't ours")
    tempo = next((m.tempo for m in messages if m.type == "set_tempo"), 500000)
    return song, Meter.parse(meters.pop()), bpm_of_us(tempo)


def _tracks(song: mido.MidiFile) -> dict[int, tuple[int, Array]]:
    """(part, notes) by MIDI channel and track, the notes sorted."""
    found: dict[tuple[int, int], list[tuple[int, int, int, int, int, int]]] = {}
    part_of: dict[tuple[int, int], int] = {}
    for index, track in enumerate(song.tracks):
        tick = 0
        program: dict[int, int] = {}
        open_notes: dict[tuple[int, int], tuple[int, int]] = {}
        for message in track:
            tick += message.time
            if message.type == "program_change":
                program[message.channel] = message.program
            if message.type not in ("note_on", "note_off"):
                continue
            voice = (index, message.channel)
            begun = open_notes.pop((message.channel, message.note), None)
            if begun is not None:
                part = (
                    0
                    if message.channel == 9
                    else part_by_program(program.get(message.channel, 0), track.name)
                )
                note = _note(part, begun[0], tick, message.note, begun[1], song.ticks_per_beat)
                if note is not None:
                    part_of.setdefault(voice, part)
                    found.setdefault(voice, []).append(note)
            if message.type == "note_on" and message.velocity:
                open_notes[message.channel, message.note] = (tick, message.velocity)
    return {
        number: (part_of[voice], in_order(rows(notes)) * np.array([0, 1, 1, 1, 1, 1]) + _own(part_of[voice]))
        for number, (voice, notes) in enumerate(sorted(found.items()))
    }


def _own(part: int) -> Array:
    return np.array([part, 0, 0, 0, 0, 0])


def _note(
    part: int, begun: int, end: int, pitch: int, velocity: int, ppq: int
) -> tuple[int, int, int, int, int, int] | None:
    """A note on the grid, with its distance from it; None for a drum that our kit hasn't."""
    beat = beats_of_ticks(begun, ppq) * BEAT_TICKS
    tick = round(beat)
    offset = round((beat - tick) * OFFSET_STEPS)
    drum = folded_drum(pitch) if part == 0 else pitch
    ticks = 1 if part == 0 else max(round(beats_of_ticks(end - begun, ppq) * BEAT_TICKS), 1)
    return None if drum is None else (part, tick, ticks, drum, max(velocity, 1), offset)


def heard_chords(tracks: list[Array], meter: Meter, bars: int) -> list[tuple[float, int, int]]:
    """The likeliest chords under some tracks, one a half bar: notes weighed by length, lowest ones twice."""
    half = max(round(meter.bar_beats * BEAT_TICKS / 2), 1)
    halves = bars * 2
    weight = np.zeros((halves, 12))
    low = np.zeros((halves, 12))
    for notes in tracks:
        for _, tick, ticks, pitch, _, _ in notes:
            for place in range(tick // half, min((tick + ticks - 1) // half + 1, halves)):
                inside = min(tick + ticks, (place + 1) * half) - max(tick, place * half)
                weight[place, pitch % 12] += inside
                low[place, pitch % 12] += inside * (pitch < 50)
    roots, numbers, tones = _templates()
    share = weight / np.maximum(weight.sum(1, keepdims=True), 1)
    bass = low / np.maximum(low.sum(1, keepdims=True), 1)
    score = 6 * (share @ tones.T - 0.12 * tones.sum(1)) + 1.5 * bass[:, roots]  # (halves, chords)
    path = _smoothest(score)
    silent = weight.sum(1) == 0
    found: list[tuple[float, int, int]] = []
    for place, chord in enumerate(path):
        named = (NO_ROOT, NO_QUALITY) if silent[place] else (int(roots[chord]), int(numbers[chord]))
        if not found or found[-1][1:] != named:
            found.append((place * meter.bar_beats / 2, *named))
    return found


def _templates() -> tuple[Array, Array, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    pairs = [(root, QUALITIES.index(colour)) for root in range(12) for colour in COLOURS]
    tones = np.array([np.roll(CHORD_TONES[number], root) for root, number in pairs], float)
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs]), tones


def _smoothest(score: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[int]:
    """Viterbi: the best path through the scores where each change costs the same."""
    best, back = score[0], []
    for row in score[1:]:
        change = best.max() - STAYS
        back.append(np.where(best >= change, np.arange(len(best)), best.argmax()))
        best = np.maximum(best, change) + row
    place = int(best.argmax())
    path = [place]
    for steps in reversed(back):
        place = int(steps[place])
        path.append(place)
    return path[::-1]


# ------------------------------------------------------------------ Groove MIDI


def drummers(data: Path, never: set[str]) -> list[tuple[str, str]]:
    """The (file, label) of Groove MIDI's training beats; `never` are files that nobody may learn from."""
    with (data / "gmd" / "groove" / "info.csv").open() as table:
        return sorted(
            (row["midi_filename"], row["style"])
            for row in csv.DictReader(table)
            if row["beat_type"] == "beat" and row["split"] == "train" and row["midi_filename"] not in never
        )


def drummer(data: Path, name: str, label: str) -> Song:
    """A drummer alone: nobody performs, and there are no chords; raises Unusable."""
    song, meter, bpm = _opened(data / "gmd" / "groove" / name)
    tracks = _tracks(song)
    if not tracks:
        raise Unusable("nothing is played")
    notes = in_order(np.concatenate([notes for part, notes in tracks.values() if part == 0] or [rows([])]))
    bars = min(int(notes[-1, 1]) // round(meter.bar_beats * BEAT_TICKS) + 1, MOST_BARS) if len(notes) else 0
    if bars < LEAST_BARS:
        raise Unusable("too short")
    style = DRUMMERS.get(label, DRUMMERS.get(label.split("/")[0], "other"))
    found = Song(name, "gmd", meter, bpm, bars, [])
    found.takes = [Take(style, notes, frozenset([0]), f"gmd:{label}", performed=True)]
    return found
