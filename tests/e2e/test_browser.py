"""The console in a real browser: Chromium sees the band and a key in it steers the band."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")

from bandmate import wire  # noqa: E402
from bandmate.events import Command  # noqa: E402
from bandmate.places import places  # noqa: E402
from tests.console.backstage import CALM  # noqa: E402

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
PATIENCE_S = 60.0
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium-headless-shell)"
)


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """The doors of a rig, with nobody behind them but this test."""
    monkeypatch.setenv("BANDMATE_HOME", str(tmp_path / "h"))
    band, supervisor = (wire.Door(path).open() for path in (places("main").band, places("main").supervisor))
    yield band
    band.close()
    supervisor.close()


@pytest.fixture
def address(rig):
    words = [sys.executable, "-m", "bandmate", "console", "--web", "--web-port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    yield process.stdout.readline().removeprefix("The console is at ").strip()
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def browser(tmp_path):
    """Chromium without a window; yields where its tools listen."""
    words = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--window-size=1000,700",
        "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'browser'}", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    said = ""
    while not (found := re.search(r"DevTools listening on ws://([^/]+)/", said)):
        said = process.stderr.readline()
        assert said, "the browser does not start"
    yield f"http://{found[1]}"
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stderr.close()


class Page:
    """A page of the browser, by its developer tools."""

    def __init__(self, tools):
        self.tools, self.number = tools, 0

    async def do(self, method, **what):
        self.number += 1
        await self.tools.send_json({"id": self.number, "method": method, "params": what})
        while True:
            said = await self.tools.receive_json(timeout=PATIENCE_S)
            if said.get("id") == self.number:
                return said.get("result", {})


def test_a_browser_shows_the_band_and_steers_it(rig, address, browser, tmp_path):
    ends, steered = [], []

    def feed():
        """The band: a snapshot to each console, and what they say."""
        visitor = rig.accept()
        ends.extend([visitor] if visitor is not None else [])
        for end in ends:
            end.send(CALM)
            steered.extend(said.name for said in end.receive() if isinstance(said, Command))

    async def play():
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{browser}/json") as answer:
                pages = await answer.json(content_type=None)
            way = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            async with session.ws_connect(way, max_msg_size=0) as tools:
                page = Page(tools)
                await page.do("Page.navigate", url=address)
                until_s = time.perf_counter() + PATIENCE_S
                while "fill" not in steered:
                    assert time.perf_counter() < until_s, f"{len(ends)} consoles, {steered}"
                    feed()
                    if ends:  # a touch gives the page the keyboard
                        for kind in ("mousePressed", "mouseReleased"):
                            await page.do("Input.dispatchMouseEvent", type=kind, x=300, y=300, button="left",
                                          clickCount=1)  # fmt: skip
                        for kind, text in (("keyDown", "f"), ("keyUp", "")):
                            await page.do(
                                "Input.dispatchKeyEvent", type=kind, key="f", code="KeyF", text=text
                            )
                    await asyncio.sleep(0.05)
                shot = await page.do("Page.captureScreenshot")
                picture = base64.b64decode(shot["data"])
                (tmp_path / "page.png").write_bytes(picture)
                return len(picture)

    assert asyncio.run(play()) > 5000  # a page with nothing on it is smaller
    for end in ends:
        end.close()
