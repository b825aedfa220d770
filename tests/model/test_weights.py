"""A model's folder: what was saved comes back; anything else is one sentence, never a pickle."""

import json

import pytest

torch = pytest.importorskip("torch")

from bandmate.errors import BadFile  # noqa: E402  # torch may not be there
from bandmate.model import net, weights  # noqa: E402


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    weights.save(net.Player(net.SHAPES["tiny"]), tmp_path / "tiny", {"what": "a test"})
    return tmp_path / "tiny"


def test_what_was_saved_plays_the_same(folder):
    torch.manual_seed(0)
    player = net.Player(net.SHAPES["tiny"]).eval()
    loaded = weights.load(folder)
    assert loaded.shape == player.shape
    for name, value in player.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], value, atol=2e-3), name
    assert json.loads((folder / "model.json").read_text())["what"] == "a test"


def test_large_weights_lie_in_files_that_any_place_will_carry(tmp_path):
    weights.save(net.Player(net.SHAPES["base"]), tmp_path, {})
    sizes = [path.stat().st_size for path in tmp_path.glob("*.safetensors")]
    assert len(sizes) == 2
    assert max(sizes) < 16_000_000
    assert weights.load(tmp_path).shape == net.SHAPES["base"]


def break_it(folder, how):
    file = folder / "weights-1.safetensors"
    config = folder / "model.json"
    if how == "missing":
        file.unlink()
    elif how == "cut short":
        file.write_bytes(file.read_bytes()[:1000])
    elif how == "pickled":
        torch.save({"a": torch.zeros(3)}, file)
    elif how == "of another model":
        weights.save(net.Player(net.SHAPES["small"]), folder, {})
        config.write_text(config.read_text().replace('"width": 192', '"width": 320'))
    elif how == "of another version":
        config.write_text(config.read_text().replace('"version": 1', '"version": 7'))
    elif how == "of other styles":
        config.write_text(config.read_text().replace('"pop-rock"', '"skiffle"'))
    elif how == "no config":
        config.write_text("[]")
    elif how == "not a number":
        player = weights.load(folder)
        with torch.no_grad():
            player.where.weight[0, 0] = float("nan")
        weights.save(player, folder, {})


@pytest.mark.parametrize(
    "how",
    [
        *("missing", "cut short", "pickled", "of another model", "of another version", "of other styles"),
        *("no config", "not a number"),
    ],
)
def test_bad_weights_are_one_sentence(folder, how):
    break_it(folder, how)
    with pytest.raises(BadFile) as caught:
        weights.load(folder)
    said = str(caught.value)
    assert str(folder) in said
    assert "\n" not in said
