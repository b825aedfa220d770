"""Mixing: what the band tells the sound process of faders, dials and sounds.

Functions on a `Band`, called by the steering, by whoever finds a sound process that has just come up, and
where a song begins. What they return are sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate.capo import semitones_of
from bandmate.controls import Value
from bandmate.events import PARTS, Dial, Level, Recall, Send, Voice
from bandmate.patch import OF_THE_PATCH, Patch, as_table
from bandmate.pedalboard import claim
from bandmate.sounds import UNSET

if TYPE_CHECKING:
    from bandmate.band import Band

FADERS = ("master", "performer", "click")
DIALS = ("mono", "reverb", "tuning-hz")
FOREVER = 1e9


def begun(patch: Patch) -> dict[str, Value]:
    """Where the parameters begin that a patch has keys for."""
    return {name: float(getattr(patch, key)) for name, key in OF_THE_PATCH.items()}


def set_mix(band: Band, name: str) -> list[Send]:
    """The sends that a parameter of the mix causes; its new value is in the band's parameters already."""
    value = band.params[name]
    if name in FADERS:
        return [Level(name, float(value))]
    if name in DIALS:
        return [Dial(name, float(value))]
    if name in ("transpose", "transpose-keys"):
        return [transposed(band)]
    _, part, what = name.split("/")
    if what == "reverb":
        return [_reverb(band, part)]
    return [Level(part, float(value))] if what == "level" else [_voice(band, part)]


def silent(params: Mapping[str, Value]) -> set[str]:
    """Who isn't heard: the muted ones, and where somebody plays solo, everybody else."""
    solo = {part for part in PARTS if float(params[f"part/{part}/solo"]) >= 0.5}
    muted = {part for part in PARTS if float(params[f"part/{part}/mute"]) >= 0.5}
    return muted | (set(PARTS) - solo if solo else set())


def hush(band: Band, now_s: float) -> list[Send]:
    """Mute and solo as the parameters have them: now, or from the beat on which the command lands."""
    wanted = silent(band.params)
    new = wanted - set(band.silent_from)
    beat = -FOREVER if band.landing is None else band.landing
    band.silent_from = {part: band.silent_from.get(part, beat) for part in wanted}
    if band.landing is None:
        return band.scheduler.cut(now_s, lambda note: note.part in new)
    band.scheduler.end_at(beat, lambda note: note.part in new)
    return []


def mix(band: Band) -> list[Send]:
    """Where everything stands, for a sound process that has just come up, or for a song."""
    parts = [Level(part, float(band.params[f"part/{part}/level"])) for part in band.form.members]
    band.paced = None  # our clock is told anew
    others = [part for part in PARTS if float(band.params[f"part/{part}/program"]) >= 0]
    return [
        *_song(band),
        Level("band", 1.0),
        *(Level(name, float(band.params[name])) for name in FADERS),
        *parts,
        *(Dial(name, float(band.params[name])) for name in DIALS),
        transposed(band),
        *(_voice(band, part) for part in others),
        *(_reverb(band, part) for part in PARTS if float(band.params[f"part/{part}/reverb"]) >= 0),
        claim(band),
    ]


def recall(band: Band, patch: Patch) -> list[Send]:
    """The sounds, zones, tuning and transposition of a song's patch, at once; held notes ring on."""
    band.patch = replace(
        band.patch, sounds=patch.sounds, zones=patch.zones,
        **{key: getattr(patch, key) for key in OF_THE_PATCH.values()},
    )  # fmt: skip
    return resound(band)


def resound(band: Band) -> list[Send]:
    """The same, where the band has its song's patch already."""
    band.params |= begun(band.patch)
    band.silent_from = dict.fromkeys(silent(band.params), -FOREVER)
    band.capo.zones = band.patch.zones
    return [Recall(json.dumps(as_table(band.patch))), *mix(band)[len(_song(band)) :]]


def _song(band: Band) -> list[Send]:
    """The sounds of a song, where they aren't those that the rig was started with."""
    patch, rig = band.patch, band.rig
    same = (patch.sounds, patch.zones) == (rig.sounds, rig.zones)
    return [] if same else [Recall(json.dumps(as_table(patch)))]


def transposed(band: Band) -> Dial:
    """How far the performer's own keys sound from where they are struck; the band hears them there."""
    song = band.night.song
    band.capo.semitones = semitones_of(band.params, 0 if song is None else song.transpose)
    band.listener.melody = band.capo.melody()
    return Dial("transpose", band.capo.semitones)


def _reverb(band: Band, part: str) -> Dial:
    """A part's share in the reverb: the one that was asked for, else the patch's own."""
    asked = float(band.params[f"part/{part}/reverb"])
    return Dial(f"reverb/{part}", band.patch.sounds[part].reverb if asked < 0 else asked)


def _voice(band: Band, part: str) -> Voice:
    """A part's sound: the one that was asked for, else the patch's own."""
    asked, own = round(float(band.params[f"part/{part}/program"])), band.patch.sounds[part]
    return Voice(part, own.bank, own.program if asked == UNSET else asked)
