"""The chord expected next: loops are learnt, common progressions are known, slips are forgotten."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from bandmate.harmony import Chord, Key
from bandmate.listening.expectation import MOST_RUNS, Expectation


def play(expectation: Expectation, symbols: str, first_count: float = 0.0, pulses: float = 4.0,
         key: Key | None = None) -> float:  # fmt: skip
    """Chords, each so many pulses long; returns the count at which the last one ends."""
    count = first_count
    for symbol in symbols.split():
        for part in range(8):
            expectation.hear(count + part * pulses / 8, 0, 4.0, Chord.parse(symbol), key)
        count += pulses
    return count


def foretold(symbols: Sequence[str], key: Key | None = None) -> list[str]:
    """What is expected after each chord."""
    expectation, found, count = Expectation(), [], 0.0
    for symbol in symbols:
        count = play(expectation, symbol, count, key=key)
        found.append(str(expectation.chord))
    return found


def test_a_loop_is_known_the_second_time_round():
    loop = ["C", "Am", "F", "G"]
    assert foretold(loop * 3)[4:] == ["Am", "F", "G", "C"] * 2


def test_the_longer_way_back_decides():
    once = ["C", "F", "C", "G", "C", "F", "C", "Am"]
    assert foretold(once * 3)[8:] == [*once[1:], once[0]] * 2


def test_certainty_grows_with_every_round():
    expectation, count, sure = Expectation(), 0.0, []
    for _ in range(3):
        count = play(expectation, "Dm G C Am", count)
        sure.append(expectation.certainty)
    assert sure[0] < 0.5
    assert sure[0] < sure[1] < sure[2]
    assert sure[2] > 0.8


def test_the_chord_comes_with_its_colour():
    assert foretold(["Dm9", "G13", "Cmaj9", "Dm9"])[3] == "G13"


@pytest.mark.parametrize(("before", "key", "after"), [("G", Key(0), "C"), ("E", Key(9, True), "Am")])
def test_before_anything_was_heard_twice_the_usual_is_expected(before, key, after):
    assert foretold([before], key) == [after]


def test_it_is_expected_when_the_chord_has_lasted_as_long_as_before():
    expectation = Expectation()
    count = play(expectation, "C F", 0.0, 2.0)
    count = play(expectation, "G", count, 4.0)
    count = play(expectation, "C F", count, 2.0)
    expectation.hear(count - 1.0, 0, 4.0, Chord(5), None)
    assert expectation.chord == Chord(7)
    assert expectation.at_count == count


def test_an_unknown_change_is_expected_on_the_bar_line():
    expectation = Expectation()
    expectation.hear(5.0, 1, 4.0, Chord(0), Key(0))
    assert expectation.at_count == 9.0


def test_an_anticipated_chord_belongs_to_the_next_bar():
    expectation = Expectation()
    for round_ in range(3):
        for index, symbol in enumerate(("C", "F")):
            expectation.hear(8.0 * round_ + 4 * index - 0.5, 0, 4.0, Chord.parse(symbol), None)
    assert expectation.chord == Chord(0)
    assert expectation.at_count == 24.0


def test_a_slip_of_the_ear_is_forgotten():
    expectation = Expectation()
    for bar, symbol in enumerate(("C", "F", "C", "F", "C")):
        expectation.hear(4.0 * bar, 0, 4.0, Chord.parse("Edim"), None)
        expectation.hear(4.0 * bar + 0.3, 0, 4.0, Chord.parse(symbol), None)
    assert expectation.chord == Chord(5)


def test_without_a_pulse_there_is_a_chord_but_no_place():
    expectation = Expectation()
    for symbol in ["C", "F", "C", "F", "C"]:
        expectation.hear(None, 0, 4.0, Chord.parse(symbol), None)
    assert (expectation.chord, expectation.at_count) == (Chord(5), None)


def test_silence_expects_nothing():
    expectation = Expectation()
    expectation.hear(0.0, 0, 4.0, None, None)
    assert (expectation.chord, expectation.certainty) == (None, 0.0)


@pytest.mark.parametrize("moved", [-40.0, 1.0, -3.0, 0.5])
def test_under_another_number_the_same_chord_is_due_at_the_same_moment(moved):
    expectation = Expectation()
    count = play(expectation, "C F G " * 4)
    expectation.recount(count - 1, count - 1 + moved)
    assert expectation.at_count == count + round(moved)
    play(expectation, "C F G " * 2, count + round(moved))
    assert expectation.chord == Chord(0)
    assert expectation.at_count == count + round(moved) + 24.0


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_in_half_and_double_time_chords_last_as_long_as_before(ratio):
    expectation = Expectation()
    count = play(expectation, "C F G " * 4)
    expectation.recount(count, ratio * count - 8, ratio)
    count = ratio * count - 8
    assert expectation.at_count == count
    expectation.hear(count, 0, 4.0 * ratio, Chord(0), None)
    assert expectation.chord == Chord(5)
    assert expectation.at_count == count + 4.0 * ratio


def test_without_its_count_a_chord_is_still_followed_by_the_next_one():
    expectation = Expectation()
    play(expectation, "C F G " * 4)
    expectation.recount(None, None)
    assert (expectation.chord, expectation.at_count) == (Chord(0), None)
    play(expectation, "C", 0.0)
    assert (expectation.chord, expectation.at_count) == (Chord(5), 4.0)


def test_no_chord_is_expected_to_last_less_than_nothing():
    expectation = Expectation()
    for first_count in (300.0, 200.0, 100.0, 0.0):  # a count that nobody said had moved
        play(expectation, "C F", first_count)
    assert expectation.at_count == 8.0


def test_an_endless_jam_is_not_remembered_for_ever():
    expectation, chance = Expectation(), random.Random(3)
    for number in range(4000):
        name = chance.choice(("C", "D", "E", "F", "G", "A", "B")) + chance.choice(("", "m"))
        expectation.hear(4.0 * number, 0, 4.0, Chord.parse(name), None)
    assert len(expectation._runs) <= MOST_RUNS
    assert len(expectation._past) < 100
    count = play(expectation, "C F G " * 4, 16000.0)
    assert (expectation.chord, expectation.at_count) == (Chord(0), count)
