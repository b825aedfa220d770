"""The model plays a song, one slot at a time: what the model's process does with each `Ask`.

`Session.play` answers with a `Phrase` for the slot that was asked for; `ahead` goes on for one slot more as
if nothing new were heard, which is the tail that the band falls back on. What was played can be taken back
(`back`) and played otherwise. Torch; the model's process, or a rehearsal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bandmate.events import PARTS, Ask, Phrase
from bandmate.model import grid, view
from bandmate.model.grid import NO_PITCH, NO_QUALITY, NO_ROOT, QUALITIES, quality_index
from bandmate.model.net import END, Memory, Player
from bandmate.model.styles import STYLES, style_number
from bandmate.model.view import AHEAD, LAGS, View

REMEMBERED = 8 * 24 + AHEAD  # slots of chords that the loop's memory may look back
TAKEN_BACK = 64  # slots that can be played again
CALM, WILD = 0.7, 1.15  # temperature at "safe" and at "wild"
PITCHED = 0.6  # which pitch is decided with a cooler head than when
TOP_CALM, TOP_WILD = 0.9, 0.98


@dataclass(slots=True)
class Past:
    """What a session remembers beside the network's own memory; small, copied for every slot."""

    slot: int = 0  # how many were played
    chords: tuple[tuple[int, int], ...] = ()  # (root, quality) of the newest slots, the newest last
    root: int = 0  # the view's frame: the chord that the listener names, else the tonic
    quality: int = NO_QUALITY
    age: int = 0
    unnamed: int = 0  # slots since the listener named a chord
    sums: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None  # (decays, 2, 12)


class Session:
    """One song with one player."""

    def __init__(self, player: Player, seed: int = 0, unheard: float = 1.0, guided: float = 0.0) -> None:
        self.player, self.seed = player, seed
        self.unheard = unheard  # how much its certainty is worth where the listener names nothing
        self.guided = guided  # how far it goes beyond what is asked, away from what it would play unasked
        self.memory = Memory(player.shape, 2 if guided else 1)
        self.past = Past()
        self._before: deque[Past] = deque(maxlen=TAKEN_BACK)

    def play(self, ask: Ask) -> Phrase:
        """Hear what the ask tells of the slot before, and write the slot that it asks for."""
        self._before.append(self.past)
        vector, chords = self._hear(ask)
        return self._phrase(ask, vector, chords, "fresh")

    def hear(self, ask: Ask) -> None:
        """The same without writing anything: to warm up with what was played before."""
        self._before.append(self.past)
        self._hear(ask)

    def ahead(self, ask: Ask, phrase: Phrase) -> Phrase:
        """The slot after, as if the performer played nothing new; what was remembered stays as it was."""
        past, slots = self.past, self.memory.slots
        vector, chords = self._hear(following(ask, phrase))
        self.past, self.memory.slots = past, slots  # the next slot that is heard is written over this one
        later = replace(ask, beat=ask.beat + 0.5)
        return self._phrase(later, vector, chords, "tail")

    def back(self, slots: int) -> None:
        """Take back the newest slots, so that they can be heard and played again."""
        for _ in range(min(slots, len(self._before))):
            self.past = self._before.pop()
            self.memory.slots -= 1

    # -------------------------------------------------------------- one slot

    @torch.no_grad()
    def _hear(self, ask: Ask) -> tuple[Tensor, list[tuple[int, int, float]]]:
        """One step of the trunk: the slot's vectors (B, D), and the chords it foretells; guided B is 2."""
        self.past = self._listened(ask)
        seen = self._seen(ask)
        if self.guided:
            seen = View(*(torch.cat(both) for both in zip(seen, unasked(seen), strict=True)))
        vector = self.player.trunk(seen, self.memory)  # (1, 1, D), guided (2, 1, D)
        foretold = self.player.foretell(vector[:1])
        roots = torch.softmax(foretold.root[0, 0], -1)  # (AHEAD, ROOTS)
        qualities = foretold.quality[0, 0].argmax(-1).tolist()
        sure, root = roots.max(-1)
        if self.past.unnamed:
            sure = sure * self.unheard
        chords = [
            (NO_ROOT if number == NO_ROOT else (number + self.past.root) % 12, quality, share)
            for number, quality, share in zip(root.tolist(), qualities, sure.tolist(), strict=True)
        ]
        return vector[:, 0], chords

    def _listened(self, ask: Ask) -> Past:
        """The past with the slot that was just heard: its chord, its pitch classes."""
        before = self.past
        sums = np.zeros((len(view.DECAYS), 2, 12), np.float32) if before.sums is None else before.sums
        sums = sums * np.array(view.DECAYS, np.float32)[:, None, None]
        struck = [*(pitch for pitch, _, _ in ask.struck), *ask.missed]
        for pitch in struck:
            sums[:, 0, pitch % 12] += 1.0
        lowest = min(struck, default=NO_PITCH)
        if lowest < 55:
            sums[:, 1, lowest % 12] += 1.0
        named = (ask.root, quality_index(ask.quality)) if ask.heard else (NO_ROOT, NO_QUALITY)
        root = named[0] if ask.heard else int(view.tonic(torch.from_numpy(sums[-1, 0])))
        age = 0 if root != before.root or before.slot == 0 else before.age + 1
        chords = (*before.chords, named)[-REMEMBERED:] if before.slot else ()
        unnamed = 0 if ask.heard else before.unnamed + 1
        return Past(before.slot + 1, chords, root, named[1], age, unnamed, sums)

    def _seen(self, ask: Ask) -> View:
        """The ask as the network sees it, (1, 1) in front of everything."""
        past = self.past
        quality = past.quality
        root = torch.tensor([[past.root]])
        struck = _table(((0, place, pitch, touch, 0, 0) for pitch, place, touch in ask.struck), view.BEGUN)
        own = _table(ask.own, view.OWN)
        tied = torch.full((1, 1, view.TIED), NO_PITCH)
        for place, pitch in enumerate(ask.tied[: view.TIED]):
            tied[0, 0, place] = pitch
        assert past.sums is not None
        chroma = torch.from_numpy(past.sums.reshape(1, 1, -1, 12))
        roots, qualities = self._known(ask)
        styles = [style_number(ask.style) if ask.style else len(STYLES)]
        styles.append(style_number(ask.blend_style) if ask.blend_style else styles[0])
        return View(
            view.seen_notes(struck, root), view.from_root(tied, root),
            view.own_notes(own, root, torch.tensor([[quality]])),
            view.chroma_from_root(chroma, root), self._marks(ask, quality),
            torch.tensor([[styles]]), torch.tensor([[ask.blend]]),
            *view.ahead(torch.tensor([[roots]]), torch.tensor([[qualities]]), root),
        )  # fmt: skip

    def _marks(self, ask: Ask, quality: int) -> Tensor:
        past = self.past
        before = self._before[-1].root if self._before else 0
        numbers = {
            "quality": quality, "heard": 1 + ask.heard, "root": past.root + 1,
            "move": (past.root - before) % 12 + 1, "age": int(view.age_class(torch.tensor(past.age))),
            "place": ask.place + 1, "bar": ask.bar_slots + view.COMPOUND * ask.compound,
            "phrase": ask.phrase, "figure": view.FIGURES.get(ask.figure, 0), "section": ask.section,
            "energy": _class(ask.energy, 8), "tension": _class(ask.tension, 5),
            "tempo": int(view.tempo_class(torch.tensor(ask.bpm))),
        }  # fmt: skip
        for part, density in zip(PARTS, ask.densities, strict=True):
            numbers[f"density/{part}"] = _density(density)
        return torch.tensor([[[view.FIRST[name] + numbers[name] for name in view.MARKS]]])

    def _known(self, ask: Ask) -> tuple[list[int], list[int]]:
        """The chords that followed one, two, four and eight bars ago, and the chart's."""
        roots, qualities = [], []
        chords = self.past.chords
        for lag in LAGS:
            back = lag * ask.bar_slots
            for step in range(-1, AHEAD - 1):
                place = len(chords) + step - back  # the newest chord is that of the slot before
                known = step < back and 0 <= place < len(chords)
                roots.append(chords[place][0] if known else view.UNKNOWN_ROOT)
                qualities.append(chords[place][1] if known else view.UNKNOWN_QUALITY)
        charted = [_numbers(name) for name in ask.chart[:AHEAD]]
        charted += [(view.UNKNOWN_ROOT, view.UNKNOWN_QUALITY)] * (AHEAD - len(charted))
        return [*roots, *(root for root, _ in charted)], [*qualities, *(quality for _, quality in charted)]

    # -------------------------------------------------------------- writing

    def _phrase(self, ask: Ask, vector: Tensor, chords: list[tuple[int, int, float]], rung: str) -> Phrase:
        chance = torch.Generator().manual_seed(
            (self.seed * 1_000_003 + round(ask.beat * 2) * 7919 + ask.again * 104_729) % (1 << 62)
        )
        forbidden = torch.zeros(END + 1)
        for part, density in enumerate(ask.densities):
            if density == OFF_DENSITY:
                forbidden[part * view.PLACES : (part + 1) * view.PLACES] = -torch.inf
        heat, top = CALM + (WILD - CALM) * ask.wild, TOP_CALM + (TOP_WILD - TOP_CALM) * ask.wild
        notes = tuple(
            (
                where // view.PLACES, where % view.PLACES, degree, touch // 8 * 16 + 8,
                int(grid.LENGTHS[touch % 8]), offset - grid.OFFSETS // 2,
            )
            for where, degree, touch, offset in self.player.write(
                vector, chance, heat, top, forbidden, PITCHED * heat, guided=self.guided
            )
        )  # fmt: skip
        named = tuple(
            ("" if root == NO_ROOT else f"{root}:{_colour(quality)}", round(share, 4))
            for root, quality, share in chords
        )
        return Phrase(0.0, ask.beat, rung, notes, named, ask.number)


OFF_DENSITY = -1.0


def unasked(seen: View) -> View:
    """The same slot without anybody's wishes: no style, no energy, no densities; who is off stays off."""
    marks = seen.marks.clone()
    for number, name in enumerate(view.MARKS):
        if name == "energy":
            marks[..., number] = view.FIRST[name]
        elif name.startswith("density/"):
            off = marks[..., number] == view.FIRST[name] + view.OFF
            marks[..., number] = torch.where(off, marks[..., number], view.FIRST[name])
    style = torch.full_like(seen.style, len(STYLES))
    return seen._replace(marks=marks, style=style, blend=torch.zeros_like(seen.blend))


def following(ask: Ask, phrase: Phrase) -> Ask:
    """The next slot's ask if nothing new were heard; the band's notes lie over the chord foretold."""
    name = phrase.chords[1][0]
    number, colour = _numbers(name) if name else (0, NO_QUALITY)
    believed = (number, QUALITIES[colour]) if name and colour < NO_QUALITY else (ask.root, ask.quality)
    own = []
    for part, place, degree, velocity, ticks, offset in phrase.notes:
        pitch = degree if part == 0 else int(grid.pitch_of(degree, number, colour))
        length = int(grid.length_class(np.array(ticks)))
        own.append((part, place, pitch, velocity // 16, length, offset + grid.OFFSETS // 2))
    last = ask.place + 1 >= ask.bar_slots
    return replace(
        ask, beat=ask.beat + 0.5, place=0 if last else ask.place + 1, struck=(), missed=(), own=tuple(own),
        tied=tuple(sorted({*ask.tied, *(pitch for pitch, _, _ in ask.struck)})), heard=ask.heard,
        root=believed[0], quality=believed[1],
        phrase=ask.phrase % 8 + 1 if last and ask.phrase else ask.phrase, chart=ask.chart[1:],
    )  # fmt: skip


def _numbers(name: str) -> tuple[int, int]:
    """The model's root and quality of a chord that is named as in `7:m7`; an empty name is no chord."""
    root, _, quality = name.partition(":")
    return (int(root), quality_index(quality)) if name else (NO_ROOT, NO_QUALITY)


def _table(notes: Iterable[Sequence[int]], most: int) -> Tensor:
    """Notes as a table (1, 1, most, 6), padded."""
    found = torch.zeros(1, 1, most, 6, dtype=torch.long)
    found[..., 2] = NO_PITCH
    rows = torch.tensor([list(note) for note in notes][:most], dtype=torch.long)
    if len(rows):
        found[0, 0, : len(rows)] = rows
    return found


def _class(value: float | None, classes: int, first: int = 1) -> int:
    """0..1 as one of some classes; None is 0, not said."""
    return 0 if value is None else first + min(int(max(value, 0.0) * classes), classes - 1)


def _density(asked: float) -> int:
    """A part's density as the network is told it: the middle isn't said, and so left to the style."""
    if asked == OFF_DENSITY:
        return view.OFF
    told = _class(asked, view.DENSITIES, first=2)
    return 0 if told == 2 + view.DENSITIES // 2 else told


def _colour(quality: int) -> str:
    return QUALITIES[quality] if quality < len(QUALITIES) else ""
