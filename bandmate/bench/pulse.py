"""`bandmate bench pulse`: worst cases of the tracker after a count-in: does it keep the counted pulse.

Ten excerpts of each groove of `grooves.py` go through the real `Listener` in virtual time, as keys.
An excerpt is right when nine tenths of its pulses are hit within 70 ms and nothing is claimed between them.
Nothing here depends on `--seconds`.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence

from bandmate.bench.figures import Figure
from bandmate.bench.grooves import GROOVES, Excerpt, excerpts
from bandmate.bench.stage import Stage
from bandmate.listening.bench import MidiBench
from bandmate.timing import STEP_S, period_s, step_index, step_time_s

TAPS = 4
TAP_JITTER_S = 0.012
LOCK_S = 5.0  # what is claimed before isn't scored
TOLERANCE_S = 0.07
RIGHT = 0.9  # share of the pulses, and of the excerpts


def figures(stage: Stage) -> list[Figure]:
    """The share of excerpts with the right octave and phase, for each groove."""
    found = []
    for kind in GROOVES:
        scores = {excerpt.name: score(announced(excerpt), excerpt) for excerpt in excerpts(kind)}
        wrong = ", ".join(f"{name} ({share:.2f})" for name, share in scores.items() if share < RIGHT)
        right = sum(share >= RIGHT for share in scores.values()) / len(scores)
        note = f"wrong: {wrong}" if wrong else ""
        found.append(Figure(f"pulse, {kind}, keys", right, "", RIGHT, more=True, note=note))
    return found


def announced(excerpt: Excerpt) -> list[float]:
    """The pulses that the listener announces while it hears an excerpt after four taps, in seconds."""
    rng = random.Random(excerpt.name)
    pulse_s = period_s(excerpt.bpm)
    begin_s = (TAPS + 1) * pulse_s
    tracker, waiting = MidiBench(), list(excerpt.notes)
    taps_s = [begin_s + (tap - TAPS) * pulse_s + rng.gauss(0, TAP_JITTER_S) for tap in range(TAPS)]
    tracker.tick(taps_s[-1])
    tracker.count_in(taps_s)
    found: list[float] = []
    for step in range(step_index(taps_s[-1]) + 1, step_index(begin_s + excerpt.pulses_s[-1])):
        now_s = step_time_s(step)
        while waiting and begin_s + waiting[0].time_s <= now_s + STEP_S / 2:
            note = waiting.pop(0)
            tracker.note_on(begin_s + note.time_s, note.pitch, note.velocity, note.channel)
        for pulse in tracker.tick(now_s):
            found.append(float(str(pulse["time"])) - begin_s)
    return found


def score(claimed_s: Sequence[float], excerpt: Excerpt) -> float:
    """F-measure of the claimed pulses, each true one used once, after the time allowed for locking."""
    true_s = [pulse_s for pulse_s in excerpt.pulses_s if pulse_s >= LOCK_S]
    claimed_s = [
        pulse_s for pulse_s in claimed_s if LOCK_S - TOLERANCE_S <= pulse_s <= true_s[-1] + TOLERANCE_S
    ]
    hits, used = 0, -1
    for pulse_s in claimed_s:
        at = bisect_left(true_s, pulse_s - TOLERANCE_S)
        if used < at < len(true_s) and abs(true_s[at] - pulse_s) <= TOLERANCE_S:
            hits, used = hits + 1, at
    return 2 * hits / (len(claimed_s) + len(true_s))
