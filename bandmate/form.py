"""The form: sections, fills, breaks, endings, and who of the band plays, how hard.

Decides for each eighth note what kind of moment it is, so that the parts agree. Cues are taken at
musical places; the place is fixed when the cue comes and shown until then. Pure state inside
`Band.step` (band process); everything random belongs to the parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bandmate.events import PARTS, Heard, Level, Moment, Send, Slot
from bandmate.trade import Trade

FILL_EVERY_BARS = 8  # no automatic fill more often
REST_BARS = 2.0  # of silence before the band plays thinner
FADE_BARS = 4
VAMP_BARS = 8
TAG_BARS = 8  # the last four bars twice more
UP_BARS, DOWN_BARS = 4.0, 2.0  # loudness moves the energy, quicker down than up
BIG, NORMAL, QUIET = 3, 2, 1
FILL_BEATS = 2.0
WILD, HUSHED = 0.5, -0.5  # an audience so lifted gets longer fills; one so quiet none by itself
STROKES = ("ending", "tag", "vamp-out")  # endings on a stroke at a known place


@dataclass(frozen=True, slots=True)
class Figure:
    """A fill, break or final hit: where it begins, and how long it lasts."""

    kind: str
    beat: float
    beats: float

    def holds(self, beat: float) -> bool:
        """Whether a place lies inside."""
        return self.beat - 1e-6 <= beat < self.beat + self.beats - 1e-6


class Form:
    """What the band plays when. `parts` are the members of the patch, in the order of their entrance."""

    def __init__(self, parts: tuple[str, ...], seed: int) -> None:
        self.people(parts)
        self.seed = seed
        self.lift = 0.0  # where the audience pulls the fills, -1 to 1
        self.begin()

    def people(self, parts: tuple[str, ...]) -> None:
        """Who is in the band."""
        self.members = tuple(part for part in PARTS if part in parts)

    def begin(self, section: int = NORMAL, in_song: bool = False, bar: int = 0) -> None:
        """A song begins in a section on a bar, with no cue pending; in one with a form, fills go by that."""
        self.section = section
        self.in_song = in_song
        self.section_ends = False  # in a song: the bar that is decided is the last of its section
        self.figures: list[Figure] = []
        self.ending = ""  # tag, fade, vamp-out, ending: which one was cued
        self.end_beat: float | None = None  # the final stroke falls here
        self.over_beat: float | None = None  # and here it is over
        self.trade: Trade | None = None  # you and a soloist take turns
        self.thin = 0  # how often *less* was asked: 0, 1 (less), 2 (bass only)
        self.energy = 0.5  # as the performer's loudness moved it
        self.turns: list[tuple[float, Callable[[], None], str]] = []  # changes waiting for a bar line
        self._vamp_bar = 0  # the bar before the performer's rest, while the band vamps
        self._mood_bar = -1  # energy and rest are read once a bar, so that a bar stays in one piece
        self._rested, self._bar_energy = False, self.energy
        self.intro_until = 0.0  # up to this beat the style's intro is played
        self._filled_bar = bar - FILL_EVERY_BARS if in_song else 0
        self._energy_bar = float(bar)

    # -------------------------------------------------------------- cues

    def cue(self, name: str, moment: Moment, next_bar: Callable[[float, float], float],
            later: Callable[[float, int], float]) -> None:  # fmt: skip
        """Take a cue; `next_bar(beat, least)` is the transport's bar line, `later(line, bars)` one later."""
        pulse = moment.meter.pulse_beats
        line = next_bar(moment.beat, pulse)  # taken up to one pulse before the bar line
        if name == "fill":
            self._fill(moment, line)
        elif name in ("break", "hits"):
            self.figures.append(Figure(name, line, moment.meter.bar_beats))
        elif name in ("next-section", "previous-section"):
            step = 1 if name == "next-section" else -1
            self.at(line, lambda: self.to_section(self.section + step), name)
            if step > 0:
                self._fill(moment, line)
        elif name in ("ending", "tag", "vamp-out"):
            self._end(name, moment, line, later)

    def cue_soon(self, name: str, moment: Moment, beat: float, line: float,
                 later: Callable[[float, int], float]) -> None:  # fmt: skip
        """A cue that doesn't wait for the bar `line`: from a beat on."""
        if name in ("fill", "break", "hits"):
            self.figures.append(Figure(name, beat, line - beat))
            self._filled_bar = moment.bar + 1 if name == "fill" else self._filled_bar
        elif name in ("next-section", "previous-section"):
            step = 1 if name == "next-section" else -1
            self.at(beat, lambda: self.to_section(self.section + step), name)
        else:
            self._end(name, moment, beat if name == "ending" else line, later)

    def fill_into(self, line: float, bar: int) -> None:
        """A fill that ends on a bar line further on."""
        self.figures.append(Figure("fill", line - FILL_BEATS, FILL_BEATS))
        self._filled_bar = bar

    def _fill(self, moment: Moment, line: float) -> None:
        room = line - moment.beat
        beats = min(
            moment.meter.bar_beats, 2.0 if room < moment.meter.bar_beats / 2 + 1 else 4.0, max(room, 0.5)
        )
        begin = math.ceil((line - beats) * 2 - 1e-6) / 2
        self.figures.append(Figure("fill", begin, line - begin))
        self._filled_bar = moment.bar + 1

    def _end(self, name: str, moment: Moment, line: float, later: Callable[[float, int], float]) -> None:
        """The final stroke: a second press means now."""
        if self.end_beat is not None and name == "ending":
            line = math.ceil((moment.beat + 0.25) * 2) / 2
        bars = {"tag": TAG_BARS, "vamp-out": VAMP_BARS}.get(name, 0)
        self.end_beat = later(line, bars) if bars else line
        self.ending = name
        length = max(2 * moment.meter.pulse_beats, 2.0)
        self.over_beat = self.end_beat + length
        self.figures = [Figure("hit", self.end_beat, length)]
        self.turns.clear()
        if name != "vamp-out" and self.end_beat - moment.beat > 2.5:
            self.figures.append(Figure("fill", self.end_beat - 2.0, 2.0))

    def fade(self, moment: Moment) -> Send:
        """Fade the band out, then it is over."""
        beats = FADE_BARS * moment.meter.bar_beats
        self.ending, self.end_beat = "fade", moment.beat + beats
        self.over_beat = self.end_beat
        return Level("band", 0.0, moment.beatmap.seconds(beats))

    def at(self, beat: float, change: Callable[[], None], name: str = "") -> None:
        """Let something change when the slot at a beat is decided; screens show its `name` until then."""
        self.turns.append((beat, change, name))

    def to_section(self, section: int) -> None:
        """1 quiet, 2 normal, 3 big."""
        self.section = max(QUIET, min(BIG, section))

    # -------------------------------------------------------------- every slot

    def hear(self, heard: Heard, moment: Moment, floor: float) -> None:
        """The performer's loudness moves the energy over two to four bars, quicker down than up."""
        place = moment.beat / moment.meter.bar_beats
        bars = max(0.0, min(1.0, place - self._energy_bar))
        self._energy_bar = place
        wanted = max(0.0, min(1.0, floor + (heard.dynamics - 0.5)))
        over = UP_BARS if wanted > self.energy else DOWN_BARS
        self.energy += (wanted - self.energy) * min(1.0, bars * 2 / over)

    def slot(self, empty: Slot, moment: Moment, heard: Heard, on_rest: str) -> Slot:
        """Fill in what kind of eighth note this is. `empty` has beat, bar, meter, tempo and params."""
        for turn in [turn for turn in self.turns if turn[0] <= empty.beat + 1e-6]:
            self.turns.remove(turn)
            turn[1]()
        self._automatic_fill(empty, moment)
        self.figures = [figure for figure in self.figures if figure.beat + figure.beats > empty.beat + 1e-6]
        figure = next((figure for figure in self.figures if figure.holds(empty.beat)), None)
        if self._mood_bar != empty.bar:
            rested_bars = moment.beatmap.beats(heard.resting_s) / moment.meter.bar_beats
            self._mood_bar, self._bar_energy = empty.bar, self.energy
            resting = rested_bars >= REST_BARS
            self._rested = resting and on_rest == "down"
            if not (resting and on_rest == "vamp"):
                self._vamp_bar = empty.bar
        if empty.bar > self._vamp_bar:  # the same two bars again and again
            empty = replace(empty, bar=self._vamp_bar + (empty.bar - self._vamp_bar) % 2)
        section, energy, density = self.section, self._bar_energy, empty.density
        if self._rested:
            section, energy, density = max(QUIET, section - 1), energy * 0.6, density * 0.6
        if self.ending == "vamp-out" and self.end_beat is not None:
            left = (self.end_beat - empty.beat) / (VAMP_BARS * moment.meter.bar_beats)
            section, density, energy = QUIET, density * max(0.1, left), energy * (0.4 + 0.6 * max(0.0, left))
        return replace(
            empty, section=section, energy=energy, density=density, seed=self.seed,
            figure=figure.kind if figure else "intro" if empty.beat < self.intro_until - 1e-6 else "groove",
            figure_beat=figure.beat if figure else empty.beat,
            figure_beats=figure.beats if figure else 0.0,
            entry=self._entry(empty.entry, figure),
            crash=empty.entry == "full" and self._filled_bar == empty.bar and empty.bar > 0,
        )  # fmt: skip

    def _entry(self, careful: str, figure: Figure | None) -> str:
        if careful == "rubato" and figure is not None and figure.kind == "hit":
            return "full"  # the last stroke is everybody's
        if careful != "full" or self.thin == 0:
            return careful
        return "less" if self.thin == 1 else "bass"

    def _automatic_fill(self, slot: Slot, moment: Moment) -> None:
        if self._vamp_bar < slot.bar - 1:  # vamping
            return
        due = self.section_ends if self.in_song else (slot.bar + 1) % FILL_EVERY_BARS == 0
        last = due and slot.bar - self._filled_bar >= FILL_EVERY_BARS - 1
        if last and slot.entry == "full" and not self.ending and not self.figures and not self.thin:
            line = slot.bar_beat + slot.meter.bar_beats
            if self.lift <= HUSHED:
                return
            beats = slot.meter.bar_beats if self.lift >= WILD else min(2.0, slot.meter.bar_beats / 2)
            self.figures.append(Figure("fill", line - math.floor(beats * 2) / 2, math.floor(beats * 2) / 2))
            self._filled_bar = slot.bar + 1

    # -------------------------------------------------------------- saved and restored

    def state_now(self) -> dict[str, Any]:
        """What a restarted band needs to play the same section with the same people."""
        kept = self.ending if self.ending in STROKES else ""
        return {
            "section": self.section, "thin": self.thin, "energy": self.energy, "ending": kept,
            "end_beat": self.end_beat if kept else None, "over_beat": self.over_beat if kept else None,
            "trade": self.trade and self.trade.state_now(),
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on in the section that was playing."""
        self.section, self.thin, self.energy = saved["section"], saved["thin"], saved["energy"]
        self.ending, self.end_beat, self.over_beat = saved["ending"], saved["end_beat"], saved["over_beat"]
        self.trade = Trade.restore(saved["trade"]) if saved["trade"] else None
        if self.end_beat is not None and self.over_beat is not None:
            self.figures = [Figure("hit", self.end_beat, self.over_beat - self.end_beat)]
