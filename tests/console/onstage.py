"""What Stage and Studio are looked at with: a calm band, a failing one, eight players, and one that waits."""

from __future__ import annotations

from dataclasses import replace

from bandmate.console.app import Console
from bandmate.console.keymap import default_keys
from bandmate.events import PARTS, Status
from tests.console import backstage
from tests.console.backstage import RIG, StillLink

HERE = 66.0  # the beat on which all of them stand: bar 17, its third beat
TRIO = ("drums", "bass", "keys")
EIGHT = (*PARTS, "horns", "strings")
PITCHES = {"drums": (36, 42, 38, 42), "bass": (41, 45, 48, 50), "you": (65, 69, 72, 76)}


def played(parts):
    """Four bars of eighths before the moment that is shown."""
    return tuple(
        (part, PITCHES.get(part, (60, 64, 67, 71))[step % 4], HERE - 15 + step / 2, 0.45, 80)
        for step in range(30)
        for part in parts
    )


CALM = replace(
    backstage.CALM, bpm=138.2, heard_bpm=137.6, source="midi", next_song="Blue Room", plan_source="chart",
    parts={"drums": "on", "bass": "on", "keys": "waiting"}, notes=played(("drums", "bass", "you")),
    params=backstage.CALM.params | {"follow": 0.35, "energy": 0.6, "swing": 0.62, "wild": 0.2},
    rungs={"fresh": 300, "tail": 4}, counters={"late": 0, "dropped": 0, "sound xruns": 0},
    pending=(("fill", 68.0), ("Head", 80.0)), undo="energy 0.5", leash=0.03, set_s=2051.0,
    outlook=((66.0, "Am7", True), (68.0, "D7", True), (70.0, "Gm7", False), (71.0, "C7", False)),
    events=("21:04:11 nanoKEY is plugged in", "21:10:02 Corner Table begins"),
)  # fmt: skip
FAILING = replace(
    CALM, confidence=0.21, tracker="coasting", rung="held", muted=("keys",), latency_ms=41.0,
    counters={"late": 41, "dropped": 7, "sound xruns": 12}, alarm="nanoKEY is gone; plug it in again",
    events=("21:14:09 the model is gone; the understudy plays until it is back",),
)  # fmt: skip
EIGHTFOLD = replace(
    CALM, parts=dict.fromkeys(EIGHT, "on"), chord="F#m7b5/C", rung="tail", soloed=("keys",),
    levels={part: number / 10 for number, part in enumerate((*EIGHT, "you", "main"), 1)},
    notes=played((*EIGHT, "you")),
)  # fmt: skip
ARMED = Status(
    0.0, "armed", song="Blue Room", style="ballad", bpm=72.0, entry="4/12", setlist="trio", key="Eb major",
    first_chord="Ebmaj7", note="brushes, please", parts={"drums": "on", "bass": "on"},
)  # fmt: skip
STATES = {"calm": CALM, "failing": FAILING, "eight": EIGHTFOLD}


def console(status: Status | None = CALM, lost_s: float = 0.0, message: str = "") -> Console:
    """A console before a band that stands still; `app.link` is its StillLink."""
    return Console(StillLink(status, RIG, lost_s), default_keys(), "pop", message)
