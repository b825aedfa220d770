"""The soundcheck's words about sounds and outputs."""

from __future__ import annotations

import numpy as np
import pytest

from bandmate import soundcheck
from bandmate.maps import Row, remember
from bandmate.places import places
from bandmate.ports import devices, midi, sf2
from bandmate.programme import show_patch


@pytest.fixture
def rig(tmp_path):
    """A patch file of one's own with such lines; its name."""

    def write(text: str) -> str:
        path = tmp_path / "gig.toml"
        path.write_text(text)
        return str(path)

    return write


def said(findings) -> list[str]:
    return [f"{finding.mark} {finding.what} -> {finding.mend}" for finding in findings]


def test_a_font_of_ones_own_that_is_too_loud_is_told_with_its_level(rig, tmp_path):
    wave = 30000 * np.sign(np.sin(2 * np.pi * 441 * np.arange(44100) / 44100))
    sample = sf2.Sample("square", wave.astype(np.int16), 22000, 22100, 44100, root_key=69)
    zone = sf2.Zone({sf2.SAMPLE: 0, sf2.LOOPING: 1})
    presets = [sf2.Preset("Square", 0, 0, [sf2.Zone({sf2.INSTRUMENT: 0})])]
    font = sf2.Font({"INAM": "loud"}, presets, [sf2.Instrument("Square", [zone])], [sample])
    sf2.write_font(tmp_path / "loud.sf2", font)
    patch = rig('[sound.lead]\nfont = "loud.sf2"')
    (words,) = said(soundcheck._loudness(patch))
    assert words.startswith("hm sound.lead of loud.sf2 is ")
    assert "dB louder than our sounds -> set level = 0." in words
    level = float(words.rpartition(" = ")[2].removesuffix(" there"))
    assert said(soundcheck._loudness(rig(f'[sound.lead]\nfont = "loud.sf2"\nlevel = {level}'))) == []
    assert "soundfonts bandmate-gm.sf2, loud.sf2" in said(soundcheck._patch(patch))[-1]


def test_our_own_sounds_need_no_word(rig):
    assert said(soundcheck._loudness(rig("[sound.lead]\nprogram = 80"))) == []


@pytest.mark.parametrize(
    ("outputs", "channels", "says"),
    [
        ("stereo", 2, "the click is on none of the device's two channels"),
        ("stereo", 4, ""),
        ("left-mono-right-click", 2, ""),
        ("parts", 8, 'hm outputs = "parts" wants 18 channels, the device has 8'),
        ("parts", 18, ""),
        ("parts", None, ""),  # JACK
    ],
)
def test_outputs_that_a_device_has_not_are_told(rig, outputs, channels, says):
    words = said(soundcheck._outputs(rig(f'outputs = "{outputs}"'), channels))
    assert (says in words[0]) if says else words == []


def test_a_device_says_how_many_channels_it_has(monkeypatch):
    rows = [{"name": "Scarlett", "hostapi": 0, "max_input_channels": 2, "max_output_channels": 6}]
    monkeypatch.setattr(devices, "_jack_plays", lambda chosen: chosen == "jack")
    monkeypatch.setattr(devices, "_query", lambda kind="": (rows, [{"name": "ALSA"}], 0))
    assert [devices.channels(chosen) for chosen in (None, "Scarlett", "jack", "Nothing")] == [
        6,
        6,
        None,
        None,
    ]


def test_what_steers_is_told_with_what_is_not_plugged_in(rig, tmp_path, monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(midi, "inputs", lambda: ["usb: Desk"])
    patch = rig('clock_in = "Box"\nmaps = ["pedals"]')
    remember(places().maps, "Desk", Row("energy", "control", 21))
    remember(places().maps, "Pad", Row("fill", "note", 36))
    assert said(soundcheck._hands(patch)) == [
        "ok 2 knobs, keys or pedals of any device steer -> ",
        "ok 1 knobs, keys or pedals of Desk steer -> ",
        "hm 1 knobs, keys or pedals of Pad steer, but it is not plugged in -> "
        "plug it in; it is heard at any time",
        "hm the MIDI clock 'Box' is not there -> until it ticks the tempo is yours",
    ]
    (places().maps / "pad.toml").write_text("map = 3")
    (words,) = said(soundcheck._hands(patch))
    assert words.startswith("no ")
    assert "pad.toml" in words


def test_a_patch_shows_its_hands(rig):
    words = show_patch(rig('clock_out = "own"\nmaps = ["pedals"]'))
    assert "hands   CC 67 moves cue" in words
    assert "clock   out: own" in words
