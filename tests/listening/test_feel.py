"""Dynamics, density and rest, in virtual time."""

from __future__ import annotations

import pytest
from score import C, hear, in_order, stroke

from bandmate.events import Control, Event, NoteOff, NoteOn, PortLost


def quavers(velocities: list[int]) -> list[Event]:
    """A line of eighths, one stroke every quarter of a second."""
    events: list[Event] = []
    for index, velocity in enumerate(velocities):
        events += stroke(index * 0.25, [60 + index % 5], 0.2, velocity)
    return in_order(events)


def test_dynamics_are_relative_to_this_performer() -> None:
    shy = quavers([30, 34, 38, 42] * 6 + [46] * 8)
    bold = quavers([90, 94, 98, 102] * 6 + [106] * 8)
    assert hear(shy, 8.0)[-1].dynamics > 0.75
    assert hear(shy, 8.0)[-1].dynamics == pytest.approx(hear(bold, 8.0)[-1].dynamics)


def test_softer_playing_is_noticed() -> None:
    assert hear(quavers([70, 80, 90, 100] * 6 + [60] * 10), 8.5)[-1].dynamics < 0.3


def test_a_keyboard_without_touch_is_in_the_middle() -> None:
    assert hear(quavers([100] * 30), 8.0)[-1].dynamics == 0.5


def test_a_chord_is_one_onset() -> None:
    events: list[Event] = []
    for beat in range(8):
        events += stroke(beat * 0.5, C, 0.3)
    assert hear(in_order(events), 4.0)[-1].density == pytest.approx(2.0, abs=0.3)


def test_rest_begins_when_the_pedal_is_lifted() -> None:
    events: list[Event] = [Control(0.0, 64, 127), *stroke(0.1, C, 0.2), Control(1.0, 64, 0)]
    heard = hear(in_order(events), 2.0)
    assert heard[150].held == C
    assert heard[150].resting_s == 0.0
    assert heard[-1].held == ()
    assert heard[-1].resting_s == pytest.approx(1.0, abs=0.01)


def test_sostenuto_holds_only_what_was_down() -> None:
    events: list[Event] = [NoteOn(0.1, 48, 80), Control(0.2, 66, 127), NoteOff(0.3, 48)]
    events += [*stroke(0.4, [60], 0.1), Control(1.0, 66, 0)]
    heard = hear(events, 1.2)
    assert heard[150].held == (48,)
    assert heard[-1].held == ()


def test_only_the_lost_port_goes_quiet() -> None:
    events: list[Event] = [NoteOn(0.1, 48, 80, "low"), NoteOn(0.1, 60, 80, "high"), PortLost(0.2, "low")]
    assert hear(events, 0.3)[-1].held == (60,)
