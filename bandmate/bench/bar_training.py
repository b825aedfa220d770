"""Trains the bar sense: `python -m bandmate.bench.bar_training --data DIR --songs FILE --out FILE`.

`--check FILE` lists songs that it wasn't trained on, and writes how often it is right there beside the
weights; without `--songs` only that is done.

Human performances with known bar lines: songs of POP909 (MIT), drum takes of the Groove MIDI Dataset
(CC BY 4.0) and joint songs of Freedoom and Simutrans (BSD-3, Artistic). `--songs` lists them, one a line, as
paths below the data folder. Somebody listens from some pulse on, as often a downbeat as songs begin on one,
also to every second pulse and to half pulses, and should have said which pulse is one. Cross-entropy by
Adam in plain numpy, seeded; some minutes on one core. Never run by the band.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import numpy.typing as npt

from bandmate.events import NoteOn
from bandmate.listening.barsense import PLACES, WIDTH, Weights, votes
from bandmate.listening.downbeats import EARLY, HEARD_BY_MICROPHONES, KEEP, SIGNS, Evidence, Portrait
from bandmate.rehearsal import load_take

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

BAR = 4  # pulses; songs in other meters are too few to learn from
LISTENS = {"pop909": 2, "gmd": 4, "joint": 5}  # excerpts of a song
PULSES = 100  # of an excerpt
ASKED = (2, 3, 5, 7, 10, 12, 16, 20, 25, 30, 40, 50, 60, 70, 80, 90)  # after so many pulses
BEGINS = (0.6, 0.12, 0.1, 0.18)  # how often somebody begins on each pulse of the bar
STEADY = 0.75  # songs whose bar lines jump more than this leaves are not believed
WOBBLE_S = 0.008  # how far a tracked pulse is off
UNITS, BATCH, STEPS, RATE, DECAY = 8, 512, 2400, 2e-3, 4e-3
Examples = tuple[Singles, npt.NDArray[np.bool_]]  # (N, places, WIDTH), which places are right (N, places)


def pulses_of(path: Path) -> tuple[Floats, npt.NDArray[np.int64]]:
    """When the pulses of a song fall, in seconds, and which of them are downbeats."""
    beats = path.parent / "beat_midi.txt"
    if beats.is_file():
        rows = np.loadtxt(beats)
        return rows[:, 0], np.flatnonzero(rows[:, 2] == 1)
    song = mido.MidiFile(path)
    last = max(sum(message.time for message in track) for track in song.tracks)
    ticks = np.arange(0, last, song.ticks_per_beat)
    return seconds_at(song, ticks), np.arange(0, len(ticks), BAR)


def seconds_at(song: Any, ticks: npt.NDArray[np.int64]) -> Floats:
    """Moments of a MIDI file in seconds, through its tempo changes."""
    known_ticks, known_s, tempo, now, now_s = [0], [0.0], 500_000, 0, 0.0
    for message in mido.merge_tracks(song.tracks):
        now += message.time
        now_s += mido.tick2second(message.time, song.ticks_per_beat, tempo)
        if message.type == "set_tempo":
            known_ticks.append(now)
            known_s.append(now_s)
            tempo = message.tempo
    known_ticks.append(now + song.ticks_per_beat)
    known_s.append(now_s + mido.tick2second(song.ticks_per_beat, song.ticks_per_beat, tempo))
    return np.interp(ticks, known_ticks, known_s)


def steady(downbeats: npt.NDArray[np.int64]) -> bool:
    """Bars of four, most of them on the same count."""
    if len(downbeats) <= BAR:
        return False
    places = np.bincount(downbeats % BAR, minlength=BAR)
    return bool(np.median(np.diff(downbeats)) == BAR and places.max() > STEADY * places.sum())


def listen(
    notes: Sequence[NoteOn], pulse_s: Floats, right: npt.NDArray[np.bool_]
) -> Iterator[tuple[Floats, Any]]:
    """Somebody hears an excerpt from its first pulse on: the shares now and then, and where one is."""
    portrait, evidence = Portrait(), Evidence(BAR)
    counts = np.interp([note.time_s for note in notes], pulse_s, np.arange(len(pulse_s)))
    pulse, begun = 0, False
    for note, count in zip(notes, counts, strict=True):
        while count + EARLY >= pulse + 1:
            evidence.add(pulse, portrait.close())
            if pulse in ASKED:
                last = [place for place in range(pulse - BAR + 1, pulse + 1) if place >= 0 and right[place]]
                answers = np.zeros(BAR, bool)
                answers[[place % BAR for place in last]] = True
                if last:
                    yield evidence.shares(), answers
            pulse += 1
        if not begun and abs(count - round(count)) < 0.25 and round(count) == pulse:
            portrait.begins()
        begun = True
        portrait.strike(note, count - pulse)


def excerpts(path: Path, listens: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Any]]:
    """Examples of one song, at its pulse and at half and double it."""
    pulse_s, downbeats = pulses_of(path)
    notes = [event for _, event in load_take(path).events if isinstance(event, NoteOn)]
    if not steady(downbeats) or not notes:
        return
    pulse_s = pulse_s + rng.normal(0, WOBBLE_S, len(pulse_s))
    right = np.isin(np.arange(len(pulse_s)), downbeats)
    possible = downbeats[downbeats < max(len(pulse_s) - 40, 1)]
    for number in range(listens):
        one = 0 if number == 0 else int(rng.choice(possible))
        if number == 0:  # as the song itself begins
            first = max(int(np.searchsorted(pulse_s, notes[0].time_s + 0.1)) - 1, 0)
        else:
            first = min(one + int(rng.choice(BAR, p=BEGINS)), len(pulse_s) - 2)
        ratio = rng.choice((1, 1, 1, 1, 2, 0.5))
        chosen_s, chosen = pulse_s[first : first + PULSES], right[first : first + PULSES]
        if ratio == 2:
            halves = np.arange(0, len(chosen_s) - 0.6, 0.5)
            chosen_s, was = np.interp(halves, np.arange(len(chosen_s)), chosen_s), chosen
            chosen = np.array([bool(half % 1 == 0 and was[int(half)]) for half in halves])
        elif ratio == 0.5:
            skip = int(np.argmax(chosen)) % 2
            chosen_s, chosen = chosen_s[skip::2], chosen[skip::2]
        if len(chosen_s) > BAR:
            heard = [note for note in notes if chosen_s[0] - 0.05 <= note.time_s < chosen_s[-1]]
            yield from listen(heard, chosen_s, chosen)


def gather(data: Path, names: Sequence[str]) -> tuple[Examples, Floats]:
    """The examples of all songs, and how much each counts: every collection the same."""
    rng = np.random.default_rng(0)
    found: list[tuple[Floats, Any]] = []
    kinds: list[str] = []
    for name in names:
        kind = name.split("/")[0]
        kind = kind if kind in LISTENS else "joint"
        found += excerpts(data / name, LISTENS[kind], rng)
        kinds += [kind] * (len(found) - len(kinds))
    share = {kind: 1 / kinds.count(kind) for kind in set(kinds)}
    weight = np.array([share[kind] for kind in kinds])
    shares = np.array([shares for shares, _ in found], np.float32)
    return (shares, np.array([answers for _, answers in found])), weight / weight.sum()


def train(examples: Examples, weight: Floats, signs: Sequence[str]) -> dict[str, Any]:
    """The weights of the net that looks only at some signs."""
    shares, right = examples
    mask = np.tile([float(sign in signs) for sign in SIGNS], len(KEEP)).astype(np.float32)
    scale = (mask / (shares.std((0, 1)) + 1e-6)).astype(np.float32)
    wide = np.tile(scale, PLACES)
    rng = np.random.default_rng(0)
    width = PLACES * WIDTH
    net = [np.zeros(width), rng.normal(0, width**-0.5, (width, UNITS)), np.zeros(UNITS), np.zeros(UNITS)]
    mean, square = [np.zeros_like(part) for part in net], [np.zeros_like(part) for part in net]
    for step in range(1, STEPS + 1):
        chosen = rng.choice(len(weight), BATCH, p=weight)
        turned = [np.roll(shares[chosen], -one, axis=1).reshape(BATCH, -1) for one in range(BAR)]
        views = np.stack(turned, 1) * wide  # (B, places, width)
        slopes = slope(net, views, right[chosen])
        for part, down, first, second in zip(net, slopes, mean, square, strict=True):
            down = down + DECAY * part
            first += 0.1 * (down - first)
            second += 0.01 * (down**2 - second)
            speed = RATE * (1 - step / (STEPS + 1))
            part -= speed * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    straight, into, bias, out = net
    parts = {"straight": straight * wide, "into": into * wide[:, None], "bias": bias, "out": out}
    return {name: [round(float(value), 4) for value in part.ravel()] for name, part in parts.items()}


def slope(net: Sequence[Any], views: Any, right: Any) -> list[Any]:
    """The slope of the cross-entropy for one batch, part by part; any right place will do."""
    straight, into, bias, out = net
    hidden = np.tanh(views @ into + bias)
    votes = views @ straight + hidden @ out
    chance = np.exp(votes - votes.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    wanted = chance * right
    down = (chance - wanted / (wanted.sum(1, keepdims=True) + 1e-9)) / len(views)  # (B, places)
    back = down[:, :, None] * out * (1 - hidden**2)
    return [
        np.einsum("bp,bpw->w", down, views), np.einsum("bpw,bpu->wu", views, back),
        back.sum((0, 1)), np.einsum("bp,bpu->u", down, hidden),
    ]  # fmt: skip


def rightly(examples: Examples, weight: Floats, plain: dict[str, Any]) -> dict[str, float]:
    """How often each net says rightly which pulse is one; every collection counts the same."""
    shares, right = examples
    found = {}
    for ear in ("keys", "microphones"):
        weights = Weights.of(plain[ear])
        said = np.array([votes(each, weights).argmax() for each in shares.astype(float)])
        found[ear] = round(float(weight @ right[np.arange(len(right)), said]), 3)
    return found


def main() -> None:
    """Read the songs, train, write the weights and what they were made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the unpacked music data")
    parser.add_argument("--songs", type=Path, help="a file with paths below it, one a line")
    parser.add_argument("--check", type=Path, help="such a file with songs to measure with")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.songs is None:
        plain = json.loads(options.out.read_text(encoding="utf-8"))
    else:
        plain = learned(options.data, options.songs.read_text(encoding="utf-8").splitlines())
    if options.check is not None:
        names = options.check.read_text(encoding="utf-8").splitlines()
        examples, weight = gather(options.data, names)
        plain["metrics"] = {"songs": len(names), "moments": len(weight), **rightly(examples, weight, plain)}
        print(plain["metrics"])
    options.out.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def learned(data: Path, names: Sequence[str]) -> dict[str, Any]:
    """Both nets, trained on these songs, and what is said of them in the file."""
    examples, weight = gather(data, names)
    return {
        "about": "bar sense of bandmate/listening/barsense.py", "examples": len(weight),
        "trained_on": "POP909 (MIT), Groove MIDI Dataset (CC BY 4.0), Freedoom (BSD-3), Simutrans (Artistic)",
        "songs": names, "signs": list(SIGNS),
        "keys": train(examples, weight, SIGNS), "microphones": train(examples, weight, HEARD_BY_MICROPHONES),
    }  # fmt: skip


if __name__ == "__main__":
    main()
