"""The band process: `Band.step` on the live clock, the only thinker of the rig.

Owns its door (status out, commands in), the take writer and the clock of the take: seconds since
`origin_s` on `time.perf_counter`. One thread runs the loop: it sleeps in `select` until the next
logical step, so a busy socket never delays it; the take writer is the only other thread. A loop
that was late runs every step it missed, so the notes don't depend on the cadence.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import time
from collections import deque
from collections.abc import MutableSequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bandmate import heart, snapshots, wire
from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.band import Band
from bandmate.controls import Value
from bandmate.errors import RigError
from bandmate.events import (
    Attack,
    Command,
    EarsReady,
    Event,
    Fault,
    Hue,
    Latency,
    NoteOff,
    NoteOn,
    OscReady,
    Outbox,
    Phrase,
    PortFound,
    PortLost,
    Readings,
    SoundReady,
    Status,
)  # fmt: skip
from bandmate.mind import Mind
from bandmate.mixing import mix
from bandmate.places import TAPS, Places, pair, places, write_whole
from bandmate.rehearsal import load_styles, make_band
from bandmate.show.take import Header
from bandmate.show.writer import TakeWriter
from bandmate.soundnames import sound_names, sounds_of
from bandmate.timing import step_index, step_time_s

RECONNECT_S = 0.2
ALARMS = 12  # so many of the newest are kept for screens
MISSED_MOST = 4  # steps caught up before the sockets are looked at again


class Live:
    """Joins one Band to the sockets. `plan` is what the supervisor was asked to run."""

    def __init__(self, plan: dict[str, Any], where: Places, heartbeat: MutableSequence[float]) -> None:
        self.plan, self.where, self.heartbeat = plan, where, heartbeat
        self.door = wire.Door(where.band)
        self.clients: list[wire.Wire] = []
        self.sound: wire.Wire | None = None
        self.ears: wire.Wire | None = None
        self.model: wire.Wire | None = None
        self._model_fault = False  # the newest that it said is what is wrong with it
        self._model_retry_s = 0.0
        self.inbox: list[Event] = []
        self.origin_s = 0.0
        self.lateness_ms = 0.0
        self.lateness_s: deque[tuple[float, float]] = deque(maxlen=20000)  # when a step was due, how late
        self.inputs: tuple[str, ...] = ()
        self.outputs: tuple[str, ...] = ()
        self._latency_s = 0.0
        self._fault = ""
        self._params: dict[str, Value] = {}  # as they were, for `bandmate bench`
        self._changes: list[tuple[float, str, Value]] = []
        self._retry_s = 0.0
        self._counters: dict[str, int] = {"reconnects": 0}  # doors of other processes that closed
        self._names: dict[Path, dict[tuple[int, int], str]] = {}  # of the sounds, by font
        self._alarms: deque[str] = deque(maxlen=ALARMS)
        self._alarmed = ("", 0.0)
        self._sounding: tuple[object, dict[str, str]] = None, {}
        self._devices = ["", ""]  # the loudspeakers' and the microphones'
        self._latencies: dict[str, float] = {}  # what a soundcheck measured
        self._hidden_s = 0.0  # what of it the stamps of the ears don't know
        self._hears: bool | None = None  # None: nothing said yet
        self._deafness = ""
        self._osc_fault = ""
        self._ears_retry_s = 0.0

    # -------------------------------------------------------------- set-up

    def open(self) -> None:
        """Read patch, styles and state, open the door and the take: everything that may fail."""
        state, self.origin_s = self._saved()
        listed = self.plan.get("setlist")
        self.step = step_index(self.now_s) + 1
        header = Header(
            patches.parse(self.plan["table"], Path(f"{self.plan['patch']}.toml")), self.plan["seed"],
            self.plan["params"], state, step_time_s(self.step) if state else 0.0,
            evening=None if listed is None else setlists.from_table(listed),
            alone=bool(self.plan.get("alone")),
        )  # fmt: skip
        try:
            self.band: Band = make_band(header, load_styles())
        except (KeyError, TypeError, ValueError):  # a state of another version: better fresh than not at all
            header, state = replace(header, state=None, state_s=0.0), None
            self.band = make_band(header, load_styles())
        if self.plan.get("player") == "model":
            self.band.mind = Mind()
        stamp = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
        take = Path(self.plan["takes"]) / f"{stamp} {self.where.rig}-{os.getpid()}.jsonl"
        self.writer = TakeWriter(take, self.where.state, self.where.maps)
        self.writer.open(header)
        self.door.open()
        if state is None:
            wanted = self.plan["commands"] or ([] if self.plan["demo"] else ["arm"])
            self.inbox += [Command(0.0, name, source="rig") for name in wanted]
        self._latencies = self.where.latencies()
        self._names = sound_names(self.band, header.evening)
        self._find_sound(patience_s=5.0)

    def _saved(self) -> tuple[dict[str, Any] | None, float]:
        """The state of a band that died in this rig, or of the show that `--resume` goes on with."""
        fresh = time.perf_counter()
        if not self.plan["resume"] and not self.plan.get("recover"):
            return None, fresh
        try:
            saved = json.loads(self.where.state.read_text(encoding="utf-8"))
            same_boot = saved["rig_id"] == self.plan["rig_id"]
            state = saved["band"]
        except (OSError, ValueError, KeyError):
            return None, fresh
        if same_boot:
            return state, float(saved["origin_s"])
        if not self.plan["resume"]:
            return None, fresh
        state["transport"]["state"] = "armed"  # another evening, or after a power loss: ready, in that song
        return state, fresh

    def _find_sound(self, patience_s: float = 0.0) -> None:
        try:
            self.sound = wire.connect(self.where.sound, patience_s)
            for setting in mix(self.band):  # a new sound process knows none of our faders
                self.sound.send(setting)
        except RigError:
            self.sound = None

    @property
    def now_s(self) -> float:
        """Seconds since the take began."""
        return time.perf_counter() - self.origin_s

    # -------------------------------------------------------------- the loop

    def run(self) -> None:
        """Until the band has gone home."""
        gc.collect()
        gc.freeze()
        gc.disable()
        be_quick()
        done = False
        while not done:
            due_s = step_time_s(self.step)
            while (left_s := due_s - self.now_s) > 0:
                self._listen(left_s)
            self._listen(0.0)
            late_s = self.now_s - due_s
            self.lateness_ms = late_s * 1000
            self.lateness_s.append((self.origin_s + due_s, late_s))
            for _ in range(MISSED_MOST):
                if step_time_s(self.step) > self.now_s:
                    break
                done = self._one_step()
            heart.beat(self.heartbeat)
        self._say_goodbye()

    def _one_step(self) -> bool:
        now_s = step_time_s(self.step)
        while self.writer.troubles:
            self.inbox.append(Fault(now_s, self.writer.troubles.popleft()))
        events = [event for event in self.inbox if event.time_s <= now_s]
        if events:
            self.inbox = [event for event in self.inbox if event.time_s > now_s]
        for event in events:
            self.writer.put(self.step, event)
        self._emit(self.band.step(now_s, events))
        if self.plan.get("figures"):
            self._note_changes()
        self.step += 1
        return self._done

    def _note_changes(self) -> None:
        """When which parameter became what; the tempo, which is followed, is left out."""
        when_s, before, params = time.perf_counter(), self._params, self.band.params
        if params != before:
            self._changes += [(when_s, name, value) for name, value in params.items()
                              if before.get(name) != value and name != "bpm"]  # fmt: skip
            self._params = dict(params)

    def _emit(self, out: Outbox) -> None:
        """Hand sends to the sound process, snapshots to the screens, state to the writer."""
        self._done = out.done
        if self.sound is not None:
            for send in out.sends:
                placed = getattr(send, "time_s", None)
                self.sound.send(send if placed is None else replace(send, time_s=placed + self.origin_s))
        if self.model is not None:
            for ask in out.asks:
                self.model.send(ask)
        if out.status is not None:
            self._note_alarm()
            self._show(out.status)
        for store in out.stores:
            self.writer.store(store)
        if out.state is not None:
            self.writer.save({"rig_id": self.plan["rig_id"], "origin_s": self.origin_s, "band": out.state})

    def _show(self, status: Status) -> None:
        if not self.clients:
            return
        beat0_s = None if status.beat0_s is None else status.beat0_s + self.origin_s
        output, source = self._devices
        shown = replace(
            status, time_s=status.time_s + self.origin_s, beat0_s=beat0_s, rig=self.where.rig,
            inputs=(*self.inputs, *(one.port for one in self.band.patch.microphones if self._hears)),
            outputs=self.outputs,
            counters=status.counters | self._counters
            | {"late loop ms": int(self.lateness_ms), "take dropped": self.writer.dropped},
            sounds=self._sounds(), events=tuple(self._alarms),
            devices={"out": output, "in": source}, latency_ms=round(self._latency_s * 1000, 1),
        )  # fmt: skip
        line = wire.encode(shown).encode()  # once for all of them
        for client in self.clients:
            client.post(line)

    def _sounds(self) -> dict[str, str]:
        """What each part sounds like; put in words only where that has changed."""
        patch, params = self.band.patch, self.band.params
        key = (id(patch), *(params[f"part/{part}/program"] for part in patch.parts))
        if self._sounding[0] != key:
            self._sounding = key, sounds_of(self.band, self._names)
        return self._sounding[1]

    def _note_alarm(self) -> None:
        """Keep what was alarming, with the time of day: a screen that comes later wants to know, too."""
        said = self.band.alarm_text, self.band.alarm_s
        if said[0] and said != self._alarmed:
            self._alarmed = said
            self._alarms.append(f"{time.strftime('%H:%M:%S')} {said[0]}")

    # -------------------------------------------------------------- the sockets

    def _listen(self, wait_s: float) -> None:
        """Sleep until something comes, at most `wait_s`; never let a slow or broken client matter."""
        if self.sound is None and time.perf_counter() >= self._retry_s:
            self._retry_s = time.perf_counter() + RECONNECT_S
            self._find_sound()
        if self.ears is None and self.band.patch.microphones and time.perf_counter() >= self._ears_retry_s:
            self._ears_retry_s = time.perf_counter() + RECONNECT_S
            with contextlib.suppress(RigError):
                self.ears = wire.connect(self.where.ears)
        self._find_model()
        ends: list[Any] = [self.door, *self.clients]
        ends += [end for end in (self.sound, self.ears, self.model) if end is not None]
        ready, _, _ = select.select(ends, [], [], max(0.0, wait_s))
        for end in ready:
            if end is self.door:
                visitor = self.door.accept()
                if visitor is not None:
                    self.clients.append(visitor)
            elif isinstance(end, wire.Wire) and end is self.sound:
                self._from_sound(end)
            elif isinstance(end, wire.Wire) and end is self.ears:
                self._from_ears(end)
            elif isinstance(end, wire.Wire) and end is self.model:
                self._from_model(end)
            else:
                self._from_client(end)
        for client in self.clients:
            if not client.open:
                client.close()
        self.clients = [client for client in self.clients if client.open]

    def _from_sound(self, sound: wire.Wire) -> None:
        for event in sound.receive():
            if isinstance(event, SoundReady):
                self._sound_is(event)
            elif hasattr(event, "time_s"):
                self.inbox.append(self._placed(event))
        if not sound.open:
            sound.close()
            self.sound = None
            self._counters["reconnects"] += 1
            self.inbox.append(Fault(self.now_s, "the sound process is gone; it is being restarted"))

    def _sound_is(self, ready: SoundReady) -> None:
        """How the sound process is: its latency is the band's business, its counters the screen's."""
        if ready.output_latency_s != self._latency_s:
            self._latency_s = ready.output_latency_s
            self.inbox.append(Latency(self.now_s, ready.output_latency_s))
        if ready.fault and ready.fault != self._fault:
            self.inbox.append(Fault(self.now_s, ready.fault))
        self._fault = ready.fault
        self.inputs, self.outputs = ready.inputs, ready.outputs
        names = ("xruns", "late", "dropped", "echoes", "limited")
        self._counters |= {f"sound {name}": int(getattr(ready, name)) for name in names}
        self._know(0, ready.device)

    def _from_ears(self, ears: wire.Wire) -> None:
        """What the microphones heard, minus what a soundcheck found that no device tells."""
        for event in ears.receive():
            if isinstance(event, EarsReady):
                self._ears_are(event)
            elif isinstance(event, Attack | Hue | NoteOn | NoteOff):
                self.inbox.append(self._placed(replace(event, time_s=event.time_s - self._hidden_s)))
        if not ears.open:
            ears.close()
            self.ears = None
            self._counters["reconnects"] += 1
            self._listens(False)
            self.inbox.append(Fault(self.now_s, "the ears are gone; they are being restarted"))

    def _ears_are(self, ready: EarsReady) -> None:
        """How the ears are: what they hear is an input like any other, their counters are the screen's."""
        self._listens(bool(ready.device))
        if ready.fault and ready.fault != self._deafness:
            self.inbox.append(Fault(self.now_s, ready.fault))
        self._deafness = ready.fault
        names = ("stumbles", "overruns", "late")
        self._counters |= {f"ears {name}": int(getattr(ready, name)) for name in names}
        self._know(1, ready.device)

    def _from_client(self, client: wire.Wire) -> None:
        """Screens, shells, surfaces and the audience; and how the OSC door is."""
        for said in client.receive():
            if isinstance(said, Command | Readings):
                self.inbox.append(self._placed(said))
            elif isinstance(said, OscReady):
                if said.fault and said.fault != self._osc_fault:
                    self.inbox.append(Fault(self.now_s, said.fault))
                self._osc_fault = said.fault
                names = ("packets", "refused", "malformed", "dropped", "voices")
                self._counters |= {f"osc {name}": int(getattr(said, name)) for name in names}

    def _find_model(self) -> None:
        """Visit the model if there is to be one; a new one is told what was played lately."""
        mind = self.band.mind
        if mind is None or self.model is not None or time.perf_counter() < self._model_retry_s:
            return
        self._model_retry_s = time.perf_counter() + RECONNECT_S
        with contextlib.suppress(RigError):
            self.model = wire.connect(self.where.model)
            for ask in mind.recent:
                self.model.send(ask)

    def _from_model(self, model: wire.Wire) -> None:
        """Phrases, and why there are none."""
        for said in model.receive():
            self._model_fault = isinstance(said, Fault)
            if isinstance(said, Phrase):
                self.inbox.append(replace(said, time_s=self.now_s))
            elif isinstance(said, Fault):
                self.inbox.append(self._placed(said))
        if not model.open and self._model_fault:  # it has said why
            model.close()
            self.model, self._model_fault = None, False
        elif not model.open:
            model.close()
            self.model = None
            self._counters["reconnects"] += 1
            self.inbox.append(Fault(self.now_s, "the model is gone; the understudy plays until it is back"))

    def _listens(self, hears: bool) -> None:
        """A microphone that fell silent has let go of its notes; it is no performer who rests."""
        if self._hears not in (None, hears):
            kind = PortFound if hears else PortLost
            self.inbox += [kind(self.now_s, microphone.port) for microphone in self.band.patch.microphones]
        self._hears = hears

    def _know(self, place: int, device: str) -> None:
        self._devices[place] = device
        output, source = self._devices
        tapped_s = self._latencies.get(pair(output, TAPS), 0.0)
        self._hidden_s = self._latencies.get(pair(output, source), tapped_s)

    def _placed(self, event: Event) -> Event:
        """An event from another process in the time of the take; nothing comes from the future."""
        return replace(event, time_s=min(event.time_s - self.origin_s, self.now_s))

    def _say_goodbye(self) -> None:
        self.writer.save({"rig_id": "", "origin_s": self.origin_s, "band": snapshots.state_now(self.band)})
        self.writer.close(step_time_s(self.step))
        if self.plan.get("figures"):  # for `bandmate bench`
            write_whole(
                Path(self.plan["figures"]),
                json.dumps({"loop": list(self.lateness_s), "changes": self._changes}),
            )
        for client in self.clients:
            client.flush()
            client.close()
        self.door.close()
        for other in (self.ears, self.model):
            if other is not None:
                other.close()
        if self.sound is not None:
            self.sound.flush()
            self.sound.close()


def be_quick() -> bool:
    """Ask the system to run this thread first; False where it isn't allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
    except (AttributeError, OSError):
        return False
    return True


def run(rig: str, plan: dict[str, Any], heartbeat: MutableSequence[float]) -> None:
    """Entry of the band process (spawned by the supervisor)."""
    live = Live(plan, places(rig), heartbeat)
    live.open()
    live.run()
