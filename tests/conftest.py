"""A band in virtual time for every test: `score` builds one, plays for it, and reads what it played."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import settings

from bandmate import patch as patches
from bandmate.band import Band
from bandmate.events import Command, Event, NoteOff, NoteOn, Outbox, Status
from bandmate.patch import Patch
from bandmate.rehearsal import load_styles
from bandmate.setlist import Setlist
from bandmate.show.ledger import Ledger, Played
from bandmate.timing import step_index, step_time_s

STYLES = load_styles()
settings.register_profile("virtual time", deadline=None)  # however slow the machine is
settings.load_profile("virtual time")


class Stage:
    """A band, a performer's keys and commands by the second, and everything that came out."""

    def __init__(
        self,
        patch: Patch | None = None,
        seed: int = 1,
        evening: Setlist | None = None,
        alone: bool = False,
        **params: float | str,
    ) -> None:
        named = {name.replace("_", "-"): value for name, value in params.items()}
        self.band = Band(patch or patches.load("bench"), STYLES, seed, named, evening, alone)
        self.ledger = Ledger()
        self.events: list[Event] = []
        self.outs: list[tuple[float, Outbox]] = []
        self.statuses: list[Status] = []
        self.states: list[dict] = []
        self.beats = []
        self.stores = []
        self.step = 0

    def say(self, time_s: float, name: str, value: float | str | None = None) -> None:
        self.events.append(Command(time_s, name, value, "test"))

    def key(self, time_s: float, pitch: int, length_s: float = 0.4, velocity: int = 80) -> None:
        self.events.append(NoteOn(time_s, pitch, velocity))
        self.events.append(NoteOff(time_s + length_s, pitch))

    def chord(self, time_s: float, pitches: Sequence[int], length_s: float = 0.4, velocity: int = 80) -> None:
        for pitch in pitches:
            self.key(time_s, pitch, length_s, velocity)

    def tap_in(self, first_s: float = 1.0, gap_s: float = 0.5, taps: int = 4) -> float:
        """Arm and tap; returns when beat 0 is due."""
        self.say(0.0, "arm")
        for index in range(taps):
            self.say(first_s + index * gap_s, "tap")
        return first_s + taps * gap_s

    def comp(
        self, begin_s: float, beats: int, gap_s: float = 0.5, pitches: Sequence[int] = (48, 60, 64, 67)
    ) -> None:
        """A chord on every beat, held for most of it."""
        for beat in range(beats):
            self.chord(begin_s + beat * gap_s, pitches, gap_s * 0.9)

    def play(self, until_s: float) -> Stage:
        """Run on to a moment."""
        waiting = deque(sorted(self.events, key=lambda event: event.time_s))
        last_step = step_index(until_s)
        while self.step <= last_step:
            now_s = step_time_s(self.step)
            due: list[Event] = []
            while waiting and waiting[0].time_s <= now_s:
                due.append(waiting.popleft())
            out = self.band.step(now_s, due)
            self.ledger.book(now_s, out.sends)
            self.beats += out.beats
            self.stores += out.stores
            if out.sends:
                self.outs.append((now_s, out))
            if out.state:
                self.states.append(json.loads(json.dumps(out.state)))
            if out.status:
                self.statuses.append(out.status)
            self.step += 1
        self.events = list(waiting)
        return self

    def notes(self, part: str = "", after_s: float = 0.0, before_s: float = 1e9) -> list[Played]:
        return [
            note for note in self.ledger.played()
            if part in ("", note.part) and after_s <= note.on_s < before_s
        ]  # fmt: skip

    @property
    def state(self) -> str:
        return self.band.transport.state

    @property
    def sounding(self) -> list[Played]:
        now_s = step_time_s(self.step)
        return [
            n for n in self.ledger.notes.values() if n.on_s <= now_s and (n.off_s is None or n.off_s > now_s)
        ]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `-n`: the tests in real time before the others, which then go to every core."""
    from tests.running import SIGN, StageFirst

    return StageFirst(config, log, config._tmp_path_factory.getbasetemp() / SIGN)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A worker beside the stage takes only what that leaves of the machine."""
    if hasattr(item.config, "workerinput"):
        from tests.running import ON_STAGE, SIGN, step_aside

        sign = item.config._tmp_path_factory.getbasetemp().parent / SIGN
        step_aside(sign.exists() and not item.nodeid.startswith(ON_STAGE))


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def make_stage() -> type[Stage]:
    return Stage
