"""The capo: the performer's keys as they sound, transposed by zone and song. Pure, inside `Band.step`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bandmate.controls import Value
from bandmate.events import Event, NoteOff, NoteOn
from bandmate.patch import Patch


def semitones_of(params: Mapping[str, Value], song: int = 0) -> int:
    """How far the keys are transposed with the song (which itself is by `song`): only by their switch."""
    moved = round(float(params["transpose"])) + song
    return moved if float(params["transpose-keys"]) >= 0.5 else 0


class Capo:
    """Turns keys into the pitches that are heard; a key that is down ends as it began.

    Octaves are left out: what matters is the harmony, and the zone in which the key lies.
    """

    def __init__(self, patch: Patch, semitones: int) -> None:
        self.zones, self.local = patch.zones, patch.local
        self.semitones = semitones  # with the song, from the next key on
        self._down: dict[tuple[str, int, int], int] = {}

    def hear(self, event: Event) -> Event:
        """A key as it sounds; everything else as it is."""
        if isinstance(event, NoteOn):
            pitch = self.sounding(event.pitch)
            self._down[event.port, event.channel, event.pitch] = pitch
            return event if pitch == event.pitch else replace(event, pitch=pitch)
        if isinstance(event, NoteOff):
            pitch = self._down.pop((event.port, event.channel, event.pitch), event.pitch)
            return event if pitch == event.pitch else replace(event, pitch=pitch)
        return event

    def sounding(self, key: int) -> int:
        """The pitch of a key: moved by the first zone that is heard there, and with the song."""
        for zone in self.zones:
            if zone.low <= key <= zone.high and zone.hears != "none" and (zone.port or not self.local):
                return max(0, min(127, key + zone.transpose + self.semitones))
        return key

    def melody(self) -> frozenset[int]:
        """The pitches that come from keys in melody zones only."""
        heard: dict[str, set[int]] = {"melody": set(), "harmony": set(), "none": set()}
        for zone in self.zones:
            heard[zone.hears] |= set(range(zone.low, zone.high + 1))
        return frozenset(self.sounding(key) for key in heard["melody"] - heard["harmony"])
