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
ALL = tuple(patch.names("styles"))
DRUMMED = tuple(name for name in ALL if name != "unplugged")
STYLES = {name: load_style(name) for name in ALL}
FIGURES = ("groove", "intro", "fill", "break", "hits", "hit", "rest")
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
    asked = {
        "pop-rock", "ballad", "ballad-12-8", "funk", "motown", "gospel", "rnb", "disco", "swing", "swing-up",
        "brush-ballad", "jazz-waltz", "bossa-nova", "samba", "bolero", "cha-cha", "reggae", "blues-shuffle",
        "country-train", "house", "hip-hop", "five-four", "unplugged",
    }  # fmt: skip
    assert asked <= set(ALL)
    assert set(PLAYERS) == set(PARTS)


@pytest.mark.parametrize("name", ALL)
def test_a_style_has_what_a_band_needs(name):
    style = STYLES[name]
    home = Meter.parse(style.meter)
    assert set(style.parts) >= {"bass", "keys"}
    for part in style.parts:
        for section in (1, 2, 3):
            assert len(style.variations(part, home, section)) >= 2, (part, section)
    assert {"break", "hits"} <= set(style.together)
    assert ("drums" in style.parts) == (name in DRUMMED)
    if "drums" in style.parts:
        assert style.variations("drums", home, 0) != style.variations("drums", home, 1)
        assert any(style.turnarounds("drums", home, section) for section in (1, 2, 3))
        for compound in (False, True):
            assert len({fill.beats for fill in style.fills if fill.compound == compound}) >= 2


@pytest.mark.parametrize("name", ALL)
def test_each_style_has_a_patch_with_its_players_in_its_meter(name):
    with_it = patch.load(name)
    assert with_it.style == name
    assert str(with_it.meter) == STYLES[name].meter
    assert set(with_it.parts) <= set(STYLES[name].parts)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_every_style_plays_every_meter(name, meter):
    style, bars = STYLES[name], 4
    for section in (1, 2, 3):
        bass = played("bass", style, meter, bars, section=section)
        assert bass, "the bass is silent"
        for part in style.parts:
            for note in played(part, style, meter, bars, section=section):
                assert note.beats <= 2 * meter.bar_beats + 1e-6
    if "drums" in style.parts:
        full = {"figure": "fill", "figure_beat": 0.0, "figure_beats": min(meter.bar_beats, 4.0)}
        grooves = played("drums", style, meter)
        assert any(played("drums", style, meter, seed=seed, **full) != grooves for seed in range(6))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_every_section_figure_and_entry_stays_in_its_slot_and_range(name, meter):
    binder = Binder()
    chord, ahead, key = Chord.parse("Dm7"), Chord.parse("G7"), Key(0)
    some = [("full", (1, 2, 3)), *((entry, (2,)) for entry in ENTRIES if entry != "full")]
    for (entry, sections), figure in product(some, FIGURES):
        section = sections[len(figure) % len(sections)]  # each is met with some of the figures
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


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(ALL),
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
        hits=st.sampled_from(((), (1.5,), (0.5, 2.0))),
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


@pytest.mark.parametrize("name", DRUMMED)
def test_another_seed_plays_another_way(name):
    assert played("drums", STYLES[name], bars=16) != played("drums", STYLES[name], bars=16, seed=7)


@pytest.mark.parametrize("name", DRUMMED)
def test_bars_do_not_repeat_like_a_loop(name):
    def bar(number: int) -> list[tuple[float, str]]:
        notes = [note for slot in slots(FOUR, 1, number) for note in play("drums", slot, STYLES[name])]
        return sorted((round(note.beat - 4 * number, 3), note.tone) for note in notes)

    bars = [tuple(bar(number)) for number in range(32)]
    assert len(set(bars)) >= 8


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
def test_a_rest_is_nothing_and_a_break_leaves_the_drummer_alone(name):
    for part in PARTS:
        assert not played(part, STYLES[name], figure="rest")
    for part in ("bass", "keys", "guitar", "pad"):
        notes = played(part, STYLES[name], figure="break", figure_beats=4.0)
        assert {note.beat for note in notes} & {0.0}
        assert all(note.beat + note.beats <= 2.0 for note in notes)


def test_a_style_without_a_break_stops_on_one_stroke(tmp_path):
    path = tmp_path / "plain.toml"
    path.write_text(
        "".join(f'[[{part}]]\n{row} = "X... x..."\n' for part, row in
                (("drums", "kick"), ("bass", "rhythm"), ("keys", "rhythm")))
    )  # fmt: skip
    style = load_style(str(path))
    for part in ("drums", "bass", "keys"):
        notes = played(part, style, figure="break", figure_beats=4.0)
        assert {note.beat for note in notes} == {0.0}
        assert all(note.beats <= 0.5 for note in notes)
    hits = {note.beat for note in played("bass", style, figure="hits", figure_beats=4.0)}
    assert hits == {0.0, 1.5, 3.0}


@pytest.mark.parametrize("name", DRUMMED)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_hits_are_played_by_everybody_at_once(name, meter):
    style, bar = STYLES[name], meter.bar_beats
    for seed in range(3):
        figure = {"figure": "hits", "figure_beat": 0.0, "figure_beats": bar, "seed": seed}
        bass = {round(note.beat, 3) for note in played("bass", style, meter, **figure)}
        keys = {round(note.beat, 3) for note in played("keys", style, meter, **figure)}
        low = {"kick", "snare", "surdo", "timbale-low", "brush-slap", "clap"}
        drums = {round(n.beat, 3) for n in played("drums", style, meter, **figure) if n.tone in low}
        assert bass
        assert bass == keys
        assert len(bass & drums) >= 0.7 * len(bass)


def test_an_expected_hit_is_struck_by_everybody_and_with_the_pocket():
    for part in ("drums", "bass", "keys"):
        plain = played(part, STYLES["ballad"], seed=3)
        struck = played(part, STYLES["ballad"], seed=3, hits=(2.5,))
        here = [note for note in struck if 2.5 <= note.beat < 3.0]
        assert here
        assert {note.beat for note in here} == {2.5}
        assert [n for n in struck if not 2.5 <= n.beat < 3.0] == [n for n in plain if not 2.5 <= n.beat < 3.0]
    tones = {note.tone for note in played("drums", STYLES["ballad"], hits=(2.5,)) if note.beat == 2.5}
    assert {"kick", "snare"} <= tones


def test_an_intro_is_the_styles_own():
    hats = {note.tone for note in played("drums", STYLES["house"], figure="intro")}
    assert hats == {"kick", "hat"}
    assert "clap" in {note.tone for note in played("drums", STYLES["house"], bars=8)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("meter", [Meter.parse(text) for text in METERS], ids=str)
def test_the_last_stroke_rings_for_its_figure(name, meter):
    beats = meter.bar_beats
    hit = {"figure": "hit", "figure_beat": 0.0, "figure_beats": beats}
    drums = played("drums", STYLES[name], meter, **hit)
    assert {note.tone for note in drums} == {"kick", "crash"}
    (bass,) = played("bass", STYLES[name], meter, **hit)
    assert (bass.beat, bass.tone) == (0.0, "low")
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
