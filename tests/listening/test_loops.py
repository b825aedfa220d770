"""The loop: heard twice, expected the third time, in any length and meter; what is none is not believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate.harmony import Chord
from bandmate.listening.loops import MOST_BARS, LoopEar


def chords(*names):
    return [None if name == "-" else Chord.parse(name) for name in names]


def heard(bars, bar_pulses=4, times=1):
    """An ear that has heard some bars (a chord a bar), so many times."""
    ear = LoopEar(bar_pulses)
    for pulse in range(len(bars) * bar_pulses * times):
        ear.hear(pulse, bars[pulse // bar_pulses % len(bars)])
    return ear


def expected(ear, bars, bar_pulses=4, after=2):
    first = after * bars * bar_pulses
    return [ear.at(first + bar * bar_pulses) for bar in range(bars)]


def test_what_came_twice_is_expected_the_third_time():
    loop = chords("C", "Am", "F", "G")
    assert heard(loop, times=1).loop == ()
    ear = heard(loop, times=2)
    assert ear.bars == 4
    assert expected(ear, 4) == loop


@given(roots=st.lists(st.integers(0, 11), min_size=2, max_size=12, unique=True), bar_pulses=st.integers(2, 5))
def test_a_loop_of_any_length_in_any_meter(roots, bar_pulses):
    loop = [Chord(root) for root in roots]
    ear = heard(loop, bar_pulses, times=2)
    assert ear.bars == len(loop)
    assert expected(ear, len(loop), bar_pulses) == loop


def test_the_longest_loop_has_sixteen_bars():
    loop = [Chord(bar % 12, "m" if bar > 11 else "") for bar in range(MOST_BARS + 1)]
    assert heard(loop[:MOST_BARS], times=2).bars == MOST_BARS
    assert heard(loop, times=2).loop == ()


def test_it_follows_when_the_performer_goes_elsewhere():
    ear = heard(chords("C", "F"), times=3)
    for pulse in range(24, 32):
        ear.hear(pulse, Chord.parse("Ab"))
    assert ear.loop == ()
    for pulse in range(32, 32 + 16):
        ear.hear(pulse, chords("Dm", "G")[(pulse // 4) % 2])
    assert [str(ear.at(48 + 4 * bar)) for bar in range(2)] == ["Dm", "G"]


def test_a_slip_of_the_ear_does_not_hide_the_loop():
    loop, slip = chords("C", "Am", "F", "G"), 21
    ear = LoopEar(4)
    for pulse in range(32):
        ear.hear(pulse, Chord.parse("Eb") if pulse == slip else loop[pulse // 4 % 4])
    assert expected(ear, 4)[2:] == loop[2:]


@pytest.mark.parametrize(
    "names", [("C", "F", "G", "Am", "Dm", "E", "Bb", "A"), ("C", "-", "-", "-"), ("-",) * 4]
)
def test_what_is_no_loop_is_not_believed(names):
    ear = heard(chords(*names))
    assert ear.loop == ()
    assert ear.at(100) is None


def test_a_chord_that_is_held_is_a_loop_only_after_a_while():
    assert heard(chords("C"), times=3).loop == ()
    assert heard(chords("C"), times=4).loop


def test_the_same_pulse_twice_is_heard_once():
    ear = heard(chords("C", "F"), times=2)
    before = ear.loop
    ear.hear(3, Chord.parse("B"))
    assert ear.loop == before
