"""From estimate to clock: how the band's tempo follows the humans, and how it refuses to.

A second-order loop on the listener's pulse, moved once a pulse, shortly after it: phase is bent and
tempo moved by a share of what is heard (*follow*), at most so much a pulse (*inertia*), inside a leash
around the home tempo. Taps are inexact, so the first bars after them settle the tempo. From then on a
constant early or late offset is pocket: it is learned and then ignored, so a performer who trails the
band by 20 ms does not drag it. Pure arithmetic inside `Band.step`.
Sources: Robertson & Plumbley's B-Keeper (separate phase and tempo correction, ±5 %),
Large & Jones' oscillator as in Antescofo (two knobs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bandmate.events import Heard
from bandmate.timing import TEMPI, BeatMap, Meter, playable

LEASH_DRUMS, LEASH_FREE = 0.03, 0.08
LOOSE_SLEW, TIGHT_SLEW = 0.15, 0.006  # of the tempo, in a pulse: the most with inertia 0, and with 1
PHASE_SLEW, FREE_PHASE_SLEW = 4 / 3, 2.0  # so many times as far may the phase be bent; with follow 1
TURN = 0.25  # of a pulse: so long after it, its stroke has been heard and weighed
TEMPO_SHARE = 0.5  # on the leash the tempo is moved more slowly than the phase
TRUSTED = 0.6  # confidence from which on we go all the way
LEAST_CONFIDENCE = 0.3
SETTLE_PULSES = 8  # after taps, so long
SETTLE = 0.4  # we follow by this at least,
SETTLE_ROOM = 0.007  # and home moves along by so much of the tempo,
SETTLED_PULSES = 16  # and on, this slowly: what the first bars got wrong
HOME_PULL = 0.05  # a pulse: home pulls a little while they play,
HOME_DRIFT = 0.08  # and more when nobody is there to follow
POCKET_S = 0.035  # an offset up to this is a way of playing
POCKET_FIRST, POCKET_PULSES = 4, 24  # how quickly pocket is learned: at first, and later
UNHEARD_S = 0.008  # an error up to this is nobody's business
FAR = 0.25  # of a pulse: not to be slewed
FAR_TEMPO = 0.1  # nor is this
FAR_PULSES = 4
OCTAVE_LEAD = 3.0  # so many times likelier must another octave be,
OCTAVE_PULSES = 8  # for so long,
OCTAVE_NEAR = 0.1  # and so near to half or double our tempo, in octaves


@dataclass(frozen=True, slots=True)
class Hint:
    """What the listener must know about the transport's decision, given to it in the next step."""

    kind: str  # count-in, relabel, scale, tempo, meter, reset
    value: float = 0.0
    taps_s: tuple[float, ...] = ()
    from_s: float | None = None  # when it begins; None: as soon as it may
    place: float = 0.0  # how many of the new pulses after one that is


@dataclass(frozen=True, slots=True)
class Moved:
    """The clock after following; `reentry`: it jumped, so the band comes back in on a bar line."""

    beatmap: BeatMap
    home_bpm: float
    reentry: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """What the follower is given in a step: the clock so far, and what may be done with it."""

    beatmap: BeatMap
    now_s: float
    frontier_s: float  # nothing before it may be moved
    meter: Meter
    home_bpm: float  # in pulses
    drums: bool = True  # they play: the leash is short
    steer: bool = True  # else it coasts
    counted: bool = True  # somebody gave us the tempo; else it is a guess, and home with it
    bar_line: float = 0.0  # a beat on which a bar begins: places are counted from there


@dataclass(frozen=True, slots=True)
class Error:
    """How far the clock, if it went straight on, would be from the humans' next pulse."""

    ahead: float  # in our pulses; above 0: we are ahead of them
    theirs: float  # their tempo in beats a minute, in our octave


class Follower:
    """Follows by 0..1: 0 holds the tempo, 1 goes wherever the performer goes; `inertia` 0..1 slows it."""

    def __init__(self, follow: float, inertia: float = 0.5) -> None:
        self.follow_by, self.inertia = follow, inertia
        self.begin()

    def begin(self, settle: bool = False) -> None:
        """Forget pocket and errors: a new start, or a new count; `settle` where it was tapped."""
        self.pocket_s = 0.0
        self.bpm: float | None = None  # the tempo without the bending of phase, in beats
        self.rung = "coast"  # what the clock goes by: follow or coast
        self.octave = 0  # by how many octaves another tempo has led for long enough
        self._lean = 1.0  # home as the first bars have settled it, of the home tempo
        self._pulses = -SETTLE_PULSES if settle else 0  # followed since the start, or since it settled
        self._turn: int | None = None  # the pulse after which the clock was last moved
        self._far = self._octave_pulses = 0

    @property
    def slew(self) -> float:
        """The most by which a pulse may move the tempo, as a share of it."""
        return float(LOOSE_SLEW * (TIGHT_SLEW / LOOSE_SLEW) ** self.inertia)

    @property
    def free(self) -> bool:
        """Whether the leash is off."""
        return self.follow_by >= 1.0

    def follow(self, clock: Clock, heard: Heard) -> Moved:
        """The clock from the frontier on. Called every step; acts once a pulse, shortly after it."""
        pulse, beatmap = clock.meter.pulse_beats, clock.beatmap
        turn = math.floor(beatmap.beat_at(clock.now_s) / pulse - TURN)
        due = self._turn is not None and turn > self._turn
        if due or self._turn is None:
            self._turn = turn
        if not due:
            return Moved(beatmap, clock.home_bpm)
        straight = beatmap.at_tempo(self.bpm if self.bpm is not None else beatmap.bpm, clock.frontier_s)
        error = _error(straight, heard, clock) if clock.steer else None
        self._weigh_octaves(heard, straight.bpm / pulse)
        if error is None:
            self._far = 0
            return Moved(self._coast(clock, straight), clock.home_bpm)
        jump = self._jump(straight, heard, error, clock)
        if jump is not None:
            return jump
        if abs(error.ahead) >= FAR:
            return Moved(self._coast(clock, straight), clock.home_bpm)
        by = self.follow_by * min(1.0, heard.confidence / TRUSTED)
        return Moved(self._bend(clock, straight, error, by), clock.home_bpm)

    def _bend(self, clock: Clock, straight: BeatMap, error: Error, by: float) -> BeatMap:
        """Move tempo and phase a part of the way towards the humans."""
        self.rung = "follow"
        self._pulses = min(self._pulses + 1, POCKET_PULSES)
        home = clock.home_bpm * clock.meter.pulse_beats
        ahead_s = straight.seconds(error.ahead * clock.meter.pulse_beats)
        wanted = straight.bpm + by * (error.theirs - straight.bpm)
        if not self.free:
            if self._pulses <= 0 < by:
                by = max(by, SETTLE)
            wanted = straight.bpm + by * TEMPO_SHARE * (error.theirs - straight.bpm)
            if self._pulses <= 0:
                self._lean = _near_one(wanted / home)
            else:
                if by > 0 and _near_one(error.theirs / home) == error.theirs / home:
                    self._lean += (error.theirs / home - self._lean) / SETTLED_PULSES
                ahead_s = self._beside_pocket(ahead_s)
                wanted += (home * self._lean - wanted) * HOME_PULL
            leash = home * (LEASH_DRUMS if clock.drums else LEASH_FREE)
            wanted = max(home - leash, min(home + leash, wanted))
        pulse = clock.meter.pulse_beats
        wanted = max(TEMPI[0] * pulse, min(TEMPI[1] * pulse, wanted))
        self.bpm = _within(wanted, straight.bpm, self.slew)
        most = self.slew * (FREE_PHASE_SLEW if self.free else PHASE_SLEW)
        bend = by * straight.beats(ahead_s) / clock.meter.pulse_beats
        return straight.at_tempo(self.bpm * (1 - max(-most, min(most, bend))), clock.frontier_s)

    def _beside_pocket(self, ahead_s: float) -> float:
        """What of an offset is no pocket, and worth correcting; learns the pocket."""
        self.pocket_s += (ahead_s - self.pocket_s) / max(self._pulses, POCKET_FIRST)
        self.pocket_s = max(-POCKET_S, min(POCKET_S, self.pocket_s))
        beside_s = ahead_s - self.pocket_s
        return math.copysign(max(0.0, abs(beside_s) - UNHEARD_S), beside_s)

    def _coast(self, clock: Clock, straight: BeatMap) -> BeatMap:
        """Nobody to follow: unbend the phase and, unless follow is 1, drift home."""
        self.rung = "coast"
        home = clock.home_bpm * clock.meter.pulse_beats * self._lean
        drift = (home - straight.bpm) * HOME_DRIFT * (1 - self.follow_by)
        self.bpm = _within(straight.bpm + drift, straight.bpm, self.slew)
        if math.isclose(self.bpm, clock.beatmap.bpm, rel_tol=1e-6):
            return clock.beatmap
        return straight.at_tempo(self.bpm, clock.frontier_s)

    def _jump(self, straight: BeatMap, heard: Heard, error: Error, clock: Clock) -> Moved | None:
        """An error above a quarter pulse, or of tempo, for four pulses: re-enter instead of slewing.

        On the leash only the phase is taken, and only where their tempo is one that we may play.
        """
        leashed = clock.counted and not self.free
        off_tempo = abs(error.theirs / straight.bpm - 1) > FAR_TEMPO
        far = abs(error.ahead) >= FAR or off_tempo
        self._far = self._far + 1 if far and heard.state == "locked" else 0
        if self._far < FAR_PULSES or self.follow_by <= 0 or (off_tempo and leashed):
            return None
        self._far = 0
        if not leashed:
            return self.adopt(straight, heard, clock.meter, clock.bar_line)
        moved = straight.moved(-error.ahead * clock.meter.pulse_beats, clock.frontier_s)
        return Moved(moved, clock.home_bpm, True)

    def adopt(self, straight: BeatMap, heard: Heard, meter: Meter, bar_line: float) -> Moved | None:
        """Their tempo and phase as they are, and their tempo is home; None where they have none for us."""
        if heard.next_pulse_s is None or heard.pulse_bpm is None:
            return None
        pulse = meter.pulse_beats
        octave = round(math.log2(heard.pulse_bpm * pulse / straight.bpm))
        if not playable(heard.pulse_bpm / 2.0**octave):
            return None
        self.bpm = heard.pulse_bpm * pulse / 2.0**octave
        beat = bar_line + meter.on_grid(straight.beat_at(heard.next_pulse_s) - bar_line)
        return Moved(BeatMap(self.bpm, beat, heard.next_pulse_s), self.bpm / pulse, True)

    def _weigh_octaves(self, heard: Heard, ours: float) -> None:
        """Another octave counts once it has led by three to one for eight pulses."""
        likely = [(round(math.log2(bpm / ours)), share) for bpm, share in heard.octaves
                  if abs(math.log2(bpm / ours) - round(math.log2(bpm / ours))) < OCTAVE_NEAR]  # fmt: skip
        here = sum(share for octave, share in likely if octave == 0)
        best, lead = max(likely, key=lambda found: found[1], default=(0, 0.0))
        leads = best != 0 and lead >= OCTAVE_LEAD * here and heard.confidence >= LEAST_CONFIDENCE
        self._octave_pulses = self._octave_pulses + 1 if leads else 0
        self.octave = best if self._octave_pulses >= OCTAVE_PULSES else 0


def _near_one(lean: float) -> float:
    """A share of the home tempo by which the first bars may have missed it."""
    return max(1 - SETTLE_ROOM, min(1 + SETTLE_ROOM, lean))


def _within(wanted: float, straight: float, share: float) -> float:
    """A tempo no further from another than a share of it."""
    return max(straight * (1 - share), min(straight * (1 + share), wanted))


def _error(straight: BeatMap, heard: Heard, clock: Clock) -> Error | None:
    """How far we are from the humans; None where there is nobody to follow.

    In 7/8 bars begin on any eighth, and the pulses with them: there every eighth may be theirs.
    """
    if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.confidence < LEAST_CONFIDENCE:
        return None
    pulse = clock.meter.pulse_beats
    octave = round(math.log2(heard.pulse_bpm * pulse / straight.bpm))
    faster = 2.0 ** max(octave, 0)  # they count on our off-beats too
    here = (straight.beat_at(heard.next_pulse_s) - clock.bar_line) * faster
    ahead = (here - clock.meter.on_grid(here)) / faster / pulse
    return Error(ahead, heard.pulse_bpm * pulse / 2.0**octave)
