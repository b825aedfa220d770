"""A style writes the meter it is at home in; the others come of it by rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate.parts.meters import bar_beats_of, in_meter, in_three, in_two
from bandmate.parts.rows import Bar, read_row, with_tones
from bandmate.timing import METERS


def pattern(row: str, meter: str = "4/4", tone: str = "kick"):
    bars = read_row(row, bar_beats_of(meter), "here")
    return with_tones(bars, [tone] * sum(len(bar.strokes) for bar in bars))


def places(row: str, meter: str, home: str = "4/4", tone: str = "kick") -> list[float]:
    (found,) = in_meter({home: (pattern(row, home, tone),)}, meter)
    return [round(stroke.beat, 3) for stroke in found[0].strokes]


def test_what_is_written_stays():
    written = {"4/4": (pattern("X... x..."),), "3/4": (pattern("X.x.x.", "3/4"),)}
    assert in_meter(written, "3/4") is written["3/4"]


def test_three_is_four_without_its_third_beat():
    assert places("X... x... .... x..?", "3/4") == [0.0, 1.0, 2.0, 2.75]


def test_a_note_that_rings_where_a_beat_is_left_out_rings_on():
    (found,) = in_meter({"4/4": (pattern("X------- --------"),)}, "3/4")
    assert found[0].strokes[0].beats == 3.0
    (found,) = in_meter({"4/4": (pattern("X------- x---x---"),)}, "3/4")
    assert [(stroke.beat, stroke.beats) for stroke in found[0].strokes] == [(0.0, 2.0), (2.0, 1.0)]


def test_twelve_is_four_with_dotted_pulses_and_six_is_its_half():
    assert places("X... x... x... x...", "12/8") == [0.0, 1.5, 3.0, 4.5]
    assert places("X..x x.x. .... ....", "12/8") == [0.0, 1.25, 1.5, 2.5]
    assert places("X... x... x... x...", "6/8") == [0.0, 1.5]


def test_hats_play_all_the_eighths_of_a_dotted_pulse():
    assert places("x.x. x.x. x.x. x.x.", "6/8", tone="hat") == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert places("xxxx xxxx xxxx xxxx", "6/8", tone="shaker") == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_four_comes_of_twelve_in_triplets_of_five_and_of_three():
    assert places("X.x x.. x.. x.x", "4/4", "12/8") == [0.0, 0.667, 1.0, 2.0, 3.0, 3.667]
    assert places("X. .. x. X. x.", "4/4", "5/4") == [0.0, 2.0, 3.0]
    assert places("X. x. x.", "4/4", "3/4") == [0.0, 1.0, 2.0, 3.0]


def test_five_is_three_and_two_and_seven_hurries_at_the_end():
    assert places("X... x... x... x...", "5/4") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert places("Xxxx xxxx", "7/8") == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


@settings(max_examples=200, deadline=None)
@given(
    home=st.sampled_from(METERS), meter=st.sampled_from(METERS), grid=st.sampled_from((2, 3, 4)),
    data=st.data(), bars=st.integers(1, 3),
)  # fmt: skip
def test_any_row_fits_any_meter(home, meter, grid, data, bars):
    steps = int(bar_beats_of(home) * grid)
    if steps != bar_beats_of(home) * grid:
        return  # 7/8 has no whole bar of triplets
    rows = [data.draw(st.text("Xxo?,.-", min_size=steps, max_size=steps)) for _ in range(bars)]
    (found,) = in_meter({home: (pattern("|".join(rows), home),)}, meter)
    bar_beats = bar_beats_of(meter)
    for bar in found:
        assert [stroke.beat for stroke in bar.strokes] == sorted(stroke.beat for stroke in bar.strokes)
        for stroke in bar.strokes:
            assert 0 <= stroke.beat < bar_beats
            assert 0 < stroke.beats <= bar_beats - stroke.beat + 0.13


@pytest.mark.parametrize("tell", [in_three, in_two])
def test_nothing_told_otherwise_is_nothing(tell):
    assert tell(list(Bar().strokes)) == []
