import contextlib
import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandmate.errors import BadFile
from bandmate.events import (
    PARTS,
    Click,
    Control,
    Dial,
    Level,
    NoteOff,
    NoteOn,
    Off,
    On,
    Panic,
    Recall,
    Replace,
    Revoke,
    Voice,
)  # fmt: skip
from bandmate.patch import DEFAULT_SOUNDS, Patch, Sound, Zone, as_table, data_folder
from bandmate.ports import sf2
from bandmate.ports.bounce import bounce
from bandmate.ports.fake import FakeSynth
from bandmate.ports.renderer import Renderer, taken
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


ORGAN = Patch(name="organ", zones=(Zone(program=16, level=1.0),))
HELD_FRAMES = 12800


def held_through(font: Path, *changes: object) -> tuple[np.ndarray, np.ndarray]:
    """A chord struck, changes a moment later, and the chord lifted: what sounds until then, and after."""
    with Renderer(Patch(), RATE_HZ, font) as renderer:
        for pitch in (60, 64, 67):
            renderer.at(0, NoteOn(0, pitch, 100))
        renderer.at(200, On(1, 0, "bass", 40, 90))
        play(renderer, 4864)
        for change in changes:
            renderer.at(renderer.frame, change)
        held = play(renderer, HELD_FRAMES)
        for pitch in (60, 64, 67):
            renderer.at(renderer.frame, NoteOff(0, pitch))
        renderer.at(renderer.frame, Off(1, 0))
        after = play(renderer, RATE_HZ * 3 // 128 * 128)
        assert renderer.synth.voices() == 0
        return held, after


def test_no_change_of_sound_touches_a_note_that_is_held(font):
    plain, after = held_through(font)
    assert np.abs(plain[-1280:]).max() > 0.01
    bass = DEFAULT_SOUNDS | {"bass": replace(DEFAULT_SOUNDS["bass"], program=38)}
    for changes in (
        [Voice("performer", 0, 16), Voice("bass", 0, 38)],
        [Recall(json.dumps(as_table(ORGAN)))],
        [Recall(json.dumps(as_table(replace(ORGAN, sounds=bass, zones=(Zone(program=16), Zone(low=90))))))],
    ):
        held, lifted = held_through(font, *changes)
        assert np.array_equal(held, plain)  # sample for sample
        assert np.array_equal(lifted, after)


def test_after_a_recall_the_next_note_has_the_new_sound(font):
    def struck(*changes: object) -> np.ndarray:
        with Renderer(Patch(reverb=0.0), RATE_HZ, font) as renderer:
            for change in changes:
                renderer.at(0, change)
            renderer.at(0, NoteOn(0, 60, 100))
            return play(renderer, 24064)

    recall = Recall(json.dumps(as_table(ORGAN)))
    piano, organ = struck(), struck(recall)
    assert rms_db(organ[-4800:]) > rms_db(piano[-4800:]) + 3  # an organ stands, a piano dies away
    assert np.array_equal(organ, struck(Voice("performer", 0, 16)))


def test_a_recall_lasts_no_longer_than_a_block(font):
    with Renderer(Patch(), RATE_HZ, font) as renderer:
        recall = taken(Recall(json.dumps(as_table(ORGAN))), "test")
        renderer.check(recall.patch)
        renderer.at(0, recall)
        renderer.at(0, NoteOn(0, 60, 100))
        sound = renderer.render(128)["main"].copy()
        assert np.abs(np.concatenate([sound, play(renderer, 1280)])).max() > 0.001


@pytest.fixture(scope="module")
def whistle(tmp_path_factory) -> Path:
    """A font of somebody's own: one sound at 0:5, a sine of 441 Hz under the key a'."""
    wave_ = 12000 * np.sin(2 * np.pi * 441 * np.arange(2 * 44100) / 44100)
    sample = sf2.Sample("tone", wave_.astype(np.int16), 44100, 44200, 44100, root_key=69)
    zone = sf2.Zone({sf2.SAMPLE: 0, sf2.LOOPING: 1})
    presets = [sf2.Preset("Tone", 0, 5, [sf2.Zone({sf2.INSTRUMENT: 0})])]
    path = tmp_path_factory.mktemp("fonts") / "whistle.sf2"
    sf2.write_font(path, sf2.Font({"INAM": "whistle"}, presets, [sf2.Instrument("Tone", [zone])], [sample]))
    return path


def test_a_part_and_a_zone_play_fonts_of_their_own(font, whistle):
    sounds = DEFAULT_SOUNDS | {"lead": Sound(font=str(whistle))}  # no program: its first sound
    patch = Patch(sounds=sounds, zones=(Zone(font=str(whistle), program=5),), reverb=0.0)
    for event in (On(1, 0, "lead", 69, 100), NoteOn(0, 69, 100)):
        with Renderer(patch, RATE_HZ, font) as renderer:
            renderer.at(0, event)
            sound = play(renderer, 48000)[24000:, 0]
            spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
            assert np.argmax(spectrum) * RATE_HZ / len(sound) == pytest.approx(441, abs=3)
            share = np.sort(spectrum**2)[-8:].sum() / np.sum(spectrum**2)
            assert share > 0.95  # a pure sine: not our own font


def test_fonts_are_loaded_before_the_show_or_not_at_all(font, whistle):
    song = Patch(name="song", zones=(Zone(font=str(whistle)),))
    with Renderer(Patch(), RATE_HZ, font) as late, pytest.raises(BadFile, match="not loaded before the show"):
        late.check(song)
    with contextlib.closing(Renderer(Patch(), RATE_HZ, font).open([song])) as renderer:
        renderer.check(song)
        with pytest.raises(BadFile, match=r"whistle\.sf2: no preset 5:6"):
            renderer.check(replace(song, zones=(Zone(font=str(whistle), program=6, bank=5),)))


def test_a_sound_that_no_font_has_is_told_before_bar_1(font, whistle):
    patch = Patch(name="mine", zones=(Zone(font=str(whistle), program=9),))
    with pytest.raises(BadFile, match=r"whistle\.sf2: no preset 0:9, which patch 'mine' wants"):
        Renderer(patch, RATE_HZ, font).open()


def test_drums_are_never_tuned_and_every_other_channel_is():
    patch = Patch(tuning_hz=442.0, zones=(Zone(), Zone(bank=128)))
    renderer, synth = silent_renderer(patch)
    renderer._give_sounds(patch)
    renderer.at(0, Dial("tuning-hz", 445.0))
    play(renderer, 128)
    tuned = {
        hz: {channel for what, channel, value in synth.turned if what == "tuning" and value == hz}
        for hz in (440.0, 442.0, 445.0)
    }
    assert tuned[440.0] == {0, len(PARTS) + 1}
    assert tuned[442.0] == tuned[445.0] == {*range(1, len(PARTS)), len(PARTS)}


def test_controllers_come_with_a_sound_and_go_with_it():
    bright = Patch(zones=(Zone(controls={"74": 100, "1": 40}),))
    renderer, synth = silent_renderer(bright)
    renderer._give_sounds(bright)
    renderer.at(0, Recall(json.dumps(as_table(Patch()))))
    play(renderer, 128)
    zone = [
        (what, value) for what, channel, value in synth.turned if channel == len(PARTS) and "control" in what
    ]
    assert zone[:2] == [("control 74", 100), ("control 1", 40)]
    assert {("control 74", 64), ("control 1", 0)} <= set(zone[2:])


def test_each_part_sends_to_the_reverb_as_its_sound_says():
    patch = Patch(sounds=DEFAULT_SOUNDS | {"keys": Sound(reverb=1.0)}, params={"part/keys/level": 0.5})
    renderer, synth = silent_renderer(patch)
    play(renderer, 128)
    sends = {channel: value for what, channel, value in synth.turned if what == "control 91"}
    assert sends[PARTS.index("keys")] == 64  # half of it, as its fader stands
    assert sends[PARTS.index("bass")] == 6


def test_the_sustain_pedal_works_with_no_band_at_all(font):
    with Renderer(Patch(zones=(Zone(program=4), Zone(program=4, pedal=False))), RATE_HZ, font) as renderer:
        renderer.at(0, NoteOn(0, 60, 100))
        renderer.at(100, Control(0, 64, 127))
        renderer.at(200, NoteOff(0, 60))
        play(renderer, 24064)
        assert renderer.synth.voices() > 0
        sound = play(renderer, 4864)
        assert rms_db(sound) > -60
        renderer.at(renderer.frame, Control(0, 64, 0))
        play(renderer, RATE_HZ * 3 // 128 * 128)
        assert renderer.synth.voices() == 0


def rms_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(max(1e-12, np.mean(sound**2))))


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


def test_in_a_bounce_our_own_sound_stands_in_for_an_instrument_outside(font, tmp_path):
    bass = [(0.0, On(1, 0.0, "bass", 40, 100)), (0.5, Off(1, 0.5))]
    for name, sounds in (("here", DEFAULT_SOUNDS), ("there", DEFAULT_SOUNDS | {"bass": Sound(port="Moog")})):
        patch = Patch(sounds=sounds, zones=(Zone(),), reverb=0.0)
        bounce(patch, font, bass, 1.0, tmp_path / f"{name}.wav")
    assert (tmp_path / "here.wav").read_bytes() == (tmp_path / "there.wav").read_bytes()


def test_a_bounce_of_an_evening_has_the_fonts_of_its_songs(font, whistle, tmp_path):
    song = Patch(zones=(Zone(font=str(whistle)),), reverb=0.0)
    timed = [(0.0, Recall(json.dumps(as_table(song)))), (0.1, NoteOn(0.1, 69, 100)), (0.9, NoteOff(0.9, 69))]
    bounce(Patch(reverb=0.0), font, timed, 1.0, tmp_path / "song.wav")
    with wave.open(str(tmp_path / "song.wav")) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")[::2][24000:40000]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * RATE_HZ / len(samples) == pytest.approx(441, abs=4)


def test_no_sound_leans_to_one_side(font):
    """The warm pad's recording does: two thirds of its power lay below 20 Hz."""
    with Renderer(Patch(reverb=0.0), RATE_HZ, font) as renderer:
        for pitch in (57, 60, 64):
            renderer.at(0, On(pitch, 0.0, "pad", pitch, 100))
        sound = play(renderer, 2 * RATE_HZ // 128 * 128)[:, 0]
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    assert power[hz < 10].sum() / power.sum() < 0.1
    assert abs(sound[RATE_HZ:].mean()) < 0.001


def test_tuning_moves_the_pitch(font):
    def pitch_hz(tuning_hz: float) -> float:
        with Renderer(Patch(tuning_hz=tuning_hz, reverb=0.0), RATE_HZ, font) as renderer:
            renderer.at(0, NoteOn(0, 69, 100))
            sound = play(renderer, 96000)[24000:89536, 0]
            spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
            low, high = (round(hz * (1 << 19) / RATE_HZ) for hz in (415, 466))
            return (low + int(np.argmax(spectrum[low:high]))) * RATE_HZ / (1 << 19)

    assert pitch_hz(445.0) / pitch_hz(440.0) == pytest.approx(445 / 440, abs=5e-4)


def test_a_part_gets_another_share_in_the_reverb_while_it_plays():
    renderer, synth = silent_renderer(Patch())
    play(renderer, 256)
    renderer.at(300, Dial("reverb/keys", 1.0))
    play(renderer, 512)
    sends = [value for what, channel, value in synth.turned if (what, channel) == ("control 91", 2)]
    assert (len(sends), sends[-1]) == (2, 127)
