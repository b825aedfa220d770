"""How they play: dynamics, density, rest, swing, pocket, hands and phrases, in virtual time."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score import C, hear, in_order, stroke

from bandmate.events import SILENCE_DB, Attack, Control, Event, Heard, Hue, NoteOff, NoteOn, PortLost
from bandmate.listening.feel import FeelListener
from bandmate.listening.listener import Listener
from bandmate.listening.pulseline import PulseLine
from bandmate.timing import STEP_S, BeatMap, Meter, step_time_s, swung


def quavers(velocities: list[int]) -> list[Event]:
    """A line of eighths, one stroke every quarter of a second."""
    events: list[Event] = []
    for index, velocity in enumerate(velocities):
        events += stroke(index * 0.25, [60 + index % 5], 0.2, velocity)
    return in_order(events)


def test_dynamics_are_relative_to_this_performer() -> None:
    shy = quavers([30, 34, 38, 42] * 6 + [46] * 8)
    bold = quavers([90, 94, 98, 102] * 6 + [106] * 8)
    assert hear(shy, 8.0)[-1].dynamics > 0.75
    assert hear(shy, 8.0)[-1].dynamics == pytest.approx(hear(bold, 8.0)[-1].dynamics)


def test_softer_playing_is_noticed() -> None:
    assert hear(quavers([70, 80, 90, 100] * 6 + [60] * 10), 8.5)[-1].dynamics < 0.3


def test_a_keyboard_without_touch_is_in_the_middle() -> None:
    assert hear(quavers([100] * 30), 8.0)[-1].dynamics == 0.5


def test_a_chord_is_one_onset() -> None:
    events: list[Event] = []
    for beat in range(8):
        events += stroke(beat * 0.5, C, 0.3)
    assert hear(in_order(events), 4.0)[-1].density == pytest.approx(2.0, abs=0.3)


def test_rest_begins_when_the_pedal_is_lifted() -> None:
    events: list[Event] = [Control(0.0, 64, 127), *stroke(0.1, C, 0.2), Control(1.0, 64, 0)]
    heard = hear(in_order(events), 2.0)
    assert heard[150].held == C
    assert heard[150].resting_s == 0.0
    assert heard[-1].held == ()
    assert heard[-1].resting_s == pytest.approx(1.0, abs=0.01)


def test_sostenuto_holds_only_what_was_down() -> None:
    events: list[Event] = [NoteOn(0.1, 48, 80), Control(0.2, 66, 127), NoteOff(0.3, 48)]
    events += [*stroke(0.4, [60], 0.1), Control(1.0, 66, 0)]
    heard = hear(events, 1.2)
    assert heard[150].held == (48,)
    assert heard[-1].held == ()


def test_only_the_lost_port_goes_quiet() -> None:
    events: list[Event] = [NoteOn(0.1, 48, 80, "low"), NoteOn(0.1, 60, 80, "high"), PortLost(0.2, "low")]
    assert hear(events, 0.3)[-1].held == (60,)


# ------------------------------------------------------------------ swing and pocket

SLOPPY_S = 0.010  # how far, as a rule, a hand misses what it aims at


def written(bpm: float, ratio: float, unit: float = 0.5, late_s: float = 0.0, bars: int = 12) -> list[Event]:
    """A tune in swung notes over a left hand on one and three; the tune lies `late_s` behind."""
    chance = random.Random(f"{bpm} {ratio} {unit}")
    band, events = BeatMap(bpm, 0.0, 2.0), []
    for index in range(round(4 * bars / unit)):
        aimed_s = band.time_at(swung(index * unit, ratio, unit)) + late_s
        tune = 72 + chance.choice((0, 2, 4, 5, 7))
        events += stroke(aimed_s + chance.gauss(0.0, SLOPPY_S), [tune], band.seconds(unit * 0.8), 80)
    for beat in range(0, 4 * bars, 2):
        events += stroke(band.time_at(beat) + chance.gauss(0.0, SLOPPY_S), [40, 47], band.seconds(1.8), 70)
    return in_order(events)


def counted(events: list[Event], bpm: float, until_s: float, clock: BeatMap | None = None) -> list[Heard]:
    """What is heard after four taps that put the first downbeat at 2 s."""
    beat_s = BeatMap(bpm, 0.0, 0.0).seconds(1)
    listener = Listener(Meter())
    listener.count_in([2.0 - taps * beat_s for taps in (4, 3, 2, 1)], Meter(), 2.0)
    heard, waiting = [], list(events)
    for step in range(1, round(until_s / STEP_S)):
        due = [event for event in waiting[:64] if event.time_s <= step_time_s(step)]
        waiting = waiting[len(due) :]
        heard.append(listener.hear(step_time_s(step), due, clock))
    return heard


@pytest.mark.parametrize("ratio", [0.5, 0.58, 0.62, 0.67, 0.75])
@pytest.mark.parametrize(("bpm", "unit"), [(100, 0.5), (180, 0.5), (84, 0.25)])
def test_swing_is_heard_as_it_is_written(bpm: float, unit: float, ratio: float) -> None:
    feel = counted(written(bpm, ratio, unit), bpm, 12.0)[-1].feel
    assert feel.swing == pytest.approx(ratio, abs=0.03)
    assert feel.swinging == ("eighths" if unit == 0.5 else "sixteenths")


def test_quarters_say_nothing_about_swing() -> None:
    assert counted(written(100, 0.5, 1.0), 100, 12.0)[-1].feel.swing is None


def test_a_few_dotted_figures_make_no_swing() -> None:
    straight = written(100, 0.5)
    dotted = [
        replace(event, time_s=event.time_s + 0.15) if event.pitch >= 72 and index % 11 == 4 else event
        for index, event in enumerate(straight)
        if isinstance(event, NoteOn | NoteOff)
    ]
    assert counted(in_order(dotted), 100, 16.0)[-1].feel.swing == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("late_s", [-0.02, 0.0, 0.015, 0.03])
def test_pocket_is_how_far_they_lie_behind_the_band(late_s: float) -> None:
    events = [event for event in written(96, 0.5, 0.5, late_s) if event.pitch >= 72]
    feel = counted(events, 96, 16.0, BeatMap(96, 0.0, 2.0))[-1].feel
    assert feel.pocket_s == pytest.approx(late_s, abs=0.005)
    assert feel.swing == pytest.approx(0.5, abs=0.03)


def test_a_performer_alone_is_in_their_own_pocket() -> None:
    assert counted(written(96, 0.5, 0.5, 0.03), 96, 16.0)[-1].feel.pocket_s == pytest.approx(0.0, abs=0.02)


def test_a_microphone_tells_swing_pocket_and_density() -> None:
    strokes = [
        Attack(event.time_s, event.velocity / 127)
        for event in written(110, 0.67)
        if isinstance(event, NoteOn)
    ]
    heard = counted(strokes, 110, 14.0, BeatMap(110, 0.0, 2.0))[-1]
    line = PulseLine(0, 2.0, BeatMap(110, 0.0, 0.0).seconds(1))
    feel = FeelListener()
    for attack in strokes:
        feel.hear(attack.time_s, [], True, [attack], line)
    assert feel.feel.swing == pytest.approx(0.67, abs=0.03)
    assert feel.feel.pocket_s == pytest.approx(0.0, abs=0.005)
    assert heard.density == pytest.approx(110 / 60 * 2, abs=0.5)


# ------------------------------------------------------------------ hands and articulation


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_articulation_is_how_long_a_note_lasts(share: float) -> None:
    events: list[Event] = []
    for index in range(20):
        events += stroke(index * 0.4, [60 + index % 5], 0.4 * share)
    assert hear(events, 8.0)[-1].feel.articulation == pytest.approx(share, abs=0.05)


def test_the_pedal_binds() -> None:
    events: list[Event] = [Control(0.0, 64, 127)]
    for index in range(20):
        events += stroke(0.1 + index * 0.4, [60 + index % 5], 0.1)
    assert hear(events, 8.0)[-1].feel.articulation == 1.0


def test_each_hand_is_counted_wherever_the_hands_are() -> None:
    for low, high in ((40, 64), (53, 79)):
        events: list[Event] = []
        for index in range(32):
            events += stroke(index * 0.25, [high + index % 5], 0.2)
        for index in range(8):
            events += stroke(index, [low, low + 7], 0.9)
        feel = hear(events, 8.0)[-1].feel
        assert feel.right == pytest.approx(4.0, abs=0.3)
        assert feel.left == pytest.approx(1.0, abs=0.3)
        assert (feel.low, feel.high) == (low, high + 4)


def test_one_hand_around_middle_c_is_one_hand() -> None:
    feel = hear(quavers([80] * 32), 8.0)[-1].feel
    assert (feel.left, feel.right) == (0.0, pytest.approx(4.0, abs=0.3))


# ------------------------------------------------------------------ phrases, stopping, trend


def test_a_phrase_ends_on_the_grid_where_the_tune_rests() -> None:
    band, events = BeatMap(120, 0.0, 2.0), []
    for bar in range(0, 16, 2):  # seven quavers and a long note, then a beat of rest; a left hand goes on
        for index in range(7):
            events += stroke(band.time_at(4 * bar + index / 2), [72 + index], 0.2)
        events += stroke(band.time_at(4 * bar + 3.5), [79], band.seconds(3))
        events += [e for beat in range(8) for e in stroke(band.time_at(4 * bar + beat), [40, 47], 0.4)]
    heard = counted(in_order(events), 120, 16.0)
    ends = sorted({h.feel.phrase_s for h in heard if h.feel.phrase_s is not None})
    places = [band.beat_at(end_s) % 8 for end_s in ends]
    assert places == pytest.approx([4.5] * len(ends), abs=0.1)  # a beat into the long note
    assert len(ends) >= 3
    assert not any(h.feel.stopped for h in heard)
    late = [h.time_s - h.feel.phrase_s for h, last in zip(heard[1:], heard, strict=False)
            if h.feel.phrase_s != last.feel.phrase_s and h.feel.phrase_s]  # fmt: skip
    assert 0 <= max(late) < 0.6


def test_they_have_stopped_no_sooner_than_two_beats() -> None:
    for bpm, least_s in ((120, 1.5), (60, 2.0)):
        heard = counted(written(bpm, 0.5, bars=4), bpm, 28.0)
        silent_s = next(h.time_s - h.resting_s for h in reversed(heard))
        stopped_s = next(h.time_s for h in heard if h.feel.stopped)
        assert least_s - 0.01 <= stopped_s - silent_s < 2 * least_s


def test_somebody_who_rests_often_has_not_stopped() -> None:
    band, events = BeatMap(120, 0.0, 2.0), []
    for bar in range(0, 12, 2):  # a bar of tune and a bar of rest
        for index in range(8):
            events += stroke(band.time_at(4 * bar + index / 2), [72 + index % 5], 0.2)
    heard = counted(in_order(events), 120, 27.5)
    again_s = band.time_at(8 * 3)  # the first rests are long for all we know
    assert not any(h.feel.stopped for h in heard if again_s < h.time_s < band.time_at(44))
    assert heard[-1].feel.stopped
    assert not heard[100].feel.stopped


def test_a_rest_under_the_pedal_is_no_stop() -> None:
    held = [event for event in written(100, 0.5, bars=4) if not isinstance(event, NoteOff)]
    events: list[Event] = [Control(0.0, 64, 127), *held]
    assert not counted(events, 100, 14.0)[-1].feel.stopped


def test_a_sound_in_a_microphone_is_no_stop_until_it_ends() -> None:
    events: list[Event] = [Attack(0.2 + index * 0.5, 0.8) for index in range(8)]
    events += [Hue(0.013 + index * 0.05, -20.0 if index < 160 else SILENCE_DB) for index in range(240)]
    heard = hear(in_order(events), 12.0)
    stopped_s = next(h.time_s for h in heard if h.feel.stopped)
    assert 1.4 < stopped_s - 8.0 < 2.2  # two beats, at whichever octave the beat is heard


def test_a_crescendo_is_heard_and_a_fixed_keyboard_has_only_its_notes() -> None:
    grow = [40 + index for index in range(64)]
    assert hear(quavers(grow), 16.0)[-1].feel.trend > 0.6
    assert hear(quavers(grow[::-1]), 16.0)[-1].feel.trend < -0.6
    assert hear(quavers([100] * 64), 16.0)[-1].feel.trend == pytest.approx(0.0, abs=0.1)
    busier = in_order([*quavers([100] * 32), *quavers_from(8.0, 0.125, 64)])
    assert hear(busier, 16.0)[-1].feel.trend > 0.3


def quavers_from(begin_s: float, gap_s: float, count: int) -> list[Event]:
    """A line on a keyboard without touch."""
    return [e for i in range(count) for e in stroke(begin_s + i * gap_s, [60 + i % 5], 0.1, 100)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 4.0), st.integers(0, 127), st.integers(1, 127), st.floats(0.0, 1.0)),
        max_size=40,
    )
)
def test_whatever_is_played_the_feel_stays_within_its_bounds(notes) -> None:
    events: list[Event] = []
    for time_s, pitch, velocity, length_s in notes:
        events += stroke(time_s, [pitch], length_s, velocity)
        events.append(Attack(time_s, velocity / 127))
    for heard in hear(in_order(events), 6.0)[::20]:
        feel = heard.feel
        assert feel.swing is None or 0.5 <= feel.swing <= 0.75
        assert feel.articulation is None or 0.0 <= feel.articulation <= 1.0
        assert feel.pocket_s is None or abs(feel.pocket_s) <= 0.06
        assert -1.0 <= feel.trend <= 1.0
        assert feel.phrase_s is None or feel.phrase_s <= heard.time_s
        assert (feel.low is None) == (
            not any(note.time_s <= heard.time_s for note in events if isinstance(note, NoteOn))
        )
        assert not (feel.stopped and heard.resting_s < 1.4)
