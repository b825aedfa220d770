"""The command line: one thin function per command.

Exit status 0; 2 for bad input, with one sentence on stderr; 130 for Ctrl+C; 1 for a defect of ours.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandmate import __version__, controls, options, study
from bandmate import patch as patches
from bandmate.errors import BadFile, BandmateError

JAM_HELP = "the band plays with you, live (the default)"
LISTEN_HELP = "what the band hears in a performance: beats, chords, key, notes and feel, as JSON"


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given = ["jam", *given]
    asked = _parser().parse_args(given)
    try:
        return int(asked.run(asked) or 0)
    except BandmateError as error:
        print(f"bandmate: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print(file=sys.stderr)  # the prompt goes on a line of its own
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bandmate", description="An AI bandmate: plug in, count in, and a band plays with you."
    )
    parser.add_argument("--version", action="version", version=f"bandmate {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    options.jam_options(_add(commands, "jam", _jam, JAM_HELP))
    options.play_options(
        _add(commands, "play", _play, "the band plays a song of yours alone, live or into files")
    )
    options.rehearse_options(
        _add(commands, "rehearse", _rehearse, "play a take or MIDI file through the band, offline")
    )
    options.listen_options(_add(commands, "listen", _listen, LISTEN_HELP))
    options.bench_options(_add(commands, "bench", _bench, "measure this machine and this band"))
    for kind, run, text in (
        ("setlist", _setlist, "a setlist or a song: check everything, or show it with the evening's energy"),
        ("patch", _patch, "a patch: check everything, or show it"),
    ):
        listed = _add(commands, kind, run, text)
        listed.add_argument("what", choices=("check", "show"))
        listed.add_argument("names", nargs="*", metavar="NAME", help="by name or .toml file (default: all)")
    study.add_commands(commands)
    options.crowd_options(_add(commands, "crowd", _crowd, "an audience, as written, before your band"))
    _add(commands, "ports", _ports, "list MIDI ports and sound devices")
    check = _add(commands, "soundcheck", _soundcheck, "everything a gig needs, in plain words, with the mend")
    check.add_argument("--patch", default="default")
    check.add_argument("--json", metavar="FILE", help="also write what was found")
    check.add_argument(
        "--latency", action="store_true", help="measure how late sound comes back to the microphone"
    )
    check.add_argument("--tap", action="store_true", help="measure it by your tapping along on a key")
    check.add_argument(
        "--band", action="store_true", help="a pedal steps through instruments and outputs, for the engineer"
    )
    check.add_argument("--device", help="with --latency or --band: the sound device, by name or number")
    check.add_argument("--audio-in", metavar="DEVICE", help="with --latency: the sound input")
    params = _add(commands, "params", _params, "list everything that can be steered")
    params.add_argument("--json", action="store_true", help="as JSON")
    send = _add(commands, "send", _send, "steer the running band: NAME, or NAME VALUE")
    send.add_argument("name", metavar="NAME")
    send.add_argument("value", metavar="VALUE", nargs="?")
    send.add_argument("--at", choices=controls.PLACES, default="", help="land there, and not where it says")
    learn = _add(
        commands, "learn", _learn, "teach the running band a knob, key or pedal: turn it, and it is NAME's"
    )
    learn.add_argument("name", metavar="NAME", nargs="?", help="a parameter or action (none: what is known)")
    learn.add_argument("--forget", action="store_true", help="nothing moves NAME any more")
    for name, run, text in (
        ("panic", _panic, "end every note on every port of the running band"),
        ("stop", _stop, "end the running band and its rig"),
        ("console", _console, "watch and steer a band that is already running"),
    ):
        _add(commands, name, run, text)
    for command in ("send", "learn", "panic", "stop", "console"):
        commands.choices[command].add_argument("--rig", default="main", help="which rig (default: main)")
    options.console_options(commands.choices["console"])
    return parser


def _add(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text.capitalize() + "."
    )
    command.set_defaults(run=run)
    return command


# ------------------------------------------------------------------ commands


def _params_given(options: argparse.Namespace) -> dict[str, controls.Value]:
    """The parameters that the command line sets, checked against the one table."""
    given = {
        "style": options.style, "bpm": options.bpm, "follow": options.follow,
        "inertia": options.inertia, "clock": options.clock,
        "count-in": options.count_in, "join": options.join,
    }  # fmt: skip
    styles = patches.names("styles")
    found: dict[str, controls.Value] = {}
    for name, value in given.items():
        if value is not None:
            _, checked = controls.check(name, value)
            assert checked is not None
            found[name] = checked
    if found.get("style", styles[0]) not in styles:
        raise BandmateError(f"there is no style {found['style']!r}; there are: {', '.join(styles)}")
    return found


def _jam(options: argparse.Namespace) -> int:
    from bandmate.jam import jam

    try:
        return jam(options, _params_given(options))
    except EOFError:  # nobody answers the questions of a first run
        print()
        return 0


def _play(options: argparse.Namespace) -> int:
    from bandmate.playing import play

    if options.wav and options.out is None:
        raise BandmateError("--wav wants --out DIR, where band.wav goes")
    if options.energy is not None:
        controls.check("energy", options.energy)
    return play(options, _params_given(options))


def _setlist(options: argparse.Namespace) -> int:
    from bandmate import programme, setlist

    for name in options.names or setlist.names():
        said = programme.check_setlist(name) if options.what == "check" else programme.show(name)
        print(said)
    return 0


def _patch(options: argparse.Namespace) -> int:
    from bandmate import programme

    for name in options.names or patches.names():
        print(programme.check_patch(name) if options.what == "check" else programme.show_patch(name))
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from bandmate.rehearsal import load_styles, make_band, prepare, rehearse, write_performance

    take, patch, performer = _performance(options)
    taps_s = _seconds(options.tap_in) if options.tap_in else []
    take, header = prepare(take, patch, options.seed, _params_given(options), taps_s)
    styles = load_styles()
    thinker = study.thinker(options, take, header.seed, header.patch)
    if header.state is not None:
        try:
            make_band(header, styles)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise BadFile(f"{options.take}: line 1: no band can go on from its state ({reason})") from None
    found = rehearse(take, header, styles, thinker, study.delay_ms(options.model_delay_ms))
    path = write_performance(found, options.out, options.wav, performer)
    speed = found.duration_s / max(found.wall_s, 1e-9)
    print(
        f"{path.parent}: {found.duration_s:.1f} s of music in {found.wall_s:.1f} s ({speed:.0f} x real time)"
    )
    return 0


def _performance(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """What the performer plays: the take, the patch that was asked for, and a recording's own sound."""
    from bandmate.rehearsal import hear_take, load_take
    from bandmate.show.audiofile import SUFFIXES

    if options.take.suffix.lower() in SUFFIXES:
        patch = patches.load(options.patch or "default")
        return hear_take(options.take, patches.with_microphone(patch, options.microphone))
    if options.microphone is not None:
        raise BandmateError(f"--microphone is for recordings ({', '.join(SUFFIXES)}), not for {options.take}")
    return load_take(options.take), options.patch, None


def _listen(options: argparse.Namespace) -> int:
    if options.live == (options.file is not None):
        raise BandmateError("listen takes either a FILE or --live, which watches the running band")
    if options.live:
        from bandmate.console.hearing import HearingScreen
        from bandmate.places import places

        return HearingScreen(places(options.rig)).run()
    from bandmate.listen import listen

    return listen(options, _seconds(options.tap_in) if options.tap_in else [])


def _seconds(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        raise BandmateError(f"--tap-in {text!r} is not a list of seconds such as 1.0,1.5,2.0,2.5") from None
    if len(found) < 2 or any(after <= before for before, after in itertools.pairwise(found)):
        raise BandmateError(f"--tap-in {text!r} needs two taps or more, in rising order")
    return found


def _ports(options: argparse.Namespace) -> int:
    from bandmate.jam import list_ports

    return list_ports()


def _soundcheck(options: argparse.Namespace) -> int:
    from bandmate.soundcheck import check_band, measure_latency, soundcheck

    if options.band:
        return check_band(options.patch, options.device)
    if options.latency or options.tap:
        return measure_latency(options.patch, options.device, options.audio_in, options.tap)
    return soundcheck(options.patch, Path(options.json) if options.json else None)


def _params(options: argparse.Namespace) -> int:
    rows = [*controls.PARAMS, *controls.ACTIONS]
    if options.json:
        keys = ("kind", "name", "low", "high", "default", "unit", "choices", "when", "curve", "step", "help")
        print(json.dumps([{k: getattr(row, k) for k in keys if hasattr(row, k)} for row in rows], indent=1))
        return 0
    for param in controls.PARAMS:
        takes = f"{controls.span(param)} (default {param.default}) {param.unit}".strip()
        print(f"{param.name:22} {takes}; {param.when}: {param.help}")
    print()
    for action in controls.ACTIONS:
        print(f"{action.name:22} {action.when}: {action.help}")
    return 0


def _send(options: argparse.Namespace) -> int:
    from bandmate.jam import say

    name, value = controls.check(options.name, options.value)
    say(options.rig, name, value, options.at)
    return 0


def _learn(options: argparse.Namespace) -> int:
    from bandmate.lesson import learn

    return learn(options.rig, options.name, options.forget)


def _panic(options: argparse.Namespace) -> int:
    from bandmate.jam import panic

    panic(options.rig)
    return 0


def _stop(options: argparse.Namespace) -> int:
    from bandmate.jam import stop

    return stop(options.rig)


def _console(options: argparse.Namespace) -> int:
    from bandmate.jam import watch, watch_in_browser

    if options.pictures is not None:
        from bandmate.portraits import draw

        print("\n".join(map(str, draw(options.pictures))))
        return 0
    if options.web:
        return watch_in_browser(options.rig, options.web_host, options.web_port)
    return watch(options.rig)


def _crowd(options: argparse.Namespace) -> int:
    from bandmate.crowd import run

    return run(options)


def _bench(options: argparse.Namespace) -> int:
    from bandmate.bench.report import run

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
