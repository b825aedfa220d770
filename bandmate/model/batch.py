"""Windows of the corpus as a band would meet them live: the past only, and less than perfect.

The performer misses, comes late, rests, plays without roots or a melody alone; the listener's chord is late,
wrong or missing; the band's own past has slips. Targets are clean. All of it is drawn and done for a whole
batch at once, on the device. Training process.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bandmate.events import PARTS
from bandmate.model import grid, shelf, view
from bandmate.model.net import ROOTS
from bandmate.model.shelf import Shelf
from bandmate.model.styles import STYLES
from bandmate.model.view import AHEAD, LAGS, Notes, View

SLOTS = 256  # of a window
PAST = 8 * 12  # slots of chords that the loop's memory may look back
SPAN = 32  # slots over which the performer keeps to a way of playing

# The listener under everything, under a hand without roots, under a melody, and in a rest. Measured on the
# listening room with POP909's pianists: wrong in 0.2, 0.45 and 0.75 of what it names, a step, a third or a
# fifth away; under a melody it mostly names nothing.
WRONG = (0.14, 0.42, 0.72, 0.15)
MISREAD = (0.3, 0.6, 0.8, 0.3)  # the root is right, its colour isn't
LATE = (0.05, 0.08, 0.08, 0.05)  # by a slot; half as often by two
NAMED = (0.995, 0.99, 0.43, 0.6)
MOVES = (2, 2, 2, 7, 7, 7, 7, 9, 9, 9, 4, 4, 3, 3, 5, 5, 8, 8, 1, 10, 11)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is seen, and what is to be learned from it."""

    seen: View
    notes: Notes  # (B, S, OWN)
    inside: Tensor  # (B, S) the song is still going on
    root: Tensor  # (B, S, AHEAD) from the believed root
    quality: Tensor  # (B, S, AHEAD)
    chord_counts: Tensor  # (B, S, AHEAD) there is a chord to be known
    classes: Tensor  # (B, S, 12) what the performer strikes in this slot
    classes_count: Tensor  # (B, S)
    boundary: Tensor  # (B, S) the next bar is a fill
    trend: Tensor  # (B, S) 0 emptier, 1 alike, 2 fuller
    performed: Tensor  # (B, S)


class Drawer:
    """Draws batches of a shelf with its own source of chance, so that a seed gives the same training."""

    def __init__(self, shelf_: Shelf, seed: int, slots: int = SLOTS) -> None:
        self.shelf, self.slots = shelf_, slots
        self.device = shelf_.band.device
        self.chance = torch.Generator(device=self.device).manual_seed(seed)

    def batch(self, rows: Tensor) -> Batch:
        """A window of each of some rows of `shelf.takes`, from a place that is drawn."""
        songs = len(rows)
        start = self._starts(rows)
        at = start[:, None] + torch.arange(self.slots, device=self.device)  # (B, S)
        inside = at < rows[:, shelf.SLOTS, None]
        kept = at.clamp(max=(rows[:, shelf.SLOTS] - 1)[:, None])
        song_slot, take_slot = rows[:, shelf.SONG_AT, None] + kept, rows[:, shelf.BAND_AT, None] + kept
        mode = self._modes(songs)  # (B, S): 0 everything, 1 no low notes and no roots, 2 melody, 3 silence
        true_root, true_quality = self._chords(rows, start)
        heard_root, heard_quality = self._heard(true_root, true_quality, mode)
        struck, tied = self._performer(song_slot, inside, mode, rows, true_root[:, PAST : PAST + self.slots])
        sums = self._sums(struck)
        root, quality, named = self._believed(heard_root, heard_quality, mode, view.tonic(sums[:, :, -2]))
        band, parts = self._band(take_slot, inside, rows)
        now_root = carried(true_root)[:, PAST : PAST + self.slots]
        now_quality = true_quality[:, PAST : PAST + self.slots]
        frame = (root, quality)
        seen = View(
            view.seen_notes(self._dirty(before(struck, empty=True)), root),
            view.from_root(before(tied[..., None], empty=True)[..., 0], root),
            self._own(band, (now_root, now_quality), frame),
            view.chroma_from_root(sums, root),
            self._marks(frame, named, at, rows, take_slot, parts),
            *self._style(rows),
            *self._ahead(heard_root, heard_quality, true_root, true_quality, root, rows, at),
        )
        return Batch(
            seen, view.written(_packed(band), now_root, now_quality), inside,
            *self._chord_targets(true_root, true_quality, root, rows, inside),
            struck_now(struck, root), inside & (mode != 3),
            *self._outlook(take_slot, struck), (rows[:, shelf.PERFORMED, None] > 0).expand_as(inside),
        )  # fmt: skip

    # -------------------------------------------------------------- chance

    def _draw(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.chance, device=self.device)

    def _number(self, below: int, *shape: int) -> Tensor:
        return torch.randint(0, below, shape, generator=self.chance, device=self.device)

    def _blocks(self, songs: int, slots: int, length: int) -> Tensor:
        """Draws that stay for some slots (B, slots), the blocks' bounds elsewhere in each song."""
        drawn = self._draw(songs, slots // length + 2)
        place = torch.arange(slots, device=self.device) + self._number(length, songs, 1)
        return drawn.gather(1, place // length)

    def _starts(self, rows: Tensor) -> Tensor:
        """Where each window begins: on a bar line, one in six at the very beginning."""
        bars = ((rows[:, shelf.SLOTS] - self.slots).clamp(min=0) // rows[:, shelf.BAR]) + 1
        start = (self._draw(len(rows)) * bars).long() * rows[:, shelf.BAR]
        return start * (self._draw(len(rows)) > 1 / 6)

    def _modes(self, songs: int) -> Tensor:
        """How much of the performer is heard, in spans."""
        kind = self._draw(songs, 1)
        drawn = self._blocks(songs, self.slots, SPAN)
        stripped = (drawn < 0.5).long()  # in two fifths of the time, with the share of songs below
        mode = torch.where(kind < 0.20, 2, torch.where(kind < 0.92, stripped, 0)) + torch.zeros_like(stripped)
        resting = self._blocks(songs, self.slots, 24) < 0.05
        return torch.where(resting | (kind > 0.97), 3, mode)

    # -------------------------------------------------------------- chords

    def _chords(self, rows: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """The true chords from PAST slots before the window to AHEAD after it (B, W)."""
        at = start[:, None] + torch.arange(-PAST, self.slots + AHEAD, device=self.device)
        kept = at.clamp(min=0).minimum((rows[:, shelf.SLOTS] - 1)[:, None])
        chord = self.shelf.chord[rows[:, shelf.SONG_AT, None] + kept].long()
        outside = (at < 0) | (at >= rows[:, shelf.SLOTS, None])
        return (
            torch.where(outside, grid.NO_ROOT, chord[..., 0]),
            torch.where(outside, grid.NO_QUALITY, chord[..., 1]),
        )

    def _heard(self, root: Tensor, quality: Tensor, mode: Tensor) -> tuple[Tensor, Tensor]:
        """What the listener makes of the chords: wrong now and then, and at times nothing at all (B, W)."""
        songs, width = root.shape
        everywhere = torch.cat((mode[:, :1].expand(-1, PAST), mode, mode[:, -1:].expand(-1, AHEAD)), 1)
        wrong = self._blocks(songs, width, 6) < self._of(WRONG)[everywhere]
        moves = torch.tensor(MOVES, device=self.device)
        step = moves[(self._blocks(songs, width, 6) * len(MOVES)).long().clamp(max=len(MOVES) - 1)]
        real = root < grid.NO_ROOT
        found = torch.where(wrong & real, (root + step) % 12, root)
        other = (self._blocks(songs, width, 5) * 8).long()  # one of the common colours
        misread = (self._blocks(songs, width, 4) < self._of(MISREAD)[everywhere]) & real
        named = (self._blocks(songs, width, 40) < self._of(NAMED)[everywhere]) & real
        quality = torch.where(misread, other, quality)
        return torch.where(named, found, grid.NO_ROOT), torch.where(named, quality, grid.NO_QUALITY)

    def _believed(
        self, root: Tensor, quality: Tensor, mode: Tensor, tonic: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The chord that is believed as each slot is decided, and whether the listener named it (B, S).

        It comes late at times. Where nobody names one, everything is seen from the tonic.
        """
        songs = len(root)
        late = (self._blocks(songs, self.slots, 4) < self._of(LATE)[mode]).long()
        late = late + (self._blocks(songs, self.slots, 4) < 0.5 * self._of(LATE)[mode])
        at = torch.arange(self.slots, device=self.device) + PAST - 1 - late
        found = root.gather(1, at)
        named = found < grid.NO_ROOT
        return torch.where(named, found, tonic), quality.gather(1, at), named

    def _of(self, shares: tuple[float, ...]) -> Tensor:
        return torch.tensor(shares, device=self.device)

    def _ahead(
        self, heard_root: Tensor, heard_quality: Tensor, root: Tensor, quality: Tensor, frame: Tensor,
        rows: Tensor, at: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The chords that followed one, two, four and eight bars ago, and those of a chart."""
        songs = len(rows)
        here = torch.arange(self.slots, device=self.device)[None, :, None] + PAST
        steps = torch.arange(-1, AHEAD - 1, device=self.device)
        roots, qualities = [], []
        for lag in LAGS:
            back = lag * rows[:, shelf.BAR, None, None]
            known = (steps < back) & (at[..., None] + steps - back >= 0)
            place = (here + steps - back).clamp(min=0).flatten(1)
            roots.append(torch.where(known, heard_root.gather(1, place).view(known.shape), view.UNKNOWN_ROOT))
            qualities.append(
                torch.where(known, heard_quality.gather(1, place).view(known.shape), view.UNKNOWN_QUALITY)
            )
        charted = (self._draw(songs, 1, 1) < 0.2).expand(songs, self.slots, AHEAD)
        place = (here + steps).expand(songs, -1, -1).flatten(1)
        roots.append(torch.where(charted, root.gather(1, place).view(charted.shape), view.UNKNOWN_ROOT))
        qualities.append(
            torch.where(charted, quality.gather(1, place).view(charted.shape), view.UNKNOWN_QUALITY)
        )
        return view.ahead(torch.cat(roots, -1), torch.cat(qualities, -1), frame)

    def _chord_targets(
        self, root: Tensor, quality: Tensor, frame: Tensor, rows: Tensor, inside: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The true chords from the slot just heard on, seen from the believed root."""
        songs = len(rows)
        here = (
            torch.arange(self.slots, device=self.device)[:, None]
            + PAST
            + torch.arange(-1, AHEAD - 1, device=self.device)
        )
        place = here.expand(songs, -1, -1).flatten(1)
        roots = root.gather(1, place).view(songs, self.slots, AHEAD)
        qualities = quality.gather(1, place).view(songs, self.slots, AHEAD)
        counts = inside[..., None] & (roots < grid.NO_ROOT) & (rows[:, shelf.HAS_CHORDS, None, None] > 0)
        return torch.where(roots < 12, (roots - frame[..., None]) % 12, ROOTS - 1), qualities, counts

    # -------------------------------------------------------------- the performer

    def _performer(
        self, slot: Tensor, inside: Tensor, mode: Tensor, rows: Tensor, root: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What is struck (B, S, BEGUN, 6) and rings on (B, S, TIED) in each slot, less what is left out."""
        struck, tied = self.shelf.struck[slot].long(), self.shelf.tied[slot].long()  # (B, S, ROLES, n, ..)
        alone = self._draw(len(rows), 1)[..., None, None]  # the piano without the melody, or both
        melody_out = (
            (mode == 3)[..., None] | ~inside[..., None] | ((alone[..., 0] < 0.3) & (mode < 2)[..., None])
        )
        piano_out = (mode >= 2)[..., None] | ~inside[..., None]
        lone_voice = (self.shelf.struck[slot][:, :, grid.MELODY, :, 2] != grid.NO_PITCH).flatten(1).any(1)
        has_piano = (self.shelf.struck[slot][:, :, grid.PIANO, :, 2] != grid.NO_PITCH).flatten(1).any(1)
        piano_out = (
            piano_out & ~((mode == 2) & ~lone_voice[:, None] & inside)[..., None]
        )  # an instrumental has but the one
        melody_out = melody_out & ~((mode < 2) & ~has_piano[:, None] & inside)[..., None]
        stripped = (mode == 1)[..., None]
        pitches = []
        for sounding in (struck[..., 2], tied):
            found = []
            for role, out in ((grid.MELODY, melody_out), (grid.PIANO, piano_out)):
                pitch = sounding[:, :, role]
                low = stripped & ((pitch < 48) | (pitch % 12 == root[..., None])) & (role == grid.PIANO)
                found.append(torch.where(out | low, grid.NO_PITCH, pitch))
            pitches.append(torch.cat(found, -1))
        both = struck.flatten(2, 3)
        both[..., 2] = pitches[0]
        order = pitches[0].argsort(-1)[..., : view.BEGUN]
        ringing = pitches[1].sort(-1).values[..., : view.TIED]
        return both.gather(2, order[..., None].expand(-1, -1, -1, 6)), ringing

    def _dirty(self, struck: Tensor) -> Tensor:
        """Wrong keys, missed ones, notes too fresh to have been heard, even touch."""
        songs, slots, most = struck.shape[:3]
        pitch = struck[..., 2]
        real = pitch != grid.NO_PITCH
        wrong = self._draw(songs, slots, most) < 0.05 * (self._draw(songs, 1, 1) < 0.5)
        slip = torch.where(
            wrong & real, (pitch + 2 * self._number(2, songs, slots, most) - 1).clamp(0, 127), pitch
        )
        missed = self._draw(songs, slots, most) < 0.03
        fresh = (struck[..., 1] >= 4 + self._number(2, songs, 1, 1)) & (self._draw(songs, 1, 1) < 0.7)
        struck = struck.clone()
        struck[..., 2] = torch.where(real & (missed | fresh), grid.NO_PITCH, slip)
        struck[..., 3] = torch.where(self._draw(songs, 1, 1) < 0.1, 5, struck[..., 3])
        return struck

    def _sums(self, struck: Tensor) -> Tensor:
        """What sounded lately (B, S, decays * 2, 12): fading sums of what was struck before each slot."""
        struck_ = before(view.struck_classes(struck))  # (B, S, 2, 12)
        apart = torch.arange(self.slots, device=self.device)
        apart = apart[:, None] - apart
        sums = [
            torch.einsum(
                "st,btkc->bskc", torch.where(apart >= 0, decay ** apart.clamp(min=0).float(), 0.0), struck_
            )
            for decay in view.DECAYS
        ]
        return torch.cat(sums, 2)

    # -------------------------------------------------------------- the band

    def _band(self, slot: Tensor, inside: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The band's notes (B, S, OWN, 6), some players sent home, and who is left (B, PARTS)."""
        band = self.shelf.band[slot].long()
        there = (rows[:, shelf.PARTS_ON, None] >> torch.arange(len(PARTS), device=self.device)) & 1
        home = self._draw(len(rows), len(PARTS)) < 0.15
        parts = (there > 0) & ~home
        parts = torch.where(parts.any(1, keepdim=True), parts, there > 0)
        playing = parts[:, None].expand(-1, self.slots, -1).gather(2, band[..., 0])
        band[..., 2] = torch.where(playing & inside[..., None], band[..., 2], grid.NO_PITCH)
        return band, parts

    def _own(self, band: Tensor, true: tuple[Tensor, Tensor], frame: tuple[Tensor, Tensor]) -> Tensor:
        """The band's slot before, as it was bound then and as it is seen now, with slips of its own."""
        songs = len(band)
        drums = band[..., 0] == 0
        late = self._draw(songs, 1) < 0.3  # bound to what was believed, not to how it turned out
        degree = view.degrees(band[..., 2], *true, drums)
        root, quality = torch.where(late, frame[0], true[0]), torch.where(late, frame[1], true[1])
        pitch = view.pitches(degree, root, quality, drums)
        slots, most = pitch.shape[1:]
        lost = (self._draw(songs, slots, most) < 0.04) | (self._draw(songs, slots, 1) < 0.02)
        slipped = (self._draw(songs, slots, most) < 0.02) & ~drums & (pitch != grid.NO_PITCH)
        pitch = torch.where(slipped, (pitch + self._number(5, songs, slots, most) - 2).clamp(0, 127), pitch)
        notes = band.clone()
        notes[..., 2] = torch.where(lost, grid.NO_PITCH, pitch)
        return view.own_notes(before(notes, empty=True), *frame)

    def _style(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The style, at times unsaid; on the stage two may be blended."""
        songs = len(rows)
        any_ = torch.full((songs, 1), len(STYLES), device=self.device)
        style = torch.where(self._draw(songs, 1) < 0.12, any_, rows[:, shelf.STYLE, None])
        both = style[..., None].expand(-1, self.slots, 2)
        return both, torch.zeros(songs, self.slots, device=self.device)

    def _marks(
        self,
        frame: tuple[Tensor, Tensor],
        named: Tensor,
        at: Tensor,
        rows: Tensor,
        slot: Tensor,
        parts: Tensor,
    ) -> Tensor:
        """Everything that marks a slot (B, S, MARKS), each kind left unsaid in some songs."""
        root, quality = frame
        bar = rows[:, shelf.BAR, None]
        changed = torch.cat((torch.ones_like(root[:, :1], dtype=torch.bool), root[:, 1:] != root[:, :-1]), 1)
        count = torch.arange(root.shape[1], device=self.device).expand_as(root)
        age = count - torch.where(changed, count, 0).cummax(1).values
        move = (root - before(root)) % 12 + 1
        measured = self.shelf.measured[slot].long()  # (B, S, 10)
        figure = measured[..., 9]
        counted = bar + view.COMPOUND * rows[:, shelf.COMPOUND, None]
        marks = {
            "quality": quality, "heard": 1 + named.long(), "root": root + 1, "move": move,
            "age": view.age_class(age), "place": at % bar + 1, "bar": counted.expand_as(at),
            "phrase": self._said(at // bar % 8 + 1, 0.3), "figure": self._said(figure, 0.1),
            "section": self._said(measured[..., 8], 0.2),
            "energy": self._said(measured[..., 6], 0.2), "tension": self._said(measured[..., 7], 0.4),
            "tempo": self._said(rows[:, shelf.TEMPO, None].expand_as(at), 0.1),
        }  # fmt: skip
        for number, part in enumerate(PARTS):
            density = torch.where(parts[:, number, None], measured[..., number], view.OFF)
            unsaid = self._said(density, 0.3)
            marks[f"density/{part}"] = torch.where(parts[:, number, None], unsaid, view.OFF)
        return torch.stack([view.mark(name, marks[name]) for name in view.MARKS], -1)

    def _said(self, number: Tensor, unsaid: float) -> Tensor:
        return number * (self._draw(len(number), 1) >= unsaid)

    # -------------------------------------------------------------- the outlook

    def _outlook(self, slot: Tensor, struck: Tensor) -> tuple[Tensor, Tensor]:
        """Whether a fill comes eight slots on, and if the performer's next eight are emptier or fuller."""
        figure = self.shelf.measured[slot][..., 9]
        later = torch.cat((figure[:, 8:], figure[:, -1:].expand(-1, 8)), 1)
        busy = (struck[..., 2] != grid.NO_PITCH).sum(-1).float().cumsum(1)  # (B, S)
        padded = torch.cat((torch.zeros_like(busy[:, :8]), busy, busy[:, -1:].expand(-1, 8)), 1)
        sooner = torch.cat((torch.zeros_like(busy[:, :8]), padded[:, 7 : self.slots - 1]), 1)
        past = padded[:, 7 : 7 + self.slots] - sooner
        coming = padded[:, 15 : 15 + self.slots] - padded[:, 7 : 7 + self.slots]
        trend = 1 + (coming > 1.4 * past + 1).long() - (coming < past / 1.4 - 1).long()
        return (later == shelf.FILL).float(), trend


def before(values: Tensor, empty: bool = False) -> Tensor:
    """Everything one slot later: what is known as a slot is decided. `empty`: they are notes."""
    first = torch.zeros_like(values[:, :1])
    if empty:
        first[..., min(2, values.shape[-1] - 1)] = grid.NO_PITCH
    return torch.cat((first, values[:, :-1]), 1)


def carried(root: Tensor) -> Tensor:
    """Roots where none is named take the last one that was (0 before the first)."""
    real = root < grid.NO_ROOT
    places = torch.arange(root.shape[1], device=root.device).expand_as(root)
    last = torch.where(real, places, 0).cummax(1).values
    return torch.where(real.gather(1, last), root.gather(1, last), 0)


def struck_now(struck: Tensor, root: Tensor) -> Tensor:
    """Which pitch classes are struck in a slot, 0 or 1, from the believed root on (B, S, 12)."""
    return (view.chroma_from_root(view.struck_classes(struck)[..., :1, :], root) > 0).float()


def _packed(notes: Tensor) -> Tensor:
    """Notes first, padding after, their order kept."""
    order = (notes[..., 2] == grid.NO_PITCH).long().argsort(dim=-1, stable=True)
    return notes.gather(2, order[..., None].expand_as(notes))
