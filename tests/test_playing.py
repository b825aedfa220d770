"""`bandmate play`: a chart alone, into files, in any style, mood and length."""

from __future__ import annotations

import json
from dataclasses import replace

import mido
import pytest
import soundfile

from bandmate.__main__ import main
from bandmate.errors import BandmateError
from bandmate.playing import adapted, fitted, length_s, play_song
from bandmate.ports.bounce import TRACK_DB, peak_db
from bandmate.setlist import load_song
from bandmate.songfile import ENDINGS
from bandmate.timing import METERS, clock, read_clock
from tests.songbook import song


def alone(found, **changes):
    return replace(adapted(found, None, None, None, None), count_in=0, **changes)


def a_song(**keys):
    return song(
        "In: C | F", "A: C | Am | F | G", "B: F | G | Em | Am", "Out: C | G", bpm=150.0, key="C", **keys
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_band_ends_its_song_by_itself_as_the_song_says(ending):
    played = alone(a_song(ending=ending))
    found = play_song(played, 1, {})
    assert found.leaked + found.ledger.hanging == 0
    last = max(note.on_s for note in found.ledger.played() if note.part == "drums")
    slower = 4.0 if ending == "ritard" else 0.0
    assert length_s(played) - 2.0 < last < length_s(played) + slower
    if ending != "fade":
        final = [note.pitch % 12 for note in found.ledger.played() if note.part == "bass"][-1]
        assert final == 0


@pytest.mark.parametrize("meter", METERS)
def test_a_song_alone_has_all_its_bars_in_every_meter(meter):
    played = alone(a_song(meter=meter))
    found = play_song(played, 1, {})
    lines = [beat.beat for beat in found.beats if beat.downbeat]
    assert lines[:13] == [bar * played.meter.bar_beats for bar in range(13)]
    assert found.ledger.hanging == 0


def test_the_energy_goes_up_and_down_with_the_form():
    quiet = song("A: C | C | C | C; intensity = 1", "B: C | C | C | C; intensity = 3", bpm=150.0)
    found = play_song(alone(quiet), 1, {})
    half_s = 4 * 4 * 0.4

    def loudness(from_s, to_s):
        loud = [note.velocity for note in found.ledger.played() if from_s < note.on_s < to_s]
        return sum(loud)

    assert loudness(half_s, 2 * half_s) > 1.2 * loudness(0, half_s)


def test_nobody_sits_out_the_chords_when_the_band_is_alone():
    trio = replace(a_song(), patch=replace(a_song().patch, parts=("drums", "bass")))
    assert alone(trio).patch.parts == ("drums", "bass", "keys")
    assert alone(a_song()).patch.parts == a_song().patch.parts


# ------------------------------------------------------------------ a length


@pytest.mark.parametrize("title", ["Mirrorball Street", "Sunday Shoes", "Corner Table"])
def test_every_shipped_song_alone_has_somebody_at_the_chords(title):
    """In house nobody has a guitar, and the covers band's pad waits: then the keys come in."""
    song = alone(load_song(title))
    found = play_song(replace(song, form=song.form[:1]), 1, {})
    assert {note.part for note in found.ledger.played()} & {"keys", "guitar", "pad"}


@pytest.mark.parametrize("wanted", ["0:14", "0:30", "1:00", "2:30", "5:00"])
def test_the_form_is_fitted_to_a_length(wanted):
    fits = fitted(alone(a_song()), read_clock(wanted))
    assert length_s(fits) == pytest.approx(read_clock(wanted))
    assert fits.bpm == pytest.approx(150.0, rel=0.08)
    names = [fits.sections[index].name for index in fits.form]
    assert names[0] == "In" or names[-1] == "Out"


def test_what_was_fitted_lasts_so_long():
    fits = fitted(alone(a_song()), 40.0)
    assert play_song(fits, 1, {}).duration_s == pytest.approx(40.0, abs=0.5)


@pytest.mark.parametrize(
    ("length", "says"), [(7.7, "can't last 0:08"), (2.0, "0:05 to 60:00"), (9999.0, "60:00")]
)
def test_a_length_that_no_form_has_is_refused(length, says):
    with pytest.raises(BandmateError, match=says):
        fitted(alone(song("A: C | F | G | C | C | F | G | C", bpm=60.0)), length)


@pytest.mark.parametrize(("text", "seconds"), [("2:30", 150.0), ("45", 45.0), ("0:07.5", 7.5)])
def test_a_length_is_written_as_on_a_clock(text, seconds):
    assert read_clock(text) == seconds
    assert clock(150.4) == "2:30"


# ------------------------------------------------------------------ the command


def test_play_writes_a_finished_track(tmp_path, capsys):
    words = [
        "play",
        "Five Steps Down",
        "--out",
        str(tmp_path),
        "--length",
        "0:30",
        "--mood",
        "calm",
        "--seed",
        "2",
    ]
    assert main(words) == 0
    assert "Five Steps Down, 0:3" in capsys.readouterr().out
    found = json.loads((tmp_path / "summary.json").read_text())
    assert found["hanging"] == 0
    assert found["duration_s"] == pytest.approx(30.0, abs=0.5)
    names = [track.name for track in mido.MidiFile(tmp_path / "band.mid").tracks]
    assert names == ["tempo", "performer", "drums", "bass", "keys"]
    first = (tmp_path / "band.mid").read_bytes()
    assert main(words) == 0
    assert (tmp_path / "band.mid").read_bytes() == first


def test_its_sound_has_the_level_of_a_finished_track(tmp_path):
    written = tmp_path / "song.toml"
    written.write_text('title = "Short"\nbpm = 160\n[[section]]\nname = "A"\nchart = "Dm7 | G7 | C | C"\n')
    assert main(["play", str(written), "--out", str(tmp_path / "out"), "--wav"]) == 0
    sound, rate_hz = soundfile.read(tmp_path / "out" / "band.wav")
    assert 6.0 < len(sound) / rate_hz < 12.0
    assert peak_db(sound) == pytest.approx(TRACK_DB, abs=0.01)
    assert not list((tmp_path / "out").glob(".*"))


def test_a_song_is_played_in_another_style_and_mood():
    found = load_song("Sunday Shoes")
    swung = adapted(found, "swing", "driving", None, 100.0)
    assert (swung.style, swung.bpm, swung.energy) == ("swing", 100.0, 0.85)
    assert swung.sections[0].intensity == found.sections[0].intensity + 1
    assert {section.open for section in swung.sections} == {False}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["play", "Nothing Like It"], "there is no song 'Nothing Like It'"),
        (["play", "nowhere.toml", "--out", "x"], "there is no nowhere.toml"),
        (["play", "Kitchen Radio", "--out", "x"], "section 'Verse' follows you"),
        (["play", "Sunday Shoes", "--out", "x", "--length", "soon"], "'soon' is not a time such as 2:30"),
        (["play", "Sunday Shoes", "--out", "x", "--style", "polka"], "there is no style 'polka'"),
        (["play", "Sunday Shoes", "--wav"], "--wav wants --out"),
        (["play", "Sunday Shoes", "--out", "x", "--energy", "7"], "energy cannot be 7.0"),
    ],
)
def test_a_wrong_request_is_one_sentence(words, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
