"""The governor: the audience moves what the performer lets it move, in musical time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate.audience.governor import NO_PULL, Governor
from bandmate.audience.mood import Mood
from bandmate.controls import defaults

BAR = 4.0
WILD, HUSHED = Mood(1.0, 0.8, 1.0), Mood(0.0, -0.8, 1.0)
shares = st.floats(0, 1)


def after(mood, beats, governor=None, **params):
    governor = governor or Governor()
    named = {name.replace("_", "-"): value for name, value in params.items()}
    for _ in range(round(beats * 10)):
        governor.advance(mood, 0.1, BAR, defaults() | named)
    return governor


def test_nobody_there_changes_nothing_at_all():
    governor = after(Mood(), 400)
    assert (governor.energy, governor.valence) == (0.5, 0.0)
    assert governor.pull(100) == NO_PULL


def test_the_audience_moves_it_by_so_much_a_bar_at_most():
    governor = after(WILD, 4)
    assert 0.5 < governor.energy <= 0.75 + 1e-9
    assert after(WILD, 4, crowd_change=0.1).energy <= 0.6 + 1e-9
    assert after(WILD, 40).energy == pytest.approx(1.0, abs=0.01)
    assert after(HUSHED, 40).energy == pytest.approx(0.0, abs=0.01)


@given(shares, st.floats(-1, 1), shares, shares, shares)
def test_it_stays_between_floor_and_ceiling(energy, valence, confidence, one, other):
    low, high = min(one, other), max(one, other)
    governor = after(
        Mood(energy, valence, confidence), 60, crowd_floor=low, crowd_ceiling=high, crowd_change=1
    )
    assert min(low, 0.5) - 1e-6 <= governor.energy <= max(high, 0.5) + 1e-6  # it was in the middle before
    assert -1 <= governor.valence <= 1


@given(shares, st.floats(-1, 1), shares, st.floats(0, 100))
def test_authority_is_a_share_of_the_pull_and_0_is_exactly_none(energy, valence, confidence, authority):
    governor = after(Mood(energy, valence, confidence), 12)
    assert governor.pull(0) == NO_PULL
    whole, part = governor.pull(100), governor.pull(authority)
    assert part.lift == pytest.approx(whole.lift * authority / 100)
    assert part.glow == pytest.approx(whole.glow * authority / 100)


def test_hold_keeps_it_and_the_next_press_lets_it_go():
    governor = after(WILD, 20)
    governor.hold()
    kept = governor.energy
    assert after(HUSHED, 20, governor).energy == kept
    governor.hold()
    assert after(HUSHED, 20, governor).energy < 0.2


def test_veto_is_at_once_and_afterwards_it_begins_in_the_middle():
    governor = after(WILD, 20)
    governor.veto()
    assert governor.pull(100) == NO_PULL
    assert after(WILD, 20, governor).pull(100) == NO_PULL
    governor.veto()
    assert governor.pull(100) == NO_PULL
    assert 0 < after(WILD, 1, governor).pull(100).lift < 0.2


def test_where_nobody_speaks_any_more_the_performers_own_mood_is_left():
    governor = after(WILD, 40)
    assert after(Mood(), 40, governor, mood_energy=0.3).energy == pytest.approx(0.3)
    assert governor.mood == Mood()
