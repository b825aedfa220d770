"""Mixer: a strip for each player, for you, the click and the whole: level, mute, solo, sound, reverb.

The keys are those that mean nothing elsewhere (arrows, X, Z), so that no stage key changes its meaning
here; the mouse sets a fader where it is clicked. Screen process only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding
from textual.widget import Widget

from bandmate import controls
from bandmate.console.band_screen import BandScreen
from bandmate.console.panel import Panel, Piece, Row, gauge, paint_of
from bandmate.console.shown import Shown
from bandmate.events import Status

STEP, REVERB_STEP = 0.05, 0.05
HIGHEST = 1.5
NAME, METER, FADER, STATE, REVERB = 8, 10, 10, 9, 8  # columns
KEYS = "↑↓ strip  ←→ level  X mute  Z solo  shift+←→ reverb  ctrl+←→ sound  home level 1"
OTHERS = (("you", "performer"), ("click", "click"), ("main", "master"))


@dataclass(frozen=True, slots=True)
class Strip:
    """One channel of the desk: whose it is, and the parameter of its fader."""

    name: str
    fader: str
    part: bool = False


def strips(status: Status) -> list[Strip]:
    """The strips from left to right, which is from top to bottom here."""
    found = [Strip(part, f"part/{part}/level", True) for part in status.parts]
    return found + [Strip(name, fader) for name, fader in OTHERS]


class Desk(Panel):
    """The strips, one of them chosen."""

    can_focus = True
    rate_hz: ClassVar[float] = 10.0
    BINDINGS: ClassVar[list[Any]] = [
        Binding("up", "choose(-1)"), Binding("down", "choose(1)"),
        Binding("left", "fade(-1)"), Binding("right", "fade(1)"), Binding("home", "unity"),
        Binding("X", "switch('mute')"), Binding("Z", "switch('solo')"),
        Binding("shift+left", "wet(-1)"), Binding("shift+right", "wet(1)"),
        Binding("ctrl+left", "sound(-1)"), Binding("ctrl+right", "sound(1)"),
    ]  # fmt: skip

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.chosen = 0

    def rows(self, shown: Shown) -> list[Row]:
        """A heading, the strips with room between them where there is room, and the keys."""
        status, width = shown.status, self.size.width
        roomy = self.size.height >= 2 * len(strips(status)) + 4
        wide = max(6, FADER + (width - 80) // 4)
        heading = f"  {'':{NAME}}{'loud':{METER + 2}}{'level':{wide + 6}}{'':{STATE}}{'reverb':{REVERB}}sound"
        found: list[Row] = [((heading, "dim"),)]
        for number, strip in enumerate(strips(status)):
            found += [()] if roomy else []
            found.append(self._strip(status, strip, number == self.chosen, wide))
        found += [(), ((KEYS if width > len(KEYS) else KEYS.replace("  ", " "), "dim"),)]
        return found

    def _strip(self, status: Status, strip: Strip, chosen: bool, wide: int) -> Row:
        level = float(status.params.get(strip.fader, 1.0))
        loud = status.levels.get(strip.name, 0.0)
        paint = paint_of(strip.name)
        top = top_of(strip.fader)
        pieces: list[Piece] = [
            ("▸ " if chosen else "  ", "pick"), (f"{strip.name:{NAME}}", "title" if chosen else paint),
            (f"{gauge(loud, METER) if strip.name in status.levels else '':{METER}}  ", paint),
            (f"{gauge(level / top, wide)} {level:4.2f} ", "bright" if chosen else "plain"),
        ]  # fmt: skip
        if not strip.part:
            return tuple(pieces)
        word, how = state_of(status, strip.name)
        pieces += [
            (word, how),
            (" " * (STATE - len(word)), "plain"),
            (f"{status.reverb.get(strip.name, 0.0):4.2f}    ", "plain"),
        ]
        return (*pieces, (status.sounds.get(strip.name, ""), "plain"))

    # -------------------------------------------------------------- keys and mouse

    @property
    def strip(self) -> Strip:
        """The chosen one."""
        there = strips(self.shown.status)
        self.chosen = min(self.chosen, len(there) - 1)
        return there[self.chosen]

    def steer(self, name: str, value: float) -> None:
        """Within what the parameter takes."""
        row = controls.BY_NAME.get(name)
        if row is not None:
            self.console.steer(name, round(min(row.high, max(row.low, value)), 3))

    def _param(self, name: str) -> float:
        return self.console.value_of(name)

    def action_choose(self, step: int) -> None:
        """Another strip."""
        self.chosen = (self.chosen + step) % len(strips(self.shown.status))
        self.show(self.shown, at_once=True)

    def action_fade(self, step: int) -> None:
        """The fader up or down."""
        self.steer(self.strip.fader, self._param(self.strip.fader) + step * STEP)

    def action_unity(self) -> None:
        """The fader where it was made to stand."""
        row = controls.BY_NAME.get(self.strip.fader)
        self.steer(self.strip.fader, 1.0 if row is None else float(row.default))

    def action_switch(self, what: str) -> None:
        """Mute or solo, the other way round."""
        if self.strip.part:
            name = f"part/{self.strip.name}/{what}"
            self.steer(name, 0.0 if self._param(name) >= 0.5 else 1.0)

    def action_wet(self, step: int) -> None:
        """More or less of a part in the reverb; of the whole: how loud the reverb comes back."""
        if self.strip.name == "main":
            self.steer("reverb", self._param("reverb") + step * REVERB_STEP)
        elif self.strip.part:
            name = f"part/{self.strip.name}/reverb"
            asked, own = self._param(name), self.shown.status.reverb.get(self.strip.name, 0.0)
            self.steer(name, max(0.0, (own if asked < 0 else asked) + step * REVERB_STEP))

    def action_sound(self, step: int) -> None:
        """The next sound of a part's bank; below the first one is the patch's own."""
        if self.strip.part:
            name = f"part/{self.strip.name}/program"
            self.steer(name, self._param(name) + step)

    def on_click(self, event: events.Click) -> None:
        """A strip is chosen where it is clicked, and its fader set."""
        at = next((n for n in range(len(strips(self.shown.status))) if self._row_of(n) == event.y), None)
        if at is None:
            return
        self.chosen = at
        left = 2 + NAME + METER + 2
        wide = max(6, FADER + (self.size.width - 80) // 4)
        if left <= event.x < left + wide:
            top = top_of(self.strip.fader)
            self.steer(self.strip.fader, top * (event.x - left + 1) / wide)
        self.show(self.shown, at_once=True)

    def _row_of(self, number: int) -> int:
        roomy = self.size.height >= 2 * len(strips(self.shown.status)) + 4
        return 2 * number + 2 if roomy else number + 1


def top_of(fader: str) -> float:
    """How far a fader goes up."""
    row = controls.BY_NAME.get(fader)
    return HIGHEST if row is None else row.high


def state_of(status: Status, part: str) -> tuple[str, str]:
    """Whether a part is heard, in a word, and its paint."""
    if part in status.muted:
        return "MUTED", "poor"
    if status.soloed:
        return ("SOLO", "fair") if part in status.soloed else ("unheard", "dim")
    how = status.parts.get(part, "off")
    return {"on": ("plays", "good"), "waiting": ("coming", "pick")}.get(how, ("rests", "dim"))


class MixerScreen(BandScreen):
    """The desk."""

    def body(self) -> Iterable[Widget]:
        """All of it."""
        yield Desk(id="desk")
