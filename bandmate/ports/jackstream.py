"""The player on JACK: the sound process' audio stream where a JACK server runs.

`start` and `close` belong to the main thread; the player is asked for blocks in JACK's own real-time thread.
"""

from __future__ import annotations

import ctypes

import numpy as np

from bandmate.errors import NoDevice
from bandmate.ports.jack import AUDIO, IS_INPUT, IS_OUTPUT, IS_PHYSICAL, PLAYBACK_LATENCY, JackClient
from bandmate.ports.player import Player
from bandmate.ports.synth import QUANTUM_FRAMES


class JackStream:
    """The player on the sound card behind JACK, in the server's own block length."""

    def __init__(self, name: str, most_channels: int) -> None:
        self.most_channels = most_channels
        self.description = "jack"
        self._jack = JackClient(name)

    def rate_hz(self) -> int:
        """Join the server, and learn its rate."""
        return self._jack.open().rate_hz()

    def start(self, player: Player, latency_s: float | None) -> None:
        """Play; NoDevice where the server's blocks don't suit, or nothing can be connected."""
        jack = self._jack
        block = jack.block_frames()
        if block % QUANTUM_FRAMES or block > 4096:
            raise NoDevice(f"JACK runs with blocks of {block} frames; start it with 64, 128 or 256")
        speakers = jack.ports(AUDIO, IS_INPUT | IS_PHYSICAL)
        channels = max(2, self.most_channels)  # also those that no loudspeaker has: an engineer connects them
        names = [f"out_{index + 1}" for index in range(channels)]
        ports = [jack.register(name, IS_OUTPUT) for name in names]
        sound = np.zeros((channels, block), np.float32)
        rows = [int(row.ctypes.data) for row in sound]
        turn = player.begin(block, latency_s or block / player.renderer.rate_hz)

        def fill(frames: int) -> None:
            if frames == block:
                player.fill(sound.T, turn)
            else:
                sound[:] = 0.0
            for port, row in zip(ports, rows, strict=True):
                buffer = jack.library.jack_port_get_buffer(port, frames)
                ctypes.memmove(buffer, row, 4 * min(frames, block))

        jack.run(fill, player.xrun)
        for name, speaker in zip(names, speakers, strict=False):
            jack.connect(f"{jack.own_name()}:{name}", speaker)
        if latency_s is None:
            frames = jack.latency_frames(ports[0], PLAYBACK_LATENCY)
            player.latency_s = frames / player.renderer.rate_hz + player.latency_s

    def close(self) -> None:
        """Stop playing."""
        self._jack.close()

    @property
    def alive(self) -> bool:
        """Whether the server is there."""
        return self._jack.alive
