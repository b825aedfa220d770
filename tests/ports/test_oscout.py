"""OSC out: what lights are told, when, and how early they know what comes."""

import socket
from dataclasses import replace

import pytest

from bandmate.events import Status
from bandmate.ports.oscout import OscOut
from bandmate.ports.oscpacket import read

PLAYING = Status(
    1.0, "playing", song="Blues", bpm=120.0, bar=3, pulse=1, meter="4/4", section=2, section_name="Verse",
    bars_left=2, next_section="Chorus", chord="C7", next_chord="F7", parts={"drums": "on", "bass": "off"},
    activity={"drums": 3.25}, energy=0.625, mood={"energy": 0.75, "governed": 0.5}, suggestion="Slow one",
)  # fmt: skip


@pytest.fixture
def out():
    return OscOut([("127.0.0.1", 1)])  # nobody opens it: nothing leaves this machine


def test_a_bar_begins_with_all_that_is_new_and_then_the_beat(out):
    assert dict(out.tell(PLAYING)) == {
        "state": ("playing",),
        "song": ("Blues", "Slow one"),
        "chord": ("C7", "F7"),
        "figure": ("",),
        "section": ("Verse", 2),
        "bar": (3, "4/4", 4),
        "energy": (0.625,),
        "part:drums": ("drums", "on", 3.25),
        "part:bass": ("bass", "off", 0.0),
        "cue": ("Chorus", 2, 4.0),
        "mood": (0.75, 0.0, 0.0, 0.5),
        "beat": (1, 3, 120.0),
    }


def test_what_is_said_once_is_not_said_again_and_every_beat_is_said(out):
    out.tell(PLAYING)
    assert out.tell(replace(PLAYING, time_s=1.05)) == []
    assert out.tell(replace(PLAYING, time_s=1.5, pulse=2)) == [("beat", (2, 3, 120.0))]
    assert out.tell(replace(PLAYING, pulse=2, chord="F7", bpm=120.4)) == [("chord", ("F7", "F7"))]


@pytest.mark.parametrize(
    ("left", "said"), [(9, False), (8, True), (4, True), (3, False), (2, True), (1, True)]
)
def test_a_section_is_announced_some_bars_ahead(out, left, said):
    told = dict(out.tell(replace(PLAYING, bars_left=left)))
    assert ("cue" in told) is said
    assert not said or told["cue"] == ("Chorus", left, left * 2.0)


def test_in_six_eight_a_bar_has_two_beats(out):
    told = dict(out.tell(replace(PLAYING, meter="6/8", bpm=80.0, bars_left=4)))
    assert told["bar"] == (3, "6/8", 2)
    assert told["cue"] == ("Chorus", 4, 6.0)


def test_before_the_first_bar_and_after_the_last_there_is_no_beat(out):
    for silent in (replace(PLAYING, state="armed"), replace(PLAYING, bar=0, pulse=4)):
        assert not {"beat", "bar", "cue", "section"} & set(dict(out.tell(silent)))


@pytest.mark.parametrize("between", ["off", "armed"])
def test_after_a_stop_all_of_it_is_said_again_although_nothing_is_new(out, between):
    first = replace(PLAYING, bar=1)
    told = dict(out.tell(first))
    out.tell(replace(first, state=between, bar=0))
    again = dict(out.tell(first))
    assert {name: told[name] for name in ("section", "bar", "energy", "mood", "beat", "part:drums")} == {
        name: again.get(name) for name in ("section", "bar", "energy", "mood", "beat", "part:drums")
    }
    assert "song" not in again  # which nobody has forgotten


def test_it_leaves_as_real_packets_and_nobody_needs_to_listen():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lights:
        lights.bind(("127.0.0.1", 0))
        lights.settimeout(5.0)
        out = OscOut([("127.0.0.1", lights.getsockname()[1]), ("127.0.0.1", 9)]).open()
        told = out.tell(PLAYING)
        heard = [read(lights.recv(9000), 0.0)[0] for _ in told]
        out.close()
    assert [each.address for each in heard] == [f"/bandmate/out/{name.partition(':')[0]}" for name, _ in told]
    assert heard[-1].arguments == (1, 3, 120.0)


def test_who_tells_nobody_sends_nothing():
    assert OscOut([]).open().tell(PLAYING) == []
