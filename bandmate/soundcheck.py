"""The soundcheck: everything a gig needs, in plain words, each trouble with its mend.

Runs in the shell's process before the show; opens nothing that a running rig needs. Marks: `ok`,
`hm` (worth mending before a gig), `no` (the band can't play like this).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bandmate import maps
from bandmate import patch as patches
from bandmate.errors import BadFile, BandmateError
from bandmate.patch import Sound, Zone
from bandmate.places import places

LOUD_DB = 4.0  # so far off, a sound wants another level
FREE_BYTES = 1 << 30
BATTERY_PERCENT = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the soundcheck."""

    mark: str  # ok, hm, no
    what: str
    mend: str = ""


def measure_latency(patch: str, device: str | None, audio_in: str | None, tap: bool) -> int:
    """Measure how late sound comes back, by a loop or by taps, and say what was remembered."""
    from bandmate.calibration import by_loop, by_taps

    found = patches.load(patch)
    if audio_in is not None:
        found = replace(found, audio_in=audio_in)
    if tap:
        print("Tap one key of your keyboard with every stroke you hear, from the first on.")
    print(f"ok  {(by_taps if tap else by_loop)(found, device)}.")
    return 0


def check_band(patch: str, device: str | None) -> int:
    """The line check: every instrument and output for the engineer, then the performer's keys and pedals."""
    from bandmate.bandcheck import band_check

    return band_check(patches.load(patch), device)


def soundcheck(patch: str, out: Path | None) -> int:
    """Print every finding; exit status 2 where the band can't play at all."""
    findings = [finding for check in CHECKS for finding in check(patch)]
    for finding in findings:
        print(f"{finding.mark}  {finding.what}" + (f"\n    -> {finding.mend}" if finding.mend else ""))
    if out is not None:
        try:
            out.write_text(json.dumps([asdict(finding) for finding in findings], indent=1))
        except OSError as error:
            raise BadFile(f"{out} cannot be written ({error.strerror}); name another --json") from None
    troubles = sum(finding.mark == "no" for finding in findings)
    hints = sum(finding.mark == "hm" for finding in findings)
    print(f"\n{'Not ready' if troubles else 'Ready'}: {troubles} to mend, {hints} worth a look.")
    return 2 if troubles else 0


def _python(_: str) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", f"Python {version}")


def _patch(name: str) -> Iterator[Finding]:
    from bandmate.parts.style import load_style

    try:
        patch = patches.load(name)
        load_style(patch.style)
        yield Finding("ok", f"patch {patch.name}: {patch.style}, {' '.join(patch.parts)}")
        patches.font_path(patch)
        fonts = [path.name for path in patches.font_files(patch)]
        yield Finding("ok", f"soundfont{'s' if len(fonts) > 1 else ''} {', '.join(fonts)}")
    except BandmateError as error:
        yield Finding("no", str(error), "mend the patch, or name another with --patch")


def _synth(name: str) -> Iterator[Finding]:
    from bandmate.ports.renderer import Renderer

    try:
        patch = patches.load(name)
        began_s = time.perf_counter()
        with Renderer(patch, 48000, patches.font_path(patch)) as renderer:
            renderer.render(64)
        yield Finding("ok", f"the synth plays (loaded in {time.perf_counter() - began_s:.2f} s)")
    except BandmateError as error:
        yield Finding("hm", str(error), "without it the band plays on MIDI out only")


def _loudness(name: str) -> Iterator[Finding]:
    """Fonts of somebody else's beside ours, which are levelled."""
    from bandmate.bench.sound import over_ours_db

    try:
        patch = patches.load(name)
        sounds: list[tuple[str, Sound | Zone]] = [
            (f"sound.{part}", row) for part, row in patch.sounds.items()
        ]
        for key, sound in [*sounds, *(("performer.zone", zone) for zone in patch.zones)]:
            over_db = over_ours_db(sound, drums=key == "sound.drums") if sound.font else 0.0
            if abs(over_db) > LOUD_DB:
                level = min(2.0, sound.level * 10 ** (-over_db / 20))
                words = f"{abs(over_db):.0f} dB {'louder' if over_db > 0 else 'softer'} than our sounds"
                mend = f"set level = {level:.2f} there"
                yield Finding("hm", f"{key} of {Path(sound.font).name} is {words}", mend)
    except BandmateError:  # told by `_patch` and `_synth`
        return


def _hands(name: str) -> Iterator[Finding]:
    """What knobs and pedals move, and whether their devices and the clocks are plugged in."""
    from bandmate.ports import midi

    try:
        rows = maps.with_own(patches.load(name).controls, maps.own(places().maps))
    except BandmateError as error:
        yield Finding("no", str(error), "mend that map, or delete it and let `bandmate learn` write it anew")
        return
    there = midi.inputs()
    for device in sorted({row.device for row in rows}):
        count = sum(row.device == device for row in rows)
        what = f"{count} knobs, keys or pedals of {device or 'any device'} steer"
        if device and not any(device.lower() in port.lower() for port in there):
            yield Finding("hm", f"{what}, but it is not plugged in", "plug it in; it is heard at any time")
        else:
            yield Finding("ok", what)
    clock = patches.load(name).clock_in
    if clock and not midi.matches(clock, there):
        yield Finding("hm", f"the MIDI clock {clock!r} is not there", "until it ticks the tempo is yours")


def _midi(_: str) -> Iterator[Finding]:
    from bandmate.ports import midi

    keyboards = [name for name in midi.inputs() if midi.choosable(name)]
    if keyboards:
        yield Finding("ok", f"keyboards: {', '.join(keyboards)}")
    else:
        yield Finding("hm", "no keyboard is plugged in", "plug one in, or play along with `bandmate --demo`")


def _speakers(name: str) -> Iterator[Finding]:
    from bandmate.ports import devices

    remembered = places().remembered().get("device")
    trouble = devices.trouble(remembered, any_device=False)
    if trouble:
        yield Finding("hm", f"sound: {trouble}", "choose a device with --device; `bandmate ports` lists them")
    else:
        names = [device for _, device in devices.outputs()] or ["the JACK server"]
        yield Finding("ok", f"sound devices: {', '.join(names)}")
        yield from _outputs(name, devices.channels(remembered))


def _outputs(name: str, channels: int | None) -> Iterator[Finding]:
    """Whether the device has the outputs that the patch wants."""
    from bandmate.ports.mixer import most_channels

    try:
        patch = patches.load(name)
    except BandmateError:  # told by `_patch`
        return
    wanted = most_channels(patch)
    if channels is None or channels >= wanted:
        return
    if patch.outputs == "parts":
        mend = f"take an interface with {wanted} outputs, or JACK, whose ports are as many as you like"
        yield Finding("hm", f'outputs = "parts" wants {wanted} channels, the device has {channels}', mend)
    elif patch.outputs == "stereo":
        mend = 'outputs = "left-mono-right-click" in the patch: the band left, the click right'
        yield Finding("ok", "the click is on none of the device's two channels", f"for a drummer: {mend}")


def _microphones(name: str) -> Iterator[Finding]:
    from bandmate.ports import devices

    try:
        patch = patches.load(name)
    except BandmateError:  # told by `_patch`
        return
    known = places().latencies()
    for pair, seconds in known.items():
        yield Finding("ok", f"latency {pair}: {1000 * seconds:+.1f} ms beside what the devices say")
    if not patch.microphones:
        return
    channels = max(microphone.channel for microphone in patch.microphones)
    trouble = devices.input_trouble(patch.audio_in or None, channels)
    if trouble:
        yield Finding("no", f"microphones: {trouble}", "name another input with audio_in in the patch")
    elif not known:
        mend = "measure it with `bandmate soundcheck --latency`"
        yield Finding("hm", "nobody knows how late the microphones hear", mend)


def _priority(_: str) -> Iterator[Finding]:
    if not hasattr(os, "sched_setscheduler"):
        return
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        os.sched_setscheduler(0, before, os.sched_param(0))
        yield Finding("ok", "the system lets the band run first (SCHED_FIFO)")
    except OSError:
        mend = "allow rtprio to your user: Debian: apt-get install jackd2, then join the group 'audio'"
        yield Finding("hm", "the band may not run first (no SCHED_FIFO): notes can be some ms late", mend)


def _machine(_: str) -> Iterator[Finding]:
    for path in Path("/sys/devices/system/cpu").glob("cpu0/cpufreq/scaling_governor"):
        governor = path.read_text().strip()
        if governor == "powersave":
            yield Finding(
                "hm", "the processor saves power (powersave)", "sudo cpupower frequency-set -g performance"
            )
    for supply in Path("/sys/class/power_supply").glob("BAT*"):
        status = (supply / "status").read_text().strip()
        percent = int((supply / "capacity").read_text())
        if status == "Discharging":
            mark = "hm" if percent < BATTERY_PERCENT else "ok"
            yield Finding(mark, f"on battery, {percent} % left", "plug the laptop in" if mark == "hm" else "")
    if sys.platform.startswith("linux") and not shutil.which("systemd-inhibit"):
        mend = "switch off sleep in the desktop's settings"
        yield Finding("hm", "nothing keeps this machine awake (no systemd-inhibit)", mend)


def _disk(_: str) -> Iterator[Finding]:
    where = places()
    free = shutil.disk_usage(where.takes).free
    if free < FREE_BYTES:
        yield Finding("hm", f"{free >> 20} MB free for takes in {where.takes}", "free some disk space")
    else:
        yield Finding("ok", f"takes go to {where.takes}")


CHECKS: tuple[Callable[[str], Iterator[Finding]], ...] = (
    _python, _patch, _synth, _loudness, _midi, _hands, _speakers, _microphones, _priority, _machine, _disk,
)  # fmt: skip
