"""A lone melody: the band finds chords in its key; whoever plays chords is never overruled."""

from __future__ import annotations

import numpy as np
import pytest

from bandmate.events import NoteOn
from bandmate.listening.harmoniser import INPUTS, Net, shipped
from bandmate.listening.listener import ALONE_S, Listener
from bandmate.timing import BeatMap, Meter
from tests.listening.score import FOUR_CHORDS, comping, in_order, listen, stroke

# Twinkle, twinkle, little star: degrees above the tonic, the seventh of each line twice as long
LINES = ((0, 0, 7, 7, 9, 9, 7), (5, 5, 4, 4, 2, 2, 0), (7, 7, 5, 5, 4, 4, 2), (7, 7, 5, 5, 4, 4, 2))
STAR = [(degree, 2 if place == 6 else 1) for line in LINES for place, degree in enumerate(line)]
BEATS = 32
CLOCK = BeatMap(120, 0.0, 0.0)


def melody(tonic, times=2, first_beat=0.0, legato=0.9):
    """The tune, so many times, note by note."""
    events, beat = [], first_beat
    for degree, beats in STAR * times:
        events += stroke(CLOCK.time_at(beat), [tonic + degree], CLOCK.seconds(beats * legato))
        beat += beats
    return in_order(events)


def counted(taps_s=(-2.0, -1.5, -1.0, -0.5)):
    listener = Listener(Meter())
    listener.count_in(taps_s, Meter(), 0.0)
    return listener


def heard(events, beats):
    return listen(counted(), events, CLOCK.time_at(beats))


@pytest.mark.parametrize("tonic", [60, 65, 70])
@pytest.mark.parametrize("legato", [0.9, 1.05])
def test_a_lone_melody_is_harmonised_in_its_key(tonic, legato):
    after = [
        each for each in heard(melody(tonic, legato=legato), 2 * BEATS) if each.time_s > CLOCK.time_at(16)
    ]
    assert all(each.guessed for each in after)
    scale = {(tonic + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)}
    inside = [set(each.chord.tones) <= scale for each in after]
    assert np.mean(inside) > 0.9
    home = [each.chord.root == tonic % 12 for each in after]
    assert 0.2 < np.mean(home) < 0.9  # neither lost nor a drone


def test_the_first_bar_waits_for_the_melody():
    assert not any(each.chord for each in heard(melody(60), 4))


def test_a_chord_that_is_played_wins_at_once():
    events = in_order([*melody(60), *stroke(CLOCK.time_at(34), (43, 59, 62), 1.0)])
    found = {round(each.time_s, 3): each for each in heard(events, 35)}
    before, after = found[CLOCK.time_at(34) - 0.01], found[CLOCK.time_at(34) + 0.05]
    assert before.guessed
    assert not after.guessed
    assert str(after.chord) == "G"


def test_a_solo_over_known_chords_is_no_lone_melody():
    """The left hand rests for a few bars: the chord stays, nobody guesses."""
    chords = comping(120, 8)
    solo = melody(60, 1, 32.0)
    guessed = [each.time_s for each in heard(in_order([*chords, *solo]), 64) if each.guessed]
    assert not [time_s for time_s in guessed if time_s < CLOCK.time_at(32) + ALONE_S - CLOCK.seconds(4)]
    assert guessed  # after so long it is one


def test_comping_is_never_guessed():
    found = heard(comping(120, 16), 64)
    roots = {each.chord.root for each in found if each.chord}
    assert not any(each.guessed for each in found if each.time_s > 1.0)
    assert roots == {min(chord) % 12 if len(chord) else 0 for chord in FOUR_CHORDS}


def test_without_a_pulse_nothing_is_guessed():
    notes = [NoteOn(0.1 + 3.7 * place**1.5, 60 + place % 3, 70) for place in range(8)]
    found = listen(Listener(Meter()), notes, 30.0)
    assert not any(each.guessed and each.pulse_bpm is None for each in found)


def test_any_state_and_input_gives_likelihoods():
    net, rng = shipped(), np.random.default_rng(1)
    state = np.zeros(net.width)
    for _ in range(200):
        likely, state = net.step(rng.random(INPUTS) * 3, state)
        assert likely.sum() == pytest.approx(1.0)
        assert np.abs(state).max() <= 1.0


def test_the_net_is_torchs():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    memory, out = torch.nn.GRU(INPUTS, 8, batch_first=True), torch.nn.Linear(8, 24)
    layers = [
        memory.weight_ih_l0,
        memory.bias_ih_l0,
        memory.weight_hh_l0,
        memory.bias_hh_l0,
        out.weight,
        out.bias,
    ]
    net, state = Net([layer.detach().numpy().astype(float) for layer in layers]), np.zeros(8)
    heard = torch.rand(1, 20, INPUTS)
    theirs = out(memory(heard)[0]).softmax(-1)[0].detach().numpy()
    for inputs, wanted in zip(heard[0].numpy(), theirs, strict=True):
        likely, state = net.step(inputs, state)
        assert likely == pytest.approx(wanted, abs=1e-5)
