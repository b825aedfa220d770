"""Fits the octave judge's weights to human performances: `python -m bandmate.bench.fit_octaves DATA SPLITS`.

DATA holds the unpacked music data (POP909, Groove MIDI), SPLITS says which songs may be trained on.
The listener hears each excerpt, as keys or (with `--microphones`) rendered as sound; every few seconds the
judge's evidence is noted with the relative that truly was the beat, and a softmax regression weighs it: the
mean of one fit to all songs alike and one in which rare tempi count for more. Writes one of the tables of
`listening/octave_weights.py`. Takes an hour on one core; virtual time, never part of a show.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bandmate.bench.rendered import Played, heard
from bandmate.events import Event, NoteOff, NoteOn
from bandmate.listening import octave_weights
from bandmate.listening.accents import DRUM_CHANNEL
from bandmate.listening.bench import MidiBench
from bandmate.listening.octaves import EVIDENCE, RATIOS, RELATIVES, TAPPED_BPM
from bandmate.rehearsal import load_take
from bandmate.timing import bpm_of, period_s

EXCERPT_S = 60.0
FIRST_S, EVERY_S = 3.0, 4.0  # when the evidence is noted
DRUMMED = 0.4  # how often a drummer plays beside a rendered song
BAR = 4
LONG_S = 40.0  # shorter drum takes are left out
DRIFT = 0.12  # every second excerpt's tempo drifts this far
SAME_TEMPO, SAME_PHASE = 0.06, 0.16  # how near the truth a relative must be, as shares of the beat
RIDGE = 1e-3  # how small weights are kept
NEWTON_STEPS = 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Song:
    """Notes, and when its beats fall, in seconds; `one` is the first downbeat among them."""

    notes: Sequence[Played]
    beats_s: Floats
    one: int = 0


def pop_songs(data: Path, names: Sequence[str]) -> Iterator[Song]:
    """The songs of POP909 whose two beat annotations agree."""
    for name in names:
        folder = data / "pop909" / "POP909" / name
        if not folder.is_dir():
            continue
        rows = np.loadtxt(folder / "beat_midi.txt")
        beats_s = rows[:, 0]
        other_s = np.loadtxt(folder / "beat_audio.txt")[:, 0]
        inside = beats_s[(beats_s > other_s[0] - 0.1) & (beats_s < other_s[-1] + 0.1)]
        if len(inside) < 60 or np.mean([np.abs(other_s - at_s).min() < 0.1 for at_s in inside]) < 0.95:
            continue
        yield Song(_notes(folder / f"{name}.mid"), beats_s, int(rows[:, 2].argmax()))


def drum_takes(data: Path, never: Sequence[str]) -> Iterator[Song]:
    """The long takes in four of the Groove MIDI Dataset's own training split."""
    folder = data / "gmd" / "groove"
    with (folder / "info.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        wanted = row["split"] == "train" and row["time_signature"] == "4-4" and row["beat_type"] == "beat"
        wanted = wanted and float(row["duration"]) > LONG_S
        path = folder / row["midi_filename"]
        if wanted and row["midi_filename"] not in never and path.exists():
            beats_s = np.arange(0.0, float(row["duration"]), period_s(float(row["bpm"])))
            yield Song(_notes(path, DRUM_CHANNEL), beats_s)


def _notes(path: Path, channel: int | None = None) -> list[Played]:
    """The keys of a MIDI file, in order; all on one channel, if one is given."""
    notes: list[Played] = []
    held: dict[tuple[int, int], int] = {}
    for _, event in load_take(path).events:
        if isinstance(event, NoteOn):
            held[event.channel, event.pitch] = len(notes)
            to = event.channel if channel is None else channel
            notes.append(Played(NoteOn(event.time_s, event.pitch, event.velocity, channel=to), 0.1))
        elif isinstance(event, NoteOff) and (event.channel, event.pitch) in held:
            place = held.pop((event.channel, event.pitch))
            notes[place] = Played(notes[place].on, event.time_s - notes[place].on.time_s)
    return notes


def drummed(song: Song, drums: Song, rng: random.Random) -> Song:
    """A song with a drummer beside it, who keeps to its beats from some downbeat on."""
    place = np.interp(
        [played.on.time_s for played in drums.notes], drums.beats_s, np.arange(len(drums.beats_s))
    )
    first = rng.randrange(0, max(len(drums.beats_s) // BAR - 8, 1)) * BAR
    count = song.one + place - first
    at_s = np.interp(count, np.arange(len(song.beats_s)), song.beats_s)
    beside = [
        Played(NoteOn(float(time_s), played.on.pitch, played.on.velocity, channel=DRUM_CHANNEL), 0.1)
        for time_s, number, played in zip(at_s, count, drums.notes, strict=True)
        if song.one - 0.3 < number < len(song.beats_s) - 1
    ]
    return Song(sorted([*song.notes, *beside], key=lambda played: played.on.time_s), song.beats_s, song.one)


def excerpts(song: Song, rng: random.Random) -> Iterator[Song]:
    """Twice a minute of a song, from any beat on: one as it was played, one with a tempo that drifts."""
    starts = [at_s for at_s in song.beats_s[::4] if at_s < song.beats_s[-1] - 45]
    for drift in (0.0, rng.choice((-DRIFT, DRIFT))):
        if not starts:
            return
        begin_s = rng.choice(starts)
        grid_s = np.arange(0.0, EXCERPT_S * 1.3, 0.05)
        bent_s = np.concatenate([[0.0], np.cumsum(0.05 / np.exp(drift * grid_s / EXCERPT_S))[:-1]])
        beats_s = np.interp(song.beats_s[song.beats_s >= begin_s - 1e-6] - begin_s, grid_s, bent_s)
        notes = []
        for played in song.notes:
            on = played.on
            time_s = float(np.interp(on.time_s - begin_s, grid_s, bent_s))
            if on.time_s >= begin_s - 1e-6 and time_s < EXCERPT_S:
                notes.append(Played(replace(on, time_s=time_s), played.length_s))
        yield Song(notes, beats_s[beats_s < EXCERPT_S + 3])


def snapshots(events: Sequence[Event], beats_s: Floats) -> Iterator[tuple[Floats, int, float]]:
    """(evidence, the relative that is right, its tempo) every few seconds of an excerpt."""
    tracker, next_s = MidiBench(), FIRST_S
    course = tracker.listener.beats.course
    course.judged = False  # the evidence shall not depend on older weights
    waiting = deque(sorted(events, key=lambda event: event.time_s))
    for tick in range(1, round(EXCERPT_S * 100)):
        now_s = tick / 100
        while waiting and waiting[0].time_s <= now_s:
            tracker.post([waiting.popleft()])
        tracker.tick(now_s)
        if now_s < next_s or course.line is None:
            continue
        next_s += EVERY_S
        line = course.line
        found = course.judge.evidence(now_s, line.count_at(now_s), line.period_s)
        right = _right(line.count_at(now_s), line.period_s, now_s, beats_s)
        if found is not None and right is not None:
            yield found, right, bpm_of(line.period_s / RATIOS[right])


def _right(count: float, pulse_s: float, now_s: float, beats_s: Floats) -> int | None:
    """Which relative of the pulse is the beat that was annotated, if any is."""
    near = np.diff(beats_s[np.abs(beats_s - now_s) < 4.0])
    if not len(near):
        return None
    beat_s, best, least = float(np.median(near)), None, SAME_PHASE
    for index, (ratio, shift) in enumerate(RELATIVES):
        if abs(pulse_s / ratio / beat_s - 1) > SAME_TEMPO:
            continue
        newest = np.floor(count * ratio + shift)
        pulses_s = now_s - (count - (newest - np.arange(4) - shift) / ratio) * pulse_s
        off = float(np.median([np.abs(beats_s - at_s).min() for at_s in pulses_s])) / beat_s
        if off < least:
            best, least = index, off
    return best


def fitted(evidence: Floats, right: npt.NDArray[np.intp], bpm: Floats, weight: Floats) -> Floats:
    """(EVIDENCE,) what makes the right relatives likeliest: softmax regression by Newton's method."""
    scale = evidence[::7].reshape(-1, evidence.shape[-1]).std(0) + 1e-3
    scaled = (evidence / scale).astype(np.float32)
    tempo = bpm[:, None] * (RATIOS / RATIOS[right][:, None])
    barred = np.where((tempo > TAPPED_BPM[0]) & (tempo < TAPPED_BPM[1]), 0.0, -1e9)
    weights, wide, index = np.zeros(len(scale)), len(scale), np.arange(len(right))

    def chances(tried: Floats) -> Floats:
        odds = scaled @ tried + barred
        chance = np.exp(odds - odds.max(1, keepdims=True))
        return np.asarray(chance / chance.sum(1, keepdims=True))

    def cost(tried: Floats) -> float:
        likely = np.log(chances(tried)[index, right] + 1e-12)
        return float(RIDGE * tried @ tried - (weight * likely).mean())

    for _ in range(NEWTON_STEPS):
        chance = chances(weights)
        mean = np.einsum("nc,ncd->nd", chance, scaled)
        slope = ((mean - scaled[index, right]) * weight[:, None]).mean(0) + 2 * RIDGE * weights
        spread = np.zeros((wide, wide))
        for part in range(0, len(right), 500):
            rows = slice(part, part + 500)
            off = (scaled[rows] - mean[rows, None]) * np.sqrt(chance[rows] * weight[rows, None])[..., None]
            flat = off.reshape(-1, wide)
            spread += flat.T @ flat
        step = np.linalg.solve(spread / len(right) + 2 * RIDGE * np.eye(wide), slope)
        lengths = [0.5**halved for halved in range(12)]
        weights = min((weights - length * step for length in lengths), key=cost)
    return np.asarray(weights / scale)


def _rare_more(bpm: Floats) -> Floats:
    """Weights by which rare tempi count for more."""
    octave = np.log2(bpm)
    height, edges = np.histogram(octave, bins=np.arange(5, 8.25, 0.25))
    place = np.clip(np.digitize(octave, edges) - 1, 0, len(height) - 1)
    weight = 1 / np.sqrt(np.maximum(height[place], 40))
    return np.asarray(weight / weight.mean())


def write(weights: Floats, table: str, path: Path) -> None:
    """One table of named weights; the rest of the file stays."""
    rows = "".join(f'    "{name}": {weight:.4g},\n' for name, weight in zip(EVIDENCE, weights, strict=True))
    before, after = path.read_text(encoding="utf-8").split(f"{table}: dict[str, float] = {{")
    after = after.split("}\n", 1)[1]
    path.write_text(f"{before}{table}: dict[str, float] = {{\n{rows}}}\n{after}", encoding="utf-8")


Moment = tuple[Floats, int, float]


def moments(job: tuple[Song, Song | None, Sequence[Path], int]) -> list[Moment]:
    """The evidence of a song, as keys or (with fonts) as sound, perhaps with a drummer beside it."""
    song, drums, fonts, seed = job
    rng = random.Random(seed)
    if drums is not None:
        song = drummed(song, drums, rng)
    found: list[Moment] = []
    for part in excerpts(song, rng):
        events: Sequence[Event] = [played.on for played in part.notes]
        if fonts:
            events = heard(part.notes, EXCERPT_S, rng.choice(fonts), rng)
        found += snapshots(events, part.beats_s)
    return found


def main() -> None:
    """Hear the songs, fit, and write the weights."""
    parser = argparse.ArgumentParser(description="fit the octave judge")
    parser.add_argument("data", type=Path, help="the folder of the music data")
    parser.add_argument("splits", type=Path, help="the JSON file that says what may be trained on")
    parser.add_argument("--every", type=int, default=1, help="hear only every so many of POP909")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, default=Path(octave_weights.__file__))
    parser.add_argument("--microphones", type=Path, nargs="+", default=(), metavar="FONT",
                        help="hear them through a microphone, played with these soundfonts")  # fmt: skip
    options = parser.parse_args()
    splits, rng = json.loads(options.splits.read_text(encoding="utf-8")), random.Random(1)
    drummers = [*drum_takes(options.data, splits["gmd"]["never"])]
    keyed = [*pop_songs(options.data, splits["pop909"]["train"][:: options.every])]
    beside = [rng.choice(drummers) if options.microphones and rng.random() < DRUMMED else None for _ in keyed]
    songs = [*zip(keyed, beside, strict=True), *((take, None) for take in drummers)]
    jobs = [(song, drums, options.microphones, seed) for seed, (song, drums) in enumerate(songs)]
    with multiprocessing.Pool(options.jobs) as pool:
        rows = [row for found in pool.imap(moments, jobs) for row in found]
    evidence = np.array([row[0] for row in rows])
    right, bpm = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    alike = fitted(evidence, right, bpm, np.ones(len(rows)))
    weights = (alike + fitted(evidence, right, bpm, _rare_more(bpm))) / 2
    tempo = bpm[:, None] * (RATIOS / RATIOS[right][:, None])
    tapped = (tempo > TAPPED_BPM[0]) & (tempo < TAPPED_BPM[1])
    guessed = np.where(tapped, evidence @ weights, -np.inf).argmax(1)
    print(f"{len(rows)} moments of {len(songs)} songs: right in {np.mean(guessed == right):.3f}, "
          f"the tracker alone in {np.mean(right == 0):.3f}")  # fmt: skip
    write(weights, "MICROPHONES" if options.microphones else "KEYS", options.out)


if __name__ == "__main__":
    main()
