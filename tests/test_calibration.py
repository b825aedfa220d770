"""How late sound comes back, found in paper rooms: with noise, echoes, and nothing at all."""

import numpy as np
import pytest

from bandmate import calibration
from bandmate.calibration import (
    EARLY_S,
    GAPS_S,
    TAPS_IGNORED,
    Recording,
    found_at,
    hidden_s,
    spread_s,
    tapped_s,
)
from bandmate.errors import NoDevice, RigError
from bandmate.patch import Patch
from bandmate.places import places

RATE_HZ = 48000
STROKES_S = [10.0 + sum(GAPS_S[:index]) for index in range(5)]


@pytest.fixture
def stroke():
    place = np.arange(RATE_HZ // 20) / RATE_HZ
    return (np.sin(2 * np.pi * 1700 * place) * np.exp(-60 * place)).astype(np.float32)


def room(stroke, late_s, level=0.5, noise=0.0, echo=0.0, blocks=256, drift_s=0.0):
    """A recording that begins at 9.5 s, in which each stroke comes so late."""
    sound = noise * np.random.default_rng(1).standard_normal(5 * RATE_HZ).astype(np.float32)
    for index, stroke_s in enumerate(STROKES_S):
        for level_, more_s in ((level, 0.0), (level * echo, 0.03)):
            first = round((stroke_s + late_s + index * drift_s + more_s - 9.5) * RATE_HZ)
            sound[first : first + len(stroke)] += level_ * stroke
    recording = Recording(RATE_HZ)
    for first in range(0, len(sound), blocks):
        recording.blocks.append(sound[first : first + blocks])
        recording.ends_s.append(9.5 + (first + len(recording.blocks[-1])) / RATE_HZ)
    return recording


@pytest.mark.parametrize("late_s", [-0.02, 0.0, 0.0123, 0.2])
def test_every_stroke_is_found_to_the_frame(stroke, late_s):
    found = hidden_s(room(stroke, late_s), stroke, STROKES_S)
    assert found == pytest.approx([late_s] * 5, abs=1.5 / RATE_HZ)


def test_a_noisy_room_with_an_echo_still_tells(stroke):
    found = hidden_s(room(stroke, 0.031, noise=0.02, echo=0.6), stroke, STROKES_S)
    assert found == pytest.approx([0.031] * 5, abs=0.0005)


def test_a_loudspeaker_the_other_way_round_tells_as_well(stroke):
    assert hidden_s(room(stroke, 0.02, level=-0.5), stroke, STROKES_S) == pytest.approx([0.02] * 5, abs=1e-4)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_where_nothing_comes_back_nothing_is_found(stroke, noise):
    assert hidden_s(room(stroke, 0.02, level=0.0, noise=noise), stroke, STROKES_S) == []


def test_strokes_that_come_too_late_belong_to_nobody(stroke):
    assert found_at(np.zeros(10, np.float32), stroke) is None
    assert Recording(RATE_HZ).window(1.0, 2.0)[0].size == 0


def test_a_window_begins_where_it_is_asked_to(stroke):
    sound, begin_s = room(stroke, 0.0).window(STROKES_S[2] - EARLY_S, STROKES_S[2] + 0.1)
    assert begin_s == pytest.approx(STROKES_S[2] - EARLY_S, abs=1 / RATE_HZ)
    assert np.abs(sound).argmax() / RATE_HZ == pytest.approx(EARLY_S, abs=0.001)


def test_a_clock_that_drifts_shows_in_the_spread(stroke):
    even, drifting = (hidden_s(room(stroke, 0.0, drift_s=drift), stroke, STROKES_S) for drift in (0.0, 0.01))
    assert spread_s(even) < 0.0001
    assert spread_s(drifting) > calibration.SPREAD_S


def test_taps_are_read_against_the_stroke_they_were_meant_for():
    strokes_s = [0.6 * index for index in range(12)]
    taps_s = [stroke_s + 0.04 for stroke_s in strokes_s]
    taps_s[7] += 0.2  # nearer to its own stroke than to the next
    found = tapped_s([*taps_s, 99.0], strokes_s)
    assert len(found) == 12 - TAPS_IGNORED
    assert sorted(found)[0] == pytest.approx(0.04)
    assert sorted(found)[-1] == pytest.approx(0.24)
    assert tapped_s([], strokes_s) == []


def test_a_band_that_plays_is_not_measured(monkeypatch):
    monkeypatch.setattr(calibration, "is_running", lambda where: True)
    for measure in (calibration.by_loop, calibration.by_taps):
        with pytest.raises(RigError, match="`bandmate stop` first"):
            measure(Patch(), None)


class PaperSpeaker:
    """A stage on which somebody taps along."""

    device = "paper"

    def __init__(self, taps_s):
        self.taps_s = taps_s

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize(
    ("jitter_s", "taps", "says"),
    [(0.2, 20, "ms apart, too far to tell"), (0.0, 9, "only 5 taps came with the strokes")],
)
def test_taps_that_tell_nothing_are_refused_in_one_sentence(monkeypatch, jitter_s, taps, says):
    strokes_s = [0.6 * index for index in range(20)]
    tapped = [stroke_s + jitter_s * (index % 3 - 1) for index, stroke_s in enumerate(strokes_s)][:taps]
    monkeypatch.setattr(calibration, "is_running", lambda where: False)
    monkeypatch.setattr(calibration, "speaker", lambda patch, device: PaperSpeaker(tapped))
    monkeypatch.setattr(calibration, "_plan", lambda gaps, count: strokes_s)
    monkeypatch.setattr(calibration.time, "perf_counter", lambda: 1e9)
    with pytest.raises(NoDevice) as caught:
        calibration.by_taps(Patch(), None)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_steady_taps_are_remembered_for_their_loudspeakers(monkeypatch, tmp_path):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    strokes_s = [0.6 * index for index in range(20)]
    tapped = [stroke_s + 0.04 + 0.01 * (index % 3 - 1) for index, stroke_s in enumerate(strokes_s)]
    monkeypatch.setattr(calibration, "speaker", lambda patch, device: PaperSpeaker(tapped))
    monkeypatch.setattr(calibration, "_plan", lambda gaps, count: strokes_s)
    monkeypatch.setattr(calibration.time, "perf_counter", lambda: 1e9)
    assert "you tap +40 ms from paper (16 taps" in calibration.by_taps(Patch(), None)
    assert places().latencies() == {"paper > taps": pytest.approx(0.04)}
