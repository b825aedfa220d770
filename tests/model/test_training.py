"""A tiny model learns a hand-made corpus in a few steps, saves, resumes, and plays."""

import csv
import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from bandmate.errors import BadFile  # noqa: E402  # torch may not be there
from bandmate.events import Ask  # noqa: E402
from bandmate.model import net, shelf, training, weights  # noqa: E402
from bandmate.model.batch import Drawer  # noqa: E402
from bandmate.model.thinking import Thinker  # noqa: E402
from bandmate.model.training import Plan  # noqa: E402
from tests.model import desk  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # torch warns about itself


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def corpus(tmp_path):
    songs = [desk.song(f"{number}", transpose=number, style="funk") for number in range(8)]
    return desk.write(tmp_path / "corpus", songs)


def plan(corpus, tmp_path, **rest):
    return Plan(corpus, tmp_path / "out", size="tiny", slots=64, songs=4, **rest)


def test_a_few_steps_teach_something(corpus):
    """The same batches, forty steps later: fewer nats a note and a chord."""
    from bandmate.model import corpus as corpora

    torch.manual_seed(0)
    table = shelf.lay_out(corpora.load(corpus))
    player = net.Player(net.SHAPES["tiny"])
    optimiser = torch.optim.AdamW(player.parameters(), 3e-3)
    losses = []
    drawer = Drawer(table, 1, 64)
    for _ in range(40):
        loss, _ = training.loss_of(player, drawer.batch(table.takes[:4]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


def test_a_machine_that_is_too_slow_for_a_step_still_leaves_a_model(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(training.Course, "share", lambda course: 1.0)  # the time is over at once
    out = training.train(plan(corpus, tmp_path), report=lambda text: None)
    assert not (out / "log.csv").exists()
    assert Thinker(str(out), 1).open().answer(Ask(0.0, 0, 8, 120.0))


def test_training_stops_with_the_clock_and_leaves_a_model_that_plays(corpus, tmp_path):
    out = training.train(plan(corpus, tmp_path, minutes=0.05), report=lambda text: None)
    rows = list(csv.DictReader((out / "log.csv").open()))
    assert rows
    assert float(rows[-1]["elapsed_s"]) < 30
    assert json.loads((out / "model.json").read_text())["shape"]["width"] == 64
    thinker = Thinker(str(out), 1).open()
    phrases = thinker.answer(Ask(0.0, 0, 8, 120.0, style="funk"))
    assert [phrase.rung for phrase in phrases] == ["fresh", "tail"]
    assert [phrase.beat for phrase in phrases] == [0.0, 0.5]


def test_a_training_goes_on_where_it_stopped(corpus, tmp_path):
    training.train(plan(corpus, tmp_path, minutes=0.03, resume=True), report=lambda text: None)
    first = json.loads((tmp_path / "out" / "model.json").read_text())["step"]
    training.train(plan(corpus, tmp_path, minutes=0.06, resume=True), report=lambda text: None)
    assert json.loads((tmp_path / "out" / "model.json").read_text())["step"] >= first
    assert weights.load(tmp_path / "out")


def test_fine_tuning_moves_few_numbers_and_leaves_the_base_alone(corpus, tmp_path):
    torch.manual_seed(0)
    base = tmp_path / "base"
    weights.save(net.Player(net.SHAPES["tiny"]), base, {})
    before = {path.name: path.read_bytes() for path in base.iterdir()}
    out = training.train(plan(corpus, tmp_path, minutes=0.05, base=base), report=lambda text: None)
    assert {path.name: path.read_bytes() for path in base.iterdir()} == before
    own, whole = (sum(p.stat().st_size for p in f.glob("*.safetensors")) for f in (out, base))
    assert own < whole / 2
    old, new = weights.load(base).state_dict(), weights.load(out).state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert any(name.startswith("eye.style") for name in changed)
    assert not any(name.startswith("blocks") and old[name].ndim > 1 for name in changed)
    (base / "model.json").unlink()
    with pytest.raises(BadFile, match="builds on"):
        weights.load(out)


@pytest.mark.parametrize("how", ["base", "start"])
def test_a_model_that_goes_on_from_another_is_asked_as_that_one_was(corpus, tmp_path, how, monkeypatch):
    monkeypatch.setattr(training.Course, "share", lambda course: 1.0)
    first = tmp_path / "first"
    weights.save(net.Player(net.SHAPES["tiny"]), first, {"unheard": 0.25, "guided": 1.0})
    out = training.train(plan(corpus, tmp_path, **{how: first}), report=lambda text: None)
    thinker = Thinker(str(out), 1).open()
    assert (thinker.unheard, thinker.guided) == (0.25, 1.0)


def test_songs_are_set_aside_by_the_seed_and_whole(corpus):
    from bandmate.model import corpus as corpora

    columns = corpora.load(corpus)
    columns["take_song"][1] = 0  # two takes of one song
    table = shelf.lay_out(columns)
    split = {seed: training.split(table, seed) for seed in range(40)}
    assert any(len(held) for _, held in split.values())
    for learned, held in split.values():
        songs = [set(table.takes[rows, shelf.SONG].tolist()) for rows in (learned, held)]
        assert not songs[0] & songs[1]
    again, _ = training.split(table, 3)
    assert desk.same(again, split[3][0])


def test_no_corpus_is_one_sentence(tmp_path):
    with pytest.raises(BadFile, match="bandmate corpus build"):
        training.train(plan(tmp_path / "nowhere", tmp_path, minutes=0.01))
