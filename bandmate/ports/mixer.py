"""The mixer: faders, pan, the limiter, the click and the fade-in, from the synth's groups to buses.

Pure numpy, owned by the audio callback (live) or one thread (offline). The click has a bus of its
own and never reaches main. Every gain moves in a straight line across a block, so no fader is heard
to jump. Imports only the vocabulary and patches.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bandmate import controls
from bandmate.events import PARTS
from bandmate.patch import Patch
from bandmate.ports.limiter import Limiter
from bandmate.timing import frames as frames_of

SHORTEST_RAMP_S = 0.01
FADE_IN_S = 2.0
CLICK_S = 0.04
CLICK_HZ = {False: 1000.0, True: 1600.0}
FADERS = ("master", "click", "performer", "band", *PARTS)
Float = NDArray[np.float32]


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
        self.limiter = Limiter(rate_hz)
        self.faders = {name: Fader(_starting_level(patch, name)) for name in FADERS}
        self._fade = Fader(1.0)
        self._places = _places(patch)  # (side, group): level and pan that the patch gives
        self._gains = self._wanted(0)
        self._ramp = np.arange(1, most_frames + 1, dtype=np.float32)
        self._main = np.zeros((2, most_frames), np.float32)
        self._click = np.zeros(most_frames, np.float32)
        self._both = np.zeros((most_frames, 2), np.float32)
        self._clicks: list[tuple[Float, int]] = []  # sounding clicks and how far they are
        self._strokes = {accent: _click(rate_hz, hz, accent) for accent, hz in CLICK_HZ.items()}

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

    def click(self, offset: int, accent: bool) -> None:
        """Click `offset` frames into the next block."""
        self._clicks.append((self._strokes[accent], -offset))

    @property
    def moving(self) -> bool:
        """Whether any fader is on its way."""
        return self._fade.moving or any(fader.moving for fader in self.faders.values())

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
            self._gains = self._wanted(frames)
        main = self._main[:, :frames]
        ramp = None if before is self._gains else self._ramp[:frames] / frames
        for side in (0, 1):
            main[side] = _sum(before[side], self._gains[side], dry[side], wet[side], ramp)
        if self.patch.mono:
            main[:] = (main[0] + main[1]) / 2
        self.limiter.limit(main)
        buses = {"main": main.T, "click": self._play_clicks(frames)}
        if self.patch.part_buses:
            for group, part in enumerate(PARTS):
                buses[part] = (dry[:, group] * self._gains[:, group, None]).T
        return buses

    def _wanted(self, frames: int) -> Float:
        """The gain of every group and of the reverb, left and right, `frames` from now: (side, group)."""
        level = {name: fader.advance(frames) for name, fader in self.faders.items()}
        whole = level["master"] * self._fade.advance(frames)
        zones = self._places.shape[1] - len(PARTS) - 1
        faders = [level[part] * level["band"] for part in PARTS] + [level["performer"]] * zones + [1.0]
        return np.asarray(self._places * np.array(faders) * whole, np.float32)

    def _play_clicks(self, frames: int) -> Float:
        bus = self._click[:frames]
        both = self._both[:frames]
        if not self._clicks:
            both[:] = 0.0
            return both
        bus[:] = 0.0
        going = []
        for sound, start in self._clicks:
            into = max(0, -start)
            some = sound[max(0, start) : max(0, start + frames)]
            bus[into : into + len(some)] += some[: frames - into]
            if start + frames < len(sound):
                going.append((sound, start + frames))
        self._clicks = going
        bus *= self.faders["click"].value * self._fade.value
        np.clip(bus, -1.0, 1.0, out=bus)
        both[:] = bus[:, None]
        return both


def lay_out(buses: dict[str, Float], out: Float, split: bool) -> None:
    """Buses onto a device's channels: main on 1 and 2; the click on 3 and 4, or, split, on 2 alone.

    Split: the band in mono on 1 (left), the click on 2 (right). Two channels without split have no
    click. Parts follow from channel 5, a pair each, as far as the device goes.
    """
    channels = out.shape[1]
    out[:] = 0.0
    main, click = buses["main"], buses["click"]
    if channels == 1 or split:
        out[:, 0] = main.mean(axis=1)
    else:
        out[:, :2] = main
    if split and channels >= 2:
        out[:, 1] = click[:, 0]
    elif channels >= 4:
        out[:, 2:4] = click
    for index, part in enumerate(name for name in PARTS if name in buses):
        if channels >= 6 + 2 * index:
            out[:, 4 + 2 * index : 6 + 2 * index] = buses[part]


def _sum(before: Float, after: Float, dry: Float, wet: Float, ramp: Float | None) -> Float:
    """One side of the mix, the gains gliding from `before` to `after`."""
    now: Float = after[:-1] @ dry + after[-1] * wet
    if ramp is not None:
        then = before[:-1] @ dry + before[-1] * wet
        now = then + (now - then) * ramp
    return now


def _places(patch: Patch) -> Float:
    rows = [patch.sounds[part] for part in PARTS]
    pairs = [(row.level, row.pan) for row in rows] + [(zone.level, zone.pan) for zone in patch.zones]
    sides = [
        (level * math.cos((pan + 1) * math.pi / 4), level * math.sin((pan + 1) * math.pi / 4))
        for level, pan in pairs
    ]
    scaled = [(left * math.sqrt(2), right * math.sqrt(2)) for left, right in sides]
    return np.array([*scaled, (patch.reverb, patch.reverb)], np.float32).T


def _starting_level(patch: Patch, name: str) -> float:
    key = f"part/{name}/level" if name in PARTS else name
    if key not in controls.BY_NAME:
        return 1.0
    return float(patch.params.get(key, controls.BY_NAME[key].default))


def _click(rate_hz: int, hz: float, accent: bool) -> Float:
    """A short stick of sine, dying away."""
    place = np.arange(frames_of(CLICK_S, rate_hz)) / rate_hz
    sound = np.sin(2 * np.pi * hz * place) * np.exp(-place * 120) * (0.7 if accent else 0.5)
    return np.asarray(sound, np.float32)
