"""The model plays a song slot by slot: it sees what the training showed it, and can take back slots."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandmate.events import PARTS, Ask  # noqa: E402  # torch may not be there
from bandmate.model import grid, net, session, shelf, view  # noqa: E402
from bandmate.model.batch import Drawer  # noqa: E402
from tests.model import desk  # noqa: E402

SLOTS = 48


@pytest.fixture(scope="module")
def player():
    torch.set_num_threads(1)  # as on the stage
    torch.manual_seed(1)
    return net.Player(net.SHAPES["tiny"]).eval()


def undisturbed(table):
    """A drawer without any chance: a clean performer, a perfect listener, from the beginning of the song."""
    drawer = Drawer(table, 1, SLOTS)
    drawer._draw = lambda *shape: torch.full(shape, 0.5)
    drawer._number = lambda below, *shape: torch.zeros(shape, dtype=torch.long)
    drawer._starts = lambda rows: torch.zeros(len(rows), dtype=torch.long)
    return drawer.batch(table.takes[[0]])


def asks(table):
    """The same song as a band would ask for it."""
    struck, tied, band, chord = (each.numpy() for each in (table.struck, table.tied, table.band, table.chord))
    real = grid.NO_PITCH
    for slot in range(SLOTS):
        last = slot - 1
        keys = [tuple(int(row[column]) for column in (2, 1, 3))
                for row in struck[last].reshape(-1, 6) if row[2] != real] if slot else []  # fmt: skip
        own = [tuple(map(int, row)) for row in band[last] if row[2] != real] if slot else []
        rings = sorted(int(pitch) for pitch in tied[last].ravel() if pitch != real) if slot else []
        root, quality = map(int, chord[last]) if slot else (grid.NO_ROOT, 0)
        yield Ask(
            slot / 2, slot % 8, 8, 120.0, struck=tuple(sorted(keys)), tied=tuple(rings), own=tuple(own),
            heard=root < grid.NO_ROOT, root=root % 12, quality=grid.QUALITIES[quality % grid.NO_QUALITY],
            phrase=slot // 8 % 8 + 1, figure="fill" if slot // 8 in (7, 15) else "groove", style="funk",
            number=slot,
        )  # fmt: skip


def test_the_stage_shows_the_model_a_chart_as_the_training_showed_it(player):
    table = shelf.lay_out(desk.columns([desk.song()]))
    drawer = Drawer(table, 1, SLOTS)
    drawer._draw = lambda *shape: torch.full(shape, 0.1 if shape[1:] == (1, 1) else 0.5)  # one in five
    drawer._number = lambda below, *shape: torch.zeros(shape, dtype=torch.long)
    drawer._starts = lambda rows: torch.zeros(len(rows), dtype=torch.long)
    seen = drawer.batch(table.takes[[0]]).seen
    played = session.Session(player)
    chords = [(int(root), int(quality)) for root, quality in table.chord]
    names = ["" if root == grid.NO_ROOT else f"{root}:{grid.QUALITIES[quality]}" for root, quality in chords]
    for slot, ask in enumerate(asks(table)):
        before = names[slot - 1] if slot else ""
        charted = replace(ask, chart=(before, *names[slot : slot + view.AHEAD - 1]))
        played._before.append(played.past)
        played.past = played._listened(charted)
        now = played._seen(charted)
        for told, known in ((seen.ahead_root, now.ahead_root), (seen.ahead_quality, now.ahead_quality)):
            row = slice(-view.AHEAD, None)
            assert told[0, slot, row].tolist() == known[0, 0, row].tolist(), f"slot {slot}"


def test_the_stage_shows_the_model_what_the_training_showed_it(player):
    """Slot by slot, every note, chord and mark that doesn't come from a fader."""
    table = shelf.lay_out(desk.columns([desk.song()]))
    seen = undisturbed(table).seen
    played = session.Session(player)
    faders = [view.FIRST[name] for name in ("section", "energy", "tension", *(f"density/{p}" for p in PARTS))]
    fixed = [index for index, name in enumerate(view.MARKS) if view.FIRST[name] not in faders]
    for slot, ask in enumerate(asks(table)):
        played._before.append(played.past)
        played.past = played._listened(ask)
        now = played._seen(ask)
        for name in ("begun", "tied", "own"):
            there, here = getattr(seen, name)[0, slot], getattr(now, name)[0, 0]
            assert rows(there) == rows(here), (name, slot)
        assert torch.allclose(seen.chroma[0, slot], now.chroma[0, 0], atol=1e-4), slot
        assert seen.marks[0, slot, fixed].tolist() == now.marks[0, 0, fixed].tolist(), slot
        assert seen.style[0, slot].tolist() == now.style[0, 0].tolist()
        assert seen.ahead_root[0, slot].tolist() == now.ahead_root[0, 0].tolist(), slot
        assert seen.ahead_quality[0, slot].tolist() == now.ahead_quality[0, 0].tolist(), slot


def rows(table):
    """The rows of a table that are notes, in any order."""
    flat = table.reshape(len(table), -1).tolist()
    return sorted(row for row in flat if row[0] != grid.NO_PITCH)


def test_slot_by_slot_is_the_same_as_a_whole_window(player):
    table = shelf.lay_out(desk.columns([desk.song()]))
    seen = undisturbed(table).seen
    with torch.no_grad():
        whole = player.trunk(seen)
        memory = net.Memory(player.shape)
        steps = [
            player.trunk(view.View(*(each[:, s : s + 1] for each in seen)), memory) for s in range(SLOTS)
        ]
    assert torch.allclose(whole, torch.cat(steps, 1), atol=1e-4)


def test_a_tail_leaves_no_trace(player):
    table = shelf.lay_out(desk.columns([desk.song()]))
    with_tails, without = session.Session(player, 3), session.Session(player, 3)
    for ask in asks(table):
        phrase, plain = with_tails.play(ask), without.play(ask)
        assert phrase == plain
        with_tails.ahead(ask, phrase)


def test_what_was_taken_back_can_be_played_again_and_otherwise(player):
    table = shelf.lay_out(desk.columns([desk.song()]))
    played = session.Session(player, 3)
    all_asks = list(asks(table))
    first = [played.play(ask) for ask in all_asks]
    played.back(8)
    assert [played.play(ask) for ask in all_asks[-8:]] == first[-8:]
    played.back(8)
    from dataclasses import replace

    again = [played.play(replace(ask, again=1)) for ask in all_asks[-8:]]
    assert [p.notes for p in again] != [p.notes for p in first[-8:]]


def test_certainty_counts_less_where_nothing_is_named(player):
    """The measured share of its card is taken off, and only there."""
    sure, modest = session.Session(player, 3), session.Session(player, 3, unheard=0.25)
    for slot in range(24):
        ask = Ask(slot / 2, slot % 8, 8, 120.0, struck=((72, 0, 5),), number=slot, heard=slot < 8)
        plain, damped = (each.play(ask).chords[0][1] for each in (sure, modest))
        assert damped == pytest.approx(plain * (0.25 if slot > 7 else 1.0), abs=1e-3)


def test_parts_that_are_off_write_nothing(player):
    table = shelf.lay_out(desk.columns([desk.song()]))
    played = session.Session(player, 3)
    from dataclasses import replace

    for ask in asks(table):
        phrase = played.play(replace(ask, densities=(0.5, -1.0, -1.0, 0.5, -1.0, -1.0), wild=1.0))
        assert {PARTS[note[0]] for note in phrase.notes} <= {"drums", "guitar"}


def test_nothing_asked_is_nothing_to_be_led_away_from(player):
    """Guided, a session plays as another does where nobody wishes anything; and what is off stays off."""
    free, guided = session.Session(player, 3), session.Session(player, 3, guided=2.0)
    table = shelf.lay_out(desk.columns([desk.song()]))
    for ask in asks(table):
        plain = replace(ask, style="", energy=None, densities=(0.5, -1.0, 0.5, -1.0, -1.0, -1.0))
        phrase = guided.play(plain)
        assert phrase.notes == free.play(plain).notes
        assert {PARTS[note[0]] for note in phrase.notes} <= {"drums", "keys"}


def test_a_guided_session_looks_ahead_and_goes_back_like_any_other(player):
    played = session.Session(player, 3, guided=1.0)
    table = shelf.lay_out(desk.columns([desk.song()]))
    all_asks = [replace(ask, energy=0.9, densities=(0.9,) * 6) for ask in asks(table)]
    first = []
    for ask in all_asks:
        first.append(played.play(ask))
        played.ahead(ask, first[-1])
    plain = session.Session(player, 3)
    assert [plain.play(ask).notes for ask in all_asks] != [phrase.notes for phrase in first]
    played.back(8)
    assert [played.play(ask) for ask in all_asks[-8:]] == first[-8:]


def test_guided_logits_go_on_from_unasked_to_asked():
    both = torch.tensor([[1.0, 2.0], [0.0, 4.0]])
    assert net.guide(both, 0.0).tolist() == [1.0, 2.0]
    assert net.guide(both, 1.0).tolist() == [2.0, 0.0]


@pytest.mark.parametrize(("asked", "told"), [(-1.0, 1), (0.0, 2), (0.3, 3), (0.5, 0), (0.7, 5), (1.0, 6)])
def test_a_density_in_the_middle_is_left_to_the_style(player, asked, told):
    played = session.Session(player)
    ask = Ask(0.0, 0, 8, 120.0, densities=(asked, *(0.5,) * 5))
    played.past = played._listened(ask)
    assert (
        played._seen(ask).marks[0, 0, list(view.MARKS).index("density/drums")]
        == view.FIRST["density/drums"] + told
    )


def test_a_night_does_not_grow(player):
    """A thousand bars later the session holds no more than after the first hundred."""
    played = session.Session(player, 3)
    sizes = []
    for slot in range(1200):
        played.hear(Ask(slot / 2, slot % 8, 8, 120.0, struck=((60, 0, 5),), number=slot))
        if slot in (400, 1199):
            sizes.append((len(played.past.chords), len(played._before), played.memory.keys.numel()))
    assert sizes[0] == sizes[1]
    assert np.isfinite(played.past.sums).all()
