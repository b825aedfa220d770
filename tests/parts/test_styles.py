"""A style is one file: read whole before the count-in, and wrong in words that help."""

import pytest

from bandmate.errors import BadPatch
from bandmate.events import Slot
from bandmate.parts.players import play
from bandmate.parts.rows import read_row
from bandmate.parts.style import load_style
from bandmate.timing import METERS, Meter

PLAIN = """
title = "Plain"
bpm = 100
[[drums]]
kick = "X... x..."
[[drums]]
meter = "3/4"
kick = "X....."
[[drums]]
meter = "6/8"
kick = "X....."
"""


def written(tmp_path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_a_new_style_is_one_file(tmp_path):
    style = load_style(written(tmp_path, PLAIN))
    assert (style.name, style.title, style.swing, style.bpm) == ("mine", "Plain", 0.5, 100.0)
    for text in METERS:
        (kick,) = play("drums", Slot(0.0, 0, 0.0, Meter.parse(text), 100.0), style)
        assert (kick.tone, kick.beat) == ("kick", 0.0)
    assert play("bass", Slot(0.0, 0, 0.0, Meter(), 100.0), style) == []


def test_the_styles_say_how_they_feel():
    for name in ("pop-rock", "swing", "bossa-nova"):
        style = load_style(name)
        assert style.name == name
        assert style.title
        assert 0.2 <= style.follow <= 0.35
    assert load_style("swing").swing > 0.6
    assert load_style("bossa-nova").swing == 0.5


def test_a_row_tells_its_grid_by_its_length():
    (eighths,) = read_row("x..x", 2.0, "here")
    assert [stroke.beat for stroke in eighths.strokes] == [0.0, 1.5]
    (sixteenths,) = read_row("x--. ...x", 2.0, "here")
    assert [(stroke.beat, stroke.beats) for stroke in sixteenths.strokes] == [(0.0, 0.75), (1.75, 0.25)]
    one, two = read_row("x... | --.x", 2.0, "here")
    assert (len(one.strokes), two.tied_beats) == (1, 1.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("tempo = 3\n" + PLAIN, ["'tempo'", "takes"]),
        (PLAIN.replace("bpm = 100", "bpm = 900"), ["'bpm'", "900", "30 to 300"]),
        (PLAIN.replace("bpm = 100", 'feel = "sad"'), ["'feel'", "'sad'", "groove, ballad"]),
        (PLAIN.replace("bpm = 100", "late_s = { kick = 0.001 }"), ["'late_s'", "'kick'", "pocket"]),
        (PLAIN.replace("bpm = 100", "late_s = { snare = 0.5 }"), ["'late_s.snare'", "0.5"]),
        (PLAIN + '[[drums]]\nkazoo = "x..."\n', ["'drums[4].kazoo'", "kick"]),
        (PLAIN + '[[drums]]\nkick = "x.."\n', ["'drums[4].kick'", "3 steps", "8 (eighths)"]),
        (PLAIN + '[[drums]]\nkick = "x..z x..."\n', ["'drums[4].kick'", "'z'"]),
        (PLAIN + '[[drums]]\nmeter = "11/8"\nkick = "x"\n', ["'drums[4].meter'", "'11/8'", "4/4"]),
        (PLAIN + "[[drums]]\nkick = 3\n", ["'drums[4].kick'", "3"]),
        (PLAIN + '[[drums]]\nsections = [4]\nkick = "x..."\n', ["'drums[4].sections'", "[4]"]),
        (PLAIN + '[[bass]]\nrhythm = "X--- x---"\ntones = "1 13"\n', ["'bass[1].tones'", "'13'", "approach"]),
        (PLAIN + '[[bass]]\nrhythm = "X--- x---"\ntones = "1 5 1"\n', ["'bass[1].tones'", "3 tones", "2"]),
        (PLAIN + '[[keys]]\nrhythm = "X--- x---"\nvoices = 3\n', ["'keys[1].voices'", "rhythm"]),
        (PLAIN + '[[keys]]\nsections = [2, 3]\nrhythm = "X--- x---"\n', ["'keys'", "section 1", "4/4"]),
        (PLAIN + '[[drums]]\nturn = 3\nkick = "x... x..."\n', ["'drums[4].turn'", "true or false"]),
        (PLAIN + '[[break]]\nkick = "x... x..."\n', ["'break[1].rhythm'"]),
        (PLAIN + '[[hits]]\nrhythm = "X..X ..X."\ngong = "x... x..."\n', ["'hits[1].gong'"]),
        (PLAIN.replace("bpm = 100", 'meter = "9/8"'), ["'meter'", "'9/8'", "4/4"]),
        (PLAIN.replace("bpm = 100", 'pushes = "no"'), ["'pushes'", "'no'"]),
        (PLAIN + '[[keys]]\ntones = "all"\n', ["'keys[1].rhythm'"]),
        (PLAIN + '[[fill]]\nbeats = 2\ngong = "x..."\n', ["'fill[1].gong'"]),
        (PLAIN + '[[fill]]\nbeats = 99\nsnare = "x..."\n', ["'fill[1].beats'", "99"]),
        (PLAIN + '[[fill]]\nbeats = 2\ncompound = 1\nsnare = "x..."\n', ["'fill[1].compound'"]),
        ("bass = 3\n" + PLAIN, ["'bass'", "[[bass]]"]),
        ("title = \n", ["TOML"]),
    ],
)
def test_a_wrong_style_names_file_key_and_value(tmp_path, wrong, says):
    with pytest.raises(BadPatch) as error:
        load_style(written(tmp_path, wrong))
    assert "mine.toml" in str(error.value)
    for words in says:
        assert words in str(error.value)


def test_a_style_that_is_not_there_lists_those_that_are():
    with pytest.raises(BadPatch, match=r"polka.*pop-rock"):
        load_style("polka")
