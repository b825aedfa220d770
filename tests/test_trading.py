"""Trading fours: whose bars these are, who lays out, what answers, and that it ends where it must."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandmate import patch as patches
from bandmate import snapshots
from bandmate.controls import check
from bandmate.errors import BandmateError
from bandmate.events import Phrase
from bandmate.harmony import Chord, scale_for
from bandmate.parts.kit import KIT
from bandmate.timing import METERS, Meter, step_time_s
from tests.conftest import Stage
from tests.songbook import evening, song
from tests.test_mind import UNSURE, ModelStage

BPM = 240.0
TIMEKEEPERS = {KIT[name] for name in ("kick", "hat-pedal", "hat", "hat-open")}
TUNE = (72, 74, 76, 79, 77, 76, 74, 71)


def people(*parts):
    return replace(patches.load("bench"), parts=parts)


class Round:
    """A band that plays by itself, in bars, and what the screens say of the trade in each."""

    def __init__(self, meter="4/4", parts=("drums", "bass", "keys"), stage=None, **params):
        self.meter = Meter.parse(meter)
        given = {"meter": meter, "bpm": BPM / self.meter.pulse_beats, "count_in": 0, "follow": 0.0, **params}
        self.stage = stage or Stage(people(*parts), **given)
        self.stage.say(0.0, "arm")
        self.stage.say(0.01, "start")
        self.stage.play(0.02)
        self.band = self.stage.band

    def time_s(self, bar):
        """When a bar begins; 1.5 is the middle of bar 1."""
        return self.band.transport.beatmap.time_at(bar * self.meter.bar_beats)

    def say(self, bar, *cue):
        self.stage.play(self.time_s(bar))
        self.stage.say(self.time_s(bar), *cue)
        return self

    def chords(self, bars, pitches=(48, 60, 64, 67)):
        """The performer holds a chord in each of these bars."""
        for bar in bars:
            self.stage.chord(self.time_s(bar), pitches, self.time_s(bar + 0.8) - self.time_s(bar))
        return self

    def sing(self, bar, places):
        """The performer's tune: eighths of a bar."""
        for pitch, place in zip(TUNE, places, strict=False):
            self.stage.key(self.time_s(bar) + place * (self.time_s(bar + 1) - self.time_s(bar)), pitch, 0.08)
        return self

    def until(self, bar):
        self.stage.play(self.time_s(bar))
        return self

    def turns(self, bars):
        """What a screen says in the middle of each bar."""
        said = [
            [s.trade for s in self.stage.statuses if abs(s.beat / self.meter.bar_beats - bar - 0.5) < 0.3]
            for bar in bars
        ]
        assert all(len(set(each)) == 1 for each in said)
        return [each[0] for each in said]

    def notes(self, part, first, end=None):
        """A part's notes that begin in bars, each a little before its line counted with it."""
        early = 0.1 / self.meter.bar_beats
        end = first + 1 if end is None else end
        return self.stage.notes(part, self.time_s(first - early), self.time_s(end - early))

    def stop(self):
        now_s = step_time_s(self.stage.step)
        self.stage.say(now_s + 0.02, "stop")
        self.stage.play(now_s + 0.3)
        assert self.stage.ledger.hanging == 0
        assert self.stage.sounding == []


FOURS = [f"{who} {left}" for who in ("you", "drums") for left in (4, 3, 2, 1)]


# ------------------------------------------------------------------ whose bars


def test_you_have_four_bars_and_then_the_drummer():
    played = Round().say(1.3, "trade").until(20.9)
    assert played.turns(range(2, 20)) == [""] * 2 + FOURS + FOURS
    played.stop()


@pytest.mark.parametrize("meter", METERS)
def test_in_every_meter_from_every_place_it_begins_on_a_phrase(meter):
    counted = Meter.parse(meter)
    for pulse in (0, counted.pulses - 1):
        into = (pulse + 0.1) * counted.pulse_beats
        begins = 4 if counted.bar_beats - into >= counted.pulse_beats else 8
        played = Round(meter, trade_bars="2").chords(range(begins + 2))
        played.say(3 + into / counted.bar_beats, "trade")
        played.until(begins + 4.95)
        whose = ["you 2", "you 1", "drums 2", "drums 1", "you 2"]
        assert played.turns(range(begins - 1, begins + 5)) == ["", *whose]
        for bar in (begins + 2, begins + 3):
            assert played.notes("drums", bar), f"no drums in bar {bar} of {meter}"
            assert {note.pitch for note in played.notes("drums", bar)} & TIMEKEEPERS
        assert played.notes("bass", begins + 3) == []
        assert played.notes("bass", begins + 4), "the band is back"
        played.stop()


def test_for_a_drum_solo_the_others_strike_one_and_lay_out():
    played = Round().chords(range(4)).say(2.5, "trade").chords(range(4, 8)).until(13.0)
    for part in ("bass", "keys"):
        struck = played.notes(part, 8, 12)
        assert struck
        assert all(note.on_s < played.time_s(8.1) and note.off_s < played.time_s(8.4) for note in struck)
        assert played.notes(part, 4, 8) and played.notes(part, 12, 13)  # noqa: PT018 (one thought)
        over = [
            n for n in played.stage.notes(part) if n.on_s < played.time_s(7.9) < played.time_s(8) < n.off_s
        ]
        assert over == [], "nothing rings into the solo"


def test_a_drum_solo_is_no_groove_and_leads_back():
    played = Round().chords(range(8)).say(2.5, "trade").until(13.0)
    drums = [played.notes("drums", bar) for bar in range(4, 13)]
    hands = [sum(n.pitch not in TIMEKEEPERS | {KIT["ride"]} for n in bar) for bar in drums]
    assert min(hands[5:8]) > max(hands[:3]), "more of the hands than in any bar of the groove"
    last = [n for n in drums[7] if n.on_s > played.time_s(11.7)]
    assert len(last) >= 2, "the last bar leads back"
    assert KIT["crash"] in {n.pitch for n in drums[8] if n.on_s < played.time_s(12.1)}


def test_resting_in_a_solo_does_not_thin_the_band_out_afterwards():
    played = Round(parts=("drums", "bass")).chords(range(8)).say(2.5, "trade").until(13.0)
    before, after = ([n.velocity for n in played.notes("bass", bar)] for bar in (3, 12))
    assert sum(after) / len(after) > sum(before) / len(before) - 6


# ------------------------------------------------------------------ the lead


def led(**params):
    return Round(parts=("drums", "bass", "lead"), **params).chords(range(8)).say(2.5, "trade")


def test_the_lead_answers_and_the_rhythm_section_goes_on():
    played = led().until(12.9)
    assert played.turns(range(4, 12)) == [*FOURS[:4], "lead 4", "lead 3", "lead 2", "lead 1"]
    assert played.notes("lead", 0, 8) == [] == played.notes("lead", 12)
    line = played.notes("lead", 8, 12)
    assert len(line) >= 8
    assert all(note.off_s is not None and note.off_s < played.time_s(12.05) for note in line)
    assert all(played.notes(part, bar) for part in ("drums", "bass") for bar in range(8, 12))
    scale = set(scale_for(Chord.parse("C"), played.band.heard.key))
    assert {note.pitch % 12 for note in line} <= scale
    together = [b.on_s - a.on_s for a, b in pairwise(line)]
    assert min(together) > 0.05, "one voice"
    assert max(together) > 0.4, "it breathes"


def test_the_answer_begins_with_your_rhythm():
    places = (0.0, 0.25, 0.375, 0.75)
    played = led().sing(6, places).sing(7, places).until(12.9)
    quoted = [round((n.on_s - played.time_s(8)) / (played.time_s(9) - played.time_s(8)), 2) for n in
              played.notes("lead", 8, 9)]  # fmt: skip
    assert [place for place in quoted if place < 1] == pytest.approx(places, abs=0.04)
    first, second, *_ = played.notes("lead", 8)
    assert second.pitch > first.pitch


def test_a_lead_that_is_muted_or_out_leaves_it_to_the_drums():
    played = led().say(7.0, "part/lead/mute", 1.0).until(9.9)
    assert played.turns([8, 9]) == ["drums 4", "drums 3"]
    played = led().say(7.0, "part/lead/on", 0.0).until(9.9)
    assert played.turns([8, 9]) == ["drums 4", "drums 3"]
    assert played.notes("drums", 9) and not played.notes("bass", 9)  # noqa: PT018 (one thought)


def test_with_nobody_to_trade_with_it_says_so():
    played = Round(parts=("bass", "keys")).say(1.0, "trade").until(1.5)
    assert "nobody is there to trade with" in played.band.alarm_text
    assert played.band.form.trade is None


# ------------------------------------------------------------------ where it ends


def test_pressed_again_it_stops_at_the_end_of_the_round():
    played = Round().say(2.5, "trade").say(5.5, "trade").until(13.9)
    assert played.turns(range(4, 14)) == [*FOURS, "", ""]
    played = Round().say(2.5, "trade").say(5.5, "trade").say(6.5, "trade").until(13.9)
    assert played.turns([12, 13]) == ["you 4", "you 3"], "a third time: it goes on"
    played = Round().say(1.5, "trade").say(2.5, "trade").until(5.9)
    assert played.turns([4, 5]) == ["", ""], "before it began: not at all"


def test_what_is_to_come_is_shown():
    played = Round().say(1.5, "trade").until(2.0)
    assert dict(played.stage.statuses[-1].pending)["trade"] == 16.0
    played.say(5.5, "trade").until(6.0)
    assert dict(played.stage.statuses[-1].pending)["trade ends"] == 48.0


@pytest.mark.parametrize("trade_bars", ["2", "4", "8"])
def test_twos_fours_and_eights(trade_bars):
    each = int(trade_bars)
    played = Round(trade_bars=trade_bars).say(2.5, "trade").until(4 + 2 * each + 0.9)
    left = range(each, 0, -1)
    whose = [f"{who} {bars}" for who in ("you", "drums") for bars in left]
    assert played.turns(range(4, 5 + 2 * each)) == [*whose, f"you {each}"]
    drums = [played.notes("drums", bar) for bar in range(4 + each, 4 + 2 * each)]
    assert all(drums)


def test_the_number_of_bars_is_a_word_of_the_table():
    assert check("trade-bars", "8") == check("trade-bars", 8.0) == ("trade-bars", "8")
    for wrong in ("3", 6.0, "four"):
        with pytest.raises(BandmateError, match="it takes 2 or 4 or 8"):
            check("trade-bars", wrong)


def test_another_section_ends_it_on_its_line():
    played = Round().chords(range(8)).say(2.5, "trade").say(9.5, "next-section").until(12.0)
    assert played.turns(range(8, 12)) == ["drums 4", "drums 3", "", ""]
    assert played.notes("bass", 10)


def test_the_songs_own_next_section_ends_it_and_another_round_does_not():
    twice = song("A: C | F | G | C", "B: F | G | C | C", form=["A", "A", "B"], count_in=0, bpm=BPM)
    stage = Stage(evening=evening(twice), trade_bars="2", follow=0.0)
    played = Round(stage=stage).say(0.5, "trade").until(12.0)
    assert played.turns(range(4, 10)) == ["you 2", "you 1", "drums 2", "drums 1", "", ""]


def test_an_ending_has_everybody_on_its_stroke():
    played = Round().chords(range(8)).say(2.5, "trade").say(9.5, "ending").until(10.3)
    assert {note.part for note in played.notes("", 10)} == {"drums", "bass", "keys"}
    played.until(12.0)
    assert played.stage.state == "off"
    assert played.stage.ledger.hanging == 0


def test_a_tag_brings_the_band_back_on_the_next_line():
    played = Round().chords(range(8)).say(2.5, "trade").say(9.5, "tag").until(12.0)
    assert played.turns([8, 10, 11]) == ["drums 4", "", ""]
    assert played.notes("bass", 10)
    played.stop()


def test_hits_a_break_and_a_fill_land_in_a_drum_solo():
    for cue in ("hits", "break"):
        played = Round().chords(range(8)).say(2.5, "trade").say(8.5, cue).until(11.0)
        assert played.notes("bass", 9), cue
        assert played.notes("bass", 10) == []
    played = Round().say(2.5, "trade").say(8.5, "fill").until(11.0)
    assert played.turns(range(8, 11)) == ["drums 4", "drums 3", "drums 2"]
    played.stop()


def test_a_hold_and_another_one_leave_it_counting():
    played = Round().chords(range(8)).say(2.5, "trade").say(5.5, "hold")
    now_s = played.time_s(5.5)
    played.stage.say(now_s + 1.0, "hold")
    played.stage.play(now_s + 5.0)
    assert played.stage.statuses[-1].trade != ""
    played.stage.say(now_s + 5.1, "this-is-one")
    played.stage.play(now_s + 7.0)
    assert played.stage.statuses[-1].trade != ""
    played.stop()


# ------------------------------------------------------------------ kept, and the same again


def test_a_restarted_band_goes_on_with_the_same_bars():
    played = led().sing(6, (0.0, 0.25, 0.5)).until(9.5)
    saved = json.loads(json.dumps(snapshots.state_now(played.band)))
    heir = Stage(people("drums", "bass", "lead"))
    snapshots.restore(heir.band, saved, step_time_s(played.stage.step))
    heir.step = played.stage.step
    assert heir.band.form.trade == played.band.form.trade
    heir.play(played.time_s(11.5))
    assert heir.statuses[-1].trade == "lead 1"


def test_the_same_take_gives_the_same_notes_and_another_seed_another_answer():
    def answer(seed):
        played = Round(
            stage=Stage(people("drums", "bass", "lead"), seed=seed, bpm=BPM, count_in=0, follow=0.0)
        )
        played.chords(range(8)).say(2.5, "trade").until(12.0)
        return [(note.part, note.on_s, note.pitch, note.velocity) for note in played.stage.notes()]

    first = answer(1)
    assert answer(1) == first
    assert [note for note in answer(2) if note[0] == "lead"] != [note for note in first if note[0] == "lead"]


class Writer:
    """A model that writes kick, bass and a lead note in every slot, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, ask):
        self.asked.append(ask)
        notes = ((0, 0, 36, 100, 1, 0), (1, 0, 36, 90, 5, 0), (5, 0, 72, 90, 5, 0))
        return [Phrase(0.0, ask.beat, "fresh", notes, UNSURE, ask.number)]


@pytest.mark.parametrize("lead", [False, True])
def test_who_plays_is_the_bands_with_a_model_too(lead):
    model = Writer()
    parts = ("drums", "bass", "lead") if lead else ("drums", "bass")
    stage = ModelStage(model, patch=people(*parts), bpm=BPM, count_in=0.0, follow=0.0)
    played = Round(stage=stage).chords(range(8)).say(2.5, "trade").until(12.9)
    asked = {round(ask.beat, 1): ask.densities for ask in model.asked}
    if lead:
        assert played.notes("lead", 4, 8) == [] and played.notes("lead", 2, 4)  # noqa: PT018 (one thought)
        assert played.notes("lead", 8, 12)
        assert asked[20.0][5] == -1.0 < asked[36.0][5]
    else:
        assert played.notes("bass", 9, 12) == []
        assert len({note.pitch for note in played.notes("drums", 9, 12)}) > 1, (
            "a solo, not what the model wrote"
        )
        assert asked[40.0][1] == -1.0 < asked[20.0][1]


WHILE_TRADING = (
    "trade", "trade", "fill", "hits", "break", "next-section", "tag", "ending", "hold", "this-is-one",
    "half-time", "less", "more", "lay-out", "all-in", "fade", "next-song", "ritard",
)  # fmt: skip


@given(
    cues=st.lists(
        st.tuples(
            st.floats(0.5, 8.0, allow_nan=False),
            st.sampled_from(WHILE_TRADING),
        ),
        min_size=1,
        max_size=8,
    ),
    meter=st.sampled_from(METERS),
    lead=st.booleans(),
)
@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_cues_while_you_trade_leave_nothing_hanging(cues, meter, lead):
    played = Round(meter, ("drums", "bass", "lead") if lead else ("drums", "bass"), trade_bars="2")
    stage = played.stage
    stage.say(0.1, "trade")
    stage.comp(0.02, 12)
    for time_s, name in cues:
        stage.say(time_s, name)
    stage.say(8.6, "stop")
    stage.play(9.0)
    assert stage.ledger.hanging == 0
    assert stage.sounding == []
    assert "stumbled" not in stage.band.alarm_text
