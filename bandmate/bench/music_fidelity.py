"""Control fidelity: does the band do what it is asked? Density, energy, style, and a blend of two styles.

A knob goes through five values while a held-out pianist plays the same bars; what is asked and what is
measured are compared by rank. Part of `bandmate bench music`; nothing is asserted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bandmate import patch as patches
from bandmate.bench.music import Listened, performer
from bandmate.bench.music_judge import PIECE_BARS, Floats, Judge, of_drums, portrait
from bandmate.bench.music_steered import Spoken, asked_in_turn, looped, play_steered, within
from bandmate.carrier import Answer
from bandmate.controls import Value
from bandmate.model.songs import Song
from bandmate.parts.style import load_style
from bandmate.patch import Patch

ORDERS = ((0.5, 0.0, 1.0, 0.25, 0.75), (0.25, 1.0, 0.5, 0.0, 0.75))  # no knob only goes up
SEGMENT_BARS = 8  # at each value,
SETTLES = {"energy": 4}  # of which so many aren't counted: energy comes within four bars,
SETTLED = 1  # everything else at once
LEAD_BARS = 2  # before a style is judged
KEYS_DENSITY = "part/keys/density"
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
PAIRS = (("pop-rock", "swing"), ("ballad", "bossa-nova"), ("disco", "blues-shuffle"))
PLAYERS = ("drums", "bass", "keys", "guitar", "pad")
BEATS = 4


def spearman(asked: Sequence[float], found: Sequence[float]) -> float | None:
    """Correlation of ranks, -1 to 1; None where one of the two doesn't change."""
    first, second = _ranks(asked), _ranks(found)
    if first.std() == 0 or second.std() == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Sequence[float]) -> Floats:
    """Each value's rank; equal ones share theirs."""
    row = np.asarray(values, float)
    return np.asarray([(row < value).sum() + ((row == value).sum() + 1) / 2 for value in row])


# ------------------------------------------------------------------ knobs


def notes_a_beat(heard: Listened, span: Spoken, parts: Sequence[str] = ()) -> float:
    """How many notes the band, or some of it, plays in a beat."""
    return len(within(heard, span, parts)) / (span.end - span.begin)


def touch(heard: Listened, span: Spoken) -> float:
    """The mean velocity of the band."""
    return float(np.mean([note.velocity for note in within(heard, span)] or [0]))


def effort(heard: Listened, span: Spoken) -> float:
    """Velocities of a beat added up: louder and busier is more."""
    return sum(note.velocity for note in within(heard, span)) / (span.end - span.begin)


def height(heard: Listened, span: Spoken) -> float:
    """The mean pitch of those who play chords."""
    return float(np.mean([note.pitch for note in within(heard, span, PLAYERS[2:])] or [0]))


MEASURES: dict[str, dict[str, Callable[[Listened, Spoken], float]]] = {
    "density": {"density": notes_a_beat},
    KEYS_DENSITY: {"keys density": lambda heard, span: notes_a_beat(heard, span, ("keys",))},
    "energy": {"energy": effort, "energy: velocity": touch, "energy: notes": notes_a_beat,
               "energy: register": height},
}  # fmt: skip


def knobs(songs: Sequence[Song], model: Answer | None, report: Callable[[str], None]) -> dict[str, Any]:
    """Spearman of each knob's values and what they did, and the measure at the ends: means over the songs."""
    found: dict[str, list[float]] = {}
    for index, song in enumerate(songs):
        for knob, measures in MEASURES.items():
            settles = SETTLES.get(knob, SETTLED)
            turns, spans = asked_in_turn(knob, ORDERS[index % len(ORDERS)], BEATS, SEGMENT_BARS, settles)
            played = looped(performer(song, "piano"), BEATS, SEGMENT_BARS * len(spans))
            heard = play_steered(song, played, {"style": "pop-rock"}, model, turns)
            for name, measure in measures.items():
                values = [measure(heard, span) for span in spans]
                row = dict(zip((span.value for span in spans), values, strict=True))
                found.setdefault(name, []).append(spearman(list(row), values) or 0.0)
                found.setdefault(f"{name} at 0", []).append(row[0.0])
                found.setdefault(f"{name} at 1", []).append(row[1.0])
            report(f"{song.name} {knob}")
    return {name: float(np.mean(values)) for name, values in found.items()}


# ------------------------------------------------------------------ styles


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bars in a style, as they were played."""

    style: str
    heard: Listened
    portrait: Floats


def full_band() -> Patch:
    """Everybody plays: a style is known by its guitar as well."""
    return replace(patches.load("bench"), parts=PLAYERS)


def common_time_styles() -> list[str]:
    """The styles of ours that are played in four."""
    return [name for name in patches.names("styles") if str(patches.load(name).meter) == "4/4"]


def piece(song: Song, style: str, model: Answer | None, params: dict[str, Value]) -> Piece:
    """A few bars at the style's own tempo, from the second phrase of its beginning on."""
    at_tempo = replace(song, bpm=load_style(style).bpm)
    bars = LEAD_BARS + PIECE_BARS
    played = looped(performer(song, "piano"), BEATS, bars)
    wanted: dict[str, Value] = {"style": style}
    wanted |= params
    heard = play_steered(at_tempo, played, wanted, model, patch=full_band())
    return Piece(style, heard, portrait_of(heard, LEAD_BARS))


def portrait_of(heard: Listened, first_bar: int) -> Floats:
    """The portrait of the band from a bar on."""
    span = Spoken(0.0, first_bar * BEATS, (first_bar + PIECE_BARS) * BEATS)
    struck = (
        (note.part, heard.beat(note.on_s) - span.begin, heard.beat(note.off_s or note.on_s)
         - heard.beat(note.on_s), note.pitch)
        for note in within(heard, span)
    )  # fmt: skip
    return portrait(struck, PIECE_BARS)


def in_styles(
    songs: Sequence[Song], styles: Iterable[str], model: Answer | None, report: Callable[[str], None]
) -> list[Piece]:
    """A piece in each style, the songs in turn."""
    found = []
    for index, style in enumerate(styles):
        found.append(piece(songs[index % len(songs)], style, model, {}))
        report(f"{style}")
    return found


def recognised(
    pieces: Sequence[Piece], bands: Judge | None, drummers: Judge | None
) -> dict[str, float | None]:  # fmt: skip
    """How often the judges name the style that was asked for, among those that they know."""
    return _named(pieces, bands, "") | _named(pieces, drummers, "drums' ")


def _named(pieces: Sequence[Piece], judge: Judge | None, whose: str) -> dict[str, float | None]:
    """What one judge says; its ceilings beside it."""
    ranks = [] if judge is None else [
        _place(judge, portrait_, piece.style) for piece in pieces if piece.style in judge.styles
        for portrait_ in (of_drums(piece.portrait) if whose else piece.portrait,)
    ]  # fmt: skip
    return {
        f"{whose}styles": len(ranks), f"{whose}top-1": _share([rank == 0 for rank in ranks]),
        f"{whose}top-3": _share([rank < 3 for rank in ranks]),
        f"{whose}ceiling": None if judge is None else judge.ceiling,
        f"{whose}ceiling, new grooves": None if judge is None else judge.unheard,
    }  # fmt: skip


def _place(judge: Judge, portrait_: Floats, style: str) -> int:
    """How many styles the judge believes likelier."""
    shares = judge.shares(portrait_[None])[0]
    return int((shares > shares[judge.styles.index(style)]).sum())


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


# ------------------------------------------------------------------ blends


def leaning(portraits: Sequence[Floats]) -> list[float]:
    """How far each portrait has gone from the first to the last one, 0 to 1, by its distances to both."""
    first, last = portraits[0], portraits[-1]
    away = [float(np.linalg.norm(each - first)) for each in portraits]
    left = [float(np.linalg.norm(each - last)) for each in portraits]
    return [a / (a + b) if a + b > 0 else 0.0 for a, b in zip(away, left, strict=True)]


def blends(songs: Sequence[Song], model: Answer | None, report: Callable[[str], None]) -> dict[str, Any]:
    """Spearman of the blend that was asked for and how far the band went, and the share of steps forwards.

    The understudy doesn't blend.
    """
    if model is None:
        return {"blend": None, "blend forwards": None}
    ranks, forwards = [], []
    for index, (first, second) in enumerate(PAIRS):
        song = songs[index % len(songs)]
        gone = leaning([
            piece(song, first, model, {"blend-style": second, "blend": blend}).portrait for blend in BLENDS
        ])  # fmt: skip
        ranks.append(spearman(BLENDS, gone) or 0.0)
        forwards.append(float(np.mean(np.diff(gone) > 0)))
        report(f"{first} to {second}: " + ", ".join(f"{value:.2f}" for value in gone))
    return {"blend": float(np.mean(ranks)), "blend forwards": float(np.mean(forwards))}
