"""`bandmate listen`: a performance in a file, through the band's own ears, in virtual time."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from bandmate import wire
from bandmate.__main__ import main
from bandmate.console import hearing
from bandmate.errors import BadFile
from bandmate.events import Command, NoteOn, Status
from bandmate.listen import analyse
from bandmate.patch import Patch
from bandmate.places import places
from bandmate.show.audiofile import read_audio
from bandmate.show.composition import read
from bandmate.show.demo import load_demo, performance, tempo_path, time_at
from bandmate.show.take import Header, event_line, header_line
from bandmate.timing import Meter, ticks

LEAD_S = 1.0  # silence before the first downbeat of a demo


def write_demo(path: Path, name: str) -> list[float]:
    """A demo as a MIDI file at 120 bpm, from its downbeat at 1 s; returns when its pulses fall."""
    track, last = mido.MidiTrack(), 0
    for event in performance(load_demo(name)):
        tick = ticks((event.time_s + LEAD_S) * 2)
        gap, last = tick - last, tick
        if hasattr(event, "pitch"):
            velocity = event.velocity if isinstance(event, NoteOn) else 0
            track.append(mido.Message("note_on", note=event.pitch, velocity=velocity, time=gap))
        else:
            track.append(mido.Message("control_change", control=event.number, value=event.value, time=gap))
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(track)
    song.save(path)
    written = read(name)
    way, step = tempo_path(written), written.meter.pulse_beats
    return [LEAD_S + time_at(way, pulse * step) for pulse in range(round(written.beats / step))]


@pytest.fixture
def pop(tmp_path):
    """The pop demo as a file, its pulses, and four taps on the first of them."""
    pulses = write_demo(tmp_path / "pop.mid", "pop")
    return tmp_path / "pop.mid", pulses, ",".join(f"{pulse_s:.3f}" for pulse_s in pulses[:4])


def run(capsys, *words):
    """A command: its status, stdout and stderr."""
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


def is_one_sentence(found, *words):
    status, out, said = found
    assert (status, out) == (2, "")
    assert said.startswith("bandmate: ")
    assert said.count("\n") == 1
    for word in words:
        assert str(word) in said
    return True


# ------------------------------------------------------------------ a MIDI file


def test_the_beats_of_a_demo_are_its_beats(pop, tmp_path, capsys):
    path, pulses, taps = pop
    out = tmp_path / "pop.json"
    status, said, _ = run(capsys, "listen", path, "--tap-in", taps, "--out", out)
    assert status == 0
    assert "D major" in said
    found = json.loads(out.read_text())
    assert (found["version"], found["file"], found["meter"], found["key"]) == (1, "pop.mid", "4/4", "D major")
    heard = [beat["time_s"] for beat in found["beats"]]
    near = [min(abs(pulse_s - beat_s) for beat_s in heard) < 0.07 for pulse_s in pulses[4:]]
    assert sum(near) > 0.95 * len(near)
    ones = [beat["time_s"] for beat in found["beats"] if beat["downbeat"]]
    near = [min(abs(pulse_s - one_s) for one_s in ones) < 0.07 for pulse_s in pulses[4::4]]
    assert sum(near) > 0.9 * len(near)
    assert all(0 < beat["time_s"] - beat["decided_s"] <= 0.05 for beat in found["beats"])
    assert all(95 < beat["bpm"] < 115 for beat in found["beats"])


@pytest.mark.parametrize("taps", [4, 8])
def test_in_seven_eight_one_is_a_short_pulse_after_the_last_tap(tmp_path, taps):
    seven, song, track, last = Meter(7, 8), mido.MidiFile(ticks_per_beat=480), mido.MidiTrack(), 0
    for pulse in range(4 * 6):
        tick = ticks(8 + seven.place_of(pulse))  # at 120
        track.append(mido.Message("note_on", note=60, velocity=80, time=tick - last))
        track.append(mido.Message("note_on", note=60, velocity=0, time=100))
        last = tick + 100
    song.tracks.append(track)
    song.save(tmp_path / "seven.mid")
    taps_s = [4.0 + seven.place_of(tap) * 0.5 for tap in range(-taps, 0)]
    found, _ = analyse(tmp_path / "seven.mid", seven, taps_s)
    ones_s = [beat["time_s"] for beat in found["beats"] if beat["downbeat"]]
    assert ones_s[:6] == pytest.approx([4.0 + bar * 1.75 for bar in range(6)], abs=0.03)


def test_chords_and_feel_are_there_in_order(pop):
    path, pulses, _ = pop
    found, _ = analyse(path, taps_s=pulses[:4])
    assert {"D", "G", "Bm7", "A7"} <= {chord["symbol"] for chord in found["chords"]}
    for rows in (found["chords"], found["feel"], found["beats"]):
        times = [row["time_s"] for row in rows]
        assert times == sorted(times)
    middle = found["feel"][30]
    assert middle["swing"] == pytest.approx(0.5, abs=0.03)
    assert middle["low"] < 60 < middle["high"]
    assert (middle["stopped"], found["feel"][-1]["stopped"]) == (False, True)
    assert found["notes"] == found["onsets"] == []


def test_listening_twice_is_the_same(pop):
    path, _, _ = pop
    assert json.dumps(analyse(path)[0]) == json.dumps(analyse(path)[0])


def test_json_goes_to_stdout(pop, capsys):
    status, out, err = run(capsys, "listen", pop[0])
    assert (status, err) == (0, "")
    assert json.loads(out)["duration_s"] > 50


# ------------------------------------------------------------------ a take


def test_a_take_is_heard_as_its_band_heard_it(tmp_path):
    lines = [event_line(0, Command(0.0, "arm"))]
    taps = [(200 + 100 * tap, Command(1.0 + 0.5 * tap, "tap")) for tap in range(4)]
    chords = [
        (601 + 100 * beat, NoteOn(3.005 + 0.5 * beat, pitch, 80))
        for beat in range(24)
        for pitch in (48, 60, 64)
    ]
    lines += [event_line(step, event) for step, event in [*taps, *chords]]
    path = tmp_path / "jam.jsonl"
    path.write_text(
        "\n".join([header_line(Header(Patch(), 7, {}, taps_wanted=4)), *lines, '{"end_s":15.0}\n'])
    )
    found, _ = analyse(path)
    heard = [beat["time_s"] for beat in found["beats"]]
    assert heard[0] == pytest.approx(3.0, abs=0.03)
    assert [beat["downbeat"] for beat in found["beats"][:5]] == [True, False, False, False, True]


def test_a_take_has_its_own_meter(tmp_path, capsys):
    path = tmp_path / "jam.jsonl"
    path.write_text(header_line(Header(Patch(), 7, {})) + '\n{"end_s":1.0}\n')
    assert is_one_sentence(run(capsys, "listen", path, "--meter", "3/4"), path, "its own meter")


# ------------------------------------------------------------------ a recording


def tone(seconds: float, rate_hz: int, hertz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(
        np.float32
    )


@pytest.mark.parametrize(
    ("rate_hz", "ours_hz"), [(44_100, 44_100), (22_050, 44_100), (96_000, 48_000), (8_000, 48_000)]
)
def test_a_recording_of_any_rate_comes_at_ours(tmp_path, rate_hz, ours_hz):
    soundfile.write(
        tmp_path / "tone.wav", np.stack([tone(11.5, rate_hz), -tone(11.5, rate_hz)], axis=1), rate_hz
    )
    found_hz, samples = read_audio(tmp_path / "tone.wav")
    assert (found_hz, samples.shape, samples.dtype) == (ours_hz, (round(11.5 * ours_hz), 2), np.float32)
    inside = slice(1000, -1000)
    assert np.abs(samples[inside, 0] - tone(11.5, ours_hz)[inside]).max() < 1e-3
    assert np.abs(samples[:, 0] + samples[:, 1]).max() < 1e-3


def test_a_recorded_click_gives_its_beats(tmp_path):
    rate_hz, chance = 44_100, np.random.default_rng(1)
    samples = np.zeros(12 * rate_hz, np.float32)
    for beat in range(20):
        begin = round((1.0 + beat * 0.5) * rate_hz)
        samples[begin : begin + 2000] = chance.normal(0, 0.3, 2000) * np.exp(-np.arange(2000) / 300)
    soundfile.write(tmp_path / "click.flac", samples, rate_hz)
    found, there = analyse(tmp_path / "click.flac", taps_s=[1.0, 1.5, 2.0, 2.5], hears="drums")
    assert there.length_s == pytest.approx(12.0)
    late = [beat["time_s"] for beat in found["beats"] if 6.0 < beat["time_s"] < 10.6]
    assert len(late) in (9, 10)
    assert all(abs((beat_s * 2 + 0.5) % 1 - 0.5) < 0.06 for beat_s in late)
    assert found["onsets"] == pytest.approx([1.0 + beat * 0.5 for beat in range(20)], abs=0.02)


def test_a_recorded_tune_gives_its_notes(tmp_path):
    rate_hz = 44_100
    tune = [(60, 261.63), (64, 329.63), (67, 392.0)]
    pieces = [np.concatenate([tone(0.5, rate_hz, hertz), np.zeros(4410, np.float32)]) for _, hertz in tune]
    soundfile.write(tmp_path / "tune.wav", np.concatenate(pieces), rate_hz)
    found, _ = analyse(tmp_path / "tune.wav", hears="melody")
    assert [note["pitch"] for note in found["notes"]] == [60, 64, 67]
    assert [note["time_s"] for note in found["notes"]] == pytest.approx([0.0, 0.6, 1.2], abs=0.08)
    assert all(note["time_s"] < note["end_s"] and 0 < note["confidence"] <= 1 for note in found["notes"])


# ------------------------------------------------------------------ what can't be heard


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("no.mid", None), ("no.wav", None), ("no.jsonl", None), ("song.txt", b"la la"), ("song", b"")),
        *(("empty.mid", b""), ("empty.wav", b""), ("empty.flac", b""), ("empty.jsonl", b"")),
        *(("rubbish.mid", b"MThd" + bytes(40)), ("rubbish.wav", b"RIFF" + bytes(60))),
        *(("rubbish.flac", b"fLaC" + bytes(60)), ("rubbish.jsonl", b"\xff\xfe{")),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, capsys, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert is_one_sentence(run(capsys, "listen", tmp_path / name), tmp_path / name)


def test_a_recording_must_hold_sound(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1), np.float32), 44_100)
    soundfile.write(tmp_path / "odd.wav", np.array([0.0, np.nan], np.float32), 44_100, subtype="FLOAT")
    soundfile.write(tmp_path / "slow.wav", np.zeros(100, np.float32), 100)
    for name, word in (("none", "no sound"), ("odd", "no numbers"), ("slow", "100 Hz")):
        with pytest.raises(BadFile, match=word):
            read_audio(tmp_path / f"{name}.wav")


def test_options_that_don_t_fit(pop, tmp_path, capsys):
    path, _, _ = pop
    assert is_one_sentence(run(capsys, "listen"), "--live")
    assert is_one_sentence(run(capsys, "listen", path, "--live"), "either")
    assert is_one_sentence(run(capsys, "listen", path, "--microphone", "drums"), "recordings")
    assert is_one_sentence(run(capsys, "listen", path, "--meter", "9/9"), "9/9", "4/4")
    assert is_one_sentence(run(capsys, "listen", path, "--plot", "song.txt"), ".svg")
    assert is_one_sentence(run(capsys, "listen", path, "--plot", tmp_path / "no" / "p.svg"), tmp_path / "no")
    assert is_one_sentence(run(capsys, "listen", path, "--out", tmp_path / "no" / "o.json"), tmp_path / "no")


# ------------------------------------------------------------------ the picture


def test_the_picture_shows_bars_chords_and_seconds(pop, tmp_path, capsys):
    path, _, taps = pop
    picture = tmp_path / "pop.svg"
    status, _, _ = run(
        capsys, "listen", path, "--tap-in", taps, "--plot", picture, "--out", tmp_path / "o.json"
    )
    assert status == 0
    text = picture.read_text()
    found = json.loads((tmp_path / "o.json").read_text())
    assert all(f">{chord['symbol']}<" in text for chord in found["chords"] if chord["symbol"] != "N")
    assert "pop.mid" in text
    assert ">bpm<" in text
    assert text.count("#ffb000") > 20


def test_without_matplotlib_it_says_what_to_install(pop, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert is_one_sentence(run(capsys, "listen", pop[0], "--plot", "pop.png"), "bandmate[plot]")


# ------------------------------------------------------------------ live


def test_without_a_rig_live_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    assert is_one_sentence(run(capsys, "listen", "--live"), "no rig 'main' is running")


def test_live_shows_what_is_heard_in_a_pipe(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    door = wire.Door(places().band).open()
    heard = Status(1.0, "playing", tracker="locked", confidence=0.93, heard_bpm=104.2, bar=17, pulse=3,
                   chord="Am7", next_chord="D7", key="G major", source="midi")  # fmt: skip

    def band() -> None:
        while (visitor := door.accept()) is None:
            pass
        visitor.send(heard)
        visitor.close()
        door.close()

    playing = threading.Thread(target=band)
    playing.start()
    status, out, _ = run(capsys, "listen", "--live")
    playing.join()
    assert status == 0
    assert out == "locked 0.93  104.2 bpm  17.3  Am7 -> D7  G major  midi\nThe band has gone home.\n"


def test_a_band_that_hears_nothing_yet():
    assert hearing.describe(Status(0.0, "armed")) == "idle 0.00  - bpm  -  -  no key yet"
