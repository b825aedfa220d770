"""What a screen shows in one frame: the band's snapshot, and what the console itself adds.

Frozen, made by the app at its frame rate, handed to every panel. Screen process only; knows no
musical rule: the line of plain text is a `Status` put in words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

from bandmate.events import RigReady, Status
from bandmate.timing import Meter

IDLE = ("off", "armed")  # nothing sounds


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame."""

    status: Status = field(default_factory=lambda: Status(0.0, "off"))
    now_s: float = 0.0  # of the frame, on the clock of the snapshot
    away: str = ""  # why the snapshot is old: the band isn't there
    message: str = ""  # what the console itself has to say
    locked: bool = False
    place: str = ""  # where the next cue lands; empty: where its row says
    screen: str = ""
    rig: RigReady = field(default_factory=lambda: RigReady(0.0))  # log, load, setlist

    @property
    def idle(self) -> bool:
        """Whether nothing sounds and nothing counts."""
        return self.status.state in IDLE


def plain_line(status: Status) -> str:
    """Where the music is, in one line of every screen: `112 bpm  17.3  Am7 → D7`."""
    words = [f"{status.bpm:.0f} bpm"]
    if status.state not in IDLE:
        words.append(f"{status.bar}.{status.pulse}")
        chord = chord_word(status) or "-"
        words.append(f"{chord} → {status.next_chord}" if status.next_chord else chord)
    return "  ".join(words)


def chord_word(status: Status) -> str:
    """The chord; one that nobody played has a question mark (and screens show it dim)."""
    return f"{status.chord}?" if status.guessed and status.chord else status.chord


def song_words(status: Status) -> str:
    """The song and its place on the list; empty where the band plays without one."""
    return f"{status.entry} {status.song}" if status.entry else status.song


def section_words(status: Status) -> str:
    """The section by its name, or by how big it is."""
    return status.section_name or {1: "quiet", 2: "normal", 3: "big"}.get(status.section, "")


def crowd(shown: Shown) -> dict[str, float]:
    """The crowd's mood as the band believes it; empty where nobody senses one."""
    return shown.status.mood


def part_state(shown: Shown, part: str) -> str:
    """What a part does, in a word: plays, rests, comes in, MUTED, or not heard beside a soloist."""
    if part in shown.status.muted:
        return "MUTED"
    soloed = shown.status.soloed
    if soloed and part not in soloed:
        return "not solo"
    return {"on": "plays", "waiting": "comes in"}.get(shown.status.parts.get(part, "off"), "rests")


def rung_words(shown: Shown) -> tuple[str, str]:
    """Who decides the notes now, and the paint: fresh is the best; without a model the understudy is."""
    rung = shown.status.rung
    modelled = any(shown.status.rungs.get(name) for name in ("fresh", "tail", "held")) or rung != "understudy"
    if not modelled or shown.idle:
        return ("understudy", "plain") if not modelled else (rung, "plain")
    return {
        "fresh": ("fresh: the model plays", "good"),
        "tail": ("tail: what the model wrote ahead", "fair"),
        "understudy": ("UNDERSTUDY: the model is late or gone", "poor"),
        "held": ("HELD: nothing new comes", "loud"),
    }.get(rung, (rung, "poor"))


def coming(shown: Shown) -> list[str]:
    """What has been asked for and how many pulses away it is: `fill in 3`."""
    status, pulse = shown.status, Meter.parse(shown.status.meter).pulse_beats
    here = float(shown.status.beat)
    return [
        f"{name} in {max(1, math.ceil((beat - here) / pulse - 1e-3))}" for name, beat in shown.status.pending
    ] or ([status.figure] if status.figure not in ("", "groove") else [])


def clock_words(seconds: float) -> str:
    """A length of time as a clock shows it: `1:04:12`."""
    whole = timedelta(seconds=int(seconds))
    return str(whole).removeprefix("0:")
