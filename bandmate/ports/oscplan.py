"""What OSC a rig is asked for, checked before bar 1: port, host, who may come in, who is told."""

from __future__ import annotations

import argparse
import ipaddress
import socket
from typing import Any

from bandmate.errors import BandmateError
from bandmate.patch import Patch
from bandmate.ports import oscmap

PORT = 9000


def plan(options: argparse.Namespace, patch: Patch) -> dict[str, Any] | None:
    """The plan of the OSC process, or None where there is none to do; raises BandmateError."""
    out = [_place(text) for text in options.osc_out or []]
    if options.no_osc:
        return {"port": None, "out": out, "maps": [], "host": "", "allow": []} if out else None
    oscmap.load(patch.osc)
    port = PORT if options.osc_port is None else options.osc_port
    if not 0 < port < 1 << 16:
        raise BandmateError(f"--osc-port {port} is no UDP port; it takes 1 to 65535")
    allow = list(options.osc_allow or [])
    for text in allow:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise BandmateError(
                f"--osc-allow {text!r} is no address; it takes one as in 192.168.1.20 or 192.168.1.0/24"
            ) from None
    try:
        open_to_all = not ipaddress.ip_address(options.osc_host).is_loopback
    except ValueError:
        raise BandmateError(
            f"--osc-host {options.osc_host!r} is no address of this machine; 0.0.0.0 stands for all of them"
        ) from None
    if open_to_all and not allow:
        raise BandmateError(
            f"--osc-host {options.osc_host} opens the band to the network; say who may come in, as in "
            "--osc-allow 192.168.1.0/24"
        )
    return {"port": port, "host": options.osc_host, "allow": allow, "maps": list(patch.osc), "out": out}


def notices(asked: dict[str, Any]) -> list[str]:
    """What the performer is told before bar 1: a door that stands open to others, a port that is taken."""
    if asked["port"] is None:
        return []
    host, port = asked["host"], asked["port"]
    found = []
    if not ipaddress.ip_address(host).is_loopback:
        found.append(f"OSC stands open to the network at {host}:{port}, for {', '.join(asked['allow'])}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trying:
        try:
            trying.bind((host, port))
        except OSError as error:
            found.append(
                f"OSC port {port} can't be opened ({error.strerror}); the band plays without OSC in. "
                "--osc-port names another."
            )
    return found


def _place(text: str) -> list[Any]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise BandmateError(f"--osc-out {text!r} is no place; it takes HOST:PORT, as in 127.0.0.1:9001")
    try:
        return [socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_DGRAM)[0][4][0], int(port)]
    except OSError:
        raise BandmateError(f"--osc-out {text!r}: nobody knows the host {host!r}") from None
