"""Sync: an outside MIDI clock decides where the beat is; the band plays to it.

`Sync` makes a straight line of jittered ticks, knows where in its song the clock is, and notices when it
falls silent. `lead` moves the band's clock onto that line, once a sixteenth, so that both meet half a beat
on: nothing jumps. Where the clock is gone the band keeps its tempo; when it is back, it leads again from the
next bar line on. Pure state inside `Band.step`.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate.events import ClockWord
from bandmate.labels import Turn
from bandmate.timing import CLOCK_PPQ, PLACE_TICKS, BeatMap, beats_of_ticks, bpm_of_tick, playable, ticks

if TYPE_CHECKING:
    from bandmate.transport import Transport

WINDOWS = (48, 24, 12, 8)  # ticks that make a line: the most of them that still say the same
LEAST = 4  # ticks; fewer are no tempo,
LEAST_S = 0.002  # and nearer ones no clock
NEWEST, OFF_S = 6, 0.0015  # the newest ticks lie on the line, but for this on average,
DOUBT = 2.5  # or so many times what their own jitter explains
JITTER = math.sqrt(6)  # second differences of places are so many times as uneven as the places
AT_ONCE_S = 0.02  # a stop with a continue so soon after it is no stop
SILENT_S, SILENT_TICKS = 0.12, 4.0  # a clock that says nothing for so long, and so many ticks, is gone
MEET_BEATS = 0.5  # so far ahead the two lines meet
FAR_BEATS = 0.25  # a count-in that is so far from the clock isn't bent onto it, but begins where it should
MOST_BEND = 0.06  # of the tempo: nobody hears more of it as a groove
SAME = 1e-6


class Sync:
    """An outside clock as it was heard; beats are counted from where its song begins."""

    def __init__(self) -> None:
        self.on = False  # the performer wants it to decide
        self.runs = False  # its transport does
        self.lost = False  # it has fallen silent
        self.tick = 0  # the newest one, counted for ever
        self.place = 0  # of the tick that comes next, in ticks of its song, while it doesn't run
        self.base: int | None = None  # the tick on which its song began, where anybody said so
        self.led = -1  # the tick at which the band's clock was last moved
        self.apart: float | None = None  # our beat where the clock counts none: the band's minus the clock's
        self.relock: float | None = None  # back again: it leads from this beat of ours on
        self._awaited = ""
        self._stopped_s: float | None = None
        self._heard: deque[tuple[int, float]] = deque(maxlen=WINDOWS[0])

    @property
    def decides(self) -> bool:
        """Whether the band has no tempo of its own: also while the clock is silent."""
        return self.on and (bool(self._heard) or self.lost)

    def hear(self, word: ClockWord) -> str:
        """One word of the clock; what the band must do: start, continue, place, back or nothing."""
        if word.word == "tick":
            return self._tick(word.time_s)
        if word.word == "stop":
            if self.runs and self.base is not None:
                self.place, self._stopped_s = self.tick + 1 - self.base, word.time_s
            self._awaited = ""
        elif word.word == "place":
            self.place = word.place
            if self.runs and self._stopped_s is None:
                return self._elsewhere(self.tick + 1)
        elif word.word == "start":
            self.place, self._awaited, self._stopped_s = 0, "start", None
        elif word.word == "continue":  # right after a stop: it was only told another place
            self._awaited = "continue" if self._stopped_s is None else "place"
            self._stopped_s = None
        return ""

    def _elsewhere(self, tick: int) -> str:
        """A tick is at `place` from now on; the band's beats stay what they are."""
        before, self.base = self.base, tick - self.place
        if before is None or before == self.base:
            return ""
        if self.apart is not None:
            self.apart += beats_of_ticks(self.base - before, CLOCK_PPQ)
        return "place"

    def has_stopped(self, now_s: float) -> bool:
        """Whether it was told to stop, and nothing followed at once: said once."""
        if self._stopped_s is None or now_s - self._stopped_s < AT_ONCE_S:
            return False
        self._stopped_s, self.runs = None, False
        return True

    def _tick(self, time_s: float) -> str:
        back = self.lost
        if back and self._heard:  # it has gone on counting meanwhile, as far as anybody knows
            newest, newest_s = self._heard[-1]
            length_s = self._length_s()
            self.tick = newest + max(1, round((time_s - newest_s) / length_s) if length_s else 1)
            self._heard.clear()
        else:
            self.tick += 1
        self.lost = False
        self._heard.append((self.tick, time_s))
        said, self._awaited = self._awaited, ""
        if said == "place":
            return self._elsewhere(self.tick)
        if said:
            self.base, self.runs, self.apart = self.tick - self.place, True, 0.0
            self.led = self.tick - PLACE_TICKS  # at once, if it ticked before
            return said
        return "back" if back else ""

    def fell_silent(self, now_s: float) -> bool:
        """Whether the clock has just gone: said once. It takes longer the slower it ticked."""
        if self.lost or not self._heard:
            return False
        length_s = self._length_s() or 0.0
        self.lost = now_s - self._heard[-1][1] > max(SILENT_S, SILENT_TICKS * length_s)
        return self.lost

    def forget(self) -> None:
        """Nothing plays and the clock is gone: the band has its own tempo again."""
        self._heard.clear()
        self.lost = self.runs = False
        self.base = self.apart = self.relock = None

    def _length_s(self) -> float | None:
        if len(self._heard) < 2:
            return None
        (first, first_s), (last, last_s) = self._heard[0], self._heard[-1]
        return (last_s - first_s) / (last - first)

    @property
    def due(self) -> bool:
        """Whether a sixteenth has passed since the clock was looked at last."""
        return self.tick >= self.led + PLACE_TICKS

    def line(self) -> BeatMap | None:
        """The clock as a straight line, its beats counted from its song's beginning; None: too few ticks."""
        heard = list(self._heard)
        if len(heard) < LEAST:
            return None
        doubt_s = max(OFF_S, DOUBT * _jitter_s(heard) / math.sqrt(NEWEST))
        for window in WINDOWS:
            if window > len(heard) and window != WINDOWS[-1]:
                continue
            slope_s, middle, middle_s = _fitted(heard[-window:])
            newest = heard[-NEWEST:]
            off_s = sum(time_s - middle_s - (tick - middle) * slope_s for tick, time_s in newest) / len(
                newest
            )
            if abs(off_s) < doubt_s:
                break
        if slope_s < LEAST_S:
            return None
        beat = beats_of_ticks(middle - (self.base or 0), CLOCK_PPQ)
        return BeatMap(bpm_of_tick(slope_s), beat, middle_s)

    def beat_of_newest(self) -> float:
        """The beat of the clock's song on which its newest tick fell."""
        return beats_of_ticks(self.tick - (self.base or 0), CLOCK_PPQ)


def _jitter_s(heard: list[tuple[int, float]]) -> float:
    """How uneven ticks are, whatever the tempo does."""
    bends = [after - 2 * here + before for (_, before), (_, here), (_, after) in zip(
        heard, heard[1:], heard[2:], strict=False)]  # fmt: skip
    return math.sqrt(sum(bend * bend for bend in bends) / len(bends)) / JITTER


def _fitted(heard: list[tuple[int, float]]) -> tuple[float, float, float]:
    """Ticks as a line, by least squares: seconds a tick, and a point of it (tick, seconds)."""
    count = len(heard)
    middle = sum(tick for tick, _ in heard) / count
    middle_s = sum(time_s for _, time_s in heard) / count
    spread = sum((tick - middle) ** 2 for tick, _ in heard)
    slope_s = sum((tick - middle) * (time_s - middle_s) for tick, time_s in heard) / spread
    return slope_s, middle, middle_s


def leads(transport: Transport) -> bool:
    """Whether the outside clock moves the band's now; nobody else does then."""
    return (
        transport.sync.decides
        and transport.state in ("counting", "playing", "ending")
        and not transport.by_hand
    )


def lead(transport: Transport, now_s: float) -> None:
    """The band's clock towards the outside one, once a sixteenth."""
    sync = transport.sync
    if sync.lost or not sync.due:
        return
    line = sync.line()
    if line is None or not playable(line.bpm / transport.meter.pulse_beats):
        return
    frontier_s = transport.frontier(now_s)
    ours, theirs = transport.beatmap.beat_at(frontier_s), line.beat_at(frontier_s)
    if sync.runs and sync.base is None and sync.apart is not None:  # it started before this process did
        sync.base = ticks(theirs - ours + sync.apart, CLOCK_PPQ)
        theirs -= beats_of_ticks(sync.base, CLOCK_PPQ)
    if sync.relock is not None and ours < sync.relock:
        return
    sync.relock, sync.led = None, sync.tick
    counts = transport.state == "counting"
    if not counts or sync.apart is None or abs(theirs + sync.apart - ours) > FAR_BEATS:
        sync.apart = _apart(transport, ours - theirs)
    ahead = theirs + sync.apart - ours
    transport.home_bpm = line.bpm / transport.meter.pulse_beats
    transport.follower.bpm, transport.turn = line.bpm, _song_ahead(transport, line.bpm)
    if counts and abs(ahead) > FAR_BEATS:  # nothing has been struck yet
        transport.beatmap = BeatMap(line.bpm, theirs + sync.apart, frontier_s)
    elif abs(ahead) > SAME or transport.beatmap.bpm != line.bpm:
        bend = max(-MOST_BEND, min(MOST_BEND, ahead / MEET_BEATS))
        transport.beatmap = transport.beatmap.at_tempo(line.bpm * (1 + bend), frontier_s)


def _apart(transport: Transport, beats: float) -> float:
    """How far apart the two counts stay: whole beats; whole ticks where nobody said which of them is a beat.

    A count-in of the band's own waits for the clock's next beat.
    """
    sync = transport.sync
    if transport.state == "counting" and transport.sticks and sync.base is not None:
        return float(math.floor(beats))
    if sync.apart is not None:
        return sync.apart + round(beats - sync.apart)
    if sync.base is not None:
        return float(round(beats))
    return beats_of_ticks(ticks(beats, CLOCK_PPQ), CLOCK_PPQ)


def _song_ahead(transport: Transport, bpm: float) -> Turn | None:
    """The next song of a medley begins where it would, in the clock's tempo; no other turn is taken."""
    turn = transport.turn
    if turn is None or not turn.of_a_song:
        return None
    beat = turn.beatmap.beat
    return replace(turn, beatmap=BeatMap(bpm, beat, transport.beatmap.time_at(beat)))
