"""A line that sings: which pitch its next note is, from where the line was. Pure; `binding.py` remembers.

A tone is `n67`, the chord's tone next to that pitch, or `m+2`, so many steps of the scale from the last
note, with `!` behind it to come to rest on a tone of the chord.
"""

from __future__ import annotations

from bandmate.harmony import Chord, Key, scale_for

LOW, HIGH = 58, 84  # Bb3 to C6
HOME = 70


def sung_pitch(tone: str, last: int | None, chord: Chord, key: Key | None) -> int:
    """The pitch of a line's tone over a chord; `last` is where the line was."""
    if tone.startswith("n") or last is None:
        return _nearest(chord.tones, int(tone[1:]) if tone.startswith("n") else HOME, None)
    steps, rests = int(tone[1:].rstrip("!")), tone.endswith("!")
    pitch = _walked(last, steps, scale_for(chord, key))
    if pitch is None:  # out of its range: the other way
        steps = -steps
        pitch = _walked(last, steps, scale_for(chord, key))
    if pitch is None:
        pitch = min(max(last, LOW), HIGH)
    return _nearest(chord.tones, pitch, last if steps else None) if rests else pitch


def sings(tone: str) -> bool:
    """Whether a tone is one of these."""
    return tone[:1] in ("n", "m")


def _walked(pitch: int, steps: int, scale: tuple[int, ...]) -> int | None:
    """So many tones of the scale up or down; None where that leaves the range."""
    way = 1 if steps > 0 else -1
    left = abs(steps)
    if left == 0 and pitch % 12 not in scale:
        left = 1  # the last note is no tone here: the next one below
    while left:
        pitch += way
        if not LOW <= pitch <= HIGH:
            return None
        left -= pitch % 12 in scale
    return pitch


def _nearest(tones: tuple[int, ...], pitch: int, other_than: int | None) -> int:
    """The pitch in the range that is nearest to one, of these pitch classes, and not the last one again."""
    near = [at for at in range(LOW, HIGH + 1) if at % 12 in tones and at != other_than]
    return min(near, key=lambda at: (abs(at - pitch), at))
