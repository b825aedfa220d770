"""Thru: the performer's keys on their way to the sound, whatever the band does.

`Keys` knows which keys are down on which port; `Thru` lays them out over the zones (splits,
layers, octaves, velocity curves). Pure; `Keys` is called under the sound process' lock, one
`Thru` belongs to the audio callback (the synth's zones), another to the MIDI callbacks (zones on
external ports). Imports only the vocabulary and patches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bandmate.events import Bend, Control, NoteOff, NoteOn
from bandmate.patch import Patch, Zone

Played = NoteOn | NoteOff | Control | Bend
PEDALS = (64, 66, 67)
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


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do on a zone's own channel; `zone` counts as in the patch."""

    zone: int
    kind: Literal["on", "off", "control", "bend"]
    number: int = 0  # pitch or controller
    value: int = 0  # velocity, value or bend


class Thru:
    """Zones: from a key to the notes that it sounds, and back to those same notes at its release."""

    def __init__(self, patch: Patch, external: bool) -> None:
        wanted = enumerate(patch.zones)
        self.zones = [(index, zone) for index, zone in wanted if bool(zone.port) is external]
        if patch.local and not external:
            self.zones = []
        self.low_key = patch.low_key
        self.silent_control = patch.tap_control
        self._struck: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
        self._holders: dict[tuple[int, int], int] = {}

    def play(self, event: Played) -> list[Move]:
        """What a key, pedal or wheel does on each zone."""
        if isinstance(event, NoteOn):
            return self._press(event)
        if isinstance(event, NoteOff):
            return self._lift((event.port, event.channel, event.pitch))
        if isinstance(event, Bend):
            return [Move(index, "bend", 0, event.value) for index, _ in self.zones]
        if event.number in NOT_OURS or event.number >= 120 or event.number == self.silent_control:
            return []
        return [
            Move(index, "control", event.number, event.value)
            for index, zone in self.zones
            if zone.pedal or event.number not in PEDALS
        ]

    def silence(self) -> list[Move]:
        """Everything let go of, for a panic."""
        moves = [Move(zone, "off", pitch) for zone, pitch in self._holders]
        self._struck.clear()
        self._holders.clear()
        return moves + [Move(zone, "control", pedal, 0) for zone, _ in self.zones for pedal in PEDALS]

    def _press(self, event: NoteOn) -> list[Move]:
        key = (event.port, event.channel, event.pitch)
        moves = self._lift(key)
        if self.low_key and event.pitch <= self.low_key:
            return moves
        struck = []
        for index, zone in self.zones:
            pitch = event.pitch + 12 * zone.octave + zone.transpose
            if not (zone.low <= event.pitch <= zone.high and 0 <= pitch <= 127):
                continue
            if self._holders.get((index, pitch)):
                moves.append(Move(index, "off", pitch))
            self._holders[index, pitch] = self._holders.get((index, pitch), 0) + 1
            struck.append((index, pitch))
            moves.append(Move(index, "on", pitch, curved(event.velocity, zone)))
        if struck:
            self._struck[key] = struck
        return moves

    def _lift(self, key: tuple[str, int, int]) -> list[Move]:
        moves = []
        for place in self._struck.pop(key, ()):
            left = self._holders.pop(place, 1) - 1
            if left > 0:
                self._holders[place] = left
            else:
                moves.append(Move(place[0], "off", place[1]))
        return moves


def curved(velocity: int, zone: Zone) -> int:
    """A velocity through a zone's curve, 1..127."""
    shaped: float = 127 * (velocity / 127) ** zone.curve
    return max(1, min(127, round(shaped)))


def on_port(event: Played, port: str) -> Played:
    """The same event as if played on another port."""
    return replace(event, port=port)
