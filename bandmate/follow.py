"""From estimate to clock: how the band's tempo follows the humans, and how it refuses to.

A second-order loop on the listener's pulse, moved once a pulse (half way between two): phase is
bent by at most 4 % and tempo by at most 3 % a pulse, inside a leash around the home tempo. A
constant early or late offset is pocket: it is learned and then ignored, so a performer who trails
the band by 20 ms does not drag it. Pure arithmetic inside `Band.step`.
Sources: Robertson & Plumbley's B-Keeper (separate phase and tempo correction, ±5 %),
Large & Jones' oscillator as in Antescofo (two knobs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bandmate.events import Heard
from bandmate.timing import BeatMap, Meter

LEASH_DRUMS, LEASH_FREE = 0.03, 0.08
PHASE_SLEW, TEMPO_SLEW = 0.04, 0.03  # the most that one pulse may be bent, and the tempo moved
FREE_SLEW = 0.15  # with follow 1
POCKET_S = 0.045  # an offset up to this is a way of playing
POCKET_PULSES = 8.0  # how quickly pocket is learned
LEAST_CONFIDENCE = 0.3
FAR = 0.25  # of a pulse: not to be slewed
FAR_PULSES = 4
OCTAVE_PULSES = 8


@dataclass(frozen=True, slots=True)
class Hint:
    """What the listener must know about the transport's decision, given to it in the next step."""

    kind: str  # count-in, relabel, scale, reset
    value: float = 0.0
    taps_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """The clock after following; `reentry`: it jumped, so the band comes back in on a bar line."""

    beatmap: BeatMap
    home_bpm: float
    reentry: bool = False


class Follower:
    """Follows with a strength 0..1: 0 holds the tempo, 1 goes wherever the performer goes."""

    def __init__(self, follow: float) -> None:
        self.follow_by = follow
        self.begin()

    def begin(self) -> None:
        """Forget pocket and errors: a new start, or a new count."""
        self.pocket_s = 0.0
        self.bpm: float | None = None  # the tempo without the bending of phase, in beats
        self._turn = -1e9  # the pulse after which the clock was last moved
        self._far = self._octave = 0

    def follow(
        self, beatmap: BeatMap, now_s: float, frontier_s: float, heard: Heard, meter: Meter,
        drums: bool, home_bpm: float,
    ) -> Moved:  # fmt: skip
        """The clock from the frontier on. Called every step; acts once a pulse, half way through it."""
        pulse = meter.pulse_beats
        turn = math.floor(beatmap.beat_at(now_s) / pulse - 0.5)
        if turn <= self._turn:
            return Moved(beatmap, home_bpm)
        self._turn = turn
        straight = self.bpm if self.bpm is not None else beatmap.bpm
        if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.confidence < LEAST_CONFIDENCE:
            return Moved(self._coast(beatmap, frontier_s, straight, home_bpm * pulse), home_bpm)
        octave = round(math.log2(heard.pulse_bpm * pulse / straight))
        jump = self._jump(beatmap, frontier_s, heard, pulse, octave)
        if jump is not None:
            return jump if jump.home_bpm else Moved(jump.beatmap, home_bpm, True)
        theirs = heard.pulse_bpm * pulse / 2.0**octave
        here = beatmap.beat_at(heard.next_pulse_s) / pulse
        ahead = here - round(here)  # in pulses; above 0: we are ahead of them
        if abs(ahead) >= FAR:
            return Moved(self._coast(beatmap, frontier_s, straight, home_bpm * pulse), home_bpm)
        return Moved(self._bend(beatmap, frontier_s, straight, theirs, ahead * pulse, drums,
                                home_bpm * pulse, heard.confidence), home_bpm)  # fmt: skip

    def _bend(
        self, beatmap: BeatMap, frontier_s: float, straight: float, theirs: float, ahead_beats: float,
        drums: bool, home: float, confidence: float,
    ) -> BeatMap:  # fmt: skip
        by, free = self.follow_by * confidence, self.follow_by >= 1.0
        ahead_s = beatmap.seconds(ahead_beats)
        if not free:
            self.pocket_s += (ahead_s - self.pocket_s) / POCKET_PULSES
            self.pocket_s = max(-POCKET_S, min(POCKET_S, self.pocket_s))
            ahead_s -= self.pocket_s
        leash = math.inf if free else LEASH_DRUMS if drums else LEASH_FREE
        slew = FREE_SLEW if free else TEMPO_SLEW
        wanted = straight + by * (theirs - straight) * 0.5
        wanted += (home - wanted) * 0.08 * (1 - self.follow_by)  # home pulls a little, always
        wanted = max(straight * (1 - slew), min(straight * (1 + slew), wanted))
        self.bpm = max(home * (1 - leash), min(home * (1 + leash), wanted))
        most = FREE_SLEW if free else PHASE_SLEW
        bend = by * 0.6 * beatmap.beats(ahead_s)
        return beatmap.at_tempo(self.bpm * (1 - max(-most, min(most, bend))), frontier_s)

    def _coast(self, beatmap: BeatMap, frontier_s: float, straight: float, home: float) -> BeatMap:
        """Nobody to follow: unbend the phase and, unless follow is 1, drift home."""
        self.bpm = straight + (home - straight) * 0.08 * (1 - self.follow_by)
        if math.isclose(self.bpm, beatmap.bpm, rel_tol=1e-6):
            return beatmap
        return beatmap.at_tempo(self.bpm, frontier_s)

    def _jump(
        self, beatmap: BeatMap, frontier_s: float, heard: Heard, pulse: float, octave: int
    ) -> Moved | None:
        """An error above a quarter pulse for four pulses: re-enter instead of slewing."""
        assert heard.next_pulse_s is not None
        assert heard.pulse_bpm is not None
        here = beatmap.beat_at(heard.next_pulse_s) / pulse
        off = here - round(here)
        self._octave = self._octave + 1 if octave else 0
        far = octave == 0 and abs(off) >= FAR
        self._far = self._far + 1 if far else 0
        if self.follow_by <= 0:
            return None
        if self._octave >= OCTAVE_PULSES and self.follow_by >= 1.0:
            self._octave, self.bpm = 0, heard.pulse_bpm * pulse
            beat = round(here) * pulse
            near = BeatMap(self.bpm, beat, heard.next_pulse_s)
            return Moved(near, heard.pulse_bpm, True)
        if self._far >= FAR_PULSES:
            self._far = 0
            return Moved(beatmap.moved(-off * pulse, frontier_s), 0.0, True)
        return None
