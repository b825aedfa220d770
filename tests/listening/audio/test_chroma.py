"""The colour of sound: pitch classes and the bass, out of a spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from bandmate.listening.audio.chroma import Colour

RATE_HZ = 44100


def sound(pitches, seconds=0.4, rate_hz=RATE_HZ):
    """Tones with four falling overtones, and a little noise."""
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    found = np.random.default_rng(1).normal(0, 1e-4, len(at_s))
    for pitch in pitches:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        for overtone in range(1, 6):
            found += 0.1 / overtone**1.5 * np.sin(2 * np.pi * hertz * overtone * at_s + pitch)
    return found.astype(np.float32)


def strongest(shares, count):
    return set(np.argsort(shares)[-count:])


def hue(pitches, block=441, rate_hz=RATE_HZ):
    colour = Colour(rate_hz)
    whole = sound(pitches, rate_hz=rate_hz)
    for begin in range(0, len(whole), block):
        colour.hear(whole[begin : begin + block])
    return colour.hue()


@pytest.mark.parametrize("rate_hz", [44100, 48000])
@pytest.mark.parametrize("pitches", [(36, 60, 64, 67), (45, 57, 60, 64), (43, 59, 62, 65)])
def test_a_chord_shows_its_tones_and_its_bass(pitches, rate_hz):
    chroma, bass = hue(pitches, rate_hz=rate_hz)
    tones = {pitch % 12 for pitch in pitches}
    assert strongest(chroma, 3) <= tones
    assert np.argmax(bass) == pitches[0] % 12


@pytest.mark.parametrize("pitch", range(31, 50))
def test_low_neighbours_are_told_apart(pitch):
    assert np.argmax(hue((pitch,))[1]) == pitch % 12


def test_the_cut_of_the_blocks_changes_nothing():
    assert hue((48, 64, 67), block=441) == hue((48, 64, 67), block=17640)


def test_silence_has_no_colour():
    assert Colour(RATE_HZ).hue() == ((), ())
