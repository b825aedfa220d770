"""The audience in the band: what they bend, what stays as the performer set it, and who wins."""

import json
import math
from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate import snapshots
from bandmate.audience.mood import ONE_VOICE, Partial
from bandmate.errors import BadPatch
from bandmate.events import Attack, Hue, Readings, Slot
from bandmate.moods import Bends
from bandmate.parts.players import play
from bandmate.rehearsal import prepare, rehearse
from bandmate.show.take import Header, event_line, header_line, read_take
from bandmate.sounds import Microphone
from bandmate.timing import Meter, step_index
from tests.conftest import STYLES

BEAT_S = 0.5
FUNK = replace(patches.load("trio"), style="funk")


def crowd(stage, from_s, to_s, energy=0.5, valence=None, voices=20):
    """What an audience says, four times a second."""
    time_s = from_s
    while time_s < to_s:
        partial = Partial()
        partial.say("energy", energy, voices * ONE_VOICE)
        if valence is not None:
            partial.say("valence", valence, voices * ONE_VOICE)
        stage.events.append(partial.readings(time_s))
        time_s += 0.25


def song(make_stage, bars=9, patch=FUNK, **params):
    """A band that somebody comps for; returns it and when beat 0 falls."""
    stage = make_stage(patch, 3, bpm=120, style="funk", **params)
    one_s = stage.tap_in()
    for bar in range(bars):
        stage.comp(one_s + bar * 2.0, 4, pitches=[(48, 60, 64, 67), (45, 57, 60, 64)][bar % 2])
    return stage, one_s


def notes_a_beat(stage, from_s, to_s):
    return len(stage.notes("", from_s, to_s)) / ((to_s - from_s) / BEAT_S)


def loudness(stage, from_s, to_s):
    played = [note.velocity for note in stage.notes("drums", from_s, to_s)]
    return sum(played) / len(played)


def test_authority_0_changes_nothing_at_all(make_stage):
    alone, _ = song(make_stage, authority=0)
    crowded, _ = song(make_stage, authority=0)
    crowd(crowded, 0.5, 16.0, energy=1.0, valence=1.0)
    assert alone.play(18.0).ledger.played() == crowded.play(18.0).ledger.played()
    assert [out.sends for _, out in alone.outs] == [out.sends for _, out in crowded.outs]
    assert crowded.statuses[-1].mood["energy"] > 0.9


def test_nobody_there_is_as_if_the_audience_had_never_been_thought_of(make_stage):
    by_default, _ = song(make_stage)
    without, _ = song(make_stage, authority=0)
    assert by_default.play(14.0).ledger.played() == without.play(14.0).ledger.played()


def test_a_cheer_makes_it_denser_and_louder_and_a_hush_thinner_and_softer(make_stage):
    heard = {}
    for name, energy in (("calm", 0.5), ("cheer", 1.0), ("hush", 0.0)):
        stage, one_s = song(make_stage, authority=100)
        crowd(stage, 0.5, 40.0, energy)
        stage.play(one_s + 18.0)
        window = one_s + 8.0, one_s + 18.0
        heard[name] = notes_a_beat(stage, *window), loudness(stage, *window)
    assert heard["cheer"][0] > 1.15 * heard["calm"][0]
    assert heard["cheer"][1] > heard["calm"][1]
    assert heard["hush"][0] < 0.85 * heard["calm"][0]
    assert heard["hush"][1] < heard["calm"][1]


def test_what_the_performer_set_stays_as_set(make_stage):
    stage, one_s = song(make_stage, authority=100, density=0.4)
    crowd(stage, 0.5, 12.0, 1.0)
    shown = stage.play(one_s + 8.0).statuses[-1]
    assert shown.params["density"] == 0.4
    assert shown.params["energy"] == 0.5
    assert shown.section == 2
    assert shown.mood["governed"] > 0.9
    assert shown.energy > 0.6
    assert set(shown.activity) == set(FUNK.parts)
    assert shown.activity["drums"] > 1


def test_a_veto_takes_it_all_back_by_the_next_beat(make_stage):
    vetoed, one_s = song(make_stage, authority=100)
    alone, _ = song(make_stage, authority=0)
    crowd(vetoed, 0.5, 40.0, 1.0)
    veto_s = one_s + 16.7 * BEAT_S
    vetoed.say(veto_s, "veto")
    vetoed.play(one_s + 16.0)
    alone.play(one_s + 16.0)
    from_s = veto_s + BEAT_S
    assert vetoed.band.audience.pull.lift == 0

    def strokes(stage, from_s, to_s):
        return [(note.part, note.pitch, round(note.on_s, 3)) for note in stage.notes("drums", from_s, to_s)]

    assert strokes(vetoed, from_s, one_s + 15.0) == strokes(alone, from_s, one_s + 15.0)
    assert strokes(vetoed, veto_s - 4.0, veto_s) != strokes(alone, veto_s - 4.0, veto_s)
    assert vetoed.statuses[-1].mood_state == "vetoed"


def test_the_performers_own_word_on_loudness_wins_at_once(make_stage):
    stage, one_s = song(make_stage, authority=100)
    crowd(stage, 0.5, 40.0, 1.0)
    stage.say(one_s + 8.0, "energy", 0.2)
    stage.play(one_s + 7.9)
    assert stage.band.audience.pull.lift > 0.8
    stage.play(one_s + 8.02)
    assert stage.band.audience.pull.lift == pytest.approx(0.0, abs=0.02)
    stage.play(one_s + 10.1)  # and the audience comes back slowly, a quarter of the scale a bar
    assert 0 < stage.band.audience.pull.lift <= 0.5 + 0.05


def test_hold_keeps_the_mood_although_the_audience_goes_home(make_stage):
    stage, one_s = song(make_stage, authority=100)
    crowd(stage, 0.5, one_s + 7.0, 1.0)
    stage.say(one_s + 6.5, "hold-mood")
    stage.play(one_s + 18.0)
    assert stage.statuses[-1].mood_state == "held"
    assert stage.statuses[-1].mood["governed"] > 0.9
    assert stage.statuses[-1].mood["confidence"] == 0.0


def test_a_door_that_dies_takes_its_audience_along(make_stage):
    stage, one_s = song(make_stage, authority=100)
    crowd(stage, 0.5, one_s + 8.0, 1.0)
    stage.play(one_s + 8.0)
    assert stage.statuses[-1].mood["governed"] > 0.9
    stage.play(one_s + 20.0)
    assert stage.statuses[-1].mood["governed"] == pytest.approx(0.5)


def test_a_wild_mood_lifts_the_chords(make_stage):
    middle = {}
    patch = replace(FUNK, parts=("drums", "pad"))
    for energy in (0.5, 1.0):
        stage = make_stage(patch, 3, bpm=120, style="bossa-nova", authority=100)
        one_s = stage.tap_in()
        stage.comp(one_s, 40, pitches=(36, 43, 47, 52))  # low, so that the pad is free to move
        crowd(stage, 0.5, 20.0, energy)
        stage.play(one_s + 18.0)
        pad = [note.pitch for note in stage.notes("pad", one_s + 10.0)]
        middle[energy] = sum(pad) / len(pad)
    assert middle[1.0] > middle[0.5] + 2


@pytest.mark.parametrize(
    ("style", "glow", "ninths"),
    [
        ("bossa-nova", 1.0, True),
        ("bossa-nova", -1.0, False),
        ("pop-rock", 1.0, True),
        ("pop-rock", 0.0, False),
    ],
)
def test_a_bright_mood_colours_the_chords_and_a_dark_one_takes_the_colour_out(style, glow, ninths):
    slots = (Slot(half / 2, 0, 0.0, Meter(), 120.0, brightness=glow) for half in range(8))
    notes = [note for slot in slots for note in play("keys", slot, STYLES[style])]
    assert notes
    assert all(("+9" in note.tone) is ninths for note in notes)


@pytest.mark.parametrize(("energy", "beats"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_fills_by_themselves_are_longer_in_a_wild_mood_and_none_in_a_hushed_one(make_stage, energy, beats):
    stage, one_s = song(make_stage, bars=9, authority=100)
    crowd(stage, 0.5, 40.0, energy)
    found = set()
    for eighth in range(8 * 8):
        stage.play(one_s + eighth * BEAT_S / 2)
        found |= {figure for figure in stage.band.form.figures if figure.kind == "fill"}
    assert sum(figure.beats for figure in found) == beats


# ------------------------------------------------------------------ a microphone in the room


def room(stage, from_s, to_s, level_db, strokes=0):
    for index in range(round((to_s - from_s) * 20)):
        time_s = from_s + index / 20
        stage.events.append(Hue(time_s, level_db + 3 * math.sin(index), port="microphone 1"))
        if strokes and index % max(1, 20 // strokes) == 0:
            stage.events.append(Attack(time_s, 0.5, port="microphone 1"))


def test_a_microphone_in_the_room_moves_the_mood_and_neither_tempo_nor_count(make_stage):
    patch = replace(FUNK, microphones=(Microphone(hears="room", bleed=0.0),))
    stage, one_s = song(make_stage, patch=patch, authority=100, count_by="sound")
    room(stage, 0.0, one_s + 14.0, -40.0)
    room(stage, one_s + 14.0, one_s + 24.0, -15.0, strokes=10)
    stage.play(one_s + 13.0)
    calm = stage.statuses[-1].mood["energy"]
    home = stage.band.transport.home_bpm
    stage.play(one_s + 22.0)
    assert calm == pytest.approx(0.5, abs=0.15)
    assert stage.statuses[-1].mood["energy"] > calm + 0.25
    assert stage.band.transport.home_bpm == pytest.approx(home, rel=0.01)


# ------------------------------------------------------------------ saved, written, refused


def test_a_restarted_band_knows_whether_the_audience_was_vetoed(make_stage):
    stage, one_s = song(make_stage)
    stage.say(one_s, "veto")
    stage.play(one_s + 4.0)
    saved = json.loads(json.dumps(snapshots.state_now(stage.band)))
    again = make_stage(FUNK, 3).band
    snapshots.restore(again, saved, one_s + 4.0)
    assert again.audience.governor.vetoed


def test_a_mood_that_is_held_is_held_by_a_restarted_band_too(make_stage):
    stage, one_s = song(make_stage, authority=100)
    crowd(stage, 0.5, one_s + 7.0, 1.0)
    stage.say(one_s + 6.5, "hold-mood")
    stage.play(one_s + 8.1)  # bar 5 has begun: it is saved
    saved = json.loads(json.dumps(snapshots.state_now(stage.band)))
    again = make_stage(FUNK, 3)
    snapshots.restore(again.band, saved, one_s + 8.1)
    again.step = stage.step
    again.play(one_s + 14.0)
    assert again.statuses[-1].mood_state == "held"
    assert again.statuses[-1].mood["governed"] == pytest.approx(stage.band.audience.governor.energy)
    assert again.band.audience.pull.lift > 0.8


def test_a_veto_is_saved_at_once_and_does_not_wait_for_a_bar_line(make_stage):
    stage, one_s = song(make_stage)
    stage.say(one_s + 0.5, "veto")
    stage.play(one_s + 0.4)
    assert not stage.states[-1]["audience"]["vetoed"]
    stage.play(one_s + 0.6)
    assert stage.states[-1]["audience"]["vetoed"]
    count = len(stage.states)
    stage.play(one_s + 1.5)
    assert len(stage.states) == count  # and nothing else until the next bar


def test_a_take_of_a_jam_with_an_audience_is_played_again_note_by_note(make_stage, tmp_path):
    stage, one_s = song(make_stage, bars=4)
    crowd(stage, 0.5, 12.0, 1.0, 0.5)
    stage.say(one_s + 5.0, "veto")
    events = sorted(stage.events, key=lambda event: event.time_s)
    header = Header(FUNK, 3, {"bpm": 120.0, "style": "funk"})
    lines = [header_line(header), *(event_line(step_index(event.time_s), event) for event in events)]
    path = tmp_path / "jam.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    take = read_take(path)
    again = rehearse(*prepare(take, None, None, {}, []), STYLES)
    stage.play(one_s + 6.0)

    def until(played):
        return [note for note in played if note.on_s < one_s + 6.0]

    assert len(stage.notes()) > 50
    assert [(note.part, note.pitch, note.on_s, note.velocity) for note in until(again.ledger.played())] == [
        (note.part, note.pitch, note.on_s, note.velocity) for note in until(stage.ledger.played())
    ]


def test_readings_that_are_no_levels_are_left_out(stage):
    stage.events.append(Readings(0.5, ((-5, 1000), (999, 1 << 60)), ((3, -7),)))
    stage.events.append(Readings(0.6, (7, "ab", (1.5, 2.0), (1, 2, 3)), (("x", "y"), (float("nan"), 1))))
    stage.play(2.0)
    assert 0 <= stage.statuses[-1].mood["energy"] <= 1


def test_a_patch_says_how_far_the_audience_bends_it(tmp_path):
    path = tmp_path / "gig.toml"
    path.write_text('style = "funk"\nosc = ["crowd"]\n[mood]\ndensity = 0\nregister = 12')
    found = patches.load(str(path))
    assert found.mood == replace(Bends(), density=0.0, register=12.0)
    assert found.osc == ("crowd",)
    assert patches.parse(json.loads(json.dumps(patches.as_table(found))), path) == found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fun = 1", "unknown key 'mood.fun'; it takes intensity, variation, density"),
        ("density = 2", "key 'mood.density' is 2; it takes 0 to 1"),
        ('density = "much"', "key 'mood.density' is 'much'; it takes a number"),
    ],
)
def test_a_wrong_mood_is_one_sentence(tmp_path, line, says):
    path = tmp_path / "gig.toml"
    path.write_text(f"[mood]\n{line}")
    with pytest.raises(BadPatch) as caught:
        patches.load(str(path))
    assert f"{path}: {says}" in str(caught.value)


def test_the_steps_of_a_band_stay_cheap(make_stage):
    """A full hall costs the band a few numbers four times a second, whatever it holds."""
    stage, _ = song(make_stage, bars=2)
    crowd(stage, 0.5, 8.0, 0.8, 0.2, voices=5000)
    stage.play(8.0)
    assert len(stage.band.audience.partial.weights["energy"]) == 1
    assert step_index(8.0) < stage.step + 2
