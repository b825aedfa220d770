"""What is plugged into the tracking bench hears as the product does."""

from __future__ import annotations

from bandmate.listening.bench import ChordBench, MidiBench
from bandmate.timing import Meter, period_s


def test_the_chord_bench_plays_notes_in_any_order_and_keeps_those_to_come() -> None:
    bench = ChordBench()
    for time_s, pitch in ((0.06, 64), (0.01, 48), (0.03, 60), (0.02, 67)):
        bench.note_on(time_s, pitch, 80)
    bench.tick(0.05)
    assert bench.listener.sounding.held == (48, 60, 67)
    bench.tick(0.1)
    assert bench.listener.sounding.held == (48, 60, 64, 67)


def test_the_beat_bench_announces_the_short_pulse_of_seven_eight() -> None:
    bench, quarter_s = MidiBench(Meter(7, 8)), period_s(120.0)
    begins_s = [4 * quarter_s + bar * 3.5 * quarter_s for bar in range(6)]
    notes = [(bar_s + place * quarter_s, place) for bar_s in begins_s for place in range(4)]
    told: list[float] = []
    bench.count_in([beat * quarter_s for beat in range(4)])
    for step in range(round(begins_s[-1] / 0.01)):
        while notes and notes[0][0] <= step * 0.01:
            time_s, place = notes.pop(0)
            bench.note_on(time_s, 60 if place else 36, 80)
        told += [float(str(pulse["time"])) for pulse in bench.tick(step * 0.01)]
    for bar_s in begins_s[1:-1]:
        near = [time_s - bar_s for time_s in told if bar_s - 0.05 < time_s < bar_s + 3.4 * quarter_s]
        assert len(near) == 4
