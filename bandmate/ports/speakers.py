"""The speakers: the sound device with its player, and the settings that wait for it while it isn't there.

Called by the sound process' main thread; `post` by any. Imports only the bottom layer and its
neighbours in `ports`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandmate.errors import BandmateError
from bandmate.events import Dial, Fault, Level, PortFound, Voice
from bandmate.patch import Patch, font_path
from bandmate.ports.audio import AudioOut
from bandmate.ports.mixer import most_channels
from bandmate.ports.player import Player
from bandmate.ports.renderer import Renderer, Taken


class Speakers:
    """Our own sound, as far as there is a device; the fonts of `songs`, for a later recall, load with it."""

    def __init__(self, plan: Patch, options: dict[str, Any], songs: Sequence[Patch]) -> None:
        self.patch, self.options, self.songs = plan, options, songs
        self.player: Player | None = None
        self.audio: AudioOut | None = None
        self.hung = False  # only a new process helps
        self._failed = ""
        self._settings: dict[Any, Level | Dial | Voice | Taken] = {}  # what awaits a sound device

    @property
    def fault(self) -> str:
        """Why nothing sounds here, empty while it does."""
        return self._failed or (self.audio.fault if self.audio else "")

    def open(self) -> None:
        """Open the device; one that isn't there is awaited."""
        options = self.options
        audio = AudioOut(
            options.get("device"), int(options.get("block_frames") or 128), most_channels(self.patch),
            str(options.get("client") or "bandmate"),
        )  # fmt: skip
        wanted_ms = options.get("output_latency_ms")
        try:
            audio.open(self._player_at, None if wanted_ms is None else wanted_ms / 1000)
            self.audio, self.player = audio, audio.player if audio.state == "open" else None
        except BandmateError as error:
            audio.close()
            self._failed = f"no sound of our own: {error}"

    def close(self) -> None:
        """Stop playing."""
        if self.audio is not None:
            self.audio.close()

    def _player_at(self, rate_hz: int) -> Player:
        font = Path(self.options["font"]) if self.options.get("font") else font_path(self.patch)
        return Player(Renderer(self.patch, rate_hz, font).open(self.songs))

    def post(self, time_s: float, message: Any, owner: int = 0) -> None:
        """Let something sound at its time; a setting waits for a device that isn't there yet."""
        if self.player is not None:
            self.player.post(time_s, message, owner)
        elif isinstance(message, Level | Dial | Voice | Taken):
            which = getattr(message, "name", "") or getattr(message, "part", "")
            self._settings.pop((type(message), which), None)  # the newest comes last
            self._settings[type(message), which] = message

    def prepare(self, message: Voice | Taken) -> None:
        """Read the samples of other sounds ahead; BadFile for one that isn't at hand."""
        if self.player is not None and isinstance(message, Voice):
            self.player.renderer.prepare(message)
        elif self.player is not None and isinstance(message, Taken):
            self.player.renderer.check(message.patch)

    def look(self, now_s: float) -> list[Fault | PortFound]:
        """Look after the device: what is new."""
        events: list[Fault | PortFound] = []
        if self.audio is not None:
            events += self._hear_of(self.audio, now_s)
        if self.player is not None and self.player.failure:
            events.append(Fault(now_s, self.player.failure))
            self.player.failure = ""
        return events

    def _hear_of(self, audio: AudioOut, now_s: float) -> list[Fault | PortFound]:
        news = audio.watch(now_s)
        if news == "lost":
            return [Fault(now_s, audio.fault)]
        if news == "back":
            self.player = audio.player
            for setting in self._settings.values():
                if isinstance(setting, Voice):
                    self.prepare(setting)
                self.post(time.perf_counter(), setting)
            self._settings.clear()
            return [PortFound(now_s, f"audio: {audio.description}")]
        self.hung |= news == "hung"
        return []
