"""`bandmate listen FILE`: what the band would hear in a performance, as JSON and as a picture.

The product's own listening in virtual time: a MIDI file and a recording go through `Listener`, step by
step; the take of a jam goes through the whole `Band`, so that taps and cues count as they did. Joins
every room that it needs; runs in the caller's process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bandmate.errors import BadFile, BandmateError
from bandmate.events import Event, Heard, NoteOff, NoteOn
from bandmate.listening.announcing import Announcer
from bandmate.listening.listener import Listener
from bandmate.patch import Microphone
from bandmate.places import write_whole
from bandmate.show.audiofile import SUFFIXES as AUDIO
from bandmate.show.audiofile import Samples, read_audio
from bandmate.show.midifile import read_midi
from bandmate.show.take import Take, read_take
from bandmate.timing import Meter, step_index, step_time_s

VERSION = 1
TAIL_S = 2.0  # we listen on so long after the last note
FEEL_S = 1.0  # how often the feel is written down
LONGEST_S = 6 * 3600.0  # a MIDI file that claims to last longer is broken

Hear = Callable[[int], Heard]  # the step -> what is heard then
Bar = tuple[float, float, int]  # of a piano roll: from, to (seconds), pitch


@dataclass(slots=True)
class Report:
    """What is heard, step by step, on its way to JSON."""

    meter: Meter
    beats: list[dict[str, Any]] = field(default_factory=list)
    chords: list[dict[str, Any]] = field(default_factory=list)
    feel: list[dict[str, Any]] = field(default_factory=list)
    key: str | None = None
    announcer: Announcer = field(default_factory=Announcer)

    def hear(self, now_s: float, heard: Heard) -> None:
        """One step."""
        if self.announcer.announces(now_s, heard, self.meter):
            self._announce(now_s, heard)
        symbol = "N" if heard.chord is None else heard.chord.symbol
        if symbol != (self.chords[-1]["symbol"] if self.chords else "N"):
            certainty = round(heard.chord_certainty, 3)
            self.chords.append({"time_s": _second(now_s), "symbol": symbol, "certainty": certainty})
        if not self.feel or now_s - self.feel[-1]["time_s"] >= FEEL_S - 1e-6:
            self.feel.append({"time_s": _second(now_s)} | _feel(heard))
        self.key = self.key if heard.key is None else str(heard.key)
        self.meter = heard.meter or self.meter

    def _announce(self, now_s: float, heard: Heard) -> None:
        """The next beat is so near that a drummer would have to move."""
        pulse_s, bpm = heard.next_pulse_s, heard.pulse_bpm
        assert pulse_s is not None
        assert bpm is not None
        self.beats.append({
            "time_s": _second(pulse_s), "decided_s": _second(now_s), "downbeat": heard.downbeat_in == 0,
            "bpm": round(bpm, 3), "confidence": round(heard.confidence, 3),
        })  # fmt: skip


def _feel(heard: Heard) -> dict[str, Any]:
    found = {"dynamics": heard.dynamics, "density": heard.density}
    found |= {each.name: getattr(heard.feel, each.name) for each in fields(heard.feel)}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}


def _second(time_s: float) -> float:
    return round(time_s, 6)


# ------------------------------------------------------------------ what there is to listen to


@dataclass(slots=True)
class Source:
    """A performance that can be heard: how, for how long, and what a picture of it shows."""

    meter: Meter
    length_s: float
    hear: Hear
    roll: list[Bar] = field(default_factory=list)
    sound: tuple[int, Samples] | None = None
    notes: list[NoteOn | NoteOff] = field(default_factory=list)  # as a microphone gave them
    onsets_s: list[float] = field(default_factory=list)  # when something began in a recording


def source(path: Path, meter: Meter | None, taps_s: Sequence[float], hears: str | None) -> Source:
    """The source that a file's name promises; raises BadFile."""
    kind = path.suffix.lower()
    if hears is not None and kind not in AUDIO:
        raise BandmateError(f"--microphone is for recordings ({', '.join(AUDIO)}), and {path} is none")
    if kind in AUDIO:
        return _recording(path, meter or Meter(), taps_s, hears or "harmony")
    if kind in (".mid", ".midi"):
        return _midi(read_midi(path), meter or Meter(), taps_s)
    if kind == ".jsonl":
        if meter is not None or taps_s:
            raise BandmateError(f"{path} is the take of a jam: it has its own meter and its own taps")
        return _take(read_take(path), path)
    raise BadFile(f"{path} is no MIDI file (.mid), no recording ({', '.join(AUDIO)}) and no take (.jsonl)")


def _midi(take: Take, meter: Meter, taps_s: Sequence[float]) -> Source:
    _not_endless(take)
    listener, feed = Listener(meter), _feed(take.events)

    def hear(step: int) -> Heard:
        now_s = step_time_s(step)
        _tap_in(listener, meter, taps_s, step)
        return listener.hear(now_s, feed(step))

    return Source(meter, take.length_s + TAIL_S, hear, roll=_roll(take))


def _take(take: Take, path: Path) -> Source:
    """The take of a jam, as that band heard it."""
    from bandmate.rehearsal import load_styles, make_band  # only a take needs the whole band

    assert take.header is not None
    _not_endless(take)
    try:
        band = make_band(take.header, load_styles())
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise BadFile(f"{path}: line 1: no band can go on from its state ({reason})") from None
    feed = _feed(take.events)

    def hear(step: int) -> Heard:
        band.step(step_time_s(step), feed(step))
        return band.heard

    return Source(band.transport.meter, take.length_s, hear, roll=_roll(take))


def _recording(path: Path, meter: Meter, taps_s: Sequence[float], hears: str) -> Source:
    """A recording, through the ears and then the listener; its channels are mixed into one microphone."""
    rate_hz, samples = read_audio(path)
    from bandmate.listening.audio.analysis import Analysis  # only a recording needs aubio
    from bandmate.listening.audio.onsets import OnsetDetector

    mono = samples.mean(axis=1, keepdims=True)  # (frames, 1)
    analysis = Analysis(rate_hz, (Microphone(hears=hears, bleed=0.0),))
    detector, listener, place = OnsetDetector(rate_hz, hears == "melody"), Listener(meter), 0
    found = Source(meter, len(mono) / rate_hz, lambda _: Heard(0.0), sound=(rate_hz, mono[:, 0]))

    def hear(step: int) -> Heard:
        nonlocal place
        now_s, events = step_time_s(step), []
        _tap_in(listener, meter, taps_s, step)
        while place + detector.hop <= min(len(mono), now_s * rate_hz):
            place += detector.hop
            block = mono[place - detector.hop : place]
            events += analysis.hear(block, place / rate_hz)
            found.onsets_s += detector.hear(block[:, 0])
        found.notes += [event for event in events if isinstance(event, NoteOn | NoteOff)]
        return listener.hear(now_s, events)

    found.hear = hear
    return found


def _feed(events: Sequence[tuple[int, Event]]) -> Callable[[int], list[Event]]:
    """What comes in at each step, one step after the other."""
    place = 0

    def feed(step: int) -> list[Event]:
        nonlocal place
        first = place
        while place < len(events) and events[place][0] <= step:
            place += 1
        return [event for _, event in events[first:place]]

    return feed


def _tap_in(listener: Listener, meter: Meter, taps_s: Sequence[float], step: int) -> None:
    """Count the listener in with the last tap: the pulses before one are tapped, the last of 7/8 is short."""
    if taps_s and step == step_index(taps_s[-1]):
        places = [meter.place_of(tap) / meter.pulse_beats for tap in (-len(taps_s), -1)]
        pulse_s = (taps_s[-1] - taps_s[0]) / (places[1] - places[0])
        listener.count_in(taps_s, meter, taps_s[-1] - places[1] * pulse_s)


def _not_endless(take: Take) -> None:
    if take.length_s > LONGEST_S:
        raise BadFile(f"{take.name} claims to last {take.length_s / 3600:.0f} hours; export it again")


# ------------------------------------------------------------------ notes as bars of a piano roll


def _roll(take: Take) -> list[Bar]:
    """The keys of a take: when they went down and up."""
    return [
        (note["time_s"], note["end_s"], note["pitch"])
        for note in _notes((event for _, event in take.events), take.length_s)
    ]


def _notes(events: Iterable[Event], end_s: float) -> list[dict[str, Any]]:
    """Note-ons with the note-offs that belong to them; what is open at the end, ends there."""
    found: list[dict[str, Any]] = []
    down: dict[tuple[str, int, int], dict[str, Any]] = {}
    for event in events:
        if isinstance(event, NoteOn | NoteOff):
            key = (event.port, event.channel, event.pitch)
            before = down.pop(key, None)
            if before is not None:
                before["end_s"] = _second(event.time_s)
        if isinstance(event, NoteOn) and event.velocity:
            note = {"time_s": _second(event.time_s), "end_s": _second(max(end_s, event.time_s)),
                    "pitch": event.pitch, "velocity": event.velocity,
                    "confidence": round(event.confidence, 3)}  # fmt: skip
            down[key] = note
            found.append(note)
    return found


# ------------------------------------------------------------------ the command


def analyse(path: Path, meter: Meter | None = None, taps_s: Sequence[float] = (),
            hears: str | None = None) -> tuple[dict[str, Any], Source]:  # fmt: skip
    """Listen to a whole file in virtual time; returns what goes into the JSON, and the source."""
    there = source(path, meter, taps_s, hears)
    report = Report(there.meter)
    for step in range(step_index(there.length_s) + 1):
        report.hear(step_time_s(step), there.hear(step))
    return {
        "version": VERSION,
        "file": path.name,
        "duration_s": _second(there.length_s),
        "meter": str(report.meter),
        "key": report.key,
        "beats": report.beats,
        "chords": report.chords,
        "notes": _notes(there.notes, there.length_s),
        "onsets": [_second(onset_s) for onset_s in there.onsets_s],
        "feel": report.feel,
    }, there


def listen(options: argparse.Namespace, taps_s: Sequence[float]) -> int:
    """`bandmate listen FILE`: JSON to a file or stdout, and the picture that was asked for."""
    meter = None if options.meter is None else Meter.parse(options.meter)
    if options.plot is not None:
        from bandmate.show.analysis_picture import check

        check(options.plot)
    if options.out is not None and not options.out.absolute().parent.is_dir():
        raise BadFile(f"--out {options.out}: there is no folder {options.out.absolute().parent}")
    began_s = time.perf_counter()
    found, there = analyse(options.file, meter, taps_s, options.microphone)
    wall_s = time.perf_counter() - began_s
    if options.plot is not None:
        from bandmate.show.analysis_picture import draw

        draw(found, options.plot, there.roll, there.sound)
    text = json.dumps(found, indent=1)
    if options.out is None:
        sys.stdout.write(text + "\n")
        return 0
    try:
        write_whole(options.out, text + "\n")
    except OSError as error:
        raise BadFile(f"{options.out} cannot be written ({error.strerror}); name another --out") from None
    speed = there.length_s / max(wall_s, 1e-9)
    print(f"{options.out}: {len(found['beats'])} beats, {len(found['chords'])} chords, "
          f"{found['key'] or 'no key'}; {there.length_s:.1f} s heard in {wall_s:.1f} s "
          f"({speed:.0f} x real time)")  # fmt: skip
    return 0
