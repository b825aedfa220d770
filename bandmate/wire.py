"""The wire: one codec (JSON, never pickle) for sockets and takes, and length-prefixed framing.

Anything that crosses a process or goes to disk is a dataclass of `events.py`, written as
`{"is": "NoteOn", ...}`. Sockets are Unix sockets of mode 0600; on Windows, loopback TCP with a
token file beside it. One thread per end; a full socket drops and counts, it never waits.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import math
import os
import secrets
import socket
import struct
import time
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from bandmate import events
from bandmate.errors import RigError

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *get_args(events.Event),
        *get_args(events.Send),
        events.Ask,
        *(events.Status, events.SoundReady, events.EarsReady, events.RigReady, events.OscReady),
    )
}
FIELDS: dict[str, dict[str, Any]] = {name: get_type_hints(kind) for name, kind in KINDS.items()}
LARGEST_BYTES = 1 << 20


def encode(value: Any) -> str:
    """One object of the vocabulary as one line of JSON."""
    return json.dumps(as_plain(value), separators=(",", ":"))


def as_plain(value: Any) -> dict[str, Any]:
    """An object of the vocabulary as plain JSON values."""
    name = type(value).__name__
    return {"is": name, **{key: getattr(value, key) for key in FIELDS[name]}}


def from_plain(plain: Any) -> Any:
    """The object that `as_plain` wrote; raises ValueError for anything else."""
    if not isinstance(plain, dict) or not isinstance(plain.get("is"), str) or plain["is"] not in KINDS:
        raise ValueError(f"not an object of bandmate's wire: {str(plain)[:80]}")
    name = plain["is"]
    found = {key: _fitting(plain[key], wanted, key) for key, wanted in FIELDS[name].items() if key in plain}
    try:
        return KINDS[name](**found)
    except TypeError as error:
        raise ValueError(f"a {name} without all it needs: {str(plain)[:80]}") from error


def _fitting(value: Any, wanted: Any, key: str) -> Any:
    """A value of the kind that a field takes; a float is finite, a list becomes a tuple."""
    kinds = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    for kind in kinds:
        plain = get_origin(kind) or kind
        if plain is tuple and isinstance(value, list):
            return tuple(tuple(one) if isinstance(one, list) else one for one in value)
        if plain is float and isinstance(value, int | float) and not isinstance(value, bool):
            if math.isfinite(value):
                return value
        elif isinstance(value, plain) and (plain is bool or not isinstance(value, bool)):
            return value
    raise ValueError(f"{key} cannot be {str(value)[:40]!r}")


def decode(line: str | bytes) -> Any:
    """The object of one line; raises ValueError for anything else."""
    try:
        return from_plain(json.loads(line))
    except (RecursionError, OverflowError) as error:
        raise ValueError("too deep or too large to be an object of bandmate's wire") from error


class Wire:
    """One end of a socket that carries objects; reading and writing never wait."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.dropped = 0
        self.open = True
        self._unheard = False
        self._in = bytearray()
        self._out = bytearray()

    def fileno(self) -> int:
        """For `select`."""
        return self.sock.fileno()

    def send(self, value: Any) -> bool:
        """Hand over one object; False where the other end is slow (dropped, counted) or gone."""
        return not self._unheard and self.post(encode(value).encode())

    def post(self, body: bytes) -> bool:
        """Hand over one object that is `encode`d already, as for many at once."""
        if self._unheard:
            return False
        if len(self._out) > LARGEST_BYTES:
            self.flush()
            if len(self._out) > LARGEST_BYTES:
                self.dropped += 1
                return False
        self._out += struct.pack(">I", len(body)) + body
        return self.flush()

    def flush(self) -> bool:
        """Push what waits; False when the other end is gone."""
        try:
            while self._out:
                sent = self.sock.send(self._out)
                del self._out[:sent]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:  # nobody reads any more; what they said before still counts
            self._unheard = True
            self._out.clear()
        return self.open and not self._unheard

    def receive(self) -> list[Any]:
        """Every whole object that has come; an end that closed or sent rubbish sets `open` to False."""
        try:
            while chunk := self.sock.recv(65536):
                self._in += chunk
            self.open = False
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.open = False
        found: list[Any] = []
        while len(self._in) >= 4:
            (size,) = struct.unpack_from(">I", self._in)
            if size > LARGEST_BYTES:
                self.open = False
                self._in.clear()
                break
            if len(self._in) < 4 + size:
                break
            body = bytes(self._in[4 : 4 + size])
            del self._in[: 4 + size]
            try:
                found.append(decode(body))
            except ValueError:
                self.open = False
                self._in.clear()
        return found

    def close(self) -> None:
        """Hang up."""
        self.open = False
        with contextlib.suppress(OSError):
            self.sock.close()


class Door:
    """A listening socket by the name of a file; only this user can come in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.token = b""
        self.sock: socket.socket | None = None

    def open(self) -> Door:
        """Start to listen; a stale file of a dead process is replaced, a living one's is respected."""
        with contextlib.suppress(OSError):
            _connect_once(self.path).close()
            raise RigError(f"somebody listens at {self.path} already")
        with contextlib.suppress(OSError):  # what can't go away is told when we bind
            self.path.unlink()
        if hasattr(socket, "AF_UNIX"):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                self.sock.bind(str(self.path))
            except OSError as error:
                self.sock.close()
                raise RigError(
                    f"{self.path} cannot be a socket ({error}); set BANDMATE_HOME to a short path"
                ) from None
            finally:
                os.umask(before)
        else:  # Windows
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.sock.bind(("127.0.0.1", 0))
            self.token = secrets.token_hex(16).encode()
            self.path.write_text(f"{self.sock.getsockname()[1]} {self.token.decode()}")
        self.sock.listen(8)
        self.sock.setblocking(False)
        return self

    def fileno(self) -> int:
        """For `select`."""
        assert self.sock is not None
        return self.sock.fileno()

    def accept(self) -> Wire | None:
        """The next visitor, or None when nobody (or nobody with the token) is at the door."""
        assert self.sock is not None
        try:
            visitor, _ = self.sock.accept()
        except (BlockingIOError, InterruptedError):
            return None
        if self.token:
            visitor.settimeout(0.05)
            try:
                said = visitor.recv(len(self.token))
            except OSError:
                said = b""
            if not hmac.compare_digest(said, self.token):
                visitor.close()
                return None
        visitor.setblocking(False)
        return Wire(visitor)

    def close(self) -> None:
        """Stop listening and take the file away."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None
            with contextlib.suppress(OSError):
                self.path.unlink()


def connect(path: Path, patience_s: float = 0.0) -> Wire:
    """Visit the process that listens at a path; RigError when nobody opens within `patience_s`."""
    until_s = time.perf_counter() + patience_s
    while True:
        try:
            return _connect_once(path)
        except OSError as error:
            if time.perf_counter() >= until_s:
                raise RigError(f"nobody answers at {path}; is the band running?") from error
            time.sleep(0.02)


def _connect_once(path: Path) -> Wire:
    if hasattr(socket, "AF_UNIX"):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(str(path))
        except OSError:
            sock.close()
            raise
    else:  # Windows
        port, token = path.read_text().split()
        sock = socket.create_connection(("127.0.0.1", int(port)), timeout=1)
        sock.sendall(token.encode())
    sock.setblocking(False)
    return Wire(sock)
