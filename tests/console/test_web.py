"""The console in a browser: a real server, real requests, and nobody in without the token."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time

import pytest

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")

from bandmate import jam, wire  # noqa: E402
from bandmate.__main__ import main  # noqa: E402
from bandmate.console.web import at_home, welcome  # noqa: E402
from bandmate.errors import BandmateError, RigError  # noqa: E402
from bandmate.events import Command  # noqa: E402
from bandmate.places import places  # noqa: E402
from tests.console.backstage import CALM  # noqa: E402

PATIENCE_S = 30.0


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """The doors of a rig, with nobody behind them but this test."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    where = places("main")
    band, supervisor = wire.Door(where.band).open(), wire.Door(where.supervisor).open()
    yield band
    band.close()
    supervisor.close()


@pytest.fixture
def served(rig):
    """`bandmate console --web` in a process of its own; yields its address, token and all."""
    words = [sys.executable, "-m", "bandmate", "console", "--web", "--web-port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    said = process.stdout.readline()
    yield said.removeprefix("The console is at ").strip()
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_nobody_comes_in_without_the_token_and_a_browser_with_it_sees_and_steers_the_band(rig, served):
    base = re.fullmatch(r"(http://127\.0\.0\.1:\d+/)\?token=\S{20,}", served)[1]

    async def refused(session, path, **more):
        async with session.get(base + path, **more) as answer:
            return answer.status, (await answer.text()).count("\n")

    async def strangers():
        async with aiohttp.ClientSession() as session:
            for path in ("", "?token=wrong", "ws", "static/js/textual.js", "nothing"):
                assert await refused(session, path) == (403, 1)
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(base + "ws")
            cookies = {f"bandmate-{base.split(':')[2].strip('/')}": "wrong"}
            assert await refused(session, "", cookies=cookies) == (403, 1)

    async def guest():
        jar = aiohttp.CookieJar(unsafe=True)  # of an address in numbers, too
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            async with session.get(served) as answer:
                assert answer.status == 200
                page = await answer.text()
                assert answer.headers["Set-Cookie"].endswith("HttpOnly; Path=/; SameSite=Strict")
            address = re.search(r'data-session-websocket-url="(ws://[^"]+)"', page)[1]
            assert address == base.replace("http", "ws") + "ws"
            assert set(re.findall(r'(?:href|src)="(https?://[^/"]+/)', page)) == {base}
            assert base + "static/css/xterm.css" in page
            assert (await refused(session, "ws", headers={"Origin": "http://127.0.0.1:1"}))[0] == 403
            async with session.ws_connect(address + "?width=80&height=24") as browser:
                await play(browser)

    async def play(browser):
        """The band's snapshots come out of the socket, and a key goes in."""
        screen, steered, end, until_s = b"", [], None, time.perf_counter() + PATIENCE_S
        while not steered:
            assert time.perf_counter() < until_s, screen[-500:]
            end = end or rig.accept()
            if end is not None:
                end.send(CALM)
                steered = [said for said in end.receive() if isinstance(said, Command)]
            try:
                message = await browser.receive(0.05)
            except TimeoutError:
                continue
            if message.type == aiohttp.WSMsgType.BINARY:
                screen += message.data
            if b"138" in screen and b"Am7" in screen:
                await browser.send_str(json.dumps(["stdin", "f"]))
        assert steered[0].name == "fill"
        end.close()

    asyncio.run(strangers())
    asyncio.run(guest())


def test_without_textual_serve_it_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "bandmate.console.web", None)
    assert main(["console", "--web"]) == 2
    assert capsys.readouterr().err == (
        "bandmate: --web wants textual-serve, which isn't installed: pip install 'bandmate[web]'\n"
    )


def test_without_a_rig_and_with_a_taken_port_it_is_one_sentence(tmp_path, monkeypatch):
    import socket

    from bandmate.console.web import serve

    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path))
    with pytest.raises(BandmateError, match="no rig 'main' is running"):
        jam.watch_in_browser("main", "127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RigError, match=f"127.0.0.1 port {port} cannot be opened"):
            serve("main", "127.0.0.1", port)
    with pytest.raises(RigError, match="port 99999 cannot be opened"):
        serve("main", "127.0.0.1", 99999)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_only_needs_no_warning(host):
    assert len(welcome(host, 8420, "x")) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "stage-laptop"])
def test_an_open_door_is_said_aloud(host):
    assert "THIS IS OPEN TO THE NETWORK" in welcome(host, 8420, "x")[1]


def test_a_style_sheet_from_elsewhere_is_taken_out_and_our_own_stays():
    own, other = (
        f'<link\n  rel="stylesheet"\n  href="{url}/a.css"\n/>' for url in ("http://x:1", "https://y")
    )
    assert at_home(own + other, "http://x:1") == own
