"""The suitcase font: the file format both ways, how a recording is cut, and the font we ship."""

from __future__ import annotations

import ctypes.util
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bandmate.ports import font_loudness, font_trim, sf2
from bandmate.ports import make_soundfont as maker
from bandmate.ports.sf2 import Font, Instrument, Preset, Sample, SoundfontError, Zone

SHIPPED = Path(__file__).parents[2] / "patches" / "bandmate-gm.sf2"
RATE_HZ = 44100
ASKED = [0, 1, 4, 5, 7, 11, 16, 18, 19, 21, 22, 24, 25, 26, 27, 29, 32, 33, 34, 35, 38, 48, 49, 52]
ASKED += [56, 57, 61, 65, 66, 71, 73, 80, 81, 88, 89, 95]


def tone(hz: float = 441.0, seconds: float = 2.0, fall_db_s: float = 0.0) -> Sample:
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = 12000 * np.sin(2 * np.pi * hz * time_s) * 10 ** (-fall_db_s * time_s / 20)
    end = len(wave) - 44
    return Sample("tone", wave.astype(np.int16), end - 300, end, RATE_HZ, 69, -4)


def tiny_font() -> Font:
    shared = Zone({sf2.HOLD: -1200, sf2.SUSTAIN: 1000}, [bytes(range(10))])
    low = Zone({sf2.SAMPLE: 0, sf2.LOOPING: 1, sf2.PAN: -500})
    low.set_span(sf2.KEYS, 0, 60)
    high = Zone({sf2.SAMPLE: 0, sf2.ROOT_KEY: 72})
    high.set_span(sf2.KEYS, 61, 127)
    presets = [Preset("Tone", 0, 5, [Zone({sf2.INSTRUMENT: 0})]), Preset("Kit", 128, 0, [])]
    info = {"INAM": "tiny", "ICRD": "2008-02-24"}
    return Font(info, presets, [Instrument("Tone", [shared, low, high])], [tone()])


def looping(sample: Sample, seconds: float) -> np.ndarray:
    body = sample.frames[: sample.loop_end].astype(float)
    turn = body[sample.loop_start :]
    turns = -(-int(seconds * sample.rate_hz) // len(turn))
    return np.concatenate([body, np.tile(turn, turns)])


def loudest_hz(wave: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 20))
    return float(np.argmax(spectrum)) * rate_hz / (1 << 20)


def test_a_font_comes_back_as_it_was_written(tmp_path: Path) -> None:
    font = tiny_font()
    sf2.write_font(tmp_path / "a.sf2", font)
    back = sf2.read_font(tmp_path / "a.sf2")
    assert back.info == font.info
    assert back.instruments == font.instruments
    assert back.presets == font.presets
    assert np.array_equal(back.samples[0].frames, font.samples[0].frames)
    assert (back.samples[0].loop_start, back.samples[0].loop_end) == (
        font.samples[0].loop_start,
        font.samples[0].loop_end,
    )
    assert back.samples[0].correction_cents == -4
    assert back.instruments[0].zones[2].span(sf2.KEYS) == (61, 127)


def test_the_same_font_gives_the_same_bytes(tmp_path: Path) -> None:
    sf2.write_font(tmp_path / "a.sf2", tiny_font())
    sf2.write_font(tmp_path / "b.sf2", tiny_font())
    assert (tmp_path / "a.sf2").read_bytes() == (tmp_path / "b.sf2").read_bytes()


def test_a_file_that_is_no_soundfont_is_named(tmp_path: Path) -> None:
    (tmp_path / "song.sf2").write_bytes(b"MThd" + bytes(40))
    with pytest.raises(SoundfontError, match=r"song\.sf2: not a SoundFont 2 file"):
        sf2.read_font(tmp_path / "song.sf2")


def test_a_broken_soundfont_is_named(tmp_path: Path) -> None:
    sf2.write_font(tmp_path / "a.sf2", tiny_font())
    whole = (tmp_path / "a.sf2").read_bytes()
    (tmp_path / "half.sf2").write_bytes(whole[: len(whole) - 200])
    with pytest.raises(SoundfontError, match="cut short or broken"):
        sf2.read_font(tmp_path / "half.sf2")


def test_a_shortened_note_keeps_its_pitch_and_has_no_click() -> None:
    cut, loop = font_trim.trim_sample(tone(fall_db_s=10), font_trim.Recipe(0.8, 22050), True, None)
    assert loop is not None
    assert len(cut.frames) < 0.82 * 22050
    wave = looping(cut, 3.0)
    off_cents = 1200 * np.log2(loudest_hz(wave[cut.loop_start :], cut.rate_hz) / 441.0)
    assert abs(off_cents) < 5
    steps = np.abs(np.diff(wave))
    assert steps[cut.loop_start :].max() <= 1.02 * steps.max()
    assert steps[cut.loop_end - 3 :].max() <= 1.1 * steps[cut.loop_start : cut.loop_end - 3].max()


def test_a_loop_falls_on_whole_frames_after_resampling() -> None:
    cut, _ = font_trim.trim_sample(tone(), font_trim.Recipe(3.0, 22050), True, None)
    wave = looping(cut, 1.0)
    assert abs(1200 * np.log2(loudest_hz(wave[: cut.loop_end], cut.rate_hz) / 441.0)) < 1
    assert cut.loop_end - cut.loop_start == 150


def test_an_unlooped_tail_fades_to_silence() -> None:
    cut, _ = font_trim.trim_sample(tone(), font_trim.Recipe(0.5, 44100), False, None)
    assert len(cut.frames) == RATE_HZ // 2
    assert abs(int(cut.frames[-1])) < 20


def test_thinned_neighbours_cover_every_key() -> None:
    zones = []
    for low in range(0, 120, 12):
        zones.append(Zone({sf2.SAMPLE: low}))
        zones[-1].set_span(sf2.KEYS, low, low + 11)
    spans = [zone.span(sf2.KEYS) for zone in font_trim.thin_out(zones)]
    assert len(spans) == 5
    assert sorted(key for low, high in spans for key in range(low, high + 1)) == list(range(120))


def test_a_pair_becomes_one_zone_in_the_middle_or_twins() -> None:
    def pair() -> list[Zone]:
        return [Zone({sf2.SAMPLE: at, sf2.PAN: pan}) for at, pan in ((0, -500), (1, 500))]

    assert [z.generators for z in font_trim.fold_to_mono(pair(), False)] == [{sf2.SAMPLE: 0, sf2.PAN: 0}]
    twins = font_trim.fold_to_mono(pair(), True)
    assert [(z.generators[sf2.SAMPLE], z.generators[sf2.PAN]) for z in twins] == [(0, -500), (0, 500)]


def test_every_missing_program_has_a_kept_stand_in() -> None:
    assert {maker.stand_in(program) for program in range(128)} <= set(maker.KEPT)


def test_loudness_of_a_full_scale_sine_is_that_of_the_standard() -> None:
    time_s = np.arange(48000 * 3) / 48000
    sine = np.sin(2 * np.pi * 997 * time_s)
    left = np.stack([sine, np.zeros_like(sine)], axis=1)
    assert font_loudness.loudness_lufs(left, 48000) == pytest.approx(-3.01, abs=0.1)


@pytest.fixture(scope="module")
def shipped() -> Font:
    if not SHIPPED.exists():
        pytest.skip(f"{SHIPPED} is missing: run python -m bandmate.ports.make_soundfont")
    return sf2.read_font(SHIPPED)


def test_the_shipped_font_is_small_and_complete(shipped: Font) -> None:
    assert SHIPPED.stat().st_size <= 20_000_000
    own = {preset.program for preset in shipped.presets if preset.bank == 0 and preset.name[0] != "~"}
    assert own >= set(ASKED)
    assert {preset.program for preset in shipped.presets if preset.bank == 0} == set(range(128))
    kits = {preset.program for preset in shipped.presets if preset.bank == 128}
    assert kits >= {0, 8, 16, 24, 25, 32, 40, 48}


def test_every_loop_of_the_shipped_font_lies_in_its_sample(shipped: Font) -> None:
    for instrument in shipped.instruments:
        for zone in instrument.zones:
            sample = shipped.samples[zone.generators[sf2.SAMPLE]]
            assert 0 <= sample.loop_start < sample.loop_end <= len(sample.frames), sample.name


needs_fluidsynth = pytest.mark.skipif(
    ctypes.util.find_library("fluidsynth") is None or importlib.util.find_spec("fluidsynth") is None,
    reason="needs libfluidsynth and pyfluidsynth",
)


@needs_fluidsynth
def test_every_preset_of_the_shipped_font_sounds(shipped: Font) -> None:
    import fluidsynth

    synth = fluidsynth.Synth(gain=0.4, samplerate=44100.0)
    font_id = synth.sfload(str(SHIPPED))
    assert font_id >= 0
    for preset in shipped.presets:
        synth.system_reset()
        synth.program_select(0, font_id, preset.bank, preset.program)
        for key in (36, 38, 42) if preset.bank == 128 else (48, 60):
            synth.noteon(0, key, 100)
        heard = np.abs(synth.get_samples(22050).astype(int)).max()
        assert 300 < heard < 32767, f"{preset.bank}:{preset.program} {preset.name}"
    synth.delete()


@needs_fluidsynth
def test_every_kept_preset_of_the_shipped_font_is_as_loud(shipped: Font) -> None:
    kept = [(0, program) for program in ASKED] + [(128, kit) for kit in maker.KITS]
    phrases = {which: maker.phrase(*which) for which in kept}
    for (bank, program), lufs in font_loudness.measure(SHIPPED, phrases).items():
        assert lufs == pytest.approx(font_loudness.TARGET_LUFS, abs=1.0), (bank, program)
