"""Audio files at the edge: a recording in, as the ears take it.

Whatever a file's rate, it comes out at 44.1 or 48 kHz: the rates that the analysis is made for. Any
process, before the music; imports the bottom layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bandmate.errors import BadFile

Samples = npt.NDArray[np.float32]

SUFFIXES = (".wav", ".flac")
RATES_HZ = (44_100, 48_000)  # what the ears take
SLOWEST_HZ, FASTEST_HZ = 4_000, 400_000  # below and above it is no music, or no rate at all
LONGEST_S = 3 * 3600.0  # a whole evening in one file wouldn't fit into memory
ROUND_S, MARGIN_S = 10, 1  # whole seconds: a piece is converted with so much on either side of it


def read_audio(path: Path) -> tuple[int, Samples]:
    """A recording as (rate_hz, samples (frames, channels), full scale 1); raises BadFile."""
    import soundfile  # only whoever reads a file loads it

    if not path.is_file():
        raise BadFile(f"there is no file {path}; give a recording (.wav or .flac)")
    try:
        about = soundfile.info(path)
        if about.duration > LONGEST_S:
            raise BadFile(f"{path} lasts more than three hours; cut it into pieces")
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (RuntimeError, OSError, ValueError) as error:
        reason = str(error).rsplit(": ", 1)[-1].strip(" .") or type(error).__name__
        raise BadFile(f"{path} cannot be read as audio ({reason}); export it again as .wav") from None
    if not len(samples):
        raise BadFile(f"{path} holds no sound; record it again")
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise BadFile(f"{path} has a rate of {rate_hz} Hz; export it at 44100 or 48000")
    if not np.isfinite(samples).all():
        raise BadFile(f"{path} holds samples that are no numbers; export it again")
    return _at_our_rate(rate_hz, samples)


def _at_our_rate(rate_hz: int, samples: Samples) -> tuple[int, Samples]:
    """The samples at a rate that the ears take: 44.1 kHz for its relatives, 48 kHz for all others."""
    if rate_hz in RATES_HZ:
        return rate_hz, samples
    ours_hz = RATES_HZ[0] if rate_hz % 11_025 == 0 else RATES_HZ[1]
    pieces = [
        _piece(samples, rate_hz, ours_hz, second) for second in range(0, -(-len(samples) // rate_hz), ROUND_S)
    ]
    wanted = -(-len(samples) * ours_hz // rate_hz)
    return ours_hz, np.concatenate(pieces)[:wanted]


def _piece(samples: Samples, rate_hz: int, ours_hz: int, second: int) -> Samples:
    """Ten seconds in another rate: the spectrum, cut or filled up, of them and a second around them."""
    seconds = ROUND_S + 2 * MARGIN_S
    source = np.zeros((seconds * rate_hz, samples.shape[1]), np.float32)
    begin = (second - MARGIN_S) * rate_hz
    found = samples[max(begin, 0) : begin + len(source)]
    skip = max(-begin, 0)
    source[skip : skip + len(found)] = found
    spectrum = np.fft.rfft(source, axis=0)
    ours = seconds * ours_hz
    kept = spectrum[: min(len(source), ours) // 2 + 1]
    whole = np.fft.irfft(kept, n=ours, axis=0) * (ours_hz / rate_hz)
    return whole[MARGIN_S * ours_hz : (MARGIN_S + ROUND_S) * ours_hz].astype(np.float32)
