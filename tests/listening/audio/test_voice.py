"""A voice as a keyboard: what is sung comes out as the notes that a musician would write down."""

import numpy as np
import pytest

from bandmate.events import NoteOn
from bandmate.listening.audio.voice import Voice

RATE_HZ = 44100


def sung(pitches, loud=None, rate_hz=RATE_HZ):
    """One value of pitch (0: rest) a frame becomes sound with six harmonics, over a little noise."""
    pitches = np.asarray(pitches, float)
    turns = np.cumsum(440 * 2 ** ((pitches - 69) / 12) / rate_hz)
    waves = sum(np.sin(2 * np.pi * n * turns) / n for n in range(1, 7))
    gain = np.convolve((pitches > 0) * (1.0 if loud is None else loud), np.ones(300) / 300, "same")
    hiss = np.random.default_rng(6).standard_normal(len(pitches))
    return (0.2 * waves * gain + 2e-4 * hiss).astype(np.float32)


def line(*notes, rate_hz=RATE_HZ):
    """Pitches (0: rest) and their seconds, one after the other, with a rest before and after."""
    parts = [np.full(int(seconds * rate_hz), float(pitch)) for pitch, seconds in ((0, 0.3), *notes, (0, 0.4))]
    return np.concatenate(parts)


def hear(sound, rate_hz=RATE_HZ, block=441, voice=None):
    voice = voice or Voice(rate_hz, 60.0, 1500.0, port="mic")
    told = []
    for start in range(0, len(sound), block):
        end_s = min(start + block, len(sound)) / rate_hz
        events = voice.hear(sound[start : start + block], end_s)
        assert all(end_s - 0.1 - block / rate_hz <= event.time_s <= end_s for event in events)
        told += events
    return told


def notes(events):
    """Pitch, beginning and end of every note; each must end, in order."""
    times = [event.time_s for event in events]
    assert times == sorted(times)
    found, sounding = [], None
    for event in events:
        if isinstance(event, NoteOn):
            assert sounding is None
            sounding = event
        else:
            assert sounding is not None
            assert event.pitch == sounding.pitch
            found.append((sounding.pitch, sounding.time_s, event.time_s))
            sounding = None
    assert sounding is None
    return found


@pytest.mark.parametrize("rate_hz", [44100, 48000])
@pytest.mark.parametrize("block", [64, 441, 1024])
def test_a_melody_comes_out_as_its_notes(rate_hz, block):
    melody = line((60, 0.3), (64, 0.3), (65, 0.3), (0, 0.2), (72, 0.4), rate_hz=rate_hz)
    found = notes(hear(sung(melody, rate_hz=rate_hz), rate_hz, block))
    assert [pitch for pitch, _, _ in found] == [60, 64, 65, 72]
    for (_, begin_s, _), true_s in zip(found, (0.3, 0.6, 0.9, 1.4), strict=True):
        assert begin_s == pytest.approx(true_s, abs=0.03)
    assert found[2][2] == pytest.approx(1.2, abs=0.08)
    assert found[3][2] == pytest.approx(1.8, abs=0.08)


def test_an_octave_leap_is_found_both_ways():
    found = notes(hear(sung(line((57, 0.4), (69, 0.4), (57, 0.4)))))
    assert [pitch for pitch, _, _ in found] == [57, 69, 57]


@pytest.mark.parametrize("depth", [0.3, 0.5])
def test_vibrato_is_one_note(depth):
    pitches = line((62, 2.0))
    at_s = np.arange(len(pitches)) / RATE_HZ
    pitches[pitches > 0] += depth * np.sin(2 * np.pi * 5.5 * at_s[pitches > 0])
    assert [pitch for pitch, _, _ in notes(hear(sung(pitches)))] == [62]


def test_a_scoop_is_part_of_its_note():
    scoop = 67 - 2 * np.exp(-np.arange(int(0.5 * RATE_HZ)) / (0.03 * RATE_HZ))
    found = notes(hear(sung(np.concatenate((line(), scoop, line())))))
    assert [pitch for pitch, _, _ in found] == [67]


def test_a_singer_out_of_tune_stays_on_one_note():
    assert [pitch for pitch, _, _ in notes(hear(sung(line((60.35, 1.0)))))] == [60]


def test_a_note_sung_again_is_two_notes():
    pitches = line((60, 0.8))
    loud = np.ones(len(pitches))
    loud[int(0.66 * RATE_HZ) : int(0.7 * RATE_HZ)] = 0.15  # a consonant, not a rest
    found = notes(hear(sung(pitches, loud)))
    assert [pitch for pitch, _, _ in found] == [60, 60]
    assert found[1][1] == pytest.approx(0.7, abs=0.04)


def test_no_note_in_silence_noise_and_hum():
    hiss = (0.05 * np.random.default_rng(8).standard_normal(2 * RATE_HZ)).astype(np.float32)
    hum = (0.05 * np.sin(2 * np.pi * 50 * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    assert hear(np.zeros(RATE_HZ, np.float32)) == []
    assert hear(hiss) == []
    assert hear(hum, voice=Voice(RATE_HZ, 80.0, 1000.0)) == []


def test_louder_notes_have_higher_velocities():
    pitches = line((60, 0.3), (0, 0.2), (62, 0.3), (0, 0.2), (64, 0.3))
    loud = np.where(pitches == 62, 0.3, 1.0)
    first, soft, last = (event for event in hear(sung(pitches, loud)) if isinstance(event, NoteOn))
    assert soft.velocity < first.velocity - 15
    assert abs(first.velocity - last.velocity) < 10
    assert 0.9 < first.confidence <= 1
    assert first.port == "mic"


def test_not_a_number_is_survived_and_nothing_hangs():
    sound = sung(line((60, 0.4), (0, 0.3), (64, 0.4)))
    sound[14000:14050], sound[20000] = np.nan, np.inf
    assert [pitch for pitch, _, _ in notes(hear(sound))][-1] == 64
