"""Charts: chords by bar in plain text, and back. Pure, any process; imports only the bottom layer.

    | Am7 D7 | Gmaj7 | % | (2/4) D7 |: C . . F/A | N.C. :|x3

A bar's chords share it evenly; where they don't, a dot or a slash holds a chord for one more beat
(or eighth: as many signs as the bar has). `%` is the bar before, `N.C.` no chord, `(2/4)` a single bar in
another meter, `|: :|` plays twice, `:|x3` three times. A new line is a bar line; `#` after a blank begins a
remark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bandmate.errors import BadChart, BandmateError
from bandmate.harmony import Chord
from bandmate.timing import SLOT_BEATS, Meter

MOST_BARS = 1000
MOST_TIMES = 32
BARS_A_LINE = 4
NONE = ("N.C.", "NC", "N.C", "N")
SIGNS = re.compile(
    r"(?P<both>:\|+:)|(?P<begin>\|+:)|(?P<end>:\|+)(?:\s*[x×]\s*(?P<times>\d+))?|(?P<line>\|+)"
    r"|(?P<word>(?:(?!:\|)[^\s|])+)"
)
REMARK = re.compile(r"(?:^|\s)#")
ODD = re.compile(r"\((\d+/\d+)\)")
HELD = re.compile(r"(.*?)([./]+)")

Change = tuple[float, Chord | None]  # on which beat of its bar, and what; None: no chord


@dataclass(frozen=True, slots=True)
class ChartBar:
    """One bar: its chords in order, the first on beat 0; `meter` where it isn't the song's."""

    changes: tuple[Change, ...]
    meter: Meter | None = None

    def at(self, beat: float) -> Chord | None:
        """The chord at a beat of the bar."""
        return next((chord for begun, chord in reversed(self.changes) if begun <= beat + 1e-6), None)


Chart = tuple[ChartBar, ...]


def read_chart(text: str, meter: Meter) -> Chart:
    """The bars of a chart, repeats written out; raises BadChart with the line in the text."""
    reader = _Reader(meter)
    for number, line in enumerate(text.split("\n")):
        reader.line = number
        for sign in SIGNS.finditer(REMARK.split(line)[0]):
            reader.take(sign)
        reader.bar_line()
    return reader.whole()


class _Reader:
    """Takes a chart sign by sign."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.line = 0
        self._bars: list[ChartBar] = []
        self._words: list[str] = []
        self._repeat: int | None = None  # the bar on which an open repeat began

    def take(self, sign: re.Match[str]) -> None:
        """A bar line, a repeat, or a word inside a bar."""
        if sign["word"]:
            self._words.append(sign["word"])
            return
        self.bar_line()
        if sign["end"] or sign["both"]:
            self._again(sign["times"])
        if sign["begin"] or sign["both"]:
            if self._repeat is not None:
                raise BadChart("a repeat |: begins inside another; end the first with :|", self.line)
            self._repeat = len(self._bars)

    def _again(self, times: str | None) -> None:
        count = 2 if times is None else int(times[:9])
        first = self._repeat or 0
        if not 2 <= count <= MOST_TIMES:
            raise BadChart(f"a repeat x{times} is none; it takes x2 to x{MOST_TIMES}", self.line)
        if first == len(self._bars):
            raise BadChart("a repeat :| has no bar before it", self.line)
        self._bars += self._bars[first:] * (count - 1)
        self._repeat = None
        self._count()

    def _count(self) -> None:
        if len(self._bars) > MOST_BARS:
            raise BadChart(f"a chart of more than {MOST_BARS} bars; write sections instead", self.line)

    def bar_line(self) -> None:
        """What was written since the last bar line is a bar."""
        words, self._words = self._words, []
        odd = ODD.fullmatch(words[0]) if words else None
        meter = self.meter
        if odd is not None:
            words = words[1:]
            meter = self._odd_meter(odd[1])
        if not words and odd is None:
            return
        if words == ["%"]:
            if not self._bars:
                raise BadChart("% repeats the bar before, and there is none", self.line)
            before = self._bars[-1]
            changes = before.changes if odd is None else ((0.0, before.changes[-1][1]),)
            self._bars.append(ChartBar(changes, before.meter if odd is None else meter))
        else:
            self._bars.append(ChartBar(self._changes(words, meter), None if meter == self.meter else meter))
        self._count()

    def _odd_meter(self, text: str) -> Meter:
        try:
            meter = Meter.parse(text)
        except BandmateError as error:
            raise BadChart(str(error), self.line) from None
        if meter.bar_beats % self.meter.pulse_beats:
            raise BadChart(
                f"a single bar of {meter} isn't whole beats of {self.meter}; write one that is", self.line
            )
        return meter

    def _changes(self, words: list[str], meter: Meter) -> tuple[Change, ...]:
        """The words of a bar: which chord begins on which beat."""
        number = len(self._bars) + 1
        held = self._bars[-1].changes[-1][1] if self._bars else None
        signs: list[Chord | str | None] = []
        for word in words:
            signs += self._signs(word, number)
        begun = [place for place, sign in enumerate(signs) if sign != "."]
        if not signs:
            raise BadChart(f"bar {number} is empty; write a chord, or % for the bar before", self.line)
        step = self._step(len(signs), len(begun) == len(signs), meter)
        if step is None:
            raise BadChart(
                f"bar {number} has {len(signs)} signs ({' '.join(words)}), and a bar of {meter} has "
                f"{meter.pulses} beats; hold a chord with dots, as in C . G .",
                self.line,
            )
        if begun[:1] != [0] and not self._bars:
            raise BadChart(f"bar {number} begins with {words[0]!r}, and nothing is there to hold", self.line)
        found = [(place * step, signs[place]) for place in begun]
        if begun[:1] != [0]:
            found.insert(0, (0.0, held))
        return tuple(
            (beat, chord)
            for index, (beat, chord) in enumerate(found)
            if not isinstance(chord, str) and (index == 0 or chord != found[index - 1][1])
        )

    def _signs(self, word: str, number: int) -> list[Chord | str | None]:
        """A word as chords, `None` for no chord, and dots for what is held."""
        if word in NONE:
            return [None]
        if word == "%" or ODD.fullmatch(word):
            raise BadChart(f"bar {number} has {word} beside chords; {_alone(word)}", self.line)
        found = HELD.fullmatch(word)
        chord, dots = (found[1], "." * len(found[2])) if found else (word, "")
        if not chord:
            return list(dots)
        try:
            return [Chord.parse(chord), *dots]
        except BandmateError as error:
            raise BadChart(f"bar {number}: {error}", self.line) from None

    def _step(self, signs: int, even: bool, meter: Meter) -> float | None:
        """How many beats a sign stands for; None where they can't be told."""
        if even and signs <= meter.pulses and meter.pulses % signs == 0:
            return meter.pulses // signs * meter.pulse_beats
        return {meter.slots: SLOT_BEATS, meter.count: 4 / meter.unit, meter.pulses: meter.pulse_beats}.get(
            signs
        )

    def whole(self) -> Chart:
        """All bars; raises BadChart where something is still open or nothing is there."""
        if self._repeat is not None:
            raise BadChart("a repeat |: has no end; write :|", self.line)
        if not self._bars:
            raise BadChart("a chart without a bar; write chords as in | Am7 D7 | Gmaj7 |", self.line)
        return tuple(self._bars)


def _alone(word: str) -> str:
    return "it stands alone" if word == "%" else "the meter of a single bar stands first"


# ------------------------------------------------------------------ writing


def write_chart(chart: Sequence[ChartBar], meter: Meter) -> str:
    """The text that `read_chart` reads back as the same bars, four a line."""
    cells: list[str] = []
    for index, bar in enumerate(chart):
        same = index > 0 and bar == chart[index - 1]
        cells.append("%" if same else _cell(bar, meter))
    lines = [cells[at : at + BARS_A_LINE] for at in range(0, len(cells), BARS_A_LINE)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(bar: ChartBar, meter: Meter) -> str:
    """One bar; raises BadChart where a chord begins between its eighths, or after its end."""
    own = bar.meter or meter
    if bar.changes and bar.changes[-1][0] > own.bar_beats - 1e-6:
        raise BadChart(f"a chord on beat {bar.changes[-1][0]:g} begins after its bar in {own}")
    odd = [] if bar.meter is None else [f"({bar.meter})"]
    for step, count in (
        (own.pulse_beats, own.pulses),
        (4 / own.unit, own.count),
        (SLOT_BEATS, own.slots),
    ):
        if all(abs(beat / step - round(beat / step)) < 1e-6 for beat, _ in bar.changes):
            signs = ["."] * count
            for beat, chord in bar.changes:
                signs[round(beat / step)] = "N.C." if chord is None else chord.symbol
            return " ".join([*odd, *_short(signs, bar, own)])
    raise BadChart(f"a chord on beat {bar.changes[-1][0]:g} of a bar begins between two eighths")


def _short(signs: list[str], bar: ChartBar, meter: Meter) -> list[str]:
    """Without dots where the chords share the bar evenly."""
    count = len(bar.changes)
    if meter.pulses % count:
        return signs
    share = meter.pulses // count * meter.pulse_beats
    even = all(abs(beat - index * share) < 1e-6 for index, (beat, _) in enumerate(bar.changes))
    return [sign for sign in signs if sign != "."] if even else signs


def moved(chart: Chart, semitones: int) -> Chart:
    """The same chart in another key."""
    if not semitones:
        return chart
    return tuple(
        ChartBar(tuple((beat, chord and chord.moved(semitones)) for beat, chord in bar.changes), bar.meter)
        for bar in chart
    )
