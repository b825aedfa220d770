"""`bandmate learn`: teach the running band a knob, key or pedal, or show what moves what.

A client of the band's door: the lesson itself happens in the band's step. Runs in the shell's process.
"""

from __future__ import annotations

import select
import time
from pathlib import Path

from bandmate import controls, maps, wire
from bandmate import patch as patches
from bandmate.errors import BandmateError, RigError
from bandmate.events import Command, Status
from bandmate.places import places

PATIENCE_S = 60.0
LOOK_S = 0.2
TURN = "Now turn the knob (an endless one both ways), press the key or tread on the pedal that shall move {}."


def learn(rig: str, name: str | None, forget: bool) -> int:
    """Teach the band what moves a parameter or action, make it forget that, or say what is known."""
    where = places(rig)
    if name is None:
        print("\n".join(known(where.maps)))
        return 0
    if name not in controls.BY_NAME and name not in controls.ACTION_NAMES:
        raise BandmateError(f"{name!r} is not a parameter or action; `bandmate params` lists them")
    try:
        band = wire.connect(where.band)
    except RigError:
        raise RigError(f"no rig {rig!r} is running; `bandmate` starts one") from None
    try:
        if forget:
            print(_told(band, "forget", name, PATIENCE_S))
            return 0
        print(TURN.format(name), flush=True)
        said = _told(band, "learn", name, PATIENCE_S)
        print(said)
        return 0 if said.startswith("learnt: ") else 2
    except (KeyboardInterrupt, RigError):
        band.send(Command(time.perf_counter(), "learn", "", "shell"))
        raise
    finally:
        band.close()


def _told(band: wire.Wire, how: str, name: str, patience_s: float) -> str:
    """Ask the band, and wait for its one sentence about it."""
    began_s = time.perf_counter()
    band.send(Command(began_s, how, name, "shell"))
    seen = False
    while time.perf_counter() < began_s + patience_s:
        select.select([band], [], [], LOOK_S)
        for status in band.receive():
            if not isinstance(status, Status) or status.time_s < began_s:
                continue
            seen = seen or status.params.get(how) == name
            about = name in status.alarm
            if status.params.get(how) != name and (about and (seen or status.time_s > began_s + LOOK_S)):
                return status.alarm
        if not band.open:
            raise RigError("the band has gone home")
    raise RigError(f"nothing was moved within {patience_s:.0f} s; try again")


def known(folder: Path) -> list[str]:
    """What the performer taught the band, device by device, and the maps that ship."""
    found = [f"{path}:\n" + "\n".join(f"  {maps.in_words(row)}" for row in maps.read_map(path))
             for path in sorted(folder.glob("*.toml"))]  # fmt: skip
    ready = ", ".join(maps.shipped(patches.data_folder("patches")))
    return [*(found or ["The band was taught no knob yet: `bandmate learn energy` begins."]),
            f"Ready maps, for --map or a patch: {ready}"]  # fmt: skip
