"""Mixer, Setlist, Devices and Log: what they show, calm and failing, and what their keys do."""

from __future__ import annotations

import asyncio
import sys

import pytest
from pytest_textual_snapshot import SVGImageExtension

from bandmate.console.devices import Plugs
from bandmate.console.keymap import DEFAULTS
from bandmate.console.log import Paper
from bandmate.console.mixer import Desk
from tests.console.backstage import ARMED, BROKEN, CALM, FAILING, RIG, SIZES, console
from tests.console.desk import EIGHTFOLD

SCREENS = {"mixer": "f3", "setlist": "f4", "devices": "f5", "log": "f6"}


async def settle(pilot):
    """Let two frames be shown, however long that takes here."""
    for _ in range(2):
        seen_s = pilot.app.shown.now_s
        while pilot.app.shown.now_s == seen_s:
            await pilot.pause(0.02)


@pytest.mark.parametrize(("status", "rig"), [(CALM, RIG), (FAILING, BROKEN)], ids=["calm", "failing"])
def test_the_screens_as_they_look(snapshot, status, rig):
    """Each in three sizes; one console for all of them, as on a stage."""

    async def story(app, link, pilot):
        pictures = {}
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for name, key in SCREENS.items():
                await pilot.press(key)
                await settle(pilot)
                pictures[f"{name}-{size[0]}x{size[1]}"] = app.export_screenshot()
        return pictures

    pinned = snapshot.use_extension(SVGImageExtension)
    for name, picture in desk(story, status, rig).items():
        assert picture == pinned(name=name), f"{name} looks otherwise; --snapshot-update takes it as it is"


def test_a_mixer_of_eight_players_has_a_strip_for_each():
    async def story(app, link, pilot):
        await pilot.press("f3")
        await settle(pilot)
        return [text for row in app.screen.query_one(Desk)._rows for text, _ in row]

    said = [text.strip() for text in desk(story, EIGHTFOLD)]
    assert [word for word in said if word in (*EIGHTFOLD.parts, "you", "click", "main")] == [
        *EIGHTFOLD.parts, "you", "click", "main",
    ]  # fmt: skip


def desk(story, status=CALM, rig=RIG):
    """Let a story be played on a console; what it returns."""

    async def play():
        app, link = console(status, rig)
        async with app.run_test(size=(120, 36)) as pilot:
            return await story(app, link, pilot)

    return asyncio.run(play())


def test_the_keys_of_the_mixer():
    walk = [
        ("right", ("part/drums/level", 1.05)), ("Z", ("part/drums/solo", 1.0)),
        ("shift+right", ("part/drums/reverb", 0.4)), ("ctrl+right", ("part/drums/program", 0.0)),
        ("home", ("part/drums/level", 1.0)), ("down", None), ("left", ("part/bass/level", 0.95)),
        ("X", ("part/bass/mute", 1.0)), ("up", None), ("up", None), ("left", ("master", 0.85)),
        ("shift+left", ("reverb", 0.25)), ("X", None),
    ]  # fmt: skip

    async def story(app, link, pilot):
        await pilot.press("f3")
        for key, said in walk:
            await pilot.press(key)
            assert link.said == ([] if said is None else [said]), key

    desk(story)


def test_a_click_sets_a_fader():
    async def story(app, link, pilot):
        await pilot.press("f3")
        await pilot.click("#desk", offset=(22 + 9, 4))
        return link.said

    ((name, level),) = desk(story)
    assert name == "part/bass/level"
    assert 0.6 < level < 0.9


def test_a_song_that_was_clicked_twice_is_gone_to_and_the_list_follows_the_evening_again():
    async def story(app, link, pilot):
        await pilot.press("f4")
        await pilot.click("#lines", offset=(10, 6))
        assert app.screen.query_one("#lines").chosen == 4
        await pilot.click("#lines", offset=(10, 6))
        assert app.screen.query_one("#lines").chosen is None
        return link.said

    assert desk(story, ARMED) == [("song", "5")]


def test_stage_keys_mean_the_same_on_every_screen():
    async def story(app, link, pilot):
        for key in SCREENS.values():
            await pilot.press(key, "f", "e")
            assert link.said == [("fill", None), ("ending", None)]

    desk(story)


def test_every_key_of_ours_comes_through_a_plain_terminal():
    assert [key for key in DEFAULTS if key.startswith(("alt+", "super+", "ctrl+shift+"))] == []


def test_a_song_is_one_key_away_where_nothing_sounds_and_two_while_one_plays():
    async def story(app, link, pilot):
        await pilot.press("f4", "right", "right")
        assert link.said == []  # it is this one already
        await pilot.press("down", "right")
        assert link.said == []
        assert "press again" in app._said
        await pilot.press("right")
        assert link.said == [("song", "4")]
        link.status = ARMED
        await settle(pilot)
        await pilot.press("down", "right")
        assert link.said == [("song", "4")]

    desk(story)


def test_the_soundcheck_waits_for_silence_and_shows_its_findings(monkeypatch):
    words = "print('ok  Python'); print('no  no speakers'); print('    -> plug them in')"
    monkeypatch.setattr(Plugs, "WORDS", (sys.executable, "-c", words))

    async def story(app, link, pilot):
        await pilot.press("f5", "f9")
        assert "silent" in app._said
        link.status = ARMED
        await settle(pilot)
        await pilot.press("f9")
        await app.workers.wait_for_complete()
        panel = app.screen.query_one(Plugs)
        assert panel.findings.lines == ["ok  Python", "no  no speakers", "    -> plug them in"]
        assert "NO  no speakers" in ["".join(text for text, _ in row) for row in panel._rows]

    desk(story)


def test_the_log_takes_new_lines_only_and_marks_failures():
    async def story(app, link, pilot):
        await pilot.press("f6")
        await settle(pilot)
        paper = app.screen.query_one(Paper)
        before = [strip.text.rstrip() for strip in paper.lines]
        link.rig, link.status = BROKEN, FAILING
        await settle(pilot)
        return before, [strip.text.rstrip() for strip in paper.lines]

    before, lines = desk(story)
    assert lines[: len(before)] == before
    assert len(lines) == len(before) + 4
    assert [line for line in lines if line.startswith("!! ")] == [
        "!! 21:14:08 ERROR sound died (exit code -9) and is started again"
    ]
    assert sum(line.startswith(" ! ") for line in lines) == 2
