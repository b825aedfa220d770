"""The renderer: synth and mixer without any device, the same live and offline.

Live it belongs to the audio callback, offline (`rehearse --wav`) to one thread. It counts frames
from 0. FluidSynth begins notes on quanta of 64 frames; with the limiter's look-ahead of 32 a note
sounds at most 32 frames (0.67 ms at 48 kHz) before or after its frame, clicks exactly on theirs.
Imports only the bottom layer and its neighbours in `ports`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bandmate.errors import BadFile
from bandmate.events import (
    PARTS,
    Bend,
    Click,
    Control,
    Dial,
    Hush,
    Level,
    NoteOff,
    NoteOn,
    Off,
    On,
    Panic,
    Ping,
    Recall,
    Replace,
    Revoke,
    Voice,
)
from bandmate.patch import DEFAULT_SOUNDS, Patch, font_file, font_files, parse
from bandmate.ports.mixer import GROUPS, Mixer
from bandmate.ports.rumble import Rumble
from bandmate.ports.sounding import LONGEST_S, Leave, Sounding, Stroke
from bandmate.ports.strokes import Float
from bandmate.ports.synth import QUANTUM_FRAMES, SEND, Synth
from bandmate.ports.thru import Move, Played, Thru
from bandmate.sounds import DRUM_BANK, Sound, Zone
from bandmate.timing import frames as frames_of

DROP_S = 0.03  # a note later than this isn't played any more
MOST_FRAMES = 4096
AT_REST = {7: 100, 8: 64, 10: 64, 11: 127} | dict.fromkeys(range(71, 80), 64)  # every other controller: 0


@dataclass(frozen=True, slots=True)
class Taken:
    """Another patch's sounds and zones, read and checked: what a `Recall` says."""

    patch: Patch


Message = (
    On | Off | Replace | Revoke | Click | Hush | Panic | Level | Dial | Voice | Taken | Ping | Leave | Played
)


def taken(recall: Recall, name: str) -> Taken:
    """A recall, read; raises BadFile for one that isn't a patch."""
    try:
        return Taken(parse(json.loads(recall.patch), Path(f"{name}.toml")))
    except (ValueError, TypeError) as error:
        raise BadFile(f"a recall of sounds can't be read ({error})") from None


class Renderer:
    """Sends and the performer's keys at exact frames in; buses out."""

    def __init__(self, patch: Patch, rate_hz: int, font: Path) -> None:
        self.patch = patch
        self.rate_hz = rate_hz
        self.font = font
        self.frame = 0  # the first frame of the next block
        self.dropped = 0
        self.table = Sounding(frames_of(LONGEST_S, rate_hz))
        self.synth = Synth(GROUPS, MOST_FRAMES)
        self.mixer = Mixer(patch, rate_hz, MOST_FRAMES)
        self._dry_rumble = Rumble(rate_hz, self.synth.dry.shape[:2])
        self._wet_rumble = Rumble(rate_hz, self.synth.wet.shape[:1])
        self._thru = Thru(patch, external=False)
        self._coming: list[tuple[int, int, Message, int]] = []
        self._order = 0
        self._sends: dict[int, int] = {}
        self._tuning_hz = patch.tuning_hz
        self._turned: dict[int, set[int]] = {}  # by channel: controllers that its sound has set

    def open(self, songs: Sequence[Patch] = ()) -> Renderer:
        """Load the fonts, those of other `songs` too, and give every part and zone its sound."""
        fonts = [font for patch in (self.patch, *songs) for font in font_files(patch)[patch is self.patch :]]
        self.synth.load(self.font, self.rate_hz, *fonts)
        for patch in (*songs, self.patch):
            trouble = self._give_sounds(patch)
            if trouble:
                self.close()
                raise BadFile(f"{trouble}, which patch '{patch.name}' wants")
        return self

    def _give_sounds(self, patch: Patch) -> str:
        """Every channel its preset, tuning and controllers; what is wrong, if anything is."""
        trouble = ""
        for channel, sound in self._played_here(patch):
            font = font_file(sound.font) if sound.font else None
            if not self.synth.program(channel, sound.bank, sound.program, font) and not sound.port:
                trouble = f"{font or self.font}: no preset {sound.bank}:{max(0, sound.program)}"
            numbers = {int(number): value for number, value in sound.controls.items()}
            for number in self._turned.get(channel, set()) - set(numbers):
                self.synth.control(channel, number, AT_REST.get(number, 0))
            for number, value in numbers.items():
                self.synth.control(channel, number, value)
            self._turned[channel] = set(numbers)
            self.synth.tune(channel, 440.0 if _is_kit(channel, sound) else self._tuning_hz)
        return trouble

    def prepare(self, voice: Voice) -> None:
        """Read a voice's samples ahead, away from the audio callback."""
        for channel, sound in self._played_here(self.patch):
            if channel in self._channels(voice.part):
                self.synth.prepare(voice.bank, voice.program, font_file(sound.font) if sound.font else None)

    def check(self, patch: Patch) -> None:
        """Read the samples of another patch's sounds ahead; BadFile for a sound that isn't at hand."""
        for _, sound in self._played_here(patch):
            font = font_file(sound.font) if sound.font else None
            if font and not self.synth.knows(font):
                raise BadFile(f"{font} was not loaded before the show; name it in a patch of the setlist")
            if not self.synth.prepare(sound.bank, sound.program, font) and not sound.port:
                raise BadFile(f"{font or self.font}: no preset {sound.bank}:{max(0, sound.program)}")

    def _played_here(self, patch: Patch) -> Iterator[tuple[int, Sound | Zone]]:
        """The channels, and the sounds that parts and zones have on them.

        Live no note comes to a part whose instrument is outside; in a bounce our own sound stands in for it.
        """
        for channel, part in enumerate(PARTS):
            sound = patch.sounds[part]
            yield channel, replace(DEFAULT_SOUNDS[part], port=sound.port) if sound.port else sound
        for channel, zone in enumerate(patch.zones, len(PARTS)):
            if not zone.port:
                yield channel, zone

    def close(self) -> None:
        """Close the synth."""
        self.synth.close()

    def __enter__(self) -> Renderer:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, frame: int, message: object, owner: int = 0) -> None:
        """Let a send or a key of the performer happen at a frame; the past means the next block."""
        if isinstance(message, On):
            behind_s = (self.frame - frame) / self.rate_hz
            if behind_s > DROP_S:
                self.dropped += 1
                return
            self.table.take(frame, message, owner)
        elif isinstance(message, Off):
            self.table.take(frame, message, owner)
        elif isinstance(message, Message | Recall):
            if isinstance(message, Recall):  # live it was read before it came here
                message = taken(message, self.patch.name)
            self._order += 1
            heapq.heappush(self._coming, (frame, self._order, message, owner))

    def render(self, frames: int) -> dict[str, Float]:
        """The next frames (a multiple of 64): `main` and `click`, each (frames, 2), float32.

        The arrays are used again by the next call.
        """
        if frames % QUANTUM_FRAMES or not 0 < frames <= MOST_FRAMES:
            raise ValueError(f"{frames} frames are not whole quanta of {QUANTUM_FRAMES}, up to {MOST_FRAMES}")
        self.synth.blank(frames)
        done = 0
        for start in range(0, frames, QUANTUM_FRAMES):
            until = self.frame + start + QUANTUM_FRAMES - 1
            if self._is_due(until):
                self.synth.render(done, start)
                done = start
                self._perform(until)
        self.synth.render(done, frames)
        if self.mixer.moving or not self._sends:
            self._send_to_reverb()
        self.frame += frames
        dry, wet = self.synth.dry[:, :, :frames], self.synth.wet[:, :frames]
        self._dry_rumble.remove(dry)
        self._wet_rumble.remove(wet)
        return self.mixer.mix(dry, wet)

    def _is_due(self, until: int) -> bool:
        due = self.table.next_due()
        return bool(self._coming and self._coming[0][0] <= until) or (due is not None and due <= until)

    def _perform(self, until: int) -> None:
        while self._coming and self._coming[0][0] <= until:
            frame, _, message, owner = heapq.heappop(self._coming)
            self._obey(frame, message, owner)
        self._strike(self.table.due(until))

    def _obey(self, frame: int, message: Message, owner: int) -> None:
        if isinstance(message, NoteOn | NoteOff | Control | Bend):
            self._move(self._thru.play(message))
        elif isinstance(message, Click):
            self.mixer.click(max(0, frame - self.frame), message.accent)
        elif isinstance(message, Level):
            self.mixer.level(message.name, message.value, message.over_s)
        elif isinstance(message, Dial):
            self._turn(message.name, message.value)
        elif isinstance(message, Voice):
            self._give_voice(message)
        elif isinstance(message, Taken):
            self._take(message.patch)
        elif isinstance(message, Ping):
            self.mixer.ping(max(0, frame - self.frame), message.output)
        elif isinstance(message, Panic):
            self.table.take(frame, message)
            self._move(self._thru.silence())
            self.synth.silence()
        else:
            self._strike(self.table.take(frame, message, owner))

    def _turn(self, name: str, value: float) -> None:
        if name == "tuning-hz":
            self._tuning_hz = value
            for channel, sound in self._played_here(self.patch):
                if not _is_kit(channel, sound):
                    self.synth.tune(channel, value)
        elif name == "transpose":
            self._thru.transpose = round(value)
        elif name == "mono":
            self.mixer.mono = value >= 0.5
        elif name == "reverb":
            self.mixer.reverb(value)
        elif (part := name.partition("reverb/")[2]) in PARTS:
            share = replace(self.patch.sounds[part], reverb=value)
            self.patch = replace(self.patch, sounds=self.patch.sounds | {part: share})
            self._sends.clear()

    def _give_voice(self, voice: Voice) -> None:
        """Another preset for a part or the zones; a font without it leaves the sound as it is."""
        for channel, sound in self._played_here(self.patch):
            if channel in self._channels(voice.part):
                font = font_file(sound.font) if sound.font else None
                self.synth.program(channel, voice.bank, voice.program, font)

    def _take(self, patch: Patch) -> None:
        """The sounds and zones of another patch; what is held rings on, and ends where it began."""
        self.patch = replace(self.patch, sounds=patch.sounds, zones=patch.zones)
        self._give_sounds(patch)
        self.mixer.take(patch)
        self._sends.clear()
        self._move(self._thru.take(patch.zones))

    def _channels(self, part: str) -> Sequence[int]:
        if part == "performer":
            return range(len(PARTS), GROUPS)
        return (PARTS.index(part),) if part in PARTS else ()

    def _strike(self, strokes: list[Stroke]) -> None:
        for stroke in strokes:
            for channel in self._channels(stroke.part):
                if stroke.velocity:
                    self.synth.note_on(channel, stroke.pitch, stroke.velocity)
                else:
                    self.synth.note_off(channel, stroke.pitch)

    def _move(self, moves: list[Move]) -> None:
        for move in moves:
            channel = len(PARTS) + move.zone
            if move.kind == "on":
                self.synth.note_on(channel, move.number, move.value)
            elif move.kind == "off":
                self.synth.note_off(channel, move.number)
            elif move.kind == "control":
                self.synth.control(channel, move.number, move.value)
            else:
                self.synth.bend(channel, move.value)

    def _send_to_reverb(self) -> None:
        """Reverb follows the faders: a part faded out leaves no ghost."""
        for channel, sound in self._played_here(self.patch):
            value = min(127, round(127 * sound.reverb * self.mixer.audible(channel)))
            if self._sends.get(channel) != value:
                self._sends[channel] = value
                self.synth.control(channel, SEND, value)


def _is_kit(channel: int, sound: Sound | Zone) -> bool:
    """Drums are never tuned."""
    return channel == PARTS.index("drums") or sound.bank == DRUM_BANK
