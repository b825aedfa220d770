"""Every key, by the table and by what it says; the performer's own keys; and what a wrong line is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bandmate import controls, jam
from bandmate.__main__ import main
from bandmate.console.keymap import DEFAULTS, OWN, Deed, deed, default_keys, load, meaning
from bandmate.console.screens import SCREENS
from bandmate.errors import BandmateError
from tests.console.desk import ARMED, CALM, console

FIRST_FIVE_MINUTES = {
    "space": "tap", "enter": "start", "f": "fill", "n": "next-section", "-": "less", "+": "more",
    "h": "hold", "1": "this-is-one", "x": "flip", "*": "double-time", "/": "half-time", "e": "ending",
    "r": "ritard",
}  # fmt: skip


def pressed(*keys, status=CALM):
    """An app after these keys, and what each of them sent."""

    async def play():
        app = console(status)
        said = []
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause(0.1)
            for key in keys:
                before = len(app.link.sent)
                await pilot.press(key)
                said.append([(one.name, one.value) for one in app.link.sent[before:]])
        return app, said

    return asyncio.run(play())


def test_every_key_of_the_table_sends_what_it_says():
    """Panels of the console's own are not sent anywhere: they have tests of their own."""
    keys = {key: done for key, done in default_keys().items() if done.kind not in ("own", "screen")}
    _, said = pressed(*keys)
    params = dict(CALM.params)
    for (key, done), sent in zip(keys.items(), said, strict=True):
        assert sent == [sent_by(done, params)], key
        params |= dict(sent)  # a step goes on from there


def sent_by(done, params):
    if done.kind in ("mute", "solo"):
        return f"part/{done.name}/{done.kind}", 1.0
    if done.kind == "step":
        return done.name, pytest.approx(float(params[done.name]) + done.value)
    return done.name, done.value


def test_the_keys_of_the_first_five_minutes():
    _, said = pressed(*FIRST_FIVE_MINUTES)
    assert said == [[(name, None)] for name in FIRST_FIVE_MINUTES.values()]


def test_no_two_rows_share_a_key_and_every_deed_has_words():
    keys = default_keys()
    assert len(keys) == len(SCREENS) + sum(1 for words in DEFAULTS.values() if known(words))
    assert all(meaning(done) for done in keys.values())


def known(words):
    return words.partition(" ")[0] in {*controls.ACTION_NAMES, *controls.BY_NAME, *OWN, "mute", "solo"}


def test_each_action_of_a_stage_has_a_key():
    keyed = {done.name for done in default_keys().values() if done.kind == "action"}
    without = {"disarm", "store-chart", "quit"}  # in the palette; the console's own `end` asks first
    assert {row.name for row in controls.ACTIONS if row.name in STAGE_ACTIONS} - keyed == set()
    assert keyed & without == set()


STAGE_ACTIONS = {
    "start", "stop", "ending", "break", "fill", "next-section", "previous-section", "next-song",
    "previous-song", "tap", "half-time", "double-time", "more", "less", "again", "not-that", "trade",
    "panic", "undo",
}  # fmt: skip


def test_screens_have_keys_and_tab_goes_round():
    names = [row.name for row in SCREENS]
    app, _ = pressed(*(row.key for row in SCREENS))
    assert app.shown.screen in names
    app, _ = pressed(*["tab"] * len(names))
    assert app.screen_stack == [] or app.screen.name == names[0]


# ------------------------------------------------------------------ the performer's own


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "keys.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_file_the_keys_are_the_usual_ones():
    assert load(Path("/nowhere/keys.toml")) == default_keys()


def test_own_keys_go_over_the_usual_ones(file):
    keys = load(file('[keys]\nf = "ending"\n"ctrl+k" = "panic"\nF = "style 3"\nT = "style funk"\nx = ""\n'))
    assert keys["f"] == Deed("action", "ending")
    assert keys["ctrl+k"] == Deed("action", "panic")
    assert keys["F"] == Deed("style", "style", 3.0)
    assert keys["T"] == Deed("param", "style", "funk")
    assert keys["x"].name == "nothing"
    assert keys["n"] == default_keys()["n"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[keys]\nf = "fil"\n', "key 'f': 'fil' is nothing that bandmate can do; do you mean 'fill'?"),
        ('[keys]\nf = "energy 3"\n', "key 'f': energy cannot be '3'; it takes 0 to 1"),
        ('[keys]\nf = "energy"\n', "key 'f': energy needs a value: 0 to 1"),
        ("[keys]\nf = 3\n", "key 'f' wants words such as \"fill\", not 3"),
        ('keys = "fill"\n', "it holds one table, [keys]"),
        ('[keys]\nf = "fill"\n[more]\n', "it holds one table, [keys]"),
        ("[keys\n", "it cannot be read"),
        ('[keys]\n"ctrl+l" = ""\n', "no key is left for 'lock'; give it one"),
        ('[keys]\n"!" = "fill"\n', "no key is left for 'panic'; give it one"),
        ('[keys]\nf = "mute trombone"\n', "'mute trombone' is nothing that bandmate can do"),
    ],
)
def test_a_wrong_line_is_one_sentence(file, text, why):
    path = file(text)
    with pytest.raises(BandmateError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("fill", Deed("action", "fill")), ("follow +0.1", Deed("step", "follow", 0.1)),
        ("follow 0.1", Deed("param", "follow", 0.1)), ("transpose -2", Deed("param", "transpose", -2.0)),
        ("style 12", Deed("style", "style", 12.0)), ("solo bass", Deed("solo", "bass")),
        ("screen studio", Deed("screen", "studio")), ("lock", Deed("own", "lock")),
        ("clock rubato", Deed("param", "clock", "rubato")),
        ("part/keys/on 0", Deed("param", "part/keys/on", 0.0)),
    ],
)  # fmt: skip
def test_a_deed_in_words(words, done):
    assert deed(words) == done


def test_mute_is_a_switch():
    _, said = pressed("B", "Y", status=CALM)
    assert said == [[("part/bass/mute", 1.0)], [("part/keys/mute", 1.0)]]
    from dataclasses import replace

    muted = replace(CALM, params=CALM.params | {"part/bass/mute": 1.0})
    assert pressed("B", status=muted)[1] == [[("part/bass/mute", 0.0)]]


def test_the_demo_is_the_supervisors():
    app, said = pressed("d", status=ARMED)
    assert said == [[]]
    assert [(one.name, one.value) for one in app.link.supervised] == [("demo", "pop")]
    app, _ = pressed("d", status=CALM)  # a stray key, while somebody plays
    assert app.link.supervised == []


def test_a_wrong_line_stops_a_start_but_no_console(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    (tmp_path / "keys.toml").write_text('[keys]\nf = "fil"\n', encoding="utf-8")
    assert main(["jam", "--headless"]) == 2
    assert "do you mean 'fill'?" in capsys.readouterr().err
    assert not (tmp_path / "state" / "main.plan.json").exists()
    opened = []
    monkeypatch.setattr(jam, "is_running", lambda where: True)

    def opening(where, keys, demo, message):
        opened.append((keys, message))
        return 0

    monkeypatch.setattr(jam, "open_console", opening)
    assert main(["console"]) == 0
    ((keys, message),) = opened
    assert keys == default_keys()
    assert "do you mean 'fill'?" in message
