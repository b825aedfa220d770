"""In company: the band makes room for the performer, goes with their left hand, waits for their chord.

Functions on a `Band`, called from `Band.step` and what it calls only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate.events import Event, Heard, Note, NoteOff, NoteOn, Send, Slot
from bandmate.harmony import Chord
from bandmate.parts import manners
from bandmate.scheduler import Ear, answered

if TYPE_CHECKING:
    from bandmate.band import Band

YIELD_BEATS = 4.0  # the left hand's line counts as going on for so long after its newest key
DOWNBEAT_BEATS = 0.25
SURE = 0.8  # of the downbeat: from here on a crash may mark it


def note_hits(band: Band, music: Sequence[Event]) -> None:
    """The performer's keys, by the band's own beats: two hits in one place make a third expected."""
    if not band.transport.running:
        return
    for note in music:
        if isinstance(note, NoteOn):
            beat = band.transport.beatmap.beat_at(note.time_s)
            bar, bar_beat = band.transport.bar_of(beat + manners.NEAR_BEATS)
            band.hits.hear(beat, bar, bar_beat, note.velocity)


def make_room(band: Band, part: str, slot: Slot, notes: list[Note], now_s: float) -> list[Note]:
    """Under a left hand that plays low, the bass keeps to the downbeat, or leaves the line to it."""
    busy = band.transport.beatmap.beats(now_s - band.hands.low_s) < YIELD_BEATS
    if part != "bass" or not busy or slot.figure != "groove" or band.patch.bass == "plays":
        return notes
    if band.patch.bass == "doubles":
        return []
    return [note for note in notes if note.beat - slot.bar_beat < DOWNBEAT_BEATS]


def double(band: Band, now_s: float, music: Sequence[Event]) -> list[Send]:
    """The left hand's line on the bass, key by key (`bass = "doubles"`)."""
    if band.patch.bass != "doubles" or "bass" not in band.playing or not band.transport.running:
        return []
    sends: list[Send] = []
    beat = band.transport.beatmap.beat_at(now_s)
    for event in music:
        if isinstance(event, NoteOn) and event.pitch < manners.LEFT_HAND_TOP:
            sends += band.scheduler.cut(now_s, lambda one: one.part == "bass")
            band.scheduler.add([manners.doubled(event.pitch, event.velocity, beat)], now_s)
        elif isinstance(event, NoteOff) and event.pitch < manners.LEFT_HAND_TOP:
            sends += _lift(band, now_s, manners.doubled(event.pitch, 1, beat).tone)
    return sends


def _lift(band: Band, now_s: float, tone: str) -> list[Send]:
    band.scheduler.drop(lambda one: one.tone != tone)
    return band.scheduler.cut(now_s, lambda one: one.tone == tone)


def unknown(band: Band, note: Note, heard: Heard, ear: Ear, ahead: Chord | None) -> bool:
    """A note on a likely change that the performer, who holds nothing, hasn't struck yet."""
    if ear.resting or heard.held or heard.guessed or ahead is not None or manners.doubles(note):
        return False
    due_s = band.transport.beatmap.time_at(note.beat) + note.offset_s
    return not answered(due_s, ear) and ear.likely(note.beat)


def in_steps(band: Band, slot: Slot, part: str, heard: Heard) -> Slot:
    """The slot as a part is asked it: thinner for some where the performer is busy, no crash in doubt."""
    share = float(band.params[f"part/{part}/density"]) - 0.5
    onsets = heard.density * band.transport.beatmap.seconds(1.0)
    wanted = max(0.0, min(1.0, slot.density + share))
    sure = band.transport.counted or heard.downbeat_confidence >= SURE
    return replace(slot, density=manners.thinned(part, wanted, onsets), crash=slot.crash and sure)
