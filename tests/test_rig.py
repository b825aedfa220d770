"""The supervisor tells its visitors how the rig is; the band's process tells its own what is there."""

from __future__ import annotations

import select
import sys

import pytest

from bandmate import heart, live, rig, setlist, wire
from bandmate import patch as patches
from bandmate.__main__ import main
from bandmate.events import Fault, RigReady, SoundReady
from bandmate.heart import SLOTS
from bandmate.places import places
from bandmate.soundnames import sound_names, sounds_of
from tests.conftest import Stage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a home in a short path")


class Process:
    """Stands for a process of the rig."""

    pid = 4711


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    plan = {"setlist": setlist.as_table(setlist.load("trio"))}
    found = rig.Supervisor(places("main"), plan)
    found.door.open()
    yield found
    for client in found.clients:
        client.close()
    found.door.close()


def visit(supervisor):
    visitor = wire.connect(supervisor.where.supervisor)
    supervisor.clients.append(supervisor.door.accept())
    return visitor


def heard(visitor):
    select.select([visitor], [], [], 1.0)
    return visitor.receive()


@pytest.mark.parametrize(("name", "again"), [("osc", True), ("demo", False)])
def test_an_osc_door_that_waited_too_long_for_a_band_is_opened_again(supervisor, monkeypatch, name, again):
    started = []
    monkeypatch.setattr(supervisor, "_start", started.append)
    process = Process()
    process.exitcode = 0
    supervisor.members[name] = rig.Member(name, process, [0.0] * SLOTS, 0.0)
    supervisor._died(supervisor.members[name], 100.0)
    assert started == [name] * again


def test_a_visitor_hears_the_log_the_load_and_the_setlist(supervisor):
    visitor = visit(supervisor)
    member = rig.Member("band", Process(), [0.0] * SLOTS, 0.0)
    supervisor.members["band"] = member
    supervisor.restarts["sound"] = 2
    rig.log.addHandler(supervisor.paper)
    rig.log.error("%s died and is started again", "sound")
    rig.log.removeHandler(supervisor.paper)
    supervisor._tell(10.0)
    member.heartbeat[4] = 0.25
    supervisor._tell(10.5)  # nothing new, and no second has gone by
    supervisor._tell(11.0)
    first, second = heard(visitor)
    assert isinstance(first, RigReady)
    assert first.log[-1].endswith("ERROR sound died and is started again")
    assert first.restarts == {"sound": 2}
    assert second.load["band"] == pytest.approx(0.25)
    assert second.load["supervisor"] >= 0.0
    evening = setlist.load("trio")
    assert [row[0] for row in second.setlist] == [entry.title for entry in evening.entries]
    assert all(len(row[2]) == 16 for row in second.setlist)
    visitor.close()


def test_a_visitor_who_comes_later_hears_of_it_within_a_second(supervisor):
    visit(supervisor).close()
    supervisor._tell(10.0)
    late = visit(supervisor)
    supervisor._tell(11.0)
    assert len(heard(late)) == 1
    late.close()


def test_sounds_have_the_names_of_their_font():
    stage = Stage(patches.load("bench"))
    names = sound_names(stage.band, None)
    found = sounds_of(stage.band, names)
    assert set(found) == {"drums", "bass", "keys"}
    assert all(":" not in name for name in found.values())
    stage.say(0.1, "part/keys/program", 16)
    stage.play(0.2)
    other = sounds_of(stage.band, names)["keys"]
    assert other not in (found["keys"], "")


def test_a_shell_steers_and_names_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    door = wire.Door(places("main").band).open()
    assert main(["send", "style", "funk", "--at", "bar"]) == 0
    band = door.accept()
    (command,) = heard(band)
    assert (command.name, command.value, command.place) == ("style", "funk", "bar")
    band.close()
    door.close()


@pytest.fixture
def live_band(tmp_path, monkeypatch):
    """The band's process before its first step, without a sound process."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    monkeypatch.setattr(live.Live, "_find_sound", lambda *_, **__: None)
    plan = {
        "table": patches.as_table(patches.load("bench")), "patch": "bench", "seed": 1, "params": {},
        "resume": False, "demo": None, "commands": [], "takes": str(tmp_path), "rig_id": "x",
    }  # fmt: skip
    found = live.Live(plan, places("main"), [0.0] * SLOTS)
    found.open()
    yield found
    found.writer.close(0.0)
    for client in found.clients:
        client.close()
    found.door.close()


def test_every_screen_is_told_of_devices_sounds_and_alarms(live_band):
    visitors = [wire.connect(live_band.where.band) for _ in range(3)]
    for _ in visitors:
        live_band._listen(0.0)
    live_band._sound_is(SoundReady(0.0, device="speakers", output_latency_s=0.012, xruns=3))
    live_band.inbox.append(Fault(0.0, "the drummer's stick broke"))
    for _ in range(12):
        live_band._one_step()
    told = [heard(visitor)[-1] for visitor in visitors]
    assert told[0] == told[1] == told[2]
    shown = told[0]
    assert (shown.devices, shown.latency_ms) == ({"out": "speakers", "in": ""}, 12.0)
    assert (shown.counters["sound xruns"], shown.counters["reconnects"]) == (3, 0)
    assert set(shown.sounds) == set(shown.parts)
    assert [line[9:] for line in shown.events] == ["the drummer's stick broke"]
    for visitor in visitors:
        visitor.close()


def test_a_heart_tells_that_it_beats_and_how_long_it_has_worked():
    pulse = [0.0] * SLOTS
    heart.beat(pulse)
    before = pulse.copy()
    while pulse[heart.WORK] == before[heart.WORK]:
        sum(range(1000))
        heart.beat(pulse)
    assert pulse[heart.BEAT] > before[heart.BEAT] > 0
    assert pulse[heart.WORK] > before[heart.WORK] >= 0
