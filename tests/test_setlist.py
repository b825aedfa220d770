"""Songs and setlists: what a file says is what the band knows; a wrong one is one sentence with its line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.__main__ import main
from bandmate.errors import BadFile, BadSetlist, BandmateError
from bandmate.events import Store
from bandmate.parts.style import load_style
from bandmate.reading import Reader
from bandmate.setlist import as_table, from_table, slug
from bandmate.songfile import SECTION_KEYS, SONG_KEYS, read_song
from bandmate.tomltext import lines_of, written
from tests.songbook import evening, read, song

SONG = """\
title = "Test Piece" # as printed
style = "swing"
key = "F"
bpm = 132.5

form = ["Head", "Solo", "Head"]
chart = \"\"\"
| Fmaj7 | Gm7 C7 |
\"\"\"

[[section]]
name = "Head"
bars = 8 # four times round

[[section]]
name = "Solo"
bars = 6
follow = 2
open = true
parts_out = ["keys"]

[params]
"part/bass/level" = 0.8
"""


def test_a_song_says_what_the_band_must_know():
    found = read(SONG)
    head, solo = found.sections
    assert (found.title, found.style, str(found.key), found.bpm) == ("Test Piece", "swing", "F major", 132.5)
    assert found.form == (0, 1, 0)
    assert found.bars == 22
    assert [str(head.bar(index).at(2.0)) for index in range(4)] == ["Fmaj7", "C7", "Fmaj7", "C7"]
    assert solo.bar(3) is not None
    assert solo.bar(4) is None
    assert solo.open
    assert str(found.first_chord) == "Fmaj7"
    assert str(found.last_chord) == "F"
    assert found.params == {"part/bass/level": 0.8}


def test_what_a_song_leaves_out_has_a_default():
    found = read('title = "Plain"')
    assert found.patch.name == "bench"
    assert found.style == "pop-rock"
    assert found.bpm == load_style("pop-rock").bpm
    assert (found.sections[0].bars, found.sections[0].chart) == (8, ())
    assert found.first_chord is None
    assert found.ending == "button"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('style = "swing"', 'style = "polka"', 2, "'style' is 'polka'; it takes "),
        ('key = "F"', 'key = "H"', 3, "it takes a key, as in Eb minor"),
        ("bpm = 132.5", "bpm = 900", 4, "'bpm' is 900; it takes 30 to 300"),
        ("bpm = 132.5", "speed = 9", 4, "'speed' is unknown"),
        ('"Solo", "Head"]', '"Soli"]', 6, "'form' names 'Soli'; it takes Head, Solo"),
        ("| Fmaj7 | Gm7 C7 |", "| Fmaj7 | Gm7 X7 |", 8, "bar 2: 'X7' is not a chord"),
        ("bars = 8 #", "bars = 0 #", 13, "'section[1].bars' is 0; it takes a whole number"),
        ("follow = 2", "follow = 9", 18, "'section[2].follow' is 9, and the section has 6 bars"),
        ("open = true", 'open = "yes"', 19, "it takes true or false"),
        ('parts_out = ["keys"]', 'parts_out = ["tuba"]', 20, "names 'tuba'; it takes drums"),
        ('name = "Solo"', 'name = "Head"', 16, "and so is another section"),
        ('"part/bass/level" = 0.8', '"part/bass/level" = 8', 23, "cannot be 8; it takes 0 to 1.5"),
        ('"part/bass/level" = 0.8', "fill = 1", 23, "is an action"),
        ('"part/bass/level" = 0.8', "bpm = 90", 23, "isn't set here"),
        ('key = "F"', 'meter = "9/4"', 3, "'meter' is '9/4'; it takes 4/4"),
        ('key = "F"', 'final = "??"', 3, "'final' is no chord"),
        ('key = "F"', 'ending = "bang"', 3, "it takes button, tag"),
        ('key = "F"', 'patch = "nope"', 3, "'patch' is 'nope', but there is no"),
        ("[params]", "[sound.tuba]\nprogram = 1\n[params]", 22, "'sound.tuba' is unknown"),
        ("[params]", "[sound.bass]\nprogram = 200\n[params]", 22, "program"),
    ],
)
def test_a_wrong_song_is_one_sentence_with_file_line_and_key(old, new, line, says):
    assert old in SONG
    with pytest.raises(BadSetlist) as caught:
        read(SONG.replace(old, new))
    said = str(caught.value)
    assert said.startswith(f"song.toml: line {line}: key '"), said
    assert says in said
    assert "\n" not in said


# ------------------------------------------------------------------ setlists

LIST = """\
title = "Two of them"
patch = "trio"

[[entry]]
pause = "walk-in"
minutes = 4

[[entry]]
song = "First"
segue = true

[[entry]]
song = "Second"
transpose = -2

[[song]]
title = "First"
key = "C"
[[song.section]]
name = "A"
chart = "| C |"

[[song]]
title = "Second"
key = "D"
"""


def a_list(tmp_path, text=LIST):
    path = tmp_path / "list.toml"
    path.write_text(text, encoding="utf-8")
    return setlists.load(str(path))


def test_a_setlist_is_songs_and_pauses_in_order(tmp_path):
    found = a_list(tmp_path)
    assert [entry.title for entry in found.entries] == ["walk-in", "First", "Second"]
    assert [entry.segue for entry in found.entries] == [False, True, False]
    assert found.songs[1].transpose == -2
    assert found.songs[0].patch.name == "trio"
    assert (found.place("second"), found.place("2"), found.place("third")) == (2, 1, None)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('song = "Second"', 'song = "Third"', 13, "'entry[3].song' is 'Third', which is no [[song]] here"),
        ('pause = "walk-in"', 'pause = "nap"', 5, "'entry[1].pause' is 'nap'; it takes walk-in"),
        ('song = "Second"', 'song = "Second"\npause = "break"', 13, "one of them"),
        ("transpose = -2", "segue = true", 14, "leads nowhere"),
        ('chart = "| C |"', 'chart = "| C | Q |"', 21, "'song[1].section[1].chart' says: bar 2: 'Q'"),
        ('title = "Second"', 'title = "First"', 24, "'song[2].title' is 'First', and so is another"),
        ('key = "D"', 'keys = "D"', 25, "'song[2].keys' is unknown"),
        ("segue = true", "minutes = -1", 10, "'entry[2].minutes' is -1"),
    ],
)
def test_a_wrong_setlist_names_the_line(tmp_path, old, new, line, says):
    assert old in LIST
    with pytest.raises(BadSetlist) as caught:
        a_list(tmp_path, LIST.replace(old, new))
    assert f"list.toml: line {line}: key '" in str(caught.value)
    assert says in str(caught.value)


def test_a_setlist_finds_its_songs_beside_it(tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "third-man.toml").write_text('title = "Third Man"\nbpm = 90\n')
    found = a_list(tmp_path, '[[entry]]\nsong = "Third Man"\n')
    assert found.songs[0].bpm == 90
    assert found.songs[0].path.endswith("third-man.toml")


@pytest.mark.parametrize("name", setlists.names())
def test_each_setlist_that_ships_passes_its_check(name, capsys):
    assert main(["setlist", "check", name]) == 0
    assert "all there" in capsys.readouterr().out
    assert main(["setlist", "show", name]) == 0
    assert "energy" in capsys.readouterr().out


@pytest.mark.parametrize("name", setlists.names("songs"))
def test_each_song_that_ships_is_found_by_its_title(name):
    found = setlists.load_song(name)
    assert slug(found.title) == name
    assert setlists.load_song(found.title) == found
    assert found.key is not None


@pytest.mark.parametrize("name", patches.names())
def test_each_patch_that_ships_passes_its_check(name, capsys):
    assert main(["patch", "check", name]) == 0
    assert main(["patch", "show", name]) == 0
    assert patches.load(name).title in capsys.readouterr().out


def test_a_missing_setlist_says_which_there_are(capsys):
    assert main(["setlist", "check", "nowhere"]) == 2
    assert "there is no song 'nowhere'" in capsys.readouterr().err
    assert main(["jam", "--setlist", "nowhere", "--rig", "none-of-it"]) == 2
    assert "open-jam" in capsys.readouterr().err


# ------------------------------------------------------------------ a take carries its evening


@pytest.mark.parametrize("name", setlists.names())
def test_an_evening_goes_into_a_take_and_comes_out_the_same(name):
    found = setlists.load(name)
    assert from_table(json.loads(json.dumps(as_table(found)))) == found


# ------------------------------------------------------------------ store


def test_store_changes_the_named_keys_and_no_other_byte(tmp_path):
    path = tmp_path / "song.toml"
    path.write_bytes(SONG.replace("\n", "\r\n").encode())
    values = {"": {"bpm": 120.0}, "params": {"part/bass/level": 0.5, "part/keys/level": 1.0},
              "sound.bass": {"program": 32}}  # fmt: skip
    setlists.store_in_song(Store(str(path), "", values))
    said = path.read_bytes().decode()
    before, after = SONG.splitlines(), said.splitlines()
    assert said.count("\r\n") == said.count("\n")
    assert [line for line in before if line not in after] == ["bpm = 132.5", '"part/bass/level" = 0.8']
    assert [line for line in after if line not in before and line] == [
        "bpm = 120.0", '"part/bass/level" = 0.5', '"part/keys/level" = 1.0', "[sound.bass]", "program = 32",
    ]  # fmt: skip
    again = setlists.load_song(str(path))
    assert (again.bpm, again.patch.sounds["bass"].program) == (120.0, 32)


def test_store_finds_a_song_inside_a_setlist(tmp_path):
    path = tmp_path / "list.toml"
    path.write_text(LIST)
    setlists.store_in_song(Store(str(path), "song[1]", {"": {"bpm": 99.0, "chart": "| F |\n| G |"}}))
    setlists.store_in_song(Store(str(path), "song[1]", {"params": {"part/bass/level": 0.4}}))
    found = setlists.load(str(path))
    assert (found.songs[0].bpm, found.songs[1].bpm) == (99.0, load_style("swing").bpm)
    assert found.songs[0].params == {"part/bass/level": 0.4}
    assert found.songs[1].params == {}


def test_a_song_that_cannot_be_stored_is_one_sentence_and_stays_as_it_is(tmp_path):
    path = tmp_path / "song.toml"
    path.write_text('title = "x"\nparams = { "part/bass/level" = 0.5 }\n')
    with pytest.raises(BandmateError, match="is not stored"):
        setlists.store_in_song(Store(str(path), "", {"params": {"part/bass/level": 0.9}}))
    assert "0.5" in path.read_text()


KEYS = st.sampled_from(["a", "bpm", "part/x/level", "chart"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=12)
VALUES = st.floats(0, 300).map(lambda value: round(value, 3)) | TEXTS | st.integers(-9, 999)


@given(
    top=st.dictionaries(KEYS, VALUES, max_size=3),
    params=st.dictionaries(KEYS, VALUES, max_size=3),
    table=st.sampled_from(["", "params", "sound.bass"]),
    values=st.dictionaries(KEYS, VALUES, min_size=1, max_size=3),
    remark=st.sampled_from(["", " # as it was", "   #"]),
)
def test_any_values_are_written_and_everything_else_stays(top, params, table, values, remark):
    def rows(found):
        return "".join(f"{json.dumps(key)} = {_toml(value)}{remark}\n" for key, value in found.items())

    text = f'# head\n{rows(top)}\n[[section]]\nname = "A"\n\n[params]\n{rows(params)}'
    after = tomllib.loads(written(text, table, values))
    want = tomllib.loads(text)
    inside = want
    for word in table.split(".") if table else []:
        inside = inside.setdefault(word, {})
    inside |= values
    assert after == want


def _toml(value):
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# ------------------------------------------------------------------ malformed files

KNOWN = "title bpm chart section name form key song pause [[section]] [params] [[entry]] [[song]]"
WORDS = st.sampled_from(
    [*KNOWN.split(), *["=", "[", "]", '"A"', "1", "-1", "true", '"""', "nan", "1e400", ".", "{", "}"], "\n"]
)
WORDLIKE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=5)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 400) | st.floats(allow_nan=True) | st.text(max_size=6)
    | st.sampled_from(["A", "C | F", "4/4", "swing", "trio", "Eb minor"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDLIKE, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = (*SONG_KEYS, *SECTION_KEYS, "entry", "pause")


@given(st.lists(WORDS, max_size=25))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_setlist_or_one_sentence(tmp_path_factory, words):
    path = tmp_path_factory.getbasetemp() / "rubbish.toml"
    path.write_text(" ".join(words), encoding="utf-8")
    for load in (setlists.load, setlists.load_song):
        said = refused(load, str(path))
        assert said is None or ("rubbish.toml" in said and "\n" not in said)


@given(st.dictionaries(st.sampled_from(NAMES), PLAIN, max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_table_is_a_song_or_one_sentence(table):
    if isinstance(table.get("section"), dict):
        table["section"] = [table["section"]]
    reader = Reader(Path("rubbish.toml"), lines_of(""), "", table)
    said = refused(read_song, reader, patches.load("bench"))
    assert said is None or (said.strip() and "\n" not in said)


def refused(load, *what):
    """What is said where a file is refused; None: it was read."""
    try:
        load(*what)
    except BadFile as error:
        return str(error)
    return None


def test_a_key_that_breaks_the_line_is_said_on_one():
    reader = Reader(Path("song.toml"), lines_of(""), "", {"a\nb": 1})
    assert refused(read_song, reader).startswith(r"song.toml: key 'a\nb' is unknown")


def test_the_songs_of_the_tests_go_into_a_take_as_well():
    first = song("A: C | F; open = true; parts_in = ['keys']", energy=0.4)
    found = evening("walk-in", (first, True), song("B: G"))
    assert from_table(json.loads(json.dumps(as_table(found)))) == found


PATCH_NAMES = (*patches.Patch.__dataclass_fields__, "performer", "sound", "microphone")


@given(st.dictionaries(st.sampled_from(PATCH_NAMES), PLAIN, max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_table_is_a_patch_or_one_sentence(table):
    said = refused(patches.parse, table, Path("rubbish.toml"))
    assert said is None or ("rubbish.toml" in said and "\n" not in said)
