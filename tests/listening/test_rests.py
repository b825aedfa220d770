"""When somebody plays and when they rest, with keys and with microphones, in virtual time."""

from __future__ import annotations

import pytest
from score import hear

from bandmate.events import SILENCE_DB, Attack, Event, Hue

LOOKS_S = 0.05  # a microphone tells its level so often


def ringing(until_s: float, level_db: float = -20.0, late_s: float = 0.0, from_s: float = 0.0) -> list[Event]:
    """The level of a microphone in which something rings; every other one comes late."""
    count = round((until_s - from_s) / LOOKS_S)
    return [Hue(from_s + look * LOOKS_S + late_s * (look % 2), level_db, port="mic") for look in range(count)]


@pytest.mark.parametrize("late_s", [0.0, 0.023])
def test_a_chord_that_rings_in_a_microphone_is_no_rest_in_any_step(late_s: float) -> None:
    heard = hear([Attack(0.1, 0.8, port="mic"), *ringing(3.0, late_s=late_s)], 2.9)
    assert {row.resting_s for row in heard} == {0.0}


def test_who_lifts_rests_a_tenth_of_a_second_later() -> None:
    heard = hear([Attack(0.1, 0.8, port="mic"), *ringing(2.0)], 3.0)
    lifted_s = next(row.time_s for row in heard if row.resting_s > 0)
    assert 2.0 < lifted_s < 2.1


@pytest.mark.parametrize("level_db", [-60.0, -20.0])
def test_a_microphone_above_its_gate_is_somebody_playing_and_below_it_nobody(level_db: float) -> None:
    events = ringing(2.0, level_db) + ringing(4.0, SILENCE_DB, from_s=2.0)
    heard = hear(events, 4.0)
    assert {row.resting_s for row in heard if row.time_s < 2.0} == {0.0}
    assert heard[-1].resting_s > 1.8
