"""Where things lie on this machine: sockets, state, log, takes and settings of a rig.

`BANDMATE_HOME` gathers all of it in one folder (tests, a stick, a second user). Any process.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from bandmate.errors import RigError

TAPS = "taps"  # stands for the input device where the performer tapped along


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one rig, by its name."""

    rig: str
    sockets: Path
    state_folder: Path
    takes: Path
    settings: Path

    @property
    def supervisor(self) -> Path:
        """The supervisor's door; while it answers, the rig is running."""
        return self.sockets / f"{self.rig}.rig"

    @property
    def sound(self) -> Path:
        """The sound process's door."""
        return self.sockets / f"{self.rig}.sound"

    @property
    def band(self) -> Path:
        """The band's door: status out, commands in."""
        return self.sockets / f"{self.rig}.band"

    @property
    def ears(self) -> Path:
        """The ears' door: what the microphones hear."""
        return self.sockets / f"{self.rig}.ears"

    @property
    def model(self) -> Path:
        """The model's door: asks in, phrases out."""
        return self.sockets / f"{self.rig}.model"

    @property
    def state(self) -> Path:
        """The band's state, saved every bar."""
        return self.state_folder / f"{self.rig}.state.json"

    @property
    def plan(self) -> Path:
        """What the supervisor was asked to run."""
        return self.state_folder / f"{self.rig}.plan.json"

    @property
    def log(self) -> Path:
        """The supervisor's log."""
        return self.state_folder / f"{self.rig}.log"

    @property
    def processes(self) -> Path:
        """Process ids by name, for those who want to look."""
        return self.state_folder / f"{self.rig}.processes.json"

    @property
    def keys(self) -> Path:
        """The performer's own keys of the console, for every rig of this machine."""
        return self.settings.parent / "keys.toml"

    @property
    def latency(self) -> Path:
        """What `bandmate soundcheck --latency` measured, for every rig of this machine."""
        return self.state_folder / "latency.json"

    def latencies(self) -> dict[str, float]:
        """Seconds that a pair of devices hides, by `pair`; empty before anything was measured."""
        try:
            found = json.loads(self.latency.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}

    def remember_latency(self, output: str, source: str, seconds: float) -> None:
        """Keep what was measured for a pair of devices."""
        known = self.latencies() | {pair(output, source): seconds}
        write_whole(self.latency, json.dumps(known, indent=1, sort_keys=True))

    @property
    def touch(self) -> Path:
        """What `bandmate soundcheck --band` found of performers, keyboard by keyboard."""
        return self.state_folder / "touch.json"

    def touches(self) -> dict[str, Any]:
        """What is known of each keyboard's performer; empty before anything was found."""
        try:
            found = json.loads(self.touch.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember_touch(self, keyboard: str, found: dict[str, list[int]]) -> None:
        """Keep what was found of the performer at a keyboard."""
        write_whole(self.touch, json.dumps(self.touches() | {keyboard: found}, indent=1, sort_keys=True))

    @property
    def maps(self) -> Path:
        """What knobs, keys and pedals move, as `bandmate learn` was taught: a file a device, of all rigs."""
        return self.settings.parent / "maps"

    def remembered(self) -> dict[str, Any]:
        """What the performer answered at the first run; empty before, or when the file is damaged."""
        try:
            found = json.loads(self.settings.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict) or not isinstance(found.get("midi_in"), list):
            return {}
        return found


def pair(output: str, source: str) -> str:
    """The name under which an output and an input device are remembered together."""
    return f"{output} > {source}"


def places(rig: str = "main") -> Places:
    """The places of a rig; the folders exist afterwards. Raises RigError where they can't."""
    if not rig.replace("-", "").replace("_", "").isalnum():
        raise RigError(f"--rig {rig!r} is not a name of letters, digits, - and _")
    home = os.environ.get("BANDMATE_HOME")
    if home:
        base = Path(home)
        found = Places(rig, base / "run", base / "state", base / "takes", base / f"{rig}.json")
    else:
        found = Places(
            rig,
            platformdirs.user_state_path("bandmate") / "run",
            platformdirs.user_state_path("bandmate"),
            platformdirs.user_data_path("bandmate") / "takes",
            platformdirs.user_config_path("bandmate") / f"{rig}.json",
        )
    try:
        for folder in (found.sockets, found.state_folder, found.takes, found.settings.parent):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigError(f"{error.filename} cannot be made ({error.strerror}); set BANDMATE_HOME") from None
    return found


def write_whole(path: Path, text: str) -> None:
    """Replace a file by another in one move, so that it is never half written."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
