"""The command palette: everything that can be steered, by its name; Textual's, fed from `controls.py`.

`energy 0.7` sets it, `style bossa` finds the style, `fill` plays one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from bandmate import controls
from bandmate.console.keymap import OWN, PER_PART, Deed, deed, meaning
from bandmate.console.screens import SCREENS
from bandmate.errors import BandmateError
from bandmate.events import PARTS

if TYPE_CHECKING:
    from bandmate.console.app import Console

HIDDEN = ("palette", "quit")  # it is open already; `end` asks before it ends


class Finder(Provider):
    """Actions, parameters with their choices, styles, screens, and what is the console's own."""

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def _deeds(self) -> Iterator[tuple[str, Deed]]:
        for screen in SCREENS:
            yield f"screen {screen.name}", Deed("screen", screen.name)
        for name in (*OWN, *(row.name for row in controls.ACTIONS)):
            if name not in HIDDEN:
                yield name, deed(name)
        for kind in PER_PART:
            for part in PARTS:
                yield f"{kind} {part}", Deed(kind, part)
        for style in self.console.styles_listed:
            yield f"style {style}", Deed("param", "style", style)
        for row in controls.PARAMS:
            for choice in row.choices:
                yield f"{row.name} {choice}", Deed("param", row.name, choice)
            if not isinstance(row.default, str):
                for end, share in (("least", 0.0), ("half", 0.5), ("most", 1.0)):
                    value = row.low + share * (row.high - row.low)
                    yield f"{row.name} {end}: {value:g}", Deed("param", row.name, value)

    async def discover(self) -> Hits:
        """What there is, before anything is typed."""
        for words, done in self._deeds():
            if done.kind in ("action", "own", "screen"):
                yield DiscoveryHit(words, partial(self.console.do, done), help=meaning(done))

    async def search(self, query: str) -> Hits:
        """What is named so; a whole deed (`energy 0.7`) goes first."""
        try:
            exact = deed(query)
            yield Hit(2.0, query, partial(self.console.do, exact), help=meaning(exact))
        except BandmateError:
            pass
        matcher = self.matcher(query)
        for words, done in self._deeds():
            score = matcher.match(words)
            if score > 0 and words != query:
                yield Hit(score, matcher.highlight(words), partial(self.console.do, done), help=meaning(done))
