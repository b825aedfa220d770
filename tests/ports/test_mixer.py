import numpy as np
import pytest

from bandmate.events import PARTS
from bandmate.patch import DEFAULT_SOUNDS, Patch, Sound
from bandmate.ports.limiter import CEILING, Limiter
from bandmate.ports.mixer import FADE_IN_S, GROUPS, Mixer, most_channels
from bandmate.ports.outputs import lay_out, names, try_out
from bandmate.ports.rumble import Rumble

RATE_HZ, BLOCK = 48000, 128
PLAIN = Patch(params={"master": 1.0}, reverb=0.0)


def silence(patch: Patch = PLAIN):
    return np.zeros((2, GROUPS, BLOCK), np.float32), np.zeros((2, BLOCK), np.float32)


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
    lay_out(buses, out, "stereo")
    assert np.allclose(out, 0.1)


def test_split_is_the_band_left_and_the_click_right():
    main = np.column_stack((np.full(4, 0.2), np.full(4, 0.4))).astype(np.float32)
    out = np.ones((4, 2), np.float32)
    lay_out({"main": main, "click": np.full((4, 2), 0.5, np.float32)}, out, "left-mono-right-click")
    assert np.allclose(out[:, 0], 0.3)
    assert np.allclose(out[:, 1], 0.5)


def test_four_channels_have_the_click_on_three_and_four():
    out = np.ones((4, 4), np.float32)
    lay_out({"main": np.zeros((4, 2)), "click": np.full((4, 2), 0.5, np.float32)}, out, "stereo")
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


def test_the_mono_switch_is_turned_while_it_plays():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    group = PARTS.index("guitar")
    apart = steady(mixer, group, 0.5, 2)[-1]
    mixer.mono = True
    together = steady(mixer, group, 0.5, 2)[-1]
    assert apart[0] > apart[1] + 0.1
    assert together[0] == together[1] == pytest.approx(apart.mean(), abs=1e-3)


def test_the_reverb_has_a_knob_and_glides():
    mixer, (dry, wet) = Mixer(Patch(reverb=0.5, params={"master": 1.0}), RATE_HZ, BLOCK), silence()
    wet[:] = 0.4
    mixer.mix(dry, wet)
    assert mixer.mix(dry, wet)["main"][-1, 0] == pytest.approx(0.2, abs=1e-3)
    mixer.reverb(0.0)
    sound = np.concatenate([mixer.mix(dry, wet)["main"][:, 0].copy() for _ in range(10)])
    assert sound[-1] == 0.0
    assert np.abs(np.diff(sound)).max() < 0.002


def test_another_songs_levels_come_within_a_block_and_without_a_jump():
    mixer = Mixer(PLAIN, RATE_HZ, BLOCK)
    group = PARTS.index("bass")
    steady(mixer, group, 0.5, 2)
    mixer.take(Patch(sounds=DEFAULT_SOUNDS | {"bass": Sound(level=0.5)}))
    sound = steady(mixer, group, 0.5, 4)[:, 0]
    assert sound[-1] == pytest.approx(0.25, abs=1e-3)
    assert np.abs(np.diff(sound)).max() < 0.01


def test_every_part_has_a_bus_of_its_own_and_the_performer_too():
    patch = Patch(outputs="parts", params={"master": 1.0}, reverb=0.0)
    mixer, (dry, wet) = Mixer(patch, RATE_HZ, BLOCK), silence()
    dry[:, PARTS.index("bass")] = 0.25
    dry[:, len(PARTS)] = 0.125
    mixer.click(0, accent=True)
    out = np.zeros((BLOCK, most_channels(patch)), np.float32)
    lay_out(mixer.mix(dry, wet), out, patch.outputs)
    there = dict(zip(names(patch.outputs, out.shape[1]), np.abs(out).max(axis=0), strict=True))
    assert there["bass left"] == there["bass right"] == 0.25
    assert there["performer left"] == 0.125
    assert there["drums left"] == there["lead right"] == 0.0
    assert there["main left"] == pytest.approx(0.375)
    assert there["click left"] > 0.3


@pytest.mark.parametrize(
    ("outputs", "channels", "wanted"),
    [
        ("stereo", 1, ["the band"]),
        ("stereo", 2, ["main left", "main right"]),
        ("stereo", 4, ["main left", "main right", "click left", "click right"]),
        ("left-mono-right-click", 2, ["the band (mono)", "click"]),
        ("parts", 6, ["main left", "main right", "click left", "click right", "drums left", "drums right"]),
    ],
)
def test_outputs_have_names(outputs, channels, wanted):
    assert names(outputs, channels) == wanted


def test_a_stroke_of_the_soundcheck_is_heard_on_its_output_alone():
    mixer, out = Mixer(PLAIN, RATE_HZ, BLOCK), np.zeros((BLOCK, 4), np.float32)
    mixer.ping(10, 2)
    mixer.ping(0, 99)  # there is no such output
    try_out(mixer.pings, out)
    assert np.abs(out).max(axis=0).tolist() == [0.0, pytest.approx(0.6, abs=0.15), 0.0, 0.0]
    assert not out[:10].any()


def test_rumble_goes_and_the_low_e_of_a_bass_stays():
    time_s = np.arange(RATE_HZ * 2) / RATE_HZ
    low_e = np.sin(2 * np.pi * 41.2 * time_s)
    sound = np.stack([np.full(len(time_s), 0.5), low_e, low_e + 0.5]).astype(np.float32)
    rumble = Rumble(RATE_HZ, (3,))
    for first in range(0, len(time_s), BLOCK):
        rumble.remove(sound[:, first : first + BLOCK])
    end = sound[:, -RATE_HZ // 2 :]
    assert np.abs(end[0]).max() < 1e-3
    assert 20 * np.log10(np.abs(end[1]).max()) == pytest.approx(0.0, abs=0.3)
    assert np.abs(end[2] - end[1]).max() < 1e-3


def test_rumble_is_the_same_in_blocks_of_any_length():
    given = np.random.default_rng(3).standard_normal((2, 4096)).astype(np.float32)
    heard = []
    for block in (64, 128, 1024, 4096):
        sound, rumble = given.copy(), Rumble(RATE_HZ, (2,))
        for first in range(0, 4096, block):
            rumble.remove(sound[:, first : first + block])
        heard.append(sound)
    assert all(np.allclose(one, heard[0], atol=1e-5) for one in heard)
