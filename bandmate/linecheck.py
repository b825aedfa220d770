"""The line check: every instrument and every output for the engineer, one after the other, then the band.

`lines` is what there is to hear; `LineCheck` plays one of them round and round, in virtual time as well as
live. Pure, but for `groove`, which lets the band itself play. Joins band and ports for the soundcheck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bandmate.events import Click, Command, Event, Hush, NoteOff, NoteOn, Off, On, Ping, Send
from bandmate.patch import Patch
from bandmate.ports import outputs
from bandmate.show.ledger import Ledger, Played
from bandmate.show.take import Header
from bandmate.timing import step_time_s

KICK, SNARE, HAT = 36, 38, 42
LINES: dict[str, tuple[tuple[int, ...], ...]] = {  # what a player plays alone, a stroke a beat
    "bass": ((28,), (35,), (40,), (35,), (33,), (40,), (45,), (40,)),
    "keys": ((60, 64, 67), (60, 64, 67), (57, 60, 65), (59, 62, 67)),
    "guitar": ((52, 59, 64, 68), (52, 59, 64, 68), (57, 64, 69, 73), (52, 59, 64, 68)),
    "pad": ((60, 64, 67), (57, 60, 65)),
    "lead": ((72,), (74,), (76,), (79,), (76,), (74,)),
}
GAP_S, PAD_GAP_S = 0.5, 2.0
VELOCITY = 100
CHORDS = ((60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62))  # above the bass player, who would yield
LEARN_BARS, LOOP_BARS = 4, 8
MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A note of a part, or where there is none a stroke on an output or the click, `at_s` into a line."""

    at_s: float
    part: str = ""
    pitch: int = 0
    velocity: int = VELOCITY
    length_s: float = 0.2
    output: int = 0  # from 1; 0: the click


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be heard round and round."""

    title: str
    hits: tuple[Hit, ...]  # in order
    length_s: float


class LineCheck:
    """Plays the lines, each until it is told to go on."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.place = 0
        self._begun_s: float | None = None  # when the current round of the line began
        self._next = 0
        self._last_id = 0

    @property
    def line(self) -> Line | None:
        """The one that sounds now; None after the last."""
        return self.lines[self.place] if self.place < len(self.lines) else None

    def turn(self, steps: int) -> list[Send]:
        """Go on to another line, at once."""
        self.place = max(0, self.place + steps)
        self._begun_s = None
        return [Hush()]

    def due(self, now_s: float, until_s: float) -> list[Send]:
        """What is to be sent for everything up to a moment."""
        line = self.line
        if line is None or not line.hits:
            return []
        if self._begun_s is None:
            self._begun_s, self._next = now_s, 0
        sends: list[Send] = []
        while self._begun_s + line.hits[self._next].at_s <= until_s:
            hit = line.hits[self._next]
            sends += self._strike(hit, self._begun_s + hit.at_s)
            self._next += 1
            if self._next == len(line.hits):
                self._begun_s, self._next = self._begun_s + line.length_s, 0
        return sends

    def _strike(self, hit: Hit, time_s: float) -> list[Send]:
        if not hit.part:
            return [Ping(time_s, hit.output) if hit.output else Click(time_s, hit.pitch > 0)]
        self._last_id += 1
        note = On(self._last_id, time_s, hit.part, hit.pitch, hit.velocity)
        return [note, Off(self._last_id, time_s + hit.length_s)]


def lines(patch: Patch, channels: int, whole: Line) -> list[Line]:
    """Kick, snare and hat, each player, each output by its name, the click, and the whole band."""
    found = []
    if "drums" in patch.parts:
        for name, pitch in (("kick", KICK), ("snare", SNARE), ("hat", HAT)):
            found.append(Line(name, (Hit(0.0, "drums", pitch),), GAP_S))
    for part in (part for part in LINES if part in patch.parts):
        sound = patch.sounds[part]
        found.append(_alone(f"{part} on {sound.port}" if sound.port else part, part))
    named = outputs.names(patch.outputs, channels)
    for number, name in enumerate(named, 1):
        found.append(Line(f"output {number}: {name}", (Hit(0.0, output=number),), GAP_S))
    clicks = tuple(Hit(beat * GAP_S, pitch=int(beat == 0)) for beat in range(4))
    heard = any(name.startswith("click") for name in named)
    title = "click" if heard else "click (on none of these outputs; see 'outputs' in the patch)"
    return [*found, Line(title, clicks, 4 * GAP_S), whole]


def _alone(title: str, part: str) -> Line:
    gap_s = PAD_GAP_S if part == "pad" else GAP_S
    hits = [
        Hit(beat * gap_s, part, pitch, length_s=0.9 * gap_s)
        for beat, chord in enumerate(LINES[part])
        for pitch in chord
    ]
    return Line(title, tuple(hits), len(LINES[part]) * gap_s)


def groove(patch: Patch) -> Line:
    """Eight bars of the whole band at its biggest, as it plays behind four chords, to go round and round."""
    from bandmate.rehearsal import load_styles, make_band

    params = patch.params | {"follow": 0.0, "section": 3.0, "join": "count", "count-in": 1.0, "energy": 0.8}
    params |= {f"part/{part}/on": 1.0 for part in patch.parts}
    band = make_band(Header(patch, 1, params), load_styles())
    ledger, comper = Ledger(), Comper()
    events: list[Event] = [Command(0.0, name, source="soundcheck") for name in ("arm", "start")]
    for step in range(MOST_STEPS):
        now_s = step_time_s(step)
        ledger.book(now_s, band.step(now_s, events).sends)
        transport = band.transport
        beat = transport.beatmap.beat_at(now_s)
        if beat > (LEARN_BARS + LOOP_BARS) * transport.meter.bar_beats:
            break
        bar, bar_beat = transport.bar_of(beat)
        pulse = (beat - bar_beat) // transport.meter.pulse_beats
        events = comper.play(now_s, bar, int(pulse)) if beat >= 0 else []
    meter, beatmap = band.transport.meter, band.transport.beatmap
    first_s, last_s = (
        beatmap.time_at(bars * meter.bar_beats) for bars in (LEARN_BARS, LEARN_BARS + LOOP_BARS)
    )
    played = [note for note in ledger.played() if first_s <= note.on_s < last_s]
    return Line("the whole band", tuple(_hit(note, first_s, last_s) for note in played), last_s - first_s)


def _hit(note: Played, first_s: float, last_s: float) -> Hit:
    off_s = min(last_s, note.off_s or last_s)
    return Hit(note.on_s - first_s, note.part, note.pitch, note.velocity, max(0.03, off_s - note.on_s))


class Comper:
    """A pianist for the groove: a chord a bar, struck on every pulse."""

    def __init__(self) -> None:
        self._place = (-1, -1)
        self._down: tuple[int, ...] = ()

    def play(self, now_s: float, bar: int, pulse: int) -> list[Event]:
        """The keys of this moment."""
        if (bar, pulse) == self._place:
            return []
        self._place, former = (bar, pulse), self._down
        self._down = CHORDS[bar % len(CHORDS)]
        return [
            *(NoteOff(now_s, pitch) for pitch in former),
            *(NoteOn(now_s, pitch, VELOCITY) for pitch in self._down),
        ]
