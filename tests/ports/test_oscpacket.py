"""OSC packets: what can be read is read, and everything else is a ValueError, whatever anybody sends."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bandmate.ports.oscpacket import LARGEST_BYTES, MOST_MESSAGES, NOW, Message, address_of, read, written

WALL_S = 1.8e9
PLAIN = written("/bandmate/energy", 0.8)


def bundle(*messages, at_s=None):
    builder = OscBundleBuilder(0 if at_s is None else at_s)  # 0 is "immediately" to python-osc
    for message in messages:
        inner = OscMessageBuilder(message[0])
        for argument in message[1:]:
            inner.add_arg(argument)
        builder.add_content(inner.build())
    return builder.build().dgram


def by_hand(*pieces, tag=NOW):
    return b"#bundle\0" + tag + b"".join(struct.pack(">i", size) + piece for size, piece in pieces)


def refused(packet):
    with pytest.raises(ValueError, match=r".") as caught:
        read(packet, WALL_S)
    return str(caught.value)


def test_a_message_is_its_address_and_its_values():
    assert read(PLAIN, WALL_S) == [Message("/bandmate/energy", (0.8,))]
    assert read(written("/a", 1, "x", True), WALL_S) == [Message("/a", (1, "x", True))]
    assert read(written("/a"), WALL_S) == [Message("/a", ())]
    assert read(written("/a\0b", "Caf\u00e9\0 \ud800"), WALL_S) == [Message("/ab", ("Caf\u00e9 ?",))]


def test_a_bundle_is_meant_now_or_when_its_time_tag_says():
    assert read(bundle(("/a", 1), ("/b", 2)), WALL_S) == [Message("/a", (1,)), Message("/b", (2,))]
    found = read(bundle(("/a", 1), at_s=WALL_S + 0.25), WALL_S)
    assert found[0].in_s == pytest.approx(0.25, abs=1e-3)
    assert read(bundle(("/a", 1), at_s=WALL_S - 0.03), WALL_S)[0].in_s == pytest.approx(-0.03, abs=1e-3)


@pytest.mark.parametrize("off_s", [-2.0, -3600.0, 11.0, 86400.0])
def test_a_time_tag_that_is_not_sane_is_refused(off_s):
    assert "time tag" in refused(bundle(("/a", 1), at_s=WALL_S + off_s))


def test_a_bundle_in_a_bundle_is_read():
    inner = by_hand((len(PLAIN), PLAIN))
    assert read(by_hand((len(inner), inner), (len(PLAIN), PLAIN)), WALL_S) == 2 * read(PLAIN, WALL_S)


@pytest.mark.parametrize("size", [-4, 0, 3, -(1 << 31), (1 << 31) - 1, len(PLAIN) + 4])
def test_a_bundle_that_lies_about_its_sizes_is_refused_and_read_only_once(size):
    assert refused(by_hand((size, PLAIN)))


def test_too_deep_too_many_and_too_large_are_refused():
    deep = PLAIN
    for _ in range(40):
        deep = by_hand((len(deep), deep))
    assert "deep" in refused(deep)
    small = written("/a")
    assert "many" in refused(by_hand(*[(len(small), small)] * (MOST_MESSAGES + 1)))
    assert "bytes" in refused(b"/" + bytes(LARGEST_BYTES))
    assert "arguments" in refused(written("/a", *range(40)))


@pytest.mark.parametrize(
    "packet",
    [b"", b"\0", b"/", b"/a", b"#bundle\0", b"hello world!", PLAIN[:-1], PLAIN[:12],
     b"/a\0\0,b\0\0\xff\xff\xff\xff", b"/a\0\0,[[\0", b"/\xff\xff\0,\0\0\0", b"/a\0\0fff\0"],
)  # fmt: skip
def test_a_broken_packet_is_refused(packet):
    assert refused(packet)


def test_the_address_is_known_before_the_rest_is_read():
    assert address_of(PLAIN) == b"/bandmate/energy"
    assert address_of(bundle(("/a", 1))) == b""


# ------------------------------------------------------------------ fuzz (more: `bandmate bench osc --soak`)


def only_messages_or_a_value_error(packet):
    try:
        found = read(packet, WALL_S)
    except ValueError:
        return
    assert 0 < len(found) <= MOST_MESSAGES or packet.startswith(b"#bundle\0")
    assert all(isinstance(each, Message) and each.address.startswith("/") for each in found)


@settings(deadline=None, max_examples=800)
@given(st.binary(max_size=200))
def test_random_bytes(packet):
    only_messages_or_a_value_error(packet)


@settings(deadline=None, max_examples=800)
@given(st.binary(max_size=64), st.binary(max_size=24), st.booleans())
def test_something_like_a_message_or_a_bundle(body, tags, whole):
    only_messages_or_a_value_error(b"/x\0\0," + tags + b"\0" * (4 - (len(tags) + 1) % 4) + body)
    only_messages_or_a_value_error(b"#bundle\0" + (NOW if whole else b"") + body)


@settings(deadline=None, max_examples=800)
@given(st.data())
def test_a_good_packet_with_bytes_turned_cut_and_put_in(data):
    packet = bytearray(data.draw(st.sampled_from([PLAIN, bundle(("/a", 1, "b", 2.5), ("/c", True))])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(packet)))
        cut = data.draw(st.integers(0, 8))
        packet[place : place + cut] = data.draw(st.binary(max_size=8))
    only_messages_or_a_value_error(bytes(packet))
