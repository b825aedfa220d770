"""The audience, end to end: real OSC packets, and what a listener at the band's MIDI output would say."""

from __future__ import annotations

import random
import select
import socket
import time

import pytest

from bandmate.ports.oscpacket import written
from tests.e2e.conftest import until

pytestmark = pytest.mark.jack
BEAT_S = 0.5
PHONES = 10


class Hall:
    """Ten phones on one machine, ten times a second."""

    def __init__(self, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(("127.0.0.1", port))
        self.chance = random.Random(1)

    def say(self, name, *values):
        self.sock.send(written(f"/bandmate/{name}", *values))

    def shake(self, seconds, how):
        until_s = time.perf_counter() + seconds
        while time.perf_counter() < until_s:
            for phone in range(PHONES):
                place = [self.chance.gauss(0, how) for _ in range(3)]
                self.sock.send(written(f"/crowd/{phone}/motion", *place))
            select.select([], [], [], 0.1)
        return time.perf_counter()

    def cheered(self, status):
        """Cheer a little more; whether the crowd is believed."""
        self.shake(0.5, 3.0)
        return status is not None and status.mood["governed"] > 0.75


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_band_gets_denser_when_the_crowd_cheers_until_the_performer_vetoes_it(rig, recorder):
    port = free_port()
    rig.jam("--patch", "bench", "--style", "disco", "--bpm", "120", "--seed", "3", "--osc-port", str(port))
    recorder.open()
    hall = Hall(port)
    with hall.sock:
        rig.wait_for(lambda status: status.state == "armed")
        hall.say("authority", 100.0)
        hall.say("on-rest", "keep")  # nobody is at the keys
        hall.say("start")
        rig.wait_for(lambda status: status.state == "playing", 10.0, "the band plays")
        calm_s = hall.shake(10.0, 0.3)
        until(lambda: hall.cheered(rig.look()), 20.0, "the crowd is believed")
        cheer_s = hall.shake(4.0, 3.0)
        assert rig.status.params["density"] == 0.5  # as the performer set it
        hall.say("veto")
        veto_s = time.perf_counter()
        end_s = hall.shake(6.0, 3.0)
        assert rig.wait_for(lambda status: status.mood_state == "vetoed").mood["lift"] == 0

    def notes_a_beat(from_s, to_s):
        return len(recorder.notes(after_s=from_s, before_s=to_s)) / ((to_s - from_s) / BEAT_S)

    calm = notes_a_beat(calm_s - 5.0, calm_s)
    cheer = notes_a_beat(cheer_s - 4.0, cheer_s)
    vetoed = notes_a_beat(veto_s + BEAT_S, end_s)
    assert cheer > 1.2 * calm
    assert vetoed < calm + 0.6 * (cheer - calm)
