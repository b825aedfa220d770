"""Rubato: what the band does while nobody can hear a pulse in the performer's playing.

A groove holds its tempo then. A loose band (a ballad, or the clock "rubato") stops steering by single beats,
thins out and goes by the performer's chords (`closing.go_by_chords`), and is back on a bar line once the
pulse is believed again. Functions on a `Transport`, called from `Band.step` only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bandmate.events import Heard

if TYPE_CHECKING:
    from bandmate.transport import Transport

DOUBTED, BELIEVED = 0.35, 0.5  # confidence below which there is no pulse, and above which there is one
PULSES = 4  # for so long
RESTING_S = 0.5  # a rest is no rubato


class Rubato:
    """Whether the band goes by chords, and for how many pulses the opposite has been heard."""

    def __init__(self) -> None:
        self.off()

    def off(self) -> None:
        """By the clock again."""
        self.on = False
        self.pulses = 0
        self.pulse = -math.inf  # the last one that was weighed


def weigh(transport: Transport, now_s: float, heard: Heard) -> None:
    """Once a pulse: into rubato after four pulses of doubt, back after four that are believed."""
    rubato = transport.rubato
    if not (transport.loose or rubato.on):
        return
    pulse = math.floor(transport.beatmap.beat_at(now_s) / transport.meter.pulse_beats)
    if pulse <= rubato.pulse:
        return
    rubato.pulse = pulse
    if rubato.on:
        against = heard.confidence > BELIEVED and heard.next_pulse_s is not None
    else:
        plays = heard.resting_s < RESTING_S and heard.state in ("locking", "locked")
        against = plays and heard.confidence < DOUBTED and transport.entry == "full"
    rubato.pulses = rubato.pulses + 1 if against else 0
    if rubato.pulses < PULSES:
        return
    rubato.pulses = 0
    if rubato.on:
        _back_in(transport, now_s, heard)
    else:
        rubato.on = True
        transport.entry, transport.entry_beat = "rubato", None


def _back_in(transport: Transport, now_s: float, heard: Heard) -> None:
    """The performer's tempo and phase, and everyone in on the bar line."""
    straight = transport.beatmap.at_tempo(transport.beatmap.bpm, transport.frontier(now_s))
    moved = transport.follower.adopt(straight, heard, transport.meter, transport.origin_beat)
    if moved is not None:
        transport.reenter(now_s, heard, moved)
