"""Where "one" is, and which of the allowed meters: what every pulse was like, weighed by a trained sense.

The signs of a downbeat are added up by place in the bar for each allowed meter (`downbeats.py`), the bar
sense turns them into odds (`barsense.py`). A count-in or a relabel gives a long lead, which only evidence
that leads clearly for two bars takes back. Runs in the band process; imports events, timing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from bandmate.events import Attack, Hue, NoteOn
from bandmate.listening.barsense import shipped, votes
from bandmate.listening.downbeats import EARLY, Evidence, Floats, Portrait
from bandmate.timing import Meter

MARGIN = 0.3  # log-odds by which another pulse must lead to become one,
TOLD_MARGIN = 1.5  # when somebody told us which one it is,
TOLD_PULSES = 8  # and for so long
TOLD_LEAD = 4.0  # log-odds that a count-in or "this is one" is worth
METER_MARGIN = 0.2  # log-odds by which another meter must lead, in the mean
METER_PACE = 0.08  # of this share of the new and the rest of the old, pulse by pulse,
METER_PULSES = 8  # for so long
REST_S = 3.0  # after such a rest the bar may begin anew
MEMORY_S = 16.0  # what happened lately is heard again when the pulse turns out to be another
MEMORY_EVENTS = 600
RIPE_PULSES = 16.0  # what was heard of fewer pulses looks surer than it is
BEGIN_NEAR = 0.25  # of a pulse: so near a pulse somebody begins on it

Happening = NoteOn | Attack | Hue


class BarVote:
    """Which pulse count, modulo the bar, is the downbeat; `meter` is counted, `meters` are listened for."""

    def __init__(self, meter: Meter, meters: Sequence[Meter] = ()) -> None:
        self.meter = meter
        self.pulses = meter.pulses  # in a bar of the meter that is counted
        self.meters = (meter, *(other for other in meters if other != meter))
        self._allowed = tuple(meters)
        self.one = 0  # pulse counts congruent to this are downbeats
        self.told = False
        self.confidence = 0.0  # how probable it is that `one` is right, 0..1
        self.likeliest = meter  # of the meters allowed
        self._recent: deque[tuple[Happening, bool]] = deque(maxlen=MEMORY_EVENTS)  # and whether it began
        self._by_ear = False  # only microphones have been heard
        self._insisted = self._meter_insisted = 0
        self._meter_chance = 1.0  # that the meter that is counted is the right one
        self._lead = np.zeros(meter.pulses)
        self._forget()
        self._sum_up()

    def _forget(self) -> None:
        self._pulse: int | None = None
        self._begin: int | None = None
        self._closed = 0  # pulses weighed
        self._portrait = Portrait()
        self._evidence = [Evidence(meter.pulses) for meter in self.meters]
        self._odds: Floats = np.zeros(self.meter.pulses)
        self._fits: Floats = np.zeros(len(self.meters))

    def _sum_up(self) -> None:
        """The confidence, whenever what it rests on has changed; who tells us one knows the meter, too."""
        ripe = 1 - math.exp(-self._closed / RIPE_PULSES)
        leads = (ripe * self._odds + self._lead).tolist()
        most = max(leads)
        chances = [math.exp(lead - most) for lead in leads]
        meter = 1.0 if self.told else self._meter_chance
        self.confidence = meter * chances[self.one] / sum(chances)

    def tell(self, one: int) -> None:
        """Somebody said which pulse is one: start again from there, well ahead."""
        self.one = one % self.pulses
        self.told = True
        self._insisted = 0
        self._recent.clear()
        self._forget()
        self._lead = TOLD_LEAD * (np.arange(self.pulses) == self.one)
        self._sum_up()

    def strike(self, happening: Happening, count: float | None) -> None:
        """A note, a stroke or the colour of a microphone at a pulse count, if pulses are known yet."""
        begins = False
        if not isinstance(happening, Hue):
            last_s = next((one.time_s for one, _ in reversed(self._recent) if not isinstance(one, Hue)), None)
            begins = last_s is None or happening.time_s - last_s > REST_S
            if begins and last_s is not None:
                self._begin_anew()
            self._by_ear = isinstance(happening, Attack)
        self._recent.append((happening, begins))
        if count is not None:
            self._take(happening, count, begins)

    def _begin_anew(self) -> None:
        """After a rest what was heard before it says little about the bar."""
        self._recent.clear()
        self._forget()
        self.told = False
        self._lead = 0.25 * self._lead
        self._sum_up()

    def _take(self, happening: Happening, count: float, begins: bool) -> None:
        self.settle(count)
        if begins and abs(count - round(count)) < BEGIN_NEAR:
            self._begin = round(count)
            self._mark_begin()
        if self._pulse is not None:
            self._portrait.strike(happening, count - self._pulse)

    def _mark_begin(self) -> None:
        if self._begin is not None and self._begin == self._pulse:
            self._portrait.begins()
            self._begin = None

    def recount(self, count_at: Callable[[float], float], one: int | None = None) -> None:
        """The pulse turned out to be another one: hear the last seconds again by its count.

        `one` is where the downbeat that somebody told us stands now.
        """
        if one is not None:
            self._lead = np.roll(self._lead, one - self.one)
            self.one = one % self.pulses
        self._forget()
        newest_s = self._recent[-1][0].time_s if self._recent else 0.0
        for happening, begins in list(self._recent):
            if newest_s - happening.time_s < MEMORY_S:
                self._take(happening, count_at(happening.time_s), begins)
        if not self.told:
            self.one = int((self._odds + self._lead).argmax())
        self._sum_up()

    def turned(self, meter: Meter, count_at: Callable[[float], float] | None) -> BarVote:
        """The vote in another meter, which hears the last seconds again by the pulse count, if it has one."""
        other = BarVote(meter, self._allowed)
        other._recent.extend(self._recent)
        other._by_ear = self._by_ear
        if count_at is not None:
            other.recount(count_at)
        return other

    def settle(self, count: float) -> None:
        """Weigh every pulse that is over."""
        pulse = math.floor(count + EARLY)
        if pulse == self._pulse:
            return
        if self._pulse is None or abs(pulse - self._pulse) > 4 * self.pulses:
            self._pulse = pulse
        while self._pulse < pulse:
            self._close(self._pulse)
            self._pulse += 1
            self._mark_begin()

    def _close(self, pulse: int) -> None:
        signs = self._portrait.close()
        weights = shipped()["microphones" if self._by_ear else "keys"]
        odds = []
        for evidence in self._evidence:
            evidence.add(pulse, signs)
            odds.append(votes(evidence.shares(), weights))
        self._closed += 1
        self._odds = odds[0] - odds[0].max()
        if len(self.meters) > 1:
            self._weigh_meters(odds)
        leads = self._odds + self._lead
        best = int(leads.argmax())
        margin = TOLD_MARGIN if self.told else MARGIN
        self._insisted = self._insisted + 1 if leads[best] > leads[self.one] + margin else 0
        if self._insisted > (TOLD_PULSES if self.told else 0):
            self.one, self._insisted = best, 0
        self._sum_up()

    def _weigh_meters(self, odds: Sequence[Floats]) -> None:
        """The meter in which some pulse stands out most."""
        now = np.array([math.log(float(np.exp(each - each.mean()).mean())) for each in odds])
        fits = self._fits = (1 - METER_PACE) * self._fits + METER_PACE * now
        self._meter_chance = float(1 / np.exp(fits - fits[0]).sum())
        best = self.meters[int(fits.argmax())]
        behind = float(fits.max()) - fits[self.meters.index(self.likeliest)]
        self._meter_insisted = self._meter_insisted + 1 if behind > METER_MARGIN else 0
        if self._meter_insisted > METER_PULSES:
            self.likeliest, self._meter_insisted = best, 0


def division(meter: Meter) -> str:
    """How the pulses of a meter divide: in halves or thirds, or (7/8) they may start on any eighth."""
    if meter.bar_beats % meter.pulse_beats:
        return "eighths"
    return "thirds" if meter.pulse_beats == 1.5 else "halves"


def next_in_bar(since_one: float, bar_pulses: float, pulses: int) -> tuple[float, int]:
    """The next pulse after a place counted from some downbeat, and how many pulses on the bar begins.

    The last pulse of a bar may be short (7/8: `bar_pulses` 3.5, `pulses` 4).
    """
    begin = math.floor(since_one / bar_pulses) * bar_pulses
    within = min(math.floor(since_one - begin + 1e-6) + 1.0, bar_pulses)
    return begin + within, (pulses - math.ceil(within)) % pulses
