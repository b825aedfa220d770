"""`bandmate bench chords`: which chords and keys the band hears in human performances, and foresees.

Plays POP909 performances to the product's own listener, twice: as they are, and *stripped*: without
anything below C3 and without the root of each annotated chord, as beside a bass player. Scored every 50 ms
on what is believed at that moment, against annotated chords and keys; the first seconds are left out.
Nothing is asserted; the table is the result.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandmate.bench.fit import Span, annotated_chords, songs
from bandmate.events import Event, NoteOn
from bandmate.harmony import Chord, Key
from bandmate.listening.listener import Listener
from bandmate.rehearsal import load_take
from bandmate.timing import STEP_S, Meter, step_index, step_time_s

EVERY = 10  # steps between two looks: 50 ms
FIRST_S, KEY_FIRST_S = 2.0, 20.0  # from here on chords and the key are scored
LEAST_S = 0.4  # a shorter chord has no delay
LOW_BELOW = 48  # C3
JUST_BEFORE_S = 0.12  # a change is foreseen so early
LOOP = 4  # chords that make a round
BARS_BACK, BAR_BEATS = 4, 4
EARLY_S = 0.02  # a note so shortly before a change belongs to it

COLUMNS = (
    "root", "maj/min", "delay ms", "root stripped", "maj/min stripped", "delay ms stripped", "key",
    "key or relative", "next root", "next, 3rd time", "4 bars ago", "4 bars, 3rd time", "cpu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What was believed at one moment."""

    time_s: float
    chord: Chord | None
    ahead: Chord | None
    key: Key | None


def measure(song: Path) -> dict[str, Any]:
    """One song: the row of the table."""
    spans = annotated_chords(song / "chord_midi.txt")
    events = [event for _, event in load_take(song / f"{song.name}.mid").events]
    looks, cpu = listen(events)
    bare, _ = listen(stripped(events, spans))
    row: dict[str, Any] = {"song": song.name, "cpu": cpu}
    row |= _score(looks, spans, "") | _score(bare, spans, " stripped")
    row |= _key_score(looks, song / "key_audio.txt")
    beats_s = [float(line.split()[0]) for line in (song / "beat_midi.txt").read_text().splitlines()]
    return row | foreseen(looks, spans, beats_s)


def listen(events: Sequence[Event]) -> tuple[list[Look], float]:
    """The product's listener in virtual time, and how many seconds of work a second of music took."""
    listener, place = Listener(Meter()), 0
    looks: list[Look] = []
    began_s = time.process_time()
    last = step_index(events[-1].time_s) if events else 0
    for step in range(1, last + 1):
        now_s, first = step_time_s(step), place
        while place < len(events) and events[place].time_s <= now_s:
            place += 1
        heard = listener.hear(now_s, events[first:place])
        if step % EVERY == 0:
            looks.append(Look(now_s, heard.chord, heard.ahead, heard.key))
    return looks, (time.process_time() - began_s) / max(STEP_S, last * STEP_S)


def stripped(events: Sequence[Event], spans: Sequence[Span]) -> list[Event]:
    """The performance without its low notes and without the roots of its chords."""
    starts = [span[0] for span in spans]
    kept: list[Event] = []
    for event in events:
        if isinstance(event, NoteOn):
            at = bisect.bisect_right(starts, event.time_s + EARLY_S) - 1
            root = spans[at][3] if at >= 0 and event.time_s < spans[at][1] else None
            if event.pitch < LOW_BELOW or event.pitch % 12 == root:
                continue
        kept.append(event)
    return kept


def third(span: Span) -> str:
    """A chord counts as minor or (all others) major."""
    return "min" if (span[3] + 3) % 12 in span[2] and (span[3] + 4) % 12 not in span[2] else "maj"


def _score(looks: Sequence[Look], spans: Sequence[Span], suffix: str) -> dict[str, Any]:
    """Shares of the time, and the median delay after a change."""
    starts, roots, thirds = [span[0] for span in spans], 0, 0
    total, first_right = 0, dict[int, float]()
    for look in looks:
        at = bisect.bisect_right(starts, look.time_s) - 1
        if at < 0 or look.time_s >= spans[at][1]:
            continue
        root = look.chord is not None and look.chord.root == spans[at][3]
        both = root and look.chord is not None and look.chord.minor == (third(spans[at]) == "min")
        if both:
            first_right.setdefault(at, look.time_s - starts[at])
        if look.time_s > FIRST_S:
            total, roots, thirds = total + 1, roots + root, thirds + both
    delays = [
        first_right[at] for at, span in enumerate(spans)
        if at in first_right and span[0] > FIRST_S and span[1] - span[0] > LEAST_S and not _same(spans, at)
    ]  # fmt: skip
    median = statistics.median(delays) * 1000 if delays else None
    names = (f"root{suffix}", f"maj/min{suffix}", f"delay ms{suffix}")
    return dict(zip(names, (roots / max(1, total), thirds / max(1, total), median), strict=True))


def _same(spans: Sequence[Span], at: int) -> bool:
    return at > 0 and (spans[at - 1][3], third(spans[at - 1])) == (spans[at][3], third(spans[at]))


def _key_score(looks: Sequence[Look], path: Path) -> dict[str, Any]:
    """How often the annotated key is named, or it or its relative."""
    lines = [line.split() for line in path.read_text().splitlines()]
    keys = [(float(a), float(b), Chord.parse(name)) for a, b, name in lines]
    right = near = total = 0
    for look in looks:
        true = next((chord for a, b, chord in keys if a <= look.time_s < b), None)
        if true is None or look.time_s < KEY_FIRST_S:
            continue
        total += 1
        named = look.key
        right += named == Key(true.root, true.minor)
        relative = Key((true.root + (3 if true.minor else 9)) % 12, not true.minor)
        near += named in (Key(true.root, true.minor), relative)
    return {"key": right / total if total else None, "key or relative": near / total if total else None}


def foreseen(looks: Sequence[Look], spans: Sequence[Span], beats_s: Sequence[float]) -> dict[str, Any]:
    """How many changes of root were expected rightly just before them, beside what came four bars ago."""
    times = [look.time_s for look in looks]
    changes = [span for before, span in itertools.pairwise(spans) if span[3] != before[3]]
    rounds: Counter[tuple[int, ...]] = Counter()
    tally: Counter[str] = Counter()
    for number, (span, past) in enumerate(zip(changes, _pasts(spans), strict=True)):
        at = bisect.bisect_right(times, span[0] - JUST_BEFORE_S) - 1
        again = rounds[past] >= 2
        rounds[past] += 1
        if at < 0 or number < LOOP:
            continue
        ahead, before = looks[at].ahead, _four_bars_ago(looks, times, beats_s, span[0])
        for which in ("all", "again")[: 1 + again]:
            tally[which] += 1
            tally[which + " next"] += ahead is not None and ahead.root == span[3]
            tally[which + " back"] += before is not None and before.root == span[3]

    def share(name: str, which: str) -> float | None:
        return tally[name] / tally[which] if tally[which] else None

    return {
        "next root": share("all next", "all"), "next, 3rd time": share("again next", "again"),
        "4 bars ago": share("all back", "all"), "4 bars, 3rd time": share("again back", "again"),
    }  # fmt: skip


def _pasts(spans: Sequence[Span]) -> list[tuple[int, ...]]:
    """Before each change of root: the last four roots, oldest first."""
    roots: list[int] = []
    found: list[tuple[int, ...]] = []
    for span in spans:
        if not roots or span[3] != roots[-1]:
            if roots:
                found.append(tuple(roots[-LOOP:]))
            roots.append(span[3])
    return found


def _four_bars_ago(
    looks: Sequence[Look], times: Sequence[float], beats_s: Sequence[float], time_s: float
) -> Chord | None:
    """What was heard in the middle of the beat four bars before."""
    beat = bisect.bisect_right(beats_s, time_s + EARLY_S) - 1 - BARS_BACK * BAR_BEATS
    if beat < 0:
        return None
    at = bisect.bisect_right(times, (beats_s[beat] + beats_s[beat + 1]) / 2) - 1
    return looks[at].chord if at >= 0 else None


def run(data: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Every song, as it is and stripped."""
    return [measure(song) for song in songs(data, names)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The songs, a line each, and their means (of the delays: the median)."""
    lines = ["song  " + "  ".join(COLUMNS)]
    last: dict[str, Any] = {"song": "mean"}
    for column in COLUMNS:
        values = [row[column] for row in rows if row[column] is not None]
        middle = statistics.median if column.startswith("delay") else statistics.fmean
        last[column] = middle(values) if values else None
    for row in [*rows, last]:
        cells = [_cell(row[column], column).rjust(len(column)) for column in COLUMNS]
        lines.append(f"{row['song']:5} " + "  ".join(cells))
    return "\n".join(lines)


def _cell(value: float | None, column: str) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.0f}"
        if column.startswith("delay")
        else f"{value:.4f}"
        if column == "cpu"
        else f"{value:.3f}"
    )
