"""A console without a rig: a link that shows one status, and the states in which screens are looked at."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bandmate import controls
from bandmate.console.app import Console
from bandmate.console.keymap import default_keys
from bandmate.events import PARTS, Command, RigReady, Status

FRAME_S = 0.06
HERE = 66.0  # the beat on which every state stands: bar 17, its third beat
EIGHT = (*PARTS, "horns", "strings")


def played(
    parts: tuple[str, ...] = ("drums", "bass", "you"),
) -> tuple[tuple[str, int, float, float, int], ...]:
    """Four bars of notes before the moment that is shown."""
    pitches = {"drums": (36, 42, 38, 42), "bass": (41, 45, 48, 50), "you": (65, 69, 72, 76)}
    return tuple(
        (part, pitches.get(part, (60, 64, 67, 71))[step % 4], HERE - 15 + step / 2, 0.45, 80)
        for step in range(30)
        for part in parts
    )


CALM = Status(
    0.0, "playing", song="Corner Table", style="swing", bpm=138.2, home_bpm=138.0, confidence=0.93,
    tracker="locked", heard_bpm=137.6, source="midi", bar=17, pulse=3, section_name="Solos", bars_left=4,
    next_section="Head", setlist="trio", entry="3/12", next_song="Blue Room", plan_source="chart",
    chord="Am7", next_chord="D7", key="F major", parts={"drums": "on", "bass": "on", "keys": "waiting"},
    params=controls.defaults() | {"follow": 0.35, "energy": 0.6, "swing": 0.62, "wild": 0.2},
    rung="fresh", rungs={"fresh": 300, "tail": 4}, counters={"late": 0, "dropped": 0, "sound xruns": 0},
    beat=HERE, levels={"drums": 0.7, "bass": 0.5, "keys": 0.2, "you": 0.6, "main": 0.8}, notes=played(),
    sounds={"drums": "Jazz Kit", "bass": "Acoustic Bass", "keys": "Grand Piano"},
    activity={"drums": 3.5, "bass": 1.0, "keys": 0.0},
    density={"drums": 0.5, "bass": 0.5, "keys": 0.3}, pending=(("fill", 68.0), ("Head", 80.0)),
    undo="energy 0.5", latency_ms=8.2, leash=0.03, set_s=2051.0,
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
RIG = RigReady(0.0, {"band": 0.09, "sound": 0.18, "model": 0.41}, {"band": 0}, ("21:00:00 the rig is up",))


class FakeLink:
    """Shows one status for ever, and keeps what is sent."""

    def __init__(self, status: Status | None = CALM, lost_s: float = 0.0) -> None:
        self.gone, self.rig = False, RIG
        self.status, self.lost_s = status, lost_s
        self.sent: list[Command] = []
        self.supervised: list[Command] = []
        self._notes = [] if status is None else list(status.notes)

    def start(self) -> None:
        """Nothing to be opened."""

    def stop(self) -> None:
        """Nothing to be closed."""

    def take(self):
        """The status, and its notes once."""
        notes, self._notes = self._notes, []
        return self.status, notes

    def away_s(self) -> float:
        """As told."""
        return self.lost_s

    def send(self, command: Command) -> None:
        """Keep it."""
        self.sent.append(command)

    def supervise(self, command: Command) -> None:
        """Keep it."""
        self.supervised.append(command)

    @property
    def said(self) -> list[tuple[str, object]]:
        """Names and values of what was sent, and forget it."""
        found = [(command.name, command.value) for command in self.sent]
        self.sent.clear()
        return found


def console(status: Status | None = CALM, lost_s: float = 0.0, **more: object) -> Console:
    """A console that shows a status; `app.link` is its FakeLink."""
    return Console(FakeLink(status, lost_s), default_keys(), "pop", **more)


def on_stage(play, status=CALM, size=(80, 24), **more):
    """Let a coroutine function play on an app and its pilot; returns the app afterwards."""

    async def run():
        app = console(status, **more)
        async with app.run_test(size=size) as pilot:
            await pilot.pause(2 * FRAME_S)
            await play(app, pilot)
        return app

    return asyncio.run(run())
