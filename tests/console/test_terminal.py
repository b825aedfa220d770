"""A terminal that doesn't keep up, and one that goes away: a console in a process of its own, on a pty."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from bandmate.events import Command
from tests.console.desk import CALM
from tests.console.test_link import Backstage, until

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")


@pytest.fixture
def backstage(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path_factory.mktemp("h")))
    found = Backstage()
    yield found
    found.close()


class Terminal:
    """A pty of 80 by 24 with a console on it; nobody reads what it draws unless asked."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, (24).to_bytes(2, sys.byteorder) + b"P\0" + bytes(4))

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.console = subprocess.Popen(
            [sys.executable, "-m", "bandmate", "console"], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=take_terminal, env=os.environ | {"TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(slave)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.master)

    def close(self) -> None:
        self.hang_up()
        self.console.kill()
        self.console.wait(10)


@pytest.fixture
def terminal(backstage):
    found = Terminal()
    yield found
    found.close()


def test_a_terminal_that_takes_nothing_still_sends_every_key(backstage, terminal):
    band = backstage.visitor()
    bar, said = 0, []

    def play():
        nonlocal bar
        bar += 1
        band.send(replace(CALM, bar=bar, beat=float(bar), chord=f"{'CDEFG'[bar % 5]}maj7"))
        said.extend(one.name for one in band.receive() if isinstance(one, Command))
        return bar > 400  # two seconds of snapshots that nobody can see

    until(play)
    terminal.press("fn!")
    until(lambda: play() and said == ["fill", "next-section", "panic"])
    assert terminal.console.poll() is None


def test_a_terminal_that_goes_away_takes_its_console_with_it_and_nothing_else(backstage, terminal):
    band = backstage.visitor()
    band.send(CALM)
    assert os.read(terminal.master, 1)
    terminal.hang_up()
    assert terminal.console.wait(10) in (-signal.SIGHUP, 0, 1)
    until(lambda: band.receive() == [] and not band.open)
