"""Instruments outside: what the hardware at a port is told with a sound, and by which ways notes go to it.

Called by the sound process' main thread (`found` by the plugging one). Imports only the bottom layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bandmate.events import PARTS, Level, Voice
from bandmate.patch import Patch, Sound, Zone

CHANNELS = {"drums": 10, "bass": 2, "keys": 3, "guitar": 4, "pad": 5, "lead": 6}  # 1..16
EXPRESSION = 11  # the controller that follows a fader
FULL = 127
Way = tuple[str, int]  # a port's wanted name, and a channel 0..15
Send = Callable[[str, bytes], None]


def ways(patch: Patch, midi_out: list[str]) -> dict[str, list[Way]]:
    """Where each part goes: the patch's own port for it, else every port named for the band."""
    found: dict[str, list[Way]] = {}
    for part, channel in CHANNELS.items():
        sound = patch.sounds.get(part, Sound())
        if sound.port:
            found[part] = [(sound.port, sound.channel - 1)]
        else:
            found[part] = [(port, channel - 1) for port in midi_out]
    return found


def leads(patch: Patch) -> dict[str, float]:
    """How much earlier the notes of a part leave, in seconds: its external instrument is so slow."""
    return {part: sound.latency_ms / 1000 for part, sound in patch.sounds.items() if sound.port}


def outside(patch: Patch, part: str = "") -> Iterator[Sound | Zone]:
    """The sounds that instruments at ports make: of one part, of the `performer`'s zones, or all."""
    rows: list[Sound | Zone] = [patch.sounds[name] for name in PARTS if part in ("", name)]
    rows += patch.zones if part in ("", "performer") else ()
    yield from (row for row in rows if row.port)


def recalled(sound: Sound | Zone) -> list[bytes]:
    """Bank, program and controllers as MIDI; an unset program leaves the instrument's own sound."""
    channel = sound.channel - 1
    choice = choose(channel, sound.bank, sound.program) if sound.program >= 0 else []
    return choice + [bytes((0xB0 | channel, int(number), value)) for number, value in sound.controls.items()]


def choose(channel: int, bank: int, program: int) -> list[bytes]:
    """A program change with its bank (128 x MSB + LSB) before it; channel 0..15."""
    return [
        bytes((0xB0 | channel, 0, bank >> 7 & 0x7F)),
        bytes((0xB0 | channel, 32, bank & 0x7F)),
        bytes((0xC0 | channel, program & 0x7F)),
    ]


@dataclass(frozen=True, slots=True)
class Glide:
    """A fader on its way, in seconds of the one clock."""

    start: float = 1.0
    end: float = 1.0
    begun_s: float = 0.0
    over_s: float = 0.0

    def at(self, now_s: float) -> float:
        """Where it stands."""
        share = 1.0 if self.over_s <= 0 else min(1.0, max(0.0, (now_s - self.begun_s) / self.over_s))
        return self.start + (self.end - self.start) * share


class Instruments:
    """The hardware of a rig: told bank, program and controllers with each sound, and how loud to be.

    Faders reach it as expression (CC 11), in small steps while they glide: a band that fades out fades out
    there, too. The master fader is that of our own sound device.
    """

    def __init__(self, plan: Patch, midi_out: list[str], send: Send) -> None:
        self.patch, self.midi_out, self.send = plan, midi_out, send
        self._faders: dict[str, Glide] = {}
        self._told: dict[Way, int] = {}

    def take(self, patch: Patch) -> None:
        """A song's sounds: every instrument that plays in it is told, whatever it played before."""
        self.patch = patch
        for sound in outside(patch):
            self._tell(sound)

    def found(self, is_port: Callable[[str], bool]) -> None:
        """A port is there: who plays on it is told of the sound."""
        for sound in outside(self.patch):
            if is_port(sound.port):
                self._told.pop((sound.port, sound.channel - 1), None)
                self._tell(sound)

    def voice(self, voice: Voice) -> None:
        """Another sound for a part, or for the performer."""
        for sound in outside(self.patch, voice.part):
            for message in choose(sound.channel - 1, voice.bank, voice.program) if voice.program >= 0 else []:
                self.send(sound.port, message)

    def level(self, level: Level, now_s: float) -> None:
        """A fader moves."""
        before = self._faders.get(level.name, Glide()).at(now_s)
        self._faders[level.name] = Glide(before, level.value, now_s, level.over_s)

    def glide(self, now_s: float) -> None:
        """Tell every instrument whose faders have moved; call it a few times a second."""
        for way, share in self._shares(now_s).items():
            value = round(FULL * min(1.0, share))
            if self._told.get(way, FULL) != value:
                self._told[way] = value
                self.send(way[0], bytes((0xB0 | way[1], EXPRESSION, value)))

    def rest(self) -> None:
        """We are going: every instrument that was turned down is given its own loudness back."""
        for (port, channel), value in self._told.items():
            if value != FULL:
                self.send(port, bytes((0xB0 | channel, EXPRESSION, FULL)))
        self._told.clear()

    def _shares(self, now_s: float) -> dict[Way, float]:
        """How loud each instrument should be; where several share one, the first of them says so."""
        stands = {name: fader.at(now_s) for name, fader in self._faders.items()}
        found: dict[Way, float] = {}
        for part, there in ways(self.patch, self.midi_out).items():
            for way in there:
                found.setdefault(way, stands.get(part, 1.0) * stands.get("band", 1.0))
        for zone in outside(self.patch, "performer"):
            found.setdefault((zone.port, zone.channel - 1), stands.get("performer", 1.0))
        return found

    def _tell(self, sound: Sound | Zone) -> None:
        for message in recalled(sound):
            self.send(sound.port, message)
