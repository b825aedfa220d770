"""Plugging: opens the MIDI ports that are wanted, closes those that vanish, opens them again.

One thread looks about every 0.4 s (no MIDI API tells all of it); all opening and closing happens
there, off the hot path. Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from bandmate.errors import BandmateError, NoDevice
from bandmate.patch import Patch
from bandmate.ports import midi
from bandmate.ports.instruments import outside
from bandmate.ports.midi import Driver, Echoes, Hear, Out, Port

LOOK_S = 0.4
RETRY_LOOKS = 5  # an API that doesn't work is tried again this seldom
VIRTUAL = "virtual"  # the wanted name of our own outputs, on every API
CLOCK = "clock"  # the wanted name of whoever is told our clock
OWN = "own"  # as the port of the clock: one of ours
VIRTUAL_APIS = ("jack", "alsa", "coremidi")
Place = tuple[Driver, str]  # an API, and a port's name as that API gives it


class Patchbay:
    """The MIDI ports that are wanted, kept open whenever they are there.

    `found` and `lost` are called with a port's display name and whether it is an input; `left` with
    our own port and the peer's name when somebody connected to our virtual input went away (the name is
    empty where the same player is heard on a port of ours in another way).
    """

    def __init__(
        self,
        plan: Patch,
        options: dict[str, Any],
        hear: Hear,
        found: Callable[[str, bool], None],
        lost: Callable[[str, bool], None],
        left: Callable[[str, str], None],
    ) -> None:
        self.plan = plan
        self.midi_in = list(options.get("midi_in") or [])
        self.surfaces = sorted({row.device for row in plan.controls if row.device})  # steered from, by name
        self.zoned: set[str] = set()
        self.midi_out: list[str] = list(dict.fromkeys(options.get("midi_out") or []))
        self.want(plan)
        self.virtual = bool(options.get("virtual"))
        self.client = str(options.get("client") or "bandmate")
        self.hear, self.found, self.lost, self.left = hear, found, lost, left
        self.fault = ""
        self.echoes = Echoes()
        self.inputs: dict[str, Port] = {}
        self.outputs: dict[str, Out] = {}  # by display name
        self.wanted: dict[str, str] = {}  # a wanted output's name: the display name that it is open as
        self.drivers: list[Driver] = []
        self._waits: dict[str, int] = {}  # APIs that don't work: looks until we try again
        self._clocks: dict[
            str, str
        ] = {}  # ports that are told our clock: display name, and API where it is ours
        self._virtual: dict[str, tuple[str, str]] = {}  # API: names of our own two ports
        self._peers: dict[
            str, dict[str, str]
        ] = {}  # our own input: raw and display names of who is connected
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def want(self, plan: Patch) -> None:
        """Open the ports of a patch's sounds and zones as well; any thread, the next look does it."""
        self.zoned |= {zone.port for zone in plan.zones if zone.port}
        for port in [sound.port for sound in outside(plan)]:
            if port not in self.midi_out:
                self.midi_out.append(port)

    def open(self) -> Patchbay:
        """Plug in what is there, then keep looking."""
        self.drivers = midi.drivers(self.client)
        self.look()
        self._thread = threading.Thread(target=self._run, name="plugging", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Close every port."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(3.0)
        for hearing in self.inputs.values():
            hearing.close()
        for playing in self.outputs.values():
            playing.close()
        for driver in self.drivers:
            driver.close()

    def send(self, wanted: str, message: bytes, due_s: float = 0.0) -> None:
        """Send to an output by its wanted name; nowhere while it isn't there. Any thread."""
        if wanted == VIRTUAL:
            names = [own[1] for own in list(self._virtual.values())]
        else:
            names = list(self._clocks) if wanted == CLOCK else [self.wanted.get(wanted, "")]
        for name in names:
            port = self.outputs.get(name)
            if port is not None:
                self.echoes.sent(midi.device(name), message, time.perf_counter())
                port.send(message, due_s)

    def blind(self) -> list[str]:
        """Our own inputs on APIs that don't tell who is connected to them."""
        return [names[0] for names in list(self._virtual.values()) if names[0] not in self._peers]

    def look(self) -> None:
        """One look round: close what vanished, open what came."""
        inputs, outputs = self._there()
        self._watch_peers(inputs)
        for name in [name for name in self.inputs if name not in inputs]:
            self._unplug(name, True)
        for name in [name for name in self.outputs if name not in outputs]:
            self._unplug(name, False)
        for name in self._connected_by_hand(inputs):
            inputs.pop(name)
            if name in self.inputs:
                self.inputs.pop(name).close()
                self.left(name, "")
        played = self._wanted_inputs(list(inputs))
        for name in played:
            self._plug_in(name, inputs[name])
        clock = midi.matches(self.plan.clock_in, list(inputs)) if self.plan.clock_in else None
        if clock and clock not in self.inputs:
            self._plug_in(clock, inputs[clock], only_clock=True)
        self._plug_clock(outputs)
        for want in self.midi_out:
            name = midi.matches(want, list(outputs)) or ""
            if want not in self.wanted and name and not self._is_barred(name):
                self._plug_out(want, name, outputs[name])

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            with contextlib.suppress(BandmateError, OSError, RuntimeError):
                self.look()

    def _wanted_inputs(self, names: list[str]) -> list[str]:
        surfaces = [midi.matches(want, names) for want in self.surfaces]
        if self.midi_in:
            chosen = [*(midi.matches(want, names) for want in self.midi_in), *surfaces]
            return [name for name in dict.fromkeys(chosen) if name and name not in self.inputs]
        devices = {midi.device(name): midi.api_of(name) for name in self.inputs}
        fresh = []
        for name in names:
            kind = devices.setdefault(midi.device(name), midi.api_of(name))
            if midi.choosable(name) and name not in self.inputs and kind == midi.api_of(name):
                fresh.append(name)  # a device that two APIs show is heard once
        return [*fresh, *(name for name in surfaces if name and name not in {*fresh, *self.inputs})]

    def _plug_clock(self, outputs: dict[str, Place]) -> None:
        """Whoever is told our clock: a port of our own on every API, or the one that was named."""
        self._clocks = {name: api for name, api in self._clocks.items() if name in self.outputs}
        wanted = self.plan.clock_out
        if wanted == OWN:
            for driver in self.drivers:
                raw = f"{self.client} clock"
                name = f"{driver.name}: {raw}"
                if driver.name in self._virtual and name not in self._clocks:
                    with contextlib.suppress(NoDevice):
                        self.outputs[name] = driver.open_output(raw, True)
                        self._clocks[name] = driver.name
        elif wanted and not self._clocks:
            name = midi.matches(wanted, list(outputs)) or ""
            if name and name not in self.outputs:
                with contextlib.suppress(NoDevice):
                    self.outputs[name] = outputs[name][0].open_output(outputs[name][1], False)
                    self.found(name, False)
            if name in self.outputs:
                self._clocks[name] = ""

    def _is_barred(self, name: str) -> bool:
        """Band parts never go to the performer's own keyboard, unless the patch says so."""
        own = midi.device(name) in {midi.device(hears) for hears in self.inputs}
        zoned = any(midi.matches(port, [name]) for port in self.zoned)
        if own and not zoned and not self.plan.bands_to_performer:
            self.fault = f"{name} is your own keyboard; the band plays there only with 'bands_to_performer'"
            return True
        return False

    def _connected_by_hand(self, inputs: dict[str, Place]) -> list[str]:
        """Inputs that somebody connected to our own port: heard there, so not a second time."""
        peers = {raw for here in self._peers.values() for raw in here}
        return [name for name, (_, raw) in inputs.items() if raw in peers]

    def _there(self) -> tuple[dict[str, Place], dict[str, Place]]:
        """Every input and output there is now, our own two among them."""
        inputs: dict[str, Place] = {}
        outputs: dict[str, Place] = {}
        for driver in self.drivers:
            if self._waits.get(driver.name, 0) > 0:
                self._waits[driver.name] -= 1
                continue
            try:
                sources, sinks = driver.look()
            except NoDevice:
                self._waits[driver.name] = RETRY_LOOKS
                own = self._virtual.pop(driver.name, ("", ""))[0]
                self._peers_are(own, {})
                del self._peers[own]
                continue
            inputs |= {name: (driver, raw) for name, raw in midi.labels(driver.name, sources).items()}
            outputs |= {name: (driver, raw) for name, raw in midi.labels(driver.name, sinks).items()}
            if self.virtual and driver.name in VIRTUAL_APIS:
                names = self._own_ports(driver)
                inputs[names[0]] = outputs[names[1]] = (driver, "")
                outputs |= {own: (driver, "") for own, api in self._clocks.items() if api == driver.name}
        return inputs, outputs

    def _plug_in(self, name: str, place: Place, only_clock: bool = False) -> None:
        with contextlib.suppress(NoDevice):
            hear = self._hear_clock if only_clock else self.hear
            self.inputs[name] = place[0].open_input(name, place[1], False, hear)
            self.found(name, True)

    def _hear_clock(self, name: str, message: bytes, time_s: float) -> None:
        """A port that nobody chose to play on: its clock, and no key."""
        if message[0] >= midi.SYSTEM:
            self.hear(name, message, time_s)

    def _plug_out(self, want: str, name: str, place: Place) -> None:
        with contextlib.suppress(NoDevice):
            if name not in self.outputs:
                self.outputs[name] = place[0].open_output(place[1], False)
            self.wanted[want] = name
            self.found(name, False)

    def _own_ports(self, driver: Driver) -> tuple[str, str]:
        """Our own two ports on an API: display names; opened again when its server was restarted."""
        names = (f"{driver.name}: {self.client} in", f"{driver.name}: {self.client} out")
        if driver.name not in self._virtual:
            with contextlib.suppress(NoDevice):
                self._unplug(names[0], True)
                self._unplug(names[1], False)
                self.inputs[names[0]] = driver.open_input(names[0], f"{self.client} in", True, self.hear)
                self.outputs[names[1]] = driver.open_output(f"{self.client} out", True)
                self._virtual[driver.name] = names
                self.found(names[0], True)
                self.found(names[1], False)
        return names

    def _unplug(self, name: str, hears: bool) -> None:
        ports: dict[str, Port] | dict[str, Out] = self.inputs if hears else self.outputs
        if name in ports:
            port = ports.pop(name)
            self.wanted = {want: open_as for want, open_as in self.wanted.items() if open_as != name or hears}
            port.close()
            self.lost(name, hears)

    def _watch_peers(self, inputs: dict[str, Place]) -> None:
        """Nothing tells that a program connected to our own input died; JACK can be asked."""
        for driver in self.drivers:
            names = self._virtual.get(driver.name)
            here = driver.peers(f"{self.client} in") if names else None
            if names is None or here is None:
                continue
            shown = {raw: name for name, (by, raw) in inputs.items() if by is driver}
            known = self._peers.setdefault(names[0], {})
            self._peers_are(
                names[0],
                {raw: known.get(raw) or shown.get(raw) or midi.label(driver.name, raw) for raw in here},
            )

    def _peers_are(self, own: str, here: dict[str, str]) -> None:
        """Tell who came and who went since the last look at our own input."""
        before, self._peers[own] = self._peers.get(own, {}), here
        for raw in before.keys() - here.keys():
            self.left(own, before[raw])
        for raw in here.keys() - before.keys():
            if here[raw] not in self.inputs:  # else it was there, and is heard here from now on
                self.found(here[raw], True)
