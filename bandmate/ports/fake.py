"""Fakes that ship: a synth and MIDI ways that only remember what they were asked to play.

For tests and dry runs; any thread, no device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bandmate.ports.synth import Synth


@dataclass(slots=True)
class FakeOutputs:
    """MIDI ways that go nowhere: `sent` holds (port, message) in order."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, port: str, message: bytes) -> None:
        """Remember a message."""
        self.sent.append((port, message))

    def notes(self, port: str = "") -> list[tuple[str, int]]:
        """What sounded, as (on or off, pitch), on one port or on all."""
        return [
            ("on" if message[0] & 0x10 else "off", message[1])
            for name, message in self.sent
            if message[0] & 0xE0 == 0x80 and port in ("", name)
        ]


class FakeSynth(Synth):
    """A synth without sound: every sounding note is a steady 0.1 on its channel, `played` its score."""

    def __init__(self, channels: int, most_frames: int = 4096) -> None:
        super().__init__(channels, most_frames)
        self.played: list[tuple[str, int, int]] = []  # (on or off, channel, pitch)
        self.turned: list[tuple[str, int, float]] = []  # (controller, tuning or program, channel, value)
        self.levels = np.zeros(channels, np.float32)

    def note_on(self, channel: int, pitch: int, velocity: int) -> None:
        """Begin a note."""
        self.played.append(("on", channel, pitch))
        self.levels[channel] += 0.1

    def note_off(self, channel: int, pitch: int) -> None:
        """End a note."""
        self.played.append(("off", channel, pitch))
        self.levels[channel] -= 0.1

    def control(self, channel: int, number: int, value: int) -> None:
        """Controllers change nothing."""
        self.turned.append((f"control {number}", channel, value))

    def bend(self, channel: int, value: int) -> None:
        """Nor do wheels."""

    def silence(self) -> None:
        """End everything."""
        self.levels[:] = 0.0

    def knows(self, font: Path) -> bool:
        """Every font is there."""
        return True

    def program(self, channel: int, bank: int, program: int, font: Path | None = None) -> bool:
        """So is every sound."""
        self.turned.append((f"program {bank}", channel, program))
        return True

    def prepare(self, bank: int, program: int, font: Path | None = None) -> bool:
        """It is at hand."""
        return True

    def tune(self, channel: int, tuning_hz: float) -> None:
        """Remember the tuning."""
        self.turned.append(("tuning", channel, tuning_hz))

    def render(self, start: int, end: int) -> None:
        """Steady levels."""
        self.dry[:, :, start:end] += self.levels[None, :, None]
