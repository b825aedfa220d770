"""Takes in which somebody turns the band's knobs while a pianist plays the same bars again and again.

What changes between two segments is then what was asked, not the song. Through the same path as
`bandmate rehearse`; used by the benches of `bandmate bench music`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bandmate.bench.music import Key, Listened, clock_of, tapped_in
from bandmate.carrier import Answer
from bandmate.controls import Value
from bandmate.events import Command
from bandmate.model.songs import Song
from bandmate.patch import Patch
from bandmate.rehearsal import load_styles, rehearse
from bandmate.show.ledger import Played

LOOP_AT, LOOP_BARS = 8, 8  # which bars of a song the pianist plays again and again
AHEAD_BEATS = 0.5  # a knob is turned so long before the bar that is to show it

Turn = tuple[float, str, Value]  # beat, parameter, its new value


@dataclass(frozen=True, slots=True)
class Spoken:
    """What somebody asked for, and the beats in which it is measured."""

    value: float
    begin: float
    end: float


def looped(played: Sequence[Key], bar_beats: float, bars: int) -> list[Key]:
    """The pianist's bars from LOOP_AT on, again and again, from beat 0 until `bars` are full."""
    first, length = LOOP_AT * bar_beats, LOOP_BARS * bar_beats
    once = [(beat - first, beats, pitch, velocity) for beat, beats, pitch, velocity in played
            if first <= beat < first + length]  # fmt: skip
    found: list[Key] = []
    for round_ in range(-(-bars // LOOP_BARS)):
        for beat, beats, pitch, velocity in once:
            if beat + round_ * length < bars * bar_beats:
                found.append((beat + round_ * length, min(beats, length - beat), pitch, velocity))
    return found


def asked_in_turn(
    name: str, values: Sequence[float], bar_beats: float, bars: int, settles: int
) -> tuple[list[Turn], list[Spoken]]:
    """A knob at each value for so many bars, the first ones of which the band may take to follow."""
    length = bars * bar_beats
    turns: list[Turn] = [(index * length - AHEAD_BEATS, name, value) for index, value in enumerate(values)]
    spans = [
        Spoken(value, index * length + settles * bar_beats, (index + 1) * length)
        for index, value in enumerate(values)
    ]
    return turns, spans


def play_steered(
    song: Song, played: Sequence[Key], params: dict[str, Value], model: Answer | None,
    turns: Sequence[Turn] = (), seed: int = 1, patch: Patch | str = "bench",
) -> Listened:  # fmt: skip
    """The band with a performer in strict time, tapped in by a bar, and somebody at the knobs.

    All its notes, from the first downbeat to the performer's last key.
    """
    clock = clock_of(song)
    commands = [Command(max(clock.time_at(beat), 0.0), name, value, "bench") for beat, name, value in turns]
    take, header = tapped_in(song, played, patch, seed, params, commands)
    found = rehearse(take, header, load_styles(), model)
    notes = [note for note in found.ledger.played() if clock.time_at(-0.25) <= note.on_s < take.length_s]
    return Listened(song, found, clock, notes)


def within(heard: Listened, span: Spoken, parts: Sequence[str] = ()) -> list[Played]:
    """The band's notes of a span of beats; `parts` chooses whose."""
    return [
        note for note in heard.notes
        if span.begin - 0.1 <= heard.beat(note.on_s) < span.end - 0.1 and (not parts or note.part in parts)
    ]  # fmt: skip


def bars_of(heard: Listened, first: int, last: int) -> Iterator[tuple[int, list[Played]]]:
    """(bar, its notes) of the bars from `first` to before `last`, empty ones too."""
    beats = heard.song.meter.bar_beats
    for bar in range(first, last):
        yield bar, within(heard, Spoken(0.0, bar * beats, (bar + 1) * beats))
