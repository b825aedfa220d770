"""What the model learns from and how: the commands `corpus` and `train`.

Joins the model's room and the understudy, offline. Torch is imported only by `train`, MIDI only by `corpus`:
a training machine needs torch, numpy and safetensors and nothing else.
"""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bandmate.carrier import Answer
from bandmate.errors import BadFile, BadPatch, BandmateError
from bandmate.events import Phrase
from bandmate.model.thinking import DEFAULT, Thinker, folder_of, is_there
from bandmate.patch import Patch, data_folder
from bandmate.show.take import Take

LONGEST_MS = 60_000.0
FINETUNE_MINUTES, FINETUNE_RATE = 10.0, 5e-4  # at most


def add_commands(commands: Any) -> None:
    """Tell the command line about them."""
    corpus = commands.add_parser("corpus", help="make the model's training set, or look into it")
    actions = corpus.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("build", help="from the public data sets, MMA and the understudy")
    make.add_argument("--data", type=Path, required=True, metavar="DIR", help="the unpacked data sets")
    make.add_argument("--splits", type=Path, metavar="FILE", help="songs that nobody may learn from, as JSON")
    make.add_argument("--out", type=Path, required=True, metavar="DIR", help="the corpus goes here")
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--songs", type=int, metavar="N", help="only so many of each source, for a trial")
    make.add_argument(
        "--without",
        nargs="+",
        default=(),
        metavar="SOURCE",
        help="leave a source out, by its name in data.json",
    )
    make.add_argument("--takes", type=int, metavar="N", help="so many of MMA's styles over each song")
    make.add_argument(
        "--understudy", type=int, default=1, metavar="N", help="and of the understudy's (default: 1)"
    )
    make.set_defaults(run=_build)
    add = actions.add_parser("add", help="your own MIDI files, as a corpus of their own or into one")
    add.add_argument("folder", type=Path, metavar="DIR")
    add.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the corpus, new or to be added to"
    )
    add.set_defaults(run=_add)
    show = actions.add_parser("show", help="a song as the model sees it")
    show.add_argument("corpus", type=Path, metavar="DIR")
    show.add_argument("song", nargs="?", metavar="SONG", help="its name or number (default: what there is)")
    show.add_argument("--bars", type=int, default=8)
    show.set_defaults(run=_show)
    index = actions.add_parser("index", help="its grams, for `bandmate originality`")
    index.add_argument("corpus", type=Path, metavar="DIR")
    index.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    index.add_argument("--data", type=Path, metavar="DIR", help="for a baseline: the unpacked data sets")
    index.add_argument("--splits", type=Path, metavar="FILE", help="and their held-out songs, as JSON")
    index.set_defaults(run=_index)
    original = commands.add_parser("originality", help="how much of what the band played was heard before")
    original.add_argument("take", type=Path, metavar="TAKE", help="a jam's .jsonl, or a rehearsal's band.mid")
    original.add_argument(
        "--model", default=DEFAULT, metavar="NAME", help="whose training songs (default: house)"
    )
    original.set_defaults(run=_originality)
    train = commands.add_parser("train", help="train the player on a corpus")
    learned = train.add_mutually_exclusive_group(required=True)
    learned.add_argument("--corpus", type=Path, metavar="DIR", help="as `bandmate corpus` made it")
    learned.add_argument(
        "--finetune", type=Path, metavar="DIR", help="adapt a model (--base) to your own MIDI files"
    )
    train.add_argument("--base", default=DEFAULT, metavar="NAME", help="the model to adapt (default: house)")
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="weights, log and curve go here"
    )
    train.add_argument("--minutes", type=float, default=60.0, help="how long in all (default: 60)")
    train.add_argument("--size", choices=("tiny", "small", "base", "large"), default="small")
    train.add_argument("--start", type=Path, metavar="DIR", help="begin with the weights of this model")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--batch", type=int, default=0, metavar="N", help="windows a step (default: as fits)")
    train.add_argument(
        "--rate", type=float, default=1e-3, help="learning rate at its highest (default: 0.001)"
    )
    train.add_argument(
        "--patience", type=int, default=0, metavar="N", help="stop after N checks without progress"
    )
    train.add_argument("--resume", action="store_true", help="keep what it needs to go on, and go on from it")
    train.set_defaults(run=_train)


def playing_options(command: argparse.ArgumentParser) -> None:
    """Who plays, for every command that plays."""
    command.add_argument(
        "--player", choices=("model", "understudy"),
        help="who plays (default: the model where one is installed, live; the understudy in rehearsals)",
    )  # fmt: skip
    command.add_argument(
        "--model", metavar="NAME", help="a model by name, or its folder (default: the patch's, else house)"
    )


def model_of(options: argparse.Namespace, patch: Patch) -> str:
    """The model that plays: as the command line says, or the patch; raises BadPatch where it isn't there."""
    if options.model is None and options.player != "understudy" and patch.model and not is_there(patch.model):
        raise BadPatch(
            f"{patch.name}: key 'model' is {patch.model!r}, but no model of that name is in"
            f" {data_folder('models')} or beside the patch; `bandmate train --out DIR` makes one"
        )
    return str(options.model or patch.model or DEFAULT)


def thinker(options: argparse.Namespace, take: Take, seed: int, patch: Patch) -> Answer | None:
    """The model that plays a rehearsal, opened; None for the understudy, or where a take holds phrases."""
    recorded = any(isinstance(event, Phrase) for _, event in take.events)
    if options.player != "model" or recorded:
        return None
    return Thinker(model_of(options, patch), seed).open().answer


def player(options: argparse.Namespace) -> str:
    """Who plays live: the model if it is asked for, or there with all it needs."""
    if options.player is not None:
        return str(options.player)
    ready = (
        is_there(options.model) and find_spec("torch") is not None and find_spec("safetensors") is not None
    )
    return "model" if ready else "understudy"


def delay_ms(text: str) -> float | None:
    """`--model-delay-ms`: a number, or None for what it really takes."""
    if text == "measured":
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_MS:
        raise BandmateError(f"--model-delay-ms {text!r} is neither 'measured' nor 0 to {LONGEST_MS:g} ms")
    return found


def _build(options: argparse.Namespace) -> int:
    from bandmate.model import corpus
    from bandmate.patch import names
    from bandmate.practice import styles_for, understudy_take

    harvest = corpus.gather(options.data, splits(options.splits), options.songs, options.without)
    if not harvest.songs:
        raise BandmateError(f"{options.data}: none of the data sets is there; see models/README.md")
    ours = names("styles")
    plan = corpus.Orchestra(
        options.takes, understudy_take, lambda song: styles_for(song, ours), options.understudy
    )
    _told(corpus.build(harvest, options.out, options.seed, plan), options.out)
    return 0


def splits(path: Path | None) -> dict[str, Any]:
    """Which songs nobody may learn from."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{path}: no list of songs in JSON ({error})") from None
    if not isinstance(found, dict):
        raise BadFile(f"{path}: no list of songs in JSON; it holds {{source: {{kind: [names]}}}}")
    return found


def _index(options: argparse.Namespace) -> int:
    from bandmate.model.originality import index_of, real_lines

    names = splits(options.splits).get("pop909", {}).get("validation", [])
    index = index_of(options.corpus, real_lines(options.data, names) if options.data else ())
    index.save(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB; {_shares(index.about)}")
    return 0


def _shares(about: dict[str, float]) -> str:
    return (
        f"unrelated real songs share {about['baseline_share']:.1%} of {about['baseline_notes']:.0f} notes,"
        f" longest run {about['baseline_longest']:.0f}"
    )


def _originality(options: argparse.Namespace) -> int:
    from bandmate.model.originality import FILE, Index, lines_of_midi, lines_of_notes

    index = Index.load(folder_of(options.model) / FILE)
    if options.take.suffix == ".jsonl":
        from bandmate.rehearsal import load_styles, load_take, rehearse

        take = load_take(options.take)
        assert take.header is not None
        played = rehearse(take, take.header, load_styles()).ledger.played()
        lines = lines_of_notes([(note.part, note.on_s, note.pitch) for note in played])
    else:
        lines = lines_of_midi(options.take)
    found = index.measure(lines)
    print(
        f"{options.take}: longest run shared with the training songs: {found.longest} notes;"
        f" {found.share:.1%} of {found.notes} notes lie in shared runs of 8 steps and more"
    )
    print(_shares(index.about))
    return 0


def _add(options: argparse.Namespace) -> int:
    from bandmate.model import corpus

    if not options.folder.is_dir():
        raise BadFile(f"{options.folder}: no such folder")
    harvest = corpus.user_songs(options.folder)
    if not harvest.songs:
        reasons = ", ".join(sorted(harvest.skipped)) or "there are none"
        raise BandmateError(f"{options.folder}: no MIDI file that can be learned from ({reasons})")
    _told(corpus.add(harvest, options.out), options.out)
    return 0


def _told(manifest: dict[str, Any], out: Path) -> None:
    print(f"{out}: {manifest['songs']} songs, {manifest['takes']} takes, {manifest['notes']} notes")
    for name, source in manifest["sources"].items():
        print(f"  {source['share']:6.1%} {name}: {source['licence']}")
    for reason, count in manifest["skipped"].items():
        print(f"  left out {count}: {reason}")


def _show(options: argparse.Namespace) -> int:
    from bandmate.model.show_corpus import listing, song

    columns = (
        listing(options.corpus) if options.song is None else song(options.corpus, options.song, options.bars)
    )
    print(columns)
    return 0


def _train(options: argparse.Namespace) -> int:
    try:
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        raise BandmateError("training needs PyTorch: pip install 'bandmate[train]'") from None
    from bandmate.model.training import Plan, train

    if options.finetune is not None:
        return _finetune(options)
    if options.minutes <= 0:
        raise BandmateError(f"--minutes {options.minutes:g} is no time to learn anything; give more than 0")
    train(
        Plan(
            options.corpus, options.out, options.minutes, options.size, options.seed, options.batch,
            options.rate, options.patience, options.resume, start=options.start,
        )
    )  # fmt: skip
    return 0


def _finetune(options: argparse.Namespace) -> int:
    """Your own files become a corpus beside the result; few of the base's numbers move."""
    from bandmate.model import corpus
    from bandmate.model.training import Plan, train

    if not is_there(options.base):
        raise BadFile(f"{folder_of(options.base)}: no model to adapt; --base names one")
    harvest = corpus.user_songs(options.finetune)
    if not harvest.songs:
        raise BandmateError(f"{options.finetune}: no MIDI file that can be learned from")
    folder = options.out / "corpus"
    (folder / corpus.FILE).unlink(missing_ok=True)
    _told(corpus.add(harvest, folder), folder)
    minutes = min(options.minutes, FINETUNE_MINUTES)
    rate = min(options.rate, FINETUNE_RATE)
    train(
        Plan(
            folder,
            options.out,
            minutes,
            seed=options.seed,
            songs=options.batch,
            rate=rate,
            patience=options.patience or 4,
            base=folder_of(options.base),
        )
    )
    return 0
