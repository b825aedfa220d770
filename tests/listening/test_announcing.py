"""A pulse is announced once, just before it falls."""

from __future__ import annotations

import pytest

from bandmate.events import Heard
from bandmate.listening.announcing import AHEAD_S, Announcer
from bandmate.timing import Meter, period_s

BPM = 120.0


def announced(pulses: list[tuple[float, float]], meter: Meter = Meter()) -> list[float]:  # noqa: B008
    """What is announced of pulses foreseen at some moments."""
    announcer, found = Announcer(), []
    for now_s, pulse_s in pulses:
        if announcer.announces(now_s, Heard(now_s, next_pulse_s=pulse_s, pulse_bpm=BPM), meter):
            found.append(pulse_s)
    return found


def test_a_pulse_is_announced_when_it_is_near_and_only_once() -> None:
    assert announced([(0.9, 1.0), (1.0 - AHEAD_S, 1.0), (0.96, 1.001), (0.97, 0.999)]) == [1.0]


def test_a_pulse_foreseen_better_is_no_other_and_the_next_one_is() -> None:
    near = 0.5 * period_s(BPM)
    assert announced([(1.0, 1.01), (1.02, 1.0 + near), (1.48, 1.5)]) == [1.01, 1.5]


def test_the_short_last_pulse_of_seven_eight_is_one_of_its_own() -> None:
    pulses = [(1.0, 1.01), (1.25, 1.01 + 0.5 * period_s(BPM))]
    assert announced(pulses, Meter(7, 8)) == [pulse_s for _, pulse_s in pulses]


@pytest.mark.parametrize("heard", [Heard(1.0), Heard(1.0, next_pulse_s=1.01), Heard(1.0, pulse_bpm=BPM)])
def test_where_no_pulse_is_known_none_is_announced(heard: Heard) -> None:
    assert not Announcer().announces(1.0, heard, Meter())
