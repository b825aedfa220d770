"""The drum kit: the names a style table may use and the General MIDI keys they lie on. Pure data."""

from __future__ import annotations

KIT: dict[str, int] = {
    "kick": 36,
    "side-stick": 37,
    "snare": 38,
    "clap": 39,
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
    "cowbell": 56,
    "conga-high": 62,
    "conga": 63,
    "conga-low": 64,
    "shaker": 70,
    "clave": 75,
    "triangle": 81,
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
}
LESS = {
    "hat": "hat",
    "hat-open": "hat",
    "hat-pedal": "hat-pedal",
    "ride": "hat",
    "ride-bell": "hat",
    "snare": "side-stick",
    "side-stick": "side-stick",
}
THINNED: dict[str, dict[str, str]] = {"hats": HATS, "less": LESS}
