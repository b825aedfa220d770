"""Grooves that lead beat trackers astray: swing comping, blues shuffle, syncopated drums, humanly played.

Seeded excerpts for `bandmate bench pulse`: notes with human timing and dynamics, and where the pulses
truly fall. Pure; imports events and timing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bandmate.events import NoteOn
from bandmate.timing import BeatMap, swung

SECONDS = 40.0
SLOPPY_S = 0.010  # how far a good player's strokes lie from the groove (standard deviation)
DRIFT = 0.004  # how much the tempo wanders from pulse to pulse, as a share,
HOMING = 0.15  # and how strongly it is drawn back
SLOWEST_BPM, FASTEST_BPM = 70.0, 190.0
DRUMS = 9
KICK, SNARE, HAT, OPEN_HAT, RIDE, SIDE_STICK = 36, 38, 42, 46, 51, 37

# a bar of comping: on which beats (swung eighths) the chord falls; the Charleston and its kin
COMPING: tuple[tuple[float, ...], ...] = (
    (0.0, 1.5), (0.5, 2.0), (1.5, 3.5), (1.0, 2.5), (0.0, 2.5), (1.5,), (0.0, 1.5, 3.0), (2.5, 3.5),
    (1.0, 3.0), (0.0, 1.0, 2.0, 3.0), (0.5, 1.5, 3.0), (3.5,), (0.0, 3.5), (1.5, 2.5), (0.0, 0.5, 2.0),
)  # fmt: skip
CHANGES = ((2, 5, 9, 12), (-5, 5, 9, 11), (0, 4, 7, 11), (-3, 1, 4, 7))  # ii V I VI, above C
TWELVE_BARS = (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)
BOOGIE = (0, 0, 7, 7, 9, 9, 7, 7)  # the left hand's climb, two notes a pulse
LICKS: tuple[tuple[int, ...], ...] = (  # a pulse of the right hand, in triplets
    (), (0,), (0, 2), (0, 1, 2), (1, 2), (2,), (0, 2), (),
)  # fmt: skip
# bars of drums on the sixteenths: kick, snare (ghosts below), hat or bell
SYNCOPATED: tuple[tuple[Collection[int], Collection[int], Collection[int]], ...] = (
    ((0, 3, 6, 10), (4, 12), range(0, 16, 2)),  # tresillo kick
    ((0, 2, 7, 10, 13), (4, 12), range(0, 16, 2)),  # funk
    ((0, 6, 11, 14), (4, 12), range(2, 16, 4)),  # hats on the off-beats
    ((3, 6, 11, 14), (4, 12), range(0, 16, 2)),  # the kick avoids every beat
    ((0, 3, 10), (4, 7, 9, 12, 15), range(0, 16, 1)),  # linear, with ghosts
    ((0, 6, 8, 14), (3, 6, 10, 12), range(0, 16, 2)),  # surdo and clave
    ((0, 7, 8, 15), (4, 10, 12), (0, 3, 4, 6, 8, 10, 12, 14)),  # afrobeat
    ((3, 6, 7, 11, 14, 15), (2, 4, 10, 12), (0, 4, 6, 8, 12, 14)),  # songo
    ((0, 10), (4, 14), range(0, 16, 2)),  # the second backbeat comes late
    ((0, 3, 7, 10, 14), (4, 12), range(2, 16, 4)),  # broken disco
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a performer plays from time 0 on, and when the pulses of the music truly fall."""

    name: str
    bpm: float
    notes: tuple[NoteOn, ...]
    pulses_s: tuple[float, ...]


def excerpts(kind: str, number: int = 10) -> list[Excerpt]:
    """Excerpts of one kind (`GROOVES`), from slow to fast; always the same ones."""
    found = []
    for index in range(number):
        rng = random.Random(f"{kind} {index}")
        bpm = SLOWEST_BPM * (FASTEST_BPM / SLOWEST_BPM) ** ((index + rng.random()) / number)
        found.append(Player(f"{kind} {index}, {bpm:.0f} bpm", bpm, rng).play(GROOVES[kind], index))
    return found


class Player:
    """Plays in beats, with a human's timing: sloppy strokes over a tempo that wanders."""

    def __init__(self, name: str, bpm: float, rng: random.Random) -> None:
        self.name, self.bpm, self.rng = name, bpm, rng
        self.figure = COMPING[0]
        self.notes: list[NoteOn] = []
        self.pulses_s = [0.0]
        pace = 0.0
        while self.pulses_s[-1] < SECONDS:
            pace += rng.gauss(0, DRIFT) - HOMING * pace
            self.pulses_s.append(self.pulses_s[-1] + BeatMap(bpm * (1 + pace), 0.0, 0.0).seconds(1))

    def play(self, bar: Callable[[Player, int, int], None], variant: int) -> Excerpt:
        """Bar after bar; the last, unfinished one is left out."""
        for number in range((len(self.pulses_s) - 1) // 4):
            bar(self, number, variant)
        self.notes.sort(key=lambda note: note.time_s)
        return Excerpt(self.name, self.bpm, tuple(self.notes), tuple(self.pulses_s[:-1]))

    def strike(self, beat: float, pitches: tuple[int, ...], velocity: float, channel: int = 0) -> None:
        """Keys or drums struck together."""
        whole = min(int(beat), len(self.pulses_s) - 2)
        exact_s = self.pulses_s[whole] + (beat - whole) * (self.pulses_s[whole + 1] - self.pulses_s[whole])
        exact_s += self.rng.gauss(0, SLOPPY_S)
        for pitch in pitches:
            loud = round(min(max(self.rng.gauss(velocity, 7), 15), 127))
            apart_s = abs(self.rng.gauss(0, 0.003))
            self.notes.append(NoteOn(max(exact_s + apart_s, 0.0), pitch, loud, channel=channel))

    def drum(self, beat: float, pitch: int, velocity: float) -> None:
        """One drum."""
        self.strike(beat, (pitch,), velocity, DRUMS)


def swing(player: Player, bar: int, variant: int) -> None:
    """Jazz piano: a comping figure that stays for two bars, then another; some left hands mark the bar."""
    rng = player.rng
    ratio = 0.67 - 0.10 * (player.bpm - SLOWEST_BPM) / (FASTEST_BPM - SLOWEST_BPM)
    if bar == 0 or bar % 2 == 0 or rng.random() < 0.3:
        player.figure = rng.choice(COMPING)
    chord = CHANGES[bar % 4]
    for beat in player.figure:
        ahead = CHANGES[(bar + 1) % 4] if beat == 3.5 else chord  # the last off-beat belongs to what comes
        loud = 82 if beat % 1 else 74
        player.strike(4 * bar + swung(beat, ratio), tuple(60 + tone for tone in ahead), loud)
    if variant % 2 and rng.random() < 0.8:
        player.strike(4 * bar, (36 + chord[0] % 12,), 70)
    if variant % 4 == 3:
        for beat in range(1, 4):
            player.strike(4 * bar + beat, (36 + chord[beat] % 12 + (12 if beat == 2 else 0),), 66)


def shuffle(player: Player, bar: int, variant: int) -> None:
    """Twelve-eight blues: a boogie left hand and licks in triplets, or the same from a drummer."""
    rng = player.rng
    root = TWELVE_BARS[bar % 12]
    for pulse in range(4):
        beat = 4 * bar + pulse
        if variant % 2:
            player.drum(beat, RIDE, 78)
            player.drum(beat + 2 / 3, RIDE, 66)
            if pulse % 2 or rng.random() < 0.15:
                player.drum(beat, SNARE, 100)
            if pulse % 2 == 0 or rng.random() < 0.3:
                player.drum(beat + (2 / 3 if rng.random() < 0.35 else 0), KICK, 92)
            if rng.random() < 0.3:
                player.drum(beat + rng.choice((1 / 3, 2 / 3)), SNARE, 38)
            continue
        for place, step in ((0.0, 0), (2 / 3, 1)):
            tone = BOOGIE[(2 * pulse + step) % 8]
            player.strike(beat + place, (36 + root, 43 + root if tone < 9 else 45 + root), 78 - 6 * step)
        for third in rng.choice(LICKS):
            pitches = tuple(60 + root + tone for tone in rng.choice(((4, 7, 10), (3,), (10,), (7, 12), (9,))))
            player.strike(beat + third / 3, pitches, 84)


def syncopated(player: Player, bar: int, variant: int) -> None:
    """A drummer who plays around the beat; every fourth bar something is left out or added."""
    rng = player.rng
    kicks, snares, hats = SYNCOPATED[variant % len(SYNCOPATED)]
    for place in range(16):
        beat = 4 * bar + place / 4
        changed = bar % 4 == 3 and rng.random() < 0.2
        if (place in kicks) != changed:
            player.drum(beat, KICK, 100 if place in kicks else 70)
        if place in snares:
            player.drum(beat, SNARE, 102 if place in (4, 12) or len(snares) < 3 else 60)
        elif rng.random() < 0.05:
            player.drum(beat, SNARE, 30)
        if place in hats:
            player.drum(beat, OPEN_HAT if place % 4 == 2 and variant % 3 == 2 else HAT, 78 - 14 * (place % 2))


GROOVES: dict[str, Callable[[Player, int, int], None]] = {
    "swing comping": swing, "blues shuffle": shuffle, "syncopated drums": syncopated,
}  # fmt: skip
