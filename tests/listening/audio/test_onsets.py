"""Onsets: strokes and notes are found where they were played, whatever the level; vibrato is none."""

import numpy as np
import pytest

from bandmate.listening.audio.onsets import OnsetDetector

STROKES_S = (0.5, 0.85, 1.2, 1.6, 1.9, 2.2)


def plucked(rate_hz=44100, seconds=2.6, pitches=(60, 64, 67, 64, 60, 67)):
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    sound = 1e-4 * np.random.default_rng(1).standard_normal(len(at_s))
    for begin_s, pitch in zip(STROKES_S, pitches, strict=True):
        since_s = np.maximum(at_s - begin_s, 0)
        hz = 440 * 2 ** ((pitch - 69) / 12)
        waves = sum(np.sin(2 * np.pi * n * hz * since_s) / n for n in range(1, 9))
        sound += 0.15 * waves * np.exp(-8 * since_s) * (at_s >= begin_s)
    return sound.astype(np.float32)


def drummed(rate_hz=44100, seconds=2.6):
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    hiss = np.random.default_rng(2).standard_normal(len(at_s))
    hits = sum(np.exp(-30 * np.maximum(at_s - begin_s, 0)) * (at_s >= begin_s) for begin_s in STROKES_S)
    return (0.2 * hiss * hits + 1e-4 * hiss).astype(np.float32)


def onsets(sound, one_voice=False, rate_hz=44100):
    detector = OnsetDetector(rate_hz, one_voice)
    hops = range(0, len(sound) - detector.hop + 1, detector.hop)
    return [time_s for start in hops for time_s in detector.hear(sound[start : start + detector.hop])]


def assert_strokes(found):
    assert len(found) == len(STROKES_S)
    assert max(abs(a - b) for a, b in zip(sorted(found), STROKES_S, strict=True)) < 0.02


@pytest.mark.parametrize("rate_hz", [44100, 48000])
@pytest.mark.parametrize("one_voice", [False, True])
def test_plucked_notes_are_found_where_they_were_played(one_voice, rate_hz):
    assert_strokes(onsets(plucked(rate_hz), one_voice, rate_hz))


@pytest.mark.parametrize("level", [1.0, 0.1, 0.01])
def test_strokes_are_found_at_any_gain(level):
    assert_strokes(onsets(drummed() * np.float32(level)))


def test_vibrato_is_no_onset():
    at_s = np.arange(3 * 44100) / 44100
    semitones = 0.3 * np.sin(2 * np.pi * 5.5 * at_s)
    turns = np.cumsum(440 * 2 ** (semitones / 12)) / 44100
    breath = 3e-4 * np.random.default_rng(5).standard_normal(len(at_s))
    sound = sum(0.1 / n * np.sin(2 * np.pi * n * turns) for n in range(1, 7)) + breath
    assert onsets(sound.astype(np.float32), one_voice=True) == []


def test_silence_and_steady_noise_have_no_onsets():
    hiss = (0.01 * np.random.default_rng(3).standard_normal(5 * 44100)).astype(np.float32)
    assert onsets(np.zeros(44100, np.float32)) == []
    assert [time_s for time_s in onsets(hiss) if time_s > 0.5] == []


def test_not_a_number_is_survived():
    sound = plucked()
    sound[4000:4100], sound[5000] = np.nan, np.inf
    found = [time_s for time_s in onsets(sound) if time_s > 0.4]
    assert_strokes(found)
