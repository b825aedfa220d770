"""The renderer: synth and mixer without any device, the same live and offline.

Live it belongs to the audio callback, offline (`rehearse --wav`) to one thread. It counts frames
from 0. FluidSynth begins notes on quanta of 64 frames; with the limiter's look-ahead of 32 a note
sounds at most 32 frames (0.67 ms at 48 kHz) before or after its frame, clicks exactly on theirs.
Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bandmate.errors import BadFile
from bandmate.events import (
    PARTS,
    Bend,
    Click,
    Control,
    Hush,
    Level,
    NoteOff,
    NoteOn,
    Off,
    On,
    Panic,
    Replace,
    Revoke,
    Voice,
)
from bandmate.patch import Patch
from bandmate.ports.limiter import Limiter
from bandmate.ports.mixer import Float, Mixer
from bandmate.ports.sounding import LONGEST_S, Leave, Sounding, Stroke
from bandmate.ports.synth import QUANTUM_FRAMES, SEND, Synth
from bandmate.ports.thru import Move, Played, Thru
from bandmate.timing import frames as frames_of

DROP_S = 0.03  # a note later than this isn't played any more
SENDS = {"drums": 30, "bass": 6, "keys": 45, "guitar": 40, "pad": 70, "lead": 60}
PERFORMER_SEND = 45
MOST_FRAMES = 4096
Message = On | Off | Replace | Revoke | Click | Hush | Panic | Level | Voice | Leave | Played


class Renderer:
    """Sends and the performer's keys at exact frames in; buses out."""

    def __init__(self, patch: Patch, rate_hz: int, font: Path) -> None:
        self.patch = patch
        self.rate_hz = rate_hz
        self.font = font
        self.frame = 0  # the first frame of the next block
        self.dropped = 0
        self.table = Sounding(frames_of(LONGEST_S, rate_hz))
        self.synth = Synth(len(PARTS) + len(patch.zones), MOST_FRAMES)
        self.mixer = Mixer(patch, rate_hz, MOST_FRAMES)
        self._thru = Thru(patch, external=False)
        self._coming: list[tuple[int, int, Message, int]] = []
        self._order = 0
        self._sends: dict[int, int] = {}

    def open(self) -> Renderer:
        """Load the font and give every part and zone its sound."""
        self.synth.load(self.font, self.rate_hz, self.patch.tuning_hz)
        sounds = [self.patch.sounds[part] for part in PARTS]
        voices = [(row.bank, row.program) for row in sounds]
        voices += [(zone.bank, zone.program) for zone in self.patch.zones]
        for channel, (bank, program) in enumerate(voices):
            if not self.synth.program(channel, bank, program):
                self.close()
                name = self.patch.name
                raise BadFile(f"{self.font}: no preset {bank}:{program}, which patch '{name}' wants")
        return self

    def close(self) -> None:
        """Close the synth."""
        self.synth.close()

    def __enter__(self) -> Renderer:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, frame: int, message: object, owner: int = 0) -> None:
        """Let a send or a key of the performer happen at a frame; the past means the next block."""
        if isinstance(message, On):
            behind_s = (self.frame - frame) / self.rate_hz
            if behind_s > DROP_S:
                self.dropped += 1
                return
            self.table.take(frame, message, owner)
        elif isinstance(message, Off):
            self.table.take(frame, message, owner)
        elif isinstance(message, Message):
            self._order += 1
            heapq.heappush(self._coming, (frame, self._order, message, owner))

    def render(self, frames: int) -> dict[str, Float]:
        """The next frames (a multiple of 64): `main` and `click`, each (frames, 2), float32.

        The arrays are used again by the next call.
        """
        if frames % QUANTUM_FRAMES or not 0 < frames <= MOST_FRAMES:
            raise ValueError(f"{frames} frames are not whole quanta of {QUANTUM_FRAMES}, up to {MOST_FRAMES}")
        self.synth.blank(frames)
        done = 0
        for start in range(0, frames, QUANTUM_FRAMES):
            until = self.frame + start + QUANTUM_FRAMES - 1
            if self._is_due(until):
                self.synth.render(done, start)
                done = start
                self._perform(until)
        self.synth.render(done, frames)
        if self.mixer.moving or not self._sends:
            self._send_to_reverb()
        self.frame += frames
        return self.mixer.mix(self.synth.dry[:, :, :frames], self.synth.wet[:, :frames])

    def _is_due(self, until: int) -> bool:
        due = self.table.next_due()
        return bool(self._coming and self._coming[0][0] <= until) or (due is not None and due <= until)

    def _perform(self, until: int) -> None:
        while self._coming and self._coming[0][0] <= until:
            frame, _, message, owner = heapq.heappop(self._coming)
            self._obey(frame, message, owner)
        self._strike(self.table.due(until))

    def _obey(self, frame: int, message: Message, owner: int) -> None:
        if isinstance(message, NoteOn | NoteOff | Control | Bend):
            self._move(self._thru.play(message))
        elif isinstance(message, Click):
            self.mixer.click(max(0, frame - self.frame), message.accent)
        elif isinstance(message, Level):
            self.mixer.level(message.name, message.value, message.over_s)
        elif isinstance(message, Voice):
            for channel in self._channels(message.part):
                self.synth.program(channel, message.bank, message.program)
        elif isinstance(message, Panic):
            self.table.take(frame, message)
            self._move(self._thru.silence())
            self.synth.silence()
        else:
            self._strike(self.table.take(frame, message, owner))

    def _channels(self, part: str) -> Sequence[int]:
        if part == "performer":
            return range(len(PARTS), len(PARTS) + len(self.patch.zones))
        return (PARTS.index(part),) if part in PARTS else ()

    def _strike(self, strokes: list[Stroke]) -> None:
        for stroke in strokes:
            for channel in self._channels(stroke.part):
                if stroke.velocity:
                    self.synth.note_on(channel, stroke.pitch, stroke.velocity)
                else:
                    self.synth.note_off(channel, stroke.pitch)

    def _move(self, moves: list[Move]) -> None:
        for move in moves:
            channel = len(PARTS) + move.zone
            if move.kind == "on":
                self.synth.note_on(channel, move.number, move.value)
            elif move.kind == "off":
                self.synth.note_off(channel, move.number)
            elif move.kind == "control":
                self.synth.control(channel, move.number, move.value)
            else:
                self.synth.bend(channel, move.value)

    def _send_to_reverb(self) -> None:
        """Reverb follows the faders: a part faded out leaves no ghost."""
        for channel in range(self.synth.channels):
            full = SENDS[PARTS[channel]] if channel < len(PARTS) else PERFORMER_SEND
            value = min(127, round(full * self.mixer.audible(channel)))
            if self._sends.get(channel) != value:
                self._sends[channel] = value
                self.synth.control(channel, SEND, value)


def bounce(
    patch: Patch,
    font: Path,
    timed: Sequence[tuple[float, object]],
    duration_s: float,
    out: Path,
    rate_hz: int = 48000,
    beside: Float | None = None,
) -> None:
    """Write the main bus as a 16-bit WAV, from things to play at seconds from the start; all or nothing.

    A recording `beside` it (frame, channel) is mixed in at unity, all its channels in the middle.
    """
    block = QUANTUM_FRAMES * 16
    limiter = Limiter(rate_hz)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with Renderer(patch, rate_hz, font) as renderer, wave.open(str(unfinished), "wb") as sound:
            sound.setnchannels(2)
            sound.setsampwidth(2)
            sound.setframerate(rate_hz)
            for time_s, message in sorted(timed, key=lambda pair: pair[0]):
                renderer.at(frames_of(time_s, rate_hz), message)
            left = frames_of(duration_s, rate_hz)
            while left > 0:
                first = renderer.frame
                main = renderer.render(block)["main"]
                if beside is not None:
                    here = beside[first : first + block].mean(axis=1, keepdims=True)
                    main[: len(here)] += here
                    limiter.limit(main.T)
                main = main[:left]
                sound.writeframes((main * 32767).round().astype("<i2").tobytes())
                left -= len(main)
        unfinished.replace(out)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()


def peak_db(sound: Float) -> float:
    """The loudest sample, in dBFS."""
    return float(20 * np.log10(max(1e-9, float(np.abs(sound).max()))))
