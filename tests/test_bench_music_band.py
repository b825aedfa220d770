"""The band half of `bandmate bench music`: each measure on notes whose right answer is known."""

import math
import random

import numpy as np
import pytest

from bandmate import patch as patches
from bandmate.bench import (
    music_band,
    music_drummers,
    music_fidelity,
    music_groove,
    music_judge,
    music_space,
    music_table,
    music_variety,
)
from bandmate.bench.music import Concert, Listened
from bandmate.bench.music_drummers import Drummed
from bandmate.bench.music_steered import Spoken, asked_in_turn, looped, play_steered, within
from bandmate.events import FixedBeat
from bandmate.model.songs import Take, rows
from bandmate.rehearsal import Performance
from bandmate.show.ledger import Played
from bandmate.timing import BeatMap
from tests.model import desk

CLOCK = BeatMap(120.0, 0.0, 0.0)


def heard(notes, beats=()):
    """A band that played (part, beat, beats, pitch, velocity)."""
    found = Performance("hand", patches.Patch(), 1)
    found.beats = [FixedBeat(float(round(beat)), CLOCK.time_at(beat), 0.0, False) for beat in beats]
    played = [
        Played(part, CLOCK.time_at(beat), pitch, velocity, 0.0, CLOCK.time_at(beat + long))
        for part, beat, long, pitch, velocity in notes
    ]
    return Listened(desk.song(), found, CLOCK, sorted(played, key=lambda note: note.on_s), 0)


def rock(bars, kick=(0, 2), snare=(1, 3), hat=0.5):
    """Struck notes of the plainest groove, as a portrait takes them."""
    found = []
    for bar in range(bars):
        found += [("drums", bar * 4 + beat, 0.1, 36) for beat in kick]
        found += [("drums", bar * 4 + beat, 0.1, 38) for beat in snare]
        found += [("drums", bar * 4 + place * hat, 0.1, 42) for place in range(round(4 / hat))]
    return found


# ------------------------------------------------------------------ knobs


@pytest.mark.parametrize(
    ("asked", "found", "wanted"),
    [
        ((0, 1, 2, 3), (5, 6, 7, 90), 1.0),
        ((0, 1, 2, 3), (4, 3, 2, 1), -1.0),
        ((0, 1, 2, 3, 4), (1, 2, 2, 2, 3), math.sqrt(0.8)),
        ((0, 1, 2), (1, 1, 1), None),
    ],
)
def test_spearman_goes_by_ranks_and_equal_ones_share_theirs(asked, found, wanted):
    got = music_fidelity.spearman(asked, found)
    assert got == (None if wanted is None else pytest.approx(wanted))


def test_a_knob_is_turned_before_the_bars_that_show_it_and_those_that_settle_are_left_out():
    turns, spans = asked_in_turn("density", (0.5, 1.0), 4.0, 8, 2)
    assert turns == [(-0.5, "density", 0.5), (31.5, "density", 1.0)]
    assert spans == [Spoken(0.5, 8.0, 32.0), Spoken(1.0, 40.0, 64.0)]


def test_the_same_bars_go_round_and_nothing_rings_over_their_end():
    keys = [(32.0, 1.0, 60, 80), (62.0, 8.0, 64, 80), (64.0, 1.0, 67, 80)]
    assert looped(keys, 4.0, 12) == [(0.0, 1.0, 60, 80), (30.0, 2.0, 64, 80), (32.0, 1.0, 60, 80)]


def test_what_a_band_does_in_a_span_is_counted_by_touch_number_and_height():
    band = heard(
        [("drums", 0, 0.1, 36, 100), ("keys", 1, 1, 60, 50), ("keys", 1, 1, 70, 60), ("bass", 4, 1, 30, 90)]
    )
    span = Spoken(0.0, 0.0, 4.0)
    assert len(within(band, span)) == 3
    assert len(within(band, span, ("keys",))) == 2
    assert music_fidelity.notes_a_beat(band, span) == 0.75
    assert music_fidelity.touch(band, span) == 70.0
    assert music_fidelity.effort(band, span) == 52.5
    assert music_fidelity.height(band, span) == 65.0


def test_a_knob_that_is_turned_in_a_take_is_heard_in_it():
    song = desk.song(bars=16)
    keys = [(float(beat), 0.9, pitch, 80) for beat in range(24) for pitch in (48, 64, 67)]
    turns, spans = asked_in_turn("density", (1.0, 0.0), 4.0, 3, 1)
    band = play_steered(song, keys, {"style": "pop-rock"}, None, turns)
    full, thin = (music_fidelity.notes_a_beat(band, span) for span in spans)
    assert full > thin > 0
    assert band.beat(band.notes[0].on_s) == pytest.approx(0.0, abs=0.1)


# ------------------------------------------------------------------ styles


def test_a_portrait_counts_each_place_of_the_bar():
    found = music_judge.portrait([*rock(8), ("bass", 0.0, 2.0, 36), ("bass", 4.02, 1.0, 36)], 8)
    grid = found[: 8 * 24].reshape(8, 4, 6)
    assert grid[0, :, 0] ** 2 == pytest.approx([1, 0, 1, 0])  # kick
    assert grid[2].sum() == pytest.approx(8.0)  # hat: every eighth of every bar
    assert grid[music_judge.BASS, 0, 0] ** 2 == pytest.approx(2 / 8)
    assert found[-2:].tolist() == [1.5, 0.0]
    assert music_judge.of_drums(found).shape == (6 * 24,)


def lessons(style, by, count, seed, **groove):
    """Pieces of a groove by a drummer who leaves out a stroke in five."""
    chance = random.Random(f"{seed}/{by}")
    for _ in range(count):
        struck = [stroke for stroke in rock(8, **groove) if chance.random() > 0.2]
        yield music_judge.Lesson(style, by, music_judge.portrait(struck, 8))


def test_a_judge_learns_what_can_be_told_apart_and_knows_what_it_does_not_know():
    taught, exam = (
        [
            *lessons("rock", "a", count, seed),
            *lessons("four", "a", count, seed, kick=(0, 1, 2, 3)),
            *lessons("four", "b", count, seed, kick=(0, 1, 2, 3), hat=1.0),
            *lessons("twin", "a", count, seed + 9),  # nobody hears a difference from rock
        ]
        for count, seed in ((12, 0), (6, 1))
    )
    judge = music_judge.knowing(taught, exam)
    assert "four" in judge.styles
    assert {"rock", "twin"} - set(judge.styles)
    assert judge.ceiling == pytest.approx(1.0, abs=0.1)
    assert judge.unheard == 1.0  # of the grooves of `four`, one was kept back
    assert judge.shares(np.array([exam[0].portrait])).sum() == pytest.approx(1.0)


def test_drummers_teach_the_labels_that_enough_of_them_played():
    def drummed(style, training, shift):
        beats = [round(12 * beat) + shift for _, beat, _, _ in rock(8)]
        notes = rows([(0, tick, 1, note[3], 90, 0) for tick, note in zip(beats, rock(8), strict=True)])
        return Drummed(Take(style, notes, frozenset({0}), f"gmd:{style}"), 8, 120.0, training)

    takes = [drummed("pop-rock", n < 9, 0) for n in range(12)] + [
        drummed("swing", n < 9, 4) for n in range(12)
    ]
    judge = music_judge.judge_of_drummers([*takes, drummed("samba", True, 3)])
    assert judge.styles == ("pop-rock", "swing")
    assert judge.ceiling == 1.0


def test_a_blend_has_gone_as_far_as_its_distances_say():
    first, last = np.zeros(4), np.ones(4)
    assert music_fidelity.leaning([first, 0.25 * last, 0.75 * last, last]) == pytest.approx(
        [0, 0.25, 0.75, 1]
    )
    assert music_fidelity.leaning([first, first]) == [0.0, 0.0]


# ------------------------------------------------------------------ groove


def test_a_band_on_the_beat_has_every_beat_and_a_late_one_none():
    notes = [("drums", float(beat), 0.1, 36, 90) for beat in range(17)]
    assert music_groove.beat_f(heard(notes, range(17))) == 1.0
    assert music_groove.beat_f(heard(notes, [beat + 0.3 for beat in range(17)])) == 0.0


@pytest.mark.parametrize("ratio", [0.5, 0.6, 2 / 3])
def test_swing_is_where_the_second_of_two_falls(ratio):
    strokes = [(beat + place, 42, 80) for beat in range(16) for place in (0.0, ratio)]
    assert music_groove.swing_ratio(strokes, 0.5) == pytest.approx(ratio)
    assert music_groove.swing_ratio([(beat, 42, 80) for beat in range(16)], 0.5) is None


def test_micro_timing_is_counted_from_the_nearest_twelfth_of_a_beat():
    found = music_groove.offsets_ms([(1.02, 38, 90), (1.98, 36, 90), (2.5, 42, 90)], 120.0)
    assert found == pytest.approx([10.0, -10.0, 0.0])
    assert music_groove.divergence([1.0] * 50, [1.0] * 50) == pytest.approx(0.0)
    far = music_groove.divergence([12.0] * 50, [1.0] * 50)
    assert far > music_groove.divergence([4.0, 1.0] * 25, [1.0] * 50) > 0.1


def test_the_groove_of_a_band_stands_beside_a_drummers():
    notes = [("drums", beat / 2, 0.1, 42, 60 + 20 * (beat % 2)) for beat in range(33)]
    strokes = [(0, 6 * eighth, 1, 42, 80, 16) for eighth in range(33)]  # half a tick late
    human = Drummed(Take("pop-rock", rows(strokes), frozenset({0})), 4, 120.0, True)
    row = music_groove.figures([("pop-rock", heard(notes, range(17)))], [human])
    assert row["beat F"] == 1.0
    assert row["hat spread"] == pytest.approx(10.0, abs=0.1)
    assert row["drummers' hat spread"] == 0.0
    assert row["micro-timing straight"] > 1.0
    assert (row["swing"], row["micro-timing swung"]) == (None, None)


# ------------------------------------------------------------------ variety


def test_bars_are_as_alike_as_what_they_share():
    first, second = frozenset({(0, 36), (4, 38)}), frozenset({(0, 36), (8, 38)})
    assert music_variety.alike(first, first) == 1.0
    assert music_variety.alike(first, second) == pytest.approx(1 / 3)
    bars = [first, second] * 40
    row = music_variety.described(bars)
    assert (row["unique"], row["alike 1"], row["alike 2"]) == (2.0, pytest.approx(1 / 3), 1.0)
    assert music_variety.described(bars[:20])["unique"] is None
    assert music_variety.likeness([frozenset()] * 4, 1) is None


def test_a_line_is_the_same_bar_in_every_key():
    assert music_variety.pitched_bar([(0, 36), (8, 43)]) == music_variety.pitched_bar([(0, 40), (8, 47)])
    assert music_variety.pitched_bar([]) == frozenset()


def test_a_part_that_repeats_itself_lies_outside_the_quartiles_of_one_that_does_not():
    notes = [("drums", bar * 4.0, 0.1, 36, 90) for bar in range(70)]
    wild = [frozenset({(bar % 16, 36 + bar // 16)}) for bar in range(70)]
    real = {"drums": music_variety.quartiles([wild] * 4)}
    assert real["drums"]["unique"] == (64.0, 64.0)
    row = music_variety.rows([heard(notes)], 4, real)[0]
    assert (row["part"], row["unique"], row["unique from"], row["alike 1"], row["inside"]) == (
        "drums", 1.0, 64.0, 1.0, 0.0,
    )  # fmt: skip
    played = [("drums", bar * 4.0 + bar % 16 / 4, 0.1, 36 + bar // 16, 90) for bar in range(70)]
    assert music_variety.rows([heard(played)], 0, real)[0]["inside"] == 1.0


def test_a_song_in_matrices_is_cut_at_its_downbeats(tmp_path):
    tracks = np.zeros((3, 40, 128), np.int64)
    tracks[0, [0, 16, 32], 36] = 4  # a bass
    tracks[1, [4, 20], 60] = tracks[1, [4, 20], 64] = 2  # a piano
    tracks[2, 8, 90] = 2  # a flute, which is neither
    downbeats = np.zeros(40, np.int64)
    downbeats[[0, 16, 32]] = 1
    np.savez(tmp_path / "song.npz", tracks=tracks, programs=np.array([33, 0, 73]), db_indicator=downbeats)
    found = music_variety.slakh_bars(tmp_path / "song.npz")
    assert found["bass"] == [frozenset({(0, 0)})] * 3
    assert found["comping"] == [frozenset({(4, 0), (4, 4)})] * 2 + [frozenset()]


# ------------------------------------------------------------------ space


def test_a_note_is_in_your_octaves_or_on_your_keys():
    played = [(beat / 2, 0.5, 60 + beat % 8, 80) for beat in range(32)]  # from c' to g'
    notes = heard([("keys", 8.0, 1, 64, 80), ("keys", 8.0, 1, 76, 80), ("bass", 9.0, 1, 40, 80)]).notes
    band = heard([])
    assert music_space.in_octaves(band, notes, played) == pytest.approx(1 / 3)
    assert music_space.in_octaves(band, notes[:2], played) == 0.5
    assert music_space.in_octaves(band, [], played) is None
    struck = [(4.0, 0.5, 76, 80), (7.5, 0.5, 65, 80)]
    assert music_space.on_keys(band, notes, struck) == pytest.approx(1 / 3)  # 64 beside 65; 76 is long ago


def test_an_arc_is_loud_then_soft_on_the_beats_then_loud():
    keys = music_space.arc([(0.0, 1.0, 60, 70), (0.5, 1.0, 64, 70), (40.0, 1.0, 67, 70)], 4.0)
    assert keys == [
        (0.0, 1.0, 60, 112), (0.5, 1.0, 64, 112), (32.0, 1.0, 60, 44),
        (64.0, 1.0, 60, 112), (64.5, 1.0, 64, 112),
    ]  # fmt: skip


def test_a_band_that_goes_down_and_comes_back_has_followed():
    notes = [("drums", float(beat), 0.1, 36, 50 if 32 <= beat < 64 else 100) for beat in range(96)]
    assert music_space.followed(heard(notes)) == (pytest.approx(0.5), pytest.approx(1.0))
    flat = [(part, beat, long, pitch, 100) for part, beat, long, pitch, _ in notes]
    assert music_space.followed(heard(flat)) == (pytest.approx(0.0), pytest.approx(0.0))


# ------------------------------------------------------------------ all of it


def test_without_songs_drummers_or_charts_there_is_nothing_to_say(tmp_path):
    assert music_band.run(tmp_path, Concert([], {"understudy": None})) == {}
    assert music_drummers.read(tmp_path) == []
    assert music_judge.judge_of_drummers([]) is None
    assert music_judge.judge_of_bands(tmp_path, ["funk"], print) is None
    assert music_fidelity.recognised([], None, None)["top-1"] is None
    assert music_variety.real(tmp_path, [], print) == {"drums": {}}


def test_a_style_is_named_by_its_rank_among_those_that_are_known():
    taught = [*lessons("rock", "a", 8, 0), *lessons("four", "a", 8, 0, kick=(0, 1, 2, 3))]
    judge = music_judge.taught(taught)
    band = heard([("drums", beat, long, drum, 90) for _, beat, long, drum in rock(8)])
    pieces = [
        music_fidelity.Piece(style, band, music_fidelity.portrait_of(band, 0))
        for style in ("rock", "four", "tango")
    ]
    row = music_fidelity.recognised(pieces, judge, None)
    assert (row["styles"], row["top-1"], row["top-3"], row["drums' top-1"]) == (2, 0.5, 1.0, None)


def test_the_groups_are_rows_of_the_same_columns():
    notes = [("keys", beat / 2, 0.3, 60, 80) for beat in range(64)]
    band, keys = heard(notes), [(float(beat), 1.0, 60, 80) for beat in range(32)]
    with_arc = music_space.figures([(band, keys)], [heard(notes)])
    without = music_space.figures([(band, keys)], [])
    assert list(with_arc) == list(without)
    assert without["energy down"] is None
    assert max(map(len, music_band.GOALS)) <= music_table.WIDTH
    styles = music_fidelity.common_time_styles()
    assert {"funk", "swing"} <= set(styles)
    assert not {"jazz-waltz", "five-four", "ballad-12-8"} & set(styles)
