"""Where one is, and in which meter, from written patterns at known pulses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from score import in_order, listen, stroke

from bandmate.bench import bar_training
from bandmate.events import Attack, Event, Hue, NoteOff, NoteOn
from bandmate.listening import barsense
from bandmate.listening.bars import BarVote, Happening
from bandmate.listening.downbeats import PLACE, SIGNS, Evidence, Portrait
from bandmate.listening.listener import Listener
from bandmate.timing import Meter

PULSE_S = 0.5
FOUR, THREE, SIX_EIGHT = Meter(4, 4), Meter(3, 4), Meter(6, 8)
KICK, SNARE, HAT, CRASH = 36, 38, 42, 49
ROOTS = (36, 45, 41, 43)  # C, A, F, G


def drum(place: float, pitch: int, velocity: int = 95) -> NoteOn:
    return NoteOn(place * PULSE_S, pitch, velocity, channel=9)


def keys(place: float, pitches: tuple[int, ...], velocity: int = 80) -> list[NoteOn]:
    return [NoteOn(place * PULSE_S, pitch, velocity) for pitch in pitches]


def rock(bars: int, first: int = 0) -> list[NoteOn]:
    """Kick on one and three, snare on two and four, hats in eighths, a crash every four bars."""
    notes = []
    for pulse in range(first, first + 4 * bars):
        place = (pulse - first) % 4
        notes += [drum(pulse, SNARE if place % 2 else KICK), drum(pulse, HAT), drum(pulse + 0.5, HAT, 60)]
        if place == 2:
            notes.append(drum(pulse + 0.5, KICK, 80))
        if (pulse - first) % 16 == 0:
            notes.append(drum(pulse, CRASH))
    return sorted(notes, key=lambda note: note.time_s)


def ballad(bars: int, first: int = 0) -> list[NoteOn]:
    """A chord a bar, its root in the left hand on one, the fifth on three, broken above."""
    notes = []
    for pulse in range(first, first + 4 * bars):
        place, root = (pulse - first) % 4, ROOTS[(pulse - first) // 4 % 4]
        third = 3 if root == 45 else 4
        if place == 0:
            notes += keys(pulse, (root, root + 24 + third, root + 31), 92)
        elif place == 2:
            notes += keys(pulse, (root + 7,), 74)
        notes += keys(pulse + 0.5, (root + 24 + (0, third, 7, third)[place],), 64)
    return sorted(notes, key=lambda note: note.time_s)


def waltz(bars: int, first: int = 0) -> list[NoteOn]:
    """Bass on one, chords on two and three, another chord in every bar."""
    notes = []
    for pulse in range(first, first + 3 * bars):
        place, root = (pulse - first) % 3, ROOTS[(pulse - first) // 3 % 4]
        third = 3 if root == 45 else 4
        if place == 0:
            notes += keys(pulse, (root,), 95)
        else:
            notes += keys(pulse, (root + 24, root + 24 + third, root + 31), 68)
    return notes


def heard(vote: BarVote, notes: list[NoteOn] | list[Happening]) -> BarVote:
    """The vote after some notes at their pulses."""
    for note in notes:
        vote.strike(note, note.time_s / PULSE_S)
    vote.settle(notes[-1].time_s / PULSE_S + 1)
    return vote


@pytest.mark.parametrize("first", [0, 1, 2, 3])
@pytest.mark.parametrize("pattern", [rock, ballad])
def test_one_is_found_wherever_the_count_stands(pattern, first: int) -> None:
    vote = heard(BarVote(FOUR), pattern(6, first))
    assert vote.one == first
    assert vote.confidence > 0.6


def test_whoever_comes_in_on_three_is_understood_after_some_bars() -> None:
    notes = [note for note in ballad(8) if note.time_s >= 2 * PULSE_S]
    assert heard(BarVote(FOUR), notes).one == 0


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_waltz_is_told_from_four(first: int) -> None:
    vote = heard(BarVote(FOUR, [FOUR, THREE]), waltz(16, first))
    assert vote.likeliest == THREE
    assert vote.meter == FOUR, "which meter is counted is not the vote's to decide"
    in_three = vote.turned(THREE, lambda time_s: time_s / PULSE_S)
    assert (in_three.one, in_three.likeliest) == (first, THREE)
    assert in_three.meters == (THREE, FOUR)


@pytest.mark.parametrize("pattern", [rock, ballad])
def test_four_stays_four_where_three_is_allowed_too(pattern) -> None:
    assert heard(BarVote(FOUR, [FOUR, THREE]), pattern(12, 1)).likeliest == FOUR


def test_only_the_meter_of_the_patch_unless_more_are_allowed() -> None:
    assert heard(BarVote(FOUR), waltz(16)).likeliest == FOUR


def test_what_was_told_outlives_contrary_bars_but_not_for_ever() -> None:
    vote = BarVote(FOUR)
    vote.tell(2)
    assert vote.confidence > 0.9
    heard(vote, ballad(2))
    assert vote.one == 2
    vote.tell(0)
    heard(vote, ballad(8))
    assert (vote.one, vote.told) == (0, True)
    assert vote.confidence > 0.9


def test_after_a_rest_they_may_begin_anew() -> None:
    vote = BarVote(FOUR)
    vote.tell(0)
    heard(vote, rock(6))
    again = rock(6, 39)  # three pulses after the twenty-fourth there are bars of silence
    heard(vote, again)
    assert vote.one == 39 % 4


def test_another_pulse_hears_the_last_seconds_again() -> None:
    vote = heard(BarVote(FOUR), rock(8))  # the pulse is twice too fast
    vote.recount(lambda time_s: time_s / (2 * PULSE_S) + 3)
    assert vote.one % 2 == 1, "every second of the slower pulses is a downbeat"
    vote.recount(lambda time_s: time_s / PULSE_S)
    assert vote.one == 0


def test_microphones_tell_it_by_low_strokes_and_colours() -> None:
    """A kick on one, snares on two and four, and a new chord in every bar."""
    events: list[Happening] = []
    for pulse in range(1, 41):
        place, root = (pulse - 1) % 4, ROOTS[(pulse - 1) // 4 % 4] % 12
        accent = (0.9, -0.7, 0.3, -0.7)[place]
        events.append(Attack(pulse * PULSE_S, 0.9 if place == 0 else 0.6, accent))
        events.append(Attack((pulse + 0.5) * PULSE_S, 0.25))
        chroma = tuple(1 / 3 if (tone - root) % 12 in (0, 4, 7) else 0.0 for tone in range(12))
        events += [Hue((pulse + 0.1 * step) * PULSE_S, -20.0, chroma) for step in range(8)]
    vote = heard(BarVote(FOUR), sorted(events, key=lambda event: event.time_s))
    assert vote.one == 1
    assert vote.confidence > 0.6


def test_a_portrait_names_what_fell_on_the_pulse_and_after_it() -> None:
    portrait = Portrait()
    for event, after in ((drum(0, KICK), -0.1), (drum(0, SNARE), 0.5), (keys(0, (40,))[0], 0.0)):
        portrait.strike(event, after)
    portrait.begins()
    signs = portrait.close()
    there = {sign for sign in SIGNS if signs[PLACE[sign]] > 0}
    assert there == {"kick", "low", "struck", "struck after", "snare after", "bass", "thick", "first"}
    assert not portrait.close()[PLACE["kick"]]


def test_shares_say_where_a_sign_falls_however_often_it_fell() -> None:
    evidence = Evidence(4)
    kick = np.zeros(len(SIGNS))
    kick[PLACE["kick"]] = 1.0
    for pulse in range(40):
        evidence.add(pulse, kick if pulse % 4 == 1 else np.zeros(len(SIGNS)))
    shares = evidence.shares()[:, PLACE["kick"]]
    assert shares[1] > 2.5
    assert shares[[0, 2, 3]].tolist() == [0, 0, 0]


@pytest.mark.parametrize("pulses", [2, 3, 4, 5])
def test_bars_of_any_length_lie_on_the_four_places(pulses: int) -> None:
    laid = barsense.laying(pulses)
    assert laid.shape == (4, pulses)
    assert laid.sum(1) == pytest.approx([1, 1, 1, 1])
    assert laid[0, 0] == 1.0


def test_the_weights_that_ship_fit_the_signs_and_name_their_songs() -> None:
    plain = json.loads((barsense.data_folder("models") / "bar-sense.json").read_text(encoding="utf-8"))
    assert tuple(plain["signs"]) == SIGNS
    assert plain["songs"]
    for weights in barsense.shipped().values():
        assert len(weights.straight) == 4 * barsense.WIDTH


def test_training_learns_a_drummer_who_always_kicks_on_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    shares = rng.uniform(0, 1, (200, 4, barsense.WIDTH)).astype(np.float32)
    right = np.zeros((200, 4), bool)
    ones = rng.integers(0, 4, 200)
    right[np.arange(200), ones] = True
    shares[:, :, PLACE["kick"]] = 4.0 * right
    monkeypatch.setattr(bar_training, "STEPS", 200)
    plain = bar_training.train((shares, right), np.full(200, 1 / 200), SIGNS)
    weights = barsense.Weights.of(plain)
    found = [int(barsense.votes(one, weights).argmax()) for one in shares.astype(np.float64)]
    assert np.mean(np.array(found) == ones) > 0.95


def test_the_listener_names_the_meter_and_turns_to_it() -> None:
    """A waltz at 132 where four was expected: once the meter is set, one is where it sounds."""
    listener = Listener(FOUR, meters=(FOUR, THREE))
    beat_s = 0.4545
    events: list[Event] = []
    for note in waltz(40):
        begin_s = note.time_s / PULSE_S * beat_s
        events += [NoteOn(begin_s, note.pitch, note.velocity), NoteOff(begin_s + 0.3, note.pitch)]
    rows = listen(listener, in_order(events), 30.0)
    assert rows[-1].meter == THREE
    listener.set_meter(THREE)
    (*_, last) = listen(listener, [event for event in in_order(events) if event.time_s > 30.0], 40.0, 30.0)
    assert last.next_pulse_s is not None
    assert last.downbeat_in is not None
    one = round(last.next_pulse_s / beat_s) + last.downbeat_in
    assert one % 3 == 0


def test_nobody_who_was_not_told_is_sure_of_anything_at_first() -> None:
    (*_, row) = listen(Listener(FOUR), in_order(stroke(0.1, (60, 64, 67)) + stroke(0.6, (60, 64, 67))), 1.5)
    assert row.downbeat_confidence < 0.8
