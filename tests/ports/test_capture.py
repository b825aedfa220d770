"""The microphones' device: every frame knows its moment, and a device that goes away comes back."""

import numpy as np
import pytest

from bandmate.errors import NoDevice
from bandmate.ports import capture, intake
from bandmate.ports.capture import AGAIN_S, LONGEST_FRAMES, STILL_S, Capture
from bandmate.ports.intake import RING_S, Intake

RATE_HZ, BLOCK = 48000, 480
BLOCK_S = BLOCK / RATE_HZ


class Clock:
    """A `perf_counter` that goes when it is told."""

    def __init__(self):
        self.now_s = 100.0

    def perf_counter(self):
        return self.now_s


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(intake, "time", clock)
    monkeypatch.setattr(intake, "take_priority", lambda level: "normal")
    return clock


@pytest.fixture
def ring():
    return Intake(RATE_HZ, 2, BLOCK)


def ramp(first, frames=BLOCK):
    """Frames that say their own number; the second channel says it with a minus."""
    numbers = np.arange(first, first + frames, dtype=np.float32)
    return np.stack([numbers, -numbers], axis=1)


def play(ring, clock, blocks, late_s=0.0):
    """A device hands over some blocks, each at its moment (and perhaps a little late)."""
    for _ in range(blocks):
        clock.now_s += late_s
        ring.fill(ramp(ring.frames))
        clock.now_s += BLOCK_S - late_s


# ------------------------------------------------------------------ the ring


def test_what_was_said_is_heard_once_and_in_order(clock, ring):
    play(ring, clock, 3)
    first, _ = ring.read(1000)
    rest, _ = ring.read(1000)
    assert (first[:, 0] == np.arange(1000)).all()
    assert (rest[:, 0] == np.arange(1000, 3 * BLOCK)).all()
    assert (rest[:, 1] == -rest[:, 0]).all()
    assert ring.waiting == 0
    assert len(ring.read(1000)[0]) == 0


def test_a_block_is_kept_even_when_the_device_uses_its_buffer_again(clock, ring):
    block = ramp(0)
    ring.fill(block)
    block[:] = 99.0
    assert (ring.read(BLOCK)[0] == ramp(0)).all()


def test_the_ring_goes_round(clock, ring):
    heard = []
    for _ in range(round(2.5 * RING_S / BLOCK_S)):
        play(ring, clock, 1)
        heard.append(ring.read(BLOCK)[0][:, 0])
    assert (np.concatenate(heard) == np.arange(ring.frames)).all()
    assert ring.overruns == 0


def test_a_block_ended_its_length_after_it_began_minus_the_way_to_us(clock, ring):
    ring.latency_s = 0.005
    play(ring, clock, 10)
    _, end_s = ring.read(10 * BLOCK)
    assert end_s == pytest.approx(100.0 + 10 * BLOCK_S - 0.005, abs=1e-6)


def test_half_a_block_ends_in_its_middle(clock, ring):
    play(ring, clock, 1)
    assert ring.read(BLOCK // 2)[1] == pytest.approx(100.0 + BLOCK_S / 2, abs=1e-6)


def test_a_callback_that_comes_late_now_and_then_does_not_move_the_music(clock, ring):
    play(ring, clock, 200)
    play(ring, clock, 1, late_s=0.004)
    _, end_s = ring.read(1 << 20)
    assert end_s == pytest.approx(100.0 + 201 * BLOCK_S, abs=0.0008)


def test_after_a_stumble_frames_are_tied_to_time_anew(clock, ring):
    play(ring, clock, 50)
    clock.now_s += 0.03  # sound that the device lost
    ring.stumble()
    play(ring, clock, 1)
    _, end_s = ring.read(1 << 20)
    assert end_s == pytest.approx(clock.now_s, abs=1e-6)
    assert ring.stumbles == 1


def test_who_stays_away_too_long_goes_on_with_what_is_new_and_it_is_counted(clock, ring):
    play(ring, clock, round(RING_S / BLOCK_S) + 5)
    block, end_s = ring.read(BLOCK)
    assert len(block) == 0
    assert end_s == pytest.approx(clock.now_s, abs=1e-3)
    assert ring.overruns == 1
    play(ring, clock, 1)
    assert (ring.read(BLOCK)[0] == ramp(ring.frames - BLOCK)).all()
    assert ring.overruns == 1


# ------------------------------------------------------------------ the device


class Desk:
    """What the paper devices do."""

    def __init__(self):
        self.jack, self.portaudio, self.alive = True, True, True
        self.rings = []
        self.asked = []
        self.anew = 0


@pytest.fixture
def desk(monkeypatch, clock):
    desk = Desk()

    class Paper:
        kind = ""

        def __init__(self, device, channels):
            self.description = f"paper {self.kind}"
            self.channels = channels
            self.asked = device

        def open(self):
            desk.asked.append((self.kind, self.asked))
            if not getattr(desk, self.kind):
                raise NoDevice(f"there is no {self.kind}")
            desk.rings.append(Intake(RATE_HZ, self.channels, BLOCK))
            return desk.rings[-1]

        def latency_s(self):
            return 0.01

        def close(self):
            desk.asked.append("closed")

        @property
        def alive(self):
            return desk.alive

    class PaperJack(Paper):
        kind = "jack"

    class PaperPortAudio(Paper):
        kind = "portaudio"

    monkeypatch.setattr(capture, "JackInput", PaperJack)
    monkeypatch.setattr(capture, "PortAudioInput", PaperPortAudio)
    monkeypatch.setattr(capture, "is_jack", lambda device, kind: str(device) == "jack")

    def begin_anew():
        desk.anew += 1

    monkeypatch.setattr(capture, "begin_anew", begin_anew)
    return desk


def test_jack_comes_first_where_nothing_else_is_asked_for(desk):
    with Capture("", 1, "bandmate-ears") as ears:
        assert ears.description == "paper jack"
        assert ears.intake.latency_s == 0.01
    assert desk.asked == [("jack", "bandmate-ears"), "closed"]


def test_without_jack_the_system_s_own_input_is_heard(desk):
    desk.jack = False
    assert Capture("", 1, "ears").open().description == "paper portaudio"


def test_a_named_device_is_that_one_and_no_other(desk):
    assert Capture("Scarlett", 2, "ears").open().description == "paper portaudio"
    assert desk.asked == [("portaudio", "Scarlett")]
    desk.jack = False
    with pytest.raises(NoDevice, match="there is no jack"):
        Capture("jack", 1, "ears").open()


def test_no_device_at_all_is_one_sentence(desk):
    desk.jack = desk.portaudio = False
    with pytest.raises(NoDevice, match=r"^there is no jack; there is no portaudio$"):
        Capture("", 1, "ears").open()


def test_a_device_that_is_not_there_is_awaited(desk):
    desk.jack = desk.portaudio = False
    ears = Capture("", 1, "ears")
    assert ears.watch(10.0) == ""
    assert "deaf until their device is there: there is no jack" in ears.fault
    desk.jack = True
    assert ears.watch(10.0 + AGAIN_S / 2) == ""
    assert ears.watch(10.0 + AGAIN_S) == "back"
    assert ears.fault == ""


def test_frames_that_stand_still_mean_a_dead_device(desk, clock):
    ears = Capture("", 1, "ears").open()
    assert ears.watch(10.0) == ""
    desk.rings[0].fill(np.zeros((BLOCK, 1), np.float32))
    assert ears.watch(10.9) == ""
    assert ears.watch(10.9 + STILL_S) == ""
    assert ears.watch(10.91 + STILL_S) == "lost"
    assert "paper jack is gone" in ears.fault
    assert ears.read() is None
    assert ears.watch(10.92 + STILL_S) == ""  # not at once
    assert ears.watch(10.92 + STILL_S + AGAIN_S) == "back"


def test_a_device_once_jack_stays_jack(desk, clock):
    ears = Capture("", 1, "ears").open()
    desk.alive, desk.jack = False, False
    assert ears.watch(10.0) == "lost"
    assert ears.watch(10.0 + AGAIN_S) == ""
    assert desk.asked[-1] == "closed"
    assert desk.asked[-2] == ("jack", "ears")
    assert desk.anew == 0


def test_portaudio_looks_anew_for_a_device_that_left(desk, clock):
    desk.jack = False
    ears = Capture("", 1, "ears").open()
    desk.alive = False
    assert ears.watch(10.0) == "lost"
    desk.alive = True
    assert ears.watch(10.0 + AGAIN_S) == "back"
    assert desk.anew == 1


def test_what_was_missed_is_still_counted_after_a_new_beginning(desk, clock):
    ears = Capture("", 1, "ears").open()
    desk.rings[0].stumble()
    desk.alive = False
    ears.watch(10.0)
    desk.alive = True
    ears.watch(10.0 + AGAIN_S)
    desk.rings[1].stumble()
    assert ears.stumbles == 2


def test_who_catches_up_gets_it_in_pieces(desk, clock):
    ears = Capture("", 1, "ears").open()
    desk.rings[0].fill(np.zeros((3 * LONGEST_FRAMES, 1), np.float32))
    assert len(ears.read()[0]) == LONGEST_FRAMES
    assert ears.intake.waiting == 2 * LONGEST_FRAMES
