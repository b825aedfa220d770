"""`bandmate bench thru`: from the performer's key to a synth at MIDI out, and to the audio block.

To MIDI out: one outside process strikes keys, another hears them; JACK's own period is inside. To
the audio block: in the sound process, from the key's stamp to the start of the block that sounds it.
The band plays meanwhile.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict

from bandmate.bench import crowd
from bandmate.bench.figures import Figure, lateness
from bandmate.bench.stage import CLIENT, Record, Stage
from bandmate.errors import RigError
from bandmate.patch import Zone

MIDI_MS = 5.0
SHARE = 0.5  # of the seconds asked for, over all runs
Struck = Sequence[tuple[int, float]]  # pitch, when


def figures(stage: Stage) -> list[Figure]:
    """Both ways, `runs` times."""
    to_midi = "key to MIDI out"
    if stage.jackd is None:
        return [Figure(to_midi, None, "ms p99", MIDI_MS, note="key to MIDI out and to audio need jackd")]
    with stage.server():
        runs = [_run(stage) for _ in range(stage.runs)]
    keys = sum(len(ways_s) + lost for ways_s, lost, _ in runs)
    lost = sum(lost for _, lost, _ in runs)
    note = f"{keys} keys, {lost} lost; JACK's periods of 128 frames (2.7 ms) are inside"
    return [
        lateness(to_midi, [ways_s for ways_s, _, _ in runs], MIDI_MS, note),
        lateness("key to audio block", [record.keys_s for _, _, record in runs], None,
                 "from the key as JACK hands it over to the start of the block that sounds it"),
    ]  # fmt: skip


def _run(stage: Stage) -> tuple[list[float], int, Record]:
    """One run: seconds from key to ear, how many got lost, what the sound process wrote down."""
    seconds = stage.seconds * SHARE / stage.runs
    zones = [asdict(Zone()), asdict(Zone(port=crowd.EAR))]
    ear = crowd.start("ear")
    try:
        with stage.show(None, performer={"zone": zones}) as show:
            show.until_playing()
            before, from_s = show.ready, time.perf_counter()
            pianist = crowd.start("keys", f"{CLIENT} in", str(seconds))
            show.watch(seconds + 1.5)
            struck = crowd.ask(pianist)
            until_s = time.perf_counter()
        heard = crowd.ask(ear)
    finally:
        crowd.send_home(ear)
    if not struck or heard is None:
        raise RigError("the bench's pianist could not play into JACK; does python-rtmidi know JACK?")
    ways_s = matched(struck, heard)
    return ways_s, len(struck) - len(ways_s), stage.record(show, before, from_s, until_s)


def matched(struck: Struck, heard: Struck) -> list[float]:
    """Seconds from each key to the note that it became; a note belongs to the newest key of its pitch."""
    waiting: dict[int, deque[float]] = defaultdict(deque)
    for pitch, heard_s in heard:
        waiting[pitch].append(heard_s)
    ways_s = []
    for pitch, struck_s in struck:
        while waiting[pitch] and waiting[pitch][0] < struck_s:
            waiting[pitch].popleft()
        if waiting[pitch]:
            ways_s.append(waiting[pitch].popleft() - struck_s)
    return ways_s
