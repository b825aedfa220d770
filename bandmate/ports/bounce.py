"""Bounces: a performance as sound, offline, through the same renderer as live. Called by one thread.

Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import contextlib
import os
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandmate.events import Recall
from bandmate.patch import Patch
from bandmate.ports.limiter import Limiter
from bandmate.ports.renderer import Renderer, taken
from bandmate.ports.strokes import Float
from bandmate.ports.synth import QUANTUM_FRAMES
from bandmate.timing import frames as frames_of

BLOCK_FRAMES = QUANTUM_FRAMES * 16
TRACK_DB = -1.0  # dBFS: the peak of a finished track


def sounded(
    renderer: Renderer, timed: Sequence[tuple[float, object]], duration_s: float
) -> Iterator[dict[str, Float]]:
    """The buses, block by block, of things to play at seconds from the start; arrays are used again."""
    for time_s, message in sorted(timed, key=lambda pair: pair[0]):
        renderer.at(frames_of(time_s, renderer.rate_hz), message)
    until = renderer.frame + frames_of(duration_s, renderer.rate_hz)
    while (left := until - renderer.frame) > 0:
        buses = renderer.render(BLOCK_FRAMES)
        yield {name: bus[:left] for name, bus in buses.items()}


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
    limiter = Limiter(rate_hz)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        songs = [taken(send, patch.name).patch for _, send in timed if isinstance(send, Recall)]
        renderer = Renderer(patch, rate_hz, font).open(songs)
        with contextlib.closing(renderer), wave.open(str(unfinished), "wb") as sound:
            sound.setnchannels(2)
            sound.setsampwidth(2)
            sound.setframerate(rate_hz)
            done = 0
            for buses in sounded(renderer, timed, duration_s):
                main = buses["main"]
                if beside is not None:
                    main = _with(main, beside[done : done + BLOCK_FRAMES], limiter)
                sound.writeframes((main * 32767).round().astype("<i2").tobytes())
                done += len(main)
        unfinished.replace(out)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()


def _with(main: Float, beside: Float, limiter: Limiter) -> Float:
    """A whole block with what a recording has beside it; limited once more."""
    whole = np.zeros((BLOCK_FRAMES, 2), np.float32)
    whole[: len(main)] = main
    whole[: len(beside)] += beside.mean(axis=1, keepdims=True)
    limiter.limit(whole.T)
    return whole[: len(main)]


def raised(path: Path) -> None:
    """A bounce as loud as a finished track: its loudest sample at `TRACK_DB`; all or nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with wave.open(str(path), "rb") as sound:
            form, samples = sound.getparams(), sound.readframes(sound.getnframes())
        track = np.frombuffer(samples, "<i2")
        loudest = np.iinfo(np.int16).max * 10 ** (TRACK_DB / 20)
        gain = loudest / max(1, int(np.abs(track.astype(np.int32)).max(initial=0)))
        with wave.open(str(unfinished), "wb") as sound:
            sound.setparams(form)
            sound.writeframes((track * np.float32(gain)).round().astype("<i2").tobytes())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()


def peak_db(sound: NDArray[np.floating[Any]]) -> float:
    """The loudest sample, in dBFS."""
    return float(20 * np.log10(max(1e-9, float(np.abs(sound).max()))))
