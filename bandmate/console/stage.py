"""Stage: what can be read at two metres, in the dark, with one hand free; nothing flashes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Horizontal
from textual.widget import Widget

from bandmate.console.alarm import Alarm
from bandmate.console.band_screen import BandScreen
from bandmate.console.bigtext import LARGEST, BigText
from bandmate.console.crowd_row import CrowdRow
from bandmate.console.shown import Shown, chord_word, section_words
from bandmate.console.whereabouts import Whereabouts
from bandmate.console.who import Who


class StageScreen(BandScreen):
    """Bar and beat, song and section, chord and next chord, who plays, one alarm line."""

    CSS_PATH: ClassVar[str] = "stage.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]  # noqa: RUF012 (as Textual declares it)

    def body(self) -> Iterable[Widget]:
        """From the top."""
        sizes = {"song": 2, "players": 1}
        names = ("beat", "left", "song", "section", "chord", "next", "players")
        self.big = {name: BigText(name, sizes.get(name, LARGEST), name not in sizes) for name in names}
        yield Horizontal(self.big["beat"], self.big["left"], id="time")
        yield self.big["song"]
        yield self.big["section"]
        yield Whereabouts(id="whereabouts")
        yield Horizontal(self.big["chord"], self.big["next"], id="chords")
        yield self.big["players"]
        yield Who(id="who")
        yield CrowdRow(id="crowd")
        yield Alarm(id="alarm")

    def show(self, shown: Shown, at_once: bool = False) -> None:
        """The big letters, then the rows."""
        status, counting = shown.status, shown.status.state == "counting"
        beat = f"{status.bar}.{status.pulse}" if not counting else f"{status.pulse}"
        self._big("beat", status.state.upper() if shown.idle else beat, "pick" if counting else "plain")
        left = f"-{status.bars_left}" if status.section_name and not shown.idle else ""
        self._big("left", left, "pick" if status.bars_left == 1 else "dim")
        self._big("song", "" if shown.idle else status.song, "dim")
        section = status.trade or section_words(status)
        self._big("section", status.song if shown.idle else section, "pick" if status.trade else "dim")
        chord = status.first_chord if shown.idle else chord_word(status) or "-"
        self._big("chord", chord, "dim" if status.guessed and not shown.idle else "plain")
        self._big("next", f"→{status.next_chord}" if status.next_chord and not shown.idle else "", "dim")
        self._big("players", " ".join(part for part, how in status.parts.items() if how == "on"), "dim")
        super().show(shown, at_once)

    def _big(self, name: str, word: str, paint: str) -> None:
        self.big[name].set(word, paint)
