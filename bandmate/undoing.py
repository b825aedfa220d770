"""Undoing: the last changes of the steering, and how each is taken back.

Parameters go back to what they were, players who came leave again. What has sounded stays played: fills,
endings and jumps can't be taken back, nor can a song. Functions on a `Band`, called inside `Band.step` only.
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


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what was before it, and who came by it."""

    time_s: float
    name: str
    values: dict[str, Value]
    came: set[str]
    thin: int


def state(band: Band) -> State:
    """How things are before a command."""
    params = band.params | {"section": float(band.form.section)}
    return State(params, frozenset(band.waiting), band.form.thin)


def note(band: Band, now_s: float, command: Command, before: State) -> None:
    """Remember how to take a command back, if it changed anything that can be."""
    name = command.name
    values = {
        key: value for key, value in before.params.items()
        if band.params[key] != value and key not in KEPT and key != "section"
    }  # fmt: skip
    if name in SECTIONS and band.road.song is None and band.transport.running:
        values["section"] = before.params["section"]
    came = set(band.waiting - before.waiting)
    if not values and not came and band.form.thin == before.thin:
        return
    steps = band.undoing
    if steps and steps[-1].name == name and command.value is not None and now_s - steps[-1].time_s < DRAG_S:
        steps.append(replace(steps.pop(), time_s=now_s))
    else:
        steps.append(Step(now_s, name, values, came, before.thin))


def words(band: Band) -> str:
    """What *undo* would do now: `energy 0.5`, or what will not come; empty: there is nothing."""
    if band.pending:
        return f"no {band.pending[-1].command.name}"
    if not band.undoing:
        return ""
    step = band.undoing[-1]
    value = step.values.get(step.name)
    if value is None:
        return f"{step.name} back"
    return f"{step.name} {value if isinstance(value, str) else f'{value:g}'}"
