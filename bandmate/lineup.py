"""The line-up: who plays, how loud, and by which clock. Functions on a `Band`, called inside `Band.step`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bandmate import landing
from bandmate.events import Note, Send

if TYPE_CHECKING:
    from bandmate.band import Band

LOOSE_FOLLOW, LOOSE_INERTIA = 0.8, 0.1  # who follows so far, and so lightly, goes with rubato


def set_clock(band: Band) -> None:
    """Follow and inertia as the parameters have them; ballads and rubato go by the chords, if need be."""
    follow, inertia = float(band.params["follow"]), float(band.params["inertia"])
    band.transport.follower.follow_by, band.transport.follower.inertia = follow, inertia
    style = band.styles[str(band.params["style"])]
    at_will = follow >= LOOSE_FOLLOW and inertia <= LOOSE_INERTIA
    band.transport.loose = style.feel == "ballad" or style.follow >= LOOSE_FOLLOW or at_will


def line(band: Band, now_s: float) -> float:
    """The next bar line on which somebody can still come in, or the place that the command named."""
    beat = band.transport.beatmap.beat_at(now_s)
    soon = landing.soon(band, beat)
    return band.transport.next_bar(beat, 0.25) if soon is None else soon


def bring_in(band: Band, now_s: float, parts: Iterable[str]) -> list[Send]:
    """Players enter on the next downbeat."""
    names = tuple(parts)
    if not band.transport.running:
        band.playing |= set(names)
        return []
    band.waiting |= set(names)
    entering = lambda: band.enter([name for name in names if name in band.waiting])  # noqa: E731  # else muted
    band.form.at(line(band, now_s), entering, " ".join(names))
    return []


def rest(band: Band, now_s: float, parts: set[str]) -> list[Send]:
    """Players stop at once."""
    band.playing -= parts
    band.waiting -= parts
    for part in parts:
        band.params[f"part/{part}/on"] = 0.0
    return silence(band, now_s, lambda note: note.part in parts)


def silence(band: Band, now_s: float, chosen: Callable[[Note], bool]) -> list[Send]:
    """The chosen notes end and no more of them come: now, or from the beat on which the command lands."""
    if band.landing is not None:
        band.scheduler.end_at(band.landing, chosen)
        return []
    band.scheduler.drop(lambda note: not chosen(note))
    return band.scheduler.cut(now_s, chosen)


def next_player(band: Band, now_s: float) -> list[Send]:
    """The next one of the patch comes in."""
    absent = [p for p in band.form.members if p not in band.playing and p not in band.waiting]
    return bring_in(band, now_s, absent[:1])


def all_in(band: Band, now_s: float) -> list[Send]:
    """Everybody, on the next downbeat."""
    band.form.thin = 0
    band.transport.trust()
    return bring_in(band, now_s, [part for part in band.form.members if part not in band.playing])


def less(band: Band, now_s: float) -> list[Send]:
    """One step less, at once."""
    band.form.thin = min(2, band.form.thin + 1)
    keep = ("bass",) if band.form.thin == 2 else ("bass", "drums")
    return silence(band, now_s, lambda note: note.part not in keep)


def more(band: Band, now_s: float) -> list[Send]:
    """One step more: who rested, who is not there yet, then harder."""
    if band.form.thin:
        band.form.thin -= 1
    elif set(band.form.members) - band.playing - band.waiting:
        return next_player(band, now_s)
    else:
        band.params["energy"] = min(1.0, float(band.params["energy"]) + 0.15)
    return []
