"""The band: `Band.step` is the whole flow on one page; read it and you have read the product.

Live it runs in the band process, every 5 ms of the logical grid; `rehearsal.py` drives the same
step in virtual time. It never asks the clock, sleeps, prints, opens a file or draws unseeded
randomness. Must not import ports, model, console, torch or textual.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from bandmate import (
    closing,
    company,
    cues,
    landing,
    mixing,
    mooding,
    night,
    pedalboard,
    sending,
    snapshots,
    synced,
    trading,
    undoing,
)
from bandmate.capo import Capo, semitones_of
from bandmate.closing import FOREVER
from bandmate.controls import AUTO_KEY, Value, defaults, settled
from bandmate.counting import Count
from bandmate.events import (
    Ask,
    Attack,
    ClockWord,
    Command,
    Event,
    Fault,
    Heard,
    Hue,
    Latency,
    Moment,
    Note,
    NoteOn,
    Outbox,
    Phrase,
    PortFound,
    PortLost,
    Program,
    Readings,
    Send,
    Slot,
    Store,
    StoreMap,
)  # fmt: skip
from bandmate.form import Form
from bandmate.gauges import Gauges
from bandmate.harmony import Chord, Key
from bandmate.knobs import Knobs
from bandmate.learner import Learner
from bandmate.lineup import set_clock
from bandmate.listening.listener import Listener
from bandmate.listening.masking import Masking
from bandmate.mind import Mind
from bandmate.mixing import begun
from bandmate.mooding import Audience
from bandmate.night import Night
from bandmate.parts.binding import Binder
from bandmate.parts.hits import Hits
from bandmate.parts.players import play
from bandmate.parts.style import Style
from bandmate.parts.touch import Touch
from bandmate.patch import Patch
from bandmate.performer import Hands
from bandmate.plan import Plan
from bandmate.roadmap import Roadmap
from bandmate.scheduler import Scheduler
from bandmate.setlist import Setlist
from bandmate.steering import carry_out, counted, steer
from bandmate.switch import Switch
from bandmate.timing import SLOT_BEATS, BeatMap, Meter
from bandmate.transport import HORIZON_S, Transport

LEAD_S = 0.035  # a slot is decided this long before its first note may be sent
LATENCY_MOST_S = 0.15  # no device is waited for longer
PICKUP_S = 0.12  # keys struck this shortly before the first downbeat are no pickup: they mean it
RESTS_S = 1.0  # silence so long is a rest, and no line whose chord nobody can name


class Band:
    """The only owner of musical state: patch, styles, seed and the `evening` say all that it starts from.

    `alone`: nobody plays but the band, and it ends its song by itself.
    """

    def __init__(self, patch: Patch, styles: dict[str, Style], seed: int, params: dict[str, Value],
                 evening: Setlist | None = None, alone: bool = False) -> None:  # fmt: skip
        self.rig = self.patch = patch  # as the rig was started; and as the song has it now
        self.styles, self.seed = styles, seed
        style = styles[str(params.get("style", patch.style))]
        own: dict[str, Value] = {"bpm": style.bpm, "follow": style.follow, "style": style.name,
                               "meter": str(patch.meter)}  # fmt: skip
        own["sync"] = "midi" if patch.clock_in else "off"
        own |= begun(patch)
        self.params: dict[str, Value] = defaults() | own | settled(patch.params) | settled(params)
        meter = Meter.parse(str(self.params["meter"]))
        self.transport: Transport = Transport(
            meter, float(self.params["bpm"]), float(self.params["follow"]),
            int(float(self.params["count-in"])), patch.staged,
        )  # fmt: skip
        set_clock(self)
        self.count = Count()
        self.transport.join_free = self.params["join"] == "free"
        self.taps_wanted = 0  # 0: whole bars
        meters = (patch.meter, *patch.meters) if patch.meters else ()
        self.capo = Capo(patch, semitones_of(self.params))
        self.listener = Listener(meter, self.capo.melody(), meters, patch.velocities)
        self.masking = Masking(patch.microphones)
        self._miked = {one.port for one in patch.microphones if one.hears != "room"}
        self._rooms = {one.port for one in patch.microphones} - self._miked
        self.audience = Audience()
        self.pin_key()
        self.form: Form = Form(patch.parts, seed)
        self.road = Roadmap()
        self.plan = Plan(self.road, self.transport)
        self.scheduler: Scheduler = Scheduler(HORIZON_S)
        self.binder = Binder()
        self.hits, self.touch = Hits(), Touch()
        self.music: Sequence[Event] = ()  # of this step: no switches, no noodling
        self.not_music: list[Event] = []  # of this step: switches, knobs, keys and programs that steer
        self.mind: Mind | None = None  # the model's; without one the understudy plays
        self.switch = Switch(patch.tap_control, patch.low_key)
        self.pending: list[landing.Waiting] = []  # commands on their way to a place
        self.landing: float | None = None  # the beat on which the one lands that is being carried out
        self.soon = ""  # now or beat: the one that is being carried out does not wait for a bar line
        self.undoing: deque[undoing.Step] = deque(maxlen=undoing.DEEP)
        self.silent_from = dict.fromkeys(mixing.silent(self.params), -FOREVER)  # muted from this beat on
        self.gauges = Gauges()
        self.steered = 0  # commands so far
        self.written: tuple[object, dict[str, Any]] = None, {}  # song and plan as shown last
        self.knobs = Knobs(patch.controls)
        self.learner: Learner | None = None  # somebody shows the band a knob
        self.playing = {part for part in patch.parts if float(self.params[f"part/{part}/on"]) >= 0.5}
        self.waiting: set[str] = set()
        self.quitting = self.held_at_hold = False
        self.unheard = alone  # nobody has played yet, and nobody is expected to
        self.freely = False  # rubato: by the chords, not by the clock
        self.free_chord: Chord | None = None  # the one that was struck so last
        self.struck_s = self.strike_gap_s = 0.0  # ritard: the performer's newest chord, and the gap before
        self.slots = self.slots_in_time = 0
        self.heard = Heard(0.0)
        self.song = ""
        self.chord: Chord | None = None  # the last chord believed
        self.guessed = False  # that one: nobody played it
        self.onset_s: float | None = None
        self._next_slot = -FOREVER
        self.hands = Hands()
        self._range: tuple[int | None, int | None] = (None, None)
        self._bar = -1  # the bar that is being decided
        self.slow_from: float | None = None  # a ritard of the band's own begins here
        self.paced: tuple[BeatMap, bool, float] | None = None  # what our MIDI clock was told last
        self.stores: list[Store | StoreMap] = []
        self.ready: list[Send] = []  # sounds of the song that is due, for the first step
        self.saved_mark: tuple[Any, ...] = ("command", 0, "off", *self.audience.say, self.knobs.rows)
        self.steps = 0
        self.shown_mark: tuple[str, int, int] = ("", 0, 0)  # state, bar and pulse
        self._lost: set[str] = set()  # ports that vanished: no rest, the section is held meanwhile
        self.alarm_text, self.alarm_s = "", -FOREVER
        self.night = Night(evening, alone, settled(params))
        self.transport.alone = alone
        if evening is not None:
            self.ready = night.recall(self, 0.0, 0)

    def step(self, now_s: float, events: Sequence[Event]) -> Outbox:
        """One step of the logical grid: what came in up to `now_s` -> what goes out, and when."""
        sends, self.ready = self.ready, []
        sends += synced.hear(self, now_s, [event for event in events if isinstance(event, ClockWord)])
        heard, commands = self._hear(now_s, events)
        for command in commands:
            sends += steer(self, now_s, command)
        if self.pending:
            sends += landing.land(self, now_s, carry_out)
        sends += pedalboard.end_lesson(self, now_s)
        moment = self.transport.advance(now_s, heard, "drums" in self.playing)
        self.params["bpm"] = moment.home_bpm
        mooding.advance(self, now_s)
        struck = closing.by_hand(self, now_s, moment, heard, sends)
        closing.by_chords(self, now_s, heard, sends)
        if moment.state in ("counting", "playing", "ending"):
            self.form.hear(heard, moment, float(self.params["energy"]))
            self.plan.hear(now_s, heard)
            sends += self._decide(now_s, moment, heard)
        sends += company.double(self, now_s, self.music)
        sends += sending.due(self, now_s, heard)
        beats = struck or self.transport.fixed(now_s)
        closing.end_by_itself(self, now_s, moment, heard, sends)
        sends += synced.pace(self, now_s)
        self.masking.book(now_s, sends)
        self.gauges.book(self, sends)
        self.audience.book(sends)
        stores, self.stores = tuple(self.stores), []
        return Outbox(
            tuple(sends), beats, snapshots.status(self, now_s, moment), snapshots.state_if_due(self, moment),
            stores, self.quitting and self.transport.state in ("off", "armed"), self.asked(),
        )  # fmt: skip

    # -------------------------------------------------------------- listening

    def _hear(self, now_s: float, events: Sequence[Event]) -> tuple[Heard, list[Command]]:
        """Sort the inbox: music to the listener, switches and commands to the steering."""
        for hint in self.transport.hints:
            if hint.kind == "count-in":
                self.listener.count_in(hint.taps_s, self.transport.meter, hint.value)
            elif hint.kind == "relabel":
                self.listener.relabel(hint.value)
            elif hint.kind == "scale":
                self.listener.scale(hint.value, hint.from_s, hint.place)
            elif hint.kind == "tempo":
                self.listener.set_tempo(hint.value, now_s if hint.from_s is None else hint.from_s)
            elif hint.kind == "meter":
                self.listener.set_meter(self.transport.meter)
                self.params["meter"] = str(self.transport.meter)
            else:
                self.listener.reset()
        self.transport.hints.clear()
        playing = self.transport.running
        music: list[Event] = []
        self.not_music = []
        phrases = [event for event in events if isinstance(event, Phrase)]
        commands = [Command(now_s, name, source="switch") for name in self.switch.held(now_s, playing)]
        for event in self.masking.hear(events):
            if isinstance(event, Command):
                commands.append(event)
            elif isinstance(event, Phrase | ClockWord):
                continue
            elif isinstance(event, Readings):
                self.audience.hear(event, 0)
            elif isinstance(event, Hue | Attack) and event.port in self._rooms:
                self.audience.hear(event, self.form.section if playing else 0)
                continue
            elif isinstance(event, Fault):
                self.alarm(now_s, event.text)
            elif isinstance(event, Latency):
                latency_s = self.scheduler.latency_s = min(event.output_s, LATENCY_MOST_S)
                self.transport.horizon_s = self.scheduler.horizon_s = HORIZON_S + latency_s
            elif pedalboard.takes(self, event, commands, playing):
                self.not_music.append(event)
            elif isinstance(event, Program):
                continue
            elif not isinstance(event, NoteOn | Attack) or self._means_it(event):
                music.append(event if getattr(event, "port", "") in self._miked else self.capo.hear(event))
            if isinstance(event, Attack) or (isinstance(event, NoteOn) and event.port in self._miked):
                commands += counted(self, event)
            if isinstance(event, PortLost | PortFound):
                self.switch.release()
                self.knobs.release(event.port)
                if event.port not in self._rooms:
                    (self._lost.add if isinstance(event, PortLost) else self._lost.discard)(event.port)
                self.alarm(now_s, f"{event.port} is {'there' if isinstance(event, PortFound) else 'gone'}")
        if self.mind is not None:
            self.mind.hear([*music, *phrases], self.transport.beatmap)
        clock = self.transport.beatmap if playing else None
        self.unheard = self.unheard and not music
        if self.unheard:
            heard = Heard(now_s, key=self.listener.chords.key, resting_s=now_s)
        else:
            heard = self.touch.hear(music, self.listener.hear(now_s, music, clock))
        self.heard, self.music = heard, music
        company.note_hits(self, music)
        trading.hear(self, music)
        return heard, commands

    def _means_it(self, note: NoteOn | Attack) -> bool:
        """Whether a stroke counts: noodling and pickups don't, nor keys in a zone nobody hears."""
        transport = self.transport
        if transport.state == "off" or (transport.state == "armed" and not transport.join_free):
            return False
        if transport.state == "counting" and transport.counted:
            first_s = transport.beatmap.time_at(transport.start_beat)
            if note.time_s < first_s - PICKUP_S:
                return False
        if isinstance(note, Attack):
            return True
        zones = [zone for zone in self.patch.zones if zone.low <= note.pitch <= zone.high]
        if note.port not in self._miked and zones and all(zone.hears == "none" for zone in zones):
            return False
        self.hands.strike(note.time_s, note.pitch)
        return True

    def pin_key(self) -> None:
        """The key as the parameter has it."""
        name = str(self.params["key"])
        self.listener.pin(None if name == AUTO_KEY else Key.parse(name))

    # -------------------------------------------------------------- deciding

    def begin_slots(self, first: float = -FOREVER) -> None:
        """A new count begins: the next slot is the first of the count-in, or that of a start at once."""
        self._next_slot, self._bar, self.slow_from = first, -1, None
        self.binder.reset()
        self.hits.forget()
        self.pending.clear()
        if self.mind is not None:
            self.mind.begin()

    def _decide(self, now_s: float, moment: Moment, heard: Heard) -> list[Send]:
        """Ask every part for each eighth note that is about to begin."""
        sends: list[Send] = []
        beatmap = self.transport.beatmap
        if self.form.ending == "ritard":
            return sends
        if self.mind is not None:
            self.mind.ask(self, now_s, self.transport.horizon_s + LEAD_S)
        least = math.ceil(beatmap.beat_at(now_s) / SLOT_BEATS - 1e-6) * SLOT_BEATS
        if self._next_slot < least - SLOT_BEATS:
            self._next_slot = least
        while beatmap.time_at(self._next_slot) - self.transport.horizon_s - LEAD_S <= now_s:
            beat, self._next_slot = self._next_slot, self._next_slot + SLOT_BEATS
            if beat < self.transport.start_beat - 1e-6:
                self._count(beat, now_s)
            elif self.form.over_beat is None or beat < self.form.over_beat - 1e-6:
                sends += self._play(beat, now_s, moment, heard)
        return sends

    def _count(self, beat: float, now_s: float) -> None:
        """The count-in: sticks for the room, a click for the click bus, on every pulse."""
        bar_beat = self.transport.bar_of(beat)[1]
        if not self.transport.sticks or (beat - bar_beat) % self.transport.meter.pulse_beats > 1e-6:
            return
        one = beat - bar_beat < 1e-6
        click = Note("click", beat, 0.1, "accent" if one else "", 100)
        sticks = Note("drums", beat, 0.1, "side-stick", 110 if one else 95)
        silent = self.params["metronome"] == "never"
        self.scheduler.add([sticks] if silent else [sticks, click], now_s)

    def _play(self, beat: float, now_s: float, moment: Moment, heard: Heard) -> list[Send]:
        transport, sends = self.transport, list[Send]()
        bar, bar_beat = transport.bar_of(beat)
        if bar != self._bar:
            self._bar, self._range = bar, self.hands.range()
            sends = cues.begin_bar(self, now_s, bar, moment)
            mooding.begin_bar(self)
        cues.slow_down(self, now_s, beat)
        params, style = self.params, self.styles[str(self.params["style"])]
        swing = float(params["swing"])
        empty = Slot(
            beat, bar, bar_beat, transport.meter_of(bar), transport.beatmap.bpm,
            density=float(params["density"]), entry=transport.entry_at(beat),
            swing=swing if swing > 0.5 else None,
            performer_low=self._range[0], performer_high=self._range[1],
            hits=self.hits.expected(bar, transport.meter.bar_beats),
        )  # fmt: skip
        keeps = self._lost or self.night.alone or self.form.trade is not None
        slot = self.form.slot(empty, moment, heard, "keep" if keeps else str(params["on-rest"]))
        slot = trading.dealt(self, mooding.bent(self, slot))
        notes = [] if params["metronome"] != "always" else self._metronome(slot)
        written = (
            None
            if self.mind is None
            else self.mind.play(slot, now_s, self.chord, heard.chord is not None or heard.resting_s > RESTS_S)
        )
        for part in self.form.members:
            if part not in self.playing:
                continue
            if trading.rests(slot, part):
                notes += trading.stab(self, part, slot, now_s)
                continue
            soloing = slot.solo is not None and slot.solo.part == part  # that is the band's own to play
            if written is not None and self.mind is not None and not soloing:
                wanted = company.make_room(self, part, slot, written[part], now_s)
                self.scheduler.add([p for note in wanted for p in self.plan.broken(note)], self.mind.heard_s)
                continue
            asked = company.in_steps(self, slot, part, heard)
            wanted = company.make_room(self, part, slot, self.ask(part, asked, style, now_s), now_s)
            notes += [piece for note in wanted for piece in self.plan.broken(note)]
        self.scheduler.add(notes, now_s)
        self.slots += 1
        self.slots_in_time += transport.beatmap.time_at(beat) >= now_s
        return sends

    def asked(self) -> tuple[Ask, ...]:
        """What the model is asked for in this step."""
        if self.mind is None or not self.mind.asks:
            return ()
        asks, self.mind.asks = tuple(self.mind.asks), []
        return asks

    def ask(self, part: str, slot: Slot, style: Style, now_s: float) -> list[Note]:
        """What a part wants to play; one that fails is muted and reported, and the band plays on."""
        try:
            return play(part, slot, style)
        except Exception as error:  # whatever it is, the music goes on without this part
            self.mute(part, error, now_s)
            return []

    def mute(self, part: str, error: Exception, now_s: float) -> None:
        """A part that failed rests, and the others play on."""
        self.playing.discard(part)
        self.params[f"part/{part}/on"] = 0.0
        self.alarm(now_s, f"{part} stumbled ({error!r}) and rests; bring it back with part/{part}/on 1")

    def _metronome(self, slot: Slot) -> list[Note]:
        place = slot.place % slot.meter.pulse_beats
        return [] if place > 1e-6 else [Note("click", slot.beat, 0.1, "" if slot.place else "accent", 90)]

    def enter(self, parts: Sequence[str]) -> None:
        """Players come in with the slot that is being decided."""
        self.playing |= set(parts)
        self.waiting -= set(parts)
        for part in parts:
            self.params[f"part/{part}/on"] = 1.0

    def leave(self, parts: set[str]) -> None:
        """Players rest from the slot on that is being decided; what they hold rings out."""
        self.playing -= parts
        for part in parts:
            self.params[f"part/{part}/on"] = 0.0

    # -------------------------------------------------------------- what screens and the next band see

    def alarm(self, now_s: float, text: str) -> None:
        """One sentence for the alarm line."""
        self.alarm_text, self.alarm_s = text, now_s
