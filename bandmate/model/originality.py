"""How much of what the band played was heard before: runs of notes shared with the training songs.

A line is a part's notes one at a time (the lowest of a bass, the highest of the others); a step is the
interval from the note before and the time between them, so that transposing changes nothing. Eight steps are
a gram; the index is a Bloom filter over the grams of the training set, small enough to ship. Numpy only.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandmate.errors import BadFile
from bandmate.events import PARTS
from bandmate.model import corpus
from bandmate.model.grid import BEAT_TICKS, SLOT_TICKS, Array
from bandmate.timing import beats_of_ticks

GRAM = 8  # steps
BITS = 1 << 25
PROBES = 4
NO_GAP_S = 0.03  # closer together is one stroke
LONGEST_TICKS = 4 * BEAT_TICKS  # longer gaps count as this
PRIMES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
DRUMS, BASS = 0, 1
FILE = "originality.npz"
ACCOMPANIED = tuple(corpus.MMA_TAKES)  # sources whose bands are MMA's and the understudy's

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Found:
    """What is shared: notes in all, those in runs of GRAM steps and more, and the longest run."""

    notes: int
    shared: int
    longest: int

    @property
    def share(self) -> float:
        """The part of the notes that lie in shared runs."""
        return self.shared / self.notes if self.notes else 0.0


def line(ticks: Array, pitches: Array, lowest: bool = False) -> Array:
    """(tick, pitch) of a line, one note at a time."""
    order = np.lexsort((pitches if lowest else -pitches, ticks))
    ticks, pitches = ticks[order], pitches[order]
    first = np.concatenate(([True], ticks[1:] != ticks[:-1])) if len(ticks) else np.zeros(0, bool)
    return np.stack((ticks[first], pitches[first]), 1)


def grams(notes: Array) -> Words:
    """The grams of a line of (tick, pitch): one for each note from the GRAM-th step on."""
    if len(notes) <= GRAM:
        return np.zeros(0, np.uint64)
    steps = np.diff(notes, axis=0)
    words = (np.clip(steps[:, 1], -24, 24) + 24) * 64 + np.clip(steps[:, 0], 0, LONGEST_TICKS)
    found = np.zeros(len(words) - GRAM + 1, np.uint64)
    with np.errstate(over="ignore"):
        for place in range(GRAM):
            part = words[place : len(words) - GRAM + 1 + place].astype(np.uint64)
            found = (found ^ (part + np.uint64(place + 1))) * np.uint64(PRIMES[0])
            found ^= found >> np.uint64(29)
    return found


class Index:
    """The grams of a training set."""

    def __init__(self, bits: NDArray[np.uint8] | None = None, about: dict[str, float] | None = None) -> None:
        self.bits = np.zeros(BITS // 8, np.uint8) if bits is None else bits
        self.about = about or {}  # the baseline: what unrelated real songs share with it

    def add(self, found: Words) -> None:
        """Remember grams."""
        for place in _places(found):
            np.bitwise_or.at(self.bits, place >> 3, (1 << (place & 7)).astype(np.uint8))

    def knows(self, found: Words) -> NDArray[np.bool_]:
        """Which grams are known; a few in a thousand are believed known wrongly."""
        known = np.ones(len(found), bool)
        for place in _places(found):
            known &= (self.bits[place >> 3] >> (place & 7)) & 1 == 1
        return known

    def measure(self, lines: Iterable[Array]) -> Found:
        """How much of some lines was heard before."""
        notes = shared = longest = 0
        for each in lines:
            notes += len(each)
            marked = np.zeros(len(each), bool)
            run = 0
            for place, known in enumerate(self.knows(grams(each)).tolist()):
                run = run + 1 if known else 0
                if known:
                    marked[place : place + GRAM + 1] = True
                    longest = max(longest, run + GRAM)
            shared += int(marked.sum())
        return Found(notes, shared, longest)

    def save(self, path: Path) -> None:
        """Write it."""
        raw = io.BytesIO()
        plain: dict[str, Any] = {key: np.array(value) for key, value in self.about.items()}
        np.savez_compressed(raw, bits=self.bits, **plain)
        path.write_bytes(raw.getvalue())

    @classmethod
    def load(cls, path: Path) -> Index:
        """Read it; raises BadFile."""
        try:
            with np.load(path, allow_pickle=False) as found:
                about = {key: float(found[key]) for key in found.files if key != "bits"}
                return cls(found["bits"], about)
        except (OSError, ValueError, KeyError) as error:
            raise BadFile(f"{path}: no index of the training songs ({error}); see models/README.md") from None


def _places(found: Words) -> Iterable[Array]:
    with np.errstate(over="ignore"):
        for prime in PRIMES:
            yield ((found * np.uint64(prime)) >> np.uint64(64 - 25)).astype(np.int64)


def lines_of(columns: dict[str, Any], name: str) -> Iterable[Array]:
    """The lines of a corpus: its performers', or (`band`) those of the bands that came with their songs.

    What MMA and the understudy play over a chart is nobody's tune, and left out.
    """
    counts = columns[f"{name}_count"]
    ends = np.cumsum(counts)
    sources = [source for _, source, _ in corpus.songs_of(columns)]
    for number, (begin, end) in enumerate(zip(ends - counts, ends, strict=True)):
        if name == "band" and sources[columns["take_song"][number]] in ACCOMPANIED:
            continue
        ticks = np.cumsum(columns[f"{name}_step"][begin:end].astype(np.int64)) * SLOT_TICKS
        both = columns[f"{name}_place"][begin:end].astype(np.int64)
        pitches = columns[f"{name}_pitch"][begin:end].astype(np.int64)
        ticks, parts = ticks + both % SLOT_TICKS, both // SLOT_TICKS
        for part in np.unique(parts).tolist():
            if name == "band" and part == DRUMS:
                continue
            yield line(ticks[parts == part], pitches[parts == part], name == "band" and part == BASS)


def index_of(folder: Path, baseline: Sequence[Array] = ()) -> Index:
    """The index of a corpus; `baseline` are lines of real songs that are not in it."""
    columns = corpus.load(folder)
    found = Index()
    for name in ("performer", "band"):
        words = [grams(each) for each in lines_of(columns, name)]
        found.add(np.unique(np.concatenate(words)) if words else np.zeros(0, np.uint64))
    measured = found.measure(baseline)
    found.about = {
        "baseline_share": measured.share, "baseline_longest": measured.longest,
        "baseline_notes": measured.notes, "filled": float(np.unpackbits(found.bits).mean()),
    }  # fmt: skip
    return found


def real_lines(data: Path, names: Sequence[str]) -> list[Array]:
    """The melodies of real songs that no model learned from: the baseline."""
    from bandmate.model import pop909
    from bandmate.model.grid import MELODY
    from bandmate.model.songs import Unusable

    found = []
    for name in names:
        with contextlib.suppress(Unusable):
            notes = pop909.read(data, name).performer[MELODY]
            found.append(line(notes[:, 1], notes[:, 3]))
    return found


def lines_of_notes(notes: Sequence[tuple[str, float, int]]) -> list[Array]:
    """The lines of what a band played: (part, second, pitch); its commonest gap counts as an eighth."""
    found = []
    for part in sorted({part for part, _, _ in notes} - {PARTS[DRUMS]}):
        own = np.array([(on_s, pitch) for name, on_s, pitch in notes if name == part])
        gaps_s = np.diff(np.unique(np.round(own[:, 0], 2)))
        step_s = float(np.median(gaps_s[gaps_s > NO_GAP_S])) if (gaps_s > NO_GAP_S).any() else 1.0
        ticks = np.round(own[:, 0] / step_s * SLOT_TICKS).astype(np.int64)
        found.append(line(ticks, own[:, 1].astype(np.int64), part == PARTS[BASS]))
    return found


def lines_of_midi(path: Path) -> list[Array]:
    """The lines of a rehearsal's `band.mid`: a track a part; raises BadFile."""
    import mido

    try:
        song = mido.MidiFile(path)
    except (OSError, EOFError, ValueError) as error:
        raise BadFile(f"{path} cannot be read as MIDI ({error}); give band.mid or a take") from None
    found = []
    for track in song.tracks:
        if track.name not in PARTS or track.name == PARTS[DRUMS]:
            continue
        rows, tick = [], 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                rows.append((round(beats_of_ticks(tick, song.ticks_per_beat) * BEAT_TICKS), message.note))
        own = np.array(rows, np.int64).reshape(-1, 2)
        found.append(line(own[:, 0], own[:, 1], track.name == PARTS[BASS]))
    return found
