"""The way to the band's door, over real sockets: the newest first, no command lost, and back again."""

from __future__ import annotations

import select
import tempfile
import time
from dataclasses import replace

import pytest

from bandmate import wire
from bandmate.console import opening
from bandmate.console.link import GONE, BandLink
from bandmate.console.plain import PlainWatch, describe
from bandmate.events import Command, RigReady, Status
from bandmate.places import places
from tests.console.desk import ARMED, CALM, FAILING

PATIENCE_S = 10.0


def until(true):
    end_s = time.perf_counter() + PATIENCE_S
    while not (found := true()):
        assert time.perf_counter() < end_s
        select.select([], [], [], 0.005)
    return found


class Backstage:
    """The doors of a band and of its supervisor, with nobody behind them but the test."""

    def __init__(self) -> None:
        self.where = places("main")
        self.visitors: list[wire.Wire] = []
        self.office = wire.Door(self.where.supervisor).open()
        self.open()

    def open(self) -> None:
        self.door = wire.Door(self.where.band).open()

    def visitor(self, door=None):
        self.visitors.append(until((door or self.door).accept))
        return self.visitors[-1]

    def close(self) -> None:
        self.door.close()
        self.office.close()
        for visitor in self.visitors:
            visitor.close()


@pytest.fixture
def backstage(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="bm") as home:
        monkeypatch.setenv("BANDMATE_HOME", home)
        found = Backstage()
        yield found
        found.close()


@pytest.fixture
def link(backstage):
    found = BandLink(backstage.where)
    found.start()
    yield found
    found.stop()


def heard(band, count):
    said = []
    until(lambda: said.extend(band.receive()) or len(said) >= count)
    return [one.name for one in said]


def test_the_newest_snapshot_wins_and_no_note_is_lost(backstage, link):
    assert link.take() == (None, [])
    band = backstage.visitor()
    for bar in range(1, 6):
        note = ("bass", 40 + bar, float(bar), 0.5, 80)
        band.send(Status(0.0, "playing", bar=bar, notes=(note,)))
    until(lambda: link._status is not None and link._status.bar == 5)
    status, notes = link.take()
    assert status.bar == 5
    assert [note[1] for note in notes] == [41, 42, 43, 44, 45]
    assert link.take() == (status, [])
    assert link.away_s() == 0.0


def test_commands_go_out_in_order_also_those_that_waited_for_the_band(backstage, link):
    band = backstage.visitor()
    band.close()
    backstage.door.close()
    until(lambda: link.away_s() > 0)
    for name in ("fill", "panic", "ending"):
        link.send(Command(0.0, name))
    backstage.open()
    assert heard(backstage.visitor(), 3) == ["fill", "panic", "ending"]


def test_a_band_that_was_restarted_is_found_again(backstage, link):
    backstage.visitor().close()
    backstage.door.close()
    until(lambda: link.away_s() > 0)
    backstage.open()
    band = backstage.visitor()
    band.send(CALM)
    until(lambda: link.take()[0])
    assert link.away_s() == 0.0
    assert not link.gone


def test_the_rig_has_gone_home_when_nobody_keeps_its_door(backstage, link):
    band = backstage.visitor()
    backstage.close()
    band.close()
    until(lambda: link.gone)


def test_what_the_supervisor_tells_is_there(backstage, link):
    backstage.visitor()
    office = backstage.visitor(backstage.office)
    office.send(RigReady(1.0, {"band": 0.1}))
    until(lambda: link.rig.load == {"band": 0.1})


def test_the_last_word_goes_out_before_the_link_hangs_up(backstage):
    link = BandLink(backstage.where)
    link.start()
    band = backstage.visitor()
    link.send(Command(0.0, "panic"))
    link.stop()
    assert heard(band, 1) == ["panic"]


def test_the_demo_is_asked_of_the_supervisor(backstage, link):
    link.supervise(Command(0.0, "demo", "pop"))

    link.stop()  # so that nobody else is at the door
    said = []
    while (visitor := backstage.office.accept()) is not None:
        backstage.visitors.append(visitor)
        said += [one.value for one in visitor.receive() if isinstance(one, Command)]
    assert said == ["pop"]


# ------------------------------------------------------------------ without a screen


class ShortLink:
    """A link that shows some snapshots, one a look, and goes home."""

    def __init__(self, *shown) -> None:
        self.shown, self.sent = list(shown), []

    @property
    def gone(self):
        return not self.shown

    def start(self):
        pass

    def stop(self):
        pass

    def take(self):
        return self.shown.pop(0), []

    def send(self, command):
        self.sent.append(command.name)


def test_without_a_screen_each_change_is_a_line(capsys, monkeypatch):
    monkeypatch.setattr("bandmate.console.plain.LOOK_S", 0.0)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    next_beat = replace(CALM, pulse=4)
    assert PlainWatch(ShortLink(None, ARMED, CALM, next_beat, FAILING)).run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ARMED", "PLAYING", "PLAYING", "The"]
    assert "! nanoKEY is gone; plug it in again !" in lines[2]
    assert lines[-1] == GONE


def test_nothing_but_the_end_is_said_where_nobody_wants_to_know(capsys, monkeypatch):
    monkeypatch.setattr("bandmate.console.plain.LOOK_S", 0.0)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    PlainWatch(ShortLink(ARMED, CALM), quiet=True).run()
    assert capsys.readouterr().out.splitlines() == [GONE]


def test_ctrl_c_without_a_screen_asks_and_then_stops():
    link = ShortLink()
    watch = PlainWatch(link)
    watch._interrupt(2, None)
    watch._interrupt(2, None)
    assert link.sent == ["quit", "stop", "quit"]


def test_a_status_in_one_line():
    assert describe(CALM) == (
        "PLAYING  138 bpm  17.3  Am7 → D7  3/12 Corner Table  Solos (4)  swing  drums bass (keys)"
    )


@pytest.mark.parametrize(
    ("term", "terminal", "driver", "why"),
    [
        ("xterm", True, "", ""), ("dumb", True, "", "the terminal TERM=dumb has no screen"),
        ("", True, "", "the terminal TERM=unset has no screen"), ("xterm", False, "", "no terminal"),
        ("dumb", False, "textual.drivers.web_driver:WebDriver", ""),
    ],
)  # fmt: skip
def test_whether_a_terminal_can_show_the_console(monkeypatch, term, terminal, driver, why):
    class End:
        def isatty(self):
            return terminal

    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}", End())
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    assert opening.no_console() == why


def test_a_terminal_without_a_screen_is_told_what_there_is_instead(backstage, monkeypatch, capsys):
    class Watch:
        def __init__(self, link):
            assert link.where == backstage.where

        def run(self):
            return 0

    monkeypatch.setattr("bandmate.console.opening.PlainWatch", Watch)
    assert opening.open_console(backstage.where, {}, "", "No keyboard.") == 0
    said = capsys.readouterr().out
    assert said.startswith("No console (no terminal): here is a line for each change.")
    assert "No keyboard." in said
