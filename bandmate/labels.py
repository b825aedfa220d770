"""Labels: which beat is one, where the beat lies, how fast a pulse goes; the performer's corrections.

Functions on a `Transport`, called from `Band.step` only. A relabelled band keeps to hats until the
next downbeat, so that nobody hears an odd bar.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bandmate.events import Heard
from bandmate.follow import Hint
from bandmate.timing import BeatMap, bpm_of, period_s

if TYPE_CHECKING:
    from bandmate.transport import Transport

NEAR_BEATS = 0.25  # a bar line nearer than this is too near to come in on
TEMPO_TAPS = 3  # taps that make a tempo
UNEVEN = 0.15  # of a gap: a slip of the foot
TAPS_RULE_PULSES = 8  # so long taps outrank what is heard
FASTER = 1.4  # who counts so many times as fast counts an octave above us
OFF_BEAT = 0.38  # of a pulse: one tap so far from the beat says that we play on the off-beats


def relabel(transport: Transport, now_s: float, pressed_s: float, name: str) -> None:
    """Wrong one, ±1 beat and flip: the count changes at once, the band is whole on the next one."""
    if transport.state not in ("playing", "counting"):
        return
    pulse = transport.meter.pulse_beats
    beat = transport.beatmap.beat_at(pressed_s)
    if name == "this-is-one":
        one = round(beat / pulse) * pulse
        _begin_bar_at(transport, one)
    elif name == "flip":
        transport.beatmap = transport.beatmap.moved(-pulse / 2, transport.frontier(now_s))
        transport.hints.append(Hint("relabel", -0.5))
    else:
        _begin_bar_at(transport, transport.bar_of(beat)[1] + (pulse if name == "beat-back" else -pulse))
    transport.counted = True
    transport.follower.begin()
    here = transport.beatmap.beat_at(transport.frontier(now_s))
    transport.be_careful(transport.next_bar(here, NEAR_BEATS))


def _begin_bar_at(transport: Transport, one: float) -> None:
    bar, began = transport.bar_of(one)
    moved = (one - began) / transport.meter.pulse_beats
    transport.origin_beat, transport.origin_bar = one, bar
    transport.hints.append(Hint("relabel", -moved))


def bar_line_of(transport: Transport, heard: Heard) -> float | None:
    """The beat of ours that the listener takes for the next downbeat; None where it counts other bars."""
    if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.downbeat_in is None:
        return None
    meter, pulse = transport.meter, transport.meter.pulse_beats
    if heard.pulse_bpm * pulse / transport.beatmap.bpm > FASTER:
        return None
    short = meter.pulses * pulse - meter.bar_beats  # what the last pulse of 7/8 lacks
    pulses = heard.downbeat_in - (short / pulse if heard.downbeat_in else 0.0)
    one_s = heard.next_pulse_s + pulses * period_s(heard.pulse_bpm)
    grid = pulse - short
    return round(transport.beatmap.beat_at(one_s) / grid) * grid


def scale(transport: Transport, now_s: float, ratio: float) -> None:
    """Half or double time by cue: the listener stays there, too."""
    turn_to(transport, now_s, ratio)
    transport.hints.append(Hint("scale", ratio))


def turn_to(transport: Transport, now_s: float, ratio: float) -> None:
    """Half or double time from the next pulse on; phase and one stay."""
    pulse = transport.meter.pulse_beats
    frontier_s = transport.frontier(now_s)
    beat = transport.beatmap.beat_at(frontier_s)
    began = transport.bar_of(math.ceil(beat / pulse - 1e-9) * pulse)[1]
    every = max(round(1 / ratio), 1)  # a pulse that is one in the new tempo too
    turn = began + math.ceil((beat - began) / (pulse * every) - 1e-9) * pulse * every
    straight_bpm = transport.straight_bpm
    transport.home_bpm *= ratio
    transport.turn = BeatMap(straight_bpm * ratio, turn, transport.beatmap.time_at(turn))
    transport.turn_origin = turn - (turn - began) * ratio
    transport.follower.begin()
    transport.follower.bpm = straight_bpm  # until then


def set_tempo(transport: Transport, now_s: float, bpm: float) -> None:
    """A new home tempo, at once."""
    ratio = bpm / transport.home_bpm
    transport.home_bpm = bpm
    transport.beatmap = transport.beatmap.at_tempo(
        bpm * transport.meter.pulse_beats, transport.frontier(now_s)
    )
    transport.follower.begin()
    if transport.running:
        transport.hints.append(Hint("scale", ratio))


def gap_of(taps_s: Sequence[float]) -> float:
    """The time between even taps; where one is far off, what most of them say."""
    gaps = [after - before for before, after in itertools.pairwise(taps_s)]
    middle = statistics.median(gaps)
    even = all(abs(gap - middle) < UNEVEN * middle for gap in gaps)
    return statistics.fmean(gaps) if even else middle


def tap_tempo(transport: Transport, now_s: float) -> None:
    """Two taps set the phase, three the tempo too, and rule for eight pulses; one on an off-beat flips."""
    pulse = transport.meter.pulse_beats
    taps = transport.taps_s[-8:]
    if len(taps) == 1:
        here = transport.beatmap.beat_at(taps[0]) / pulse
        if abs(here - round(here)) > OFF_BEAT:
            relabel(transport, now_s, taps[0], "flip")
        return
    if len(taps) >= TEMPO_TAPS:
        set_tempo(transport, now_s, bpm_of(gap_of(taps)))
    here = transport.beatmap.beat_at(taps[-1]) / pulse
    off = (here - round(here)) * pulse
    transport.beatmap = transport.beatmap.moved(-off, transport.frontier(now_s))
    transport.tapped_until = (round(here) + TAPS_RULE_PULSES) * pulse
    if transport.rubato.on:
        transport.be_careful(transport.next_bar(round(here) * pulse, NEAR_BEATS))
    one_s = transport.beatmap.time_at(transport.next_bar(here * pulse))
    transport.hints.append(Hint("count-in", one_s, tuple(taps)))
