"""A model's folder: weights as safetensors, how large it is, and what it was trained on.

Weights are never unpickled. A file from somewhere else, of another version or cut short is one sentence.
Needs torch and safetensors, which are imported only here and in the training.
"""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandmate.errors import BadFile
from bandmate.model.styles import STYLES
from bandmate.patch import data_folder

if TYPE_CHECKING:
    from bandmate.model.net import Player

VERSION = 1
CONFIG, CARD, DATA, LOG, CURVE, METRICS = (
    "model.json",
    "README.md",
    "data.json",
    "log.csv",
    "curve.png",
    "metrics.json",
)
ASKED_SO = ("unheard", "guided")  # how a model wants to be asked, and whoever goes on from it
SHARD_BYTES = 14_000_000  # a file that any place will carry


def save(player: Player, folder: Path, about: dict[str, Any], only: Container[str] | None = None) -> None:
    """Write weights (16 bits) and config; old files stay until the new ones are whole.

    `only` these tensors, where the others are those of the model that `about["base"]` names.
    """
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, torch.Tensor]] = [{}]
    for name, value in player.state_dict().items():
        if only is not None and name not in only:
            continue
        if sum(each.numel() * 2 for each in shards[-1].values()) + value.numel() * 2 > SHARD_BYTES:
            shards.append({})
        shards[-1][name] = value.detach().to("cpu", torch.float16).contiguous()
    names = [f"weights-{number}.safetensors" for number in range(1, len(shards) + 1)]
    for name, shard in zip(names, shards, strict=True):
        save_file(shard, folder / f"{name}.part")
        (folder / f"{name}.part").replace(folder / name)
    config = {"version": VERSION, "shape": player.shape.saved(), "styles": STYLES, "weights": names, **about}
    half = folder / f"{CONFIG}.part"
    half.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    half.replace(folder / CONFIG)


def _base_of(folder: Path, name: str) -> Path:
    """Where the model lies that a fine-tuned one builds on: beside it, or by name; raises BadFile."""
    for found in (folder.parent / name, data_folder("models") / name, Path(name)):
        if (found / CONFIG).exists() and found.resolve() != folder.resolve():
            return found
    raise BadFile(f"{folder / CONFIG}: the model {name!r} that it builds on is not there; fetch it first")


def config_of(folder: Path) -> dict[str, Any]:
    """What a model's folder says of itself; raises BadFile."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{path}: no model that can be read ({error}); see models/README.md") from None
    if not isinstance(config, dict) or config.get("version") != VERSION or "shape" not in config:
        raise BadFile(f"{path}: a model of another version; this bandmate plays version {VERSION}")
    if tuple(config.get("styles", ())) != STYLES:
        raise BadFile(f"{path}: a model that knows other styles; train it again with this bandmate")
    return config


def load(folder: Path) -> Player:
    """The model of a folder, ready to play; raises BadFile for anything that isn't one."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from bandmate.model.net import Player, Shape

    config = config_of(folder)
    state: dict[str, torch.Tensor] = {}
    if config.get("base"):
        state |= load(_base_of(folder, str(config["base"]))).state_dict()
    try:
        player = Player(Shape(**config["shape"]))
        for name in config["weights"]:
            state |= load_file(folder / Path(name).name)
        player.load_state_dict({name: value.float() for name, value in state.items()})
    except (OSError, SafetensorError, RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise BadFile(
            f"{folder}: these weights can't be used ({reason}); fetch or train them again"
        ) from None
    if not all(bool(value.isfinite().all()) for value in player.state_dict().values()):
        raise BadFile(f"{folder}: these weights hold numbers that are none; train them again")
    player.eval()
    return player
