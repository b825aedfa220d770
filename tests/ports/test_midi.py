import time
from pathlib import Path

import pytest

from bandmate.events import (
    Bend,
    Claim,
    ClockWord,
    Control,
    Level,
    NoteOff,
    NoteOn,
    Off,
    On,
    Program,
    Replace,
)  # fmt: skip
from bandmate.patch import DEFAULT_SOUNDS, Patch, Sound, Zone, parse
from bandmate.ports import midi
from bandmate.ports.fake import FakeOutputs
from bandmate.ports.frameclock import FrameClock
from bandmate.ports.instruments import Instruments, leads, outside, recalled, ways
from bandmate.ports.midi import Echoes
from bandmate.ports.performer import Performer
from bandmate.ports.sender import Sender


def test_names_stay_the_same_when_a_keyboard_is_plugged_in_again():
    assert midi.label("alsa", "nanoKEY2:nanoKEY2 MIDI 1 20:0") == "alsa: nanoKEY2"
    assert midi.label("alsa", "nanoKEY2:nanoKEY2 MIDI 1 28:0") == "alsa: nanoKEY2"
    assert midi.label("alsa", "KeyLab:KeyLab DAW 24:1") == "alsa: KeyLab:KeyLab DAW"


def test_two_of_one_name_are_told_apart():
    found = midi.labels("alsa", ["nanoKEY2:nanoKEY2 MIDI 1 20:0", "nanoKEY2:nanoKEY2 MIDI 1 24:0"])
    assert list(found) == ["alsa: nanoKEY2", "alsa: nanoKEY2 (2)"]


@pytest.mark.parametrize(
    "name",
    ["alsa: Midi Through:Midi Through Port-0", "alsa: KeyLab:KeyLab DAW", "jack: bandmate-out:bandmate out"],
)
def test_ports_that_are_never_chosen_by_themselves(name):
    assert not midi.choosable(name)


@pytest.mark.parametrize("name", ["alsa: nanoKEY2", "jack: kbd:kbd out", "coremidi: Dawson Piano"])
def test_keyboards_are_chosen(name):
    assert midi.choosable(name)


def test_a_port_is_found_by_a_part_of_its_name():
    assert midi.matches("nano", ["alsa: Moog", "alsa: nanoKEY2"]) == "alsa: nanoKEY2"
    assert midi.matches("Roland", ["alsa: Moog"]) is None


def test_messages_become_events():
    assert midi.heard(bytes((0x92, 60, 90)), 1.0, "k") == NoteOn(1.0, 60, 90, "k", 2)
    assert midi.heard(bytes((0x90, 60, 0)), 1.0, "k") == NoteOff(1.0, 60, "k")
    assert midi.heard(bytes((0xB0, 64, 127)), 1.0, "k") == Control(1.0, 64, 127, "k")
    assert midi.heard(bytes((0xE0, 0, 64)), 1.0, "k") == Bend(1.0, 0, "k")
    assert midi.heard(bytes((0xC1, 5)), 1.0, "k") == Program(1.0, 5, "k", 1)
    assert midi.heard(bytes((0xD0, 5)), 1.0, "k") is None
    assert midi.heard(b"\xf8", 1.0, "k") == ClockWord(1.0, "tick", 0, "k")
    assert midi.heard(bytes((0xF2, 4, 1)), 1.0, "k") == ClockWord(1.0, "place", 132 * 6, "k")
    assert midi.heard(b"\xfe", 1.0, "k") is None


def test_our_own_note_that_a_keyboard_repeats_is_dropped_once():
    echoes, note = Echoes(), bytes((0x90, 60, 90))
    echoes.sent("nanokey2", note, 1.0)
    assert not echoes.is_echo("other", note, 1.01)
    assert echoes.is_echo("nanokey2", note, 1.01)
    assert not echoes.is_echo("nanokey2", note, 1.02)
    echoes.sent("nanokey2", note, 2.0)
    assert not echoes.is_echo("nanokey2", note, 2.04)
    assert echoes.dropped == 1


def test_each_part_goes_its_way():
    sounds = DEFAULT_SOUNDS | {"bass": Sound(port="Moog", channel=7)}
    found = ways(Patch(sounds=sounds), ["Out"])
    assert found["drums"] == [("Out", 9)]
    assert found["bass"] == [("Moog", 6)]


def wait_until(condition, patience_s: float = 5.0) -> None:
    """Look again and again, without a fixed pause."""
    until_s = time.perf_counter() + patience_s
    while not condition():
        assert time.perf_counter() < until_s, "it never happened"


def test_the_sender_plays_in_order_and_at_its_time():
    outputs = FakeOutputs()
    with Sender(ways(Patch(), ["Out"]), outputs.send) as sender:
        now_s = time.perf_counter()
        sender.take(now_s + 0.04, On(2, now_s + 0.04, "bass", 41, 90))
        sender.take(now_s + 0.02, On(1, now_s + 0.02, "bass", 40, 90))
        sender.take(now_s + 0.06, Off(1, now_s + 0.06))
        sender.take(now_s, Replace(2, 43))
        wait_until(lambda: len(outputs.sent) == 3)
        assert time.perf_counter() >= now_s + 0.06
    assert outputs.notes() == [("on", 40), ("on", 43), ("off", 40)]
    assert outputs.sent[0] == ("Out", bytes((0x91, 40, 90)))
    assert min(sender.lateness_s) >= 0


def test_a_slow_instrument_gets_its_notes_and_their_ends_that_much_earlier():
    sounds = DEFAULT_SOUNDS | {"bass": Sound(port="Moog", latency_ms=60.0), "keys": Sound(latency_ms=60.0)}
    patch, outputs = Patch(sounds=sounds), FakeOutputs()
    with Sender(ways(patch, ["Out"]), outputs.send, leads(patch)) as sender:
        now_s = time.perf_counter()
        sender.take(now_s + 0.05, On(1, now_s + 0.05, "keys", 60, 90))  # our own synth: no lead
        sender.take(now_s + 0.08, On(2, now_s + 0.08, "bass", 40, 90))
        sender.take(now_s + 0.09, Off(2, now_s + 0.09))
        wait_until(lambda: len(outputs.sent) == 3)
    assert outputs.notes() == [("on", 40), ("off", 40), ("on", 60)]


def test_an_instrument_is_told_bank_program_and_controllers():
    sound = Sound(port="Nord", channel=4, bank=130, program=7, controls={"74": 20})
    assert recalled(sound) == [
        bytes((0xB3, 0, 1)),
        bytes((0xB3, 32, 2)),
        bytes((0xC3, 7)),
        bytes((0xB3, 74, 20)),
    ]
    assert recalled(Sound(port="Nord")) == []  # nothing named: it keeps what the player has set


def test_the_instruments_outside_are_those_of_parts_and_zones():
    patch = Patch(sounds=DEFAULT_SOUNDS | {"bass": Sound(port="Moog")}, zones=(Zone(), Zone(port="Nord")))
    assert [sound.port for sound in outside(patch)] == ["Moog", "Nord"]
    assert [sound.port for sound in outside(patch, "performer")] == ["Nord"]
    assert list(outside(patch, "keys")) == []


def test_a_band_that_fades_out_fades_out_on_its_instruments_too():
    patch, outputs = Patch(sounds=DEFAULT_SOUNDS | {"bass": Sound(port="Moog", channel=3)}), FakeOutputs()
    instruments = Instruments(patch, ["Out"], outputs.send)
    instruments.glide(0.0)
    assert outputs.sent == []  # at unity nobody is told anything
    instruments.level(Level("band", 0.0, 4.0), 10.0)
    for step in range(100):
        instruments.glide(10.0 + 0.05 * step)
    moog = [message[2] for port, message in outputs.sent if port == "Moog"]
    assert moog == sorted(moog, reverse=True)
    assert (len(moog), moog[-1]) == (80, 0)
    assert {message[:2] for port, message in outputs.sent if port == "Moog"} == {bytes((0xB2, 11))}
    instruments.level(Level("band", 1.0), 20.0)
    instruments.level(Level("bass", 0.5), 20.0)
    instruments.glide(20.0)
    assert [message[2] for port, message in outputs.sent if port == "Moog"][-1] == 64
    instruments.rest()
    assert outputs.sent[-1] == ("Moog", bytes((0xB2, 11, 127)))


def test_a_note_ends_where_it_began_although_the_song_has_other_ways():
    outputs, former, later = (
        FakeOutputs(),
        Patch(),
        Patch(sounds=DEFAULT_SOUNDS | {"bass": Sound(port="Moog")}),
    )
    with Sender(ways(former, ["Out"]), outputs.send) as sender:
        now_s = time.perf_counter()
        sender.take(now_s, On(1, now_s, "bass", 40, 90))
        wait_until(lambda: len(outputs.sent) == 1)
        sender.reroute(ways(later, ["Out"]), leads(later))
        sender.take(now_s, Off(1, now_s))
        sender.take(now_s, On(2, now_s, "bass", 43, 90))
        wait_until(lambda: len(outputs.sent) == 3)
    assert outputs.notes("Out") == [("on", 40), ("off", 40)]
    assert outputs.notes("Moog") == [("on", 43)]


def test_a_pedal_plugged_in_the_wrong_way_round_is_mended():
    heard, posted = [], []
    patch = Patch(reversed_pedals=(64,))
    performer = Performer(
        patch, Echoes(), lambda *_: None, lambda _, event: posted.append(event), heard.append
    )
    performer.hear("usb: Piano", bytes((0xB0, 64, 0)), 1.0)
    performer.hear("usb: Piano", bytes((0xB0, 1, 0)), 1.0)
    assert [(event.number, event.value) for event in heard] == [(64, 127), (1, 0)]
    assert posted == heard


def test_what_steers_sounds_nowhere_and_is_told_to_listeners():
    heard, posted = [], []
    patch = parse({"control": [{"note": 36, "to": "fill", "device": "piano"}]}, Path("gig.toml"))
    performer = Performer(
        patch, Echoes(), lambda *_: None, lambda _, event: posted.append(event), heard.append
    )
    for note in (36, 60):
        performer.hear("usb: Piano", bytes((0x90, note, 90)), 1.0)
    performer.hear("usb: Pad", bytes((0x90, 36, 90)), 1.0)
    performer.hear("usb: Piano", bytes((0xC0, 3)), 1.0)
    assert [(event.port, event.pitch) for event in posted] == [("usb: Piano", 60), ("usb: Pad", 36)]
    assert len(heard) == 4
    performer.claim(Claim((("", "note", 60, 0), ("", "control", 1, 2))))
    performer.hear("usb: Piano", bytes((0x80, 60, 0)), 1.2)  # it was music when it was struck
    performer.hear("usb: Piano", bytes((0x90, 60, 90)), 1.3)
    performer.hear("usb: Piano", bytes((0xB1, 1, 90)), 1.3)
    performer.hear("usb: Piano", bytes((0xB0, 1, 90)), 1.3)
    assert [type(event) for event in posted[2:]] == [NoteOff, Control]
    assert posted[-1].channel == 0
    assert len(heard) == 8


def test_a_pedal_that_is_down_when_it_is_mapped_comes_up_as_music_and_is_none_from_then_on():
    posted = []
    performer = Performer(
        Patch(), Echoes(), lambda *_: None, lambda _, event: posted.append(event), lambda _: None
    )
    performer.hear("usb: Piano", bytes((0xB0, 66, 127)), 1.0)
    performer.claim(Claim((("", "control", 66, 0),)))
    for value in (64, 0, 127, 0):
        performer.hear("usb: Piano", bytes((0xB0, 66, value)), 1.1)
    assert [event.value for event in posted] == [127, 0]


def test_a_clock_is_heard_only_from_the_port_that_was_named():
    heard = []
    performer = Performer(Patch(clock_in="box"), Echoes(), lambda *_: None, lambda *_: None, heard.append)
    for port in ("usb: Box", "usb: Piano"):
        performer.hear(port, b"\xf8", 1.0)
    assert heard == [ClockWord(1.0, "tick", 0, "usb: Box")]


def test_zones_outside_change_with_the_song_and_let_go_of_what_was_held():
    outputs = FakeOutputs()
    patch = Patch(zones=(Zone(port="Nord"),))
    performer = Performer(patch, Echoes(), outputs.send, lambda *_: None, lambda _: None)
    performer.hear("usb: Piano", bytes((0x90, 60, 90)), 1.0)
    performer.take((Zone(port="Moog", octave=-1),))
    performer.transpose(2)
    performer.hear("usb: Piano", bytes((0x80, 60, 0)), 1.1)
    performer.hear("usb: Piano", bytes((0x90, 60, 90)), 1.2)
    assert outputs.notes("Nord") == [("on", 60), ("off", 60)]
    assert outputs.notes("Moog") == [("on", 50)]


def test_the_frame_clock_smooths_jitter_and_begins_anew():
    clock, period_s = FrameClock(48000, 128), 128 / 48000
    for block in range(2000):
        clock.tick(10.0 + block * period_s + (0.001 if block % 3 else 0.0), block * 128)
    assert clock.frame_at(10.0 + 2000 * period_s) == pytest.approx(2000 * 128, abs=48)
    clock.reset()
    clock.tick(99.0, 500)
    assert clock.frame_at(99.5) == 500 + 24000
