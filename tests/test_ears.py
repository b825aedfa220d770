"""The ears process with a device and an analysis of paper: what it hears, whom it tells, and when."""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandmate import ears as room
from bandmate import jam, live, wire
from bandmate import patch as patches
from bandmate.ears import Ears
from bandmate.errors import NoDevice
from bandmate.events import (
    Attack,
    Command,
    EarsReady,
    Fault,
    Hue,
    NoteOn,
    PortFound,
    PortLost,
    SoundReady,
)
from bandmate.heart import SLOTS
from bandmate.patch import Microphone, Patch
from bandmate.places import TAPS, pair, places
from bandmate.ports import devices
from bandmate.ports.intake import Intake

PIANO, VOICE = Microphone(), Microphone(channel=2, hears="melody")
RATE_HZ, BLOCK = 48000, 480


class PaperCapture:
    """A device that hears what it is told."""

    def __init__(self):
        self.intake = None
        self.description, self.fault, self.news = "", "the input isn't there", ""
        self.stumbles = self.overruns = 0
        self.heard = []

    def plug(self, rate_hz=RATE_HZ):
        self.intake = Intake(rate_hz, 2, BLOCK)
        self.description, self.fault, self.news = "paper", "", "back"
        return self

    def unplug(self):
        self.intake, self.fault, self.news, self.heard = None, "the sound input paper is gone", "lost", []

    def watch(self, now_s):
        news, self.news = self.news, ""
        return news

    def read(self):
        return self.heard.pop(0) if self.heard else None

    def say(self, end_s, frames=BLOCK):
        self.heard.append((np.zeros((frames, 2), np.float32), end_s))

    def close(self):
        self.intake = None


class PaperAnalysis:
    """Hears one stroke at the end of every block."""

    made: tuple = ()

    def __init__(self, rate_hz, microphones, start_s):
        PaperAnalysis.made = (*PaperAnalysis.made, (rate_hz, microphones, start_s))

    def hear(self, block, end_s):
        return [Attack(end_s, 0.5, port=PIANO.port)]


@pytest.fixture
def capture():
    return PaperCapture()


@pytest.fixture
def ears(capture, tmp_path, monkeypatch):
    monkeypatch.setattr(PaperAnalysis, "made", ())
    monkeypatch.setattr(room, "POLL_S", 0.0)
    ears = Ears((PIANO, VOICE), capture, wire.Door(tmp_path / "ears"), PaperAnalysis)
    ears.door.open()
    yield ears
    ears.close()


@pytest.fixture
def guest(ears, tmp_path):
    end = wire.connect(tmp_path / "ears")
    yield end
    end.close()


def told(ears, guest, rounds=1):
    """What the guest is told in the next rounds."""
    for _ in range(rounds):
        ears.round()
    return guest.receive()


# ------------------------------------------------------------------ the process


def test_a_guest_is_told_how_the_ears_are_and_then_what_they_hear(ears, guest, capture):
    capture.plug()
    capture.intake.latency_s = 0.004
    (ready,) = told(ears, guest)
    assert (ready.device, ready.rate_hz, ready.latency_s, ready.fault) == ("paper", RATE_HZ, 0.004, "")
    capture.say(10.01)
    capture.say(10.02)
    assert told(ears, guest, 2) == [Attack(10.01, 0.5, port=PIANO.port), Attack(10.02, 0.5, port=PIANO.port)]
    assert PaperAnalysis.made == ((RATE_HZ, (PIANO, VOICE), pytest.approx(10.0)),)


def test_a_device_that_goes_is_said_at_once_and_one_that_comes_too(ears, guest, capture):
    capture.plug()
    told(ears, guest)
    capture.unplug()
    (gone,) = told(ears, guest)
    assert (gone.device, gone.fault) == ("", "the sound input paper is gone")
    assert told(ears, guest, 3) == []
    capture.plug(44100)
    (back,) = told(ears, guest)
    assert (back.device, back.rate_hz, back.fault) == ("paper", 44100, "")
    capture.say(20.0)
    told(ears, guest)
    assert [rate_hz for rate_hz, *_ in PaperAnalysis.made] == [44100]


def test_a_device_that_is_not_there_is_said_to_who_asks(ears, guest):
    (ready,) = told(ears, guest)
    assert (ready.device, ready.fault) == ("", "the input isn't there")


def test_falling_behind_is_counted(ears, guest, capture):
    capture.plug()
    capture.intake.fill(np.zeros((RATE_HZ // 10, 2), np.float32))
    capture.say(10.0)
    told(ears, guest)
    assert ears.late == 1


def test_counters_are_told_now_and_then(ears, guest, capture, monkeypatch):
    capture.plug()
    told(ears, guest)
    capture.stumbles = 3
    assert told(ears, guest) == []
    monkeypatch.setattr(room, "READY_S", -1.0)
    (ready,) = told(ears, guest)
    assert ready.stumbles == 3
    assert told(ears, guest) == []


def test_quit_ends_them_and_a_guest_who_leaves_does_not(ears, guest, capture, tmp_path):
    other = wire.connect(tmp_path / "ears")
    told(ears, guest)
    other.close()
    assert not ears.stopped
    told(ears, guest, 2)
    assert len(ears.guests) == 1
    guest.send(Command(0.0, "quit"))
    told(ears, guest)
    assert ears.stopped


# ------------------------------------------------------------------ the band's end of the wire


@pytest.fixture
def band(tmp_path, monkeypatch):
    """The band's process before its first step, with a soundcheck behind it."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    monkeypatch.setattr(live.Live, "_find_sound", lambda *_, **__: None)
    where = places("ears")
    where.remember_latency("speakers", "paper", 0.02)
    patch = replace(patches.load("bench"), microphones=(PIANO, VOICE))
    plan = {
        "table": patches.as_table(patch), "patch": "bench", "seed": 1, "params": {}, "resume": False,
        "demo": None, "commands": [], "takes": str(tmp_path), "rig_id": "x",
    }  # fmt: skip
    found = live.Live(plan, where, [0.0] * SLOTS)
    found.open()
    yield found
    found.writer.close(0.0)
    found.door.close()
    if found.ears is not None:
        found.ears.close()


@pytest.fixture
def their_ears(band, tmp_path):
    """The ears' end of the wire to the band."""
    door = wire.Door(band.where.ears).open()
    band._listen(0.0)
    end = door.accept()
    band.inbox.clear()  # the latency that a sound process would tell
    yield end
    end.close()
    door.close()


def inbox(band):
    band._listen(0.0)
    found, band.inbox = band.inbox, []
    return found


def test_strokes_come_in_minus_what_the_soundcheck_found(band, their_ears):
    band._sound_is(SoundReady(0.0, device="speakers"))
    their_ears.send(EarsReady(0.0, device="paper", stumbles=2))
    band.origin_s -= 100.0
    their_ears.send(Attack(band.origin_s + 50.0, 0.5, port=PIANO.port))
    their_ears.send(Hue(band.origin_s + 50.0, -20.0, port=PIANO.port))
    their_ears.send(NoteOn(band.origin_s + 51.0, 60, 80, VOICE.port))
    times = [event.time_s for event in inbox(band) if isinstance(event, Attack | Hue | NoteOn)]
    assert times == [pytest.approx(50 - 0.02), pytest.approx(50 - 0.02), pytest.approx(51 - 0.02)]
    assert band._counters["ears stumbles"] == 2


def test_taps_count_where_no_loop_was_measured(band, their_ears):
    band._latencies = {pair("speakers", TAPS): 0.03}
    band._sound_is(SoundReady(0.0, device="speakers"))
    their_ears.send(EarsReady(0.0, device="another"))
    inbox(band)
    assert band._hidden_s == 0.03
    band._sound_is(SoundReady(0.0, device="headphones"))
    assert band._hidden_s == 0.0


def test_the_ears_may_not_steer(band, their_ears):
    their_ears.send(Command(0.0, "stop"))
    their_ears.send(Fault(0.0, "boo"))
    assert inbox(band) == []


def test_a_microphone_that_goes_deaf_lets_go_of_its_notes(band, their_ears):
    their_ears.send(EarsReady(0.0, device="paper"))
    assert inbox(band) == []
    their_ears.send(EarsReady(0.0, fault="the input is gone"))
    said = inbox(band)
    assert [event.port for event in said if isinstance(event, PortLost)] == [PIANO.port, VOICE.port]
    assert [event.text for event in said if isinstance(event, Fault)] == ["the input is gone"]
    their_ears.send(EarsReady(0.0, device="paper"))
    assert [event.port for event in inbox(band) if isinstance(event, PortFound)] == [PIANO.port, VOICE.port]


def test_dead_ears_are_said_and_found_again(band, their_ears):
    their_ears.send(EarsReady(0.0, device="paper"))
    inbox(band)
    their_ears.close()
    said = inbox(band)
    assert [event.port for event in said if isinstance(event, PortLost)] == [PIANO.port, VOICE.port]
    assert said[-1].text == "the ears are gone; they are being restarted"
    assert band._counters["reconnects"] == 1
    assert band.ears is None
    band._ears_retry_s = -math.inf
    inbox(band)
    assert band.ears is not None


# ------------------------------------------------------------------ before bar 1


def asked(audio_in=None, microphone=None):
    return argparse.Namespace(audio_in=audio_in, microphone=microphone)


def test_the_shell_puts_up_a_microphone(monkeypatch):
    assert jam.with_ears(asked(), Patch()) == Patch()
    assert jam.with_ears(asked("Scarlett"), Patch()) == Patch(audio_in="Scarlett", microphones=(PIANO,))
    drums = jam.with_ears(asked(microphone="drums"), Patch(audio_in="Scarlett"))
    assert drums == Patch(audio_in="Scarlett", microphones=(Microphone(hears="drums"),))


def test_the_shell_keeps_the_microphones_of_the_patch_unless_it_names_one():
    singer = patches.load("singer")
    assert jam.with_ears(asked("2"), singer) == replace(singer, audio_in="2")
    assert [one.hears for one in jam.with_ears(asked(microphone="drums"), singer).microphones] == ["drums"]


DEVICES = [
    {"name": "Mic", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 0},
    {"name": "Speakers", "hostapi": 0, "max_input_channels": 0, "max_output_channels": 2},
]


@pytest.mark.parametrize(
    ("device", "microphones", "says"),
    [
        ("Scarlett", (PIANO,), "there is no sound input 'Scarlett'; there are: Mic (ALSA)"),
        ("Speakers", (PIANO,), "there is no sound input 'Speakers'; there are: Mic (ALSA)"),
        ("Mic", (PIANO, VOICE), "Mic has 1 input channels, but a microphone of the patch is on channel 2"),
        ("", (PIANO,), "there is no sound input (on Linux: is JACK, PipeWire or ALSA running?)"),
    ],
)
def test_an_input_that_can_not_be_heard_is_one_sentence(monkeypatch, device, microphones, says):
    monkeypatch.setattr(devices, "_query", lambda kind: (DEVICES, [{"name": "ALSA"}], None))
    monkeypatch.setattr(devices, "_jack_plays", lambda chosen: False)
    with pytest.raises(NoDevice) as caught:
        jam._miked(Patch(audio_in=device, microphones=microphones))
    assert str(caught.value).startswith(f"the microphones can't be heard: {says}")
    assert "\n" not in str(caught.value)


def test_an_input_that_is_there_is_no_trouble(monkeypatch):
    monkeypatch.setattr(devices, "_query", lambda kind: (DEVICES, [{"name": "ALSA"}], 0))
    monkeypatch.setattr(devices, "_jack_plays", lambda chosen: False)
    for device in ("", "Mic", "0", "Mic (ALSA)"):
        jam._miked(Patch(audio_in=device, microphones=(PIANO,)))
    jam._miked(Patch(audio_in="Scarlett"))  # nobody listens, nobody minds


def test_what_was_measured_is_remembered_per_pair(tmp_path, monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    assert places().latencies() == {}
    places().remember_latency("out", "in", 0.01)
    places("other").remember_latency("out", TAPS, 0.02)
    assert places().latencies() == {"out > in": 0.01, "out > taps": 0.02}
    places().latency.write_text("[1]")
    assert places().latencies() == {}
    Path(places().latency).write_text("{torn")
    assert places().latencies() == {}
