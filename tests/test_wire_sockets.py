"""The wire's sockets: objects come whole and in order; rubbish costs a connection, never a process."""

import json
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate import wire
from bandmate.errors import RigError
from bandmate.events import Command, NoteOn, Off, On, Panic, Status
from bandmate.wire import Door, Wire, encode

unhurried = settings(deadline=None)
unix_only = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows has a token file instead")

STROKE = NoteOn(1.25, 60, 100, "Piano")
RUBBISH = [
    b"",
    b"\xff\xfe\xfd",
    b"null",
    b'{"is": []}',
    b'{"is": "NoteOn", "time_s": "soon"}',
    b"[" * 100_000,
]
anything = st.one_of(
    st.just(STROKE),
    st.just(Panic()),
    st.builds(
        Command, st.floats(0, 1e6), st.text(max_size=20), st.none() | st.floats(0, 1) | st.text(max_size=20)
    ),
    st.builds(
        On, st.integers(), st.floats(0, 1e6), st.just("bass"), st.integers(0, 127), st.integers(1, 127)
    ),
    st.builds(Off, st.integers(), st.floats(0, 1e6)),
    st.builds(
        Status, st.floats(0, 1e6), st.text(max_size=9), inputs=st.lists(st.text(max_size=9)).map(tuple)
    ),
)


def framed(*bodies):
    return b"".join(struct.pack(">I", len(body)) + body for body in bodies)


class Line:
    """A wire and, at the other end, a bare socket."""

    def __enter__(self):
        mine, self.far = socket.socketpair()
        mine.setblocking(False)
        self.near = Wire(mine)
        return self

    def __exit__(self, *_):
        self.near.close()
        self.far.close()


@pytest.fixture
def line():
    with Line() as line:
        yield line


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory(prefix="bm") as folder:  # a socket's name has room for 100 letters
        yield Path(folder) / "main.band"


# ------------------------------------------------------------------ framing


@unhurried
@given(st.lists(anything, min_size=1, max_size=6), st.lists(st.integers(1, 60), max_size=30))
def test_objects_come_whole_and_in_order_however_they_are_cut(said, cuts):
    stream, heard = framed(*(encode(one).encode() for one in said)), []
    with Line() as line:
        for cut in [*cuts, len(stream)]:
            piece, stream = stream[:cut], stream[cut:]
            line.far.sendall(piece)
            heard += line.near.receive()
        assert heard == said
        assert line.near.open


@unhurried
@given(st.lists(anything, max_size=6))
def test_what_one_end_sends_the_other_hears(said):
    with Line() as line:
        line.far.setblocking(False)
        far = Wire(line.far)
        assert all(line.near.send(one) for one in said)
        assert far.receive() == said
        assert (line.near.dropped, far.open) == (0, True)


def test_nothing_said_is_nothing_heard_and_nobody_waits(line):
    assert line.near.receive() == []
    assert line.near.open


def test_half_a_frame_waits_for_the_other_half(line):
    stream = framed(encode(STROKE).encode())
    for byte in stream[:-1]:
        line.far.sendall(bytes([byte]))
        assert line.near.receive() == []
    line.far.sendall(stream[-1:])
    assert line.near.receive() == [STROKE]


def test_the_last_words_of_an_end_that_hangs_up_are_heard(line):
    line.far.sendall(framed(encode(STROKE).encode()))
    line.far.close()
    assert line.near.receive() == [STROKE]
    assert not line.near.open


def test_sending_to_an_end_that_is_gone_says_so_and_their_last_word_still_counts(line):
    Wire(line.far).send(STROKE)
    line.far.close()
    while line.near.send(STROKE):
        pass
    assert line.near.receive() == [STROKE]
    assert not line.near.open


@pytest.mark.parametrize("body", RUBBISH, ids=lambda body: body[:24].decode(errors="replace"))
def test_rubbish_closes_the_wire_and_what_came_before_counts(line, body):
    line.far.sendall(framed(encode(STROKE).encode(), body))
    assert line.near.receive() == [STROKE]
    assert not line.near.open


def test_a_frame_larger_than_any_of_ours_closes_the_wire(line):
    line.far.sendall(struct.pack(">I", wire.LARGEST_BYTES + 1))
    assert line.near.receive() == []
    assert not line.near.open


@unhurried
@given(st.binary(max_size=200))
def test_noise_never_raises(noise):
    with Line() as line:
        line.far.sendall(noise)
        line.near.receive()
    with Line() as line:
        line.far.sendall(framed(noise))
        assert line.near.receive() == []
        assert not line.near.open


@unhurried
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=5))
def test_json_that_is_not_ours_never_raises(said):
    with Line() as line:
        line.far.sendall(framed(json.dumps(said).encode()))
        assert line.near.receive() == []
        assert not line.near.open


# ------------------------------------------------------------------ a slow neighbour


def test_a_full_socket_drops_and_counts_and_the_rest_comes_in_order(line):
    news = [Command(float(index), "section", 2.0, "x" * 4000) for index in range(600)]
    taken = [one for one in news if line.near.send(one)]  # nobody reads, and nobody waits
    assert 0 < line.near.dropped == len(news) - len(taken)
    assert line.near.open
    line.far.setblocking(False)
    far, heard = Wire(line.far), []
    for _ in taken:
        line.near.flush()
        heard += far.receive()
    assert heard == taken
    assert line.near.send(STROKE)
    assert far.receive() == [STROKE]


# ------------------------------------------------------------------ the door


def meet(door):
    """A visitor and the wire that the door has for him."""
    visitor = wire.connect(door.path)
    inside = door.accept()
    assert inside is not None
    return visitor, inside


def test_a_visitor_comes_in_and_both_can_speak(path):
    door = Door(path).open()
    assert door.accept() is None
    visitor, inside = meet(door)
    visitor.send(Command(0.0, "panic"))
    inside.send(Status(0.0, "off"))
    assert inside.receive() == [Command(0.0, "panic")]
    assert visitor.receive() == [Status(0.0, "off")]
    for end in (visitor, inside, door):
        end.close()
    assert not path.exists()


@unix_only
def test_the_door_is_for_this_user_only_whatever_the_umask(path):
    before = os.umask(0)
    try:
        door = Door(path).open()
        mode = stat.S_IMODE(path.stat().st_mode)
        assert os.umask(0) == 0  # and the umask is put back
    finally:
        os.umask(before)
    door.close()
    assert mode == 0o600


@unix_only
def test_the_stale_file_of_a_dead_process_is_replaced(path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    assert path.exists()
    with pytest.raises(RigError):
        wire.connect(path)
    door = Door(path).open()
    for end in (*meet(door), door):
        end.close()


def test_a_plain_file_in_the_way_is_replaced(path):
    path.write_text("left over")
    door = Door(path).open()
    for end in (*meet(door), door):
        end.close()


def test_nobody_at_the_door_is_one_sentence(path):
    with pytest.raises(RigError) as caught:
        wire.connect(path)
    assert str(caught.value) == f"nobody answers at {path}; is the band running?"


def test_a_door_that_never_opened_leaves_the_file_alone(path):
    path.write_text("someone else's")
    Door(path).close()
    assert path.exists()


@unix_only
def test_a_living_door_is_respected(path):
    door = Door(path).open()
    with pytest.raises(RigError) as caught:
        Door(path).open()
    assert str(caught.value) == f"somebody listens at {path} already"
    caller = door.accept()  # that was the second one, who knocked to see whether anybody lives here
    assert caller is not None
    caller.receive()
    assert not caller.open
    for end in (caller, *meet(door), door):
        end.close()


@unix_only
@pytest.mark.parametrize("name", ["a" * 120, "gone/main.band"])
def test_a_place_that_can_hold_no_door_is_one_sentence(path, name):
    with pytest.raises(RigError) as caught:
        Door(path.parent / name).open()
    assert str(caught.value).startswith(f"{path.parent / name} cannot be a socket (")
    assert str(caught.value).endswith("); set BANDMATE_HOME to a short path")


@unix_only
@pytest.mark.parametrize("name", ["folder", "file/main.band", "a" * 300])
def test_a_place_that_can_hold_no_file_is_one_sentence_too(path, name):
    (path.parent / "folder").mkdir()
    (path.parent / "file").write_text("")
    with pytest.raises(RigError):
        Door(path.parent / name).open()


def test_a_door_can_be_closed_twice(path):
    door = Door(path).open()
    door.close()
    path.write_text("the next one's")
    door.close()
    assert path.exists()
