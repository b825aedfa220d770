"""Patches: all that ship load, a wrong one is named with file, key and value, and a take carries its own."""

import json
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import patch
from bandmate.errors import BadPatch
from bandmate.events import PARTS
from bandmate.patch import (
    DEFAULT_SOUNDS,
    MICROPHONE_HEARS,
    Microphone,
    Patch,
    Sound,
    Zone,
    as_table,
    load,
    parse,
)
from bandmate.sounds import HEARS, OUTPUTS
from bandmate.timing import METERS, Meter

SHIPPED = patch.names()
FULL = """
title = "Trio"
style = "swing"
meter = "3/4"
meters = ["4/4", "6/8"]
parts = ["drums", "bass", "keys"]
staged = false
bass = "plays"
reverb = 1
tuning_hz = 442

[params]
bpm = 96
count-in = 2
"part/keys/level" = 0.8
join = "free"

[[performer.zone]]
high = 52
program = 32
hears = "none"

[[performer.zone]]
low = 53
pan = 1

[sound.bass]
port = "Moog"
channel = 3
"""


def written(text, name="mine.toml"):
    return parse(tomllib.loads(text), Path(name))


# ------------------------------------------------------------------ reading


@pytest.mark.parametrize("name", SHIPPED)
def test_every_patch_that_ships_loads_with_its_style_and_its_font(name):
    found = load(name)
    assert found.name == name
    assert found.title
    assert found.style in patch.names("styles")
    assert set(found.parts) <= set(PARTS)
    assert patch.font_path(found).is_file()


def test_the_patches_that_tests_and_first_runs_count_on():
    assert {"default", "bench"} <= set(SHIPPED)
    assert load("default").parts == ("drums", "bass")
    assert not load("bench").staged


def test_an_empty_file_is_the_default_rig():
    assert written("", "default.toml") == Patch()


def test_a_whole_patch_as_written():
    trio = written(FULL)
    assert (trio.name, trio.title, trio.style, trio.meter) == ("mine", "Trio", "swing", Meter(3, 4))
    assert trio.meters == (Meter(4, 4), Meter(6, 8))
    assert trio.parts == ("drums", "bass", "keys")
    assert (trio.staged, trio.bass) == (False, "plays")
    assert trio.params == {"bpm": 96.0, "count-in": 2.0, "part/keys/level": 0.8, "join": "free"}
    assert trio.zones == (Zone(high=52, program=32, hears="none"), Zone(low=53, pan=1.0))
    assert trio.sounds["bass"] == Sound(port="Moog", channel=3)
    assert trio.sounds["drums"] == DEFAULT_SOUNDS["drums"]


def test_a_sound_of_our_font_keeps_what_is_not_written_and_anothers_begins_afresh():
    found = written(
        '[sound.drums]\nlevel = 0.8\n[sound.guitar]\nfont = "strat.sf2"\n'
        '[sound.keys]\nport = "Nord"\ncontrols = { 7 = 100, 74 = 20 }'
    ).sounds
    assert found["drums"] == replace(DEFAULT_SOUNDS["drums"], level=0.8)  # still a drum kit
    assert found["guitar"] == Sound(font="strat.sf2", pan=-0.3, reverb=0.3)
    assert found["keys"] == Sound(port="Nord", controls={"7": 100, "74": 20})


def test_the_split_and_the_layers_that_ship():
    split, layers = load("split"), load("layers")
    low, high = split.zones
    assert (low.low, low.high + 1, high.high) == (0, high.low, 127)
    assert len(layers.zones) == 3
    assert all((zone.low, zone.high) == (0, 127) for zone in layers.zones)
    assert [zone.hears for zone in layers.zones] == ["harmony", "none", "none"]


def test_a_font_is_found_among_ours_or_beside_its_patch(tmp_path):
    (tmp_path / "strat.sf2").write_bytes(b"")
    (tmp_path / "bandmate-gm.sf2").write_bytes(b"")
    file = tmp_path / "gig.toml"
    file.write_text('[sound.guitar]\nfont = "strat.sf2"')
    found = load(str(file))
    assert patch.font_path(found) == patch.font_file("bandmate-gm.sf2")
    assert patch.font_files(found) == [patch.font_path(found), (tmp_path / "strat.sf2").resolve()]


def test_any_font_that_is_not_there_is_named_with_its_key():
    with pytest.raises(BadPatch, match=r"mine\.toml: key 'sound\.guitar\.font' names strat\.sf2, but there"):
        patch.font_path(written('[sound.guitar]\nfont = "strat.sf2"'))


def test_a_take_of_the_first_jam_says_split_and_part_buses():
    assert written("split = false\npart_buses = false").outputs == "stereo"
    assert written("split = true\npart_buses = false").outputs == "left-mono-right-click"
    assert written("split = false\npart_buses = true").outputs == "parts"


def test_a_song_s_patch_in_a_rig_keeps_the_rig():
    rig = replace(load("microphone"), local=True, velocities=(20, 90), reversed_pedals=(64,))
    song = replace(load("split"), tuning_hz=442.0)
    found = patch.in_rig(song, rig)
    assert (found.zones, found.parts, found.tuning_hz) == (song.zones, song.parts, 442.0)
    assert (found.microphones, found.local, found.velocities) == (rig.microphones, True, (20, 90))
    assert found.reversed_pedals == (64,)


def test_microphones_as_written():
    found = written(
        'audio_in = "Scarlett"\n[[microphone]]\nhears = "drums"\n'
        '[[microphone]]\nchannel = 3\nhears = "melody"\ngain_db = 6\nlow = 40\nbleed = 0'
    )
    assert found.audio_in == "Scarlett"
    assert found.microphones == (
        Microphone(hears="drums"), Microphone(channel=3, hears="melody", gain_db=6.0, low=40, bleed=0.0),
    )  # fmt: skip
    assert [microphone.port for microphone in found.microphones] == ["microphone 1", "microphone 3"]


def test_a_rig_without_microphones_has_no_ears():
    assert written("").microphones == ()
    assert [mic.hears for mic in load("microphone").microphones] == ["harmony"]
    assert [mic.hears for mic in load("singer").microphones] == ["melody"]


def test_a_whole_number_is_a_number():
    trio = written(FULL)
    assert (trio.reverb, trio.tuning_hz) == (1.0, 442.0)
    assert isinstance(trio.reverb, float)


def test_a_patch_of_ones_own_loads_from_its_file(tmp_path):
    path = tmp_path / "gig.toml"
    path.write_text(FULL, encoding="utf-8")
    assert load(str(path)) == written(FULL, "gig.toml")


def test_reading_leaves_the_tables_as_they_were():
    tables = tomllib.loads(FULL)
    parse(tables, Path("mine.toml"))
    assert tables == tomllib.loads(FULL)


def test_no_two_patches_share_their_sounds():
    first, second = written(""), written("")
    first.sounds["bass"] = Sound(program=1)
    assert second.sounds["bass"] == DEFAULT_SOUNDS["bass"] == Sound(program=33, reverb=0.05)


# ------------------------------------------------------------------ wrong in words that help


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('titel = "x"', "unknown key 'titel'; it takes title, style, meter"),
        ('name = "x"', "unknown key 'name'; it takes title, style, meter"),
        ("zones = [1]", "unknown key 'zones'; it takes title, style, meter"),
        ("[sounds.bass]\nprogram = 3", "unknown key 'sounds'; it takes title, style, meter"),
        ("title = 3", "key 'title' is 3; it takes a text"),
        ('style = "polka"', "key 'style' names 'polka'; it takes ballad, ballad-12-8, "),
        ('meter = "9/4"', "key 'meter': meter '9/4' is not one the band plays; use one of 4/4"),
        ("meter = 4", "key 'meter': meter '4' is not one the band plays"),
        ('meters = ["3/4", "9/4"]', "key 'meters': meter '9/4' is not one the band plays; use one of 4/4"),
        ('meters = "3/4"', "key 'meters' is '3/4'; it takes a list"),
        ('meters = ["7/8"]', "key 'meters' names 7/8, which nobody tells by ear; count it in instead"),
        ('parts = ["drums", "kazoo"]', "key 'parts' names 'kazoo'; it takes drums, bass"),
        ('parts = "drums"', "key 'parts' is 'drums'; it takes a list"),
        ("parts = []", "key 'parts' is []; name each player once, one at least"),
        ('parts = ["bass", "bass"]', "key 'parts' is ['bass', 'bass']; name each player once, one at least"),
        ('parts = [["bass"]]', "key 'parts' names ['bass']; it takes drums, bass"),
        ("staged = 1", "key 'staged' is 1; it takes true or false"),
        ("low_key = 2.5", "key 'low_key' is 2.5; it takes a whole number"),
        ("low_key = true", "key 'low_key' is True; it takes a whole number"),
        ('reverb = "much"', "key 'reverb' is 'much'; it takes a number"),
        ("reverb = true", "key 'reverb' is True; it takes a number"),
        ('bass = "sleeps"', "key 'bass' names 'sleeps'; it takes plays, yields"),
        ("tuning_hz = 415", "key 'tuning_hz' is 415; it takes 430 to 450"),
        ("tuning_hz = nan", "key 'tuning_hz' is nan; it takes 430 to 450"),
        ("params = 3", "'params' is 3, but it is a table of keys"),
        ("[params]\nbpm = [96]", "[params] bpm cannot be [96]; it takes 30 to 300"),
        (
            '[params]\nstyle = "polka"',
            "key 'params.style' names 'polka'; it takes ballad, ballad-12-8, ",
        ),
        ("[params]\nbpm = 1000", "[params] bpm cannot be 1000; it takes 30 to 300"),
        ("[params]\nvolume = 1", "[params] 'volume' is not a parameter or action"),
        ("[params]\nfill = 1", "[params] fill is an action and takes no value, but got 1"),
        ('[params]\njoin = "late"', "[params] join cannot be 'late'; it takes count or free"),
        ("sound = 3", "'sound' is 3, but it is a table of keys"),
        ("[sound.kazoo]\nprogram = 1", "key 'sound' names 'kazoo'; it takes drums, bass"),
        ("[sound]\nbass = 3", "'sound.bass' is 3, but it is a table of keys"),
        ('[sound.bass]\nprogram = "Moog"', "key 'sound.bass.program' is 'Moog'; it takes a whole number"),
        ("[sound.bass]\nprogramme = 3", "unknown key 'sound.bass.programme'; it takes bank, program"),
        ("performer = 3", "'performer' is 3, but it is a table of keys"),
        ("[performer]\nzones = 1", "unknown key 'performer.zones'; it takes zone"),
        ("[performer]\nzone = 3", "'performer.zone' is 3, but zones are written [[performer.zone]]"),
        (
            "[performer.zone]\nlow = 3",
            "'performer.zone' is {'low': 3}, but zones are written [[performer.zone]]",
        ),
        ("[performer]\nzone = [3]", "'performer.zone' is 3, but it is a table of keys"),
        ("[[performer.zone]]\n[[performer.zone]]\nlow = 0.5", "key 'performer.zone[2].low' is 0.5"),
        ("[[performer.zone]]\nlof = 3", "unknown key 'performer.zone[1].lof'; it takes low, high"),
        ('[[performer.zone]]\nhears = "all"', "key 'performer.zone.hears' names 'all'; it takes harmony"),
        (
            "[[performer.zone]]\nlow = 60\nhigh = 59",
            "a performer.zone from 60 to 59 holds no key of 0 to 127",
        ),
        (
            'outputs = "surround"',
            "key 'outputs' names 'surround'; it takes stereo, left-mono-right-click, parts",
        ),
        ("velocities = [0, 3]", "key 'velocities' is [0, 3]; it takes whole numbers of 1 to 127"),
        ("reversed_pedals = [1.5]", "key 'reversed_pedals' is [1.5]; it takes whole numbers of 0 to 127"),
        ("transpose = 13", "key 'transpose' is 13; it takes -12 to 12"),
        ("[params]\ntuning-hz = 442", "tuning-hz has a key of its own; write 'tuning_hz' at the top instead"),
        ("[sound.bass]\ncontrols = { 74 = 128 }", "key 'sound.bass.controls' sets 74 to 128; it takes contr"),
        ("[sound.bass]\ncontrols = { 91 = 12 }", "'sound.bass.controls' sets 91 to 12; it takes controllers"),
        (
            "[sound.bass]\ncontrols = { a = 12 }",
            "key 'sound.bass.controls' sets a to 12; it takes",
        ),
        (
            "[sound.bass]\ncontrols = 3",
            "'sound.bass.controls' is 3; it takes a table such as { 74 = 20 }",
        ),
        ("[[performer.zone]]\n" * 9, "there are 9 of [[performer.zone]]; 8 fit a keyboard"),
        ("audio_in = 1", "key 'audio_in' is 1; it takes a text"),
        ("microphones = []", "unknown key 'microphones'; it takes title, style, meter"),
        ("[microphone]", "'microphone' is {}, but microphones are written [[microphone]]"),
        ("microphone = [3]", "'microphone' is 3, but it is a table of keys"),
        ('[[microphone]]\nhears = "all"', "key 'microphone.hears' names 'all'; it takes drums, harmony, mel"),
        ("[[microphone]]\nbleet = 1", "unknown key 'microphone[1].bleet'; it takes channel, hears, gain_db"),
        ("[[microphone]]\nchannel = 1.5", "key 'microphone[1].channel' is 1.5; it takes a whole number"),
        ("[[microphone]]\nlow = 70\nhigh = 60", "a microphone from 70 to 60 hears no pitch of 0 to 127"),
        ("[[microphone]]\n[[microphone]]", "two microphones are on channel 1; each takes its own"),
    ],
)
def test_a_wrong_patch_names_file_key_and_value(text, says):
    with pytest.raises(BadPatch) as caught:
        written(text, "patches/funk.toml")
    assert str(caught.value).startswith(f"{Path('patches/funk.toml')}: ")
    assert says in str(caught.value)


RECORDS = {"": Patch(), "sound.bass.": Sound(), "performer.zone.": Zone(), "microphone.": Microphone()}
SPANS = ("performer.zone.", "microphone.")  # from low to high
NUMBERS = [
    (prefix, field.name)
    for prefix, record in RECORDS.items()
    for field in fields(record)
    if type(getattr(record, field.name)) in (int, float)
]


def with_number(prefix, key, value):
    """A patch file that sets one number: `sound.bass.`, `level`, 3."""
    name = prefix.removesuffix(".")
    table = f"[[{name}]]\n" if prefix in SPANS else f"[{name}]\n" if prefix else ""
    both = "low = 0\nhigh = 127\n".replace(f"{key} = ", "#") if prefix in SPANS else ""
    return f"{table}{both}{key} = {value}"


@pytest.mark.parametrize(("prefix", "key"), NUMBERS)
def test_every_number_has_its_range(prefix, key):
    low, high = (-12, 12) if (prefix, key) == ("", "transpose") else patch.RANGES[key]
    for value in (low, high):
        assert written(with_number(prefix, key, value))
    for value in (low - 1, high + 1):
        with pytest.raises(BadPatch) as caught:
            written(with_number(prefix, key, value))
        assert str(caught.value) == f"mine.toml: key '{prefix}{key}' is {value}; it takes {low} to {high}"


def test_a_patch_that_is_not_there_lists_those_that_are():
    with pytest.raises(BadPatch, match=r"there is no .*polka\.toml; there are: ballad, .*bench, .*default"):
        load("polka")


@pytest.mark.parametrize("text", [b"title = ", b"title = '\xff'", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path, text):
    path = tmp_path / "torn.toml"
    path.write_bytes(text)
    with pytest.raises(BadPatch) as caught:
        load(str(path))
    assert str(caught.value).startswith(f"{path} cannot be read as TOML: ")


def test_a_font_that_is_not_there_is_named():
    with pytest.raises(BadPatch, match=r"patches/default\.toml: key 'font' names lute\.sf2, but there is no"):
        patch.font_path(replace(Patch(), font="lute.sf2"))


# ------------------------------------------------------------------ carried along in a take

numbers = st.floats(0, 1)
programs = st.integers(0, 127)
knobs = st.dictionaries(st.sampled_from(["1", "7", "74"]), programs, max_size=2)
sounds = st.builds(
    Sound, programs, programs, numbers, numbers, st.text(max_size=5), st.integers(1, 16), reverb=numbers,
    font=st.sampled_from(["", "strat.sf2"]), controls=knobs,
)  # fmt: skip
zones = st.builds(
    Zone,
    low=st.integers(0, 60),
    high=st.integers(60, 127),
    program=programs,
    level=numbers,
    pedal=st.booleans(),
    font=st.sampled_from(["", "strat.sf2"]),
    controls=knobs,
    hears=st.sampled_from(HEARS),
)
microphones = st.builds(
    Microphone,
    channel=st.integers(1, 16),
    hears=st.sampled_from(MICROPHONE_HEARS),
    gain_db=numbers,
    low=st.integers(0, 60),
    high=st.integers(60, 127),
    bleed=numbers,
)
patches = st.builds(
    Patch,
    audio_in=st.text(max_size=5),
    microphones=st.lists(microphones, max_size=3, unique_by=lambda one: one.channel).map(tuple),
    name=st.just("mine"),
    title=st.text(max_size=10),
    style=st.sampled_from(patch.names("styles")),
    meter=st.sampled_from(METERS).map(Meter.parse),
    meters=st.lists(st.sampled_from(METERS[:-1]).map(Meter.parse), max_size=2).map(tuple),
    parts=st.lists(st.sampled_from(PARTS), min_size=1, unique=True).map(tuple),
    staged=st.booleans(),
    bass=st.sampled_from(patch.BASS_MANNERS),
    low_key=programs,
    outputs=st.sampled_from(OUTPUTS),
    velocities=st.lists(st.integers(1, 127), max_size=3).map(tuple),
    transpose=st.integers(-12, 12),
    reverb=numbers,
    tuning_hz=st.floats(430, 450),
    zones=st.lists(zones, min_size=1, max_size=3).map(tuple),
    sounds=st.dictionaries(st.sampled_from(PARTS), sounds).map(lambda given: DEFAULT_SOUNDS | given),
    params=st.fixed_dictionaries({}, optional={"bpm": st.floats(30, 300), "join": st.just("free")}),
)


@settings(deadline=None)
@given(patches)
def test_any_patch_comes_back_from_the_first_line_of_a_take(mine):
    assert parse(as_table(mine), Path("mine.toml")) == mine
    assert parse(json.loads(json.dumps(as_table(mine))), Path("mine.toml")) == mine


@pytest.mark.parametrize("name", SHIPPED)
def test_every_patch_that_ships_comes_back_too(name):
    assert parse(as_table(load(name)), Path(f"{name}.toml")) == load(name)


README = Path(__file__).parent.parent / "README.md"


@pytest.mark.skipif(not README.is_file(), reason="tests without their README")
def test_every_key_that_a_patch_may_have_stands_in_the_readme():
    chapter = README.read_text(encoding="utf-8").partition("## Patches and styles")[2].partition("\n## ")[0]
    written_there = set(re.findall(r"`\[?\[?([a-z_]+)\]?\]?`", chapter))
    own = {field.name for field in fields(Patch)} - {"name", "zones", "sounds", "microphones", "params"}
    keys = own | {field.name for kind in (Sound, Zone) for field in fields(kind)}
    assert keys - written_there == set()


def test_an_osc_map_of_ones_own_lies_beside_the_patch_wherever_one_stands(tmp_path):
    (tmp_path / "mine.toml").write_text('[[control]]\naddress = "/mine"\nto = "energy"')
    (tmp_path / "gig.toml").write_text('osc = ["crowd", "mine.toml"]')
    assert load(str(tmp_path / "gig.toml")).osc == ("crowd", str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("osc = [3]", "key 'osc' names 3; it takes crowd, phone, surface, or .toml files"),
        ("osc = " + "[" * 3000, "cannot be read as TOML"),
        ("transpose = " + "1" * 5000, "cannot be read as TOML"),
    ],
)
def test_whatever_stands_in_a_patch_it_is_read_or_refused_in_words(tmp_path, text, says):
    path = tmp_path / "gig.toml"
    path.write_text(text)
    with pytest.raises(BadPatch) as caught:
        load(str(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
