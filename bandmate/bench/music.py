"""`bandmate bench music`: what the players make of songs that nobody trained on, with and without left hand.

POP909's held-out pianists play through the same path as `bandmate rehearse`, tapped in so that bars are bars:
with both hands, with nothing below C3 and no roots, and with the melody alone; then what goes wrong on a
stage (`music_moves`), with a chart and in a loop (`music_known`). The first four bars are left out. What is
played stands here, how it is measured in `music_measures` and `music_harmony`, the table in `music_table`.
Nothing is asserted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bandmate.carrier import Answer
from bandmate.controls import Value
from bandmate.events import Command, Event, NoteOff, NoteOn
from bandmate.model.grid import BEAT_TICKS, MELODY, PIANO, SLOT_TICKS
from bandmate.model.songs import Song
from bandmate.patch import Patch
from bandmate.rehearsal import Performance, load_styles, prepare, rehearse
from bandmate.setlist import Setlist
from bandmate.show.ledger import Played
from bandmate.show.take import Header, Take
from bandmate.timing import BeatMap, step_index

FIRST_BARS = 4  # left out
BARS = 40  # of each song
STYLE = "pop-rock"
INPUTS = ("piano", "rootless", "melody")
KEPT = 0.95  # of a key's length, so that the same key may be struck again

Key = tuple[float, float, int, int]  # beat, beats, pitch, velocity
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Listened:
    """A performance beside its song: notes in the song's beats, from `first_bar` on."""

    song: Song
    found: Performance
    clock: BeatMap
    notes: list[Played]
    first_bar: int = FIRST_BARS

    def beat(self, time_s: float) -> float:
        """Where in the song a moment falls."""
        return self.clock.beat_at(time_s)

    @property
    def first_beat(self) -> float:
        """From here on it is listened to."""
        return self.first_bar * self.song.meter.bar_beats

    @property
    def last_beat(self) -> float:
        """The band's last note begins here."""
        return max((self.beat(note.on_s) for note in self.notes), default=self.first_beat)

    def later(self, first_bar: int) -> Listened:
        """The same from a later bar on."""
        from_s = self.clock.time_at(first_bar * self.song.meter.bar_beats)
        notes = [note for note in self.notes if note.on_s >= from_s]
        return replace(self, notes=notes, first_bar=first_bar)


def performer(song: Song, kind: str, bars: int = BARS) -> list[Key]:
    """What is played to the band: (beat, beats, pitch, velocity), for one of INPUTS."""
    chords = song.chord_slots()
    found = []
    roles = (MELODY,) if kind == "melody" else (MELODY, PIANO)
    for role in roles:
        for _, tick, ticks, pitch, velocity, _ in song.performer.get(
            role, np.zeros((0, 6), np.int64)
        ).tolist():
            slot = min(tick // SLOT_TICKS, len(chords) - 1)
            low = pitch < 48 or pitch % 12 == chords[slot, 0]
            if (kind == "rootless" and role == PIANO and low) or tick >= bars * song.meter.slots * SLOT_TICKS:
                continue
            found.append((tick / BEAT_TICKS, ticks / BEAT_TICKS, pitch, velocity))
    return sorted(found)


def play(
    song: Song, played: Sequence[Key], style: str, model: Answer | None, seed: int = 1,
    delay_ms: float | None = 0.0, chart: Setlist | None = None,
) -> Listened:  # fmt: skip
    """The band with a performer who keeps strict time, tapped in by a bar; with a `chart` if there is one."""
    clock = clock_of(song)
    take, header = tapped_in(song, played, "bench", seed, {"style": style})
    header = replace(header, evening=chart)
    found = rehearse(replace(take, header=header), header, load_styles(), model, delay_ms)
    first_s = clock.time_at(FIRST_BARS * song.meter.bar_beats)
    notes = [note for note in found.ledger.played() if first_s <= note.on_s < take.length_s]
    return Listened(song, found, clock, notes)


def clock_of(song: Song) -> BeatMap:
    """A song's clock behind a bar of taps, the first of them after a second."""
    return BeatMap(song.bpm, 0.0, 1.0 + BeatMap(song.bpm, 0.0, 0.0).seconds(song.meter.bar_beats))


def tapped_in(
    song: Song, played: Sequence[Key], patch: Patch | str, seed: int, params: Mapping[str, Value],
    commands: Sequence[Command] = (),
) -> tuple[Take, Header]:  # fmt: skip
    """A performer who keeps strict time and taps in by a bar, as a take that is over with the last key."""
    clock = clock_of(song)
    events: list[Event] = [*commands]
    for beat, beats, pitch, velocity in played:
        events.append(NoteOn(clock.time_at(beat), pitch, velocity))
        events.append(NoteOff(clock.time_at(beat + beats * KEPT), pitch))
    placed = sorted(
        ((step_index(event.time_s), event) for event in events), key=lambda entry: (entry[0], entry[1].time_s)
    )
    last_s = max((event.time_s for _, event in placed), default=clock.time_at(0.0))
    pulses = song.meter.pulses
    taps_s = [clock.time_at((index - pulses) * song.meter.pulse_beats) for index in range(pulses)]
    wanted: dict[str, Value] = {"follow": 0.1, "meter": str(song.meter), **params}
    take, header = prepare(Take(song.name, tuple(placed), last_s), patch, seed, wanted, taps_s)
    return replace(take, header=header), header


@dataclass(slots=True)
class Concert:
    """Songs and who plays to them: the understudy and the model, and beside them the baselines."""

    songs: Sequence[Song]
    players: Mapping[str, Answer | None]
    baselines: Mapping[str, Answer | None] = field(default_factory=dict)
    report: Report = lambda text: None
    _kept: dict[tuple[str, str, str], Listened] = field(default_factory=dict)

    def play(
        self, song: Song, played: Sequence[Key], player: str, what: str, chart: Setlist | None = None
    ) -> Listened:
        """One performance; `what` is the word for it in the progress."""
        began_s = time.perf_counter()
        answer = {**self.players, **self.baselines}[player]
        found = play(song, played, STYLE, answer, chart=chart)
        self.report(f"{Path(song.name).stem}: {what}, {player}, {time.perf_counter() - began_s:.0f} s")
        return found

    def plain(self, song: Song, kind: str, player: str) -> Listened:
        """The song as it is, with one of INPUTS; played once."""
        key = (song.name, kind, player)
        if key not in self._kept:
            self._kept[key] = self.play(song, performer(song, kind), player, kind)
        return self._kept[key]
