"""Starting: the band counts in, the performer taps in, or the band comes in by ear.

Functions on a `Transport`, called from `Band.step` only. A count-in is worth more than any algorithm,
so it is the default; a free join is staged, because downbeats found without a hint are often wrong.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from bandmate import labels
from bandmate.events import Heard
from bandmate.follow import Hint
from bandmate.labels import gap_of, tap_tempo
from bandmate.timing import SLOT_BEATS, BeatMap, bpm_of, playable

if TYPE_CHECKING:
    from bandmate.transport import Transport

START_S = 0.1  # from the start button to the first click
BOUNCE_S = 0.08  # a tap sooner after another is the same one: a pedal that bounces
TAP_GAP_S = 2.5  # a longer silence between taps begins a new count
TAP_LEAST = 3  # taps that make a tempo
SURE = 0.8  # downbeat confidence at which kick, bass and crash may come in
JOIN_CONFIDENCE = 0.4
OTHER_TEMPO = 0.3  # of an octave: not the tempo we joined at
DISAGREE_PULSES = 8  # so long the listener must insist on another downbeat


def start(transport: Transport, now_s: float) -> None:
    """The band counts in and plays."""
    if transport.state not in ("off", "armed"):
        return
    bars = transport.count_in_bars
    _launch(transport, transport.home_bpm, now_s + START_S, bars, settle=False)
    transport.sticks = True
    transport.hints.append(transport.count_in_to(0.0, bars))


def taps_wanted(transport: Transport) -> int:
    """How many taps count the band in: whole bars of pulses, three at least."""
    bars = max(1, transport.count_in_bars)
    while bars * transport.meter.pulses < TAP_LEAST:
        bars += 1
    return bars * transport.meter.pulses


def tap(transport: Transport, now_s: float, pressed_s: float, wanted: int = 0) -> bool:
    """A tap in pulses: counts the band in when armed, sets phase and tempo while it plays.

    False where the taps say a tempo that is none for a band; then they are forgotten.
    """
    if transport.state == "off":
        transport.arm()
        return True
    since_s = pressed_s - transport.taps_s[-1] if transport.taps_s else TAP_GAP_S
    if since_s < BOUNCE_S:
        return True
    if since_s > TAP_GAP_S:
        transport.taps_s = []
    transport.taps_s.append(pressed_s)
    understood = True
    if transport.state == "armed" and len(transport.taps_s) >= (wanted or taps_wanted(transport)):
        understood = _tap_in(transport, tuple(transport.taps_s))
    elif transport.state == "playing":
        understood = tap_tempo(transport, now_s)
    if not understood:
        transport.taps_s = []
    return understood


def _tap_in(transport: Transport, taps_s: tuple[float, ...]) -> bool:
    """Taps to tempo and phase: the usual gap, laid through the middle of all taps."""
    meter = transport.meter
    places = [meter.place_of(tap) / meter.pulse_beats for tap in range(len(taps_s))]
    gap_s = gap_of(taps_s, places)
    if not playable(bpm_of(gap_s)):
        return False
    first_s = statistics.fmean(tap_s - place * gap_s for tap_s, place in zip(taps_s, places, strict=True))
    bars = max(1, round(len(taps_s) / meter.pulses))
    _launch(transport, bpm_of(gap_s), first_s, bars, settle=True)
    transport.taps_s = []
    transport.hints.append(transport.count_in_to(0.0, bars))
    return True


def _launch(transport: Transport, bpm: float, first_s: float, bars: float, settle: bool) -> None:
    """Count `bars` from `first_s`, then play from beat 0; a tapped tempo has to `settle`."""
    transport.home_bpm = bpm
    transport.beatmap = BeatMap(bpm * transport.meter.pulse_beats, -bars * transport.meter.bar_beats, first_s)
    transport.origin_beat, transport.origin_bar, transport.start_beat = 0.0, 0, 0.0
    transport.state, transport.entry, transport.entry_beat, transport.counted = "counting", "full", None, True
    transport.fixed_beat, transport.disagree, transport.sticks = -1e9, 0, False
    transport.tapped_until = transport.section_beat = -1e9
    transport.rubato.off()
    transport.follower.begin(settle)


def launch_at(transport: Transport, bpm: float | None, beat: float, time_s: float) -> None:
    """Play at once: this beat fell just now, as an outside clock says; inside a bar with hats first."""
    pulse = transport.meter.pulse_beats
    _launch(transport, transport.home_bpm if bpm is None else bpm / pulse, time_s, 0, settle=False)
    transport.beatmap = BeatMap(transport.beatmap.bpm, beat, time_s)
    transport.start_beat = math.floor(beat / SLOT_BEATS) * SLOT_BEATS
    transport.hints.append(Hint("reset"))
    transport.hints.append(Hint("tempo", transport.home_bpm))
    if beat - transport.bar_of(beat)[1] > labels.NEAR_BEATS:
        transport.be_careful(transport.next_bar(beat))


def join(transport: Transport, now_s: float, heard: Heard) -> None:
    """Come in by ourselves once the pulse is believed: carefully, or at once if not `staged`."""
    if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.downbeat_in is None:
        return
    if not playable(heard.pulse_bpm):
        return
    if heard.state != "locked" and heard.confidence < JOIN_CONFIDENCE:
        return
    if heard.next_pulse_s <= transport.frontier(now_s) + transport.horizon_s:
        return
    if heard.meter is not None and heard.meter != transport.meter:  # then we count as they do, and join
        transport.meter = heard.meter
        transport.hints.append(Hint("meter"))
        transport.rejoin = True
        return
    pulse = transport.meter.pulse_beats
    transport.home_bpm = heard.pulse_bpm
    to_one = -transport.meter.place_of(-heard.downbeat_in)
    first_beat = -to_one
    if transport.fixed_beat > first_beat:  # once more, with another tempo: the count goes on
        bars = math.ceil((transport.fixed_beat - first_beat) / transport.meter.bar_beats)
        first_beat += bars * transport.meter.bar_beats
    one = first_beat + to_one
    transport.beatmap = BeatMap(heard.pulse_bpm * pulse, first_beat, heard.next_pulse_s)
    transport.origin_beat, transport.origin_bar = one, round(one / transport.meter.bar_beats)
    transport.start_beat = first_beat if transport.staged else one
    transport.state, transport.counted = "counting", False
    transport.entry, transport.entry_beat = ("hats", None) if transport.staged else ("full", None)
    transport.disagree, transport.sticks, transport.rejoin = 0, False, False
    transport.tapped_until = transport.section_beat = -1e9
    transport.rubato.off()
    transport.follower.begin(settle=True)


def doubtful(transport: Transport) -> bool:
    """Still at the hats after a free join: everything may be otherwise."""
    return transport.entry == "hats" and not transport.counted and transport.entry_beat is None


def another_meter(transport: Transport, heard: Heard) -> bool:
    """Still at the hats after a free join, and the bars turn out to be others."""
    return doubtful(transport) and heard.meter is not None and heard.meter != transport.meter


def misjoined(transport: Transport, heard: Heard) -> bool:
    """Still at the hats after a free join, and the tempo turns out to be another one."""
    if not doubtful(transport) or heard.pulse_bpm is None:
        return False
    return heard.state == "locked" and abs(math.log2(heard.pulse_bpm / transport.home_bpm)) > OTHER_TEMPO


def believe_bar_line(transport: Transport, heard: Heard) -> None:
    """After a free join the bar line is a belief: take the listener's when it insists."""
    assert heard.next_pulse_s is not None
    pulse = transport.meter.pulse_beats
    beat = transport.pulse_near(transport.beatmap.beat_at(heard.next_pulse_s))
    theirs = labels.bar_line_of(transport, heard)
    if theirs is None or beat <= transport.listen_pulse:
        return
    transport.listen_pulse = beat
    off = (theirs - transport.bar_of(theirs + 1e-3)[1]) % transport.meter.bar_beats
    agreed = min(off, transport.meter.bar_beats - off) < pulse / 2
    transport.disagree = 0 if agreed else transport.disagree + 1
    sure = heard.downbeat_confidence >= SURE
    if not agreed and (transport.entry == "hats" or (sure and transport.disagree >= DISAGREE_PULSES)):
        transport.origin_beat, transport.origin_bar = theirs, transport.bar_of(theirs)[0] + 1
        transport.disagree = 0
    if transport.entry == "hats" and sure and transport.entry_beat is None:
        transport.be_careful(transport.next_bar(beat))
