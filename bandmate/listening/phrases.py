"""Phrases: where the tune takes breath, and whether the performer has stopped altogether.

A phrase ends on a long note, or in a rest, after a run of notes; both are measured by the notes of the
run and by the beat. Stopping is another thing than a rest: we wait as long as this performer's rests
have been lasting. Runs in the band process; imports events and this room only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from bandmate.events import NoteOn
from bandmate.listening.pulseline import PulseLine
from bandmate.listening.sounding import Key, Tone

TOGETHER_S = 0.04  # keys this close are one onset
RUN = 4  # notes that may be a phrase, at the least
LONG = 2.0  # the last note takes this many times what the notes of the run take,
LONG_PULSES = 1.5  # and at least so long
PULSE_S = 0.6  # how long a pulse lasts while nobody knows
NEWEST = 8  # notes of the run that are counted
PHRASES = 8  # phrases and rests that are remembered
SHORT = 0.5  # of the usual phrase: they broke off in the middle, and may go on
ENOUGH_PHRASES = 3

STOP_PULSES, STOP_S = 2.0, 1.5  # nobody has stopped before both have passed
REST_PULSES, REST_S = 0.5, 0.25  # silence that counts as a rest
LONGEST_PULSES, LONGEST_S = 8.0, 6.0  # a rest of more than two bars, or so long, was a stop
LONGER = 1.25  # than their longest rest: they have stopped
PATIENT = 1.5  # how much longer we wait for somebody who broke off
RING_PULSES = 2.0  # a last chord that rang so long, and was let go: no more patience


class Phrases:
    """Feed it the strokes of the tune; read `ended_s` and how long phrases are."""

    def __init__(self) -> None:
        self.ended_s: float | None = None
        self.pulses: deque[float] = deque(maxlen=PHRASES)  # how long the newest phrases were
        self._run: list[float] = []
        self._gap_s = 0.0  # what the newest notes of the run take
        self._usual_pulses = 0.0  # how long a phrase is
        self._last: list[tuple[Key, float]] = []  # the keys of the newest stroke
        self._let_go_s: float | None = None

    def hear(
        self, now_s: float, tune: Sequence[NoteOn], tones: Mapping[Key, Tone], line: PulseLine | None
    ) -> None:
        """One step."""
        for note in tune:
            if not self._run or note.time_s - self._run[-1] > TOGETHER_S:
                self._run.append(note.time_s)
                self._gap_s = self._usual_gap_s()
                self._last, self._let_go_s = [], None
            self._last.append(((note.port, note.channel, note.pitch), note.time_s))
        if not self._run:
            return
        if self._let_go_s is None and not any(self._fingered(tones, *key) for key in self._last):
            self._let_go_s = now_s
        pulse_s = line.period_s if line is not None else PULSE_S
        if now_s - self._run[-1] >= max(LONG * self._gap_s, LONG_PULSES * pulse_s):  # with the rest after it
            self._end(now_s, pulse_s, line)

    @staticmethod
    def _fingered(tones: Mapping[Key, Tone], key: Key, struck_s: float) -> bool:
        tone = tones.get(key)
        return tone is not None and tone.fingered and tone.struck_s == struck_s

    def _usual_gap_s(self) -> float:
        """How long the newest notes of the run last, each with the rest after it."""
        gaps_s = [later - earlier for earlier, later in pairwise(self._run[-NEWEST - 1 :])]
        return median(gaps_s) if gaps_s else 0.0

    def _end(self, now_s: float, pulse_s: float, line: PulseLine | None) -> None:
        """The tune rests: on the grid, where its last note was let go, a pulse after it at the latest."""
        run, self._run = self._run, []
        if len(run) < RUN:
            return
        let_go_s = now_s if self._let_go_s is None else self._let_go_s
        end_s = min(let_go_s, run[-1] + pulse_s)
        if line is not None:
            end_s = line.time_of(round(line.count_at(end_s) * 2) / 2)
        self.ended_s = min(end_s, now_s)
        self.pulses.append((self.ended_s - run[0]) / pulse_s)
        self._usual_pulses = median(self.pulses)

    def broken_off(self, pulse_s: float) -> bool:
        """Whether the tune stands in the middle of a phrase, by the length of those before it."""
        if len(self.pulses) < ENOUGH_PHRASES or not self._run:
            return False
        return (self._run[-1] - self._run[0]) / pulse_s < SHORT * self._usual_pulses


class Stop:
    """Whether they have stopped; feed it whether anything sounds."""

    def __init__(self) -> None:
        self.stopped = False
        self._rests_s: deque[float] = deque(maxlen=PHRASES)
        self._struck_s: float | None = None
        self._sounded_s = 0.0  # when something last sounded
        self._rang_s = 0.0  # how long the last stroke rang
        self._broke_off = False

    def hear(self, now_s: float, onset_s: float | None, sounding: bool, pulse_s: float | None,
             phrases: Phrases) -> None:  # fmt: skip
        """One step; `onset_s` is when the newest stroke fell, in any hand or microphone."""
        if onset_s is None:
            return
        pulse_s = pulse_s or PULSE_S
        if onset_s != self._struck_s or sounding:
            rest_s = onset_s - self._sounded_s
            least_s, most_s = max(REST_PULSES * pulse_s, REST_S), min(LONGEST_PULSES * pulse_s, LONGEST_S)
            if self._struck_s is not None and least_s < rest_s < most_s:
                self._rests_s.append(rest_s)
            self._struck_s, self._sounded_s, self.stopped = onset_s, now_s, False
            self._rang_s = now_s - onset_s
            self._broke_off = phrases.broken_off(pulse_s)
            return
        self.stopped = self.stopped or now_s - self._sounded_s > self._patience_s(pulse_s)

    def _patience_s(self, pulse_s: float) -> float:
        least_s = max(STOP_PULSES * pulse_s, STOP_S)
        if self._rang_s >= RING_PULSES * pulse_s:
            return least_s
        usual_s = LONGER * max(self._rests_s, default=0.0)
        return max(least_s, usual_s) * (PATIENT if self._broke_off else 1.0)
