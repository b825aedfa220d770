"""Maps: what a file may say, what it must not, and what the performer taught the band."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import controls, maps
from bandmate.errors import BadMap, BadPatch
from bandmate.maps import Row, claims, forget, in_words, ordered, own, parse, read_map, remember, with_own
from bandmate.patch import as_table, data_folder, load
from bandmate.patch import parse as parse_patch

MINE = Path("mine.toml")
SHIPPED = maps.shipped(data_folder("patches"))


def rows(text: str) -> list[Row]:
    return parse(text, MINE)


def refused(text: str) -> str:
    with pytest.raises(BadMap) as caught:
        rows(text)
    said = str(caught.value)
    assert "\n" not in said
    return said


# ------------------------------------------------------------------ what a file says


def test_a_map_names_a_device_and_what_moves_what():
    found = rows(
        'device = "Pad"\n[[map]]\ncontrol = 21\nto = "energy"\n[[map]]\nnote = 36\nto = "fill"\nchannel = 10'
    )
    assert found == [Row("energy", "control", 21, "Pad"), Row("fill", "note", 36, "Pad", 10)]
    assert [in_words(row) for row in found] == [
        "CC 21 of Pad moves energy",
        "note 36 of Pad, channel 10 moves fill",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('to = "energy"', r"mine.toml: line 2: \[\[map\]\] 1: it names nothing; name one of control"),
        ('control = 1\nnote = 2\nto = "fill"', "line 3: .*it names control and note; name one"),
        ('control = 1\nto = "loudness"', "line 3: .*key 'to' is 'loudness', no parameter or action"),
        ('control = 120\nto = "fill"', "line 2: .*'control' is 120; it takes a whole number of 0 to 119"),
        ('\n\nnote = true\nto = "fill"', "line 4: .*key 'note' is True"),
        (
            'control = 1\nto = "fill"\nchannel = 17',
            "line 4: .*'channel' is 17; it takes a whole number of 0 to",
        ),
        ('control = 1\nto = "fill"\nkind = "wild"', "line 4: .*'kind' is 'wild'; it takes absolute, fine"),
        ('control = 40\nto = "energy"\nkind = "fine"', "line 4: .*controller 40 has no finer one"),
        ('control = 1\nto = "fill"\nkind = "twos"', "line 3: .*fill is an action; a knob without an end"),
        ('note = 1\nto = "energy"\nkind = "button"', "line 4: .*'kind' and 'at' are for controllers"),
        ('note = 1\nto = "style"', "line 3: .*style takes a name; say which with 'value'"),
        ('note = 1\nto = "energy"\nvalue = 3', "line 4: .*energy cannot be 3; it takes 0 to 1"),
        ('note = 1\nto = "fill"\nvalue = 3', "line 4: .*fill is an action and takes no 'value'"),
        ('control = 1\nto = "energy"\nlow = -1', "line 4: .*key 'low' is -1; energy takes 0 to 1"),
        ('control = 1\nto = "energy"\npickup = 1', "line 4: .*'pickup' is 1; it takes true or false"),
        ('control = 1\nto = "energy"\ncolour = 1', "line 4: .*unknown key 'colour'; it takes to, control"),
    ],
)
def test_what_is_wrong_in_a_row_is_one_sentence_with_its_line(row, said):
    assert re.search(said, refused(f"[[map]]\n{row}")), refused(f"[[map]]\n{row}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tittle = "x"', "mine.toml: line 1: unknown key 'tittle'; it takes title, device, map"),
        ("device = 3", "line 1: key 'device' is 3; it takes a text"),
        ("map = 3", "'map' is '3', but rows are written"),
        ("map = [", "mine.toml cannot be read as TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(text, said):
    assert re.search(said, refused(text)), refused(text)


VALUES = st.one_of(
    st.integers(-3, 20000), st.booleans(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from([*controls.BY_NAME, *controls.ACTION_NAMES, *maps.KINDS]), st.just([]), st.just({}),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from([*maps.KEYS, "nonsense"]), VALUES, max_size=6), max_size=3))
def test_any_rows_are_read_or_refused_in_one_sentence(tables):
    found, said = [], "mine.toml: [[map]] "
    try:
        found = maps.read_rows(tables, "map", MINE)
    except BadMap as error:
        said = str(error)
    assert said.startswith("mine.toml: [[map]] ")
    assert maps.read_rows([maps.as_table(row) for row in found], "map", MINE) == found


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("[]map={}\"'\n#.,0x1e_-:T \\u", max_size=60)))
def test_any_text_is_a_map_or_refused(text):
    said = "mine.toml"
    try:
        parse(text, MINE)
    except BadMap as error:
        said = str(error)
    assert said.startswith("mine.toml")


# ------------------------------------------------------------------ which row holds


def test_of_two_rows_for_one_place_the_first_holds():
    mine, other = Row("energy", "control", 21, "pad"), Row("density", "control", 21, "PAD")
    assert ordered([mine], [other]) == (mine,)


def test_what_was_taught_goes_before_ready_maps_and_after_the_patch():
    patched, ready = Row("wild", "control", 1), Row("swing", "control", 2, ready=True)
    taught = [Row("energy", "control", 1), Row("density", "control", 2)]
    assert [row.to for row in with_own((patched, ready), taught)] == ["wild", "density"]


def test_a_finer_controller_and_the_four_of_an_nrpn_are_claimed_too():
    found = claims(
        [Row("energy", "control", 1, kind="fine"), Row("wild", "nrpn", 300), Row("fill", "program", 3)]
    )
    assert {number for _, _, number, _ in found} == {1, 33, 99, 98, 6, 38}


# ------------------------------------------------------------------ the performer's own files


def test_what_is_taught_is_written_to_the_device_and_read_back(tmp_path):
    energy, fill = Row("energy", "control", 21, "", 1), Row("fill", "note", 36, "", 10)
    remember(tmp_path, 'Pad "One" é', energy)
    remember(tmp_path, 'Pad "One" é', fill)
    remember(tmp_path, 'Pad "One" é', Row("density", "control", 21, "", 1))  # the same knob
    remember(tmp_path, "Other", energy)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.toml", "pad-one.toml"]
    assert {(row.device, row.to) for row in own(tmp_path)} == {
        ("Other", "energy"), ('Pad "One" é', "density"), ('Pad "One" é', "fill"),
    }  # fmt: skip
    forget(tmp_path, "fill")
    assert [row.to for row in read_map(tmp_path / "pad-one.toml")] == ["density"]


def test_a_damaged_file_is_said_and_left_alone(tmp_path):
    path = tmp_path / "pad.toml"
    path.write_text("map = [")
    with pytest.raises(BadMap):
        remember(tmp_path, "Pad", Row("energy", "control", 1))
    assert path.read_text() == "map = ["


# ------------------------------------------------------------------ patches, and what ships


@pytest.mark.parametrize("name", SHIPPED)
def test_every_map_that_ships_is_right_and_leaves_the_sustain_pedal_alone(name):
    found = read_map(data_folder("patches") / "maps" / f"{name}.toml")
    assert found
    assert ordered(found) == tuple(found)
    assert ("control", 64) not in {(kind, number) for _, kind, number, _ in claims(found)}


def test_a_patch_names_maps_and_has_rows_of_its_own_before_them(tmp_path):
    table = {"maps": ["pedals"], "control": [{"control": 67, "to": "fill"}]}
    found = parse_patch(table, tmp_path / "gig.toml")
    assert [(row.number, row.to) for row in found.controls] == [(67, "fill"), (66, "ending")]
    assert parse_patch(as_table(found), tmp_path / "gig.toml") == found


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"maps": ["drawbars"]}, "there is no map 'drawbars'; there are: arranger, "),
        ({"maps": [3]}, "key 'maps' names 3; it takes arranger"),
        ({"maps": "pedals"}, "key 'maps' is 'pedals'; it takes a list"),
        ({"control": [{"to": "fill"}]}, r"gig.toml: \[\[control\]\] 1: it names nothing"),
        ({"control": {"to": "fill"}}, "'control' is .* but rows are written"),
    ],
)
def test_a_patch_with_a_wrong_map_is_refused(table, said):
    with pytest.raises((BadMap, BadPatch), match=said):
        parse_patch(table, Path("gig.toml"))


def test_a_wrong_row_in_a_patchs_file_is_said_with_its_line(tmp_path):
    path = tmp_path / "gig.toml"
    path.write_text('style = "funk"\n\n[[control]]\ncontrol = 1\nto = "loudness"\n')
    with pytest.raises(BadMap, match=r"gig\.toml: line 5: \[\[control\]\] 1: key 'to' is 'loudness'"):
        load(str(path))


def test_patches_without_maps_have_none():
    assert load("default").controls == ()
