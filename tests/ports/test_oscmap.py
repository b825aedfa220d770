"""OSC maps: which address means what, and one sentence for what is wrong in a file."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import patch as patches
from bandmate.errors import BadPatch
from bandmate.moods import KINDS
from bandmate.patch import OSC_MAPS
from bandmate.ports.oscmap import ControlRow, SensorRow, load, read

PATH = Path("gig.toml")


def rows(text):
    return read(tomllib.loads(text), PATH)


def test_every_map_that_ships_is_well_and_known_to_every_patch():
    assert set(OSC_MAPS) == set(patches.names("osc"))
    known = load(OSC_MAPS)
    assert known.find("/1/fader1") == (ControlRow("/1/fader1", "energy"), "")
    row, voice = known.find("/crowd/row 3/motion")
    assert (row.kind, row.count, voice) == ("motion", 3, "row 3")
    assert {row.kind for _, row in (r for length in known.starred.values() for r in length)} <= set(KINDS)
    assert known.find("/crowd/7") is None
    assert known.find("/nobody") is None


def test_a_file_of_ones_own_goes_before_where_it_is_named_first(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[control]]\naddress = "/1/fader1"\nto = "wild"\nleast = 0.2\nmost = 0.6')
    row, _ = load([str(path), "surface"]).find("/1/fader1")
    assert row == ControlRow("/1/fader1", "wild", least=0.2, most=0.6)


def test_a_sensor_says_as_many_numbers_as_its_kind_has():
    (row,) = rows('[[sensor]]\naddress = "/phone/*/acc"\nkind = "motion"')
    assert row == SensorRow("/phone/*/acc", "motion", count=3)
    (row,) = rows('[[sensor]]\naddress = "/hr"\nkind = "pulse"\nargument = 1\nlow = 30\nhigh = 220')
    assert row == SensorRow("/hr", "pulse", 1, 1, 1.0, 30.0, 220.0)


STEER, SENSE = '[[control]]\naddress = "/a"\nto = ', '[[sensor]]\naddress = "/a"\nkind = '


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fader = 1", "key 'fader' names 'fader'; it takes title, control, sensor"),
        ("title = 3", "key 'title' is 3; it takes a text"),
        ("control = 3", "'control' is 3, but controls are written [[control]]"),
        (STEER + '"loud"', "key 'control[1].to' names 'loud', which is no parameter"),
        ('[[control]]\naddress = "a"\nto = "energy"', "key 'control[1].address' is 'a'; it takes an address"),
        ('[[control]]\naddress = "/bandmate/x"\nto = "energy"', "nothing under /bandmate/"),
        (STEER + '"energy"\nmost = 2', "'control[1].most' is 2, but energy takes 0 to 1"),
        (STEER + '"fill"\nmost = 1', "'control[1].most' is 1, but fill takes no such key"),
        (STEER + '"energy"\nlow = 1', "key 'control[1].high' is 1; from 1 on"),
        (STEER + '"energy"\nlow = "x"', "key 'control[1].low' is 'x'; it takes a number"),
        (STEER + '"energy"\nfoo = 1', "unknown key 'control[1].foo'; it takes address"),
        (SENSE + '"smell"', "key 'sensor[1].kind' names 'smell'; it takes motion"),
        (SENSE + '"pulse"\nhigh = -1e7', "key 'sensor[1].high' is -1e+07"),
        (SENSE + '"pulse"\nweight = 99', "'sensor[1].weight' is 99; it takes 0 to 10"),
        (SENSE + '"pulse"\nweight = nan', "'sensor[1].weight' is nan; it takes 0 to 10"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_file_key_and_value(text, says):
    with pytest.raises(BadPatch) as caught:
        rows(text)
    assert str(caught.value).startswith("gig.toml: ")
    assert says in str(caught.value)


def test_a_map_that_is_not_there_names_those_that_are():
    with pytest.raises(BadPatch, match=r"there is no .*lights.toml; there are: crowd, phone, surface"):
        load(["lights"])


leaf = st.one_of(
    st.booleans(), st.integers(-200, 200), st.floats(), st.text(max_size=6), st.sampled_from(["/a", "energy"])
)
tables = st.dictionaries(
    st.sampled_from([*ControlRow.__dataclass_fields__, *SensorRow.__dataclass_fields__, "x"]),
    st.one_of(leaf, st.lists(leaf, max_size=2), st.dictionaries(st.text(max_size=3), leaf, max_size=2)),
)


@settings(deadline=None, max_examples=800)
@given(
    st.dictionaries(
        st.sampled_from(["title", "control", "sensor", "x"]), st.one_of(leaf, st.lists(tables, max_size=3))
    )
)  # fmt: skip
def test_any_table_is_read_or_refused_in_words(table):
    try:
        found, refused = read(table, PATH), ""
    except BadPatch as error:
        found, refused = [], str(error)
    assert refused == "" or refused.startswith("gig.toml: ")
    assert all(isinstance(row, ControlRow | SensorRow) for row in found)
