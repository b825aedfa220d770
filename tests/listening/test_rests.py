"""When somebody plays and when they rest, with keys and with microphones, in virtual time."""

from __future__ import annotations

import pytest
from score import comping, hear

from bandmate.events import SILENCE_DB, Attack, Event, Hue, NoteOn
from bandmate.listening.beats import FORGET_S
from bandmate.listening.sounding import STUCK_S

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


def test_a_stuck_key_is_forgotten_after_a_minute_and_its_tempo_sooner() -> None:
    last_s = 9.6
    heard = hear([*comping(100, 4), NoteOn(last_s, 60, 80)], last_s + STUCK_S + 2.0)
    hanging = {row.state for row in heard if last_s + 9.0 < row.time_s < last_s + FORGET_S}
    assert hanging == {"coasting"}
    assert {row.state for row in heard if row.time_s > last_s + FORGET_S + 0.1} == {"lost"}
    assert {row.held for row in heard if last_s + 0.1 < row.time_s < last_s + STUCK_S} == {(60,)}
    assert heard[-1].held == ()
    assert heard[-1].resting_s > 1.5


def test_a_key_that_is_struck_again_and_again_is_not_stuck() -> None:
    events = [NoteOn(40.0 * again, 60, 80) for again in range(3)]
    assert hear(events, 120.0)[-1].held == (60,)
