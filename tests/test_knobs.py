"""Knobs, keys and pedals: what they move, how the band learns them, and that they are no music."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import maps
from bandmate import patch as patches
from bandmate.band import Band
from bandmate.controls import ACTION_NAMES, BY_NAME, PARAMS, check, defaults, share_of, steps_of, value_at
from bandmate.events import Claim, Control, NoteOff, NoteOn, Program, StoreMap
from bandmate.knobs import Knobs
from bandmate.learner import Learner, kind_of
from bandmate.maps import Row, as_table
from bandmate.mixing import mix
from bandmate.rehearsal import load_styles, perform
from bandmate.show.take import Header
from bandmate.snapshots import restore, state_now
from tests.conftest import Stage

PORT = "usb: Desk"
KNOB = Row("energy", "control", 21)
NUMBERS = [row for row in PARAMS if not isinstance(row.default, str) or row.choices]


def desk(*rows: Row, **params) -> Stage:
    """A band with these maps."""
    return Stage(
        patches.parse({"control": [as_table(row) for row in rows]}, patches.Path("desk.toml")), **params
    )


class Player:
    """Moves things a hundred times a second, and tells where a parameter stands."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.now_s = stage, 0.0

    def turn(self, *values: int, number: int = 21) -> Player:
        for value in values:
            self.does(Control(self.now_s, number, value, PORT))
        return self

    def does(self, *events) -> Player:
        self.stage.events += events
        self.now_s += 0.01
        self.stage.play(self.now_s)
        return self

    def waits(self, seconds: float) -> Player:
        self.now_s += seconds
        self.stage.play(self.now_s)
        return self

    def says(self, name, value=None) -> Player:
        self.stage.say(self.now_s, name, value)
        return self.waits(0.01)

    def __getitem__(self, name: str):
        return self.stage.band.params[name]

    @property
    def alarm(self) -> str:
        return self.stage.band.alarm_text


# ------------------------------------------------------------------ the ways of the table


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
@given(share=st.floats(0, 1))
@settings(max_examples=20)
def test_a_knob_goes_from_end_to_end_and_back_to_where_it_was(row, share):
    ends = (row.choices[0], row.choices[-1]) if row.choices else (row.low, row.high)
    assert (value_at(row, 0), value_at(row, 1)) == pytest.approx(ends) or row.choices
    value = value_at(row, share)
    assert value_at(row, share_of(row, value)) == (value if row.choices else pytest.approx(value))
    if not steps_of(row):
        assert share_of(row, value) == pytest.approx(share, abs=1e-6)


def test_tempo_goes_by_ratios_and_faders_as_loudness_is_felt():
    assert value_at(BY_NAME["bpm"], 0.5) == pytest.approx((30 * 300) ** 0.5)
    assert value_at(BY_NAME["master"], 0.5) == 0.25
    assert value_at(BY_NAME["section"], 0.6) == 2


# ------------------------------------------------------------------ knobs with ends


def test_a_knob_takes_over_where_it_meets_the_parameter():
    player = Player(desk(KNOB)).turn(10, 30, 50)
    assert player["energy"] == 0.5  # not there yet
    player.turn(70)
    assert player["energy"] == pytest.approx(70 / 127)
    player.turn(127, 0)
    assert player["energy"] == 0.0


def test_a_knob_that_somebody_else_passed_has_to_meet_it_again():
    player = Player(desk(KNOB)).turn(60, 64)
    player.says("energy", 0.9).turn(70)
    assert player["energy"] == 0.9
    player.turn(120)
    assert player["energy"] == pytest.approx(120 / 127)


def test_a_knob_without_pickup_jumps_and_ends_may_be_turned_round():
    player = Player(desk(Row("density", "control", 21, pickup=False, low=0.8, high=0.2))).turn(0)
    assert player["density"] == pytest.approx(0.8)
    assert player.turn(127)["density"] == pytest.approx(0.2)


def test_fourteen_bits_are_one_value_that_waits_for_its_finer_part():
    player = Player(desk(Row("energy", "control", 2, kind="fine", pickup=False)))
    player.turn(64, number=2).turn(3, number=34)
    assert player["energy"] == pytest.approx((64 << 7 | 3) / 16383)
    player.turn(63, number=2)
    assert player["energy"] == pytest.approx((64 << 7 | 3) / 16383)  # no glitch on the way down
    assert player.turn(127, number=34)["energy"] == pytest.approx((63 << 7 | 127) / 16383)


def test_an_nrpn_is_selected_and_then_moved():
    player = Player(desk(Row("energy", "nrpn", 300, pickup=False)))
    player.turn(2, number=99).turn(44, number=98).turn(127, number=6).turn(127, number=38)
    assert player["energy"] == 1.0
    player.turn(45, number=98).turn(0, number=6)  # another one
    assert player["energy"] == 1.0


# ------------------------------------------------------------------ endless knobs, buttons, keys, programs


@pytest.mark.parametrize(("kind", "up", "down"), [("twos", 1, 127), ("offset", 65, 63), ("sign", 1, 65)])
def test_an_endless_knob_goes_on_from_where_the_parameter_is(kind, up, down):
    player = Player(desk(Row("energy", "control", 21, kind=kind))).turn(*[up] * 10)
    assert player["energy"] == pytest.approx(0.6)
    player.says("energy", 0.2).turn(*[down] * 5)
    assert player["energy"] == pytest.approx(0.15)
    assert player.turn(*[down] * 40)["energy"] == 0.0


def test_clicks_that_come_at_once_all_count_and_steps_are_whole():
    player = Player(
        desk(Row("energy", "control", 21, kind="twos"), Row("section", "control", 22, kind="twos"))
    )
    player.does(*(Control(0.0, 21, 1, PORT) for _ in range(10)))
    assert player["energy"] == pytest.approx(0.6)
    player.turn(1, number=22)
    assert player["section"] == 3


def test_a_button_goes_round_the_steps_and_only_when_pressed():
    player = Player(desk(Row("section", "control", 21, kind="button"), Row("mono", "note", 40)))
    player.turn(127, 0, 127, 0, 127, 0)
    assert player["section"] == 2  # 3, 1, 2
    player.does(NoteOn(player.now_s, 40, 9, PORT)).does(NoteOff(player.now_s, 40, PORT))
    assert player["mono"] == 1.0  # a key needn't be struck hard
    player.does(NoteOn(player.now_s, 40, 90, PORT)).does(NoteOff(player.now_s, 40, PORT))
    assert player["mono"] == 0.0


def test_a_half_pedal_that_flutters_is_pressed_once():
    player = Player(desk(Row("section", "control", 21, kind="button")))
    player.turn(70, 60, 66, 58, 64, 127)
    assert player["section"] == 3


def test_one_value_of_a_controller_is_a_button_as_on_an_arranger():
    player = Player(
        desk(Row("section", "control", 80, at=24, value=1.0), Row("section", "control", 80, at=26, value=3.0))
    )
    assert player.turn(26, number=80)["section"] == 3
    assert player.turn(25, number=80)["section"] == 3
    assert player.turn(24, number=80)["section"] == 1


def test_a_program_sets_a_style_by_its_name():
    player = Player(desk(Row("style", "program", 3, value="funk")))
    player.does(Program(0.0, 4, PORT))
    assert player["style"] != "funk"
    player.does(Program(0.0, 3, PORT))
    assert player["style"] == "funk"


def test_a_row_of_another_device_or_channel_is_not_moved():
    player = Player(
        desk(Row("energy", "control", 21, "Other", pickup=False), Row("density", "control", 21, channel=2))
    )
    player.turn(127)
    assert (player["energy"], player["density"]) == (0.5, 0.5)


def test_the_first_row_that_fits_holds():
    player = Player(
        desk(Row("energy", "control", 21, "desk", pickup=False), Row("density", "control", 21, pickup=False))
    )
    player.turn(127)
    assert (player["energy"], player["density"]) == (1.0, 0.5)


# ------------------------------------------------------------------ pedals


def test_any_pedal_may_be_the_one_switch():
    stage = desk(Row("cue", "control", 66))
    player = Player(stage).says("arm")
    for _ in range(4):
        player.turn(127, number=66).turn(0, number=66).waits(0.48)
    assert stage.state == "playing"
    player.waits(1.0).turn(127, number=66).waits(0.8)
    assert stage.band.form.ending  # held: an ending
    player.turn(0, number=66)


def test_a_pedal_fires_as_it_goes_down_and_never_as_it_comes_up():
    stage = desk(Row("stop", "control", 66))
    one_s = stage.tap_in()
    player = Player(stage).waits(one_s + 1.0)
    assert stage.state == "playing"
    player.turn(127, number=66)
    assert stage.state == "off"
    player.says("arm").turn(0, number=66)
    assert stage.state == "armed"


def test_a_program_is_a_switch_that_is_never_held():
    stage = desk(Row("cue", "program", 0))
    one_s = stage.tap_in()
    Player(stage).waits(one_s + 1.0).does(Program(0.0, 0, PORT)).waits(3.0)
    assert stage.band.form.section == 3
    assert not stage.band.form.ending


def test_a_footswitch_that_never_comes_up_and_one_that_stays_down_press_each_time():
    rows = (Row("section", "control", 80, kind="button"), Row("section", "control", 81, kind="toggle"))
    player = Player(desk(*rows)).turn(127, 127, 127, number=80)
    assert player["section"] == 2  # 3, 1, 2
    player.turn(127, 0, 127, number=81)
    assert player["section"] == 2


def test_the_switch_can_be_pressed_from_a_shell():
    player = Player(Stage()).says("arm")
    for _ in range(4):
        player.says("cue").waits(0.49)
    assert player.stage.state == "playing"


# ------------------------------------------------------------------ no music


def test_mapped_keys_are_no_music_for_the_band_and_are_claimed():
    stage = desk(Row("fill", "note", 36), Row("energy", "control", 1))
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    for beat in range(16):
        stage.key(one_s + beat * 0.25, 36)
    stage.play(one_s + 4.0)
    assert 36 not in stage.band.heard.held
    assert stage.band.hands.range()[0] == 48
    claims = [send for send in mix(stage.band) if isinstance(send, Claim)]
    assert claims == [Claim((("", "note", 36, 0), ("", "control", 1, 0)))]


def test_a_take_with_mapped_keys_rehearses_the_same_and_writes_none_of_them_as_music():
    patch = patches.parse({"control": [as_table(Row("section", "note", 36))]}, patches.Path("desk.toml"))
    events = [
        NoteOn(1.0, 36, 90, PORT),
        NoteOff(1.1, 36, PORT),
        NoteOn(1.2, 60, 90, PORT),
        NoteOff(1.3, 60, PORT),
    ]

    def feed(step, _):
        return [event for event in events if round(event.time_s / 0.005) == step]

    band = Band(patch, load_styles(), 1, {})
    found = perform(band, feed, 0, 400, "keys", Header(patch, 1, {}))
    assert band.params["section"] == 3
    assert {event.pitch for event in found.performer} == {60}


# ------------------------------------------------------------------ learning


def learns(name: str, *events, wait_s: float = 0.6) -> Player:
    player = Player(Stage()).says("learn", name)
    assert player["learn"] == name
    for event in events:
        player.does(event)
    return player.waits(wait_s)


def controls(number: int, *values: int) -> list[Control]:
    return [Control(0.0, number, value, PORT) for value in values]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((10, 14, 19, 25, 33), "absolute"),
        ((60, 61, 62, 63, 64, 65, 66), "absolute"),
        ((1, 1, 1, 2, 127, 127, 126), "twos"),
        ((1, 1, 2, 1), "twos"),
        ((127, 127, 127), "twos"),
        ((65, 65, 66, 63, 63, 65), "offset"),
        ((1, 1, 2, 65, 65, 66), "sign"),
        ((127, 0), "button"),
        ((127,), "button"),
    ],
)
def test_how_a_controller_speaks_is_found_from_what_it_says(values, kind):
    assert kind_of(list(values)) == kind


def test_a_knob_is_learnt_said_claimed_and_written():
    player = learns("energy", *controls(21, 10, 20, 30, 40))
    assert player["learn"] == ""
    assert player.alarm == "learnt: CC 21 of Desk, channel 1 moves energy"
    row = {"to": "energy", "control": 21, "device": "Desk", "channel": 1}
    assert player.stage.stores == [StoreMap("Desk", row)]
    assert Claim((("Desk", "control", 21, 1),)) in [
        send for _, out in player.stage.outs for send in out.sends
    ]
    assert player.turn(63, 90)["energy"] == pytest.approx(90 / 127)


def claimed(player) -> Claim:
    """What the sound process was told last."""
    return [send for _, out in player.stage.outs for send in out.sends if isinstance(send, Claim)][-1]


def test_in_a_lesson_no_controller_sounds_but_the_sustain_pedal_and_afterwards_what_is_not_mapped_does():
    player = Player(Stage()).says("learn", "energy")
    assert {number for _, kind, number, _ in claimed(player).rows} == set(range(120)) - {64}
    player.says("learn", "")
    assert claimed(player) == Claim(())
    player.says("learn", "energy").turn(10, 20, 30, 40, number=7).waits(0.6)
    assert claimed(player) == Claim((("Desk", "control", 7, 1),))
    player.says("forget", "energy")
    assert claimed(player) == mix(player.stage.band)[-1] == Claim(())  # also for a sound process that is new


def test_of_two_controllers_the_one_that_moved_most_is_meant():
    mixed = [*controls(7, 64, 65), *controls(21, 10, 20, 30), *controls(7, 64)]
    assert "CC 21" in learns("energy", *mixed).alarm


def test_fourteen_bits_and_an_nrpn_are_recognised():
    fine = [event for coarse in range(50, 53) for event in (*controls(2, coarse), *controls(34, coarse * 2))]
    assert "CC 2 of Desk, channel 1, 14 bits" in learns("energy", *fine).alarm
    nrpn = [
        *controls(99, 2),
        *controls(98, 44),
        *controls(6, 1),
        *controls(38, 9),
        *controls(6, 2),
        *controls(38, 8),
    ]
    assert "NRPN 300 of Desk" in learns("energy", *nrpn).alarm


def test_an_action_learns_a_key_a_program_or_a_button():
    assert "note 36 of Desk" in learns("fill", NoteOn(0.0, 36, 90, PORT)).alarm
    assert "program 5 of Desk" in learns("fill", Program(0.0, 5, PORT)).alarm
    assert "CC 80 of Desk, channel 1, a button moves fill" in learns("fill", *controls(80, 127, 0)).alarm


def test_keys_among_others_are_music_and_a_key_alone_is_learnt():
    player = Player(Stage()).says("learn", "fill")
    for pitch in (60, 64, 67, 60, 64):
        player.does(NoteOn(player.now_s, pitch, 80, PORT), NoteOff(player.now_s + 0.01, pitch, PORT)).waits(
            0.1
        )
    assert player.waits(1.0)["learn"] == "fill"
    player.does(NoteOn(player.now_s, 36, 80, PORT)).waits(0.1).does(NoteOn(player.now_s, 36, 80, PORT)).waits(
        0.6
    )
    assert player.alarm == "learnt: note 36 of Desk, channel 1 moves fill"


def test_a_key_that_was_learnt_while_it_was_held_is_let_go_of_as_music():
    player = Player(Stage(join="free"))
    player.says("join").says("learn", "fill").does(NoteOn(player.now_s, 36, 80, PORT)).waits(0.6)
    assert player["learn"] == ""
    assert player.stage.band.heard.held == (36,)
    player.does(NoteOff(player.now_s, 36, PORT))
    assert player.stage.band.heard.held == ()


def test_an_action_waits_for_something_that_can_press_it_and_nobody_learns_the_sustain_pedal():
    player = learns("fill", *controls(21, 1, 1, 2, 1))
    assert player["learn"] == "fill"
    player.turn(127, 0, number=64).waits(1.0)
    assert player["learn"] == "fill"
    player.does(NoteOn(player.now_s, 36, 90, PORT)).waits(0.6)
    assert player["learn"] == ""


def test_a_lesson_can_be_broken_off_and_is_refused_where_no_knob_will_do():
    player = Player(Stage()).says("learn", "energy").says("learn", "")
    player.turn(1, 2, 3, 4).waits(1.0)
    assert player.stage.band.knobs.rows == ()
    assert "loudness" in player.says("learn", "loudness").alarm
    assert player.says("learn", "style").alarm.startswith("style takes a name")
    assert player["learn"] == ""


def test_what_was_learnt_again_moves_only_the_new_thing():
    player = learns("energy", *controls(21, 10, 20, 30, 40))
    player.says("learn", "density").turn(10, 20, 30, 40).waits(0.6).turn(64, 127)
    assert (player["energy"], player["density"]) == (0.5, 1.0)


def test_what_is_forgotten_moves_nothing_any_more():
    player = learns("energy", *controls(21, 10, 20, 30, 40)).says("forget", "energy")
    assert player.stage.stores[-1] == StoreMap(forget="energy")
    player.turn(60, 100)
    assert player["energy"] == 0.5
    for name in ("energy", "nothing of ours", "x" * 9000):
        assert f"nothing moves {name!r}" in player.says("forget", name).alarm
    assert player.stage.band.knobs.forgotten == ("energy",)  # whoever asks, and however often


def test_what_is_learnt_and_mixed_before_the_first_bar_is_saved_at_once():
    player = Player(Stage()).says("arm").says("master", 0.25)
    assert player.stage.states[-1]["params"]["master"] == 0.25
    player.says("learn", "energy").turn(10, 20, 30, 40).waits(0.6)
    assert [row["to"] for row in player.stage.states[-1]["learnt"]] == ["energy"]
    count = len(player.stage.states)
    assert len(player.waits(2.0).stage.states) == count


def test_a_band_that_takes_over_knows_what_was_learnt_and_forgotten():
    former = desk(Row("wild", "control", 3), Row("swing", "control", 4))
    player = Player(former).says("forget", "wild").says("learn", "energy").turn(10, 20, 30, 40).waits(0.6)
    heir = desk(Row("wild", "control", 3), Row("swing", "control", 4)).band
    restore(heir, json.loads(json.dumps(state_now(player.stage.band))), 0.0)
    assert {row.to for row in heir.knobs.rows} == {"energy", "swing"}


# ------------------------------------------------------------------ whatever arrives

SEVEN = st.integers(0, 127)
EVENTS = st.one_of(
    st.builds(Control, st.just(0.0), SEVEN, SEVEN, st.just(PORT), st.integers(0, 2)),
    st.builds(Program, st.just(0.0), SEVEN, st.just(PORT), st.integers(0, 2)),
    st.builds(NoteOn, st.just(0.0), st.integers(20, 40), st.integers(1, 127), st.just(PORT)),
    st.builds(NoteOff, st.just(0.0), st.integers(20, 40), st.just(PORT)),
)  # fmt: skip
EVERY_MAP = patches.parse(
    {"maps": maps.shipped(patches.data_folder("patches"))}, patches.Path("all.toml")
).controls
MORE = (
    Row("energy", "control", 3, kind="fine"), Row("bpm", "nrpn", 300), Row("key", "control", 9, kind="twos"),
    Row("section", "control", 10, kind="sign"), Row("swing", "control", 11, low=0.6, high=0.5),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_is_moved_every_command_is_one_that_the_band_takes(events):
    knobs, params = Knobs((*EVERY_MAP, *MORE)), defaults()
    for event in events:
        owned = knobs.owns(event)
        commands, trodden = knobs.move(event, params)
        assert owned or not (commands or trodden)
        for command in commands:
            name, value = check(command.name, command.value)
            params |= {} if value is None else {name: value}


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS, max_size=30), st.sampled_from([*(row.name for row in NUMBERS), *ACTION_NAMES]))
def test_whatever_is_learnt_is_a_row_that_a_map_may_hold(events, name):
    learner = Learner(name)
    for event in events:
        learner.hear(event)
    row = learner.found(10.0)
    table = {"to": "cue", "note": 1} if row is None else as_table(row)
    assert maps.read_rows([table], "map", patches.Path("mine.toml"))
