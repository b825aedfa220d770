"""The console in a real terminal (tmux): what a newcomer sees and presses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.e2e.conftest import until

pytestmark = [
    pytest.mark.jack,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux isn't installed"),
]


class Terminal:
    """A terminal of 100 columns in a tmux server of its own."""

    def __init__(self, name: str = str(os.getpid())) -> None:
        self.socket = f"bandmate-{name}"

    def tmux(self, *words: str) -> str:
        found = subprocess.run(
            ["tmux", "-L", self.socket, *words], capture_output=True, text=True, check=False,
            env=dict(os.environ),  # without the LINES and COLUMNS that readline has set behind Python's back
        )  # fmt: skip
        return found.stdout

    def run(self, command: str) -> None:
        names = ("BANDMATE_HOME", "JACK_DEFAULT_SERVER")
        given = [word for name in names for word in ("-e", f"{name}={os.environ[name]}")]
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", *given, command + "; read _"
        )

    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def shows(self, words: str, patience_s: float = 12.0) -> None:
        until(lambda: words in self.text(), patience_s, f"{words!r} in\n{self.text()}")


@pytest.fixture
def terminal():
    found = Terminal()
    yield found
    found.tmux("kill-server")


def test_a_newcomer_sees_a_band_and_ends_it(rig, terminal):
    terminal.run(f"{sys.executable} -m bandmate --demo swing")
    terminal.shows("COUNTING")
    terminal.shows("PLAYING")
    terminal.shows("swing")
    terminal.shows("144 bpm")
    terminal.press("?")
    terminal.shows("a fill into the next bar")
    terminal.press("?")  # any key closes the list
    until(lambda: "a fill into" not in terminal.text(), 5.0, "the list is closed")
    terminal.press("f")
    terminal.shows("<fill>")
    terminal.press("e")
    terminal.shows("OFF")
    terminal.press("q")
    terminal.shows("The band has gone home.")


def test_no_keyboard_is_said_and_the_demo_is_one_key_away(rig, terminal):
    terminal.run(f"{sys.executable} -m bandmate")
    terminal.shows("No keyboard is plugged in")
    terminal.shows("ARMED")
    terminal.press("d")
    terminal.shows("PLAYING")
    terminal.shows("● drums   ● bass")
    terminal.press("C-c")
    terminal.shows("The band has gone home.")


def test_the_terminal_may_close_and_the_band_plays_on(rig, terminal):
    terminal.run(f"{sys.executable} -m bandmate --demo")
    terminal.shows("PLAYING")
    terminal.tmux("kill-server")
    status = rig.wait_for(lambda status: status.state == "playing")
    bar = status.bar
    rig.wait_for(lambda status: status.bar > bar, 6.0, "the band plays on")
    assert rig.shell("stop").returncode == 0


def test_the_first_run_asks_once(rig, terminal):
    keyboard = subprocess.Popen(
        [sys.executable, "-c", "import rtmidi; o=rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name='nanoKEY');"
         "o.open_virtual_port('keys'); print('x', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    keyboard.stdout.readline()
    try:
        terminal.run(f"{sys.executable} -m bandmate")
        terminal.shows("Does this keyboard make its own sound?")
        terminal.press("n", "Enter")
        terminal.shows("ARMED")
        assert "nanoKEY" in (rig.home / "main.json").read_text()
        terminal.press("q")
        terminal.shows("The band has gone home.")
    finally:
        keyboard.kill()
        keyboard.wait()
        keyboard.stdin.close()
        keyboard.stdout.close()


def test_without_synth_and_ports_the_band_still_plays(rig):
    rig.jam("--no-synth", "--demo")
    status = rig.wait_for(lambda status: status.state == "playing", 15.0)
    rig.wait_for(lambda now: now.bar > status.bar, 6.0)
    assert rig.takes()


def test_a_terminal_without_a_screen_gets_a_line_for_each_change(rig, terminal):
    terminal.run(f"TERM=dumb {sys.executable} -m bandmate --demo swing")
    terminal.shows("No console (the terminal TERM=dumb has no screen)")
    terminal.shows("PLAYING  144 bpm")
    terminal.press("C-c")
    terminal.shows("The band has gone home.")
