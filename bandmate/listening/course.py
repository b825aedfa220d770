"""The course of the pulse: the bar pointer, the pulse line and the octave judge, kept together.

The pointer says which pulse, frame by frame; the line says exactly when; the judge says, twice a second,
whether people would tap another octave of it or its off-beats. Once the judge has spoken, or somebody
has counted in, the pointer searches only near that tempo. Runs in the band process; imports timing.
"""

from __future__ import annotations

import math

from bandmate.listening.barpointer import FRAME_S, FREE_BPM, HOME_BPM, HOME_OCTAVES, BarPointer
from bandmate.listening.octaves import RELATIVES, OctaveJudge
from bandmate.listening.pulseline import PulseLine
from bandmate.timing import bpm_of

CONFINED = 1.26  # we search this far from a known tempo (4/3 of it is no longer it); it follows a slow drift
CONFINED_OCTAVES = 0.3
DRIFT_OCTAVES = 0.16  # so far from home the window of tempi moves along
STRAY = 0.16  # the line jumps to the bar pointer when it is this share of a pulse away,
STRAY_TEMPO = 0.07  # or its tempo this far off,
STRAY_FRAMES = 25  # for this long
FLIPPED, FLIPPED_TEMPO = 0.3, 0.04  # so far off at the same tempo: it took the off-beats for beats
FLIPS_REFUSED = 8  # a counted pulse isn't flipped before the bar pointer has asked so often
SWINGS, STRAIGHT_AGAIN = 0.56, 0.54  # off-beats usually fall beyond the first, or again before the second
REOPENED_S = 4.0  # after a new beginning nothing is refused
CONSULT_FRAMES = 50  # how often the judge is asked
FIRST_S = 2.5  # the judge's first word comes after so much music
MARGIN, LATE_MARGIN = 0.8, 2.0  # log odds by which a relative must lead, at first and later on
LATE_S = 20.0
PATIENCE, LATE_PATIENCE = 2, 5  # how often in a row it must lead
LOST_FRAMES = 500  # so long without agreement we look everywhere again
LOST_AGREEMENT = 0.12


class Course:
    """Which pulse we follow, and how it came to be: `held` is nobody's (""), judged or told."""

    def __init__(self, division: str) -> None:
        self.pointer = BarPointer(division)
        self.line: PulseLine | None = None
        self.judge = OctaveJudge()
        self.held = ""
        self.home_bpm = HOME_BPM
        self._division = division
        self._even = division == "eighths"  # in 7/8 pulses start on any eighth
        self.judged = division == "halves"  # the judge was brought up on simple meters
        self._first_s: float | None = None  # when the music began
        self._stray = 0
        self._flips = 0
        self._asked = 0
        self._wanted = 0
        self._adrift = 0
        self._open_until_s = 0.0

    def free(self) -> None:
        """Forget tempo and phase, and look everywhere."""
        self.pointer.divide(self._division)
        self.pointer.look(FREE_BPM, HOME_BPM, HOME_OCTAVES)
        self.line, self.held = None, ""
        self.judge = OctaveJudge()
        self._first_s = None
        self._stray = self._flips = self._asked = self._adrift = 0

    def tell(self, line: PulseLine, now_s: float) -> None:
        """Somebody gave us this pulse: search only near it, and believe it."""
        self.line, self.held = line, "told"
        line.told = True
        self.judge = OctaveJudge()
        if self.judged:
            self.pointer.divide("counted")
        self._confine(now_s)

    def _confine(self, now_s: float) -> None:
        if self.line is None:
            return
        bpm = self.home_bpm = bpm_of(self.line.period_s)
        self.pointer.look((bpm / CONFINED, bpm * CONFINED), bpm, CONFINED_OCTAVES)
        self.pointer.seed(self.line.period_s, self.line.count_at(now_s) % 1.0)
        self._stray = self._flips = self._asked = self._adrift = 0

    def reopen(self, now_s: float) -> None:
        """Somebody begins again after a rest: for a while anything may be another pulse, or off-beat."""
        self.pointer.reopen()
        self._open_until_s = now_s + REOPENED_S

    def advance(self, frame: int, onset: float, listening: bool) -> None:
        """One frame on; the judge may turn the pulse into another one."""
        self.pointer.advance(onset, listening)
        if onset and self._first_s is None:
            self._first_s = frame * FRAME_S
        if self.held:
            self._follow_drift(listening)
        if self.judged and listening and frame % CONSULT_FRAMES == 0:
            self._consult(frame * FRAME_S)

    def _follow_drift(self, listening: bool) -> None:
        """A known tempo may drift away slowly: the window of tempi moves with it, the octave stays."""
        now_bpm = bpm_of(self.pointer.period_s)
        agreement = self.pointer.agreement
        if abs(math.log2(now_bpm / self.home_bpm)) > DRIFT_OCTAVES and agreement > 0.4:
            self.home_bpm = now_bpm
            self.pointer.follow((now_bpm / CONFINED, now_bpm * CONFINED), now_bpm, CONFINED_OCTAVES)
        if self.held == "judged" and listening:
            self._adrift = self._adrift + 1 if agreement < LOST_AGREEMENT else max(self._adrift - 2, 0)
            if self._adrift > LOST_FRAMES:
                self.pointer.look(FREE_BPM, HOME_BPM, HOME_OCTAVES)
                self.held, self._adrift = "", 0

    # ---------------------------------------------------------------- the fine line

    def steer(self, frame_s: float, by_ear: bool = False) -> None:
        """Keep the fine line near the coarse estimate: lean once a pulse, jump when it stays far off.

        `by_ear`: a microphone is open, in which off-beats are too blurred to tell swing by.
        """
        coarse = self.pointer
        middle_s = frame_s - FRAME_S / 2  # an onset of this frame came, on average, in its middle
        if self.line is None:
            if coarse.agreement > 0.1:
                self._draw_line(0, middle_s - coarse.phase * coarse.period_s, frame_s)
            return
        line = self.line
        if self.held == "told" and self.judged and not by_ear:
            self._lean(line.between)
        around = 0.5 if self._even else 1.0
        off = coarse.phase - line.count_at(middle_s)  # > 0: the coarse one is ahead
        off = (off + around / 2) % around - around / 2
        far = abs(off) > STRAY or abs(coarse.period_s / line.period_s - 1) > STRAY_TEMPO
        self._stray = self._stray + 1 if far else max(self._stray - 2, 0)
        if self._stray > STRAY_FRAMES and coarse.agreement > 0.2:
            if self._refuse_flip(abs(off), frame_s):
                return
            pulse_s = middle_s - coarse.phase * coarse.period_s
            self._draw_line(round(line.count_at(pulse_s)), pulse_s, frame_s)
        elif not far and (frame_s - line.at_s) % line.period_s < FRAME_S:
            line.hint(-off * line.period_s, coarse.period_s)

    def _lean(self, between: float) -> None:
        """Whoever swings is expected to swing."""
        swings = between > (STRAIGHT_AGAIN if self.pointer.division == "swung" else SWINGS)
        division = "swung" if swings else "counted"
        if division != self.pointer.division:
            self.pointer.divide(division)

    def _refuse_flip(self, off: float, frame_s: float) -> bool:
        """Whoever counted in knows where the beat is, and so does the judge: syncopation doesn't turn it."""
        line, coarse = self.line, self.pointer
        same_tempo = line is not None and abs(coarse.period_s / line.period_s - 1) < FLIPPED_TEMPO
        if frame_s < self._open_until_s:
            return False
        if line is None or not (self.held and same_tempo and off > FLIPPED and self._flips < FLIPS_REFUSED):
            return False
        self._flips += 1
        self._stray = 0
        coarse.seed(line.period_s, line.count_at(frame_s) % 1.0)
        return True

    def _draw_line(self, count: int, pulse_s: float, now_s: float) -> None:
        was = self.line
        self.line = PulseLine(count, pulse_s, self.pointer.period_s, doubt=2.0)
        if was is not None:
            self.line.told, self.line.between = was.told, was.between
            self.judge.recount(
                (was.count_at(now_s), was.period_s), (self.line.count_at(now_s), self.line.period_s)
            )
        self._stray = 0

    # ---------------------------------------------------------------- the judge

    def _consult(self, now_s: float) -> None:
        """Ask the judge; adopt the relative it prefers when it leads clearly and keeps leading."""
        line = self.line
        if line is None or self.held == "told" or self._first_s is None or now_s - self._first_s < FIRST_S:
            return
        found = self.judge.weigh(now_s, line.count_at(now_s), line.period_s)
        if found is None:
            return
        late = min((now_s - self._first_s) / LATE_S, 1.0)
        best = int(found.argmax())
        leads = float(found[best] - found[0]) > MARGIN + (LATE_MARGIN - MARGIN) * late
        self._asked = self._asked + 1 if leads and best == self._wanted else int(leads)
        self._wanted = best
        if leads and self._asked >= PATIENCE + (LATE_PATIENCE - PATIENCE) * late:
            self._adopt(*RELATIVES[best], now_s)
        elif not self.held and best == 0:
            self.held = "judged"
            self._confine(now_s)

    def _adopt(self, ratio: float, shift: float, now_s: float) -> None:
        """From here on follow a relative of the pulse: `ratio` of its pulses in one of ours."""
        was = self.line
        if was is None:
            return
        count = was.count_at(now_s) * ratio + shift
        period_s = was.period_s / ratio
        pulse = math.floor(count)
        self.line = PulseLine(pulse, now_s - (count - pulse) * period_s, period_s)
        self.judge.recount((was.count_at(now_s), was.period_s), (count, period_s))
        self.held = "judged"
        self._confine(now_s)
