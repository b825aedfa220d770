"""The transport: playing or not, where, how fast. The only writer of the BeatMap.

States: off, armed, counting, playing, holding, ending. Lives inside `Band.step` (band process);
asks no clock, opens nothing. What is due within `HORIZON_S` is already on its way to the speakers,
so every change of tempo or count begins at that frontier. How the clock follows the listener is
`follow.py`'s business; this file is about states, taps and labels.
"""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass
from typing import Any

from bandmate.events import FixedBeat, Heard, Moment
from bandmate.follow import Follower
from bandmate.timing import SLOT_BEATS, BeatMap, Meter, bpm_of

HORIZON_S = 0.025  # notes due within this are sent; nothing may move them any more
START_S = 0.1  # from the start button to the first click
TAP_GAP_S = 2.5  # a longer silence between taps begins a new count
TAP_LEAST = 3  # taps that make a tempo
SURE = 0.8  # downbeat confidence at which kick, bass and crash may come in
JOIN_CONFIDENCE = 0.4
OTHER_TEMPO = 0.3  # of an octave: not the tempo we joined at
DISAGREE_PULSES = 8  # so long the listener must insist on another downbeat


@dataclass(frozen=True, slots=True)
class Hint:
    """What the listener must know about the transport's decision, given to it in the next step."""

    kind: str  # count-in, relabel, scale, reset
    value: float = 0.0
    taps_s: tuple[float, ...] = ()


class Transport:
    """Where the music is. `bpm` is in pulses a minute, `follow` 0..1, `staged` the careful free join."""

    def __init__(self, meter: Meter, bpm: float, follow: float, count_in_bars: int, staged: bool) -> None:
        self.meter = meter
        self.home_bpm = bpm
        self.count_in_bars = count_in_bars
        self.staged = staged
        self.join_free = False
        self.horizon_s = HORIZON_S  # longer where the sound device is slow
        self.state = "off"
        self.entry = "full"
        self.entry_beat: float | None = None  # the downbeat on which a careful entry becomes full
        self.counted = False  # the bar line is known from a count-in or a cue
        self.beatmap = BeatMap(bpm * meter.pulse_beats, 0.0, 0.0)
        self.origin_beat, self.origin_bar = 0.0, 0
        self.start_beat = 0.0  # where the count-in leads
        self.taps_s: list[float] = []
        self.hints: list[Hint] = []
        self.follower = Follower(follow)
        self.fixed_beat = -1e9  # the newest beat whose place is fixed
        self.by_hand = False  # ritard: only the performer's chords move the beat
        self.sticks = False  # the band itself counts this count-in
        self._turn: BeatMap | None = None  # a tempo that begins when the frontier reaches it
        self._turn_origin = 0.0
        self._disagree = 0
        self._listen_pulse = -1e9

    # -------------------------------------------------------------- places

    def bar_of(self, beat: float) -> tuple[int, float]:
        """The bar that holds a beat, and the beat on which that bar begins."""
        bars = math.floor((beat - self.origin_beat) / self.meter.bar_beats + 1e-6)
        return self.origin_bar + bars, self.origin_beat + bars * self.meter.bar_beats

    def next_bar(self, beat: float, least_beats: float = 0.0) -> float:
        """The first bar line at least `least_beats` after a beat."""
        _, began = self.bar_of(beat + least_beats - 1e-6)
        return began + self.meter.bar_beats

    def frontier(self, now_s: float) -> float:
        """The moment from which on anything may still change."""
        return now_s + self.horizon_s

    @property
    def running(self) -> bool:
        """Whether the clock runs and the band may play."""
        return self.state in ("playing", "ending")

    # -------------------------------------------------------------- every step

    def advance(self, now_s: float, heard: Heard, drums: bool) -> Moment:
        """Move on to `now_s`: count-ins end, the clock follows what is heard (leash by `drums`)."""
        if self._turn is not None and self.frontier(now_s) >= self._turn.time_s:
            self._take_turn(self._turn)
        beat = self.beatmap.beat_at(self.frontier(now_s))
        if self.state == "armed" and self.join_free:
            self._join(now_s, heard)
        elif self.state == "counting" and beat >= self.start_beat - 1e-9:
            self.state = "playing"
        elif self.state == "playing" and self._turn is None:
            self._follow(now_s, heard, drums)
        if self.entry_beat is not None and beat >= self.entry_beat - 1e-6:
            self.entry, self.entry_beat = "full", None
        return self.moment(now_s)

    def _take_turn(self, turn: BeatMap) -> None:
        """Half or double time begins: the bar goes on in the new tempo."""
        bar = self.bar_of(turn.beat)[0]
        self.beatmap, self._turn = turn, None
        self.origin_beat, self.origin_bar = self._turn_origin, bar

    def entry_at(self, beat: float) -> str:
        """How carefully the band plays at a beat that is about to be decided."""
        due = self.entry_beat is not None and beat >= self.entry_beat - 1e-6
        return "full" if due else self.entry

    def moment(self, now_s: float) -> Moment:
        """The snapshot that parts and screens read."""
        beat = self.beatmap.beat_at(now_s)
        bar, began = self.bar_of(beat)
        return Moment(
            now_s, self.state, self.beatmap, beat, self.meter, bar, began, self.home_bpm,
            entry=self.entry, running=self.running,
        )  # fmt: skip

    def fixed(self, now_s: float) -> tuple[FixedBeat, ...]:
        """The beats (and the bar lines between beats, in 7/8) whose place became final in this step."""
        if not self.running or self.by_hand:
            return ()
        last = math.floor(self.beatmap.beat_at(self.frontier(now_s)) / SLOT_BEATS + 1e-9)
        first = max(self.fixed_beat, self.start_beat - SLOT_BEATS, (last - 4) * SLOT_BEATS)
        found = []
        for place in range(math.floor(first / SLOT_BEATS + 1e-9) + 1, last + 1):
            beat = place * SLOT_BEATS
            time_s = self.beatmap.time_at(beat)
            downbeat = abs(beat - self.bar_of(beat + 1e-4)[1]) < 1e-6
            if time_s >= now_s - 1e-9 and (downbeat or beat == round(beat)):
                found.append(FixedBeat(beat, time_s, now_s, downbeat))
            self.fixed_beat = beat
        return tuple(found)

    # -------------------------------------------------------------- starting

    def arm(self) -> None:
        """Ready for a count-in; nothing sounds yet."""
        if self.state == "off":
            self.state, self.taps_s, self.fixed_beat = "armed", [], -1e9

    def disarm(self) -> None:
        """Nothing sounds from here on, whatever is played."""
        self.state, self.taps_s, self.by_hand, self._turn = "off", [], False, None
        self.hints.append(Hint("reset"))

    def start(self, now_s: float) -> None:
        """The band counts in and plays."""
        if self.state in ("off", "armed"):
            first_s = now_s + START_S
            self._launch(self.home_bpm, first_s, self.count_in_bars)
            self.sticks = True
            pulses = round(self.count_in_bars * self.meter.bar_beats / self.meter.pulse_beats)
            clicks = tuple(
                self.beatmap.time_at(self.start_beat - self.count_in_bars * self.meter.bar_beats
                                     + pulse * self.meter.pulse_beats)
                for pulse in range(pulses)
            )  # fmt: skip
            self.hints.append(Hint("count-in", self.beatmap.time_at(0.0), clicks))

    def taps_wanted(self) -> int:
        """How many taps count the band in: whole bars of pulses, three at least."""
        bars = max(1, self.count_in_bars)
        while bars * self.meter.pulses < TAP_LEAST:
            bars += 1
        return bars * self.meter.pulses

    def tap(self, now_s: float, wanted: int = 0) -> None:
        """A tap in pulses: counts the band in when armed, sets phase and tempo while it plays."""
        if self.state == "off":
            self.arm()
            return
        if self.taps_s and now_s - self.taps_s[-1] > TAP_GAP_S:
            self.taps_s = []
        self.taps_s.append(now_s)
        if self.state == "armed" and len(self.taps_s) >= (wanted or self.taps_wanted()):
            self._tap_in(tuple(self.taps_s))
        elif self.state == "playing":
            self._tap_tempo(now_s)

    def _tap_in(self, taps_s: tuple[float, ...]) -> None:
        """Taps to tempo and phase: the median interval, laid through the middle of all taps."""
        gaps = [after - before for before, after in itertools.pairwise(taps_s)]
        gap_s = statistics.median(gaps)
        first_s = statistics.fmean(tap - index * gap_s for index, tap in enumerate(taps_s))
        bars = max(1, round(len(taps_s) / self.meter.pulses))
        self._launch(bpm_of(gap_s), first_s, bars)
        self.taps_s = []
        self.hints.append(Hint("count-in", self.beatmap.time_at(0.0), taps_s))

    def _launch(self, bpm: float, first_s: float, bars: float) -> None:
        """Count `bars` from `first_s`, then play from beat 0."""
        self.home_bpm = bpm
        self.beatmap = BeatMap(bpm * self.meter.pulse_beats, -bars * self.meter.bar_beats, first_s)
        self.origin_beat, self.origin_bar, self.start_beat = 0.0, 0, 0.0
        self.state, self.entry, self.entry_beat, self.counted = "counting", "full", None, True
        self.fixed_beat, self._disagree, self.sticks = -1e9, 0, False
        self.follower.begin()

    def _join(self, now_s: float, heard: Heard) -> None:
        """Come in by ourselves once the pulse is believed: carefully, or at once if not `staged`."""
        if heard.next_pulse_s is None or heard.pulse_bpm is None or heard.downbeat_in is None:
            return
        if heard.state != "locked" and heard.confidence < JOIN_CONFIDENCE:
            return
        if heard.next_pulse_s <= self.frontier(now_s) + self.horizon_s:
            return
        pulse = self.meter.pulse_beats
        self.home_bpm = heard.pulse_bpm
        first_beat = -heard.downbeat_in * pulse
        if self.fixed_beat > first_beat:  # once more, with another tempo: the count goes on
            first_beat += (
                math.ceil((self.fixed_beat - first_beat) / self.meter.bar_beats) * self.meter.bar_beats
            )
        one = first_beat + heard.downbeat_in * pulse
        self.beatmap = BeatMap(heard.pulse_bpm * pulse, first_beat, heard.next_pulse_s)
        self.origin_beat, self.origin_bar = one, round(one / self.meter.bar_beats)
        self.start_beat = first_beat if self.staged else one
        self.state, self.counted = "counting", False
        self.entry, self.entry_beat = ("hats", None) if self.staged else ("full", None)
        self._disagree, self.sticks = 0, False
        self.follower.begin()

    # -------------------------------------------------------------- while playing

    def _follow(self, now_s: float, heard: Heard, drums: bool) -> None:
        if self._misjoined(heard):
            self._join(now_s, heard)
            return
        moved = self.follower.follow(self.beatmap, now_s, self.frontier(now_s), heard, self.meter, drums,
                                     self.home_bpm)  # fmt: skip
        if moved.reentry:
            self._careful(self.next_bar(moved.beatmap.beat_at(self.frontier(now_s)), 0.5))
            self.home_bpm = moved.home_bpm
        self.beatmap = moved.beatmap
        if heard.next_pulse_s is not None and not self.counted:
            self._bar_line(heard)

    def _misjoined(self, heard: Heard) -> bool:
        """Still at the hats after a free join, and the tempo turns out to be another one."""
        if self.entry != "hats" or self.counted or self.entry_beat is not None or heard.pulse_bpm is None:
            return False
        return heard.state == "locked" and abs(math.log2(heard.pulse_bpm / self.home_bpm)) > OTHER_TEMPO

    def _bar_line(self, heard: Heard) -> None:
        """After a free join the bar line is a belief: take the listener's when it insists."""
        assert heard.next_pulse_s is not None
        pulse = self.meter.pulse_beats
        beat = round(self.beatmap.beat_at(heard.next_pulse_s) / pulse) * pulse
        if heard.downbeat_in is None or beat <= self._listen_pulse:
            return
        self._listen_pulse = beat
        theirs = beat + heard.downbeat_in * pulse
        off = (theirs - self.bar_of(theirs + 1e-3)[1]) % self.meter.bar_beats
        agreed = min(off, self.meter.bar_beats - off) < pulse / 2
        self._disagree = 0 if agreed else self._disagree + 1
        sure = heard.downbeat_confidence >= SURE
        if not agreed and (self.entry == "hats" or (sure and self._disagree >= DISAGREE_PULSES)):
            self.origin_beat, self.origin_bar = theirs, self.bar_of(theirs)[0] + 1
            self._disagree = 0
        if self.entry == "hats" and sure and self.entry_beat is None:
            self._careful(self.next_bar(beat))

    def trust(self) -> None:
        """*All in*: the bar line is good enough, everyone on the next one."""
        if self.entry != "full" and self.entry_beat is None:
            self._careful(self.next_bar(self._listen_pulse))

    def _careful(self, until_beat: float) -> None:
        """Hats keep the pulse; the full band is back on the downbeat `until_beat`."""
        self.entry, self.entry_beat = "hats", until_beat

    def relabel(self, now_s: float, name: str) -> None:
        """Wrong one, ±1 beat and flip: the count changes at once, the band is whole on the next one."""
        if self.state not in ("playing", "counting"):
            return
        pulse = self.meter.pulse_beats
        beat = self.beatmap.beat_at(now_s)
        if name == "this-is-one":
            one = round(beat / pulse) * pulse
            self._begin_bar_at(one)
        elif name == "flip":
            self.beatmap = self.beatmap.moved(-pulse / 2, self.frontier(now_s))
            self.hints.append(Hint("relabel", -0.5))
        else:
            self._begin_bar_at(self.bar_of(beat)[1] + (pulse if name == "beat-back" else -pulse))
        self.counted = True
        self.follower.begin()
        here = self.beatmap.beat_at(self.frontier(now_s))
        self._careful(self.next_bar(here, SLOT_LEAD_BEATS))

    def _begin_bar_at(self, one: float) -> None:
        bar, began = self.bar_of(one)
        moved = (one - began) / self.meter.pulse_beats
        self.origin_beat, self.origin_bar = one, bar
        self.hints.append(Hint("relabel", -moved))

    def scale(self, now_s: float, ratio: float) -> None:
        """Half or double time from the next pulse on; phase and one stay."""
        pulse = self.meter.pulse_beats
        frontier_s = self.frontier(now_s)
        turn = math.ceil(self.beatmap.beat_at(frontier_s) / pulse - 1e-9) * pulse
        began = self.bar_of(turn)[1]
        while ((turn - began) / pulse * ratio) % 1 > 1e-6:  # a pulse that is one in the new tempo too
            turn += pulse
        self.home_bpm *= ratio
        self._turn = BeatMap(self.beatmap.bpm * ratio, turn, self.beatmap.time_at(turn))
        self._turn_origin = turn - (turn - began) * ratio
        self.follower.begin()
        self.hints.append(Hint("scale", ratio))

    def set_tempo(self, now_s: float, bpm: float) -> None:
        """A new home tempo, at once."""
        ratio = bpm / self.home_bpm
        self.home_bpm = bpm
        self.beatmap = self.beatmap.at_tempo(bpm * self.meter.pulse_beats, self.frontier(now_s))
        self.follower.begin()
        if self.running:
            self.hints.append(Hint("scale", ratio))

    def _tap_tempo(self, now_s: float) -> None:
        """Two taps nudge the phase, three set the tempo too."""
        pulse = self.meter.pulse_beats
        taps = self.taps_s[-8:]
        if len(taps) >= TAP_LEAST:
            gaps = [after - before for before, after in itertools.pairwise(taps)]
            self.set_tempo(now_s, bpm_of(statistics.median(gaps)))
        if len(taps) >= 2:
            here = self.beatmap.beat_at(now_s) / pulse
            off = (here - round(here)) * pulse
            self.beatmap = self.beatmap.moved(-off, self.frontier(now_s))
            self.hints.append(
                Hint("count-in", self.beatmap.time_at(self.next_bar(here * pulse)), tuple(taps))
            )

    # -------------------------------------------------------------- stopping and holding

    def begin_ending(self) -> None:
        """The ending has been cued: the clock runs on without following."""
        if self.state == "playing":
            self.state = "ending"

    def finish(self) -> None:
        """After every ending: off."""
        self.disarm()

    def hold(self, now_s: float) -> None:
        """Fermata: the clock stops here."""
        self.state = "holding"
        self.start_beat = self.next_bar(self.beatmap.beat_at(now_s), 1e-3)

    def resume(self, now_s: float) -> None:
        """One bar counted, then a tempo from the bar line after the hold."""
        beat = self.start_beat - self.meter.bar_beats
        bpm = self.home_bpm * self.meter.pulse_beats
        self.beatmap = BeatMap(bpm, beat, now_s + START_S)
        self.state, self.sticks = "counting", True
        self.follower.begin()
        clicks = tuple(
            self.beatmap.time_at(beat + pulse * self.meter.pulse_beats) for pulse in range(self.meter.pulses)
        )
        self.hints.append(Hint("count-in", self.beatmap.time_at(self.start_beat), clicks))

    def strike(self, now_s: float) -> FixedBeat:
        """Ritard: a chord of the performer is the next beat, now; no clock runs in between."""
        here = math.floor(self.fixed_beat + 1e-9) if self.by_hand else round(self.beatmap.beat_at(now_s)) - 1
        beat = max(here, math.floor(self.fixed_beat)) + 1.0
        self.by_hand = True
        self.beatmap = BeatMap(self.beatmap.bpm, beat, now_s)
        self.fixed_beat = beat
        return FixedBeat(beat, now_s, now_s, abs(beat - self.bar_of(beat + 1e-4)[1]) < 1e-6)

    # -------------------------------------------------------------- saved and restored

    def state_now(self) -> dict[str, Any]:
        """Everything that a restarted band needs to go on counting."""
        return {
            "state": self.state, "bpm": self.beatmap.bpm, "beat": self.beatmap.beat,
            "time_s": self.beatmap.time_s, "home_bpm": self.home_bpm,
            "origin_beat": self.origin_beat, "origin_bar": self.origin_bar, "counted": self.counted,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any], now_s: float) -> None:
        """Go on where a dead band process was: same clock, back in on a downbeat."""
        self.beatmap = BeatMap(saved["bpm"], saved["beat"], saved["time_s"])
        self.home_bpm, self.counted = saved["home_bpm"], saved["counted"]
        self.origin_beat, self.origin_bar = saved["origin_beat"], saved["origin_bar"]
        if saved["state"] in ("playing", "counting"):
            here = self.beatmap.beat_at(self.frontier(now_s))
            self.start_beat = max(self.next_bar(here, 0.25), 0.0 if saved["state"] == "counting" else -1e9)
            self.state = "counting"
            self.hints.append(
                Hint("count-in", self.beatmap.time_at(self.start_beat), self._past_pulses(now_s))
            )
        else:
            self.state = "armed" if saved["state"] == "armed" else "off"

    def _past_pulses(self, now_s: float) -> tuple[float, ...]:
        pulse = self.meter.pulse_beats
        last = math.floor(self.beatmap.beat_at(now_s) / pulse)
        return tuple(self.beatmap.time_at((last - back) * pulse) for back in (3, 2, 1, 0))


SLOT_LEAD_BEATS = 0.25  # a bar line nearer than this is too near to come in on
