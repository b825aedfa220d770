"""Groove: whether the band is on the performer's beat, swings as asked, and lies in time as drummers do.

Micro-timing and the touch of the hi-hat stand beside those of Groove MIDI's drummers. Part of
`bandmate bench music`; nothing is asserted.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import numpy as np

from bandmate.bench.fit import f_measure
from bandmate.bench.music import Listened
from bandmate.bench.music_drummers import Drummed
from bandmate.bench.music_judge import Floats
from bandmate.model.grid import BEAT_TICKS, OFFSET_STEPS
from bandmate.parts.style import load_style
from bandmate.timing import BeatMap

FAMILIES = {
    "straight": ("pop-rock", "ballad", "funk", "motown", "gospel", "disco", "hip-hop", "house", "reggae"),
    "swung": ("swing", "swing-up", "brush-ballad", "blues-shuffle"),
    "latin": ("bossa-nova", "samba", "bolero", "cha-cha", "latin"),
}
EDGES_MS = np.arange(-26.0, 27.0, 4.0)  # of the histogram of micro-timing
FAINT = 0.5  # added to each of its bins, so that an empty one is only unlikely
HATS = (42, 44, 46)
OFF_BEAT = (0.42, 0.75)  # where in a pair of swung notes the second may lie
FEWEST = 8  # strokes that say something

Stroke = tuple[float, int, int]  # beat, drum, velocity


def strokes_of(heard: Listened) -> list[Stroke]:
    """The band's drums."""
    return [
        (heard.beat(note.on_s), note.pitch, note.velocity) for note in heard.notes if note.part == "drums"
    ]


def human_strokes(one: Drummed) -> list[Stroke]:
    """A drummer's, as they were played."""
    return [
        ((tick + offset / OFFSET_STEPS) / BEAT_TICKS, drum, velocity)
        for _, tick, _, drum, velocity, offset in one.take.notes.tolist()
    ]


def beat_f(heard: Listened) -> float:
    """F-measure of the band's beats against those of a performer in strict time."""
    found_s = [beat.time_s for beat in heard.found.beats if beat.beat == round(beat.beat)]
    last_s = max((note.on_s for note in heard.notes), default=0.0)
    count = int(heard.beat(last_s))
    grid_s = [heard.clock.time_at(float(beat)) for beat in range(count + 1)]
    return f_measure([time_s for time_s in found_s if time_s <= last_s], grid_s)


def swing_ratio(strokes: Iterable[Stroke], unit: float) -> float | None:
    """Where the second of a pair of notes of so many beats falls, by the median; None where hardly any do."""
    places = [beat / (2 * unit) % 1.0 for beat, _, _ in strokes]
    off = [place for place in places if OFF_BEAT[0] < place < OFF_BEAT[1]]
    return statistics.median(off) if len(off) >= FEWEST else None


def offsets_ms(strokes: Iterable[Stroke], bpm: float) -> list[float]:
    """How far each stroke lies from the nearest twelfth of a beat; late ones are positive."""
    line = BeatMap(bpm, 0.0, 0.0)
    return [1000 * line.seconds(beat - round(beat * BEAT_TICKS) / BEAT_TICKS) for beat, _, _ in strokes]


def divergence(found_ms: Sequence[float], human_ms: Sequence[float]) -> float:
    """Kullback-Leibler divergence of the histograms, in nats: how surprised a drummers' friend would be."""
    found, human = _histogram(found_ms), _histogram(human_ms)
    return float((found * np.log(found / human)).sum())


def _histogram(values_ms: Sequence[float]) -> Floats:
    counts = np.histogram(np.clip(values_ms, EDGES_MS[0], EDGES_MS[-1]), EDGES_MS)[0] + FAINT
    return np.asarray(counts / counts.sum())


def hat_spread(strokes: Iterable[Stroke]) -> float | None:
    """The standard deviation of the hi-hat's velocities."""
    loud = [velocity for _, drum, velocity in strokes if drum in HATS]
    return statistics.pstdev(loud) if len(loud) >= FEWEST else None


def figures(played: Sequence[tuple[str, Listened]], drummers: Sequence[Drummed]) -> dict[str, float | None]:
    """The rows: `played` are pieces, each with its style."""
    found: dict[str, float | None] = {"beat F": statistics.fmean(beat_f(heard) for _, heard in played)}
    found |= _swings(played, drummers)
    for family, styles in FAMILIES.items():
        ours = [offset for style, heard in played if style in styles
                for offset in offsets_ms(strokes_of(heard), heard.song.bpm)]  # fmt: skip
        theirs = [offset for one in drummers if one.take.style in styles
                  for offset in offsets_ms(human_strokes(one), one.bpm)]  # fmt: skip
        enough = len(ours) >= FEWEST and len(theirs) >= FEWEST
        found[f"micro-timing {family}"] = divergence(ours, theirs) if enough else None
    found["hat spread"] = _median([hat_spread(strokes_of(heard)) for _, heard in played])
    found["drummers' hat spread"] = _median([hat_spread(human_strokes(one)) for one in drummers])
    return found


def _swings(
    played: Sequence[tuple[str, Listened]], drummers: Sequence[Drummed]
) -> dict[str, float | None]:  # fmt: skip
    """The swing of the styles that swing, how far it is from what they ask, and human swing beside it."""
    swings: list[float] = []
    astray: list[float] = []
    for name, heard in played:
        style = load_style(name)
        ratio = swing_ratio(strokes_of(heard), style.swing_unit) if style.swing > 0.5 else None
        if ratio is not None:
            swings.append(ratio)
            astray.append(abs(ratio - style.swing))
    human = [swing_ratio(human_strokes(one), 0.5) for one in drummers if one.take.style == "swing"]
    return {
        "swing": statistics.fmean(swings) if swings else None,
        "swing astray": statistics.fmean(astray) if astray else None,
        "drummers' swing": _median(human),
    }


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
