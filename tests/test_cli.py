"""The command line on a bad day: one sentence on stderr and status 2, never a traceback."""

import argparse
import json
from pathlib import Path

import pytest

from bandmate import jam, rig
from bandmate.__main__ import main
from bandmate.errors import BadMap
from bandmate.events import Bend, Command, Control, NoteOn
from bandmate.lesson import known
from bandmate.maps import Row, remember
from bandmate.patch import Patch, load
from bandmate.places import places
from bandmate.ports import devices, midi
from bandmate.show.take import Header, event_line, header_line

HEADER = json.loads(header_line(Header(Patch(), 7, {"bpm": 96.0})))
SONG = [event_line(0, Command(0.0, "arm")), event_line(9, NoteOn(0.04, 60, 80)), '{"end_s":0.5}']
KEYBOARDS = ["Piano:Piano 1", "Organ:Organ 1"]


@pytest.fixture
def bandmate(tmp_path, monkeypatch, capsys):
    """A command in a home of its own: its status and what it said on stderr."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path / "home"))

    def run(*words):
        status = main([str(word) for word in words])
        return status, capsys.readouterr().err

    return run


@pytest.fixture
def keyboards(monkeypatch):
    """Two keyboards, no sound device, and a performer at the terminal."""
    monkeypatch.setattr(midi, "inputs", lambda: list(KEYBOARDS))
    monkeypatch.setattr(midi, "outputs", list)
    monkeypatch.setattr(devices, "outputs", list)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def is_one_sentence(found, *words):
    status, said = found
    assert status == 2
    assert said.startswith("bandmate: ")
    assert said.count("\n") == 1
    for word in words:
        assert word in said
    return True


def take(folder, *lines, **header):
    path = folder / "jam.jsonl"
    path.write_text("\n".join([json.dumps(HEADER | header), *lines]) + "\n")
    return path


def entry(step=1, **event):
    return json.dumps(
        {"step": step, "event": {"is": "NoteOn", "time_s": 0.1, "pitch": 60, "velocity": 80} | event}
    )


# ------------------------------------------------------------------ styles


@pytest.mark.parametrize("style", ["polka", "/tmp/my.toml", "", "../styles/swing"])
def test_a_style_is_a_name(bandmate, tmp_path, style):
    path = take(tmp_path, *SONG)
    assert is_one_sentence(
        bandmate("rehearse", path, "--out", tmp_path / "out", "--style", style), repr(style), "bossa"
    )
    assert is_one_sentence(bandmate("jam", "--style", style), "pop-rock")


def test_another_style_plays_a_take(bandmate, tmp_path):
    path = take(tmp_path, *SONG)
    assert bandmate("rehearse", path, "--out", tmp_path / "out", "--style", "swing") == (0, "")


# ------------------------------------------------------------------ takes


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", "x"), ("seed", 1.5), ("seed", True), ("seed", None), ("table", []), ("patch", 3),
        ("params", []), ("params", {"style": "polka"}), ("params", {"style": 3}), ("params", {"bpm": "fast"}),
        ("params", {"bpm": 9000}), ("params", {"tempi": 3}), ("params", {"arm": None}), ("state", "armed"),
        ("state", {}), ("state", {"params": {}, "transport": 3}),
        ("state_s", "now"), ("state_s", -1), ("taps_wanted", "four"), ("taps_wanted", -4), ("take", 99),
    ],
)  # fmt: skip
def test_a_take_with_a_damaged_header(bandmate, tmp_path, key, value):
    path = take(tmp_path, *SONG, **{key: value})
    is_one_sentence(bandmate("rehearse", path, "--out", tmp_path / "out"))


@pytest.mark.parametrize(
    "line",
    [
        entry(pitch=128), entry(pitch=-1), entry(velocity=200), entry(channel=16), entry(time_s=1e300),
        entry(time_s=10**400), entry(step=-1), entry(step="x"), entry(step=None), entry(step=float("inf")),
        entry(step=10**15), event_line(3, Control(0.1, 128, 0)), event_line(3, Control(0.1, 64, 128)),
        event_line(3, Bend(0.1, 9000)), '{"step":3,"event":{"is":"Panic"}}', "[]", "3", "null",
        '{"end_s":-1}', '{"end_s":"x"}', '{"end_s":1e999}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [SONG[1:], []])
def test_an_event_out_of_range_is_named_by_its_line(bandmate, tmp_path, line, after):
    path = take(tmp_path, SONG[0], line, *after)
    assert is_one_sentence(bandmate("rehearse", path, "--out", tmp_path / "out"), "line 3")


def test_a_take_of_a_jam_that_never_began(bandmate, tmp_path):
    assert is_one_sentence(bandmate("rehearse", take(tmp_path), "--out", tmp_path / "out"), "holds no events")


def test_a_take_in_which_nobody_played(bandmate, tmp_path):
    path = take(tmp_path, SONG[-1])
    assert bandmate("rehearse", path, "--out", tmp_path / "out") == (0, "")


# ------------------------------------------------------------------ places that can't be written


def test_a_soundcheck_that_cannot_be_written(bandmate, monkeypatch):
    monkeypatch.setattr("bandmate.soundcheck.CHECKS", ())
    assert is_one_sentence(bandmate("soundcheck", "--json", "/nonexistent/x"), "/nonexistent/x", "--json")


def test_a_full_disk_at_the_start_of_a_jam(bandmate, monkeypatch, keyboards):
    def launch(where, plan):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jam, "launch", launch)
    found = bandmate("jam", "--no-synth", "--headless")
    assert is_one_sentence(found, str(places().state_folder), "No space left on device")


# ------------------------------------------------------------------ the first run


@pytest.mark.parametrize(("key", "status"), [(KeyboardInterrupt, 130), (EOFError, 0)])
def test_whoever_leaves_at_the_first_question_is_remembered_by_nothing(
    bandmate, monkeypatch, keyboards, key, status
):
    def leave(_):
        raise key

    monkeypatch.setattr("builtins.input", leave)
    monkeypatch.setattr(jam, "launch", lambda *_: pytest.fail("the rig was started"))
    assert bandmate("jam", "--no-synth")[0] == status
    assert not places().settings.exists()


@pytest.mark.parametrize(
    ("remembered", "listens", "said"),
    [
        (["Piano"], ["Piano"], []),
        (["Piano", "Accordion"], ["Piano", "Accordion"], []),
        (["Accordion"], [],
         ["Accordion is not plugged in; listening to every keyboard until you start again."]),
    ],
)  # fmt: skip
def test_a_remembered_keyboard_that_is_absent_shuts_nobody_out(
    bandmate, keyboards, remembered, listens, said
):
    places().settings.write_text(json.dumps({"midi_in": remembered, "device": None, "local": True}))
    options = argparse.Namespace(headless=False, no_synth=True, midi_in=None, device=None)
    heard, notices = jam._plugged(options, places(), demo=False)
    assert (heard["midi_in"], notices) == (listens, said)


# ------------------------------------------------------------------ sound devices and the rig


@pytest.mark.parametrize(("chosen", "plays"), [(None, True), ("jack", True), ("Scarlett", False)])
def test_a_jack_server_needs_no_portaudio(monkeypatch, chosen, plays):
    class Client:
        def __init__(self, name):
            pass

        def open(self):
            return self

        def close(self):
            pass

    def query():
        raise devices.NoDevice(devices.PORTAUDIO)

    monkeypatch.setattr(devices, "_query", query)
    monkeypatch.setattr("bandmate.ports.jack.JackClient", Client)
    assert (devices.trouble(chosen, any_device=False) == "") is plays


def test_stop_reaches_a_rig_whose_supervisor_is_dead(bandmate, monkeypatch):
    there = [True, True, False]
    monkeypatch.setattr(jam, "send_home", lambda where: there.pop(0))
    assert bandmate("stop") == (0, "")
    assert there == []


def test_stop_without_a_rig(bandmate):
    assert is_one_sentence(bandmate("stop"), "no rig 'main' is running")
    assert not rig.is_running(places())
    assert Path(places().takes).is_dir()


# ------------------------------------------------------------------ hands


def test_learn_shows_what_is_known_and_refuses_what_there_is_not(bandmate):
    assert bandmate("learn") == (0, "")
    assert known(places().maps)[0].startswith("The band was taught no knob yet")
    remember(places().maps, "Desk", Row("energy", "control", 21))
    assert "CC 21 of Desk moves energy" in known(places().maps)[0]
    assert is_one_sentence(bandmate("learn", "loudness"), "'loudness' is not a parameter or action")
    assert is_one_sentence(bandmate("learn", "energy"), "no rig 'main' is running")


def test_a_jam_takes_what_was_taught_the_maps_and_the_clocks(bandmate):
    remember(places().maps, "Desk", Row("density", "control", 67))
    options = argparse.Namespace(map=["pedals"], clock_in="Box", clock_out="own")
    found = jam.with_hands(options, load("default"), places())
    assert [(row.device, row.to) for row in found.controls] == [
        ("Desk", "density"), ("", "cue"), ("", "ending"),
    ]  # fmt: skip
    assert (found.clock_in, found.clock_out) == ("Box", "own")
    (places().maps / "desk.toml").write_text("map = [")
    with pytest.raises(BadMap, match=r"desk\.toml cannot be read as TOML"):
        jam.with_hands(options, load("default"), places())
