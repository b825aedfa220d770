"""A hundred random evenings, small ones; `bandmate bench --soak evenings` plays a thousand longer ones."""

from __future__ import annotations

import pytest

from bandmate.bench import band as night
from bandmate.bench import evenings
from bandmate.rehearsal import load_styles

STYLES = load_styles()
SHORT_S = 6.0


@pytest.mark.parametrize("tens", range(10))
def test_nothing_hangs_and_nobody_stumbles_in_a_random_evening(tens):
    played = 0
    for seed in range(tens * 10, tens * 10 + 10):
        found = evenings.play(seed, SHORT_S, STYLES)
        assert found.hanging == found.disorder == 0, f"evening {seed}"
        assert found.alarms == (), f"evening {seed}"
        played += found.notes
    assert played > 100


def test_an_evening_is_the_same_for_its_seed():
    assert evenings.play(7, 8.0, STYLES) == evenings.play(7, 8.0, STYLES)
    assert len({evenings.play(seed, 4.0, STYLES).notes for seed in range(4)}) > 1


def test_a_night_of_setlists_goes_from_song_to_song():
    gig = night.play(75.0, STYLES)
    assert gig.hanging == gig.stumbles == 0
    assert gig.beats > 100
    assert {"drums", "bass", "all"} <= set(gig.spent_s)
