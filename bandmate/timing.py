"""Musical time: beats, bars, pulses, ticks and frames, and the only conversions between them.

Pure values, safe in any process and thread. Imports nothing of ours but errors.
A *beat* is always a quarter note; a *pulse* is what a foot taps (a dotted quarter in 6/8).
The BeatMap is the triple of Ableton Link's Timeline and monome norns' clock.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bandmate.errors import BandmateError

PPQ = 480  # ticks a beat in the MIDI files we write
CLOCK_PPQ = 24  # ticks a beat of a MIDI clock,
PLACE_TICKS = 6  # and of one step of its song position: a sixteenth
GRID = 12  # steps a beat: sixteenths and triplets both fall on it
SLOT_BEATS = 0.5  # the unit in which the band decides: an eighth note
STEP_S = 0.005  # the band's logical step; every decision happens on this grid
SECONDS_A_MINUTE = 60.0
TEMPI = 30.0, 300.0  # pulses a minute that the band plays


@dataclass(frozen=True, slots=True)
class BeatMap:
    """A straight line through one known beat: `beat` falls at `time_s`, going `bpm` quarters a minute."""

    bpm: float
    beat: float
    time_s: float

    def beat_at(self, time_s: float) -> float:
        """The beat that sounds at a moment on the performer's clock."""
        return self.beat + (time_s - self.time_s) * self.bpm / SECONDS_A_MINUTE

    def time_at(self, beat: float) -> float:
        """The moment, on the performer's clock, at which a beat falls."""
        return self.time_s + (beat - self.beat) * SECONDS_A_MINUTE / self.bpm

    def seconds(self, beats: float) -> float:
        """How long a number of beats lasts at this tempo."""
        return beats * SECONDS_A_MINUTE / self.bpm

    def beats(self, seconds: float) -> float:
        """How many beats fit into some seconds at this tempo."""
        return seconds * self.bpm / SECONDS_A_MINUTE

    def at_tempo(self, bpm: float, from_s: float) -> BeatMap:
        """The same beats up to `from_s`, another tempo from there on."""
        return BeatMap(bpm, self.beat_at(from_s), from_s)

    def moved(self, beats: float, from_s: float) -> BeatMap:
        """The same tempo, with the count moved by some beats at `from_s`."""
        return BeatMap(self.bpm, self.beat_at(from_s) + beats, from_s)


@dataclass(frozen=True, slots=True)
class Meter:
    """How beats make bars: 4/4, 3/4, 2/4, 2/2, 6/8, 12/8, 5/4, 7/8."""

    count: int = 4
    unit: int = 4

    @property
    def bar_beats(self) -> float:
        """Length of a bar in beats (quarter notes): 3.0 in 6/8, 3.5 in 7/8."""
        return self.count * 4 / self.unit

    @property
    def pulse_beats(self) -> float:
        """Length of the felt pulse in beats: 1.5 in 6/8 and 12/8, 2 in 2/2, 1 in 7/8 (tapped in quarters)."""
        if self.unit == 8 and self.count % 3 == 0 and self.count > 3:
            return 1.5
        return 2.0 if self.unit == 2 else 1.0

    @property
    def pulses(self) -> int:
        """Felt pulses in a bar; the last one is short in 7/8."""
        return math.ceil(self.bar_beats / self.pulse_beats - 1e-9)

    @property
    def grid_beats(self) -> float:
        """What every pulse and every bar line falls on: the pulse, or the eighth in 7/8."""
        return self.bar_beats % self.pulse_beats or self.pulse_beats

    def on_grid(self, beats: float) -> float:
        """The place nearest to one, in beats from a bar line, where a pulse or a bar line may fall."""
        return round(beats / self.grid_beats) * self.grid_beats

    def place_of(self, pulse: int) -> float:
        """Beats from a bar line to a pulse, counted from there: -1 is the last one of the bar before."""
        bars, within = divmod(pulse, self.pulses)
        return bars * self.bar_beats + within * self.pulse_beats

    def pulse_from(self, beats: float) -> int:
        """The first pulse at or after a place, both counted from a bar line."""
        bars = math.floor(beats / self.bar_beats + 1e-9)
        within = (beats - bars * self.bar_beats) / self.pulse_beats
        return bars * self.pulses + min(math.ceil(within - 1e-9), self.pulses)

    def pulse_near(self, beats: float) -> int:
        """The pulse nearest to a place, both counted from a bar line."""
        after = self.pulse_from(beats)
        return min((after - 1, after), key=lambda pulse: abs(self.place_of(pulse) - beats))

    @property
    def slots(self) -> int:
        """Eighth notes in a bar."""
        return round(self.bar_beats / SLOT_BEATS)

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"

    @classmethod
    def parse(cls, text: str) -> Meter:
        """Read `"6/8"`; raises BandmateError when it isn't a meter that the band plays."""
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if found and text.strip() in METERS:
            return cls(int(found[1]), int(found[2]))
        raise BandmateError(f"meter {text!r} is not one the band plays; use one of {', '.join(METERS)}")


METERS = ("4/4", "3/4", "2/4", "2/2", "6/8", "12/8", "5/4", "7/8")


def playable(bpm: float) -> bool:
    """Whether the band plays so many pulses a minute."""
    return TEMPI[0] <= bpm <= TEMPI[1]


def bpm_of(beat_seconds: float) -> float:
    """The tempo whose beat lasts some seconds."""
    return SECONDS_A_MINUTE / beat_seconds


def period_s(bpm: float) -> float:
    """How long one beat lasts at a tempo, in seconds."""
    return SECONDS_A_MINUTE / bpm


def read_clock(text: str) -> float:
    """`2:30` or `150` in seconds; raises BandmateError."""
    minutes, _, seconds = text.rpartition(":")
    try:
        found = float(seconds) + float(minutes or 0) * SECONDS_A_MINUTE
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise BandmateError(f"{text!r} is not a time such as 2:30 or 150")
    return found


def clock(seconds: float) -> str:
    """Seconds as `2:30`."""
    minutes, left = divmod(round(seconds), round(SECONDS_A_MINUTE))
    return f"{minutes}:{left:02}"


def tempo_us(bpm: float) -> int:
    """Microseconds a beat, as a MIDI file's tempo event stores it."""
    return round(1e6 * SECONDS_A_MINUTE / bpm)


def bpm_of_us(microseconds: int) -> float:
    """The tempo of a MIDI file's tempo event."""
    return SECONDS_A_MINUTE * 1e6 / microseconds


def ticks(beats: float, ppq: int = PPQ) -> int:
    """Beats as whole ticks of a MIDI file."""
    return round(beats * ppq)


def tick_from(beats: float, ppq: int = PPQ) -> int:
    """The first tick at or after a beat."""
    return math.ceil(beats * ppq - 1e-6)


def beats_of_ticks(ticks: float, ppq: int = PPQ) -> float:
    """Ticks of a MIDI file, or of a clock, as beats."""
    return ticks / ppq


def bpm_of_tick(seconds: float) -> float:
    """The tempo, in beats a minute, of a MIDI clock whose ticks lie so far apart."""
    return SECONDS_A_MINUTE / (seconds * CLOCK_PPQ)


def tick_s(bpm: float) -> float:
    """How far apart the ticks of a MIDI clock lie, at a tempo in beats a minute."""
    return SECONDS_A_MINUTE / (bpm * CLOCK_PPQ)


def frames(seconds: float, rate_hz: float) -> int:
    """Seconds as whole audio frames."""
    return round(seconds * rate_hz)


def step_index(time_s: float) -> int:
    """The first logical step of the band at or after a moment (seconds since the take began)."""
    return math.ceil(time_s / STEP_S - 1e-6)


def step_time_s(step: int) -> float:
    """When a logical step of the band falls, in seconds since the take began."""
    return step * STEP_S


def swung(beat: float, ratio: float, unit_beats: float = 0.5) -> float:
    """A straight position moved to where swing puts it: 0.5 is straight, 0.667 is triplet feel.

    `unit_beats` is the note that swings: 0.5 for eighths, 0.25 for sixteenths. Anything inside the
    pair is stretched in proportion, so triplets and sixteenths keep their order.
    """
    pair = 2 * unit_beats
    start = math.floor(beat / pair + 1e-9) * pair
    within = (beat - start) / pair
    if within <= 0.5:
        return start + pair * within * 2 * ratio
    return start + pair * (ratio + (within - 0.5) * 2 * (1 - ratio))
