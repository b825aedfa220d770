"""The take writer: a jam is on disk when it ends, and a disk that refuses costs one sentence, no music."""

import errno
import json
import os
from itertools import chain
from pathlib import Path

import pytest

from bandmate.events import Command, NoteOn, StoreMap
from bandmate.maps import Row, own
from bandmate.patch import Patch
from bandmate.show import writer as writing
from bandmate.show.take import Header, header_line, read_take
from bandmate.show.writer import TakeWriter

HEADER = Header(Patch(), 7, {"bpm": 96.0})
SONG = [(step, NoteOn(step * 0.005, 60 + step % 12, 80, "Piano")) for step in range(50)]
FULL = Path("/dev/full")  # takes nothing: every write says that the disk is full
on_linux = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


class Jam:
    """A writer at work in a folder, and what it had to say."""

    def __init__(self, folder, take="song.jsonl", state="main.state.json"):
        self.take, self.state = folder / take, folder / state
        self.writer = TakeWriter(self.take, self.state)

    def record(self, events=SONG, states=()):
        """A whole jam, through the writer's thread."""
        self.writer.open(HEADER)
        for step, event in events:
            self.writer.put(step, event)
        for state in states:
            self.writer.save(state)
        self.writer.close(1.5)
        return self

    def write(self, batches):
        """What the thread does with these batches, one after another, and then the end."""
        self.writer._batch = chain(batches, [[("close", None)]]).__next__
        self.writer._run()
        return self

    @property
    def said(self):
        return list(self.writer.troubles)

    @property
    def lines(self):
        return self.take.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def jam(tmp_path):
    return Jam(tmp_path)


def line(text):
    return [("line", text)]


def event(step):
    return [("event", (step, Command(step * 0.005, "tap")))]


def state(bar):
    return [("state", {"bar": bar})]


# ------------------------------------------------------------------ a good disk


def test_the_whole_jam_is_on_disk_when_it_is_closed(jam):
    jam.record()
    take = read_take(jam.take)
    assert take.header == HEADER
    assert list(take.events) == SONG
    assert take.length_s == 1.5
    assert (jam.said, jam.writer.dropped) == ([], 0)


def test_a_jam_in_which_nothing_happened_is_a_take_too(jam):
    assert read_take(jam.record([]).take).events == ()


def test_every_batch_is_on_disk_before_the_next_is_waited_for(jam):
    def batches():
        yield line("header")
        assert jam.lines == ["header"]
        yield event(1) + event(2)
        assert len(jam.lines) == 3

    jam.write(batches())


def test_the_state_is_the_newest_one_and_nothing_is_left_beside_it(jam):
    jam.record(states=[{"bar": bar} for bar in range(20)])
    assert json.loads(jam.state.read_text()) == {"bar": 19}
    assert sorted(os.listdir(jam.state.parent)) == [jam.state.name, jam.take.name]


def test_the_state_is_replaced_whole(jam, monkeypatch):
    jam.state.write_text('{"bar": 1}')
    seen = []

    def replace(part, whole):
        seen.append((json.loads(Path(part).read_text()), json.loads(Path(whole).read_text())))
        os.rename(part, whole)

    monkeypatch.setattr("bandmate.places.os.replace", replace)
    jam.write([state(2), state(3)])
    assert seen == [
        ({"bar": 2}, {"bar": 1}),
        ({"bar": 3}, {"bar": 2}),
    ]  # the new one, whole; the old one, whole
    assert json.loads(jam.state.read_text()) == {"bar": 3}


# ------------------------------------------------------------------ a disk that refuses


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    jam = Jam(tmp_path, take="gone/song.jsonl").record(states=[{"bar": 1}])
    assert jam.said == [
        f"the take cannot be written (No such file or directory: {jam.take}); free some disk space"
    ]
    assert json.loads(jam.state.read_text()) == {"bar": 1}  # the show can be resumed all the same
    assert jam.writer.dropped == len(SONG) + 2  # header and end are lines too


@on_linux
def test_a_full_disk_is_one_sentence(tmp_path):
    jam = Jam(tmp_path, take=FULL).record(states=[{"bar": 1}])
    assert jam.said == [
        "the take cannot be written (No space left on device: /dev/full); free some disk space"
    ]
    assert json.loads(jam.state.read_text()) == {"bar": 1}
    assert jam.writer.dropped == len(SONG) + 2


@pytest.mark.parametrize("take", [pytest.param(FULL, marks=on_linux), "gone/song.jsonl"])
def test_it_is_said_once_however_long_it_lasts(tmp_path, take):
    quiet = []
    jam = Jam(tmp_path, take=take)
    jam.write([line("header"), event(1), quiet, event(2), state(1), event(3), event(4) + state(2), quiet])
    assert len(jam.said) == 1
    assert jam.writer.dropped == 5


def test_a_state_that_cannot_be_saved_is_said_once_and_the_take_goes_on(tmp_path):
    jam = Jam(tmp_path, state="gone/main.state.json")
    jam.write([line("header"), state(1), event(1), state(2) + event(2)])
    assert [text.split(" (")[0] for text in jam.said] == ["the state cannot be written"]
    assert len(jam.lines) == 3
    assert jam.writer.dropped == 0


def test_take_and_state_on_one_full_disk_are_one_sentence(tmp_path):
    jam = Jam(tmp_path, "gone/song.jsonl", "gone/main.state.json").record(states=[{"bar": 1}] * 3)
    assert len(jam.said) == 1


class Torn:
    """A file on a disk that has room for ten more letters."""

    def __init__(self, file):
        self.file = file

    def write(self, text):
        self.file.write(text[:10])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self):
        self.file.close()


def test_the_take_goes_on_after_its_last_whole_line_and_a_disk_full_again_is_said_again(jam):
    def batches():
        yield line(header_line(HEADER)) + event(1)
        jam.writer._file = Torn(jam.writer._file)
        yield event(2)
        assert jam.lines[-1] == '{"step":2,'
        yield event(3)
        jam.writer._file = Torn(jam.writer._file)
        yield event(4)
        yield event(5)

    jam.write(batches())
    assert [step for step, _ in read_take(jam.take).events] == [1, 3, 5]
    assert len(jam.said) == jam.writer.dropped == 2


# ------------------------------------------------------------------ a slow disk


def test_a_full_queue_drops_and_counts_and_nobody_waits(jam, monkeypatch):
    monkeypatch.setattr(writing, "QUEUE_MOST", 3)
    for step, happened in SONG:  # the thread isn't there yet: the slowest of disks
        jam.writer.put(step, happened)
    assert jam.writer.dropped == len(SONG) - 3
    jam.writer.save({"bar": 1})  # the state is saved all the same
    jam.record([])
    assert json.loads(jam.state.read_text()) == {"bar": 1}
    assert [json.loads(text).get("step") for text in jam.lines] == [0, 1, 2, None, None]


def test_what_was_taught_is_in_the_devices_map_when_the_jam_is_over(tmp_path):
    jam = Jam(tmp_path)
    jam.writer.maps = tmp_path / "maps"
    jam.writer.open(HEADER)
    jam.writer.store(StoreMap("Desk", {"to": "energy", "control": 21, "device": "Desk", "channel": 1}))
    jam.writer.store(StoreMap("Desk", {"to": "fill", "note": 36, "device": "Desk"}))
    jam.writer.store(StoreMap(forget="energy"))
    jam.writer.close(1.0)
    assert own(tmp_path / "maps") == [Row("fill", "note", 36, "Desk")]
    assert jam.said == []


def test_a_map_that_cannot_be_written_costs_one_sentence(tmp_path):
    jam = Jam(tmp_path)
    jam.writer.maps = tmp_path / "maps"
    jam.writer.maps.write_text("no folder")
    jam.writer.open(HEADER)
    jam.writer.store(StoreMap("Desk", {"to": "energy", "control": 21}))
    jam.writer.close(1.0)
    assert len(jam.said) == 1
    assert jam.said[0].startswith("the map cannot be written (")
