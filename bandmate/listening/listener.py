"""The listener: the one door of the listening room, from events to `Heard`.

Runs in the band process, every 5 ms step; deterministic. `now_s` never goes back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy

from bandmate.events import SILENCE_DB, Attack, Event, Heard, Hue, NoteOff, NoteOn
from bandmate.harmony import Chord, Key
from bandmate.listening.beats import BeatTracker
from bandmate.listening.chords import ChordListener
from bandmate.listening.expectation import Expectation
from bandmate.listening.feel import FeelListener
from bandmate.listening.harmoniser import Harmoniser
from bandmate.listening.pulseline import PulseLine
from bandmate.listening.sounding import Sounding
from bandmate.timing import BeatMap, Meter

OTHER_PULSE = 0.3  # octaves between two tempi that are no longer the same pulse
ONE_SURE = 0.5  # of the bar: below it the harmoniser isn't told where one is
RINGS_S = 0.1  # what was audible in a microphone sounds on for so long: it tells every 50 ms, or a bit late


class Listener:
    """Understands what the performer plays; the transport tells it taps, relabels and meters.

    Pitches in `melody` (a zone that says so) move beats and feel, but never the harmony.
    """

    def __init__(
        self, meter: Meter, melody: frozenset[int] = frozenset(), meters: Sequence[Meter] = (),
        velocities: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.melody, self.meters = melody, tuple(meters)
        self.velocities = tuple(velocities)  # how hard this performer plays, where a soundcheck knows
        self._read_meter(meter)
        self._pinned: Key | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything but the meter: nothing sounds, no tempo, no chord."""
        self.sounding = Sounding()
        self.harmony = Sounding() if self.melody else self.sounding
        self.beats = BeatTracker(self.meter, self.meters)
        self.chords = ChordListener()
        self.chords.tonality.pin(self._pinned)
        self.expectation = Expectation()
        self.harmoniser = Harmoniser()
        self.feel = FeelListener(self.velocities)
        self._audible_s = -math.inf  # when a microphone was above its gate last
        self._beatmap: BeatMap | None = None
        self._clock: PulseLine | None = None

    def hear(self, now_s: float, events: Sequence[Event], clock: BeatMap | None = None) -> Heard:
        """One step: everything that happened since the last one (stamps up to `now_s`).

        `clock` is what the band plays by, if it plays: the performer's pocket is measured against it.
        """
        struck = self.sounding.hear(events)
        self.sounding.fade(now_s)
        harmonic = self._harmonic(now_s, events) if self.melody else struck
        attacks: list[Attack] = []
        hues: list[Hue] = []
        if events:  # in most steps nothing happens
            attacks = [event for event in events if isinstance(event, Attack)]
            hues = [event for event in events if isinstance(event, Hue)]
            if any(hue.level_db > SILENCE_DB for hue in hues):
                self._audible_s = now_s
        sounds = bool(self.sounding.tones) or now_s - self._audible_s < RINGS_S
        foreseen = self.beats.line  # the strokes haven't moved it yet
        self.feel.hear(now_s, struck, sounds, attacks, foreseen, self.sounding.tones, self._band(clock))
        self.beats.hear(now_s, struck, sounds, attacks, hues)
        line = self.beats.line
        if line is not foreseen:
            self._recount(foreseen)
        count = line.count_at(now_s) if line else None
        one = self.beats.bars.one if self.beats.bars.confidence >= ONE_SURE else None
        self.harmoniser.hear(now_s, self.sounding.tones.values(), line, one, self._bar_pulses)
        self.chords.hear(now_s, harmonic, self.harmony, count, hues)
        self.expectation.hear(
            count, self.beats.bars.one, self._bar_pulses, self.chords.chord, self.chords.key
        )
        self.chords.expected = self.expectation.chances
        return self._heard(now_s, line)

    def _band(self, clock: BeatMap | None) -> PulseLine | None:
        """The band's own pulse as a line."""
        if clock is not self._beatmap:
            self._beatmap = clock
            pulse = self.meter.pulse_beats
            found = None if clock is None else PulseLine(0, clock.time_at(0.0), clock.seconds(pulse))
            self._clock = found
        return self._clock

    def _recount(self, was: PulseLine | None) -> None:
        """Chords were counted by the pulse `was`: count them by the one that we follow now."""
        line = self.beats.line
        if was is None or line is None:
            self.expectation.recount(None, None)
            return
        pulses = was.period_s / line.period_s
        pulses = pulses if abs(math.log2(pulses)) > OTHER_PULSE else 1.0
        self.expectation.recount(was.count_at(line.at_s), line.count, pulses)

    def _harmonic(self, now_s: float, events: Sequence[Event]) -> list[NoteOn]:
        """The strokes outside the melody zone."""
        struck = self.harmony.hear(
            event
            for event in events
            if not isinstance(event, NoteOn | NoteOff) or event.pitch not in self.melody
        )
        self.harmony.fade(now_s)
        return struck

    def _called(self) -> tuple[Chord | None, bool]:
        """The harmoniser's chord where it is to be heard, and whether it is a guess.

        It names the chord under a lone line, and over hands that leave the root open; there it is no guess
        if the hands agree, but plainer than what they seem to say.
        """
        called, chords = self.harmoniser.chord, self.chords
        if called is None or chords.shown == 0.0:
            return called, called is not None
        if not chords.doubtful or chords.certainty >= self.harmoniser.certainty:
            return None, False
        return called, chords.chord is None or chords.chord.root != called.root

    def _heard(self, now_s: float, line: PulseLine | None) -> Heard:
        beats, chords, feel = self.beats, self.chords, self.feel
        called, guessed = self._called()
        pulse_s, downbeat_in = beats.next_pulse() or (None, None)
        return Heard(
            time_s=now_s,
            state=beats.state,
            pulse_bpm=beats.pulse_bpm,
            next_pulse_s=pulse_s,
            confidence=beats.confidence,
            downbeat_in=downbeat_in,
            downbeat_confidence=0.0 if pulse_s is None else beats.bars.confidence,
            octaves=beats.octaves,
            source=beats.source,
            bpm_spread=beats.bpm_spread,
            meter=beats.bars.likeliest if line is not None else None,
            onset_s=feel.onset_s,
            chord=called or chords.chord,
            chord_certainty=self.harmoniser.certainty if guessed else chords.certainty,
            chord_s=chords.since_s,
            guessed=guessed,
            ahead=None if guessed else self.expectation.chord,
            ahead_certainty=0.0 if guessed else self.expectation.certainty,
            ahead_in=self._ahead_in(pulse_s, line),
            key=chords.key,
            held=self.sounding.held,
            dynamics=feel.dynamics,
            density=feel.density,
            resting_s=feel.resting_s,
            feel=feel.feel,
        )

    def _ahead_in(self, pulse_s: float | None, line: PulseLine | None) -> float | None:
        """How many pulses from the next one on another chord is expected."""
        at_count = self.expectation.at_count
        if line is None or pulse_s is None or at_count is None:
            return None
        return max(0.0, at_count - round(line.count_at(pulse_s)))

    def pin(self, key: Key | None) -> None:
        """The performer says the key, or (None) leaves it to us."""
        self._pinned = key
        self.chords.tonality.pin(key)

    def count_in(self, taps_s: Sequence[float], meter: Meter, first_pulse_s: float) -> None:
        """Taps or clicks were heard; beat 0, a downbeat, falls at `first_pulse_s`."""
        self.set_meter(meter)
        was = copy(self.beats.line)
        self.beats.count_in(taps_s, first_pulse_s)
        self._recount(was)

    def relabel(self, pulses: float) -> None:
        """The count moves on by so many pulses: 'this is one', a beat on or back, flip (0.5)."""
        was = copy(self.beats.line)
        self.beats.relabel(pulses)
        self._recount(was)

    def scale(self, ratio: float, from_s: float | None = None, place: float = 0.0) -> None:
        """Half (0.5) or double (2) time; phase and "one" stay, or are what the band has decided."""
        was = copy(self.beats.line)
        self.beats.scale(ratio, from_s, place)
        self._recount(was)

    def set_tempo(self, bpm: float, from_s: float) -> None:
        """Another tempo from a moment on; the count goes on."""
        was = copy(self.beats.line)
        self.beats.set_tempo(bpm, from_s)
        self._recount(was)

    def set_meter(self, meter: Meter) -> None:
        """Another meter from here on."""
        was = copy(self.beats.line)
        self._read_meter(meter)
        self.beats.set_meter(meter)
        self._recount(was)

    def _read_meter(self, meter: Meter) -> None:
        self.meter, self._bar_pulses = meter, meter.bar_beats / meter.pulse_beats
