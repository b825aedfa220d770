"""Space: whether the band leaves room, keeps out of the performer's octaves, and goes down with them, too.

Part of `bandmate bench music`; nothing is asserted.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Sequence

from bandmate.bench.music import Key, Listened
from bandmate.bench.music_fidelity import effort
from bandmate.bench.music_measures import COMPING, rests
from bandmate.bench.music_steered import Spoken
from bandmate.show.ledger import Played

RECENT_BEATS = 8.0  # the performer's last two bars say where they play,
EDGE = 10  # less a tenth of the keys at either end
NEAR = 2  # semitones: so close to a key just struck, a note gets in its way
STILL_BEATS = 1.0  # a key struck so long ago is still in the ear
LOUD, SOFT = 112, 44  # velocities of a take that goes down and comes back
ARC_BARS, FOLLOWS = 8, 4  # each stretch of it, and within how many bars the band should have followed


def in_octaves(heard: Listened, notes: Sequence[Played], played: Sequence[Key]) -> float | None:
    """Share of notes inside the register of the performer's last two bars (its middle eight tenths)."""
    times = [key[0] for key in played]
    inside: list[bool] = []
    for note in notes:
        beat = heard.beat(note.on_s)
        recent = played[bisect.bisect_left(times, beat - RECENT_BEATS) : bisect.bisect_left(times, beat)]
        keys = sorted(pitch for _, _, pitch, _ in recent)
        if keys:
            edge = len(keys) // EDGE
            inside.append(keys[edge] <= note.pitch <= keys[-1 - edge])
    return sum(inside) / len(inside) if inside else None


def on_keys(heard: Listened, notes: Sequence[Played], played: Sequence[Key]) -> float | None:
    """Share of notes within a whole tone of a key that the performer struck in the last beat."""
    times = [key[0] for key in played]
    near: list[bool] = []
    for note in notes:
        beat = heard.beat(note.on_s)
        begin, end = bisect.bisect_left(times, beat - STILL_BEATS), bisect.bisect_right(times, beat)
        near.append(any(abs(pitch - note.pitch) <= NEAR for _, _, pitch, _ in played[begin:end]))
    return sum(near) / len(near) if near else None


def arc(once: Sequence[Key], bar_beats: float) -> list[Key]:
    """The same bars three times: loud, then soft with the notes on the beats alone, then loud again."""
    length = ARC_BARS * bar_beats
    found: list[Key] = []
    for stretch, velocity in enumerate((LOUD, SOFT, LOUD)):
        for beat, beats, pitch, _ in once:
            if beat < length and (velocity == LOUD or beat % 1 == 0):
                found.append((beat + stretch * length, beats, pitch, velocity))
    return found


def followed(heard: Listened) -> tuple[float, float]:
    """How much the band's energy fell with the performer's, and rose again, as shares of what it was."""
    beats = heard.song.meter.bar_beats
    loud, soft, again = (
        effort(heard, Spoken(0.0, (stretch * ARC_BARS + FOLLOWS) * beats, (stretch + 1) * ARC_BARS * beats))
        for stretch in range(3)
    )
    return 1 - soft / max(loud, 1e-9), again / max(soft, 1e-9) - 1


def figures(
    takes: Sequence[tuple[Listened, Sequence[Key]]], arcs: Sequence[Listened]
) -> dict[str, float | None]:
    """The row: takes with what was played to them, and arcs; means over the songs."""
    rows: dict[str, list[float | None]] = {}
    for heard, played in takes:
        notes = [note for note in heard.notes if note.part != "drums"]
        chords = [note for note in notes if note.part in COMPING]
        for name, value in (
            ("comping rests", rests(heard, chords)),
            ("in your octaves", in_octaves(heard, notes, played)),
            ("its chords", in_octaves(heard, chords, played)),
            ("on your keys", on_keys(heard, chords, played)),
        ):
            rows.setdefault(name, []).append(value)
    arcs_ = [followed(heard) for heard in arcs]
    rows |= {"energy down": [down for down, _ in arcs_], "energy up": [up for _, up in arcs_]}
    return {
        name: statistics.fmean(known) if (known := [value for value in values if value is not None]) else None
        for name, values in rows.items()
    }
