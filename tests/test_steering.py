"""Every action, in every state and at every place: no exception, no hanging note, time goes forward."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandmate import controls
from bandmate.events import Bend, Command, Control, NoteOn, PortFound, PortLost
from bandmate.steering import ACTIONS, PRESSED
from tests.conftest import Stage

NAMES = sorted(controls.ACTION_NAMES - {"quit"})
LANDINGS = ("", "", *controls.PLACES)
PLACES = st.floats(0.0, 14.0, allow_nan=False)


def test_every_action_of_the_table_can_be_steered():
    assert set(ACTIONS) | set(PRESSED) == controls.ACTION_NAMES
    assert not set(ACTIONS) & set(PRESSED)


@given(
    cues=st.lists(st.tuples(PLACES, st.sampled_from(NAMES), st.sampled_from(LANDINGS)), max_size=14),
    meter=st.sampled_from(["4/4", "3/4", "6/8", "7/8", "5/4", "2/2"]),
    style=st.sampled_from(["pop-rock", "swing", "bossa-nova"]),
    join=st.sampled_from(["count", "free"]),
    plays=st.booleans(),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_evening_of_cues_leaves_nothing_hanging(cues, meter, style, join, plays):
    """The same of a hundred evenings of songs in tests/test_evenings.py, and of a thousand with --soak."""
    stage = Stage(meter=meter, style=style, join=join, bpm=132.0)
    stage.say(0.0, "arm")
    stage.say(0.3, "start")
    if plays:
        stage.comp(1.0, 24, 0.45)
    for time_s, name, place in cues:
        stage.events.append(Command(time_s, name, None, "test", place))
    stage.say(15.0, "stop")
    stage.play(16.0)
    assert stage.ledger.hanging == 0
    assert stage.sounding == []
    assert stage.state in ("off", "armed")
    assert all(beat.decided_s <= beat.time_s for beat in stage.beats)
    assert all(a.time_s < b.time_s for a, b in zip(stage.beats, stage.beats[1:], strict=False))


@pytest.mark.parametrize("row", controls.PARAMS, ids=lambda row: row.name)
def test_every_parameter_takes_its_ends_while_the_band_plays(row):
    stage = Stage()
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    ends = row.choices or ([row.default] if isinstance(row.default, str) else [row.low, row.high])
    for index, value in enumerate(ends):
        stage.say(3.3 + index * 0.4, row.name, value)
    stage.play(4.0 + len(ends) * 0.4)
    alarms = {status.alarm for status in stage.statuses if status.alarm}
    absent = row.name.startswith(("part/guitar/on", "part/pad/on", "part/lead/on", "meter"))
    assert bool(alarms) == absent


def test_one_pedal_taps_cues_and_ends(stage):
    stage.say(0.0, "arm")
    for index in range(4):
        stage.events += [Control(1 + index * 0.5, 67, 127), Control(1.1 + index * 0.5, 67, 0)]
    stage.comp(3.0, 40)
    stage.events += [Control(7.2, 67, 127), Control(7.3, 67, 0)]
    stage.play(9.2)
    assert stage.state == "playing"
    assert stage.band.form.section == 3
    stage.events += [Control(11.2, 67, 127), Control(12.2, 67, 0)]
    stage.play(18.0)
    assert stage.state == "off"


def test_odd_events_move_nothing(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.events += [
        Bend(4.0, 8191), Control(4.1, 1, 64), Control(4.2, 64, 127), PortLost(5.0, "x"), PortFound(6.0, "x"),
        NoteOn(6.1, 60, 1), NoteOn(6.2, 60, 127),
    ]  # fmt: skip
    stage.play(10.0)
    assert stage.state == "playing"
