"""Plugs the product's own `Listener` into the tracking bench: `make_midi`, `make_audio` and the others.

For benchmarks only; virtual time from the caller, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandmate.events import Event, NoteOff, NoteOn
from bandmate.listening.announcing import Announcer
from bandmate.listening.listener import Listener
from bandmate.listening.tonality import KEYS
from bandmate.patch import Microphone
from bandmate.timing import STEP_S, Meter, step_time_s

if TYPE_CHECKING:
    from bandmate.listening.audio.analysis import Analysis

LOOK_S = 0.05  # the chord bench looks so often
AUDIO_HOP_S = 0.01  # the sound comes in blocks of this length
SOUNDS_S = 0.6  # the beat bench sends no note-offs
PITCH_LOW_HZ, PITCH_HIGH_HZ = 28.0, 2500.0  # the pitch bench names no range: a bass's A to a flute's top


class MidiBench:
    """The beat bench's tracker: note-ons in, announced pulses out."""

    def __init__(self, meter: Meter = Meter()) -> None:  # noqa: B008  # Meter is immutable
        self.listener = Listener(meter)
        self.bpm: float | None = None
        self._step = 0
        self._events: list[Event] = []
        self._offs: list[tuple[float, int, int]] = []
        self._announcer = Announcer()

    def note_on(self, t: float, pitch: int, vel: int, channel: int = 0) -> None:
        """A key was struck at `t` seconds."""
        self._events.append(NoteOn(float(t), int(pitch), int(vel), channel=channel))
        heappush(self._offs, (float(t) + SOUNDS_S, int(pitch), channel))

    def post(self, events: Sequence[Event]) -> None:
        """What the ears heard."""
        self._events += events

    def count_in(self, times: Sequence[float]) -> None:
        """Beats that were tapped, the first one a downbeat."""
        pulse_s = (times[-1] - times[0]) / (len(times) - 1)
        self.listener.count_in(times, self.listener.meter, times[0] + self.listener.meter.pulses * pulse_s)

    def tick(self, t: float) -> list[dict[str, object]]:
        """Steps up to `t`; returns the pulses announced."""
        found: list[dict[str, object]] = []
        while step_time_s(self._step) <= t - STEP_S / 2:
            self._step += 1
            now_s = min(step_time_s(self._step), t)
            events: list[Event] = []
            if self._events:
                events = [event for event in self._events if event.time_s <= now_s]
                self._events = [event for event in self._events if event.time_s > now_s]
            while self._offs and self._offs[0][0] <= now_s:
                off_s, pitch, channel = heappop(self._offs)
                events.append(NoteOff(off_s, pitch, channel=channel))
            found += self._hear(now_s, events)
        return found

    def _hear(self, now_s: float, events: list[Event]) -> list[dict[str, object]]:
        heard = self.listener.hear(now_s, events)
        self.bpm = heard.pulse_bpm
        if not self._announcer.announces(now_s, heard, heard.meter or self.listener.meter):
            return []
        down, time_s = heard.downbeat_in == 0, heard.next_pulse_s
        return [{"time": time_s, "down": down, "bpm": self.bpm, "conf": heard.confidence}]


class AudioBench:
    """The beat bench's tracker of sound: one microphone that hears everybody."""

    def __init__(self, rate_hz: float) -> None:
        from bandmate.listening.audio.analysis import Analysis  # it loads aubio

        self.rate_hz = rate_hz
        self.hop = round(rate_hz * AUDIO_HOP_S)
        self._analysis = Analysis(rate_hz, (Microphone(hears="harmony"),))
        self._pulses = MidiBench()
        self._frames = 0

    @property
    def bpm(self) -> float | None:
        """The tempo as it is understood now."""
        return self._pulses.bpm

    def count_in(self, times: Sequence[float]) -> None:
        """Beats that were tapped, the first one a downbeat."""
        self._pulses.count_in(times)

    def process(self, block: NDArray[np.float32]) -> list[dict[str, object]]:
        """A block of sound; returns the pulses announced."""
        self._frames += len(block)
        end_s = self._frames / self.rate_hz
        self._pulses.post(self._analysis.hear(block, end_s))
        return self._pulses.tick(end_s)


class ChordBench:
    """The chord bench's tracker, of keys or (with a rate) of the sound in one microphone."""

    def __init__(self, rate_hz: float = 0.0) -> None:
        self.listener = Listener(Meter())
        self.rate_hz, self.hop = rate_hz, round(rate_hz * LOOK_S)
        self._events: list[Event] = []
        self._analysis: Analysis | None = None
        self._frames = 0

    def process(self, block: NDArray[np.float32]) -> tuple[int | None, str, int | None]:
        """A block of sound; what is believed at its end."""
        from bandmate.listening.audio.analysis import Analysis  # it loads aubio

        if self._analysis is None:
            self._analysis = Analysis(self.rate_hz, (Microphone(hears="harmony"),))
        self._frames += len(block)
        end_s = self._frames / self.rate_hz
        self._events += self._analysis.hear(block, end_s)
        return self.tick(end_s)

    def note_on(self, t: float, p: int, v: int) -> None:
        """A key was struck."""
        self._events.append(NoteOn(float(t), int(p), int(v)))

    def note_off(self, t: float, p: int) -> None:
        """A key was let go."""
        self._events.append(NoteOff(float(t), int(p)))

    def tick(self, t: float) -> tuple[int | None, str, int | None]:
        """What is believed at `t`: root, maj or min, key (tonic, +12 in minor)."""
        start_s = t - LOOK_S
        for index in range(1, 11):
            now_s = t if index == 10 else start_s + index * STEP_S
            due = [event for event in self._events if event.time_s <= now_s]
            self._events = [event for event in self._events if event.time_s > now_s]
            heard = self.listener.hear(now_s, due)
        chord, key = heard.chord, heard.key
        return (
            None if chord is None else chord.root,
            "min" if chord is not None and chord.minor else "maj",
            None if key is None else KEYS.index(key),
        )


def make_midi() -> MidiBench:
    """The beat bench's factory."""
    return MidiBench()


def make_audio(rate_hz: float) -> AudioBench:
    """The beat bench's factory for sound."""
    return AudioBench(rate_hz)


def make_chords(rate_hz: float = 0.0) -> ChordBench:
    """The chord bench's factory."""
    return ChordBench(rate_hz)


class PitchBench:
    """The pitch bench's tracker: the ears' own, over the whole range of voices and horns."""

    def __init__(self, rate_hz: float) -> None:
        from bandmate.listening.audio.pitch import PitchTracker

        self._tracker = PitchTracker(rate_hz, PITCH_LOW_HZ, PITCH_HIGH_HZ)
        self.hop = self._tracker.hop
        self.process = self._tracker.hear


class OnsetBench:
    """The onset bench's detector: the one by which `listen` writes the `onsets` of a recording."""

    def __init__(self, rate_hz: float) -> None:
        from bandmate.listening.audio.onsets import OnsetDetector

        self._detector = OnsetDetector(rate_hz)
        self.hop = self._detector.hop
        self.process = self._detector.hear


def make_pitch(rate_hz: float) -> PitchBench:
    """The pitch bench's factory."""
    return PitchBench(rate_hz)


def make_onset(rate_hz: float) -> OnsetBench:
    """The onset bench's factory."""
    return OnsetBench(rate_hz)
