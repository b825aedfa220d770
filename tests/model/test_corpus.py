"""The corpus: songs are read, bands play over them, and what is packed comes back slot by slot."""

import json
import random
import shutil
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from bandmate.errors import BadFile, BandmateError
from bandmate.model import charts, corpus, grid, midisongs, mma, pop909, show_corpus
from bandmate.model.songs import Song, Unusable, in_meter
from bandmate.practice import styles_for, understudy_take
from bandmate.study import _add
from bandmate.timing import Meter
from tests.model import desk

with_mma = pytest.mark.skipif(shutil.which("mma") is None, reason="needs Debian's mma")
C, AM, F, G7 = (0, 0), (9, 1), (5, 0), (7, 2)


# ------------------------------------------------------------------ packing


def test_what_is_packed_comes_back_slot_by_slot(tmp_path):
    songs = [desk.song(), desk.song("up", transpose=3)]
    folder = desk.write(tmp_path, songs)
    columns = corpus.load(folder)
    slots = columns["song_slots"][columns["take_song"]].astype(int)
    laid = corpus.slot_notes(columns, "band", slots, 24)
    at = 0
    for song in songs:
        wanted = grid.in_slots(song.takes[0].notes, song.slots, 24)
        found = laid[at : at + song.slots].copy()
        real = found[..., 2] != grid.NO_PITCH
        assert np.array_equal(found[real], wanted[wanted[..., 2] != grid.NO_PITCH])
        at += song.slots


def test_a_corpus_is_the_same_for_the_same_songs(tmp_path):
    first, again = (desk.write(tmp_path / name) / corpus.FILE for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()


def test_two_corpora_become_one(tmp_path):
    one, two = desk.columns([desk.song()]), desk.columns([desk.song("up", transpose=3), desk.song("third")])
    both = corpus.joined(one, two)
    assert both["take_song"].tolist() == [0, 1, 2]
    assert [name for _, _, name in corpus.songs_of(both)] == ["loop", "up", "third"]
    whole = desk.columns([desk.song(), desk.song("up", transpose=3), desk.song("third")])
    assert all(np.array_equal(both[key], whole[key]) for key in whole)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xfd7zXZ\x00rubbish"])
def test_a_broken_corpus_is_one_sentence(tmp_path, content):
    (tmp_path / corpus.FILE).write_bytes(content)
    with pytest.raises(BadFile, match="bandmate corpus build"):
        corpus.load(tmp_path)


# ------------------------------------------------------------------ degrees


@pytest.mark.parametrize("quality", grid.QUALITIES)
def test_degrees_and_pitches_are_inverse(quality):
    number = grid.quality_index(quality)
    pitch = np.arange(24, 108)
    for root in range(12):
        degree = grid.degree_of(pitch, root, number)
        assert np.array_equal(grid.pitch_of(degree, root, number), pitch)


def test_the_third_of_minor_is_the_third_of_major():
    minor, major = grid.quality_index("m"), grid.quality_index("")
    assert grid.degree_of(63, 0, minor) == grid.degree_of(64, 0, major)


# ------------------------------------------------------------------ charts


def lead_sheet(folder, measures):
    text = (
        "<score-partwise><part id='P1'>"
        + "".join(f"<measure number='{n}'>{inner}</measure>" for n, inner in enumerate(measures, 1))
        + "</part></score-partwise>"
    )
    path = folder / "openewld" / "dataset" / "A" / "song" / "song.mxl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("song.xml", text)
    return "dataset/A/song/song.mxl"


HEAD = (
    "<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)


def note(step, octave, duration, extra=""):
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{extra}</note>"


def harmony(step, kind):
    return f"<harmony><root><root-step>{step}</root-step></root><kind>{kind}</kind></harmony>"


def test_a_lead_sheet_with_a_pickup_and_a_tie(tmp_path):
    name = lead_sheet(
        tmp_path,
        [
            HEAD + note("G", 4, 2),  # a quarter before the first bar
            harmony("C", "major") + note("C", 5, 8, "<tie type='start'/>"),
            harmony("G", "dominant") + note("C", 5, 4, "<tie type='stop'/>") + note("B", 4, 4),
        ],
    )
    song = charts.lead_sheet(tmp_path, name)
    assert song.chords == [(4.0, *C), (8.0, *G7)]
    assert song.performer[grid.MELODY][:, 1:4].tolist() == [[36, 12, 67], [48, 72, 72], [120, 24, 71]]
    assert song.bars == 3


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("C:maj", [(0.0, *C)]),
        ("C:maj A:min", [(0.0, *C), (2.0, *AM)]),
        ("C:maj . A:min G:7", [(0.0, *C), (2.0, *AM), (3.0, *G7)]),
        ("C:maj/5 . . F:maj(9)", [(0.0, *C), (3.0, *F)]),
        ("N", [(0.0, grid.NO_ROOT, grid.NO_QUALITY)]),
        ("&pause", []),
    ],
)
def test_a_bar_of_billboard(cell, wanted):
    assert charts._cell(cell.split(), 0.0, 4, Meter()) == wanted


@pytest.mark.parametrize(
    ("pitches", "wanted"),
    [([48, 52, 55], C), ([45, 48, 52], AM), ([43, 47, 50, 53], G7), ([52, 55, 60], C), ([], None)],
)
def test_a_chord_is_named_by_its_notes(pitches, wanted):
    assert pop909.named(pitches) == (wanted or (grid.NO_ROOT, grid.NO_QUALITY))


@pytest.mark.parametrize(
    ("beats", "rest"),
    [((0, 4, 8, 10), 0.0), ((2, 4, 6, 8), 0.0), ((3, 7, 11, 13), 1.0), ((1, 5, 7, 9), 3.0), ((), 0.0)],
)
def test_a_file_that_begins_within_a_bar_is_moved_to_our_bar_lines(beats, rest):
    chords = [(0.0, 2, 0), *((float(beat), index % 2, 0) for index, beat in enumerate(beats))]
    assert pop909.pickup_rest(chords, Meter()) == rest


def test_a_chart_goes_into_five(tmp_path):
    song = in_meter(desk.song(), Meter(5, 4))
    assert [beat for beat, *_ in song.chords[:3]] == [0.0, 5.0, 10.0]
    assert song.slots == 40 * 10


# ------------------------------------------------------------------ bands


@with_mma
@pytest.mark.parametrize("style", ["funk", "bossa-nova", "swing", "unplugged"])
def test_mma_plays_the_chords_it_is_given(style):
    song = desk.song(bars=16)
    take = mma.play(song, style, mma.files(song, style)[0], random.Random(1))
    chords = song.chord_slots()[take.notes[:, 1] // grid.SLOT_TICKS % song.slots]
    comping = take.notes[:, 0] >= 2
    inside = grid.CHORD_TONES[chords[:, 1], (take.notes[:, 3] - chords[:, 0]) % 12]
    assert inside[comping].mean() > 0.8
    assert (style == "unplugged") == (0 not in take.parts)
    again = mma.play(song, style, mma.files(song, style)[0], random.Random(1))
    assert again.fills == take.fills
    assert np.array_equal(again.notes, take.notes)


def test_the_understudy_plays_every_style_over_a_chart():
    song = desk.song(bars=16)
    for style in styles_for(song, ("pop-rock", "swing", "bossa-nova")):
        take = understudy_take(song, style, 1)
        assert {0, 1} <= take.parts
        assert take.fills == {7, 15}
        bass = take.notes[take.notes[:, 0] == 1]
        downbeats = bass[bass[:, 1] % 48 == 0]
        roots = song.chord_slots()[downbeats[:, 1] // grid.SLOT_TICKS, 0]
        assert (downbeats[:, 3] % 12 == roots).mean() > 0.8
        assert np.array_equal(understudy_take(song, style, 1).notes, take.notes)


def test_a_corpus_counts_what_it_leaves_out(tmp_path):
    harvest = corpus.Harvest()
    harvest.keep("user", lambda: desk.song())

    def broken():
        raise Unusable("no readable MIDI file")

    harvest.keep("user", broken)
    harvest.keep("user", broken)
    manifest = corpus.build(harvest, tmp_path, 1, corpus.Orchestra(), report=lambda text: None)
    assert manifest["skipped"] == {"user: no readable MIDI file": 2}
    assert manifest["sources"]["user"]["share"] == 1.0
    assert json.loads((tmp_path / corpus.MANIFEST).read_text()) == manifest


# ------------------------------------------------------------------ your own files


def band_file(path, bars=16):
    song = mido.MidiFile(ticks_per_beat=480)
    for channel, program, pitches in ((0, 0, (60, 64, 67)), (1, 33, (36,)), (9, 0, (36,))):
        track = mido.MidiTrack()
        song.tracks.append(track)
        track.append(mido.Message("program_change", channel=channel, program=program))
        for beat in range(bars * 4):
            root = (0, 9, 5, 7)[beat // 4 % 4] if channel != 9 else 0
            for pitch in pitches:
                track.append(mido.Message("note_on", channel=channel, note=pitch + root, velocity=80))
            for index, pitch in enumerate(pitches):
                off = mido.Message("note_off", channel=channel, note=pitch + root, time=0 if index else 240)
                track.append(off)
            track.append(mido.Message("control_change", channel=channel, control=7, value=90, time=240))
    song.save(path)
    return path


def test_a_band_of_your_own_is_read_with_its_chords(tmp_path):
    songs = midisongs.joint_song(band_file(tmp_path / "mine.mid"), "user")
    assert len(songs) == 2  # the keys performed, then the bass
    song = songs[0]
    assert [chord[1] for chord in song.chords[:4]] == [0, 9, 5, 7]
    assert Counter(song.takes[0].notes[:, 0].tolist()) == {0: 64, 1: 64}


def test_files_are_added_and_bad_ones_counted(tmp_path, capsys):
    folder, out = tmp_path / "mine", tmp_path / "corpus"
    folder.mkdir()
    band_file(folder / "good.mid")
    (folder / "bad.mid").write_bytes(b"no midi")
    options = Options(folder, out)
    assert _add(options) == 0
    assert _add(options) == 0  # once more, into the same one
    said = capsys.readouterr().out
    assert "left out 1: user: no readable MIDI file" in said
    assert json.loads((out / corpus.MANIFEST).read_text())["songs"] == 4
    with pytest.raises(BandmateError, match="no such folder"):
        _add(Options(tmp_path / "nowhere", out))


class Options:
    def __init__(self, folder, out):
        self.folder, self.out = folder, out


def test_a_song_is_shown_as_the_model_sees_it(tmp_path):
    folder = desk.write(tmp_path)
    assert "loop" in show_corpus.listing(folder)
    shown = show_corpus.song(folder, "loop", 2)
    assert "  1.1 C       | C3.0 E4.0" in shown
    assert "bass.0:C2°0" in shown
    with pytest.raises(BandmateError, match="no song"):
        show_corpus.song(folder, "nothing", 2)


def test_a_song_of_another_length_is_cut_to_its_slots():
    song = replace_bars(desk.song(), 10)
    assert len(corpus.pack([song])["chord_root"]) == 80


def replace_bars(song: Song, bars: int) -> Song:
    return replace(song, bars=bars)


def test_data_that_is_not_there_gives_no_songs(tmp_path):
    assert corpus.gather(Path(tmp_path), {}).songs == []


def test_a_source_that_somebody_does_not_want_is_left_out_by_its_name(tmp_path):
    harvest = corpus.Harvest(without=frozenset({"freedoom"}))
    for source in ("freedoom", "simutrans"):
        harvest.keep(source, lambda source=source: desk.song(source))
    assert [song.name for song in harvest.songs] == ["simutrans"]
    with pytest.raises(BandmateError, match="no source 'slakh'"):
        corpus.gather(tmp_path, {}, without=["slakh"])
