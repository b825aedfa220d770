"""One vocabulary of styles: what patches, corpus and model call a way to play.

The first ones are those of the product; the others are ways in which the data plays, kept apart so that
they don't colour ours. `GROOVES` maps MMA's style files (Debian's `mma`) onto them, `DRUMMERS` the labels
of Groove MIDI. A style that a patch brings and nobody knows is played as `other`. Data only.
"""

from __future__ import annotations

STYLES = (
    "pop-rock", "ballad", "ballad-12-8", "funk", "motown", "gospel", "rnb", "disco", "swing", "swing-up",
    "brush-ballad", "jazz-waltz", "bossa-nova", "samba", "bolero", "reggae", "blues-shuffle", "country-train",
    "house", "hip-hop", "five-four", "seven-eight", "unplugged",
    # ways of the data
    "waltz", "rock-n-roll", "latin", "folk", "march", "dance-hall", "other",
    "cha-cha",
)  # fmt: skip

# other names for the same: patches may say soul, the data says afrobeat
ALIASES = {
    "soul": "motown",
    "seven": "seven-eight",
    "five": "five-four",
    "rock": "pop-rock",
    "pop": "pop-rock",
}

# style: MMA files; one of a row is drawn as often as any other. Unplugged ones lose their drums.
GROOVES: dict[str, tuple[str, ...]] = {
    "pop-rock": ("8beat", "basicrock", "softrock", "folkrock", "bubblerock"),
    "ballad": ("ballad", "popballad", "pianoballad", "rockballad", "stringballad"),
    "ballad-12-8": ("ballad128", "rock-128", "blues128"),
    "funk": ("bvfunk", "jazzrock", "strut"),
    "motown": ("dsoul",),
    "gospel": ("popspiritual", "spiritual", "slowspiritual"),
    "rnb": ("rb", "rb-ballad"),
    "disco": ("boneym",),
    "swing": ("swing", "easyswing", "jazzcombo", "mellowjazz", "nitejazz", "modernjazz"),
    "swing-up": ("fastswing", "bebop", "bigband"),
    "brush-ballad": ("slowjazz", "evansish"),
    "jazz-waltz": ("jazzwaltz", "fastjazzwaltz", "modernjazzwaltz"),
    "bossa-nova": ("bossanova",),
    "samba": ("samba",),
    "bolero": ("slowbolero", "beguine"),
    "reggae": ("ska",),
    "blues-shuffle": ("blues", "fastblues", "slowblues", "shuffleboggie"),
    "country-train": ("bluegrass", "hillcountry", "countryswing", "slowcountry"),
    "house": ("trance",),
    "five-four": ("jazz-54",),
    "unplugged": ("guitarballad", "arpeggio44", "hymn", "folkballad", "arpeggiowaltz"),
    "waltz": ("waltz", "countrywaltz", "broadwaywaltz", "rockwaltz"),
    "rock-n-roll": ("50srock", "60srock", "twist", "jive"),
    "cha-cha": ("chacha",),
    "latin": ("salsa", "mambo", "rhumba", "merengue", "lfusion"),
    "folk": ("folk", "bluefolk", "lullaby"),
    "march": ("march", "bwmarch"),
    "dance-hall": ("foxtrot", "charleston", "quickstep", "tango", "polka", "broadway"),
}

# meter of MMA's files where it isn't four beats
BEATS = {name: 3 for style in ("jazz-waltz", "waltz") for name in GROOVES[style]} | {
    "arpeggiowaltz": 3, "jazz-54": 5,
}  # fmt: skip

# Groove MIDI's first words (and whole labels) -> style
DRUMMERS = {
    "rock": "pop-rock", "pop": "pop-rock", "pop/soft": "ballad", "punk": "rock-n-roll", "funk": "funk",
    "funk/purdieshuffle": "rnb", "soul": "motown", "hiphop": "hip-hop", "gospel": "gospel",
    "reggae": "reggae",
    "jazz": "swing", "jazz/swing": "swing", "jazz/funk": "funk", "jazz/fusion": "other", "dance": "house",
    "dance/disco": "disco", "blues": "blues-shuffle", "country": "country-train", "afrobeat": "funk",
    "latin": "latin", "latin/samba": "samba", "latin/brazilian-samba": "samba",
    "latin/brazilian-bossa": "bossa-nova",
    "neworleans": "funk", "neworleans/secondline": "march", "afrocuban": "latin",
    "rock/shuffle": "blues-shuffle",
}  # fmt: skip


def style_number(name: str) -> int:
    """The model's number for a style's name; unknown ones are `other`."""
    known = ALIASES.get(name, name)
    return STYLES.index(known) if known in STYLES else STYLES.index("other")
