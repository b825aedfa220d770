"""The console in a browser, for a tablet on the stand: `bandmate console --web`.

textual-serve runs a console for each page and has no authentication of its own; a guard in front of it
lets nobody in without the token of the address: in the query first, in a cookie from then on. A process of
its own, in front of any rig; must not import listening, model or parts, nor be imported without `--web`.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from bandmate.errors import RigError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NO_TOKEN = "This console opens only by the whole address that `bandmate console --web` has printed.\n"
NO_GUEST = "Another page may not steer this band.\n"
SHEET = re.compile(r'<link\s+rel="stylesheet"\s+href="([^"]*)"\s*/?>')
TOKEN_BYTES = 18
MOST_PORT = 65535


class WebDoor(Server):
    """textual-serve behind a guard. `sock` listens already; `command` starts one console."""

    def __init__(self, command: str, sock: socket.socket, token: str) -> None:
        host, port = sock.getsockname()[:2]
        super().__init__(command, host=host, port=port, title="bandmate")
        self.sock, self.token = sock, token
        self.cookie = f"bandmate-{port}"  # cookies know hosts, not ports

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard())
        return app

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            """Nobody without the token, and no page of somebody else's; 403 in one sentence."""
            said = request.query.get("token")
            given = request.cookies.get(self.cookie, "") if said is None else said
            if not secrets.compare_digest(given.encode(), self.token.encode()):
                return web.Response(status=403, text=NO_TOKEN)
            origin = request.headers.get("Origin")
            if origin is not None and urlsplit(origin).netloc != request.host:
                return web.Response(status=403, text=NO_GUEST)
            response = await handler(request)
            response.headers["Referrer-Policy"] = "no-referrer"
            if said is not None and not response.prepared:
                response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict")
            return response

        return guard

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page: it goes by the address that it was asked for, and loads nothing from elsewhere."""
        self.public_url = f"http://{request.host}"
        page: Any = await super().handle_index(request)
        page.text = at_home(page.text, self.public_url)
        return page  # type: ignore[no-any-return]

    async def on_startup(self, app: web.Application) -> None:
        """Nothing to say: `serve` has printed the address."""

    def run(self) -> None:
        """Until Ctrl+C. No log of requests: their addresses hold the token."""
        web.run_app(self._make_app(), sock=self.sock, print=None, access_log=None)


def at_home(page: str, own_url: str) -> str:
    """A page without the style sheets of elsewhere: a stage has no internet."""
    return SHEET.sub(lambda sheet: sheet[0] if sheet[1].startswith(own_url) else "", page)


def serve(rig: str, host: str, port: int) -> int:
    """Serve the consoles of a rig until Ctrl+C; raises RigError where the address can't be taken."""
    try:
        if not 0 <= port <= MOST_PORT:
            raise OSError(0, "there is no such port")
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        raise RigError(
            f"{host} port {port} cannot be opened ({error.strerror}); name another --web-host or --web-port"
        ) from None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    command = shlex.join([sys.executable, "-m", "bandmate", "console", "--rig", rig])
    door = WebDoor(command, sock, token)
    for line in welcome(host, door.port, token):
        print(line, flush=True)
    door.run()
    return 0


def welcome(host: str, port: int, token: str) -> list[str]:
    """The address to open, and a word where more than this machine can reach it."""
    shown = f"[{host}]" if ":" in host else host
    lines = [f"The console is at http://{shown}:{port}/?token={token}"]
    if not _only_here(host):
        lines.append(
            "THIS IS OPEN TO THE NETWORK, and not encrypted: whoever has the address steers the band. "
            "From elsewhere, put this machine's own address in it."
        )
    return [*lines, "Ctrl+C closes it; the band plays on."]


def _only_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
