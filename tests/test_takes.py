"""Takes of jams that really happened, replayed: each one is a day that we don't want back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandmate import patch as patches
from bandmate.errors import BadFile
from bandmate.events import ClockWord, Command, Control, Phrase, Program
from bandmate.rehearsal import load_styles, load_take, prepare, rehearse
from bandmate.show.take import Header, event_line, header_line, read_take

TAKES = sorted((Path(__file__).parent / "takes").glob("*.jsonl"))


@pytest.mark.parametrize("path", TAKES, ids=lambda path: path.stem)
def test_a_take_replays_the_same_twice_and_leaves_nothing(path):
    take = load_take(path)
    first, second = (rehearse(*prepare(take, None, None, {}, ()), load_styles()) for _ in range(2))
    assert first.leaked == first.ledger.hanging == 0
    assert [(n.part, n.on_s, n.pitch) for n in first.ledger.played()] == [
        (n.part, n.on_s, n.pitch) for n in second.ledger.played()
    ]
    assert {note.part for note in first.ledger.played()} >= {"drums", "bass"}
    assert all(beat.decided_s <= beat.time_s for beat in first.beats)


@pytest.mark.parametrize(
    "event",
    [
        Phrase(1.0, 250.0, "fresh", (), (), 500),
        Command(1.0, "fill", None, "screen", "section"),
        ClockWord(1.0, "place", 4000),
        Program(1.0, 12),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_a_long_jam_holds_is_read_again(tmp_path, event):
    path = tmp_path / "jam.jsonl"
    header = header_line(Header(patches.load("bench"), 1, {}))
    path.write_text("\n".join([header, event_line(7, event), '{"end_s": 3.0}\n']), encoding="utf-8")
    assert list(read_take(path).events) == [(7, event)]


@pytest.mark.parametrize("event", [Control(1.0, 128, 3), ClockWord(1.0, "place", -1), Program(1.0, 128)])
def test_what_no_keyboard_says_is_a_broken_line(tmp_path, event):
    path = tmp_path / "jam.jsonl"
    header = header_line(Header(patches.load("bench"), 1, {}))
    path.write_text(f"{header}\n{event_line(7, event)}\n", encoding="utf-8")
    with pytest.raises(BadFile, match="line 2 is not an event of a take"):
        read_take(path)
