"""The pitch track: the right note from a few periods, in any octave, and nothing where nothing is sung."""

import math

import numpy as np
import pytest

from bandmate.listening.audio.pitch import PitchTracker

LOW_HZ, HIGH_HZ = 28.0, 2500.0


def stack(hz, seconds=0.3, rate_hz=44100, amps=(1.0, 0.5, 0.33, 0.25), loud=0.2):
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    waves = sum(amp * np.sin(2 * np.pi * hz * (n + 1) * at_s) for n, amp in enumerate(amps))
    return (loud * waves).astype(np.float32)


def noise(seconds, loud, rate_hz=44100):
    return (loud * np.random.default_rng(4).standard_normal(int(seconds * rate_hz))).astype(np.float32)


def track(sound, rate_hz=44100, low_hz=LOW_HZ, high_hz=HIGH_HZ):
    tracker = PitchTracker(rate_hz, low_hz, high_hz)
    hops = range(0, len(sound) - tracker.hop + 1, tracker.hop)
    return [stamp for start in hops for stamp in tracker.hear(sound[start : start + tracker.hop])]


def cents(hz, true_hz):
    return 1200 * math.log2(hz / true_hz)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("true_hz", [41.2, 82.4, 130.8, 220.0, 440.0, 1046.5, 1760.0])
def test_a_tone_is_named_within_ten_cents(true_hz, rate_hz):
    heard = [hz for _, hz, _ in track(stack(true_hz, rate_hz=rate_hz), rate_hz)][-10:]
    assert max(abs(cents(hz, true_hz)) if hz else 1200 for hz in heard) < 10


def test_a_flute_is_named_within_30_ms():
    sound = np.concatenate((np.zeros(4410, np.float32), stack(700.0)))
    first = next(index for index, (_, hz, _) in enumerate(track(sound)) if hz)
    assert (first + 1) * 256 / 44100 - 0.1 < 0.03


def test_a_stamp_lies_where_the_sound_was():
    glide_hz = np.linspace(300, 600, 44100)
    sound = (0.3 * np.sin(2 * np.pi * np.cumsum(glide_hz) / 44100)).astype(np.float32)
    late_s = [(hz - 300) / 300 - time_s for time_s, hz, _ in track(sound)[20:] if hz]
    assert abs(float(np.median(late_s))) < 0.005


def test_a_strong_second_harmonic_is_no_octave():
    heard = [hz for _, hz, _ in track(stack(220.0, amps=(0.3, 1.0, 0.1)))][-10:]
    assert max(abs(cents(hz, 220.0)) if hz else 1200 for hz in heard) < 40


def test_no_pitch_in_silence_noise_and_ringing_rooms():
    ringing = stack(440.0, 1.0) * (10 ** (-np.arange(44100) * 3 / 44100)).astype(np.float32)  # falls 60 dB
    assert not any(hz for _, hz, _ in track(np.zeros(44100, np.float32)))
    assert not any(hz for _, hz, _ in track(noise(2.0, 0.1)))
    assert not any(hz for _, hz, _ in track(ringing)[-40:])


def test_what_lies_outside_the_range_is_not_sung():
    assert not any(hz for _, hz, _ in track(stack(3000.0, amps=(1.0,)), low_hz=100, high_hz=1000)[10:])


@pytest.mark.parametrize("loud", [0.003, 20.0, 1e30])
def test_soft_loud_and_clipped_sounds_are_named(loud):
    sound = np.float32(0.3) + stack(330.0, loud=loud)  # on a constant, as bad cables send
    heard = [hz for _, hz, _ in track(sound)][-10:]
    assert max(abs(cents(hz, 330.0)) if hz else 1200 for hz in heard) < 50


def test_not_a_number_is_survived():
    sound = stack(440.0, 0.6)
    sound[3000:3100], sound[5000], sound[6000] = np.nan, np.inf, -np.inf
    heard = [hz for _, hz, _ in track(sound)][-10:]
    assert max(abs(cents(hz, 440.0)) if hz else 1200 for hz in heard) < 10
