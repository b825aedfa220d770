"""Mixer, Setlist, Devices and Log: what they show, calm and failing, and what their keys do."""

from __future__ import annotations

import sys

import pytest

from bandmate.console.devices import Plugs
from bandmate.console.keymap import DEFAULTS
from bandmate.console.log import Paper
from tests.console.backstage import ARMED, BROKEN, CALM, FAILING, RIG, SIZES, console

SCREENS = {"mixer": "f3", "setlist": "f4", "devices": "f5", "log": "f6"}


async def settle(pilot):
    await pilot.pause(0.12)  # two frames


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_at_its_ease(snap_compare, name, size):
    assert snap_compare(console()[0], press=[SCREENS[name]], terminal_size=size, run_before=settle)


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_when_much_fails(snap_compare, name):
    assert snap_compare(
        console(FAILING, BROKEN)[0], press=[SCREENS[name]], terminal_size=(80, 24), run_before=settle
    )


def after(*keys, status=CALM, rig=RIG, clicks=()):
    """What was sent to the band after these keys (and clicks), and what the hint says."""
    import asyncio

    async def play():
        app, link = console(status, rig)
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.press(*keys)
            for widget, offset in clicks:
                await pilot.click(widget, offset=offset)
            await pilot.pause()
            return link.said, app._said

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["right"], ("part/drums/level", 1.05)),
        (["down", "left"], ("part/bass/level", 0.95)),
        (["up", "left"], ("master", 0.85)),
        (["down", "X"], ("part/bass/mute", 1.0)),
        (["Z"], ("part/drums/solo", 1.0)),
        (["shift+right"], ("part/drums/reverb", 0.4)),
        (["up", "shift+left"], ("reverb", 0.25)),
        (["ctrl+right"], ("part/drums/program", 0.0)),
        (["home"], ("part/drums/level", 1.0)),
    ],
)
def test_the_keys_of_the_mixer(keys, said):
    assert after("f3", *keys)[0] == [said]


def test_a_click_sets_a_fader():
    said, _ = after("f3", clicks=[("#desk", (22 + 9, 4))])
    assert said[0][0] == "part/bass/level"
    assert 0.6 < said[0][1] < 0.9


def test_stage_keys_mean_the_same_on_every_screen():
    for key in SCREENS.values():
        assert after(key, "f", "e")[0] == [("fill", None), ("ending", None)]


def test_every_key_of_ours_comes_through_a_plain_terminal():
    assert [key for key in DEFAULTS if key.startswith(("alt+", "super+", "ctrl+shift+"))] == []


def test_a_song_is_one_key_away_where_nothing_sounds_and_two_while_one_plays():
    assert after("f4", "down", "right", status=ARMED)[0] == [("song", "4")]
    said, hint = after("f4", "down", "right")
    assert said == []
    assert "press again" in hint
    assert after("f4", "down", "right", "right")[0] == [("song", "4")]
    assert after("f4", "right", "right")[0] == []  # it is this one already


def test_the_soundcheck_waits_for_silence_and_shows_its_findings(monkeypatch):
    import asyncio

    words = "print('ok  Python'); print('no  no speakers'); print('    -> plug them in')"
    monkeypatch.setattr(Plugs, "WORDS", (sys.executable, "-c", words))
    assert "silent" in after("f5", "f9")[1]

    async def play():
        app, _ = console(ARMED)
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.press("f5", "f9")
            await app.workers.wait_for_complete()
            panel = app.screen.query_one(Plugs)
            return panel.findings.lines, ["".join(text for text, _ in row) for row in panel._rows]

    lines, rows = asyncio.run(play())
    assert lines == ["ok  Python", "no  no speakers", "    -> plug them in"]
    assert "NO  no speakers" in rows


def test_the_log_takes_new_lines_only_and_marks_failures():
    import asyncio

    async def play():
        app, link = console()
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.press("f6")
            await pilot.pause(0.1)
            paper = app.screen.query_one(Paper)
            before = [strip.text.rstrip() for strip in paper.lines]
            link.rig, link.status = BROKEN, FAILING
            await pilot.pause(0.3)
            return before, [strip.text.rstrip() for strip in paper.lines]

    before, lines = asyncio.run(play())
    assert lines[: len(before)] == before
    assert len(lines) == len(before) + 4
    assert [line for line in lines if line.startswith("!! ")] == [
        "!! 21:14:08 ERROR sound died (exit code -9) and is started again"
    ]
    assert sum(line.startswith(" ! ") for line in lines) == 2
