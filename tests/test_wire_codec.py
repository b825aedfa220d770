"""The wire's codec: what the vocabulary says comes over whole, and everything else is a ValueError."""

import contextlib
import dataclasses
import json
import math
import re
import types
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import events
from bandmate.events import Command, NoteOff, NoteOn, Panic, Status
from bandmate.wire import FIELDS, KINDS, decode, encode

STROKE = NoteOn(1.25, 60, 100, "Piano")
LEAST = {float: 1.5, int: 3, str: "x", bool: True, tuple: [], dict: {}}


def kinds_of(hint):
    """The plain types that a field of this type may hold."""
    if isinstance(hint, types.UnionType):
        return [kind for one in typing.get_args(hint) for kind in kinds_of(one)]
    return [typing.get_origin(hint) or hint]


def values(hint):
    """Anything that a field of this type may hold."""
    if isinstance(hint, types.UnionType):
        return st.one_of([values(one) for one in typing.get_args(hint)])
    if typing.get_origin(hint) is dict:
        return st.dictionaries(*map(values, typing.get_args(hint)), max_size=3)
    if typing.get_origin(hint) is tuple:
        return st.lists(values(typing.get_args(hint)[0]), max_size=3).map(tuple)
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return {int: st.integers(), str: st.text(max_size=20), bool: st.booleans(), type(None): st.none()}[hint]


def objects(kind):
    return st.builds(kind, **{name: values(hint) for name, hint in FIELDS[kind.__name__].items()})


def plain(name):
    """The least that a kind needs, as JSON has it."""
    needed = [one.name for one in dataclasses.fields(KINDS[name]) if one.default is dataclasses.MISSING]
    hints = FIELDS[name]
    return {"is": name, **{key: LEAST[kinds_of(hints[key])[0]] for key in needed}}


# ------------------------------------------------------------------ said and heard


def test_the_wire_speaks_every_event_and_send_and_how_things_are():
    spoken = {*typing.get_args(events.Event), *typing.get_args(events.Send), events.Status}
    ready = {events.SoundReady, events.EarsReady, events.RigReady, events.OscReady}
    assert set(KINDS.values()) == spoken | ready | {events.Ask}


def test_what_never_crosses_the_wire_stands_in_the_vocabularys_first_lines():
    ours = {name for name, kind in vars(events).items() if getattr(kind, "__module__", "") == events.__name__}
    named = re.search(r"except(.*?), which", str(events.__doc__), re.DOTALL)
    assert named
    assert set(re.findall(r"`(\w+)`", named[1])) == ours - set(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_comes_back_from_its_line(name):
    @settings(deadline=None, max_examples=25)
    @given(objects(KINDS[name]))
    def comes_back(said):
        line = encode(said)
        assert "\n" not in line
        assert decode(line) == said
        assert decode(line.encode()) == said
        assert type(decode(line)) is KINDS[name]

    comes_back()


def test_a_line_is_json_that_says_what_it_is():
    assert json.loads(encode(STROKE)) == {
        **{"is": "NoteOn", "time_s": 1.25, "pitch": 60, "velocity": 100, "port": "Piano", "channel": 0},
        "confidence": 1.0,
    }
    assert encode(Panic()) == '{"is":"Panic"}'


def test_what_a_newer_band_adds_is_ignored_and_what_an_older_one_lacks_has_its_default():
    assert decode('{"is": "NoteOff", "time_s": 2.0, "pitch": 60, "lift": 64}') == NoteOff(2.0, 60)
    assert decode('{"is": "Status", "time_s": 0.0, "state": "off"}') == Status(0.0, "off")


def test_tuples_come_back_as_tuples_and_a_whole_number_is_a_number():
    said = Status(0.0, "off", inputs=("Piano", "Pedal"), params={"bpm": 96.0, "style": "swing"})
    assert decode(encode(said)) == said
    assert decode('{"is": "NoteOff", "time_s": 2, "pitch": 60}') == NoteOff(2.0, 60)


@pytest.mark.parametrize("value", [None, 0.5, 3, "free"])
def test_a_command_has_a_number_a_word_or_nothing(value):
    assert decode(encode(Command(0.0, "join", value))) == Command(0.0, "join", value)


# ------------------------------------------------------------------ rubbish


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\xfd",
        b"null",
        b"60",
        b'"NoteOn"',
        b"[1, 2]",
        b"{}",
        b'{"is": null}',
        b'{"is": []}',
        b'{"is": {}}',
        b'{"is": "Kazoo"}',
        b'{"is": "__class__"}',
        b'{"is": "NoteOn", "time_s": 1.0}',
        b'{"is": "NoteOn", "time_s": 1.0',
        b"9" * 5000,
        b"[" * 100_000,
        b'{"is": ' * 100_000,
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_rubbish_is_a_value_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - json's, ours and the codec's say it each in their own words
        decode(body)


@pytest.mark.parametrize(
    "name", ["Heard", "Moment", "Slot", "Note", "FixedBeat", "Outbox", "BeatMap", "Chord"]
)
def test_what_stays_at_home_is_not_let_in(name):
    with pytest.raises(ValueError, match="not an object of bandmate's wire"):
        decode(json.dumps({"is": name, "time_s": 0.0, "beat": 0.0}))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_field_takes_what_it_is_for_and_nothing_else(name):
    assert isinstance(decode(json.dumps(plain(name))), KINDS[name])
    for key, hint in FIELDS[name].items():
        kinds = kinds_of(hint)
        for value in (None, True, 3, 2.5, "x", [], {}):
            fits = (tuple if value == [] else type(value)) in kinds or (value == 3 and float in kinds)
            line = json.dumps(plain(name) | {key: value})
            if fits and value is not True:
                assert getattr(decode(line), key) == (() if value == [] else value)
            elif not fits:
                with pytest.raises(ValueError, match=f"{key} cannot be"):
                    decode(line)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "true", '"1.5"', "[1.5]", "null"]
)
def test_a_moment_is_a_finite_number(number):
    with pytest.raises(ValueError, match="time_s cannot be"):
        decode(f'{{"is": "NoteOff", "time_s": {number}, "pitch": 60}}')


def test_a_whole_number_beyond_all_floats_is_a_value_error_too():
    with pytest.raises(ValueError):  # noqa: PT011 - the words are still to be chosen
        decode(f'{{"is": "NoteOff", "time_s": 1{"0" * 400}, "pitch": 60}}')


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_does_not_come_over(value):
    with pytest.raises(ValueError, match="value cannot be"):
        decode(encode(Command(0.0, "bpm", value)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_whatever_the_fields_hold_it_is_an_object_or_a_value_error(name, data):
    keys = st.sampled_from([*FIELDS[name], "kazoo"])
    line = json.dumps(plain(name) | data.draw(st.dictionaries(keys, json_values, max_size=3)))
    with contextlib.suppress(ValueError):
        assert type(decode(line)) is KINDS[name]
