"""Stage and Studio as they look, and what their panels say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bandmate.console.alarm import alarm
from bandmate.console.bigtext import BigText, drawn, size_for
from bandmate.console.shown import Shown, coming, part_state, plain_line, rung_words
from tests.console.backstage import SIZES
from tests.console.desk import ARMED, CALM, EIGHTFOLD, FAILING, STATES, console, on_stage

SCREENS = {"stage": "f1", "studio": "f2"}


async def settle(pilot):
    await pilot.pause(0.12)  # two frames


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen(snap_compare, screen, size, state):
    app = console(STATES[state])
    assert snap_compare(app, press=[SCREENS[screen]], terminal_size=size, run_before=settle)


@pytest.mark.parametrize("status", [ARMED, None], ids=["armed", "before the first snapshot"])
def test_the_stage_before_the_music(snap_compare, status):
    app = console(status, lost_s=0.0 if status else 0.4)
    assert snap_compare(app, terminal_size=(80, 24), run_before=settle)


# ------------------------------------------------------------------ in words


def test_the_plain_line():
    assert plain_line(CALM) == "138 bpm  17.3  Am7 → D7"
    assert plain_line(replace(CALM, chord="", next_chord="")) == "138 bpm  17.3  -"
    assert plain_line(ARMED) == "72 bpm"
    assert plain_line(replace(CALM, guessed=True)) == "138 bpm  17.3  Am7? → D7"


def test_a_chord_that_nobody_played_is_dim_and_asks():
    async def play(app, pilot):
        chord = app.screen.query_one("#chord", BigText)
        assert (chord.word, chord.paint) == ("Am7?", "dim")
        await pilot.press("f2")
        await settle(pilot)
        head = app.screen.query_one("#harmony")._rows[0]
        assert ("Am7?", "dim") in head

    on_stage(play, replace(CALM, guessed=True))


@pytest.mark.parametrize(
    ("rung", "rungs", "loud"),
    [
        ("fresh", {"fresh": 9}, False), ("tail", {"fresh": 9}, False), ("understudy", {}, False),
        ("understudy", {"fresh": 9}, True), ("held", {"fresh": 9}, True),
    ],
)  # fmt: skip
def test_a_rung_that_is_not_the_best_cannot_be_missed(rung, rungs, loud):
    words, paint = rung_words(Shown(replace(CALM, rung=rung, rungs=rungs)))
    assert rung in words.lower()
    assert (paint in ("poor", "loud")) == loud


def test_the_worst_goes_first_on_the_alarm_line():
    assert alarm(Shown(FAILING, away="NOT CONNECTED")) == ("NOT CONNECTED", "loud")
    assert alarm(Shown(FAILING)) == ("! nanoKEY is gone; plug it in again", "loud")
    assert alarm(Shown(replace(FAILING, alarm="")))[0].startswith("HELD")
    assert alarm(Shown(CALM)) == ("", "plain")


def test_who_does_what_is_told_in_words():
    failing, solo = Shown(FAILING), Shown(EIGHTFOLD)
    assert [part_state(failing, part) for part in ("drums", "keys")] == ["plays", "MUTED"]
    assert [part_state(solo, part) for part in ("drums", "keys")] == ["not solo", "plays"]
    assert part_state(Shown(CALM), "keys") == "comes in"
    assert part_state(Shown(CALM), "lead") == "rests"


def test_what_comes_is_counted_down_in_pulses():
    assert coming(Shown(CALM)) == ["fill in 2", "Head in 14"]
    assert coming(Shown(replace(CALM, beat=67.2))) == ["fill in 1", "Head in 13"]
    waltz = replace(CALM, meter="6/8", beat=66.0, pending=(("fill", 69.0),))
    assert coming(Shown(waltz)) == ["fill in 2"]


def test_letters_are_as_big_as_they_fit():
    assert [size_for("Am7", width, 24) for width in (10, 17, 33, 34, 80)] == [0, 1, 1, 2, 4]
    assert size_for("Am7", 200, 4) == 1
    assert drawn("1", 1) == [" ▄█", "  █", "  █", " ▀▀▀"]
    assert [len(line) for line in drawn("T", 2)] == [10] + [6] * 6
    assert drawn("Am7", 0) == ["Am7"]
