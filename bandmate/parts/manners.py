"""Manners: who makes room for the performer, and what a player does who doesn't know what comes.

Pure functions, in the band's loop. `hits.py` and `touch.py` are the manners that remember.
"""

from __future__ import annotations

from dataclasses import replace

from bandmate.events import Note
from bandmate.harmony import Chord
from bandmate.parts.bassline import HIGHEST, LOWEST, Hand

NEAR_BEATS = 0.12  # a key struck this shortly before a bar line is that bar's
MAKE_ROOM = ("keys", "pad", "lead")  # they thin out under a busy performer; drums and bass never do
BUSY, BUSIEST = 2.0, 5.0  # the performer's onsets a beat where room is made, and where all of it is
MOST_ROOM = 0.4  # of density
LEFT_HAND_TOP = 48  # a line below C3 is the performer's own bass
HELD_BEATS = 64.0  # a doubled note ends with the performer's; this is only its longest
PLAIN = ("1", "1-", "8", "low", "same")  # a bass note that is its chord's root
DOUBLED = "="  # a tone that names its own pitch


def thinned(part: str, density: float, onsets_a_beat: float) -> float:
    """A part's density beside a performer who plays so many onsets a beat."""
    if part not in MAKE_ROOM:
        return density
    share = (onsets_a_beat - BUSY) / (BUSIEST - BUSY)
    return max(0.0, density - MOST_ROOM * min(max(share, 0.0), 1.0))


def doubled(pitch: int, velocity: int, beat: float) -> Note:
    """The bass note that goes with a key of the left hand: an octave below where the neck goes so far."""
    low = pitch - 12 if pitch - 12 >= LOWEST else pitch + 12 if pitch < LOWEST else pitch
    return Note("bass", beat, HELD_BEATS, f"{DOUBLED}{low}", velocity)


def doubles(note: Note) -> bool:
    """Whether a note is a doubled one."""
    return note.part == "bass" and note.tone.startswith(DOUBLED)


def careful(note: Note) -> Note:
    """What a player makes of a note over a chord that is only guessed: the bass keeps to its root.

    Fifths, steps and approaches would say more of the harmony than anybody knows; an octave says nothing.
    """
    if note.part != "bass" or note.tone in PLAIN or doubles(note):
        return note
    return replace(note, tone="8" if note.tone[0] in "5678" else "1")


def common_tone(hand: Hand | None, chord: Chord | None, likely: Chord | None) -> int | None:
    """What the bass may play where one of two chords will come: its root, or another tone of both.

    None: it leaves the kick alone.
    """
    if hand is None or chord is None or likely is None:
        return None
    both = chord.pitch_classes & likely.pitch_classes
    if hand.root % 12 in both:
        return hand.root
    near = [pitch for pitch in range(LOWEST, HIGHEST + 1) if pitch % 12 in both]
    return min(near, key=lambda pitch: abs(pitch - hand.pitch), default=None)
