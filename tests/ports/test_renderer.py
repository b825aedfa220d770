import wave
from pathlib import Path

import numpy as np
import pytest

from bandmate.events import PARTS, Click, Level, NoteOff, NoteOn, Off, On, Panic, Replace, Revoke, Voice
from bandmate.patch import Patch, data_folder
from bandmate.ports.fake import FakeSynth
from bandmate.ports.renderer import Renderer, bounce
from bandmate.ports.synth import library

RATE_HZ = 48000
FONTS = (data_folder("patches") / "bandmate-gm.sf2", Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))


@pytest.fixture(scope="module")
def font() -> Path:
    for path in FONTS:
        if path.is_file():
            library()
            return path
    pytest.skip("no soundfont here")


def silent_renderer(patch: Patch | None = None) -> tuple[Renderer, FakeSynth]:
    renderer = Renderer(patch or Patch(), RATE_HZ, Path("none"))
    renderer.synth = synth = FakeSynth(renderer.synth.channels)
    return renderer, synth


def play(renderer: Renderer, frames: int) -> np.ndarray:
    return np.concatenate([renderer.render(128)["main"].copy() for _ in range(frames // 128)])


def test_a_note_begins_within_32_frames_of_its_place():
    for frame in (1000, 1024, 1055, 1087):
        renderer, _ = silent_renderer()
        renderer.at(frame, On(1, 0, "bass", 40, 90))
        began = int(np.flatnonzero(play(renderer, 2048)[:, 0])[0])
        assert abs(began - frame) <= 32


def test_a_replaced_pitch_and_a_revoked_note():
    renderer, synth = silent_renderer()
    renderer.at(500, On(1, 0, "bass", 40, 90))
    renderer.at(500, On(2, 0, "keys", 60, 90))
    renderer.at(200, Replace(1, 43))
    renderer.at(200, Revoke(2))
    play(renderer, 1024)
    assert synth.played == [("on", 1, 43)]


def test_a_note_much_too_late_is_dropped_and_its_end_ignored():
    renderer, synth = silent_renderer()
    play(renderer, 4096)
    renderer.at(renderer.frame - 2000, On(1, 0, "bass", 40, 90))
    renderer.at(renderer.frame + 10, Off(1, 0))
    renderer.at(renderer.frame - 1000, On(2, 0, "bass", 41, 90))
    play(renderer, 512)
    assert synth.played == [("on", 1, 41)]
    assert renderer.dropped == 1


def test_panic_ends_band_and_performer():
    renderer, synth = silent_renderer()
    renderer.at(0, On(1, 0, "bass", 40, 90))
    renderer.at(0, NoteOn(0, 60, 90))
    play(renderer, 256)
    renderer.at(renderer.frame, Panic())
    play(renderer, 128)
    assert sorted(synth.played[2:]) == [("off", 1, 40), ("off", len(PARTS), 60)] or not synth.levels.any()


def test_a_voice_that_changes_leaves_held_notes_alone(font):
    with Renderer(Patch(), RATE_HZ, font) as renderer:
        renderer.at(0, NoteOn(0, 60, 100))
        play(renderer, 4800 // 128 * 128)
        renderer.at(renderer.frame, Voice("performer", 0, 33))
        held = play(renderer, 12800)
        assert np.abs(held[-1280:]).max() > 1e-3
        renderer.at(renderer.frame, NoteOff(0, 60))
        play(renderer, RATE_HZ * 3 // 128 * 128)
        assert renderer.synth.voices() == 0


def chorus() -> list[tuple[float, object]]:
    timed: list[tuple[float, object]] = [(0.0, Click(0.0, True)), (1.0, Level("keys", 0.5, 0.2))]
    for index in range(8):
        start_s = index * 0.25
        timed.append((start_s, On(2 * index, start_s, "drums", 36 if index % 2 else 38, 100)))
        timed.append((start_s, On(2 * index + 1, start_s, "keys", 60 + index, 90)))
        timed.append((start_s + 0.2, Off(2 * index + 1, start_s + 0.2)))
    return timed


def test_a_bounce_sounds_does_not_clip_and_is_the_same_twice(font, tmp_path):
    files = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for file in files:
        bounce(Patch(), font, chorus(), 2.5, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    with wave.open(str(files[0])) as sound:
        assert sound.getnframes() == 2.5 * RATE_HZ
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    assert 0.05 < np.abs(samples).max() < 0.9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.wav", "two.wav"]


def test_tuning_moves_the_pitch(font):
    def pitch_hz(tuning_hz: float) -> float:
        with Renderer(Patch(tuning_hz=tuning_hz, reverb=0.0), RATE_HZ, font) as renderer:
            renderer.at(0, NoteOn(0, 69, 100))
            sound = play(renderer, 96000)[24000:89536, 0]
            spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
            low, high = (round(hz * (1 << 19) / RATE_HZ) for hz in (415, 466))
            return (low + int(np.argmax(spectrum[low:high]))) * RATE_HZ / (1 << 19)

    assert pitch_hz(445.0) / pitch_hz(440.0) == pytest.approx(445 / 440, abs=5e-4)
