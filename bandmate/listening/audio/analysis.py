"""What the microphones hear, as the band's events: strokes, hues and notes. The door of this room.

The ears process feeds it live, `rehearse` and `listen` from a file; the same sound gives the same events,
however it is cut into blocks. Pure; imports events, patch and its own room, and loads aubio: the band's
process must not import it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandmate.events import SILENCE_DB, Event, Hue
from bandmate.listening.audio.chroma import Colour
from bandmate.listening.audio.flux import Sound, Strokes, hop_frames
from bandmate.listening.audio.tuning import hertz
from bandmate.listening.audio.voice import Voice
from bandmate.patch import Microphone

HUE_HOPS = 5  # a hue every 50 ms, which is also how long its level is taken over
OPEN_HOPS = 100  # the gate stays open for a second: between the strokes of soft playing it is quiet
BROKEN = 16.0  # no sample is so far over full scale: it counts as silence, as one that is no number


class Analysis:
    """The ears of a rig: feed it blocks of any length; the sound begins at `start_s` of the take."""

    def __init__(self, rate_hz: float, microphones: Sequence[Microphone], start_s: float = 0.0) -> None:
        self._ears = [Ear(rate_hz, microphone, start_s) for microphone in microphones]

    def hear(self, block: Sound, end_s: float) -> list[Event]:
        """Some sound (frames, channels), the newest of which ends at `end_s`; a missing channel is silent."""
        sound = np.array(block, np.float32, ndmin=1)
        if sound.ndim == 1:
            sound = sound[:, None]
        fine = np.abs(sound) < BROKEN
        if not fine.all():
            sound[~fine] = 0.0
        return [event for ear in self._ears for event in ear.hear(sound, end_s)]


class Ear:
    """One microphone."""

    def __init__(self, rate_hz: float, microphone: Microphone, start_s: float = 0.0) -> None:
        self.rate_hz, self.microphone, self.start_s = rate_hz, microphone, start_s
        self.port = microphone.port
        self._gain = 10 ** (microphone.gain_db / 20)
        self._voice: Voice | None = None
        self._strokes: Strokes | None = None
        self._colour = Colour(rate_hz) if microphone.hears == "harmony" else None
        if microphone.hears == "melody":
            low_hz, high_hz = hertz(microphone.low), hertz(microphone.high)
            self._voice = Voice(rate_hz, low_hz, high_hz, microphone.gate_db, self.port)
        else:
            self._strokes = Strokes(rate_hz, self.port)
        self.hop = hop_frames(rate_hz)
        self._rest = np.zeros(0, np.float32)
        self._lately = np.zeros(HUE_HOPS * self.hop, np.float32)
        self._around = np.zeros_like(self._lately)  # without its mean
        self._hops = 0
        self._shut_hops = OPEN_HOPS  # how long the level has been below the gate

    def hear(self, block: Sound, end_s: float) -> list[Event]:
        """A block (frames, channels) that ends at `end_s`."""
        channel = self.microphone.channel - 1
        mono = block[:, channel] if channel < block.shape[1] else np.zeros(len(block), np.float32)
        mono = mono * np.float32(self._gain)
        events: list[Event] = list(self._voice.hear(mono, end_s)) if self._voice else []
        sound = np.concatenate((self._rest, mono))
        for begin in range(0, len(sound) - self.hop + 1, self.hop):
            end = begin + self.hop
            events += self._step(sound[begin:end], end_s - (len(sound) - end) / self.rate_hz)
        self._rest = sound[len(sound) // self.hop * self.hop :]
        return events

    def _step(self, hop: Sound, now_s: float) -> list[Event]:
        """One hop of sound that ends at `now_s`."""
        self._lately[: -self.hop] = self._lately[self.hop :]
        self._lately[-self.hop :] = hop
        level_db = self._level_db()
        self._shut_hops = 0 if level_db >= self.microphone.gate_db else self._shut_hops + 1
        if self._colour is not None:
            self._colour.hear(hop)
        events: list[Event] = []
        if self._strokes is not None:
            attack = self._strokes.hear(hop, now_s, self._shut_hops < OPEN_HOPS)
            if attack is not None and attack.time_s >= self.start_s:
                events.append(attack)
        self._hops += 1
        if self._hops % HUE_HOPS == 0:
            chroma, bass = self._colour.hue() if self._colour else ((), ())
            if level_db < self.microphone.gate_db:
                level_db, chroma, bass = SILENCE_DB, (), ()
            events.append(Hue(now_s, level_db, chroma, bass, self.port))
        return events

    def _level_db(self) -> float:
        """The level over the last 50 ms, a full-scale sine being 0; an offset of the input is no sound."""
        frames = len(self._lately)
        np.subtract(self._lately, np.add.reduce(self._lately) / frames, out=self._around)
        np.multiply(self._around, self._around, out=self._around)
        loud = math.sqrt(2) * float(np.sqrt(np.add.reduce(self._around) / frames))
        return max(20 * math.log10(loud), SILENCE_DB) if loud > 0 else SILENCE_DB
