"""`bandmate bench startup`: from `bandmate --demo --headless` to the first sound.

A process at the JACK server is the loudspeaker: the first sound is the first block that isn't
silent (the count-in's first click). The pianist's first key comes after the count-in.
"""

from __future__ import annotations

import select
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bandmate import wire
from bandmate.bench import crowd
from bandmate.bench.figures import Figure
from bandmate.bench.stage import CLIENT, PATIENCE_S, RIG, Stage
from bandmate.errors import RigError
from bandmate.events import NoteOn
from bandmate.jam import stop

SOUND_S = 3.0


def figures(stage: Stage) -> list[Figure]:
    """Both moments, the median of the runs."""
    with stage.server():
        runs = [_run(stage) for _ in range(stage.runs)]
    clicks_s = [click_s for click_s, _ in runs if click_s is not None]
    keys_s = [key_s for _, key_s in runs]
    missing = "the first sound needs jackd to hear it" if stage.jackd is None else "nothing was heard"
    first = statistics.median(clicks_s) if clicks_s else None
    return [
        Figure("start-up to first sound", first, "s", SOUND_S,
               note="the command to the first click of the count-in, heard at JACK" if clicks_s else missing),
        Figure("start-up to the demo's first key", statistics.median(keys_s), "s",
               note="a bar of count-in is inside"),
    ]  # fmt: skip


def _run(stage: Stage) -> tuple[float | None, float]:
    """Seconds to the first sound (None: not heard) and to the pianist's first key."""
    speaker = crowd.start("speaker", CLIENT) if stage.jackd else None
    words = ["--demo", "--headless", "--rig", RIG, "--seed", "1"]
    began_s = time.perf_counter()
    shell = subprocess.Popen(
        [sys.executable, "-m", "bandmate", *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        key_s = _first_key_s(stage.where.sound) - began_s
        heard_s = crowd.ask(speaker) if speaker else None
    finally:
        if speaker:
            crowd.send_home(speaker)
        stop(RIG)
        shell.wait(PATIENCE_S)
    return heard_s[0] - began_s if heard_s else None, key_s


def _first_key_s(door: Path) -> float:
    """When the demo pianist strikes first, as every guest of the sound process is told."""
    until_s = time.perf_counter() + PATIENCE_S
    sound = wire.connect(door, PATIENCE_S)
    try:
        while time.perf_counter() < until_s:
            select.select([sound], [], [], 0.1)
            for said in sound.receive():
                if isinstance(said, NoteOn):
                    return said.time_s
    finally:
        sound.close()
    raise RigError("the demo pianist of the bench doesn't play")
