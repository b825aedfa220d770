"""The grid of `bandmate bench styles`: every style, intensity and key, over a chart and by ear.

Over the chart the players, the binder and the scheduler work as in the band, and know what comes. By ear
the whole band plays, in virtual time, with somebody who comps the same chart. Joins every room that it needs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bandmate.controls import Value
from bandmate.events import Event, Note, NoteOff, NoteOn, Slot
from bandmate.harmony import Chord, Key
from bandmate.parts.binding import Binder
from bandmate.parts.players import play
from bandmate.parts.style import Style
from bandmate.patch import Patch
from bandmate.rehearsal import load_styles, prepare, rehearse
from bandmate.scheduler import Ear, Scheduler
from bandmate.show.ledger import Ledger, Played
from bandmate.show.take import Take
from bandmate.timing import SLOT_BEATS, BeatMap, Meter, step_index, step_time_s
from bandmate.transport import HORIZON_S

SECTIONS = (1, 2, 3)
KEYS = (Key(0), Key(8))  # C and A flat
# sixteen bars in C: a bar's chords share it evenly
CHART = (
    "C", "Am7", "Dm7", "G7", "C/E", "Fmaj7", "Dm7 G7", "C",
    "Am", "Em7", "F", "G7sus4 G7", "Am7", "D7", "Dm7 G7", "C6",
)  # fmt: skip
INTRO_BARS = 2
FILL_BARS, BREAK_BAR, HITS_BAR = (7, 15), 11, 13  # of the chart, from 0 on
FIRST_S = 1.0  # the first bar begins here
DECIDED_S = 0.035  # a slot is decided so long before its notes may be sent
TAPS = 4
STRIDE = 4  # steps of the band at once: less than the horizon
LATE_S = 0.012  # how far from the beat the one who comps is (standard deviation)
LEFT, RIGHT = 48, 60  # where the hands lie

Span = tuple[float, float, Chord]  # from beat, to beat


@dataclass(frozen=True, slots=True)
class Rendering:
    """What was played over which chords, in seconds; `spans` are the chords in beats."""

    style: Style
    meter: Meter
    section: int
    key: Key
    beatmap: BeatMap
    spans: tuple[Span, ...]
    played: tuple[Played, ...]

    def chord_at(self, beat: float) -> Chord:
        """The chord that the chart has there; the last one goes on."""
        return next((chord for _, end, chord in self.spans if beat < end - 1e-6), self.spans[-1][2])


def spans_of(key: Key, meter: Meter) -> tuple[Span, ...]:
    """The chart in a key, by beats; the intro stays on its first chord."""
    bars = [CHART[0]] * INTRO_BARS + [*CHART, CHART[0]]
    spans: list[Span] = []
    for bar, text in enumerate(bars):
        symbols = text.split()
        half = meter.bar_beats / 2
        split = half if meter.pulses % 2 == 0 else round(half / meter.pulse_beats + 0.1) * meter.pulse_beats
        places = (0.0, split) if len(symbols) == 2 else (0.0,)
        ends = (*places[1:], meter.bar_beats)
        for place, end, symbol in zip(places, ends, symbols, strict=True):
            chord = Chord.parse(symbol).moved(key.tonic)
            begins = bar * meter.bar_beats
            if spans and spans[-1][2] == chord:
                spans[-1] = (spans[-1][0], begins + end, chord)
            else:
                spans.append((begins + place, begins + end, chord))
    return tuple(spans)


def slots_of(style: Style, meter: Meter, section: int, seed: int) -> list[Slot]:
    """Every eighth: an intro, sixteen bars with fills, a break and hits, and the last stroke."""
    found = []
    bar_beats = meter.bar_beats
    for bar in range(INTRO_BARS + len(CHART) + 1):
        begins, of_chart = bar * bar_beats, bar - INTRO_BARS
        figure, figure_beat, figure_beats = "groove", begins, 0.0
        if of_chart < 0:
            figure = "intro"
        elif of_chart in (BREAK_BAR, HITS_BAR):
            figure, figure_beats = ("break" if of_chart == BREAK_BAR else "hits"), bar_beats
        elif of_chart == len(CHART):
            figure, figure_beats = "hit", max(2 * meter.pulse_beats, 2.0)
        for eighth in range(meter.slots):
            beat = begins + eighth * SLOT_BEATS
            fill = of_chart in FILL_BARS and beat >= begins + bar_beats - 2.0
            if of_chart == len(CHART) and beat >= begins + figure_beats:
                break
            found.append(
                Slot(
                    beat, bar, begins, meter, style.bpm, section, "fill" if fill else figure,
                    begins + bar_beats - 2.0 if fill else figure_beat, 2.0 if fill else figure_beats,
                    crash=of_chart in (0, FILL_BARS[0] + 1), seed=seed,
                )
            )  # fmt: skip
    return found


def charted(style: Style, patch: Patch, section: int, key: Key, seed: int = 1) -> Rendering:
    """The band over the chart: it knows the chord of each note and the one on the next pulse."""
    meter = patch.meter
    beatmap = BeatMap(style.bpm, 0.0, FIRST_S)
    empty = Rendering(style, meter, section, key, beatmap, spans_of(key, meter), ())
    scheduler, binder, ledger = Scheduler(HORIZON_S), Binder(), Ledger()
    binder.bass_note = style.bass_note
    waiting = slots_of(style, meter, section, seed)
    turns_s = [beatmap.time_at(begin) for begin, _, _ in empty.spans]
    end_s = beatmap.time_at(waiting[-1].beat + 2 * meter.bar_beats)

    def bind(note: Note) -> int | None:
        pulse = (note.beat + 1e-6) // meter.pulse_beats + 1
        return binder.pitch(note, empty.chord_at(note.beat), empty.chord_at(pulse * meter.pulse_beats), key)

    for step in range(0, step_index(end_s), STRIDE):
        now_s = step_time_s(step)
        while waiting and beatmap.time_at(waiting[0].beat) - HORIZON_S - DECIDED_S <= now_s:
            slot = waiting.pop(0)
            scheduler.add([note for part in patch.parts for note in play(part, slot, style)], now_s)
        known_s = now_s + HORIZON_S  # the chart turns as early as a note can still be changed
        changed = bool(turns_s) and turns_s[0] <= known_s
        if changed:
            turns_s.pop(0)
        chord = empty.chord_at(beatmap.beat_at(known_s))
        ear = Ear(None, changed, chord.pitch_classes, True, lambda _: False)
        ledger.book(now_s, scheduler.due(now_s, beatmap, bind, ear))
    ledger.book(end_s, scheduler.hush())
    return Rendering(style, meter, section, key, beatmap, empty.spans, tuple(ledger.played()))


def comped(style: Style, meter: Meter, spans: tuple[Span, ...], seed: int = 1) -> tuple[Take, list[float]]:
    """Somebody who comps the chart on each change and each pulse after it; and the taps before."""
    chance = random.Random(f"{style.name}/{seed}")
    tapped = BeatMap(style.bpm, -TAPS * meter.pulse_beats, FIRST_S)
    events: list[Event] = []
    for begin, end, chord in spans:
        beat = begin
        while beat < end - 1e-6:
            on_s = tapped.time_at(beat) + chance.gauss(0.0, LATE_S)
            off_s = tapped.time_at(min(beat + meter.pulse_beats, end)) - 0.05
            hands = [LEFT + (chord.bass_class - LEFT) % 12]
            hands += sorted({RIGHT + (tone - RIGHT) % 12 for tone in chord.tones})
            loud = 88 if beat == begin else 68
            for pitch in hands:
                struck_s = on_s + abs(chance.gauss(0.0, 0.004))
                events.append(NoteOn(struck_s, pitch, round(chance.gauss(loud, 6))))
                events.append(NoteOff(max(off_s, struck_s + 0.05), pitch))
            beat += meter.pulse_beats
    events.sort(key=lambda event: event.time_s)
    placed = tuple((step_index(event.time_s), event) for event in events)
    taps_s = [tapped.time_at((tap - TAPS) * meter.pulse_beats) for tap in range(TAPS)]
    return Take(style.name, placed, events[-1].time_s), taps_s


def listening(style: Style, patch: Patch, section: int, key: Key, seed: int = 1) -> Rendering:
    """The whole band, by ear: it knows what it hears and what it has learned of the loop."""
    meter = patch.meter
    spans = spans_of(key, meter)
    take, taps_s = comped(style, meter, spans, seed)
    pulse_bpm = style.bpm / meter.pulse_beats
    asked: dict[str, Value] = {"style": style.name, "section": float(section), "bpm": pulse_bpm}
    prepared, header = prepare(take, replace(patch, bass="plays", staged=False), seed, asked, taps_s)
    found = rehearse(prepared, header, load_styles())
    beatmap = BeatMap(style.bpm, -TAPS * meter.pulse_beats, FIRST_S)
    until_s = beatmap.time_at(spans[-1][1])
    played = tuple(note for note in found.ledger.played() if note.on_s < until_s)
    return Rendering(style, meter, section, key, beatmap, spans, played)
