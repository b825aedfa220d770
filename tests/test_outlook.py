"""What the band says of the next bars: settled where a chart says so, expected where it only believes."""

from __future__ import annotations

import pytest

from tests.conftest import Stage
from tests.songbook import evening, song

ONE_S = 3.0  # of the first bar, tapped in at 120


def ahead(status):
    """The outlook in beats from the bar line of bar 1."""
    return [(beat, chord, settled) for beat, chord, settled in status.outlook]


def test_a_chart_is_settled_two_bars_ahead():
    stage = Stage(evening=evening(song("A: C | F G")))
    stage.tap_in()
    stage.play(ONE_S + 1.2)
    assert ahead(stage.statuses[-1]) == [(2.0, "C", True), (4.0, "F", True), (6.0, "G", True)]


def test_a_loop_is_only_expected():
    stage = Stage()
    begin_s = stage.tap_in()
    for bar, pitches in enumerate([(48, 60, 64, 67), (53, 57, 60, 65)] * 3):
        for beat in range(4):
            stage.chord(begin_s + (bar * 4 + beat) * 0.5, pitches, 0.45)
    stage.play(begin_s + 4 * 2.0 + 0.9)
    first, second, *_ = ahead(stage.statuses[-1])
    assert (first[1], first[2]) == ("C", True)
    assert second == (20.0, "F", False)


def test_nothing_is_foretold_before_the_music():
    stage = Stage(evening=evening(song("A: C")))
    stage.say(0.0, "arm")
    stage.play(1.0)
    assert stage.statuses[-1].outlook == ()


@pytest.mark.parametrize(("follow", "share"), [(0.35, 0.03), (1.0, 0.0)])
def test_the_leash_is_shown(follow, share):
    stage = Stage(follow=follow)
    stage.tap_in()
    stage.play(ONE_S + 3.0)
    assert stage.statuses[-1].leash == share


def test_without_drums_the_leash_is_longer():
    stage = Stage()
    stage.tap_in()
    stage.say(ONE_S + 0.5, "part/drums/on", 0)
    stage.play(ONE_S + 3.0)
    assert stage.statuses[-1].leash == 0.08
