"""How a band and a melody agree: note in chord, consonance, and what guards both against being gamed.

NiC after ReaLchords (arXiv 2506.14723), on sixteenths; where the band leaves space, the chord that it
believes is scored, so that silence neither pays nor costs. CR and UR after StreamMUSE's evaluation
(github.com/StreamMUSE/eval, `evaluate_accompaniment_metrics.py`): the melody's notes, each weighed by its
length, are consonant if any note of the band that sounds with them lies 0, 3, 4, 7, 8 or 9 semitones below
in whatever octave, unsupported if none sounds. A held C, D, E has CR 1, so notes, polyphony, silence, entropy
and onsets stand beside it. Pure functions.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bandmate.bench.music import BARS, Key, Listened
from bandmate.harmony import Chord
from bandmate.model.grid import BEAT_TICKS, PIANO
from bandmate.show.ledger import Played

FRAMES = 4  # a beat: sixteenths
EARLY, LATE = 0.1, 0.05  # beats: begun so much after a frame, and not over so soon after it, a note counts
IMPLIED = 3  # pitch classes: with fewer, the chord is implied
CONSONANT = (0, 3, 4, 7, 8, 9)
SONG_BINS = 64  # of onsets over a whole song, as StreamMUSE has them

Span = tuple[float, float, int]  # from beat, to beat, pitch


def measure(heard: Listened, melody: Sequence[Key], comping: Sequence[Played]) -> dict[str, float | None]:
    """The columns of a row that are about band and melody together."""
    pitched = sounded(heard)
    right, total, silent = agreement(heard, melody)
    consonant, unsupported = consonance(pitched, _within(heard, melody))
    by_frame = by_frames(pitched)
    real = [
        (tick / BEAT_TICKS, ticks / BEAT_TICKS)
        for _, tick, ticks, *_ in heard.song.performer.get(PIANO, np.zeros((0, 6), np.int64)).tolist()
        if heard.first_beat <= tick / BEAT_TICKS < BARS * heard.song.meter.bar_beats
    ]
    mine = [(heard.beat(n.on_s), heard.clock.beats((n.off_s or n.on_s) - n.on_s)) for n in comping]
    return {
        "NiC": right / total if total else None, "silence": silent, "chord bits": entropy(heard),
        "CR": consonant, "UR": unsupported,
        "polyphony": sum(map(len, by_frame.values())) / len(by_frame) if by_frame else None,
        "notes": float(len(pitched)),
        "JSD in bar": onsets_in_bar(mine, real, heard.song.meter.bar_beats),
        "JSD in song": onsets_in_song(mine, real, heard.first_beat),
    }  # fmt: skip


def sounded(heard: Listened) -> list[Span]:
    """The band's notes but for drums, in beats."""
    return [
        (heard.beat(note.on_s), heard.beat(note.off_s or note.on_s), note.pitch)
        for note in heard.notes
        if note.part != "drums"
    ]


def by_frames(spans: Iterable[Span]) -> dict[int, set[int]]:
    """The pitches that sound in each sixteenth."""
    found: dict[int, set[int]] = {}
    for on, off, pitch in spans:
        for frame in range(math.ceil((on - EARLY) * FRAMES), math.ceil((off - LATE) * FRAMES)):
            found.setdefault(frame, set()).add(pitch)
    return found


def agreement(
    heard: Listened, melody: Sequence[Key], from_beat: float | None = None, to_beat: float | None = None
) -> tuple[int, int, float | None]:
    """NiC between two beats: frames of melody in what the band sounds or implies; all; the silent share."""
    first = heard.first_beat if from_beat is None else from_beat
    last = heard.last_beat if to_beat is None else min(to_beat, heard.last_beat)
    band = by_frames(sounded(heard))
    starts, believed = _believed(heard)
    right = total = silent = frames = 0
    for frame, pitches in by_frames((beat, beat + beats, pitch) for beat, beats, pitch, _ in melody).items():
        if not first <= frame / FRAMES < last:
            continue
        frames += 1
        tones = {pitch % 12 for pitch in band.get(frame, ())}
        silent += not tones
        if len(tones) < IMPLIED and (at := bisect.bisect_right(starts, frame / FRAMES + EARLY)):
            tones |= believed[at - 1].pitch_classes
        if tones:
            total += 1
            right += any(pitch % 12 in tones for pitch in pitches)
    return right, total, silent / frames if frames else None


def entropy(heard: Listened) -> float | None:
    """Shannon's entropy of the chords that the band believed, each weighed by how long; in bits."""
    starts, believed = _believed(heard)
    counts: Counter[str] = Counter()
    for frame in range(round(heard.first_beat * FRAMES), int(heard.last_beat * FRAMES)):
        if at := bisect.bisect_right(starts, frame / FRAMES + EARLY):
            counts[believed[at - 1].symbol] += 1
    whole = sum(counts.values())
    return -sum(n / whole * math.log2(n / whole) for n in counts.values()) + 0.0 if whole else None


def consonance(band: Sequence[Span], melody: Sequence[Span]) -> tuple[float | None, float | None]:
    """StreamMUSE's consonant and unsupported shares of the melody's time."""
    whole = consonant = unsupported = 0.0
    for on, off, pitch in melody:
        beside = [other for begun, over, other in band if over > on and begun < off]
        whole += off - on
        unsupported += 0.0 if beside else off - on
        if any((pitch - other) % 12 in CONSONANT for other in beside):
            consonant += off - on
    return (consonant / whole, unsupported / whole) if whole > 0 else (None, None)


def onsets_in_bar(
    mine: Sequence[tuple[float, float]], real: Sequence[tuple[float, float]], bar_beats: float
) -> float | None:
    """How differently two hands place their notes on the sixteenths of a bar; (beat, beats) each."""
    places = round(bar_beats * FRAMES)
    counts = [
        np.bincount([round(beat * FRAMES) % places for beat, _ in notes], minlength=places)
        for notes in (mine, real)
    ]
    return divergence(*counts) if mine and real else None


def onsets_in_song(
    mine: Sequence[tuple[float, float]], real: Sequence[tuple[float, float]], first_beat: float
) -> float | None:
    """The same over the whole song, as StreamMUSE's JSD(O) has it: 64 equal stretches of it."""
    if not mine or not real:
        return None
    last_beat = max(beat + beats for notes in (mine, real) for beat, beats in notes)
    counts = [
        np.histogram([beat for beat, _ in notes], SONG_BINS, (first_beat, last_beat))[0]
        for notes in (mine, real)
    ]
    return divergence(*counts)


def divergence(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Jensen and Shannon's divergence of two counts, in nats: 0 alike, 0.693 nothing in common."""
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2
    return float(
        sum(0.5 * np.sum(each[each > 0] * np.log(each[each > 0] / middle[each > 0])) for each in (p, q))
    )


def _believed(heard: Listened) -> tuple[list[float], list[Chord]]:
    """The chords that the band believed, and the beats from which it did."""
    found = [(heard.beat(time_s), Chord.parse(name)) for _, time_s, name in heard.found.chords]
    return [beat for beat, _ in found], [chord for _, chord in found]


def _within(heard: Listened, melody: Sequence[Key]) -> list[Span]:
    """The melody while the band is listened to."""
    cut = [
        (max(beat, heard.first_beat), min(beat + beats, heard.last_beat), pitch)
        for beat, beats, pitch, _ in melody
    ]
    return [(on, off, pitch) for on, off, pitch in cut if off > on]
