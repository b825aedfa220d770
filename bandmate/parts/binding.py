"""Late pitch binding: a degree becomes a pitch when its note is sent, and again if the chord turns.

The grammar of `Note.tone`:
- drums: a name out of `kit.KIT`.
- bass: `1 3 5 6 7` above the root, `8` the octave, `1- 3- 5- 6- 7-` below, `low` the lowest root;
  `step+ step-` the next scale tone and `chord+ chord-` the next chord tone up or down from the last
  note; `same` repeats it; `approach` leads into the root of the chord ahead, `toward` does so in the
  scale. The first note of a new chord is what the style's `bass_note` says.
- keys, guitar, pad, lead: `v0`..`v3`, a voice of one voice-led chord, lowest first.
- `+9` after a voice: seventh chords without root, with ninth.
- `n67`, `m+2`, `m-1!` (lead): the next note of a line that sings (`melody.py`).
- `d43` (bass, lead): a canonical degree as the model writes it (`harmony.degree_pitch`); under a new chord
  the bass takes the root first.
- `>` (bass and voices): bound to the chord ahead, an anticipation.
- `~` (voices): the diminished chord a half step below the root ahead, which passes into it.
- `=43` (bass): that very pitch, whatever the chord: the performer's left hand, doubled.
- `@48-67` at the end: the pitches that the chord must stay within.

One Binder a band, owned by the band's loop. Imports only the bottom layer and its own room.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from bandmate.events import Note
from bandmate.harmony import Chord, Key, degree_pitch
from bandmate.parts.bassline import Hand, bass_hand, landing, written_hand
from bandmate.parts.kit import KIT
from bandmate.parts.manners import DOUBLED, common_tone, doubles
from bandmate.parts.melody import sings, sung_pitch
from bandmate.parts.voicing import Voicing, voiced

REMEMBERED = 8  # beats that a player can go back to
PASSING = "dim7"  # the quality of a chord that leads to the next one
STABLE_BEATS = 2.0  # a root that stood so long is where the bass stays when nobody knows the chord
OPEN_RANGE = (48, 72)  # C3 to C5, where a tone names no range

Remembered = TypeVar("Remembered", Hand, Voicing, int)


class Binder:
    """Turns degrees into pitches; remembers, per beat, what each player did last.

    `bass_note` is the style's: what the bass lands on under a new chord (root, slash or free).
    """

    def __init__(self) -> None:
        self.bass_note = "slash"  # until the style says otherwise
        self._hands: dict[float, Hand] = {}
        self._voicings: dict[str, dict[float, Voicing]] = {}
        self._line: dict[float, int] = {}  # the lead's

    def pitch(self, note: Note, chord: Chord | None, ahead: Chord | None, key: Key | None) -> int | None:
        """The pitch of a note over a chord, or None where it should not sound.

        `ahead` is the chord at the next bar line as far as anyone knows. Asking again for the same
        note with another chord gives the pitch that it would have had with that chord at once.
        """
        if note.part == "drums":
            return KIT.get(note.tone)
        if note.part == "bass":
            return self._bass(note, chord, ahead, key)
        return None if chord is None else self._voice(note, chord, ahead, key)

    def reset(self) -> None:
        """Forget where everybody was: a new song."""
        self._hands.clear()
        self._voicings.clear()
        self._line.clear()

    def _bass(self, note: Note, chord: Chord | None, ahead: Chord | None, key: Key | None) -> int | None:
        before = _before(self._hands, note.beat)
        if doubles(note):
            return self._doubled(int(note.tone.removeprefix(DOUBLED)), note.beat, chord)
        if chord is None:
            return self._stable_root(note.beat)
        if note.tone.startswith("d"):
            hand = written_hand(int(note.tone[1:]), before, landing(self.bass_note, chord, before))
            _remember(self._hands, note.beat, hand)
            return hand.pitch
        ahead = None if ahead is None else landing(self.bass_note, ahead, before)
        hand = bass_hand(note.tone, before, landing(self.bass_note, chord, before), ahead, key)
        _remember(self._hands, note.beat, hand)
        return hand.pitch

    def _doubled(self, pitch: int, beat: float, chord: Chord | None) -> int:
        """The performer's own note; the line goes on from there."""
        if chord is not None:
            _remember(self._hands, beat, Hand(pitch, pitch, chord))
        return pitch

    def _stable_root(self, beat: float) -> int | None:
        """Where the bass stays while nobody knows the chord: the newest root that stood for two beats."""
        earlier = sorted(done for done in self._hands if done < beat)
        if not earlier:
            return None
        newest = self._hands[earlier[-1]].root
        until = beat
        for done in reversed(earlier):
            root = self._hands[done].root
            begun = min(other for other in earlier if self._hands[other].root == root)
            if until - begun >= STABLE_BEATS:
                return root
            until = done
        return newest

    def in_doubt(self, note: Note, chord: Chord | None, likely: Chord | None) -> int | None:
        """What is played on a change that nobody knows: chords wait, the bass finds a tone of both or rests.

        `likely` is the chord that may come.
        """
        if note.part != "bass":
            return None
        before = _before(self._hands, note.beat)
        pitch = common_tone(before, chord, likely)
        if pitch is not None and before is not None:
            _remember(self._hands, note.beat, replace(before, pitch=pitch))
        return pitch

    def _voice(self, note: Note, chord: Chord, ahead: Chord | None, key: Key | None) -> int | None:
        if note.tone.startswith("d"):
            return degree_pitch(int(note.tone[1:]), chord)
        if sings(note.tone):
            pitch = sung_pitch(note.tone, _before(self._line, note.beat), chord, key)
            _remember(self._line, note.beat, pitch)
            return pitch
        voice, ninth, whither, low, high = _read(note.tone)
        played = self._voicings.setdefault(note.part, {})
        last = _before(played, note.beat) or ()
        layout = voiced(_meant(chord, ahead, whither), key, ninth, low, high, last)
        _remember(played, note.beat, layout)
        return layout[voice] if voice < len(layout) else None


def _before(memory: dict[float, Remembered], beat: float) -> Remembered | None:
    """What was done last before a beat."""
    earlier = [done for done in memory if done < beat]
    return memory[max(earlier)] if earlier else None


def _remember(memory: dict[float, Remembered], beat: float, done: Remembered) -> None:
    """Keep it under its beat, in place of an earlier answer, and forget the oldest."""
    memory[beat] = done
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]


@lru_cache(maxsize=1024)
def _read(tone: str) -> tuple[int, bool, str, int, int]:
    """A voice's tone as (voice, with ninth, which chord: `>` or `~` or here, lowest, highest pitch)."""
    written, _, pitches = tone.partition("@")
    low, _, high = pitches.partition("-")
    within = (int(low), int(high)) if pitches else OPEN_RANGE
    return int(written[1]), "+9" in written, written[-1] if written[-1] in ">~" else "", *within


def _meant(chord: Chord, ahead: Chord | None, whither: str) -> Chord:
    """The chord that a voice belongs to: here, ahead, or passing from the one to the other."""
    if ahead is None or not whither:
        return chord
    if whither == ">":
        return ahead
    return chord if ahead.root == chord.root else Chord((ahead.root - 1) % 12, PASSING)
