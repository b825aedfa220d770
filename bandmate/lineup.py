"""The line-up: who plays, how loud, and by which clock. Functions on a `Band`, called inside `Band.step`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bandmate.events import Send

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
    """The next bar line on which somebody can still come in."""
    return band.transport.next_bar(band.transport.beatmap.beat_at(now_s), 0.25)


def bring_in(band: Band, now_s: float, parts: Iterable[str]) -> list[Send]:
    """Players enter on the next downbeat."""
    names = tuple(parts)
    if not band.transport.running:
        band.playing |= set(names)
        return []
    band.waiting |= set(names)
    band.form.at(line(band, now_s), lambda: band.enter(names))
    return []


def rest(band: Band, now_s: float, parts: set[str]) -> list[Send]:
    """Players stop at once."""
    band.playing -= parts
    band.waiting -= parts
    for part in parts:
        band.params[f"part/{part}/on"] = 0.0
    band.scheduler.drop(lambda note: note.part not in parts)
    return band.scheduler.cut(now_s, lambda note: note.part in parts)


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
    band.scheduler.drop(lambda note: note.part in keep)
    return band.scheduler.cut(now_s, lambda note: note.part not in keep)


def more(band: Band, now_s: float) -> list[Send]:
    """One step more: who rested, who is not there yet, then harder."""
    if band.form.thin:
        band.form.thin -= 1
    elif set(band.form.members) - band.playing - band.waiting:
        return next_player(band, now_s)
    else:
        band.params["energy"] = min(1.0, float(band.params["energy"]) + 0.15)
    return []
