"""The transport: playing or not, where, how fast. The only writer of the BeatMap.

States: off, armed, counting, playing, holding, ending. Lives inside `Band.step` (band process);
asks no clock, opens nothing. What is due within `HORIZON_S` is already on its way to the speakers,
so every change of tempo or count begins at that frontier. One room: `follow.py` (how the clock
follows), `barlines.py` (where bars begin), `starting.py` (how a song starts), `counting.py` (a count by
sound), `labels.py` (what bars are called), `rubato.py` (when there is no pulse to follow), `sync.py` (an
outside clock).
"""

from __future__ import annotations

import math
from typing import Any

from bandmate import barlines, labels, rubato, starting
from bandmate.events import FixedBeat, Heard, Moment
from bandmate.follow import Clock, Follower, Hint, Moved
from bandmate.labels import NEAR_BEATS
from bandmate.starting import START_S
from bandmate.sync import Sync, lead, leads
from bandmate.timing import SLOT_BEATS, BeatMap, Meter

HORIZON_S = 0.025  # notes due within this are sent; nothing may move them any more
SAME_S = 0.06  # ritard: a chord so soon after a pulse of the clock is that pulse
PHRASE_BARS = 4  # sections begin on such bars, unless somebody says so


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
        self.odd: dict[int, Meter] = {}  # single bars in another meter, by number
        self.start_beat = 0.0  # where the count-in leads
        self.taps_s: list[float] = []
        self.hints: list[Hint] = []
        self.follower = Follower(follow)
        self.fixed_beat, self.fixed_s = -1e9, -1e9  # the newest beat whose place is fixed, and that place
        self.alone = False  # nobody is there to be followed
        self.by_hand = False  # ritard: only the performer's chords move the beat
        self.sticks = False  # the band itself counts this count-in
        self.turn: labels.Turn | None = None  # half or double time, once the frontier is there
        self.disagree = 0
        self.listen_pulse = -1e9
        self.tapped_until = -1e9  # up to this beat the performer's taps outrank what is heard
        self.section_beat = -1e9  # where a new section was cued
        self.rejoin = False  # we count otherwise now, and have to join once more
        self.loose = False  # without a pulse to follow, the band goes by the chords: ballads, rubato
        self.rubato = rubato.Rubato()
        self.sync = Sync()
        self.reentries = 0

    # -------------------------------------------------------------- places

    def bar_of(self, beat: float) -> tuple[int, float]:
        """The bar that holds a beat, and the beat on which that bar begins."""
        return barlines.bar_of(self, beat)

    def line_of(self, bar: int) -> float:
        """The beat on which a bar begins."""
        return barlines.line_of(self, bar)

    def meter_of(self, bar: int) -> Meter:
        """The meter of a bar: the song's, but for single odd ones."""
        return self.odd.get(bar, self.meter)

    def next_bar(self, beat: float, least_beats: float = 0.0) -> float:
        """The first bar line at least `least_beats` after a beat."""
        bar, began = self.bar_of(beat + least_beats - 1e-6)
        return began + self.meter_of(bar).bar_beats

    def later(self, line: float, bars: int) -> float:
        """The bar line so many bars after one."""
        return self.line_of(self.bar_of(line + 1e-3)[0] + bars)

    def pulse_near(self, beat: float) -> float:
        """The pulse nearest to a beat."""
        return self.origin_beat + self.meter.place_of(self.meter.pulse_near(beat - self.origin_beat))

    def next_pulse(self, beat: float) -> float:
        """The first pulse at or after a beat."""
        return self.origin_beat + self.meter.place_of(self.meter.pulse_from(beat - self.origin_beat))

    def grid_near(self, beat: float) -> float:
        """The place nearest to a beat where a pulse or a bar line may fall: in 7/8 any eighth."""
        return self.origin_beat + self.meter.on_grid(beat - self.origin_beat)

    def count_in_to(self, one: float, bars: int = 1) -> Hint:
        """What the listener must know of a count whose pulses lead to a bar line."""
        pulses = range(-max(bars, 1) * self.meter.pulses, 0)
        clicks = tuple(self.beatmap.time_at(one + self.meter.place_of(pulse)) for pulse in pulses)
        return Hint("count-in", self.beatmap.time_at(one), clicks)

    def frontier(self, now_s: float) -> float:
        """The moment from which on anything may still change."""
        return now_s + self.horizon_s

    @property
    def rung(self) -> str:
        """What the clock goes by: sync, follow, coast, taps or rubato."""
        if leads(self):
            return "sync"
        if self.rubato.on:
            return "rubato"
        return "taps" if self.beatmap.beat < self.tapped_until else self.follower.rung

    @property
    def straight_bpm(self) -> float:
        """The tempo without the bending of phase, in beats a minute."""
        return self.follower.bpm or self.beatmap.bpm

    @property
    def running(self) -> bool:
        """Whether the clock runs and the band may play."""
        return self.state in ("playing", "ending")

    # -------------------------------------------------------------- every step

    def advance(self, now_s: float, heard: Heard, drums: bool) -> Moment:
        """Move on to `now_s`: count-ins end, the clock follows what is heard (leash by `drums`)."""
        if self.turn is not None and self.frontier(now_s) >= self.turn.beatmap.time_s:
            labels.take_turn(self, self.turn)
        if self.odd:
            barlines.leave(self, now_s)
        synced = leads(self)
        if synced:
            lead(self, now_s)
        beat = self.beatmap.beat_at(self.frontier(now_s))
        if self.state == "armed" and self.join_free and not self.sync.decides:
            starting.join(self, now_s, heard)
        elif self.state == "counting" and beat >= self.start_beat - 1e-9:
            self.state = "playing"
        elif self.state == "playing" and self.turn is None and not self.alone and not synced:
            self._follow(now_s, heard, drums)
        if self.entry_beat is not None and beat >= self.entry_beat - 1e-6:
            self.entry, self.entry_beat = "full", None
        return self.moment(now_s)

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
            if time_s >= max(now_s - 1e-9, self.fixed_s + 1e-6) and (downbeat or beat == round(beat)):
                found.append(FixedBeat(beat, time_s, now_s, downbeat))
                self.fixed_s = time_s
            self.fixed_beat = beat
        return tuple(found)

    # -------------------------------------------------------------- starting

    def arm(self) -> None:
        """Ready for a count-in; nothing sounds yet."""
        if self.state == "off":
            self.state, self.taps_s, self.fixed_beat, self.fixed_s = "armed", [], -1e9, -1e9

    def disarm(self) -> None:
        """Nothing sounds from here on, whatever is played."""
        self.state, self.taps_s, self.by_hand, self.turn = "off", [], False, None
        self.odd = {}
        self.rubato.off()
        self.hints.append(Hint("reset"))

    # -------------------------------------------------------------- while playing

    def _follow(self, now_s: float, heard: Heard, drums: bool) -> None:
        if self.rejoin or starting.misjoined(self, heard) or starting.another_meter(self, heard):
            starting.join(self, now_s, heard)
            return
        rubato.weigh(self, now_s, heard)
        steer = not self.rubato.on and self.beatmap.beat_at(now_s) >= self.tapped_until
        clock = Clock(
            self.beatmap, now_s, self.frontier(now_s), self.meter, self.home_bpm, drums, steer, self.counted,
            self.origin_beat,
        )  # fmt: skip
        moved = self.follower.follow(clock, heard)
        if moved.reentry:
            self.reenter(now_s, heard, moved)
        self.beatmap = moved.beatmap
        if self.follower.octave and self._section_ends(now_s):
            labels.turn_to(self, now_s, 2.0**self.follower.octave)
        if heard.next_pulse_s is not None and not self.counted:
            starting.believe_bar_line(self, heard)

    def reenter(self, now_s: float, heard: Heard, moved: Moved) -> None:
        """The clock jumps: hats until the next bar line, which is where the listener has counted it."""
        self.beatmap, self.home_bpm = moved.beatmap, moved.home_bpm
        self.reentries += 1
        one = labels.bar_line_of(self, heard)
        if one is not None:
            self.origin_bar, self.origin_beat = self.bar_of(one + self.meter.pulse_beats / 2)[0], one
        if not starting.doubtful(self):
            self.be_careful(self.next_bar(self.beatmap.beat_at(self.frontier(now_s)), 0.5))

    def _section_ends(self, now_s: float) -> bool:
        """Whether the next bar line, less than a pulse away, begins a section or a phrase."""
        beat = self.beatmap.beat_at(self.frontier(now_s))
        line = self.next_bar(beat)
        begins = abs(line - self.section_beat) < NEAR_BEATS or self.bar_of(line + 1e-3)[0] % PHRASE_BARS == 0
        return begins and line - beat < self.meter.pulse_beats

    def trust(self) -> None:
        """*All in*: the bar line is good enough, everyone on the next one."""
        if self.entry != "full" and self.entry_beat is None:
            self.be_careful(self.next_bar(self.listen_pulse))

    def be_careful(self, until_beat: float) -> None:
        """Hats keep the pulse; the full band is back on the downbeat `until_beat`."""
        self.entry, self.entry_beat = "hats", until_beat
        self.rubato.off()

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
        if self.turn is not None:  # a tempo will be the other one
            self.home_bpm, self.turn = self.home_bpm * self.turn.ratio, None
        self.start_beat = self.next_bar(self.beatmap.beat_at(now_s), 1e-3)

    def resume(self, now_s: float) -> None:
        """One bar counted, then a tempo from the bar line after the hold."""
        beat = self.start_beat - self.meter.bar_beats
        bpm = self.home_bpm * self.meter.pulse_beats
        self.beatmap = BeatMap(bpm, beat, now_s + START_S)
        self.state, self.sticks = "counting", True
        self.follower.begin()
        self._leave_rubato()
        self.hints.append(self.count_in_to(self.start_beat))

    def strike(self, now_s: float) -> FixedBeat | None:
        """Ritard: a chord of the performer is the next pulse, now; no clock runs in between.

        None where the clock has just announced that pulse: then the chord is this one.
        """
        announced = not self.by_hand and now_s < self.fixed_s + SAME_S
        beat = self.fixed_beat if announced else self.next_pulse(self.fixed_beat + 1e-3)
        if not self.by_hand and not announced:
            beat = max(beat, self.pulse_near(self.beatmap.beat_at(now_s)))
        self.by_hand, self.turn, self.fixed_beat = True, None, beat
        self.beatmap = BeatMap(self.beatmap.bpm, beat, now_s)
        if announced:
            return None
        self.fixed_s = now_s
        return FixedBeat(beat, now_s, now_s, abs(beat - self.bar_of(beat + 1e-4)[1]) < 1e-6)

    # -------------------------------------------------------------- saved and restored

    def state_now(self) -> dict[str, Any]:
        """Everything that a restarted band needs to go on counting."""
        return {
            "state": self.state, "bpm": self.beatmap.bpm, "beat": self.beatmap.beat,
            "time_s": self.beatmap.time_s, "home_bpm": self.home_bpm,
            "origin_beat": self.origin_beat, "origin_bar": self.origin_bar, "counted": self.counted,
            "start_beat": self.start_beat, "entry": self.entry, "entry_beat": self.entry_beat,
            "clock_runs": self.sync.runs, "clock_apart": self.sync.apart,
        }  # fmt: skip

    def change_at(self, line: float, bpm: float, meter: Meter) -> None:
        """Another song begins on a bar line without a stop: its tempo (in pulses) and its bars."""
        bar = self.bar_of(line)[0]
        then = BeatMap(bpm * meter.pulse_beats, line, self.beatmap.time_at(line))
        self.turn, self.origin_beat = labels.Turn(then, line), line
        self.origin_bar, self.odd = bar, {}
        self.home_bpm, self.meter = bpm, meter
        self.hints.append(Hint("meter"))

    def restore(self, saved: dict[str, Any], now_s: float) -> None:
        """Go on where a dead band process was: same clock, back in on a downbeat."""
        self.beatmap = BeatMap(saved["bpm"], saved["beat"], saved["time_s"])
        self.home_bpm, self.counted = saved["home_bpm"], saved["counted"]
        self.origin_beat, self.origin_bar = saved["origin_beat"], saved["origin_bar"]
        self.entry, self.entry_beat = saved["entry"], saved["entry_beat"]
        self._leave_rubato()
        if saved["state"] not in ("off", "armed"):
            self.sync.runs, self.sync.apart = saved["clock_runs"], saved["clock_apart"]
        if saved["state"] in ("playing", "counting", "ending"):
            here = self.beatmap.beat_at(self.frontier(now_s))
            self.start_beat = max(
                self.next_bar(here, NEAR_BEATS), 0.0 if saved["state"] == "counting" else -1e9
            )
            self.state = "counting"
            self.hints.append(self.count_in_to(self.start_beat))
        elif saved["state"] == "holding":
            self.state, self.start_beat = "holding", saved["start_beat"]
        else:
            self.state = "armed" if saved["state"] == "armed" else "off"

    def _leave_rubato(self) -> None:
        """Everyone by the clock again, without further ado."""
        self.rubato.off()
        if self.entry == "rubato":
            self.entry = "full"
