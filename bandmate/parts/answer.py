"""The lead's answer while you trade: rhythm and contour of what you just played, then a thought of its own.

A turn is composed whole, in eighths, before its first note; pitches are bound as late as all others.
Every draw is keyed by seed and turn. Pure; band's loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random

from bandmate.timing import SLOT_BEATS, Meter

TUNE = 12  # semitones below the highest note: what lies lower goes with the tune
ENOUGH = 3  # notes that make a motif
MOST_LEAP = 4  # steps of the scale
LONGEST_BEATS = 1.0  # of a note within a line
LONG_BEATS = 1.0  # a note so long is no passing one
SEMITONES_A_STEP = 12 / 7
START = (62, 76)  # where an answer may begin

# what a pulse of so many eighths may hold, and how often it does
CELLS: dict[int, tuple[tuple[str, float], ...]] = {
    1: (("x", 0.6), (".", 0.4)),
    2: (("xx", 0.42), ("x.", 0.28), (".x", 0.22), ("..", 0.08)),
    3: (("x.x", 0.34), ("xxx", 0.3), (".xx", 0.22), ("x..", 0.14)),
    4: (("x.xx", 0.3), (".xx.", 0.25), ("xxx.", 0.25), ("x..x", 0.2)),
}
STEPS = ((1, 0.58), (2, 0.24), (3, 0.12), (4, 0.06))
TURNS = 0.3  # how often a line turns within a run


@dataclass(frozen=True, slots=True)
class Sung:
    """A note of the line: beats since the turn began, its length, its tone (`melody.py`), how struck."""

    beat: float
    beats: float
    tone: str
    touch: str


Question = tuple[tuple[float, int], ...]


@lru_cache(maxsize=64)
def answer(seed: int, begin: float, bars: int, meter: Meter, question: Question) -> tuple[Sung, ...]:
    """The notes of a turn that begins on a beat and has so many bars."""
    chance = Random(f"{seed}/answer/{begin:g}")
    quoted = _motif(question, bars, meter)
    own_from = max(bars // 2, 1) if quoted else 0
    own = _rhythm(own_from, bars, meter, chance)
    if quoted and quoted[-1][0] >= own_from * meter.slots - 2:  # take a breath between the two
        own = [slot for slot in own if slot >= own_from * meter.slots + round(meter.pulse_beats / SLOT_BEATS)]
    moves = _contour([pitch for _, pitch in quoted], chance)
    places = [slot for slot, _ in quoted] + own
    moves += _wander(len(own), chance, first=not quoted)
    return _sung(places, moves, bars, meter, chance)


def _motif(question: Question, bars: int, meter: Meter) -> list[tuple[int, int]]:
    """The half of what was asked that says most, the later one in doubt: eighths from its start, and pitches.

    Empty where too little was played to make anything of.
    """
    half = max(bars // 2, 1) * meter.slots
    top = max((pitch for _, pitch in question), default=0)
    strokes = {round(beat / SLOT_BEATS): pitch for beat, pitch in question if pitch >= top - TUNE}
    halves = [
        [(slot - first, pitch) for slot, pitch in sorted(strokes.items()) if 0 <= slot - first < half]
        for first in (bars * meter.slots - half, 0)
    ]
    said = max(halves, key=len)
    return said if len(said) >= ENOUGH else []


def _rhythm(first: int, bars: int, meter: Meter, chance: Random) -> list[int]:
    """Eighths of the lead's own bars: phrases of two bars that begin on one or after it and end in a rest."""
    found: list[int] = []
    for bar in range(first, bars):
        ends = bar == bars - 1 or (bar - first) % 2 == 1
        stops = max(1, (meter.pulses + (chance.random() < 0.5)) // 2) if ends else meter.pulses
        for pulse in range(meter.pulses):
            begin, end = (round(meter.place_of(at) / SLOT_BEATS) for at in (pulse, pulse + 1))
            cells = CELLS[end - begin]
            cell = chance.choices([cell for cell, _ in cells], [weight for _, weight in cells])[0]
            if (ends and pulse > stops) or (not ends and pulse == 0 and chance.random() < 0.4):
                continue
            if ends and pulse == stops:
                cell = "x"  # the last note of the phrase, held
            found += [bar * meter.slots + begin + at for at, mark in enumerate(cell) if mark == "x"]
    return found


def _contour(pitches: list[int], chance: Random) -> list[str]:
    """The ups and downs of what was played, in steps of the scale; its end goes another way now and then."""
    if not pitches:
        return []
    low, high = START
    begin = pitches[0]
    while begin < low:
        begin += 12
    while begin > high:
        begin -= 12
    moves = [f"n{begin}"]
    for before, after in pairwise(pitches):
        steps = round((after - before) / SEMITONES_A_STEP) or (after > before) - (after < before)
        while abs(steps) > MOST_LEAP:
            steps -= 7 if steps > 0 else -7  # an octave nearer
        moves.append(f"m{steps:+d}")
    if len(moves) > ENOUGH and chance.random() < 0.6:
        moves[-1] = f"m{chance.choice((-2, -1, 1, 2)):+d}"
    return moves


def _wander(count: int, chance: Random, first: bool) -> list[str]:
    """A line of its own: mostly steps, a leap now and then that turns it round."""
    moves: list[str] = []
    way = chance.choice((-1, 1))
    for number in range(count):
        if number == 0 and first:
            moves.append(f"n{chance.randint(*START)}")
            continue
        size = chance.choices([size for size, _ in STEPS], [weight for _, weight in STEPS])[0]
        moves.append(f"m{way * size:+d}")
        if size > 2 or chance.random() < TURNS:
            way = -way
    return moves


def _sung(places: list[int], moves: list[str], bars: int, meter: Meter, chance: Random) -> tuple[Sung, ...]:
    """Places and moves as notes: chord tones on the pulses and before rests, ends that ring."""
    pulse = round(meter.pulse_beats / SLOT_BEATS)
    found = []
    for number, (place, move) in enumerate(zip(places, moves, strict=True)):
        after = places[number + 1] if number + 1 < len(places) else bars * meter.slots
        gap = (after - place) * SLOT_BEATS
        ends = gap > meter.pulse_beats
        on_pulse = place % meter.slots % pulse == 0
        rests = on_pulse or gap >= LONG_BEATS
        tone = f"{move}!" if move[0] == "m" and rests else move
        beats = min(gap, LONGEST_BEATS + ends * chance.choice((0.0, 0.5)))
        loud = not on_pulse and (number == 0 or place - places[number - 1] > 1)
        found.append(Sung(place * SLOT_BEATS, beats, tone, "X" if loud else "x" if on_pulse else "o"))
    return tuple(found)
