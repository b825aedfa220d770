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

from bandmate import __version__, controls
from bandmate import patch as patches
from bandmate.errors import BadFile, BandmateError

JAM_HELP = "the band plays with you, live (the default)"
LISTEN_HELP = "what the band hears in a performance: beats, chords, key, notes and feel, as JSON"


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given = ["jam", *given]
    options = _parser().parse_args(given)
    try:
        return int(options.run(options) or 0)
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
    _jam_options(commands.add_parser("jam", help=JAM_HELP))
    _rehearse_options(
        commands.add_parser("rehearse", help="play a take or MIDI file through the band, offline")
    )
    _listen_options(commands.add_parser("listen", help=LISTEN_HELP))
    _bench_options(commands.add_parser("bench", help="measure this machine and this band"))
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
    for name, run, text in (
        ("panic", _panic, "end every note on every port of the running band"),
        ("stop", _stop, "end the running band and its rig"),
        ("console", _console, "watch and steer a band that is already running"),
    ):
        _add(commands, name, run, text)
    for command in ("send", "panic", "stop", "console"):
        commands.choices[command].add_argument("--rig", default="main", help="which rig (default: main)")
    return parser


def _add(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text.capitalize() + "."
    )
    command.set_defaults(run=run)
    return command


def _playing_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--patch", help="a patch by name, or a .toml file")
    command.add_argument("--style", help="play another style than the patch's, by name")
    command.add_argument("--bpm", type=float, help="tempo in pulses a minute")
    command.add_argument("--follow", type=float, metavar="0..1", help="how far you move the band's tempo")
    command.add_argument("--inertia", type=float, metavar="0..1", help="how slowly the band's tempo moves")
    command.add_argument("--clock", choices=tuple(controls.CLOCKS), help="a preset of follow and inertia")
    command.add_argument("--count-in", type=int, metavar="BARS", help="bars counted before the music")
    command.add_argument("--join", choices=("count", "free"), help="start with a count, or come in by ear")
    command.add_argument("--seed", type=int, help="the same seed and take give the same notes")


def _jam_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_jam)
    _playing_options(command)
    command.add_argument(
        "--midi-in", action="append", metavar="PORT", help="a keyboard (see `bandmate ports`)"
    )
    command.add_argument("--midi-out", action="append", metavar="PORT", help="send the band to a MIDI port")
    command.add_argument("--no-synth", action="store_true", help="no sound of our own, MIDI only")
    command.add_argument("--device", help="the sound device, by name or number")
    command.add_argument("--audio-in", metavar="DEVICE", help="hear a microphone on this sound input")
    command.add_argument(
        "--microphone", choices=patches.MICROPHONE_HEARS, help="what that microphone hears (default: harmony)"
    )
    command.add_argument("--block-frames", type=int, default=128, help="audio block (default: 128)")
    command.add_argument(
        "--any-device", action="store_true", help="also play over Bluetooth and slow drivers"
    )
    command.add_argument("--demo", nargs="?", const="", metavar="NAME", help="the built-in performer plays")
    command.add_argument("--headless", action="store_true", help="no screen, no questions")
    command.add_argument("--resume", action="store_true", help="ready in the song that was playing last")
    command.add_argument("--rig", default="main", help="name of the rig (default: main)")
    command.add_argument("--takes", type=Path, metavar="DIR", help="where takes are recorded")


def _rehearse_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_rehearse)
    command.add_argument(
        "take", type=Path, metavar="TAKE", help="a performer's .mid, .wav or .flac, or a recorded .jsonl"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="band.mid and summary.json go here"
    )
    _playing_options(command)
    command.add_argument("--tap-in", metavar="T1,T2,…", help="count the band in with taps at these seconds")
    command.add_argument("--player", choices=("understudy",), default="understudy", help="who plays")
    command.add_argument("--wav", action="store_true", help="also bounce band.wav")
    command.add_argument(
        "--microphone", choices=patches.MICROPHONE_HEARS, help="what a recording is (default: harmony)"
    )


def _listen_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_listen)
    command.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="a .mid, a .wav or .flac, or the .jsonl of a jam"
    )
    command.add_argument("--out", type=Path, metavar="FILE.json", help="write here, and not to stdout")
    command.add_argument("--plot", type=Path, metavar="FILE.svg", help="also draw it (.svg, .png or .pdf)")
    command.add_argument(
        "--microphone", choices=patches.MICROPHONE_HEARS, help="what a recording is (default: harmony)"
    )
    command.add_argument("--meter", help="the meter to listen in (default: 4/4)")
    command.add_argument("--tap-in", metavar="T1,T2,…", help="count in with taps at these seconds")
    command.add_argument("--live", action="store_true", help="show what a running band hears right now")
    command.add_argument("--rig", default="main", help="which rig, with --live (default: main)")


def _bench_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_bench)
    command.add_argument(
        "which", nargs="*", metavar="WHICH", help="which benchmarks (default: all that need no data)"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="also write the figures")
    command.add_argument("--data", type=Path, metavar="DIR", help="the music data for fit, chords, clock")
    command.add_argument(
        "--pictures", type=Path, metavar="DIR", help="also draw each style of the bench styles into DIR"
    )
    command.add_argument("--songs", help="their songs, by number: 001,002")
    command.add_argument("--seconds", type=float, default=60.0, help="length of the audio runs (default: 60)")
    command.add_argument("--runs", type=int, default=3, help="runs of which the median is shown (default: 3)")


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


def _rehearse(options: argparse.Namespace) -> int:
    from bandmate.rehearsal import load_styles, make_band, prepare, rehearse, write_performance

    take, patch, performer = _performance(options)
    taps_s = _seconds(options.tap_in) if options.tap_in else []
    take, header = prepare(take, patch, options.seed, _params_given(options), taps_s)
    styles = load_styles()
    if header.state is not None:
        try:
            make_band(header, styles)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise BadFile(f"{options.take}: line 1: no band can go on from its state ({reason})") from None
    found = rehearse(take, header, styles)
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
        keys = ("kind", "name", "low", "high", "default", "unit", "choices", "when", "help")
        print(json.dumps([{k: getattr(row, k) for k in keys if hasattr(row, k)} for row in rows], indent=1))
        return 0
    for param in controls.PARAMS:
        print(f"{param.name:22} {controls.span(param)} (default {param.default}) {param.unit}  {param.help}")
    print()
    for action in controls.ACTIONS:
        print(f"{action.name:22} {action.when}: {action.help}")
    return 0


def _send(options: argparse.Namespace) -> int:
    from bandmate.jam import say

    name, value = controls.check(options.name, options.value)
    say(options.rig, name, value)
    return 0


def _panic(options: argparse.Namespace) -> int:
    from bandmate.jam import panic

    panic(options.rig)
    return 0


def _stop(options: argparse.Namespace) -> int:
    from bandmate.jam import stop

    return stop(options.rig)


def _console(options: argparse.Namespace) -> int:
    from bandmate.jam import watch

    return watch(options.rig)


def _bench(options: argparse.Namespace) -> int:
    from bandmate.bench.report import run

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
