"""Synced: what start, stop, continue and song position of an outside clock do, and what ours is told.

As a performer in a synced rig expects: start is bar 1 at once, stop is now, continue goes on from where the
clock is, and a song position changes which bar it is. Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bandmate import labels, night, starting
from bandmate.closing import silence
from bandmate.events import ClockWord, Pace, Send
from bandmate.timing import SLOT_BEATS, playable

if TYPE_CHECKING:
    from bandmate.band import Band

GONE = "the outside clock is gone: the band keeps the tempo"
BACK = "the outside clock is back, and leads again from the next bar on"
ITS_OWN = "an outside clock decides the tempo; `send sync off` takes it back"
REFUSED = frozenset({"bpm", "flip", "half-time", "double-time"})  # the clock's business alone
WHOLE = 6  # digits of a beat that count
NEARLY_BEATS = 0.2  # our clock says that it starts within the last sixteenth of a count-in


def hear(band: Band, now_s: float, words: Sequence[ClockWord]) -> list[Send]:
    """What the outside clock said in this step, and whether it has fallen silent."""
    sends: list[Send] = []
    sync, transport = band.transport.sync, band.transport
    sync.on = band.params["sync"] == "midi"
    for word in words:
        said = sync.hear(word)
        if said and sync.on:
            sends += ACTS[said](band, now_s, word)
    if sync.has_stopped(now_s) and sync.on and transport.state not in ("off", "armed"):
        sends += silence(band, now_s)
    gone = sync.fell_silent(now_s)
    if transport.state in ("off", "armed"):
        if sync.lost:
            sync.forget()
        elif sync.decides and sync.due:
            sync.led, line = sync.tick, sync.line()
            if line is not None and playable(line.bpm / transport.meter.pulse_beats):
                transport.home_bpm = line.bpm / transport.meter.pulse_beats
    elif gone and sync.on:
        bpm = transport.home_bpm * transport.meter.pulse_beats
        if transport.running:
            transport.beatmap = transport.beatmap.at_tempo(bpm, transport.frontier(now_s))
        band.alarm(now_s, GONE)
    return sends


def refuses(band: Band, now_s: float, name: str) -> bool:
    """Whether a command is the outside clock's business; says so."""
    tapped = name == "tap" and band.transport.state not in ("off", "armed")
    if not band.transport.sync.decides or not (tapped or name in REFUSED):
        return False
    band.alarm(now_s, ITS_OWN)
    return True


def _go(band: Band, now_s: float, word: ClockWord) -> list[Send]:
    """The clock runs: bar 1, or the bar where it is, at once; whatever was played before is over."""
    sends = [] if band.transport.state in ("off", "armed") else silence(band, now_s)
    if band.night.pause:
        band.alarm(now_s, f"{band.song}: nothing sounds here; `next-song` goes on")
        return sends
    line = band.transport.sync.line()
    bpm = None if line is None else line.bpm
    beat = band.transport.sync.beat_of_newest()
    starting.launch_at(band.transport, bpm, beat, word.time_s)
    night.begin(band)
    band.begin_slots(math.floor(beat / SLOT_BEATS) * SLOT_BEATS)
    return sends


def _place(band: Band, now_s: float, word: ClockWord) -> list[Send]:
    """The clock is in another bar from its next tick on: ours is called so, and nothing else moves."""
    transport, sync = band.transport, band.transport.sync
    if transport.state not in ("counting", "playing", "ending") or sync.apart is None:
        return []
    bars = math.floor(sync.beat_of_newest() / transport.meter.bar_beats + 1e-6)
    one = bars * transport.meter.bar_beats + sync.apart
    song_again = band.road.song is not None and bars <= band.road.bar
    labels.call(transport, now_s, one, bars)
    if song_again:
        night.begin_road(band)
    return []


def _back(band: Band, now_s: float, word: ClockWord) -> list[Send]:
    transport = band.transport
    if transport.state in ("counting", "playing", "ending"):
        transport.sync.relock = transport.next_bar(transport.beatmap.beat_at(now_s))
        band.alarm(now_s, BACK)
    return []


ACTS: dict[str, Callable[[Band, float, ClockWord], list[Send]]] = {
    "start": _go, "continue": _go, "place": _place, "back": _back,
}  # fmt: skip


def pace(band: Band, now_s: float) -> list[Send]:
    """What our own MIDI clock is told, where it has changed."""
    transport = band.transport
    if not band.patch.clock_out:
        return []
    beatmap = transport.beatmap
    beat = beatmap.beat_at(transport.frontier(now_s))
    counted = transport.state == "counting" and beat >= transport.start_beat - NEARLY_BEATS
    runs = counted or (transport.running and not transport.by_hand)
    bar, began = transport.bar_of(beat)
    place = bar * transport.meter.bar_beats + beat - began
    told = (beatmap, runs, round(place - beat, WHOLE))
    if told == band.paced:
        return []
    band.paced = told
    return [Pace(beatmap.time_at(beat), beatmap.bpm, beat, place, runs)]
