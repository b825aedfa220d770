"""States of a whole evening for Mixer, Setlist, Devices and Log: no rig, no socket."""

from __future__ import annotations

from dataclasses import replace

from bandmate import controls
from bandmate import setlist as setlists
from bandmate.console.app import Console
from bandmate.console.keymap import default_keys
from bandmate.events import PARTS, RigReady, Status
from bandmate.programme import listed
from tests.console.desk import FakeLink

SIZES = ((80, 24), (120, 36), (200, 60))
SOUNDS = dict(zip(PARTS, ("Standard Kit", "Fingered Bass", "Grand Piano", "Jazz Guitar", "Warm Pad",
                          "Alto Sax"), strict=True))  # fmt: skip

CALM = Status(
    100.0, "playing", song="Corner Table", style="swing", bpm=138.0, home_bpm=138.0, confidence=0.93,
    tracker="locked", bar=17, pulse=3, section_name="Solos", bars_left=4, next_section="Head",
    setlist="Trio", entry="3/6", next_song="Blue Hour", place=2, chord="Am7", next_chord="D7", key="F major",
    parts=dict.fromkeys(PARTS, "on"), params=controls.defaults(), beat=66.0,
    levels=dict(zip((*PARTS, "you", "main"), (0.8, 0.5, 0.6, 0.3, 0.2, 0.0, 0.7, 0.9), strict=True)),
    sounds=SOUNDS, density=dict.fromkeys(PARTS, 0.5), reverb=dict.fromkeys(PARTS, 0.35), rung="fresh",
    devices={"out": "JACK, 48000 Hz, 128 frames", "in": ""}, latency_ms=8.0,
    inputs=("nanoKEY Studio",), outputs=("bandmate out",),
)  # fmt: skip
ARMED = replace(CALM, state="armed")
FAILING = replace(
    CALM, rung="held", alarm="nanoKEY Studio is gone", inputs=(), latency_ms=46.0,
    parts=CALM.parts | {"lead": "off", "pad": "waiting"}, muted=("bass",), soloed=("drums", "bass"),
    counters={"sound xruns": 7, "sound late": 3, "late": 2, "dropped": 1, "reconnects": 2},
    devices={"out": "", "in": ""}, outputs=(),
    events=("21:14:07 nanoKEY Studio is gone", "21:14:09 the sound process is gone; it is being restarted"),
)  # fmt: skip
RIG = RigReady(
    99.5, {"supervisor": 0.01, "sound": 0.12, "band": 0.09, "model": 0.31}, {},
    ("21:00:01 INFO sound runs as process 4711", "21:00:01 INFO band runs as process 4712"),
    listed(setlists.load("trio")),
)  # fmt: skip
BROKEN = replace(
    RIG, load=RIG.load | {"model": 0.98}, restarts={"sound": 2},
    log=(*RIG.log, "21:14:08 ERROR sound died (exit code -9) and is started again",
         "21:14:09 INFO sound runs as process 4713"),
)  # fmt: skip


def console(status: Status = CALM, rig: RigReady = RIG) -> tuple[Console, FakeLink]:
    """A console before a band that stands still."""
    link = FakeLink(status)
    link.rig = rig
    return Console(link, default_keys()), link
