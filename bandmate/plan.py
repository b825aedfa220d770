"""The plan: which chord is played when. The chart's, else a loop heard twice, else the performer's own.

The chart wins, unless the performer clearly plays elsewhere for two bars; then the band follows, until they
agree for a bar. Pure state inside `Band.step`; joins listening and the transport's room.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bandmate.chart import ChartBar, moved, write_chart
from bandmate.events import Heard, Moment, Note
from bandmate.harmony import Chord
from bandmate.listening.loops import LoopEar, same
from bandmate.roadmap import Roadmap
from bandmate.timing import SLOT_BEATS, Meter
from bandmate.transport import Transport

ELSEWHERE_BARS = 2  # so long must the performer play other chords than the chart's
BACK_BARS = 1  # and so long the chart's, before it is believed again
SURE = 0.5  # certainty of a chord that speaks against the chart
COMMON = 2  # pitch classes that make two chords agree
NEAR_BEATS = 0.75  # a change heard so much earlier or later is the same change
RESTING_S = 0.3
MIDDLE = 0.6  # of a pulse: then its chord has been heard
LET_RING = 64.0  # beats: what is held without end rings over everything
SHORT_BEATS = 0.06
FOREVER = 1e9  # beats
SHOWN_BARS = 4


class Plan:
    """Knows the chord of each beat as far as anyone does; `astray`: the performer has left the chart."""

    def __init__(self, road: Roadmap, transport: Transport) -> None:
        self.road, self.transport = road, transport
        self.final: tuple[float, Chord] | None = None  # the last stroke: from which beat, and what
        self.begin()

    def begin(self) -> None:
        """A new song: nothing learnt, nobody astray."""
        self.loops = LoopEar(self.transport.meter.pulses)
        self.astray = False
        self.final = None
        self._against = self._agreed = 0
        self._pulse = -1

    # -------------------------------------------------------------- what is heard

    def hear(self, now_s: float, heard: Heard) -> None:
        """Once a pulse: whether the performer agrees with the chart, and what of it is a loop."""
        transport, meter = self.transport, self.transport.meter
        beat = transport.beatmap.beat_at(now_s)
        if not transport.running or beat < 0:
            return
        bar, began = transport.bar_of(beat)
        place, within = divmod((beat - began) / meter.pulse_beats, 1.0)
        pulse = bar * meter.pulses + int(place)
        if pulse <= self._pulse or within < MIDDLE:
            return
        self._pulse = pulse
        resting = heard.resting_s > RESTING_S
        if not self.charted(beat, trusted=False):
            known = self.loops.at(pulse) if resting or heard.guessed else heard.chord
            self.loops.hear(pulse, known)
        elif heard.chord and not (resting or heard.guessed) and heard.chord_certainty >= SURE:
            self._weigh(beat, heard.chord, meter)

    def _weigh(self, beat: float, chord: Chord, meter: Meter) -> None:
        """One more pulse for or against the chart."""
        near = (self.chart(beat + step) for step in (0.0, -NEAR_BEATS, NEAR_BEATS))
        if any(there is None or agree(there, chord) for there in near):
            self._agreed, self._against = self._agreed + 1, max(0, self._against - 2)
        else:
            self._agreed, self._against = 0, self._against + 1
        if self._against >= ELSEWHERE_BARS * meter.pulses:
            self.astray, self._against = True, 0
        elif self._agreed >= BACK_BARS * meter.pulses:
            self.astray = False

    # -------------------------------------------------------------- what is played

    def charted(self, beat: float, trusted: bool = True) -> bool:
        """Whether the chart says what is played at a beat."""
        if self.final is not None and beat >= self.final[0] - 1e-6:
            return True
        if self.road.song is None or (trusted and self.astray):
            return False
        return self.road.chart_bar(self.transport.bar_of(beat)[0])[0] is not None

    def chart(self, beat: float) -> Chord | None:
        """The chart's chord at a beat, in the key that is played; None: no chord there."""
        if self.final is not None and beat >= self.final[0] - 1e-6:
            return self.final[1]
        bar, began = self.transport.bar_of(beat)
        written, semitones = self.road.chart_bar(bar)
        chord = None if written is None else written.at(beat - began)
        return chord and chord.moved(semitones)

    def loop(self, beat: float) -> Chord | None:
        """The learnt loop's chord at a beat."""
        bar, began = self.transport.bar_of(beat)
        meter = self.transport.meter
        place = math.floor((beat - began) / meter.pulse_beats + 1e-6)
        return self.loops.at(bar * meter.pulses + place)

    def chord(self, beat: float, heard: Heard, last: Chord | None) -> Chord | None:
        """What a note on a beat is played over; `last` is the last stable chord.

        While the performer plays chords, a learnt loop doesn't outrank them: it only says what is ahead.
        """
        if self.charted(beat):
            return self.chart(beat)
        if self.looping(beat, heard):
            return self.loop(beat)
        return heard.chord or (last if _open(heard) else None)

    def looping(self, beat: float, heard: Heard) -> bool:
        """Whether a learnt loop says what a beat is played over: nobody plays chords now."""
        return _open(heard) and not self.charted(beat) and self.loop(beat) is not None

    def ahead(self, beat: float, heard: Heard, sure: float) -> Chord | None:
        """The chord on the next pulse, as far as anybody knows: the bass leads to it."""
        _, began = self.transport.bar_of(beat)
        pulse = self.transport.meter.pulse_beats
        coming = began + (math.floor((beat - began) / pulse + 1e-6) + 1) * pulse
        coming = min(coming, self.transport.next_bar(beat, 1e-3))
        if self.charted(coming):
            return self.chart(coming)
        learnt = self.loop(coming)
        if learnt is not None:
            return learnt
        known = heard.ahead_certainty >= sure and heard.ahead_in is not None and heard.ahead_in < 0.5
        return heard.ahead if known else None

    def foretold(self, beat: float, slots: int) -> tuple[Chord | None, ...]:
        """The chart's or the learnt loop's chords from a beat on, an eighth each, as far as anybody knows.

        None is no chord: a chart says so.
        """
        found: list[Chord | None] = []
        for slot in range(slots):
            there = beat + slot * SLOT_BEATS
            charted = self.charted(there)
            chord = self.chart(there) if charted else self.loop(there)
            if chord is None and not charted:
                break
            found.append(chord)
        return tuple(found)

    def next_change(self, beat: float, bars: int = 2) -> float | None:
        """The beat of the chart's first change after a beat; None: none is near, or none is known."""
        bar, _ = self.transport.bar_of(beat)
        now = self.chart(beat) if self.charted(beat) else None
        for number in range(bar, bar + bars + 1):
            line = self.transport.line_of(number)
            written, semitones = self.road.chart_bar(number)
            if written is None or self.astray:
                return None
            for place, chord in written.changes:
                there = line + place
                if there > beat + 1e-6 and (chord and chord.moved(semitones)) != now:
                    return there if self.final is None or there < self.final[0] else None
        return None

    def broken(self, note: Note) -> list[Note]:
        """A note that would ring over a change of the chart ends there, and is struck again."""
        end = note.beat + note.beats
        if note.part == "bass" and not note.tone.endswith(">") and self._turns(note.beat):
            note = replace(note, tone="1")  # whoever leads on, does so from a root that was heard
        if note.part in ("drums", "click") or note.beats > LET_RING or not self.charted(note.beat):
            return [note]
        early = ">" in note.tone
        change = self.next_change(note.beat + (SLOT_BEATS if early else 0.0))
        if change is None or change >= end - SHORT_BEATS:
            return [note]
        first = replace(note, beats=change - note.beat)
        if note.part == "lead":
            return [first]  # a line goes on from there, it doesn't strike again
        if end - change < SLOT_BEATS - SHORT_BEATS:
            return [first]
        tone = "1" if note.part == "bass" else note.tone.replace(">", "")
        return [first, *self.broken(replace(note, beat=change, beats=end - change, tone=tone))]

    def _turns(self, beat: float) -> bool:
        """Whether the chart has another root from this beat on."""
        if not (self.charted(beat) and self.charted(beat - SLOT_BEATS / 2)):
            return False
        here, before = self.chart(beat), self.chart(beat - SLOT_BEATS / 2)
        return here is not None and before is not None and here.root != before.root

    # -------------------------------------------------------------- what is shown and kept

    def source(self, beat: float) -> str:
        """What the plan goes by: chart, loop, or nothing."""
        if self.charted(max(beat, self.transport.line_of(self.road.first_bar))):
            return "chart"
        return "loop" if self.loops.loop else ""

    def coming_of_loop(self, beat: float) -> Chord | None:
        """The loop's next other chord after a beat."""
        pulse, here = self.transport.meter.pulse_beats, self.loop(beat)
        coming = (self.loop(beat + step * pulse) for step in range(1, len(self.loops.loop)))
        return next((chord for chord in coming if chord is not None and not same(chord, here)), None)

    def shown(self, moment: Moment) -> str:
        """The next bars as a chart, or the whole loop that was learnt."""
        source = self.source(moment.beat if moment.running else -FOREVER)
        if source == "loop":
            return self.learnt()
        if source != "chart" or self.road.song is None:
            return ""
        first = max(moment.bar, self.road.first_bar) if moment.running else self.road.first_bar
        bars = [self.road.chart_bar(bar) for bar in range(first, first + SHOWN_BARS)]
        known = [moved((bar,), semitones)[0] for bar, semitones in bars if bar is not None]
        return write_chart(known, self.road.song.meter) if len(known) == len(bars) else ""

    def learnt(self) -> str:
        """The learnt loop as a chart; empty where there is none."""
        loop, each, meter = self.loops.loop, self.loops.bar_pulses, self.transport.meter
        if not loop:
            return ""
        bars, held = [], next(chord for chord in loop if chord is not None)
        for first in range(0, len(loop), each):
            changes: list[tuple[float, Chord | None]] = []
            for place, chord in enumerate(loop[first : first + each]):
                heard = chord or held
                if not changes or not same(heard, held):
                    changes.append((place * meter.pulse_beats, heard))
                held = heard
            bars.append(ChartBar(tuple(changes)))
        return write_chart(bars, meter)


def _open(heard: Heard) -> bool:
    """Whether nobody plays chords now."""
    return heard.resting_s > RESTING_S or heard.guessed


def agree(one: Chord, other: Chord) -> bool:
    """Whether two chords can sound together: one root, or two tones in common."""
    return one.root == other.root or len(one.pitch_classes & other.pitch_classes) >= COMMON
