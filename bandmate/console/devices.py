"""Devices: what is plugged in, how late it is, who works how hard, what came back, and the soundcheck.

The soundcheck is a process of its own, run when it is asked for and nothing sounds. Screen process only.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import Binding
from textual.widget import Widget

from bandmate.console.band_screen import BandScreen
from bandmate.console.panel import Panel, Row, gauge
from bandmate.console.shown import Shown

KEYS = "f9 soundcheck (where nothing sounds)  page up and down turn its pages"
COUNTS = ("sound xruns", "sound late", "sound dropped", "late", "dropped", "reconnects", "ears stumbles",
          "ears overruns", "take dropped", "sound echoes", "sound limited")  # fmt: skip
BAD = ("xruns", "late", "dropped", "stumbles", "overruns", "reconnects")  # each of them is worth a look
LATE_MS = 30.0  # a way to the loudspeaker that a soundcheck refuses
FULL = 0.9  # of a core: that process is at its end
MARKS = {"ok": ("ok  ", "good"), "hm": ("hm  ", "fair"), "no": ("NO  ", "loud")}
NAME = 14
HALF = 50  # columns that a column of its own needs
PATIENCE_S = 60.0


class Findings:
    """What the soundcheck says, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.running = False

    async def run(self, words: Sequence[str]) -> None:
        """Run it beside the screen; what it prints comes as it comes."""
        self.lines, self.running = [], True
        try:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            assert process.stdout is not None
            async with asyncio.timeout(PATIENCE_S):
                async for line in process.stdout:
                    self.lines.append(line.decode(errors="replace").rstrip())
            await process.wait()
        except (OSError, TimeoutError) as error:
            self.lines.append(f"no  the soundcheck did not end ({error or 'it took too long'})")
        finally:
            self.running = False


class Plugs(Panel):
    """Sound devices, ports, counters and processes, and the findings below."""

    can_focus = True
    rate_hz: ClassVar[float] = 2.0
    BINDINGS: ClassVar[list[Any]] = [
        Binding("f9", "check"), Binding("pagedown", "turn(1)"), Binding("pageup", "turn(-1)"),
    ]  # fmt: skip
    WORDS = (sys.executable, "-m", "bandmate", "soundcheck")

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.findings = Findings()
        self._page = 0

    def rows(self, shown: Shown) -> list[Row]:
        """Two columns where there is room, else one below the other."""
        left = [*self._sound(shown), (), *self._counts(shown)]
        right = self._processes(shown)
        half = self.size.width // 2
        rows = _beside(left, right, half) if half >= HALF else [*left, (), *right]
        return [*rows, (), *self._found(max(3, self.size.height - len(rows) - 2)), ((KEYS, "dim"),)]

    def _sound(self, shown: Shown) -> list[Row]:
        status = shown.status
        output, source = status.devices.get("out", ""), status.devices.get("in", "")
        slow = status.latency_ms > LATE_MS
        late = f"{status.latency_ms:.1f} ms" + (": TOO LATE for a stage" if slow else " to the loudspeaker")
        hears = (source, "bright") if source else ("none", "dim")
        return [
            _row("sound", output or "NONE: MIDI only", "bright" if output else "poor"),
            _row("latency", late, "loud" if slow else "plain"),
            _row("microphone", *hears),
            _row("MIDI in", ", ".join(status.inputs) or "NO KEYBOARD", "plain" if status.inputs else "poor"),
            _row("MIDI out", ", ".join(status.outputs) or "none", "plain" if status.outputs else "dim"),
        ]

    def _counts(self, shown: Shown) -> list[Row]:
        """Counters that are not at rest, loud ones first; calm in one word where all are."""
        counters = shown.status.counters
        moved = [(name, counters.get(name, 0)) for name in COUNTS if counters.get(name, 0)]
        if not moved:
            return [_row("counters", "all at rest", "good")]
        found = []
        for name, count in moved:
            bad = any(word in name for word in BAD)
            found.append(_row(name, f"{count}" + (" !" if bad else ""), "poor" if bad else "plain"))
        return found

    def _processes(self, shown: Shown) -> list[Row]:
        rig = shown.rig
        if not rig.load:
            return [_row("processes", "the supervisor is not heard", "poor")]
        found: list[Row] = []
        for name, share in rig.load.items():
            again = rig.restarts.get(name, 0)
            row = _row(name, f"{gauge(share, 10)} {share:4.0%}  ", "plain")
            trouble = f"STARTED AGAIN {again} x" if again else "NO ROOM LEFT" if share > FULL else ""
            found.append((*row, (trouble, "loud")) if trouble else row)
        return found

    def _found(self, room: int) -> list[Row]:
        lines = self.findings.lines
        if self.findings.running and not lines:
            return [(("the soundcheck listens …", "pick"),)]
        pages = max(1, -(-len(lines) // room))
        self._page = min(self._page, pages - 1)
        return [
            ((mark, paint), (line[len(mark) :] if mark else line, paint if mark == "NO  " else "plain"))
            for line in lines[self._page * room : (self._page + 1) * room]
            for mark, paint in (MARKS.get(line[:2], ("", "plain")),)
        ]

    # -------------------------------------------------------------- keys

    def action_check(self) -> None:
        """Run the soundcheck, unless something sounds."""
        if self.console.kept_out():
            return
        if not self.console.shown.idle:
            self.console.say("the soundcheck waits until the band is silent")
        elif not self.findings.running:
            self._page = 0
            self.run_worker(self._check(), exclusive=True)

    async def _check(self) -> None:
        await self.findings.run(self.WORDS)
        self.show(self.shown, at_once=True)

    def action_turn(self, step: int) -> None:
        """Another page of the findings."""
        self._page = max(0, self._page + step)
        self.show(self.shown, at_once=True)


def _row(name: str, words: str, paint: str) -> Row:
    return ((f"{name:{NAME}}", "dim"), (words, paint))


def _beside(left: Sequence[Row], right: Sequence[Row], column: int) -> list[Row]:
    """Two columns of rows as one."""
    found: list[Row] = []
    for number in range(max(len(left), len(right))):
        row = left[number] if number < len(left) else ()
        width = sum(len(text) for text, _ in row)
        other = right[number] if number < len(right) else ()
        found.append((*row, (" " * max(2, column - width), "plain"), *other))
    return found


class DevicesScreen(BandScreen):
    """What is plugged in."""

    def body(self) -> Iterable[Widget]:
        """All of it."""
        yield Plugs(id="plugs")
