"""A written evening through the real door to a real band, and the picture of it."""

import re
import statistics

import pytest

from bandmate import patch as patches
from bandmate.__main__ import main
from bandmate.crowd import lines, simulate
from bandmate.errors import BadPatch
from bandmate.evening import load, read
from bandmate.show.evening_picture import draw

SHORT = {
    "title": "Short", "patch": "trio", "style": "funk", "bpm": 120.0, "say": ["authority 100"], "voices": 12,
    "scene": [
        {"name": "settled", "seconds": 14.0, "motion": [0.35, 0.35]},
        {"name": "cheer", "seconds": 10.0, "motion": [0.9, 1.0], "valence": [0.5, 0.8]},
        {"name": "veto", "seconds": 4.0, "motion": [1.0, 1.0], "say": ["veto"]},
    ],
}  # fmt: skip


def evening(tmp_path, **changes):
    return read(SHORT | changes, tmp_path / "short.toml")


def test_a_cheer_comes_through_and_a_veto_ends_it(tmp_path):
    told = simulate(evening(tmp_path), seed=1)
    settled, cheer, vetoed = (told.of(scene) for scene in range(3))
    assert told.packets > 3000
    assert (told.malformed, told.dropped) == (0, 0)
    assert statistics.fmean(beat.crowd for beat in settled) == pytest.approx(0.5, abs=0.1)
    assert cheer[-1].crowd > 0.75
    assert cheer[-1].governed > 0.75
    assert vetoed[-1].vetoed
    assert vetoed[-1].governed == 0.5
    assert statistics.fmean(beat.notes for beat in cheer[-8:]) > 1.1 * statistics.fmean(
        beat.notes for beat in settled[-16:]
    )
    assert any(line.startswith("cheer") for line in lines(told, told))


def test_without_a_say_the_audience_is_heard_and_nothing_comes_of_it(tmp_path):
    short = evening(tmp_path, scene=[{"seconds": 6.0, "motion": [0.2, 1.0]}])
    still = evening(tmp_path, scene=[{"seconds": 6.0, "motion": [0.2, 0.2], "silent": 9}])
    told, silent = (simulate(each.unheard(), seed=1) for each in (short, still))
    assert told.beats[-1].crowd > 0.55
    assert [beat.notes for beat in told.beats] == [beat.notes for beat in silent.beats]


def test_a_scene_may_say_words_as_well_as_numbers(tmp_path):
    scenes = [{"seconds": 4.0}, {"seconds": 2.0, "say": ["on-rest keep", "style disco", "energy 0.75"]}]
    told = simulate(evening(tmp_path, scene=scenes), seed=1)
    assert (told.malformed, told.dropped) == (0, 0)
    assert told.of(1)


def test_the_same_seed_is_the_same_evening(tmp_path):
    short = evening(tmp_path, scene=[{"seconds": 4.0, "motion": [0.2, 0.9], "pranksters": 1, "silent": 2}])
    assert simulate(short, seed=2).beats == simulate(short, seed=2).beats
    assert simulate(short, seed=2).beats != simulate(short, seed=3).beats


def test_the_command_draws_it_and_says_where(tmp_path, capsys):
    path = tmp_path / "tiny.toml"
    path.write_text('title = "Tiny & <odd>"\n[[scene]]\nname = "now"\nseconds = 5')
    out = tmp_path / "tiny.svg"
    assert main(["crowd", "simulate", str(path), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    picture = out.read_text()
    assert picture.startswith("<svg")
    assert "Tiny &amp; &lt;odd&gt;" in picture
    assert re.findall(r"nan|inf\b", picture) == []


def test_a_picture_of_nothing_is_a_picture():
    assert draw("Nothing", [], []).endswith("</svg>\n")


@pytest.mark.parametrize("name", patches.names("evenings"))
def test_every_evening_that_ships_is_well(name):
    assert load(name).scenes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scene": []}, "there are 0 of [[scene]]; an evening takes 1 to 100"),
        ({"scene": [{"motion": [0.5]}]}, "key 'scene[1].motion' is (0.5,); it takes [from, to], each 0 to 1"),
        ({"scene": [{"motion": [0.5, 2]}]}, "key 'scene[1].motion'"),
        (
            {"scene": [{"valence": "glad"}]},
            "key 'scene[1].valence' is 'glad'; it takes [from, to], each -1 to 1",
        ),
        ({"scene": [{"here": [0, 13]}]}, "each 0 to 12"),
        ({"scene": [{"say": ["louder"]}]}, "key 'scene[1].say': 'louder' is not a parameter or action"),
        ({"scene": [{"seconds": 0.5}]}, "key 'scene[1].seconds' is 0.5; it takes 1 to 3600"),
        ({"scene": [{"tempo": 3}]}, "unknown key 'scene[1].tempo'; it takes name, seconds, motion"),
        ({"style": "polka"}, "key 'style' names 'polka'"),
        ({"voices": 0}, "key 'voices' is 0; it takes 1 to 500"),
        ({"guests": 3}, "unknown key 'guests'; it takes title, patch, style, bpm, voices, say, scene"),
    ],
)
def test_a_wrong_evening_is_one_sentence(tmp_path, changes, says):
    with pytest.raises(BadPatch) as caught:
        evening(tmp_path, **changes)
    assert str(caught.value).startswith(f"{tmp_path / 'short.toml'}: ")
    assert says in str(caught.value)
