"""The beat tracker: from struck notes to tempo, the next pulse and the bar.

Three layers: the bar pointer decides which pulse (frames of 10 ms), the pulse line says exactly when
(stamps), the bar vote says which of them is one. It claims no pulse while nobody plays. Runs in the band
process; imports events, timing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from bandmate.events import NoteOn
from bandmate.listening.accents import DRUM_CHANNEL, bar_weight, pooled, pulse_weight
from bandmate.listening.barpointer import FRAME_S, FREE_BPM, HOME_BPM, HOME_OCTAVES, BarPointer
from bandmate.listening.bars import BarVote, division, next_in_bar
from bandmate.listening.pulseline import PulseLine
from bandmate.timing import Meter, bpm_of

CONFINED = 1.33  # we search this far from a counted tempo (± 25 % and some air); it follows a slow drift
CONFINED_OCTAVES = 0.3
REST_PULSES, REST_S = 2.0, 1.5  # after this nothing is claimed
HUNG_S = 8.0  # a note that sounds on for so long without another onset is a rest, too
FORGET_S = 30.0  # after this tempo and bar are forgotten
LOCKED_FROM, LOCKED_UNTIL = 0.45, 0.3  # confidence
STRAY = 0.16  # the line jumps to the bar pointer when it is this share of a pulse away,
STRAY_TEMPO = 0.07  # or its tempo this far off,
STRAY_FRAMES = 25  # for this long
FLIPPED, FLIPPED_TEMPO = 0.3, 0.04  # so far off at the same tempo: it took the off-beats for beats
FLIPS_REFUSED = 8  # a counted pulse isn't flipped before the bar pointer has asked so often
OCTAVE_FRAMES = 25  # how often the rivals are looked up


class BeatTracker:
    """Feed it struck notes and the time; read state, tempo, next pulse and place in the bar."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.reset()

    def reset(self) -> None:
        """Forget everything but the meter."""
        self._read_meter()
        self.pointer = BarPointer(division(self.meter))
        self.line: PulseLine | None = None
        self.bars = BarVote(self.meter.pulses)
        self.state = "idle"
        self.confidence = 0.0  # 0..1
        self.octaves: tuple[tuple[float, float], ...] = ()
        self._frame = 0
        self._pool = 0.0
        self._stray = 0
        self._flips = 0
        self._home_bpm = HOME_BPM
        self._counted = False
        self._begin_s = -math.inf  # before this the performer only plays pickups
        self._onset_s = -math.inf
        self._awake_s = -math.inf  # when something last sounded
        self._now_s = 0.0

    # ---------------------------------------------------------------- what the performer does

    def hear(self, now_s: float, struck: Sequence[NoteOn], sounding: bool) -> None:
        """One logical step: the notes struck since the last one, and whether anything sounds."""
        self._now_s = now_s
        for note in struck:
            if note.time_s >= self._begin_s - FRAME_S * 12:
                self._strike(note)
        if sounding or struck:
            self._awake_s = now_s
        due = math.floor(now_s / FRAME_S + 1e-6)
        if self.state == "idle" and not struck:
            self._frame = due
            return
        for _ in range(min(due - self._frame, 300)):
            self._advance()
        self._frame = due
        if self.line is not None:
            self.line.roll(now_s)
        self._settle_state(now_s)

    def _strike(self, note: NoteOn) -> None:
        weight = pulse_weight(note)
        self._onset_s = max(self._onset_s, note.time_s)
        self._pool += weight
        if self.line is None:
            return
        self.line.strike(note.time_s, weight, even=self._odd)
        if self._odd:
            return
        pitch_class = None if note.channel == DRUM_CHANNEL else note.pitch % 12
        self.bars.strike(self.line.count_at(note.time_s), bar_weight(note), pitch_class, weight)

    def _advance(self) -> None:
        onset = pooled(self._pool) if self._pool else 0.0
        self._pool = 0.0
        self._frame += 1
        frame_s = self._frame * FRAME_S
        if frame_s < self._begin_s:
            onset = 0.0
        listening = frame_s >= self._begin_s and frame_s - self._onset_s < REST_S
        self.pointer.advance(onset, listening)
        if self._counted:
            self._follow_drift()
        if self._frame % OCTAVE_FRAMES == 0:
            self.octaves = self.pointer.octaves()
        if frame_s >= self._begin_s:
            self._steer(frame_s)

    def _steer(self, frame_s: float) -> None:
        """Keep the fine line near the coarse estimate: lean once a pulse, jump when it stays far off."""
        coarse = self.pointer
        middle_s = frame_s - FRAME_S / 2  # an onset of this frame came, on average, in its middle
        if self.line is None:
            if coarse.agreement > 0.1:
                self._draw_line(0, middle_s - coarse.phase * coarse.period_s)
            return
        line = self.line
        around = 0.5 if self._odd else 1.0  # in 7/8 pulses start on any eighth
        off = coarse.phase - line.count_at(middle_s)  # > 0: the coarse one is ahead
        off = (off + around / 2) % around - around / 2
        far = abs(off) > STRAY or abs(coarse.period_s / line.period_s - 1) > STRAY_TEMPO
        self._stray = self._stray + 1 if far else max(self._stray - 2, 0)
        if self._stray > STRAY_FRAMES and coarse.agreement > 0.2:
            if self._refuse_flip(abs(off)):
                return
            pulse_s = middle_s - coarse.phase * coarse.period_s
            self._draw_line(round(line.count_at(pulse_s)), pulse_s)
        elif not far and (self._frame * FRAME_S - line.at_s) % line.period_s < FRAME_S:
            line.hint(-off * line.period_s, coarse.period_s)

    def _refuse_flip(self, off: float) -> bool:
        """Whoever counted in knows where the beat is: syncopation doesn't turn it round."""
        line, coarse = self.line, self.pointer
        same_tempo = line is not None and abs(coarse.period_s / line.period_s - 1) < FLIPPED_TEMPO
        if line is None or not (
            self._counted and same_tempo and off > FLIPPED and self._flips < FLIPS_REFUSED
        ):
            return False
        self._flips += 1
        self._stray = 0
        coarse.seed(line.period_s, line.count_at(self._frame * FRAME_S) % 1.0)
        return True

    def _draw_line(self, count: int, pulse_s: float) -> None:
        self.line = PulseLine(count, pulse_s, self.pointer.period_s, doubt=2.0)
        self._stray = 0

    def _follow_drift(self) -> None:
        """A counted tempo may drift away slowly: the window of tempi moves with it, the octave stays."""
        now_bpm = bpm_of(self.pointer.period_s)
        if abs(math.log2(now_bpm / self._home_bpm)) > 0.16 and self.pointer.agreement > 0.4:
            self._home_bpm = now_bpm
            self.pointer.follow((now_bpm / CONFINED, now_bpm * CONFINED), now_bpm, CONFINED_OCTAVES)

    def _settle_state(self, now_s: float) -> None:
        self.confidence = self._agree()
        quiet_s = now_s - max(self._awake_s, self._begin_s)
        hung_s = now_s - max(self._onset_s, self._begin_s)
        if now_s < self._begin_s:
            self.state = "counting"
        elif min(quiet_s, hung_s) > FORGET_S or (quiet_s > FORGET_S):
            self._lose()
        elif quiet_s > max(REST_PULSES * self.pointer.period_s, REST_S) or hung_s > HUNG_S:
            self.state = "coasting"
        else:
            bar = LOCKED_UNTIL if self.state == "locked" else LOCKED_FROM
            self.state = "locked" if self.confidence >= bar else "locking"
        if self.line is not None and not self._odd:
            self.bars.settle(self.line.count_at(now_s) - 0.3)

    def _lose(self) -> None:
        if self.state != "lost":
            self.pointer.look(FREE_BPM, HOME_BPM, HOME_OCTAVES)
            self.line, self._counted = None, False
            self.bars = BarVote(self.meter.pulses)
            self.state, self.octaves, self.confidence = "lost", (), 0.0

    def _agree(self) -> float:
        """Agreement on tempo and phase, fading when no key is struck."""
        if self.line is None:
            return 0.0
        waited = (self._now_s - max(self._onset_s, self._begin_s)) / self.line.period_s
        return self.pointer.agreement * math.exp(-max(waited - REST_PULSES, 0.0) / 4.0)

    # ---------------------------------------------------------------- what somebody tells us

    def count_in(self, taps_s: Sequence[float], first_pulse_s: float) -> None:
        """Taps or clicks give tempo and phase; the pulse at `first_pulse_s` is one."""
        gaps = sorted(later - earlier for earlier, later in pairwise(taps_s))
        if gaps and gaps[len(gaps) // 2] > 0:
            pulse_s = gaps[len(gaps) // 2]
            steps = max(round((taps_s[-1] - taps_s[0]) / pulse_s), 1)
            pulse_s = (taps_s[-1] - taps_s[0]) / steps
        else:
            pulse_s = self.line.period_s if self.line else self.pointer.period_s
        self.line = PulseLine(0, first_pulse_s, pulse_s)
        self.bars = BarVote(self.meter.pulses)
        self.bars.tell(0)
        while self.line.at_s > self._now_s:  # stand on the last pulse that has passed
            self.line.count -= 1
            self.line.at_s -= pulse_s
        self._begin_s = first_pulse_s
        self._counted = True
        self._confine(bpm_of(pulse_s), self.line.count_at(self._now_s) % 1.0)
        self.state = "counting" if self._now_s < first_pulse_s else "locked"

    def relabel(self, pulses: float) -> None:
        """The count moves on by some pulses; half a pulse turns off-beats into beats."""
        if self.line is None:
            return
        one = self.bars.one
        whole = math.floor(pulses)
        self.line.count += whole
        if pulses != whole:
            self.line.at_s -= (pulses - whole) * self.line.period_s
            self._reseed()
        self.bars.tell(one)

    def scale(self, ratio: float) -> None:
        """Half or double time: the pulse rate times `ratio`; a pulse stays a pulse, one stays one."""
        self._home_bpm *= ratio
        if self.line is None:
            self.pointer.look(FREE_BPM, self._home_bpm, HOME_OCTAVES)
            return
        since_one = (self.line.count - self.bars.one) % self._bar_pulses
        place = since_one * ratio
        skip = (math.ceil(place) - place) / ratio  # old pulses until one that stays a pulse
        self.line.at_s += skip * self.line.period_s
        self.line.period_s /= ratio
        self.line.count = math.ceil(place)
        while self.line.at_s > self._now_s:
            self.line.count -= 1
            self.line.at_s -= self.line.period_s
        self.bars.tell(0)
        self._reseed()

    def set_meter(self, meter: Meter) -> None:
        """Another meter from here on; the count goes on, and one is where it was."""
        if meter == self.meter:
            return
        one, told = self.bars.one, self.bars.told
        if self.line is not None:
            self.line.count = math.floor((self.line.count - one) % self._bar_pulses)
        self.bars = BarVote(meter.pulses)
        if told:
            self.bars.tell(0)
        before, self.meter = self.meter, meter
        self._read_meter()
        if division(meter) != division(before):
            self.pointer = BarPointer(division(meter))
            self._reseed()

    def _reseed(self) -> None:
        if self.line is not None:
            self._confine(bpm_of(self.line.period_s), self.line.count_at(self._now_s) % 1.0)

    def _confine(self, bpm: float, phase: float) -> None:
        """Search only near a tempo that somebody gave us, and believe it."""
        self._home_bpm = bpm
        self._counted = True
        self.pointer.look((bpm / CONFINED, bpm * CONFINED), bpm, CONFINED_OCTAVES)
        self.pointer.seed(self.line.period_s if self.line else self.pointer.period_s, phase)
        self.octaves = self.pointer.octaves()
        self._stray = self._flips = 0

    # ---------------------------------------------------------------- what we understand

    @property
    def pulse_bpm(self) -> float | None:
        """Felt pulses a minute, as long as we remember them."""
        return bpm_of(self.line.period_s) if self.line is not None else None

    def _read_meter(self) -> None:
        self._odd = division(self.meter) == "eighths"  # bars end with a short pulse, as in 7/8
        self._bar_pulses = self.meter.bar_beats / self.meter.pulse_beats  # 3.5 in 7/8

    def next_pulse(self) -> tuple[float, int] | None:
        """When the next pulse falls (after now) and how many pulses after it the bar begins."""
        if self.line is None or self.state not in ("counting", "locking", "locked"):
            return None
        since_one = self.line.count_at(self._now_s) - self.bars.one
        place, to_one = next_in_bar(since_one, self._bar_pulses, self.meter.pulses)
        pulse_s = self.line.time_of(self.bars.one + place)
        if pulse_s <= self._now_s:  # rounding, right on a pulse
            place, to_one = next_in_bar(place + 1e-3, self._bar_pulses, self.meter.pulses)
            pulse_s = self.line.time_of(self.bars.one + place)
        return pulse_s, to_one
