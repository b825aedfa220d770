"""The console on a real stage: keys typed in tmux, the band's MIDI captured, consoles killed and back."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bandmate.timing import Meter
from tests.e2e.conftest import Rig, until
from tests.e2e.test_screen import Terminal

pytestmark = [
    pytest.mark.jack,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux isn't installed"),
]
DRUMS, BASS = 9, 1
HATS, CONGAS, CYMBALS = (42, 44, 46), (56, 62, 63, 64, 73), (49, 52, 55, 57)
NEAR_S = 0.12  # a note belongs to a line: what the style pushes or lays back, and this machine
CONSOLE = f"{sys.executable} -m bandmate console"
BAR_BEATS = Meter.parse("4/4").bar_beats


class Clock:
    """Where the music was when, by the snapshots of the band; a client of its own."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.marks: list[tuple[float, float]] = []  # beat, time_s

    def look(self):
        status = self.rig.look()
        if status is not None and status.state in ("counting", "playing", "ending"):
            mark = status.beat, status.time_s
            if not self.marks or mark[0] > self.marks[-1][0]:
                self.marks.append(mark)
        return status

    def wait_for(self, true, patience_s=12.0, what="status"):
        until(lambda: (status := self.look()) is not None and true(status), patience_s, what)
        return self.rig.status

    def to(self, beat: float) -> None:
        self.wait_for(lambda status: status.beat >= beat, 20.0, f"beat {beat}")

    def time_of(self, beat: float) -> float:
        """When a beat that has been was."""
        beats, times_s = zip(*self.marks, strict=True)
        assert beats[0] <= beat <= beats[-1]
        return float(np.interp(beat, beats, times_s))

    def pending(self, name: str) -> float:
        """The beat on which something lands that has been asked for."""
        status = self.wait_for(lambda status: any(name in one for one, _ in status.pending), 3.0, name)
        return next(beat for one, beat in status.pending if name in one)


@pytest.fixture
def terminals():
    hired = []

    def hire(command: str) -> Terminal:
        hired.append(Terminal(f"{os.getpid()}-{len(hired)}"))
        hired[-1].run(command)
        return hired[-1]

    yield hire
    for one in hired:
        one.tmux("kill-server")


def console_pid(terminal: Terminal) -> int:
    """The console's own process, under the pane's shell."""
    shell = int(terminal.tmux("display-message", "-p", "#{pane_pid}"))
    words = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    return int(words[0]) if words else shell


def test_keys_typed_in_a_terminal_land_on_the_right_bar_and_a_killed_console_is_no_gap(
    rig, recorder, terminals
):
    rig.where.keys.write_text('[keys]\nT = "style cha-cha"\n')  # a key of the performer's own
    rig.jam("--demo", "pop", "--patch", "bench", "--seed", "3")
    recorder.open()
    clock = Clock(rig)
    first, second = terminals(CONSOLE), terminals(CONSOLE)
    for terminal in (first, second):
        terminal.shows("bpm", 20.0)
    clock.wait_for(lambda status: status.state == "playing" and status.bar >= 2, 20.0, "music")

    # a mute on the bar line, typed into one console and seen in the other
    first.press("c", "c", "c")
    first.shows("bar", 3.0)
    first.press("B")
    muted = clock.pending("bass/mute 1")
    assert muted % BAR_BEATS == pytest.approx(0.0, abs=1e-6)
    clock.to(muted + 2.5)
    bass = [time_s for time_s, _ in recorder.notes(BASS)]
    assert bass
    assert max(bass) < clock.time_of(muted) - 0.02 + NEAR_S
    assert max(bass) > clock.time_of(muted - BAR_BEATS) - NEAR_S
    first.press("B")
    back = clock.pending("bass/mute 0")

    # a console is killed outright, and comes back while the band plays through
    os.kill(console_pid(second), signal.SIGKILL)
    killed_s = time.perf_counter()
    clock.to(back + 2.0)
    again = [time_s for time_s, _ in recorder.notes(BASS) if time_s > clock.time_of(muted + 1.0)]
    assert clock.time_of(back) - NEAR_S < min(again) < clock.time_of(back + 2.0)

    # another style on the bar line: hats up to there, congas and guiro from there on
    first.press("T")
    styled = clock.pending("style cha-cha")
    third = terminals(CONSOLE)
    until(lambda: third.text().strip(), 20.0, "the new console draws")
    drawn_s = time.perf_counter()
    third.shows("PLAYING", 1.0)
    assert time.perf_counter() - drawn_s < 1.0
    clock.to(styled + BAR_BEATS + 1)
    line_s = clock.time_of(styled)
    congas = [time_s for time_s, pitch in recorder.notes(DRUMS) if pitch in CONGAS]
    assert line_s - NEAR_S < min(congas) < clock.time_of(styled + BAR_BEATS)
    hats = [time_s for time_s, pitch in recorder.notes(DRUMS) if pitch in HATS]
    assert clock.time_of(styled - 1) - NEAR_S < max(hats) < line_s + NEAR_S

    # a fill into the next bar, and the crash that it leads to
    first.press("f")
    filled = clock.pending("fill")
    line = BAR_BEATS * np.ceil(filled / BAR_BEATS + 0.01)
    clock.to(line + 1.0)
    strokes = recorder.notes(
        DRUMS, after_s=clock.time_of(filled) - NEAR_S, before_s=clock.time_of(line) - 0.02
    )
    crash = recorder.notes(DRUMS, after_s=clock.time_of(line) - NEAR_S, before_s=clock.time_of(line) + NEAR_S)
    assert {pitch for _, pitch in strokes} - set(CONGAS)  # timbales or toms
    assert {pitch for _, pitch in crash} & set(CYMBALS)

    # an ending on one, and not a note after it
    first.press("e")
    ended = clock.pending("ending")
    assert ended % BAR_BEATS == pytest.approx(0.0, abs=1e-6)
    clock.wait_for(lambda status: status.state == "off", 12.0, "the ending")
    end_s = float(np.interp(ended, *zip(*clock.marks, strict=True)))
    last = [time_s for time_s, _ in recorder.notes()]
    assert abs(max(last) - end_s) < NEAR_S
    for terminal in (first, third):
        terminal.shows("OFF", 3.0)

    # the killed console cost nobody a note
    drums = sorted(time_s for time_s, _ in recorder.notes(DRUMS) if killed_s - 4 < time_s < end_s)
    beat_s = (clock.marks[-1][1] - clock.marks[0][1]) / (clock.marks[-1][0] - clock.marks[0][0])
    assert max(np.diff(drums)) < 1.6 * beat_s
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")
    first.press("q")
    first.shows("The band has gone home.", 10.0)
