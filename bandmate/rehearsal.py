"""Rehearsal: the same `Band.step` in virtual time, faster than real time, the same notes every time.

Golden test, bug report, offline renderer and benchmark in one. Joins every room that it needs;
runs in the caller's process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bandmate import patch as patches
from bandmate import snapshots
from bandmate.band import Band
from bandmate.carrier import Answer, Carrier
from bandmate.controls import Value
from bandmate.errors import BadFile, BandmateError
from bandmate.events import (
    PARTS,
    Attack,
    Bend,
    Click,
    Command,
    Control,
    Dial,
    Event,
    FixedBeat,
    Level,
    NoteOff,
    NoteOn,
    Off,
    On,
    Phrase,
    Recall,
    Voice,
)  # fmt: skip
from bandmate.mind import RUNGS, Mind
from bandmate.parts.style import Style, load_style
from bandmate.patch import Patch
from bandmate.places import write_whole
from bandmate.show.audiofile import Samples, read_audio
from bandmate.show.clockbook import ClockBook, quantile
from bandmate.show.ledger import Ledger, Played
from bandmate.show.midifile import read_midi, tempo_changes, write_band
from bandmate.show.take import Header, Take, read_take
from bandmate.starting import START_S
from bandmate.timing import STEP_S, period_s, step_index, step_time_s

BLOCK_FRAMES = 256  # of a recording, at once
TAIL_S = 30.0  # the band plays on so long after the performer's last message
VERSION = 1

Feed = Callable[[int, Band], Sequence[Event] | None]  # None: it is over
Sound = tuple[int, Samples]  # its rate in Hz, and the sound itself, (frame, channel)


@dataclass(slots=True)
class Performance:
    """Everything that a rehearsal brought about, in seconds on the performer's clock."""

    take: str
    patch: Patch
    seed: int
    duration_s: float = 0.0
    wall_s: float = 0.0
    beats: list[FixedBeat] = field(default_factory=list)
    tempo: list[tuple[float, float]] = field(default_factory=list)  # time_s, bpm (beats)
    chords: list[tuple[float, float, str]] = field(default_factory=list)  # beat, time_s, symbol
    beat0_s: float | None = None
    slots: int = 0
    slots_in_time: int = 0
    late: int = 0
    dropped: int = 0
    leaked: int = 0  # notes that sound although the band knows nothing of them any more
    ledger: Ledger = field(default_factory=Ledger)
    clock: ClockBook = field(default_factory=ClockBook)
    sends: list[tuple[float, object]] = field(default_factory=list)  # when sent, what
    performer: list[Event] = field(default_factory=list)
    player: str = "understudy"
    rungs: dict[str, int] = field(default_factory=dict)
    weighed: float = 0.0  # slots in time, less by what they knew too late
    model_delay_ms: float = 0.0


def load_styles() -> dict[str, Style]:
    """Every style that ships, by name: read before the count-in, never after it."""
    return {name: load_style(name) for name in patches.names("styles")}


def load_take(path: Path) -> Take:
    """A `.mid` or `.jsonl` by its name; raises BadFile."""
    if path.suffix == ".jsonl":
        return read_take(path)
    if path.suffix.lower() in (".mid", ".midi"):
        return read_midi(path)
    raise BadFile(f"{path} is no MIDI file (.mid), no take (.jsonl) and no recording (.wav, .flac)")


def hear_take(path: Path, patch: Patch) -> tuple[Take, Patch, Sound]:
    """A recording of the performer as the patch's microphones hear it; raises BadFile.

    Nothing of the band is on it, so nothing is masked. What a block of sound says is known when it ends.
    """
    from bandmate.listening.audio.analysis import Analysis  # only a recording needs aubio

    rate_hz, samples = read_audio(path)
    microphones = tuple(replace(one, bleed=0.0) for one in patch.microphones)
    if len(microphones) == 1 and microphones[0].channel == 1:  # alone, it hears all of it
        samples = samples.mean(axis=1, keepdims=True)
    channels = max(one.channel for one in microphones)
    if samples.shape[1] < channels:
        raise BadFile(
            f"{path} has {samples.shape[1]} channels, but a microphone of the patch is on channel {channels}"
        )
    analysis = Analysis(rate_hz, microphones)
    events: list[tuple[int, Event]] = []
    for first in range(0, len(samples), BLOCK_FRAMES):
        block = samples[first : first + BLOCK_FRAMES]
        end_s = (first + len(block)) / rate_hz
        events += [(step_index(end_s), event) for event in analysis.hear(block, end_s)]
    take = Take(path.stem, tuple(events), len(samples) / rate_hz)
    return take, replace(patch, microphones=microphones), (rate_hz, samples)


def make_band(header: Header, styles: dict[str, Style]) -> Band:
    """The band that a header describes, also one that takes over in the middle of a song."""
    band = Band(header.patch, styles, header.seed, header.params, header.evening, header.alone)
    band.taps_wanted = header.taps_wanted
    if header.state is not None:
        snapshots.restore(band, header.state, header.state_s)
    return band


def prepare(
    take: Take,
    patch: str | Patch | None,
    seed: int | None,
    params: dict[str, Value],
    tap_in_s: Sequence[float],
) -> tuple[Take, Header]:
    """What to rehearse: a recorded take as it was, or a MIDI file with the band's entrance added."""
    wanted = patches.load(patch) if isinstance(patch, str) else patch
    if take.header is not None:
        if tap_in_s:
            raise BandmateError("this is the take of a jam: it has its own taps; leave out --tap-in")
        header = take.header
        return take, replace(header, patch=wanted or header.patch, seed=header.seed if seed is None else seed,
                             params=header.params | params)  # fmt: skip
    found = wanted or patches.load("default")
    chosen = dict(params)
    if not tap_in_s:
        chosen.setdefault("join", "free")
    header = Header(found, seed or 0, chosen, taps_wanted=len(tap_in_s))
    return replace(take, events=_with_entrance(take, header, tap_in_s)), header


def _with_entrance(take: Take, header: Header, tap_in_s: Sequence[float]) -> tuple[tuple[int, Event], ...]:
    """Arm, and tap or count so that beat 0 falls on the first note if there is room for a count."""
    entrance: list[Event] = [Command(0.0, "arm", source="rehearsal")]
    entrance += [Command(tap_s, "tap", source="rehearsal") for tap_s in tap_in_s]
    if not tap_in_s and header.params.get("join") == "count":
        bpm = float(
            header.params.get("bpm", header.patch.params.get("bpm", load_style(header.patch.style).bpm))
        )
        meter = header.patch.meter
        bars = float(header.params.get("count-in", header.patch.params.get("count-in", 1)))
        count_s = bars * meter.bar_beats * period_s(bpm * meter.pulse_beats)
        first_s = next((event.time_s for _, event in take.events if isinstance(event, NoteOn | Attack)), 0.0)
        entrance.append(Command(max(0.0, first_s - count_s - START_S), "start", source="rehearsal"))
    placed = [(step_index(event.time_s), event) for event in entrance]
    return tuple(sorted([*placed, *take.events], key=lambda entry: (entry[0], entry[1].time_s)))


def rehearse(
    take: Take, header: Header, styles: dict[str, Style], model: Answer | None = None,
    model_delay_ms: float | None = 0.0,
) -> Performance:  # fmt: skip
    """Play a take through the band, in virtual time; with a `model`, or with the phrases that the take holds.

    `model_delay_ms` None: as long as the model really takes here.
    """
    band = make_band(header, styles)
    if model is not None or any(isinstance(event, Phrase) for _, event in take.events):
        band.mind = Mind()
    waiting = take.events
    place = 0

    def feed(step: int, _: Band) -> Sequence[Event]:
        nonlocal place
        first = place
        while place < len(waiting) and waiting[place][0] <= step:
            place += 1
        return [event for _, event in waiting[first:place]]

    first_step = step_index(header.state_s)
    tail_s = 0.0 if take.header is not None else TAIL_S
    last_s = max([take.length_s, *(event.time_s for _, event in take.events[-1:])])
    return perform(
        band, feed, first_step, step_index(last_s + tail_s), take.name, header,
        None if model is None else Carrier(model, model_delay_ms),
    )  # fmt: skip


def perform(
    band: Band, feed: Feed, first_step: int, last_step: int, name: str, header: Header,
    carrier: Carrier | None = None,
) -> Performance:  # fmt: skip
    """Step the band through virtual time; `feed` brings each step's events."""
    found = Performance(name, header.patch, header.seed)
    began_s = time.perf_counter()
    beatmap, chord = None, None
    for step in range(first_step, last_step + 1):
        now_s = step_time_s(step)
        events = feed(step, band)
        if events is None:
            last_step, events = step, ()
        if carrier is not None:
            events = [*events, *carrier.due(step)]
        if step == last_step:
            found.leaked = sum(
                note.off_s is None and key not in band.scheduler.sounding
                for key, note in found.ledger.notes.items()
            )
            events = [*events, Command(now_s, "stop", source="rehearsal")]
        out = band.step(now_s, events)
        if carrier is not None:
            carrier.carry(step, out.asks)
        found.performer += [
            e for e in events if isinstance(e, NoteOn | NoteOff | Control | Bend) and e not in band.not_music
        ]
        if out.sends:
            found.ledger.book(now_s, out.sends)
            found.sends += [(now_s, send) for send in out.sends]
        found.beats += out.beats
        if band.transport.state == "playing":
            _book_clock(found.clock, band, out.beats)
        transport = band.transport
        if transport.beatmap is not beatmap and transport.state in ("counting", "playing", "ending"):
            beatmap = transport.beatmap
            found.tempo.append((max(now_s, min(beatmap.time_s, transport.frontier(now_s))), beatmap.bpm))
            if found.beat0_s is None:
                found.beat0_s = beatmap.time_at(0.0)
        if band.chord != chord and band.chord is not None:
            chord = band.chord
            found.chords.append((transport.beatmap.beat_at(now_s), now_s, chord.symbol))
        if step == last_step:
            break
    found.wall_s = time.perf_counter() - began_s
    found.duration_s = (last_step - first_step) * STEP_S
    found.slots, found.slots_in_time = band.slots, band.slots_in_time
    found.late, found.dropped = band.scheduler.late, band.scheduler.dropped
    if band.mind is not None:
        found.player, found.rungs, found.weighed = "model", dict(band.mind.rungs), band.mind.weighed
        found.model_delay_ms = 0.0 if carrier is None else carrier.typical_ms
    found.clock.reentries = band.transport.reentries
    return found


def _book_clock(book: ClockBook, band: Band, beats: Sequence[FixedBeat]) -> None:
    transport = band.transport
    book.book(band.heard, beats, transport.meter.pulse_beats, transport.straight_bpm, transport.home_bpm,
              transport.rung)  # fmt: skip


def write_performance(found: Performance, folder: Path, wav: bool, performer: Sound | None = None) -> Path:
    """Write `band.mid` and `summary.json` (and `band.wav`) into a folder; returns the summary's path.

    The recording of a `performer` is mixed into `band.wav`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        played = found.ledger.played()
        changes = tempo_changes(found.tempo, found.beat0_s, found.patch.meter)
        parts = [p for p in PARTS if p in found.patch.parts]
        write_band(folder / "band.mid", changes, found.patch.meter, found.performer, played, parts)
        if wav:
            _write_wav(found, folder / "band.wav", performer)
        path = folder / "summary.json"
        write_whole(path, json.dumps(summary(found, played), indent=1))
        return path
    except OSError as error:
        raise BadFile(
            f"{error.filename or folder} cannot be written ({error.strerror}); name another --out"
        ) from None


def _write_wav(found: Performance, path: Path, performer: Sound | None) -> None:
    from bandmate.ports.bounce import bounce  # only a rehearsal with sound loads the synth

    timed: list[tuple[float, object]] = [(event.time_s, event) for event in found.performer]
    settings = (Level, Dial, Voice, Recall)
    timed += [(sent_s, send) for sent_s, send in found.sends if isinstance(send, settings)]
    timed += [(send.time_s, send) for _, send in found.sends if isinstance(send, Click)]
    for key, note in found.ledger.notes.items():
        timed.append((note.on_s, On(key, note.on_s, note.part, note.pitch, note.velocity)))
        if note.off_s is not None:
            timed.append((note.off_s, Off(key, note.off_s)))
    timed.sort(key=lambda entry: entry[0])
    font, length_s = patches.font_path(found.patch), found.duration_s + 2.0
    if performer is None:
        bounce(found.patch, font, timed, length_s, path)
    else:
        bounce(found.patch, font, timed, length_s, path, *performer)


def summary(found: Performance, played: Sequence[Played]) -> dict[str, Any]:
    """The contract that benchmarks and other tools read."""
    share = found.slots_in_time / found.slots if found.slots else 0.0
    rungs = found.rungs or {"understudy": found.slots}
    share_w = share
    if found.player == "model":  # only the model's own rungs count
        slots = max(sum(rungs.values()), 1)
        share, share_w = (rungs.get("fresh", 0) + rungs.get("tail", 0)) / slots, found.weighed / slots
    recency_ms = sorted(note.recency_s * 1000 for note in played)
    counts = {part: sum(note.part == part for note in played) for part in PARTS}
    return {
        "version": VERSION,
        "take": found.take,
        "patch": found.patch.name,
        "seed": found.seed,
        "player": found.player,
        "duration_s": round(found.duration_s, 6),
        "wall_s": round(found.wall_s, 3),
        "beats": [
            {"beat": beat.beat, "time_s": beat.time_s, "decided_s": beat.decided_s}
            for beat in found.beats if beat.beat == round(beat.beat)
        ],
        "downbeats": [beat.time_s for beat in found.beats if beat.downbeat],
        "tempo": [{"time_s": time_s, "bpm": bpm} for time_s, bpm in found.tempo],
        "chords": [{"beat": beat, "time_s": time_s, "symbol": name} for beat, time_s, name in found.chords],
        "notes": {part: count for part, count in counts.items() if part in found.patch.parts},
        "rungs": {rung: rungs.get(rung, 0) for rung in RUNGS},
        "late": found.late,
        "dropped": found.dropped,
        "hanging": found.leaked + found.ledger.hanging,
        "isr": share,
        "isr_w": share_w,
        "model_delay_ms": round(found.model_delay_ms, 3),
        "clock": found.clock.figures(),
        "recency_ms": {"p50": quantile(recency_ms, 0.5), "p95": quantile(recency_ms, 0.95)},
    }  # fmt: skip
