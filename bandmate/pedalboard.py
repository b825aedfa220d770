"""The pedalboard: where keys, knobs and pedals that steer leave the music, and how the band learns new ones.

Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bandmate import controls, maps
from bandmate.events import Claim, Command, Event, NoteOff, Send, StoreMap
from bandmate.knobs import Played
from bandmate.learner import LEARNT, Learner

if TYPE_CHECKING:
    from bandmate.band import Band

LESSON = tuple(("", "control", number, 0) for number in LEARNT)


def takes(band: Band, event: Event, commands: list[Command], playing: bool) -> bool:
    """Whether an event steers, and is no music; what it asks for is added to the commands."""
    if not isinstance(event, Played) or any(one.port == event.port for one in band.patch.microphones):
        return False
    if band.learner is not None and band.learner.hear(event):
        return True
    if isinstance(event, NoteOff) and band.knobs.owns(event):  # it may have been struck as music
        band.not_music.append(event)
        for down in band.knobs.move(event, band.params)[1]:
            band.switch.tread(down, event.time_s, playing)
        return False
    if band.knobs.owns(event):
        ahead = band.params | {one.name: one.value for one in commands if one.value is not None}
        moved, trodden = band.knobs.move(event, ahead)
        commands += moved
        found = [name for down in trodden for name in band.switch.tread(down, event.time_s, playing)]
    elif band.switch.owns(event):
        found = band.switch.press(event, playing)
    else:
        return False
    commands += [Command(event.time_s, name, source="switch") for name in found]
    return True


def begin_lesson(band: Band, now_s: float, name: str) -> list[Send]:
    """From now on the next thing that is moved will move this; nothing: no lesson any more."""
    band.learner = None
    band.params["learn"] = ""
    param = controls.BY_NAME.get(name)
    if name and param is None and name not in controls.ACTION_NAMES:
        band.alarm(now_s, f"{name!r} is not a parameter or action; `bandmate params` lists them")
    elif param is not None and name not in controls.ACTION_NAMES and _takes_a_name(param):
        band.alarm(now_s, f"{name} takes a name, which no knob says; write a row with a 'value' into a map")
    elif name:
        band.params["learn"] = name
        band.learner = Learner(name)
    return [claim(band)]


def _takes_a_name(param: controls.Param) -> bool:
    return isinstance(param.default, str) and not param.choices


def end_lesson(band: Band, now_s: float) -> list[Send]:
    """What the lesson has found, if it has: from here on it moves, and its map is to be written."""
    row = None if band.learner is None else band.learner.found(now_s)
    if row is None:
        return []
    band.learner = None
    band.params["learn"] = ""
    band.knobs.learn(row)
    band.stores.append(StoreMap(row.device, maps.as_table(row)))
    band.alarm(now_s, f"learnt: {maps.in_words(row)}")
    return [claim(band)]


def forget(band: Band, now_s: float, name: str) -> list[Send]:
    """Nothing moves this any more, tonight and in the performer's own maps."""
    band.params["forget"] = ""
    if not name:
        return []
    if not band.knobs.forget(name):
        band.alarm(now_s, f"nothing moves {name!r}; `bandmate learn` shows what moves what")
        return []
    band.stores.append(StoreMap(forget=name))
    band.alarm(now_s, f"nothing moves {name} any more")
    return [claim(band)]


def claim(band: Band) -> Claim:
    """What the sound process must not let sound: in a lesson, no controller that might be meant.

    A fader that is learnt may be a keyboard's own volume, which would stay where the lesson left it.
    """
    lesson = LESSON if band.learner is not None else ()
    return Claim((*maps.claims(band.knobs.rows), *lesson))
