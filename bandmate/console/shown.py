"""What a screen shows in one frame: the band's snapshot, and what the console itself adds.

Frozen, made by the app at its frame rate, handed to every panel. Screen process only; knows no
musical rule: the line of plain text is a `Status` put in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bandmate.events import RigReady, Status

IDLE = ("off", "armed")  # nothing sounds


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame. `more` reads a field of the snapshot that an older rig may not send."""

    status: Status = field(default_factory=lambda: Status(0.0, "off"))
    now_s: float = 0.0  # of the frame, on the clock of the snapshot
    notes: tuple[Any, ...] = ()  # new since the frame before: part, pitch, beat, beats, velocity
    away: str = ""  # why the snapshot is old: the band isn't there
    message: str = ""  # what the console itself has to say
    locked: bool = False
    place: str = "now"  # where the next action lands
    screen: str = ""
    rig: RigReady = field(default_factory=lambda: RigReady(0.0))  # log, load, setlist

    def more(self, name: str, otherwise: Any) -> Any:
        """A field of the snapshot, or what stands for it where the rig doesn't send it."""
        return getattr(self.status, name, otherwise)

    @property
    def idle(self) -> bool:
        """Whether nothing sounds and nothing counts."""
        return self.status.state in IDLE


def plain_line(status: Status) -> str:
    """Where the music is, in one line of every screen: `112 bpm  17.3  Am7 → D7`."""
    words = [f"{status.bpm:.0f} bpm"]
    if status.state not in IDLE:
        words.append(f"{status.bar}.{status.pulse}")
        chord = status.chord or "-"
        words.append(f"{chord} → {status.next_chord}" if status.next_chord else chord)
    return "  ".join(words)


def song_words(status: Status) -> str:
    """The song and its place on the list; empty where the band plays without one."""
    return f"{status.entry} {status.song}" if status.entry else status.song


def section_words(status: Status) -> str:
    """The section by its name, or by how big it is."""
    return status.section_name or {1: "quiet", 2: "normal", 3: "big"}.get(status.section, "")
