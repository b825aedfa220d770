"""The road through a song: which bar of which section is played when, and where the cues lead.

Sections follow each other bar by bar; a cue turns off at a bar line and is shown until then. Anchored to the
transport's bar numbers, so a corrected "one" or another tempo moves nothing. Pure state inside `Band.step`;
imports only the bottom layer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bandmate.chart import ChartBar
from bandmate.setlist import Section, Song
from bandmate.timing import Meter

REMEMBERED = 64  # bars
LOOKED_AHEAD = 24  # bars: as far as a tag or a vamp goes
TAG_BARS, TAG_TIMES = 4, 2


@dataclass(frozen=True, slots=True)
class Spot:
    """A bar of a song: the place in the form, the bar of that section, how often it has been round."""

    at: int = 0
    bar: int = 0
    round: int = 0


class Roadmap:
    """Where the band is in its song; without a song it knows nothing and says so."""

    def __init__(self) -> None:
        self.song: Song | None = None
        self.begin(None)

    def begin(self, song: Song | None, bar: int = 0) -> None:
        """A song from its first section, which begins on a bar of the transport."""
        self.song = song
        self.first_bar = bar  # of the transport's bars
        self.bar = bar - 1  # the newest bar that was decided
        self.spot: Spot | None = None
        self.vamping = False  # the section goes round until the next cue
        self.repeats = 0  # so many times more
        self._shifts: dict[int, int] = {}  # from a bar on: by how many semitones the key was moved by cue
        self.mark: Spot | None = None
        self.turn: tuple[int, Spot] | None = None  # a cue: from this bar on, there
        self._detour: deque[Spot] = deque()  # what is played before the road goes on
        self._trail: dict[int, Spot] = {}
        self._ahead: list[Spot] = []  # the bars after the newest one; empty: to be looked up again

    # -------------------------------------------------------------- going

    def go(self, bar: int) -> bool:
        """Decide bars up to this one; True if a section (or another round of it) begins on it."""
        if self.song is None or bar <= self.bar:
            return False
        came_from, self._ahead = self.spot, []
        for number in range(self.bar + 1, bar + 1):
            self.spot = self._step(number)
            self._trail[number] = self.spot
        self.bar = bar
        for old in [number for number in self._trail if number < bar - REMEMBERED]:
            del self._trail[old]
        assert self.spot is not None
        return self.spot.bar == 0 or came_from is None or came_from.at != self.spot.at

    def _step(self, number: int) -> Spot:
        if self.turn is not None and number >= self.turn[0]:
            spot, self.turn = self.turn[1], None
            self._detour.clear()
            self.vamping, self.repeats = False, 0
            return spot
        if self._detour:
            return self._detour.popleft()
        if self.spot is None:
            return Spot()
        following = self._after(self.spot)
        if self.repeats and following.bar == 0 and following.at == self.spot.at:
            self.repeats -= 1
        return following

    def _after(self, spot: Spot) -> Spot:
        """What follows a bar if nobody cues."""
        section = self.section_of(spot)
        if spot.bar + 1 < section.bars:
            return Spot(spot.at, spot.bar + 1, spot.round)
        if section.open or self.vamping or self.repeats or self.last(spot):
            return Spot(spot.at, 0, spot.round + 1)
        return Spot(spot.at + 1)

    def _coming(self) -> Iterator[Spot]:
        """The bars after the newest decided one, as they will come without another cue."""
        spot, detour, turn = self.spot, deque(self._detour), self.turn
        for number in range(self.bar + 1, self.bar + 1 + LOOKED_AHEAD):
            if turn is not None and number >= turn[0]:
                spot, turn = turn[1], None
                detour.clear()
            elif detour:
                spot = detour.popleft()
            else:
                spot = Spot() if spot is None else self._after(spot)
            yield spot

    def spot_of(self, bar: int) -> Spot | None:
        """The spot that is, was or will be played in a bar; None: nobody knows."""
        if self.song is None or bar > self.bar + LOOKED_AHEAD:
            return None
        if bar <= self.bar:
            return self._trail.get(bar)
        if not self._ahead:
            self._ahead = list(self._coming())
        return self._ahead[bar - self.bar - 1]

    # -------------------------------------------------------------- what stands there

    def section_of(self, spot: Spot) -> Section:
        """The section of a spot."""
        assert self.song is not None
        return self.song.sections[self.song.form[spot.at]]

    def last(self, spot: Spot) -> bool:
        """Whether this is the last section of the form."""
        return self.song is not None and spot.at == len(self.song.form) - 1

    def chart_bar(self, bar: int) -> tuple[ChartBar | None, int]:
        """The chart's bar there, and by how many semitones it is moved; None: the band listens."""
        spot = self.spot_of(bar)
        if spot is None or self.song is None:
            return None, 0
        section = self.section_of(spot)
        return section.bar(spot.bar), self.song.transpose + section.transpose + self.shift(bar)

    def shift(self, bar: int) -> int:
        """By how many semitones a cue has moved the key in a bar."""
        if not self._shifts:
            return 0
        return next((self._shifts[since] for since in sorted(self._shifts, reverse=True) if since <= bar), 0)

    def move(self, bar: int, semitones: int) -> None:
        """The chart in another key from a bar on, so many semitones from the written one."""
        before = self.shift(bar - 1)
        self._shifts = {bar: semitones} | ({bar - REMEMBERED: before} if bar > self.bar >= 0 else {})

    def odd_bars(self) -> dict[int, Meter]:
        """Single bars in another meter from the newest bar on, by number."""
        if self.song is None or self.spot is None:
            return {}
        if not any(bar.meter for section in self.song.sections for bar in section.chart):
            return {}
        found: dict[int, Meter] = {}
        for number in range(self.bar, self.bar + LOOKED_AHEAD + 1):
            bar, _ = self.chart_bar(number)
            if bar is not None and bar.meter is not None:
                found[number] = bar.meter
        return found

    def bars_left(self) -> int:
        """Bars until this section, as it is now, is over; the one under way counts."""
        return 0 if self.spot is None else self.section_of(self.spot).bars - self.spot.bar

    def coming_section(self, bar: int) -> str:
        """The name of the section that is played when this one is over; empty: nothing new comes."""
        here = self.spot_of(bar) or Spot()
        for number in range(max(bar, self.bar) + 1, self.bar + LOOKED_AHEAD + 1):
            spot = self.spot_of(number)
            if spot is not None and spot.at != here.at:
                return self.section_of(spot).name
        if self.song is None or self.last(here):
            return ""
        return self.section_of(Spot(here.at + 1)).name

    def ends_here(self) -> bool:
        """Whether the newest bar is the last of its section, and something begins after it."""
        return self.spot is not None and self.bars_left() == 1 and not self._detour

    # -------------------------------------------------------------- cues

    def cue_next(self, line_bar: int, steps: int) -> int:
        """Next (1) or previous (-1) section; returns the bar on which it begins.

        A section that goes round until it is cued ends its round first, unless it is asked twice.
        """
        if self.song is None or self.spot is None:
            return line_bar
        at = min(max(self.spot.at + steps, 0), len(self.song.form) - 1)
        bar = line_bar
        goes_round = self.section_of(self.spot).open or self.vamping
        if steps > 0 and goes_round and self.turn is None and not self._detour:
            bar = max(line_bar, self.bar + self.bars_left())
        self.cue(bar, Spot(at))
        return bar

    def cue(self, line_bar: int, spot: Spot) -> None:
        """Go to a spot on a bar line."""
        self.turn, self._ahead = (line_bar, spot), []

    def again(self) -> None:
        """The section once more."""
        self.repeats, self._ahead = self.repeats + 1, []

    def vamp(self) -> None:
        """The section again and again until the next cue; once more: as it is written."""
        self.vamping, self._ahead = not self.vamping, []

    def find(self, name: str) -> Spot | None:
        """The section of a name, the next one of that name first."""
        if self.song is None:
            return None
        wanted = name.strip().lower()
        here = -1 if self.spot is None else self.spot.at
        found = [
            at for at, index in enumerate(self.song.form)
            if self.song.sections[index].name.lower() == wanted
        ]  # fmt: skip
        return Spot(next((at for at in found if at > here), found[0])) if found else None

    def tag(self, line_bar: int) -> None:
        """From a bar line on, the last four bars twice more."""
        spots = [self.spot_of(bar) for bar in range(line_bar - TAG_BARS, line_bar)]
        known = [spot for spot in spots if spot is not None]
        before = [spot for bar in range(self.bar + 1, line_bar) if (spot := self.spot_of(bar)) is not None]
        self.turn, self._ahead = None, []
        self._detour = deque([*before, *(known * TAG_TIMES if len(known) == TAG_BARS else [])])

    # -------------------------------------------------------------- saved and restored

    def state_now(self) -> dict[str, Any]:
        """What a restarted band needs to go on in the same bar."""
        spot = self.spot
        return {
            "bar": self.bar, "first_bar": self.first_bar,
            "spot": None if spot is None else [spot.at, spot.bar, spot.round],
            "vamping": self.vamping, "repeats": self.repeats, "shift": self.shift(self.bar),
        }  # fmt: skip

    def restore(self, song: Song | None, saved: dict[str, Any]) -> None:
        """Go on in a song where a dead band was."""
        self.begin(song, int(saved["first_bar"]))
        if song is None or saved["spot"] is None or saved["spot"][0] >= len(song.form):
            return
        self.bar, self.spot = int(saved["bar"]), Spot(*saved["spot"])
        self.vamping, self.repeats = bool(saved["vamping"]), int(saved["repeats"])
        self._shifts = {0: int(saved["shift"])}
        self._trail = {self.bar: self.spot}
