"""Cues in a song: its sections, its key, its ending, the next song; and what happens on every bar line.

Functions on a `Band`, called inside `Band.step` only. Places are fixed when the cue comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bandmate import barlines, night, storing
from bandmate.events import Moment, Send
from bandmate.form import STROKES
from bandmate.roadmap import Spot

if TYPE_CHECKING:
    from bandmate.band import Band

INTRO = "intro"  # a section whose name begins so is played as the style plays intros
SLOWEST = 0.62  # of the tempo: where a ritard of the band's own arrives


# ------------------------------------------------------------------ every bar


def begin_bar(band: Band, now_s: float, bar: int, moment: Moment) -> list[Send]:
    """A bar is about to be decided: where it is in the song, and who plays."""
    sends: list[Send] = []
    line = band.transport.line_of(bar)
    if _leads_on(band, bar):
        place = band.night.on(1)
        assert place is not None
        sends += night.segue(band, now_s, line, place)
    came_from = band.road.spot
    if band.road.go(bar):
        _enter_section(band, came_from)
    barlines.know(band.transport, bar, band.road.odd_bars())
    band.form.section_ends = band.road.ends_here()
    if band.night.alone and _form_ends(band, bar):
        sends += end_alone(band, now_s, moment, bar)
    return sends


def _leads_on(band: Band, bar: int) -> bool:
    """Whether the next song begins on this bar: cued, or because this one leads into it."""
    if band.night.segue_bar is not None:
        return bar >= band.night.segue_bar
    entry = band.night.entry
    if entry is None or not entry.segue or band.form.ending or band.road.turn is not None:
        return False
    return bar > band.road.bar and _form_ends(band, band.road.bar)


def _form_ends(band: Band, bar: int) -> bool:
    """Whether a bar is the very last of the form, and nobody has asked for more."""
    road = band.road
    spot = road.spot_of(bar)
    if spot is None or band.form.ending or road.vamping or road.repeats or road.turn is not None:
        return False
    section = road.section_of(spot)
    return road.last(spot) and spot.bar == section.bars - 1 and not section.open


def _enter_section(band: Band, came_from: Spot | None) -> None:
    """A section begins: its loudness, and who comes in and goes out."""
    road, song, spot = band.road, band.road.song, band.road.spot
    assert song is not None
    assert spot is not None
    section = road.section_of(spot)
    if came_from is not None and came_from.at == spot.at:
        return  # another round
    band.form.to_section(section.intensity)
    intro = section.name.casefold().startswith(INTRO)
    band.form.intro_until = band.transport.line_of(road.bar + section.bars) if intro else 0.0
    if section.energy is not None:
        band.params["energy"] = section.energy
    _pin_key(band)
    if came_from is not None:
        was, will = (night.people(band, song, at) for at in (came_from.at, spot.at))
        band.enter(sorted(will - was))
        band.leave(was - will)


# ------------------------------------------------------------------ sections


def _line_bar(band: Band, now_s: float) -> int:
    """The bar that a cue reaches: taken up to one pulse before its line."""
    transport = band.transport
    line = transport.next_bar(transport.beatmap.beat_at(now_s), transport.meter.pulse_beats)
    return transport.bar_of(line + 1e-3)[0]


def section(band: Band, now_s: float, steps: int) -> list[Send]:
    """Next or previous section of the song, with a fill on the way up."""
    line_bar = _line_bar(band, now_s)
    bar = band.road.cue_next(line_bar, steps)
    band.plan.astray = False
    line = band.transport.section_beat = band.transport.line_of(bar)
    if steps > 0 and bar == line_bar:
        moment = band.transport.moment(now_s)
        band.form.cue("fill", moment, band.transport.next_bar, band.transport.later)
    elif steps > 0:
        band.form.fill_into(line, bar)
    return []


def _to(band: Band, now_s: float, spot: Spot) -> None:
    bar = _line_bar(band, now_s)
    band.road.cue(bar, spot)
    band.plan.astray = False
    band.transport.section_beat = band.transport.line_of(bar)


def jump(band: Band, now_s: float, name: str) -> list[Send]:
    """To a section by its name, on the next bar line; before the song, it begins there."""
    spot = band.road.find(name)
    if spot is None and name:
        song = band.road.song
        there = ", ".join(each.name for each in song.sections) if song else "none"
        band.alarm(now_s, f"there is no section {name!r} in this song; there are: {there}")
    elif spot is not None and band.transport.running:
        _to(band, now_s, spot)
    elif spot is not None:
        band.road.cue(0, spot)
    return []


def _repeat(band: Band, now_s: float) -> list[Send]:
    if _in_song(band, now_s):
        band.road.again()
    return []


def _vamp(band: Band, now_s: float) -> list[Send]:
    if _in_song(band, now_s):
        band.road.vamp()
    return []


def _mark(band: Band, now_s: float) -> list[Send]:
    if _in_song(band, now_s):
        beat = band.transport.beatmap.beat_at(now_s)
        band.road.mark = band.road.spot_of(band.transport.bar_of(beat)[0])
    return []


def _to_mark(band: Band, now_s: float) -> list[Send]:
    if not _in_song(band, now_s):
        return []
    if band.road.mark is None:
        band.alarm(now_s, "no spot is marked; `mark` marks one")
    else:
        _to(band, now_s, band.road.mark)
    return []


def _in_song(band: Band, now_s: float) -> bool:
    """Whether a song with a form is under way; else one sentence."""
    if band.road.song is None:
        band.alarm(now_s, "there is no song with sections; `bandmate jam --setlist NAME` opens a setlist")
        return False
    return band.transport.running


# ------------------------------------------------------------------ the key


def transpose(band: Band, now_s: float, semitones: int) -> list[Send]:
    """The chart in another key from the next bar line on; before the song, at once."""
    song = band.road.song
    if song is None:
        return []
    running = band.transport.running
    bar = _line_bar(band, now_s) if running else 0
    band.road.move(bar, semitones)
    if running:
        band.form.at(band.transport.line_of(bar), lambda: _pin_key(band))
    else:
        _pin_key(band)
    return []


def _pin_key(band: Band) -> None:
    """The song's key as its chart sounds in the newest bar."""
    song, road = band.road.song, band.road
    if song is not None and song.key is not None:
        band.params["key"] = night.key_name(song, road.chart_bar(max(road.bar, road.first_bar))[1])
        band.pin_key()


def _key_by(steps: int) -> Callable[[Band, float], list[Send]]:
    def key_by(band: Band, now_s: float) -> list[Send]:
        wanted = float(band.params["transpose"]) + steps
        if band.road.song is None or abs(wanted) > 12:
            band.alarm(now_s, "there is no chart to move any further; without one the band is in your key")
            return []
        band.params["transpose"] = wanted
        return transpose(band, now_s, int(wanted))

    return key_by


# ------------------------------------------------------------------ endings


def land(band: Band) -> None:
    """The last stroke is on the song's last chord, where the chart leads there."""
    song, end_beat = band.road.song, band.form.end_beat
    if song is None or end_beat is None or band.form.ending not in STROKES or song.last_chord is None:
        return
    bar = band.transport.bar_of(end_beat - 1e-3)[0]
    if band.night.alone or band.plan.charted(end_beat - 1e-3):
        band.plan.final = (end_beat, song.last_chord.moved(band.road.chart_bar(bar)[1]))


def stay(band: Band, now_s: float, ending: str) -> None:
    """Where the road goes until an ending is over: the last four bars twice more, or round and round."""
    if ending == "tag":
        band.road.tag(_line_bar(band, now_s))
        barlines.know(band.transport, band.road.bar, band.road.odd_bars())
    elif ending == "vamp-out" and not band.road.vamping:
        band.road.vamp()


def end_alone(band: Band, now_s: float, moment: Moment, bar: int) -> list[Send]:
    """The band's own ending, at the end of the form: nobody is there to cue it."""
    song, transport = band.road.song, band.transport
    assert song is not None
    name = {"button": "ending", "ritard": "ending"}.get(song.ending, song.ending)
    transport.begin_ending()
    band.quitting = True  # with its last note the band goes home
    if name == "fade":
        return [band.form.fade(moment)]
    if song.ending == "ritard":
        band.slow_from = transport.line_of(bar)
    if name == "tag":
        band.road.tag(bar + 1)
        barlines.know(transport, bar, band.road.odd_bars())
    late = max(moment.beat, transport.line_of(bar))
    band.form.cue(name, transport.moment(transport.beatmap.time_at(late)), transport.next_bar,
                  transport.later)  # fmt: skip
    land(band)
    return []


def slow_down(band: Band, now_s: float, beat: float) -> None:
    """A ritard of the band's own: each eighth a little later, over the last bar."""
    end = band.form.end_beat
    if band.slow_from is None or end is None or beat < band.slow_from:
        return
    share = min(1.0, (beat - band.slow_from) / max(1.0, end - band.slow_from))
    transport = band.transport
    bpm = transport.home_bpm * transport.meter.pulse_beats * (1 - (1 - SLOWEST) * share)
    transport.beatmap = transport.beatmap.at_tempo(bpm, transport.frontier(now_s))


# ------------------------------------------------------------------ songs


def another_song(band: Band, now_s: float, steps: int) -> list[Send]:
    """Next or previous song: at once between songs, on a bar line in a medley, else after an ending."""
    place = band.night.on(steps)
    words = "there is no setlist; `bandmate jam --setlist NAME` opens one"
    if band.night.setlist is not None:
        words = f"{band.song} is the {'last' if steps > 0 else 'first'} of the setlist"
    entry = band.night.entry
    if steps > 0 and place is not None and entry is not None and entry.segue and band.transport.running:
        band.night.segue_bar = _line_bar(band, now_s)
        return []
    return night.go_to(band, now_s, place, words)


def named_song(band: Band, now_s: float, title: str) -> list[Send]:
    """A song of the setlist by its title or number."""
    if not title:
        return []
    listed = band.night.setlist
    place = None if listed is None else listed.place(title, band.night.place)
    return night.go_to(band, now_s, place, f"there is no {title!r} in this setlist")


ACTIONS: dict[str, Callable[[Band, float], list[Send]]] = {
    "repeat": _repeat,
    "vamp": _vamp,
    "mark": _mark,
    "to-mark": _to_mark,
    "key-up": _key_by(1),
    "key-down": _key_by(-1),
    "next-song": lambda band, now_s: another_song(band, now_s, 1),
    "previous-song": lambda band, now_s: another_song(band, now_s, -1),
    "store": storing.store,
    "store-chart": storing.store_chart,
}
