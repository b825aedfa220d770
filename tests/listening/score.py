"""Small scores for the listening tests: who plays what when, and a listener who hears it in virtual time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bandmate.events import Event, Heard, NoteOff, NoteOn
from bandmate.listening.listener import Listener
from bandmate.timing import BeatMap, Meter, step_index, step_time_s

C, A_MINOR, F, G = (60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62)
FOUR_CHORDS = (C, A_MINOR, F, G)


def stroke(time_s: float, pitches: Iterable[int], seconds: float = 0.4, velocity: int = 80) -> list[Event]:
    """Keys struck together and let go together."""
    pitches = tuple(pitches)
    return [NoteOn(time_s, pitch, velocity) for pitch in pitches] + [
        NoteOff(time_s + seconds, pitch) for pitch in pitches
    ]


def comping(bpm: float, bars: int, start_s: float = 0.0, late_s: Sequence[float] = (0.0,)) -> list[Event]:
    """Left hand on one and three, a chord on every beat, one chord a bar; `late_s` is its sloppiness."""
    band = BeatMap(bpm, 0.0, start_s)
    events: list[Event] = []
    for beat in range(4 * bars):
        chord = FOUR_CHORDS[beat // 4 % 4]
        beat_s = band.time_at(beat) + late_s[beat % len(late_s)]
        events += stroke(beat_s, chord, band.seconds(0.7), 96 if beat % 4 == 0 else 74)
        if beat % 2 == 0:
            events += stroke(beat_s, [chord[0] - 24], band.seconds(1.7), 100 if beat % 4 == 0 else 80)
    return in_order(events)


def in_order(events: Iterable[Event]) -> list[Event]:
    """As they happen."""
    return sorted(events, key=lambda event: event.time_s)


def listen(listener: Listener, events: Sequence[Event], until_s: float, from_s: float = 0.0) -> list[Heard]:
    """What is heard in every step after `from_s` up to `until_s`."""
    heard, waiting = [], list(events)
    for step in range(step_index(from_s) + 1, step_index(until_s) + 1):
        now_s = step_time_s(step)
        due = [event for event in waiting[:64] if event.time_s <= now_s]
        waiting = waiting[len(due) :]
        heard.append(listener.hear(now_s, due))
    return heard


def hear(events: Sequence[Event], until_s: float) -> list[Heard]:
    """What a fresh listener in 4/4 hears."""
    return listen(Listener(Meter()), in_order(events), until_s)
