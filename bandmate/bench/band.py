"""`bandmate bench band`: what the band's thinking costs, part by part, and a setlist of two hours.

In virtual time, with a performer who strikes the chart's chord on every bar line. Next song, count-in and
ending are cued as at a gig: an ending after each time through the form.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.band import Band
from bandmate.bench.evenings import most_mb
from bandmate.bench.figures import Figure
from bandmate.bench.stage import Stage
from bandmate.controls import Value
from bandmate.events import Command, Event, Note, NoteOff, NoteOn, Slot
from bandmate.parts.style import Style
from bandmate.rehearsal import load_styles
from bandmate.setlist import Setlist
from bandmate.show.ledger import Ledger
from bandmate.timing import period_s, step_index, step_time_s

NIGHT_S = 120 * period_s(1.0)
SHORT_S = 180.0  # for the parts alone
LEFT_HAND = 48
LAST_STEPS = 200  # at the end nobody plays, and the band is stopped
SPEED = 20.0


class Timed(Band):
    """A band that keeps the time that each part takes."""

    def __init__(self, patch: patches.Patch, styles: dict[str, Style], seed: int, params: dict[str, Value],
                 evening: Setlist | None = None) -> None:  # fmt: skip
        super().__init__(patch, styles, seed, params, evening)
        self.spent_s: Counter[str] = Counter()

    def ask(self, part: str, slot: Slot, style: Style, now_s: float) -> list[Note]:
        """As the band does, with a watch."""
        began_s = time.perf_counter()
        notes = super().ask(part, slot, style, now_s)
        self.spent_s[part] += time.perf_counter() - began_s  # type: ignore[assignment]
        return notes


@dataclass(slots=True)
class Gig:
    """What a long evening came to."""

    wall_s: float = 0.0
    music_s: float = 0.0
    beats: int = 0
    songs: int = 0
    hanging: int = 0
    stumbles: int = 0
    grown_mb: float = 0.0
    spent_s: dict[str, float] = field(default_factory=dict)


def play(length_s: float, styles: dict[str, Style]) -> Gig:
    """Every shipped setlist, one after the other, again and again."""
    entries = [
        replace(entry, segue=False)
        for name in setlists.names() for entry in setlists.load(name).entries if entry.song is not None
    ]  # fmt: skip
    rounds = int(length_s / SHORT_S) // len(entries) + 1
    evening = Setlist("night", "Two hours", tuple(entries * rounds))
    band = Timed(patches.load("bench"), styles, 1, {}, evening)
    conductor, ledger, gig = Conductor(), Ledger(), Gig()
    began_s, first_mb, last = time.perf_counter(), 0.0, step_index(length_s)
    for step in range(last):
        now_s = step_time_s(step)
        out = band.step(
            now_s, conductor.events(now_s, band) if step < last - LAST_STEPS else _stop(step, last, now_s)
        )
        ledger.book(now_s, out.sends)
        gig.beats += len(out.beats)
        gig.stumbles += "stumbled" in band.alarm_text
        if step % 20000 == 0:
            ledger = _only_sounding(ledger, gig)
        if step == last // 10:
            first_mb = most_mb()
    gig.wall_s, gig.music_s = time.perf_counter() - began_s, length_s
    gig.hanging += ledger.hanging
    gig.songs, gig.grown_mb = conductor.songs, most_mb() - first_mb
    gig.spent_s = dict(band.spent_s) | {"all": gig.wall_s}
    return gig


def _stop(step: int, last: int, now_s: float) -> Sequence[Event]:
    return [Command(now_s, "stop", source="bench")] if step == last - LAST_STEPS // 2 else []


def _only_sounding(ledger: Ledger, gig: Gig) -> Ledger:
    """A new page of the ledger with what has not ended yet: a night of notes isn't kept."""
    page = Ledger()
    page.notes |= {key: note for key, note in ledger.notes.items() if note.off_s is None}
    return page


class Conductor:
    """Counts the songs in, strikes the chords, and cues the endings."""

    def __init__(self) -> None:
        self.songs = 0
        self._bar = -1
        self._down: list[int] = []

    def events(self, now_s: float, band: Band) -> list[Event]:
        """What happens in a step."""
        state = band.transport.state
        if state in ("off", "armed"):
            self.songs += 1
            self._bar = -1
            return [Command(now_s, name, source="bench") for name in ("arm", "start")]
        bar = band.transport.bar_of(band.transport.beatmap.beat_at(now_s))[0]
        if bar == self._bar or not band.transport.running:
            return []
        self._bar = bar
        found: list[Event] = [NoteOff(now_s, pitch) for pitch in self._down]
        chord = band.plan.chart(band.transport.line_of(bar))
        self._down = [] if chord is None else [LEFT_HAND + tone for tone in chord.tones]
        found += [NoteOn(now_s, pitch, 80) for pitch in self._down]
        return [*found, *self._cue(now_s, band)]

    def _cue(self, now_s: float, band: Band) -> list[Event]:
        """A section that has been round goes on; the last one ends the song."""
        spot, road = band.road.spot, band.road
        if spot is None or not spot.round or spot.bar or road.turn or band.transport.state != "playing":
            return []
        return [Command(now_s, "ending" if road.last(spot) else "next-section", source="bench")]


def figures(stage: Stage) -> list[Figure]:
    """The cost of each part a beat, and the two hours."""
    styles = load_styles()
    gig = play(NIGHT_S if stage.soak or stage.seconds >= 60 else stage.seconds, styles)
    beats = max(1, gig.beats)
    rows = [
        Figure(f"band time a beat, {part}", spent_s / beats * 1e6, "us")
        for part, spent_s in sorted(gig.spent_s.items())
    ]
    minutes = gig.music_s / period_s(1.0)
    note = f"{minutes:.0f} minutes, {gig.songs} songs, {gig.beats} beats"
    return [
        *rows,
        Figure("setlist, wall time", gig.wall_s, "s", note=note),
        Figure("setlist, speed", gig.music_s / gig.wall_s, "x", SPEED, more=True),
        Figure("setlist, hanging notes", float(gig.hanging), "", 0.0),
        Figure("setlist, parts that stumbled", float(gig.stumbles), "", 0.0),
        Figure("setlist, memory grown", gig.grown_mb, "MB", note="most resident, after a tenth of it"),
    ]
