"""The evening: which song of the setlist it is, and how a song is recalled with all that belongs to it.

Songs were read before the doors opened; nothing is opened here. Functions on a `Band`, called inside
`Band.step` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bandmate import labels, mixing
from bandmate.controls import AUTO_KEY, Value, defaults, settled
from bandmate.events import Send
from bandmate.lineup import set_clock
from bandmate.patch import in_rig
from bandmate.setlist import Entry, Setlist, Song

if TYPE_CHECKING:
    from bandmate.band import Band

# what a song sets, and the next one finds as it was
RECALLED = ("energy", "density", "swing", "follow", "inertia", "clock", "on-rest", "key")
NOT_BY_HAND = ("bpm", "meter", "style", "count-in", "section")  # the song's own


class Night:
    """Where the evening is. Without a setlist it is one long jam; `alone`: nobody plays but the band."""

    def __init__(self, setlist: Setlist | None, alone: bool, by_hand: dict[str, Value]) -> None:
        self.setlist, self.alone = setlist, alone
        # what the performer said when it began, which goes before what a song says
        self.by_hand = {name: value for name, value in by_hand.items() if name not in NOT_BY_HAND}
        self.first: list[str] = []  # who plays when the song begins
        self.less: dict[str, float] = {}  # part: how much thinner the model is asked to play, by *not that*
        self.segue_bar: int | None = None  # the next song begins on this bar, without a stop
        self.place = 0
        self.then: int | None = None  # where to go when the song has ended; None: on to the next

    @property
    def entry(self) -> Entry | None:
        """The line of the setlist that is due or under way."""
        return self.setlist.entries[self.place] if self.setlist is not None else None

    @property
    def song(self) -> Song | None:
        """The song that is due or under way; None: a jam, or a pause."""
        return None if self.entry is None else self.entry.song

    @property
    def pause(self) -> str:
        """The pause that it is, if it is one: nothing sounds in it."""
        return "" if self.entry is None else self.entry.pause

    def on(self, steps: int) -> int | None:
        """The place so many lines on; None: the list ends there."""
        place = self.place + steps
        there = self.setlist is not None and 0 <= place < len(self.setlist.entries)
        return place if there else None


def recall(band: Band, now_s: float, place: int) -> list[Send]:
    """Another line of the setlist, at once: a song with its sounds, tempo, meter and people."""
    night, transport = band.night, band.transport
    night.place, night.then, night.segue_bar = place, None, None
    band.undoing.clear()
    entry = night.entry
    assert entry is not None
    band.song = entry.title
    sends = [] if entry.song is None else _set_up(band, entry.song)
    if entry.song is not None:
        transport.meter = entry.song.meter
        transport.count_in_bars = int(float(band.params["count-in"]))
        band.listener.set_meter(transport.meter)
        labels.set_tempo(transport, now_s, entry.song.bpm)
    elif transport.state == "armed":
        transport.disarm()
    begin(band)
    return sends


def segue(band: Band, now_s: float, beat: float, place: int) -> list[Send]:
    """Straight into the next song, whose first bar begins on this beat."""
    night = band.night
    night.place, night.then, night.segue_bar = place, None, None
    band.undoing.clear()
    song = night.song
    assert song is not None
    band.song = song.title
    sends = _set_up(band, song)
    band.transport.change_at(beat, song.bpm, song.meter)
    bar = band.transport.bar_of(beat)[0]
    band.form.begin(song.sections[song.form[0]].intensity, in_song=True, bar=bar)
    begin_road(band, bar)
    return sends


def begin(band: Band) -> None:
    """The song that is due, from its beginning."""
    song = band.night.song
    if song is None:
        band.form.begin(int(float(band.params["section"])))
    else:
        band.form.begin(song.sections[song.form[0]].intensity, in_song=True)
        band.playing = people(band, song, 0)
        _say_who_plays(band)
    band.waiting.clear()
    band.begin_slots()
    begin_road(band)


def begin_road(band: Band, bar: int = 0) -> None:
    """The road from its first bar; what was learnt of the last song is forgotten."""
    band.road.begin(band.night.song, bar)
    band.plan.begin()
    band.transport.odd = {}


def _set_up(band: Band, song: Song) -> list[Send]:
    """Parameters, people and sounds of a song."""
    band.patch = in_rig(song.patch, band.rig)
    band.form.people(song.patch.parts)
    band.params |= as_recalled(band, song)
    band.night.less = dict(song.less)
    band.night.first = [part for part in song.patch.parts if float(band.params[f"part/{part}/on"]) >= 0.5]
    band.playing = people(band, song, 0)
    _say_who_plays(band)
    set_clock(band)
    band.pin_key()
    return mixing.resound(band)


def _say_who_plays(band: Band) -> None:
    for part in band.patch.parts:
        band.params[f"part/{part}/on"] = float(part in band.playing)


def as_recalled(band: Band, song: Song) -> dict[str, Value]:
    """What the song sets, and everything that another song had set as it was before."""
    fresh = {
        name: value for name, value in defaults().items() if name in RECALLED or name.startswith("part/")
    }  # fmt: skip
    fresh["follow"] = band.styles[song.style].follow
    given = settled(song.patch.params) | settled(song.params) | band.night.by_hand
    fresh |= {name: value for name, value in given.items() if name not in NOT_BY_HAND}
    fresh |= {"style": song.style, "bpm": song.bpm, "meter": str(song.meter), "transpose": 0.0}
    fresh |= {"count-in": float(song.count_in), "key": key_name(song, song.transpose)}
    return fresh | ({} if song.energy is None else {"energy": song.energy})


def key_name(song: Song, semitones: int) -> str:
    """The key so many semitones from the written one, for the parameter; auto where the song has none."""
    return AUTO_KEY if song.key is None else str(song.key.moved(semitones))


def people(band: Band, song: Song, at: int) -> set[str]:
    """Who plays at a place of the form, by all that its sections said up to there."""
    found = set(band.night.first)
    for index in song.form[: at + 1]:
        found = (found | set(song.sections[index].parts_in)) - set(song.sections[index].parts_out)
    return found & set(song.patch.parts)


# ------------------------------------------------------------------ between songs


def ended(band: Band, now_s: float) -> list[Send]:
    """A song has ended: the next line of the setlist is due; nothing sounds until somebody counts in."""
    night = band.night
    place = night.then if night.then is not None else night.on(1)
    if night.setlist is None or place is None:
        night.then = None
        if night.song is None:
            night.less = {}  # what comes next is another one
        begin(band)
        return []
    return recall(band, now_s, place)


def go_to(band: Band, now_s: float, place: int | None, words: str) -> list[Send]:
    """The cue for another song: at once where nothing sounds, else when this one has ended."""
    if place is None:
        band.alarm(now_s, words)
        return []
    if band.transport.state in ("off", "armed"):
        sends = recall(band, now_s, place)
        if not band.night.pause:
            band.transport.arm()
        return sends
    band.night.then = place
    return []


# ------------------------------------------------------------------ saved and restored


def state_now(band: Band) -> dict[str, Any]:
    """Where the evening is."""
    night = band.night
    road, less = band.road.state_now(), dict(night.less)
    return {"place": night.place, "road": road, "first": night.first, "less": less}


def restore(band: Band, saved: dict[str, Any]) -> None:
    """Go on in the song that was playing."""
    night = band.night
    night.less = dict(saved["less"])
    if night.setlist is None or not 0 <= saved["place"] < len(night.setlist.entries):
        return
    night.place, night.first = saved["place"], list(saved["first"])
    song = night.song
    if song is not None:
        band.patch = in_rig(song.patch, band.rig)
        band.form.people(song.patch.parts)
        band.ready = mixing.resound(band)
    band.road.restore(song, saved["road"])
    band.plan.begin()
