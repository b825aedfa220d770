"""The beat tracker: from struck notes to tempo, the next pulse and the bar.

Three layers: the bar pointer decides which pulse (frames of 10 ms), the pulse line says exactly when
(stamps), the bar vote says which of them is one. Keys are heard at once; a microphone's strokes come
late, so while one is open the bar pointer runs a little behind, and the line reaches ahead as ever.
It claims no pulse while nobody plays. Runs in the band process; imports events, timing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from bandmate.events import Attack, Hue, NoteOn
from bandmate.listening.accents import pooled, pulse_weight, unpooled
from bandmate.listening.barpointer import FRAME_S, FREE_BPM, HOME_OCTAVES
from bandmate.listening.bars import BarVote, division, next_in_bar
from bandmate.listening.course import Course
from bandmate.listening.pulseline import PulseLine
from bandmate.timing import Meter, bpm_of, period_s

REST_PULSES, REST_S = 2.0, 1.5  # after this nothing is claimed
BREAK_PULSES, BREAK_S = 6.0, 3.0  # who begins after such a rest may begin in another tempo
HUNG_S = 8.0  # a note that sounds on for so long without another onset is a rest, too
FORGET_S = 30.0  # after so long without sound or without an onset, tempo and bar are forgotten
LOCKED_FROM, LOCKED_UNTIL = 0.45, 0.3  # confidence
OCTAVE_FRAMES = 25  # how often the rivals are looked up
AUDIO_LAG_FRAMES = 5  # a stroke in a microphone is known so much later,
VOICE_LAG_FRAMES = 12  # and a note of a singer or a horn, whose pitch must be steady first
AUDIO_OPEN_S = 3.0  # a microphone counts as open for so long after a stroke or a note in it
FAINT = 0.12  # strokes in a microphone below this are no sign that somebody plays
JUDGED = 0.2  # from this on the judge weighs them,
CLEAR = 0.3  # and from this on their stamps are sure enough for the line
AUDIO_SURE = 2.0  # what a microphone's full stroke weighs beside a key's: it may be a chord or a whole band


class BeatTracker:
    """Feed it struck notes and the time; read state, tempo, next pulse and place in the bar."""

    def __init__(self, meter: Meter, meters: Sequence[Meter] = ()) -> None:
        self.meter, self.meters = meter, tuple(meters)
        self.reset()

    def reset(self) -> None:
        """Forget everything but the meter."""
        self._read_meter()
        self.course = Course(division(self.meter))
        self.bars = BarVote(self.meter, self.meters)
        self.state = "idle"
        self.source = ""  # what moves the beat: taps, midi, audio
        self.confidence = 0.0  # 0..1
        self.octaves: tuple[tuple[float, float], ...] = ()
        self.bpm_spread = 0.0
        self._frame = 0
        self._pools: dict[int, float] = {}  # frame: the weight of what was struck in it
        self._reopen_frame = -1  # where somebody began again
        self._begin_s = -math.inf  # before this the performer only plays pickups
        self._onset_s = -math.inf
        self._awake_s = -math.inf  # when something last sounded
        self._microphones: set[str] = set()  # ports at which a microphone tells its level
        self._late: dict[str, tuple[int, float]] = {}  # by how many frames each is late; when it was so last
        self._now_s = 0.0

    @property
    def line(self) -> PulseLine | None:
        """When pulses fall, as far as we know."""
        return self.course.line

    # ---------------------------------------------------------------- what the performer does

    def hear(
        self, now_s: float, struck: Sequence[NoteOn], sounding: bool, attacks: Sequence[Attack] = (),
        hues: Sequence[Hue] = (),
    ) -> None:  # fmt: skip
        """One logical step: strokes of keys and microphones since the last one; whether anything sounds."""
        self._now_s = now_s
        for hue in hues:
            self._microphones.add(hue.port)
            self.course.judge.colour(hue)
            if hue.chroma and not self._odd:
                self.bars.strike(hue, self.line.count_at(hue.time_s) if self.line else None)
        for attack in attacks:
            if attack.time_s >= self._begin_s - FRAME_S * 12:
                self._attack(attack)
        for note in struck:
            if note.time_s >= self._begin_s - FRAME_S * 12:
                self._strike(note)
        struck_now = bool(struck) or any(attack.strength >= FAINT for attack in attacks)
        if sounding or struck_now:
            self._awake_s = now_s
        due = math.floor(now_s / FRAME_S + 1e-6) - self._lag()
        if self.state == "idle" and not struck_now:
            self._frame = max(due, self._frame)
            self._pools.clear()
            return
        for _ in range(min(due - self._frame, 300)):
            self._advance()
        self._frame = max(due, self._frame)
        if self.line is not None:
            self.line.roll(now_s)
        self._settle_state(now_s)

    def _lag(self) -> int:
        """How many frames the bar pointer runs behind: none, unless a microphone is open."""
        if self._late:
            self._late = {p: late for p, late in self._late.items() if self._now_s - late[1] < AUDIO_OPEN_S}
        return max((frames for frames, _ in self._late.values()), default=0)

    def _pool(self, time_s: float, weight: float) -> None:
        frame = max(math.floor(time_s / FRAME_S) + 1, self._frame + 1)
        self._pools[frame] = self._pools.get(frame, 0.0) + weight

    def _strike(self, note: NoteOn) -> None:
        weight = pulse_weight(note)
        sung = note.port in self._microphones
        if sung:
            self._late[note.port] = (VOICE_LAG_FRAMES, self._now_s)
        self._moved_by("audio" if sung else "midi", note.time_s)
        self._pool(note.time_s, weight)
        if self.line is None:
            self.bars.strike(note, None)
            return
        count = self.line.count_at(note.time_s)
        self.course.judge.strike(note, count)
        self.line.strike(note.time_s, weight, even=self._odd)
        if self._odd:
            return
        self.bars.strike(note, self.line.count_at(note.time_s))

    def _attack(self, attack: Attack) -> None:
        """Something was struck in a microphone: the same, with a weight of its own."""
        self._late[attack.port] = (AUDIO_LAG_FRAMES, self._now_s)
        self._pool(attack.time_s, unpooled(attack.strength))
        if attack.strength >= FAINT:
            self._moved_by("audio", attack.time_s)
        if self.line is None:
            self.bars.strike(attack, None)
            return
        if attack.strength >= JUDGED:
            self.course.judge.hear(attack, self.line.count_at(attack.time_s))
        if attack.strength >= CLEAR:
            self.line.strike(attack.time_s, attack.strength * AUDIO_SURE, even=self._odd)
        if not self._odd:
            self.bars.strike(attack, self.line.count_at(attack.time_s))

    def _moved_by(self, source: str, time_s: float) -> None:
        rest_s = time_s - max(self._onset_s, self._begin_s)
        if math.isfinite(rest_s) and rest_s > max(BREAK_S, BREAK_PULSES * self.course.pointer.period_s):
            self._reopen_frame = math.floor(time_s / FRAME_S) + 1
        self._onset_s = max(self._onset_s, time_s)
        if time_s > self._begin_s + FRAME_S:
            self.source = source

    def _advance(self) -> None:
        self._frame += 1
        weight = self._pools.pop(self._frame, 0.0)
        frame_s = self._frame * FRAME_S
        listening = frame_s >= self._begin_s and frame_s - self._onset_s < REST_S
        onset = pooled(weight) if weight and frame_s >= self._begin_s else 0.0
        was = self.line
        if self._frame == self._reopen_frame:
            self.course.reopen(frame_s)
        self.course.advance(self._frame, onset, listening)
        if self._frame % OCTAVE_FRAMES == 0:
            self.octaves = self.course.pointer.octaves()
            self.bpm_spread = self.course.pointer.bpm_spread()
        if frame_s >= self._begin_s:
            self.course.steer(frame_s, bool(self._late))
        if self.line is not None and self.line is not was and not self._odd:
            self._recount(self.line, was)

    def _recount(self, line: PulseLine, was: PulseLine | None) -> None:
        """The pulse is another one: so are its bars; what we were told is one stays there."""
        one = None
        if was is not None and self.bars.told:
            since_one = (was.count - self.bars.one) % self.bars.pulses
            one = round(line.count_at(was.time_of(was.count - since_one)))
        self.bars.recount(line.count_at, one)

    def _settle_state(self, now_s: float) -> None:
        self.confidence = self._agree()
        quiet_s = now_s - max(self._awake_s, self._begin_s)
        hung_s = now_s - max(self._onset_s, self._begin_s)
        if now_s < self._begin_s:
            self.state = "counting"
        elif max(quiet_s, hung_s) > FORGET_S:
            self._lose()
        elif quiet_s > max(REST_PULSES * self.course.pointer.period_s, REST_S) or hung_s > HUNG_S:
            self.state = "coasting"
        else:
            bar = LOCKED_UNTIL if self.state == "locked" else LOCKED_FROM
            self.state = "locked" if self.confidence >= bar else "locking"
        if self.line is not None and not self._odd:
            self.bars.settle(self.line.count_at(now_s) - 0.3)

    def _lose(self) -> None:
        if self.state != "lost":
            self.course.free()
            self.bars = BarVote(self.meter, self.meters)
            self.state, self.octaves, self.confidence = "lost", (), 0.0

    def _agree(self) -> float:
        """Agreement on tempo and phase, fading when no key is struck."""
        if self.line is None:
            return 0.0
        waited = (self._now_s - max(self._onset_s, self._begin_s)) / self.line.period_s
        return self.course.pointer.agreement * math.exp(-max(waited - REST_PULSES, 0.0) / 4.0)

    # ---------------------------------------------------------------- what somebody tells us

    def count_in(self, taps_s: Sequence[float], first_pulse_s: float) -> None:
        """Taps or clicks give tempo and phase; the pulse at `first_pulse_s` is one."""
        gaps = sorted(later - earlier for earlier, later in pairwise(taps_s))
        if gaps and gaps[len(gaps) // 2] > 0:
            pulse_s = gaps[len(gaps) // 2]
            steps = sum(self._on_grid(gap / pulse_s) for gap in gaps)  # bars of 7/8 end with half a one
            pulse_s = (taps_s[-1] - taps_s[0]) / max(steps, self._grid)
        else:
            pulse_s = self.line.period_s if self.line else self.course.pointer.period_s
        line = PulseLine(0, first_pulse_s, pulse_s)
        line.stand(self._now_s)
        self.bars = BarVote(self.meter, self.meters)
        self.bars.tell(0)
        self._begin_s = first_pulse_s
        self._told(line)
        self.source = "taps"
        self.state = "counting" if self._now_s < first_pulse_s else "locked"

    def relabel(self, pulses: float) -> None:
        """The count moves on by some pulses; half a pulse turns off-beats into beats."""
        if self.line is None:
            return
        one = self.bars.one
        whole = math.floor(pulses)
        self._renumber(self.line, self.line.count + whole)
        if pulses != whole:
            self.line.at_s -= (pulses - whole) * self.line.period_s
            self._told(self.line)
        self.bars.tell(one)

    def scale(self, ratio: float, from_s: float | None = None, place: float = 0.0) -> None:
        """Half or double time: the pulse rate times `ratio`; a pulse stays a pulse, one stays one.

        `from_s`: where the band has decided it, on the pulse that falls about then, which becomes the one
        `place` new pulses after a downbeat.
        """
        line = self.line
        if line is None:
            self.course.home_bpm *= ratio
            self.course.pointer.look(FREE_BPM, self.course.home_bpm, HOME_OCTAVES)
            return
        if from_s is None:  # the next old pulse that stays a pulse
            since_one = (line.count - self.bars.one) % self._bar_pulses
            place = math.ceil(since_one * ratio)
            turn = line.count + place / ratio - since_one
        else:
            turn = self.bars.one + self._on_grid(line.count_at(from_s) - self.bars.one)
        line.at_s = line.time_of(turn)
        line.period_s /= ratio
        line.count = round(place)
        line.stand(self._now_s)
        self.bars.tell(0)
        self._told(line)

    def set_tempo(self, bpm: float, from_s: float) -> None:
        """Another pulse rate from a moment on: the count goes on from where it is then."""
        line = self.line
        if line is None:
            self.course.home_bpm = bpm
            self.course.pointer.look(FREE_BPM, bpm, HOME_OCTAVES)
            return
        since = line.count_at(from_s) - line.count
        line.period_s = period_s(bpm)
        line.at_s = from_s - since * line.period_s
        line.stand(self._now_s)
        self._told(line)

    def set_meter(self, meter: Meter) -> None:
        """Another meter from here on; the count goes on, and one is where it was."""
        if meter == self.meter:
            return
        one, told, line = self.bars.one, self.bars.told, self.line
        if line is not None:
            self._renumber(line, math.floor((line.count - one) % self._bar_pulses))
        self.bars = self.bars.turned(meter, line.count_at if line is not None and not told else None)
        if told:
            self.bars.tell(0)
        before, self.meter = self.meter, meter
        self._read_meter()
        if division(meter) != division(before):
            line, self.course = self.line, Course(division(meter))
            if line is not None:
                self._told(line)

    def _renumber(self, line: PulseLine, count: int) -> None:
        """The same pulse under another number."""
        was, line.count = line.count, count
        self.course.judge.recount((was, line.period_s), (count, line.period_s))

    def _told(self, line: PulseLine) -> None:
        """Somebody gave us this pulse."""
        self.course.tell(line, self._frame * FRAME_S)
        self.octaves = self.course.pointer.octaves()

    # ---------------------------------------------------------------- what we understand

    @property
    def pulse_bpm(self) -> float | None:
        """Felt pulses a minute, as long as we remember them."""
        return bpm_of(self.line.period_s) if self.line is not None else None

    def _read_meter(self) -> None:
        self._odd = division(self.meter) == "eighths"  # bars end with a short pulse, as in 7/8
        self._bar_pulses = self.meter.bar_beats / self.meter.pulse_beats  # 3.5 in 7/8
        self._grid = self.meter.grid_beats / self.meter.pulse_beats  # what pulses and bar lines fall on

    def _on_grid(self, pulses: float) -> float:
        return self.meter.on_grid(pulses * self.meter.pulse_beats) / self.meter.pulse_beats

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
