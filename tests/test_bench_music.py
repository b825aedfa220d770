"""`bandmate bench music`: each measure on notes whose right answer is known, and the bigram's phrases."""

import json
from collections import Counter

import numpy as np
import pytest

from bandmate import patch as patches
from bandmate.bench import bigram, music_harmony, music_known, music_measures, music_moves, music_table
from bandmate.bench.music import FIRST_BARS, Concert, Listened, performer, play
from bandmate.events import PARTS, Ask
from bandmate.mind import _whole
from bandmate.model.grid import BEAT_TICKS, MELODY, PIANO
from bandmate.rehearsal import Performance
from bandmate.show.ledger import Played
from bandmate.timing import BeatMap
from tests.model import desk

CLOCK = BeatMap(120.0, 0.0, 0.0)
FIRST = 4.0 * FIRST_BARS
C, AM, F, G = (48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50)
LOOP = (C, AM, F, G)


def heard(notes, believed=(), song=None):
    """A band that played (part, beat, beats, pitch), and believed (beat, symbol)."""
    found = Performance("hand", patches.Patch(), 1)
    found.chords = [(beat, CLOCK.time_at(beat), symbol) for beat, symbol in believed]
    played = [
        Played(part, CLOCK.time_at(beat), pitch, 80, CLOCK.time_at(beat) - 0.1, CLOCK.time_at(beat + beats))
        for part, beat, beats, pitch in notes
    ]
    return Listened(song or desk.song(), found, CLOCK, sorted(played, key=lambda note: note.on_s))


def chord(part, beat, beats, pitches=C):
    return [(part, beat, beats, pitch) for pitch in pitches]


def roots(bars, first=FIRST_BARS, late=0.0, chords=LOOP):
    """A bass on the root of each bar, so many beats after its line."""
    return [
        ("bass", bar * 4.0 + late, 3.9, chords[bar % len(chords)][0]) for bar in range(first, first + bars)
    ]


# ------------------------------------------------------------------ with the melody


def test_note_in_chord_counts_the_melodys_sixteenths():
    band = heard([*chord("keys", FIRST, 4.0), ("bass", FIRST + 4, 1, 36)])
    melody = [(FIRST, 1.0, 72, 80), (FIRST + 1, 1.0, 74, 80), (FIRST - 2, 1.0, 72, 80)]
    assert music_harmony.agreement(band, melody) == (4, 8, 0.0)
    assert music_harmony.agreement(band, melody, FIRST + 1, FIRST + 2) == (0, 4, 0.0)


def test_where_the_band_leaves_space_the_chord_that_it_believes_is_scored():
    last = ("bass", FIRST + 4, 1, 36)
    melody = [(FIRST, 1.0, 72, 80), (FIRST + 1, 1.0, 74, 80)]
    assert music_harmony.agreement(heard([last], [(0.0, "C")]), melody) == (4, 8, 1.0)
    assert music_harmony.agreement(heard([last]), melody) == (0, 0, 1.0)
    assert music_harmony.agreement(heard([last], [(0.0, "C"), (FIRST + 1, "G")]), melody) == (8, 8, 1.0)


def test_drums_are_no_chord():
    band = heard([*(("drums", FIRST, 4.0, pitch) for pitch in (36, 40, 43)), ("bass", FIRST + 4, 1, 36)])
    assert music_harmony.agreement(band, [(FIRST, 1.0, 72, 80)]) == (0, 0, 1.0)


@pytest.mark.parametrize(
    ("band", "ratios"),
    [
        ([(0.0, 2.0, 40)], (1.0, 0.0)),  # a sixth
        ([(0.0, 2.0, 49)], (0.0, 0.0)),  # a semitone
        ([(0.0, 2.0, 43)], (0.0, 0.0)),  # a fourth
        ([(0.5, 0.2, 49), (0.2, 0.5, 48)], (1.0, 0.0)),  # any of the notes will do
        ([], (0.0, 1.0)),
        ([(2.0, 3.0, 48)], (0.0, 1.0)),
    ],
)
def test_consonant_and_unsupported_as_streammuse_has_them(band, ratios):
    assert music_harmony.consonance(band, [(0.0, 2.0, 60)]) == ratios


def test_longer_notes_weigh_more_and_a_cluster_is_consonant_with_everything():
    band = [(0.0, 3.0, 48)]
    assert music_harmony.consonance(band, [(0.0, 3.0, 60), (3.0, 4.0, 60)]) == (0.75, 0.25)
    cluster = [(0.0, 1.0, pitch) for pitch in (48, 50, 52)]
    assert music_harmony.consonance(cluster, [(0.0, 1.0, pitch) for pitch in range(60, 72)]) == (1.0, 0.0)


def test_chords_believed_for_as_long_as_each_other_are_a_bit():
    last = ("bass", FIRST + 8, 1, 36)
    assert music_harmony.entropy(heard([last], [(0.0, "C"), (FIRST + 4, "G")])) == pytest.approx(
        1.0, abs=0.02
    )
    assert music_harmony.entropy(heard([last], [(0.0, "C")])) == 0.0
    assert music_harmony.entropy(heard([last])) is None


def test_onsets_in_the_same_places_do_not_diverge():
    on_beats = [(float(beat), 0.5) for beat in range(16)]
    off_beats = [(beat + 0.5, 0.5) for beat in range(16)]
    assert music_harmony.onsets_in_bar(on_beats, on_beats[:8], 4.0) == pytest.approx(0.0)
    assert music_harmony.onsets_in_bar(on_beats, off_beats, 4.0) == pytest.approx(np.log(2))
    assert music_harmony.onsets_in_song(on_beats, on_beats, 0.0) == pytest.approx(0.0)
    assert music_harmony.onsets_in_song(on_beats[:8], on_beats[8:], 0.0) == pytest.approx(np.log(2))
    assert music_harmony.onsets_in_bar([], on_beats, 4.0) is None


# ------------------------------------------------------------------ a listener's questions


def test_a_bass_on_the_line_is_at_the_change_and_one_that_rings_over_it_is_wrong():
    on_time = music_measures.measure(heard([*roots(8), ("bass", FIRST + 32, 1, 48)]), [])
    assert (on_time["wrong root"], on_time["root at change"], on_time["root in a beat"]) == (0.0, 1.0, 1.0)
    assert (on_time["fit"], on_time["fit bass"], on_time["fit comping"]) == (1.0, 1.0, None)
    late = music_measures.measure(heard(roots(9, late=0.5)), [])
    assert (late["wrong root"], late["root at change"], late["root in a beat"]) == (0.0, 0.0, 1.0)
    foreign = [(part, beat, 4.0, pitch + 1) for part, beat, _, pitch in roots(9, late=0.5)]
    row = music_measures.measure(heard(foreign), [])
    assert (row["wrong root"], row["root in a beat"], row["fit"]) == (8 / 9, 0.0, 0.0)


def test_a_band_that_plays_nothing_is_neither_right_nor_wrong():
    song = desk.song(bars=12)
    silent = music_measures.measure(play(song, [], "pop-rock", None), performer(song, "piano"))
    assert silent["notes"] == 0
    assert {silent[name] for name in ("fit", "wrong root", "root at change", "recency p95 ms")} == {None}


def test_chords_in_half_of_the_eighths_rest_in_the_other_half():
    band = [chord("keys", FIRST + beat, 0.4) for beat in range(16)]
    row = music_measures.measure(heard([note for each in band for note in each]), [(FIRST - 1, 1, 50, 80)])
    assert row["comping rests"] == pytest.approx(0.5, abs=0.05)
    assert (row["notes"], row["polyphony"]) == (48.0, 3.0)


# ------------------------------------------------------------------ another key at a bar line


def test_the_whole_song_moves_at_the_bar_lines():
    song = desk.song()
    moved = music_moves.in_keys(song, (0, 6, 0, 6))
    line = round(music_moves.MOVES[0] * 4.0)
    assert [root for root, _ in song.chord_slots()[line * 2 - 1 : line * 2 + 1]] == [7, 0]
    assert [root for root, _ in moved.chord_slots()[line * 2 - 1 : line * 2 + 1]] == [7, 6]
    for before, after in zip(song.performer[PIANO], moved.performer[PIANO], strict=True):
        beat = before[1] / BEAT_TICKS
        jumped = line <= beat < line + 32 or beat >= line + 64
        assert after[3] - before[3] == (6 if jumped else 0)
    assert song.performer[PIANO][0, 3] == 48  # the song itself stays as it was


def test_what_rings_over_a_move_is_cut():
    song = desk.song()
    line = round(music_moves.MOVES[0] * 4.0) * BEAT_TICKS
    song.performer[MELODY] = np.array([[0, line - 6, 24, 72, 90, 0], [0, line, 24, 72, 90, 0]])
    assert music_moves.in_keys(song, (0, 3, 6, -3)).performer[MELODY][:, 2].tolist() == [6, 24]


def test_the_scale_of_a_song_moves_with_it():
    assert music_moves.scale(desk.song(), 0) == {0, 2, 4, 5, 7, 9, 11}
    assert music_moves.scale(desk.song(), 3) == {0, 2, 3, 5, 7, 8, 10}


@pytest.mark.parametrize("late", [0, 3, 8])
def test_the_bass_has_arrived_when_it_plays_a_bar_of_the_new_key(late):
    line = music_moves.MOVES[0] * 4.0
    bass = [("bass", line + beat, 0.9, 42 if beat < late else 48) for beat in range(32)]
    scale = music_moves.scale(desk.song(), 0)
    assert music_moves.settled(heard(bass), line, scale) == late
    assert music_moves.settled(heard([]), line, scale) == 32


def test_the_band_is_back_when_two_beats_agree_with_the_melody_again():
    song = desk.song()
    notes = []
    for bar in range(FIRST_BARS, 36):
        for beat in range(bar * 4, bar * 4 + 4):
            late = any(line * 4 <= beat < line * 4 + 3 for line in music_moves.MOVES)
            wrong = [72 + desk.LOOP[bar % 4][0] + beat % 4 + 1 + step for step in (0, 1, 5)]
            right = [72 + desk.LOOP[bar % 4][0] + beat % 4 + step for step in (0, 1, 5)]
            notes += chord("keys", float(beat), 0.95, wrong if late else right)
    band = [heard(notes, song=song)]
    assert music_moves.pooled(band, -16, 0) == 1.0
    assert music_moves.pooled(band, 0, 3) == 0.0
    assert music_moves.beats_back(band, lambda beat: 1.0) == 3
    assert music_moves.beats_back(band, lambda beat: None) is None


# ------------------------------------------------------------------ side-slip, dirt


def test_only_the_right_hand_slips_and_the_left_may_rest():
    song = desk.song()
    straight = performer(song, "piano", 28)
    slipped, alone = music_moves.slipped(song, False), music_moves.slipped(song, True)
    bars = {bar + step for bar in music_moves.SLIPS for step in (0, 1)}
    wanted = [
        (beat, beats, pitch + (beat // 4 in bars and pitch >= 60), velocity)
        for beat, beats, pitch, velocity in straight
    ]
    assert Counter(slipped) == Counter(wanted)
    assert {key[2] >= 60 for key in alone if key[0] // 4 in bars} == {True}
    assert [key for key in alone if key[0] // 4 not in bars] == [
        key for key in slipped if key[0] // 4 not in bars
    ]


def test_a_bass_stays_in_the_chord_that_the_left_hand_plays_or_left():
    first = music_moves.SLIPS[0]
    stays = heard([("bass", first * 4.0, 1, 36), ("bass", first * 4.0 + 4, 1, 43), ("bass", 20.0, 1, 37)])
    assert music_moves.bass_inside(stays) == Counter({True: 1, False: 1})  # G isn't in Am
    assert music_moves.bass_inside(stays, rests=True) == Counter({True: 2})  # the chord before was G
    assert music_moves.share(music_moves.bass_inside(heard([]))) is None


def test_a_dirty_player_is_as_dirty_as_is_said_and_the_same_every_time():
    clean = [(beat / 2, 0.5, 60, 80) for beat in range(4000)]
    dirty = music_moves.dirtied(clean, "song")
    assert dirty == music_moves.dirtied(clean, "song")
    assert dirty != music_moves.dirtied(clean, "another")
    assert sum(pitch != 60 for _, _, pitch, _ in dirty) / 4000 == pytest.approx(0.05, abs=0.015)
    assert sum(beat % 0.5 != 0 for beat, *_ in dirty) / 4000 == pytest.approx(0.15, abs=0.025)


# ------------------------------------------------------------------ who knows the chords


def test_the_liveliest_four_bars_go_round():
    song = desk.song()
    loop = music_known.looped(song)
    assert loop is not None
    assert loop.bars == 24
    assert [root for root, _ in loop.chord_slots()[::8]] == [0, 9, 5, 7] * 6
    keys = performer(loop, "piano")
    assert [(beat - 16, pitch) for beat, _, pitch, _ in keys if 16 <= beat < 32] == [
        (beat, pitch) for beat, _, pitch, _ in keys if beat < 16
    ]
    song.chords = [(0.0, 0, 0)]
    assert music_known.looped(song) is None


def test_an_annotated_song_is_written_as_a_chart():
    bars = music_known.chart(desk.song(bars=4))
    assert [[(beat, str(chord)) for beat, chord in bar.changes] for bar in bars] == [
        [(0.0, "C")], [(0.0, "Am")], [(0.0, "F")], [(0.0, "G7")],
    ]  # fmt: skip


def test_with_the_chart_on_its_stand_the_bass_is_never_wrong():
    song = desk.song(bars=9)
    concert = Concert([song], {"understudy": None})
    found = music_known.charted(concert, song, "melody", "understudy")
    believed = {name for beat, _, name in found.found.chords if 0 <= beat < found.last_beat}
    assert believed == {"C", "Am", "F", "G7"}
    assert music_measures.measure(found, performer(song, "melody"))["wrong root"] == 0.0


# ------------------------------------------------------------------ the bigram


@pytest.fixture
def taught():
    found, song = bigram.Bigram(), desk.song()
    found.teach(song, song.takes[0])
    return found


def ask(slot, **more):
    """The slots of C Am F G7, as a listener would name them."""
    root, quality = ((0, ""), (9, "m"), (5, ""), (7, "7"))[(slot - 1) // 8 % 4]
    named = {"heard": slot > 0, "root": root, "quality": quality} | more
    named["densities"] = more.get("densities", (0.5, 0.5, 0.5, -1.0, -1.0, -1.0))
    return Ask(slot / 2, slot % 8, 8, 120.0, number=slot, **named)


def test_the_bigram_answers_whole_phrases_for_the_slot_and_the_next(taught):
    for slot in range(64):
        fresh, tail = taught.answer(ask(slot))
        assert (fresh.beat, fresh.rung, fresh.number) == (slot / 2, "fresh", slot)
        assert (tail.beat, tail.rung, tail.number) == (slot / 2 + 0.5, "tail", slot)
        assert _whole(fresh)
        assert _whole(tail)
        assert len(fresh.chords) == len(tail.chords) == 9


def test_the_bigram_plays_what_it_was_taught_and_nothing_for_who_is_out(taught):
    answers = [taught.answer(ask(slot))[0] for slot in range(16)]
    bass = [[note[:3] for note in answer.notes if PARTS[note[0]] == "bass"] for answer in answers]
    assert bass[2:6] == [[(1, 0, 36)], [], [(1, 0, 36)], []]
    silent = taught.answer(ask(16, densities=(-1.0,) * 6))[0]
    assert silent.notes == ()


def test_the_bigram_foretells_the_change_that_it_was_taught(taught):
    chords = [taught.answer(ask(slot))[0].chords for slot in range(16)][8]
    assert [name for name, _ in chords[:2]] == ["0:", "9:m"]
    assert [name for name, _ in chords[1:]] == ["9:m"] * 8
    assert chords[1][1] == 0.5  # from F it goes on elsewhere


def test_the_bigram_goes_on_alone_where_nobody_names_a_chord(taught):
    assert taught.answer(ask(0))[0].chords[0] == ("", 0.0)
    found = [taught.answer(ask(slot, heard=slot < 4))[0].chords[0][0] for slot in range(1, 18)]
    assert found == [*["0:"] * 8, *["9:m"] * 8, "5:"]


# ------------------------------------------------------------------ shown and kept


def test_no_line_of_the_table_is_wider_than_the_screen(tmp_path):
    song = desk.song(bars=12)
    band = heard([*roots(8), *chord("keys", FIRST, 4.0)], [(0.0, "C")], song)
    rows = [music_table.row_of("understudy", "piano", [(band, performer(song, "piano"))] * 2)]
    assert rows[0]["songs"] == 2
    assert rows[0]["fit"] == 1.0
    found = {
        "rows": rows,
        "push": [{"player": "model", "move": "tritone"} | {f"a long column {n}": n / 7 for n in range(9)}],
    }
    shown = music_table.table(found)
    assert max(map(len, shown.splitlines())) <= 120
    assert [shown.count(f"a long column {number}") for number in range(9)] == [1] * 9
    assert shown.count("model  tritone") == 2
    music_table.write(found, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["push"][0]["move"] == "tritone"
