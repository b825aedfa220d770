"""Takes of jams that really happened, replayed: each one is a day that we don't want back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandmate.rehearsal import load_styles, load_take, prepare, rehearse

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
