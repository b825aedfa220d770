"""The ears as a whole: each microphone gives its own kind of events, whatever the blocks and the sound."""

import numpy as np
import pytest

from bandmate.events import SILENCE_DB, Attack, Hue, NoteOff, NoteOn
from bandmate.listening.audio.analysis import Analysis
from bandmate.patch import Microphone
from tests.listening.audio.test_flux import BEATS_S, struck

RATE_HZ = 44100
PIANO = Microphone(channel=1, hears="harmony")
DRUMS = Microphone(channel=2, hears="drums")
VOICE = Microphone(channel=1, hears="melody")


def sine(hz, seconds=1.5, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def hear(sound, *microphones, block=441, start_s=0.0):
    """Every event of a sound (frames, or frames by channels), heard in blocks of one length."""
    analysis = Analysis(RATE_HZ, microphones, start_s)
    events = []
    for begin in range(0, len(sound), block):
        part = sound[begin : begin + block]
        events += analysis.hear(part, start_s + (begin + len(part)) / RATE_HZ)
    return events


def of(kind, events, port="microphone 1"):
    return [event for event in events if isinstance(event, kind) and event.port == port]


def test_harmony_gives_strokes_and_hues_with_a_colour():
    sound = struck(220, BEATS_S)
    events = hear(sound, PIANO)
    assert of(Attack, events)
    hues = of(Hue, events)
    assert len(hues) == pytest.approx(20 * len(sound) / RATE_HZ, abs=1)
    sounding = [hue for hue in hues if hue.level_db > -30]
    assert sounding
    assert all(np.argmax(hue.chroma) == 9 for hue in sounding[1:] if hue.chroma)


def test_drums_give_strokes_and_levels_without_a_colour():
    events = hear(np.stack([sine(220, 4.0), struck(60, BEATS_S)], 1), DRUMS)
    assert of(Attack, events, DRUMS.port)
    assert {event.port for event in events} == {DRUMS.port}
    assert not any(hue.chroma or hue.bass for hue in of(Hue, events, DRUMS.port))


def test_a_voice_gives_notes_and_levels():
    sound = np.concatenate(
        [np.zeros(RATE_HZ // 4, np.float32), sine(220), np.zeros(RATE_HZ // 2, np.float32)]
    )
    events = hear(sound, VOICE)
    assert [note.pitch for note in of(NoteOn, events)] == [57]
    assert [note.pitch for note in of(NoteOff, events)] == [57]
    assert of(Hue, events)
    assert not of(Attack, events)


def test_the_level_is_that_of_a_full_scale_sine_and_an_offset_is_no_sound():
    levels_db = [hue.level_db for hue in of(Hue, hear(sine(440, level=0.1), PIANO))]
    assert levels_db[-1] == pytest.approx(-20, abs=0.3)
    assert of(Hue, hear(np.full(RATE_HZ, 0.2, np.float32), PIANO))[-1].level_db < -100


@pytest.mark.parametrize("block", [64, 441, 1000, 50000])
def test_the_cut_into_blocks_changes_nothing(block):
    sound = struck(220, BEATS_S, noise=0.3)
    told = [(e.time_s, getattr(e, "strength", 0.0)) for e in hear(sound, PIANO)]
    again = [(e.time_s, getattr(e, "strength", 0.0)) for e in hear(sound, PIANO, block=block)]
    assert np.allclose(again, told, atol=1e-5)


def test_stamps_follow_the_clock_of_the_take():
    sound = struck(220, BEATS_S, noise=0.5)
    early, late = hear(sound, PIANO), hear(sound, PIANO, start_s=100.0)
    assert [e.time_s for e in late] == pytest.approx([e.time_s + 100 for e in early], abs=1e-6)


def test_gain_lifts_a_sound_over_the_gate():
    quiet = struck(220, BEATS_S, noise=0.5, level=0.001)
    assert not of(Attack, hear(quiet, PIANO))
    assert of(Attack, hear(quiet, Microphone(gain_db=30)))


def test_below_the_gate_there_is_no_stroke_no_note_no_colour_and_no_level():
    quiet = sine(220, level=0.001)
    for microphone in (PIANO, VOICE):
        events = hear(quiet, microphone)
        assert not of(Attack, events)
        assert not of(NoteOn, events)
        assert not any(hue.chroma or hue.bass for hue in of(Hue, events))
        assert {hue.level_db for hue in of(Hue, events)} == {SILENCE_DB}


def test_broken_samples_count_as_silence():
    sound = struck(220, BEATS_S, noise=0.5)
    broken = sound.copy()
    broken[5000:5040] = np.nan
    broken[9000], broken[9001], broken[9002] = np.inf, -np.inf, 1e30
    mended = np.where(np.isfinite(broken) & (np.abs(broken) < 10), broken, 0).astype(np.float32)
    with np.errstate(all="raise"):
        assert hear(broken, PIANO) == hear(mended, PIANO)


def test_clipped_sound_is_heard_and_a_missing_channel_is_silent():
    clipped = np.clip(20 * struck(220, BEATS_S, noise=0.5), -1, 1)
    assert len([a for a in of(Attack, hear(clipped, PIANO)) if a.strength > 0.6]) >= len(BEATS_S)
    events = hear(clipped[:, None], DRUMS)
    assert not of(Attack, events, DRUMS.port)
    assert all(hue.level_db <= -100 for hue in of(Hue, events, DRUMS.port))
