"""Accents: how much each struck note tells about the pulse. Pure; imports events only."""

from __future__ import annotations

import math

from bandmate.events import NoteOn

DRUM_CHANNEL = 9
KICKS, SNARES, CRASHES = (35, 36), (38, 40), (49, 57)
TOMS, SIDE_STICK = (41, 43, 45, 47, 48, 50), (37,)
DRUM_WEIGHTS = {
    **dict.fromkeys(KICKS, 1.5),
    **dict.fromkeys(SNARES, 1.1),
    **dict.fromkeys(CRASHES, 1.0),
    37: 0.8,  # side stick
    **dict.fromkeys((51, 59), 0.6),  # rides
    **dict.fromkeys((42, 44), 0.4),  # closed hats
    46: 0.5,  # open hat
}
OTHER_DRUM = 0.6
BASS_BELOW, TENOR_BELOW = 48, 55


def pulse_weight(note: NoteOn) -> float:
    """How much a note marks the pulse: its velocity, more for a bass note, by kind for a drum."""
    loud = 0.35 + 0.65 * note.velocity / 127
    if note.channel == DRUM_CHANNEL:
        return loud * DRUM_WEIGHTS.get(note.pitch, OTHER_DRUM)
    if note.pitch < BASS_BELOW:
        return loud * 1.6
    return loud * (1.25 if note.pitch < TENOR_BELOW else 1.0)


def pooled(weight: float) -> float:
    """Notes struck together as one onset of strength 0..1."""
    return 1 - math.exp(-0.9 * weight)


def unpooled(strength: float) -> float:
    """The weight that would be pooled as an onset of this strength; a microphone knows the strength alone."""
    return -math.log(1 - min(strength, 0.95)) / 0.9
