"""Two hands on the keys: the register in use, the split between the hands, and how long they hold.

Runs in the band process; imports events and this room only. Drums have no hands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise

from bandmate.events import NoteOn
from bandmate.listening.accents import DRUM_CHANNEL
from bandmate.listening.sounding import Key, Tone

REGISTER_KEYS = 64  # so many of the newest keys say where they play
MIDDLE_C = 60.0
HAND = 16  # semitones that one hand reaches at the most
GAP = 5  # semitones between the hands, at the least
GAP_KEYS = 24  # hands that alternate are looked for among so many of the newest keys
MOVE = 0.3  # of the way that the split goes to where the gap is seen
ONE_HAND_S = 8.0  # so long without a gap: there is only one hand
TOGETHER_S = 0.04  # keys this close are one onset
COUNTED_S = 4.0  # activity is counted over this long
HELD_STROKES, ENOUGH_STROKES = 16, 4
REST_S = 2.0  # a stroke that nothing follows for so long says nothing about articulation


class Hands:
    """Feed it strokes and what sounds; read `register`, `hands` (left, right) and `articulation`."""

    def __init__(self) -> None:
        self.split = MIDDLE_C
        self.register: tuple[int | None, int | None] = (None, None)  # nine tenths of the newest keys
        self._keys: deque[int] = deque(maxlen=REGISTER_KEYS)
        self._gap_s = -ONE_HAND_S
        self.hands = (Hand(), Hand())  # left, right

    def hear(self, now_s: float, struck: Sequence[NoteOn], tones: Mapping[Key, Tone]) -> list[NoteOn]:
        """One step; returns the strokes of the hand that has the tune."""
        tune: list[NoteOn] = []
        played = [note for note in struck if note.channel != DRUM_CHANNEL] if struck else ()
        if played:
            self._keys.extend(note.pitch for note in played)
            ordered = sorted(self._keys)
            self.register = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
            self._look_for_gap(now_s, tones)
            split = self._split(now_s)
            for note in played:
                right = note.pitch >= split
                self.hands[right].strike(note)
                if right or split == float("inf"):
                    tune.append(note)
        for hand in self.hands:
            hand.listen(now_s, tones)
        return tune

    def _look_for_gap(self, now_s: float, tones: Mapping[Key, Tone]) -> None:
        """Between the keys under the fingers now, else among the newest keys."""
        fingered = sorted({tone.pitch for tone in tones.values() if tone.fingered})
        middle = _gap(fingered) or _gap(sorted(list(self._keys)[-GAP_KEYS:]))
        if middle is not None:
            self.split += MOVE * (middle - self.split)
            self._gap_s = now_s

    def _split(self, now_s: float) -> float:
        """The lowest key of the right hand now; where there is only one hand, all keys are its own."""
        if now_s - self._gap_s < ONE_HAND_S:
            return self.split
        newest = sorted(list(self._keys)[-GAP_KEYS:])
        return float("-inf") if newest[len(newest) // 2] >= self.split else float("inf")

    @property
    def articulation(self) -> float | None:
        """How much of the time until the next stroke the strokes sound, over both hands."""
        held = [share for hand in self.hands for share in hand.held]
        return sum(held) / len(held) if len(held) >= ENOUGH_STROKES else None


class Hand:
    """The strokes of one hand: how many a second, and how long each sounds, pedal included."""

    def __init__(self) -> None:
        self.held: deque[float] = deque(maxlen=HELD_STROKES)
        self._onsets: deque[float] = deque()
        self._down: dict[Key, float] = {}  # the newest stroke: key and when struck
        self._began_s = -REST_S
        self._silent_s: float | None = None

    def strike(self, note: NoteOn) -> None:
        """A key of this hand."""
        key = (note.port, note.channel, note.pitch)
        if note.time_s - self._began_s > TOGETHER_S:
            self._judge(note.time_s)
            self._onsets.append(note.time_s)
            self._began_s, self._silent_s, self._down = note.time_s, None, {}
        self._down[key] = note.time_s

    def _judge(self, next_s: float) -> None:
        """How much of its time the last stroke sounded, now that the next one is here."""
        gap_s = next_s - self._began_s
        if gap_s <= REST_S:
            until_s = next_s if self._silent_s is None else self._silent_s
            self.held.append(min((until_s - self._began_s) / gap_s, 1.0))

    def listen(self, now_s: float, tones: Mapping[Key, Tone]) -> None:
        """Whether the newest stroke still sounds."""
        while self._onsets and self._onsets[0] < now_s - COUNTED_S:
            self._onsets.popleft()
        if self._silent_s is not None or not self._down:
            return
        for key, struck_s in self._down.items():
            tone = tones.get(key)
            if tone is not None and tone.struck_s == struck_s:
                return
        self._silent_s = now_s

    @property
    def density(self) -> float:
        """Onsets a second over the last seconds, chords counted once."""
        return len(self._onsets) / COUNTED_S


def _gap(pitches: Sequence[int]) -> float | None:
    """The middle of the widest gap, where one hand couldn't reach over all of it."""
    if len(pitches) < 2 or pitches[-1] - pitches[0] <= HAND:
        return None
    width, low = max((high - low, low) for low, high in pairwise(pitches))
    return low + width / 2 if width >= GAP else None
