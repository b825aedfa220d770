"""Packs the band's suitcase: a small, levelled General MIDI soundfont out of the big FluidR3.

`python -m bandmate.ports.make_soundfont SOURCE.sf2 OUT.sf2` keeps the sounds a band needs, shortens
and thins their recordings (`font_trim`), brings all sounds to one loudness (`font_loudness`), and
lets every missing General MIDI program stand in by a neighbour. Runs by hand, once per release, in
no process of the band; must not import anything of ours but these two and the soundfont reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bandmate.ports import font_loudness, font_trim, sf2
from bandmate.ports.font_loudness import Note
from bandmate.ports.font_trim import Loop, Recipe
from bandmate.ports.sf2 import Font, Instrument, Preset, SoundfontError, Zone

KEPT = {  # by General MIDI program, counted from 0
    0: Recipe(1.4, 32000, "stereo"),  # grand piano; 1 and 3 play the same recordings
    1: Recipe(1.4, 32000, "stereo"),
    3: Recipe(1.4, 32000, "stereo"),
    4: Recipe(1.4, 22050),
    5: Recipe(1.3, 22050, "twin"),
    7: Recipe(1.0, 44100),
    11: Recipe(1.0, 32000, "twin"),
    16: Recipe(1.0, 32000, "stereo"),
    18: Recipe(0.9, 22050, thin=True),
    19: Recipe(1.0, 22050, thin=True),
    21: Recipe(1.0, 22050, "twin"),
    22: Recipe(1.0, 32000, range_key=65),
    24: Recipe(1.2, 22050, range_key=52),
    25: Recipe(1.1, 28000, range_key=52),
    26: Recipe(1.2, 22050, range_key=52),
    27: Recipe(1.3, 22050, range_key=52),
    28: Recipe(0.6, 22050, range_key=52),
    29: Recipe(1.0, 22050, range_key=52),
    30: Recipe(1.2, 22050, range_key=52, thin=True),
    32: Recipe(1.2, 22050, range_key=31),
    33: Recipe(1.2, 22050, range_key=31),
    34: Recipe(1.1, 22050, range_key=31),
    35: Recipe(1.1, 22050, range_key=31),
    36: Recipe(0.9, 22050, range_key=31),
    38: Recipe(1.0, 44100, "stereo", range_key=31),
    39: Recipe(1.0, 44100, "stereo", range_key=31),
    48: Recipe(1.6, 22050, "twin", thin=True),
    49: Recipe(1.6, 22050, "twin", thin=True),
    50: Recipe(1.0, 32000),
    52: Recipe(1.3, 22050, "twin", thin=True),
    53: Recipe(1.2, 22050, thin=True),
    56: Recipe(1.0, 32000, range_key=65),
    57: Recipe(1.0, 22050, range_key=50, thin=True),
    60: Recipe(1.2, 22050, thin=True, range_key=55),
    61: Recipe(1.0, 22050),
    65: Recipe(0.9, 22050, range_key=62),
    66: Recipe(1.0, 22050, thin=True, range_key=55),
    71: Recipe(1.0, 22050, range_key=62, thin=True),
    73: Recipe(1.0, 22050, range_key=72),
    80: Recipe(1.0, 44100, "stereo", range_key=67),
    81: Recipe(1.0, 44100, "stereo", range_key=67),
    88: Recipe(1.2, 22050),
    89: Recipe(1.5, 22050, "stereo"),
    90: Recipe(1.2, 22050, "stereo"),
    95: Recipe(1.2, 22050, "stereo"),
    108: Recipe(0.8, 22050, "twin"),
    114: Recipe(0.8, 22050, "twin"),
    115: Recipe(0.5, 32000, "twin"),
    117: Recipe(0.8, 22050, "twin", range_key=48),
}
KITS = (0, 8, 16, 24, 25, 32, 40)  # programs of bank 128
KIT_STAND_INS = {48: 0}
KIT_PARTS = {  # recipes by instrument name, where a kit's part differs from KIT_PART
    "Crashes & Rides": Recipe(1.9, 32000, "twin"),
    "Hi Hats Treb": Recipe(1.2, 44100, "twin"),
    "Std Kick": Recipe(1.0, 44100, "twin"),
    "Std Snare 1": Recipe(1.0, 44100, "stereo"),
    "Std Snare 4": Recipe(1.0, 44100, "stereo"),
    "Brush Snares": Recipe(1.0, 44100, "stereo"),
    "Percussion": Recipe(0.6, 22050, "twin"),
    "Hand Perc": Recipe(0.7, 32000, "twin"),
    "Misc. Percussion": Recipe(0.6, 32000, "twin"),
    "TR-808": Recipe(0.8, 32000, "twin"),
}
KIT_PART = Recipe(0.9, 32000, "twin")
STAND_INS = {  # where the nearest kept number of the family is not the nearest sound
    2: 5, 6: 7, 8: 11, 9: 11, 10: 11, 12: 11, 13: 115, 14: 11, 15: 24, 17: 16, 20: 21, 23: 21,
    31: 26, 37: 36, 40: 48, 41: 48, 42: 48, 43: 32, 44: 48, 45: 24, 46: 24, 47: 117, 51: 50,
    54: 53, 55: 61, 58: 57, 59: 56, 62: 61, 63: 61, 64: 65, 67: 66, 68: 71, 69: 71, 70: 71,
    82: 73, 83: 80, 84: 81, 85: 53, 86: 81, 87: 81, 91: 52, 92: 95, 93: 95, 94: 90, 96: 88, 97: 95,
    98: 88, 99: 24, 100: 88, 101: 95, 102: 88, 103: 88, 104: 25, 105: 25, 106: 24, 107: 24,
    109: 21, 110: 48, 111: 71, 112: 114, 113: 115, 116: 117, 118: 117, 119: 95, 120: 28, 121: 73,
    122: 95, 123: 73, 124: 115, 125: 95, 126: 95, 127: 117,
}  # fmt: skip


class Suitcase:
    """What has been packed so far: instruments and samples of the new font, each once."""

    def __init__(self, source: Font) -> None:
        self.source = source
        self.packed = Font({}, [], [], [])
        self._instruments: dict[int, int] = {}
        self._samples: dict[int, tuple[int, Loop | None]] = {}

    def pack_preset(self, bank: int, program: int) -> None:
        """Pack one preset with everything it plays."""
        source = self.source.preset(bank, program)
        zones = [zone.copy() for zone in source.zones]
        for zone in zones:
            index = zone.generators.get(sf2.INSTRUMENT)
            if index is not None:
                name = self.source.instruments[index].name
                recipe = KEPT[program] if bank == 0 else KIT_PARTS.get(name, KIT_PART)
                zone.generators[sf2.INSTRUMENT] = self._pack_instrument(index, recipe)
        self.packed.presets.append(Preset(source.name, bank, program, zones))

    def _pack_instrument(self, index: int, recipe: Recipe) -> int:
        if index not in self._instruments:
            source = self.source.instruments[index]
            zones = font_trim.effective(source)
            if recipe.channels != "stereo":
                zones = font_trim.fold_to_mono(zones, recipe.channels == "twin")
            if recipe.thin:
                zones = font_trim.thin_out(zones)
            self._pack_samples(zones, recipe)
            self._instruments[index] = len(self.packed.instruments)
            self.packed.instruments.append(Instrument(source.name, zones))
        return self._instruments[index]

    def _pack_samples(self, zones: list[Zone], recipe: Recipe) -> None:
        looped = {z.generators[sf2.SAMPLE] for z in zones if z.generators.get(sf2.LOOPING, 0) & 1}
        loops: dict[tuple[tuple[int, int], int], Loop | None] = {}
        for zone in zones:
            index = zone.generators[sf2.SAMPLE]
            sample = self.source.samples[index]
            pair = (zone.span(sf2.KEYS), len(sample.frames))
            if index not in self._samples:
                cut, loop = font_trim.trim_sample(sample, recipe, index in looped, loops.get(pair))
                self._samples[index] = (len(self.packed.samples), loop)
                self.packed.samples.append(cut)
            zone.generators[sf2.SAMPLE], loop = self._samples[index]
            loops[pair] = loop
            for offset in sf2.OFFSETS:
                zone.generators.pop(offset, None)
            if recipe.thin and index in looped:
                font_trim.tune(zone, self.packed.samples[zone.generators[sf2.SAMPLE]])
            if loop:
                font_trim.let_ring_out(zone, loop, sample.rate_hz)


def stand_in(program: int) -> int:
    """The kept program that plays for a missing one: the named one, else the family's nearest."""
    if program in KEPT:
        return program
    family = [kept for kept in KEPT if kept // 8 == program // 8]
    return STAND_INS.get(program) or min(family, key=lambda kept: (abs(kept - program), kept))


def trim(source: Font) -> Font:
    """The kept presets of the source, cut to their recipes, not yet levelled."""
    suitcase = Suitcase(source)
    for program in KITS:
        suitcase.pack_preset(128, program)
    for program in KEPT:
        suitcase.pack_preset(0, program)
    suitcase.packed.info = {
        "isng": "EMU8000",
        "INAM": "bandmate GM",
        "ICRD": "2008-02-24",
        "IENG": "Frank Wen and contributors; trimmed for bandmate",
        "ICOP": "Frank Wen 2000-2002, 2008; Toby Smithe 2008",
        "ICMT": "Trimmed and levelled from Fluid R3 GM. Licensed under the MIT License.",
        "ISFT": "bandmate.ports.make_soundfont",
    }
    return suitcase.packed


def add_stand_ins(font: Font, source: Font) -> None:
    """Give every missing program and kit a neighbour's sound, its name marked with a tilde."""
    wanted = [(0, program, stand_in(program)) for program in range(128)]
    wanted += [(128, kit, other) for kit, other in KIT_STAND_INS.items()]
    for bank, program, other in wanted:
        if (bank, program) != (bank, other):
            zones = [zone.copy() for zone in font.preset(bank, other).zones]
            name = "~" + source.preset(bank, program).name
            font.presets.append(Preset(name, bank, program, zones))
    font.presets.sort(key=lambda preset: (preset.bank, preset.program))


def phrase(bank: int, program: int) -> list[Note]:
    """What judges the loudness of a kept preset: two bars of a kit, or a melody in its range."""
    return font_loudness.two_bars() if bank == 128 else font_loudness.melody(KEPT[program].range_key)


def make(source_path: Path, out_path: Path) -> None:
    """Read the big font, write the small one, and say what became of each sound."""
    source = sf2.read_font(source_path)
    font = trim(source)
    phrases = {(preset.bank, preset.program): phrase(preset.bank, preset.program) for preset in font.presets}
    levels = font_loudness.level(font, out_path, phrases)
    for preset in font.presets:
        before, after = levels[preset.bank, preset.program]
        name = f"{preset.bank:3} {preset.program:3} {preset.name:20}"
        print(f"{name} {before:6.1f} -> {after:6.1f} LUFS")
    add_stand_ins(font, source)
    sf2.write_font(out_path, font)
    print(f"{out_path}: {out_path.stat().st_size / 1e6:.1f} MB, {len(font.presets)} presets")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m bandmate.ports.make_soundfont SOURCE.sf2 OUT.sf2")
    try:
        make(Path(sys.argv[1]), Path(sys.argv[2]))
    except (SoundfontError, OSError) as error:
        sys.exit(str(error))
