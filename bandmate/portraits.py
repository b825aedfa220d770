"""Portraits: pictures of the console's screens, as SVG, with a song that was really rehearsed.

`bandmate console --pictures DIR`: the band plays a song of a shipped setlist in virtual time with a pianist
who reads the chart; then the console is drawn as it would be at that moment. The same pictures every time.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandmate import programme
from bandmate import setlist as setlists
from bandmate.band import Band
from bandmate.errors import BadFile
from bandmate.events import Command, Event, NoteOff, NoteOn, RigReady, Status
from bandmate.rehearsal import load_styles, make_band
from bandmate.show.take import Header
from bandmate.soundnames import sound_names, sounds_of
from bandmate.timing import step_time_s

SETLIST, SONG, SEED = "covers", "Sunday Shoes", 7
UNTIL_BEAT = 74.3  # where the pictures are taken: bar 19, its third beat
ASKED = ((50.0, "part/guitar/level", 0.85), (66.0, "energy", 0.65), (72.5, "fill", None))  # on the way there
SIZE = (120, 36)
LEFT, RIGHT = 48, 60  # the pianist's hands begin here
PATIENCE_STEPS = 20000


class Pianist:
    """Plays what the chart says, a chord on each pulse but the last one of a bar."""

    def __init__(self) -> None:
        self.down: list[int] = []
        self._pulse = -1

    def step(self, band: Band, now_s: float) -> list[Event]:
        """The keys of this step."""
        transport = band.transport
        pulse = int(transport.beatmap.beat_at(now_s) / transport.meter.pulse_beats)
        if not transport.running or pulse == self._pulse:
            return []
        self._pulse = pulse
        chord = band.plan.chart(pulse * transport.meter.pulse_beats + 0.01)
        events: list[Event] = [NoteOff(now_s, pitch, "pianist") for pitch in self.down]
        resting = chord is None or pulse % transport.meter.pulses == transport.meter.pulses - 1
        self.down = [] if resting else [LEFT + chord.root] if chord is not None else []
        if chord is not None and not resting:
            self.down += sorted(RIGHT + tone for tone in chord.pitch_classes)
        return events + [NoteOn(now_s, pitch, 84 - 6 * (pulse % 2), "pianist") for pitch in self.down]


class Sitting:
    """A link to a band that holds still for its picture."""

    gone = False

    def __init__(self, status: Status, notes: list[Any], rig: RigReady) -> None:
        self.status, self.rig, self._notes = status, rig, notes

    def start(self) -> None:
        """Nothing to be opened."""

    def stop(self) -> None:
        """Nothing to be closed."""

    def take(self) -> tuple[Status, list[Any]]:
        """The moment, and the notes before it, once."""
        notes, self._notes = self._notes, []
        return self.status, notes

    def away_s(self) -> float:
        """It is here."""
        return 0.0

    def send(self, command: Command) -> None:
        """A picture obeys nobody."""

    def supervise(self, command: Command) -> None:
        """Nor does its supervisor."""


def rehearsed(until_beat: float = UNTIL_BEAT) -> Sitting:
    """The song, played as far as that beat."""
    evening = setlists.load(SETLIST)
    place = next(index for index, entry in enumerate(evening.entries) if entry.title == SONG)
    song = evening.entries[place].song
    assert song is not None
    band = make_band(Header(song.patch, SEED, {}, evening=evening), load_styles())
    pianist, status, notes = Pianist(), Status(0.0, "off"), list[Any]()
    asked: list[tuple[float, str, Any]] = list(ASKED)
    for step in range(PATIENCE_STEPS):
        now_s = step_time_s(step)
        beat = band.transport.beatmap.beat_at(now_s)
        events = pianist.step(band, now_s)
        if step < 2:
            name, value = ("song", str(place + 1)) if step == 0 else ("start", None)
            events.append(Command(now_s, name, value, "portrait"))
        while asked and band.transport.running and beat >= asked[0][0]:
            _, name, value = asked.pop(0)
            events.append(Command(now_s, name, value, "portrait"))
        shown = band.step(now_s, events).status
        if shown is not None:
            status, notes = shown, notes + list(shown.notes)
            if band.transport.running and beat >= until_beat:
                break
    sounds = sounds_of(band, sound_names(band, evening))
    status = replace(
        status, sounds=sounds, inputs=("pianist",), devices={"out": "none: a rehearsal", "in": ""}
    )
    return Sitting(status, notes, RigReady(0.0, setlist=programme.listed(evening)))


async def _draw(sitting: Sitting, folder: Path, size: tuple[int, int]) -> list[Path]:
    from bandmate.console.app import Console
    from bandmate.console.keymap import default_keys
    from bandmate.console.screens import SCREENS

    app = Console(sitting, default_keys())
    found = []
    async with app.run_test(size=size) as pilot:
        for row in SCREENS:
            await pilot.press(row.key)
            await pilot.pause(0.2)  # some frames
            path = folder / f"{row.name}.svg"
            path.write_text(app.export_screenshot(title="bandmate"), encoding="utf-8")
            found.append(path)
    return found


def draw(folder: Path, size: tuple[int, int] = SIZE, until_beat: float = UNTIL_BEAT) -> list[Path]:
    """Every screen into a folder, one file each; raises BadFile where it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_draw(rehearsed(until_beat), folder, size))
    except OSError as error:
        raise BadFile(f"{folder} cannot be written ({error.strerror}); name another --pictures") from None
