"""The one table of what can be steered: every row holds together, and wrong values are refused in words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate import controls
from bandmate.controls import ACTION_NAMES, ACTIONS, BY_NAME, PARAMS, check, defaults, span
from bandmate.errors import BandmateError
from bandmate.events import PARTS
from bandmate.timing import METERS

NUMBERS = [row for row in PARAMS if not isinstance(row.default, str)]
CHOICES = [row for row in PARAMS if row.choices]


def refused(name, value):
    with pytest.raises(BandmateError) as caught:
        check(name, value)
    return str(caught.value)


# ------------------------------------------------------------------ the table


def test_every_name_stands_once():
    assert len(BY_NAME) == len(PARAMS)
    assert len(ACTION_NAMES) == len(ACTIONS)
    assert set(BY_NAME) & ACTION_NAMES == {"join"}  # a way to start, and the doing of it


def test_every_row_says_what_it_is_for():
    for row in (*PARAMS, *ACTIONS):
        assert row.help
        assert row.name == row.name.lower()
        assert " " not in row.name
    assert {row.when for row in ACTIONS} >= {"now", "next beat", "next bar"}


@pytest.mark.parametrize("row", PARAMS, ids=lambda row: row.name)
def test_every_default_is_a_value_that_the_parameter_takes(row):
    assert check(row.name, row.default) == (row.name, row.default)
    assert defaults()[row.name] == row.default


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_put_in_turned_and_thinned(part):
    assert {f"part/{part}/{what}" for what in ("on", "level", "density")} <= set(BY_NAME)


def test_the_meters_are_those_of_timing():
    assert BY_NAME["meter"].choices == METERS


# ------------------------------------------------------------------ checking


@given(st.sampled_from(NUMBERS), st.floats(0, 1))
def test_a_number_in_range_is_taken(row, share):
    value = min(row.high, row.low + share * (row.high - row.low))
    assert check(row.name, value) == (row.name, value)
    assert check(row.name, str(value)) == (row.name, value)  # as the command line and OSC bring it


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_both_ends_are_taken_and_nothing_beyond(row):
    for value in (row.low, row.high):
        assert check(row.name, value) == (row.name, value)
    for value in (row.low - 0.01, row.high + 0.01, math.nan, math.inf, "loud", ""):
        assert refused(row.name, value) == f"{row.name} cannot be {value!r}; it takes {span(row)}"


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: row.name)
def test_each_choice_is_taken_and_no_other_word(row):
    for word in row.choices:
        assert check(row.name, word) == (row.name, word)
    assert refused(row.name, "polka") == f"{row.name} cannot be 'polka'; it takes {' or '.join(row.choices)}"


@pytest.mark.parametrize(
    "row", [row for row in PARAMS if row.name not in ACTION_NAMES], ids=lambda row: row.name
)
def test_a_parameter_needs_a_value(row):
    assert refused(row.name, None) == f"{row.name} needs a value: {span(row)}"


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.name)
def test_an_action_takes_no_value(row):
    assert check(row.name, None) == (row.name, None)
    if row.name not in BY_NAME:
        assert refused(row.name, 1) == f"{row.name} is an action and takes no value, but got 1"


def test_join_is_an_action_alone_and_a_parameter_with_a_word():
    assert check("join", None) == ("join", None)
    assert check("join", "free") == ("join", "free")


def test_an_unknown_name_says_where_the_names_are():
    assert refused("volume", 1) == "'volume' is not a parameter or action; `bandmate params` lists them"
    assert refused("volume", None) == refused("volume", 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [("bpm", "30 to 300"), ("swing", "0.5 to 0.75"), ("join", "count or free"), ("style", "a name")],
)
def test_what_a_parameter_takes_in_words(name, words):
    assert span(BY_NAME[name]) == words


@pytest.mark.parametrize("value", [[120], {}, (), True, False])
@pytest.mark.parametrize("row", PARAMS, ids=lambda row: row.name)
def test_what_is_neither_a_number_nor_a_word_is_refused(row, value):
    assert refused(row.name, value) == f"{row.name} cannot be {value!r}; it takes {span(row)}"


@pytest.mark.parametrize(
    "row", [row for row in PARAMS if isinstance(row.default, str)], ids=lambda row: row.name
)
def test_a_number_is_no_word(row):
    assert refused(row.name, 3.0) == f"{row.name} cannot be 3.0; it takes {span(row)}"


def test_defaults_are_everybody_elses_to_change():
    mine = controls.defaults()
    mine["bpm"] = 200
    assert controls.defaults()["bpm"] == BY_NAME["bpm"].default
