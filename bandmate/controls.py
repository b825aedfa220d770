"""The one table of everything that can be steered: parameters (they stay) and actions (they happen).

Console, OSC, pedals, patches, `bandmate send` and the documentation all read this table; no
surface has a list of its own. Pure data, any process; imports nothing of ours but errors and names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from bandmate.errors import BandmateError
from bandmate.events import PARTS
from bandmate.harmony import Key
from bandmate.timing import METERS, TEMPI

Value = float | str

AUTO_KEY = "auto"
KEYS = tuple(str(Key(tonic, minor)) for tonic in range(12) for minor in (False, True))


@dataclass(frozen=True, slots=True)
class Param:
    """A thing with a value: a number in a range, or one of some words.

    `when` says at which musical place a new value is heard. `curve` is how a knob goes through the range:
    linear; log, by equal ratios; fader, as loudness is felt. With a `step` only whole steps from `low`.
    """

    name: str
    low: float
    high: float
    default: Value
    unit: str
    help: str
    choices: tuple[str, ...] = ()
    kind: Literal["param"] = "param"
    when: str = "now"
    curve: str = "linear"
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class Action:
    """A thing that happens: `when` says at which musical place."""

    name: str
    when: str
    help: str
    kind: Literal["action"] = "action"


# how the band keeps time with you: follow, inertia
CLOCKS: dict[str, tuple[float, float]] = {
    "click-tight": (0.1, 0.75), "band": (0.35, 0.5), "follow-me": (0.8, 0.5), "rubato": (1.0, 0.0),
}  # fmt: skip
OWN_CLOCK = "own"

# what `play --mood` means: energy, density, and by how much every section is quieter or bigger
MOODS: dict[str, tuple[float, float, int]] = {
    "calm": (0.2, 0.35, -1), "warm": (0.4, 0.45, 0), "bright": (0.6, 0.55, 0), "driving": (0.85, 0.65, 1),
}  # fmt: skip

ROWS: tuple[Param, ...] = (
    Param("bpm", *TEMPI, 112, "pulses a minute", "tempo; while playing it sets a new home tempo"),
    Param("follow", 0, 1, 0.35, "", "how far you move the band's tempo; 1 lifts the leash"),
    Param("inertia", 0, 1, 0.5, "", "how slowly the tempo moves: 0.5 at most 3 % a pulse, 0 15 %, 1 0.6 %"),
    Param("clock", 0, 0, OWN_CLOCK, "", "sets follow and inertia; own: by hand", (OWN_CLOCK, *CLOCKS)),
    Param("energy", 0, 1, 0.5, "", "how hard the band plays, around your own dynamics"),
    Param("density", 0, 1, 0.5, "", "how many notes the band plays"),
    Param("wild", 0, 1, 0, "", "how far the model dares to go: 0 safe, 1 wild"),
    Param("tension", 0, 1, 0.5, "", "how far the model goes outside the chord; 0.5 leaves it to the style"),
    Param("blend", 0, 1, 0, "", "how much of blend-style the model mixes into the style"),
    Param("blend-style", 0, 0, "", "", "another style to blend with, by name; empty: none"),
    Param("swing", 0.5, 0.75, 0.5, "ratio", "where the off-beat falls; 0.5 leaves it to the style"),
    Param("section", 1, 3, 2, "", "1 quiet, 2 normal, 3 big"),
    Param("trade-bars", 0, 0, "4", "bars", "how many bars each has while you trade", ("2", "4", "8")),
    Param("count-in", 0, 4, 1, "bars", "bars counted before the music; 0 starts at once"),
    Param("count-by", 0, 0, "taps", "", "what counts you in; sound: also a microphone", ("taps", "sound")),
    Param("meter", 0, 0, "4/4", "", "beats in a bar; taken while the band isn't playing", METERS),
    Param("style", 0, 0, "pop-rock", "", "the style the band plays, by name"),
    Param("key", 0, 0, AUTO_KEY, "", "the key you play in; auto: the band listens for it", (AUTO_KEY, *KEYS)),
    Param("transpose", -12, 12, 0, "semitones", "the song's chart in another key, from the next bar on"),
    Param("song", 0, 0, "", "", "a song of the setlist, by title or number; when this one has ended"),
    Param("jump", 0, 0, "", "", "to a section of the song by its name, on the next bar line"),
    Param("join", 0, 0, "count", "", "how the band starts with you", ("count", "free")),
    Param("on-rest", 0, 0, "down", "", "what the band does when you rest", ("keep", "down", "vamp")),
    Param("authority", 0, 100, 50, "%", "how much say the audience has; 0 none"),
    Param("mood-energy", 0, 1, 0.5, "", "the mood's energy where no sensor speaks; the audience moves it"),
    Param("valence", -1, 1, 0, "", "the mood where no sensor speaks: -1 dark, 1 bright"),
    Param("crowd-floor", 0, 1, 0, "", "the audience never pulls the energy below this"),
    Param("crowd-ceiling", 0, 1, 1, "", "nor above this"),
    Param("crowd-change", 0.02, 1, 0.25, "a bar", "how fast the audience may move the energy"),
    Param("master", 0, 1, 0.9, "", "main volume"),
    Param("performer", 0, 1.5, 1.0, "", "volume of your own sound"),
    Param("click", 0, 1.5, 1.0, "", "volume of the click, on the click bus only"),
    Param("mono", 0, 1, 0, "", "1: both sides of the main output play the same"),
    Param("reverb", 0, 1, 0.3, "", "how loud the reverb comes back"),
    Param("tuning-hz", 430, 450, 440, "Hz", "the a' that the built-in sounds are tuned to; drums never are"),
    Param("transpose-keys", 0, 1, 0, "", "1: your own keys sound transposed, too"),
    Param("sync", 0, 0, "off", "", "whose clock it is; midi: an outside MIDI clock decides", ("off", "midi")),
    Param("learn", 0, 0, "", "", "a parameter or action whose knob, key or pedal you move now; empty: none"),
    Param("forget", 0, 0, "", "", "a parameter or action that no knob, key or pedal moves any more"),
    Param("metronome", 0, 0, "count-in", "", "when the click sounds", ("never", "count-in", "always")),
    *(
        row
        for part in PARTS
        for row in (
            Param(f"part/{part}/on", 0, 1, 1, "", f"{part}: 1 plays, 0 lays out"),
            Param(f"part/{part}/level", 0, 1.5, 1.0, "", f"{part}: volume"),
            Param(f"part/{part}/mute", 0, 1, 0, "", f"{part}: 1 plays on unheard, and is back at once"),
            Param(f"part/{part}/solo", 0, 1, 0, "", f"{part}: 1 is heard alone, or with other soloists"),
            Param(f"part/{part}/density", 0, 1, 0.5, "", f"{part}: how many notes"),
            Param(f"part/{part}/reverb", -1, 1, -1, "", f"{part}: its share in the reverb; -1: the patch's"),
            Param(f"part/{part}/program", -1, 127, -1, "", f"{part}: a sound of its bank; -1: the patch's"),
        )
    ),
)

# the musical place at which a new value is heard; what isn't named: now. A name after a slash: of every part
HEARD_AT: dict[str, tuple[str, ...]] = {
    "next eighth": ("density", "wild", "tension", "blend", "blend-style", "swing", "style", "metronome",
                    "/density"),
    "next pulse": ("follow", "inertia", "clock"),
    "next bar": ("energy", "section", "transpose", "jump", "on-rest"),
    "in: next bar, out: now": ("/on",),
    "next count-in": ("count-in",),
    "next trade": ("trade-bars",),
    "next start": ("join",),
    "while stopped": ("meter",),
    "after this song": ("song",),
}  # fmt: skip
CURVES = {"bpm": "log"} | dict.fromkeys(("master", "performer", "click", "/level"), "fader")
WHOLE = frozenset({  # whole numbers only
    "section", "count-in", "transpose", "transpose-keys", "mono", "/on", "/mute", "/solo", "/program",
})  # fmt: skip


def _shaped(row: Param) -> Param:
    """A row with the musical place, the curve and the steps that the tables above have for it."""
    name = f"/{row.name.rpartition('/')[2]}" if row.name.startswith("part/") else row.name
    when = next((place for place, names in HEARD_AT.items() if name in names), row.when)
    step = 1.0 if name in WHOLE else row.step
    return replace(row, when=when, curve=CURVES.get(name, row.curve), step=step)


PARAMS: tuple[Param, ...] = tuple(_shaped(row) for row in ROWS)
ACTIONS: tuple[Action, ...] = (
    Action("arm", "now", "get ready: from OFF to ARMED"),
    Action("disarm", "now", "back to OFF; nothing sounds, whatever is played"),
    Action("start", "now", "the band counts in and plays"),
    Action("tap", "now", "tap the count-in, in pulses; while playing: tap the tempo"),
    Action("cue", "now", "the one switch: taps; while playing a fill and the next section; held: ending"),
    Action("join", "now", "listen and come in by itself (free join)"),
    Action("ending", "next bar, again: now", "end with a stroke on one, or as the song says"),
    Action("tag", "next bar", "repeat the last four bars twice more, then end"),
    Action(
        "ritard",
        "now",
        "each chord of yours sets the next beat; the last one is released with yours",
    ),
    Action("fade", "now", "fade out over four bars, then end"),
    Action("vamp-out", "next bar", "repeat two bars, thinner each time, and end after eight"),
    Action("stop", "now", "stop at once, cleanly"),
    Action("hold", "now", "fermata: the clock stops, the chord stands; again: one bar counted, a tempo"),
    Action("fill", "next bar", "a fill into the next bar"),
    Action("break", "next bar", "everyone rests for a bar, or plays the style's break"),
    Action("hits", "next bar", "a bar of accents, everyone together"),
    Action("next-section", "next bar", "fill, then the song's next section; without a song, a bigger one"),
    Action("previous-section", "next bar", "back to the section before, or to a quieter one"),
    Action(
        "trade",
        "next phrase, again: end of round",
        "trade fours: you have four bars, then the lead, or the drums without one, and so on",
    ),
    Action("repeat", "end of section", "the song's section once more"),
    Action("vamp", "end of section", "the section again and again, until the next cue; again: as written"),
    Action("mark", "now", "mark this bar of the song"),
    Action("to-mark", "next bar", "back to the bar that was marked"),
    Action("key-up", "next bar", "the chart a half step up"),
    Action("key-down", "next bar", "the chart a half step down"),
    Action("next-song", "next bar", "the next song of the setlist; while one plays, it ends first"),
    Action("previous-song", "next bar", "the song before; while one plays, it ends first"),
    Action("store", "now", "write tempo, mix and sounds into the song's file"),
    Action("store-chart", "now", "write the loop that was learnt into the song's file, as its chart"),
    Action("this-is-one", "now", "this beat is the downbeat"),
    Action("beat-forward", "now", "the count moves on by one beat"),
    Action("beat-back", "now", "the count moves back by one beat"),
    Action("flip", "now", "the count moves by half a beat: off-beats become beats"),
    Action("half-time", "next beat", "half the tempo"),
    Action("double-time", "next beat", "twice the tempo"),
    Action("next-player", "next bar", "the next player comes in"),
    Action("lay-out", "now", "everyone but the drums rests"),
    Action("all-in", "next bar", "everyone plays"),
    Action("more", "now", "one step more"),
    Action("less", "now", "keys, pad and lead rest, drums go to hat and side stick; again: bass only"),
    Action("again", "next eighth", "the model offers another take on what comes next"),
    Action("not-that", "now", "the model does less of what it just did, for this song"),
    Action("undo", "now", "take the last change back; again: the one before"),
    Action("hold-mood", "now", "the audience's mood stays as it is; again: it moves"),
    Action("veto", "next beat", "the audience has no say; again: it has, from the middle on"),
    Action("panic", "now", "end every note on every port"),
    Action("quit", "next bar", "an ending where the band plays, then the rig goes home"),
)

PLACES = ("now", "beat", "bar", "section")  # where a command may ask to land
# those that ask for a bar line by themselves, and those that happen at once; all others know no place
CUES = frozenset({
    "fill", "break", "hits", "next-section", "previous-section", "ending", "tag", "vamp-out", "next-player",
    "all-in", "section", "jump", "transpose",
})  # fmt: skip
TURNS = frozenset({
    "more", "less", "lay-out", "fade", "style", "energy", "density", "swing", "wild", "tension", "blend",
    "blend-style", "reverb", "master",
})  # fmt: skip

BY_NAME: dict[str, Param] = {row.name: row for row in PARAMS}
ACTION_NAMES = frozenset(row.name for row in ACTIONS)


def check(name: str, value: Value | None) -> tuple[str, Value | None]:
    """A name and a value as the band takes them, or BandmateError with what is wrong.

    A name that is both (join) is an action where no value comes with it.
    """
    if name in ACTION_NAMES and value is None:
        return name, None
    row = BY_NAME.get(name)
    if row is None:
        if name in ACTION_NAMES:
            raise BandmateError(f"{name} is an action and takes no value, but got {value!r}")
        raise BandmateError(f"{name!r} is not a parameter or action; `bandmate params` lists them")
    if value is None:
        raise BandmateError(f"{name} needs a value: {span(row)}")
    if isinstance(row.default, str):
        text = f"{value:g}" if row.choices and isinstance(value, float) else str(value)
        if not isinstance(value, str) and text not in row.choices:
            raise BandmateError(f"{name} cannot be {value!r}; it takes {span(row)}")
        if row.choices and text not in row.choices:
            raise BandmateError(f"{name} cannot be {text!r}; it takes {span(row)}")
        return name, text
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (ValueError, TypeError):
        number = float("nan")
    if not row.low <= number <= row.high:
        raise BandmateError(f"{name} cannot be {value!r}; it takes {span(row)}")
    return name, number


def settled(params: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters of one source with what their `clock` means; follow and inertia themselves go before it."""
    preset = CLOCKS.get(str(params.get("clock")))
    if preset is None:
        by_hand = {"follow", "inertia"} & set(params)
        return ({"clock": OWN_CLOCK} if by_hand else {}) | dict(params)
    return {"follow": preset[0], "inertia": preset[1]} | dict(params)


def span(row: Param) -> str:
    """What a parameter takes, in words."""
    if row.choices:
        return " or ".join(row.choices)
    if isinstance(row.default, str):
        return "a name"
    return f"{row.low:g} to {row.high:g}"


def value_at(row: Param, share: float) -> Value:
    """The value of a knob that is turned so far, 0 to 1. What takes a free name has none."""
    share = max(0.0, min(1.0, share))
    if row.choices:
        return row.choices[round(share * (len(row.choices) - 1))]
    if row.curve == "log":
        value = row.low * math.exp(share * math.log(row.high / row.low))
    else:
        value = row.low + (row.high - row.low) * (share**2 if row.curve == "fader" else share)
    if row.step:
        value = row.low + round((value - row.low) / row.step) * row.step
    return max(row.low, min(row.high, value))


def share_of(row: Param, value: Value) -> float:
    """How far a knob is turned where a parameter has this value, 0 to 1."""
    if row.choices:
        return row.choices.index(str(value)) / max(1, len(row.choices) - 1)
    if row.curve == "log":
        return math.log(float(value) / row.low) / math.log(row.high / row.low)
    share = (float(value) - row.low) / (row.high - row.low)
    return math.sqrt(max(0.0, share)) if row.curve == "fader" else share


def steps_of(row: Param) -> int:
    """How many steps lead from one end to the other; 0: it moves smoothly."""
    if row.choices:
        return len(row.choices) - 1
    return round((row.high - row.low) / row.step) if row.step else 0


def defaults() -> dict[str, Value]:
    """Every parameter at its default."""
    return {row.name: row.default for row in PARAMS}
