"""Notes waiting in beats become sends due now; nothing ever hangs.

A note's place is known early, its pitch is bound when it is sent (`HORIZON_S` before it sounds), by
the `bind` function of the caller. Where a change of chord is likely and the performer hasn't struck
yet, a pitched note waits for them, at most `WAIT_S`. Sent notes can be re-bound until they sound;
a wrong root is cut when the chord turns out otherwise, and mended on the next eighth.
Pure state inside `Band.step`. Imports only the bottom layer.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bandmate.events import Click, Hush, Note, Off, On, Replace, Revoke, Send
from bandmate.timing import SLOT_BEATS, BeatMap

WAIT_S = 0.035  # how long a note at a likely change waits for the performer's chord
STRUCK_S = 0.08  # a key struck this shortly before a note speaks for that note's chord
SETTLE_S = 0.008  # after the first key: the rest of the chord is under the fingers too
LATEST_S = 0.06  # a note that is later than this is not played any more
LEAST_S = 0.03  # no note is shorter
ROOM_S = 0.004  # a late note is sent this far ahead, so that it can still be placed

UNPITCHED = ("drums", "click")
OWN_PITCH = "="  # a tone that begins so names its pitch itself: it waits for nobody, and no chord cuts it
Bind = Callable[[Note], int | None]


@dataclass(slots=True)
class Sounding:
    """A note that has been sent: `on_s` may still lie some milliseconds ahead."""

    note: Note
    pitch: int
    on_s: float
    off_beat: float
    off_s: float | None = None  # set when the Off has been sent


class Ear(NamedTuple):
    """What the scheduler must know of the performer to bind late; a tuple, because one is made every step."""

    onset_s: float | None  # their newest key
    changed: bool  # the chord has just changed
    tones: frozenset[int]  # pitch classes of the chord believed now; empty: none
    resting: bool  # nothing sounds: nobody to wait for
    likely: Callable[[float], bool]  # whether a change of chord is likely at a beat


def answered(due_s: float, ear: Ear) -> bool:
    """Whether the performer has struck a key that speaks for the chord of a note due then."""
    return ear.onset_s is not None and ear.onset_s >= due_s - STRUCK_S


class Scheduler:
    """Owns every band note from the moment a part wants it until it has ended."""

    def __init__(self, horizon_s: float) -> None:
        self.horizon_s = horizon_s
        self.latency_s = 0.0  # what leaves now can sound, or be changed, so much later
        self.sounding: dict[int, Sounding] = {}
        self.late = self.dropped = 0
        self._waiting: list[tuple[float, int, Note, float]] = []
        self._last_id = 0
        self._order = 0

    def add(self, notes: Sequence[Note], heard_s: float) -> None:
        """Take notes that a part decided on what was heard up to `heard_s`."""
        for note in notes:
            self._order += 1
            heapq.heappush(self._waiting, (note.beat, self._order, note, heard_s))

    def due(self, now_s: float, beatmap: BeatMap, bind: Bind, ear: Ear) -> list[Send]:
        """Everything to be sent in this step."""
        sends: list[Send] = []
        if ear.changed:
            self._rebind(now_s, beatmap, bind, ear, sends)
        kept: list[tuple[float, int, Note, float]] = []
        reach = beatmap.beat_at(now_s + self.horizon_s) + beatmap.beats(0.03)  # offsets reach back so far
        while self._waiting and self._waiting[0][0] <= reach:
            entry = heapq.heappop(self._waiting)
            if not self._send(entry, now_s, beatmap, bind, ear, sends):
                kept.append(entry)
        for entry in kept:
            heapq.heappush(self._waiting, entry)
        self._end_due(now_s, beatmap, sends)
        return sends

    def _send(
        self, entry: tuple[float, int, Note, float], now_s: float, beatmap: BeatMap, bind: Bind,
        ear: Ear, sends: list[Send],
    ) -> bool:  # fmt: skip
        """Send a note if its time has come; False: it goes on waiting."""
        _, _, note, heard_s = entry
        due_s = beatmap.time_at(note.beat) + note.offset_s
        if due_s > now_s + self.horizon_s:
            return False
        pitched = note.part not in UNPITCHED
        if pitched and self._should_wait(note, due_s, now_s, ear):
            return False
        ready_s = now_s + self.latency_s
        if due_s < ready_s - LATEST_S:
            self.dropped += 1
            return True
        pitch = bind(note)
        if pitch is None:
            return True
        on_s = max(due_s, ready_s + ROOM_S)
        self.late += on_s > due_s + WAIT_S + 2 * ROOM_S
        if note.part == "click":
            sends.append(Click(on_s, note.tone == "accent"))
            return True
        self._cut_same(note.part, pitch, on_s, sends)
        self._last_id += 1
        self.sounding[self._last_id] = Sounding(note, pitch, on_s, note.beat + note.beats)
        cut_off_s = now_s if pitched else heard_s
        sends.append(On(self._last_id, on_s, note.part, pitch, note.velocity, cut_off_s))
        return True

    def _should_wait(self, note: Note, due_s: float, now_s: float, ear: Ear) -> bool:
        """At a likely change, wait for the performer's chord; they may strike a little late."""
        if note.tone.startswith(OWN_PITCH):
            return False
        if ear.resting or now_s + self.latency_s >= due_s + WAIT_S or not ear.likely(note.beat):
            return False
        return not (answered(due_s, ear) and ear.onset_s is not None and now_s >= ear.onset_s + SETTLE_S)

    def _cut_same(self, part: str, pitch: int, on_s: float, sends: list[Send]) -> None:
        """The same pitch of a part again: the former note ends just before."""
        for key, sound in self.sounding.items():
            if (
                sound.note.part == part
                and sound.pitch == pitch
                and (sound.off_s is None or sound.off_s > on_s)
            ):
                sound.off_s = max(sound.on_s, on_s - 0.001)
                sends.append(Off(key, sound.off_s))

    def _rebind(self, now_s: float, beatmap: BeatMap, bind: Bind, ear: Ear, sends: list[Send]) -> None:
        """The chord changed: notes not yet heard take the new pitch, wrong ones are cut and mended."""
        for key, sound in list(self.sounding.items()):
            if sound.note.part in UNPITCHED or (sound.off_s is not None and sound.off_s <= now_s):
                continue
            if sound.on_s > now_s + self.latency_s:
                pitch = bind(sound.note)
                if pitch is None:
                    sends.append(Revoke(key))
                    del self.sounding[key]
                elif pitch != sound.pitch:
                    sound.pitch = pitch
                    sends.append(Replace(key, pitch, now_s))
            elif (
                ear.tones and sound.pitch % 12 not in ear.tones and not sound.note.tone.startswith(OWN_PITCH)
            ):
                self._mend(key, sound, now_s, beatmap, sends)

    def _mend(self, key: int, sound: Sounding, now_s: float, beatmap: BeatMap, sends: list[Send]) -> None:
        """Cut a note that the new chord doesn't hold; the bass comes back on the next eighth."""
        ended = sound.off_s is not None
        sound.off_s = max(sound.on_s, now_s + self.latency_s) + ROOM_S
        sends.append(Off(key, sound.off_s))
        again = math.ceil(beatmap.beat_at(now_s + self.horizon_s) / SLOT_BEATS) * SLOT_BEATS
        left = sound.off_beat - again
        if ended or sound.note.part != "bass" or left < SLOT_BEATS / 2 or self._has(sound.note.part, again):
            return
        self.add([replace(sound.note, beat=again, beats=left, tone="1")], now_s)

    def _has(self, part: str, beat: float) -> bool:
        waiting = [entry[2] for entry in self._waiting]
        sent = [sound.note for sound in self.sounding.values() if sound.off_s is None]
        return any(note.part == part and abs(note.beat - beat) < SLOT_BEATS / 2 for note in [*waiting, *sent])

    def _end_due(self, now_s: float, beatmap: BeatMap, sends: list[Send]) -> None:
        """Send the Offs that fall within the horizon; forget notes that have ended."""
        for key, sound in list(self.sounding.items()):
            if sound.off_s is None:
                off_s = max(beatmap.time_at(sound.off_beat), sound.on_s + LEAST_S)
                if off_s <= now_s + self.horizon_s:
                    sound.off_s = max(off_s, now_s)
                    sends.append(Off(key, sound.off_s))
            if sound.off_s is not None and sound.off_s <= now_s:
                del self.sounding[key]

    # -------------------------------------------------------------- cues that change what waits

    def drop(self, wanted: Callable[[Note], bool]) -> None:
        """Forget the waiting notes that `wanted` says no to."""
        self._waiting = [entry for entry in self._waiting if wanted(entry[2])]
        heapq.heapify(self._waiting)

    def cut(self, now_s: float, chosen: Callable[[Note], bool]) -> list[Send]:
        """End the sounding notes that are `chosen`, and revoke those not yet heard."""
        sends: list[Send] = []
        for key, sound in list(self.sounding.items()):
            if chosen(sound.note):
                if sound.on_s > now_s + self.latency_s:
                    sends.append(Revoke(key))
                    del self.sounding[key]
                elif sound.off_s is None or sound.off_s > now_s:
                    sound.off_s = now_s
                    sends.append(Off(key, now_s))
        return sends

    def end_at(self, beat: float, chosen: Callable[[Note], bool]) -> None:
        """The `chosen` are silent from a beat on: what rings over it ends there, what comes is forgotten."""
        kept = [entry for entry in self._waiting if not chosen(entry[2])]
        for place, order, note, heard_s in self._waiting:
            if chosen(note) and note.beat < beat - 1e-6:
                short = replace(note, beats=min(note.beats, beat - note.beat))
                kept.append((place, order, short, heard_s))
        self._waiting = kept
        heapq.heapify(self._waiting)
        for sound in self.sounding.values():
            if chosen(sound.note) and sound.off_s is None:
                sound.off_beat = min(sound.off_beat, beat)

    def sustain(self, off_beat: float) -> None:
        """Let every pitched note that sounds ring on until a beat (hold)."""
        for sound in self.sounding.values():
            if sound.note.part != "drums" and sound.off_s is None:
                sound.off_beat = off_beat

    def hush(self) -> list[Send]:
        """End everything and forget everything."""
        self._waiting.clear()
        self.sounding.clear()
        return [Hush()]
