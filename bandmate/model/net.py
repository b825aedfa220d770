"""The network: a causal trunk that takes one step a slot, heads for the harmony, and a decoder for the notes.

Read from the bottom: `Player.trunk` turns what was seen into one vector a slot; from it the harmony heads
foretell the chord just heard, this slot's and seven more, and the decoder writes this slot's notes one after
another: (part and place, or the end), then a degree of whatever chord it turns out to be, then touch, then
micro-timing. On stage `Memory` holds 32 bars of keys and values in a ring. Torch; shapes stand at line end,
B songs, S slots, D width, N notes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bandmate.events import PARTS
from bandmate.model import grid, view
from bandmate.model.styles import STYLES
from bandmate.model.view import AHEAD, Notes, View

WHERES = len(PARTS) * view.PLACES  # part and place; one more says that the slot is full
END = WHERES
TOUCHES = 64
ROOTS, QUALITIES = 13, len(grid.QUALITIES) + 1
RING = 256  # slots that are remembered: 32 bars of 4/4
MOST_NOTES = 24
TRENDS = 3  # the performer's next bar is emptier, alike, fuller


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a network is."""

    width: int = 320
    layers: int = 6
    heads: int = 5
    decoder: int = 320
    styles: int = len(STYLES)
    dropout: float = 0.05

    def saved(self) -> dict[str, Any]:
        """As it is written beside the weights."""
        return asdict(self)


SHAPES = {
    "tiny": Shape(64, 2, 2, 64, dropout=0.0),
    "small": Shape(192, 4, 3, 192),
    "base": Shape(320, 6, 5, 320),
    "large": Shape(448, 8, 7, 384, dropout=0.1),
}


# ------------------------------------------------------------------ the trunk


class Memory:
    """What the trunk remembers of a song: keys and values of the last RING slots, and how many there were."""

    def __init__(self, shape: Shape, songs: int = 1) -> None:
        head = shape.width // shape.heads
        self.keys = torch.zeros(shape.layers, songs, shape.heads, RING, head)  # (layers, B, H, RING, D/H)
        self.values = torch.zeros_like(self.keys)
        self.slots = 0

    def fork(self) -> Memory:
        """A copy that can go another way: *again*, or a look ahead."""
        other = Memory.__new__(Memory)
        other.keys, other.values, other.slots = self.keys.clone(), self.values.clone(), self.slots
        return other

    def keep(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put one slot into the ring; returns everything remembered. The caller counts the slots."""
        place = self.slots % RING
        self.keys[layer, :, :, place] = key[:, :, 0]
        self.values[layer, :, :, place] = value[:, :, 0]
        filled = min(self.slots + 1, RING)
        return self.keys[layer, :, :, :filled], self.values[layer, :, :, :filled]


def turned(x: Tensor, first: int) -> Tensor:
    """Rotary positions: neighbouring numbers turned by the place of their slot."""
    slots, size = x.shape[-2:]
    speed = 10000.0 ** (-torch.arange(0, size, 2, device=x.device, dtype=torch.float64) / size)
    angle = torch.arange(first, first + slots, device=x.device, dtype=torch.float64)[:, None] * speed
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)  # (S, size/2)
    left, right = x[..., : size // 2], x[..., size // 2 :]
    return torch.cat((left * cos - right * sin, right * cos + left * sin), -1)


class Block(nn.Module):
    """Attention over the slots so far, then a gated layer for each slot by itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, inner = shape.width, (shape.width * 8 // 3 + 63) // 64 * 64
        self.heads, self.dropout = shape.heads, shape.dropout
        self.before, self.between = nn.RMSNorm(width), nn.RMSNorm(width)
        self.ask = nn.Linear(width, 3 * width, bias=False)
        self.answer = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 2 * inner, bias=False)
        self.out = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, memory: Memory | None, layer: int) -> Tensor:
        """(B, S, D) -> (B, S, D); with a memory S is 1 and the slots so far are the remembered ones."""
        songs, slots, width = x.shape
        asked = self.ask(self.before(x)).view(songs, slots, 3, self.heads, width // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)  # (B, H, S, D/H) each
        first = 0 if memory is None else memory.slots
        query, key = turned(query, first), turned(key, first)
        if memory is None:
            found = F.scaled_dot_product_attention(
                query, key, value, dropout_p=self.dropout if self.training else 0.0, is_causal=True
            )
        else:
            found = F.scaled_dot_product_attention(query, *memory.keep(layer, key, value))
        x = x + self._dropped(self.answer(found.transpose(1, 2).reshape(songs, slots, width)))
        opened, passed = self.gate(self.between(x)).chunk(2, -1)
        return x + self._dropped(self.out(F.silu(opened) * passed))

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class Eye(nn.Module):
    """What was seen in a slot, as one vector: sums of tables, so a busy player costs nothing more."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        pad = grid.NO_PITCH
        self.struck = nn.EmbeddingBag(pad + 1, width, mode="sum", padding_idx=pad)
        self.when = nn.Embedding(view.PLACES * 8, width)
        self.rings = nn.EmbeddingBag(pad + 1, width, mode="sum", padding_idx=pad)
        self.own = nn.EmbeddingBag(len(PARTS) * (pad + 1), width, mode="sum", padding_idx=pad)
        self.own_when = nn.EmbeddingBag(WHERES * 8 + 1, width, mode="sum", padding_idx=WHERES * 8)
        self.own_long = nn.EmbeddingBag(len(PARTS) * 8 + 1, width, mode="sum", padding_idx=len(PARTS) * 8)
        self.chroma = nn.Linear(view.CHROMA, width)
        self.marks = nn.EmbeddingBag(view.MARK_COUNT, width, mode="sum")
        self.style = nn.Embedding(shape.styles + 1, width)  # the last one: any
        self.ahead = nn.Linear(view.ROWS * AHEAD * (14 + 18), width, bias=False)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        for table in (self.struck, self.when, self.rings, self.own, self.own_when, self.own_long, self.marks):
            nn.init.normal_(table.weight, std=0.2)
        nn.init.normal_(self.style.weight, std=0.3)
        nn.init.normal_(self.ahead.weight, std=0.05)

    def forward(self, seen: View) -> Tensor:
        """A View of (B, S) -> (B, S, D)."""
        songs, slots = seen.blend.shape
        pitch, when = seen.begun[..., 0].flatten(0, 1), seen.begun[..., 1].flatten(0, 1)  # (BS, BEGUN)
        empty = seen.own[..., 0] == grid.NO_PITCH  # (B, S, OWN)
        own_when = torch.where(empty, WHERES * 8, seen.own[..., 1]).flatten(0, 1)
        own_long = torch.where(empty, len(PARTS) * 8, seen.own[..., 2]).flatten(0, 1)
        struck = F.one_hot(when, view.PLACES * 8) * (pitch != grid.NO_PITCH)[..., None]  # (BS, BEGUN, 48)
        x = self.struck(pitch) + struck.sum(1).to(self.when.weight.dtype) @ self.when.weight
        x = x + self.rings(seen.tied.flatten(0, 1)) + self.own(seen.own[..., 0].flatten(0, 1))
        x = x + self.own_when(own_when) + self.own_long(own_long) + self.marks(seen.marks.flatten(0, 1))
        x = x.view(songs, slots, -1) + self.chroma(seen.chroma)
        first, second = self.style(seen.style).unbind(-2)  # (B, S, D) each
        x = x + first + (second - first) * seen.blend[..., None]
        known = torch.cat((F.one_hot(seen.ahead_root, 14), F.one_hot(seen.ahead_quality, 18)), -1)
        x = x + self.ahead(known.flatten(-2).to(x.dtype))  # (B, S, ROWS * AHEAD * 32) -> (B, S, D)
        return x + self.mix(x)


# ------------------------------------------------------------------ the whole


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the heads say of each slot; logits."""

    root: Tensor  # (B, S, AHEAD, ROOTS) from the root that is believed now
    quality: Tensor  # (B, S, AHEAD, QUALITIES)
    classes: Tensor  # (B, S, 12) pitch classes that the performer strikes in this slot
    boundary: Tensor  # (B, S) the next bar is a fill
    trend: Tensor  # (B, S, TRENDS)


class Player(nn.Module):
    """The player's mind: `trunk` and `foretell`, `note_losses` to train, `write` to play."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, inner = shape.width, shape.decoder
        self.eye = Eye(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.last = nn.RMSNorm(width)
        self.roots, self.qualities = nn.Linear(width, AHEAD * ROOTS), nn.Linear(width, AHEAD * QUALITIES)
        self.classes, self.boundary, self.trend = (
            nn.Linear(width, 12),
            nn.Linear(width, 1),
            nn.Linear(width, TRENDS),
        )
        self.begin, self.context = nn.Linear(width, inner), nn.Linear(width, inner)
        self.hand = nn.GRU(inner, inner, batch_first=True)
        self.where_in, self.degree_in = nn.Embedding(END + 1, inner), nn.Embedding(len(PARTS) * 129, inner)
        self.touch_in = nn.Embedding(TOUCHES, inner)
        self.where, self.degree = nn.Linear(inner, END + 1), nn.Linear(inner, grid.NO_PITCH)
        self.touch, self.offset = nn.Linear(inner, TOUCHES), nn.Linear(inner, grid.OFFSETS)

    def trunk(self, seen: View, memory: Memory | None = None) -> Tensor:
        """A View of (B, S) -> (B, S, D); with a memory one slot is added to it."""
        x = F.dropout(self.eye(seen), self.shape.dropout, self.training)
        for layer, block in enumerate(self.blocks):
            x = block(x, memory, layer)
        if memory is not None:
            memory.slots += 1
        return self.last(x)

    def foretell(self, x: Tensor) -> Foretold:
        """(B, S, D) -> the heads' logits."""
        songs, slots, _ = x.shape
        return Foretold(
            self.roots(x).view(songs, slots, AHEAD, ROOTS),
            self.qualities(x).view(songs, slots, AHEAD, QUALITIES),
            self.classes(x), self.boundary(x)[..., 0], self.trend(x),
        )  # fmt: skip

    # -------------------------------------------------------------- to train

    def note_losses(self, x: Tensor, notes: Notes, performed: Tensor) -> dict[str, Tensor]:
        """Sums of nats over the notes (BS, N) of slots (BS, D): when, what, touch, offset; and their number.

        `performed` (BS): a human hand played it, so its micro-timing counts.
        """
        most = int((notes.degree != grid.NO_PITCH).sum(1).amax()) if len(x) else 0
        notes = Notes(*(each[:, :most] for each in notes))
        real = notes.degree != grid.NO_PITCH  # (BS, N), notes first
        count = real.sum(1)
        read = self._read(notes.where[real], notes.degree[real], notes.touch[real])  # (notes, G)
        inputs = x.new_zeros(*real.shape, read.shape[-1], dtype=read.dtype)
        inputs[real] = read
        inputs = F.pad(inputs, (0, 0, 1, 0))  # (BS, N+1, G): nothing was read before the first
        inputs = inputs + self.context(x)[:, None]
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs.float(), (count + 1).cpu(), batch_first=True, enforce_sorted=False
        )
        with torch.autocast(x.device.type, enabled=False):  # cuDNN's GRU in full precision (TF32)
            state, _ = self.hand(packed, self.begin(x).float().tanh()[None])
        hands, _ = nn.utils.rnn.pad_packed_sequence(state, batch_first=True, total_length=inputs.shape[1])
        asked = (
            torch.arange(inputs.shape[1], device=x.device) <= count[:, None]
        )  # (BS, N+1): a note, or the end
        wanted = F.pad(torch.where(real, notes.where, END), (0, 1), value=END)
        where = F.cross_entropy(self.where(hands[asked]), wanted[asked], reduction="sum")
        hand = hands[:, :-1][real]  # (notes, G)
        hand = hand + self.where_in(notes.where[real])
        what = F.cross_entropy(self.degree(hand), notes.degree[real], reduction="sum")
        hand = hand + self.degree_in(self._what(notes.where, notes.degree)[real])
        touch = F.cross_entropy(self.touch(hand), notes.touch[real], reduction="sum")
        hand = hand + self.touch_in(notes.touch[real])
        early = F.cross_entropy(self.offset(hand), notes.offset[real], reduction="none")
        human = performed[:, None].expand_as(real)[real]
        return {"where": where, "what": what, "touch": touch, "offset": (early * human).sum(),
                "notes": count.sum(), "human": human.sum()}  # fmt: skip

    def _what(self, where: Tensor, degree: Tensor) -> Tensor:
        return where // view.PLACES * 129 + degree

    def _read(self, where: Tensor, degree: Tensor, touch: Tensor) -> Tensor:
        """A note that was written, as the decoder reads it (..., G)."""
        return self.where_in(where) + self.degree_in(self._what(where, degree)) + self.touch_in(touch)

    # -------------------------------------------------------------- to play

    @torch.no_grad()
    def write(
        self,
        x: Tensor,
        chance: torch.Generator,
        temperature: float = 1.0,
        top: float = 0.95,
        forbidden: Tensor | None = None,
        cooler: float | None = None,
        most: int = MOST_NOTES,
        guided: float = 0.0,
    ) -> list[tuple[int, int, int, int]]:
        """The notes of one slot from its vectors (B, D): (where, degree, touch, offset) in order.

        `cooler` is the temperature of the degrees. `forbidden` (END + 1) is added to the logits of part and
        place: -inf where a part must not play. B is 1, or 2 to be `guided`: what is asked, and nothing asked.
        """
        state = self.begin(x).tanh()[None]  # (1, B, G)
        context = self.context(x)  # (B, G)
        read = torch.zeros_like(context[0])
        found: list[tuple[int, int, int, int]] = []
        before = -1
        while len(found) < most:
            hand, state = self.hand((read + context)[:, None], state)
            hand = hand[:, 0]  # (B, G)
            logits = guide(self.where(hand), guided)
            logits[: max(before, 0)] = -torch.inf  # parts and places only go on
            where = drawn(logits if forbidden is None else logits + forbidden, chance, temperature, top)
            if where == END:
                break
            hand = hand + self.where_in.weight[where]
            logits = guide(self.degree(hand), guided)
            degree = drawn(logits, chance, temperature if cooler is None else cooler, top)
            hand = hand + self.degree_in.weight[where // view.PLACES * 129 + degree]
            touch = drawn(guide(self.touch(hand), guided), chance, temperature, top)
            hand = hand + self.touch_in.weight[touch]
            offset = drawn(self.offset(hand[0]), chance, temperature, top)
            found.append((where, degree, touch, offset))
            before = where
            read = self.where_in.weight[where] + self.degree_in.weight[where // view.PLACES * 129 + degree]
            read = read + self.touch_in.weight[touch]
        return found


def guide(logits: Tensor, guided: float) -> Tensor:
    """Logits (B, n) as one row: of the first, led away from the second by so much more."""
    return logits[0] if not guided else logits[0] + guided * (logits[0] - logits[1])


def drawn(logits: Tensor, chance: torch.Generator, temperature: float, top: float) -> int:
    """One choice out of the likeliest ones that together have a share of `top`."""
    if temperature <= 0:
        return int(logits.argmax())
    shares, order = torch.softmax(logits / temperature, -1).sort(descending=True)
    shares = shares * (shares.cumsum(0) - shares < top)
    return int(order[torch.multinomial(shares, 1, generator=chance)])


def harmony_losses(
    foretold: Foretold, root: Tensor, quality: Tensor, counts: Tensor, weights: Tensor
) -> dict[str, Tensor]:
    """Mean nats of the chord heads against roots and qualities (B, S, AHEAD).

    `counts` (B, S, AHEAD) says where there is a chord to know, `weights` (AHEAD) how much each place matters;
    `right` is the share of roots that are right in the slot just heard and in the one that is decided.
    """
    weight = (counts * weights).flatten().float()
    total = weight.sum().clamp(min=1.0)
    roots = F.cross_entropy(foretold.root.flatten(0, 2).float(), root.flatten(), reduction="none")
    qualities = F.cross_entropy(foretold.quality.flatten(0, 2).float(), quality.flatten(), reduction="none")
    right = (foretold.root.argmax(-1) == root) & counts
    return {"root": (roots * weight).sum() / total, "quality": (qualities * weight).sum() / total,
            "right": right[..., :2].sum() / counts[..., :2].sum().clamp(min=1)}  # fmt: skip
