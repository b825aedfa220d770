"""Undoing: the last changes of the steering, and how each is taken back.

Parameters go back to what they were, players who came leave again. What has sounded stays played: fills,
endings and jumps can't be taken back, nor can a song, and what was done in one is over with it.
Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from bandmate.controls import Value
from bandmate.events import Command

if TYPE_CHECKING:
    from bandmate.band import Band

DEEP = 16  # so many changes are remembered
DRAG_S = 1.0  # one parameter moved again so soon is one change: a fader that is drawn
KEPT = frozenset({"song", "jump", "key", "bpm", "sync", "learn", "forget"})  # tapped, taught, the song's
SECTIONS = ("next-section", "previous-section", "section")


class State(NamedTuple):
    """What a command may change."""

    params: dict[str, Value]
    waiting: frozenset[str]
    thin: int
    song: int  # where on the setlist
    running: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what was before it, and who came by it."""

    time_s: float
    name: str
    values: dict[str, Value]
    came: set[str]
    thin: int | None  # None: it was no other


def state(band: Band) -> State:
    """How things are before a command."""
    params = band.params | {"section": float(band.form.section)}
    waiting, running = frozenset(band.waiting), band.transport.running
    return State(params, waiting, band.form.thin, band.night.place, running)


def note(band: Band, now_s: float, command: Command, before: State) -> None:
    """Remember how to take a command back, if it changed anything that can be."""
    if before.song != band.night.place or (before.running and not band.transport.running):
        return  # by then the song is another, or over
    name = command.name
    values = {
        key: value for key, value in before.params.items()
        if band.params[key] != value and key not in KEPT and key != "section"
    }  # fmt: skip
    if name in SECTIONS and band.road.song is None and band.transport.running:
        values["section"] = before.params["section"]
    came = set(band.waiting - before.waiting)
    thin = before.thin if band.form.thin != before.thin else None
    if not values and not came and thin is None:
        return
    steps = band.undoing
    if steps and steps[-1].name == name and command.value is not None and now_s - steps[-1].time_s < DRAG_S:
        steps.append(replace(steps.pop(), time_s=now_s))
    else:
        steps.append(Step(now_s, name, values, came, thin))


def calls_off(band: Band) -> bool:
    """Whether the newest of all is a command that has not landed yet."""
    if not band.pending:
        return False
    return not band.undoing or band.pending[-1].asked_s >= band.undoing[-1].time_s


def words(band: Band) -> str:
    """What *undo* would do now: `energy 0.5`, or what will not come; empty: there is nothing."""
    if calls_off(band):
        return f"no {band.pending[-1].command.name}"
    if not band.undoing:
        return ""
    step = band.undoing[-1]
    value = step.values.get(step.name)
    if value is None:
        return f"{step.name} back"
    return f"{step.name} {value if isinstance(value, str) else f'{value:g}'}"
