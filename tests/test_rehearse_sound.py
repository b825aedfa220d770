"""A recording rehearses like any take: heard by an analysis of paper, played by the real band."""

import json
import sys
import types
import wave
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
import soundfile

from bandmate import patch as patches
from bandmate import rehearsal
from bandmate.__main__ import main
from bandmate.errors import BadFile
from bandmate.events import NoteOff, NoteOn, On
from bandmate.patch import Microphone
from bandmate.ports.bounce import bounce
from bandmate.rehearsal import hear_take
from bandmate.timing import period_s, step_index

RATE_HZ, GAP_S, FIRST_S, STROKES = 44100, 0.5, 3.0, 24
TAPS = "1.0,1.5,2.0,2.5"


class PaperAnalysis:
    """Hears a C major chord wherever it gets loud on its first microphone's channel."""

    made: list

    def __init__(self, rate_hz, microphones, start_s=0.0):
        self.rate_hz, self.microphones = rate_hz, microphones
        self.loud = False
        PaperAnalysis.made.append(self)

    def hear(self, block, end_s):
        mine = np.abs(block[:, self.microphones[0].channel - 1])
        was, self.loud = self.loud, bool(mine.max() > 0.1)
        port = self.microphones[0].port
        if self.loud and not was:
            time_s = end_s - (len(mine) - int((mine > 0.1).argmax())) / self.rate_hz
            return [NoteOn(time_s, pitch, 90, port) for pitch in (48, 60, 64, 67)]
        return [NoteOff(end_s, pitch, port) for pitch in (48, 60, 64, 67)] if was and not self.loud else []


@pytest.fixture(autouse=True)
def paper(monkeypatch):
    monkeypatch.setattr(rehearsal, "TAIL_S", 2.0)  # nobody here listens how the band plays on
    PaperAnalysis.made = []
    module = types.ModuleType("bandmate.listening.audio.analysis")
    module.Analysis = PaperAnalysis
    monkeypatch.setitem(sys.modules, module.__name__, module)


def recording(path, channel=1, channels=1, rate_hz=RATE_HZ):
    """Tones of 0.3 s on every beat from bar 1 on, in one channel of a file."""
    sound = np.zeros((round((FIRST_S + STROKES * GAP_S) * rate_hz), channels), np.float32)
    for number in range(STROKES):
        first = round((FIRST_S + number * GAP_S) * rate_hz)
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(0.3 * rate_hz)) / rate_hz)
        sound[first : first + len(tone), channel - 1] = tone
    soundfile.write(path, sound, rate_hz)
    return path


def rehearse(path, out, *words):
    status = main(["rehearse", str(path), "--out", str(out), "--patch", "bench", "--tap-in", TAPS, *words])
    assert status == 0
    return json.loads((out / "summary.json").read_text())


def test_the_band_plays_with_a_recording_and_the_same_twice(tmp_path, capsys):
    path = recording(tmp_path / "take.wav")
    first, again = (rehearse(path, tmp_path / name) for name in ("one", "two"))
    wall = {"wall_s": 0.0}
    assert first | wall == again | wall
    assert (tmp_path / "one" / "band.mid").read_bytes() == (tmp_path / "two" / "band.mid").read_bytes()
    beats = {beat["beat"]: beat["time_s"] for beat in first["beats"]}
    assert [beats[beat] for beat in (0, 4, 8, 16)] == pytest.approx([3.0, 5.0, 7.0, 11.0], abs=0.03)
    assert {chord["symbol"] for chord in first["chords"]} == {"C"}
    assert first["take"] == "take"


@pytest.mark.parametrize(("suffix", "rate_hz"), [(".flac", 48000), (".wav", 96000)])
def test_other_files_and_rates_are_heard_too(tmp_path, capsys, suffix, rate_hz):
    heard = rehearse(recording(tmp_path / f"take{suffix}", rate_hz=rate_hz), tmp_path / "out")
    assert heard["notes"]["drums"] > 20
    assert PaperAnalysis.made[0].rate_hz == 48000


def test_what_a_block_says_is_known_when_it_ends(tmp_path):
    take, _, _ = hear_take(
        recording(tmp_path / "take.wav"), patches.with_microphone(patches.load("bench"), None)
    )
    assert take.events
    for step, event in take.events:
        assert 0 <= step - step_index(event.time_s) <= 2
    assert take.length_s == pytest.approx(FIRST_S + STROKES * GAP_S)


def test_one_microphone_hears_all_channels_and_two_hear_their_own(tmp_path):
    path = recording(tmp_path / "take.wav", channel=2, channels=2)
    bench = patches.load("bench")
    assert hear_take(path, replace(bench, microphones=(Microphone(),)))[0].events
    two = (Microphone(), Microphone(channel=2, hears="melody"))
    assert not hear_take(path, replace(bench, microphones=two))[0].events
    _, patch, _ = hear_take(path, replace(bench, microphones=two[::-1]))
    assert [one.bleed for one in patch.microphones] == [0.0, 0.0]  # the band isn't on the recording


def test_a_microphone_without_a_channel_of_the_file_is_one_sentence(tmp_path):
    two = (Microphone(), Microphone(channel=2))
    with pytest.raises(
        BadFile, match=r"take\.wav has 1 channels, but a microphone of the patch is on channel 2"
    ):
        hear_take(recording(tmp_path / "take.wav"), replace(patches.load("bench"), microphones=two))


def test_the_microphone_is_chosen_on_the_command_line(tmp_path, capsys):
    rehearse(recording(tmp_path / "take.wav"), tmp_path / "out", "--microphone", "melody")
    assert [one.hears for one in PaperAnalysis.made[0].microphones] == ["melody"]


def test_a_microphone_is_for_recordings(tmp_path, capsys):
    words = ["rehearse", "song.mid", "--out", str(tmp_path), "--microphone", "drums"]
    assert main(words) == 2
    assert (
        capsys.readouterr().err
        == "bandmate: --microphone is for recordings (.wav, .flac), not for song.mid\n"
    )


def test_drums_in_a_file_move_the_band_through_the_real_ears(tmp_path, capsys, monkeypatch):
    """From 120 to 126 within eight bars, and nobody taps after the count."""
    monkeypatch.delitem(sys.modules, "bandmate.listening.audio.analysis")
    bpms = [120.0] * 16 + list(np.linspace(120, 126, 32)) + [126.0] * 16
    beats_s = list(accumulate((period_s(bpm) for bpm in bpms), initial=FIRST_S))
    bench, strokes = patches.load("bench"), []
    for number, beat_s in enumerate(beats_s):
        for pitch in (42, 38 if number % 2 else 36):
            strokes.append((beat_s, On(len(strokes), beat_s, "drums", pitch, 100)))
    bounce(bench, patches.font_path(bench), strokes, beats_s[-1] + 1.0, tmp_path / "drums.wav", RATE_HZ)
    words = ("--microphone", "drums", "--follow", "1")
    heard = rehearse(tmp_path / "drums.wav", tmp_path / "out", *words)
    band_s = {beat["beat"]: beat["time_s"] for beat in heard["beats"]}
    off_s = [abs(band_s[number] - beats_s[number]) for number in range(8, len(beats_s) - 1)]
    assert np.median(off_s) < 0.02
    assert max(off_s) < 0.06


def test_the_performer_is_in_the_mix(tmp_path, capsys):
    """Before the band comes in, the bounce is the recording, in the middle; and nothing is over the top."""
    path = recording(tmp_path / "take.wav")
    rehearse(path, tmp_path / "out", "--wav")
    with wave.open(str(tmp_path / "out" / "band.wav")) as sound:
        assert sound.getframerate() == RATE_HZ
        mix = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2) / 32767
    alone, _ = soundfile.read(path)
    tone = slice(round((FIRST_S + 0.05) * RATE_HZ), round((FIRST_S + 0.25) * RATE_HZ))
    likeness = np.corrcoef(mix[tone].mean(axis=1)[32:], alone[tone][:-32])[0, 1]
    assert likeness > 0.7
    assert np.abs(mix).max() < 0.9
