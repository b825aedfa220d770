"""What each pulse was like: the signs by which a listener knows a downbeat, and their shares in the bar.

A pulse is portrayed by what was struck on it and after it (low strokes, kick, snare, crash, chords), how
far its harmony is from the pulses before, and whether somebody begins to play there. The portraits of the
pulses that would share a place in the bar are added up, fading quickly and slowly; what counts is which
share of each sign falls on which place. Runs in the band process; imports events and its own room.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bandmate.events import Attack, Hue, NoteOn
from bandmate.listening.accents import CRASHES, DRUM_CHANNEL, KICKS, SIDE_STICK, SNARES, TOMS

SIGNS = (
    "low", "low after", "kick", "kick after", "snare", "snare after", "side stick", "crash", "tom", "hat",
    "hat after", "bass", "bass after", "bass anew", "depth", "struck", "struck after", "thick", "loud",
    "stress", "chord", "chord of four", "new root", "two anew", "four anew", "rest", "first",
)  # fmt: skip
PLACE = {sign: index for index, sign in enumerate(SIGNS)}
# what strokes and colours in a microphone tell, too
HEARD_BY_MICROPHONES = (
    "low", "low after", "snare", "snare after", "struck", "struck after", "loud", "stress", "chord",
    "chord of four", "two anew", "four anew", "rest", "first",
)  # fmt: skip
EARLY = 0.15  # notes this share of a pulse early belong to the pulse that comes
ON_PULSE = 0.2  # of a pulse: so near a stroke is on it, else after it
LOW_BELOW = 52  # keys below this one are bass to the bar
DEEP_BELOW = 55  # and the stress of a stroke grows below this one
LONG_WITHOUT_BASS = 2  # pulses
REMEMBERED = 16  # pulses over which loudness is compared
KEEP = (0.9, 0.98)  # of what was added up, from pulse to pulse
AIR = 1.0  # so much of a sign must have been there before its shares mean much
COLOUR_STEP = 0.05  # a microphone's colour counts so many strokes

Floats = npt.NDArray[np.float64]


class Portrait:
    """One pulse after the other: feed it what happens, `close` it when the pulse is over."""

    def __init__(self) -> None:
        self._signs = np.zeros(len(SIGNS))
        self._tones = np.zeros(12)
        self._before = np.zeros(12)
        self._usual = np.zeros(12)  # the harmony of the last few pulses
        self._chords: list[Floats] = []  # of the last eight
        self._past: dict[str, list[float]] = {"loud": [], "stress": []}
        self._loud = self._stress = 0.0
        self._lowest: int | None = None
        self._lowest_on = False
        self._usual_low = 0.0
        self._root: int | None = None
        self._without_bass = 0

    def strike(self, event: NoteOn | Attack | Hue, after: float) -> None:
        """Something happened `after` so much of this pulse (from -0.15 on)."""
        on = after < ON_PULSE
        if isinstance(event, Hue):
            if event.chroma:
                self._tones += COLOUR_STEP * np.array(event.chroma)
            return
        if isinstance(event, Attack):
            loud = event.strength
            if event.accent > 0:
                self._mark("low", on, loud * min(event.accent, 1.0))
                self._stress = max(self._stress, loud * event.accent if on else 0.0)
            elif event.accent < 0:
                self._mark("snare", on, loud * min(-event.accent, 1.0))
        else:
            loud = 0.35 + 0.65 * event.velocity / 127
            (self._drum if event.channel == DRUM_CHANNEL else self._key)(event.pitch, loud, on)
        self._mark("struck", on, loud)
        self._loud += loud if on else 0.0

    def begins(self) -> None:
        """After a rest, somebody begins to play on this pulse."""
        self._signs[PLACE["first"]] = 1.0

    def _mark(self, sign: str, on: bool, loud: float) -> None:
        place = PLACE[sign if on else f"{sign} after"]
        self._signs[place] = max(self._signs[place], loud)

    def _drum(self, pitch: int, loud: float, on: bool) -> None:
        if pitch in KICKS:
            self._mark("kick", on, loud)
            self._mark("low", on, loud)
            self._stress = max(self._stress, loud if on else 0.0)
        elif pitch in SNARES:
            self._mark("snare", on, loud)
        elif pitch in CRASHES + SIDE_STICK:
            if on:
                self._mark("crash" if pitch in CRASHES else "side stick", on, loud)
        elif pitch in TOMS:
            self._mark("tom", True, loud)
        else:
            self._mark("hat", on, loud)

    def _key(self, pitch: int, loud: float, on: bool) -> None:
        if pitch < LOW_BELOW:
            self._mark("bass", on, loud)
            self._mark("low", on, loud)
        if on:
            self._signs[PLACE["thick"]] = min(self._signs[PLACE["thick"]] + 0.2 * loud, 1.0)
            if pitch < DEEP_BELOW:
                self._stress = max(self._stress, loud * (1 + (DEEP_BELOW - pitch) / 24))
        self._tones[pitch % 12] += loud * (1.6 if pitch < 48 else 1.25 if pitch < DEEP_BELOW else 1.0)
        if self._lowest is None or pitch < self._lowest:
            self._lowest, self._lowest_on = pitch, on

    def close(self) -> Floats:
        """The signs of the pulse that is over; the novelty of what began one and three pulses ago, too.

        "two anew" is about the pulse before this one, "four anew" about the third before it.
        """
        signs = self._signs
        self._close_harmony(signs)
        bass = signs[PLACE["bass"]] > 0 or signs[PLACE["bass after"]] > 0
        if self._without_bass > LONG_WITHOUT_BASS:
            signs[PLACE["bass anew"]] = signs[PLACE["bass"]]
        self._without_bass = 0 if bass else self._without_bass + 1
        signs[PLACE["rest"]] = float(not signs[PLACE["struck"]] and not signs[PLACE["struck after"]])
        signs[PLACE["loud"]] = self._against_usual("loud", self._loud)
        signs[PLACE["stress"]] = self._against_usual("stress", self._stress)
        self._signs, self._tones = np.zeros(len(SIGNS)), np.zeros(12)
        self._loud = self._stress = 0.0
        self._lowest = None
        return signs

    def _close_harmony(self, signs: Floats) -> None:
        tones = self._tones
        self._chords = [*self._chords[-7:], tones / max(float(tones.sum()), 1e-9)]
        signs[PLACE["two anew"]] = self._anew(2)
        signs[PLACE["four anew"]] = self._anew(4)
        if not tones.any():
            return
        signs[PLACE["chord"]] = apart(tones + 0.3 * self._before, self._before)
        signs[PLACE["chord of four"]] = apart(tones, self._usual)
        self._before = tones + 0.3 * self._before
        self._usual = tones + 0.6 * self._usual
        if self._lowest is not None:
            self._close_bass(signs, self._lowest)

    def _close_bass(self, signs: Floats, lowest: int) -> None:
        self._usual_low = self._usual_low or float(lowest)
        if lowest < self._usual_low + 6:  # else it is the right hand alone
            moved = self._root is not None and lowest % 12 != self._root
            signs[PLACE["new root"]] = float(moved and self._lowest_on)
            self._root = lowest % 12
        if self._lowest_on:
            signs[PLACE["depth"]] = min(max((self._usual_low - lowest) / 12, -1.0), 1.0)
        self._usual_low += 0.1 * (lowest - self._usual_low)

    def _anew(self, pulses: int) -> float:
        """How far the harmony of the last few pulses is from as many before them."""
        if len(self._chords) < 2 * pulses:
            return 0.0
        then, now = self._chords[-2 * pulses : -pulses], self._chords[-pulses:]
        return apart(np.sum(now, axis=0), np.sum(then, axis=0))

    def _against_usual(self, sign: str, value: float) -> float:
        """In standard deviations of the last pulses, at most two."""
        past = self._past[sign] = [*self._past[sign][1 - REMEMBERED :], value]
        if len(past) < 4:
            return 0.0
        mean = math.fsum(past) / len(past)
        spread = math.sqrt(math.fsum((one - mean) ** 2 for one in past) / len(past))
        return min(max((value - mean) / (spread + 1e-3), -2.0), 2.0)


def apart(one: Floats, other: Floats) -> float:
    """How far two harmonies are apart, 0 to 1; nothing is told without both."""
    size = math.sqrt(float(one @ one) * float(other @ other))
    return 1 - float(one @ other) / size if size > 0 else 0.0


_TWO, _FOUR = PLACE["two anew"], PLACE["four anew"]
_KEPT = np.array(KEEP)[:, None]


class Evidence:
    """The signs added up by place in a bar of so many pulses, fading quickly and slowly."""

    def __init__(self, pulses: int) -> None:
        self.pulses = pulses
        self._sums = np.zeros((pulses, len(KEEP), len(SIGNS)))

    def add(self, pulse: int, signs: Floats) -> None:
        """A pulse is over."""
        self._sums *= _KEPT
        now = signs.copy()
        now[_TWO] = now[_FOUR] = 0.0
        self._sums[pulse % self.pulses] += now
        self._sums[(pulse - 1) % self.pulses, :, _TWO] += signs[_TWO]
        self._sums[(pulse - 3) % self.pulses, :, _FOUR] += signs[_FOUR]

    def shares(self) -> Floats:
        """How much of each sign fell on each place, times the places; (pulses, signs * paces)."""
        total = np.abs(self._sums).sum(0) + AIR
        found: Floats = (self.pulses * self._sums / total).reshape(self.pulses, -1)
        return found
