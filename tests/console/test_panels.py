"""What the panels of the studio say, row by row."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bandmate import controls
from bandmate.console.crowd_row import CrowdRow
from bandmate.console.health import Health
from bandmate.console.played import Played
from bandmate.console.shown import Shown
from bandmate.events import RigReady
from tests.console.desk import CALM, FAILING, FRAME_S, console


def studio(play, status=CALM, size=(120, 36)):
    async def run():
        app = console(status)
        async with app.run_test(size=size) as pilot:
            await pilot.press("f2")
            await pilot.pause(3 * FRAME_S)
            return await play(app, pilot)

    return asyncio.run(run())


def lines(app, name):
    return ["".join(text for text, _ in row) for row in app.screen.query_one(f"#{name}")._rows]


def paints(app, name, word):
    """The paint of the piece that holds a word."""
    rows = app.screen.query_one(f"#{name}")._rows
    return next(paint for row in rows for text, paint in row if word in text)


def test_now_says_tempo_trust_and_leash():
    async def play(app, pilot):
        said = "\n".join(lines(app, "now"))
        for words in ("○ ○ ● ○", "138.2 bpm you 137.6", "0.93", "home 138.0 ± 3 %", "set 34:11"):
            assert words in said
        assert paints(app, "now", "0.93") == "good"
        app.link.status = replace(CALM, leash=0.0, confidence=0.2, pulse=1)
        await pilot.pause(3 * FRAME_S)
        assert "no leash" in "\n".join(lines(app, "now"))
        assert paints(app, "now", "0.20") == "poor"
        assert paints(app, "now", "●") == "bright"

    studio(play)


def test_what_is_settled_is_bright_and_what_is_expected_dim():
    async def play(app, pilot):
        bars = lines(app, "harmony")[1:3]
        assert [bar.split() for bar in bars] == [
            ["17", "·", "·", "▸Am7", "·"],
            ["18", "D7", "·", "Gm7?", "C7?"],
        ]
        assert paints(app, "harmony", "D7") != "dim"
        assert [paint for text, paint in app.screen.query_one("#harmony")._rows[2] if "?" in text] == [
            "dim"
        ] * 2
        assert "fill in 2" in lines(app, "harmony")[3]

    studio(play)


def test_the_plan_stands_under_its_pulses_on_any_grid_and_between_two_pulses():
    odd = tuple((beat + 0.5, chord, sure) for beat, chord, sure in CALM.outlook)  # after a bar of 7/8
    for status in (replace(CALM, beat=65.9999995), replace(CALM, beat=66.7, outlook=odd)):

        async def play(app, pilot):
            return [bar.split() for bar in lines(app, "harmony")[1:3]]

        assert studio(play, status) == [
            ["17", "·", "·", "▸Am7", "·"],
            ["18", "D7", "·", "Gm7?", "C7?"],
        ]


def test_a_snapshot_of_another_version_stops_a_panel_and_no_console():
    async def play(app, pilot):
        assert "stumbled" in lines(app, "now")[0]
        assert "drums" in lines(app, "strips")[1]
        await pilot.press("f")
        return [one.name for one in app.link.sent]

    assert studio(play, replace(CALM, meter="9/4")) == ["fill"]


def test_a_waltz_shows_its_three_bars():
    async def play(app, pilot):
        assert [bar.split()[0] for bar in lines(app, "harmony")[1:4]] == ["17", "18", "19"]
        assert len(lines(app, "harmony")[1].split()) == 4

    studio(play, replace(CALM, meter="3/4", pulse=1, outlook=((66.0, "Am7", True),)))


def test_a_strip_tells_meter_switches_sound_and_what_the_part_does():
    async def play(app, pilot):
        rows = lines(app, "strips")
        assert "fresh" in rows[0]
        assert rows[1].split()[0] == "drums"
        for words in ("M S", "plays 3.5", "Jazz Kit"):
            assert words in rows[1]
        assert "comes in" in rows[3]
        assert [row.split()[0] for row in rows[4:]] == ["you", "main"]

    studio(play)


def test_a_rung_that_is_not_the_best_is_loud_on_the_band():
    async def play(app, pilot):
        assert "HELD" in lines(app, "strips")[0]
        assert paints(app, "strips", "HELD") == "loud"
        assert paints(app, "strips", "MUTED") == "fair"

    studio(play, FAILING)


def test_trouble_is_loud_while_it_is_new():
    async def play(app, pilot):
        assert "nothing is lost" in lines(app, "health")[0]
        assert "latency 8 ms  model 41 %  sound 18 %  band 9 %" in lines(app, "health")[2]
        app.link.status = replace(CALM, counters={"late": 0, "dropped": 2, "sound xruns": 0}, latency_ms=41.0)
        app.link.rig = RigReady(1.0, {"band": 0.95})
        await pilot.pause(0.6)
        assert "2 dropped" in lines(app, "health")[0]
        assert paints(app, "health", "2 dropped") == "loud"
        assert paints(app, "health", "41 ms") == "poor"
        assert paints(app, "health", "95 %") == "poor"

    studio(play)


def test_what_grew_long_ago_is_no_alarm_any_more():
    panel = Health()
    before, after = Shown(CALM, 0.0), Shown(replace(CALM, counters={"late": 3}), 1.0)
    panel.rows(before)
    assert "3 late" in panel.rows(after)[0][1][0]
    later = replace(after, now_s=60.0)
    assert "nothing is lost" in panel.rows(later)[0][1][0]
    assert ("late 3", "fair") in panel.rows(later)[1]


# ------------------------------------------------------------------ the piano roll


def test_a_held_note_gets_its_length_when_it_ends():
    played = Played()
    played.gather([("you", 60, 4.0, 0.0, 80)])
    played.gather([("you", 60, 4.0, 1.5, 80), ("bass", 40, 5.0, 0.5, 80)])
    assert list(played) == [("you", 60, 4.0, 1.5), ("bass", 40, 5.0, 0.5)]


def test_another_song_begins_a_new_roll():
    played = Played()
    played.gather([("bass", 40, 90.0, 0.5, 80)])
    played.gather([("bass", 41, 0.0, 0.5, 80)])
    assert list(played) == [("bass", 41, 0.0, 0.5)]


def test_the_roll_moves_on_by_bars_and_paints_each_part_in_its_lane():
    async def play(app, pilot):
        roll = app.screen.query_one("#roll")
        assert [word for word in lines(app, "roll")[0].split() if word != "▼"] == ["|14", "|15", "|16", "|17"]
        head = lines(app, "roll")[0].index("▼")
        assert head == 3 * 16 + 8  # four bars of 16 cells; beat 66 is the third of the last
        of = {paint: [y for y, row in enumerate(roll._rows) if any(p == paint for _, p in row)]
              for paint in ("you", "bass", "drums")}  # fmt: skip
        assert max(of["you"]) < min(of["bass"]) <= max(of["bass"]) < min(of["drums"])
        app.link.status, app.link._notes = replace(CALM, bar=18, beat=68.1, pulse=1), []
        await pilot.pause(4 * FRAME_S)
        assert lines(app, "roll")[0].split()[0] == "|15"

    studio(play)


def test_notes_are_gathered_while_another_screen_is_in_front():
    async def run():
        app = console()
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause(2 * FRAME_S)
            assert len(list(app.played)) == len(CALM.notes)

    asyncio.run(run())


# ------------------------------------------------------------------ the crowd's mood


def test_on_eighty_columns_the_mood_pad_takes_the_place_of_the_dials():
    async def play(app, pilot):
        assert not app.screen.query_one("#mood").display
        await pilot.press("up", "down")  # from the last dial on
        await pilot.pause(3 * FRAME_S)
        pad = app.screen.query_one("#mood")
        assert (app.focused, app.screen.query_one("#dials").display) == (pad, False)
        assert pad.size.width > 20
        await pilot.press("right", "escape")
        await pilot.pause(3 * FRAME_S)
        assert (app.focused.id, pad.display) == ("dials", False)
        await pilot.press("right")
        return [one.name for one in app.link.sent]

    assert studio(play, size=(80, 24)) == ["valence", "energy"]


def test_the_mood_pad_shows_three_points_apart():
    params = CALM.params | {"valence": 0.0, "mood-energy": 0.5, "authority": 50.0}
    mood = {"voices": 1, "energy": 1.0, "valence": 1.0, "governed": 0.0, "governed valence": -1.0}

    async def play(app, pilot):
        rows = lines(app, "mood")
        assert rows[0] == "MOOD  the crowd has 50 %"
        high, wide = len(rows) - 2, len(rows[1])
        where = {
            sign: (y, row.index(sign)) for y, row in enumerate(rows[1:-1]) for sign in "◆○●" if sign in row
        }
        assert where["○"] == (0, wide - 1)
        assert where["●"] == (high - 1, 0)
        assert abs(where["◆"][0] - high / 2) <= 1
        assert abs(where["◆"][1] - wide / 2) <= 1
        app.link.status = replace(CALM, mood_state="vetoed")
        await pilot.pause(4 * FRAME_S)
        assert "VETOED" in lines(app, "mood")[0]
        assert not any("○" in row for row in lines(app, "mood"))

    studio(play, replace(CALM, params=params, mood=mood))


def test_keys_and_mouse_move_the_performers_point():
    async def play(app, pilot):
        pad = app.screen.query_one("#mood")
        await pilot.click("#dials", offset=(3, len(app.screen.query_one("#dials").dials)))  # the last one
        await pilot.press("down")
        assert app.focused is pad
        await pilot.press("right", "up")
        await pilot.click("#mood", offset=(pad.size.width - 1, 1))
        await pilot.press("escape")
        assert app.focused is app.screen.query_one("#dials")
        return [(one.name, one.value) for one in app.link.sent]

    assert studio(play) == [("valence", 0.1), ("mood-energy", 0.55), ("valence", 1.0), ("mood-energy", 1.0)]


def test_there_is_no_pad_where_nobody_knows_a_crowd(monkeypatch):
    monkeypatch.delitem(controls.BY_NAME, "valence", raising=False)

    async def play(app, pilot):
        assert not app.screen.query("#mood")

    studio(play)


def test_the_crowd_is_on_the_stage_only_while_somebody_senses_it():
    async def play(app, pilot):
        app.to_screen("stage")
        await pilot.pause(2 * FRAME_S)
        assert not app.screen.query_one("#crowd").display

    studio(play)
    row = CrowdRow()
    mood = {"voices": 2, "energy": 0.5, "valence": 0.5}
    params = CALM.params | {"authority": 40.0}
    shown = Shown(replace(CALM, params=params, mood=mood, mood_state="held", suggestion="Blue Room"))
    said = "".join(text for text, _ in row.rows(shown)[0])
    assert said.endswith("0.50 bright, 40 % say  HELD  would suit: Blue Room")
    gone = {"voices": 0.0, "energy": 0.5, "valence": 0.0, "governed": 0.9, "governed valence": -0.5}
    held = Shown(replace(CALM, params=params, mood=gone, mood_state="held"))
    assert "0.90 dark, 40 % say  HELD" in "".join(text for text, _ in row.rows(held)[0])  # it still bends us
    assert row.rows(Shown(replace(CALM, params=params, mood=gone))) == []


def test_stage_says_whose_bars_these_are_while_you_trade():
    async def run(trade):
        app = console(replace(CALM, trade=trade))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause(3 * FRAME_S)
            return app.screen.big["section"].word, lines(app, "whereabouts")[0]

    big, row = asyncio.run(run("you 3"))
    assert big == "you 3"
    assert "trade: you 3" in row
    big, row = asyncio.run(run(""))
    assert big == CALM.section_name
    assert "trade" not in row
