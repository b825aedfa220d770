"""Without the clock: fermata, ritard, rubato, the last chord, and silence.

Functions on a `Band`, called from `Band.step` and the steering only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate import night
from bandmate.events import FixedBeat, Heard, Level, Moment, Send, Slot

if TYPE_CHECKING:
    from bandmate.band import Band

FOREVER = 1e9  # beats: until somebody lifts
RITARD_GAP_S = 0.12  # keys nearer together than this are one chord
RITARD_LIFT_S = 0.15
LAST_CHORD_GAPS = 1.7  # no chord for so many of the last gaps: that was the last one
LAST_CHORD_LEAST_S, LAST_CHORD_MOST_S = 0.8, 2.0


def strike(band: Band, now_s: float, beats: float, resting: frozenset[str] = frozenset()) -> None:
    """Everybody (but who is `resting`) strikes the chord and lets it ring (hold, ritard, rubato)."""
    beat = band.transport.beatmap.beat_at(now_s)
    bar, bar_beat = band.transport.bar_of(beat)
    slot = Slot(
        beat, bar, bar_beat, band.transport.meter, band.transport.beatmap.bpm, figure="hit",
        figure_beat=beat, figure_beats=beats, energy=band.form.energy * 0.7, seed=band.seed,
    )  # fmt: skip
    style = band.styles[str(band.params["style"])]
    for part in band.form.members:
        if part in band.playing - resting:
            notes = band.ask(part, slot, style, now_s)
            band.scheduler.add([replace(note, beat=max(note.beat, beat)) for note in notes], now_s)


def by_hand(
    band: Band, now_s: float, moment: Moment, heard: Heard, sends: list[Send]
) -> tuple[FixedBeat, ...]:
    """Ritard: each chord of the performer is the next beat; the last one ends with theirs."""
    onset_s, before_s = heard.onset_s, band.onset_s
    band.onset_s = onset_s
    if band.form.ending != "ritard" or onset_s is None or onset_s == before_s:
        return ()
    if onset_s - band.struck_s < RITARD_GAP_S:
        return ()
    band.strike_gap_s, band.struck_s = onset_s - band.struck_s, onset_s
    sends += band.scheduler.cut(now_s, lambda note: note.part != "drums")
    beat = band.transport.strike(now_s)
    strike(band, now_s, FOREVER)
    return () if beat is None else (beat,)


def by_chords(band: Band, now_s: float, heard: Heard, sends: list[Send]) -> None:
    """Rubato: no drums and no groove; bass and chords change with the performer's harmony and ring on."""
    rubato, chord = band.transport.rubato, heard.chord
    if rubato.on and not band.freely:
        band.scheduler.drop(lambda note: False)
        band.scheduler.sustain(FOREVER)
        band.free_chord = band.chord
    elif band.freely and not rubato.on:
        entry_beat = band.transport.entry_beat
        band.scheduler.sustain(band.transport.beatmap.beat_at(now_s) if entry_beat is None else entry_beat)
    band.freely = rubato.on
    if rubato.on and band.transport.state == "playing" and chord is not None and chord != band.free_chord:
        band.free_chord = chord
        sends += band.scheduler.cut(now_s, lambda note: note.part != "drums")
        strike(band, now_s, FOREVER, frozenset({"drums"}))


def end_by_itself(band: Band, now_s: float, moment: Moment, heard: Heard, sends: list[Send]) -> None:
    """Whatever must stop by itself: a held chord when the performer lifts, a song at its end."""
    if moment.state == "holding":
        lifted = band.held_at_hold and heard.resting_s > 0
        band.held_at_hold = heard.resting_s <= 0
        if lifted:
            sends += band.scheduler.cut(now_s, lambda note: note.part != "drums")
    elif band.transport.by_hand:
        _let_go(band, now_s, heard, sends)
    elif moment.running and band.form.over_beat is not None and moment.beat >= band.form.over_beat:
        sends += silence(band, now_s)


def _let_go(band: Band, now_s: float, heard: Heard, sends: list[Send]) -> None:
    """Ritard: our chord is released with theirs; it was the last one if no other follows."""
    if heard.resting_s > RITARD_LIFT_S:
        sends += band.scheduler.cut(now_s, lambda note: note.part != "drums")
        since_s = now_s - band.struck_s
        if since_s > max(LAST_CHORD_LEAST_S, LAST_CHORD_GAPS * min(band.strike_gap_s, LAST_CHORD_MOST_S)):
            sends += silence(band, now_s)


def silence(band: Band, now_s: float) -> list[Send]:
    """The band stops at once, cleanly, and is off; after an ending the next song of the setlist is due."""
    over = bool(band.form.ending) or band.transport.by_hand or band.night.then is not None
    band.transport.finish()
    band.undoing.clear()
    stopped = [*band.scheduler.hush(), Level("band", 1.0)]
    if over:
        return [*stopped, *night.ended(band, now_s)]
    night.begin(band)
    return stopped
