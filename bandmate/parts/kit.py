"""The drum kit: the names a style table may use and the General MIDI keys they lie on. Pure data.

The brushes lie where the General MIDI brush kit (bank 128, program 40) has them; a style that is brushed
wants a patch with that kit.
"""

from __future__ import annotations

KIT: dict[str, int] = {
    "kick": 36,
    "side-stick": 37,
    "snare": 38,
    "brush-tap": 38,
    "clap": 39,
    "brush-slap": 39,
    "brush-swirl": 40,
    "tom-floor": 41,
    "hat": 42,
    "tom-low": 45,
    "hat-pedal": 44,
    "hat-open": 46,
    "tom-mid": 47,
    "crash": 49,
    "tom-high": 50,
    "ride": 51,
    "ride-bell": 53,
    "tambourine": 54,
    "splash": 55,
    "cowbell": 56,
    "bongo-high": 60,
    "bongo-low": 61,
    "conga-high": 62,  # muted, the slap
    "conga": 63,
    "conga-low": 64,
    "timbale-high": 65,
    "timbale-low": 66,
    "agogo-high": 67,
    "agogo-low": 68,
    "cabasa": 69,
    "shaker": 70,
    "guiro": 73,
    "guiro-long": 74,
    "clave": 75,
    "wood-block": 76,
    "triangle-mute": 80,
    "triangle": 81,
    "surdo-mute": 86,
    "surdo": 87,
}

# one hand, one cymbal: of those written on one place only the first is struck
RIGHT_HAND = ("crash", "hat-open", "ride-bell", "ride", "hat")

# what is left of the kit while the band comes in or thins out: written drum -> drum struck
HATS = {
    "hat": "hat",
    "hat-open": "hat",
    "hat-pedal": "hat-pedal",
    "ride": "ride",
    "ride-bell": "ride",
    "shaker": "shaker",
    "cabasa": "cabasa",
    "brush-swirl": "brush-swirl",
}
LESS = {
    "hat": "hat",
    "hat-open": "hat",
    "hat-pedal": "hat-pedal",
    "ride": "hat",
    "ride-bell": "hat",
    "snare": "side-stick",
    "side-stick": "side-stick",
    "clap": "side-stick",
    "brush-tap": "side-stick",
    "brush-slap": "side-stick",
    "brush-swirl": "brush-swirl",
}
THINNED: dict[str, dict[str, str]] = {"hats": HATS, "less": LESS}
