"""A flood of OSC packets, and a sink that takes one in: processes of their own, for `bandmate bench osc`.

`python -m bandmate.bench.flood flood PORT RATE SECONDS` sends; `sink SECONDS` says its port and throws away
what comes. Of a hundred packets some are broken, cut short, huge or made of chance.
"""

from __future__ import annotations

import json
import random
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from bandmate.ports.oscpacket import written

HERE = "127.0.0.1"
BURST_S = 0.001
HUGE_BYTES = 60_000


def packets(chance: random.Random) -> list[bytes]:
    """A hundred packets: what faders and phones send, and what nobody should."""
    names = ("density", "wild", "tension", "part/keys/level", "reverb")
    found = [written(f"/bandmate/{names[index % 5]}", round(chance.random(), 3)) for index in range(40)]
    found += [
        written(f"/crowd/{index}/motion", *(chance.gauss(0, 1) for _ in range(3))) for index in range(30)
    ]
    found += [written(f"/nobody/{index}", 1.0) for index in range(5)]
    found += [written("/bandmate/query")] * 5
    found += [packet[: chance.randrange(len(packet))] for packet in found[:8]]
    found += [chance.randbytes(chance.randrange(1, 200)) for _ in range(8)]
    found += [b"#bundle\0" + chance.randbytes(chance.randrange(0, 120)) for _ in range(3)]
    found.append(b"/bandmate/energy" + bytes(HUGE_BYTES))
    chance.shuffle(found)
    return found


def flood(port: str, rate: str, seconds: str) -> None:
    """Send so many packets a second to a port of this machine; says how many were sent, and in what time."""
    many = packets(random.Random(1))
    burst = max(1, round(float(rate) * BURST_S))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((HERE, int(port)))
        print("ready", flush=True)
        began_s = due_s = time.perf_counter()
        sent = 0
        while due_s < began_s + float(seconds):
            for index in range(burst):
                try:
                    out.send(many[(sent + index) % len(many)])
                except OSError:  # the door was opened anew, or the network is full
                    continue
            sent += burst
            due_s += BURST_S
            select.select([], [], [], max(0.0, due_s - time.perf_counter()))
    print(json.dumps({"sent": sent, "seconds": time.perf_counter() - began_s}))


def sink(seconds: str) -> None:
    """Take in and throw away."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind((HERE, 0))
        taking.settimeout(0.2)
        print(taking.getsockname()[1], flush=True)
        until_s, came = time.perf_counter() + float(seconds), 0
        while time.perf_counter() < until_s:
            try:
                taking.recv(65536)
            except TimeoutError:
                continue
            came += 1
    print(json.dumps({"came": came}))


def start(role: str, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A process of this file, and the first word that it says."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bandmate.bench.flood", role, *words], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


ROLES: dict[str, Callable[..., None]] = {"flood": flood, "sink": sink}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
