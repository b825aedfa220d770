"""The console itself: lock, hold, place, undo, overlays, a slow terminal, and a band that isn't there."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Input, Static

from bandmate.console.app import NO_HOLD
from bandmate.console.dials import Dials
from bandmate.console.keylist import KeyList
from bandmate.console.line import Line
from bandmate.console.link import GONE
from bandmate.console.stylelist import StyleList
from tests.console.desk import ARMED, CALM, FRAME_S, on_stage


def said(app):
    return [(one.name, one.value) for one in app.link.sent]


def words(app, kind=Line):
    return "".join(text for row in app.screen.query_one(kind)._rows for text, _ in row)


def test_the_stage_lock_lets_taps_panic_and_its_own_key_through():
    async def play(app, pilot):
        await pilot.press("ctrl+l", "f", "e", "q", "Q", "d", "B", ")", "space", "!", "tab")
        assert app.screen.name == "studio"
        await pilot.press("right", "ctrl+c")  # a dial has the focus
        await pilot.pause(2 * FRAME_S)
        assert "LOCKED" in words(app)
        assert "LOCKED" in app.shown.message  # and not: energy 0.65
        await pilot.press("right")
        await pilot.pause(2 * FRAME_S)
        assert "LOCKED" in app.shown.message
        assert said(app) == [("tap", None), ("panic", None)]
        assert app.link.supervised == []
        await pilot.press("ctrl+l", "f")

    app = on_stage(play)
    assert said(app)[-1] == ("fill", None)


def test_the_band_ends_after_a_hold_or_a_second_press_while_it_plays():
    def ends(app, *times_s):
        app._hold = NO_HOLD
        app.link.sent.clear()
        for time_s in times_s:
            app.own_end(100.0 + time_s)
        return said(app) == [("quit", None)]

    async def play(app, pilot):
        assert not ends(app, 0.0)
        assert not ends(app, 0.0, 0.05, 0.1)  # a key that was brushed
        assert ends(app, 0.0, 0.66, 0.69, 0.72)  # held: keys repeat after a while
        assert ends(app, 0.0, *(0.6 + repeat * 0.03 for repeat in range(80)))  # a long hold is asked once
        assert ends(app, 0.0, 1.2)  # pressed again
        assert not ends(app, 0.0, 2.0)  # too late: that is a first one
        app.link.status = ARMED
        await pilot.pause(2 * FRAME_S)
        assert ends(app, 0.0)

    on_stage(play)


def test_a_band_that_nobody_has_seen_yet_is_not_ended_by_one_key():
    async def play(app, pilot):
        await pilot.press("q")

    assert said(on_stage(play, None)) == []


def test_ctrl_c_asks_for_an_ending_and_again_stops_now():
    async def play(app, pilot):
        await pilot.press("ctrl+c")
        assert said(app) == [("quit", None)]
        await pilot.press("ctrl+c")

    assert said(on_stage(play)) == [("quit", None), ("stop", None), ("quit", None)]


def test_cues_land_on_the_place_that_was_chosen():
    async def play(app, pilot):
        await pilot.press("f", "c", "f", "c", "f", "c", "f", "B", "c", "f", "c", "f")

    app = on_stage(play)
    assert [one.place for one in app.link.sent] == ["", "now", "beat", "bar", "bar", "section", ""]


def test_dials_turn_at_once_whatever_place_is_chosen():
    async def play(app, pilot):
        await pilot.press("c", "f2")
        await pilot.pause(2 * FRAME_S)
        assert isinstance(app.focused, Dials)
        await pilot.press("down", "right", "up", "left")

    app = on_stage(play, size=(120, 36))
    assert said(app) == [("density", 0.55), ("energy", 0.55)]
    assert [one.place for one in app.link.sent] == ["", ""]


def test_a_click_sets_a_dial_and_mutes_a_part():
    async def play(app, pilot):
        await pilot.press("f2")
        await pilot.pause(2 * FRAME_S)
        dials = app.screen.query_one("#dials")
        await pilot.click("#dials", offset=(dials.styles.padding.left + 18, 1))
        strips = app.screen.query_one("#strips")
        await pilot.click("#strips", offset=(8 + strips._meter + 1, 2))
        await pilot.click("#strips", offset=(8 + strips._meter + 3, 1))

    app = on_stage(play, size=(160, 36))
    (dial, value), *switches = said(app)
    assert dial == "energy"
    assert 0.0 < value < 0.1  # the first cell of its bar
    assert switches == [("part/bass/mute", 1.0), ("part/drums/solo", 1.0)]


def test_keys_that_come_faster_than_snapshots_each_count():
    async def play(app, pilot):
        await pilot.press("f2")
        await pilot.pause(2 * FRAME_S)
        app.link.sent.clear()
        await pilot.press(".", ".", "right", "B", "B")

    app = on_stage(play)
    assert said(app) == [("energy", 0.7), ("energy", 0.8), ("energy", 0.85),
                         ("part/bass/mute", 1.0), ("part/bass/mute", 0.0)]  # fmt: skip


def test_a_switch_turns_from_where_the_band_is_however_slow_the_terminal_is(monkeypatch):
    async def play(app, pilot):
        monkeypatch.setattr(type(app), "_behind", lambda self: True)
        app.link.status = replace(CALM, params=CALM.params | {"part/bass/mute": 1.0})
        await pilot.pause(3 * FRAME_S)
        await pilot.press("B")

    assert said(on_stage(play)) == [("part/bass/mute", 0.0)]


def test_undo_is_the_bands():
    async def play(app, pilot):
        await pilot.press("backspace")

    assert said(on_stage(play)) == [("undo", None)]


def test_a_key_is_stamped_when_it_was_pressed():
    async def play(app, pilot):
        before_s = time.perf_counter()
        await pilot.press("space")
        assert before_s <= app.link.sent[0].time_s <= time.perf_counter()

    on_stage(play)


def test_the_key_list_shows_all_keys_and_taps_go_through():
    async def play(app, pilot):
        await pilot.press("?")
        assert isinstance(app.screen, KeyList)
        await pilot.press("space", "down")
        assert isinstance(app.screen, KeyList)
        await pilot.press("f")  # closes it; the fill is not meant
        assert app.screen.name == "stage"

    assert said(on_stage(play)) == [("tap", None)]


def test_everything_in_the_key_list_and_the_hints_can_be_clicked():
    async def play(app, pilot):
        await pilot.click("#hint", offset=(2, 0))
        assert isinstance(app.screen, KeyList)
        await pilot.click("#keys", offset=(20, 0))
        assert isinstance(app.screen, KeyList)
        await pilot.click("#closing", offset=(3, 0))
        assert app.screen.name == "stage"
        await pilot.click("#hint", offset=(12, 0))
        assert app.screen.name == "studio"

    assert said(on_stage(play, size=(160, 40))) == [("tap", None)]


def test_textuals_way_out_leaves_the_band_playing_and_is_locked_like_ours():
    async def play(app, pilot):
        await pilot.press("ctrl+l", "ctrl+q")
        assert app.is_running
        await pilot.press("ctrl+l", "ctrl+q")

    app = on_stage(play)
    assert "plays on" in app.return_value
    assert said(app) == []


def test_a_style_by_its_number():
    async def play(app, pilot):
        await pilot.press("y")
        assert isinstance(app.screen, StyleList)
        assert "funk" in str(app.screen.query_one("#styles", Static).visual)
        await pilot.press("1", "1")  # taken at once: no style has three digits
        assert app.screen.name == "stage"
        await pilot.press("y", "2", "enter", "y", "escape", "y", "9")

    app = on_stage(play)
    listed = app.styles_listed
    assert said(app) == [("style", listed[10]), ("style", listed[1]), ("style", listed[8])]


def test_what_is_typed_in_a_heap_for_a_list_steers_nothing():
    async def play(app, pilot):
        for key in ("y", "1", "1"):  # as a slow line brings them; `1` alone moves the downbeat
            app.screen.post_message(events.Key(key, key))
        await pilot.pause(3 * FRAME_S)

    app = on_stage(play)
    assert said(app) == [("style", app.styles_listed[10])]


def test_anything_by_its_name():
    async def play(app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause()
        app.screen.query_one(Input).value = "energy 0.7"
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.2)

    assert said(on_stage(play)) == [("energy", 0.7)]


def test_a_band_that_is_not_there_is_said_on_every_screen():
    async def play(app, pilot):
        for name in ("stage", "studio"):
            app.to_screen(name)
            await pilot.pause(2 * FRAME_S)
            assert "NOT CONNECTED" in words(app)

    on_stage(play, lost_s=3.0)


def test_the_console_goes_when_the_rig_has_gone_home_and_when_it_is_left():
    async def home(app, pilot):
        app.link.gone = True
        await pilot.pause(3 * FRAME_S)

    async def leave(app, pilot):
        await pilot.press("Q")

    assert on_stage(home).return_value == GONE
    left = on_stage(leave)
    assert "plays on" in left.return_value
    assert said(left) == []


def test_a_slow_terminal_drops_frames_and_never_commands(monkeypatch):
    async def play(app, pilot):
        monkeypatch.setattr(type(app), "_behind", lambda self: True)
        app.link.status = replace(CALM, bar=99)
        await pilot.press("f")
        await pilot.pause(3 * FRAME_S)
        assert app.left_out >= 1
        assert "17.3" in words(app)
        assert said(app) == [("fill", None)]
        monkeypatch.setattr(type(app), "_behind", lambda self: False)
        await pilot.pause(3 * FRAME_S)
        assert "99.3" in words(app)

    on_stage(play)


def test_a_notice_of_the_start_stays_for_a_while():
    async def play(app, pilot):
        assert "No keyboard" in app.shown.message

    on_stage(play, message="No keyboard is plugged in.")


def test_only_what_changed_is_painted():
    async def play(app, pilot):
        panel = app.screen.query_one("#who")
        painted = []
        panel.refresh = lambda *regions, **_: painted.append(regions)
        app.link.status = replace(CALM, pulse=4)
        await pilot.pause(3 * FRAME_S)
        assert painted == []
        app.link.status = replace(CALM, muted=("bass",))
        await pilot.pause(4 * FRAME_S)
        assert len(painted) == 1

    on_stage(play)


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (300, 90)], ids=str)
def test_no_terminal_is_too_small_or_too_large(size):
    async def play(app, pilot):
        await pilot.press("f2")
        await pilot.pause(2 * FRAME_S)
        await pilot.press("f1", "?")
        await pilot.pause(FRAME_S)

    on_stage(play, size=size)
