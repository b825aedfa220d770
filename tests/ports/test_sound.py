"""The sound process without its devices: what a send becomes, whichever way it goes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bandmate.events import Dial, Fault, Level, NoteOff, NoteOn, Off, On, Panic, Recall, Voice
from bandmate.patch import DEFAULT_SOUNDS, Patch, Sound, Zone, as_table
from bandmate.ports import sound as sound_room
from bandmate.ports.fake import FakeOutputs, FakeSynth
from bandmate.ports.player import Player
from bandmate.ports.renderer import Renderer, Taken

MOOG = Patch(name="moog", sounds=DEFAULT_SOUNDS | {"bass": Sound(port="Moog", channel=3, program=7)})


class Process(sound_room.Sound):
    """Everything but sockets, ports and devices."""

    def __init__(self, plan: Patch, tmp_path: Path, **options: object) -> None:
        super().__init__(plan, {"socket": str(tmp_path / "s"), "midi_out": ["Out"]} | options)
        self.outputs, self.news = FakeOutputs(), []
        self.patchbay.send = self.outputs.send
        self.guests.report = self.news.append
        renderer = Renderer(plan, 48000, Path("none"))
        renderer.synth = self.synth = FakeSynth(renderer.synth.channels)
        self.speakers.player = Player(renderer)
        self.speakers.player.begin(128, 0.0)
        self.play()
        self.synth.turned.clear()

    def play(self) -> None:
        """What the audio callback would do now, whatever the clock says."""
        player = self.speakers.player
        while player._inbox:
            _, message, owner = player._inbox.popleft()
            player.renderer.at(0, message, owner)
        player.renderer.render(128)

    def strike(self, part: str, pitch: int, key: int) -> None:
        """A note of the band, now, until it is let go of."""
        self.obey(On(key, time.perf_counter(), part, pitch, 90), 0)
        self.sender._play(self.sender.table.due(time.perf_counter()))
        self.play()

    def lift(self, key: int) -> None:
        """The end of a note."""
        self.obey(Off(key, time.perf_counter()), 0)
        self.sender._play(self.sender.table.due(time.perf_counter()))
        self.play()


@pytest.fixture
def process(tmp_path):
    return Process(Patch(), tmp_path)


def recall(patch: Patch) -> Recall:
    return Recall(json.dumps(as_table(patch)))


def test_a_song_moves_a_part_to_its_instrument_and_back_and_nothing_hangs(process):
    process.strike("bass", 40, 1)
    process.obey(recall(MOOG), 0)
    assert process.outputs.sent[-3:] == [
        ("Moog", bytes((0xB2, 0, 0))), ("Moog", bytes((0xB2, 32, 0))), ("Moog", bytes((0xC2, 7))),
    ]  # fmt: skip
    process.lift(1)
    process.strike("bass", 43, 2)
    process.obey(recall(Patch()), 0)
    process.lift(2)
    process.strike("bass", 45, 3)
    process.lift(3)
    assert process.outputs.notes("Moog") == [("on", 43), ("off", 43)]
    assert process.outputs.notes("Out") == [("on", 40), ("off", 40), ("on", 45), ("off", 45)]
    assert [pitch for kind, _, pitch in process.synth.played if kind == "on"] == [40, 45]  # 43 is the Moog's
    assert not process.synth.levels.any()


def test_a_song_opens_the_ports_that_it_needs(process):
    assert process.patchbay.midi_out == ["Out"]
    process.obey(recall(MOOG), 0)
    assert process.patchbay.midi_out == ["Out", "Moog"]


def test_the_ports_and_fonts_of_the_evening_are_there_from_the_beginning(tmp_path):
    process = Process(Patch(), tmp_path, songs=[as_table(MOOG)])
    assert process.patchbay.midi_out == ["Out", "Moog"]
    assert [song.sounds["bass"].port for song in process.speakers.songs] == ["Moog"]


def test_a_recall_that_cannot_be_leaves_everything_as_it_is(process):
    bad = as_table(Patch()) | {"parts": ["kazoo"]}
    for words in ("{", "3", json.dumps(bad)):
        process.obey(Recall(words), 0)
    assert [isinstance(event, Fault) for event in process.news] == [True, True, True]
    assert all("the sounds stay as they are" in event.text for event in process.news)
    assert "key 'parts' names 'kazoo'" in process.news[-1].text
    assert process.patch == Patch()


def test_a_font_that_nobody_loaded_is_told_and_not_waited_for(process, monkeypatch):
    monkeypatch.setattr(process.synth, "knows", lambda font: False)
    process.obey(recall(Patch(zones=(Zone(font="/else/strat.sf2"),))), 0)
    assert "/else/strat.sf2 was not loaded before the show" in process.news[0].text
    assert process.patch.zones == (Zone(),)


def test_the_performer_plays_the_zones_of_the_song(process):
    process.performer.hear("usb: Piano", bytes((0x90, 60, 90)), time.perf_counter())
    process.play()
    process.obey(recall(Patch(zones=(Zone(high=59), Zone(low=60, octave=1)))), 0)
    process.obey(Dial("transpose", 2), 0)
    for message in ((0x80, 60, 0), (0x90, 62, 90), (0x80, 62, 0)):
        process.performer.hear("usb: Piano", bytes(message), time.perf_counter())
    process.play()
    assert process.synth.played == [("on", 6, 60), ("off", 6, 60), ("on", 7, 76), ("off", 7, 76)]


def test_keys_and_pedal_sound_with_no_band_at_all(process):
    """Nobody is connected, nobody ever was."""
    assert process.guests.guests == []
    for message in ((0xB0, 64, 127), (0x90, 60, 90), (0x80, 60, 0), (0xB0, 64, 0)):
        process.performer.hear("usb: Piano", bytes(message), time.perf_counter())
    process.play()
    assert process.synth.played == [("on", 6, 60), ("off", 6, 60)]
    pedal = [value for what, _, value in process.synth.turned if what == "control 64"]
    assert pedal == [127, 0]
    assert [type(event) for event in process.guests._news if isinstance(event, NoteOn | NoteOff)] == [
        NoteOn,
        NoteOff,
    ]


def test_a_voice_goes_to_the_synth_or_to_the_instrument(tmp_path):
    process = Process(MOOG, tmp_path)
    process.obey(Voice("bass", 130, 4), 0)
    process.obey(Voice("keys", 0, 16), 0)
    process.play()
    assert ("Moog", bytes((0xC2, 4))) in process.outputs.sent
    assert ("program 0", 2, 16) in process.synth.turned
    assert not any(port == "Moog" and message[-1] == 16 for port, message in process.outputs.sent)


def test_what_is_set_while_there_is_no_device_waits_for_it_newest_last(process):
    player, process.speakers.player = process.speakers.player, None
    for send in (Level("bass", 0.2), Dial("mono", 1.0), recall(MOOG), Level("bass", 0.5), Panic()):
        process.obey(send, 0)
    waiting = list(process.speakers._settings.values())
    assert waiting == [Dial("mono", 1.0), Taken(replace(MOOG, name="default")), Level("bass", 0.5)]
    assert player.renderer.patch == Patch()
