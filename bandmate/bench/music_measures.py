"""What a listener would ask of a band: whether it is in the chord, has the root, and leaves space.

Pure functions on what was played, for `bandmate bench music`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bandmate.bench import music_harmony as harmony
from bandmate.bench.music import Key, Listened, performer
from bandmate.model.grid import CHORD_TONES, NO_ROOT, Array
from bandmate.show.ledger import Played

LATE_S = 0.120  # a wrong bass note that sounds on so long after a change is wrong
NEAR_S = 0.06
NEAR_BEATS = 0.06
OCTAVES_BEATS = 8.0  # in which the performer's register is looked for
COMPING = ("keys", "guitar", "pad")

Row = dict[str, float | None]


def measure(heard: Listened, played: Sequence[Key]) -> Row:
    """The row of a table; `played` is what the performer played."""
    chords = heard.song.chord_slots()
    bass = [note for note in heard.notes if note.part == "bass"]
    comping = [note for note in heard.notes if note.part in COMPING]
    wrong, at_change, soon, changes = _changes(heard, chords, bass)
    recency_ms = sorted(note.recency_s * 1000 for note in heard.notes)
    rungs = heard.found.rungs or {"understudy": 1}
    beats = heard.last_beat - heard.first_beat
    row: Row = {
        "fit": fit(heard, [*bass, *comping]),
        "fit bass": fit(heard, bass), "fit comping": fit(heard, comping),
        "wrong root": _share(wrong, changes),
        "root at change": _share(at_change, changes), "root in a beat": _share(soon, changes),
        "comping rests": rests(heard, comping), "in your octaves": _octaves(heard, comping, played),
        "notes a beat": len(heard.notes) / max(beats, 1.0),
        "recency p95 ms": recency_ms[int(0.95 * (len(recency_ms) - 1))] if recency_ms else None,
        "fresh": rungs.get("fresh", 0) / sum(rungs.values()),
    }  # fmt: skip
    return row | harmony.measure(heard, performer(heard.song, "melody"), comping)


def fit(heard: Listened, notes: Sequence[Played]) -> float | None:
    """Share of notes that begin inside the annotated chord."""
    chords = heard.song.chord_slots()
    inside = total = 0
    for note in notes:
        slot = int((heard.beat(note.on_s) + NEAR_BEATS) * 2)
        if 0 <= slot < len(chords) and chords[slot, 0] < NO_ROOT:
            total += 1
            inside += int(CHORD_TONES[chords[slot, 1], (note.pitch - chords[slot, 0]) % 12])
    return _share(inside, total)


def _share(count: int, whole: int) -> float | None:
    """How much of it; None where there is nothing."""
    return count / whole if whole else None


def _changes(heard: Listened, chords: Array, bass: Sequence[Played]) -> tuple[int, int, int, int]:
    """Of all changes of root: a foreign bass note sounds on; the root sounds at once; within a beat; all."""
    wrong = at_change = soon = changes = 0
    for slot in range(round(heard.first_beat * 2), min(len(chords), int(heard.last_beat * 2))):
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


def rests(heard: Listened, comping: Sequence[Played]) -> float | None:
    """Share of eighths in which no chord instrument strikes."""
    struck = {int((heard.beat(note.on_s) + NEAR_BEATS) * 2) for note in comping}
    eighths = (heard.last_beat - heard.first_beat) * 2
    return 1 - len(struck) / max(eighths, 1) if comping else None


def _octaves(heard: Listened, comping: Sequence[Played], played: Sequence[Key]) -> float | None:
    """Share of chord notes that begin inside the register of the performer's last two bars."""
    inside = 0
    for note in comping:
        beat = heard.beat(note.on_s)
        keys = sorted(pitch for on, _, pitch, _ in played if beat - OCTAVES_BEATS <= on < beat)
        if keys:
            edge = len(keys) // 10
            inside += keys[edge] <= note.pitch <= keys[-1 - edge]
    return inside / len(comping) if comping else None
