"""The embedded synth: FluidSynth through ctypes, one MIDI channel and one stereo group a voice.

Rendered by whoever asks (the audio callback live, one thread offline); no audio driver of its own.
Note calls keep the interpreter lock (they are shorter than handing it over), rendering lets go of it.
FluidSynth begins notes on its own 64-frame quanta; `renderer.py` places them. Imports only errors.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandmate.errors import BadFile, NoDevice

QUANTUM_FRAMES = 64  # FluidSynth's own block
FINE_TUNE = 52  # generator number, in cents
SEND = 91  # the reverb send of a channel
POLYPHONY = 256
FIRST = -1  # instead of a program: the first preset of the font
GAIN = 0.45  # leaves about 18 dB above a band at work
ALL_LOADED_BYTES = 96 << 20  # a font up to this size is read whole, so that a new voice never waits
INSTALL = (
    "the synth needs FluidSynth's library: 'apt-get install libfluidsynth3' (Debian, Ubuntu), "
    "'brew install fluid-synth' (macOS), 'choco install fluidsynth' (Windows)"
)
Float = NDArray[np.float32]


def library() -> str:
    """The file name of FluidSynth's library; NoDevice with how to install it where there is none."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where CI is set it prints what it found
            import fluidsynth
    except (ImportError, OSError, AttributeError) as error:
        raise NoDevice(INSTALL) from error
    return str(fluidsynth.lib)


class Synth:
    """`channels` voices of a soundfont; each renders to its own stereo pair, dry, plus one reverb send."""

    def __init__(self, channels: int, most_frames: int = 8192) -> None:
        self.channels = channels
        self.most_frames = most_frames
        self.dry = np.zeros((2, channels, most_frames), np.float32)  # (side, channel, frame)
        self.wet = np.zeros((2, most_frames), np.float32)  # the reverb's return
        self._unused = np.zeros((2, most_frames), np.float32)  # the chorus, which is off
        self._quick: Any = None
        self._slow: Any = None
        self._settings: Any = None
        self._synth: Any = None
        self._fonts: dict[Path, int] = {}  # each loaded font's number, the main one first
        self._pointers: dict[int, tuple[Any, Any]] = {}

    def load(self, font: Path, rate_hz: int, *others: Path) -> Synth:
        """Open the synth with a font, and others; NoDevice without the library, BadFile for an unusable font.

        All of them before the show: FluidSynth stands still while it loads one.
        """
        name = library()
        self._quick, self._slow = _declared(ctypes.PyDLL(name)), _declared(ctypes.CDLL(name))
        self._settings = self._set_up(rate_hz)
        self._synth = self._slow.new_fluid_synth(self._settings)
        try:
            for path in (font, *others):
                if path not in self._fonts:
                    self._fonts[path] = self._load(path)
        except BadFile:
            self.close()
            raise
        self._quick.fluid_synth_set_reverb(self._synth, 0.6, 0.4, 0.8, 0.9)
        for channel in range(self.channels):
            self._quick.fluid_synth_set_channel_type(self._synth, channel, 0)
        return self

    def _load(self, font: Path) -> int:
        if not font.is_file():
            raise BadFile(f"there is no soundfont {font}; set 'font' in the patch")
        dynamic = font.stat().st_size > ALL_LOADED_BYTES
        self._quick.fluid_settings_setint(self._settings, b"synth.dynamic-sample-loading", dynamic)
        number = int(self._slow.fluid_synth_sfload(self._synth, str(font).encode(), 0))
        if number < 0:
            raise BadFile(f"{font} is not a soundfont that FluidSynth can read (SF2 or SF3)")
        return number

    def _set_up(self, rate_hz: int) -> Any:
        """FluidSynth's settings: no driver, no chorus, a stereo group for each channel."""
        settings = self._quick.new_fluid_settings()
        numbers = {
            "synth.audio-channels": self.channels,
            "synth.audio-groups": self.channels,
            "synth.effects-groups": 1,
            "synth.midi-channels": 16 * math.ceil(self.channels / 16),
            "synth.polyphony": POLYPHONY,
            "synth.chorus.active": 0,
            "synth.reverb.active": 1,
            "synth.cpu-cores": 1,
        }
        for key, number in numbers.items():
            self._quick.fluid_settings_setint(settings, key.encode(), number)
        self._quick.fluid_settings_setnum(settings, b"synth.sample-rate", float(rate_hz))
        self._quick.fluid_settings_setnum(settings, b"synth.gain", GAIN)
        return settings

    def close(self) -> None:
        """Give everything back."""
        if self._synth:
            self._slow.delete_fluid_synth(self._synth)
        if self._settings:
            self._slow.delete_fluid_settings(self._settings)
        self._synth = self._settings = None
        self._fonts.clear()

    def __enter__(self) -> Synth:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def knows(self, font: Path) -> bool:
        """Whether a font has been loaded."""
        return font in self._fonts

    def prepare(self, bank: int, program: int, font: Path | None = None) -> bool:
        """Read a preset's samples ahead, away from the audio callback. False where there is none."""
        number = self._number(font)
        done = self._slow.fluid_synth_pin_preset(self._synth, number, *self._preset(number, bank, program))
        return bool(done == 0)

    def program(self, channel: int, bank: int, program: int, font: Path | None = None) -> bool:
        """Give a channel a preset; held notes ring on. False where the font has no such preset.

        FIRST as a program is the bank's first, or where no bank is named the font's.
        """
        number = self._number(font)
        preset = self._preset(number, bank, program)
        done = self._quick.fluid_synth_program_select(self._synth, channel, number, *preset)
        return bool(done == 0)

    def _number(self, font: Path | None) -> int:
        return next(iter(self._fonts.values())) if font is None else self._fonts.get(font, -1)

    def _preset(self, number: int, bank: int, program: int) -> tuple[int, int]:
        """Bank and program as the font counts them."""
        loaded = self._quick.fluid_synth_get_sfont_by_id(self._synth, number)
        if program != FIRST or bank or not loaded:
            return bank, max(0, program)
        self._quick.fluid_sfont_iteration_start(loaded)
        preset = self._quick.fluid_sfont_iteration_next(loaded)
        if not preset:
            return 0, 0
        return self._quick.fluid_preset_get_banknum(preset), self._quick.fluid_preset_get_num(preset)

    def tune(self, channel: int, tuning_hz: float) -> None:
        """Tune a channel, also what sounds on it, to an a' of so many Hz."""
        cents = 1200 * math.log2(tuning_hz / 440.0)
        self._quick.fluid_synth_set_gen(self._synth, channel, FINE_TUNE, cents)

    def note_on(self, channel: int, pitch: int, velocity: int) -> None:
        """Strike a note."""
        self._quick.fluid_synth_noteon(self._synth, channel, pitch, velocity)

    def note_off(self, channel: int, pitch: int) -> None:
        """Let go of a note."""
        self._quick.fluid_synth_noteoff(self._synth, channel, pitch)

    def control(self, channel: int, number: int, value: int) -> None:
        """Move a controller, 0..127."""
        self._quick.fluid_synth_cc(self._synth, channel, number, value)

    def bend(self, channel: int, value: int) -> None:
        """Bend a channel's pitch, -8192..8191."""
        self._quick.fluid_synth_pitch_bend(self._synth, channel, max(0, min(16383, value + 8192)))

    def silence(self) -> None:
        """End every note of every channel, softly."""
        for channel in range(self.channels):
            for pedal in (64, 66):
                self.control(channel, pedal, 0)
            self._quick.fluid_synth_all_notes_off(self._synth, channel)

    def voices(self) -> int:
        """How many voices sound."""
        return int(self._quick.fluid_synth_get_active_voice_count(self._synth))

    def blank(self, frames: int) -> None:
        """Clear the first frames of `dry` and `wet` (rendering adds to them)."""
        self.dry[:, :, :frames] = 0.0
        self.wet[:, :frames] = 0.0

    def render(self, start: int, end: int) -> None:
        """Sound the frames from `start` to `end` into `dry` and `wet`; whole quanta."""
        if end > start:
            dry, wet = self._pointers.get(start) or self._point(start)
            done = self._slow.fluid_synth_process(self._synth, end - start, 4, wet, 2 * self.channels, dry)
            assert done == 0

    def _point(self, start: int) -> tuple[Any, Any]:
        """Where each channel's left and right begin, as FluidSynth takes it: (L, R) a channel."""
        sides = [self.dry[side, channel] for channel in range(self.channels) for side in (0, 1)]
        dry = (ctypes.c_void_p * len(sides))(*(_address(row, start) for row in sides))
        rows = [self.wet[0], self.wet[1], self._unused[0], self._unused[1]]
        wet = (ctypes.c_void_p * 4)(*(_address(row, start) for row in rows))
        self._pointers[start] = dry, wet
        return dry, wet


def _address(row: Float, start: int) -> int:
    return int(row.ctypes.data) + row.itemsize * start


def _declared(handle: Any) -> Any:
    """A library handle that knows the calls we use: pointers are 64 bits wide, floats are floats."""
    integer, pointer, text, real = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double
    calls: dict[str, tuple[Any, ...]] = {
        "new_fluid_settings": (pointer,),
        "delete_fluid_settings": (None, pointer),
        "fluid_settings_setint": (integer, pointer, text, integer),
        "fluid_settings_setnum": (integer, pointer, text, real),
        "new_fluid_synth": (pointer, pointer),
        "delete_fluid_synth": (None, pointer),
        "fluid_synth_sfload": (integer, pointer, text, integer),
        "fluid_synth_get_sfont_by_id": (pointer, pointer, integer),
        "fluid_sfont_iteration_start": (None, pointer),
        "fluid_sfont_iteration_next": (pointer, pointer),
        "fluid_preset_get_banknum": (integer, pointer),
        "fluid_preset_get_num": (integer, pointer),
        "fluid_synth_pin_preset": (integer, pointer, integer, integer, integer),
        "fluid_synth_program_select": (integer, pointer, integer, integer, integer, integer),
        "fluid_synth_noteon": (integer, pointer, integer, integer, integer),
        "fluid_synth_noteoff": (integer, pointer, integer, integer),
        "fluid_synth_cc": (integer, pointer, integer, integer, integer),
        "fluid_synth_pitch_bend": (integer, pointer, integer, integer),
        "fluid_synth_all_notes_off": (integer, pointer, integer),
        "fluid_synth_get_active_voice_count": (integer, pointer),
        "fluid_synth_set_channel_type": (integer, pointer, integer, integer),
        "fluid_synth_set_gen": (integer, pointer, integer, integer, ctypes.c_float),
        "fluid_synth_set_reverb": (integer, pointer, real, real, real, real),
        "fluid_synth_process": (integer, pointer, integer, integer, pointer, integer, pointer),
    }
    for name, (result, *arguments) in calls.items():
        with contextlib.suppress(AttributeError):  # an old library lacks the rarer ones
            call = getattr(handle, name)
            call.restype, call.argtypes = result, arguments
    return handle
