"""Songs on the stage: the chart and the performer, medleys and pauses, what is shown, stored and replayed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate import setlist as setlists
from bandmate.bench import charts
from bandmate.errors import BadFile
from bandmate.events import Command, Level, NoteOn, Recall
from bandmate.playing import adapted, play_song
from bandmate.rehearsal import load_styles, make_band, rehearse
from bandmate.show.take import Header, Take, event_line, header_line, read_take
from bandmate.timing import step_index, step_time_s
from tests.conftest import Stage
from tests.songbook import evening, song

C, F, G, AM = (48, 60, 64, 67), (53, 60, 65, 69), (55, 59, 62, 67), (57, 60, 64, 69)
E_FLAT, A_FLAT = (51, 58, 63, 67), (56, 60, 63, 68)


def on_stage(*songs, **params) -> Stage:
    """A stage with these songs, the first one counted in: beat 0 falls at 2.1 s in 4/4."""
    stage = Stage(evening=evening(*songs), **params)
    stage.say(0.0, "arm")
    stage.say(0.0, "start")
    return stage


ONE_S = 2.1  # 0.1 s, and a bar of four at 120


def bass_on(stage: Stage, beat: float) -> int:
    """The pitch class that the bass strikes on a beat."""
    time_s = ONE_S + beat * 0.5
    return min(stage.notes("bass", time_s - 0.06, time_s + 0.12), key=lambda note: note.on_s).pitch % 12


def comp(stage: Stage, *chords, beats: int = 4, first: int = 0) -> None:
    for index, chord in enumerate(chords):
        for beat in range(beats):
            stage.chord(ONE_S + (first + index * beats + beat) * 0.5, chord, 0.42)


# ------------------------------------------------------------------ the chart and the performer


def test_the_song_that_is_chosen_before_the_first_bar_is_the_one_to_go_on_with():
    stage = Stage(evening=evening(song("A: C"), song("B: F")))
    stage.say(0.0, "arm")
    stage.say(0.5, "next-song")
    assert stage.play(1.0).states[-1]["night"]["place"] == 1


def test_with_a_chart_the_band_plays_it_alone_from_the_first_beat():
    stage = on_stage(song("A: C | F | Ab | G7"), follow=0.0).play(ONE_S + 8.0)
    assert [bass_on(stage, beat) for beat in (0, 4, 8, 12)] == [0, 5, 8, 7]
    assert stage.notes("keys")


def test_the_chart_wins_over_a_wrong_chord_and_yields_to_two_bars_of_them():
    stage = on_stage(song("A: C | C | C | C"), follow=0.0)
    comp(stage, C, E_FLAT, C, C, *[A_FLAT] * 6)
    stage.play(ONE_S + 20.0)
    assert [bass_on(stage, beat) for beat in (4, 8, 12, 16)] == [0, 0, 0, 0]
    assert bass_on(stage, 32) == 8
    assert stage.band.plan.astray


def test_the_chart_is_back_once_the_performer_is():
    stage = on_stage(song("A: C | C | C | C"), follow=0.0)
    comp(stage, *[A_FLAT] * 4, *[C] * 4)
    stage.play(ONE_S + 15.0)
    assert not stage.band.plan.astray


def test_when_the_performer_rests_the_chart_goes_on():
    stage = on_stage(song("A: C | F | C | G"), follow=0.0)
    comp(stage, C, F)
    stage.play(ONE_S + 12.0)
    assert [bass_on(stage, beat) for beat in (8, 12, 16, 20)] == [0, 7, 0, 5]


def test_a_section_without_a_chart_follows_the_performer():
    stage = on_stage(song("A: C | C", "B:; bars = 4"), follow=0.0)
    comp(stage, C, C, A_FLAT, G, E_FLAT, F)
    stage.play(ONE_S + 12.0)
    assert [bass_on(stage, beat) for beat in (8, 12, 16, 20)] == [8, 7, 3, 5]


def test_these_two_bars_then_follow_me():
    stage = on_stage(song("A: C | F; bars = 4; follow = 2"), follow=0.0)
    comp(stage, C, F, G, A_FLAT)
    stage.play(ONE_S + 8.0)
    assert [bass_on(stage, beat) for beat in (0, 4, 8, 12)] == [0, 5, 7, 8]


def test_no_chord_means_no_chord():
    stage = on_stage(song("A: C | N.C. | F"), follow=0.0).play(ONE_S + 6.0)
    assert stage.notes("drums", ONE_S + 2.0, ONE_S + 3.9)
    assert stage.notes("bass", ONE_S + 2.0, ONE_S + 3.9) == []
    assert stage.notes("keys", ONE_S + 2.0, ONE_S + 3.7) == []


def test_a_key_change_moves_the_chart_and_the_key_but_no_drum():
    stage = on_stage(song("A: C | F | C | F", key="C"), follow=0.0)
    stage.say(ONE_S + 2.2, "transpose", 2.0)
    stage.play(ONE_S + 8.0)
    assert [bass_on(stage, beat) for beat in (0, 4, 8, 12)] == [0, 5, 2, 7]
    assert stage.statuses[-1].key == "D major"


def test_a_section_may_be_a_step_higher():
    lifted = song("A: C | F", "B: C | F; transpose = 2", transpose=-1, key="C")
    stage = on_stage(lifted, follow=0.0).play(ONE_S + 3.0)
    assert stage.statuses[-1].key == "B major"
    stage.play(ONE_S + 8.0)
    assert [bass_on(stage, beat) for beat in (0, 4, 8, 12)] == [11, 4, 1, 6]
    assert stage.statuses[-1].key == "Db major"


def test_the_last_stroke_is_on_the_last_chord():
    stage = on_stage(song("A: Dm | G7", key="C"), follow=0.0)
    stage.say(ONE_S + 2.5, "ending")
    stage.play(ONE_S + 8.0)
    assert bass_on(stage, 8) == 0
    assert stage.state == "off"


# ------------------------------------------------------------------ odd bars


def test_a_single_odd_bar_is_counted_as_it_is_written():
    stage = on_stage(song("A: C | (2/4) G | F | (5/4) C . . . G | F"), follow=0.0).play(ONE_S + 14.0)
    lines = [beat.beat for beat in stage.beats if beat.downbeat]
    assert lines[:7] == [0.0, 4.0, 6.0, 10.0, 15.0, 19.0, 23.0]
    assert [bass_on(stage, beat) for beat in (0, 4, 6, 10, 15)] == [0, 7, 5, 0, 5]


def test_an_odd_bar_with_a_performer_keeps_the_performers_one():
    stage = on_stage(song("A: C | (2/4) G | F | C"))
    for beat in range(40):
        stage.chord(ONE_S + beat * 0.5, C if beat % 14 < 4 else G if beat % 14 < 6 else F, 0.42)
    stage.play(ONE_S + 18.0)
    lines = [beat.beat for beat in stage.beats if beat.downbeat]
    assert lines[:9] == [0.0, 4.0, 6.0, 10.0, 14.0, 18.0, 20.0, 24.0, 28.0]
    assert max(abs(beat.time_s - ONE_S - beat.beat * 0.5) for beat in stage.beats if beat.beat >= 0) < 0.05


# ------------------------------------------------------------------ the evening


def test_a_walk_in_is_silent_whatever_is_pressed_and_played():
    stage = Stage(evening=evening("walk-in", song("A: C | F")))
    for time_s, name in ((0.1, "arm"), (0.5, "start"), (1.0, "tap"), (1.4, "tap"), (2.0, "join")):
        stage.say(time_s, name)
    stage.comp(0.5, 12)
    stage.play(7.0)
    assert stage.state == "off"
    assert stage.notes() == []
    assert any("nothing sounds here" in status.alarm for status in stage.statuses)
    stage.say(7.1, "next-song")
    stage.play(7.3)
    assert stage.state == "armed"


def test_a_song_is_recalled_in_one_step_with_its_sounds():
    plain = patches.load("bench")
    sounds = plain.sounds | {"bass": replace(plain.sounds["bass"], program=32)}
    other = song("A: C", bpm=90.0, meter="3/4", style="swing", key="F")
    other = replace(other, patch=replace(plain, sounds=sounds), params={"part/bass/level": 0.4})
    stage = Stage(evening=evening(song("A: C"), other))
    stage.say(0.0, "arm")
    stage.play(0.5)
    stage.say(1.0, "next-song")
    stage.play(1.3)
    sent = [(time_s, send) for time_s, out in stage.outs for send in out.sends if time_s >= 1.0]
    recalled = next(send for time_s, send in sent if time_s == 1.0 and isinstance(send, Recall))
    assert json.loads(recalled.patch)["sound"]["bass"]["program"] == 32
    assert (1.0, Level("bass", 0.4)) in sent
    shown = stage.statuses[-1]
    assert (shown.state, shown.bpm, shown.meter, shown.style) == ("armed", 90.0, "3/4", "swing")
    assert (shown.song, shown.key, shown.first_chord, shown.entry) == ("Song", "F major", "C", "2/2")


def test_after_a_song_the_band_is_off_and_the_next_one_is_shown():
    stage = on_stage(
        song("A: C | F", title="First"), song("A: Eb", title="Second", bpm=96.0, key="Eb"), "break"
    )
    stage.say(ONE_S + 1.0, "ending")
    stage.play(ONE_S + 6.0)
    shown = stage.statuses[-1]
    assert (shown.state, shown.song, shown.bpm, shown.key, shown.first_chord, shown.next_song) == (
        "off", "Second", 96.0, "Eb major", "Eb", "break",
    )  # fmt: skip
    stage.comp(ONE_S + 6.2, 4)
    assert stage.play(ONE_S + 9.0).notes(after_s=ONE_S + 6.0) == []


def test_the_next_song_waits_for_the_ending_of_this_one():
    stage = on_stage(song("A: C | F", title="First"), song("A: Eb", title="Second"))
    stage.say(ONE_S + 1.0, "next-song")
    stage.play(ONE_S + 1.5)
    assert (stage.band.song, stage.state) == ("First", "ending")
    stage.play(ONE_S + 6.0)
    assert (stage.band.song, stage.state) == ("Second", "off")


@pytest.mark.parametrize("state", ["counting", "holding"])
def test_the_next_song_is_there_at_once_where_no_bar_is_to_be_waited_for(state):
    stage = on_stage(song("A: C | F", title="First"), song("A: Eb", title="Second"))
    if state == "holding":
        stage.say(ONE_S + 1.0, "hold")
    press_s = 1.0 if state == "counting" else ONE_S + 1.5
    stage.say(press_s, "next-song")
    stage.play(press_s + 0.3)
    assert (stage.band.song, stage.state) == ("Second", "off")
    assert stage.sounding == []


@pytest.mark.parametrize("cued", [True, False])
def test_a_medley_goes_on_without_a_stop_in_the_new_meter_and_tempo(cued):
    second = song("B: F | Bb", title="Second", bpm=90.0, meter="3/4")
    stage = on_stage((song("A: C | G", title="First"), True), second, follow=0.0)
    if cued:
        stage.say(ONE_S + 0.5, "next-song")
    stage.play(ONE_S + 12.0)
    line = 4.0 if cued else 8.0
    assert stage.band.song == "Second"
    lines = [beat for beat in stage.beats if beat.downbeat]
    after = [beat for beat in lines if beat.beat >= line]
    assert [beat.beat for beat in after[:3]] == [line, line + 3, line + 6]
    assert after[0].time_s == pytest.approx(ONE_S + line * 0.5, abs=0.002)
    assert after[1].time_s - after[0].time_s == pytest.approx(2.0, abs=0.002)
    shown = stage.statuses[-1]
    assert shown.bar == int((shown.time_s - after[0].time_s) / 2.0) + 1
    assert bass_on(stage, line) == 5


def test_a_song_is_chosen_by_its_title():
    stage = Stage(evening=evening(*(song("A: C", title=name) for name in ("One", "Two", "Three"))))
    stage.say(0.1, "song", "three")
    stage.say(0.5, "song", "four")
    stage.play(1.0)
    assert stage.band.song == "Three"
    assert any("there is no 'four'" in status.alarm for status in stage.statuses)


def test_a_status_says_where_in_the_song_we_are():
    stage = on_stage(song("Verse: C | F | G | C", "Chorus: Am | F", title="Way")).play(ONE_S + 2.5)
    shown = stage.statuses[-1]
    assert (shown.section_name, shown.bars_left, shown.next_section) == ("Verse", 3, "Chorus")
    assert (shown.chord, shown.next_chord, shown.plan_source) == ("F", "G", "chart")
    assert shown.plan == "| F | G | C | Am |"


def test_people_come_and_go_with_the_sections():
    stage = on_stage(
        song(
            "A: C | C; parts_out = ['keys', 'bass']",
            "B: C | C; parts_in = ['bass']",
            "C: C; parts_in = ['keys']",
        ),
        follow=0.0,
    )
    stage.play(ONE_S + 10.0)
    assert stage.notes("bass", 0, ONE_S + 3.9) == []
    assert stage.notes("bass", ONE_S + 3.9, ONE_S + 8.0)
    assert stage.notes("keys", 0, ONE_S + 7.4) == []
    assert stage.notes("keys", ONE_S + 7.4)


# ------------------------------------------------------------------ stored


def test_store_writes_tempo_and_mix_only_when_asked(tmp_path):
    path = tmp_path / "song.toml"
    path.write_text('title = "Mine" # mine\nbpm = 100\nchart = "| C | F |"\n')
    stage = Stage(evening=setlists.single(setlists.load_song(str(path))))
    stage.say(0.1, "part/bass/level", 0.6)
    stage.say(0.2, "bpm", 104.0)
    stage.play(0.5)
    assert stage.stores == []
    stage.say(0.6, "store")
    stage.play(0.8)
    for store in stage.stores:
        setlists.store_in_song(store)
    assert path.read_text() == (
        'title = "Mine" # mine\nbpm = 104.0\nchart = "| C | F |"\n\n[params]\n"part/bass/level" = 0.6\n'
    )


def test_a_loop_heard_twice_is_shown_and_kept_as_the_chart(tmp_path):
    path = tmp_path / "song.toml"
    path.write_text('title = "Mine"\nbpm = 120\n')
    stage = Stage(evening=setlists.single(setlists.load_song(str(path))))
    stage.say(0.0, "arm")
    stage.say(0.0, "start")
    comp(stage, *[C, AM, F, G] * 2)
    stage.play(ONE_S + 15.9)
    assert stage.statuses[-1].plan_source == "loop"
    stage.play(ONE_S + 24.0)
    assert [bass_on(stage, beat) for beat in (36, 40, 44)] == [9, 5, 7]
    stage.say(ONE_S + 24.1, "store-chart")
    stage.play(ONE_S + 24.3)
    setlists.store_in_song(stage.stores[0])
    chart = setlists.load_song(str(path)).sections[0].chart
    assert [bar.at(0.0).root for bar in chart] == [0, 9, 5, 7]


# ------------------------------------------------------------------ replayed and restarted


def a_take(**params) -> tuple[Take, Header]:
    listed = evening(
        song("A: C | F; open = true", "B: G | (2/4) C | F", title="One"),
        song("A: Am | G", title="Two", bpm=96.0),
    )
    header = Header(patches.load("bench"), 3, params, evening=listed)
    said = [(0.0, "arm"), (0.2, "start"), (5.0, "next-section"), (9.0, "key-up"), (12.0, "ending")]
    said += [(18.0, "arm"), (18.2, "start"), (24.0, "fill"), (26.0, "stop")]
    events = [Command(time_s, name, source="test") for time_s, name in said]
    events += [NoteOn(2.3 + beat * 0.5, pitch, 80) for beat in range(18) for pitch in C]
    placed = sorted(((step_index(event.time_s), event) for event in events), key=lambda entry: entry[0])
    return Take("take", tuple(placed), 28.0, header), header


def notes_of(found):
    return [(note.part, note.on_s, note.off_s, note.pitch, note.velocity) for note in found.ledger.played()]


def test_the_take_of_a_setlist_replays_to_the_same_notes(tmp_path):
    take, header = a_take()
    path = tmp_path / "jam.jsonl"
    lines = [
        header_line(header),
        *(event_line(step, event) for step, event in take.events),
        '{"end_s": 28.0}',
    ]
    path.write_text("\n".join(lines) + "\n")
    again = read_take(path)
    assert again.header == header
    first, second = (rehearse(each, each.header, load_styles()) for each in (take, again))
    assert notes_of(first) == notes_of(second)
    assert len(notes_of(first)) > 100
    assert {chord for _, _, chord in first.chords} >= {"C", "F", "G"}


def test_a_damaged_setlist_in_a_take_is_one_sentence(tmp_path):
    take, header = a_take()
    line = json.loads(header_line(header))
    for broken in (
        {},
        {"songs": 3},
        {**line["setlist"], "entries": []},
        [1],
        {**line["setlist"], "songs": []},
    ):
        path = tmp_path / "jam.jsonl"
        path.write_text(json.dumps({**line, "setlist": broken}) + "\n" + event_line(*take.events[0]) + "\n")
        with pytest.raises(BadFile) as caught:
            read_take(path)
        assert "line 1" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_dead_band_goes_on_in_the_same_bar_of_the_song():
    stage = Stage(evening=evening(song("A: C"), song("A: Am | F | G | C", "B: Dm")), seed=4, follow=0.0)
    stage.say(0.0, "song", "2")
    stage.say(0.0, "start")
    stage.play(ONE_S + 5.0)
    saved = stage.states[-1]
    header = replace(
        Header(patches.load("bench"), 4, {}, saved, ONE_S + 5.5), evening=stage.band.night.setlist
    )
    again = make_band(header, load_styles())
    for step in range(step_index(ONE_S + 5.5), step_index(ONE_S + 11.0)):
        again.step(step_time_s(step), [])
    stage.play(ONE_S + 11.0)
    assert again.night.place == stage.band.night.place
    assert again.road.spot == stage.band.road.spot
    assert again.chord == stage.band.chord


# ------------------------------------------------------------------ what the band makes of a chart


@pytest.mark.parametrize("name", ["corner-table", "snow-on-the-tram", "raise-the-ceiling"])
def test_with_the_chart_the_bass_has_its_roots(name):
    played = replace(adapted(setlists.load_song(name), None, None, None, None), count_in=0)
    found = play_song(played, 0, {})
    wrong, changes = charts.wrong_roots(played, found)
    assert changes > 40
    assert wrong <= changes / 100
    right, heard = charts.first_roots(played, found)
    assert right >= 0.99 * heard
    assert heard >= 0.95 * changes
    assert found.leaked + found.ledger.hanging == 0


def test_a_band_that_nobody_plays_with_keeps_its_tempo():
    stage = Stage(bpm=122.0)
    stage.say(0.0, "arm")
    stage.say(0.2, "start")
    stage.play(60.0)
    assert stage.band.transport.beatmap.bpm == pytest.approx(122.0, rel=0.03)
