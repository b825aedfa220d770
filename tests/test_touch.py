"""Touch: what a soundcheck finds of a performer's keys and pedals, and what becomes of it."""

from __future__ import annotations

import json

import pytest

from bandmate.events import Control, NoteOn
from bandmate.listening.intensity import Dynamics
from bandmate.patch import Patch
from bandmate.places import places
from bandmate.touch import QUANTILES, Pedal, Touch, with_touch


def trodden(*values: int) -> Pedal:
    pedal = Pedal()
    for value in values:
        pedal.move(value)
    return pedal


@pytest.mark.parametrize(
    ("values", "reversed_", "half"),
    [
        ((127, 0), False, False),
        ((127, 0, 127, 0), False, False),
        ((0, 127), True, False),
        ((3, 30, 80, 127, 90, 20, 0), False, True),
        ((124, 90, 40, 0, 50, 100, 127), True, True),
        ((0, 127, 0), False, False),  # it was held down when we began to look
        ((127,), False, False),
    ],
)
def test_how_a_pedal_is_plugged_in(values, reversed_, half):
    pedal = trodden(*values)
    assert (pedal.reversed, pedal.half) == (reversed_, half)


@pytest.mark.parametrize(
    ("values", "presses"),
    [
        ((127, 0, 127, 0), 2),
        ((0, 127, 0, 127), 2),  # the wrong way round
        ((5, 60, 70, 127, 60, 0), 1),
        ((120, 60, 0, 70, 127), 1),
    ],
)
def test_a_pedal_steps_on_once_a_press_whichever_way_it_is_plugged_in(values, presses):
    pedal = Pedal()
    assert sum(pedal.move(value) for value in values) == presses


def test_knobs_and_wheels_step_nobody_on():
    touch = Touch()
    assert not touch.hear(Control(0.0, 1, 127))
    assert not touch.hear(Control(0.0, 11, 127))  # an expression pedal is one, but no switch
    assert touch.hear(Control(0.0, 67, 127))
    assert sorted(touch.pedals) == [11, 67]


def played(*velocities: int, port: str = "usb: Piano") -> Touch:
    touch = Touch()
    for velocity in velocities:
        touch.hear(NoteOn(0.0, 60, velocity, port))
    return touch


def test_velocities_are_kept_as_quantiles_of_the_keyboard_that_was_played():
    touch = played(*range(20, 121))
    kept = touch.found()["velocities"]
    assert (len(kept), kept[0], kept[10], kept[-1]) == (QUANTILES, 20, 70, 120)
    assert touch.port == "usb: Piano"
    assert touch.sentences() == ["you play with velocities of 20 to 120, most around 70"]
    assert played().found()["velocities"] == []


def test_a_keyboard_without_touch_is_noticed():
    assert played(100, 100, 99).fixed
    assert "every key comes with velocity 100" in played(100, 100, 99).sentences()[0]
    assert not played(40, 100).fixed


def test_pedals_in_plain_words():
    touch = Touch()
    for value in (0, 127):
        touch.hear(Control(0.0, 64, value))
    for value in (5, 40, 90, 127, 60, 0):
        touch.hear(Control(0.0, 67, value))
    assert touch.sentences() == [
        "sustain (CC 64) is a switch, plugged in the wrong way round; turned round from now on",
        "soft (CC 67) knows half-pedal, the right way round",
    ]
    assert touch.found() == {"velocities": [], "reversed_pedals": [64], "half_pedals": [67]}


def test_what_was_found_is_remembered_and_becomes_part_of_the_patch(monkeypatch, tmp_path):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    places().remember_touch("usb: Piano", played(*range(20, 121)).found() | {"reversed_pedals": [64]})
    places().remember_touch("usb: Organ", played(90).found())
    patch = with_touch(Patch(), places().touches(), ["usb: Other", "usb: Piano"])
    assert patch.reversed_pedals == (64,)
    assert (patch.velocities[0], patch.velocities[-1]) == (20, 120)
    own = Patch(velocities=(1, 2), reversed_pedals=(66,))
    assert with_touch(own, places().touches(), ["usb: Piano"]) == own
    assert with_touch(Patch(), places().touches(), ["usb: Other"]) == Patch()


@pytest.mark.parametrize("text", ["", "[]", '{"usb: Piano": 3}', '{"usb: Piano": {"velocities": [0, "x"]}}'])
def test_a_damaged_memory_is_none(monkeypatch, tmp_path, text):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    places().touch.write_text(text)
    assert with_touch(Patch(), places().touches(), ["usb: Piano"]) == Patch()
    places().remember_touch("usb: Piano", {"velocities": [5]})
    assert json.loads(places().touch.read_text()) == {"usb: Piano": {"velocities": [5]}}


def test_who_is_known_is_judged_from_the_first_key_on():
    known, strange = Dynamics(range(20, 101, 4)), Dynamics()
    for time_s in range(8):
        known.weigh(float(time_s), 95)
        strange.weigh(float(time_s), 95)
    assert known.level > 0.75
    assert strange.level == 0.5
