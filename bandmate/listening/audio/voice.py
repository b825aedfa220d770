"""A singer or a horn as a keyboard: one voice in a microphone becomes note-ons and note-offs.

Pure (sound in, events out); the ears process runs it. Imports the bottom layer and this room; the band's
process must not import it.

A note begins when its pitch has been steady for some 30 ms, and carries the time at which it really began:
that of the onset, where one was heard, else that of its first steady moment. Vibrato and glides stay
inside their note; a leap, a new attack on the same pitch or silence ends it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from bandmate.events import NoteOff, NoteOn
from bandmate.listening.audio.onsets import OnsetDetector
from bandmate.listening.audio.pitch import GATE_DB, PitchTracker, Sound, clean
from bandmate.listening.audio.tuning import semitones

WITHIN = 0.6  # semitones from its centre that a note may stray
TUNING = 0.25  # semitones that the centre may lie from the note,
SETTLING = 0.04  # and what share of the way it goes in a hop
STEADY = 0.5  # semitones from lowest to highest in a steady moment
TREND = 0.25  # and from its beginning to its end
STEADY_HOPS = 5  # some 30 ms: so long must a new pitch hold,
NEAR, NEAR_HOPS = 1.5, 8  # longer if it is near;
BEYOND = 0.65  # and then, on average, so many semitones away;
SWING_HOPS, SWING_S = 12, 0.4  # still longer if it came back from there lately: that is vibrato,
FAR, FAR_HOPS = 11.5, 14  # or far below: two notes that overlap sound like that for a moment
OCTAVES_UP = (12, 19, 24)  # an attack may sound like these above its note
CLEAR, UNSURE_HOPS = 0.9, 8  # confidence of a note that rings alone; patience with what is less sure
GONE_HOPS = 6  # a note ends when no pitch was heard for so long
ONSET_S = 0.09  # an attack explains a new note so much later at most
HAND_OVER_S = 0.05  # and it began so long before it was steady at most
AGAIN_S, AGAIN_HOPS = 0.015, 4  # a note again: its pitch is as before, so long after a new attack
AGAIN_DB = 2.0  # and it has become louder by this
SHORTEST_S = 0.06  # no note is struck again sooner
OLDEST_S = 0.1  # no event is stamped longer ago
SOFT, LOUD = 40.0, 115.0  # velocities of the softest and the loudest notes of late
RANGE_DB = 12.0  # the least that lies between them
FORGET_DB = 0.3  # how far that range closes in with every note


@dataclass(frozen=True, slots=True)
class Moment:
    """One value of the pitch track, in seconds of the caller's clock and semitones (0: no pitch)."""

    time_s: float
    pitch: float
    sure: float
    level_db: float


class Voice:
    """Hears one voice between two pitches (hertz); below `gate_db` (a full-scale sine is 0) is silence."""

    def __init__(
        self, rate_hz: float, low_hz: float, high_hz: float, gate_db: float = GATE_DB, port: str = ""
    ) -> None:
        self.port = port
        self.tracker = PitchTracker(rate_hz, low_hz, high_hz, gate_db)
        self.detector = OnsetDetector(rate_hz, one_voice=True)
        self.note: int | None = None
        self._rest = np.zeros(0, np.float32)
        self._frames = 0
        self._moments: deque[Moment] = deque(maxlen=24)
        self._silent = 0
        self._onset_s: float | None = None
        self._centre = 0.0  # of the note, in semitones: singers are not tuned
        self._strayed, self._swung_s = 0, -1.0  # hops near by the note, and when it came back from there
        self._doubtful = False  # the note was begun on thin evidence: the next pitch may correct it at once
        self._began_s = self._told_s = -1.0
        self._soft_db = self._loud_db = 0.0
        self._events: list[NoteOn | NoteOff] = []

    def hear(self, block: Sound, end_s: float) -> list[NoteOn | NoteOff]:
        """Some sound, mono, that ends at `end_s`; returns the notes it began and ended, in order."""
        self._events = []
        sound = np.concatenate((self._rest, clean(block).reshape(-1)))
        hop, rate_hz = self.tracker.hop, self.tracker.rate_hz
        for start in range(0, len(sound) - hop + 1, hop):
            now_s = end_s - (len(sound) - start - hop) / rate_hz
            self._step(sound[start : start + hop], now_s)
        self._rest = sound[len(sound) // hop * hop :]
        return self._events

    def _step(self, hop: Sound, now_s: float) -> None:
        """One hop of sound that ends at `now_s`."""
        self._frames += len(hop)
        from_start_s = now_s - self._frames / self.tracker.rate_hz
        for onset_s in self.detector.hear(hop):
            if self.tracker.sounding:
                self._onset_s = onset_s + from_start_s
        for time_s, hz, sure in self.tracker.hear(hop):
            pitch = semitones(hz) if hz else 0.0
            self._moments.append(Moment(time_s + from_start_s, pitch, sure, self.tracker.level_db))
        if self._onset_s is not None and self._onset_s < now_s - ONSET_S - OLDEST_S:
            self._onset_s = None
        if not self._moments[-1].pitch:
            self._silent += 1
            if self._silent >= GONE_HOPS:
                self._end(now_s, now_s)
            return
        self._silent = 0
        self._follow(now_s)
        if not self._fits(self._moments[-1]):
            self._change(now_s)
        elif self._onset_s is not None:
            self._repeat(now_s)

    def _change(self, now_s: float) -> None:
        """Begin a new note if its pitch has been steady for long enough."""
        hops = self._patience()
        run = list(self._moments)[-hops:]
        pitches = [moment.pitch for moment in run]
        if len(run) < hops or not all(pitches) or max(pitches) - min(pitches) > STEADY:
            return
        if abs(pitches[-1] + pitches[-2] - pitches[0] - pitches[1]) > 2 * TREND:
            return
        if self.note is not None and abs(sum(pitches) / hops - self._centre) < BEYOND:
            return
        pitch = round(sorted(pitches)[hops // 2])
        if pitch == self.note or not 0 <= pitch <= 127:
            return
        began_s = self._handed_over(run[0].time_s)
        if self._onset_s is not None and 0 <= began_s - self._onset_s < ONSET_S:
            began_s = self._onset_s
        self._begin(pitch, run, began_s, now_s)

    def _fits(self, moment: Moment) -> bool:
        """Whether a moment belongs to the note that sounds."""
        return self.note is not None and abs(moment.pitch - self._centre) <= WITHIN

    def _patience(self) -> int:
        """For how many hops a new pitch must be steady, by how likely it is a mistake."""
        newest = self._moments[-1]
        unsure = STEADY_HOPS if newest.sure >= CLEAR else UNSURE_HOPS
        if self.note is None or self._doubtful:
            return unsure
        far = newest.pitch - self._centre
        if abs(far) < NEAR:
            swings = newest.time_s - self._swung_s < SWING_S
            return SWING_HOPS if swings else max(NEAR_HOPS, unsure)
        return FAR_HOPS if far < -FAR or round(far) in OCTAVES_UP else unsure

    def _follow(self, now_s: float) -> None:
        """Let the note's centre settle, and remember when the pitch last came back from near by."""
        newest = self._moments[-1]
        if self.note is None:
            return
        if self._fits(newest):
            settled = self._centre + SETTLING * (newest.pitch - self._centre)
            self._centre = min(max(settled, self.note - TUNING), self.note + TUNING)
            self._doubtful = self._doubtful and newest.sure < CLEAR
            if self._strayed > 1:
                self._swung_s = now_s
            self._strayed = 0
        elif abs(newest.pitch - self._centre) < NEAR:
            self._strayed += 1

    def _handed_over(self, steady_s: float) -> float:
        """When the old note gave way to one steady from `steady_s` on: half-way since it was alone."""
        for moment in reversed(self._moments):
            if moment.time_s < steady_s and moment.sure >= CLEAR and self._fits(moment):
                return max((steady_s + moment.time_s) / 2, steady_s - HAND_OVER_S)
        return steady_s

    def _repeat(self, now_s: float) -> None:
        """Begin the same note again if it was attacked anew."""
        onset_s, note = self._onset_s, self.note
        if onset_s is None or note is None:
            return
        run = [moment for moment in self._moments if moment.time_s > onset_s + AGAIN_S][:AGAIN_HOPS]
        if onset_s < self._began_s + SHORTEST_S:
            self._onset_s = None
        elif len(run) == AGAIN_HOPS and all(map(self._fits, run)):
            before = min(
                (moment.level_db for moment in self._moments if moment.time_s < onset_s), default=0.0
            )
            if max(moment.level_db for moment in run) > before + AGAIN_DB:
                self._begin(note, run, onset_s, now_s)
            self._onset_s = None

    def _begin(self, pitch: int, run: list[Moment], began_s: float, now_s: float) -> None:
        """Tell that a note began, and that the one before it ended there."""
        near = self.note is not None and abs(run[-1].pitch - self._centre) < NEAR
        self._end(began_s, now_s)
        sure = sorted(moment.sure for moment in run)[len(run) // 2]
        time_s = self._stamp(began_s, now_s)
        velocity = self._velocity(max(moment.level_db for moment in run))
        self._events.append(NoteOn(time_s, pitch, velocity, self.port, confidence=min(max(sure, 0.0), 1.0)))
        self._swung_s = now_s if near else self._swung_s
        self.note, self._began_s, self._onset_s = pitch, time_s, None
        self._centre = sum(moment.pitch for moment in run) / len(run)
        self._doubtful, self._strayed = sure < CLEAR, 0

    def _end(self, ended_s: float, now_s: float) -> None:
        """Tell that the note, if there is one, has ended."""
        if self.note is not None:
            self._events.append(NoteOff(self._stamp(ended_s, now_s), self.note, self.port))
        self.note = None

    def _stamp(self, time_s: float, now_s: float) -> float:
        """A moment, not before the newest event, not long ago and not to come."""
        self._told_s = min(max(time_s, self._told_s, now_s - OLDEST_S), now_s)
        return self._told_s

    def _velocity(self, level_db: float) -> int:
        """How hard, 1..127, within the range of levels of this singer's latest notes."""
        if not self._loud_db:
            self._loud_db, self._soft_db = level_db + RANGE_DB / 4, level_db - RANGE_DB
        self._loud_db = max(level_db, self._loud_db - FORGET_DB)
        self._soft_db = min(level_db, self._soft_db + FORGET_DB, self._loud_db - RANGE_DB)
        share = (level_db - self._soft_db) / (self._loud_db - self._soft_db)
        return round(SOFT + (LOUD - SOFT) * share)
