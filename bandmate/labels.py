"""Labels: which beat is one, where the beat lies, how fast a pulse goes; the performer's corrections.

Functions on a `Transport`, called from `Band.step` only. A relabelled band keeps to hats until the
next downbeat, so that nobody hears an odd bar.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bandmate.events import Heard
from bandmate.follow import Hint
from bandmate.timing import BeatMap, Meter, bpm_of, period_s, playable

if TYPE_CHECKING:
    from bandmate.transport import Transport

NEAR_BEATS = 0.25  # a bar line nearer than this is too near to come in on
TEMPO_TAPS = 3  # taps that make a tempo
UNEVEN = 0.15  # of a gap: a slip of the foot
TAPS_RULE_PULSES = 8  # so long taps outrank what is heard
FASTER = 1.4  # who counts so many times as fast counts an octave above us
OFF_BEAT = 0.38  # of a pulse: one tap so far from the beat says that we play on the off-beats
TAPS = 8  # so many of the newest taps are weighed


@dataclass(frozen=True, slots=True)
class Turn:
    """Another tempo that waits for its pulse: half, double or the next song's; and its bar line."""

    beatmap: BeatMap
    origin_beat: float
    ratio: float = 1.0  # of the tempo now; 1: the tempo of the song that begins there
    told: float = 1.0  # what of it the listener has to be told; the rest it has found by itself

    @property
    def of_a_song(self) -> bool:
        """Whether the next song begins on it."""
        return self.ratio == 1


def relabel(transport: Transport, now_s: float, pressed_s: float, name: str) -> None:
    """Wrong one, ±1 beat and flip: the count changes at once, the band is whole on the next one."""
    if transport.state not in ("playing", "counting"):
        return
    pulse = transport.meter.pulse_beats
    beat = transport.beatmap.beat_at(pressed_s)
    if name == "this-is-one":
        _begin_bar_at(transport, transport.grid_near(beat))
    elif name == "flip":
        transport.beatmap = transport.beatmap.moved(-pulse / 2, transport.frontier(now_s))
        transport.hints.append(Hint("relabel", -0.5))
    else:
        _begin_bar_at(transport, transport.bar_of(beat)[1] + (pulse if name == "beat-back" else -pulse))
    transport.counted = True
    transport.follower.begin()
    if transport.turn is not None and not transport.turn.of_a_song:
        transport.turn = _aim(transport, now_s, transport.turn.ratio, transport.turn.told)
    here = transport.beatmap.beat_at(transport.frontier(now_s))
    transport.be_careful(transport.next_bar(here, NEAR_BEATS))


def _begin_bar_at(transport: Transport, one: float) -> None:
    bar, began = transport.bar_of(one)
    moved = (one - began) / transport.meter.pulse_beats
    transport.origin_beat, transport.origin_bar = one, bar
    transport.hints.append(Hint("relabel", -moved))


def call(transport: Transport, now_s: float, one: float, bar: int) -> None:
    """A bar begins on a beat, because an outside clock counts so; where that moves the line, hats lead in."""
    _, began = transport.bar_of(one + NEAR_BEATS)
    moved = one - began
    transport.origin_beat, transport.origin_bar, transport.odd = one, bar, {}
    if abs(moved) < NEAR_BEATS:
        return
    transport.hints.append(Hint("relabel", -moved / transport.meter.pulse_beats))
    here = transport.beatmap.beat_at(transport.frontier(now_s))
    transport.be_careful(transport.next_bar(here, NEAR_BEATS))


def bar_line_of(transport: Transport, heard: Heard) -> float | None:
    """The beat of ours that the listener takes for the next downbeat; None where it counts other bars."""
    if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.downbeat_in is None:
        return None
    meter, pulse = transport.meter, transport.meter.pulse_beats
    if heard.pulse_bpm * pulse / transport.beatmap.bpm > FASTER:
        return None
    pulses = -meter.place_of(-heard.downbeat_in) / pulse  # the last one of 7/8 is short
    one_s = heard.next_pulse_s + pulses * period_s(heard.pulse_bpm)
    return transport.grid_near(transport.beatmap.beat_at(one_s))


def scale(transport: Transport, now_s: float, ratio: float) -> bool:
    """Half or double time by cue: the listener goes along. False where that is no tempo for a band."""
    return turn_to(transport, now_s, ratio, cued=True)


def turn_to(transport: Transport, now_s: float, ratio: float, cued: bool = False) -> bool:
    """Half or double time from the next pulse on; phase and one stay.

    On top of what is still waiting for its pulse: half and then double is as if nothing had been.
    """
    waiting = transport.turn
    if waiting is not None and waiting.of_a_song:
        return True  # the next song begins within a beat, in its own tempo
    told = ratio if cued else 1.0
    if waiting is not None:
        ratio, told = ratio * waiting.ratio, told * waiting.told
    if not playable(transport.home_bpm * ratio):
        return False
    transport.turn = None if ratio == 1 else _aim(transport, now_s, ratio, told)
    if ratio == 1 != told:
        transport.hints.append(Hint("scale", told))
    return True


def _aim(transport: Transport, now_s: float, ratio: float, told: float) -> Turn:
    """Where the other tempo begins: on a pulse that is one in both."""
    pulse = transport.meter.pulse_beats
    beat = transport.beatmap.beat_at(transport.frontier(now_s))
    began = transport.bar_of(transport.next_pulse(beat))[1]
    every = pulse * max(round(1 / ratio), 1)
    turn = began + math.ceil((beat - began) / every - 1e-9) * every
    straight_bpm = transport.straight_bpm
    transport.follower.begin()
    transport.follower.bpm = straight_bpm  # until then
    then = BeatMap(straight_bpm * ratio, turn, transport.beatmap.time_at(turn))
    return Turn(then, turn - (turn - began) * ratio, ratio, told)


def take_turn(transport: Transport, turn: Turn) -> None:
    """Half or double time begins: the bar goes on in the new tempo, which is home now."""
    bar = transport.bar_of(turn.beatmap.beat)[0]
    transport.turn, transport.beatmap, transport.follower.bpm = None, turn.beatmap, turn.beatmap.bpm
    transport.origin_beat, transport.origin_bar = turn.origin_beat, bar
    transport.home_bpm *= turn.ratio
    if turn.told != 1:
        place = (turn.beatmap.beat - turn.origin_beat) / transport.meter.pulse_beats
        transport.hints.append(Hint("scale", turn.told, from_s=turn.beatmap.time_s, place=place))


def set_tempo(transport: Transport, now_s: float, bpm: float) -> None:
    """A new home tempo, at once; the count goes on where it is."""
    meter, from_s = transport.meter, transport.frontier(now_s)
    transport.home_bpm, transport.turn = bpm, None
    transport.beatmap = transport.beatmap.at_tempo(bpm * meter.pulse_beats, from_s)
    transport.follower.begin()
    if transport.state == "counting" and transport.counted:
        transport.hints.append(transport.count_in_to(transport.start_beat))
    elif transport.running or transport.state == "counting":
        transport.hints.append(Hint("tempo", bpm, from_s=from_s))


def gap_of(taps_s: Sequence[float], places: Sequence[float]) -> float:
    """The time a pulse, of taps at these pulses; where one is far off, what most of them say."""
    gaps = [
        (later_s - earlier_s) / (later - earlier)
        for (earlier_s, earlier), (later_s, later) in itertools.pairwise(zip(taps_s, places, strict=True))
    ]
    middle = statistics.median(gaps)
    even = all(abs(gap - middle) < UNEVEN * middle for gap in gaps)
    return (taps_s[-1] - taps_s[0]) / (places[-1] - places[0]) if even else middle


def _places(meter: Meter, taps_s: Sequence[float]) -> list[float]:
    """The pulses on which somebody tapped, so that the taps are as even as can be: 7/8 has a short one."""
    found = []
    for first in range(meter.pulses if meter.bar_beats % meter.pulse_beats else 1):
        places = [meter.place_of(first + index) / meter.pulse_beats for index in range(len(taps_s))]
        pulse_s = gap_of(taps_s, places)
        worst_s = max(
            abs(later_s - earlier_s - (later - earlier) * pulse_s)
            for (earlier_s, earlier), (later_s, later) in itertools.pairwise(zip(taps_s, places, strict=True))
        )
        found.append((worst_s, first, places))
    return min(found)[2]


def tap_tempo(transport: Transport, now_s: float) -> bool:
    """Two taps set the phase, three the tempo too, and rule for eight pulses; one on an off-beat flips.

    False where they say a tempo that is none for a band.
    """
    meter, pulse = transport.meter, transport.meter.pulse_beats
    taps_s = transport.taps_s[-TAPS:]
    if len(taps_s) == 1:
        here = transport.beatmap.beat_at(taps_s[0])
        if abs(here - transport.pulse_near(here)) > OFF_BEAT * pulse:
            relabel(transport, now_s, taps_s[0], "flip")
        return True
    if len(taps_s) >= TEMPO_TAPS:
        bpm = bpm_of(gap_of(taps_s, _places(meter, taps_s)))
        if not playable(bpm):
            return False
        set_tempo(transport, now_s, bpm)
    here = transport.beatmap.beat_at(taps_s[-1])
    near = transport.pulse_near(here)
    transport.beatmap = transport.beatmap.moved(near - here, transport.frontier(now_s))
    if transport.turn is not None and not transport.turn.of_a_song:
        transport.turn = _aim(transport, now_s, transport.turn.ratio, transport.turn.told)
    transport.tapped_until = near + TAPS_RULE_PULSES * pulse
    if transport.rubato.on:
        transport.be_careful(transport.next_bar(near, NEAR_BEATS))
    transport.hints.append(transport.count_in_to(transport.next_bar(here)))
    return True
