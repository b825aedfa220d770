"""`bandmate bench sound`: how loud everything is, how much room a whole band leaves, what rendering costs.

Offline, through the same renderer as live. Loudness is that of ITU-R BS.1770 on the main output; headroom
counts from the loudest sample of the band, before the limiter would touch it, to full scale.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from statistics import median

import numpy as np

from bandmate import patch as patches
from bandmate.bench.figures import Figure, lateness, spread_ms
from bandmate.bench.stage import RATE_HZ, Stage
from bandmate.events import PARTS, NoteOff, NoteOn, Off, On, Recall
from bandmate.linecheck import groove
from bandmate.patch import Patch, Sound, Zone, as_table, font_path
from bandmate.ports.bounce import peak_db, sounded
from bandmate.ports.font_loudness import Frames, Note, loudness_lufs, melody, two_bars
from bandmate.ports.renderer import Renderer, taken
from bandmate.sounds import DRUM_BANK

BLOCK_FRAMES = 128
BASS_LOW, KEYS_LOW, LEAD_LOW = 36, 60, 72  # where the phrases begin that judge a part
LOWEST = {"bass": BASS_LOW, "lead": LEAD_LOW}
VELOCITY = 90
SPREAD_LU = 3.0  # sounds lie within this, so that a fader at unity is a beginning
HEADROOM_DB = 18.0  # from what a whole band at its biggest plays, on the average, to full scale
RECALL_MS = 300.0
CEILING_DB = -1.0  # and its loudest sample
MAIN = Patch(params={"master": 1.0})
Timed = list[tuple[float, object]]


def figures(stage: Stage) -> list[Figure]:
    """Every part and zone alone, then the whole band with a pianist, then the renderer's cost."""
    alone = [*_parts(), *_zones("default"), *_zones("split")]
    values = [figure.value for figure in alone if figure.value is not None]
    apart = Figure("loudest to softest of these", max(values) - min(values), "LU", SPREAD_LU)
    return [*alone, apart, *_zones("layers"), *_whole_band(), *_cost(stage), _recall(stage)]


def rendered(patch: Patch, timed: Iterable[tuple[float, object]], length_s: float) -> tuple[Frames, Renderer]:
    """The main output, (frame, 2), and the renderer that made it, closed."""
    with Renderer(patch, RATE_HZ, font_path(patch)) as renderer:
        blocks = [buses["main"].copy() for buses in sounded(renderer, list(timed), length_s)]
    return np.concatenate(blocks).astype(np.float64), renderer


def _parts() -> list[Figure]:
    found = []
    for part in PARTS:
        notes = two_bars() if part == "drums" else melody(LOWEST.get(part, KEYS_LOW))
        timed: Timed = []
        for key, note in enumerate(notes, 1):
            timed.append((note.time_s, On(key, note.time_s, part, note.key, VELOCITY)))
            timed.append((note.time_s + note.length_s, Off(key, note.time_s + note.length_s)))
        found.append(_loudness(part, MAIN, timed, notes))
    return found


def _zones(name: str) -> list[Figure]:
    """The performer's keyboard, alone in each zone of a patch that ships; layers are softer by intention."""
    found = []
    for number, zone in enumerate(patches.load(name).zones, 1):
        notes = melody(max(zone.low, min(KEYS_LOW, zone.high - 24)))
        patch = replace(MAIN, zones=(zone,))
        found.append(_loudness(f"zone {number} of {name}", patch, _keys(notes), notes))
    return found


def _keys(notes: list[Note]) -> Timed:
    timed: Timed = []
    for note in notes:
        end_s = note.time_s + note.length_s
        timed += [(note.time_s, NoteOn(0.0, note.key, VELOCITY)), (end_s, NoteOff(0.0, note.key))]
    return timed


def over_ours_db(sound: Sound | Zone, drums: bool) -> float:
    """How much louder a sound is than ours, played by keys or by drum sticks: for the soundcheck."""
    notes = two_bars() if drums else melody(KEYS_LOW)
    theirs = Zone(bank=sound.bank, program=sound.program, font=sound.font, level=sound.level)
    ours = Zone(bank=DRUM_BANK, program=0) if drums else Zone()
    length_s = max(note.time_s + note.length_s for note in notes)
    sounds = (rendered(replace(MAIN, zones=(zone,)), _keys(notes), length_s)[0] for zone in (theirs, ours))
    theirs_lufs, ours_lufs = (loudness_lufs(heard, RATE_HZ) for heard in sounds)
    return theirs_lufs - ours_lufs


def _loudness(name: str, patch: Patch, timed: Timed, notes: list[Note]) -> Figure:
    sound, _ = rendered(patch, timed, max(note.time_s + note.length_s for note in notes))
    rms_db = 10 * np.log10(max(1e-12, float(np.mean(sound**2))))
    note = f"one phrase at velocity {VELOCITY}, with its reverb; in brackets peak and RMS, dBFS"
    named = f"{name} ({peak_db(sound):.0f}, {rms_db:.0f})"
    return Figure(named, loudness_lufs(sound, RATE_HZ), "LUFS", note=note)


def _whole_band() -> list[Figure]:
    """All players at their biggest for eight bars, and somebody at the piano."""
    patch = replace(MAIN, parts=PARTS[:5], bass="plays")
    line = groove(patch)
    timed: Timed = []
    for key, hit in enumerate(line.hits, 1):
        timed.append((hit.at_s, On(key, hit.at_s, hit.part, hit.pitch, hit.velocity)))
        timed.append((hit.at_s + hit.length_s, Off(key, hit.at_s + hit.length_s)))
    for beat in range(int(line.length_s / 0.5)):
        for pitch in (48, 60, 64, 67, 72):
            timed.append((beat * 0.5, NoteOn(0.0, pitch, 100)))
            timed.append((beat * 0.5 + 0.45, NoteOff(0.0, pitch)))
    sound, renderer = rendered(patch, timed, line.length_s)
    note = f"{', '.join(patch.parts)} and a pianist, every fader at unity, {line.length_s:.0f} s"
    rms_db = float(10 * np.log10(np.mean(sound**2)))
    return [
        Figure("whole band", loudness_lufs(sound, RATE_HZ), "LUFS", note=note),
        Figure("whole band, headroom", -rms_db, "dB", HEADROOM_DB, more=True, note=note),
        Figure("whole band, loudest sample", peak_db(sound), "dBFS", CEILING_DB, note=note),
        Figure("whole band, blocks limited", float(renderer.mixer.limiter.worked), "", 0.0, note=note),
    ]


def _cost(stage: Stage) -> list[Figure]:
    """What a block costs while thirty notes sound, with one zone and with three layers."""
    found = []
    for name in ("default", "layers"):
        patch = replace(MAIN, zones=patches.load(name).zones)
        runs = [_run(patch, stage.seconds / stage.runs / 10) for _ in range(stage.runs)]
        spread = spread_ms([walls_s for _, walls_s in runs])
        block_ms = 1000 * BLOCK_FRAMES / RATE_HZ
        note = f"at the right: ms for a block of {BLOCK_FRAMES} frames, which lasts {block_ms:.1f} ms"
        share = median(share for share, _ in runs)
        found.append(Figure(f"renderer, zones of {name}", share, "% of a core", spread=spread, note=note))
    return found


def _run(patch: Patch, seconds: float) -> tuple[float, list[float]]:
    """Share of a core in percent, and how long each block took, in seconds."""
    walls_s: list[float] = []
    with Renderer(patch, RATE_HZ, font_path(patch)) as renderer:
        spent_s = time.process_time()
        for block in range(max(1, round(seconds * RATE_HZ / BLOCK_FRAMES))):
            if block % 190 == 0:  # about twice a second
                _strike_everything(renderer, block)
            began_s = time.perf_counter()
            renderer.render(BLOCK_FRAMES)
            walls_s.append(time.perf_counter() - began_s)
        spent_s = time.process_time() - spent_s
    return 100 * spent_s * RATE_HZ / (len(walls_s) * BLOCK_FRAMES), walls_s


def _recall(stage: Stage) -> Figure:
    """From a song's sounds as they come in to the block that has them: read, checked, taken."""
    recall = Recall(json.dumps(as_table(patches.load("layers"))))
    took_s = []
    with Renderer(MAIN, RATE_HZ, font_path(MAIN)) as renderer:
        for _ in range(10 * stage.runs):
            began_s = time.perf_counter()
            found = taken(recall, "song")
            renderer.check(found.patch)
            renderer.at(renderer.frame, found)
            renderer.render(BLOCK_FRAMES)
            took_s.append(time.perf_counter() - began_s)
    note = "six players and three layers of our font; fonts are loaded before the show"
    return lateness("a song's sounds recalled", [took_s], RECALL_MS, note)


def _strike_everything(renderer: Renderer, first: int) -> None:
    """Ten keys with the pedal down, and four notes of each part."""
    for pitch in (36, 43, 48, 52, 55, 60, 64, 67, 72, 76):
        renderer.at(renderer.frame, NoteOn(0.0, pitch, 100))
    for number, part in enumerate(PARTS):
        for pitch in (36, 43, 48, 52) if part != "drums" else (36, 38, 42, 49):
            renderer.at(renderer.frame, On(1000 * first + 10 * number + pitch, 0.0, part, pitch, 100))
