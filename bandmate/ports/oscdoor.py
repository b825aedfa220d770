"""The OSC door: what is said to it becomes commands for the band and readings of the audience.

Nobody is shut out and nobody takes it all: packets queue by sender, the newest of an address stands for the
older ones, and every round takes turns among the senders and hands the band a few commands at most. What
falls by the wayside is counted. One thread, the OSC process's; every call is given the time, so that a
simulation may run it faster than the clock. Loads python-osc.
"""

from __future__ import annotations

import contextlib
import heapq
import ipaddress
import math
import socket
from collections.abc import Sequence

from bandmate import controls
from bandmate.errors import BandmateError, NoDevice
from bandmate.events import Command, Status
from bandmate.moods import Reading
from bandmate.ports import oscpacket
from bandmate.ports.oscmap import OWN, PRESSED, ControlRow, OscMap, SensorRow
from bandmate.ports.oscpacket import Argument, Message
from bandmate.ports.oscqueue import SENDERS, Sender, Turns

QUERY = "/bandmate/query"

TAKEN, READ = 512, 32  # packets a round: as many are taken from the socket, and read
COMMANDS = 4  # to the band, a round: 800 a second, whatever comes
LATER = 256  # messages that wait for the time of their bundle
QUERY_EVERY_S = 0.1  # a sender is told everything at most so often
ANSWERS = 2  # so many are told with one status
REPLIES_A_ROUND = 4  # words to those who sent something wrong
STATUS_S = 0.006  # a status so much newer knows what was said before
BUFFER_BYTES = 1 << 20


class OscDoor:
    """A UDP port. `allowed` are hosts and networks; this machine always is."""

    def __init__(self, host: str, port: int, allowed: Sequence[str], known: OscMap) -> None:
        self.host, self.port, self.known = host, port, known
        self.allowed = [ipaddress.ip_network(each, strict=False) for each in allowed]
        self.sock: socket.socket | None = None
        self.packets = self.refused = self.malformed = 0
        self._hosts: dict[str, bool] = {}
        self._packets: Turns[tuple[bytes, float, float]] = Turns()
        self._commands: Turns[Command] = Turns()
        self._late = 0  # messages of bundles for which there was no room
        self._later: list[tuple[float, int, Sender, Message]] = []
        self._asked: dict[Sender, float] = {}  # who wants to be told everything, and since when
        self._told: dict[Sender, float] = {}
        self._replies = 0
        self._number = 0  # nothing with a number of its own is overtaken
        actions = {f"{OWN}{name}" for name in controls.ACTION_NAMES}
        actions |= {address for address, row in known.whole.items() if _acts(row)}
        self._pressed = {address.encode() for address in actions}
        self._stars_act = any(_acts(row) for rows in known.starred.values() for _, row in rows)

    # -------------------------------------------------------------- the socket

    def open(self) -> OscDoor:
        """Listen; raises NoDevice where somebody else does already."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self.sock.bind((self.host, self.port))
        except (OSError, OverflowError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or error
            raise NoDevice(
                f"the OSC port {self.port} of {self.host} can't be opened ({reason}); the band plays without "
                "it: name another --osc-port, or --no-osc"
            ) from None
        self.sock.setblocking(False)
        return self

    def fileno(self) -> int:
        """For `select`."""
        assert self.sock is not None
        return self.sock.fileno()

    @property
    def address(self) -> str:
        """Where it stands open; empty where it doesn't."""
        if self.sock is None:
            return ""
        name = self.sock.getsockname()
        return f"{name[0]}:{name[1]}"

    def close(self) -> None:
        """Shut it."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def allows(self, host: str) -> bool:
        """Whether a host may speak."""
        known = self._hosts.get(host)
        if known is None:
            try:
                place = _place(host)
                known = place.is_loopback or any(place in network for network in self.allowed)
            except ValueError:
                known = False
            if len(self._hosts) >= SENDERS:
                self._hosts.clear()
            self._hosts[host] = known
        return known

    # -------------------------------------------------------------- a round

    def round(self, now_s: float, wall_s: float) -> tuple[list[Command], list[Reading]]:
        """What has come, up to `now_s` of the band's clock and `wall_s` of the wall's."""
        self._take(now_s, wall_s)
        self._replies = REPLIES_A_ROUND
        readings: list[Reading] = []
        for sender, (packet, came_s, came_wall_s) in self._packets.take(READ):
            try:
                messages = oscpacket.read(packet, came_wall_s)
            except ValueError:
                self.malformed += 1
                continue
            for message in messages:
                self._hear(sender, message, came_s, now_s, readings)
        while self._later and self._later[0][0] <= now_s:
            due_s, _, sender, message = heapq.heappop(self._later)
            self._understand(sender, message, due_s, readings)
        return [command for _, command in self._commands.take(COMMANDS)], readings

    @property
    def dropped(self) -> int:
        """Messages that a newer one of the same address overtook, or that were too many."""
        return self._packets.dropped + self._commands.dropped + self._late

    @property
    def waits_s(self) -> float:
        """When the next thing is due that no packet wakes us for."""
        return (
            -math.inf if self._packets or self._commands else self._later[0][0] if self._later else math.inf
        )

    def _take(self, now_s: float, wall_s: float) -> None:
        """Packets from the socket into their senders' queues."""
        if self.sock is None:
            return
        for _ in range(TAKEN):
            try:
                packet, where = self.sock.recvfrom(65536)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # somebody we answered has gone
                continue
            self.packets += 1
            self.take((where[0], where[1]), packet, now_s, wall_s)

    def take(self, sender: Sender, packet: bytes, now_s: float, wall_s: float) -> None:
        """One packet of a sender."""
        if not self.allows(sender[0]):
            self.refused += 1
            return
        if len(packet) > oscpacket.LARGEST_BYTES:
            self.malformed += 1
            return
        address = oscpacket.address_of(packet)
        self._number += 1
        key = (address, self._number if not address or self._acts(address) else 0)
        self._packets.put(sender, key, (packet, now_s, wall_s))

    def _acts(self, address: bytes) -> bool:
        """Whether it is a button's address, each press of which counts."""
        if address in self._pressed or not self._stars_act:
            return address in self._pressed
        found = self.known.find(address.decode("ascii", "replace"))
        return found is not None and _acts(found[0])

    # -------------------------------------------------------------- what it means

    def _hear(
        self, sender: Sender, message: Message, came_s: float, now_s: float, readings: list[Reading]
    ) -> None:  # fmt: skip
        """A message now, or later where its bundle says so."""
        due_s = came_s + (message.in_s or 0.0)
        if due_s <= now_s:
            self._understand(sender, message, due_s, readings)
        elif len(self._later) < LATER:
            self._number += 1
            heapq.heappush(self._later, (due_s, self._number, sender, message))
        else:
            self._late += 1

    def _understand(self, sender: Sender, message: Message, due_s: float, readings: list[Reading]) -> None:
        address = message.address
        if address.startswith(OWN):
            if address == QUERY:
                if len(self._asked) < SENDERS:
                    self._asked.setdefault(sender, due_s)
                return
            self._steer(sender, address.removeprefix(OWN), message.arguments, due_s, address)
            return
        found = self.known.find(address)
        if found is None:
            self._complain(sender, address, "nobody knows this address; /bandmate/query lists ours")
            return
        row, voice = found
        if isinstance(row, ControlRow):
            self._turn(sender, row, message, due_s)
        else:
            self._sense(sender, row, voice, message, due_s, readings)

    def _steer(
        self, sender: Sender, name: str, arguments: tuple[Argument, ...], due_s: float, address: str
    ) -> None:  # fmt: skip
        """A name of the table of controls, with its value checked."""
        value = arguments[0] if arguments else None
        if len(arguments) > 1:
            self._complain(sender, address, "takes one value")
            return
        if name in controls.ACTION_NAMES and not isinstance(value, str):
            if value is None or value > PRESSED:
                self._command(sender, Command(due_s, name, None, "osc"))
            return  # a button that is let go
        param = controls.BY_NAME.get(name)
        if isinstance(value, str) and param is not None and not isinstance(param.default, str):
            self._complain(sender, address, f"takes a number, {controls.span(param)}, and no word")
            return
        try:
            known, checked = controls.check(name, value if isinstance(value, str | None) else float(value))
        except (BandmateError, OverflowError) as error:
            self._complain(sender, address, str(error))
            return
        self._command(sender, Command(due_s, known, checked, "osc"))

    def _turn(self, sender: Sender, row: ControlRow, message: Message, due_s: float) -> None:
        """A fader or a button of a surface."""
        value = message.arguments[row.argument] if row.argument < len(message.arguments) else None
        param = controls.BY_NAME.get(row.to)
        if isinstance(value, str) or param is None or isinstance(param.default, str):
            arguments = () if value is None else (value,)
            self._steer(sender, row.to, arguments, due_s, message.address)
            return
        if value is None or not math.isfinite(value):
            self._complain(sender, message.address, "takes a number")
            return
        share = min(max((float(value) - row.low) / (row.high - row.low), 0.0), 1.0)
        least = param.low if row.least is None else row.least
        most = param.high if row.most is None else row.most
        self._steer(sender, row.to, (least + share * (most - least),), due_s, message.address)

    def _sense(
        self, sender: Sender, row: SensorRow, voice: str, message: Message, due_s: float,
        readings: list[Reading],
    ) -> None:  # fmt: skip
        """A sensor's numbers; those that are none, or absurd, are refused."""
        said = message.arguments[row.argument : row.argument + row.count]
        values = tuple(float(value) for value in said if isinstance(value, float | int))
        if (
            len(values) != len(said)
            or not values
            or not all(row.low <= value <= row.high for value in values)
        ):
            self._complain(sender, message.address, f"takes {row.count} numbers, {row.low:g} to {row.high:g}")
            return
        local = _place(sender[0]).is_loopback
        readings.append(
            Reading(due_s, sender[0], voice, row.address, row.kind, values, row.weight, local)
        )  # fmt: skip

    def _command(self, sender: Sender, command: Command) -> None:
        self._number += 1
        number = self._number if command.value is None else 0
        self._commands.put(sender, (command.name, number), command)

    # -------------------------------------------------------------- answers

    def _complain(self, sender: Sender, address: str, words: str) -> None:
        """Something that was said is wrong: counted, and a few are told so."""
        self.malformed += 1
        if self._replies > 0:
            self._replies -= 1
            self._say(sender, oscpacket.written("/bandmate/error", address[:255], words))

    def answer(self, status: Status) -> None:
        """Tell some who asked what every parameter was set to; a status knows what was said before it."""
        now_s, told = status.time_s, 0
        for sender, asked_s in list(self._asked.items()):
            if told == ANSWERS:
                return
            if now_s < asked_s + STATUS_S or now_s < self._told.get(sender, -math.inf) + QUERY_EVERY_S:
                continue
            del self._asked[sender]
            told += 1
            if len(self._told) >= SENDERS:
                self._told.clear()
            self._told[sender] = now_s
            for row in controls.PARAMS:
                word = isinstance(row.default, str)
                value = status.params.get(row.name, row.default)
                self._say(
                    sender,
                    oscpacket.written(
                        "/bandmate/param", row.name, "s" if word else "f", float(row.low), float(row.high),
                        str(value) if word else float(value),
                    ),
                )  # fmt: skip
            self._say(sender, oscpacket.written(f"{QUERY}/end", len(controls.PARAMS)))

    def _say(self, sender: Sender, packet: bytes) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):  # who doesn't listen is not our trouble
                self.sock.sendto(packet, sender)


def _place(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """A sender's address, also where an IPv6 socket dresses an IPv4 one up; raises ValueError."""
    place = ipaddress.ip_address(host.partition("%")[0])
    return (place.ipv4_mapped or place) if isinstance(place, ipaddress.IPv6Address) else place


def _acts(row: ControlRow | SensorRow) -> bool:
    return isinstance(row, ControlRow) and row.to in controls.ACTION_NAMES
