"""The mixer: faders, pan, the limiter, the click and the fade-in, from the synth's groups to buses.

Pure numpy, owned by the audio callback (live) or one thread (offline). The click has a bus of its
own and never reaches main (`outputs.py` lays the buses onto a device). Every gain moves in a straight
line across a block, so no fader is heard to jump. Imports only the vocabulary and patches.
"""

from __future__ import annotations

import math

import numpy as np

from bandmate import controls
from bandmate.events import PARTS
from bandmate.patch import Patch
from bandmate.ports.limiter import CEILING, Limiter
from bandmate.ports.strokes import Float, Strokes
from bandmate.sounds import MOST_ZONES, Sound, Zone
from bandmate.timing import frames as frames_of

SHORTEST_RAMP_S = 0.01
FADE_IN_S = 2.0
FADERS = ("master", "click", "performer", "band", *PARTS)
GROUPS = len(PARTS) + MOST_ZONES


class Fader:
    """A level on its way to another level."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.target = value
        self._left = 0

    def move(self, target: float, frames: int) -> None:
        """Go to `target` in some frames."""
        self.target, self._left = target, max(1, frames)

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        return self._left > 0

    def advance(self, frames: int) -> float:
        """Where it stands some frames later."""
        if self._left <= frames:
            self.value, self._left = self.target, 0
        else:
            self.value += (self.target - self.value) * frames / self._left
            self._left -= frames
        return self.value


class Mixer:
    """Groups in the order PARTS, then the performer's zones, then the reverb's return."""

    def __init__(self, patch: Patch, rate_hz: int, most_frames: int) -> None:
        self.patch = patch
        self.rate_hz = rate_hz
        self.mono = patch.mono
        self.limiter = Limiter(rate_hz)
        self.faders = {name: Fader(_starting_level(patch, name)) for name in FADERS}
        self._reverb = Fader(patch.reverb)
        self._fade = Fader(1.0)
        self._places = _places(patch)  # (side, group): level and pan that the patch gives
        self._moved = False  # the places have changed
        self._gains = self._wanted(0)
        self._ramp = np.arange(1, most_frames + 1, dtype=np.float32)
        self._main = np.zeros((2, most_frames), np.float32)
        self._both = np.zeros((most_frames, 2), np.float32)
        self._clicks = Strokes(rate_hz, most_frames)
        self.pings = [Strokes(rate_hz, most_frames) for _ in range(most_channels(patch))]

    def level(self, name: str, value: float, over_s: float = 0.0) -> None:
        """Move a fader; an unknown name is nobody's."""
        if name in self.faders:
            self.faders[name].move(
                max(0.0, min(1.5, value)), frames_of(max(over_s, SHORTEST_RAMP_S), self.rate_hz)
            )

    def fade_in(self) -> None:
        """Come up from silence: a device has just opened."""
        self._fade = Fader(0.0)
        self._gains = np.zeros_like(self._gains)
        self._fade.move(1.0, frames_of(FADE_IN_S, self.rate_hz))

    def take(self, patch: Patch) -> None:
        """The levels and pans of another patch's sounds, within one block."""
        self._places, self._moved = _places(patch), True

    def reverb(self, value: float) -> None:
        """How loud the reverb comes back."""
        self._reverb.move(value, frames_of(SHORTEST_RAMP_S, self.rate_hz))

    def click(self, offset: int, accent: bool) -> None:
        """Click `offset` frames into the next block."""
        self._clicks.strike(offset, accent)

    def ping(self, offset: int, output: int) -> None:
        """A stroke on one output of the device, from 1; none where there is no such output."""
        if 1 <= output <= len(self.pings):
            self.pings[output - 1].strike(offset, accent=True)

    @property
    def moving(self) -> bool:
        """Whether any fader is on its way."""
        faders = (self._fade, self._reverb, *self.faders.values())
        return self._moved or any(fader.moving for fader in faders)

    def audible(self, group: int) -> float:
        """How loud a group's faders leave it, so that its reverb goes down with it."""
        if group < len(PARTS):
            return self.faders[PARTS[group]].value * self.faders["band"].value
        return self.faders["performer"].value

    def mix(self, dry: Float, wet: Float) -> dict[str, Float]:
        """Buses `main`, `click` and, if the patch asks, one a part: each (frames, 2)."""
        frames = dry.shape[2]
        before = self._gains
        if self.moving:
            self._gains, self._moved = self._wanted(frames), False
        main = self._main[:, :frames]
        ramp = None if before is self._gains else self._ramp[:frames] / frames
        for side in (0, 1):
            main[side] = _sum(before[side], self._gains[side], dry[side], wet[side], ramp)
        if self.mono:
            main[:] = (main[0] + main[1]) / 2
        self.limiter.limit(main)
        buses = {"main": main.T, "click": self._play_clicks(frames)}
        if self.patch.outputs == "parts":
            buses |= self._part_buses(dry)
        return buses

    def _part_buses(self, dry: Float) -> dict[str, Float]:
        """A bus for each part and one for the performer: dry, behind the faders, never above the ceiling."""
        parts = {part: dry[:, group] * self._gains[:, group, None] for group, part in enumerate(PARTS)}
        zones = slice(len(PARTS), GROUPS)
        parts["performer"] = (dry[:, zones] * self._gains[:, zones, None]).sum(axis=1)
        return {name: np.clip(sound, -CEILING, CEILING).T for name, sound in parts.items()}

    def _wanted(self, frames: int) -> Float:
        """The gain of every group and of the reverb, left and right, `frames` from now: (side, group)."""
        level = {name: fader.advance(frames) for name, fader in self.faders.items()}
        whole = level["master"] * self._fade.advance(frames)
        faders = [level[part] * level["band"] for part in PARTS] + [level["performer"]] * MOST_ZONES
        places = np.concatenate((self._places, np.full((2, 1), self._reverb.advance(frames))), axis=1)
        return np.asarray(places * np.array([*faders, 1.0]) * whole, np.float32)

    def _play_clicks(self, frames: int) -> Float:
        both = self._both[:frames]
        if not self._clicks.sounding:
            both[:] = 0.0
            return both
        bus = self._clicks.play(frames)
        bus *= self.faders["click"].value * self._fade.value
        np.clip(bus, -1.0, 1.0, out=bus)
        both[:] = bus[:, None]
        return both


def _sum(before: Float, after: Float, dry: Float, wet: Float, ramp: Float | None) -> Float:
    """One side of the mix, the gains gliding from `before` to `after`."""
    now: Float = after[:-1] @ dry + after[-1] * wet
    if ramp is not None:
        then = before[:-1] @ dry + before[-1] * wet
        now = then + (now - then) * ramp
    return now


def _places(patch: Patch) -> Float:
    """(side, group): the gains of level and pan, equal power, 1 in the middle; 0 where there is no zone."""
    rows: list[Sound | Zone] = [*(patch.sounds[part] for part in PARTS), *patch.zones]
    found = np.zeros((2, GROUPS), np.float32)
    for group, row in enumerate(rows):
        angle, level = (row.pan + 1) * math.pi / 4, row.level * math.sqrt(2)
        found[:, group] = level * math.cos(angle), level * math.sin(angle)
    return found


def _starting_level(patch: Patch, name: str) -> float:
    key = f"part/{name}/level" if name in PARTS else name
    if key not in controls.BY_NAME:
        return 1.0
    return float(patch.params.get(key, controls.BY_NAME[key].default))


def most_channels(patch: Patch) -> int:
    """How many channels of a device the patch's outputs could use."""
    return {"left-mono-right-click": 2, "parts": 4 + 2 * (len(PARTS) + 1)}.get(patch.outputs, 4)
