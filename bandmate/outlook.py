"""The outlook: what the band means to play in the next bars, pulse by pulse, for the screens.

A chord of the chart is settled; one of a learnt loop, one that is only expected, or guessed, is not.
Shown only: nothing that sounds depends on it. Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bandmate.events import Moment
from bandmate.follow import LEASH_DRUMS, LEASH_FREE

if TYPE_CHECKING:
    from bandmate.band import Band

BARS, BEATS = 2, 8.0  # at least so far ahead


def outlook(band: Band, moment: Moment) -> tuple[tuple[float, str, bool], ...]:
    """The changes from this bar on: beat, chord, and whether it is settled."""
    if not moment.running:
        return ()
    plan, pulse = band.plan, moment.meter.pulse_beats
    bars = max(BARS, math.ceil(BEATS / moment.meter.bar_beats))
    expected = _expected(band, moment)
    found: list[tuple[float, str, bool]] = []
    last = ""
    for number in range(bars * moment.meter.pulses):
        beat = moment.bar_beat + number * pulse
        if beat + pulse <= moment.beat:
            continue  # what has been is no plan
        settled = plan.charted(beat)
        chord = plan.chart(beat) if settled else plan.loop(beat)
        word = str(chord or "")
        if not found and not settled:
            word, settled = str(band.chord or ""), not band.guessed  # what sounds now
        elif not word and expected is not None and expected[0] == beat:
            word = expected[1]
        if word and word != last:
            found.append((round(beat, 3), word, settled))
            last = word
    return tuple(found)


def _expected(band: Band, moment: Moment) -> tuple[float, str] | None:
    """The chord that the ears expect next, on the pulse where they do."""
    heard, pulse = band.heard, moment.meter.pulse_beats
    if heard.ahead is None or heard.ahead_in is None:
        return None
    here = moment.bar_beat + math.floor((moment.beat - moment.bar_beat) / pulse + 1e-6) * pulse
    return here + (round(heard.ahead_in) + 1) * pulse, str(heard.ahead)


def leash(band: Band) -> float:
    """How far the tempo may go from home, as a share of it; 0: as far as the performer goes."""
    if band.transport.follower.free:
        return 0.0
    return LEASH_DRUMS if "drums" in band.playing else LEASH_FREE
