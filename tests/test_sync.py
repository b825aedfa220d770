"""Sync: an outside MIDI clock decides, jittered, changing its tempo, falling silent and coming back."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import patch as patches
from bandmate import snapshots
from bandmate.events import ClockWord
from bandmate.sync import Sync
from bandmate.timing import tick_s
from tests.conftest import Stage

BOX = "usb: Box"


class Box:
    """A drum machine: ticks with a jitter, and words, into a band's inbox."""

    def __init__(self, bpm: float = 120.0, jitter_s: float = 0.0, meter: str = "4/4", **params) -> None:
        table = {"clock_in": "Box", "meter": meter}
        self.stage = Stage(patches.parse(table, patches.Path("synced.toml")), **params)
        self.bpm, self.jitter_s, self.now_s = bpm, jitter_s, 0.0
        self.chance = random.Random(7)
        self.ticks_s: list[float] = []  # when they were due

    def word(self, word: str, place: int = 0) -> Box:
        self.stage.events.append(ClockWord(self.now_s, word, place, BOX))
        return self

    def ticks(self, count: int, bpm: float | None = None) -> Box:
        """So many ticks, up to another tempo where it changes."""
        first = self.bpm
        for index in range(count):
            late_s = abs(self.chance.gauss(0, self.jitter_s)) if self.jitter_s else 0.0
            self.stage.events.append(ClockWord(self.now_s + late_s, "tick", 0, BOX))
            self.ticks_s.append(self.now_s)
            if bpm is not None:
                self.bpm = first + (bpm - first) * (index + 1) / count
            self.now_s += tick_s(self.bpm)
        return self

    def beats(self, count: float, bpm: float | None = None) -> Box:
        return self.ticks(round(count * 24), bpm)

    def silence(self, seconds: float) -> Box:
        self.now_s += seconds
        return self

    def play(self) -> Box:
        self.stage.play(self.now_s - 0.002)
        return self

    @property
    def transport(self):
        return self.stage.band.transport

    @property
    def beat(self) -> float:
        """The band's beat where the next tick is due."""
        return self.transport.beatmap.beat_at(self.now_s)

    @property
    def alarm(self) -> str:
        return self.stage.band.alarm_text


def started(bpm: float = 120.0, jitter_s: float = 0.0, beats: float = 8.0, **params) -> Box:
    """Two beats of ticks, then start, and it plays."""
    box = Box(bpm, jitter_s, **params).beats(2)
    return box.word("start").beats(beats).play()


# ------------------------------------------------------------------ the line through the ticks


@pytest.mark.parametrize(("jitter_s", "off_s"), [(0.0, 1e-6), (0.001, 0.001), (0.004, 0.0035)])
def test_jittered_ticks_make_a_straight_line(jitter_s, off_s):
    sync, chance = Sync(), random.Random(3)
    for tick in range(96):
        sync.hear(ClockWord(1.0 + tick * tick_s(120) + chance.gauss(0, jitter_s), "tick"))
    line = sync.line()
    assert line.bpm == pytest.approx(120, rel=0.006 if jitter_s else 1e-9)
    assert line.time_at(4) == pytest.approx(
        1.0 + 95 * tick_s(120), abs=off_s
    )  # the first tick counts as 1/24


def test_another_tempo_is_known_within_half_a_beat():
    sync, time_s = Sync(), 0.0
    for _ in range(48):
        sync.hear(ClockWord(time_s, "tick"))
        time_s += tick_s(120)
    for _ in range(12):
        sync.hear(ClockWord(time_s, "tick"))
        time_s += tick_s(100)
    assert sync.line().bpm == pytest.approx(100, rel=0.03)


# ------------------------------------------------------------------ start, stop, continue, place


def test_start_is_bar_one_at_once_and_its_downbeat_sounds():
    box = Box().beats(2).word("start")
    start_s = box.now_s
    box.beats(4).play()
    assert box.stage.state == "playing"
    assert box.transport.beatmap.beat_at(start_s) == pytest.approx(0, abs=0.01)
    kicks = [note.on_s for note in box.stage.notes("drums") if note.pitch in (35, 36)]
    assert kicks[0] == pytest.approx(start_s, abs=0.02)
    assert box.stage.statuses[-1].source == "clock"


def test_a_start_without_ticks_before_it_takes_the_tempo_from_the_first_of_them():
    box = Box(140).word("start").beats(8).play()
    assert box.beat == pytest.approx(8, abs=0.02)
    assert box.transport.home_bpm == pytest.approx(140, rel=0.01)


def test_stop_is_now_and_continue_goes_on_in_the_bar_where_it_stopped():
    box = started(beats=6)
    box.word("stop").beats(3).play()
    assert box.stage.state == "off"
    assert box.stage.sounding == []
    box.word("continue").beats(1).play()
    assert box.beat == pytest.approx(7, abs=0.02)
    assert box.transport.moment(box.now_s).bar == 1
    assert box.transport.entry == "hats"  # inside a bar: the others wait for the line
    box.beats(2).play()
    assert box.transport.entry == "full"


def test_a_song_position_before_continue_says_which_bar():
    box = Box().beats(2).word("place", 24 * 4 * 9).word("continue").beats(4).play()
    assert box.transport.moment(box.now_s - 0.05).bar == 9
    before = [status for status in box.stage.statuses if status.time_s <= box.now_s - 0.05]
    assert before[-1].bar == 10
    assert box.beat == pytest.approx(40, abs=0.02)


def test_a_song_position_while_it_runs_moves_the_count_and_nothing_else():
    box = started(beats=8)
    before = box.transport.beatmap
    box.word("place", 24 * 4 * 20).beats(1).play()
    assert box.transport.moment(box.now_s - 0.01).bar == 20
    assert box.transport.beatmap.beat_at(box.now_s) == pytest.approx(before.beat_at(box.now_s), abs=0.02)
    assert box.transport.entry == "full"
    box.word("place", 24 * 4 * 3 + 24 * 2).beats(1).play()  # into the middle of bar 4
    moment = box.transport.moment(box.now_s - 0.01)
    assert moment.bar == 3
    assert moment.beat - moment.bar_beat == pytest.approx(3, abs=0.05)


def test_start_while_it_plays_begins_anew():
    box = started(beats=7)
    box.word("start").beats(1).play()
    assert box.beat == pytest.approx(1, abs=0.02)
    assert box.stage.band.scheduler.dropped == 0


def test_nothing_starts_where_the_performer_took_the_tempo_back():
    box = Box(sync="off").beats(2).word("start").beats(4).play()
    assert box.stage.state == "off"
    assert box.stage.statuses[-1].source != "clock"


# ------------------------------------------------------------------ following it


@pytest.mark.parametrize("jitter_s", [0.0, 0.001, 0.003])
def test_the_bands_beats_stay_with_a_jittered_clock(jitter_s):
    box = started(beats=32, jitter_s=jitter_s)
    mean_late_s = jitter_s * 0.8  # a jittered tick is late, never early
    off_s = [
        beat.time_s - mean_late_s - box.ticks_s[48 + round(beat.beat * 24)]
        for beat in box.stage.beats if 8 <= beat.beat < 30
    ]  # fmt: skip
    assert len(off_s) >= 20
    assert max(map(abs, off_s)) < 0.0015 + jitter_s


def test_the_band_goes_along_with_a_ritardando_and_never_jumps():
    box = started(beats=8)
    places = []
    for bpm in (110, 100, 90, 80):
        box.beats(4, bpm).play()
        assert box.beat == pytest.approx(len(box.ticks_s) / 24 - 2, abs=0.03)
        places.append(box.beat)
    box.beats(8).play()
    assert box.transport.home_bpm == pytest.approx(80, rel=0.01)
    gaps = [
        (later.time_s - earlier.time_s) / (later.beat - earlier.beat)
        for earlier, later in zip(box.stage.beats, box.stage.beats[1:], strict=False)
    ]
    assert min(gaps) > 0.48
    assert max(gaps) < 0.78


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_a_clock_that_never_keeps_its_tempo_is_never_far(seed):
    chance = random.Random(seed)
    box = started(chance.uniform(70, 130), chance.choice([0, 0.001, 0.003]), beats=4)
    for bar in range(1, 6):
        box.beats(4, box.bpm * chance.uniform(0.85, 1.18)).play()
        far_s = (box.beat - 4 * (bar + 1)) * tick_s(box.bpm) * 24
        assert abs(far_s) < 0.02


def test_a_sudden_tempo_is_taken_without_a_jump():
    box = started(beats=8)
    box.bpm = 132
    box.beats(8).play()
    assert box.beat == pytest.approx(16, abs=0.03)
    assert box.transport.home_bpm == pytest.approx(132, rel=0.01)


def test_half_the_tempo_from_one_tick_to_the_next_is_caught_up_with_beat_on_beat():
    box = started(beats=8)
    box.bpm = 60
    box.beats(16).play()
    assert box.beat == pytest.approx(24, abs=0.03)
    assert box.transport.home_bpm == pytest.approx(60, rel=0.01)


def test_a_start_out_of_nothing_in_another_tempo_is_together_after_a_bar():
    box = Box(60).word("start").beats(5).play()  # the band had more than 100 in mind
    assert box.beat == pytest.approx(5, abs=0.03)


def test_taps_count_the_band_in_on_a_beat_of_a_clock_that_only_ticks():
    box = Box(120).beats(3.1)
    box.stage.say(box.now_s, "arm")
    for tap in range(4):
        box.stage.say(box.now_s + tap * 0.51, "tap")
    one_s = box.now_s + 4 * 0.5
    box.beats(16).play()
    assert box.stage.state == "playing"
    assert box.transport.home_bpm == pytest.approx(120, rel=0.01)
    here = box.transport.beatmap.beat_at(one_s)
    assert abs(here - round(here)) < 0.15  # where it was tapped, to the nearest tick


def test_six_eight_counts_pulses_of_the_clock():
    box = started(bpm=120, beats=12, meter="6/8")
    assert box.transport.home_bpm == pytest.approx(80, rel=0.01)
    assert box.transport.moment(box.now_s - 0.01).bar == 3


def test_the_performer_does_not_move_a_synced_band():
    box = Box().beats(2).word("start")
    box.stage.comp(box.now_s, 40, 0.52)
    box.beats(32).play()
    assert box.beat == pytest.approx(32, abs=0.02)


def test_what_is_the_clocks_business_is_refused_in_words_and_labels_are_the_performers():
    box = started(beats=6)
    for name, value in (("flip", None), ("half-time", None), ("tap", None), ("bpm", 90.0)):
        box.stage.say(box.now_s, name, value)
        box.beats(0.5).play()
        assert box.alarm.startswith("an outside clock decides")
        assert box.transport.home_bpm == pytest.approx(120, rel=0.001)
    box.stage.say(box.now_s, "this-is-one")
    box.beats(5).play()
    assert box.transport.origin_beat == pytest.approx(8)
    assert box.beat == pytest.approx(13, abs=0.02)


def test_a_count_in_of_the_band_lands_on_a_beat_of_the_clock():
    box = started(beats=5)
    box.stage.say(box.now_s, "hold")
    box.beats(3.3).play()
    box.stage.say(box.now_s, "hold")
    box.beats(8.7).play()
    assert box.stage.state == "playing"
    assert (box.beat - len(box.ticks_s) / 24) % 1 == pytest.approx(0, abs=0.03) or (
        box.beat - len(box.ticks_s) / 24
    ) % 1 == pytest.approx(1, abs=0.03)


# ------------------------------------------------------------------ drop-outs


def test_a_clock_that_falls_silent_leaves_the_band_in_tempo_and_says_so():
    box = started(beats=8)
    box.silence(3.0).play()
    assert box.alarm == "the outside clock is gone: the band keeps the tempo"
    assert box.stage.state == "playing"
    assert box.beat == pytest.approx(14, abs=0.02)


def test_it_comes_back_without_a_jump_and_leads_from_the_next_bar():
    box = started(beats=9)
    box.silence(2.008)
    back_s = box.now_s
    box.bpm = 126
    box.beats(1).play()
    assert box.alarm == "the outside clock is back, and leads again from the next bar on"
    assert box.transport.beatmap.bpm == pytest.approx(120, rel=0.005)  # not before the bar line
    box.beats(11).play()
    assert box.transport.home_bpm == pytest.approx(126, rel=0.005)
    assert box.beat == pytest.approx(9 + 4 + 12, abs=0.06)  # as if it had ticked on: to the nearest tick
    gaps = [
        later.time_s - earlier.time_s
        for earlier, later in zip(box.stage.beats, box.stage.beats[1:], strict=False)
        if earlier.time_s > back_s - 1 and later.beat - earlier.beat == 1
    ]
    assert max(gaps) < 0.52
    assert min(gaps) > 0.445  # never bent by more than 6 %


def test_a_silent_clock_is_forgotten_once_nothing_plays():
    box = started(beats=8)
    box.silence(1.0).play()
    box.stage.say(box.now_s, "stop")
    box.silence(0.1).play()
    assert not box.transport.sync.decides
    box.stage.say(box.now_s, "bpm", 90.0)
    box.silence(0.1).play()
    assert box.transport.home_bpm == 90


def test_a_restarted_band_stops_with_the_clock_that_it_did_not_hear_start():
    box = started(beats=8)
    saved = json.loads(json.dumps(snapshots.state_now(box.stage.band)))
    again = Box()
    snapshots.restore(again.stage.band, saved, box.now_s)
    again.stage.step, again.now_s = box.stage.step, box.now_s
    again.beats(12).play()
    assert again.stage.state == "playing"
    assert again.beat == pytest.approx(20, abs=0.02)
    again.word("stop").beats(1).play()
    assert again.stage.state == "off"
    assert again.stage.sounding == []
    again.word("continue").beats(1).play()
    assert again.beat == pytest.approx(21, abs=0.02)


def test_a_take_of_a_synced_band_plays_the_same_twice():
    def played():
        box = started(beats=16, jitter_s=0.002)
        return [(note.part, note.pitch, note.on_s) for note in box.stage.notes()]

    assert played() == played()


WORDS = st.tuples(
    st.sampled_from(["tick"] * 8 + ["start", "stop", "continue", "place"]),
    st.floats(0, 0.2), st.integers(0, 98298),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=60))
def test_whatever_a_clock_says_the_band_plays_on(words):
    box = Box()
    for word, after_s, place in words:
        box.word(word, place).silence(after_s)
    box.silence(0.1).play()
    assert box.transport.beatmap.bpm > 0
    assert math.isfinite(box.beat)


def test_ticks_that_all_come_at_once_are_no_tempo():
    sync = Sync()
    for _ in range(30):
        sync.hear(ClockWord(1.0, "tick"))
    assert sync.line() is None
