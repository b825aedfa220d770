"""How the performer plays: dynamics, density, rest, and the `Feel` of it (swing, pocket, hands, phrases).

Each question has a file of its own beside this one; here they are asked, every step. Runs in the band
process; imports events, timing and this room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from bandmate.events import Attack, Feel, NoteOn
from bandmate.listening.hands import Hands
from bandmate.listening.intensity import Dynamics, Trend
from bandmate.listening.phrases import Phrases, Stop
from bandmate.listening.pulseline import PulseLine
from bandmate.listening.sounding import Key, Tone
from bandmate.listening.swing import Pocket, Swing
from bandmate.timing import STEP_S

TOGETHER_S = 0.04  # notes this close are one onset
COUNTED_S = 4.0  # density is counted over this long
LOOK_STEPS = 4  # phrases and the rest are looked at every 20 ms, and with each stroke
LOUDEST = 126  # steps of velocity between the softest and the loudest stroke in a microphone


class FeelListener:
    """Feed it every step; read `dynamics`, `density`, `resting_s`, `onset_s` and `feel`."""

    def __init__(self, velocities: Sequence[int] = ()) -> None:
        self.resting_s = 0.0
        self.onset_s: float | None = None
        self.feel = Feel()
        self._dynamics, self._trend = Dynamics(velocities), Trend()
        self._swing, self._pocket = Swing(), Pocket()
        self._hands, self._phrases, self._stop = Hands(), Phrases(), Stop()
        self._onsets: deque[float] = deque()
        self._stroke_s: float | None = None  # the newest onset, of a key or in a microphone
        self._awake_s: float | None = None
        self._against_clock = False
        self._steps = 0

    def hear(
        self, now_s: float, struck: Sequence[NoteOn], sounding: bool, attacks: Sequence[Attack] = (),
        line: PulseLine | None = None, tones: Mapping[Key, Tone] | None = None,
        clock: PulseLine | None = None,
    ) -> None:  # fmt: skip
        """One logical step.

        `line` is the performer's own pulse as it was foreseen before these strokes, `clock` the pulse that
        the band plays, if it plays; `tones` are the keys that sound.
        """
        for note in struck:
            self.onset_s = note.time_s if self.onset_s is None else max(self.onset_s, note.time_s)
            self._strike(note.time_s, note.velocity, line, clock)
        for attack in attacks:
            self._strike(attack.time_s, 1 + round(LOUDEST * min(max(attack.strength, 0.0), 1.0)), line, clock)
        if sounding or struck or attacks or self._awake_s is None:
            self._awake_s = now_s
        self.resting_s = now_s - self._awake_s
        while self._onsets and self._onsets[0] < now_s - COUNTED_S:
            self._onsets.popleft()
        tune = self._hands.hear(now_s, struck, tones or {})
        self._steps += 1
        if struck or attacks or self._steps % LOOK_STEPS == 0:
            self._look(now_s, tune, line, tones or {})

    def _look(
        self, now_s: float, tune: Sequence[NoteOn], line: PulseLine | None, tones: Mapping[Key, Tone]
    ) -> None:
        self._phrases.hear(now_s, tune, tones, line)
        pulse_s = None if line is None else line.period_s
        sounding = self.resting_s < LOOK_STEPS * STEP_S  # some of it since the last look
        self._stop.hear(now_s, self._stroke_s, sounding, pulse_s, self._phrases)
        self._trend.listen(now_s, pulse_s)
        low, high = self._hands.register
        left, right = self._hands.hands
        self.feel = Feel(
            swing=self._swing.ratio, swinging=self._swing.unit, pocket_s=self._pocket.late_s,
            articulation=self._hands.articulation, low=low, high=high,
            left=left.density, right=right.density,
            phrase_s=self._phrases.ended_s, stopped=self._stop.stopped, trend=self._trend.slope,
        )  # fmt: skip

    def _strike(self, time_s: float, velocity: int, line: PulseLine | None, clock: PulseLine | None) -> None:
        onset = self._stroke_s is None or time_s - self._stroke_s > TOGETHER_S
        if onset:
            self._onsets.append(time_s)
        self._stroke_s = time_s if self._stroke_s is None else max(self._stroke_s, time_s)
        self._dynamics.weigh(time_s, velocity)
        self._trend.strike(velocity, onset)
        if self._against_clock != (clock is not None):
            self._against_clock = clock is not None
            self._pocket.forget()
        beat = clock or line
        if beat is not None:
            self._pocket.hear(time_s, beat)
        if line is not None:
            late_s = 0.0 if clock is not None else self._pocket.late_s or 0.0
            self._swing.hear(time_s, line, late_s)

    @property
    def dynamics(self) -> float:
        """0..1 within this performer's own range."""
        return self._dynamics.level

    @property
    def density(self) -> float:
        """Onsets a second over the last seconds, chords counted once."""
        return len(self._onsets) / COUNTED_S
