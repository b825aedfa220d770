"""The listener: the one door of the listening room, from events to `Heard`.

Runs in the band process, every 5 ms step; deterministic. `now_s` never goes back.
"""

from __future__ import annotations

from collections.abc import Sequence

from bandmate.events import Event, Heard, NoteOff, NoteOn
from bandmate.listening.beats import BeatTracker
from bandmate.listening.chords import ChordListener
from bandmate.listening.feel import Feel
from bandmate.listening.sounding import Sounding
from bandmate.timing import Meter


class Listener:
    """Understands what the performer plays; the transport tells it taps, relabels and meters.

    Pitches in `melody` (a zone that says so) move beats and feel, but never the harmony.
    """

    def __init__(self, meter: Meter, melody: frozenset[int] = frozenset()) -> None:
        self.meter, self.melody = meter, melody
        self.reset()

    def reset(self) -> None:
        """Forget everything but the meter: nothing sounds, no tempo, no chord."""
        self.sounding = Sounding()
        self.harmony = Sounding() if self.melody else self.sounding
        self.beats = BeatTracker(self.meter)
        self.chords = ChordListener()
        self.feel = Feel()

    def hear(self, now_s: float, events: Sequence[Event]) -> Heard:
        """One step: everything that happened since the last one (stamps up to `now_s`)."""
        struck = self.sounding.hear(events)
        self.sounding.fade(now_s)
        harmonic = self._harmonic(now_s, events) if self.melody else struck
        sounds = bool(self.sounding.tones)
        self.beats.hear(now_s, struck, sounds)
        line = self.beats.line
        self.chords.hear(now_s, harmonic, self.harmony, line.count_at(now_s) if line else None)
        self.feel.hear(now_s, struck, sounds)
        return self._heard(now_s)

    def _harmonic(self, now_s: float, events: Sequence[Event]) -> list[NoteOn]:
        """The strokes outside the melody zone."""
        struck = self.harmony.hear(
            event
            for event in events
            if not isinstance(event, NoteOn | NoteOff) or event.pitch not in self.melody
        )
        self.harmony.fade(now_s)
        return struck

    def _heard(self, now_s: float) -> Heard:
        beats, chords, feel = self.beats, self.chords, self.feel
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
            onset_s=feel.onset_s,
            chord=chords.chord,
            chord_certainty=chords.certainty,
            chord_s=chords.since_s,
            key=chords.key,
            held=self.sounding.held,
            dynamics=feel.dynamics,
            density=feel.density,
            resting_s=feel.resting_s,
        )

    def count_in(self, taps_s: Sequence[float], meter: Meter, first_pulse_s: float) -> None:
        """Taps or clicks were heard; beat 0, a downbeat, falls at `first_pulse_s`."""
        self.set_meter(meter)
        self.beats.count_in(taps_s, first_pulse_s)

    def relabel(self, pulses: float) -> None:
        """The count moves on by so many pulses: 'this is one', a beat on or back, flip (0.5)."""
        self.beats.relabel(pulses)

    def scale(self, ratio: float) -> None:
        """Half (0.5) or double (2) time; phase and "one" stay."""
        self.beats.scale(ratio)

    def set_meter(self, meter: Meter) -> None:
        """Another meter from here on."""
        self.meter = meter
        self.beats.set_meter(meter)
