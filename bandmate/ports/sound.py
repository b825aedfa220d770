"""The sound process: MIDI in, thru, synth, audio out and MIDI out, whatever becomes of the band.

Threads, each tiny: MIDI callbacks (stamp, thru, post), the audio callback (`player.py`), the timed
sender (`sender.py`), plugging (`hotplug.py`), and the main one here: the door and its clients. A
client gets every event of the performer, and may send what shall sound. Imports only the bottom
layer and its neighbours in `ports`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

from bandmate import events, patch
from bandmate.errors import BandmateError
from bandmate.events import Click, Command, Fault, Level, Off, On, Panic, Replace, SoundReady, Voice
from bandmate.ports import midi
from bandmate.ports.audio import AudioOut
from bandmate.ports.figures import leave_figures
from bandmate.ports.guests import Guests
from bandmate.ports.hotplug import VIRTUAL, Patchbay
from bandmate.ports.performer import Performer
from bandmate.ports.player import Player
from bandmate.ports.priority import take_priority
from bandmate.ports.renderer import DROP_S, Renderer
from bandmate.ports.sender import Sender, leads, ways
from bandmate.ports.sounding import Ending, Leave, playable
from bandmate.ports.thru import Played

LATE_S = 0.005
FORGOTTEN_S = 60.0  # keys held so long in silence on a virtual input whose peers can't be seen
SWITCH_S = 0.0005
HUNG_EXIT = 3  # the sound device hangs: the supervisor starts this process anew
PRIORITY = 20


class Sound:
    """Everything that sounds, joined."""

    def __init__(self, plan: patch.Patch, options: dict[str, Any]) -> None:
        self.patch = plan
        self.options = options
        self.guests = Guests(Path(options["socket"]))
        self.player: Player | None = None
        self.audio: AudioOut | None = None
        self.fault = ""
        self.late = self.dropped = 0
        self.stopped = self.hung = False
        self._settings: dict[Any, Level | Voice] = {}  # what awaits a sound device
        self.scheduling = "normal"
        outs = [*(options.get("midi_out") or []), *([VIRTUAL] if options.get("virtual") else [])]
        self.sender = Sender(ways(plan, outs), self._send, leads(plan))
        self.patchbay = Patchbay(
            plan,
            options,
            hear=lambda *heard: self.performer.hear(*heard),
            found=self._found,
            lost=self._lost,
            left=self._left,
        )
        self.performer = Performer(plan, self.patchbay.echoes, self._send, self._post, self.guests.report)

    # -------------------------------------------------------------- opening and closing

    def open(self) -> Sound:
        """Open everything; what isn't there is reported, and the rest plays."""
        if self.options.get("synth", True):
            self._open_audio()
        self.sender.open()
        self.patchbay.open()
        self.guests.open()
        return self

    def close(self) -> None:
        """Every note off, every port closed."""
        self._panic()
        self.performer.release_all()
        self.guests.tell(self._ready())
        self.sender.close()
        if self.audio is not None:
            self.audio.close()
        self.patchbay.close()
        self.guests.close()

    def __enter__(self) -> Sound:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_audio(self) -> None:
        options = self.options
        most_channels = 4 + 2 * len(events.PARTS) * self.patch.part_buses
        audio = AudioOut(
            options.get("device"), int(options.get("block_frames") or 128), most_channels,
            str(options.get("client") or "bandmate"),
        )  # fmt: skip
        wanted_ms = options.get("output_latency_ms")
        try:
            audio.open(self._player_at, None if wanted_ms is None else wanted_ms / 1000)
            self.audio, self.player = audio, audio.player if audio.state == "open" else None
        except BandmateError as error:
            audio.close()
            self.fault = f"no sound of our own: {error}"

    def _player_at(self, rate_hz: int) -> Player:
        font = Path(self.options["font"]) if self.options.get("font") else patch.font_path(self.patch)
        return Player(Renderer(self.patch, rate_hz, font).open())

    # -------------------------------------------------------------- the main thread

    def run(self, heartbeat: MutableSequence[float]) -> None:
        """Serve until told to quit."""
        while not self.stopped:
            self.round()
            heartbeat[0] = time.perf_counter()
            heartbeat[1] = self.player.frames if self.player else 0
            heartbeat[2] = max(self.player.sounding() if self.player else 0, self.sender.sounding())
            heartbeat[3] = self.player.xruns if self.player else 0

    def round(self) -> None:
        """Wait for the next thing to do, at most a moment, and do it."""
        for guest, message in self.guests.wait(self._ready()):
            if isinstance(message, Played):
                self.guests.book(message, guest)
            elif isinstance(message, Command):
                self.stopped |= message.name == "quit"
                if message.name == "panic":
                    self._panic()
            else:
                self.obey(message, guest.number)
        for event in self.guests.due():
            self.performer.play(event)
        self._look_after_audio()
        self.guests.tell(self._ready())
        for number, ports in self.guests.gone():
            self.obey(Leave(), number)
            for port in ports:
                self.performer.release(port)

    def obey(self, send: Any, owner: int) -> None:
        """Do what a client sends; see `events.Send`."""
        now_s = time.perf_counter()
        if isinstance(send, On | Replace) and not playable(send):
            self.dropped += 1
            return
        if isinstance(send, On):
            if now_s - send.time_s > DROP_S:
                self.dropped += 1
                return
            self.late += now_s - send.time_s > LATE_S
        if isinstance(send, Panic):
            self._panic()
        elif isinstance(send, Voice):
            self._give_voice(send)
        elif isinstance(send, On | Ending):
            when_s = send.time_s if isinstance(send, On | Off) else now_s
            self.sender.take(when_s, send, owner)
            if not isinstance(send, On) or not self.patch.sounds[send.part].port:
                self._post(when_s, send, owner)
        elif isinstance(send, Click | Level):
            self._post(send.time_s if isinstance(send, Click) else now_s, send, owner)

    def _post(self, time_s: float, message: Any, owner: int = 0) -> None:
        if self.player is not None:
            self.player.post(time_s, message, owner)
        elif isinstance(message, Level | Voice):
            self._settings[message.name if isinstance(message, Level) else ("voice", message.part)] = message

    def _give_voice(self, voice: Voice) -> None:
        """Another sound for a part: its samples are read here, not in the audio callback."""
        if self.player is not None:
            self.player.renderer.synth.prepare(voice.bank, voice.program)
        self._post(time.perf_counter(), voice)
        sound = self.patch.sounds.get(voice.part)
        if sound is not None and sound.port:
            self._choose_program(sound.port, sound.channel - 1, voice.bank, voice.program)

    def _choose_program(self, port: str, channel: int, bank: int, program: int) -> None:
        self._send(port, bytes((0xB0 | channel, 0, bank & 0x7F)))
        self._send(port, bytes((0xC0 | channel, program & 0x7F)))

    def _panic(self) -> None:
        self.sender.take(time.perf_counter(), Panic())
        self._post(time.perf_counter(), Panic())
        self.performer.silence()
        for port in (*self.patchbay.wanted, VIRTUAL):
            for channel in range(16):
                for control in (64, 123, 120):
                    self._send(port, bytes((0xB0 | channel, control, 0)))

    def _send(self, port: str, message: bytes) -> None:
        self.patchbay.send(port, message)

    # -------------------------------------------------------------- news

    def _found(self, name: str, hears: bool) -> None:
        if not hears:
            for part in events.PARTS:
                sound = self.patch.sounds[part]
                if sound.port and midi.matches(sound.port, [name]):
                    self._choose_program(sound.port, sound.channel - 1, sound.bank, sound.program)
        self.guests.report(events.PortFound(time.perf_counter(), name))

    def _lost(self, name: str, hears: bool) -> None:
        if hears:
            self.performer.release(name)
        self.guests.report(events.PortLost(time.perf_counter(), name))

    def _left(self, name: str, peer: str) -> None:
        """Somebody heard on a port that stays went away, perhaps with keys down; `peer` where it is lost."""
        self.performer.release(name)
        if peer:
            self.guests.report(events.PortLost(time.perf_counter(), peer))

    # -------------------------------------------------------------- looking after things

    def _look_after_audio(self) -> None:
        now_s = time.perf_counter()
        if self.audio is not None:
            self._hear_of_audio(self.audio, now_s)
        if self.player is not None and self.player.failure:
            self.guests.report(Fault(now_s, self.player.failure))
            self.player.failure = ""
        for port in self.patchbay.blind():
            self.performer.release_forgotten(port, FORGOTTEN_S)

    def _hear_of_audio(self, audio: AudioOut, now_s: float) -> None:
        news = audio.watch(now_s)
        if news == "lost":
            self.guests.report(Fault(now_s, audio.fault))
        elif news == "back":
            self.player = audio.player
            for setting in self._settings.values():
                self.obey(setting, 0)
            self._settings.clear()
            self.guests.report(events.PortFound(now_s, f"audio: {audio.description}"))
        elif news == "hung":
            self.stopped = self.hung = True

    def _ready(self) -> SoundReady:
        player, audio = self.player, self.audio
        threads = {"sender": self.sender.scheduling, "main": self.scheduling}
        return SoundReady(
            time.perf_counter(),
            device=audio.description if audio and audio.state == "open" else "",
            rate_hz=player.renderer.rate_hz if player else 0,
            block_frames=audio.block_frames if audio else 0,
            output_latency_s=player.latency_s if player else 0.0,
            inputs=tuple(self.patchbay.inputs),
            outputs=tuple(self.patchbay.outputs),
            scheduling=threads | ({"audio": player.scheduling} if player else {}),
            xruns=player.xruns if player else 0,
            late=self.late,
            dropped=self.dropped + (player.renderer.dropped + player.renderer.table.dropped if player else 0),
            echoes=self.patchbay.echoes.dropped,
            limited=player.renderer.mixer.limiter.worked if player else 0,
            fault=self.fault or (audio.fault if audio else "") or self.patchbay.fault,
        )


def plan_of(options: dict[str, Any]) -> patch.Patch:
    """The patch that the options carry as a table, or name."""
    if options.get("table"):
        return patch.parse(options["table"], Path(f"{options.get('patch') or 'default'}.toml"))
    return patch.load(str(options.get("patch") or "default"))


def run(options: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the sound process: runs until a Command `quit` or a termination signal."""
    sys.setswitchinterval(SWITCH_S)
    sound = Sound(plan_of(options), options)

    def stop(*_: object) -> None:
        sound.stopped = True

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with sound:
        gc.collect()
        gc.freeze()
        gc.disable()
        sound.scheduling = take_priority(PRIORITY)
        sound.run(heartbeat)
    if options.get("figures"):
        keys = sound.player.key_lateness_s if sound.player else ()
        leave_figures(Path(options["figures"]), sound.sender.lateness_s, keys)
    if sound.hung:
        os._exit(HUNG_EXIT)  # PortAudio's own farewell would hang as well
