"""Trading: the performer has some bars, then the band's soloist answers with as many, round and round.

The soloist is the lead where one plays, else the drums; then the others lay out, after a stroke on one.
Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate import mixing
from bandmate.events import Event, Heard, Moment, Note, NoteOn, Send, Slot, Solo
from bandmate.parts import manners
from bandmate.parts.ensemble import ALL_TOGETHER, NEAR
from bandmate.scheduler import UNPITCHED
from bandmate.trade import Trade

if TYPE_CHECKING:
    from bandmate.band import Band

PHRASE_BARS = 4  # of a section: trading begins on such a line
FAR_BARS = 64
SOLOISTS = ("lead", "drums")  # the first one who is there
YOU, BAND = "you", "band"
EARLY_S = 0.02  # no note leaves earlier than so much before its beat
RESTED_S = 1.0  # so long a rest is one for everybody
STAB_BEATS = 1.0  # the others' stroke on one, at the longest


def trade(band: Band, now_s: float) -> list[Send]:
    """Trade from the section's next phrase on; again: to the end of the round, or not at all."""
    transport, form = band.transport, band.form
    if not transport.running or form.ending:
        return []
    beat = transport.beatmap.beat_at(transport.frontier(now_s))
    line = transport.next_bar(beat, transport.meter.pulse_beats)  # taken up to one pulse before it
    begun = form.trade
    if begun is None:
        if not soloist(band):
            band.alarm(now_s, "nobody is there to trade with; bring in the lead or the drums")
            return []
        first = _phrase(band, transport.bar_of(line + 1e-3)[0])
        form.trade = Trade(first, int(band.params["trade-bars"]))
    elif begun.section is None:
        form.trade = None
    else:
        begun.until = begun.round_end(transport.bar_of(beat)[0]) if begun.until is None else None
    return []


def _phrase(band: Band, bar: int) -> int:
    """The first bar from one on that begins a phrase of its section; without a song, of the count."""
    if band.road.song is None:
        return -(-bar // PHRASE_BARS) * PHRASE_BARS
    for number in range(bar, bar + FAR_BARS):
        spot = band.road.spot_of(number)
        if spot is None or spot.bar % PHRASE_BARS == 0:
            return number
    return bar


def soloist(band: Band) -> str:
    """Who answers: the lead, else the drums; nobody where neither can be heard."""
    silent, style = mixing.silent(band.params), band.styles[str(band.params["style"])]
    there = band.playing & set(band.form.members) - silent
    return next((part for part in SOLOISTS if part in there and (part == "lead" or part in style.parts)), "")


# ------------------------------------------------------------------ every step and slot


def hear(band: Band, music: Sequence[Event]) -> None:
    """What the performer plays in their own bars: the soloist answers that."""
    trade, transport = band.form.trade, band.transport
    if trade is None or not transport.running:
        return
    for note in music:
        if isinstance(note, NoteOn):
            beat = transport.beatmap.beat_at(note.time_s)
            turn = trade.turn(transport.bar_of(beat + manners.NEAR_BEATS)[0])
            if turn is not None and turn.yours:
                trade.hear(turn, max(0.0, beat - transport.line_of(turn.first)), note.pitch)


def dealt(band: Band, slot: Slot) -> Slot:
    """The slot with whose solo it is in; over where the section is another, or the song ends."""
    trade, form, transport = band.form.trade, band.form, band.transport
    if trade is None:
        return slot
    bar = transport.bar_of(slot.beat + NEAR)[0]
    if not _goes_on(band, trade, bar):
        form.trade = None
        return slot
    turn = trade.turn(bar)
    if turn is None or slot.entry != "full":
        return slot
    who = YOU if turn.yours else soloist(band)
    one = turn.bar == 0 and slot.place < NEAR
    if one and not turn.yours:
        trade.question = trade.said if trade.said_from == turn.first - trade.bars else ()
        if who == "drums":
            band.scheduler.end_at(slot.beat, _lays_out_in_drum_solo)
    back = one and turn.yours and bar > trade.first and soloist(band) == "drums"
    line = transport.line_of(turn.first)
    solo = Solo(who, line, turn.bar, turn.bar + turn.left, trade.question)
    return replace(slot, solo=solo, crash=slot.crash or back, hits=() if who == "drums" else slot.hits)


def _goes_on(band: Band, trade: Trade, bar: int) -> bool:
    """Whether it is still on in a bar: no other section, no ending behind us."""
    section = _section(band)
    if trade.section is not None:
        trade.recount(bar)
        if section != trade.section:
            return False
    elif bar >= trade.first:
        trade.section = section
    if band.form.ending:  # the band is together again on the next bar line
        trade.until = bar + 1 if trade.until is None else min(trade.until, bar + 1)
    return (trade.until is None or bar < trade.until) and not (band.form.ending and bar < trade.first)


def _section(band: Band) -> str:
    """Which section this is: its name in the song, or how big it is."""
    spot = band.road.spot
    if band.road.song is None or spot is None:
        return f"{band.song}/{band.form.section}"
    return f"{band.song}/{band.road.section_of(spot).name}"


def _lays_out_in_drum_solo(note: Note) -> bool:
    return note.part not in UNPITCHED and not manners.doubles(note)


def left_alone(band: Band, now_s: float, heard: Heard) -> Heard:
    """In the soloist's bars nobody waits for the performer, unless they go on playing."""
    trade, transport = band.form.trade, band.transport
    turn = None
    if trade is not None and transport.running:
        beat = transport.beatmap.beat_at(transport.frontier(now_s) + EARLY_S)
        turn = trade.turn(transport.bar_of(beat)[0])
    if turn is None or turn.yours:
        return heard
    line_s = transport.beatmap.time_at(transport.line_of(turn.first) - manners.NEAR_BEATS)
    if heard.onset_s is not None and heard.onset_s > line_s:
        return heard
    return heard._replace(resting_s=max(heard.resting_s, RESTED_S))


def rests(slot: Slot, part: str) -> bool:
    """Whether a part lays out: the lead in bars that aren't its own, everybody in those of the drums."""
    solo = slot.solo
    if solo is None or slot.figure in ALL_TOGETHER:
        return False
    return part != "drums" if solo.part == "drums" else part == "lead" and solo.part != "lead"


def stab(band: Band, part: str, slot: Slot, now_s: float) -> list[Note]:
    """What those who lay out strike on the first one of a drum solo; nothing anywhere else."""
    solo = slot.solo
    if solo is None or solo.part != "drums" or solo.bar or slot.place > NEAR or part in SOLOISTS:
        return []
    together = replace(slot, figure="break", figure_beat=slot.beat, figure_beats=slot.meter.bar_beats)
    struck = band.ask(part, together, band.styles[str(band.params["style"])], now_s)
    return [replace(note, beats=min(note.beats, STAB_BEATS)) for note in struck]


def silent_at(band: Band, part: str, beat: float) -> bool:
    """Whether a part will lay out at a beat, as far as is known: so the model is told."""
    trade = band.form.trade
    turn = None if trade is None else trade.turn(band.transport.bar_of(beat + NEAR)[0])
    if turn is None:
        return False
    solo = YOU if turn.yours else soloist(band)
    return part != "drums" if solo == "drums" else part == "lead" and solo != "lead"


# ------------------------------------------------------------------ what is shown


def shown(band: Band, moment: Moment) -> str:
    """Whose bars these are and how many are left with this one: `you 3`, `drums 2`."""
    trade = band.form.trade
    turn = trade.turn(moment.bar) if trade is not None and moment.running else None
    return "" if turn is None else f"{YOU if turn.yours else soloist(band) or BAND} {turn.left}"
