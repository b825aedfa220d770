"""When the count moves (tap tempo, "this is one", half time, flip), the chord expected next moves with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from score import comping, listen

from bandmate.events import Heard
from bandmate.harmony import Chord
from bandmate.listening.listener import Listener
from bandmate.timing import Meter, period_s

FOUR, BPM, FIRST_S = Meter(4, 4), 120.0, 2.0
PULSE_S = period_s(BPM)
ROUND_S = 16 * PULSE_S  # C Am F G
PRESSED_S = FIRST_S + 3 * ROUND_S + 9.2 * PULSE_S  # in the third bar of the fourth round: F since a pulse


def pressed(press: Callable[[Listener], None], bars: float) -> tuple[Heard, Listener]:
    """A loop, counted in; in its fourth round somebody presses something. What is heard bars later."""
    listener, events = Listener(FOUR), comping(BPM, 40, FIRST_S)
    listen(listener, [], FIRST_S - 0.1)
    listener.count_in([FIRST_S - beats * PULSE_S for beats in (4, 3, 2, 1)], FOUR, FIRST_S)
    listen(listener, events, PRESSED_S, FIRST_S - 0.1)
    press(listener)
    rest = [event for event in events if event.time_s > PRESSED_S]
    return listen(listener, rest, PRESSED_S + bars * 4 * PULSE_S, PRESSED_S)[-1], listener


def tap(listener: Listener) -> None:
    """The tempo is tapped again: beats are counted from the next one on."""
    next_s = FIRST_S + (3 * 16 + 10) * PULSE_S
    listener.count_in([next_s - beats * PULSE_S for beats in (3, 2, 1)], FOUR, next_s)


PRESSES: dict[str, Callable[[Listener], None]] = {
    "tap tempo": tap,
    "a beat on": lambda listener: listener.relabel(1),
    "a beat back": lambda listener: listener.relabel(-1),
}


@pytest.mark.parametrize("name", PRESSES)
@pytest.mark.parametrize("bars", [0.1, 1.1, 4.2])
def test_the_next_chord_is_due_where_it_was(name: str, bars: float) -> None:
    heard, _ = pressed(PRESSES[name], bars)
    assert heard.next_pulse_s is not None
    assert heard.ahead_in is not None
    due_s = heard.next_pulse_s + heard.ahead_in * PULSE_S
    bar = (due_s - FIRST_S) / (4 * PULSE_S)
    assert bar == pytest.approx(round(bar), abs=0.05)
    assert 0 < due_s - heard.time_s <= 4.1 * PULSE_S
    assert heard.ahead == (Chord(0), Chord(9, "m"), Chord(5), Chord(7))[round(bar) % 4]


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_in_half_and_double_time_too(ratio: float) -> None:
    heard, listener = pressed(lambda listener: listener.scale(ratio), 4.2)
    assert listener.beats.line is not None
    assert listener.beats.line.period_s == pytest.approx(PULSE_S / ratio, rel=0.02)
    assert heard.next_pulse_s is not None
    assert heard.ahead_in is not None
    due_s = heard.next_pulse_s + heard.ahead_in * PULSE_S / ratio
    bar = (due_s - FIRST_S) / (4 * PULSE_S)
    assert bar == pytest.approx(round(bar), abs=0.05)
    assert heard.ahead_certainty > 0.6
