"""What trains the harmoniser tells its net what the band tells it, and its net is the band's."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bandmate.events import NoteOff, NoteOn
from bandmate.listening.harmoniser import EARLY, HALVES, INPUTS, KINDS, Harmoniser, Net
from bandmate.listening.pulseline import PulseLine
from bandmate.listening.sounding import Sounding
from bandmate.timing import step_index, step_time_s

torch = pytest.importorskip("torch")
PULSE_S, PULSES = 0.5, 16


@pytest.fixture
def training():
    from bandmate.bench import harmony_training

    return harmony_training


class Taught:
    """A net that only keeps what it is told."""

    width = 1

    def __init__(self):
        self.told = []

    def step(self, inputs, state):
        self.told.append(inputs.copy())
        return np.full(KINDS, 1 / KINDS), state


def keys(seed):
    """Some eight seconds of keys, none struck or let go in the very moment in which the net is asked."""
    chance, found = random.Random(seed), []
    for place in range(0, 760, 15):
        for pitch in chance.sample(range(36, 84), chance.randint(0, 3)):
            if all(other != pitch or off_s < place / 100 for _, off_s, other in found):
                length_s = chance.choice((0.1, 0.3, 0.5))
                found.append((place / 100 + 0.0075, place / 100 + 0.0075 + length_s, pitch))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_lesson_tells_what_the_band_is_told(training, seed):
    played, taught = keys(seed), Taught()
    events = [NoteOn(on_s, pitch, 80) for on_s, _, pitch in played]
    events += [NoteOff(off_s, pitch) for _, off_s, pitch in played]
    waiting = sorted(events, key=lambda event: event.time_s)
    harmoniser, sounding, line = Harmoniser(taught), Sounding(), PulseLine(0, 0.0, PULSE_S)
    for step in range(step_index(PULSES * PULSE_S)):
        now_s = step_time_s(step)
        sounding.hear([event for event in waiting if event.time_s <= now_s])
        waiting = [event for event in waiting if event.time_s > now_s]
        harmoniser.hear(now_s, sounding.tones.values(), line, 0.0, 4.0)
    halves = np.arange(0, PULSES, 0.5)
    places = np.tile(np.eye(HALVES, dtype=np.float16), (len(halves) // HALVES, 1))
    lesson = training.heard(
        played, training.Grid(halves * PULSE_S, (halves - EARLY) * PULSE_S, places)
    ).astype(float)
    told = np.array(taught.told[: len(halves) - 1])
    assert told[:, :12] == pytest.approx(lesson[1:, :12], abs=0.1)  # a step is a fiftieth of a half pulse
    assert (told[:, 12:] == lesson[1:, 12:]).all()
    assert told[:, :12].max() == 1.5


def test_the_band_reads_the_net_that_was_taught(training):
    torch.manual_seed(0)
    harmony = training.Harmony().eval()
    net = Net(layer.detach().numpy().astype(float) for layer in harmony.layers())
    heard, state, said = torch.rand(1, 5, INPUTS), np.zeros(net.width), []
    for inputs in heard[0].numpy().astype(float):
        likely, state = net.step(inputs, state)
        said.append(likely)
    with torch.no_grad():
        wanted = torch.softmax(harmony(heard)[0][0], -1)
    assert np.array(said) == pytest.approx(wanted.numpy(), abs=1e-5)
