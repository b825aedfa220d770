"""The OSC door: every name of the table at its address, nobody shut out, and no stranger let in."""

import random
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import controls
from bandmate.errors import NoDevice
from bandmate.events import Command, Status
from bandmate.patch import OSC_MAPS
from bandmate.ports.oscdoor import COMMANDS, LATER, READ, OscDoor
from bandmate.ports.oscmap import OscMap, load
from bandmate.ports.oscpacket import read, written
from bandmate.ports.oscqueue import SENDERS, TOGETHER, WAITING, Turns
from tests.ports.test_oscpacket import WALL_S, bundle

HERE, THERE, STRANGER = ("127.0.0.1", 5000), ("10.0.0.5", 5000), ("10.9.9.9", 5000)
KNOWN = load(OSC_MAPS)


class Stand:
    """A door without a socket, and what it answered."""

    def __init__(self, *allowed, known=KNOWN):
        self.door = OscDoor("127.0.0.1", 0, allowed, known)
        self.now_s = 0.0
        self.answers = []
        self.door._say = lambda sender, packet: self.answers.append((sender, read(packet, WALL_S)[0]))

    def say(self, *messages, sender=HERE):
        for message in messages:
            packet = message if isinstance(message, bytes) else written(*message)
            self.door.take(sender, packet, self.now_s, WALL_S + self.now_s)
        return self

    def round(self, seconds=0.005):
        found = self.door.round(self.now_s, WALL_S + self.now_s)
        self.now_s += seconds
        return found

    def hear(self, *messages, sender=HERE):
        """The names and values that become of some messages."""
        return [(each.name, each.value) for each in self.say(*messages, sender=sender).round()[0]]


@pytest.fixture
def stand():
    return Stand()


# ------------------------------------------------------------------ in


def value_of(row):
    return (
        row.choices[-1] if row.choices else row.default if isinstance(row.default, str) else float(row.high)
    )


@pytest.mark.parametrize("row", controls.PARAMS, ids=lambda row: row.name)
def test_every_parameter_has_its_address(row):
    value = value_of(row) or "Bridge"
    assert Stand().hear((f"/bandmate/{row.name}", value)) == [(row.name, pytest.approx(value))]


@pytest.mark.parametrize("row", controls.ACTIONS, ids=lambda row: row.name)
def test_every_action_has_its_address_and_a_button_that_is_let_go_does_nothing(row):
    address = f"/bandmate/{row.name}"
    assert Stand().hear((address,)) == [(row.name, None)]
    assert Stand().hear((address, 1.0)) == [(row.name, None)]
    assert Stand().hear((address, True)) == [(row.name, None)]
    assert Stand().hear((address, 0.0)) == []


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (("/bandmate/energy", 1.5), "energy cannot be 1.5; it takes 0 to 1"),
        (("/bandmate/energy", float("nan")), "energy cannot be nan; it takes 0 to 1"),
        (("/bandmate/energy", "0.5"), "takes a number, 0 to 1, and no word"),
        (("/bandmate/energy",), "energy needs a value: 0 to 1"),
        (("/bandmate/energy", 0.1, 0.2), "takes one value"),
        (("/bandmate/meter", "9/9"), "meter cannot be '9/9'"),
        (("/bandmate/meter", 4), "meter cannot be 4.0"),
        (("/bandmate/volume", 1.0), "'volume' is not a parameter or action"),
        (("/nobody", 1.0), "nobody knows this address"),
        (("/crowd/3/motion", "x"), "takes 3 numbers"),
        (("/crowd/3/pulse", 4000.0), "takes 1 numbers, 25 to 240"),
    ],
)
def test_what_is_wrong_is_counted_and_the_sender_is_told(stand, message, says):
    assert stand.hear(message) == []
    assert stand.door.malformed == 1
    sender, told = stand.answers[-1]
    assert (sender, told.address) == (HERE, "/bandmate/error")
    assert told.arguments[0] == message[0]
    assert says in told.arguments[1]


def test_a_surfaces_faders_are_stretched_over_what_they_move():
    assert Stand().hear(("/1/fader3", 0.25)) == [("authority", 25.0)]
    assert Stand().hear(("/1/fader1", 7.0)) == [("energy", 1.0)]
    assert Stand().hear(("/2/push1", 1.0)) == [("fill", None)]
    assert Stand().hear(("/2/push1", 0.0)) == []


def test_sensors_speak_for_their_voices(stand):
    _, readings = stand.say(("/crowd/7/motion", 0.1, 0.2, 9.8), ("/accxyz", 0, 0, 1)).round()
    assert [(each.voice, each.kind, each.values) for each in readings] == [
        ("7", "motion", (0.1, 0.2, 9.8)),
        ("", "motion", (0.0, 0.0, 1.0)),
    ]
    assert all(each.local for each in readings)


def test_a_query_tells_the_sender_every_parameter_as_last_set(stand):
    stand.say(("/bandmate/query",), sender=("127.0.0.1", 6000)).round()
    stand.door.answer(Status(stand.now_s - 0.005, "off"))  # from before it was asked
    assert stand.answers == []
    stand.now_s += 0.05
    stand.door.answer(Status(stand.now_s, "off", params={"energy": 0.8, "style": "funk"}))
    rows, (_, end) = stand.answers[:-1], stand.answers[-1]
    assert {sender for sender, _ in stand.answers} == {("127.0.0.1", 6000)}
    assert [told.arguments[0] for _, told in rows] == [row.name for row in controls.PARAMS]
    assert {told.address for _, told in rows} == {"/bandmate/param"}
    told = {told.arguments[0]: told.arguments[1:] for _, told in rows}
    assert told["energy"] == ("f", 0.0, 1.0, 0.8)
    assert told["style"] == ("s", 0.0, 0.0, "funk")
    assert told["bpm"][1:3] == (30.0, 300.0)
    assert (end.address, end.arguments) == ("/bandmate/query/end", (len(controls.PARAMS),))


# ------------------------------------------------------------------ time tags


def test_a_bundle_waits_for_its_time_and_its_command_is_stamped_with_it(stand):
    stand.say(bundle(("/bandmate/fill",), ("/bandmate/energy", 0.25), at_s=WALL_S + 0.5))
    heard = []
    while stand.now_s < 0.7:
        heard += stand.round()[0]
        if stand.now_s < 0.49:
            assert heard == []
            assert stand.door.waits_s == pytest.approx(0.5, abs=1e-3)
    assert [each.name for each in heard] == ["fill", "energy"]
    assert all(each.time_s == pytest.approx(0.5, abs=1e-3) for each in heard)


def test_a_tap_that_came_late_counts_when_it_was_struck(stand):
    stand.now_s = 2.0
    (tap,) = stand.say(bundle(("/bandmate/tap",), at_s=WALL_S + 1.96)).round()[0]
    assert tap == Command(pytest.approx(1.96, abs=1e-3), "tap", None, "osc")


def test_time_tags_that_are_not_sane_and_too_many_that_wait_are_left_out(stand):
    assert stand.hear(bundle(("/bandmate/fill",), at_s=WALL_S + 60)) == []
    assert stand.hear(bundle(("/bandmate/fill",), at_s=WALL_S - 60)) == []
    assert stand.door.malformed == 2
    for index in range(LATER + 10):
        stand.say(bundle(("/bandmate/energy", index / 1000), at_s=stand.now_s + WALL_S + 5)).round(0.0)
    assert stand.door.dropped == 10


# ------------------------------------------------------------------ who may come in


def test_only_those_who_are_allowed_are_heard():
    stand = Stand("10.0.0.0/24")
    assert stand.hear(("/bandmate/energy", 0.75), sender=THERE) == [("energy", 0.75)]
    assert stand.hear(("/bandmate/energy", 0.75), ("/bandmate/query",), sender=STRANGER) == []
    assert stand.door.refused == 2
    stand.door.answer(Status(99.0, "off"))
    assert stand.answers == []
    readings = stand.say(("/crowd/1/level", 3.0), sender=THERE).round()[1]
    assert [each.local for each in readings] == [False]


def test_by_default_only_this_machine_is_heard(stand):
    for host in ("10.0.0.5", "0.0.0.0", "8.8.8.8", "fe80::1", "no address", ""):
        assert stand.hear(("/bandmate/panic",), sender=(host, 1)) == []
    assert stand.hear(("/bandmate/panic",), sender=("127.0.0.2", 1)) == [("panic", None)]
    assert stand.hear(("/bandmate/panic",), sender=("::1", 1)) == [("panic", None)]
    assert stand.hear(("/bandmate/panic",), sender=("::ffff:127.0.0.1", 1)) == [("panic", None)]


# ------------------------------------------------------------------ floods


def test_the_newest_of_an_address_stands_for_the_older_ones(stand):
    stand.say(*(("/bandmate/energy", index / 1000) for index in range(1000)))
    assert stand.hear() == [("energy", 0.999)]
    assert stand.door.dropped == 999


def test_presses_are_not_overtaken(stand):
    assert stand.hear(("/bandmate/tap",), ("/bandmate/tap",), ("/2/push7", 1.0), ("/2/push7", 0.0)) == [
        ("tap", None), ("tap", None), ("tap", None),
    ]  # fmt: skip


def test_a_button_that_has_a_star_is_not_overtaken_by_its_own_release(tmp_path):
    path = tmp_path / "pads.toml"
    path.write_text('[[control]]\naddress = "/pads/*/hit"\nto = "fill"')
    stand = Stand(known=load([str(path)]))
    assert stand.hear(("/pads/4/hit", 1.0), ("/pads/4/hit", 0.0)) == [("fill", None)]


def test_beside_a_flood_everybody_else_is_heard_in_the_next_round(stand):
    names = [row.name for row in controls.PARAMS if not isinstance(row.default, str)]
    for turn in range(50):
        stand.say(*((f"/bandmate/{name}", float(controls.BY_NAME[name].default)) for name in names * 3))
        stand.say(*((f"/crowd/{voice}/level", 1.0) for voice in range(100)))
        stand.say(("/bandmate/wild", turn / 100), sender=("127.0.0.1", 7000))
        commands, _ = stand.round()
        assert len(commands) <= COMMANDS
        assert ("wild", turn / 100) in [(each.name, each.value) for each in commands]
    for _ in range(100):  # and when it is over, the flooder is, too
        stand.round()
    assert stand.hear(("/bandmate/energy", 0.125)) == [("energy", 0.125)]


def test_a_round_reads_no_more_than_it_may_and_nothing_grows(stand):
    for _ in range(30):
        for sender in range(SENDERS + 50):
            where = ("127.0.0.1", 10_000 + sender)
            stand.say(*((f"/crowd/{voice}/level", 1.0) for voice in range(3)), sender=where)
        assert len(stand.round()[1]) <= READ
        stand.say(*(("/bandmate/fill",) for _ in range(3 * WAITING)))
    queues = stand.door._packets._queues
    assert len(queues) <= SENDERS
    assert all(len(waiting) <= WAITING for waiting in queues.values())
    assert len(stand.door._commands._queues) <= SENDERS
    assert stand.door.dropped > 0


def test_many_ports_of_one_machine_share_the_room():
    turns = Turns()
    for value in range(WAITING + 9):
        for sender in range(SENDERS):
            turns.put(("127.0.0.1", sender), ("", value), value)
    turns.put(("127.0.0.2", 1), ("", 0), 0)
    assert sum(map(len, turns._queues.values())) <= TOGETHER
    assert ("127.0.0.2", 1) in turns._queues
    assert turns.dropped == (WAITING + 9) * SENDERS + 1 - sum(map(len, turns._queues.values()))


def test_a_flood_of_wrong_words_is_answered_with_a_few(stand):
    stand.say(*((f"/nobody/{index}",) for index in range(100))).round()
    assert 0 < len(stand.answers) <= 4
    assert stand.door.malformed == READ


def test_a_flood_of_questions_is_answered_ten_times_a_second_at_most(stand):
    while stand.now_s < 1.0:
        stand.say(("/bandmate/query",)).round()
        if round(stand.now_s * 200) % 10 == 0:
            stand.door.answer(Status(stand.now_s, "off"))
    ends = [told for _, told in stand.answers if told.address.endswith("end")]
    assert 2 <= len(ends) <= 10


# ------------------------------------------------------------------ fuzz (more: `bandmate bench osc --soak`)

words = st.sampled_from(
    [
        *(f"/bandmate/{row.name}" for row in (*controls.PARAMS, *controls.ACTIONS)),
        *KNOWN.whole,
        "/crowd/1/motion",
    ]
)
arguments = st.lists(
    st.one_of(
        st.floats(width=32), st.integers(-(1 << 31), (1 << 31) - 1), st.booleans(), st.text(max_size=8)
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.one_of(st.tuples(words, arguments), st.binary(max_size=80)), max_size=6), st.booleans())
def test_whatever_is_sent_only_checked_values_come_through_and_nothing_from_strangers(sent, allowed):
    stand = Stand()
    for each in sent:
        packet = each if isinstance(each, bytes) else written(each[0], *each[1])
        stand.say(packet, sender=HERE if allowed else STRANGER)
    commands, readings = stand.round()
    for command in commands:
        assert controls.check(command.name, command.value) == (command.name, command.value)
    if not allowed:
        assert (commands, readings, stand.answers) == ([], [], [])
        assert stand.door.refused == len(sent)


# ------------------------------------------------------------------ the socket


def test_a_port_that_is_taken_is_one_sentence():
    with OpenDoor() as first, pytest.raises(NoDevice) as caught:
        OscDoor("127.0.0.1", first.port, (), OscMap()).open()
    assert f"the OSC port {first.port} of 127.0.0.1 can't be opened" in str(caught.value)
    assert "--osc-port" in str(caught.value)


def test_real_packets_come_through_a_real_socket_and_the_sender_is_answered():
    with OpenDoor() as door, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(5.0)
        rubbish = (b"", random.Random(1).randbytes(60_000), struct.pack(">i", -1) * 10)
        for packet in (written("/bandmate/energy", 0.5), written("/bandmate/query"), *rubbish):
            client.sendto(packet, ("127.0.0.1", door.port))
        commands, _ = door.door.round(1.0, WALL_S)
        assert [(each.name, each.value) for each in commands] == [("energy", 0.5)]
        assert (door.door.packets, door.door.malformed) == (5, 3)
        door.door.answer(Status(2.0, "off"))
        first = read(client.recv(9000), WALL_S)[0]
        assert (first.address, first.arguments[0]) == ("/bandmate/param", "bpm")


class OpenDoor:
    def __enter__(self):
        self.door = OscDoor("127.0.0.1", 0, (), KNOWN).open()
        self.port = int(self.door.address.rpartition(":")[2])
        return self

    def __exit__(self, *_):
        self.door.close()
