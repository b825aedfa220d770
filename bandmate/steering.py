"""Steering: what a command does to transport, form and line-up, at which musical place.

Commands come from console, OSC, pedals and shell alike, as rows of `controls.py`. Runs inside
`Band.step`; returns the sends that a command causes at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bandmate import (
    controls,
    cues,
    labels,
    landing,
    mixing,
    mooding,
    night,
    pedalboard,
    starting,
    synced,
    trading,
    undoing,
)
from bandmate.closing import FOREVER, silence, strike
from bandmate.errors import BandmateError
from bandmate.events import Attack, Command, Note, NoteOn, Panic, Send
from bandmate.form import STROKES
from bandmate.lineup import all_in, bring_in, less, line, more, next_player, rest, set_clock
from bandmate.timing import TEMPI, Meter

if TYPE_CHECKING:
    from bandmate.band import Band

HATS = frozenset({"hat", "hat-open", "hat-pedal", "ride", "shaker", "side-stick"})
MOST_VELOCITY = 127
PLAYABLE = f"{TEMPI[0]:g} to {TEMPI[1]:g} pulses a minute"


def steer(band: Band, now_s: float, command: Command) -> list[Send]:
    """Take one command, for now or its place; an unknown one becomes the alarm line, never an exception."""
    try:
        name, value = controls.check(command.name, command.value)
    except BandmateError as error:
        band.alarm(now_s, str(error))
        return []
    if command.place not in ("", *controls.PLACES):
        band.alarm(now_s, f"{name} cannot land on {command.place!r}, only on: {', '.join(controls.PLACES)}")
        return []
    if synced.refuses(band, now_s, name):
        return []
    if landing.wait(band, now_s, replace(command, value=value)):
        return []
    return carry_out(band, now_s, replace(command, value=value))


def carry_out(band: Band, now_s: float, command: Command) -> list[Send]:
    """What a command does, now that its place has come; and how it would be taken back."""
    band.steered += 1
    before = undoing.state(band)
    band.soon = command.place
    sends = _obey(band, now_s, command)
    band.soon = ""
    if command.name != "undo":
        undoing.note(band, now_s, command, before)
    return sends


def _undo(band: Band, now_s: float) -> list[Send]:
    """The newest thing asked for: what hasn't landed yet will not; a change is taken back."""
    if undoing.calls_off(band):
        band.pending.pop()
        return []
    if not band.undoing:
        band.alarm(now_s, "there is nothing to take back")
        return []
    step = band.undoing.pop()
    if step.thin is not None:
        band.form.thin = step.thin
    sends = rest(band, now_s, step.came) if step.came else []
    for name, value in step.values.items():
        sends += set_param(band, now_s, name, value)
    return sends


def _obey(band: Band, now_s: float, command: Command) -> list[Send]:
    name, value = command.name, command.value
    if value is not None:
        sends = set_param(band, now_s, name, value)
        mooding.by_hand(band, name)
        return sends
    mooding.by_hand(band, name)
    if name in PRESSED:  # what matters is when it was pressed, not when we heard of it
        return PRESSED[name](band, now_s, min(command.time_s, now_s))
    return ACTIONS[name](band, now_s)


def set_param(band: Band, now_s: float, name: str, value: controls.Value) -> list[Send]:
    """A parameter's new value, taken at the place where it makes musical sense."""
    if name == "style" and str(value) not in band.styles:
        band.alarm(now_s, f"there is no style {value!r}; there are: {', '.join(sorted(band.styles))}")
        return []
    transport = band.transport
    if name == "meter" and transport.state not in ("off", "armed"):
        band.alarm(now_s, f"the meter stays {transport.meter} while the band plays; end the song first")
        return []
    band.params |= controls.settled({name: value})
    if name in ("follow", "inertia", "clock", "style"):
        set_clock(band)
    elif name == "bpm":
        labels.set_tempo(transport, now_s, float(value))
    elif name == "count-in":
        transport.count_in_bars = int(float(value))
    elif name == "join":
        transport.join_free = value == "free"
    elif name == "meter":
        transport.meter = Meter.parse(str(value))
        band.listener.set_meter(transport.meter)
    elif name == "key":
        band.pin_key()
    elif name == "transpose":
        return [*cues.transpose(band, now_s, int(float(value))), *mixing.set_mix(band, name)]
    elif name == "jump":
        return cues.jump(band, now_s, str(value))
    elif name == "song":
        return _end_first(band, now_s, cues.named_song(band, now_s, str(value)))
    elif name == "section":
        _set_section(band, now_s, int(float(value)))
    elif name == "learn":
        return pedalboard.begin_lesson(band, now_s, str(value))
    elif name == "forget":
        return pedalboard.forget(band, now_s, str(value))
    elif name in mixing.FADERS or name in mixing.DIALS or name == "transpose-keys":
        return mixing.set_mix(band, name)
    elif name.startswith("part/"):
        return _set_part(band, now_s, name, float(value))
    return []


def counted(band: Band, stroke: NoteOn | Attack) -> list[Command]:
    """The taps of a count that was struck or spoken into a microphone, where that may count us in."""
    if band.params["count-by"] != "sound" or band.transport.state != "armed":
        band.count.forget()
        return []
    strength = stroke.strength if isinstance(stroke, Attack) else stroke.velocity / MOST_VELOCITY
    wanted = band.taps_wanted or starting.taps_wanted(band.transport)
    taps_s = band.count.hear(stroke.time_s, strength, wanted)
    if taps_s:
        band.transport.taps_s = []  # a count is of one kind
    return [Command(tap_s, "tap", source="sound") for tap_s in taps_s]


def _set_section(band: Band, now_s: float, section: int) -> None:
    """A section begins on a bar line; before the start, at once."""
    if band.transport.running:
        band.transport.section_beat = line(band, now_s)
        band.form.at(line(band, now_s), lambda: band.form.to_section(section), "section")
    else:
        band.form.to_section(section)


def _set_part(band: Band, now_s: float, name: str, value: float) -> list[Send]:
    _, part, what = name.split("/")
    if what in ("level", "program", "reverb"):
        return mixing.set_mix(band, name)
    if what in ("mute", "solo"):
        return mixing.hush(band, now_s)
    if what != "on":
        return []
    if part not in band.patch.parts:
        band.alarm(now_s, f"{part} is not in the patch {band.patch.name!r}; add it to its 'parts'")
        return []
    return bring_in(band, now_s, [part]) if value >= 0.5 else rest(band, now_s, {part})


def _cue(name: str) -> Callable[[Band, float], list[Send]]:
    def cue(band: Band, now_s: float) -> list[Send]:
        transport = band.transport
        if not transport.running:
            return []
        moment = transport.moment(now_s)
        if name in STEPS and band.road.song is not None:
            return cues.section(band, now_s, STEPS[name])
        if band.road.song is not None:
            cues.stay(band, now_s, name)
        soon = landing.soon(band, moment.beat)
        if soon is None:
            band.form.cue(name, moment, transport.next_bar, transport.later)
        else:
            band.form.cue_soon(name, moment, soon, transport.next_bar(moment.beat, 0.5), transport.later)
        if name in STEPS:
            transport.section_beat = transport.next_bar(moment.beat, moment.meter.pulse_beats)
        if name in STROKES:
            transport.begin_ending()
            cues.land(band)
        return []

    return cue


def _ending(band: Band, now_s: float) -> list[Send]:
    """One press ends on one, or as the song says; where there is no bar to wait for, now."""
    if band.transport.state in ("holding", "counting") or band.transport.by_hand:
        return silence(band, now_s)
    song = band.road.song
    wanted = "button" if song is None or band.transport.state == "ending" else song.ending
    return ENDINGS[wanted](band, now_s)


def _to_song(name: str) -> Callable[[Band, float], list[Send]]:
    def to_song(band: Band, now_s: float) -> list[Send]:
        """Where a song plays and the next one doesn't follow on its heels, it ends first."""
        return _end_first(band, now_s, cues.ACTIONS[name](band, now_s))

    return to_song


def _end_first(band: Band, now_s: float, sends: list[Send]) -> list[Send]:
    if band.night.then is None or band.transport.state in ("off", "armed"):
        return sends
    if band.transport.state == "counting":  # nothing has been played: there, at once
        return [*sends, *silence(band, now_s)]
    return [*sends, *_ending(band, now_s)]


def _fade(band: Band, now_s: float) -> list[Send]:
    if not band.transport.running:
        return []
    band.transport.begin_ending()
    return [band.form.fade(band.transport.moment(now_s))]


def _ritard(band: Band, now_s: float) -> list[Send]:
    """From here on the performer's chords are the beat."""
    if band.transport.state != "playing":
        return []
    band.transport.begin_ending()
    band.form.ending = "ritard"
    band.struck_s = now_s
    soon = band.transport.beatmap.beat_at(now_s) + 0.5
    band.scheduler.drop(lambda note: note.beat < soon)
    return []


def _hold(band: Band, now_s: float) -> list[Send]:
    transport = band.transport
    if transport.state == "holding":
        sends = band.scheduler.cut(now_s, lambda note: True)
        transport.resume(now_s)
        band.begin_slots()
        return sends
    if transport.state != "playing":
        return []
    transport.hold(now_s)
    band.held_at_hold = band.heard.resting_s <= 0
    band.scheduler.drop(lambda note: False)
    band.scheduler.sustain(FOREVER)
    if not any(s.note.part != "drums" and s.off_s is None for s in band.scheduler.sounding.values()):
        strike(band, now_s, FOREVER)
    return []


def _relabel(name: str) -> Callable[[Band, float, float], list[Send]]:
    def relabel(band: Band, now_s: float, pressed_s: float) -> list[Send]:
        """Kick, snare and bass stop, hats keep the pulse, nobody hears an odd bar."""
        if not band.transport.running:
            return []
        labels.relabel(band.transport, now_s, pressed_s, name)
        band.form.figures.clear()

        def stays(note: Note) -> bool:
            return note.part == "drums" and note.tone in HATS

        band.scheduler.drop(stays)
        return band.scheduler.cut(now_s, lambda note: note.part != "drums")

    return relabel


def _scale(ratio: float) -> Callable[[Band, float], list[Send]]:
    def scale(band: Band, now_s: float) -> list[Send]:
        if band.transport.running and not labels.scale(band.transport, now_s, ratio):
            name = "half" if ratio < 1 else "double"
            band.alarm(now_s, f"{name} time would be no tempo for a band, which plays {PLAYABLE}")
        return []

    return scale


def _arm(band: Band, now_s: float) -> list[Send]:
    if not _silent(band, now_s):
        band.transport.arm()
    return []


def _silent(band: Band, now_s: float) -> bool:
    """Whether this is a pause of the evening, in which nothing starts; says so."""
    if band.night.pause:
        band.alarm(now_s, f"{band.song}: nothing sounds here; `next-song` goes on")
    return bool(band.night.pause)


def _start(band: Band, now_s: float) -> list[Send]:
    if _silent(band, now_s):
        return []
    if band.transport.state in ("off", "armed"):
        starting.start(band.transport, now_s)
        night.begin(band)
    elif band.transport.state == "holding":
        return _hold(band, now_s)
    return []


def _tap(band: Band, now_s: float, pressed_s: float) -> list[Send]:
    before = band.transport.state
    if _silent(band, now_s):
        return []
    if not starting.tap(band.transport, now_s, pressed_s, band.taps_wanted):
        band.alarm(now_s, f"these taps are no tempo for a band, which plays {PLAYABLE}; tap again")
    if before == "armed" and band.transport.state == "counting":
        night.begin(band)
    return []


def _press(band: Band, now_s: float, pressed_s: float) -> list[Send]:
    """The one switch, pressed by somebody who has no pedal."""
    return ACTIONS["next-section"](band, now_s) if band.transport.running else _tap(band, now_s, pressed_s)


def _join(band: Band, now_s: float) -> list[Send]:
    if _silent(band, now_s):
        return []
    band.params["join"] = "free"
    band.transport.join_free = True
    band.transport.arm()
    return []


def _again(band: Band, now_s: float) -> list[Send]:
    if band.mind is not None:
        band.mind.again += 1
    return []


def _not_that(band: Band, now_s: float) -> list[Send]:
    if band.mind is not None:
        part = band.mind.not_that()
        if part:
            band.alarm(now_s, f"less of the {part} from now on")
    return []


def _panic(band: Band, now_s: float) -> list[Send]:
    band.scheduler.hush()
    return [Panic()]


def _quit(band: Band, now_s: float) -> list[Send]:
    """An ending where the band plays; asked again, or in any other state: now."""
    again, band.quitting = band.quitting, True
    if band.transport.state == "playing" and not again:
        return _ending(band, now_s)
    if band.transport.state == "ending" and not again:
        return []
    return silence(band, now_s) if band.transport.state != "off" else []


STEPS = {"next-section": 1, "previous-section": -1}
ENDINGS: dict[str, Callable[[Band, float], list[Send]]] = {
    "button": _cue("ending"), "tag": _cue("tag"), "vamp-out": _cue("vamp-out"), "fade": _fade,
    "ritard": _ritard,
}  # fmt: skip
ACTIONS: dict[str, Callable[[Band, float], list[Send]]] = {
    "arm": _arm,
    "disarm": lambda band, now_s: silence(band, now_s),
    "start": _start,
    "join": _join,
    "ending": _ending,
    "tag": _cue("tag"),
    "ritard": _ritard,
    "fade": _fade,
    "vamp-out": _cue("vamp-out"),
    "stop": lambda band, now_s: silence(band, now_s),
    "hold": _hold,
    "fill": _cue("fill"),
    "break": _cue("break"),
    "hits": _cue("hits"),
    "next-section": _cue("next-section"),
    "previous-section": _cue("previous-section"),
    "trade": trading.trade,
    "half-time": _scale(0.5),
    "double-time": _scale(2.0),
    "next-player": next_player,
    "lay-out": lambda band, now_s: rest(band, now_s, set(band.form.members) - {"drums"}),
    "all-in": all_in,
    "more": more,
    "less": less,
    "again": _again,
    "not-that": _not_that,
    "undo": _undo,
    "hold-mood": mooding.hold,
    "veto": mooding.veto,
    "panic": _panic,
    "quit": _quit,
    **cues.ACTIONS,
    "next-song": _to_song("next-song"),
    "previous-song": _to_song("previous-song"),
}
PRESSED: dict[str, Callable[[Band, float, float], list[Send]]] = {
    "tap": _tap,
    "cue": _press,
    "this-is-one": _relabel("this-is-one"),
    "beat-forward": _relabel("beat-forward"),
    "beat-back": _relabel("beat-back"),
    "flip": _relabel("flip"),
}
