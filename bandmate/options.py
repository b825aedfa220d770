"""The options of the commands: what may stand behind `bandmate jam` and the others.

Tables of argparse; `__main__.py` runs the commands.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bandmate import controls, study
from bandmate import patch as patches


def playing_options(command: argparse.ArgumentParser) -> None:
    """How the band plays: what jam and rehearse have in common."""
    command.add_argument("--patch", help="a patch by name, or a .toml file")
    command.add_argument("--style", help="play another style than the patch's, by name")
    command.add_argument("--bpm", type=float, help="tempo in pulses a minute")
    command.add_argument("--follow", type=float, metavar="0..1", help="how far you move the band's tempo")
    command.add_argument("--inertia", type=float, metavar="0..1", help="how slowly the band's tempo moves")
    command.add_argument("--clock", choices=tuple(controls.CLOCKS), help="a preset of follow and inertia")
    command.add_argument("--count-in", type=int, metavar="BARS", help="bars counted before the music")
    command.add_argument("--join", choices=("count", "free"), help="start with a count, or come in by ear")
    command.add_argument("--seed", type=int, help="the same seed and take give the same notes")
    study.playing_options(command)


def stage_options(command: argparse.ArgumentParser) -> None:
    """Where the band is heard: what jam and play have in common."""
    command.add_argument("--midi-out", action="append", metavar="PORT", help="send the band to a MIDI port")
    command.add_argument("--no-synth", action="store_true", help="no sound of our own, MIDI only")
    command.add_argument("--device", help="the sound device, by name or number")
    command.add_argument("--block-frames", type=int, default=128, help="audio block (default: 128)")
    command.add_argument(
        "--any-device", action="store_true", help="also play over Bluetooth and slow drivers"
    )
    command.add_argument(
        "--map", action="append", metavar="MAP", help="what knobs and pedals move: a map, or .toml"
    )
    command.add_argument("--clock-in", metavar="PORT", help="the tempo is that of a MIDI clock at this port")
    command.add_argument("--clock-out", metavar="PORT", help="MIDI clock to this port; own: a port of ours")
    command.add_argument("--headless", action="store_true", help="no screen, no questions")
    command.add_argument("--rig", default="main", help="name of the rig (default: main)")
    command.add_argument("--takes", type=Path, metavar="DIR", help="where takes are recorded")


def play_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate play`."""
    command.add_argument("song", metavar="SONG", help="a song's title, name or .toml file")
    command.add_argument("--out", type=Path, metavar="DIR", help="into files, not live: band.mid and more")
    command.add_argument("--wav", action="store_true", help="with --out: also bounce band.wav")
    command.add_argument("--length", metavar="M:SS", help="fit the form to a duration, as in 2:30")
    command.add_argument("--mood", choices=tuple(controls.MOODS), help="how hard and how busy the band plays")
    command.add_argument("--energy", type=float, metavar="0..1", help="how hard the band plays")
    command.add_argument("--style", help="another style than the song's, by name")
    command.add_argument("--bpm", type=float, help="another tempo than the song's, in pulses a minute")
    command.add_argument("--count-in", type=int, metavar="BARS", help="bars counted (files: none)")
    command.add_argument("--seed", type=int, help="the same seed gives the same notes")
    stage_options(command)
    nobody = ("patch", "follow", "inertia", "clock", "join", "midi_in", "audio_in", "microphone", "demo")
    command.set_defaults(**dict.fromkeys(nobody), resume=False, setlist=None, no_osc=True, osc_out=None)


def jam_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate jam`."""
    playing_options(command)
    stage_options(command)
    command.add_argument(
        "--midi-in", action="append", metavar="PORT", help="a keyboard (see `bandmate ports`)"
    )
    command.add_argument("--audio-in", metavar="DEVICE", help="hear a microphone on this sound input")
    command.add_argument(
        "--microphone", choices=patches.MICROPHONE_HEARS, help="what that microphone hears (default: harmony)"
    )
    command.add_argument("--setlist", metavar="NAME", help="the songs of an evening, by name or .toml file")
    command.add_argument("--demo", nargs="?", const="", metavar="NAME", help="the built-in performer plays")
    command.add_argument("--resume", action="store_true", help="ready in the song that was playing last")
    osc_options(command)


def osc_options(command: argparse.ArgumentParser) -> None:
    """Sensors, surfaces and lights over the network."""
    command.add_argument("--osc-port", type=int, metavar="N", help="the UDP port of OSC in (default: 9000)")
    command.add_argument("--no-osc", action="store_true", help="no OSC comes in")
    command.add_argument(
        "--osc-host", default="127.0.0.1", metavar="HOST",
        help="0.0.0.0 opens it to the network; wants --osc-allow (default: this machine only)",
    )  # fmt: skip
    command.add_argument(
        "--osc-allow", action="append", metavar="HOST", help="who may come in: a host, or 192.168.1.0/24"
    )
    command.add_argument("--osc-out", action="append", metavar="HOST:PORT", help="tell lights and visuals")


def console_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate console`."""
    command.add_argument(
        "--pictures", type=Path, metavar="DIR", help="no console: draw all screens into DIR, a song rehearsed"
    )
    command.add_argument(
        "--web", action="store_true", help="serve it to a browser, for a tablet on the stand"
    )
    command.add_argument(
        "--web-host", default="127.0.0.1", metavar="HOST",
        help="with --web: listen there (default: 127.0.0.1, this machine only)",
    )  # fmt: skip
    command.add_argument(
        "--web-port", type=int, default=8420, metavar="PORT", help="with --web (default: 8420; 0: any)"
    )


def rehearse_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate rehearse`."""
    command.add_argument(
        "take", type=Path, metavar="TAKE", help="a performer's .mid, .wav or .flac, or a recorded .jsonl"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="band.mid and summary.json go here"
    )
    playing_options(command)
    command.add_argument("--tap-in", metavar="T1,T2,…", help="count the band in with taps at these seconds")
    command.add_argument(
        "--model-delay-ms", metavar="N|measured", default="0",
        help="how long the model thinks about a slot (default: 0, the same notes every time)",
    )  # fmt: skip
    command.add_argument("--wav", action="store_true", help="also bounce band.wav")
    command.add_argument(
        "--microphone", choices=patches.MICROPHONE_HEARS, help="what a recording is (default: harmony)"
    )


def listen_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate listen`."""
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


def crowd_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate crowd`."""
    command.add_argument("what", choices=("simulate",))
    command.add_argument("evening", metavar="EVENING", help="an evening by name, or a .toml file")
    command.add_argument("--out", type=Path, metavar="FILE.svg", help="where the picture goes")
    command.add_argument("--seed", type=int, default=1, help="the same seed gives the same evening")


def bench_options(command: argparse.ArgumentParser) -> None:
    """The options of `bandmate bench`."""
    command.add_argument(
        "which", nargs="*", metavar="WHICH", help="which benchmarks (default: all that need no data)"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="also write the figures")
    command.add_argument(
        "--soak",
        action="store_true",
        help="evenings: a thousand; osc: a flood of a minute, 100,000 tries of chance; control: 100,000 "
        "maps; speed: an hour of the model's process",
    )
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="the music data for fit, chords, clock, loops, music"
    )
    command.add_argument(
        "--pictures", type=Path, metavar="DIR", help="also draw each style of the bench styles into DIR"
    )
    command.add_argument("--songs", help="their songs, by number: 001,002")
    command.add_argument(
        "--model", default="house", metavar="NAME", help="the model that music and speed ask"
    )
    command.add_argument(
        "--splits",
        type=Path,
        metavar="FILE",
        help="music: also its lead sheets, and what may be counted, as JSON",
    )
    for which in ("music", "speed", "control"):
        command.add_argument(
            f"--{which}", dest="flags", action="append_const", const=which, default=[],
            help=f"as `bench {which}`",
        )  # fmt: skip
    command.add_argument("--seconds", type=float, default=60.0, help="length of the audio runs (default: 60)")
    command.add_argument("--runs", type=int, default=3, help="runs of which the median is shown (default: 3)")
