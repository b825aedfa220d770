"""MIDI files at the edge: a performer's file in, `band.mid` out.

`band.mid` is type 1 at 480 PPQ: track 0 holds the tempo as the band believed it, so every note's
second in the file is its second on the performer's clock; then `performer`, and one track a part.
"""

from __future__ import annotations

import bisect
import math
import os
from collections.abc import Collection, Sequence
from pathlib import Path

import mido

from bandmate.errors import BadFile
from bandmate.events import Bend, Control, Event, NoteOff, NoteOn
from bandmate.show.ledger import Played
from bandmate.show.take import Take
from bandmate.timing import PPQ, Meter, beats_of_ticks, bpm_of_us, period_s, step_index, tempo_us, ticks

CHANNELS = {"performer": 0, "bass": 1, "keys": 2, "guitar": 3, "pad": 4, "lead": 5, "drums": 9}


def read_midi(path: Path, tracks: Collection[str] = ()) -> Take:
    """A performer's MIDI file as a take; raises BadFile when it is broken, empty or without notes.

    With `tracks`, only the notes of the tracks of these names are read.
    """
    try:
        song = mido.MidiFile(path)
        if tracks:
            song.tracks[:] = [_kept(track, tracks) for track in song.tracks]
        events, length_s = _events(song)
    except FileNotFoundError:
        raise BadFile(f"there is no {path}; give a .mid or a .jsonl of a jam") from None
    except Exception as error:  # mido raises a dozen kinds for broken files; all mean the same here
        reason = str(error) or type(error).__name__
        raise BadFile(f"{path} cannot be read as a MIDI file ({reason}); export it again") from None
    notes = sum(isinstance(event, NoteOn) for event in events)
    if not notes:
        raise BadFile(f"{path} holds no notes; give a file with the performer's playing")
    return Take(
        path.stem, tuple((step_index(event.time_s), event) for event in events), length_s, notes=notes
    )


def _kept(track: mido.MidiTrack, tracks: Collection[str]) -> mido.MidiTrack:
    """A track as it is, or only what isn't played of it where its name isn't asked for."""
    if track.name in tracks:
        return track
    kept, waited = mido.MidiTrack(), 0
    for message in track:
        waited += message.time
        if message.is_meta:
            kept.append(message.copy(time=waited))
            waited = 0
    return kept


def _events(song: mido.MidiFile) -> tuple[list[Event], float]:
    events: list[Event] = []
    now_s = 0.0
    for message in song:
        now_s += message.time
        if message.type == "note_on" and message.velocity:
            events.append(NoteOn(now_s, message.note, message.velocity, channel=message.channel))
        elif message.type in ("note_on", "note_off"):
            events.append(NoteOff(now_s, message.note, channel=message.channel))
        elif message.type == "control_change":
            events.append(Control(now_s, message.control, message.value, channel=message.channel))
        elif message.type == "pitchwheel":
            events.append(Bend(now_s, message.pitch, channel=message.channel))
    return events, now_s


class TempoMap:
    """Seconds to ticks through tempo changes, without drift: each change is placed on a whole tick."""

    def __init__(self, changes: Sequence[tuple[float, float]]) -> None:
        self.times_s: list[float] = []
        self.ticks: list[int] = []
        self.tempos_us: list[int] = []
        for time_s, bpm in changes:
            tick = self.tick(time_s) if self.times_s else 0
            exact_s = self._time_s(tick) if self.times_s else 0.0
            if self.ticks and tick == self.ticks[-1]:
                self.tempos_us[-1] = tempo_us(bpm)
                continue
            self.times_s.append(exact_s)
            self.ticks.append(tick)
            self.tempos_us.append(tempo_us(bpm))

    def tick(self, time_s: float) -> int:
        """The tick nearest to a moment."""
        at = max(0, bisect.bisect_right(self.times_s, time_s) - 1)
        beats = (time_s - self.times_s[at]) / period_s(bpm_of_us(self.tempos_us[at]))
        return max(0, self.ticks[at] + ticks(beats))

    def _time_s(self, tick: int) -> float:
        beats = beats_of_ticks(tick - self.ticks[-1])
        return self.times_s[-1] + beats * period_s(bpm_of_us(self.tempos_us[-1]))


def tempo_changes(
    tempo: Sequence[tuple[float, float]], beat0_s: float | None, meter: Meter
) -> list[tuple[float, float]]:
    """The tempo as the band believed it; before the count a tempo that puts beat 0 on a bar line."""
    if beat0_s is None or not tempo or beat0_s <= 0:
        return [(0.0, tempo[0][1] if tempo else 120.0), *tempo[1:]]
    bars = max(1, math.ceil(beat0_s / (meter.bar_beats * period_s(tempo[0][1])) - 0.5))
    lead = bars * meter.bar_beats * period_s(1.0) / beat0_s
    return [(0.0, lead), *((max(time_s, beat0_s), bpm) for time_s, bpm in tempo)]


def write_band(
    path: Path, changes: Sequence[tuple[float, float]], meter: Meter, performer: Sequence[Event],
    played: Sequence[Played], parts: Sequence[str],
) -> None:  # fmt: skip
    """Write `band.mid`, whole or not at all."""
    tempo = TempoMap(changes)
    song = mido.MidiFile(type=1, ticks_per_beat=PPQ)
    head = mido.MidiTrack([mido.MetaMessage("track_name", name="tempo", time=0)])
    head.append(mido.MetaMessage("time_signature", numerator=meter.count, denominator=meter.unit, time=0))
    last = 0
    for tick, us in zip(tempo.ticks, tempo.tempos_us, strict=True):
        head.append(mido.MetaMessage("set_tempo", tempo=us, time=tick - last))
        last = tick
    song.tracks.append(head)
    song.tracks.append(_track("performer", _performer(performer, tempo)))
    for part in parts:
        song.tracks.append(_track(part, _part(part, played, tempo)))
    whole = path.with_name(path.name + ".part")
    song.save(whole)
    os.replace(whole, path)


Timed = tuple[int, int, mido.Message]  # tick, rank (offs first), message


def _performer(events: Sequence[Event], tempo: TempoMap) -> list[Timed]:
    timed: list[Timed] = []
    for event in events:
        if isinstance(event, NoteOn):
            message = mido.Message(
                "note_on", note=event.pitch, velocity=event.velocity, channel=event.channel
            )
            timed.append((tempo.tick(event.time_s), 1, message))
        elif isinstance(event, NoteOff):
            message = mido.Message("note_off", note=event.pitch, channel=event.channel)
            timed.append((tempo.tick(event.time_s), 0, message))
        elif isinstance(event, Control):
            message = mido.Message(
                "control_change", control=event.number, value=event.value, channel=event.channel
            )
            timed.append((tempo.tick(event.time_s), 0, message))
    return timed


def _part(part: str, played: Sequence[Played], tempo: TempoMap) -> list[Timed]:
    timed: list[Timed] = []
    channel = CHANNELS[part]
    for note in played:
        if note.part == part and note.off_s is not None:
            on, off = tempo.tick(note.on_s), tempo.tick(note.off_s)
            message = mido.Message("note_on", note=note.pitch, velocity=note.velocity, channel=channel)
            timed.append((on, 1, message))
            timed.append((max(off, on + 1), 0, mido.Message("note_off", note=note.pitch, channel=channel)))
    return timed


def _track(name: str, timed: list[Timed]) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name, time=0)])
    last = 0
    for tick, _, message in sorted(timed, key=lambda entry: entry[:2]):
        track.append(message.copy(time=tick - last))
        last = tick
    return track
