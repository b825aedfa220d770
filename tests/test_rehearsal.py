"""Rehearsals: the contract of `band.mid` and `summary.json`, the prefix property, exact replays."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import mido
import pytest

from bandmate import patch as patches
from bandmate import rehearsal
from bandmate.__main__ import main
from bandmate.errors import BadFile, BandmateError
from bandmate.events import Command, NoteOff, NoteOn
from bandmate.rehearsal import load_styles, load_take, make_band, prepare, rehearse
from bandmate.show.demo import load_demo, performance
from bandmate.show.midifile import TempoMap, read_midi
from bandmate.show.take import Header, Take, event_line, header_line, read_take
from bandmate.timing import step_index, step_time_s

STYLES = load_styles()
FIRST_S = 4.0
LONG_S = 34.0  # of a demo: its first two sections at least


def take_of(name: str, until_s: float = 1e9) -> Take:
    """A demo performance as a take that begins at four seconds; messages from `until_s` on are removed."""
    events = []
    for event in performance(load_demo(name)):
        time_s = event.time_s + FIRST_S
        if time_s >= until_s:
            break
        if isinstance(event, NoteOn):
            events.append(NoteOn(time_s, event.pitch, event.velocity))
        elif isinstance(event, NoteOff):
            events.append(NoteOff(time_s, event.pitch))
    return Take(name, tuple((step_index(e.time_s), e) for e in events), events[-1].time_s, notes=len(events))


def write_midi(path: Path, take: Take) -> Path:
    song = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    song.tracks.append(track)
    last = 0
    for _, event in take.events:
        tick = round(event.time_s * 960)
        kind = "note_on" if isinstance(event, NoteOn) else "note_off"
        track.append(
            mido.Message(kind, note=event.pitch, velocity=getattr(event, "velocity", 0), time=tick - last)
        )
        last = tick
    song.save(path)
    return path


def played(take: Take, taps_s=(), seed=7, until_s: float | None = None, **params):
    """A rehearsal of a take; up to a moment, or until the band has played on for its half minute."""
    taken, header = prepare(take, "bench", seed, params, taps_s)
    if until_s is not None:
        taken = replace(taken, header=header, length_s=until_s)
    return rehearse(taken, header, STYLES)


@cache
def long(name: str, taps_s=()):
    """A good piece of a demo, rehearsed once for all who ask what it sounds like."""
    return played(take_of(name, LONG_S), taps_s, until_s=LONG_S, follow=1.0)


def as_tuples(found, before_s=1e9):
    return [(n.part, n.on_s, n.pitch, n.velocity) for n in found.ledger.played() if n.on_s < before_s]


@pytest.mark.parametrize("name", ["pop", "swing", "bossa"])
def test_the_same_seed_gives_the_same_notes(name):
    first, second = long(name), played(take_of(name, LONG_S), until_s=LONG_S, follow=1.0)
    assert as_tuples(first) == as_tuples(second)
    assert first.ledger.hanging == 0
    other = played(take_of(name, 17.35), seed=8, until_s=17.35, follow=1.0)
    assert as_tuples(other) != as_tuples(first, 17.35)


@pytest.mark.parametrize("until_s", [9.0, 17.35, 26.0])
@pytest.mark.parametrize(("name", "taps_s"), [("pop", ()), ("swing", ()), ("pop", (1.69, 2.27, 2.85, 3.42))])
def test_what_is_removed_later_changes_nothing_before(name, taps_s, until_s):
    """The prefix property: the same beats and notes before T."""
    full = long(name, taps_s)
    part = played(take_of(name, until_s), taps_s, until_s=until_s, follow=1.0)
    assert as_tuples(part, until_s) == as_tuples(full, until_s)
    assert [b for b in part.beats if b.time_s < until_s] == [b for b in full.beats if b.time_s < until_s]
    assert as_tuples(full, 26.0)


def test_a_tapped_in_rehearsal_starts_on_the_tapped_beat():
    found = played(take_of("pop", 6.0), (2.0, 2.5, 3.0, 3.5), until_s=6.0)
    assert found.beats[0].time_s == pytest.approx(4.0, abs=0.001)
    assert found.beats[0].decided_s <= found.beats[0].time_s
    assert found.beats[0].downbeat


def test_a_counted_rehearsal_puts_the_first_note_on_one():
    take = take_of("pop", 6.0)
    found = played(take, until_s=6.0, join="count", bpm=104.0)
    first_s = next(e.time_s for _, e in take.events if isinstance(e, NoteOn))
    assert found.beats[0].time_s == pytest.approx(max(first_s, 4 * 60 / 104 + 0.1), abs=0.01)


def test_rehearse_writes_the_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "TAIL_S", 1.0)
    source = write_midi(tmp_path / "song.mid", take_of("bossa"))
    out = tmp_path / "out"
    assert (
        main(["rehearse", str(source), "--out", str(out), "--patch", "bench", "--follow", "1", "--seed", "3"])
        == 0
    )
    found = json.loads((out / "summary.json").read_text())
    keys = "version take patch seed player duration_s wall_s beats downbeats tempo chords notes rungs late"
    assert set(found) == {
        *keys.split(),
        "clock",
        "dropped",
        "hanging",
        "isr",
        "isr_w",
        "model_delay_ms",
        "recency_ms",
    }
    assert (found["version"], found["take"], found["patch"], found["seed"]) == (1, "song", "bench", 3)
    assert found["player"] == "understudy"
    assert found["hanging"] == 0
    assert set(found["notes"]) == {"drums", "bass", "keys"}
    assert all(count > 50 for count in found["notes"].values())
    assert set(found["rungs"]) == {"fresh", "tail", "understudy", "held"}
    assert found["isr"] >= 0.99
    assert 0 < found["recency_ms"]["p50"] <= found["recency_ms"]["p95"] < 400
    assert all(beat["decided_s"] <= beat["time_s"] for beat in found["beats"])
    assert {"beat", "time_s", "symbol"} == set(found["chords"][0])
    assert {"time_s", "bpm"} == set(found["tempo"][0])
    song = mido.MidiFile(out / "band.mid")
    assert song.type == 1
    assert song.ticks_per_beat == 480
    names = [track.name for track in song.tracks]
    assert names == ["tempo", "performer", "drums", "bass", "keys"]


def test_every_second_in_the_file_is_a_second_of_the_performer(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "TAIL_S", 1.0)
    take = take_of("swing")
    source = write_midi(tmp_path / "song.mid", take)
    read = read_midi(source)
    main(["rehearse", str(source), "--out", str(tmp_path), "--patch", "bench", "--follow", "1"])
    song = mido.MidiFile(tmp_path / "band.mid")
    found = json.loads((tmp_path / "summary.json").read_text())
    only = mido.MidiFile(type=1, ticks_per_beat=480)
    only.tracks.extend(song.tracks[:2])
    now_s, strikes = 0.0, []
    for message in only:
        now_s += message.time
        if message.type == "note_on":
            strikes.append(now_s)
    truth = [event.time_s for _, event in read.events if isinstance(event, NoteOn)]
    assert strikes == pytest.approx(truth, abs=0.002)
    assert found["duration_s"] >= truth[-1]


def test_only_the_tracks_that_are_asked_for_are_read(tmp_path):
    song = mido.MidiFile(ticks_per_beat=480)
    tempo = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000), mido.Message("note_on", note=40)])
    song.tracks.append(tempo)
    for name, pitch in (("PIANO", 48), ("MELODY", 72)):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        track += [
            mido.Message("note_on", note=pitch, time=480),
            mido.Message("note_off", note=pitch, time=480),
        ]
        song.tracks.append(track)
    song.save(tmp_path / "song.mid")
    read = read_midi(tmp_path / "song.mid", ("MELODY",))
    assert [(event.time_s, event.pitch) for _, event in read.events] == [(1.0, 72), (2.0, 72)]
    assert read.notes == 1


def test_tempo_map_never_drifts():
    changes = [(0.0, 90.0), *((2 + index * 0.37, 100 + index % 17 * 1.3) for index in range(500))]
    tempo = TempoMap(changes)
    for (time_s, _), exact_s in zip(changes[-50:], tempo.times_s[-50:], strict=True):
        assert exact_s == pytest.approx(time_s, abs=0.001)


def test_a_recorded_take_replays_to_the_same_notes(tmp_path):
    """Events are taken in the step that the take names, even if they came late."""
    taken, header = prepare(take_of("pop", 24.0), "default", 5, {}, (2.0, 2.5, 3.0, 3.5))
    late = tuple(sorted(((s + 3, e) for s, e in taken.events), key=lambda entry: entry[0]))
    path = tmp_path / "jam.jsonl"
    lines = [header_line(header), *(event_line(step, event) for step, event in late), '{"end_s": 26.0}']
    path.write_text("\n".join(lines) + "\n")
    take = read_take(path)
    assert take.events == late
    replayed = rehearse(*prepare(take, None, None, {}, ()), STYLES)
    direct = rehearse(Take("x", late, 26.0, header), header, STYLES)
    assert as_tuples(replayed) == as_tuples(direct)
    assert as_tuples(replayed)


def test_a_take_that_a_crash_cut_off_is_read_up_to_there(tmp_path):
    header = Header(patches.load("bench"), 1, {})
    path = tmp_path / "jam.jsonl"
    path.write_text(header_line(header) + "\n" + event_line(3, NoteOn(0.01, 60, 80)) + '\n{"step": 4, "ev')
    assert len(read_take(path).events) == 1


def test_a_dead_band_is_back_on_a_downbeat_and_goes_on(make_stage):
    """Killed in the middle of a bar: a new band from its saved state, same clock, same bar lines."""
    stage = make_stage(seed=4)
    one_s = stage.tap_in()
    stage.comp(one_s, 60)
    saved = None
    stage.play(9.3)
    saved = stage.states[-1]
    again = make_band(Header(patches.load("bench"), 4, {}, saved, 10.1), STYLES)
    beats, sends = [], []
    for step in range(step_index(10.1), step_index(16.0)):
        now_s = step_time_s(step)
        out = again.step(now_s, [])
        beats += out.beats
        sends += [send for send in out.sends if type(send).__name__ == "On"]
    assert beats[0].downbeat
    assert (beats[0].time_s - one_s) % 2.0 == pytest.approx(0.0, abs=0.03)
    assert beats[0].time_s - 10.1 < 2.1
    assert min(send.time_s for send in sends) == pytest.approx(beats[0].time_s, abs=0.03)


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.mid", b"MThd\x00\x00garbage", "cannot be read as a MIDI file"),
        ("empty.mid", b"", "cannot be read as a MIDI file"),
        ("text.jsonl", b"hello\n", "is not a take"),
        ("other.jsonl", b'{"take": 99}\n', "version 99"),
        ("song.mp3", b"x", "no MIDI file"),
        ("binary.jsonl", b"\xff\xfe\x00", "cannot be read as a take"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, capsys, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["rehearse", str(path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert str(path) in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_without_notes_is_refused(tmp_path):
    mido.MidiFile().save(tmp_path / "silent.mid")
    with pytest.raises(BadFile, match="holds no notes"):
        load_take(tmp_path / "silent.mid")


def test_a_missing_file_is_named(capsys, tmp_path):
    assert main(["rehearse", "nowhere.mid", "--out", str(tmp_path)]) == 2
    assert "nowhere.mid" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--style", "polka"], ["--patch", "nope"], ["--follow", "3"], ["--tap-in", "1,x"]]
)
def test_a_bad_option_is_one_sentence(tmp_path, capsys, words):
    source = write_midi(tmp_path / "song.mid", take_of("pop", 12.0))
    assert main(["rehearse", str(source), "--out", str(tmp_path / "out"), *words]) == 2
    assert words[1] in capsys.readouterr().err


def test_an_out_that_cannot_be_written_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rehearsal, "TAIL_S", 1.0)
    source = write_midi(tmp_path / "song.mid", take_of("pop", 12.0))
    (tmp_path / "file").write_text("x")
    assert main(["rehearse", str(source), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "x"


def test_an_unknown_command_is_an_alarm_and_the_music_goes_on(stage):
    one_s = stage.tap_in()
    stage.comp(one_s, 16)
    stage.events.append(Command(5.0, "explode", 3.0))
    stage.say(5.1, "style", "polka")
    stage.play(9.0)
    assert stage.state == "playing"
    assert any("polka" in status.alarm for status in stage.statuses)


def test_the_take_of_a_jam_has_its_own_taps():
    take = Take("take", (), 1.0, Header(patches.load("bench"), 1, {}))
    with pytest.raises(BandmateError, match="its own taps"):
        prepare(take, None, None, {}, [1.0, 1.5])
