"""Songs as a microphone hears them, for the trainers: strange voices, other fonts, noise and rooms.

Each excerpt is played by the embedded synth with voices drawn at random, now and then with a drummer of
the Groove MIDI Dataset beside it, then put into a room, some noise and another level, and heard by the
ears' own analysis. Seeded; for benchmarks and trainers only, never part of a show.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bandmate.events import Event, NoteOn
from bandmate.listening.accents import DRUM_CHANNEL
from bandmate.listening.audio.analysis import Analysis
from bandmate.patch import Microphone
from bandmate.ports.synth import QUANTUM_FRAMES, Synth

RATE_HZ = 44100
DRUM_BANK = 128
# programs of General MIDI, from 0, for the first, the second and all other channels
VOICES = (
    (0, 4, 11, 16, 22, 24, 25, 26, 40, 42, 48, 52, 53, 54, 56, 59, 60, 64, 65, 66, 68, 71, 73, 75, 80, 81),
    (0, 4, 11, 24, 25, 26, 27, 46),
    (0, 1, 2, 4, 5),
)
KITS = (0, 8, 16, 24, 25, 32, 40)
PEAK = (0.08, 0.8)  # the loudest sample lies between these
NOISE_DB = (-70.0, -35.0)  # below it
ROOM_SHARE, ROOM_S, ROOM_LEVEL = 0.35, (0.15, 0.7), (0.1, 0.5)  # how often there is a room, and which

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Played:
    """A note and how long it was held."""

    on: NoteOn
    length_s: float


def heard(notes: Sequence[Played], length_s: float, font: Path, rng: random.Random) -> list[Event]:
    """What the ears make of an excerpt: strokes and hues, stamped from its beginning."""
    sound = disturbed(rendered(notes, length_s, font, rng), rng)
    analysis = Analysis(RATE_HZ, (Microphone(hears="harmony"),))
    return analysis.hear(sound, len(sound) / RATE_HZ)


def rendered(notes: Sequence[Played], length_s: float, font: Path, rng: random.Random) -> Sound:
    """The notes as mono sound, (frames,), each channel with a voice drawn for it."""
    channels = sorted({played.on.channel for played in notes})
    sound = np.zeros(round(length_s * RATE_HZ / QUANTUM_FRAMES) * QUANTUM_FRAMES, np.float32)
    moments = sorted(
        [(played.on.time_s, 1, played.on) for played in notes]
        + [(played.on.time_s + max(played.length_s, 0.05), 0, played.on) for played in notes],
        key=lambda moment: moment[:2],
    )
    with Synth(len(channels)).load(font, RATE_HZ) as synth:
        for place, channel in enumerate(channels):
            drums = channel == DRUM_CHANNEL
            program = rng.choice(KITS if drums else VOICES[min(place, len(VOICES) - 1)])
            bank = DRUM_BANK if drums else 0
            synth.program(place, bank, program) or synth.program(place, bank, 0)
        frame = 0
        for at_s, struck, note in [*moments, (length_s, 0, None)]:
            until = min(round(at_s * RATE_HZ / QUANTUM_FRAMES) * QUANTUM_FRAMES, len(sound))
            while frame < until:
                frames = min(until - frame, synth.most_frames)
                synth.blank(frames)
                synth.render(0, frames)
                sound[frame : frame + frames] = synth.dry[:, :, :frames].mean(0).sum(0)
                frame += frames
            if note is not None and struck:
                synth.note_on(channels.index(note.channel), note.pitch, note.velocity)
            elif note is not None:
                synth.note_off(channels.index(note.channel), note.pitch)
    return sound


def disturbed(sound: Sound, rng: random.Random) -> Sound:
    """The sound in some room, at some level, with some noise."""
    noise = np.random.default_rng(rng.randrange(2**32))
    if rng.random() < ROOM_SHARE:
        tail_s = rng.uniform(*ROOM_S)
        fade = np.exp(-np.arange(round(tail_s * RATE_HZ)) / (tail_s * RATE_HZ / 5))
        tail = noise.normal(0, 1, len(fade)) * fade
        size = 2 ** (len(sound) + len(tail)).bit_length()
        wet = np.fft.irfft(
            np.fft.rfft(sound, size) * np.fft.rfft(tail / np.sqrt((tail**2).sum()), size), size
        )
        sound = sound + rng.uniform(*ROOM_LEVEL) * wet[: len(sound)].astype(np.float32)
    peak = rng.uniform(*PEAK)
    sound = sound * np.float32(peak / max(float(np.abs(sound).max()), 1e-6))
    hiss = noise.normal(0, peak * 10 ** (rng.uniform(*NOISE_DB) / 20), len(sound))
    return np.asarray(sound + hiss, np.float32)
