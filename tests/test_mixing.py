"""Mixing: what a parameter sends to the sound process, and how transposed keys are heard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bandmate import mixing, snapshots
from bandmate import patch as patches
from bandmate.capo import Capo
from bandmate.events import Dial, Level, NoteOff, NoteOn, Recall, Voice
from bandmate.patch import DEFAULT_SOUNDS, Patch, Sound, Zone, parse

BENCH = patches.load("bench")


def sent(stage, *kinds):
    return [send for _, out in stage.outs for send in out.sends if isinstance(send, kinds)]


def test_the_dials_of_the_mix_go_to_the_sound_process_at_once(stage):
    for name, value in (("tuning-hz", 442.0), ("mono", 1.0), ("reverb", 0.1)):
        stage.say(0.1, name, value)
    stage.play(0.2)
    assert sent(stage, Dial) == [Dial("tuning-hz", 442.0), Dial("mono", 1.0), Dial("reverb", 0.1)]


def test_a_part_gets_another_sound_and_its_own_back(stage):
    stage.say(0.1, "part/drums/program", 16)
    stage.say(0.2, "part/drums/program", -1)
    stage.play(0.3)
    assert sent(stage, Voice) == [Voice("drums", 128, 16), Voice("drums", 128, 0)]


def test_a_part_gets_another_share_in_the_reverb_and_its_own_back(stage):
    stage.say(0.1, "part/keys/reverb", 0.8)
    stage.say(0.2, "part/keys/reverb", -1)
    stage.play(0.3)
    own = DEFAULT_SOUNDS["keys"].reverb
    assert sent(stage, Dial) == [Dial("reverb/keys", 0.8), Dial("reverb/keys", own)]


def test_parameters_begin_where_the_patch_says(make_stage):
    patch = replace(BENCH, tuning_hz=443.0, mono=True, transpose=3, transpose_keys=True, reverb=0.7)
    params = make_stage(patch).band.params
    wanted = {"tuning-hz": 443.0, "mono": 1.0, "transpose": 3.0, "transpose-keys": 1.0, "reverb": 0.7}
    assert {name: params[name] for name in wanted} == wanted


def test_a_new_sound_process_is_told_of_all_that_stands(make_stage):
    stage = make_stage(replace(BENCH, tuning_hz=443.0))
    stage.say(0.1, "part/keys/program", 16)
    stage.say(0.1, "transpose", 2)
    stage.say(0.1, "transpose-keys", 1)
    stage.play(0.2)
    told = mixing.mix(stage.band)
    assert {send.name for send in told if isinstance(send, Level)} == {
        *("band", "master", "performer", "click"), *BENCH.parts,
    }  # fmt: skip
    assert {send.name: send.value for send in told if isinstance(send, Dial)} == {
        "tuning-hz": 443.0, "mono": 0.0, "reverb": 0.3, "transpose": 2,
    }  # fmt: skip
    assert [send for send in told if isinstance(send, Voice)] == [Voice("keys", 0, 16)]


def test_transposed_keys_are_heard_as_they_sound(make_stage):
    """A hand that only plays in C, a song in D: the bass is in D."""
    roots = {}
    for semitones in (0, 2):
        stage = make_stage(replace(BENCH, transpose=semitones, transpose_keys=True))
        one_s = stage.tap_in()
        stage.comp(one_s, 16)
        stage.play(one_s + 8.0)
        roots[semitones] = {note.pitch % 12 for note in stage.notes("bass", after_s=one_s + 1.0)}
        drums = {note.pitch for note in stage.notes("drums")}
    assert {(pitch + 2) % 12 for pitch in roots[0]} == roots[2]
    assert 36 in drums  # a kick is a kick


def test_the_switch_is_its_own(make_stage):
    stage = make_stage(replace(BENCH, transpose=2))
    one_s = stage.tap_in()
    stage.comp(one_s, 8)
    stage.play(one_s + 4.0)
    assert str(stage.band.chord).startswith("C")
    assert mixing.transposed(stage.band) == Dial("transpose", 0)


def test_a_key_ends_as_it_began_although_the_capo_moved():
    capo = Capo(Patch(), 2)
    assert capo.hear(NoteOn(0.0, 60, 80)) == NoteOn(0.0, 62, 80)
    capo.semitones = 5
    assert capo.hear(NoteOff(1.0, 60)) == NoteOff(1.0, 62)
    assert capo.hear(NoteOn(1.0, 60, 80)).pitch == 65


def test_a_zone_that_transposes_is_heard_so_and_one_that_nobody_hears_is_not_asked():
    zones = (Zone(hears="none", transpose=7), Zone(high=59, transpose=-2), Zone(low=60, hears="melody"))
    capo = Capo(Patch(zones=zones), 0)
    assert [capo.sounding(key) for key in (40, 60)] == [38, 60]
    assert capo.melody() == frozenset(range(60, 128))


def test_a_keyboard_with_its_own_sound_is_heard_as_it_is_played():
    capo = Capo(Patch(local=True, zones=(Zone(transpose=5),)), 2)
    assert capo.sounding(60) == 60


def test_a_song_brings_its_sounds_zones_and_tuning(stage):
    song = replace(
        BENCH, tuning_hz=442.0, transpose=-1, transpose_keys=True,
        sounds=DEFAULT_SOUNDS | {"bass": Sound(port="Moog", program=3)}, zones=(Zone(high=59), Zone(low=60)),
    )  # fmt: skip
    sends = mixing.recall(stage.band, song)
    assert isinstance(sends[0], Recall)
    found = parse(json.loads(sends[0].patch), Path("song.toml"))
    assert (found.sounds, found.zones) == (song.sounds, song.zones)
    assert stage.band.patch.zones == song.zones
    assert stage.band.params["tuning-hz"] == 442.0
    assert Dial("tuning-hz", 442.0) in sends
    assert Dial("transpose", -1) in sends
    assert {send.name for send in sends if isinstance(send, Level)} >= set(BENCH.parts)


def test_a_new_sound_process_or_band_still_has_the_sounds_of_the_song(stage, make_stage):
    song = replace(BENCH, zones=(Zone(high=59, transpose=2), Zone(low=60)), tuning_hz=442.0)
    assert not any(isinstance(send, Recall) for send in mixing.mix(stage.band))
    mixing.recall(stage.band, song)
    stage.band.params["reverb"] = 0.8
    assert [isinstance(send, Recall) for send in mixing.mix(stage.band)][:2] == [True, False]
    again = make_stage(BENCH)
    snapshots.restore(again.band, json.loads(json.dumps(snapshots.state_now(stage.band))), 0.0)
    assert again.band.patch.zones == song.zones
    assert again.band.capo.sounding(40) == 42
    assert (again.band.params["tuning-hz"], again.band.params["reverb"]) == (442.0, 0.8)
    assert isinstance(mixing.mix(again.band)[0], Recall)
