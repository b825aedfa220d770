"""In company: the whole band beside a busy left hand, a busy right one, and a change that doesn't come."""

from dataclasses import replace

import pytest

from bandmate import company
from bandmate import patch as patches
from bandmate.events import Heard, Slot
from bandmate.timing import Meter
from tests.conftest import STYLES

BENCH = patches.load("bench")


def bass_of(stage, after_s=0.0, before_s=1e9):
    return stage.notes("bass", after_s, before_s)


def with_left_hand(make_stage, manner):
    """A chord on every beat, and a line of the left hand in quarters below C3 from bar 3 on."""
    stage = make_stage(replace(BENCH, bass=manner))
    one_s = stage.tap_in()
    stage.comp(one_s, 16, pitches=(60, 64, 67))
    for beat in range(8, 16):
        stage.key(one_s + beat * 0.5, (40, 43, 45, 47)[beat % 4], 0.45, 90)
    stage.play(one_s + 8.0)
    return stage, one_s + 4.5, one_s + 7.9


def test_doubles_plays_the_left_hands_line_with_it(make_stage):
    stage, after_s, before_s = with_left_hand(make_stage, "doubles")
    line = bass_of(stage, after_s, before_s)
    assert len(line) >= 6
    assert {note.pitch % 12 for note in line} == {40 % 12, 43 % 12, 45 % 12, 47 % 12}
    struck_s = [event.on_s - round((event.on_s - 3.0) / 0.5) * 0.5 - 3.0 for event in line]
    assert all(abs(late_s) <= 0.03 for late_s in struck_s)


def test_yields_keeps_to_the_downbeat_and_plays_plays_on(make_stage):
    yields, after_s, before_s = with_left_hand(make_stage, "yields")
    plays, _, _ = with_left_hand(make_stage, "plays")
    assert len(bass_of(yields, after_s, before_s)) < 0.5 * len(bass_of(plays, after_s, before_s))


def test_a_doubled_line_ends_with_the_hand_and_with_the_song(make_stage):
    stage, _, _ = with_left_hand(make_stage, "doubles")
    stage.say(12.0, "stop")
    stage.play(13.0)
    assert not stage.sounding


def test_a_busy_right_hand_thins_the_keys_but_not_drums_and_bass(make_stage):
    def counted(a_beat):
        stage = make_stage(BENCH, seed=3)
        one_s = stage.tap_in()
        stage.comp(one_s, 32)
        for index in range(32 * a_beat):
            stage.key(one_s + index * 0.5 / a_beat, 76 + index % 7, 0.06)
        stage.play(one_s + 16.0)
        return {part: len(stage.notes(part, one_s + 4.0)) for part in ("drums", "bass", "keys")}

    calm, busy = counted(1), counted(6)
    assert busy["keys"] < calm["keys"]
    assert busy["drums"] >= 0.95 * calm["drums"]
    assert busy["bass"] >= 0.9 * calm["bass"]


def test_keys_dont_strike_a_change_that_nobody_has_played(make_stage):
    stage = make_stage(BENCH)
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    for beat in range(8, 12):  # short chords, and none on the next bar line
        stage.chord(one_s + beat * 0.5, (48, 60, 64, 67), 0.1)
    stage.play(one_s + 6.2)
    line_s = one_s + 6.0
    keys = [note for note in stage.notes("keys") if abs(note.on_s - line_s) < 0.06]
    assert not keys
    assert [note for note in stage.notes("drums") if abs(note.on_s - line_s) < 0.02]


def test_a_hit_comes_into_the_slot(make_stage):
    stage = make_stage(BENCH)
    band = stage.band
    band.hits.expected = lambda bar, bar_beats: (2.5,) if bar == 1 else ()
    asked = []
    band.ask = lambda part, slot, style, now_s: asked.append(slot) or []
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.play(one_s + 4.0)
    assert {slot.hits for slot in asked if slot.bar == 1} == {(2.5,)}
    assert {slot.hits for slot in asked if slot.bar == 0} == {()}


def test_the_hits_cue_plays_a_bar_of_accents_from_the_next_bar_line_on(make_stage):
    stage = make_stage(BENCH)
    one_s = stage.tap_in()
    stage.comp(one_s, 24)
    stage.say(one_s + 2.5, "hits")
    stage.play(one_s + 10.0)
    bar_s = one_s + 4.0
    bass = {round((note.on_s - bar_s) / 0.5, 1) for note in stage.notes("bass", bar_s - 0.03, bar_s + 1.9)}
    allowed = {round(s.beat, 1) for bars in stage.band.styles["pop-rock"].bars_together("hits", Meter())
               for s in bars.line.strokes}  # fmt: skip
    assert bass
    assert bass <= {place + shift for place in allowed for shift in (0.0, 0.1, -0.1)}


def test_an_intro_lasts_as_long_as_the_form_says(make_stage):
    stage = make_stage(BENCH)
    asked = []
    stage.band.ask = lambda part, slot, style, now_s: asked.append(slot) or []
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.play(one_s - 0.5)
    stage.band.form.intro_until = 8.0
    stage.play(one_s + 8.0)
    figures = {slot.bar: slot.figure for slot in asked}
    assert [figures[bar] for bar in range(4)] == ["intro", "intro", "groove", "groove"]


@pytest.mark.parametrize(("counted", "confidence", "crash"), [(True, 0.0, True), (False, 0.5, False),
                                                              (False, 0.9, True)])  # fmt: skip
def test_no_crash_without_a_sure_downbeat(make_stage, counted, confidence, crash):
    stage = make_stage(BENCH)
    stage.band.transport.counted = counted
    slot = Slot(0.0, 0, 0.0, Meter(), 120.0, crash=True)
    heard = Heard(0.0, downbeat_confidence=confidence)
    assert company.in_steps(stage.band, slot, "drums", heard).crash is crash


@pytest.mark.parametrize("name", sorted(STYLES))
def test_every_style_plays_a_whole_song_and_nothing_hangs(make_stage, name):
    stage = make_stage(patches.load(name), bpm=140)
    meter = stage.band.transport.meter
    gap_s = 60 / 140
    one_s = stage.tap_in(1.0, gap_s, meter.pulses)
    bar_s = meter.pulses * gap_s
    stage.comp(one_s, meter.pulses * 7, gap_s)
    for bar, cue in enumerate(("fill", "hits", "next-section", "break", "less", "more", "ending")):
        stage.say(one_s + (bar + 0.3) * bar_s, cue)
    stage.play(one_s + 5.9 * bar_s)
    heard = {note.part for note in stage.notes()}
    assert heard == set(stage.band.patch.parts)
    stage.play(one_s + 10 * bar_s)
    assert stage.state == "off"
    assert not stage.sounding
    assert not stage.band.alarm_text


@pytest.mark.parametrize("density", [0.0, 5.0, 30.0])
def test_a_slot_keeps_its_density_in_range(make_stage, density):
    stage = make_stage(BENCH)
    slot = company.in_steps(
        stage.band, Slot(0.0, 0, 0.0, Meter(), 120.0), "keys", Heard(0.0, density=density)
    )
    assert 0.0 <= slot.density <= 0.5


def with_a_melody(make_stage, **keys):
    """A singer's tune in C, counted in, with nobody at the chords."""
    stage = make_stage(BENCH, **keys)
    one_s = stage.tap_in()
    for index, degree in enumerate((0, 0, 7, 7, 9, 9, 7, 7, 5, 5, 4, 4, 2, 2, 0, 0) * 4):
        stage.key(one_s + index * 0.5, 60 + degree, 0.45)
    stage.play(one_s + 32.0)
    return stage, one_s


def test_a_lone_melody_gets_chords_in_its_key_and_roots_under_them(make_stage):
    stage, one_s = with_a_melody(make_stage)
    keys, bass = stage.notes("keys", one_s + 8.0, 1e9), bass_of(stage, one_s + 8.0)
    assert len(keys) > 60
    assert len(bass) > 20
    scale = {0, 2, 4, 5, 7, 9, 11}
    assert sum(note.pitch % 12 in scale for note in [*keys, *bass]) > 0.95 * len([*keys, *bass])
    assert len({note.pitch % 12 for note in bass}) >= 3  # it moves


def test_nothing_is_learnt_from_a_guess(make_stage):
    """What the band itself made up is no loop of the performer's."""
    stage, _ = with_a_melody(make_stage)
    assert stage.band.heard.guessed
    assert stage.statuses[-1].chord
    assert stage.statuses[-1].guessed
    assert not stage.statuses[-1].outlook[0][2]  # nor is it settled
    assert stage.band.plan.loops.loop == ()
