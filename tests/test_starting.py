"""Starting and stopping, as MUSICIANSHIP has it, in virtual time."""

from __future__ import annotations

import itertools
import random

import pytest

from bandmate import patch as patches
from bandmate.counting import Count
from bandmate.events import Attack, Click, NoteOn, PortLost

KICK = (35, 36)


def test_nothing_sounds_from_off_whatever_is_played(stage):
    stage.comp(0.5, 16)
    stage.play(10.0)
    assert stage.state == "off"
    assert stage.notes() == []


def test_noodling_while_armed_stays_noodling(stage):
    stage.say(0.0, "arm")
    stage.comp(0.5, 16)
    stage.play(10.0)
    assert stage.state == "armed"
    assert stage.notes() == []


def test_four_taps_and_the_band_is_in_on_the_downbeat(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.play(one_s + 8)
    assert stage.state == "playing"
    kick = next(note for note in stage.notes("drums") if note.pitch in KICK)
    assert kick.on_s == pytest.approx(one_s, abs=0.02)
    assert stage.notes(before_s=one_s - 0.03) == []
    assert stage.beats[0].beat == 0
    assert stage.beats[0].time_s == pytest.approx(one_s, abs=0.001)


def test_three_taps_count_in_a_waltz(make_stage):
    stage = make_stage(meter="3/4")
    one_s = stage.tap_in(taps=3)
    stage.play(one_s + 6)
    downbeats = [beat.beat for beat in stage.beats if beat.downbeat]
    assert downbeats[:3] == [0, 3, 6]


def test_six_eight_is_tapped_in_dotted_quarters(make_stage):
    stage = make_stage(meter="6/8")
    one_s = stage.tap_in(gap_s=0.6, taps=4)
    stage.play(one_s + 0.1)
    assert stage.state == "playing"
    assert stage.band.transport.home_bpm == pytest.approx(100, rel=0.01)
    assert stage.band.transport.beatmap.bpm == pytest.approx(150, rel=0.01)


@pytest.mark.parametrize("meter", ["2/4", "2/2", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8"])
def test_the_band_counts_in_every_meter(make_stage, meter):
    stage = make_stage(meter=meter, bpm=120.0)
    stage.say(0.0, "arm")
    stage.say(0.5, "start")
    stage.play(14.0)
    transport = stage.band.transport
    clicks = [send for _, out in stage.outs for send in out.sends if isinstance(send, Click)]
    assert len(clicks) == transport.meter.pulses
    assert clicks[0].accent
    assert [click.accent for click in clicks[1:]] == [False] * (len(clicks) - 1)
    first = stage.beats[0]
    assert first.beat == 0
    assert first.downbeat
    bars = [beat.beat for beat in stage.beats if beat.downbeat]
    assert bars[:3] == [0, transport.meter.bar_beats, 2 * transport.meter.bar_beats]


def test_a_pickup_during_the_count_is_melody(stage):
    one_s = stage.tap_in()
    stage.chord(one_s - 0.6, (61, 65, 68))
    stage.comp(one_s, 8)
    stage.play(one_s + 0.3)
    assert stage.band.chord is not None
    assert stage.band.chord.root == 0
    assert stage.band.transport.home_bpm == pytest.approx(120, rel=0.001)


def test_free_join_is_staged(make_stage):
    """Hats first; no kick and no bass before the downbeat is believed or pointed out."""
    stage = make_stage(patches.load("default"), join="free")
    stage.say(0.0, "arm")
    stage.comp(1.0, 48)
    stage.play(12.1)
    assert stage.state == "playing"
    assert stage.band.transport.entry == "hats"
    assert stage.notes("drums")
    assert not [note for note in stage.notes("drums") if note.pitch in KICK]
    assert stage.notes("bass") == []
    stage.say(13.01, "this-is-one")
    stage.play(22.0)
    kick = next(note for note in stage.notes("drums") if note.pitch in KICK)
    assert kick.on_s == pytest.approx(15.0, abs=0.06)
    assert stage.notes("bass")[0].on_s == pytest.approx(15.0, abs=0.06)


def test_bench_joins_on_the_first_downbeat_it_believes_in(make_stage):
    stage = make_stage(join="free")
    stage.say(0.0, "arm")
    stage.comp(1.0, 32)
    stage.play(14.0)
    first = stage.beats[0]
    assert first.beat == 0
    assert {note.part for note in stage.notes()} == {"drums", "bass", "keys"}
    assert (first.time_s - 1.0) % 0.5 == pytest.approx(0, abs=0.04) or (first.time_s - 1.0) % 0.5 > 0.46


@pytest.mark.parametrize("press_s", [4.05, 4.6, 5.3])
def test_an_ending_is_one_stroke_on_one_then_off(stage, press_s):
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    stage.say(press_s, "ending")
    stage.play(14.0)
    assert stage.state == "off"
    bar_s = 2.0
    last = max(note.on_s for note in stage.notes())
    assert (last - one_s) % bar_s == pytest.approx(0, abs=0.05)
    assert 0.4 <= last - press_s <= 2.6
    assert stage.sounding == []
    assert stage.ledger.hanging == 0


def test_a_second_press_of_ending_means_now(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    stage.say(4.1, "ending")
    stage.say(4.2, "ending")
    stage.play(10.0)
    assert max(note.on_s for note in stage.notes()) < 4.2 + 0.8
    assert stage.state == "off"


@pytest.mark.parametrize(("cue", "bars"), [("tag", 8), ("vamp-out", 8)])
def test_tag_and_vamp_out_end_after_their_bars(stage, cue, bars):
    one_s = stage.tap_in(gap_s=0.3)
    stage.comp(one_s, 80, 0.3)
    stage.say(one_s + 1.3, cue)  # in the second bar: the line is 2.4
    stage.play(one_s + 1.2 * (bars + 5))
    last = max(note.on_s for note in stage.notes())
    assert last == pytest.approx(one_s + 1.2 * (2 + bars), abs=0.06)
    assert stage.state == "off"


def test_fade_ends_after_four_bars_and_the_level_comes_back(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(5.0, "fade")
    stage.play(15.0)
    levels = [send.value for _, out in stage.outs for send in out.sends if type(send).__name__ == "Level"]
    assert levels == [0.0, 1.0]
    assert stage.state == "off"
    assert max(note.on_s for note in stage.notes()) == pytest.approx(13.0, abs=0.6)


def test_ritard_each_chord_is_the_next_beat_and_the_last_one_ends_with_theirs(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.say(6.9, "ritard")
    strikes = [7.1, 7.8, 8.7, 9.9]
    for strike_s, next_s in zip(strikes, [*strikes[1:], 12.5], strict=True):
        stage.chord(strike_s, (48, 60, 64, 67), next_s - strike_s - 0.05)
    stage.play(14.0)
    for strike_s in strikes:
        assert any(abs(note.on_s - strike_s) < 0.05 for note in stage.notes("bass"))
    assert stage.state == "off"
    ended = max(note.off_s for note in stage.notes("bass"))
    assert ended == pytest.approx(12.45, abs=0.3)
    assert [beat.time_s for beat in stage.beats if beat.time_s > 7.05] == pytest.approx(strikes, abs=0.01)


def test_hold_stands_until_the_performer_lifts_then_one_bar_is_counted(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.chord(7.0, (48, 60, 64, 67), 3.0)
    stage.say(7.3, "hold")
    stage.say(12.0, "hold")
    stage.comp(14.1, 8)
    stage.play(9.0)
    assert stage.state == "holding"
    assert {note.part for note in stage.sounding} >= {"bass"}
    stage.play(11.0)
    assert stage.sounding == []
    stage.play(13.0)
    assert stage.state == "counting"
    stage.play(16.0)
    assert stage.state == "playing"
    again = [note.on_s for note in stage.notes("bass", after_s=12.0)]
    assert again[0] == pytest.approx(14.1, abs=0.06)


def test_stop_is_at_once_and_leaves_nothing(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 12)
    stage.say(5.25, "stop")
    stage.play(8.0)
    assert stage.state == "off"
    assert stage.notes(after_s=5.26) == []
    assert stage.sounding == []


def test_the_band_never_ends_by_itself(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.play(60.0)
    assert stage.state == "playing"
    assert stage.notes(after_s=58.0)


def test_members_come_in_one_by_one(stage):
    stage.say(0.0, "part/bass/on", 0)
    stage.say(0.0, "part/keys/on", 0)
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(5.2, "next-player")
    stage.say(9.2, "all-in")
    stage.say(15.0, "lay-out")
    stage.play(20.0)
    assert stage.notes("bass")[0].on_s == pytest.approx(7.0, abs=0.06)
    assert stage.notes("keys")[0].on_s >= 11.0 - 0.05
    assert stage.notes("bass", after_s=15.1) == []
    assert stage.notes("drums", after_s=15.1)


def test_less_and_more(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 40)
    stage.say(5.1, "less")
    stage.say(9.1, "less")
    stage.say(13.1, "more")
    stage.say(13.2, "more")
    stage.play(20.0)
    assert stage.notes("keys", 5.2, 13.0) == []
    assert not [n for n in stage.notes("drums", 5.2, 9.0) if n.pitch in (*KICK, 38, 40)]
    assert stage.notes("drums", 9.2, 13.0) == []
    assert stage.notes("bass", 9.2, 13.0)
    assert stage.notes("keys", 14.0)


def test_automatic_fills_are_eight_bars_apart(stage):
    one_s = stage.tap_in(gap_s=0.3)
    stage.comp(one_s, 140, 0.3)
    stage.play(one_s + 42)
    toms = sorted(
        {int((n.on_s - one_s) / 1.2) for n in stage.notes("drums") if n.pitch in (41, 43, 45, 47, 48, 50)}
    )
    assert all(after - before >= 7 for before, after in itertools.pairwise(toms) if after != before + 1)


def test_two_bars_of_rest_thin_the_band_but_a_lost_keyboard_does_not(make_stage):
    def last_velocity(lost):
        stage = make_stage(seed=5)
        one_s = stage.tap_in()
        stage.comp(one_s, 16)
        if lost:
            stage.events.append(PortLost(11.0, "keys"))
        stage.play(25.0)
        drums = [note.velocity for note in stage.notes("drums", 19.0, 25.0)]
        return sum(drums) / len(drums)

    assert last_velocity(lost=False) < last_velocity(lost=True) - 5


# ------------------------------------------------------------------ a count by sound


def strokes(stage, times_s, strength=0.8, port="drum mic"):
    stage.events += [Attack(time_s, strength, 0.0, port) for time_s in times_s]


@pytest.mark.parametrize("gap_s", [0.32, 0.5, 0.9, 1.3])
def test_four_sticks_count_the_band_in(make_stage, gap_s):
    stage = make_stage(count_by="sound")
    stage.say(0.0, "arm")
    draw = random.Random(f"sticks/{gap_s}")
    strokes(stage, [3 + index * gap_s + draw.gauss(0, 0.01) for index in range(4)])
    strokes(stage, [3.03 + index * gap_s for index in range(4)], 0.3, "piano mic")  # the room
    one_s = 3 + 4 * gap_s
    stage.play(one_s + 0.1)
    assert stage.state == "playing"
    assert stage.beats[0].beat == 0
    assert stage.beats[0].time_s == pytest.approx(one_s, abs=0.04)


def test_a_voice_counts_as_well_but_keys_never_do(make_stage):
    for port, state in (("microphone 1", "counting"), ("keys", "armed")):
        stage = make_stage(patches.load("singer"), count_by="sound")
        stage.say(0.0, "arm")
        for index in range(4):
            stage.events.append(NoteOn(2 + index * 0.5, 57, 90, port))
        stage.play(3.6)
        assert stage.state == state


def test_by_default_no_microphone_starts_the_band(stage):
    stage.say(0.0, "arm")
    strokes(stage, [2.0, 2.5, 3.0, 3.5])
    stage.play(6.0)
    assert stage.state == "armed"
    assert stage.notes() == []


def talk(draw, time_s):
    """Phrases of syllables, and breaths between them."""
    while True:
        for _ in range(draw.randint(2, 12)):
            yield time_s, min(1.0, max(0.05, draw.gauss(0.55, 0.2)))
            time_s += max(0.09, draw.lognormvariate(-1.55, 0.35))
        time_s += draw.uniform(0.3, 2.0)


def applause(draw, time_s):
    while True:
        yield time_s, draw.uniform(0.1, 1.0)
        time_s += draw.expovariate(25)


@pytest.mark.parametrize("crowd", [talk, applause])
@pytest.mark.parametrize("seed", range(6))
def test_talk_and_applause_start_nothing(crowd, seed):
    count = Count()
    for time_s, strength in crowd(random.Random(seed), 1.0):
        assert count.hear(time_s, strength, 4) == ()
        if time_s > 60:
            break


def test_a_count_in_the_middle_of_something_is_none():
    count = Count()
    found = [count.hear(1.0 + index * 0.5, 0.8, 4) for index in range(3)]
    assert count.hear(2.2, 0.7, 4) == ()
    found += [count.hear(2.5 + index * 0.5, 0.8, 4) for index in range(6)]
    assert set(found) == {()}


def test_taps_at_one_moment_are_one_tap(stage):
    stage.tap_in()
    for _ in range(3):
        stage.say(4.0, "tap")
    bpm = stage.play(3.9).band.transport.home_bpm
    stage.play(6.0)
    assert stage.band.transport.home_bpm == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize(("meter", "begin_s", "ritard_s"), [("7/8", 1.3, 6.416), ("6/8", 1.2, 5.2)])
def test_a_chord_just_before_a_beat_that_is_fixed_already_is_that_beat(make_stage, meter, begin_s, ritard_s):
    """It was the next one, and fell before the one that had been announced."""
    stage = make_stage(meter=meter, style="bossa-nova", bpm=132.0)
    stage.say(0.0, "arm")
    stage.say(0.3, "start")
    stage.comp(begin_s, 24, 0.45)
    stage.say(ritard_s, "ritard")
    stage.play(9.0)
    assert all(a.time_s < b.time_s and a.beat < b.beat for a, b in itertools.pairwise(stage.beats))
    after = [beat for beat in stage.beats if beat.decided_s > ritard_s + 0.5]
    assert [beat.time_s for beat in after[1:]] == pytest.approx(
        [b.time_s + 0.45 for b in after[:-1]], abs=0.01
    )
    assert any(beat.downbeat for beat in after)
