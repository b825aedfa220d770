"""An example for lights and visuals: listens to the band's OSC out and says which lamp is how bright.

`python -m bandmate.show.lights [PORT]`, and `bandmate --osc-out 127.0.0.1:9001`. A lighting program would
send these six numbers as DMX; here they are one line of text a beat. Every message has a
function of its own below, so that a program of yours can begin as a copy of this one. Loads python-osc.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

OUT = "/bandmate/out/"
PORT = 9001
BRIGHTEST = 255
LAMPS = ("red", "green", "blue", "white", "strobe", "smoke")
BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(slots=True)
class Rack:
    """Six lamps, each 0 to 255, and what they have been told."""

    lamps: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LAMPS, 0))
    words: str = ""

    def hear(self, address: str, *values: Any) -> str | None:
        """A message of the band's; a line of text where a beat begins."""
        name = address.removeprefix(OUT)
        if name not in HEARD:
            return None
        HEARD[name](self, values)
        return self.line(values) if name == "beat" else None

    def set(self, lamp: str, share: float) -> None:
        """A lamp, 0 dark to 1 bright."""
        self.lamps[lamp] = round(BRIGHTEST * min(max(share, 0.0), 1.0))

    def line(self, beat: Sequence[Any]) -> str:
        """What a beat looks like."""
        bars = " ".join(
            f"{lamp} {BLOCKS[value * (len(BLOCKS) - 1) // BRIGHTEST]}" for lamp, value in self.lamps.items()
        )
        return f"bar {beat[1]:3} beat {beat[0]}  {bars}  {self.words}"


def mood(rack: Rack, values: Sequence[Any]) -> None:
    """Warm and bright for a bright mood, blue for a dark one: energy, valence, confidence, governed."""
    _, valence, sure, governed = values
    rack.set("red", governed * (0.5 + valence * sure / 2))
    rack.set("blue", governed * (0.5 - valence * sure / 2))


def energy(rack: Rack, values: Sequence[Any]) -> None:
    """How hard the band plays, 0 to 1."""
    rack.set("green", values[0])


def beat(rack: Rack, values: Sequence[Any]) -> None:
    """Pulse, bar, tempo: white flashes on the one."""
    rack.set("white", 1.0 if values[0] == 1 else 0.25)
    rack.set("strobe", 0.0)


def cue(rack: Rack, values: Sequence[Any]) -> None:
    """A section comes: its name, in how many bars, in how many seconds. Smoke two bars ahead needs that."""
    name, bars, seconds = values
    rack.words = f"{name} in {bars} bars ({seconds:.1f} s)"
    rack.set("smoke", 1.0 if bars <= 2 else 0.3)


def section(rack: Rack, values: Sequence[Any]) -> None:
    """A section has begun: its name, and 1 quiet to 3 big."""
    rack.words = str(values[0])
    rack.set("smoke", 0.0)
    rack.set("strobe", 1.0 if values[1] == 3 else 0.0)


def state(rack: Rack, values: Sequence[Any]) -> None:
    """Armed, counting, playing, ending, off: where nothing plays, it is dark."""
    if values[0] in ("off", "armed"):
        for lamp in LAMPS:
            rack.set(lamp, 0.0)


HEARD: dict[str, Callable[[Rack, Sequence[Any]], None]] = {
    "mood": mood, "energy": energy, "beat": beat, "cue": cue, "section": section, "state": state,
}  # fmt: skip


def main(port: int) -> None:
    """Listen until Ctrl+C."""
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import BlockingOSCUDPServer

    rack, known = Rack(), Dispatcher()

    def heard(address: str, *values: Any) -> None:
        line = rack.hear(address, *values)
        if line is not None:
            print(line, flush=True)

    known.set_default_handler(heard)
    with BlockingOSCUDPServer(("127.0.0.1", port), known) as server:
        server.serve_forever()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PORT)
    except KeyboardInterrupt:
        print()
