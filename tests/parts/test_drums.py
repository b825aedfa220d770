"""The drummer: kick on one, back-beats, swing, fills that end on the downbeat."""

from dataclasses import replace

import pytest

from bandmate.events import Note, Slot
from bandmate.parts.drums import chosen_fill
from bandmate.parts.feel import ratio
from bandmate.parts.players import play
from bandmate.parts.style import Style, load_style
from bandmate.timing import METERS, Meter

POP, SWING, BOSSA = (load_style(name) for name in ("pop-rock", "swing", "bossa-nova"))
ALL_METERS = [Meter.parse(text) for text in METERS]


def drummed(style: Style, meter: Meter, bars: int = 4, part: str = "drums", **more: object) -> list[Note]:
    """What is played in some bars."""
    notes: list[Note] = []
    for bar in range(bars):
        for eighth in range(meter.slots):
            begins = bar * meter.bar_beats
            slot = Slot(begins + eighth / 2, bar, begins, meter, style.bpm)
            notes += play(part, replace(slot, **more), style)
    return notes


def places(notes: list[Note], *tones: str, meter: Meter) -> list[float]:
    """Where in their bars some drums are struck, ghosts left out."""
    return sorted(
        {
            round(note.beat % meter.bar_beats, 3)
            for note in notes
            if note.tone in tones and note.velocity >= 60
        }
    )


@pytest.mark.parametrize("section", [1, 2, 3])
@pytest.mark.parametrize("meter", ALL_METERS, ids=str)
def test_pop_rock_kicks_on_every_one(meter, section):
    kicks = {note.beat for note in drummed(POP, meter, 8, section=section) if note.tone == "kick"}
    assert all(bar * meter.bar_beats in kicks for bar in range(8))


@pytest.mark.parametrize("style", [SWING, BOSSA], ids=["swing", "bossa"])
@pytest.mark.parametrize("meter", ALL_METERS, ids=str)
def test_the_others_mark_the_one_as_well(style, meter):
    low = drummed(style, meter, 8, "bass") + drummed(style, meter, 8)
    on_one = {round(note.beat, 6) for note in low if note.tone == "kick" or note.part == "bass"}
    assert all(bar * meter.bar_beats in on_one for bar in range(8))


@pytest.mark.parametrize(
    ("meter", "back_beats"),
    [
        ("4/4", {1.0, 3.0}),
        ("2/4", {1.0}),
        ("2/2", {2.0}),
        ("6/8", {1.5}),
        ("12/8", {1.5, 4.5}),
        ("7/8", {1.0, 3.0}),
    ],
)
def test_pop_rock_back_beats(meter, back_beats):
    meter = Meter.parse(meter)
    notes = [
        note for note in drummed(POP, meter, 8) if note.beat // meter.bar_beats % 4 < 3
    ]  # none that turns
    struck = [note for note in notes if note.tone == "snare" and note.velocity >= 85]
    assert {note.beat % meter.bar_beats for note in struck} == back_beats


def test_the_swing_ride_says_ding_ding_a_ding_on_the_triplet():
    meter = Meter()
    rides = drummed(SWING, meter, 4)
    assert {0.0, 1.0, 1.66, 2.0, 3.0, 3.66} <= set(places(rides, "ride", meter=meter))
    assert places(rides, "hat-pedal", meter=meter) == [1.0, 3.0]


def test_swing_flattens_when_fast_unless_pinned():
    slot = Slot(0.0, 0, 0.0, Meter(), 160.0)
    assert ratio(slot, SWING) == SWING.swing
    assert ratio(replace(slot, bpm=250.0), SWING) == pytest.approx(0.58)
    assert ratio(replace(slot, bpm=320.0), SWING) == 0.5
    assert ratio(replace(slot, bpm=320.0, swing=0.62), SWING) == 0.62
    assert ratio(replace(slot, meter=Meter(6, 8)), SWING) == 0.5


@pytest.mark.parametrize("swing", [0.5, 0.6, 0.667, 0.75])
def test_swing_keeps_the_order_of_notes(swing):
    for style in (POP, SWING, BOSSA):
        for part in ("drums", "bass", "keys", "guitar"):
            straight = drummed(style, Meter(), 8, part, swing=0.5)
            swung = drummed(style, Meter(), 8, part, swing=swing)
            assert [note.tone for note in straight] == [note.tone for note in swung]
            beats = [note.beat for note in swung]
            assert beats == sorted(beats)


def test_the_bossa_clave_takes_two_bars_and_never_turns_round():
    sticks = [note.beat for note in drummed(BOSSA, Meter(), 16) if note.tone == "side-stick"]
    clave = [0.0, 1.5, 3.0, 5.0, 6.5]
    assert set(sticks) >= {phrase * 8 + beat for phrase in range(8) for beat in clave}


def test_kick_and_bass_share_one_offset():
    for style in (POP, SWING, BOSSA):
        kicks = {note.beat: note for note in drummed(style, Meter(), 8) if note.tone == "kick"}
        shared = [
            (note, kicks[note.beat]) for note in drummed(style, Meter(), 8, "bass") if note.beat in kicks
        ]
        assert len(shared) >= 8
        assert all(bass.offset_s == kick.offset_s for bass, kick in shared)


def test_one_hand_strikes_one_cymbal():
    hand = ("crash", "hat-open", "ride-bell", "ride", "hat")
    for style in (POP, SWING, BOSSA):
        for section in (1, 2, 3):
            notes = [note for note in drummed(style, Meter(), 8, section=section) if note.tone in hand]
            assert len({note.beat for note in notes}) == len(notes)


def test_a_welcome_crash_falls_on_the_downbeat_only():
    crashes = [note.beat for note in drummed(POP, Meter(), 2, crash=True) if note.tone == "crash"]
    assert crashes == [0.0, 4.0]
    assert not [note for note in drummed(POP, Meter(), 8) if note.tone == "crash"]


@pytest.mark.parametrize("style", [POP, SWING, BOSSA], ids=["pop", "swing", "bossa"])
@pytest.mark.parametrize("meter", ALL_METERS, ids=str)
def test_a_fill_leads_to_the_next_downbeat_in_every_meter(style, meter):
    bar = meter.bar_beats
    figure = {"figure": "fill", "figure_beat": 0.0, "figure_beats": bar}
    groove = drummed(style, meter, 1)
    fills = [drummed(style, meter, 1, seed=seed, **figure) for seed in range(6)]
    assert any(fill != groove for fill in fills)
    for fill in fills:
        assert any(note.beat >= bar - 1.0 and note.tone not in ("hat", "ride") for note in fill)


def test_a_fill_is_never_longer_than_its_stretch_where_a_shorter_one_is_written():
    slot = Slot(2.0, 0, 0.0, Meter(), 112.0, figure="fill", figure_beat=2.0, figure_beats=2.0)
    chosen = [chosen_fill(replace(slot, seed=seed), POP) for seed in range(24)]
    assert {fill.beats for fill in chosen if fill} == {1.0, 2.0}


def test_the_groove_goes_on_up_to_a_short_fill():
    figure = {"figure": "fill", "figure_beat": 0.0, "figure_beats": 4.0}
    for seed in range(24):
        slot = Slot(0.0, 0, 0.0, Meter(), 112.0, seed=seed, **figure)
        fill = chosen_fill(slot, POP)
        if fill and fill.beats < 4:
            assert play("drums", slot, POP) == play("drums", replace(slot, figure="groove"), POP)
