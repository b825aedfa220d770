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
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandmate import events, patch
from bandmate.errors import BandmateError
from bandmate.events import (
    Claim,
    Click,
    Command,
    Dial,
    Fault,
    Level,
    Off,
    On,
    Pace,
    Panic,
    Ping,
    Recall,
    Replace,
    SoundReady,
    Voice,
)  # fmt: skip
from bandmate.heart import beat
from bandmate.ports import midi
from bandmate.ports.clock import ClockOut
from bandmate.ports.figures import leave_figures
from bandmate.ports.guests import Guests
from bandmate.ports.hotplug import CLOCK, VIRTUAL, Patchbay
from bandmate.ports.instruments import Instruments, leads, ways
from bandmate.ports.performer import Performer
from bandmate.ports.priority import take_priority
from bandmate.ports.renderer import DROP_S, Taken, taken
from bandmate.ports.sender import Sender
from bandmate.ports.sounding import Ending, Leave, playable
from bandmate.ports.speakers import Speakers
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
        self.late = self.dropped = 0
        self.stopped = False
        self.scheduling = "normal"
        self._outs = [*(options.get("midi_out") or []), *([VIRTUAL] if options.get("virtual") else [])]
        self.sender = Sender(ways(plan, self._outs), self._send, leads(plan))
        self.clock = ClockOut(lambda message, due_s: self.patchbay.send(CLOCK, message, due_s))
        self.instruments = Instruments(plan, self._outs, self._send)
        songs = [patch.parse(table, Path("song.toml")) for table in options.get("songs") or []]
        self.speakers = Speakers(plan, options, songs)
        self.patchbay = Patchbay(
            plan,
            options,
            hear=lambda *heard: self.performer.hear(*heard),
            found=self._found,
            lost=self._lost,
            left=self._left,
        )
        for song in songs:
            self.patchbay.want(song)
        self.performer = Performer(
            plan, self.patchbay.echoes, self._send, self.speakers.post, self.guests.report
        )

    # -------------------------------------------------------------- opening and closing

    def open(self) -> Sound:
        """Open everything; what isn't there is reported, and the rest plays."""
        if self.options.get("synth", True):
            self.speakers.open()
        self.sender.open()
        if self.patch.clock_out:
            self.clock.open()
        self.patchbay.open()
        self.guests.open()
        return self

    def close(self) -> None:
        """Every note off, every port closed."""
        self._panic()
        self.instruments.rest()
        self.performer.release_all()
        self.guests.tell(self._ready())
        self.clock.close()
        self.sender.close()
        self.speakers.close()
        self.patchbay.close()
        self.guests.close()

    def __enter__(self) -> Sound:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    # -------------------------------------------------------------- the main thread

    def run(self, heartbeat: MutableSequence[float]) -> None:
        """Serve until told to quit."""
        while not self.stopped:
            self.round()
            beat(heartbeat)
            player = self.speakers.player
            heartbeat[1] = player.frames if player else 0
            heartbeat[2] = max(player.sounding() if player else 0, self.sender.sounding())
            heartbeat[3] = player.xruns if player else 0

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
        self._look_after()
        self.instruments.glide(time.perf_counter())
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
        elif isinstance(send, Pace):
            self.clock.take(send)
        elif isinstance(send, Claim):
            self.performer.claim(send)
        elif isinstance(send, Voice):
            self._give_voice(send)
        elif isinstance(send, Recall):
            self._recall(send)
        elif isinstance(send, On | Ending):
            when_s = send.time_s if isinstance(send, On | Off) else now_s
            self.sender.take(when_s, send, owner)
            if not isinstance(send, On) or not self.patch.sounds[send.part].port:
                self.speakers.post(when_s, send, owner)
        elif isinstance(send, Click | Ping | Level | Dial | Taken):
            if isinstance(send, Dial) and send.name == "transpose":
                self.performer.transpose(round(send.value))
            elif isinstance(send, Level):
                self.instruments.level(send, now_s)
            self.speakers.post(send.time_s if isinstance(send, Click | Ping) else now_s, send, owner)

    def _give_voice(self, voice: Voice) -> None:
        """Another sound for a part: its samples are read here, not in the audio callback."""
        self.speakers.prepare(voice)
        self.speakers.post(time.perf_counter(), voice)
        self.instruments.voice(voice)

    def _recall(self, recall: Recall) -> None:
        """The sounds and zones of a song: read and checked here, taken by whoever sounds them."""
        now_s = time.perf_counter()
        try:
            found = taken(recall, self.patch.name)
            self.speakers.prepare(found)
        except BandmateError as error:
            self.guests.report(Fault(now_s, f"the sounds stay as they are: {error}"))
            return
        self.patch = replace(self.patch, sounds=found.patch.sounds, zones=found.patch.zones)
        self.speakers.post(now_s, found)
        self.performer.take(self.patch.zones)
        self.sender.reroute(ways(self.patch, self._outs), leads(self.patch))
        self.patchbay.want(self.patch)
        self.instruments.take(self.patch)

    def _panic(self) -> None:
        self.sender.take(time.perf_counter(), Panic())
        self.speakers.post(time.perf_counter(), Panic())
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
            self.instruments.found(lambda port: bool(midi.matches(port, [name])))
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

    def _look_after(self) -> None:
        for event in self.speakers.look(time.perf_counter()):
            self.guests.report(event)
        self.stopped |= self.speakers.hung
        for port in self.patchbay.blind():
            self.performer.release_forgotten(port, FORGOTTEN_S)

    def _ready(self) -> SoundReady:
        player, audio = self.speakers.player, self.speakers.audio
        threads = {"sender": self.sender.scheduling, "main": self.scheduling}
        threads |= {"clock": self.clock.scheduling} if self.patch.clock_out else {}
        return SoundReady(
            time.perf_counter(),
            device=audio.description if audio and audio.state == "open" else "",
            rate_hz=player.renderer.rate_hz if player else 0,
            block_frames=audio.block_frames if audio else 0,
            channels=player.channels if player else 0,
            output_latency_s=player.latency_s if player else 0.0,
            inputs=tuple(self.patchbay.inputs),
            outputs=tuple(self.patchbay.outputs),
            scheduling=threads | ({"audio": player.scheduling} if player else {}),
            xruns=player.xruns if player else 0,
            late=self.late,
            dropped=self.dropped + (player.renderer.dropped + player.renderer.table.dropped if player else 0),
            echoes=self.patchbay.echoes.dropped,
            limited=player.renderer.mixer.limiter.worked if player else 0,
            fault=self.speakers.fault or self.patchbay.fault,
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
        keys = sound.speakers.player.key_lateness_s if sound.speakers.player else ()
        leave_figures(Path(options["figures"]), sound.sender.lateness_s, keys, sound.clock.lateness_s)
    if sound.speakers.hung:
        os._exit(HUNG_EXIT)  # PortAudio's own farewell would hang as well
