"""The house rules that a machine can hold: who imports whom, and that only timing.py converts time."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import bandmate

HOME = Path(bandmate.__file__).parent
MODULES = {
    ".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(HOME.rglob("*.py"))
    if path != HOME / "__init__.py"
}

BEDROCK = {"errors", "timing", "harmony"}  # these import nothing of ours but errors
GROUND = BEDROCK | {"events", "controls", "tables", "sounds", "patch", "wire", "places", "heart", "maps"}
GROUND |= {"setlist", "songfile", "reading", "chart", "tomltext", "moods", "evening"}
TRANSPORT = ("transport", "follow", "starting", "counting", "labels", "form", "roadmap", "barlines", "rubato")
TRANSPORT = (*TRANSPORT, "sync", "trade")
ROOM_OF = dict.fromkeys(TRANSPORT, "transport") | {"scheduler": "scheduler"}
ROOMS = {"listening", "parts", "ports", "model", "audience", "show", "console", *ROOM_OF.values()}
JOINED = {"listening", "parts", "audience", *ROOM_OF.values(), "band"}  # what Band.step joins
BAND = {"band", "company", "mixing", "capo", "steering", "switch", "closing", "snapshots"}
BAND |= {"lineup", "performer", "sending", "cues", "night", "plan", "storing", "mind", "outlook"}
BAND |= {"gauges", "landing", "undoing", "mooding", "suggesting", "trading"}
BAND |= {"knobs", "learner", "pedalboard", "synced"}
EVERYBODY = {  # these join everything
    *("rehearsal", "playing", "programme", "options", "live", "ears", "rig", "jam", "soundcheck"),
    *("calibration", "bandcheck", "linecheck", "touch", "listen", "bench", "__main__"),
    *("practice", "study", "carrier", "portraits", "osc", "crowd", "soundnames", "lesson"),
}


def room(module):
    """The room in which a module stands; the bottom layer is none."""
    first = module.split(".")[0]
    if first in GROUND:
        return "ground"
    return "band" if first in BAND else ROOM_OF.get(first, first)


def imports(module):
    """Our own modules that a module names in any import, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: write the whole name, from bandmate on"
            inside = {f"{node.module}.{name.name}" for name in node.names}
            found |= {name if name.removeprefix("bandmate.") in MODULES else node.module for name in inside}
    return {name.removeprefix("bandmate.") for name in found if name.startswith("bandmate.")}


def may_import(module, other):
    """The table of HOUSE, "Who may import whom"."""
    mine, theirs = room(module), room(other)
    if module in BEDROCK:
        return other == "errors"
    if mine == "ground" or theirs == "ground":
        return theirs == "ground"
    if mine == "band":
        return theirs in JOINED
    return mine in EVERYBODY or mine == theirs


each_module = pytest.mark.parametrize("module", MODULES)


# ------------------------------------------------------------------ who may import whom


@each_module
def test_every_module_stands_in_a_room(module):
    assert room(module) in {"ground", "band", *ROOMS, *EVERYBODY}, f"give {module} a room in this table"


@each_module
def test_nobody_reaches_into_another_room(module):
    assert sorted(other for other in imports(module) if not may_import(module, other)) == []


def test_the_table_itself_says_no():
    for module, other in (
        *(("timing", "harmony"), ("errors", "timing"), ("patch", "band"), ("events", "listening.beats")),
        *(("parts.bass", "listening.feel"), ("scheduler", "transport"), ("form", "parts.style")),
        *(
            ("band", "ports.midi"),
            ("band", "show.take"),
            ("console.app", "show.take"),
            ("ports.midi", "rig"),
        ),
    ):
        assert not may_import(module, other), f"{module} must not import {other}"
    for module, other in (
        *(("timing", "errors"), ("patch", "controls"), ("transport", "follow"), ("parts.bass", "events")),
        *(
            ("band", "parts.players"),
            ("steering", "band"),
            ("rehearsal", "show.take"),
            ("rig", "ports.sound"),
        ),
    ):
        assert may_import(module, other), f"{module} may import {other}"


@pytest.mark.parametrize("entrance", ["bandmate.band", "bandmate.__main__"])
def test_the_band_loads_no_model_no_screen_and_no_device(entrance):
    heavy = ("torch", "textual", "rtmidi", "sounddevice", "fluidsynth", "pythonosc")
    ask = f"import sys, {entrance}; print(*[name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, timeout=30, check=True
    )
    assert answer.stdout.split() == []


# ------------------------------------------------------------------ only timing.py converts time

SIXTY = r"(?<![\w.])60(\.0*)?(?![\w.])"
SUMS = re.compile(
    rf"{SIXTY} *[*/]|[*/]=? *{SIXTY}|[*/]=? *(\w+ *\. *)*ppq\b|\bppq *[*/]|SECONDS_A_MINUTE", re.IGNORECASE
)
NO_CODE = (tokenize.COMMENT, tokenize.STRING)


def conversions(source):
    """The lines that turn one unit of time into another, as `number: line`."""
    lines = source.splitlines()
    code = [""] * (len(lines) + 1)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            code[token.start[0] - 1] += f"{token.string} "
    return [f"{index + 1}: {lines[index].strip()}" for index, line in enumerate(code) if SUMS.search(line)]


@each_module
def test_no_minute_and_no_tick_is_counted_outside_timing(module):
    assert module == "timing" or conversions(MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        *(
            "x = 60 / bpm",
            "x = 60.0/bpm",
            "x = 60. / bpm",
            "x = beats * 60",
            "x = bpm /60",
            "x *= 60",
            "x = 60 * beats",
        ),
        *("x = tick / PPQ", "x = beats * timing.PPQ", "x = song.ppq * 4", "x = 1e6 * 60 // bpm"),
    ],
)
def test_a_conversion_is_found(line):
    assert conversions(line) == [f"1: {line}"]


@pytest.mark.parametrize(
    "line", ["x = 60", "x = 160 / 2", "x = 2 * 60.5", "x = f(-60, 2)", "x = 2  # 60 / bpm"]
)
def test_what_is_no_conversion_is_left_alone(line):
    assert conversions(line) == []
