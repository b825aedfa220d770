"""Bar lines: which bar holds a beat, also where a chart has single bars in another meter.

Functions on a `Transport`, called inside `Band.step` only. Bars are counted on from the last origin; `odd`
holds the other bars ahead, by number.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bandmate.follow import Hint
from bandmate.timing import Meter

if TYPE_CHECKING:
    from bandmate.transport import Transport

ROUNDING = 1e-6  # of a bar


def bar_of(transport: Transport, beat: float) -> tuple[int, float]:
    """The bar that holds a beat, and the beat on which that bar begins."""
    bar, began, length = transport.origin_bar, transport.origin_beat, transport.meter.bar_beats
    near = ROUNDING * length
    for odd, meter in transport.odd.items():
        if odd < bar:
            continue
        line = began + (odd - bar) * length
        if beat + near < line:
            break
        if beat + near < line + meter.bar_beats:
            return odd, line
        bar, began = odd + 1, line + meter.bar_beats
    bars = math.floor((beat - began) / length + ROUNDING)
    return bar + bars, began + bars * length


def line_of(transport: Transport, bar: int) -> float:
    """The beat on which a bar begins."""
    length, since = transport.meter.bar_beats, transport.origin_bar
    beats = sum(
        meter.bar_beats - length for odd, meter in transport.odd.items() if since <= odd < bar
    )  # fmt: skip
    return transport.origin_beat + (bar - since) * length + beats


def know(transport: Transport, from_bar: int, bars: dict[int, Meter]) -> None:
    """Single bars in another meter that a chart has from a bar on, by their numbers."""
    passing = {bar: meter for bar, meter in transport.odd.items() if bar < from_bar}
    transport.odd = passing | bars


def leave(transport: Transport, now_s: float) -> None:
    """An odd bar that is over: bars are counted from its end, and the listener counts along."""
    for bar, meter in list(transport.odd.items()):
        end = line_of(transport, bar) + meter.bar_beats
        if bar >= transport.origin_bar and transport.beatmap.beat_at(now_s) < end:
            break
        if bar >= transport.origin_bar:
            transport.origin_bar, transport.origin_beat = bar + 1, end
            transport.hints.append(Hint("relabel", -meter.bar_beats / transport.meter.pulse_beats))
        del transport.odd[bar]
