"""The pulse line: whatever it is told, and however long it waits, it goes on, in a tempo that there is."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate.listening.barpointer import FASTEST_FRAMES, FRAME_S, SLOWEST_FRAMES
from bandmate.listening.pulseline import PulseLine

SHORTEST_S, LONGEST_S = FASTEST_FRAMES * FRAME_S, SLOWEST_FRAMES * FRAME_S

Word = tuple[str, float, float]  # what it is told, and two values 0..1


def words() -> st.SearchStrategy[list[Word]]:
    """Strokes anywhere in a pulse, hints, and waits of up to some hundred pulses."""
    share = st.floats(0.0, 1.0)
    strike = st.tuples(st.sampled_from(["strike", "strike", "strike late"]), share, share)
    hint = st.tuples(st.just("hint"), share, share)
    wait = st.tuples(st.sampled_from(["wait", "wait long"]), share, share)
    return st.lists(st.one_of(strike, hint, wait), max_size=60)


def tell(line: PulseLine, now_s: float, word: Word) -> float:
    """Tell the line something; returns when that was."""
    what, where, much = word
    if what.startswith("wait"):
        now_s += where * line.period_s * (300 if what == "wait long" else 3)
        line.roll(now_s)
    elif what == "hint":
        line.hint((where - 0.5) * 0.32 * line.period_s, line.period_s * (0.93 + 0.14 * much))
    else:
        stamp_s = now_s - where * line.period_s * (2.0 if what == "strike late" else 1.0)
        line.strike(stamp_s, 0.05 + 5 * much, even=much > 0.8)
    return now_s


@settings(max_examples=300, deadline=None)
@given(words(), st.floats(SHORTEST_S, LONGEST_S), st.booleans(), st.sampled_from([1.0, 2.0]))
def test_tempo_and_doubt_stay_within_bounds_and_time_goes_on(
    told: list[Word], period_s: float, counted: bool, doubt: float
) -> None:
    line, now_s, count = PulseLine(0, 0.0, period_s, doubt), 0.0, 0
    line.told = counted
    for word in told:
        now_s = tell(line, now_s, word)
        line.roll(now_s)
        assert SHORTEST_S <= line.period_s <= LONGEST_S
        assert line.count >= count
        assert line.time_of(line.count + 1) > max(now_s, line.at_s)
        place, both, length = line._place, line._both, line._length
        assert place >= 0.0
        assert length >= 0.0
        assert abs(both) <= math.sqrt(place * length)
        count = line.count


def test_the_first_stroke_after_a_long_wait_is_believed_but_not_overshot() -> None:
    line = PulseLine(0, 0.0, 0.5)
    line.roll(600.0)
    line.strike(600.03, 1.0)
    assert 600.0 < line.at_s <= 600.03
    assert 0.45 < line.period_s < 0.55
