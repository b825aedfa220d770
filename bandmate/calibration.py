"""How late sound comes back: `bandmate soundcheck --latency`, by a loop through the room or by tapping along.

Runs in the shell's process while no rig runs; the band's own sound process plays the strokes, so that what is
measured is the way the band takes. The devices' own figures are in every stamp already: what is measured and
remembered is what they hide. Joins ports, wire and places.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import select
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from bandmate import patch as patches
from bandmate import wire
from bandmate.errors import NoDevice, RigError
from bandmate.events import Command, NoteOn, Off, On, SoundReady
from bandmate.heart import SLOTS
from bandmate.patch import Patch
from bandmate.places import TAPS, places
from bandmate.rig import is_running

Float = NDArray[np.float32]

STROKE = 37  # side stick: short, and in every loudspeaker's range
STROKE_S = 0.1  # of it tell where it begins
GAPS_S = (0.70, 0.83, 0.75, 0.91, 0.79)  # uneven, so that no echo is taken for the next stroke
STROKES, ENOUGH = 12, 5
EARLY_S, LATE_S = 0.1, 0.5  # where a stroke is looked for
CLEAR = 12.0  # a stroke sticks out of its window so many times
SPREAD_S = 0.005  # strokes that came back lie closer together than this
BEGIN_S = 1.5
AHEAD_S, ROUND_S = 0.06, 0.01
PATIENCE_S = 10.0
TAP_GAP_S, TAP_STROKES, TAPS_IGNORED, TAPS_ENOUGH = 0.6, 20, 4, 10
TAP_SPREAD_S = 0.03  # of taps: who is less steady than this can't be read


@dataclass(slots=True)
class Recording:
    """What the microphone heard: sound, and when each block of it ended."""

    rate_hz: int
    blocks: list[Float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def window(self, from_s: float, until_s: float) -> tuple[Float, float]:
        """The sound between two moments, and when it begins, to the frame."""
        sound = np.concatenate([*self.blocks, np.zeros(0, np.float32)])
        ends = list(accumulate(len(block) for block in self.blocks))
        number = next((i for i, end_s in enumerate(self.ends_s) if end_s >= from_s), None)
        if number is None:
            return sound[:0], from_s
        first = max(0, ends[number] - round((self.ends_s[number] - from_s) * self.rate_hz))
        begin_s = self.ends_s[number] - (ends[number] - first) / self.rate_hz
        return sound[first : first + round((until_s - from_s) * self.rate_hz)], begin_s


def found_at(sound: Float, stroke: Float) -> int | None:
    """At which frame of a sound a stroke begins, by cross-correlation; None where none sticks out."""
    if len(sound) <= len(stroke) or not np.abs(sound).max() > 0:
        return None
    size = 1 << (len(sound) + len(stroke)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(stroke, size))
    likeness = np.abs(np.fft.irfft(spectrum, size)[: len(sound) - len(stroke)])
    best = int(likeness.argmax())
    return best if likeness[best] > CLEAR * np.median(likeness) else None


def hidden_s(recording: Recording, stroke: Float, strokes_s: Sequence[float]) -> list[float]:
    """How much later than it should each stroke came back; those that didn't are left out."""
    late_s = []
    for stroke_s in strokes_s:
        sound, begin_s = recording.window(stroke_s - EARLY_S, stroke_s + LATE_S)
        at = found_at(sound, stroke)
        if at is not None:
            late_s.append(begin_s + at / recording.rate_hz - stroke_s)
    return late_s


def spread_s(values_s: Sequence[float]) -> float:
    """How far the middle half of some values lies apart."""
    low, _, high = statistics.quantiles(values_s, n=4)
    return high - low


def tapped_s(taps_s: Sequence[float], strokes_s: Sequence[float]) -> list[float]:
    """How far each tap lies behind the stroke it was meant for; the first strokes are for finding in."""
    late_s = []
    gap_s = min((after - before for before, after in pairwise(strokes_s)), default=TAP_GAP_S)
    for stroke_s in strokes_s[TAPS_IGNORED:]:
        near = [tap_s - stroke_s for tap_s in taps_s if abs(tap_s - stroke_s) < gap_s / 2]
        late_s += [min(near, key=abs)] if near else []
    return late_s


# ------------------------------------------------------------------ the devices


class Speaker:
    """The sound process, for as long as the measurement takes."""

    def __init__(self, end: wire.Wire, ready: SoundReady) -> None:
        self.end, self.ready, self.device = end, ready, ready.device
        self.taps_s: list[float] = []  # what was played on the keyboards
        self._played = 0

    def play(self, strokes_s: Sequence[float]) -> None:
        """Send what is due soon: as far ahead as the band does, not farther."""
        while self._played < len(strokes_s) and strokes_s[self._played] < time.perf_counter() + AHEAD_S:
            stroke_s = strokes_s[self._played]
            self._played += 1
            self.end.send(On(self._played, stroke_s, "drums", STROKE, 120))
            self.end.send(Off(self._played, stroke_s + STROKE_S))
        self.taps_s += [event.time_s for event in self.end.receive() if isinstance(event, NoteOn)]


@contextlib.contextmanager
def speaker(patch: Patch, device: str | None) -> Iterator[Speaker]:
    """A sound process of our own; raises NoDevice where it has no sound device."""
    from bandmate.ports.sound import run

    where = places("soundcheck")
    context = mp.get_context("spawn")
    remembered = where.remembered()
    plan = {
        "socket": str(where.sound), "patch": patch.name, "table": patches.as_table(patch), "synth": True,
        "midi_in": remembered.get("midi_in", []), "midi_out": [], "virtual": True, "block_frames": 128,
        "device": device or remembered.get("device"), "client": "bandmate",
        "font": str(patches.font_path(patch)),
    }  # fmt: skip
    process = context.Process(target=run, args=(plan, context.RawArray("d", SLOTS)), daemon=True)
    process.start()
    try:
        end = wire.connect(where.sound, PATIENCE_S)
        try:
            yield Speaker(end, _ready(end))
        finally:
            end.send(Command(time.perf_counter(), "quit", source="soundcheck"))
            process.join(PATIENCE_S)
            end.close()
    finally:
        process.kill()
        process.join()


def _ready(end: wire.Wire) -> SoundReady:
    """The sound process, once it plays on a device."""
    until_s = time.perf_counter() + PATIENCE_S
    fault = ""
    while time.perf_counter() < until_s and end.open:
        select.select([end], [], [], 0.05)
        for said in end.receive():
            if isinstance(said, SoundReady):
                fault = said.fault
                if said.device and said.channels:
                    return said
        if fault:
            break
    raise NoDevice(fault or "the sound process doesn't answer; try again")


def _stroke(patch: Patch, rate_hz: int) -> Float:
    """The beginning of a stroke as our synth plays it."""
    from bandmate.ports.renderer import Renderer

    frames = round(STROKE_S * rate_hz) // 64 * 64
    with Renderer(patch, rate_hz, patches.font_path(patch)) as renderer:
        renderer.at(0, On(1, 0.0, "drums", STROKE, 120))
        blocks = [renderer.render(64)["main"].mean(axis=1) for _ in range(frames // 64)]
    return np.concatenate(blocks).astype(np.float32)


# ------------------------------------------------------------------ the two measurements


def nobody_plays() -> None:
    """Raises RigError where the band is running and has the devices."""
    if is_running(places()):
        raise RigError("the band is running and has the devices; `bandmate stop` first")


def by_loop(patch: Patch, device: str | None) -> str:
    """Play strokes and record them; remembers the figure, returns it as a sentence."""
    from bandmate.ports.capture import Capture

    nobody_plays()
    channel = patch.microphones[0].channel if patch.microphones else 1
    with speaker(patch, device) as out, Capture(patch.audio_in, channel, "bandmate-ears") as ears:
        assert ears.intake is not None
        recording = Recording(ears.intake.rate_hz)
        stroke = _stroke(patch, recording.rate_hz)
        strokes_s = _plan(GAPS_S, STROKES)
        while time.perf_counter() < strokes_s[-1] + LATE_S + STROKE_S:
            select.select([], [], [], ROUND_S)
            out.play(strokes_s)
            ears.watch(time.perf_counter())
            while (heard := ears.read()) is not None:
                recording.blocks.append(heard[0][:, channel - 1].copy())
                recording.ends_s.append(heard[1])
        source, lost = ears.description, ears.stumbles
    late_s = hidden_s(recording, stroke, strokes_s)
    if len(late_s) < ENOUGH:
        raise NoDevice(
            f"of {STROKES} strokes on {out.device} only {len(late_s)} came back on {source}; turn both up, "
            "put the microphone before the loudspeaker, or join output and input by a cable (in JACK: "
            "connect bandmate:out_1 to bandmate-ears:in_1), and try again"
        )
    if spread_s(late_s) > SPREAD_S:
        raise NoDevice(
            f"the strokes came back between {1000 * min(late_s):.0f} and {1000 * max(late_s):.0f} ms late, "
            f"too uneven to believe ({lost} blocks lost); close other programs, and try again"
        )
    middle_s = statistics.median(late_s)
    places().remember_latency(out.device, source, middle_s)
    return (
        f"from {out.device} to {source} sound takes {1000 * abs(middle_s):.1f} ms "
        f"{'more' if middle_s >= 0 else 'less'} than the devices say "
        f"({len(late_s)} of {STROKES} strokes, {1000 * spread_s(late_s):.1f} ms apart); remembered"
    )


def by_taps(patch: Patch, device: str | None) -> str:
    """Play strokes and let the performer tap along; remembers the figure, returns it as a sentence."""
    nobody_plays()
    with speaker(patch, device) as out:
        strokes_s = _plan((TAP_GAP_S,), TAP_STROKES)
        while time.perf_counter() < strokes_s[-1] + TAP_GAP_S:
            select.select([out.end], [], [], ROUND_S)
            out.play(strokes_s)
    late_s = tapped_s(out.taps_s, strokes_s)
    if len(late_s) < TAPS_ENOUGH:
        raise NoDevice(
            f"only {len(late_s)} taps came with the strokes; tap one key with each of them, from the first on"
        )
    if spread_s(late_s) > TAP_SPREAD_S:
        raise NoDevice(
            f"your taps lie {1000 * spread_s(late_s):.0f} ms apart, too far to tell the latency; try again, "
            "or measure by a loop: `bandmate soundcheck --latency`"
        )
    middle_s = max(0.0, statistics.median(late_s))
    places().remember_latency(out.device, TAPS, middle_s)
    return (
        f"you tap {1000 * statistics.median(late_s):+.0f} ms from {out.device} ({len(late_s)} taps, "
        f"{1000 * spread_s(late_s):.0f} ms apart); {1000 * middle_s:.0f} ms are remembered for microphones "
        "that no loop has measured. People tap some 20 ms early: a loop knows better"
    )


def _plan(gaps_s: Sequence[float], count: int) -> list[float]:
    """When strokes fall: a moment from now, and so on with these gaps."""
    begin_s = time.perf_counter() + BEGIN_S
    return list(accumulate((gaps_s[index % len(gaps_s)] for index in range(count - 1)), initial=begin_s))
