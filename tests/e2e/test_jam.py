"""A jam, end to end on real JACK ports: what a listener in the room would say."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import wave
from collections import Counter

import numpy as np
import pytest

from bandmate.rehearsal import load_styles, load_take, prepare, rehearse
from tests.e2e.conftest import KICKS, chords, taps, until

pytestmark = pytest.mark.jack
GAP_S = 0.4  # 150
C, F, G, AM = (48, 60, 64, 67), (53, 60, 65, 69), (43, 59, 62, 67), (45, 60, 64, 69)
DRUMS, BASS, KEYS = 9, 1, 2
BARS = [C, AM, F, G]


def start(rig, performer, recorder, *words):
    """The rig is up, the performer plugged in, the listener listens."""
    rig.jam("--patch", "bench", "--seed", "3", *words)
    recorder.open()
    pianist = performer()
    rig.wait_for(
        lambda status: (
            status.state == "armed" and any("pianist" in p or "bandmate" in p for p in status.inputs)
        )
    )
    return pianist


def begin(pianist, bars=8):
    """Tap in and play; returns when beat 0 is due."""
    first_s = time.perf_counter() + 0.3
    one_s = first_s + 4 * GAP_S
    pianist.play(taps(first_s, GAP_S) + chords(one_s, GAP_S, (BARS * bars)[:bars]))
    return one_s


def test_a_song_from_tap_in_to_ending(rig, performer, recorder, tmp_path):
    pianist = start(rig, performer, recorder)
    record = subprocess.Popen(
        ["jack_rec", "-f", str(tmp_path / "room.wav"), "-d", "10", "bandmate:out_1", "bandmate:out_2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    one_s = begin(pianist, 6)
    pianist.done()
    assert rig.shell("send", "ending").returncode == 0
    rig.wait_for(lambda status: status.state == "off", 8.0, "the ending")
    # in on the downbeat after the count-in, and not before
    assert recorder.notes(before_s=one_s - 0.05) == []
    kick_s = next(time_s for time_s, pitch in recorder.notes(DRUMS) if pitch in KICKS)
    assert kick_s == pytest.approx(one_s, abs=0.15)
    # in the chord
    bass = recorder.notes(BASS, after_s=one_s + 2 * GAP_S)
    inside = 0
    for time_s, pitch in bass:
        bar = min(5, int((time_s - one_s + 0.03) / (4 * GAP_S)))
        inside += pitch % 12 in {p % 12 for p in (BARS * 2)[bar]}
    assert len(bass) > 12
    assert inside / len(bass) > 0.75
    # on the beat: kicks fall near eighths of the performer's grid
    off = [
        ((time_s - one_s + GAP_S / 4) % (GAP_S / 2)) - GAP_S / 4
        for time_s, p in recorder.notes(DRUMS)
        if p in KICKS
    ]
    assert np.median(np.abs(off)) < 0.05
    # nothing hangs after the ending
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")
    record.wait(15)
    peak = loudest(tmp_path / "room.wav")
    assert 0.02 < peak < 0.95


def _wide(raw: bytes) -> np.ndarray:
    """24-bit samples as integers."""
    bytes_ = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
    return ((bytes_[:, 0] << 8) | (bytes_[:, 1] << 16) | (bytes_[:, 2] << 24)) >> 8


def test_a_take_of_the_jam_rehearses_to_the_same_notes(rig, performer, recorder):
    pianist = start(rig, performer, recorder)
    begin(pianist, 3)
    pianist.done()
    rig.shell("send", "stop")
    rig.wait_for(lambda status: status.state == "off")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")
    dropped = rig.status.counters.get("sound dropped", 0)
    rig.stop()
    missing = 0
    take = load_take(rig.takes()[-1])
    replayed = rehearse(*prepare(take, None, None, {}, ()), load_styles()).ledger.played()
    for channel, part in ((DRUMS, "drums"), (BASS, "bass"), (KEYS, "keys")):
        live = Counter(pitch for _, pitch in recorder.notes(channel))
        again = Counter(note.pitch for note in replayed if note.part == part)
        assert live
        assert not live - again
        missing += (again - live).total()
    assert missing <= dropped  # too late on a stumbling machine is counted; nothing else is missing


def test_panic_ends_every_note_and_the_band_plays_on(rig, performer, recorder):
    pianist = start(rig, performer, recorder)
    one_s = begin(pianist, 3)
    until(lambda: recorder.notes(BASS, after_s=one_s), 8.0, "the bass")
    assert rig.shell("panic").returncode == 0
    after_s = time.perf_counter()
    until(lambda: recorder.notes(DRUMS, after_s=after_s + 0.5), 8.0, "the drums go on")
    pianist.done()
    rig.shell("send", "stop")
    rig.wait_for(lambda status: status.state == "off")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")


def test_a_killed_band_is_back_on_a_downbeat_within_two_seconds(rig, performer, recorder):
    pianist = start(rig, performer, recorder)
    one_s = begin(pianist, 5)
    until(lambda: recorder.notes(BASS, after_s=one_s + 5 * GAP_S), 10.0, "the band plays")
    before = rig.pids()["band"]
    killed_s = time.perf_counter()
    os.kill(before, signal.SIGKILL)
    until(lambda: not recorder.hanging(), 2.0, "the dead band's notes end")
    until(lambda: rig.pids().get("band") not in (None, before), 2.0, "a new band process")
    rig.wait_for(
        lambda status: status.state in ("counting", "playing") and status.time_s > killed_s,
        2.0,
        "the band is back",
    )
    until(lambda: recorder.notes(DRUMS, after_s=killed_s + 0.3), 6.0, "the drums are back")
    back_s = recorder.notes(DRUMS, after_s=killed_s + 0.3)[0][0]
    bar_s = 4 * GAP_S
    off_s = (back_s - one_s + bar_s / 2) % bar_s - bar_s / 2
    assert abs(off_s) < 0.25
    pianist.done()
    rig.shell("send", "stop")
    rig.wait_for(lambda status: status.state == "off")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")


def test_a_killed_performer_is_no_rest_and_comes_back(rig, performer, recorder):
    pianist = start(rig, performer, recorder)
    one_s = begin(pianist, 8)
    until(lambda: time.perf_counter() > one_s + 4.2 * GAP_S, 8.0, "some music")
    pianist.kill()
    gone_s = time.perf_counter()
    rig.wait_for(lambda status: "gone" in status.alarm, 3.0, "the loss is said")
    until(lambda: recorder.notes(DRUMS, after_s=gone_s + 2.0), 5.0, "the music goes on")
    again = performer()
    bar_s = 4 * GAP_S
    next_s = one_s + bar_s * (int((time.perf_counter() - one_s) / bar_s) + 1)
    again.play(chords(next_s, GAP_S, [F, F]))
    rig.wait_for(lambda status: status.chord.startswith("F"), 6.0, "the performer is heard again")
    again.done()
    kicks = [t for t, pitch in recorder.notes(DRUMS, after_s=next_s) if pitch in KICKS]
    assert kicks
    assert rig.status.state == "playing"
    rig.shell("send", "stop")
    until(lambda: not recorder.hanging(), 3.0, "no hanging note")


def test_one_ctrl_c_is_an_ending_and_the_rig_goes_home(rig, performer, recorder):
    pianist = start(rig, performer, recorder)
    one_s = begin(pianist, 2)
    until(lambda: recorder.notes(BASS, after_s=one_s + GAP_S), 8.0, "the band plays")
    rig.screen.send_signal(signal.SIGINT)
    assert rig.screen.wait(10) == 0
    assert not recorder.hanging()
    last_s = max(time_s for time_s, _ in recorder.notes())
    bar_s = 4 * GAP_S
    off_s = (last_s - one_s + bar_s / 2) % bar_s - bar_s / 2
    assert abs(off_s) < 0.25
    until(lambda: not rig.where.processes.exists(), 5.0, "everybody is home")


def test_a_dead_sound_process_is_restarted_and_the_band_goes_on(rig, performer, recorder):
    rig.jam("--patch", "bench", "--count-in", "0")
    rig.shell("send", "start")
    rig.wait_for(lambda status: status.state == "playing")
    before = rig.pids()["sound"]
    os.kill(before, signal.SIGKILL)
    until(lambda: rig.pids().get("sound") not in (None, before), 5.0, "a new sound process")
    recorder.open()
    until(lambda: recorder.notes(DRUMS), 8.0, "drums are heard again")
    assert rig.look().state == "playing"


def test_a_second_jam_is_refused_in_one_sentence(rig):
    rig.jam()
    said = rig.shell("jam", "--headless")
    assert said.returncode == 2
    assert "already running" in said.stderr
    assert said.stderr.count("\n") == 1


def test_resume_is_armed_in_the_song_that_played(rig):
    rig.jam("--bpm", "93", "--style", "swing", "--patch", "bench")
    rig.shell("send", "master", "0.4")
    rig.shell("send", "start")
    rig.wait_for(lambda status: status.bar >= 1 and status.state == "playing")
    for name in ("supervisor", "sound", "band"):
        os.kill(rig.pids()[name], signal.SIGKILL)
    rig.screen.wait(20)
    rig.screen.stdout.close()
    rig.band.close()
    rig.band = rig.status = None
    began_s = time.perf_counter()
    rig.jam("--resume")
    status = rig.wait_for(lambda status: status.state == "armed", 10.0, "armed again")
    assert time.perf_counter() - began_s < 10
    assert status.style == "swing"
    assert set(status.parts) == {"drums", "bass", "keys"}
    assert status.params["master"] == pytest.approx(0.4)
    assert status.home_bpm == pytest.approx(93, abs=0.5)


def loudest(path) -> float:
    """The peak of a recording, 1.0 being full scale."""
    with wave.open(str(path)) as room:
        width, raw = room.getsampwidth(), room.readframes(room.getnframes())
    samples = _wide(raw) if width == 3 else np.frombuffer(raw, {2: "<i2", 4: "<i4"}[width])
    return float(np.abs(samples.astype(float)).max() / 2.0 ** (8 * width - 1))


def test_the_click_is_never_on_the_main_bus(rig, tmp_path):
    """Everybody rests, only the metronome ticks: the room hears nothing."""
    rig.jam("--patch", "bench", "--bpm", "200")
    rig.shell("send", "metronome", "always")
    rig.shell("send", "start")
    rig.wait_for(lambda status: status.state == "playing")
    rig.shell("send", "lay-out")
    rig.shell("send", "part/drums/on", "0")
    bar = rig.wait_for(lambda status: status.state == "playing").bar
    rig.wait_for(lambda status: status.bar >= bar + 3, 8.0, "the last cymbal has died away")
    words = ["jack_rec", "-f", str(tmp_path / "main.wav"), "-d", "2", "bandmate:out_1", "bandmate:out_2"]
    subprocess.run(words, capture_output=True, check=True)
    assert rig.look().state == "playing"
    assert loudest(tmp_path / "main.wav") < 0.001
