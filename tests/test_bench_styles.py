"""`bandmate bench styles`: what it measures, on a band whose faults we know."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bandmate import patch as patches
from bandmate.bench import styles
from bandmate.bench.styles_grid import KEYS, Rendering, charted, spans_of
from bandmate.parts.style import load_style
from bandmate.show.ledger import Played
from bandmate.timing import Meter

SWING = charted(load_style("swing"), patches.load("swing"), 2, KEYS[0])


def moved(one: Rendering, semitones: int, part: str) -> Rendering:
    """The same, with a part that plays in another key."""
    played = tuple(
        replace(note, pitch=note.pitch + semitones) if note.part == part else note for note in one.played
    )
    return replace(one, played=played)


def test_a_chart_fills_every_bar_in_every_meter():
    for text in ("4/4", "3/4", "12/8", "5/4"):
        meter = Meter.parse(text)
        spans = spans_of(KEYS[0], meter)
        assert spans[0][0] == 0.0
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        assert spans[-1][1] == 19 * meter.bar_beats


def test_the_band_plays_in_the_chords_of_the_chart():
    inside, passing, ninths, total = styles.in_chord(SWING, "keys")
    assert inside + ninths + passing == total > 50
    assert styles.wrong_share(SWING) == 0.0
    assert styles.swing_of(SWING) == pytest.approx(0.66, abs=0.01)
    assert 0.6 < styles.agreement(SWING) <= 1.0


def test_a_bass_in_another_key_is_found_out():
    wrong = moved(SWING, 1, "bass")
    inside, _, _, total = styles.in_chord(wrong, "bass")
    assert inside < 0.6 * total
    assert styles.wrong_share(wrong) > 0.4


def test_kick_and_bass_that_never_meet_dont_agree():
    late = tuple(
        Played(n.part, n.on_s + 0.1, n.pitch, n.velocity, n.heard_s, n.off_s) if n.part == "bass" else n
        for n in SWING.played
    )
    assert styles.agreement(replace(SWING, played=late)) < 0.1


def test_the_table_has_a_line_for_each_style_and_their_mean():
    row = styles.measure(SWING.style, patches.load("swing"), [SWING], [])
    lines = styles.table([row]).splitlines()
    assert lines[0].split()[0] == "style"
    assert lines[1].split()[0] == "swing"
    assert lines[2].split()[0] == "mean"
    assert "0.95" in lines[3]


def test_a_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    from bandmate.bench.styles_picture import draw

    draw([SWING], patches.load("swing"), tmp_path / "swing.png")
    assert (tmp_path / "swing.png").stat().st_size > 10_000
