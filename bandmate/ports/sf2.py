"""The soundfont as a musician opens it: presets, the instruments in them, the recordings beneath.

Reads and writes SoundFont 2 files (the `sfbk` RIFF of the SoundFont 2.04 specification) whole, in
memory, with 16 bit samples. Runs in the script that makes a font, never while the band plays; must
not import anything of ours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# The generators this project touches, by number (SoundFont 2.04, section 8.1.2).
PAN = 17
HOLD, DECAY, SUSTAIN = 35, 36, 37  # of the volume envelope: timecents, timecents, centibel down
INSTRUMENT, KEYS, VELOCITIES = 41, 43, 44
ATTENUATION = 48  # centibel
COARSE_TUNE, FINE_TUNE = 51, 52  # semitones, cents
SAMPLE, LOOPING, ROOT_KEY = 53, 54, 58
OFFSETS = (0, 1, 2, 3, 4, 12, 45, 50)  # frames (or 32768 frames) added to sample and loop points

MONO = 1
GAP_FRAMES = 46  # silence the specification asks for after every sample
_NAME = "20s"
_PRESET = struct.Struct(f"<{_NAME}HHHIII")
_INSTRUMENT = struct.Struct(f"<{_NAME}H")
_SAMPLE = struct.Struct(f"<{_NAME}IIIIIBbHH")
_BAG = struct.Struct("<HH")
_GENERATOR = struct.Struct("<Hh")
_MODULATOR_BYTES = 10


class SoundfontError(ValueError):
    """A soundfont that cannot be read or written, and what to do about it."""


@dataclass(slots=True)
class Sample:
    """One recorded note: 16 bit mono frames, and where it may loop (frames from its start)."""

    name: str
    frames: NDArray[np.int16]  # (frames,)
    loop_start: int
    loop_end: int
    rate_hz: int
    root_key: int = 60
    correction_cents: int = 0


@dataclass(slots=True)
class Zone:
    """One line of a preset or an instrument: which keys and velocities sound what, and how.

    `generators` maps generator number to its signed 16 bit amount; `modulators` stay raw.
    """

    generators: dict[int, int] = field(default_factory=dict)
    modulators: list[bytes] = field(default_factory=list)

    def span(self, generator: int) -> tuple[int, int]:
        """The lowest and highest key (or velocity) this zone answers to; 0-127 where unsaid."""
        amount = self.generators.get(generator, 127 << 8) & 0xFFFF
        return amount & 0xFF, amount >> 8

    def set_span(self, generator: int, low: int, high: int) -> None:
        """Let this zone answer to the keys (or velocities) low to high, both included."""
        self.generators[generator] = high << 8 | low

    def copy(self) -> Zone:
        """The same zone again, free to be changed."""
        return Zone(dict(self.generators), list(self.modulators))


@dataclass(slots=True)
class Instrument:
    """A playable set of samples over the keyboard; a first zone without a sample is for all."""

    name: str
    zones: list[Zone]


@dataclass(slots=True)
class Preset:
    """What a program change calls: instruments layered and split; bank 128 holds the kits."""

    name: str
    bank: int
    program: int
    zones: list[Zone]

    def instruments(self) -> list[int]:
        """Indices of the instruments it plays, each once, in their order."""
        named = (zone.generators.get(INSTRUMENT) for zone in self.zones)
        return list(dict.fromkeys(index for index in named if index is not None))


@dataclass(slots=True)
class Font:
    """A whole soundfont: its credits (INFO chunks by name), presets, instruments and samples."""

    info: dict[str, str]
    presets: list[Preset]
    instruments: list[Instrument]
    samples: list[Sample]

    def preset(self, bank: int, program: int) -> Preset:
        """The preset a bank and program change call."""
        for preset in self.presets:
            if (preset.bank, preset.program) == (bank, program):
                return preset
        raise SoundfontError(
            f"the soundfont has no preset at bank {bank}, program {program}; "
            f"give one that has it, such as FluidR3_GM.sf2"
        )


def read_font(path: Path) -> Font:
    """Open a soundfont file and lay it out as presets, instruments and samples."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise SoundfontError(
            f"{path}: not a SoundFont 2 file (no RIFF sfbk header); an .sf3 must be unpacked first"
        )
    info: dict[str, str] = {}
    found: dict[str, bytes] = {}
    try:
        for kind, body in _chunks(data[12:]):
            if kind != "LIST":
                continue
            for name, chunk in _chunks(body[4:]):
                if body[:4] == b"INFO" and name != "ifil":
                    info[name] = _text(chunk)
                found[name] = chunk
        return Font(info, _presets(found), _instruments(found), _samples(found))
    except (KeyError, struct.error, IndexError) as error:
        raise SoundfontError(
            f"{path}: the soundfont is cut short or broken ({error!r}); fetch it again"
        ) from error


def preset_names(path: Path) -> dict[tuple[int, int], str]:
    """The sounds of a font by bank and program, without reading its samples; empty where it is none."""
    try:
        with path.open("rb") as font:
            font.seek(12)
            while len(head := font.read(8)) == 8:
                name, size = struct.unpack("<4sI", head)
                if name == b"LIST" and font.read(4) == b"pdta":
                    found = dict(_chunks(font.read(size - 4)))
                    rows = list(_PRESET.iter_unpack(found["phdr"]))[:-1]  # the last one ends the table
                    return {(row[2], row[1]): _text(row[0]) for row in rows}
                font.seek(size + (size & 1) - (4 if name == b"LIST" else 0), 1)
    except (OSError, KeyError, struct.error):
        pass
    return {}


def _chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        yield name.decode("latin-1"), data[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("latin-1")


def _zones(found: dict[str, bytes], letter: str, first: int, last: int) -> list[Zone]:
    """Zones `first` to `last` (not included) of the presets ("p") or the instruments ("i")."""
    bags, gens, mods = (found[letter + kind] for kind in ("bag", "gen", "mod"))
    zones = []
    for bag in range(first, last):
        gen, mod = _BAG.unpack_from(bags, bag * _BAG.size)
        gen_end, mod_end = _BAG.unpack_from(bags, (bag + 1) * _BAG.size)
        amounts = [_GENERATOR.unpack_from(gens, at * _GENERATOR.size) for at in range(gen, gen_end)]
        size = _MODULATOR_BYTES
        raw = [mods[at * size : (at + 1) * size] for at in range(mod, mod_end)]
        zones.append(Zone(dict(amounts), raw))
    return zones


def _presets(found: dict[str, bytes]) -> list[Preset]:
    rows = list(_PRESET.iter_unpack(found["phdr"]))
    return [
        Preset(_text(row[0]), row[2], row[1], _zones(found, "p", row[3], after[3]))
        for row, after in pairwise(rows)
    ]


def _instruments(found: dict[str, bytes]) -> list[Instrument]:
    rows = list(_INSTRUMENT.iter_unpack(found["inst"]))
    return [Instrument(_text(row[0]), _zones(found, "i", row[1], after[1])) for row, after in pairwise(rows)]


def _samples(found: dict[str, bytes]) -> list[Sample]:
    frames = np.frombuffer(found["smpl"], dtype="<i2").astype(np.int16, copy=False)
    samples = []
    for row in list(_SAMPLE.iter_unpack(found["shdr"]))[:-1]:
        name, start, end, loop_start, loop_end, rate_hz, key, cents, _link, _kind = row
        loop = (loop_start - start, loop_end - start)
        samples.append(Sample(_text(name), frames[start:end], *loop, rate_hz, key, cents))
    return samples


def write_font(path: Path, font: Font) -> None:
    """Write the font; the same font always gives the same bytes."""
    info = b"".join(_chunk(name, text.encode("latin-1") + b"\0") for name, text in font.info.items())
    frames, headers = _sample_data(font.samples)
    presets, preset_zones = _preset_data(font.presets)
    instruments, instrument_zones = _instrument_data(font.instruments)
    pdta = (
        _chunk("phdr", presets)
        + preset_zones
        + _chunk("inst", instruments)
        + instrument_zones
        + _chunk("shdr", headers)
    )
    body = (
        b"sfbk"
        + _chunk("LIST", b"INFO" + _chunk("ifil", struct.pack("<HH", 2, 1)) + info)
        + _chunk("LIST", b"sdta" + _chunk("smpl", frames))
        + _chunk("LIST", b"pdta" + pdta)
    )
    path.write_bytes(_chunk("RIFF", body))


def _chunk(name: str, body: bytes) -> bytes:
    padding = b"\0" * (len(body) & 1)
    return struct.pack("<4sI", name.encode("latin-1"), len(body) + len(padding)) + body + padding


def _name(text: str) -> bytes:
    return text.encode("latin-1")[:19]


def _sample_data(samples: list[Sample]) -> tuple[bytes, bytes]:
    parts, headers, start = [], [], 0
    for sample in samples:
        count = len(sample.frames)
        parts += [sample.frames.astype("<i2").tobytes(), b"\0\0" * GAP_FRAMES]
        loop = (start + sample.loop_start, start + sample.loop_end)
        pitch = (sample.rate_hz, sample.root_key, sample.correction_cents)
        header = (_name(sample.name), start, start + count, *loop, *pitch, 0, MONO)
        headers.append(_SAMPLE.pack(*header))
        start += count + GAP_FRAMES
    headers.append(_SAMPLE.pack(b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0))
    return b"".join(parts), b"".join(headers)


def _zone_data(letter: str, owners: list[list[Zone]]) -> tuple[list[int], bytes]:
    """Pack all zones; give the first bag of each owner (and one past the end), and the chunks."""
    starts, bags, gens, mods = [0], [], bytearray(), bytearray()
    for zones in owners:
        for zone in zones:
            bags.append((len(gens) // _GENERATOR.size, len(mods) // _MODULATOR_BYTES))
            for number in sorted(zone.generators, key=_writing_order):
                gens += _GENERATOR.pack(number, _signed(zone.generators[number]))
            mods += b"".join(zone.modulators)
        starts.append(len(bags))
    bags.append((len(gens) // _GENERATOR.size, len(mods) // _MODULATOR_BYTES))
    if len(bags) > 0xFFFF or bags[-1][0] > 0xFFFF:
        raise SoundfontError(f"{len(bags)} zones are more than a soundfont can hold; keep fewer")
    packed = b"".join(_BAG.pack(*bag) for bag in bags)
    gens += _GENERATOR.pack(0, 0)
    mods += bytes(_MODULATOR_BYTES)
    named = {"bag": packed, "mod": bytes(mods), "gen": bytes(gens)}
    return starts, b"".join(_chunk(letter + name, body) for name, body in named.items())


def _writing_order(number: int) -> int:
    """Key range first, velocity range next, the sample or instrument last, as the format asks."""
    return {KEYS: -2, VELOCITIES: -1, SAMPLE: 1000, INSTRUMENT: 1000}.get(number, number)


def _signed(amount: int) -> int:
    return (amount + 0x8000) % 0x10000 - 0x8000


def _preset_data(presets: list[Preset]) -> tuple[bytes, bytes]:
    starts, chunks = _zone_data("p", [preset.zones for preset in presets])
    rows = [
        _PRESET.pack(_name(preset.name), preset.program, preset.bank, start, 0, 0, 0)
        for preset, start in zip(presets, starts, strict=False)
    ]
    rows.append(_PRESET.pack(b"EOP", 0, 0, starts[-1], 0, 0, 0))
    return b"".join(rows), chunks


def _instrument_data(instruments: list[Instrument]) -> tuple[bytes, bytes]:
    starts, chunks = _zone_data("i", [instrument.zones for instrument in instruments])
    rows = [
        _INSTRUMENT.pack(_name(instrument.name), start)
        for instrument, start in zip(instruments, starts, strict=False)
    ]
    rows.append(_INSTRUMENT.pack(b"EOI", starts[-1]))
    return b"".join(rows), chunks
