"""Sending: what is due gets its pitch, over the chord that the plan knows for its place.

Functions on a `Band`, called from `Band.step` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bandmate import company, trading
from bandmate.events import Heard, Note, Send
from bandmate.parts import manners
from bandmate.scheduler import UNPITCHED, Ear

if TYPE_CHECKING:
    from bandmate.band import Band

AHEAD_SURE = 0.6  # the chord expected next is led to from this certainty on
NEAR_BEATS = 0.06


def due(band: Band, now_s: float, heard: Heard) -> list[Send]:
    """Bind and send what is due in this step."""
    heard = trading.left_alone(band, now_s, heard)
    plan, transport, last, mind = band.plan, band.transport, band.chord, band.mind
    beat = transport.beatmap.beat_at(now_s)
    charted = transport.running and plan.charted(beat)
    here = plan.chart(beat) if charted else None
    misled = mind is not None and mind.misled(now_s, heard, transport.beatmap)
    by_ear, rootless = heard, band.hands.leave_roots(now_s, heard.held)
    if mind is not None and not charted:
        heard = heard._replace(chord=mind.believed(beat, heard, rootless))
    changed = not charted and ((heard.chord is not None and heard.chord != band.chord) or misled)
    chord = here if charted else plan.chord(beat, heard, last)
    if charted or heard.chord is not None:
        band.chord = here if charted else heard.chord
        band.guessed = heard.guessed and not charted
    ear = Ear(
        heard.onset_s, changed, chord.pitch_classes if chord else frozenset(),
        heard.guessed or (heard.resting_s > 0.5 and band.chord is not None) or not transport.running,
        lambda place: change_likely(band, place),
    )  # fmt: skip
    band.binder.bass_note = band.styles[str(band.params["style"])].bass_note

    def bind(note: Note) -> int | None:
        if note.part == "click":
            return 0
        if muted(band, note):
            return None
        written = plan.charted(note.beat)
        over = plan.chord(note.beat, heard, last)
        if written and over is None and note.part != "drums" and not manners.doubles(note):
            return None  # the chart says: no chord
        ahead = plan.ahead(note.beat, heard, AHEAD_SURE)
        led = ahead if written or note.part == "bass" else None
        try:
            free = not written and note.part not in UNPITCHED
            if free and mind is not None:
                open_root = rootless and not plan.looping(note.beat, heard)
                over = mind.under(note, over, by_ear, transport.beatmap, open_root)
            elif free and company.unknown(band, note, heard, ear, ahead):
                return band.binder.in_doubt(note, over, heard.ahead)
            if free and heard.guessed:
                note = manners.careful(note)
            return band.binder.pitch(note, over, led, heard.key)
        except Exception as error:  # as in `Band.ask`
            band.mute(note.part, error, now_s)
            return None

    sends = band.scheduler.due(now_s, transport.beatmap, bind, ear)
    if mind is not None:
        mind.book(sends, band)
    return sends


def muted(band: Band, note: Note) -> bool:
    """Whether nobody is to hear a note; the sticks that count in are everybody's."""
    silent_from = band.silent_from.get(note.part)
    if silent_from is None or note.beat < silent_from - 1e-6:
        return False
    return note.beat >= band.transport.start_beat - 1e-6


def change_likely(band: Band, beat: float) -> bool:
    """Chords change on the bar line and in the middle of an even bar; a chart leaves no doubt."""
    if band.transport.by_hand:
        return True
    if band.plan.charted(beat):
        return False
    meter = band.transport.meter
    place = beat - band.transport.bar_of(beat + 0.05)[1]
    half = meter.bar_beats / 2 if meter.pulses % 2 == 0 and meter.bar_beats >= 3 else meter.bar_beats
    return abs(place) < NEAR_BEATS or abs(place - half) < NEAR_BEATS
