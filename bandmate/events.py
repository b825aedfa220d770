"""The band's vocabulary: what happened (events), what shall sound (sends), how things are (snapshots).

Every object here is an immutable value that any process may hold. All of them cross the wire (`wire.py`
is their codec) except `Heard`, `Feel`, `Moment`, `Slot`, `Solo`, `Note`, `Store`, `StoreMap`, `FixedBeat`
and `Outbox`, which stay in the band's process. Imports only the bottom layer. Times are seconds since the
take began, on the performer's clock, unless named otherwise; events are stamped minus their input latency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bandmate.harmony import Chord, Key
from bandmate.timing import BeatMap, Meter

PARTS = ("drums", "bass", "keys", "guitar", "pad", "lead")
SILENCE_DB = -120.0  # the level of a microphone below its gate

# ------------------------------------------------------------------ events: they happened once


@dataclass(frozen=True, slots=True)
class NoteOn:
    """The performer struck a key (velocity 1..127) on an input port, or sang or blew a note.

    `confidence` 0..1 is how sure the ears are of its pitch; a key is sure.
    """

    time_s: float
    pitch: int
    velocity: int
    port: str = ""
    channel: int = 0
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class NoteOff:
    """The performer let go of a key (or the voice in a microphone left a note)."""

    time_s: float
    pitch: int
    port: str = ""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Control:
    """The performer moved a controller: 64 is the sustain pedal, 66 sostenuto, 67 soft."""

    time_s: float
    number: int
    value: int
    port: str = ""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Bend:
    """The performer bent the pitch, -8192..8191."""

    time_s: float
    value: int
    port: str = ""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """The performer chose a program, 0..127, on a keyboard, a footswitch or an arranger's panel."""

    time_s: float
    number: int
    port: str = ""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class ClockWord:
    """An outside MIDI clock said something: tick (24 a beat), start, continue, stop, or place.

    `place` is that of a song position, in ticks from the beginning; start and continue mean the next tick.
    """

    time_s: float
    word: str
    place: int = 0
    port: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """Something was struck in a microphone: how hard (0..1 of the loudest lately).

    `accent` is what it says about the bar: above 0 a low stroke (kick, bass), below 0 a snare.
    """

    time_s: float
    strength: float
    accent: float = 0.0
    port: str = ""


@dataclass(frozen=True, slots=True)
class Hue:
    """What sounds in a microphone, some 20 times a second: its level, and a share of each pitch class.

    `level_db` is that of a full-scale sine below 0, or `SILENCE_DB` below the gate; `chroma` and `bass`
    (below C3) hold twelve shares from C on, or nothing where nothing tonal is meant to be heard (drums, a
    single voice).
    """

    time_s: float
    level_db: float
    chroma: tuple[float, ...] = ()
    bass: tuple[float, ...] = ()
    port: str = ""


@dataclass(frozen=True, slots=True)
class PortLost:
    """An input or output vanished (unplugged, or its program died): its keys count as released."""

    time_s: float
    port: str


@dataclass(frozen=True, slots=True)
class PortFound:
    """A port that was lost, or that we hoped for, is there."""

    time_s: float
    port: str


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody steers: a name from `controls.py`, and a value where that name takes one.

    `place` says where it lands: now, on the next beat, bar or section; empty: where its row says.
    """

    time_s: float
    name: str
    value: float | str | None = None
    source: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something failed and the band plays on: one sentence for the alarm line."""

    time_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Latency:
    """The sound device's way to the loudspeaker is so long: sends must come that much earlier."""

    time_s: float
    output_s: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """What the model wrote for the slot at `beat`, in beats: it comes back into the band's inbox.

    `rung` is fresh, or tail where it is the second slot of a reply. Each note is (part, place in twelfths
    of a beat, degree or drum, velocity, twelfths long, micro-timing in classes); each chord of the slot
    before, this one and seven more is (name such as `7:m7`, empty for none; how sure). `number` is the ask's.
    """

    time_s: float
    beat: float
    rung: str
    notes: tuple[tuple[int, int, int, int, int, int], ...]
    chords: tuple[tuple[str, float], ...]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Readings:
    """What the audience's sensors say together: (level, weight) pairs, in the steps of `audience/mood.py`.

    A voice that is sure weighs 1000. Nobody speaks where both are empty.
    """

    time_s: float
    energy: tuple[tuple[int, int], ...] = ()
    valence: tuple[tuple[int, int], ...] = ()


Event = (
    NoteOn
    | NoteOff
    | Control
    | Bend
    | Program
    | ClockWord
    | Attack
    | Hue
    | PortLost
    | PortFound
    | Command
    | Fault
    | Latency
    | Phrase
    | Readings
)

# ------------------------------------------------------------------ the ask: what the band wants of the model


@dataclass(frozen=True, slots=True)
class Ask:
    """What the model must know to write the slot at `beat`; the notes are those of the slot before.

    Struck keys are (pitch, place in twelfths, velocity class), the band's own notes (part, place, pitch,
    velocity class, length class, micro-timing class).
    """

    beat: float
    place: int  # slots since the bar began
    bar_slots: int
    bpm: float
    struck: tuple[tuple[int, int, int], ...] = ()
    tied: tuple[int, ...] = ()  # pitches that sound on
    own: tuple[tuple[int, int, int, int, int, int], ...] = ()
    heard: bool = False  # the listener names a chord:
    root: int = 0
    quality: str = ""
    chart: tuple[str, ...] = ()  # of the slot before, this one, and on, as `7:m7`; empty: no chord
    compound: bool = False  # 6/8 and 12/8
    phrase: int = 0  # bar of eight, 1 first; 0: not said
    figure: str = "groove"
    section: int = 0  # 0: not said
    energy: float | None = None
    tension: float | None = None
    densities: tuple[float, ...] = (0.5,) * len(PARTS)  # -1: that part does not play
    style: str = ""
    blend_style: str = ""
    blend: float = 0.0
    wild: float = 0.3  # 0 safe, 1 wild
    again: int = 0  # another take on the same slot
    missed: tuple[int, ...] = ()  # keys struck before that, but after the ask before
    number: int = 0  # of the slot since the song began; 0 is a new song
    write: bool = True  # False: only hear it, to warm up


# ------------------------------------------------------------------ sends: what the sound process shall do


@dataclass(frozen=True, slots=True)
class On:
    """Sound a note at `time_s`; `id` names it for Off, Replace and Revoke and is never used twice."""

    id: int
    time_s: float
    part: str
    pitch: int
    velocity: int
    heard_s: float = 0.0  # the listening cut-off of the decision that made it or bound its pitch


@dataclass(frozen=True, slots=True)
class Off:
    """End note `id` at `time_s`."""

    id: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Replace:
    """Bind note `id` to another pitch, if it hasn't sounded yet (else it is left alone)."""

    id: int
    pitch: int
    heard_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Revoke:
    """Forget note `id` if it hasn't sounded yet; end it if it has."""

    id: int


@dataclass(frozen=True, slots=True)
class Click:
    """A count-in or metronome click on the click bus."""

    time_s: float
    accent: bool = False


@dataclass(frozen=True, slots=True)
class Hush:
    """End and forget every note of a part, or of the whole band where `part` is empty, now."""

    part: str = ""


@dataclass(frozen=True, slots=True)
class Panic:
    """End every note on every port, the performer's too, now."""


@dataclass(frozen=True, slots=True)
class Level:
    """Set a fader of the mixer: `master`, `click`, `performer`, `band` or a part; 0..1.5, 1 is unity."""

    name: str
    value: float
    over_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Dial:
    """Turn what is no fader: `tuning-hz`, `transpose` (the performer's keys, semitones), `mono`, `reverb`.

    `reverb/PART` is a part's share in the reverb.
    """

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Voice:
    """Give a part (or `performer`, all zones) another sound: of its font, or of the instrument at its port.

    Held notes ring on. What else belongs to a sound comes by `Recall`.
    """

    part: str
    bank: int
    program: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Take the sounds, zones, levels and tuning of another patch, a song's: held notes ring on.

    `patch` is `patch.as_table` in JSON. Its fonts must be among those loaded before the show
    (`patch.font_files`). Instruments at ports get bank, program and controllers.
    """

    patch: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A stroke on one output of the sound device, by its number from 1: for the soundcheck."""

    time_s: float
    output: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Where the band's clock is, for MIDI clock out: `beat` falls at `time_s`, going `bpm` quarters a minute.

    `place` is that beat counted in whole bars from the song's beginning, as a receiver counts them; where it
    is not `running`, only the tempo is told.
    """

    time_s: float
    bpm: float
    beat: float
    place: float
    running: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """These keys and controllers of the performer steer, and sound nowhere; all of them are named each time.

    Each is (a word of the port's name or nothing, note or control, its number, channel 1..16 or 0 for any).
    """

    rows: tuple[tuple[str, str, int, int], ...]


Send = (
    On | Off | Replace | Revoke | Click | Hush | Panic | Level | Dial | Voice | Recall | Ping | Pace | Claim
)

# ------------------------------------------------------------------ snapshots: how things are


@dataclass(frozen=True, slots=True)
class Feel:
    """How the performer plays, beyond which notes: None where nothing can be said yet."""

    swing: float | None = None  # how much of a pair the first one takes, 0.5 straight to 0.75,
    swinging: str = "eighths"  # of a pair of eighths or sixteenths
    pocket_s: float | None = None  # median distance of the strokes from the beat, above 0: behind it
    articulation: float | None = None  # how much of its time a note is held, 0 staccato to 1 legato
    low: int | None = None  # the register in use: nine tenths of the newest keys
    high: int | None = None
    left: float = 0.0  # onsets a second below and
    right: float = 0.0  # above the split between the hands
    phrase_s: float | None = None  # when the newest phrase ended
    stopped: bool = False  # they have stopped; not only a rest inside a phrase
    trend: float = 0.0  # intensity over the last bars, -1 falling to 1 rising


class Heard(NamedTuple):
    """What the humans play, as the listening room understands it at `time_s`.

    A tuple, because one is made every step, and a frozen dataclass of so many fields takes far longer.
    `pulse_bpm` counts felt pulses; `next_pulse_s` is a prediction, never in the past;
    `downbeat_in` is how many pulses after that one the next bar begins (0: it is the downbeat).
    """

    time_s: float
    state: str = "idle"  # idle, counting, locking, locked, coasting, lost
    pulse_bpm: float | None = None
    next_pulse_s: float | None = None
    confidence: float = 0.0  # 0..1: agreement on tempo and phase
    downbeat_in: int | None = None
    downbeat_confidence: float = 0.0
    octaves: tuple[tuple[float, float], ...] = ()  # (pulse_bpm, probability), best first
    source: str = ""  # what moves the beat: taps, midi, audio
    bpm_spread: float = 0.0  # how far the tempi that agree lie apart, in pulses a minute
    meter: Meter | None = None  # the likeliest of the allowed meters
    onset_s: float | None = None  # the newest key struck
    chord: Chord | None = None  # None: no chord worth naming
    chord_certainty: float = 0.0
    chord_s: float = 0.0  # since when this chord is believed
    guessed: bool = False  # nobody played it: a lone line calls for it
    ahead: Chord | None = None  # the chord expected next,
    ahead_certainty: float = 0.0  # how surely, 0..1,
    ahead_in: float | None = None  # and how many pulses from the next one on it is expected
    key: Key | None = None
    held: tuple[int, ...] = ()  # pitches sounding, pedal included, lowest first
    dynamics: float = 0.5  # 0..1 within this performer's own range
    density: float = 0.0  # onsets a second, chords counted once
    resting_s: float = 0.0  # how long nothing has sounded
    feel: Feel = Feel()


class Moment(NamedTuple):
    """Where the music is: the transport's snapshot at `now_s`; a tuple for the same reason."""

    now_s: float
    state: str  # off, armed, counting, playing, holding, ending
    beatmap: BeatMap
    beat: float  # beat 0 is the first downbeat after the count-in; negative while counting
    meter: Meter
    bar: int  # bars since the start, 0 first
    bar_beat: float  # the beat on which this bar began
    home_bpm: float
    entry: str = "full"  # full; hats: hats and pad only (free join, wrong one); none
    running: bool = False  # the clock runs and the band may play


@dataclass(frozen=True, slots=True)
class Solo:
    """Somebody's bars while you trade: the performer's (`you`) or a part's."""

    part: str
    beat: float  # where these bars begin
    bar: int  # of them are over
    bars: int  # how many they are
    question: tuple[tuple[float, int], ...] = ()  # what is answered: beats since it began, and pitch


@dataclass(frozen=True, slots=True)
class Slot:
    """One eighth note that a part is asked to fill."""

    beat: float  # where the slot begins
    bar: int
    bar_beat: float  # where its bar begins
    meter: Meter
    bpm: float
    section: int = 2  # 1 quiet, 2 normal, 3 big
    figure: str = "groove"  # groove, intro, fill, break, hits, hit (final stroke), rest
    figure_beat: float = 0.0  # where that figure begins
    figure_beats: float = 0.0  # and how long it lasts
    crash: bool = False  # a crash is welcome on this bar's downbeat
    energy: float = 0.5
    density: float = 0.5
    entry: str = "full"
    swing: float | None = None  # a ratio that overrides the style's own
    performer_low: int | None = None  # the octaves the performer uses
    performer_high: int | None = None
    hits: tuple[float, ...] = ()  # where in the bar an accent of the performer's is expected, in beats
    variation: float = 0.0  # the audience: added to the energy by which bars are chosen,
    loudness: float = 1.0  # a factor of how hard everything is struck,
    register: int = 0  # how many semitones the chord players go up,
    brightness: float = 0.0  # and -1 dark to 1 bright, how chords are coloured
    solo: Solo | None = None  # whose bars these are, where you trade
    seed: int = 0

    @property
    def place(self) -> float:
        """Beats since the bar began."""
        return self.beat - self.bar_beat


@dataclass(frozen=True, slots=True)
class Note:
    """A note that a part wants: its place is fixed early, its pitch as late as possible.

    `tone` says what to play: a drum name (`kick`), or a degree that `parts.bind` turns into a
    pitch when the note is sent (`1`, `5`, `approach`, `v0`).
    """

    part: str
    beat: float
    beats: float
    tone: str
    velocity: int
    offset_s: float = 0.0  # push or lay-back, humanise


@dataclass(frozen=True, slots=True)
class Status:
    """What a screen may show; published about 20 times a second and when something changes."""

    time_s: float
    state: str
    rig: str = "main"
    song: str = ""
    style: str = ""
    bpm: float = 0.0  # in pulses
    home_bpm: float = 0.0
    confidence: float = 0.0
    tracker: str = "idle"
    heard_bpm: float = 0.0  # the performer's own tempo in pulses, as it is heard; 0: none is
    source: str = ""  # what moves the beat: taps, midi, audio
    bar: int = 0  # as a musician counts: 1 is the first; 0 and below in the count-in
    pulse: int = 0  # 1 is the downbeat
    meter: str = "4/4"
    section: int = 2
    section_name: str = ""  # in a song with a form
    bars_left: int = 0  # of that section; the one under way counts
    next_section: str = ""
    setlist: str = ""
    entry: str = ""  # where on the list: 3/12
    pause: str = ""  # walk-in, break, encore: nothing sounds
    note: str = ""  # what the list says there
    next_song: str = ""
    first_chord: str = ""  # of the song that is due
    plan: str = ""  # the bars that come, as a chart: of the song, or of the loop that was learnt
    plan_source: str = ""  # chart, loop, or nothing: the band listens
    chord: str = ""
    guessed: bool = False  # nobody played that chord: the band made it up under a lone line
    next_chord: str = ""
    key: str = ""
    beat0_s: float | None = None  # when bar 1 begins or began, on the shared clock
    figure: str = ""
    parts: dict[str, str] = field(default_factory=dict)  # part: on, off or waiting
    params: dict[str, float | str] = field(default_factory=dict)
    rung: str = "understudy"
    counters: dict[str, int] = field(default_factory=dict)
    alarm: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    beat: float = 0.0  # where the music is, from bar 1 on
    levels: dict[str, float] = field(default_factory=dict)  # part, you and main: how loud lately, 0..1
    # new since the last snapshot: part (yours: you), pitch, beat, beats (0: held still), velocity
    notes: tuple[tuple[str, int, float, float, int], ...] = ()
    sounds: dict[str, str] = field(default_factory=dict)  # part: the name of its sound
    density: dict[str, float] = field(default_factory=dict)
    reverb: dict[str, float] = field(default_factory=dict)  # part: its share in it
    muted: tuple[str, ...] = ()
    soloed: tuple[str, ...] = ()
    pending: tuple[tuple[str, float], ...] = ()  # what is to come: its name, and the beat on which it lands
    undo: str = ""  # what `undo` would do now
    rungs: dict[str, int] = field(default_factory=dict)  # of the model: eighths played on each
    place: int = 0  # the line of the setlist that is due or plays, from 0
    devices: dict[str, str] = field(default_factory=dict)  # out, in: the sound devices by name
    latency_ms: float = 0.0  # from the synth to the loudspeaker
    events: tuple[str, ...] = ()  # the newest alarms, each with its time of day
    outlook: tuple[tuple[float, str, bool], ...] = ()  # changes that come: beat, chord, whether it is settled
    leash: float = 0.0  # how far from home the tempo may go, as a share of it; 0: anywhere
    set_s: float = 0.0  # since the rig began to play tonight
    energy: float = 0.5  # how hard the band plays, 0 to 1: the parameter, your dynamics, the audience
    activity: dict[str, float] = field(default_factory=dict)  # part: notes a beat, over the last bar
    # the audience's mood: energy, valence, confidence, voices; governed energy and valence; its pull
    mood: dict[str, float] = field(default_factory=dict)
    mood_state: str = ""  # held, vetoed
    trade: str = ""  # whose bars these are and how many are left with this one: you 3, drums 2
    suggestion: str = ""  # the song that would suit the audience next; nobody has to play it


@dataclass(frozen=True, slots=True)
class RigReady:
    """How the rig is, as its supervisor sees it: told to its visitors once a second. Counters only grow."""

    time_s: float
    load: dict[str, float] = field(default_factory=dict)  # process: its share of one core, lately
    restarts: dict[str, int] = field(default_factory=dict)  # process: how often it was started again
    log: tuple[str, ...] = ()  # the newest lines, the last one said last
    # the setlist: title, what it is in words, its energy drawn, its length in seconds
    setlist: tuple[tuple[str, str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SoundReady:
    """How the sound process is: sent to each client as it connects, and when something changes.

    `output_latency_s` is the way from the synth to the loudspeaker: a send due at t that comes at
    least so early, and a block more, sounds at t. Counters only grow.
    """

    time_s: float
    device: str = ""  # empty: no sound device; the band plays on MIDI outputs alone
    rate_hz: int = 0
    block_frames: int = 0
    channels: int = 0  # outputs of the sound device that we play on
    output_latency_s: float = 0.0
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    scheduling: dict[str, str] = field(default_factory=dict)  # audio, sender, main: fifo or normal
    xruns: int = 0
    late: int = 0  # notes that came more than 5 ms past their time
    dropped: int = 0  # notes that came too late to be played at all
    echoes: int = 0  # our own notes, sent back by a keyboard
    limited: int = 0  # blocks in which the limiter had to work
    fault: str = ""  # what is wrong now


@dataclass(frozen=True, slots=True)
class EarsReady:
    """How the ears are: sent to each client as it connects, and when something changes.

    `latency_s` is the way from the microphone to us, as the device says; stamps are minus that already.
    Counters only grow.
    """

    time_s: float
    device: str = ""  # empty: nothing is heard
    rate_hz: int = 0
    latency_s: float = 0.0
    stumbles: int = 0  # blocks that the device lost
    overruns: int = 0  # times that the analysis came so late that sound was lost
    late: int = 0  # times that it fell behind, and caught up
    fault: str = ""  # what is wrong now


@dataclass(frozen=True, slots=True)
class OscReady:
    """How the OSC door is: told to the band when something changes. Counters only grow."""

    time_s: float
    address: str = ""  # where it stands open; empty: it doesn't
    packets: int = 0
    refused: int = 0  # packets of senders that are not allowed
    malformed: int = 0  # packets and values that nobody can read, or that are out of range
    dropped: int = 0  # messages that a newer one of the same address overtook, or that were too many
    voices: int = 0  # sensors that speak now
    fault: str = ""  # what is wrong now


@dataclass(frozen=True, slots=True)
class Store:
    """Values to be written into a song's file, because the performer asked: by table, then key.

    `table` is where the song stands in the file, "" for a file of its own.
    """

    path: str
    table: str
    values: dict[str, dict[str, float | str]]


@dataclass(frozen=True, slots=True)
class StoreMap:
    """What a performer taught the band about a device, for that device's map: a row of `maps.py`, as a table.

    Without a row: nothing of any device moves `forget` any more.
    """

    device: str = ""
    row: dict[str, float | str] = field(default_factory=dict)
    forget: str = ""


@dataclass(frozen=True, slots=True)
class FixedBeat:
    """A beat of the band's clock whose place can no longer change: decided at `decided_s`."""

    beat: float
    time_s: float
    decided_s: float
    downbeat: bool


class Outbox(NamedTuple):
    """Everything one step of the band decided; a tuple for the same reason as `Heard`."""

    sends: tuple[Send, ...] = ()
    beats: tuple[FixedBeat, ...] = ()
    status: Status | None = None
    state: dict[str, Any] | None = None  # to be saved, once a bar
    stores: tuple[Store | StoreMap, ...] = ()  # to be written, off the hot path
    done: bool = False  # the band was asked to go home, and has ended
    asks: tuple[Ask, ...] = ()  # to the model
