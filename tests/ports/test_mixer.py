import numpy as np
import pytest

from bandmate.events import PARTS
from bandmate.patch import Patch
from bandmate.ports.limiter import CEILING, Limiter
from bandmate.ports.mixer import FADE_IN_S, Mixer, lay_out

RATE_HZ, BLOCK = 48000, 128
PLAIN = Patch(params={"master": 1.0}, reverb=0.0)


def silence(patch: Patch = PLAIN):
    return np.zeros((2, len(PARTS) + len(patch.zones), BLOCK), np.float32), np.zeros((2, BLOCK), np.float32)


def steady(mixer: Mixer, group: int, value: float, blocks: int) -> np.ndarray:
    """The main bus while one group gives a steady value."""
    dry, wet = silence(mixer.patch)
    dry[:, group] = value
    return np.concatenate([mixer.mix(dry, wet)["main"].copy() for _ in range(blocks)])


def test_the_click_is_never_in_main():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    mixer.click(5, True)
    mixer.level("click", 1.5)
    mains, clicks = [], []
    for _ in range(40):
        buses = mixer.mix(*silence())
        mains.append(buses["main"].copy())
        clicks.append(buses["click"].copy())
    assert not np.any(mains)
    click = np.concatenate(clicks)
    assert np.abs(click).max() > 0.3
    assert np.flatnonzero(click[:, 0])[0] in (5, 6)  # exactly where it is due: a sine begins with 0


def test_two_channels_without_split_have_no_click():
    buses = {"main": np.full((4, 2), 0.1, np.float32), "click": np.full((4, 2), 0.5, np.float32)}
    out = np.ones((4, 2), np.float32)
    lay_out(buses, out, split=False)
    assert np.allclose(out, 0.1)


def test_split_is_the_band_left_and_the_click_right():
    main = np.column_stack((np.full(4, 0.2), np.full(4, 0.4))).astype(np.float32)
    out = np.ones((4, 2), np.float32)
    lay_out({"main": main, "click": np.full((4, 2), 0.5, np.float32)}, out, split=True)
    assert np.allclose(out[:, 0], 0.3)
    assert np.allclose(out[:, 1], 0.5)


def test_four_channels_have_the_click_on_three_and_four():
    out = np.ones((4, 4), np.float32)
    lay_out({"main": np.zeros((4, 2)), "click": np.full((4, 2), 0.5, np.float32)}, out, split=False)
    assert out[0].tolist() == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_leaves_the_limiter_above_its_ceiling(seed):
    limiter, rng = Limiter(RATE_HZ), np.random.default_rng(seed)
    for _ in range(200):
        sound = (rng.standard_normal((2, BLOCK)) * rng.choice([0.1, 1.0, 8.0])).astype(np.float32)
        limiter.limit(sound)
        assert np.abs(sound).max() <= CEILING + 1e-6
    assert limiter.worked > 0


def test_the_limiter_leaves_what_is_soft_enough_alone():
    limiter = Limiter(RATE_HZ)
    sound = (np.random.default_rng(1).random((2, BLOCK)) - 0.5).astype(np.float32)
    given = sound.copy()
    limiter.limit(sound)
    assert np.array_equal(sound[:, 32:], given[:, :-32])
    assert limiter.worked == 0


def test_a_device_that_opens_fades_in():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    mixer.fade_in()
    sound = steady(mixer, 1, 0.5, round(2.5 * RATE_HZ / BLOCK))[:, 0]
    assert sound[:BLOCK].max() < 0.01
    assert sound[round(FADE_IN_S / 2 * RATE_HZ)] == pytest.approx(0.25, abs=0.01)
    assert sound[-1] == pytest.approx(0.5, abs=1e-3)
    assert np.diff(sound).min() >= -1e-6


def test_a_fader_glides():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    steady(mixer, 1, 0.5, 4)
    mixer.level("bass", 0.0, 0.1)
    sound = steady(mixer, 1, 0.5, 60)[:, 0]
    assert np.abs(np.diff(sound)).max() < 0.001
    assert sound[-1] == 0.0


def test_band_and_performer_have_faders_of_their_own():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    mixer.level("band", 0.0)
    steady(mixer, 0, 0.0, 10)
    assert steady(mixer, PARTS.index("bass"), 0.5, 2)[-1, 0] == 0.0
    assert steady(mixer, len(PARTS), 0.5, 2)[-1, 0] == pytest.approx(0.5, abs=1e-3)


def test_mono_gives_both_sides_the_same():
    mixer = Mixer(Patch(mono=True, reverb=0.0), RATE_HZ, BLOCK)
    sound = steady(mixer, PARTS.index("guitar"), 0.5, 2)
    assert np.array_equal(sound[:, 0], sound[:, 1])
