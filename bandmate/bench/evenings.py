"""`bandmate bench evenings`: random evenings in virtual time; nothing may hang, fail or grow.

An evening is two or three made-up songs (meters, forms, charts, odd bars, medleys, pauses), a performer who
plays something or nothing, and cues at any moment: sections, endings, rests, wrong ones, tempi. A hundred of
them, and with `--soak` a thousand. The tests play short ones.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from bandmate import controls
from bandmate import patch as patches
from bandmate.band import Band
from bandmate.bench.figures import Figure
from bandmate.bench.stage import Stage
from bandmate.chart import ChartBar
from bandmate.controls import Value
from bandmate.events import Command, Event, FixedBeat, NoteOff, NoteOn
from bandmate.harmony import QUALITIES, Chord
from bandmate.parts.style import Style
from bandmate.rehearsal import load_styles, perform
from bandmate.setlist import Entry, Setlist
from bandmate.show.take import Header
from bandmate.songfile import ENDINGS, Section, Song
from bandmate.timing import METERS, Meter, step_index

EVENINGS, SOAK = 100, 1000
LENGTH_S = 20.0
PARTS = ("drums", "bass", "keys")
CUES = sorted(controls.ACTION_NAMES - {"quit"})
LAST_S = 1.0  # before the end: stop
KIB, MB = 1024, 1_000_000


@dataclass(frozen=True, slots=True)
class Evening:
    """What an evening came to."""

    hanging: int
    notes: int
    disorder: int  # beats that fell before they were decided, or not after the one before
    alarms: tuple[str, ...]  # parts that failed and were muted
    states: tuple[str, ...]


def play(seed: int, length_s: float, styles: dict[str, Style]) -> Evening:
    """One evening, the same for a seed; whatever the band raises comes through."""
    chance = Random(seed)
    patch = replace(patches.load("bench"), staged=chance.random() < 0.5)
    params: dict[str, Value] = {"join": chance.choice(("count", "count", "free"))}
    header = Header(patch, seed, params, evening=setlist(chance, styles))
    events = sorted(performer(chance, length_s) + cues(chance, length_s), key=_when)
    band = Band(patch, styles, seed, params, header.evening)
    stumbles: set[str] = set()
    states: list[str] = []

    def feed(step: int, playing: Band) -> list[Event]:
        if "stumbled" in playing.alarm_text:
            stumbles.add(playing.alarm_text)
        if not states or states[-1] != playing.transport.state:
            states.append(playing.transport.state)
        due = []
        while events and step_index(events[0].time_s) <= step:
            due.append(events.pop(0))
        return due

    found = perform(band, feed, 0, step_index(length_s), f"evening {seed}", header)
    return Evening(
        found.leaked + found.ledger.hanging, len(found.ledger.notes), disorder(found.beats),
        tuple(sorted(stumbles)), tuple(states),
    )  # fmt: skip


def disorder(beats: Sequence[FixedBeat]) -> int:
    """How many beats fell before they were decided, or not after the one before."""
    late = sum(beat.decided_s > beat.time_s for beat in beats)
    return late + sum(after.time_s <= before.time_s for before, after in pairwise(beats))


def _when(event: Event) -> float:
    return event.time_s


def setlist(chance: Random, styles: dict[str, Style]) -> Setlist:
    """Two or three songs, perhaps a pause between them."""
    songs = [song(chance, styles, number) for number in range(chance.randint(2, 3))]
    entries = [Entry(each, segue=chance.random() < 0.3) for each in songs]
    entries[-1] = replace(entries[-1], segue=False)
    if chance.random() < 0.4:
        place = chance.randint(0, len(entries))
        entries.insert(place, Entry(pause=chance.choice(("walk-in", "break", "encore"))))
        if place:
            entries[place - 1] = replace(entries[place - 1], segue=False)
    return Setlist("random", "Random evening", tuple(entries))


def song(chance: Random, styles: dict[str, Style], number: int) -> Song:
    """A song of one to three sections; some have a chart, some odd bars, some neither."""
    meter = Meter.parse(chance.choice(METERS))
    sections = tuple(section(chance, meter, index) for index in range(chance.randint(1, 3)))
    form = tuple(chance.randrange(len(sections)) for _ in range(chance.randint(1, 4)))
    return Song(
        f"Song {number}", replace(patches.load("bench"), parts=PARTS[: chance.randint(2, 3)]), sections, form,
        style=chance.choice(sorted(styles)), bpm=chance.uniform(90, 220), meter=meter,
        count_in=chance.randint(0, 1), ending=chance.choice(ENDINGS), transpose=chance.randint(-3, 3),
        final=_chord(chance) if chance.random() < 0.5 else None,
    )  # fmt: skip


def section(chance: Random, meter: Meter, index: int) -> Section:
    """A section of one to four bars."""
    bars = chance.randint(1, 4)
    chart = tuple(_bar(chance, meter) for _ in range(bars)) if chance.random() < 0.75 else ()
    return Section(
        f"S{index}", bars, chart, intensity=chance.randint(1, 3), open=chance.random() < 0.3,
        transpose=chance.choice((0, 0, 2)), parts_out=("keys",) if chance.random() < 0.2 else (),
    )  # fmt: skip


def _bar(chance: Random, meter: Meter) -> ChartBar:
    odd = Meter.parse(chance.choice(METERS)) if chance.random() < 0.15 else meter
    own = meter if odd.bar_beats % meter.pulse_beats else odd
    changes = [(0.0, None if chance.random() < 0.05 else _chord(chance))]
    if own.pulses > 1 and chance.random() < 0.4:
        changes.append((chance.randint(1, own.pulses - 1) * own.pulse_beats, _chord(chance)))
    return ChartBar(tuple(changes), None if own == meter else own)


def _chord(chance: Random) -> Chord:
    return Chord(chance.randrange(12), chance.choice(sorted(QUALITIES)))


def performer(chance: Random, length_s: float) -> list[Event]:
    """Somebody who plays in their own tempo, rests, and comes back."""
    found: list[Event] = []
    time_s, gap_s, resting = chance.uniform(0.5, 3.0), chance.uniform(0.28, 0.6), chance.random() < 0.2
    chord = _chord(chance)
    while time_s < length_s - LAST_S and not resting:
        chord = _chord(chance) if chance.random() < 0.3 else chord
        for tone in chord.tones:
            pitch = 48 + tone + 12 * (chance.random() < 0.3)
            found += [NoteOn(time_s, pitch, chance.randint(30, 120)), NoteOff(time_s + gap_s * 0.9, pitch)]
        time_s += gap_s * chance.choice((1, 1, 1, 2)) + chance.gauss(0, 0.01)
        if chance.random() < 0.03:
            time_s += chance.uniform(1.0, 6.0)
    return found


def cues(chance: Random, length_s: float) -> list[Event]:
    """Armed, started, and then anything at any moment; stopped at the end."""
    found: list[Event] = [Command(0.0, "arm", source="random"), Command(0.2, "start", source="random")]
    for _ in range(chance.randint(3, 14)):
        time_s = chance.uniform(0.3, length_s - LAST_S)
        if chance.random() < 0.7:
            found.append(Command(time_s, chance.choice(CUES), source="random"))
            if found[-1].time_s and chance.random() < 0.3:  # and on again
                found += [Command(time_s + 1.0, name, source="random") for name in ("arm", "start")]
        else:
            row = chance.choice([row for row in controls.PARAMS if row.name not in ("style", "meter")])
            found.append(Command(time_s, row.name, _value(chance, row), "random"))
    return [*found, Command(length_s - LAST_S, "stop", source="random")]


def _value(chance: Random, row: controls.Param) -> Value:
    """Some value that a parameter takes."""
    if row.name in ("song", "jump"):
        return str(chance.randint(1, 4)) if row.name == "song" else f"S{chance.randint(0, 3)}"
    return chance.choice(row.choices) if row.choices else chance.uniform(row.low, row.high)


def figures(stage: Stage) -> list[Figure]:
    """All evenings: what hung, what failed, and how memory grew over the last nine tenths."""
    styles, count = load_styles(), SOAK if stage.soak else EVENINGS
    hanging = failed = notes = astray = 0
    first_mb = 0.0
    for seed in range(count):
        try:
            found = play(seed, LENGTH_S, styles)
            hanging, notes = hanging + found.hanging, notes + found.notes
            failed, astray = failed + bool(found.alarms), astray + found.disorder
        except Exception as error:  # a figure, and the next evening
            failed += 1
            print(f"evening {seed}: {error!r}", file=sys.stderr)
        if seed == count // 10:
            first_mb = most_mb()
    note = f"{count} evenings of {LENGTH_S:g} s, {notes} notes"
    return [
        Figure("evenings, hanging notes", float(hanging), "", 0.0, note=note),
        Figure("evenings, beats out of order", float(astray), "", 0.0, note="or late"),
        Figure("evenings, failures", float(failed), "", 0.0, note="exceptions, and parts that stumbled"),
        Figure("evenings, memory grown", most_mb() - first_mb, "MB", note="most resident, after a tenth"),
    ]


def most_mb() -> float:
    """The most memory that this process ever had resident."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else KIB) / MB
