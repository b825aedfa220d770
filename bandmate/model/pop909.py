"""Reads POP909-CL (a pianist's notes on corrected bars, with expert chords) as songs.

POP909-CL merged melody, bridge and piano into one track; the same notes in POP909 say which are the melody's.
Offline, when a corpus is built.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import mido

from bandmate.harmony import QUALITIES as SPELT
from bandmate.model.grid import (
    BEAT_TICKS,
    MELODY,
    NO_QUALITY,
    NO_ROOT,
    PIANO,
    QUALITIES,
    SLOT_TICKS,
    Array,
    in_order,
)
from bandmate.model.songs import MOST_BARS, Song, Unusable, rows
from bandmate.timing import METERS, Meter, beats_of_ticks, bpm_of_us

SAME = 0.98  # share of the notes that both files must have
CLEARLY = 2.0  # times as many chords change on other beats than on those of the file's bars

Strokes = list[tuple[float, float, int, int]]  # beat, beats, pitch, velocity


def read(data: Path, name: str) -> Song:
    """One song; raises Unusable."""
    song = mido.MidiFile(data / "pop909cl" / "POP909_processed" / f"{name}.mid")
    meter, bpm = _meter(song)
    tracks = [strokes_of(track, song.ticks_per_beat) for track in song.tracks]  # the tempo, piano, chords
    if len(tracks) != 3 or not tracks[1] or not tracks[2]:
        raise Unusable("no track of chords")
    chords = [(beat, *named(pitches)) for beat, pitches in _together(tracks[2])]
    played = _roles(tracks[1], mido.MidiFile(data / "pop909" / "POP909" / name / f"{name}.mid"))
    rest = pickup_rest(chords, meter)
    chords = [(beat + rest, root, quality) for beat, root, quality in chords]
    played = {
        role: [(beat + rest, beats, pitch, velocity) for beat, beats, pitch, velocity in strokes]
        for role, strokes in played.items()
    }
    ends = rest + max(beat + beats for beat, beats, _, _ in tracks[1])
    return Song(
        name, "pop909", meter, bpm, min(int(ends // meter.bar_beats), MOST_BARS), chords,
        {role: performed(strokes) for role, strokes in played.items()},
    )  # fmt: skip


def names(data: Path) -> list[str]:
    """The songs that are in both folders."""
    return sorted(
        path.stem
        for path in (data / "pop909cl" / "POP909_processed").glob("*.mid")
        if (data / "pop909" / "POP909" / path.stem).is_dir()
    )


def pickup_rest(chords: list[tuple[float, int, int]], meter: Meter) -> float:
    """The rest, in beats, before a file that begins within a bar, so that its bar lines fall on ours.

    Every fourth song of POP909-CL begins so; its chords change on the second and fourth beats of four.
    """
    beats = round(meter.bar_beats)
    if meter.pulse_beats == 1.5 or beats != meter.bar_beats:
        return 0.0
    changes = [0] * beats
    for (_, before, _), (beat, root, _) in pairwise(chords):
        if root != before and beat == round(beat):
            changes[round(beat) % beats] += 1
    half = beats // 2 if beats % 2 == 0 else 0

    def strong(place: int) -> int:
        """How many change on a place, or half a bar from it."""
        return changes[place] + (changes[(place + half) % beats] if half else 0)

    line = max(range(beats), key=lambda place: (strong(place), changes[place]))
    return float(-line % beats) if strong(line) > CLEARLY * strong(0) else 0.0


def _meter(song: mido.MidiFile) -> tuple[Meter, float]:
    messages = [message for track in song.tracks for message in track]
    meters = {f"{m.numerator}/{m.denominator}" for m in messages if m.type == "time_signature"}
    if len(meters) != 1:
        raise Unusable("the meter changes")
    if not meters <= set(METERS):
        raise Unusable("a meter that we don't play")
    tempo = next((m.tempo for m in messages if m.type == "set_tempo"), 500000)
    return Meter.parse(meters.pop()), bpm_of_us(tempo)


def strokes_of(track: mido.MidiTrack, ppq: int) -> Strokes:
    """The notes of a track, in beats of its file."""
    open_notes: dict[int, tuple[int, int]] = {}
    found: Strokes = []
    tick = 0
    for message in track:
        tick += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        if message.note in open_notes:
            begun, velocity = open_notes.pop(message.note)
            lasts = beats_of_ticks(tick - begun, ppq)
            found.append((beats_of_ticks(begun, ppq), lasts, message.note, velocity))
        if message.type == "note_on" and message.velocity:
            open_notes[message.note] = (tick, message.velocity)
    return sorted(found)


def _roles(piano: Strokes, original: mido.MidiFile) -> dict[int, Strokes]:
    """Each note to the role it had: the same pitch, as often, in the same order."""
    roles: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for track in original.tracks:
        role = MELODY if track.name.strip().upper() == "MELODY" else PIANO
        for beat, _, pitch, _ in strokes_of(track, original.ticks_per_beat):
            roles[pitch].append((beat, role))
    by_pitch: dict[int, Strokes] = defaultdict(list)
    for stroke in piano:
        by_pitch[stroke[2]].append(stroke)
    found: dict[int, Strokes] = {MELODY: [], PIANO: []}
    placed = 0
    for pitch, strokes in by_pitch.items():
        if len(strokes) == len(roles[pitch]):
            placed += len(strokes)
            for stroke, (_, role) in zip(strokes, sorted(roles[pitch]), strict=True):
                found[role].append(stroke)
    if placed < SAME * len(piano):
        raise Unusable("POP909 and POP909-CL differ")
    return found


def _together(strokes: Strokes) -> list[tuple[float, list[int]]]:
    """The chord track as (beat, pitches)."""
    found: dict[float, list[int]] = {}
    ends = 0.0
    for beat, beats, pitch, _ in strokes:
        if beat > ends + 0.5 and beat not in found:
            found[ends] = []  # a gap: no chord
        found.setdefault(beat, []).append(pitch)
        ends = max(ends, beat + beats)
    return sorted(found.items())


def named(pitches: list[int]) -> tuple[int, int]:
    """Root and quality number of a chord by its notes, the lowest note first asked; none where empty."""
    if not pitches:
        return NO_ROOT, NO_QUALITY
    classes = {pitch % 12 for pitch in pitches}
    lowest = min(pitches) % 12
    best = (-99.0, NO_ROOT, NO_QUALITY)
    for root in sorted(classes, key=lambda tone: (tone - lowest) % 12):
        for number, quality in enumerate(QUALITIES):
            tones = {(root + step) % 12 for step in SPELT[quality]}
            score = -2.0 * len(tones - classes) - 1.0 * len(classes - tones) + 0.5 * (root == lowest)
            if score > best[0]:
                best = (score, root, number)
    return best[1], best[2]


def performed(strokes: Strokes) -> Array:
    """A performer's notes in ticks, on the grid; the part is of no meaning here."""
    found = []
    for beat, beats, pitch, velocity in strokes:
        tick = round(beat * BEAT_TICKS)
        if 0 <= tick < MOST_BARS * 8 * SLOT_TICKS:
            found.append((0, tick, max(round(beats * BEAT_TICKS), 1), pitch, max(velocity, 1), 0))
    return in_order(rows(found))
