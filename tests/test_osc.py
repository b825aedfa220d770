"""The OSC process and its plan: what reaches the band, and what is said before bar 1."""

import argparse
import socket

import pytest

from bandmate import options as cli
from bandmate import patch as patches
from bandmate.audience.mood import Partial
from bandmate.errors import BandmateError
from bandmate.events import Command, OscReady, Readings
from bandmate.osc import Osc
from bandmate.patch import OSC_MAPS
from bandmate.ports import oscplan
from bandmate.ports.oscdoor import OscDoor
from bandmate.ports.oscmap import load
from bandmate.ports.oscout import OscOut
from bandmate.ports.oscpacket import written

PATCH = patches.load("bench")


class Band:
    """The band's end of the wire."""

    def __init__(self):
        self.heard, self.open = [], True

    def send(self, value):
        self.heard.append(value)
        return True

    def receive(self):
        return []

    def close(self):
        self.open = False


@pytest.fixture
def osc():
    door = OscDoor("127.0.0.1", 0, (), load(OSC_MAPS))
    osc = Osc(door, OscOut([]), None)
    osc.band = Band()
    return osc


def heard(osc, kind):
    return [each for each in osc.band.heard if isinstance(each, kind)]


def test_commands_come_at_once_and_the_audience_four_times_a_second(osc):
    for step in range(400):
        now_s = step * 0.005
        for voice in range(5):
            if step % 20 == 0:
                osc.door.take(("127.0.0.1", 1), written(f"/crowd/{voice}/level", float(step)), now_s, 0.0)
        if step == 100:
            osc.door.take(("127.0.0.1", 2), written("/bandmate/energy", 0.75), now_s, 0.0)
        osc.round(now_s, 0.0)
    assert heard(osc, Command) == [Command(0.5, "energy", 0.75, "osc")]
    told = heard(osc, Readings)
    assert 6 <= len(told) <= 9
    assert 2 < Partial.of(told[-1]).voices <= 5


def test_when_the_last_voice_has_fallen_silent_the_band_is_told_so_once(osc):
    osc.door.take(("127.0.0.1", 1), written("/crowd/1/energy", 1.0), 0.0, 0.0)
    for step in range(4000):
        osc.round(step * 0.005, 0.0)
    told = heard(osc, Readings)
    assert told[0].energy
    assert told[-1].energy == ()
    assert told[-2].energy
    assert told[-1].time_s < 8.0


def test_the_band_is_told_where_the_door_is_and_what_was_dropped(osc):
    osc.look(0.0)
    osc.round(0.0, 0.0)
    (first,) = heard(osc, OscReady)
    assert first.address.startswith("127.0.0.1:")
    for index in range(10):
        osc.door.take(("127.0.0.1", 1), written("/bandmate/wild", index / 10), 1.0, 0.0)
    osc.door.take(("10.0.0.1", 1), written("/bandmate/wild", 0.0), 1.0, 0.0)
    osc.round(1.5, 0.0)
    osc.round(1.6, 0.0)
    assert len(heard(osc, OscReady)) == 2
    assert (heard(osc, OscReady)[-1].dropped, heard(osc, OscReady)[-1].refused) == (9, 1)
    osc.close()


def test_what_is_said_while_no_band_is_there_is_counted_and_not_said_later(osc):
    band, osc.band = osc.band, None
    osc.door.take(("127.0.0.1", 1), written("/bandmate/fill"), 0.0, 0.0)
    osc.round(0.0, 0.0)
    osc.band = band
    osc.round(2.0, 0.0)
    assert heard(osc, Command) == []
    assert heard(osc, OscReady)[-1].dropped == 1


def test_a_port_that_is_taken_is_a_fault_and_is_tried_again(osc):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        osc.door.port = other.getsockname()[1]
        osc.look(0.0)
        osc.round(0.0, 0.0)
        assert "can't be opened" in heard(osc, OscReady)[-1].fault
        osc.look(1.0)  # not yet
    osc.look(2.1)
    osc.round(2.1, 0.0)
    assert heard(osc, OscReady)[-1].fault == ""
    assert heard(osc, OscReady)[-1].address.endswith(str(osc.door.port))
    osc.close()


# ------------------------------------------------------------------ the plan


def asked(*words):
    parser = argparse.ArgumentParser()
    cli.osc_options(parser)
    return parser.parse_args(words)


def refused(*words):
    with pytest.raises(BandmateError) as caught:
        oscplan.plan(asked(*words), PATCH)
    return str(caught.value)


def test_by_default_this_machine_may_speak_at_port_9000():
    assert oscplan.plan(asked(), PATCH) == {
        "port": 9000, "host": "127.0.0.1", "allow": [], "maps": list(OSC_MAPS), "out": [],
    }  # fmt: skip


def test_no_osc_is_none_at_all_or_only_out():
    assert oscplan.plan(asked("--no-osc"), PATCH) is None
    plan = oscplan.plan(asked("--no-osc", "--osc-out", "127.0.0.1:9001"), PATCH)
    assert (plan["port"], plan["out"]) == (None, [["127.0.0.1", 9001]])
    assert oscplan.notices(plan) == []


def test_opening_it_to_the_network_is_a_choice_with_names_and_is_said_aloud():
    assert "--osc-allow 192.168.1.0/24" in refused("--osc-host", "0.0.0.0")
    plan = oscplan.plan(
        asked("--osc-host", "0.0.0.0", "--osc-allow", "10.0.0.0/24", "--osc-port", "39113"), PATCH
    )
    assert oscplan.notices(plan)[0] == "OSC stands open to the network at 0.0.0.0:39113, for 10.0.0.0/24."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--osc-port", "0"), "--osc-port 0 is no UDP port"),
        (("--osc-port", "70000"), "--osc-port 70000 is no UDP port; it takes 1 to 65535"),
        (("--osc-host", "stage"), "--osc-host 'stage' is no address of this machine"),
        (("--osc-allow", "everybody"), "--osc-allow 'everybody' is no address"),
        (("--osc-out", "9001"), "--osc-out '9001' is no place; it takes HOST:PORT"),
        (("--osc-out", "127.0.0.1:x"), "--osc-out '127.0.0.1:x' is no place"),
    ],
)
def test_what_is_wrong_is_said_before_bar_1(words, says):
    assert says in refused(*words)


def test_a_port_that_another_rig_has_is_said_before_bar_1_and_the_band_plays():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        (notice,) = oscplan.notices(oscplan.plan(asked("--osc-port", str(port)), PATCH))
    assert notice.startswith(f"OSC port {port} can't be opened")
    assert "the band plays without OSC in" in notice
