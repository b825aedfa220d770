"""The band's side of the model: what is asked, what came back, and on which rung of the ladder we stand.

An `Ask` leaves a little before each slot is decided; its `Phrase` comes back through the inbox. A slot is
played `fresh` from its own phrase, or from the `tail` of the one before; where neither came in time the
understudy plays it, on the model's last chord, and where the harmony is unknown too, time is kept (`held`).
Pure state inside `Band.step`; knows nothing of torch, sockets or how long thinking takes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate import mooding, trading
from bandmate.controls import Value
from bandmate.events import PARTS, Ask, Event, Heard, Note, NoteOff, NoteOn, On, Phrase, Send, Slot
from bandmate.harmony import QUALITIES, Chord
from bandmate.parts import feel, manners
from bandmate.parts.comping import SQUEEZED, register
from bandmate.parts.guitar import GUITAR
from bandmate.parts.keys import KEYS
from bandmate.parts.kit import KIT
from bandmate.parts.pad import PAD
from bandmate.songfile import MOST_LESS
from bandmate.timing import SLOT_BEATS, BeatMap

if TYPE_CHECKING:
    from bandmate.band import Band
    from bandmate.plan import Plan

THINK_S = 0.045  # a slot is asked for so long before it is decided
CHARTED = 8  # slots of a chart that the model is told: this one and seven more
REMEMBERED = 256  # asks that a new model process is warmed up with: 32 bars
BEAT_TICKS = 12
SLOT_TICKS = 6
LENGTHS = (1, 2, 3, 6, 9, 12, 24)  # twelfths, upper ends of the classes but the last
OFFSET_TICKS = 0.11  # one class of micro-timing
NEUTRAL = 0.5  # of tension: left to the style
LESS = 0.2  # of density, for each *not that*
PLAN_SURE = 0.7  # and from this one on an unheard change may be played
CHORDS_SURE = 0.85  # chords would rather not strike an unknown change
STRUCK_S, HEARD_S, PATIENCE_S = 0.1, 0.08, 0.3  # keys before a slot that mean it; when they are understood
EAR_LEAD = 0.3  # without roots, so much surer must the ear be than the model
SURE = 0.5  # a chord of the model's own counts from this certainty on
RUNGS = ("fresh", "tail", "understudy", "held")
DRUMS = {pitch: name for name, pitch in KIT.items()}
COMPERS = {player.part: player for player in (KEYS, GUITAR, PAD)}
VOICES = {0: 0, 4: 1, 7: 2, 10: 3}  # canonical degree of a chord tone: its place in the chord
FIGURES = ("groove", "fill")  # what the model plays; the others are the band's manners


class Mind:
    """What a band keeps of its model. `asks` is emptied by whoever carries them to it."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.rungs: Counter[str] = Counter()
        self.rung = "understudy"
        self.weighed = 0.0  # each slot in time, less by what it knew too late
        self.recent: deque[Ask] = deque(maxlen=REMEMBERED)
        self.phrases: dict[float, Phrase] = {}
        self.last: Phrase | None = None  # the newest fresh one, for its chords
        self._struck: list[tuple[int, int, int]] = []  # tick, pitch, velocity; not told yet
        self._held: dict[int, int] = {}  # pitch: tick on which it was struck
        self.loudness = 1.0  # what is made now of the touch that it writes
        self._own: dict[int, list[tuple[int, int, int, int, int, int]]] = {}  # by slot
        self._next: float | None = None
        self._number = 0
        self._planned: tuple[float, Chord] | None = None  # an unheard change that notes were bound to
        self._unnamed = 0  # slots for which nobody has named a chord
        self.again = 0  # takes that were asked for
        self.less: dict[str, float] = {}  # part: how much thinner it is asked to play in this song
        self._lately: deque[Counter[str]] = deque(maxlen=64)  # notes by part, a slot each
        self._asked_s: dict[int, float] = {}  # by number: the listening cut-off
        self.heard_s = 0.0  # that of what is played in this slot

    # -------------------------------------------------------------- what comes in and goes out

    def hear(self, events: Sequence[Event], beatmap: BeatMap) -> None:
        """Keys of the performer and phrases of the model."""
        for event in events:
            if isinstance(event, NoteOn):
                tick = round(beatmap.beat_at(event.time_s) * BEAT_TICKS)
                self._struck.append((tick, event.pitch, event.velocity))
                self._held[event.pitch] = tick
            elif isinstance(event, NoteOff):
                self._held.pop(event.pitch, None)
            elif isinstance(event, Phrase):
                self._take(event)

    def _take(self, phrase: Phrase) -> None:
        """A fresh phrase replaces a tail for the same slot, never the other way round."""
        if not _whole(phrase):
            return
        known = self.phrases.get(phrase.beat)
        if known is None or phrase.rung == "fresh":
            self.phrases[phrase.beat] = phrase
        if phrase.rung == "fresh" and (self.last is None or phrase.beat >= self.last.beat - 8):
            self.last = phrase

    def book(self, sends: Sequence[Send], band: Band) -> None:
        """What the band really plays is what the model is told of it, as hard as in the middle of its energy.

        Otherwise it would take after what was softened, and be softened again.
        """
        for send in sends:
            sounding = band.scheduler.sounding.get(send.id) if isinstance(send, On) else None
            if sounding is None or sounding.note.part not in PARTS:
                continue
            note = sounding.note
            tick = round(note.beat * BEAT_TICKS)
            ticks = round(note.beats * BEAT_TICKS)
            length = next((index for index, upper in enumerate(LENGTHS) if ticks <= upper), len(LENGTHS))
            touch = min(round(note.velocity / self.loudness), 127) // 16
            row = (PARTS.index(note.part), tick % SLOT_TICKS, sounding.pitch, touch, length, 4)
            self._own.setdefault(tick // SLOT_TICKS, []).append(row)

    def begin(self) -> None:
        """A new song: the model forgets, too."""
        self.phrases.clear()
        self._own.clear()
        self._struck.clear()
        self.recent.clear()
        self._lately.clear()
        self._next, self._number, self.last = None, 0, None

    def not_that(self) -> str:
        """The part that was busier in the last eight slots than in the sixty-four before is asked for less.

        Returns its name; empty where nothing was played.
        """
        newest = Counter[str]()
        for slot in list(self._lately)[-8:]:
            newest += slot
        whole = Counter[str]()
        for slot in self._lately:
            whole += slot
        share = len(self._lately) / max(min(8, len(self._lately)), 1)
        if not newest:
            return ""
        part = max(newest, key=lambda each: (newest[each] * share / whole[each], newest[each]))
        self.less[part] = min(self.less.get(part, 0.0) + LESS, MOST_LESS)
        return part

    # -------------------------------------------------------------- asking

    def ask(self, band: Band, now_s: float, lead_s: float) -> None:
        """Ask for every slot that is about to be decided; `lead_s` is how long before its beat that is."""
        transport, self.less = band.transport, band.night.less
        if transport.state not in ("counting", "playing") or band.form.ending == "ritard":
            return
        beat = transport.beatmap.beat_at(now_s + lead_s + THINK_S)
        due = (beat // SLOT_BEATS) * SLOT_BEATS
        if due < transport.start_beat - 1e-6:
            return
        if self._next is None or abs(due - self._next) > 4:
            self._next = due
        while self._next <= due + 1e-6:
            self._ask(band, self._next, now_s)
            self._next += SLOT_BEATS

    def _ask(self, band: Band, beat: float, now_s: float) -> None:
        transport, params, heard = band.transport, band.params, band.heard
        bar, bar_beat = transport.bar_of(beat)
        meter, form = transport.meter, band.form
        slot = round(beat / SLOT_BEATS)
        first, end = (slot - 1) * SLOT_TICKS, slot * SLOT_TICKS
        struck = tuple((pitch, tick - first, velocity // 16) for tick, pitch, velocity in self._struck
                       if first <= tick < end)  # fmt: skip
        missed = tuple(pitch for tick, pitch, _ in self._struck if tick < first)
        self._struck = [key for key in self._struck if key[0] >= end]
        figure = next((each.kind for each in form.figures if each.holds(beat)), "groove")
        chord, tension = heard.chord, float(params["tension"])
        energy, density = mooding.asked(band, form.energy, float(params["density"]))
        onsets = heard.density * transport.beatmap.seconds(1.0)
        self.asks.append(
            Ask(
                beat,
                round((beat - bar_beat) / SLOT_BEATS),
                meter.slots,
                transport.beatmap.bpm,
                struck=struck,
                missed=missed,
                tied=tuple(sorted(pitch for pitch, tick in self._held.items() if tick < first)),
                own=tuple(sorted(self._own.pop(slot - 1, []))),
                heard=chord is not None,
                root=chord.root if chord else 0,
                quality=chord.quality if chord else "",
                chart=_charted(band.plan, beat, chord),
                compound=meter.pulse_beats == 1.5,
                phrase=bar % 8 + 1,
                figure=figure,
                section=mooding.section(band, form.section),
                energy=energy,
                tension=None if tension == NEUTRAL else tension,
                style=str(params["style"]),
                blend_style=str(params["blend-style"]),
                blend=float(params["blend"]) if params["blend-style"] else 0.0,
                wild=float(params["wild"]),
                again=self.again,
                number=self._number,
                densities=tuple(
                    manners.thinned(part, self._density(part, params, density), onsets)
                    if part in band.playing
                    and part in form.members
                    and not trading.silent_at(band, part, beat)
                    else -1.0
                    for part in PARTS
                ),
            )
        )
        self.recent.append(replace(self.asks[-1], write=False))
        self._asked_s[self._number] = now_s
        self._asked_s.pop(self._number - 16, None)
        self._number += 1
        for old in [old for old in self._own if old < slot - 2]:
            del self._own[old]

    def _density(self, part: str, params: Mapping[str, Value], density: float) -> float:
        """How much a part is asked to play, 0 to 1, where the band plays so much."""
        asked = density + float(params[f"part/{part}/density"]) - 0.5
        return min(max(asked - self.less.get(part, 0.0), 0.0), 1.0)

    # -------------------------------------------------------------- playing

    def play(
        self, slot: Slot, now_s: float, chord: Chord | None, named: bool = True
    ) -> dict[str, list[Note]] | None:
        """What the model wrote for a slot, by part; None where the understudy has to play.

        `chord` is the one that is believed now; where there is none either, the time is held. `named`: the
        listener names one, or nobody plays.
        """
        for beat in [beat for beat in self.phrases if beat < slot.beat - 4]:
            del self.phrases[beat]
        self.loudness = feel.loudness(slot)
        phrase = self.phrases.get(slot.beat)
        mannered = slot.figure not in FIGURES or slot.entry != "full"
        believed = self.chord(slot.beat)
        self._unnamed = 0 if named or believed is not None else self._unnamed + 1
        if self._unnamed > slot.meter.slots:
            phrase = None  # a line over unknown harmony: the understudy keeps to what is certain
        no_chord = chord is None and believed is None
        self.rung = phrase.rung if phrase is not None else "held" if no_chord else "understudy"
        self.rungs[self.rung] += 1
        self.weighed += {"fresh": 1.0, "tail": 15 / 16}.get(self.rung, 0.0)
        if phrase is None or mannered:
            return None
        self.heard_s = self._asked_s.get(phrase.number, now_s)
        self._lately.append(Counter(PARTS[note[0]] for note in phrase.notes))
        found: dict[str, list[Note]] = {part: [] for part in PARTS}
        for part, notes in _by_part(phrase).items():
            found[part] = _voiced(part, notes, slot)
        return found

    def chord(self, beat: float, least: float = SURE) -> Chord | None:
        """What the model believes to sound at a beat, if it is sure enough."""
        if self.last is None:
            return None
        place = 1 + round((beat - self.last.beat) // SLOT_BEATS)
        if not 0 <= place < len(self.last.chords):
            return None
        name, sure = self.last.chords[place]
        return chord_of(name) if sure >= least else None

    def believed(self, beat: float, heard: Heard, rootless: bool) -> Chord | None:
        """The chord of a beat: the one that is heard, or the model's, which was there for the whole song.

        Where the roots are left to the bass the ear is often wrong, and the model goes first if it is
        nearly as sure. What a lone line calls for is the harmoniser's, who knows lines better.
        """
        if heard.chord is None:
            return self.chord(beat)
        if not rootless or heard.guessed:
            return heard.chord
        return self.chord(beat, heard.chord_certainty - EAR_LEAD) or heard.chord

    # -------------------------------------------------------------- an unheard change

    def under(
        self, note: Note, chord: Chord | None, heard: Heard, beatmap: BeatMap, rootless: bool
    ) -> Chord | None:
        """The chord that a note is bound to: the one believed, or a change that the model is sure of.

        What the performer strikes for this very slot is stronger than any plan, roots and all.
        """
        begin = (note.beat // SLOT_BEATS) * SLOT_BEATS
        if heard.guessed:
            return chord
        if rootless:
            return self.believed(begin, heard, rootless) or chord
        slot_s = beatmap.time_at(begin)
        if heard.chord is not None and heard.chord_s >= slot_s - STRUCK_S:
            return chord
        plan = self.chord(begin, PLAN_SURE if note.part == "bass" else CHORDS_SURE)
        if plan is None or chord is None or plan.root == chord.root:
            return chord
        self._planned = (slot_s, plan)
        return plan

    def misled(self, now_s: float, heard: Heard, beatmap: BeatMap) -> bool:
        """Whether the performer's keys have shown a plan to be wrong; said once."""
        if self._planned is None:
            return False
        slot_s, plan = self._planned
        struck = heard.onset_s is not None and heard.onset_s >= slot_s - STRUCK_S
        if now_s > slot_s + PATIENCE_S or (struck and now_s > slot_s + HEARD_S):
            self._planned = None
            return struck and heard.chord is not None and heard.chord.root != plan.root
        return False


def _whole(phrase: Phrase) -> bool:
    """Whether a phrase is one that a model writes; a damaged take may hold anything."""
    return (
        all(
            len(note) == 6
            and 0 <= note[0] < len(PARTS)
            and 0 <= note[2] < 128
            and 0 < note[3] < 128
            and note[4] > 0
            for note in phrase.notes
        )
        and all(len(chord) == 2 and isinstance(chord[0], str) for chord in phrase.chords)
        and len(phrase.chords) > 1
    )


def _charted(plan: Plan, beat: float, heard: Chord | None) -> tuple[str, ...]:
    """What the chart or the loop says of a slot and on, after the chord of the slot before it."""
    coming = plan.foretold(beat, CHARTED)
    if not coming:
        return ()
    before = plan.foretold(beat - SLOT_BEATS, 1) or (heard,)
    return tuple(name_of(chord) for chord in (*before, *coming))


def name_of(chord: Chord | None) -> str:
    """Gm7 is `7:m7`: a chord as asks and phrases name it."""
    return "" if chord is None else f"{chord.root}:{chord.quality}"


def chord_of(name: str) -> Chord | None:
    """`7:m7` is Gm7; an empty name is no chord."""
    root, _, quality = name.partition(":")
    return Chord(int(root) % 12, quality) if root.isdigit() and quality in QUALITIES else None


def _by_part(phrase: Phrase) -> dict[str, list[tuple[int, int, int, int, int]]]:
    """(place, degree, velocity, ticks, micro-timing) of each part's notes."""
    found: dict[str, list[tuple[int, int, int, int, int]]] = {}
    for part, *rest in phrase.notes:
        place, degree, velocity, ticks, offset = rest
        found.setdefault(PARTS[part], []).append((place, degree, velocity, ticks, offset))
    return found


def _voiced(part: str, notes: list[tuple[int, int, int, int, int]], slot: Slot) -> list[Note]:
    """A part's notes as the binder takes them: drums by name, lines by degree, chords by voice.

    The voices of a chord are laid out by the band (out of the performer's octaves, moving least); the model
    says when, how many, how hard and how long.
    """
    found = []
    beats_of = SLOT_BEATS / SLOT_TICKS
    for place in sorted({note[0] for note in notes}):
        chord = sorted(note for note in notes if note[0] == place)
        for index, (_, degree, written, ticks, offset) in enumerate(chord):
            velocity = _touched(written, part, slot)
            if part == "drums":
                tone = DRUMS.get(degree, "")
            elif part == "bass":
                on_beat = place == 0 and slot.beat % 1 == 0
                tone = f"d{_settled(degree) if on_beat else degree}"
            elif part == "lead":
                tone = f"d{degree}"
            else:
                tone = _voice(part, index, len(chord), degree, slot)
            if tone:
                late_s = BeatMap(slot.bpm, 0.0, 0.0).seconds(offset * OFFSET_TICKS * beats_of)
                beat = slot.beat + place * beats_of
                found.append(Note(part, beat, max(ticks * beats_of, 0.08), tone, velocity, late_s))
    return found


def _touched(velocity: int, part: str, slot: Slot) -> int:
    """How hard a note is played: as the model wrote it in the middle, softer or harder by the energy of now.

    The model says who stands out and which stroke is an accent; it hardly hears how hard it is asked to play.
    """
    squeezed = part in COMPERS and register(COMPERS[part], slot)[2] < COMPERS[part].voices
    return feel.touched(velocity * (SQUEEZED if squeezed else 1.0), slot)


def _settled(degree: int) -> int:
    """The chord tone next to a degree of the bass: on a beat a line comes to rest."""
    return min(
        (degree + step for step in (0, -1, 1, -2, 2)),
        key=lambda near: (near % 12 not in VOICES, abs(near - degree)),
    )


def _voice(part: str, index: int, count: int, degree: int, slot: Slot) -> str:
    """Which voice of the laid-out chord a note takes: by its rank in a chord, by its degree alone."""
    low, high, voices = register(COMPERS[part], slot)
    if count >= 3:
        voice = index if index < voices else -1
    else:
        voice = min(VOICES.get(degree % 12, degree % 3), voices - 1)
    return "" if voice < 0 else f"v{voice}@{low}-{high}"
