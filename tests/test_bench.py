"""`bandmate bench`: what it says about wrong requests, how figures are read, and one bench end to end."""

import argparse
import json
import os
import subprocess
import sys

import pytest

from bandmate import patch as patches
from bandmate.__main__ import main
from bandmate.bench import control, fit, report, sound
from bandmate.bench.figures import Figure, as_plain, lateness, percentile, spread_ms, table
from bandmate.bench.stage import Stage
from bandmate.bench.thru import matched
from bandmate.errors import RigError
from bandmate.events import PARTS


def options(**given):
    asked = {
        "which": [],
        "json": None,
        "data": None,
        "songs": None,
        "seconds": 60.0,
        "runs": 3,
        "pictures": None,
        "soak": False,
    }
    asked |= {"flags": [], "model": "house", "splits": None}
    return argparse.Namespace(**(asked | given))


# ------------------------------------------------------------------ wrong requests


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["polka"], "there is no benchmark 'polka'; there are: loop, notes, thru, xruns, startup, rehearse"),
        (["rehearse", "--runs", "0"], "--runs 0 measures nothing"),
        (["rehearse", "--seconds", "0"], "--seconds 0 is too short"),
        (["rehearse", "--seconds", "nan"], "--seconds nan is too short"),
        (["fit"], "fit needs --data DIR"),
        (["music"], "music needs --data DIR"),
        (["fit", "--data", "nowhere"], "nowhere/pop909/POP909 holds none of the songs"),
        (["rehearse", "--json", "nowhere/f.json"], "there is no such folder"),
        (["styles", "--pictures", "nowhere"], "--pictures nowhere: there is no such folder"),
    ],
)
def test_a_wrong_request_is_one_sentence(capsys, words, says):
    assert main(["bench", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


# ------------------------------------------------------------------ figures


def test_without_a_name_all_but_fit_are_run_in_our_order():
    assert report._asked(options()) == [
        "loop",
        "notes",
        "thru",
        "xruns",
        "startup",
        "rehearse",
        "memory",
        "pulse",
        "sound",
    ]
    assert report._asked(options(which=["memory", "loop", "memory"])) == ["loop", "memory"]
    assert report._asked(options(which=["loop"], flags=["speed"])) == ["loop", "speed"]
    assert report._asked(options(flags=["control"])) == ["osc", "control"]
    assert report._asked(options(which=["osc"])) == ["osc"]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(range(100, 0, -1), share) == value


def test_the_median_run_counts_and_the_worst_of_all_is_the_max():
    runs_s = [[0.001] * 10, [0.002] * 10, [0.003] * 9 + [0.5], []]
    assert spread_ms(runs_s) == (2.0, 2.0, 500.0)
    assert lateness("notes", runs_s, 1.0).met is False
    assert spread_ms([[], []]) is None
    assert lateness("notes", [], 1.0).value is None


@pytest.mark.parametrize(
    ("value", "more", "met"), [(3.0, False, True), (3.1, False, False), (3.1, True, True), (None, True, None)]
)
def test_a_bar_is_reached_from_its_side(value, more, met):
    assert Figure("x", value, "s", 3.0, more).met is met


def test_the_table_says_value_bar_and_whether_it_is_met():
    shown = table(
        [
            Figure("first sound", 1.434, "s", 3.0, note="heard"),
            Figure("speed", 12.5, "x", 20.0, more=True, note="heard"),
            Figure("loop", 0.5, "ms p99", spread=(0.1, 0.5, 12.25)),
            Figure("thru", None, "ms p99", 5.0, note="needs jackd"),
        ]
    )
    assert shown.splitlines() == [
        "figure       value        bar          met  p50 / p99 / max",
        "first sound  1.43 s       <= 3 s       yes                      (1)",
        "speed        12.5 x       >= 20 x      no                       (1)",
        "loop         0.50 ms p99  -            -    0.10 / 0.50 / 12.2",
        "thru         -            <= 5 ms p99  -                        (2)",
        "(1) heard",
        "(2) needs jackd",
    ]


def test_a_figure_in_json_carries_its_bar_and_spread():
    plain = json.loads(json.dumps(as_plain(Figure("loop", 0.5, "ms p99", 1.0, spread=(0.1, 0.5, 2.0)))))
    assert plain["spread"] == {"p50": 0.1, "p99": 0.5, "max": 2.0}
    assert (plain["value"], plain["bar"], plain["met"]) == (0.5, 1.0, True)
    assert as_plain(Figure("xruns", 0))["met"] is None


def test_each_key_finds_the_note_that_it_became():
    struck = [(60, 1.0), (61, 1.1), (60, 2.0), (62, 2.1)]
    heard = [(60, 0.5), (60, 1.003), (61, 1.104), (60, 2.002)]
    assert matched(struck, heard) == pytest.approx([0.003, 0.004, 0.002])


def test_the_songs_of_fit_and_their_means_stand_in_columns():
    row = dict.fromkeys(fit.COLUMNS, 0.5) | {"song": "045", "in": "piano", "style": "swing"}
    lines = fit.table([row, row | {"fit": None, "speed": 1.5}, row | {"in": "melody"}]).splitlines()
    assert lines[0].split()[:4] == ["in", "song", "style", "fit"]
    assert lines[2].split()[:4] == ["piano", "045", "swing", "-"]
    assert lines[3].split() == ["piano", "mean", *["0.500"] * 7, "1.000"]
    assert lines[5].split() == ["melody", "mean", *["0.500"] * 8]


# ------------------------------------------------------------------ end to end


def test_a_rig_that_fails_leaves_a_dash_and_the_next_bench_goes_on(monkeypatch, capsys):
    def fail(stage):
        raise RigError("the rig did not start")

    benches = {"loop": fail, "notes": lambda stage: [Figure("speed", 30.0, "x", 20.0, more=True)]}
    monkeypatch.setattr(report, "BENCHES", benches)
    assert report.run(options()) == 0
    said = capsys.readouterr().out
    assert "(1) the rig did not start" in said
    assert "30 x   >= 20 x  yes" in said


def test_the_bench_leaves_the_performers_own_places_alone(monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", "/nowhere")
    with Stage(1.0, 1) as stage:
        assert stage.where.sockets.is_relative_to(stage.home)
    assert not stage.home.exists()
    assert os.environ["BANDMATE_HOME"] == "/nowhere"


def test_bench_rehearse_prints_and_writes_its_figures(tmp_path):
    out = tmp_path / "f.json"
    words = ["bench", "rehearse", "--runs", "1", "--json", str(out)]
    said = subprocess.run(
        [sys.executable, "-m", "bandmate", *words], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    found = json.loads(out.read_text())
    names = [figure["name"] for figure in found["figures"]]
    assert names == ["rehearse, bossa-nova", "rehearse, pop-rock", "rehearse, swing"]
    assert all(name in said for name in names)
    assert all(figure["value"] > 0 and figure["bar"] == 20.0 for figure in found["figures"])
    assert found["machine"]["cores"] >= 1
    assert {"python", "platform", "load", "fifo"} <= set(found["machine"])
    assert found["runs"] == 1


# ------------------------------------------------------------------ sound


def test_every_sound_is_as_loud_as_the_others_and_a_whole_band_leaves_room():
    """Measured on the real synth: what a fader at unity gives."""
    if not patches.font_path(patches.Patch()).is_file():
        pytest.skip("no soundfont here")
    found = {figure.name.partition(" (")[0]: figure for figure in sound.figures(Stage(1.0, 1))}
    parts = [found[part].value for part in PARTS]
    assert max(parts) - min(parts) < 3.0
    assert found["loudest to softest of these"].met
    assert found["whole band, headroom"].met
    assert found["whole band, loudest sample"].met
    assert found["whole band, blocks limited"].value == 0


# ------------------------------------------------------------------ hands


def test_each_turn_of_a_knob_is_found_in_what_the_band_noted():
    turned = [(37, 1.0), (74, 1.1), (111, 1.2), (20, 1.3)]
    noted = [(0.9, "energy", 0.5), (1.004, "energy", 37 / 127), (1.05, "wild", 0.2)]
    noted += [(1.106, "energy", 74 / 127), (1.31, "energy", 20 / 127)]
    assert control.ways_to(turned, noted, "energy") == pytest.approx([0.004, 0.006, 0.01])


def test_ticks_are_measured_against_the_line_through_them():
    assert control.off_the_line([1.0, 1.02, 1.04, 1.06]) == pytest.approx([0, 0, 0, 0], abs=1e-9)
    assert max(control.off_the_line([1.0, 1.02, 1.05, 1.06])) == pytest.approx(0.007)
    assert control.off_the_line([1.0]) == []


def test_strokes_of_two_bands_are_matched_by_drum():
    mine, others = [(36, 1.0), (38, 1.5), (36, 2.0)], [(36, 1.003), (38, 1.0), (36, 2.5)]
    assert control.apart(mine, others) == pytest.approx([0.003])
