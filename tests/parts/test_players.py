"""Everybody plays everything: every style, meter, section, figure and entry."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import patch
from bandmate.events import PARTS, Note, Slot
from bandmate.harmony import QUALITIES, Chord, Key
from bandmate.parts.binding import Binder
from bandmate.parts.kit import HATS, KIT, LESS
from bandmate.parts.players import ENTRIES, PLAYERS, play
from bandmate.parts.style import Style, load_style
from bandmate.timing import METERS, Meter

NAMES = ("bossa-nova", "pop-rock", "swing")
STYLES = {name: load_style(name) for name in NAMES}
FIGURES = ("groove", "fill", "break", "hit", "rest")
FOUR = Meter(4, 4)


def slots(meter: Meter, bars: int = 1, first: int = 0, **more: object) -> list[Slot]:
    """The eighths of some bars."""
    return [
        replace(Slot(bar * meter.bar_beats + eighth / 2, bar, bar * meter.bar_beats, meter, 120.0), **more)
        for bar in range(first, first + bars)
        for eighth in range(meter.slots)
    ]


def played(part: str, style: Style, meter: Meter = FOUR, bars: int = 1, **more: object) -> list[Note]:
    return [note for slot in slots(meter, bars, **more) for note in play(part, slot, style)]


def test_the_styles_that_ship_are_there():
    assert set(NAMES) <= set(patch.names("styles"))
    assert set(PLAYERS) == set(PARTS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_every_section_figure_and_entry_stays_in_its_slot_and_range(name, meter):
    binder = Binder()
    chord, ahead, key = Chord.parse("Dm7"), Chord.parse("G7"), Key(0)
    for section, figure, entry in product((1, 2, 3), FIGURES, ENTRIES):
        span = {"figure_beat": 0.0, "figure_beats": meter.bar_beats}
        for slot in slots(meter, section=section, figure=figure, entry=entry, crash=True, **span):
            for part in PARTS:
                for note in play(part, slot, STYLES[name]):
                    assert slot.beat <= note.beat < slot.beat + 0.5
                    assert note.beats > 0
                    assert abs(note.offset_s) <= 0.02
                    assert 40 <= note.velocity <= 118
                    assert note.part == part
                    pitch = binder.pitch(note, chord, ahead, key)
                    if part == "drums":
                        assert pitch == KIT[note.tone]
                    elif pitch is not None:
                        low, high = (28, 55) if part == "bass" else (46, 86)
                        assert low <= pitch <= high, note


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    meter=st.sampled_from(METERS),
    slot=st.builds(
        Slot,
        beat=st.just(0.0),
        bar=st.integers(0, 400),
        bar_beat=st.just(0.0),
        meter=st.just(FOUR),
        bpm=st.floats(40, 320),
        section=st.integers(1, 3),
        figure=st.sampled_from(FIGURES),
        figure_beats=st.sampled_from((0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)),
        energy=st.floats(0, 1),
        density=st.floats(0, 1),
        entry=st.sampled_from(tuple(ENTRIES)),
        swing=st.none() | st.floats(0.5, 0.75),
        performer_low=st.none() | st.integers(21, 70),
        performer_high=st.none() | st.integers(71, 108),
        seed=st.integers(0, 2**31),
    ),
    eighth=st.integers(0, 11),
    quality=st.sampled_from(tuple(QUALITIES)),
)
def test_any_slot_is_played_twice_alike_and_in_place(name, meter, slot, eighth, quality):
    meter = Meter.parse(meter)
    begins = slot.bar * meter.bar_beats
    slot = replace(
        slot,
        meter=meter,
        bar_beat=begins,
        figure_beat=begins,
        beat=begins + eighth % meter.slots / 2,
    )
    binder = Binder()
    for part in PARTS:
        notes = play(part, slot, STYLES[name])
        assert notes == play(part, slot, STYLES[name])
        for note in notes:
            assert slot.beat - 1e-6 <= note.beat < slot.beat + 0.5
            assert note.beats > 0
            binder.pitch(note, Chord(2, quality), None, None)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_plays_another_way(name):
    assert played("drums", STYLES[name], bars=8) != played("drums", STYLES[name], bars=8, seed=7)


@pytest.mark.parametrize("name", NAMES)
def test_bars_do_not_repeat_like_a_loop(name):
    def bar(number: int) -> list[tuple[float, str]]:
        notes = [note for slot in slots(FOUR, 1, number) for note in play("drums", slot, STYLES[name])]
        return sorted((round(note.beat - 4 * number, 3), note.tone) for note in notes)

    bars = [tuple(bar(number)) for number in range(16)]
    assert len(set(bars)) >= 5
    assert all(variations >= 2 for variations in _variations(STYLES[name]))


def _variations(style: Style) -> list[int]:
    parts = ("drums", "bass", "keys")
    return [len(style.variations(part, FOUR, section)) for part in parts for section in (1, 2, 3)]


@pytest.mark.parametrize("name", NAMES)
def test_who_plays_at_each_entry(name):
    style = STYLES[name]
    for entry in ENTRIES:
        heard = {part for part in PARTS if played(part, style, bars=4, entry=entry)}
        assert heard <= set(ENTRIES[entry])
    hats = {note.tone for note in played("drums", style, bars=4, entry="hats", crash=True)}
    assert hats
    assert hats <= set(HATS.values())
    less = {note.tone for note in played("drums", style, bars=4, entry="less", crash=True)}
    assert "side-stick" in less or name == "swing"
    assert less <= set(LESS.values())
    assert not played("keys", style, bars=4, entry="less")
    assert played("bass", style, bars=4, entry="less")


@pytest.mark.parametrize("name", NAMES)
def test_a_rest_is_nothing_and_a_break_is_one_stroke(name):
    for part in PARTS:
        assert not played(part, STYLES[name], figure="rest")
        notes = played(part, STYLES[name], figure="break", figure_beats=4.0)
        assert {note.beat for note in notes} <= {0.0}
        assert all(note.beats <= 0.5 for note in notes)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_the_last_stroke_rings_for_its_figure(name, meter):
    beats = meter.bar_beats
    hit = {"figure": "hit", "figure_beat": 0.0, "figure_beats": beats}
    drums = played("drums", STYLES[name], meter, **hit)
    assert {note.tone for note in drums} == {"kick", "crash"}
    (bass,) = played("bass", STYLES[name], meter, **hit)
    assert (bass.beat, bass.tone) == (0.0, "1")
    keys = played("keys", STYLES[name], meter, **hit)
    assert len(keys) == 4
    assert all(0.8 * beats <= note.beats <= beats for note in [bass, *keys])


@pytest.mark.parametrize("name", NAMES)
def test_energy_is_loudness(name):
    def loudness(energy: float) -> float:
        notes = played("drums", STYLES[name], bars=8, energy=energy)
        return sum(note.velocity for note in notes) / len(notes)

    assert loudness(0.0) + 8 < loudness(0.5) < loudness(1.0) - 5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["drums", "keys"])
def test_density_is_how_many_notes(name, part):
    thin, written, busy = (
        len(played(part, STYLES[name], bars=32, density=density)) for density in (0.0, 0.5, 1.0)
    )
    assert thin < written <= busy


@pytest.mark.parametrize("name", NAMES)
def test_keys_leave_air(name):
    for section in (1, 2, 3):
        asked = slots(FOUR, 32, section=section)
        silent = [slot for slot in asked if not play("keys", slot, STYLES[name])]
        assert len(silent) >= 0.3 * len(asked)
