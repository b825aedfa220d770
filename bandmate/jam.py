"""What the shell can do with a rig: start it, steer it, end it, and say what is plugged in."""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import select
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandmate import maps, study, wire
from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.console.keymap import Deed, default_keys
from bandmate.console.keymap import load as load_keys
from bandmate.console.opening import open_console, wait_quietly
from bandmate.controls import Value
from bandmate.errors import BandmateError, NoDevice, RigError
from bandmate.events import Command, Panic
from bandmate.places import Places, places
from bandmate.rig import is_running, launch, send_home
from bandmate.setlist import Setlist
from bandmate.touch import with_touch

FIRST_DEMO = "pop"
FLUSH_S = 0.05
OWN_CLOCK = "own"  # as --clock-out: a port of ours


def jam(options: argparse.Namespace, params: dict[str, Value]) -> int:
    """Start a rig and watch it; everything that may be wrong is said before bar 1."""
    where = places(options.rig)
    evening = _evening(options, where)
    own = [name for name in ("style", "bpm", "count-in") if name in params]
    if evening is not None and own:
        raise BandmateError(f"--setlist: its songs have a {own[0]} of their own; leave out --{own[0]}")
    return _start(options, params, where, evening, alone=False)


def jam_alone(options: argparse.Namespace, params: dict[str, Value], evening: Setlist) -> int:
    """The band plays a song alone, live, and goes home."""
    return _start(options, params, places(options.rig), evening, alone=True)


def _evening(options: argparse.Namespace, where: Places) -> Setlist | None:
    """The setlist that was asked for; with --resume, the one of the show that goes on."""
    if options.setlist is not None:
        return setlists.load(options.setlist)
    if options.resume:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, IndexError, BandmateError):
            return setlists.from_table(json.loads(where.plan.read_text(encoding="utf-8"))["setlist"])
    return None


def _start(options: argparse.Namespace, params: dict[str, Value], where: Places, evening: Setlist | None,
           alone: bool) -> int:  # fmt: skip
    from bandmate.show.demo import load_demo

    if is_running(where):
        raise RigError(
            f"the rig {options.rig!r} is already running; `bandmate stop` ends it, --rig NAME names another"
        )
    keys = load_keys(where.keys)
    patch = _patch(options, where, evening)
    options.model = study.model_of(options, patch)
    demo = None if options.demo is None else options.demo or FIRST_DEMO
    if demo:
        load_demo(demo)
    heard, notices = _plugged(options, where, demo is not None or alone, bool(patch.microphones))
    if not (demo or alone):
        patch = with_touch(patch, where.touches(), heard["keyboards"])
    patch = with_hands(options, patch, where)
    _miked(patch)
    notices += _clocks_there(patch)
    sound = _sound_plan(options, patch, heard, notices)
    osc = _osc_plan(options, patch, notices)
    for song in evening.songs if evening is not None else ():
        _ports_there(song.patch)
    sound["songs"] = [patches.as_table(song.patch) for song in evening.songs] if evening else []
    table = patches.as_table(patch) | {"local": bool(heard["local"])}
    plan = {
        "rig_id": uuid.uuid4().hex, "patch": patch.name, "table": table,
        "seed": options.seed if options.seed is not None else secrets.randbelow(1 << 31), "params": params,
        "commands": _first_commands(options, evening, demo, alone),
        "resume": options.resume, "demo": demo, "alone": alone,
        "setlist": None if evening is None else setlists.as_table(evening),
        "takes": str(_takes(options.takes or where.takes)), "sound": sound | {"table": table},
        "player": study.player(options), "model": options.model, "osc": osc,
    }  # fmt: skip
    try:
        launch(where, plan)
    except OSError as error:
        place = error.filename or where.state_folder
        raise RigError(
            f"{place} cannot be written ({error.strerror}); free some disk space, or set BANDMATE_HOME"
        ) from None
    for notice in notices:
        print(notice)
    if options.headless:
        print(f"The rig {where.rig} is up; `bandmate send`, `bandmate console` and `bandmate stop` reach it.")
    return _watch(where, keys, "" if demo else FIRST_DEMO, options.headless, "  ".join(notices))


def _first_commands(
    options: argparse.Namespace, evening: Setlist | None, demo: str | None, alone: bool
) -> list[str]:
    """What the rig says to its band: ready, unless the evening begins with a pause."""
    if alone:
        return ["arm", "start"]
    if demo or options.resume:
        return []
    return ["disarm" if evening is not None and evening.entries[0].pause else "arm"]


def _patch(options: argparse.Namespace, where: Places, evening: Setlist | None) -> patches.Patch:
    """The patch that was asked for; with --resume, the one that was playing last; else the first song's."""
    if options.resume and options.patch is None:
        try:
            band = json.loads(where.state.read_text(encoding="utf-8"))["band"]
            return with_ears(options, patches.parse(band["table"], Path(f"{band['patch']}.toml")))
        except (OSError, ValueError, KeyError, TypeError):  # no show to go on with
            pass
    if options.patch is None and evening is not None and evening.songs:
        return with_ears(options, evening.songs[0].patch)
    return with_ears(options, patches.load(options.patch or "default"))


def with_ears(options: argparse.Namespace, patch: patches.Patch) -> patches.Patch:
    """The patch with the microphone that the command line names, if it names one."""
    if options.audio_in is None and options.microphone is None:
        return patch
    miked = patches.with_microphone(patch, options.microphone)
    return replace(miked, audio_in=options.audio_in or patch.audio_in)


def with_hands(options: argparse.Namespace, patch: patches.Patch, where: Places) -> patches.Patch:
    """The patch with what the performer taught the band, and maps and clocks from the command line."""
    named = [maps.load(name, patches.data_folder("patches"), Path("--map")) for name in options.map or []]
    rows = maps.with_own(patch.controls, maps.own(where.maps))
    return replace(
        patch, controls=maps.ordered(rows, *named), clock_in=options.clock_in or patch.clock_in,
        clock_out=options.clock_out or patch.clock_out,
    )  # fmt: skip


def _clocks_there(patch: patches.Patch) -> list[str]:
    """A word about each clock's port that isn't there yet; both are plugged in when they come."""
    from bandmate.ports import midi

    ways = [(patch.clock_in, "input", midi.inputs)]
    ways += [(patch.clock_out, "output", midi.outputs)] if patch.clock_out != OWN_CLOCK else []
    return [
        f"The MIDI clock waits: {_no_port(name, kind, there())}"
        for name, kind, there in ways
        if name and not midi.matches(name, there())
    ]


def _miked(patch: patches.Patch) -> None:
    """Whether the microphones can be heard; raises NoDevice in one sentence."""
    from bandmate.ports import devices

    if patch.microphones:
        channels = max(microphone.channel for microphone in patch.microphones)
        trouble = devices.input_trouble(patch.audio_in or None, channels)
        if trouble:
            raise NoDevice(f"the microphones can't be heard: {trouble}")


def _takes(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigError(
            f"takes cannot be recorded in {folder} ({error.strerror}); name another --takes"
        ) from None
    return folder.resolve()


def _plugged(
    options: argparse.Namespace, where: Places, demo: bool, miked: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Which keyboard and speakers: as asked, as remembered, or as the performer answers now, once."""
    from bandmate.ports import devices, midi

    heard: dict[str, Any] = {"midi_in": [], "device": None, "local": False} | where.remembered()
    keyboards = [name for name in midi.inputs() if midi.choosable(name)]
    asked = bool(where.remembered())
    if not asked and not demo and not options.headless and sys.stdin.isatty() and keyboards:
        from bandmate.console.first_run import ask

        speakers = [] if options.no_synth else devices.outputs()
        try:
            heard |= ask(where, keyboards, speakers)
        except OSError as error:
            raise RigError(
                f"{where.settings} cannot be written ({error.strerror}); set BANDMATE_HOME"
            ) from None
    if options.midi_in:
        missing = [name for name in options.midi_in if not midi.matches(name, midi.inputs())]
        if missing:
            raise NoDevice(_no_port(missing[0], "input", midi.inputs()))
        heard["midi_in"] = options.midi_in
    if options.device is not None:
        heard["device"] = options.device
    notices = []
    wanted, there = heard["midi_in"], midi.inputs()
    if keyboards and wanted and not any(midi.matches(name, there) for name in wanted):
        notices.append(
            f"{', '.join(wanted)} is not plugged in; listening to every keyboard until you start again."
        )
        heard |= {"midi_in": [], "local": False}
    chosen = [midi.matches(name, there) for name in heard["midi_in"]] or keyboards
    heard["keyboards"] = [name for name in chosen if name]
    if not keyboards and not demo and not miked:
        notices.append(
            "No keyboard is plugged in. Plug one in at any time, or press d: the demo performer plays."
        )
    return heard, notices


def _no_port(name: str, kind: str, there: list[str]) -> str:
    return f"there is no MIDI {kind} {name!r}; there are: {', '.join(there) or 'none'}. Run 'bandmate ports'."


def _sound_plan(
    options: argparse.Namespace, patch: patches.Patch, heard: dict[str, Any], notices: list[str]
) -> dict[str, Any]:
    """What the sound process is asked to open; what it can't is said here, before bar 1."""
    from bandmate.ports import devices, midi

    outs = options.midi_out or []
    for name in outs:
        if not midi.matches(name, midi.outputs()):
            raise NoDevice(_no_port(name, "output", midi.outputs()))
    _ports_there(patch)
    synth = not options.no_synth
    if synth:
        font = patches.font_path(patch)
        trouble = devices.trouble(heard["device"], options.any_device)
        if trouble:
            synth = False
            notices.append(f"No sound of our own: {trouble} The band plays on MIDI out.")
    else:
        font = None
    if not synth and not outs:
        notices.append("The band plays into the take and this screen only: no synth, no MIDI output.")
    return {
        "midi_in": heard["midi_in"], "midi_out": outs, "synth": synth, "device": heard["device"],
        "block_frames": options.block_frames, "virtual": True, "client": _client(options.rig),
        "font": str(font) if font else "", "patch": patch.name,
    }  # fmt: skip


def _osc_plan(
    options: argparse.Namespace, patch: patches.Patch, notices: list[str]
) -> dict[str, Any] | None:  # fmt: skip
    """What the OSC process is asked to open; what is wrong with it is said here, before bar 1."""
    from bandmate.ports import oscplan

    found = oscplan.plan(options, patch)
    if found is not None:
        notices += oscplan.notices(found)
    return found


def _ports_there(patch: patches.Patch) -> None:
    """Whether the instruments that a patch plays are plugged in; raises NoDevice."""
    from bandmate.ports import midi

    ports = [(f"part {part!r}", patch.sounds[part].port) for part in patch.parts]
    for who, port in [*ports, *(("performer.zone", zone.port) for zone in patch.zones)]:
        if port and not midi.matches(port, midi.outputs()):
            raise NoDevice(f"{patch.name}.toml: {who} wants {_no_port(port, 'output', midi.outputs())}")


def _client(rig: str) -> str:
    return "bandmate" if rig == "main" else f"bandmate-{rig}"


def _watch(where: Places, keys: Mapping[str, Deed], ask_demo: str, headless: bool, message: str = "") -> int:
    if headless:
        return wait_quietly(where)
    return open_console(where, keys, ask_demo, message)


def watch(rig: str) -> int:
    """Watch and steer a band that is already running."""
    where = places(rig)
    if not is_running(where):
        raise RigError(f"no rig {rig!r} is running; `bandmate` starts one")
    try:
        keys, trouble = load_keys(where.keys), ""
    except BandmateError as error:  # a running band is more than a wrong line in a file
        keys, trouble = default_keys(), f"{error}; until then the keys are the usual ones"
    return _watch(where, keys, FIRST_DEMO, False, trouble)


def watch_in_browser(rig: str, host: str, port: int) -> int:
    """Serve consoles of a running band to browsers."""
    try:
        from bandmate.console.web import serve
    except ImportError:
        raise BandmateError(
            "--web wants textual-serve, which isn't installed: pip install 'bandmate[web]'"
        ) from None
    if not is_running(places(rig)):
        raise RigError(f"no rig {rig!r} is running; `bandmate` starts one")
    return serve(rig, host, port)


def _tell(rig: str, path: Path, words: list[Any]) -> None:
    try:
        end = wire.connect(path)
    except RigError:
        raise RigError(f"no rig {rig!r} is running; `bandmate` starts one") from None
    for word in words:
        end.send(word)
    select.select([], [], [], FLUSH_S)
    end.close()


def say(rig: str, name: str, value: Value | None, place: str = "") -> None:
    """Steer the running band, now or on a place of the music; raises RigError when there is none."""
    _tell(rig, places(rig).band, [Command(time.perf_counter(), name, value, "shell", place)])


def panic(rig: str) -> None:
    """End every note: through the band, and where it is gone through the sound process itself."""
    where = places(rig)
    try:
        say(rig, "panic", None)
    except RigError:
        _tell(rig, where.sound, [Panic()])


def stop(rig: str) -> int:
    """Send the rig home and wait until it has gone."""
    where = places(rig)
    try:
        _tell(rig, where.supervisor, [Command(time.perf_counter(), "leave", source="shell")])
        still_there = is_running
    except RigError:  # a killed supervisor leaves band and sound process behind
        if not send_home(where):
            raise
        still_there = send_home
    until_s = time.perf_counter() + 10.0
    while still_there(where):
        if time.perf_counter() > until_s:
            raise RigError(f"the rig {rig!r} does not go home; see {where.log}")
        select.select([], [], [], FLUSH_S)
    return 0


def list_ports() -> int:
    """Print MIDI ports and sound devices, and which of them are chosen by themselves."""
    from bandmate.ports import devices, midi

    for title, names in (("MIDI inputs", midi.inputs()), ("MIDI outputs", midi.outputs())):
        print(f"{title}:")
        for name in names or ["none"]:
            print(
                f"  {name}" + ("" if name == "none" or midi.choosable(name) else "  (never chosen by itself)")
            )
    print("Sound devices:")
    trouble = devices.trouble(None, any_device=True)
    speakers = devices.outputs()
    for number, name in speakers:
        print(f"  {number}  {name}")
    if not speakers:
        print(f"  none: {trouble}" if trouble else "  jack  the JACK server")
    print("Sound inputs (for microphones, --audio-in):")
    deaf = devices.input_trouble(None, channels=1)
    microphones = devices.inputs()
    for number, name in microphones:
        print(f"  {number}  {name}")
    if not microphones:
        print(f"  none: {deaf}" if deaf else "  jack  the JACK server")
    return 0
