"""`bandmate train`: the player learns from a corpus, on whatever machine there is.

The schedule follows the clock: the learning rate rises, then falls to nothing exactly when the minutes are
over. Weights, a CSV and a curve are written as it goes, so a kill loses little. With torchrun every process
takes its share of each batch (DDP). Needs torch, numpy and safetensors; a process of its own.
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
import random
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bandmate.errors import BandmateError
from bandmate.model import batch as batches
from bandmate.model import corpus, net, shelf, weights
from bandmate.model.batch import Batch, Drawer
from bandmate.model.net import SHAPES, Player, Shape
from bandmate.model.styles import STYLES
from bandmate.timing import period_s

WARM = 0.03  # share of the time in which the learning rate rises
HELD_OUT = 0.03  # share of the songs that are set aside, by the seed
HELD_BATCHES = 4
CHECKS = 16  # how often the held-out songs are asked
SAVE_S = 45.0
CHORD_WEIGHTS = (1.5, 2.0, 1.5, 1.0, 1.0, 0.7, 0.7, 0.5, 0.5)  # now and next count most
LOG_COLUMNS = (
    "step", "elapsed_s", "rate", "slots_a_second", "loss", "where", "what", "touch", "offset", "root",
    "quality", "right", "held_note", "held_where", "held_what", "held_touch", "held_root", "held_right",
    "held_change",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    corpus: Path
    out: Path
    minutes: float = 30.0
    size: str = "base"
    seed: int = 0
    songs: int = 0  # windows in a batch; 0: as fits the device
    rate: float = 1e-3
    patience: int = 0  # stop after so many checks without progress; 0: never
    resume: bool = False
    slots: int = batches.SLOTS
    start: Path | None = None  # go on from this model's weights
    base: Path | None = None  # fine-tune this model: few of its numbers move, the file stays as it is

    @property
    def seconds(self) -> float:
        """How long the whole sitting may last."""
        return period_s(1.0) * self.minutes


@dataclass(slots=True)
class Course:
    """How the training goes: the clock, the steps, what was learned."""

    begun_s: float
    seconds: float
    before_s: float = 0.0  # of earlier sittings
    step: int = 0
    best: float = math.inf
    stale: int = 0
    recent: deque[dict[str, float]] = field(default_factory=lambda: deque(maxlen=50))

    def share(self) -> float:
        """How much of the time is over, 0 to 1."""
        return (time.perf_counter() - self.begun_s + self.before_s) / self.seconds


def train(plan: Plan, report: Callable[[str], None] = print) -> Path:
    """Train a model until the time is over; returns its folder."""
    begun_s = time.perf_counter()
    device, rank, ranks = _machine()
    torch.manual_seed(plan.seed)
    table = shelf.lay_out(corpus.load(plan.corpus)).to(device)
    begun = plan.base or plan.start
    player = (Player(SHAPES[plan.size]) if begun is None else weights.load(begun).train()).to(device)
    moving = _moving(player, plan)
    learned, held = split(table, plan.seed)
    songs = plan.songs or (96 if device.type == "cuda" else 8)
    size = sum(parameter.numel() for parameter in player.parameters()) / 1e6
    report(
        f"{size:.1f} M parameters, {len(learned)} takes to learn from, {len(held)} held out,"
        f" {songs} windows of {plan.slots} slots a step, on {device};"
        f" ready after {time.perf_counter() - begun_s:.1f} s"
    )
    rows = _Rows(table.takes[learned], plan.seed, rank)
    ready_s = time.perf_counter()
    course = Course(ready_s, max(plan.seconds - (ready_s - begun_s), 1.0))
    drawer = Drawer(table, plan.seed + 1000 * rank + 1, plan.slots)
    optimiser = _optimiser(moving, plan.rate, device)
    if plan.resume:
        _resume(plan.out, player, optimiser, course)
        drawer.chance.manual_seed(plan.seed + 1000 * rank + course.step + 1)
    taught: nn.Module = _Teaching(player)
    if ranks > 1:
        taught = nn.parallel.DistributedDataParallel(
            taught, device_ids=[device.index] if device.type == "cuda" else None
        )
    sitting = _Sitting(plan, player, table, held, course, report) if rank == 0 else None
    with _quietly_ended(sitting):
        _learn(taught, optimiser, rows, drawer, course, plan, songs // ranks, ranks, sitting)
    if sitting is not None:
        sitting.finish(optimiser)
    if ranks > 1:
        torch.distributed.destroy_process_group()
    return plan.out


def _learn(
    taught: nn.Module, optimiser: Any, rows: _Rows, drawer: Drawer, course: Course, plan: Plan, songs: int,
    ranks: int, sitting: _Sitting | None,
) -> None:  # fmt: skip
    device = drawer.device
    while (share := course.share()) < 1.0:
        rate = (
            plan.rate
            * min(share / WARM, 1.0)
            * 0.5
            * (1 + math.cos(math.pi * max(share - WARM, 0) / (1 - WARM)))
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        try:
            example = drawer.batch(rows.take(songs))
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss, parts = taught(example)
            loss.backward()
        except torch.cuda.OutOfMemoryError:  # a smaller card: half as much at once
            if songs <= 1 or ranks > 1:
                raise
            songs //= 2
            torch.cuda.empty_cache()
            continue
        nn.utils.clip_grad_norm_(taught.parameters(), 1.0)
        optimiser.step()
        course.step += 1
        if sitting is not None and sitting.after(loss, parts, rate, songs, optimiser):
            break


class _Teaching(nn.Module):
    """A batch to a loss: what DDP wraps."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.player = player

    def forward(self, example: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        return loss_of(self.player, example)


def loss_of(player: Player, example: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts: nats a note, nats a chord, and how often the chord is right."""
    x = player.trunk(example.seen)  # (B, S, D)
    inside = example.inside.flatten()
    notes = type(example.notes)(*(each.flatten(0, 1)[inside] for each in example.notes))
    found = player.note_losses(x.flatten(0, 1)[inside], notes, example.performed.flatten()[inside])
    foretold = player.foretell(x)
    weights_ = torch.tensor(CHORD_WEIGHTS, device=x.device)
    chords = net.harmony_losses(foretold, example.root, example.quality, example.chord_counts, weights_)
    count = found["notes"].clamp(min=1)
    classes = F.binary_cross_entropy_with_logits(
        foretold.classes.float(), example.classes, reduction="none"
    ).mean(-1)
    classes = (classes * example.classes_count).sum() / example.classes_count.sum().clamp(min=1)
    boundary = F.binary_cross_entropy_with_logits(foretold.boundary.float(), example.boundary)
    trend = F.cross_entropy(foretold.trend.flatten(0, 1).float(), example.trend.flatten())
    parts = {
        "where": found["where"] / count, "what": found["what"] / count, "touch": found["touch"] / count,
        "offset": found["offset"] / found["human"].clamp(min=1), **chords,
    }  # fmt: skip
    slots = inside.sum().clamp(min=1)
    written = (found["where"] + found["what"] + 0.7 * found["touch"] + 0.5 * found["offset"]) / slots
    loss = (
        written / 3 + chords["root"] + 0.3 * chords["quality"] + 0.5 * classes + 0.1 * boundary + 0.05 * trend
    )
    return loss, {name: value.detach() for name, value in parts.items()}


# ------------------------------------------------------------------ the pupil's desk


def split(table: shelf.Shelf, seed: int) -> tuple[Tensor, Tensor]:
    """The takes to learn from, and those of some songs that are set aside, as row numbers."""
    songs = table.takes[:, shelf.SONG].tolist()
    names = table.song_names
    aside = {
        song
        for song in set(songs)
        if random.Random(f"{seed}/{names[song].split('/')[:2]}").random() < HELD_OUT
    }
    held = torch.tensor([song in aside for song in songs])
    usable = (table.takes[:, shelf.SLOTS] > 32).cpu()
    return torch.nonzero(usable & ~held)[:, 0], torch.nonzero(usable & held)[:, 0]


class _Rows:
    """Draws takes: rare styles oftener than their share, whole bands oftener than drummers."""

    def __init__(self, takes: Tensor, seed: int, rank: int) -> None:
        self.takes = takes
        style = takes[:, shelf.STYLE].cpu()
        count = torch.bincount(style, minlength=len(STYLES)).float()
        joint = takes[:, shelf.HAS_CHORDS].cpu().float()
        self.weight = (
            count[style].rsqrt() * (0.5 + 0.5 * joint) * takes[:, shelf.SLOTS].cpu().clamp(max=512).sqrt()
        )
        self.chance = torch.Generator().manual_seed(seed + 1000 * rank)

    def take(self, songs: int) -> Tensor:
        """So many takes, drawn with replacement."""
        chosen = torch.multinomial(self.weight, songs, replacement=True, generator=self.chance)
        return self.takes[chosen.to(self.takes.device)]


class _Sitting:
    """What the first process does besides: reports, asks the held-out songs, saves."""

    def __init__(
        self, plan: Plan, player: Player, table: shelf.Shelf, held: Tensor, course: Course,
        report: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.plan, self.player, self.table, self.course, self.report = plan, player, table, course, report
        self.held = held[:: max(len(held) // 256, 1)].to(table.takes.device)
        self.rows: list[dict[str, float]] = []
        self.saved_s = self.said_s = time.perf_counter()
        self.said_step = course.step
        self.check_at = 0.02
        plan.out.mkdir(parents=True, exist_ok=True)
        if (plan.corpus / corpus.MANIFEST).exists():
            shutil.copyfile(plan.corpus / corpus.MANIFEST, plan.out / weights.DATA)
        if not plan.resume:
            (plan.out / weights.LOG).unlink(missing_ok=True)

    def after(self, loss: Tensor, parts: dict[str, Tensor], rate: float, songs: int, optimiser: Any) -> bool:
        """After every step; true where the training should stop early."""
        now_s, share = time.perf_counter(), self.course.share()
        if self.course.step % 20 and now_s - self.said_s < 5.0 and share < 1.0:
            return False
        read = {name: float(value) for name, value in parts.items()} | {"loss": float(loss.detach())}
        if not math.isfinite(read["loss"]):
            raise BandmateError(f"the loss is no number after {self.course.step} steps; try a lower --rate")
        self.course.recent.append(read)
        if share >= self.check_at or now_s - self.said_s >= 5.0:
            self._say(read, rate, songs, now_s, share)
        if share >= self.check_at:
            self.check_at += 1.0 / CHECKS
            return self._check()
        if now_s - self.saved_s > SAVE_S:
            self.saved_s = now_s
            self._keep(optimiser)
        return False

    def _say(self, read: dict[str, float], rate: float, songs: int, now_s: float, share: float) -> None:
        seconds, steps = now_s - self.said_s, self.course.step - self.said_step
        speed = steps * songs * self.plan.slots / max(seconds, 1e-6)
        self.said_s, self.said_step = now_s, self.course.step
        row = {"step": self.course.step, "elapsed_s": round(share * self.course.seconds, 1), "rate": rate,
               "slots_a_second": round(speed)} | {k: round(v, 4) for k, v in read.items()}  # fmt: skip
        self.rows.append(row)
        self._write(row)
        shown = " ".join(
            f"{key} {read[key]:.3f}" for key in ("loss", "where", "what", "touch", "root", "right")
        )
        self.report(f"step {self.course.step} {share:6.1%} {speed:8.0f} slots/s {shown}")

    def _check(self) -> bool:
        """Ask the held-out songs; keep the best weights; true if nothing got better for too long."""
        found = held_out(self.player, self.table, self.held, self.plan)
        self.rows[-1] |= found
        self._write(self.rows[-1])
        self.report("  held out: " + " ".join(f"{key[5:]} {value:.3f}" for key, value in found.items()))
        loss = found.get("held_note", math.nan) + found.get("held_root", math.nan)
        if not loss >= self.course.best:
            self.course.best, self.course.stale = loss, 0
            self._save("the best on held-out songs so far")
        else:
            self.course.stale += 1
        self.saved_s = self.said_s = time.perf_counter()
        self.said_step = self.course.step
        return bool(self.plan.patience) and self.course.stale >= self.plan.patience

    def _save(self, what: str) -> None:
        seen = {key: value for row in self.rows for key, value in row.items() if key.startswith("held")}
        base = self.plan.base
        moved = None if base is None else {n for n, p in self.player.named_parameters() if p.requires_grad}
        about: dict[str, Any] = {} if base is None else {"base": base.name}
        if begun := base or self.plan.start:
            config = weights.config_of(begun)
            about |= {key: config[key] for key in weights.ASKED_SO if key in config}
        weights.save(self.player, self.plan.out, about | {
            "what": what, "step": self.course.step, "seed": self.plan.seed, "held_out": seen,
            "minutes": round(self.course.share() * self.plan.minutes, 2),
        }, moved)  # fmt: skip

    def _write(self, row: dict[str, float]) -> None:
        path = self.plan.out / weights.LOG
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, LOG_COLUMNS, extrasaction="ignore")
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def _keep(self, optimiser: Any) -> None:
        """The optimiser's state, for `--resume`."""
        if self.plan.resume:
            state = {f"weight/{name}": value for name, value in self.player.state_dict().items()}
            for number, kept in optimiser.state_dict()["state"].items():
                state |= {f"state/{number}/{name}": value for name, value in kept.items()}
            course = self.course
            counts = [float(course.step), course.share() * course.seconds, course.best]
            _save_tensors(
                state | {"course": torch.tensor(counts, dtype=torch.float64)}, self.plan.out / RESUME
            )

    def finish(self, optimiser: Any) -> None:
        """The last check, the last weights if they are the best, and the curve."""
        if self.rows:
            self._check()
        else:
            self._save("hardly begun")
        self._keep(optimiser)
        with contextlib.suppress(ImportError):
            from bandmate.model.curve import draw

            if self.rows:
                draw(self.plan.out / weights.LOG, self.plan.out / weights.CURVE)
        self.report(f"{self.plan.out}: {self.course.step} steps; best held-out loss {self.course.best:.3f}")


@torch.no_grad()
def held_out(player: Player, table: shelf.Shelf, rows: Tensor, plan: Plan) -> dict[str, float]:
    """Nats a note and a chord on songs set aside, always the same windows.

    `held_change` is how often the root is right where the chord changes in the slot that is decided.
    """
    if not len(rows):
        return {}
    player.eval()
    drawer = Drawer(table, 12345, plan.slots)
    songs = 64 if drawer.device.type == "cuda" else 16
    sums: dict[str, float] = {}
    change = [0.0, 0.0]
    chunks = table.takes[rows].split(songs)[: HELD_BATCHES if songs == 64 else 2]
    for chunk in chunks:
        example = drawer.batch(chunk)
        with torch.autocast(drawer.device.type, torch.bfloat16, enabled=drawer.device.type == "cuda"):
            _, parts = loss_of(player, example)
            root = player.roots(player.trunk(example.seen)).view(*example.root.shape, -1)[:, :, 1].argmax(-1)
        changes = example.chord_counts[:, :, 1] & (example.root[:, :, 1] != example.root[:, :, 0])
        change[0] += float(((root == example.root[:, :, 1]) & changes).sum())
        change[1] += float(changes.sum())
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + float(value) / len(chunks)
    player.train()
    return {
        "held_note": sums["where"] + sums["what"] + sums["touch"], "held_where": sums["where"],
        "held_what": sums["what"], "held_touch": sums["touch"], "held_root": sums["root"],
        "held_right": sums["right"], "held_change": change[0] / max(change[1], 1.0),
    }  # fmt: skip


# ------------------------------------------------------------------ the machine

RESUME = "resume.safetensors"
TUNED = ("eye.style", "where.", "degree.", "touch.", "offset.")  # the names of what fine-tuning moves


def _machine() -> tuple[torch.device, int, int]:
    """The device of this process, its number, and how many train together."""
    ranks, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    cuda = torch.cuda.is_available()
    if ranks > 1:
        torch.distributed.init_process_group("nccl" if cuda else "gloo")
    if cuda:
        local = int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(local)
        torch.set_float32_matmul_precision("high")
        return torch.device("cuda", local), rank, ranks
    return torch.device("cpu"), rank, ranks


def _moving(player: Player, plan: Plan) -> dict[str, nn.Parameter]:
    """The parameters that learn: all, or those few that fine-tuning moves."""
    for name, parameter in player.named_parameters():
        parameter.requires_grad_(plan.base is None or name.startswith(TUNED) or parameter.ndim == 1)
    return {name: each for name, each in player.named_parameters() if each.requires_grad}


def _optimiser(moving: dict[str, nn.Parameter], rate: float, device: torch.device) -> torch.optim.AdamW:
    """Weight decay for matrices, none for tables of one dimension."""
    heavy = [p for p in moving.values() if p.ndim > 1]
    light = [p for p in moving.values() if p.ndim <= 1]
    groups = [{"params": heavy, "weight_decay": 0.05}, {"params": light, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=device.type == "cuda")


def _save_tensors(state: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(
        {name: value.detach().cpu().contiguous() for name, value in state.items()}, path.with_suffix(".part")
    )
    path.with_suffix(".part").replace(path)


def _resume(out: Path, player: Player, optimiser: torch.optim.AdamW, course: Course) -> None:
    """Go on where the last sitting stopped, if there was one."""
    from safetensors.torch import load_file

    if not (out / RESUME).exists():
        return
    state = load_file(out / RESUME)
    player.load_state_dict({name[7:]: value for name, value in state.items() if name.startswith("weight/")})
    kept: dict[int, dict[str, Tensor]] = {}
    for name, value in state.items():
        if name.startswith("state/"):
            _, number, key = name.split("/")
            kept.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": kept, "param_groups": optimiser.state_dict()["param_groups"]})
    step, course.before_s, course.best = state["course"].tolist()
    course.step = int(step)


@contextlib.contextmanager
def _quietly_ended(sitting: _Sitting | None) -> Iterator[None]:
    """Ctrl+C ends the training, not the model: what was learned is saved."""
    try:
        yield
    except KeyboardInterrupt:
        if sitting is None:
            raise
        sitting.report("stopped by hand; saving")


__all__ = ["Plan", "Shape", "held_out", "loss_of", "split", "train"]
