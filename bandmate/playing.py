"""`bandmate play SONG`: the band plays a chart alone, into files or live, with form, energy and ending.

The same band as on the stage, in virtual time where files are wanted. Joins every room that it needs; runs in
the caller's process.
"""

from __future__ import annotations

import argparse
import itertools
import math
from dataclasses import replace

from bandmate.band import Band
from bandmate.controls import MOODS, Value
from bandmate.errors import BandmateError
from bandmate.events import Command, Event
from bandmate.form import FADE_BARS, TAG_BARS, VAMP_BARS
from bandmate.parts.style import load_style
from bandmate.rehearsal import Performance, load_styles, make_band, perform, write_performance
from bandmate.setlist import load_song, single
from bandmate.show.take import Header
from bandmate.songfile import Song
from bandmate.timing import clock, period_s, read_clock, step_index

CHORDS = {"keys", "guitar", "pad"}
NEAR = 0.06  # of the tempo: nobody hears it
STRETCH = 0.08  # of the tempo: the most that a length may cost
MOST_S = 3600.0
LOOSE_S = 60.0  # so much longer at most does the band play than was reckoned


def adapted(song: Song, style: str | None, mood: str | None, energy: float | None, bpm: float | None) -> Song:
    """The song in another style or mood, nothing left open: nobody is there to cue."""
    step = 0 if mood is None else MOODS[mood][2]
    sections = tuple(
        replace(section, open=False, intensity=min(3, max(1, section.intensity + step)),
                energy=None if mood or energy is not None else section.energy)
        for section in song.sections
    )  # fmt: skip
    params = dict(song.params)
    if mood is not None:
        params["density"] = MOODS[mood][1]
    patch = song.patch
    if not _chord_players(song, style or song.style):  # with nobody at the piano, somebody has to
        patch = replace(patch, parts=tuple(dict.fromkeys((*patch.parts, "keys"))))
        params["part/keys/on"] = 1.0
    loud = energy if energy is not None else MOODS[mood][0] if mood else song.energy
    return replace(
        song,
        patch=patch,
        sections=sections,
        params=params,
        energy=loud,
        style=style or song.style,
        bpm=bpm or song.bpm,
    )


def _chord_players(song: Song, style: str) -> list[str]:
    """Who plays chords from the first bar on: whoever is in, and has something to play in the style."""
    on = song.patch.params | song.params
    written = load_style(style).parts
    here = [part for part in song.patch.parts if part in CHORDS and part in written]
    return [part for part in here if float(on.get(f"part/{part}/on", 1.0)) >= 0.5]


def check_charts(song: Song) -> None:
    """A band alone has nobody to listen to; raises BandmateError where a section has no chart."""
    for index in song.form:
        section = song.sections[index]
        if not section.chart or section.follow:
            raise BandmateError(
                f"{song.path or song.title}: section {section.name!r} follows you, and nobody plays here; "
                "give it a chart, or jam with `bandmate jam --setlist`"
            )


# ------------------------------------------------------------------ a length


def length_s(song: Song, form: tuple[int, ...] | None = None) -> float:
    """From the first beat to the last stroke and its ring, in seconds, at the song's tempo."""
    beats = sum(song.beats_of(song.sections[index]) for index in (form or song.form))
    more = {"tag": TAG_BARS, "vamp-out": VAMP_BARS, "fade": FADE_BARS - 1}.get(song.ending, 0)
    beats += more * song.meter.bar_beats
    if song.ending != "fade":
        beats += max(2 * song.meter.pulse_beats, 2.0)
    return beats * period_s(song.bpm * song.meter.pulse_beats)


def fitted(song: Song, wanted_s: float) -> Song:
    """The form played more or fewer times, and a touch of tempo, so that the song lasts so long.

    First and last section stay; what is between comes round again or is left out, from its end. Raises
    BandmateError where no form comes near enough.
    """
    if not 5.0 <= wanted_s <= MOST_S:
        raise BandmateError(f"--length takes 0:05 to 60:00, not {clock(wanted_s)}")
    best = min(
        _forms(song, wanted_s), key=lambda form: (abs(math.log(length_s(song, form) / wanted_s)), form)
    )
    ratio = length_s(song, best) / wanted_s
    if abs(ratio - 1) > STRETCH:
        raise BandmateError(
            f"{song.title} can't last {clock(wanted_s)}: the nearest is {clock(length_s(song, best))}; "
            "give another --length, or another --bpm"
        )
    return replace(song, form=best, bpm=song.bpm * ratio)


def _off(song: Song, form: tuple[int, ...], wanted_s: float) -> tuple[bool, bool, float, tuple[int, ...]]:
    """How far a form is from what is wanted: near enough first, then with head and end, then the nearest."""
    off = abs(math.log(length_s(song, form) / wanted_s))
    whole = len(form) > 1 and form[0] == song.form[0] and form[-1] == song.form[-1]
    return off > NEAR, not whole, off, form


def _forms(song: Song, wanted_s: float) -> list[tuple[int, ...]]:
    """Forms that might do: head, some of the middle, again and again, end."""
    form = song.form
    found = {form, form[:1], form[-1:], (form[0], form[-1])}
    head, middle, end = (form[:1], form[1:-1], form[-1:]) if len(form) > 2 else ((), form, ())
    shortest_s = min(song.beats_of(song.sections[index]) for index in form)
    most = math.ceil(wanted_s / max(1e-3, shortest_s * period_s(song.bpm * song.meter.pulse_beats))) + 2
    rounds = list(itertools.islice(itertools.cycle(middle), min(most, 400)))
    for count in range(len(rounds) + 1):
        found |= {head + tuple(rounds[:count]) + end, head + tuple(rounds[:count])}
        found |= {tuple(rounds[:count]) + end}
    return sorted(each for each in found if each)


# ------------------------------------------------------------------ playing


def play_song(song: Song, seed: int, params: dict[str, Value]) -> Performance:
    """The whole song in virtual time; it is over when the band is."""
    header = Header(song.patch, seed, params, evening=single(song), alone=True)
    band = make_band(header, load_styles())
    last = step_index(2 * length_s(song) + LOOSE_S)

    def feed(step: int, playing: Band) -> list[Event] | None:
        if step == 0:
            return [Command(0.0, "arm", source="play"), Command(0.0, "start", source="play")]
        return None if playing.transport.state == "off" else []

    return perform(band, feed, 0, last, song.title, header)


def play(options: argparse.Namespace, params: dict[str, Value]) -> int:
    """`bandmate play SONG`, into files with `--out`, else live."""
    song = load_song(options.song)
    style, bpm = params.get("style"), params.get("bpm")
    song = adapted(song, None if style is None else str(style), options.mood, options.energy,
                   None if bpm is None else float(bpm))  # fmt: skip
    check_charts(song)
    if options.length is not None:
        song = fitted(song, read_clock(options.length))
    song = replace(song, count_in=int(float(params.get("count-in", 0 if options.out else song.count_in))))
    if options.out is None:
        from bandmate.jam import jam_alone

        return jam_alone(options, params, single(song))
    found = play_song(song, options.seed or 0, params)
    path = write_performance(found, options.out, options.wav)
    if options.wav:
        from bandmate.ports.bounce import raised  # only with sound

        try:
            raised(path.with_name("band.wav"))
        except OSError as error:
            where = path.with_name("band.wav")
            raise BandmateError(f"{where} stays soft ({error.strerror}); make room there") from None
    form = ", ".join(song.sections[index].name for index in song.form)
    print(f"{path.parent}: {song.title}, {clock(found.duration_s)} in {song.bpm:.1f} bpm; {form}; "
          f"{found.duration_s:.1f} s of music in {found.wall_s:.1f} s")  # fmt: skip
    return 0
