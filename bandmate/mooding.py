"""The audience in the band: their readings become a mood, and the mood bends what the parts are asked.

What the performer set stays as set: only the slot that a part is asked is bent, once a bar, and not at all
where nobody speaks or the audience has no say. Functions on a `Band`, called inside `Band.step` only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bandmate.audience.governor import NO_PULL, Governor
from bandmate.audience.mood import Mood, Partial
from bandmate.audience.sources import Gathering
from bandmate.events import Attack, Hue, On, Readings, Send, Slot
from bandmate.form import BIG, QUIET
from bandmate.moods import Reading
from bandmate.suggesting import suggest

if TYPE_CHECKING:
    from bandmate.band import Band

EVERY_STEPS = 10  # the mood is looked at every 50 ms,
SUGGEST_STEPS = 200  # and what it suggests once a second
STALE_S = 3.0  # a door that says nothing for so long is gone; it speaks four times a second
KEPT = 0.15  # of an intensity: how far the pull must fall below what it asked for
ONSETS_S = 2.0  # a room's strokes are counted over so long
OUT_OF_ORDER_S = 0.2  # notes are sent nearly in order
QUIETEST_DB = -120.0
NEVER_S = -1e9
PERFORMERS = (
    "energy",
    "density",
    "section",
    "more",
    "less",
)  # cues by which the performer says how it shall be
GOVERNED = ("authority", "mood-energy", "valence", "crowd-floor", "crowd-ceiling")


class Audience:
    """What a band knows of those who listen."""

    def __init__(self) -> None:
        self.governor = Governor()
        self.pull = NO_PULL  # as the bar under way has it,
        self.bigger = 0  # and so many intensities more, or less
        self.room = Gathering()  # the microphones that hear the room
        self.partial = Partial()  # of the sensors, as the door told last
        self.heard_s = NEVER_S
        self.suggestion = ""
        self.played: set[int] = set()  # lines of the setlist
        self.voices = 0.0
        self._looked_s: float | None = None
        self._strokes_s: deque[float] = deque(maxlen=64)
        self._struck: deque[tuple[float, str]] = deque(maxlen=2048)  # the band's own notes of late

    @property
    def say(self) -> tuple[bool, bool]:
        """Whether the audience's say is held, or taken from them."""
        return self.governor.held, self.governor.vetoed

    def state_now(self) -> dict[str, Any]:
        """What a restarted band must know."""
        governor = self.governor
        return {
            "held": governor.held, "vetoed": governor.vetoed, "played": sorted(self.played),
            "energy": governor.energy, "valence": governor.valence,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on as it was: what is held stays so, and all else moves on from there with the next readings."""
        governor = self.governor
        governor.held, governor.vetoed = bool(saved["held"]), bool(saved["vetoed"])
        governor.energy, governor.valence = float(saved["energy"]), float(saved["valence"])
        self.played = {int(place) for place in saved["played"]}

    def hear(self, event: Readings | Hue | Attack, section: int) -> None:
        """What the sensors say, or a microphone in the room.

        A room is compared with itself in the same section, so that the band doesn't hear its own loudness
        as the audience's.
        """
        if isinstance(event, Readings):
            self.partial, self.heard_s = Partial.of(event), event.time_s
        elif isinstance(event, Attack):
            self._strokes_s.append(event.time_s)
        else:
            since_s = event.time_s - ONSETS_S
            rate = sum(1 for stroke_s in self._strokes_s if stroke_s > since_s) / ONSETS_S
            for kind, value in (("level", event.level_db - QUIETEST_DB), ("onsets", rate)):
                sensor = f"{kind} {section}"
                self.room.hear(Reading(event.time_s, "", event.port, sensor, kind, (value,)))

    def mood(self, now_s: float) -> Mood:
        """Everybody's mood, as raw as it is."""
        sensors = self.partial if now_s - self.heard_s < STALE_S else Partial()
        everybody = sensors + self.room.partial(now_s) if self.room.sources else sensors
        self.voices = everybody.voices
        return everybody.mood()

    def book(self, sends: Sequence[Send]) -> None:
        """The band's own notes."""
        for send in sends:
            if isinstance(send, On):
                self._struck.append((send.time_s, send.part))

    def activity(self, band: Band, now_s: float) -> dict[str, float]:
        """Notes a beat of each part, over the last bar."""
        beats = band.transport.meter.bar_beats
        since_s = now_s - band.transport.beatmap.seconds(beats)
        counts = dict.fromkeys(band.form.members, 0)
        for struck_s, part in reversed(self._struck):
            if struck_s < since_s - OUT_OF_ORDER_S:
                break
            if since_s < struck_s <= now_s and part in counts:
                counts[part] += 1
        return {part: count / beats for part, count in counts.items()}


def advance(band: Band, now_s: float) -> None:
    """Time passes: the mood moves the governor, and the governor moves what comes."""
    audience, transport = band.audience, band.transport
    if band.steps % EVERY_STEPS:
        return
    last_s, audience._looked_s = audience._looked_s, now_s
    if last_s is None:
        return
    meter = transport.meter
    beats = transport.beatmap.beats(now_s - last_s)
    audience.governor.advance(audience.mood(now_s), beats, meter.bar_beats, band.params)
    if transport.running and band.night.setlist is not None:
        audience.played.add(band.night.place)
    if band.steps % SUGGEST_STEPS == 0:
        audience.suggestion = _suggestion(band)


def _suggestion(band: Band) -> str:
    """The song that suits the mood next, where there is one and the audience has a say."""
    governor, evening = band.audience.governor, band.night.setlist
    believed = governor.mood.confidence > 0 and float(band.params["authority"]) > 0
    if evening is None or not believed or governor.vetoed:
        return ""
    return suggest(evening, band.night.place, band.audience.played, governor.mood)


def begin_bar(band: Band) -> None:
    """A bar is about to be decided: it is bent as the audience pulls now."""
    pull(band)


def pull(band: Band) -> None:
    """Take the audience's pull as it is now; another intensity stays a little longer than asked for."""
    audience, bends = band.audience, band.patch.mood
    audience.pull = audience.governor.pull(float(band.params["authority"]))
    band.form.lift = audience.pull.lift * bends.fills
    wanted = audience.pull.lift * bends.intensity
    if abs(wanted - audience.bigger) > 0.5 + KEPT * (audience.bigger != 0):
        audience.bigger = round(wanted)


def section(band: Band, written: int) -> int:
    """An intensity as the audience would have it."""
    return min(max(written + band.audience.bigger, QUIET), BIG)


def bent(band: Band, slot: Slot) -> Slot:
    """The slot as the audience would have it."""
    by, bends = band.audience.pull, band.patch.mood
    if by == NO_PULL:
        return slot
    return replace(
        slot, section=section(band, slot.section), variation=by.lift * bends.variation,
        loudness=1.0 + by.lift * bends.dynamics,
        density=min(max(slot.density + by.lift * bends.density, 0.0), 1.0),
        register=round(max(by.lift, 0.0) * bends.register),
        brightness=by.glow * bends.brightness,
    )  # fmt: skip


def asked(band: Band, energy: float, density: float) -> tuple[float, float]:
    """Energy and density as the model is asked for them."""
    by, bends = band.audience.pull, band.patch.mood
    if by == NO_PULL:
        return energy, density
    return (
        min(max(energy + by.lift * bends.variation, 0.0), 1.0),
        min(max(density + by.lift * bends.density, 0.0), 1.0),
    )


def by_hand(band: Band, name: str) -> None:
    """A cue of the performer's: what it says of loudness and density goes before the audience, at once."""
    if name in PERFORMERS:
        band.audience.governor.hand()
        pull(band)
    elif name in GOVERNED:
        pull(band)


def hold(band: Band, now_s: float) -> list[Send]:
    """The mood stays as it is; again: it moves."""
    band.audience.governor.hold()
    return []


def veto(band: Band, now_s: float) -> list[Send]:
    """The audience has no say from the next eighth on; again: it has."""
    band.audience.governor.veto()
    pull(band)
    return []


def shown(band: Band, now_s: float) -> dict[str, Any]:
    """What a screen, or the lights, may know."""
    audience, by = band.audience, band.audience.pull
    governor, mood = audience.governor, audience.governor.mood
    state = "vetoed" if governor.vetoed else "held" if governor.held else ""
    return {
        "mood": {
            "energy": mood.energy, "valence": mood.valence, "confidence": mood.confidence,
            "voices": audience.voices, "governed": governor.energy, "governed valence": governor.valence,
            "lift": by.lift, "glow": by.glow,
        },
        "mood_state": state, "suggestion": audience.suggestion,
        "activity": audience.activity(band, now_s),
        "energy": min(max(band.form.energy + by.lift * band.patch.mood.variation, 0.0), 1.0),
    }  # fmt: skip
