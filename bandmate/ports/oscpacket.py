"""OSC packets, read with care: anybody may send anything to an open port.

Messages are read by python-osc; bundles here, because a bundle may lie about its sizes. Whatever cannot be
read is a ValueError, and no packet makes us work longer than a large one is long. Loads python-osc: the OSC
process only.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message import ParseError as BadMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing.ntp import ntp_to_system_time

Argument = float | int | str | bool

LARGEST_BYTES = 8192
MOST_MESSAGES = 64  # in one packet, bundles in bundles and all
MOST_ARGUMENTS = 32
DEEPEST = 8  # bundles in bundles
BUNDLE = b"#bundle\0"
TYPES = frozenset(b"ifhdsTF")  # numbers, words, true and false
NOW = b"\0\0\0\0\0\0\0\1"
EARLIEST_S, LATEST_S = -1.0, 10.0  # a time tag so far from now is sane


class Message(NamedTuple):
    """An address, its arguments, and when it is meant, in seconds from now; None: at once."""

    address: str
    arguments: tuple[Argument, ...]
    in_s: float | None = None


def address_of(packet: bytes) -> bytes:
    """The address of a message without reading the rest; empty for a bundle or anything else."""
    return packet[: packet.find(0)] if packet[:1] == b"/" else b""


def read(packet: bytes, wall_s: float) -> list[Message]:
    """The messages of a packet, at a time on the wall clock; raises ValueError, and nothing else."""
    if len(packet) > LARGEST_BYTES:
        raise ValueError(f"{len(packet)} bytes are no packet of anybody's")
    found: list[Message] = []
    _read(packet, wall_s, None, DEEPEST, found)
    return found


def _read(packet: bytes, wall_s: float, in_s: float | None, deep: int, found: list[Message]) -> None:
    if not packet.startswith(BUNDLE):
        if len(found) >= MOST_MESSAGES:
            raise ValueError("too many messages in one packet")
        found.append(_message(packet, in_s))
        return
    if deep == 0 or len(packet) < len(BUNDLE) + len(NOW):
        raise ValueError("a bundle that is too deep, or has no time")
    begin = len(BUNDLE) + len(NOW)
    in_s = _sane(packet[len(BUNDLE) : begin], wall_s)
    while begin < len(packet):
        if len(packet) - begin < 4:
            raise ValueError("a bundle that ends too early")
        (size,) = struct.unpack_from(">i", packet, begin)
        begin += 4
        if size <= 0 or size % 4 or begin + size > len(packet):
            raise ValueError("a bundle that lies about its sizes")
        _read(packet[begin : begin + size], wall_s, in_s, deep - 1, found)
        begin += size


def _sane(tag: bytes, wall_s: float) -> float | None:
    """A time tag in seconds from now; None: at once. Refused where it is long ago, or far ahead."""
    if tag == NOW:
        return None
    in_s = ntp_to_system_time(tag) - wall_s
    if not EARLIEST_S <= in_s <= LATEST_S:
        raise ValueError(f"a time tag {in_s:.1f} s from now")
    return in_s


def _message(packet: bytes, in_s: float | None) -> Message:
    if not packet.startswith(b"/") or len(packet) % 4:
        raise ValueError("neither a message nor a bundle")
    first = (packet.find(0) // 4 + 1) * 4
    tags = packet[first : packet.find(0, first)]
    if tags[:1] not in (b"", b",") or not TYPES.issuperset(tags[1:]):
        raise ValueError("an argument that is no number and no word")
    try:
        said = OscMessage(packet)
        arguments = tuple(said.params)
    except (BadMessage, ValueError, OverflowError, IndexError, TypeError) as error:
        raise ValueError(f"no message: {error}") from None
    if len(arguments) > MOST_ARGUMENTS:
        raise ValueError("too many arguments")
    plain = (_plain(argument) if isinstance(argument, float) else argument for argument in arguments)
    return Message(said.address, tuple(plain), in_s)


def _plain(number: float) -> float:
    """0.8 came as 0.800000011920929: a float of four bytes knows seven figures."""
    return float(f"{number:.7g}")


def written(address: str, *arguments: Argument) -> bytes:
    """A message as bytes: whole numbers as `i`, others as `f`, words as `s`."""
    builder = OscMessageBuilder(_sayable(address))
    for argument in arguments:
        builder.add_arg(_sayable(argument) if isinstance(argument, str) else argument)
    return bytes(builder.build().dgram)


def _sayable(word: str) -> str:
    """A word without what would end it early, or is no letter."""
    return word.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
