"""The chord listener: which chord the performer means, as soon as it is struck.

Evidence per pitch class decays and is renewed by what sounds; every chord of `harmony.QUALITIES` on every
root is ranked by it (`naming.py`), helped by the bass, the key, the chord that the song leads us to expect
and the chord we already believe. A struck block of notes pushes the past aside at once, because the band
binds its pitches as late as it can; a single line never re-harmonises. Runs in the band process; imports
events, harmony and its own room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bandmate.events import Hue, NoteOn
from bandmate.harmony import QUALITIES, Chord, Key
from bandmate.listening.accents import DRUM_CHANNEL
from bandmate.listening.ear import BASS_BELOW, Ear, shipped, stroke_evidence, tone_evidence
from bandmate.listening.naming import NAMES, chord_at, index_of, shapes
from bandmate.listening.rootless import LINE_FROM, LOW_BELOW, SETTLED_S, RootsLeftOut
from bandmate.listening.sounding import Sounding
from bandmate.listening.tonality import Tonality

FADE_S = 0.7  # evidence of a note that has ended
TOGETHER_S = 0.04  # notes this close are one stroke
PUSH = 0.2  # what is left of older evidence when a block is struck
BASS_PUSH = 0.25  # or when the bass moves on a pulse
NEAR_PULSE = 0.12
LISTEN_S = 0.05  # how often we think again without a new note
STAY, STAY_QUALITY = 0.03, 0.05  # lead of the root we believe, and of its quality
KEY_BONUS = 0.25
HUE = 0.05  # evidence of a pure colour, each time
HUE_FADE_S = 0.2  # a microphone's evidence fades so fast: it is renewed while it sounds
HUE_STAY = 0.15  # lead of the root we believe
HUE_BASS = 2.0  # a microphone's bass tells more of the chord than its overtones do
HUE_SURE = 0.5  # a lead that makes us sure of it
UNSURE, LOST_S = 0.4, 0.4  # no root is likelier than this for so long: no chord
SEEN_S = 0.5  # a microphone that showed colour so lately is where harmony comes from
APART = 8  # semitones under the rest: a bass of its own
SLASH_S = 0.5  # a bass that was not struck with the chord must last so long to be named
CAUGHT_S = 0.6  # a note that only the pedal holds counts as under the hand for so long
LEFT_BELOW, BROKEN_S = 64, 1.2  # a left hand that breaks its chord does it down here, and so quickly
EAR = 0.5  # what a factor of e in the trained ear's likelihood counts beside the shapes
DEAFEST = -8.0  # no chord is less likely than this to the ear, in factors of e
EXPECTED = 0.3  # lead of a chord that the song surely leads to
STANDS_S, SHOWN_RATE = 16.0, 4.0  # chords stand for so long, and one for so much longer than it sounded
SEVERAL_S = 1.2  # two tones together tell for so long that chords are played
MARGIN = 0.02  # below this lead nothing is claimed

Floats = npt.NDArray[np.float64]


class ChordListener:
    """Feed it what was struck and what sounds; read `chord`, `certainty`, `since_s`, `key`."""

    def __init__(self) -> None:
        self.tonality = Tonality()
        self.chord: Chord | None = None
        self.certainty = 0.0
        self.since_s = 0.0
        self.shown = 0.0  # seconds for which the chords that were played lately stand
        self.expected: Floats | None = None  # how likely each root comes next, minor ones from 12 on
        self._shapes, self._ear, self._weights = shapes(), Ear(), shipped()
        self._roots = RootsLeftOut(self._shapes)
        self._foreign = KEY_BONUS * (self._shapes.diatonic - 1)  # what leaving the key costs, (keys, chords)
        self._evidence = np.zeros(12)
        self._bass: int | None = None
        self._turned_s = 0.0  # when the root changed last
        self._root_s = -1.0  # when the bass had the root last
        self._stroke: list[NoteOn] = []
        self._left: list[NoteOn] = []  # the newest strokes of the left hand
        self._pushed = False
        self._count: float | None = None
        self._chance = np.full(24, 1 / 24)  # of each root and third, by the trained ear
        self._lost_s = 0.0
        self._several_s = -SEVERAL_S  # when two tones sounded together last
        self._seen_s = -SEEN_S - 1.0  # the newest colour of a microphone
        self._now_s = 0.0
        self._thought_s = 0.0

    @property
    def key(self) -> Key | None:
        """The key, when one is clear."""
        return self.tonality.key

    def hear(
        self, now_s: float, struck: Sequence[NoteOn], sounding: Sounding, pulse_count: float | None,
        hues: Sequence[Hue] = (),
    ) -> None:  # fmt: skip
        """One logical step; `pulse_count` with its fraction says where on the pulse it falls."""
        early = now_s - self._thought_s < LISTEN_S - 1e-6
        if early and not struck and not hues:
            return
        notes = [note for note in struck if note.channel != DRUM_CHANNEL]
        colours = [hue for hue in hues if hue.chroma]
        if early and not notes and not colours:
            return
        seconds = now_s - self._thought_s
        self._thought_s = self._now_s = now_s
        self._renew(seconds, sounding)
        self._ear.wait(seconds, now_s, sounding.tones.values())
        for note in notes:
            self._strike(note, pulse_count)
        for hue in colours:
            self._see(hue)
        before, self._count = self._count, pulse_count
        if not sounding.tones and not notes and self._evidence.max() < 1e-3:
            return
        self._follow_bass(sounding, pulse_count, bool(notes))
        self._think(seconds, sounding)
        pulses = None if pulse_count is None or before is None else max(0.0, pulse_count - before)
        self.tonality.hear(seconds, self._evidence, self.chord, pulses)

    @property
    def doubtful(self) -> bool:
        """Whether two tones sounded together lately, and none low: of which chord is then open."""
        lately = self._now_s - self._several_s < SEVERAL_S
        return lately and self._roots.possible(self._now_s) and not self._by_ear

    @property
    def _by_ear(self) -> bool:
        """Whether harmony comes from a microphone now."""
        return self._now_s - self._seen_s < SEEN_S

    def _see(self, hue: Hue) -> None:
        """The colour of a microphone: evidence for what sounds in it, and its bass."""
        self._evidence += HUE * np.array(hue.chroma)
        self._seen_s = hue.time_s
        if hue.bass and max(hue.bass) > 0:
            self._bass = int(np.argmax(hue.bass))

    def _renew(self, seconds: float, sounding: Sounding) -> None:
        """Evidence fades; what sounds renews it, a pedalled string less and less."""
        self._evidence *= math.exp(-seconds / (HUE_FADE_S if self._by_ear else FADE_S))
        for tone in sounding.tones.values():
            self._evidence[tone.pitch % 12] += tone_evidence(tone, self._now_s, seconds)

    def _strike(self, note: NoteOn, pulse_count: float | None) -> None:
        if self._stroke and note.time_s - self._stroke[0].time_s > TOGETHER_S:
            self._stroke, self._pushed = [], False
        self._stroke.append(note)
        if note.pitch < LEFT_BELOW:
            self._left = [old for old in self._left if note.time_s - old.time_s < BROKEN_S] + [note]
        self._ear.strike(note.pitch, note.velocity / 127)
        self._evidence[note.pitch % 12] += stroke_evidence(note.velocity / 127)
        if not self._pushed and self._is_block():
            self._pushed = True
            self._push(PUSH)

    def _is_block(self) -> bool:
        """Three pitch classes at once: a chord, and no single line."""
        return len({note.pitch % 12 for note in self._stroke}) >= 3

    def _push(self, share: float) -> None:
        """Older evidence steps aside; what the stroke holds stays."""
        fresh = np.zeros(12, bool)
        fresh[[note.pitch % 12 for note in self._stroke]] = True
        self._evidence[~fresh] *= share

    def _follow_bass(self, sounding: Sounding, pulse_count: float | None, struck: bool) -> None:
        low = min((tone.pitch for tone in sounding.tones.values()), default=127)
        if low < LOW_BELOW:
            self._roots.played(self._now_s)
        if low >= BASS_BELOW or low % 12 == self._bass:
            return
        self._bass = low % 12
        on_pulse = pulse_count is None or abs(pulse_count - round(pulse_count)) < NEAR_PULSE
        if struck and on_pulse and not self._pushed:
            self._push(BASS_PUSH)

    # ---------------------------------------------------------------- deciding

    def _think(self, seconds: float, sounding: Sounding) -> None:
        """Rank every chord; change only to one that more than a single line supports."""
        total = float(np.add.reduce(self._evidence))
        if total < 1e-3:
            return
        current = index_of(self.chord)
        score = self._ranked(seconds, self._evidence / total, sounding, current)
        best = int(score.argmax())
        rivals = score.copy()
        rivals[best % 12 :: 12] = -9.0  # other qualities of this root are no rivals
        lead = float(score[best] - rivals.max())
        together = self._together(sounding)
        supported = self._by_ear or self._supported(best, sounding)
        if supported and (self._by_ear or together):
            self.shown = min(STANDS_S, self.shown + SHOWN_RATE * seconds)
        else:
            self.shown = max(0.0, self.shown - seconds)
        if best != current and lead > MARGIN and supported and not self._outside(best, current, sounding):
            if current is None or current % 12 != best % 12:
                self._turned_s = self._now_s
            named = chord_at(best)
            same = self.chord is not None and self.chord.root == named.root
            self.chord = replace(named, bass=self.chord.bass) if same and self.chord else named
            self.since_s = self._now_s
        self._name_bass(sounding)
        self._weigh(seconds, sounding, lead)

    def _weigh(self, seconds: float, sounding: Sounding, lead: float) -> None:
        """How likely the root we believe is right; where nothing is likely for a while, there is no chord."""
        if self.chord is None:
            self.certainty = 0.0
        elif self._by_ear:
            self.certainty = max(0.0, min(1.0, lead / HUE_SURE))
        else:
            self.certainty = float(self._chance[self.chord.root] + self._chance[self.chord.root + 12])
        many = len({pitch % 12 for pitch in sounding.held}) >= 3
        lost = not self._by_ear and many and float((self._chance[:12] + self._chance[12:]).max()) < UNSURE
        self._lost_s = self._lost_s + seconds if lost else 0.0
        if self._lost_s > LOST_S:
            self.chord, self.certainty = None, 0.0

    def _name_bass(self, sounding: Sounding) -> None:
        """Write the performer's bass under the chord where it is clearly another one: `C/E`.

        One that goes from root to fifth and back is no other; one close under a triad inverts it.
        """
        low = min(sounding.tones.values(), key=lambda tone: tone.pitch, default=None)
        if self.chord is None or low is None or low.pitch >= BASS_BELOW:
            return
        tone, chord = low.pitch % 12, self.chord
        if tone == chord.root:
            self._root_s = self._now_s
            if chord.bass is not None:
                self.chord = Chord(chord.root, chord.quality)
            return
        above = min((each.pitch for each in sounding.tones.values() if each is not low), default=low.pitch)
        struck = {note.pitch % 12 for note in self._stroke}
        clear = low.pitch < LOW_BELOW or above - low.pitch >= APART
        meant = (tone in struck and len(struck) >= 3) or self._now_s - low.struck_s > SLASH_S
        only_moves = (tone - chord.root) % 12 == 7 and self._root_s >= self._turned_s
        if clear and meant and not only_moves and tone != chord.bass:
            self.chord = Chord(chord.root, chord.quality, tone)

    def _ranked(self, seconds: float, share: Floats, sounding: Sounding, current: int | None) -> Floats:
        """What speaks for each chord, with its root in the hands or, as far as that is likely, without."""
        shapes = self._shapes
        if self._by_ear:
            return self._seen(share, current)
        likely = np.exp(self._ear.likelihoods(self._weights, self._hands(sounding)))
        line = len(self._stroke) + len(self._left) <= 1
        without = self._roots.weigh(self._now_s, seconds, sounding, likely, line)
        chance = (1 - without) * likely[0] + without * likely[1]
        self._chance = chance / np.add.reduce(chance)
        score: Floats = EAR * np.maximum(np.log(self._chance + 1e-9), DEAFEST)[shapes.kinds]
        score += shapes.rootless(share) if without > 0.5 else shapes.rooted(share, self._bass)
        if self.tonality.index is not None:
            score += self._foreign[self.tonality.index]
        if self.expected is not None:
            score += EXPECTED * self.expected[shapes.kinds]
        if current is not None:
            score[current % 12 :: 12] += STAY
            score[current] += STAY_QUALITY
        return score

    def _seen(self, share: Floats, current: int | None) -> Floats:
        """What speaks for each chord in the colour of a microphone."""
        score = self._shapes.rooted(share, self._bass, HUE_BASS)
        if self.tonality.index is not None:
            score += self._foreign[self.tonality.index]
        if current is not None:
            score[current % 12 :: 12] += HUE_STAY
            score[current] += STAY_QUALITY
        return score

    def _hands(self, sounding: Sounding) -> tuple[int, ...]:
        """The pitches under the fingers, and those that the pedal has just caught."""
        return tuple(sorted(
            tone.pitch for tone in sounding.tones.values()
            if tone.fingered or self._now_s - tone.struck_s < CAUGHT_S
        ))  # fmt: skip

    def _together(self, sounding: Sounding) -> bool:
        """Three tones, or two over a bass, struck or staying together: no line, however legato."""
        settled_s = self._now_s - 2 * SETTLED_S
        here = [tone.pitch for tone in sounding.tones.values() if tone.struck_s < settled_s]
        if len(self._stroke) > 1:
            here += [note.pitch for note in self._stroke]
        many = len({pitch % 12 for pitch in here})
        if many > 1:  # four tell the chord by themselves
            self._several_s = self._now_s if many < 4 else -SEVERAL_S
        return many >= (2 if min(here, default=127) < LOW_BELOW else 3)

    def _outside(self, best: int, current: int | None, sounding: Sounding) -> bool:
        """The left hand stays on what we believe, the right rubs against it, and no new chord has them both.

        That is a right hand which has gone out on purpose (a side-slip), and will be back.
        """
        if current is None or self._by_ear:
            return False
        hands = [tone.pitch for tone in sounding.tones.values() if tone.fingered]
        hands += [note.pitch for note in self._stroke]  # also while they are lifted to strike again
        left = {pitch % 12 for pitch in hands if pitch < LEFT_BELOW}
        right = {pitch % 12 for pitch in hands if pitch >= LEFT_BELOW}
        rubbing = sum((tone + 1) % 12 in right or (tone - 1) % 12 in right for tone in left)
        if rubbing < 2 or not left <= _tones(current):
            return False
        return not left <= _tones(best) or 2 * len(right & _tones(best)) < len(right)

    def _supported(self, index: int, sounding: Sounding) -> bool:
        """More than a single line: three of its tones sound or were just struck, or two over a bass.

        Two are enough in the middle where roots are left out, or where the left hand breaks a chord.
        """
        tones = _tones(index)
        here = {*sounding.held, *(note.pitch for note in self._stroke)}
        found = len(tones & {pitch % 12 for pitch in here})
        low = sounding.held[0] if sounding.held else 127
        if found >= 3 or (found >= 2 and low < BASS_BELOW and low % 12 in tones):
            return True
        inside = {note.pitch for note in self._left if self._now_s - note.time_s < BROKEN_S}
        if self._roots.left_out:
            settled_s = self._now_s - SETTLED_S
            inside |= {tone.pitch for tone in sounding.tones.values() if tone.struck_s < settled_s}
            inside |= {note.pitch for note in self._stroke if len(self._stroke) > 1}
        return len(tones & {pitch % 12 for pitch in inside if pitch < LINE_FROM}) >= 2


def _tones(index: int) -> set[int]:
    """The pitch classes of a chord by its number."""
    return {(index % 12 + step) % 12 for step in QUALITIES[NAMES[index // 12]]}
