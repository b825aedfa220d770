"""Strokes: found where they were struck, as hard as they were, whatever the level, and never in silence."""

import numpy as np
import pytest

from bandmate.listening.audio.flux import LAG_S, Strokes

RATE_HZ = 44100
BEATS_S = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5)


def struck(hz, at_s, seconds=4.0, rate_hz=RATE_HZ, noise=0.0, level=0.4):
    """Strokes of a decaying sound: a tone at `hz`, or noise, beginning at each time."""
    sound = np.zeros(int(seconds * rate_hz), np.float32)
    rng = np.random.default_rng(3)
    for begin_s in at_s:
        begin = int(begin_s * rate_hz)
        t = np.arange(min(int(0.3 * rate_hz), len(sound) - begin)) / rate_hz
        body = np.sin(2 * np.pi * hz * t) * (1 - noise) + rng.normal(0, 0.3, len(t)) * noise
        sound[begin : begin + len(t)] += level * body * np.exp(-12 * t)
    return sound


def strokes(sound, rate_hz=RATE_HZ, audible=True):
    ears = Strokes(rate_hz)
    begins = range(0, len(sound) - ears.hop + 1, ears.hop)
    found = [ears.hear(sound[b : b + ears.hop], (b + ears.hop) / rate_hz, audible) for b in begins]
    return [attack for attack in found if attack is not None]


def strong(attacks):
    return [attack for attack in attacks if attack.strength > 0.6]


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
def test_a_stroke_is_stamped_when_it_began(rate_hz):
    found = strong(strokes(struck(220, BEATS_S, rate_hz=rate_hz, noise=0.5), rate_hz))
    off_s = [min(abs(attack.time_s - beat_s) for beat_s in BEATS_S) for attack in found]
    assert np.median(off_s) < 0.01
    assert all(any(abs(a.time_s - beat_s) < 0.015 for a in found) for beat_s in BEATS_S)


@pytest.mark.parametrize("level", [0.4, 0.012])
def test_strength_does_not_depend_on_the_level(level):
    loud = strokes(struck(220, BEATS_S, noise=0.5))
    found = strokes(struck(220, BEATS_S, noise=0.5, level=level))
    assert [a.strength for a in found] == pytest.approx([a.strength for a in loud], abs=0.02)


def test_between_strokes_nothing_is_struck():
    found = strokes(struck(220, BEATS_S, noise=0.5))
    away = [a for a in found if min(abs(a.time_s + LAG_S - beat_s) for beat_s in BEATS_S) > 0.06]
    assert max((a.strength for a in away), default=0.0) < 0.3


def test_a_soft_stroke_is_weaker_than_a_hard_one():
    sound = struck(220, (1.0, 2.0), noise=0.5) + struck(220, (1.5, 2.5), noise=0.5, level=0.02)
    found = strokes(sound)
    hardest = {t: max(a.strength for a in found if abs(a.time_s - t) < 0.03) for t in (1.5, 2.0, 2.5)}
    assert hardest[2.0] > 0.9
    assert hardest[1.5] < 0.8 * hardest[2.0] > hardest[2.5]


def test_a_kick_is_low_and_a_snare_is_not():
    kicks = strong(strokes(struck(60, BEATS_S)))
    wires = np.diff(struck(190, BEATS_S, noise=1.0), 2, append=[0, 0])  # hiss without a bottom
    snares = strong(strokes(wires.astype(np.float32)))
    assert kicks
    assert all(attack.accent > 0.3 for attack in kicks)
    assert snares
    assert np.mean([attack.accent for attack in snares]) < 0


def test_a_held_note_with_vibrato_is_one_stroke():
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    turn = 2 * np.pi * (440 * t + 4 * np.sin(2 * np.pi * 5.5 * t) / (2 * np.pi * 5.5))
    sound = np.where(t < 0.5, 0, 0.3 * sum(np.sin(k * turn) / k for k in range(1, 6))).astype(np.float32)
    found = strokes(sound)
    assert max(a.strength for a in found) == 1.0
    assert max((a.strength for a in found if a.time_s > 0.6), default=0.0) < 0.4


def test_below_the_gate_nothing_is_struck():
    assert strokes(struck(220, BEATS_S, noise=0.5), audible=False) == []


def test_silence_has_no_strokes():
    assert strokes(np.zeros(RATE_HZ, np.float32)) == []
