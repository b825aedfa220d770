"""Charts: what a musician writes is what the band reads, and rubbish is one clear sentence."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate.chart import ChartBar, moved, read_chart, write_chart
from bandmate.errors import BadChart
from bandmate.harmony import QUALITIES, Chord
from bandmate.timing import METERS, Meter

FOUR = Meter()


def bars(text: str, meter: str = "4/4"):
    """Each bar as `beat symbol` pairs."""
    return [
        [(beat, "N.C." if chord is None else chord.symbol) for beat, chord in bar.changes]
        for bar in read_chart(text, Meter.parse(meter))
    ]


@pytest.mark.parametrize(
    ("text", "meter", "read"),
    [
        ("| Am7 D7 | Gmaj7 | % |", "4/4", [[(0, "Am7"), (2, "D7")], [(0, "Gmaj7")], [(0, "Gmaj7")]]),
        ("C F G C", "4/4", [[(0, "C"), (1, "F"), (2, "G"), (3, "C")]]),
        ("C . . G7", "4/4", [[(0, "C"), (3, "G7")]]),
        ("C/// | F//", "4/4", None),
        ("C/E . G/B/", "4/4", [[(0, "C/E"), (2, "G/B")]]),
        ("C.. G.", "4/4", None),
        ("C G", "6/8", [[(0, "C"), (1.5, "G")]]),
        ("C . G . . F", "6/8", [[(0, "C"), (1, "G"), (2.5, "F")]]),
        ("C . . G .", "5/4", [[(0, "C"), (3, "G")]]),
        ("C . . . . . G", "7/8", [[(0, "C"), (3, "G")]]),
        ("C G", "7/8", [[(0, "C"), (2, "G")]]),
        ("C G", "2/2", [[(0, "C"), (2, "G")]]),
        ("C . . . G . . F", "4/4", [[(0, "C"), (2, "G"), (3.5, "F")]]),
        ("|: C | F :| G ||", "4/4", [[(0, "C")], [(0, "F")], [(0, "C")], [(0, "F")], [(0, "G")]]),
        ("|: C :|x3", "4/4", [[(0, "C")]] * 3),
        ("C | F :|", "4/4", [[(0, "C")], [(0, "F")]] * 2),
        ("|: C :|: F :|", "4/4", [[(0, "C")], [(0, "C")], [(0, "F")], [(0, "F")]]),
        ("C | N.C. | . . G .", "4/4", [[(0, "C")], [(0, "N.C.")], [(0, "N.C."), (2, "G")]]),
        ("C # the tonic\nF#m # and this\n# nothing\n\nG", "4/4", [[(0, "C")], [(0, "Gbm")], [(0, "G")]]),
    ],
)
def test_a_chart_is_read_as_it_is_written(text, meter, read):
    if read is None:
        with pytest.raises(BadChart, match="signs"):
            bars(text, meter)
    else:
        assert bars(text, meter) == read


def test_a_single_odd_bar_says_its_meter():
    chart = read_chart("C | (2/4) G | % | (4/4) F | (5/4) C . . . G", FOUR)
    assert [bar.meter and str(bar.meter) for bar in chart] == [None, "2/4", "2/4", None, "5/4"]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("", "without a bar", 0),
        ("| C |\n| H7 |", "bar 2: 'H7' is not a chord symbol", 1),
        ("| C F G |", "bar 1 has 3 signs", 0),
        ("%", "repeats the bar before", 0),
        ("| C % |", "% beside chords", 0),
        (". . C .", "nothing is there to hold", 0),
        ("|: C", "has no end", 0),
        ("|: C |: D :|", "begins inside another", 0),
        (":|", "no bar before", 0),
        ("C :|x99", "takes x2 to x32", 0),
        ("C :|x1", "takes x2 to x32", 0),
        ("(7/8) C", "isn't whole beats of 4/4", 0),
        ("(9/9) C", "not one the band plays", 0),
        ("C (2/4)", "stands first", 0),
        ("C | (2/4)", "is empty", 0),
        ("|: C :|x32\n" * 32, "more than 1000 bars", 31),
    ],
)
def test_what_nobody_can_read_is_one_sentence_with_its_line(text, says, line):
    with pytest.raises(BadChart) as caught:
        read_chart(text, FOUR)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.line == line


def test_a_chart_moves_to_another_key():
    chart = moved(read_chart("| Am7 D7/F# | N.C. |", FOUR), 3)
    assert write_chart(chart, FOUR) == "| Cm7 F7/A | N.C. |"


CHORDS = st.builds(
    lambda root, quality, bass: Chord(root, quality, None if bass == root else bass),
    st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.none() | st.integers(0, 11),
)  # fmt: skip


@st.composite
def charts(draw):
    meter = Meter.parse(draw(st.sampled_from(METERS)))
    found, last = [], object()
    for _ in range(draw(st.integers(1, 9))):
        odd = draw(st.none() | st.sampled_from(METERS))
        own = meter if odd is None else Meter.parse(odd)
        if own == meter or own.bar_beats % meter.pulse_beats:
            own = meter
        slots = draw(st.sets(st.integers(1, own.slots - 1), max_size=3))
        changes = []
        for slot in (0, *sorted(slots)):
            chord = draw(st.none() | CHORDS)
            if not changes or chord != last:
                changes.append((slot * 0.5, chord))
                last = chord
        found.append(ChartBar(tuple(changes), None if own == meter else own))
    return tuple(found), meter


@given(charts())
def test_what_is_written_is_read_back(chart_and_meter):
    chart, meter = chart_and_meter
    assert read_chart(write_chart(chart, meter), meter) == chart


SIGNS = (
    "|",
    "|:",
    ":|",
    ":|x3",
    "%",
    ".",
    "/",
    "C",
    "Am7",
    "G7/B",
    "N.C.",
    "(2/4)",
    "#",
    "H",
    "x2",
    "||",
    ":",
)
TEXTS = st.lists(st.sampled_from([*SIGNS, "\n"]), max_size=30).map(" ".join) | st.text(max_size=60)


@given(TEXTS, st.sampled_from(METERS))
def test_any_text_is_a_chart_or_one_sentence(text, meter):
    chart = ()
    with contextlib.suppress(BadChart):
        chart = read_chart(text, Meter.parse(meter))
    if not chart:
        with pytest.raises(BadChart) as caught:
            read_chart(text, Meter.parse(meter))
        said = str(caught.value)
        assert said.strip()
        assert "\n" not in said
        assert 0 <= caught.value.line <= text.count("\n")
    for bar in chart:
        assert bar.changes[0][0] == 0.0
        assert all(0 <= beat < (bar.meter or Meter.parse(meter)).bar_beats for beat, _ in bar.changes)
