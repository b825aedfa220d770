"""Every cue of a song, in every meter, at every place of the bar: it lands where it must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandmate.timing import METERS, SLOT_BEATS, Meter, step_time_s
from tests.conftest import Stage
from tests.songbook import evening, song

LOOK_S = 0.11  # a bar is decided so much before its line
CUES = ("next-section", "previous-section", "repeat", "vamp", "jump", "to-mark", "key-up", "transpose")
ENDINGS = ("ending", "tag", "vamp-out", "break", "fill", "fade")


def a_song(meter: str, **keys):
    bars = " | ".join("CFGE")
    found = song(f"A: {bars}", f"B: {bars}", f"C: {bars}", meter=meter, bpm=300.0, count_in=0, **keys)
    return replace(found, patch=replace(found.patch, parts=("drums", "bass")))


class Conductor:
    """A band alone on its song, one cue at a beat, and where it was on every bar line."""

    def __init__(self, meter: str, **keys) -> None:
        self.meter = Meter.parse(meter)
        self.stage = Stage(evening=evening(a_song(meter, **keys)), follow=0.0)
        self.stage.say(0.0, "arm")
        self.stage.say(0.01, "start")
        self.stage.play(0.02)
        self.band = self.stage.band

    def at(self, beat: float, *cue) -> None:
        """Play on to a beat, and cue."""
        time_s = self.band.transport.beatmap.time_at(beat)
        if cue:
            self.stage.say(time_s, *cue)
        self.stage.play(time_s)

    def spots(self, bars: range):
        """Where the band was in each bar, read in its middle."""
        found = []
        for bar in bars:
            self.at(self.band.transport.line_of(bar) + self.meter.bar_beats / 2)
            found.append(self.band.road.spot_of(bar))
        return [(self.band.road.section_of(spot).name, spot.bar) for spot in found]

    def downbeats(self):
        return [beat.beat for beat in self.stage.beats if beat.downbeat]

    def stop(self) -> None:
        self.stage.say(step_time_s(self.stage.step) + 0.05, "stop")
        self.stage.play(step_time_s(self.stage.step) + 0.3)
        assert self.stage.ledger.hanging == 0
        assert self.stage.sounding == []


def line_bar(meter: Meter, beat: float) -> int:
    """The bar that a cue at a beat reaches: the first line a pulse or more away."""
    bar = int(beat // meter.bar_beats) + 1
    return bar + (bar * meter.bar_beats - beat < meter.pulse_beats - 1e-6)


def places(meter: Meter):
    """Every eighth of the second bar, and a little beside it."""
    return [meter.bar_beats + place * SLOT_BEATS + 0.03 for place in range(meter.slots)]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("cue", CUES)
def test_a_section_cue_lands_on_its_bar_line_from_every_place(meter, cue):
    counted = Meter.parse(meter)
    for beat in places(counted)[:: 1 if counted.slots < 9 else 2]:
        played = Conductor(meter)
        if cue == "to-mark":
            played.at(0.5, "mark")
        played.at(beat, *{"jump": ("jump", "C"), "transpose": ("transpose", 3.0)}.get(cue, (cue,)))
        line = line_bar(counted, beat)
        went = played.spots(range(line - 1, line + 2))
        before = [("A", line - 1)]
        then = {
            "next-section": [("B", 0), ("B", 1)], "previous-section": [("A", 0), ("A", 1)],
            "jump": [("C", 0), ("C", 1)], "to-mark": [("A", 0), ("A", 1)],
        }.get(cue)  # fmt: skip
        again = cue in ("repeat", "vamp")
        straight = [("A", bar) for bar in range(4)] + [("A" if again else "B", bar) for bar in range(4)]
        if then is not None:
            assert went == before + then, f"{cue} at beat {beat}"
        else:
            assert went == straight[line - 1 : line + 2]
        if again:
            ahead = [played.band.road.spot_of(bar) for bar in range(4, 8)]
            assert [(spot.at, spot.bar) for spot in ahead] == [(0, bar) for bar in range(4)]
        elif cue in ("key-up", "transpose"):
            step = 1 if cue == "key-up" else 3
            assert [played.band.road.shift(bar) for bar in range(9)] == [0] * line + [step] * (9 - line)
        lines = played.downbeats()
        assert lines == [number * counted.bar_beats for number in range(len(lines))]
        played.stop()


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("cue", ENDINGS)
def test_an_ending_a_break_or_a_fill_lands_from_every_place(meter, cue):
    counted = Meter.parse(meter)
    first, *_ = places(counted)
    for beat in places(counted)[:: 1 if counted.slots < 7 else 2]:
        played = Conductor(meter)
        played.at(beat, cue)
        played.at(beat + 0.05)
        line = line_bar(counted, beat) * counted.bar_beats
        form = played.band.form
        if cue in ("ending", "tag", "vamp-out"):
            bars = 0 if cue == "ending" else 8
            assert form.end_beat == pytest.approx(line + bars * counted.bar_beats)
            last = [figure for figure in form.figures if figure.kind == "hit"]
            assert [figure.beat for figure in last] == [form.end_beat]
        elif cue == "fade":
            assert form.over_beat == pytest.approx(beat + 4 * counted.bar_beats, abs=0.1)
        else:
            figure = next(each for each in form.figures if each.kind == cue)
            ends = figure.beat + (figure.beats if cue == "fill" else 0.0)
            assert ends == pytest.approx(line)
        if form.over_beat is not None and beat == first:
            played.at(form.over_beat + 1.0)
            assert played.stage.state == "off"
            assert played.stage.sounding == []
            assert played.stage.ledger.hanging == 0
        else:
            played.stop()


@pytest.mark.parametrize("meter", METERS)
def test_a_tag_plays_the_last_four_bars_of_the_chart_twice_more(meter):
    played = Conductor(meter)
    bar = played.meter.bar_beats
    played.at(5.2 * bar, "tag")
    line = line_bar(played.meter, 5.2 * bar)
    spots = played.spots(range(line + 8))
    assert spots[line : line + 8] == spots[line - 4 : line] * 2


@pytest.mark.parametrize("cue", ["repeat", "vamp"])
def test_a_section_comes_round_again(cue):
    played = Conductor("4/4")
    played.at(5.0, cue)
    straight = [("A", bar) for bar in range(4)]
    after = straight if cue == "vamp" else [("B", bar) for bar in range(4)]
    assert played.spots(range(12)) == straight * 2 + after


def test_an_open_section_ends_its_round_and_asked_twice_the_bar():
    for presses, begins in ((1, 4), (2, 2)):
        stage = Stage(evening=evening(song("A: C | F | G | C; open = true", "B: F | G", count_in=0)))
        stage.say(0.0, "arm")
        stage.say(0.01, "start")
        for press in range(presses):
            stage.say(3.0 + press * 0.2, "next-section")
        stage.play(0.2 + 2.0 * begins)
        assert [stage.band.road.spot_of(bar).at for bar in range(begins + 1)] == [0] * begins + [1]


def test_an_open_section_goes_round_until_it_is_cued():
    stage = Stage(evening=evening(song("A: C | F; open = true", "B: G | G", count_in=0)))
    stage.say(0.0, "arm")
    stage.say(0.01, "start")
    stage.play(16.2)
    assert [stage.band.road.spot_of(bar).at for bar in range(8)] == [0] * 8


def test_the_last_section_goes_round_because_the_band_never_ends_a_song():
    stage = Stage(evening=evening(song("A: C | F", "B: G | G", count_in=0)))
    stage.say(0.0, "arm")
    stage.say(0.01, "start")
    stage.play(20.0)
    assert stage.state == "playing"
    assert stage.band.road.spot.at == 1


@given(
    cues=st.lists(
        st.tuples(
            st.floats(0.0, 12.0, allow_nan=False),
            st.sampled_from([*CUES, *ENDINGS, "mark", "hold", "this-is-one", "next-song", "previous-song"]),
        ),
        max_size=10,
    ),
    meter=st.sampled_from(METERS),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_cues_in_a_song_leave_nothing_hanging(cues, meter):
    stage = Stage(evening=evening(a_song(meter), a_song(meter, ending="tag"), "break", a_song("4/4")))
    stage.say(0.0, "arm")
    stage.say(0.01, "start")
    for time_s, name in cues:
        stage.say(time_s, name, *{"jump": ("B",), "transpose": (-2.0,)}.get(name, ()))
    stage.say(13.0, "stop")
    stage.play(14.0)
    assert stage.ledger.hanging == 0
    assert stage.sounding == []
    assert stage.state in ("off", "armed")
    assert all(
        before.time_s < after.time_s for before, after in zip(stage.beats, stage.beats[1:], strict=False)
    )
