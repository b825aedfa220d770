"""What of a chart the band really plays: bass roots after each change, and how much lies in the chord.

Measured on a performance in virtual time, against the chart as it is written: beat by beat, independent
of the band's own plan. Nothing is asserted here.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bandmate.harmony import Chord
from bandmate.rehearsal import Performance
from bandmate.show.ledger import Played
from bandmate.songfile import Song

LATE_S = 0.120  # a wrong root that sounds on so long after a change is wrong


@dataclass(frozen=True, slots=True)
class Span:
    """A chord as written, in seconds of the performance."""

    from_s: float
    to_s: float
    chord: Chord | None


def written(song: Song) -> Iterator[tuple[float, Chord | None]]:
    """Every change of the form once through, by beat; sections without a chart are None."""
    line = 0.0
    for index in song.form:
        section = song.sections[index]
        moved = song.transpose + section.transpose
        for number in range(section.bars):
            bar = section.bar(number)
            if bar is None:
                yield line, None
            else:
                for place, chord in bar.changes:
                    yield line + place, chord and chord.moved(moved)
            line += ((bar and bar.meter) or song.meter).bar_beats
    yield line, None


def spans(song: Song, found: Performance) -> list[Span]:
    """The chords of the form in seconds, equal neighbours joined."""
    beats = [beat.beat for beat in found.beats]
    times = [beat.time_s for beat in found.beats]

    def time_at(beat: float) -> float:
        at = min(max(bisect.bisect_right(beats, beat + 1e-6) - 1, 0), len(beats) - 2)
        share = (beat - beats[at]) / (beats[at + 1] - beats[at])
        return times[at] + share * (times[at + 1] - times[at])

    joined: list[tuple[float, Chord | None]] = []
    for beat, chord in written(song):
        if not joined or joined[-1][1] != chord:
            joined.append((beat, chord))
    ends = [beat for beat, _ in joined[1:]]
    return [
        Span(time_at(beat), time_at(end), chord) for (beat, chord), end in zip(joined, ends, strict=False)
    ]  # fmt: skip


def wrong_roots(song: Song, found: Performance) -> tuple[int, int]:
    """Changes of root at which a bass note foreign to the new chord sounds on; and all changes."""
    bass = [note for note in found.ledger.played() if note.part == "bass"]
    changes = [
        (span, span.chord)
        for before, span in pairwise(spans(song, found))
        if before.chord is not None and span.chord is not None and span.chord.root != before.chord.root
    ]
    wrong = sum(any(_foreign(note, span, chord) for note in bass) for span, chord in changes)
    return wrong, len(changes)


def _foreign(note: Played, span: Span, chord: Chord) -> bool:
    off_s = span.to_s if note.off_s is None else note.off_s
    through = note.on_s < span.from_s + LATE_S / 2 and off_s > span.from_s + LATE_S
    return through and note.pitch % 12 not in chord.pitch_classes


def first_roots(song: Song, found: Performance) -> tuple[int, int]:
    """Changes of root after which the first bass note is the new root (or the written bass); all with one."""
    bass = [note for note in found.ledger.played() if note.part == "bass"]
    right = changes = 0
    before: Span | None = None
    for span in spans(song, found):
        if before is not None and span.chord is not None and (
            before.chord is None or span.chord.root != before.chord.root
        ):  # fmt: skip
            near_s = (span.to_s - span.from_s) / 2
            first = next((note for note in bass if -0.06 < note.on_s - span.from_s < near_s), None)
            if first is not None:
                changes += 1
                right += first.pitch % 12 in (span.chord.root, span.chord.bass_class)
        before = span
    return right, changes


def inside(song: Song, found: Performance, part: str) -> tuple[int, int]:
    """Notes of a part that begin inside the chord that is written, and all of them."""
    written_s = spans(song, found)
    starts = [span.from_s - 0.03 for span in written_s]
    right = total = 0
    for note in found.ledger.played():
        at = bisect.bisect_right(starts, note.on_s) - 1
        if note.part != part or at < 0 or note.on_s >= written_s[at].to_s - 0.03:
            continue
        chord = written_s[at].chord
        if chord is not None:
            total += 1
            right += note.pitch % 12 in chord.pitch_classes
    return right, total
