"""Brings the sounds of a soundfont to one loudness, as an ear at the mixing desk would.

Each preset plays a short phrase offline through FluidSynth and is turned up or down until all
measure the same. Runs in the script that makes a font, never while the band plays; must not import
anything of ours but the soundfont reader beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandmate.ports import sf2
from bandmate.ports.sf2 import Font, Preset, SoundfontError

PHRASE = (0, 4, 7, 9, 12, 9, 7, 4)  # semitones over the lowest key, an eighth note each
PHRASE_VELOCITY = 90
KICK, SNARE, HAT = 36, 38, 42
RENDER_RATE_HZ = 44100
RENDER_GAIN = 0.4
TARGET_LUFS = -33.0
CENTIBEL_PER_DB = 25.0  # FluidSynth, as the EMU chips did, counts an attenuation of 10 cB as 0.4 dB
LEVELLING_ROUNDS = 4


class Note(NamedTuple):
    """One note of a phrase: when, for how long, and which key."""

    time_s: float
    length_s: float
    key: int


Frames = NDArray[np.float64]
Which = tuple[int, int]  # a preset: bank, program
Phrases = Mapping[Which, list[Note]]


def melody(low_key: int) -> list[Note]:
    """What judges a pitched sound: a line up and down from a key, then that key held."""
    line = [Note(0.3 * at, 0.27, low_key + interval) for at, interval in enumerate(PHRASE)]
    return [*line, Note(0.3 * len(PHRASE), 1.6, low_key)]


def two_bars() -> list[Note]:
    """What judges a kit: two bars of eighths on the hat over kick and snare."""
    hats = [Note(0.25 * eighth, 0.2, HAT) for eighth in range(16)]
    drums = [Note(0.5 * beat, 0.2, SNARE if beat % 2 else KICK) for beat in range(8)]
    return hats + drums


def render(path: Path, phrases: Phrases) -> Iterator[Frames]:
    """Play each preset's phrase offline through FluidSynth, dry; gives (frames, 2) in -1..1."""
    try:
        import fluidsynth
    except ImportError as error:
        raise SoundfontError(
            "levelling the font needs FluidSynth: apt install libfluidsynth3 && pip install pyfluidsynth"
        ) from error
    synth = fluidsynth.Synth(gain=RENDER_GAIN, samplerate=float(RENDER_RATE_HZ))
    for name in ("synth.reverb.active", "synth.chorus.active"):
        synth.setting(name, 0)
    font_id = synth.sfload(str(path))
    try:
        for (bank, program), phrase in phrases.items():
            synth.system_reset()
            synth.program_select(0, font_id, bank, program)
            moves = [(note.time_s, note.key, True) for note in phrase]
            moves += [(note.time_s + note.length_s, note.key, False) for note in phrase]
            played, done = [], 0
            for time_s, key, down in sorted(moves):
                due = round(time_s * RENDER_RATE_HZ)
                if due > done:
                    played.append(synth.get_samples(due - done))
                    done = due
                if down:
                    synth.noteon(0, key, PHRASE_VELOCITY)
                else:
                    synth.noteoff(0, key)
            played.append(synth.get_samples(RENDER_RATE_HZ // 4))
            yield np.concatenate(played).reshape(-1, 2) / 32768.0
    finally:
        synth.delete()


def k_weighting(freqs_hz: Frames) -> Frames:
    """How much the ear's curve of ITU-R BS.1770-4 amplifies each frequency (its two biquads)."""
    back = np.exp(-2j * np.pi * freqs_hz / 48000.0)  # one frame back, at the standard's rate
    powers = np.stack([np.ones_like(back), back, back * back])
    shelf = np.array([1.53512485958697, -2.69169618940638, 1.19839281085285]) @ powers
    shelf /= np.array([1.0, -1.69065929318241, 0.73248077421585]) @ powers
    rumble = np.array([1.0, -2.0, 1.0]) @ powers
    rumble /= np.array([1.0, -1.99004745483398, 0.99007225036621]) @ powers
    return np.asarray(np.abs(shelf * rumble), dtype=np.float64)


def loudness_lufs(sound: Frames, rate_hz: int = RENDER_RATE_HZ) -> float:
    """Gated loudness of (frames, 2) after ITU-R BS.1770-4: 400 ms blocks, quiet ones left out."""
    weights = k_weighting(np.fft.rfftfreq(len(sound), 1 / rate_hz).astype(np.float64))[:, None]
    heard = np.fft.irfft(np.fft.rfft(sound, axis=0) * weights, len(sound), axis=0)
    power = np.sum(heard * heard, axis=1)
    block = int(0.4 * rate_hz)
    starts = range(0, max(1, len(power) - block), block // 4)
    blocks = np.array([np.mean(power[start : start + block]) for start in starts]) + 1e-12
    loud = blocks[blocks > 1e-7]
    if not len(loud):
        return -100.0
    loud = loud[loud >= 0.1 * np.mean(loud)]
    return float(-0.691 + 10 * np.log10(np.mean(loud)))


def measure(path: Path, phrases: Phrases) -> dict[Which, float]:
    """Loudness (LUFS) of each preset of a font on disk, playing its phrase."""
    return {which: loudness_lufs(sound) for which, sound in zip(phrases, render(path, phrases), strict=True)}


def attenuate(preset: Preset, more_cb: float) -> None:
    """Turn a whole preset down by so many centibel (or up, where negative)."""
    first = preset.zones[0].generators
    shared = first.pop(sf2.ATTENUATION, 0) if sf2.INSTRUMENT not in first else 0
    for zone in preset.zones:
        if sf2.INSTRUMENT in zone.generators:
            own = zone.generators.get(sf2.ATTENUATION, shared)
            zone.generators[sf2.ATTENUATION] = round(own + more_cb)


def level(font: Font, path: Path, phrases: Phrases) -> dict[Which, tuple[float, float]]:
    """Bring every preset of the font, written to `path`, to TARGET_LUFS; gives loudness before and after."""
    sf2.write_font(path, font)
    before = now = measure(path, phrases)
    for _ in range(LEVELLING_ROUNDS):
        for preset in font.presets:
            over_db = now[preset.bank, preset.program] - TARGET_LUFS
            attenuate(preset, over_db * CENTIBEL_PER_DB)
        sf2.write_font(path, font)
        now = measure(path, phrases)
    return {which: (before[which], now[which]) for which in phrases}
