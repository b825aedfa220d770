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

from bandmate.follow import Hint
from bandmate.timing import BeatMap, bpm_of

if TYPE_CHECKING:
    from bandmate.transport import Transport

NEAR_BEATS = 0.25  # a bar line nearer than this is too near to come in on
TEMPO_TAPS = 3  # taps that make a tempo
UNEVEN = 0.15  # of a gap: a slip of the foot


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


def scale(transport: Transport, now_s: float, ratio: float) -> None:
    """Half or double time from the next pulse on; phase and one stay."""
    pulse = transport.meter.pulse_beats
    frontier_s = transport.frontier(now_s)
    turn = math.ceil(transport.beatmap.beat_at(frontier_s) / pulse - 1e-9) * pulse
    began = transport.bar_of(turn)[1]
    while ((turn - began) / pulse * ratio) % 1 > 1e-6:  # a pulse that is one in the new tempo too
        turn += pulse
    transport.home_bpm *= ratio
    transport.turn = BeatMap(transport.beatmap.bpm * ratio, turn, transport.beatmap.time_at(turn))
    transport.turn_origin = turn - (turn - began) * ratio
    transport.follower.begin()
    transport.hints.append(Hint("scale", ratio))


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
    """Two taps nudge the phase, three set the tempo too."""
    pulse = transport.meter.pulse_beats
    taps = transport.taps_s[-8:]
    if len(taps) >= TEMPO_TAPS:
        set_tempo(transport, now_s, bpm_of(gap_of(taps)))
    if len(taps) >= 2:
        here = transport.beatmap.beat_at(taps[-1]) / pulse
        off = (here - round(here)) * pulse
        transport.beatmap = transport.beatmap.moved(-off, transport.frontier(now_s))
        transport.hints.append(
            Hint("count-in", transport.beatmap.time_at(transport.next_bar(here * pulse)), tuple(taps))
        )
