"""What goes wrong on a stage: the performer jumps to another key, slips a semitone out, or plays dirty.

Each is a song made anew, or other keys for the same song; the band hears no more of it than the keys. Rows
for `bandmate bench music`, both hands unless a row says otherwise.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bandmate.bench.music import FIRST_BARS, Concert, Key, Listened, performer
from bandmate.bench.music_harmony import agreement
from bandmate.bench.music_measures import COMPING, NEAR_BEATS, fit
from bandmate.model.grid import BEAT_TICKS, CHORD_TONES, NO_ROOT
from bandmate.model.songs import Song

MOVES = (FIRST_BARS + 8, FIRST_BARS + 16, FIRST_BARS + 24)  # bars on whose line the performer moves
STAYS = 8  # bars
BEFORE = 4  # bars: NiC before a move
ALIKE = 0.05  # NiC is as it was
KEYS = {"tritone": (0, 6, 0, 6), "minor third": (0, 3, 6, -3)}  # semitones, after each move
SLIPS = (FIRST_BARS + 4, FIRST_BARS + 12, FIRST_BARS + 20)  # bars on whose line the right hand slips
SLIP_BARS, SLIP = 2, 1
MIDDLE_C = 60  # below it the left hand plays
WRONG, OFF = 0.05, 0.15  # shares of a dirty player's notes
MAJOR = (0, 2, 4, 5, 7, 9, 11)
NEAR_MISS, SIXTEENTH = (-2, -1, 1, 2), 0.25

Rows = list[dict[str, Any]]


# ------------------------------------------------------------------ another key at a bar line


def pushes(concert: Concert) -> Rows:
    """The push test and the modulation: how long the band takes to be back with the performer."""
    rows: Rows = []
    for name, keys in KEYS.items():
        for player in concert.players:
            moved, plain = [], []
            for song in concert.songs:
                elsewhere = in_keys(song, keys)
                played = performer(elsewhere, "piano", MOVES[-1] + STAYS)
                moved.append(concert.play(elsewhere, played, player, name))
                plain.append(concert.plain(song, "piano", player))
            rows.append({"player": player, "move": name} | _back(moved, plain, keys))
    return rows


def in_keys(song: Song, keys: Sequence[int]) -> Song:
    """The song, its chords and its performer moved by so many semitones from each of MOVES on.

    What rings over a move is cut there.
    """
    lines = [bar * song.meter.bar_beats for bar in MOVES]
    slots = song.chord_slots()
    performed = {}
    for role, notes in song.performer.items():
        rows = notes.copy()
        which = np.searchsorted(lines, rows[:, 1] / BEAT_TICKS + 1e-6)
        ends = np.append(np.array(lines) * BEAT_TICKS, 1 << 30).astype(np.int64)[which]
        rows[:, 2] = np.minimum(rows[:, 2], ends - rows[:, 1])
        rows[:, 3] += np.array(keys)[which]
        performed[role] = rows
    chords = []
    for slot, (root, quality) in enumerate(slots):
        semitones = keys[int(np.searchsorted(lines, slot / 2 + 1e-6))]
        chords.append((slot / 2, int(root if root == NO_ROOT else (root + semitones) % 12), int(quality)))
    return replace(song, chords=chords, performer=performed, takes=[])


def _back(moved: Sequence[Listened], plain: Sequence[Listened], keys: Sequence[int]) -> dict[str, Any]:
    """NiC around all moves, against before and against the same beats unmoved; the bass after each."""
    before = pooled(moved, -BEFORE * 4, 0)
    arrived = [
        settled(there, bar * there.song.meter.bar_beats, scale(here.song, semitones))
        for there, here in zip(moved, plain, strict=True)
        for bar, semitones in zip(MOVES, keys[1:], strict=True)
    ]
    lost = {
        name: minus(pooled(plain, *span), pooled(moved, *span))
        for name, span in (("lost 1-2", (0, 2)), ("3-4", (2, 4)), ("5-8", (4, 8)), ("9-16", (8, 16)))
    }
    return {
        "moves": len(arrived), "before": before, "to NiC": beats_back(moved, lambda beat: before),
        "to unmoved": beats_back(moved, lambda beat: pooled(plain, beat, beat + 2)), **lost,
        "bass in key": statistics.median(arrived), "bass, mean": statistics.fmean(arrived),
    }  # fmt: skip


def pooled(heard: Sequence[Listened], from_beats: float, to_beats: float) -> float | None:
    """NiC between two distances from the moves, over all of them."""
    right = total = 0
    for each in heard:
        melody = performer(each.song, "melody")
        for bar in MOVES:
            line = bar * each.song.meter.bar_beats
            more, of, _ = agreement(each, melody, line + from_beats, line + to_beats)
            right, total = right + more, total + of
    return right / total if total else None


def beats_back(heard: Sequence[Listened], wanted: Callable[[int], float | None]) -> int | None:
    """After how many beats two in a row agree with the melody as is wanted; None: never in eight bars."""
    for beat in range(STAYS * 4 - 1):
        short = minus(wanted(beat), pooled(heard, beat, beat + 2))
        if short is not None and short <= ALIKE:
            return beat
    return None


def minus(more: float | None, less: float | None) -> float | None:
    """The difference, where there is one."""
    return None if more is None or less is None else more - less


def scale(song: Song, semitones: int) -> frozenset[int]:
    """The seven tones of a major scale that hold most of a song's chords, moved."""
    sounding: Counter[int] = Counter()
    for root, quality in song.chord_slots():
        if root < NO_ROOT:
            sounding.update((int(root) + int(step)) % 12 for step in np.flatnonzero(CHORD_TONES[quality]))
    tonic = max(range(12), key=lambda tone: sum(sounding[(tone + step) % 12] for step in MAJOR))
    return frozenset((tonic + step + semitones) % 12 for step in MAJOR)


def settled(heard: Listened, line: float, tones: frozenset[int]) -> int:
    """Beats from a line until the bass plays a bar in a scale or the annotated chord; at most eight bars."""
    bar_beats, most = heard.song.meter.bar_beats, round(STAYS * heard.song.meter.bar_beats)
    chords = heard.song.chord_slots()
    bass = []  # beat after the line, whether it is foreign
    for note in heard.notes:
        beat = heard.beat(note.on_s) + NEAR_BEATS
        if note.part == "bass" and beat * 2 < len(chords):
            root, quality = chords[int(beat * 2)]
            inside = root < NO_ROOT and CHORD_TONES[quality, (note.pitch - root) % 12]
            bass.append((beat - line, not inside and note.pitch % 12 not in tones))
    for start in range(most):
        here = [foreign for beat, foreign in bass if start <= beat < start + bar_beats]
        if here and not any(here):
            return start
    return most


# ------------------------------------------------------------------ side-slip


def side_slips(concert: Concert) -> Rows:
    """The right hand a semitone out for two bars: whether the bass stays where the left hand is, or was."""
    rows: Rows = []
    for rests in (False, True):
        name = "left hand rests" if rests else "left hand plays"
        for player in concert.players:
            found, plain = Counter[bool](), Counter[bool]()
            for song in concert.songs:
                played = slipped(song, rests)
                heard = concert.play(song, played, player, f"side-slip, {name}")
                found += bass_inside(heard, rests)
                plain += bass_inside(concert.plain(song, "piano", player))
            rows.append(
                {"player": player, "left hand": name, "bass notes": found.total(),
                 "in the old chord": share(found), "played straight": share(plain)}
            )  # fmt: skip
    return rows


def slipped(song: Song, rests: bool) -> list[Key]:
    """The right hand a semitone up in two bars from each of SLIPS on; the left hand as ever, or at rest."""
    found = []
    for beat, beats, pitch, velocity in performer(song, "piano", SLIPS[-1] + 2 * SLIP_BARS):
        right = pitch >= MIDDLE_C
        if not any(_within(song, beat, first) for first in SLIPS):
            found.append((beat, beats, pitch, velocity))
        elif right or not rests:
            found.append((beat, beats, pitch + SLIP * right, velocity))
    return found


def bass_inside(heard: Listened, rests: bool = False) -> Counter[bool]:
    """The bass notes that begin in a slip: how many are in the annotated chord, and how many aren't.

    Where the left hand `rests`, the chord that it left is as good.
    """
    chords, found = heard.song.chord_slots(), Counter[bool]()
    for note in heard.notes:
        beat = heard.beat(note.on_s) + NEAR_BEATS
        first = next((bar for bar in SLIPS if _within(heard.song, beat, bar)), None)
        if note.part == "bass" and first is not None:
            left = chords[first * heard.song.meter.slots - 1]
            known = [chords[int(beat * 2)], *([left] if rests else [])]
            found[
                any(root < NO_ROOT and CHORD_TONES[kind, (note.pitch - root) % 12] for root, kind in known)
            ] += 1
    return found


def share(counts: Counter[bool]) -> float | None:
    """How much of it is true."""
    return counts[True] / counts.total() if counts.total() else None


def _within(song: Song, beat: float, first: int) -> bool:
    """Whether a beat lies in the slip that begins with a bar."""
    return first <= beat / song.meter.bar_beats < first + SLIP_BARS


# ------------------------------------------------------------------ a dirty player


def dirt(concert: Concert) -> Rows:
    """How much of the chord fit is lost on a performer who hits wrong keys and is early and late."""
    rows: Rows = []
    for player in concert.players:
        clean, dirty = [], []
        for song in concert.songs:
            heard = concert.play(song, dirtied(performer(song, "piano"), song.name), player, "dirty")
            dirty.append(_fit(heard))
            clean.append(_fit(concert.plain(song, "piano", player)))
        before, after = statistics.fmean(clean), statistics.fmean(dirty)
        rows.append(
            {"player": player, "songs": len(clean), "fit": before, "fit dirty": after, "drop": before - after}
        )
    return rows


def dirtied(played: Sequence[Key], seed: str) -> list[Key]:
    """One pitch in twenty a step or two beside it, fifteen onsets in a hundred a sixteenth early or late."""
    chance, found = random.Random(f"dirt/{seed}"), []
    for beat, beats, pitch, velocity in played:
        wrong = chance.choice(NEAR_MISS) if chance.random() < WRONG else 0
        off = chance.choice((-SIXTEENTH, SIXTEENTH)) if chance.random() < OFF else 0.0
        found.append((max(beat + off, 0.0), beats, pitch + wrong, velocity))
    return sorted(found)


def _fit(heard: Listened) -> float:
    return fit(heard, [note for note in heard.notes if note.part in ("bass", *COMPING)]) or 0.0
