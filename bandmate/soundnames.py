"""What the sounds of a band are called, for the screens: read from its fonts before the show.

Joins the band with the soundfonts' tables; called by the band's process as it opens, and by the portraits.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.band import Band
from bandmate.errors import BandmateError


def sound_names(band: Band, evening: setlists.Setlist | None) -> dict[Path, dict[tuple[int, int], str]]:
    """What the sounds of every font of the show are called; read before it begins."""
    from bandmate.ports.sf2 import preset_names

    shown = [band.rig, *(song.patch for song in evening.songs)] if evening is not None else [band.rig]
    fonts: set[Path] = set()
    for patch in shown:
        with contextlib.suppress(BandmateError):  # no font, no names: the band may play on MIDI alone
            fonts |= {patches.font_path(patch), *patches.font_files(patch)}
    return {font: preset_names(font) for font in fonts}


def sounds_of(band: Band, names: dict[Path, dict[tuple[int, int], str]]) -> dict[str, str]:
    """What each part sounds like, in words: a sound of its font, or an instrument at a port."""
    found = {}
    for part in band.patch.parts:
        sound, asked = band.patch.sounds[part], round(float(band.params[f"part/{part}/program"]))
        program = max(0, sound.program if asked < 0 else asked)
        if sound.port:
            found[part] = f"{sound.port} {sound.channel}"
            continue
        known = names.get(patches.font_file(sound.font or band.patch.font), {})
        found[part] = known.get((sound.bank, program), f"{sound.bank}:{program}")
    return found
