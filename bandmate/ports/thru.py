"""Thru: the performer's keys on their way to the sound, whatever the band does.

`Keys` knows which keys are down on which port; `Thru` lays them out over the zones (splits,
layers, octaves, velocity curves). Pure; `Keys` is called under the sound process' lock, one
`Thru` belongs to the audio callback (the synth's zones), another to the MIDI callbacks (zones on
external ports). Imports only the vocabulary and patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bandmate.events import Bend, Control, NoteOff, NoteOn
from bandmate.patch import Patch, Zone
from bandmate.ports.instruments import Way
from bandmate.sounds import DRUM_BANK

Played = NoteOn | NoteOff | Control | Bend
PEDALS = (64, 66, 67)
PRESS = 64  # a pedal is down from this value on
HELD_CONTROLS = (1, *PEDALS)  # what a lost keyboard leaves behind must go back to zero
TWIN_S = 10.0
SILENCERS = (120, 123)  # all sound off, all notes off
NOT_OURS = (0, 32, 91, 93)  # banks and sends belong to the patch


@dataclass(slots=True)
class Hands:
    """What one port holds: keys (channel, pitch) since when, controllers that aren't at rest."""

    keys: dict[tuple[int, int], float] = field(default_factory=dict)
    controls: set[tuple[int, int]] = field(default_factory=set)
    bent: set[int] = field(default_factory=set)
    latest_s: float = 0.0
    latest: Played | None = None


class Keys:
    """Which keys are down, port by port; mends what cables and async servers get wrong."""

    def __init__(self, tap_control: int = 0) -> None:
        self.ports: dict[str, Hands] = {}
        self.held_controls = {*HELD_CONTROLS, *([tap_control] if tap_control else [])}

    def play(self, event: Played) -> list[Played]:
        """The event as it shall be heard: a key struck twice is let go of first.

        Async JACK may put the note-on before in a note-off's place. So a note-on that directly
        follows its own twin is its release: a key struck again has a note-off between.
        """
        hands = self.ports.setdefault(event.port, Hands())
        if isinstance(event, NoteOn) and (event.velocity == 0 or _is_twin(event, hands)):
            event = NoteOff(event.time_s, event.pitch, event.port, event.channel)
        hands.latest, hands.latest_s = event, event.time_s
        if isinstance(event, NoteOn):
            key = (event.channel, event.pitch)
            release = NoteOff(event.time_s, event.pitch, event.port, event.channel)
            struck: list[Played] = [release, event] if key in hands.keys else [event]
            hands.keys[key] = event.time_s
            return struck
        if isinstance(event, NoteOff):
            hands.keys.pop((event.channel, event.pitch), None)
        elif isinstance(event, Control):
            if event.number in SILENCERS:
                return self.release(event.port, event.time_s)
            move = hands.controls.add if event.value else hands.controls.discard
            if event.number in self.held_controls:
                move((event.channel, event.number))
        elif event.value:
            hands.bent.add(event.channel)
        else:
            hands.bent.discard(event.channel)
        return [event]

    def holds(self, event: NoteOff | Control) -> bool:
        """Whether the key, pedal or wheel that is let go of was struck or pressed as music."""
        hands = self.ports.get(event.port)
        if hands is None:
            return False
        if isinstance(event, Control):
            return event.value == 0 and (event.channel, event.number) in hands.controls
        return (event.channel, event.pitch) in hands.keys

    def release(self, port: str, time_s: float) -> list[Played]:
        """Every key of a port let go of, its pedals up, its wheels at rest."""
        hands = self.ports.pop(port, None)
        if hands is None:
            return []
        return [
            *(NoteOff(time_s, pitch, port, channel) for channel, pitch in hands.keys),
            *(Control(time_s, number, 0, port, channel) for channel, number in hands.controls),
            *(Bend(time_s, 0, port, channel) for channel in hands.bent),
        ]

    def forgotten(self, port: str, time_s: float, patience_s: float) -> bool:
        """Whether a port holds keys but has said nothing for so long that its player must be gone."""
        hands = self.ports.get(port)
        return bool(hands and hands.keys and time_s - hands.latest_s > patience_s)


def _is_twin(event: NoteOn, hands: Hands) -> bool:
    """Whether a note-on repeats, byte for byte, the message just before it, whose key is down."""
    latest = hands.latest
    return (
        isinstance(latest, NoteOn)
        and replace(latest, time_s=event.time_s) == event
        and (event.channel, event.pitch) in hands.keys
        and event.time_s - latest.time_s < TWIN_S
    )


HERE: Way = ("", 0)  # the embedded synth
Seat = tuple[int, Way]  # where a zone sounds: its number, and its way


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do on a zone's own channel; `zone` counts as in the patch."""

    zone: int
    kind: Literal["on", "off", "control", "bend"]
    number: int = 0  # pitch or controller
    value: int = 0  # velocity, value or bend
    way: Way = HERE


class Thru:
    """Zones: from a key to the notes that it sounds, and back to those same notes at its release."""

    def __init__(self, patch: Patch, external: bool) -> None:
        self.external, self.local = external, patch.local
        self.low_key, self.silent_control = patch.low_key, patch.tap_control
        self.transpose = patch.transpose if patch.transpose_keys else 0  # beside what the zones do
        self.zones = self._mine(patch.zones)
        self._struck: dict[tuple[str, int, int], list[tuple[Seat, int]]] = {}
        self._holders: dict[tuple[Seat, int], int] = {}
        self._pedals: dict[int, int] = {}  # where each pedal stands
        self._down: set[tuple[Seat, int]] = set()  # seats that were told of a pedal pressed

    def _mine(self, zones: Sequence[Zone]) -> list[tuple[int, Zone]]:
        """The zones that sound here: on the synth, or outside."""
        if self.local and not self.external:
            return []
        return [(index, zone) for index, zone in enumerate(zones) if bool(zone.port) is self.external]

    def take(self, zones: Sequence[Zone]) -> list[Move]:
        """Other zones: keys that are down end where they were struck, pressed pedals go on being pressed."""
        self.zones = self._mine(zones)
        moves = []
        for index, zone in self.zones:
            for pedal, value in self._pedals.items():
                seat = _seat(index, zone)
                if zone.pedal and value and (seat, pedal) not in self._down:
                    self._down.add((seat, pedal))
                    moves.append(_at(seat, "control", pedal, value))
        return moves

    def play(self, event: Played) -> list[Move]:
        """What a key, pedal or wheel does on each zone."""
        if isinstance(event, NoteOn):
            return self._press(event)
        if isinstance(event, NoteOff):
            return self._lift((event.port, event.channel, event.pitch))
        seats = list(dict.fromkeys(_seat(index, zone) for index, zone in self.zones))
        if isinstance(event, Bend):
            return [_at(seat, "bend", 0, event.value) for seat in seats]
        if event.number in NOT_OURS or event.number >= 120 or event.number == self.silent_control:
            return []
        if event.number in PEDALS:
            return self._tread(event.number, event.value)
        return [_at(seat, "control", event.number, event.value) for seat in seats]

    def silence(self) -> list[Move]:
        """Everything let go of, for a panic."""
        moves = [_at(seat, "off", pitch) for seat, pitch in self._holders]
        seats = dict.fromkeys([_seat(index, zone) for index, zone in self.zones])
        seats |= dict.fromkeys(seat for seat, _ in self._down)
        for told in (self._struck, self._holders, self._down, self._pedals):
            told.clear()
        return moves + [_at(seat, "control", pedal, 0) for seat in seats for pedal in PEDALS]

    def _tread(self, pedal: int, value: int) -> list[Move]:
        """A pedal moves: on zones that hear it; a seat that heard it pressed hears it come up, too."""
        self._pedals[pedal] = value
        seats = list(dict.fromkeys(_seat(index, zone) for index, zone in self.zones if zone.pedal))
        moves = [_at(seat, "control", pedal, value) for seat in seats]
        if value < PRESS:
            former = [seat for seat, told in self._down if told == pedal and seat not in seats]
            moves += [_at(seat, "control", pedal, 0) for seat in former]
            self._down -= {(seat, pedal) for seat in former}
        if value:
            self._down |= {(seat, pedal) for seat in seats}
        else:
            self._down -= {(seat, pedal) for seat in seats}
        return moves

    def _press(self, event: NoteOn) -> list[Move]:
        key = (event.port, event.channel, event.pitch)
        moves = self._lift(key)
        if self.low_key and event.pitch <= self.low_key:
            return moves
        struck = []
        for index, zone in self.zones:
            pitch = self._pitch(event.pitch, zone)
            if not (zone.low <= event.pitch <= zone.high and 0 <= pitch <= 127):
                continue
            seat = _seat(index, zone)
            if self._holders.get((seat, pitch)):
                moves.append(_at(seat, "off", pitch))
            self._holders[seat, pitch] = self._holders.get((seat, pitch), 0) + 1
            struck.append((seat, pitch))
            moves.append(_at(seat, "on", pitch, curved(event.velocity, zone)))
        if struck:
            self._struck[key] = struck
        return moves

    def _pitch(self, key: int, zone: Zone) -> int:
        """What a key sounds in a zone; a drum kit of ours is not transposed with the song."""
        kit = zone.bank == DRUM_BANK and not zone.port
        return key + 12 * zone.octave + zone.transpose + (0 if kit else self.transpose)

    def _lift(self, key: tuple[str, int, int]) -> list[Move]:
        moves = []
        for place in self._struck.pop(key, ()):
            left = self._holders.pop(place, 1) - 1
            if left > 0:
                self._holders[place] = left
            else:
                moves.append(_at(place[0], "off", place[1]))
        return moves


def _seat(index: int, zone: Zone) -> Seat:
    return index, (zone.port, zone.channel - 1) if zone.port else HERE


def _at(seat: Seat, kind: Literal["on", "off", "control", "bend"], number: int, value: int = 0) -> Move:
    return Move(seat[0], kind, number, value, seat[1])


def curved(velocity: int, zone: Zone) -> int:
    """A velocity through a zone's curve, 1..127."""
    shaped: float = 127 * (velocity / 127) ** zone.curve
    return max(1, min(127, round(shaped)))


def on_port(event: Played, port: str) -> Played:
    """The same event as if played on another port."""
    return replace(event, port=port)
