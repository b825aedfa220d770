"""A singer leads: their notes are known up to a tenth of a second late, and move the beat as keys do."""

from __future__ import annotations

import statistics

import pytest
from score import FOUR_CHORDS

from bandmate.events import Event, Heard, Hue, NoteOff, NoteOn
from bandmate.listening.listener import Listener
from bandmate.timing import BeatMap, Meter, step_index, step_time_s

FOUR, FIRST_S, BEATS = Meter(4, 4), 2.0, 24
LATE_S = (0.03, 0.09, 0.06, 0.1, 0.05)  # how much later than sung each note is told


def sung(bpm: float, port: str, told_late_s: tuple[float, ...]) -> list[tuple[float, Event]]:
    """A note on every beat, in a microphone that tells its level; when each is told, and what."""
    band, tune = BeatMap(bpm, 0.0, FIRST_S), [pitch + 12 for pitch in FOUR_CHORDS[0]]
    told: list[tuple[float, Event]] = []
    for beat in range(BEATS):
        late_s, pitch = told_late_s[beat % len(told_late_s)], tune[beat % 3]
        begin_s, end_s = band.time_at(beat), band.time_at(beat + 0.8)
        told += [
            (begin_s + late_s, NoteOn(begin_s, pitch, 80, port)),
            (end_s + late_s, NoteOff(end_s, pitch, port)),
        ]
    told += [(look * 0.05, Hue(look * 0.05, -20.0, port="microphone 1")) for look in range(400)]
    return sorted(told, key=lambda one: one[0])


def led(bpm: float, port: str, told_late_s: tuple[float, ...]) -> list[Heard]:
    """What is heard of the last four bars, after a count-in."""
    band, listener, waiting, heard = (
        BeatMap(bpm, 0.0, FIRST_S),
        Listener(FOUR),
        sung(bpm, port, told_late_s),
        [],
    )
    for step in range(1, step_index(band.time_at(BEATS))):
        now_s, due = step_time_s(step), []
        while waiting and waiting[0][0] <= now_s:
            due.append(waiting.pop(0)[1])
        if step == step_index(FIRST_S - 0.1):
            listener.count_in([band.time_at(beat) for beat in (-4, -3, -2, -1)], FOUR, FIRST_S)
        heard.append(listener.hear(now_s, due))
    return [row for row in heard if row.time_s > band.time_at(BEATS - 16)]


@pytest.mark.parametrize("bpm", [80, 100, 132])
def test_what_is_told_late_is_heard_where_it_was_sung(bpm: float) -> None:
    band, off_s = BeatMap(bpm, 0.0, FIRST_S), []
    for row in led(bpm, "microphone 1", LATE_S):
        assert row.next_pulse_s is not None
        beat = band.beat_at(row.next_pulse_s)
        off_s.append(band.seconds(beat - round(beat)))
    assert abs(statistics.mean(off_s)) < 0.004
    assert statistics.pstdev(off_s) < 0.004


@pytest.mark.parametrize(("port", "source"), [("microphone 1", "audio"), ("piano", "midi")])
def test_a_singer_moves_the_beat_by_ear_and_a_keyboard_by_midi(port: str, source: str) -> None:
    assert {row.source for row in led(100, port, (0.0,))} == {source}
