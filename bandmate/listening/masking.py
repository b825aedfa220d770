"""The band's own sound in the microphones: taken out, as far as the band knows what it plays.

Else the band follows itself. A stroke near one of our own hits counts less; one that could be nobody's but
ours doesn't count at all, once the performer has given no sign of their own for a while. Signs are: a stroke
away from our hits, a note that we don't play, or more level than the same hit of ours had lately when nobody
else was heard. A band whose way to the microphone is longer than `NEAR_S` and unknown isn't recognised: that
is what `bandmate soundcheck --latency` is for.
Pure state inside `Band.step`, between the inbox and the listener; imports events and patch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bandmate.events import (
    SILENCE_DB,
    Attack,
    Event,
    Hue,
    Hush,
    NoteOn,
    Off,
    On,
    Panic,
    Replace,
    Revoke,
    Send,
)
from bandmate.patch import Microphone

NEAR_S = 0.06  # a stroke so near one of our hits may be that hit
TAIL_S = 0.4  # a note of ours rings on in the room
PRESENT_S = 5.0  # so long after their last sign the performer counts as playing
LISTEN_S = 0.15  # a stroke's level stands in the hues of so long after it
SOFT_STROKE = 0.2  # a stroke below this is no sign: noise of the room
AGAIN_S = 4.5  # nor is one that no other follows so soon: something fell down
LATELY_S, KNOWN = 12.0, 3  # so often a hit must have been heard in so long until we know its level
LOUDER_DB = 4.5  # than our own hit: somebody played with it (alone, our hits lie within 3.5)
DROWNED_DB = 9.0  # a hit so much softer than our loudest ones is drowned in their ringing
BEGIN_S = 8.0  # after such a silence of ours the performer gets the benefit of the doubt
LEARN = 0.1  # how quickly we learn how loud the performer is
MARGIN_DB = 2.0  # what is louder than our own sound is louder by so much
KEPT_S = 6.0  # no note of ours is asked about after so long, unless it sounds on
# how much like a stroke a part sounds, beside its bleed
STROKES = {"drums": 1.0, "bass": 0.8, "keys": 0.8, "guitar": 0.8, "lead": 0.8, "pad": 0.3}
FULL_VELOCITY = 90


@dataclass(slots=True)
class Own:
    """A note of ours in the room."""

    on_s: float
    part: str
    pitch: int
    velocity: int
    off_s: float = math.inf

    @property
    def stroke(self) -> float:
        """How much like a stroke it sounds, 0..1."""
        return STROKES.get(self.part, 0.0) * min(1.0, self.velocity / FULL_VELOCITY)

    def sounds(self, time_s: float) -> bool:
        """Whether it is heard at a moment."""
        return self.on_s - NEAR_S <= time_s <= self.off_s + TAIL_S


class Hits:
    """How loud each kind of hit of ours is in a microphone: the softest of the last times was ours alone."""

    def __init__(self) -> None:
        self._lately: dict[str, deque[tuple[float, float]]] = {}  # by kind: when, and how loud at 127

    def excess_db(self, hit: Own, level_db: float) -> float:
        """How much louder than ours alone it was; 0 where we can't tell."""
        softer_db = 40 * math.log10(max(hit.velocity, 1) / 127)
        full_db = level_db - softer_db
        kind = str(hit.pitch) if hit.part == "drums" else hit.part
        lately = self._lately.setdefault(kind, deque())
        while lately and lately[0][0] < hit.on_s - LATELY_S:
            lately.popleft()
        softest = [min(db for _, db in times) for times in self._lately.values() if len(times) >= KNOWN]
        known = len(lately) >= KNOWN
        own_db = min((db for _, db in lately), default=full_db)
        lately.append((hit.on_s, full_db))
        return full_db - own_db if known and own_db + softer_db > max(softest) - DROWNED_DB else 0.0


@dataclass(slots=True)
class Mike:
    """What is known of one microphone."""

    microphone: Microphone
    sign_s: float = -math.inf  # the performer's newest sign,
    free_s: float = -math.inf  # the newest one that needed no level,
    level_db: float | None = None  # their level, while nothing but them is heard,
    now_db: float = SILENCE_DB  # and the level now
    hit: Own | None = None  # the newest hit of ours that was heard, perhaps with somebody else,
    hit_db: float = SILENCE_DB  # and its level so far
    hits: Hits = field(default_factory=Hits)

    @property
    def own_db(self) -> float:
        """No sound of ours is louder than this."""
        if self.level_db is None:
            return math.inf
        return self.level_db + 20 * math.log10(self.microphone.bleed) + MARGIN_DB


class Masking:
    """Books what the band sends, and weighs what the microphones hear against it."""

    def __init__(self, microphones: Sequence[Microphone]) -> None:
        self._mikes = {one.port: Mike(one) for one in microphones if one.bleed > 0}
        self._own: dict[int, Own] = {}
        self._last_s = -math.inf  # when we last struck a note

    # -------------------------------------------------------------- what we play

    def book(self, now_s: float, sends: Sequence[Send]) -> None:
        """What the band sends will be in the room."""
        if not self._mikes:
            return
        for send in sends:
            if isinstance(send, On):
                self._begin(send.time_s)
                self._own[send.id] = Own(send.time_s, send.part, send.pitch, send.velocity)
            elif isinstance(send, Replace) and send.id in self._own:
                self._own[send.id].pitch = send.pitch
            elif isinstance(send, Off) and send.id in self._own:
                self._own[send.id].off_s = send.time_s
            elif isinstance(send, Revoke):
                self._end([send.id], now_s)
            elif isinstance(send, Panic | Hush):
                part = send.part if isinstance(send, Hush) else ""
                self._end([key for key, own in self._own.items() if part in ("", own.part)], now_s)
        if len(self._own) > 64:
            old = [key for key, own in self._own.items() if own.off_s + KEPT_S < now_s]
            for key in old:
                del self._own[key]

    def _begin(self, on_s: float) -> None:
        if on_s - self._last_s > BEGIN_S:
            for mike in self._mikes.values():
                mike.sign_s = max(mike.sign_s, on_s)
        self._last_s = on_s

    def _end(self, keys: Sequence[int], now_s: float) -> None:
        """A note that hasn't sounded is forgotten, one that sounds ends."""
        for key in keys:
            own = self._own.get(key)
            if own is not None and own.on_s > now_s:
                del self._own[key]
            elif own is not None:
                own.off_s = min(own.off_s, now_s)

    # -------------------------------------------------------------- what they hear

    def hear(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events, without what is our own."""
        if not self._mikes:
            return events
        found: list[Event] = []
        for event in events:
            mike = self._mikes.get(getattr(event, "port", ""))
            if mike is None:
                found.append(event)
                continue
            weighed: Event | None = event
            if isinstance(event, Attack):
                weighed = self._weigh(mike, event)
            elif isinstance(event, Hue):
                weighed = self._tone_down(mike, event)
            elif isinstance(event, NoteOn):
                weighed = self._whose(mike, event)
            if weighed is not None:
                found.append(weighed)
        return found

    def _weigh(self, mike: Mike, attack: Attack) -> Attack | None:
        """A stroke beside a hit of ours counts less, and not at all while the performer gives no sign."""
        near = [own for own in self._own.values() if abs(own.on_s - attack.time_s) <= NEAR_S]
        hit = max(near, key=lambda own: (own.stroke, own.velocity), default=None)
        if hit is None or hit.stroke <= 0.0:
            if attack.strength >= SOFT_STROKE:
                if attack.time_s - mike.free_s < AGAIN_S:
                    mike.sign_s = attack.time_s
                mike.free_s = attack.time_s
            elif attack.time_s - mike.sign_s > PRESENT_S and self._rings(attack.time_s):
                return None  # a bass note of ours beats with itself in the room
            return attack
        if mike.hit is not hit:
            _judge(mike)
            mike.hit, mike.hit_db = hit, SILENCE_DB
        if attack.time_s - mike.sign_s > PRESENT_S:
            return None
        return replace(attack, strength=attack.strength * (1 - mike.microphone.bleed * hit.stroke))

    def _rings(self, time_s: float) -> bool:
        """Whether a tone of ours is in the room."""
        return any(own.part != "drums" and own.sounds(time_s) for own in self._own.values())

    def _tone_down(self, mike: Mike, hue: Hue) -> Hue:
        """Our pitch classes leave the chroma; a level that may be ours alone says nothing."""
        mike.now_db = hue.level_db
        own = [one for one in self._own.values() if one.sounds(hue.time_s)]
        if not own or 0 <= hue.time_s - mike.free_s < LISTEN_S:
            _learn(mike, hue.level_db)
        if not own:
            return hue
        if mike.hit is not None and 0 <= hue.time_s - mike.hit.on_s < LISTEN_S:
            mike.hit_db = max(mike.hit_db, hue.level_db, mike.microphone.gate_db)  # no level below the gate
        elif mike.hit is not None and hue.time_s > mike.hit.on_s:
            _judge(mike)
        if hue.time_s - mike.sign_s > PRESENT_S:
            return replace(hue, level_db=SILENCE_DB, chroma=(), bass=())
        shares, bleed = _shares(own), mike.microphone.bleed
        return replace(hue, chroma=_less(hue.chroma, shares, bleed), bass=_less(hue.bass, shares, bleed))

    def _whose(self, mike: Mike, note: NoteOn) -> NoteOn | None:
        """A pitch that we sound, or its octave, is ours unless it is louder than we can be."""
        ours = any(
            own.part != "drums" and (own.pitch - note.pitch) % 12 == 0 and own.sounds(note.time_s)
            for own in self._own.values()
        )
        if ours and mike.now_db <= mike.own_db:
            return None
        mike.sign_s = note.time_s
        if not ours:
            mike.free_s = note.time_s
        return note


def _judge(mike: Mike) -> None:
    """Whether somebody played together with our newest hit: they make it louder than it is."""
    hit, mike.hit = mike.hit, None
    if hit is not None and mike.hit_db > SILENCE_DB and mike.hits.excess_db(hit, mike.hit_db) > LOUDER_DB:
        mike.sign_s = max(mike.sign_s, hit.on_s)


def _learn(mike: Mike, level_db: float) -> None:
    """How loud the performer is, on the whole."""
    if level_db <= mike.microphone.gate_db:
        return
    before_db = level_db if mike.level_db is None else mike.level_db
    mike.level_db = before_db + LEARN * (level_db - before_db)


def _shares(own: Sequence[Own]) -> tuple[float, ...]:
    """How much of our own sound each pitch class has."""
    found = [0.0] * 12
    for one in own:
        if one.part != "drums":
            found[one.pitch % 12] += 1.0
    total = sum(found) or 1.0
    return tuple(share / total for share in found)


def _less(chroma: tuple[float, ...], shares: tuple[float, ...], bleed: float) -> tuple[float, ...]:
    """A chroma minus our shares of it."""
    return tuple(max(0.0, tone - bleed * share) for tone, share in zip(chroma, shares, strict=False))
