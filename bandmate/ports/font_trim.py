"""Cuts the suitcase's recordings short and thins its instruments, so that the ear hardly minds.

Earlier loops, fewer frames, one channel for two, one key range for two, and the envelopes and
tunings that make up for it. Runs in the script that makes a font, never while the band plays; must
not import anything of ours but the soundfont reader beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandmate.ports import sf2
from bandmate.ports.sf2 import Instrument, Sample, Zone

Frames = NDArray[np.float64]

ENVELOPE_RANGE_DB = 96.0  # what FluidSynth's volume envelope falls in one decay time
OUT_OF_TUNE_CENTS = 2
RINGS_OUT_CB = 900  # a sound whose envelope sustains below this dies away by itself
NEW_LOOP_FADE_S, OLD_LOOP_FADE_S = 0.125, 0.003  # the seam of a loop we chose; of the source's
GUARD_FRAMES = 8  # frames repeated after a loop, for the synth's interpolation


class Recipe(NamedTuple):
    """How much of a sound to keep: seconds a note, highest rate, channels, every other zone.

    "mono" keeps the left channel in the middle; "twin" plays it left and right, 3 dB louder.
    """

    seconds: float
    rate_hz: int
    channels: Literal["mono", "twin", "stereo"] = "mono"
    thin: bool = False
    range_key: int = 60  # where the phrase starts that judges its loudness


# --- one recording -----------------------------------------------------------------------------


@dataclass(slots=True)
class Loop:
    """Where a shortened note is to loop (frames), how it falls there and falls later on (dB/s)."""

    start: int
    end: int
    slope_db_s: float
    later_slope_db_s: float


def _level_db(frames: Frames) -> float:
    return 10 * float(np.log10(np.mean(frames * frames) + 1e-3))


def find_loop(frames: Frames, sample: Sample, seconds: float) -> Loop:
    """Choose an early loop that ends `seconds` into the note, where the wave repeats best.

    The start is the place whose preceding wave correlates most with the wave before the end.
    """
    end = int(seconds * sample.rate_hz)
    window = max(256, sample.rate_hz // 16)
    first, last = max(window, int(0.5 * end)), int(0.8 * end)
    wave = frames[end - window : end]
    searched = frames[first - window : last]
    match = np.correlate(searched, wave, "valid")
    energy = np.convolve(searched * searched, np.ones(window), "valid")
    start = first + int(np.argmax(match / np.sqrt(energy + 1.0)))
    half_s = 0.5 * window / sample.rate_hz
    here = _level_db(frames[start - window // 2 : start + window // 2])
    slope = (_level_db(wave) - here) / ((end - start) / sample.rate_hz - half_s)
    over_s = (sample.loop_end - start) / sample.rate_hz - half_s
    later = (_level_db(frames[sample.loop_end - window : sample.loop_end]) - here) / over_s
    return Loop(start, end, float(np.clip(slope, -40, 40)), float(np.clip(later, -60, 0)))


def close_loop(frames: Frames, loop: Loop, rate_hz: float, fade_s: float) -> Frames:
    """Hold the loop at one level and fade its end into what comes before its start."""
    fade = min((loop.end - loop.start) // 3, loop.start, int(fade_s * rate_hz))
    if fade == 0:
        return frames[: loop.end]
    time_s = (np.arange(len(frames)) - loop.start) / rate_hz
    held = frames * 10 ** (-loop.slope_db_s * np.clip(time_s, -0.5, 2.0) / 20)
    out = frames[: loop.end].copy()
    out[loop.start :] = held[loop.start : loop.end]
    before, ending = held[loop.start - fade : loop.start], out[loop.end - fade :]
    power = float(np.sqrt(np.sum(before**2) * np.sum(ending**2))) + 1e-9
    alike = float(np.clip(np.sum(before * ending) / power, 0, 1))
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / fade)
    fall = 1 - rise
    mixed = rise * before + fall * ending
    out[loop.end - fade :] = mixed / np.sqrt(rise**2 + fall**2 + 2 * alike * rise * fall)
    return out


def cut_tail(frames: Frames, keep_frames: int) -> Frames:
    """End an unlooped note after `keep_frames`, faded out over its last third."""
    if len(frames) <= keep_frames:
        return frames
    out = frames[:keep_frames].copy()
    fade = keep_frames // 3
    out[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    return out


def resample(frames: Frames, ratio: float, loop: tuple[int, int] | None) -> tuple[Frames, float]:
    """Fewer (or more) frames for the same sound; give them and the exact ratio used.

    With a loop, its start and end fall on whole frames again: the ratio is rounded to that, and
    the grid is shifted. Done in the frequency domain, with a cosine roll-off below the new limit.
    """
    start, end = loop or (0, 0)
    period = end - start or len(frames) + 1024
    tail = np.resize(frames[start:end], 256) if loop else np.zeros(0)
    body = np.concatenate([frames[: end or None], tail * np.linspace(1, 0, len(tail))])
    periods = -(-(len(body) + 1024) // period)
    exact = max(1, round(period * ratio)) / period
    count, new_count = periods * period, round(periods * period * exact)
    shift = start - round(start * exact) / exact  # in old frames
    spectrum = np.fft.rfft(body, count)
    keep = min(count, new_count) // 2 + 1
    bins = np.arange(keep)
    roll_off = np.clip((1 - bins / keep) / 0.08, 0, 1)
    spectrum = spectrum[:keep] * np.exp(2j * np.pi * bins * shift / count)
    spectrum *= 0.5 - 0.5 * np.cos(np.pi * roll_off)
    out = np.fft.irfft(spectrum, new_count) * (new_count / count)
    return out[: round((end or len(frames)) * exact)], exact


def trim_sample(
    sample: Sample, recipe: Recipe, looped: bool, loop: Loop | None
) -> tuple[Sample, Loop | None]:
    """The recording cut to its recipe; also the new loop, if one was needed.

    Give the loop of the left channel for the right one, so that both turn together.
    """
    frames = sample.frames.astype(np.float64)
    start, end = sample.loop_start, sample.loop_end
    if not looped:
        frames = cut_tail(frames, int(recipe.seconds * sample.rate_hz))
    elif end > recipe.seconds * sample.rate_hz * 1.1:
        loop = loop or find_loop(frames, sample, recipe.seconds)
        frames = close_loop(frames, loop, sample.rate_hz, NEW_LOOP_FADE_S)
        start, end = loop.start, loop.end
    exact = 1.0
    if sample.rate_hz > recipe.rate_hz * 1.1:
        ratio = recipe.rate_hz / sample.rate_hz
        frames, exact = resample(frames, ratio, (start, end) if looped else None)
    start, end = round(start * exact), round(end * exact)
    rate_hz = round(sample.rate_hz * exact)
    if looped:
        frames = close_loop(frames, Loop(start, end, 0, 0), rate_hz, OLD_LOOP_FADE_S)
        frames = np.concatenate([frames, np.resize(frames[start:end], GUARD_FRAMES)])
    else:
        start, end = 0, len(frames)
    frames = frames * min(1.0, 32767 / max(1.0, float(np.max(np.abs(frames)))))
    whole = np.rint(frames).astype(np.int16)
    pitch = (rate_hz, sample.root_key, sample.correction_cents)
    return Sample(sample.name, whole, start, end, *pitch), loop


# --- one instrument ----------------------------------------------------------------------------


def effective(instrument: Instrument) -> list[Zone]:
    """Its sounding zones, each with what the zone for all says written out."""
    shared = Zone()
    if instrument.zones and sf2.SAMPLE not in instrument.zones[0].generators:
        shared = instrument.zones[0]
    return [
        Zone(
            {**shared.generators, **zone.generators},
            zone.modulators + [raw for raw in shared.modulators if raw not in zone.modulators],
        )
        for zone in instrument.zones
        if sf2.SAMPLE in zone.generators
    ]


def fold_to_mono(zones: list[Zone], twin: bool) -> list[Zone]:
    """Keep the left of every left-right pair, as one zone in the middle or as twins at the sides.

    Their sum would comb-filter: the two channels are two microphones.
    """
    kept: list[Zone] = []
    lefts: dict[tuple[tuple[int, int], tuple[int, int]], list[Zone]] = {}
    for zone in sorted(zones, key=lambda zone: zone.generators.get(sf2.PAN, 0)):
        spot = (zone.span(sf2.KEYS), zone.span(sf2.VELOCITIES))
        pan = zone.generators.get(sf2.PAN, 0)
        if pan > 0 and lefts.get(spot):
            left = lefts[spot].pop(0)
            if not twin:
                left.generators[sf2.PAN] = 0
                continue
            zone = Zone({**left.generators, sf2.PAN: pan}, left.modulators)
        if pan < 0:
            lefts.setdefault(spot, []).append(zone)
        kept.append(zone)
    return kept


def thin_out(zones: list[Zone]) -> list[Zone]:
    """Drop every other key range and let its neighbours meet in its middle."""
    spans = sorted({zone.span(sf2.KEYS) for zone in zones})
    kept = spans[len(spans) % 2 == 0 :: 2]
    wider = {}
    for at, (low, high) in enumerate(kept):
        if at > 0:
            low = (kept[at - 1][1] + low + 1) // 2
        if at + 1 < len(kept):
            high = (high + kept[at + 1][0] + 1) // 2 - 1
        wider[kept[at]] = (0 if at == 0 else low, spans[-1][1] if at + 1 == len(kept) else high)
    zones = [zone for zone in zones if zone.span(sf2.KEYS) in wider]
    for zone in zones:
        zone.set_span(sf2.KEYS, *wider[zone.span(sf2.KEYS)])
    return zones


def _seconds(timecents: int) -> float:
    return float(2 ** (timecents / 1200))


def _timecents(seconds: float) -> int:
    return round(1200 * float(np.log2(max(seconds, 0.001))))


def let_ring_out(zone: Zone, loop: Loop, rate_hz: int) -> None:
    """Let a note that dies away by itself fall as its recording did before it was cut off.

    Its level is the recording's again two seconds into the loop.
    """
    if zone.generators.get(sf2.SUSTAIN, 0) < RINGS_OUT_CB:
        return
    hold_s = _seconds(zone.generators.get(sf2.HOLD, -12000))
    decay_s = _seconds(zone.generators.get(sf2.DECAY, -12000))
    start_s = loop.start / rate_hz
    fell_db = -2.0 * loop.later_slope_db_s
    fell_db += max(0.0, start_s + 2 - hold_s) * ENVELOPE_RANGE_DB / decay_s
    new_hold_s = min(hold_s, start_s)
    over_s = start_s + 2 - new_hold_s
    zone.generators[sf2.HOLD] = _timecents(new_hold_s)
    new_decay_s = ENVELOPE_RANGE_DB * over_s / max(fell_db, 1.0)
    zone.generators[sf2.DECAY] = min(8000, _timecents(new_decay_s))


def cents_sharp(zone: Zone, sample: Sample) -> float:
    """How far above its key a note sounds: the middle of its energy around its lowest harmonics."""
    tuned = zone.generators.get(sf2.FINE_TUNE, 0) + 100 * zone.generators.get(sf2.COARSE_TUNE, 0)
    key = zone.generators.get(sf2.ROOT_KEY, sample.root_key)
    if key < 0:
        key = sample.root_key
    wanted_hz = 440 * 2 ** ((key - 69) / 12 - (tuned + sample.correction_cents) / 1200)
    turn = np.resize(sample.frames[sample.loop_start : sample.loop_end], sample.rate_hz)
    wave = np.concatenate([sample.frames[sample.rate_hz // 8 : sample.loop_end], turn])
    wave = wave[: sample.rate_hz]  # the first second after the attack
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 8 * len(wave))) ** 4  # peaks count most
    cents, weight = 0.0, 1e-9
    for harmonic in (1, 2, 3):
        centre = wanted_hz * harmonic * 8 * len(wave) / sample.rate_hz  # in bins
        bins = np.arange(int(centre * 2 ** (-0.5 / 12)), int(centre * 2 ** (0.5 / 12)))
        bins = bins[bins < len(power)]
        cents += float(np.sum(power[bins] * 1200 * np.log2(bins / centre)))
        weight += float(np.sum(power[bins]))
    return cents / weight


def tune(zone: Zone, sample: Sample) -> None:
    """Tune a zone that now plays its neighbours' keys as well, where it is out of tune."""
    off = round(cents_sharp(zone, sample))
    if abs(off) >= OUT_OF_TUNE_CENTS:
        zone.generators[sf2.FINE_TUNE] = zone.generators.get(sf2.FINE_TUNE, 0) - off
