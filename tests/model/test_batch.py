"""What a batch shows of a song: only the past, from the believed root; and what it asks for."""

import pytest

torch = pytest.importorskip("torch")

from bandmate.model import grid, shelf, view  # noqa: E402  # torch may not be there
from bandmate.model.batch import PAST, Drawer  # noqa: E402
from tests.model import desk  # noqa: E402

SLOTS = 64
LOOP = len(view.LAGS) * view.AHEAD


def drawn(table, seed=3):
    return Drawer(table, seed, SLOTS).batch(table.takes[[0, 1] * 6])


def test_a_window_shows_nothing_of_what_is_yet_to_be_played():
    """Performer, chords and band change from some slot on: what was seen before stays the same."""
    table, other = shelf.lay_out(desk.columns()), shelf.lay_out(desk.columns())
    turn = 150
    for song in (0, 1):
        at = int(other.takes[song, shelf.SONG_AT]) + turn
        end = int(other.takes[song, shelf.SONG_AT] + other.takes[song, shelf.SLOTS])
        other.struck[at:end, ..., 2] = (other.struck[at:end, ..., 2] != grid.NO_PITCH) * 61
        other.tied[at:end] = grid.NO_PITCH
        other.chord[at:end, 0] = (other.chord[at:end, 0] + 1) % 12
        begins = int(other.takes[song, shelf.BAND_AT])
        other.band[begins + turn : begins + int(other.takes[song, shelf.SLOTS]), :, 2] = 40
    now, then = drawn(table), drawn(other)
    starts = Drawer(table, 3, SLOTS)._starts(table.takes[[0, 1] * 6])
    astride = [(song, turn - start) for song, start in enumerate(starts.tolist()) if 0 < turn - start < SLOTS]
    assert len(astride) > 1
    for song, past in astride:  # `past` is the slot that is decided last before anything changes
        for name, before, after in zip(view.View._fields, now.seen, then.seen, strict=True):
            seen, other_seen = before[song, : past + 1], after[song, : past + 1]
            if name.startswith("ahead"):  # a chart may know what comes
                seen, other_seen = seen[:, :LOOP], other_seen[:, :LOOP]
            assert torch.equal(seen, other_seen), name
        assert not torch.equal(now.seen.chroma[song], then.seen.chroma[song])


def test_the_loop_that_was_heard_is_what_is_remembered():
    """Under a clean listener the chord one, two and four bars ago stands in the view as it was."""
    table = shelf.lay_out(desk.columns([desk.song()]))
    drawer = Drawer(table, 1, SLOTS)
    rows = table.takes[[0]]
    root, quality = drawer._chords(rows, torch.tensor([128]))
    frame = torch.zeros(1, SLOTS, dtype=torch.long)
    at = 128 + torch.arange(SLOTS)[None]
    roots, _ = drawer._ahead(root, quality, root, quality, frame, rows, at)
    seen = roots.view(SLOTS, view.ROWS, view.AHEAD)
    wanted = root[0, PAST + torch.arange(SLOTS)]
    assert torch.equal(seen[:, 2, 1], wanted)  # four bars ago was the same place of the loop
    assert torch.equal(seen[:, 0, 1], root[0, PAST - 8 + torch.arange(SLOTS)])  # one bar ago
    assert (seen[:, 0, 8] < grid.NO_ROOT).all()  # a bar ago, seven slots on: the slot just heard
    assert (seen[:, 3, 1] == wanted).all()  # eight bars: twice the loop


@pytest.mark.parametrize("quality", range(len(grid.QUALITIES) + 1))
def test_a_degree_is_the_same_pitch_again_over_its_own_chord(quality):
    pitch = torch.arange(20, 110)
    for root in range(12):
        chord = (torch.full((90,), root), torch.full((90,), quality))
        drums = torch.zeros(90, 1, dtype=torch.bool)
        degree = view.degrees(pitch[:, None], *chord, drums)
        assert torch.equal(view.pitches(degree, *chord, drums)[:, 0], pitch)
