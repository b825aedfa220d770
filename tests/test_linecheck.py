"""The line check in virtual time: what the engineer hears, in which order, and every round in time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate.events import Click, Hush, Off, On, Ping
from bandmate.linecheck import Hit, Line, LineCheck, groove, lines
from bandmate.patch import DEFAULT_SOUNDS, Sound

BENCH = patches.load("bench")
WHOLE = Line("the whole band", (Hit(0.0, "drums", 36),), 1.0)


def titles(patch, channels):
    return [line.title for line in lines(patch, channels, WHOLE)]


def run(check: LineCheck, from_s: float, until_s: float) -> list[object]:
    """Everything that is sent, looked at every 10 ms."""
    sends: list[object] = []
    for step in range(round((until_s - from_s) / 0.01)):
        now_s = from_s + 0.01 * step
        sends += check.due(now_s, now_s + 0.06)
    return sends


def test_the_order_that_an_engineer_expects():
    assert titles(BENCH, 2) == [
        "kick", "snare", "hat", "bass", "keys", "output 1: main left", "output 2: main right",
        "click (on none of these outputs; see 'outputs' in the patch)", "the whole band",
    ]  # fmt: skip


def test_outputs_come_by_name_as_the_patch_lays_them_out():
    split = titles(replace(BENCH, outputs="left-mono-right-click"), 2)
    assert split[-4:] == ["output 1: the band (mono)", "output 2: click", "click", "the whole band"]
    assert "output 7: bass left" in titles(replace(BENCH, outputs="parts"), 18)


def test_an_instrument_at_a_port_is_named():
    sounds = DEFAULT_SOUNDS | {"bass": Sound(port="Moog")}
    assert "bass on Moog" in titles(replace(BENCH, sounds=sounds), 2)


def test_a_line_goes_round_and_round_in_time():
    check = LineCheck([Line("x", (Hit(0.0, "drums", 36), Hit(0.25, "keys", 60, length_s=0.1)), 0.5)])
    ons = [send for send in run(check, 10.0, 12.0) if isinstance(send, On)]
    assert [round(note.time_s - 10.0, 6) for note in ons] == [0.25 * index for index in range(len(ons))]
    assert len(ons) == 9  # a little ahead
    assert len({note.id for note in ons}) == len(ons)


def test_every_note_ends():
    check = LineCheck(lines(BENCH, 2, WHOLE))
    sends = []
    for place in range(len(check.lines)):
        sends += run(check, 10.0 * place, 10.0 * place + 2.0)
        sends += check.turn(1)
    assert check.line is None
    assert check.due(1000.0, 2000.0) == []
    begun = {send.id: send.time_s for send in sends if isinstance(send, On)}
    ended = {send.id: send.time_s for send in sends if isinstance(send, Off)}
    assert begun.keys() == ended.keys()
    assert all(ended[key] > begun[key] for key in begun)
    assert sum(isinstance(send, Hush) for send in sends) == len(check.lines)


def test_outputs_are_tried_by_strokes_and_the_click_by_clicks():
    check = LineCheck(lines(replace(BENCH, outputs="left-mono-right-click"), 2, WHOLE))
    heard = {}
    while (line := check.line) is not None:
        heard[line.title] = run(check, 100.0 * check.place, 100.0 * check.place + 1.5)
        check.turn(1)
    assert {send.output for send in heard["output 2: click"]} == {2}
    assert all(isinstance(send, Ping) for send in heard["output 1: the band (mono)"])
    assert [send.accent for send in heard["click"] if isinstance(send, Click)] == [True, False, False, False]


def test_one_line_back():
    check = LineCheck(lines(BENCH, 2, WHOLE))
    check.turn(2)
    check.turn(-1)
    assert check.line is not None
    assert check.line.title == "snare"
    check.turn(-5)
    assert check.place == 0


@pytest.mark.parametrize("name", ["bench", "split"])
def test_the_groove_is_eight_whole_bars_of_everybody(name):
    patch = patches.load(name)
    line = groove(patch)
    assert set(Counter(hit.part for hit in line.hits)) == set(patch.parts)
    assert all(0 <= hit.at_s < line.length_s and hit.length_s > 0 for hit in line.hits)
    assert [hit.at_s for hit in line.hits] == sorted(hit.at_s for hit in line.hits)
    bar_s = line.length_s / 8
    for part in patch.parts:  # nobody drops out on the way round
        bars = {int(hit.at_s / bar_s) for hit in line.hits if hit.part == part}
        assert len(bars) >= 7
    assert all(hit.at_s + hit.length_s <= line.length_s + 0.031 for hit in line.hits)
