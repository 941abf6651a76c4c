"""A headless Chromium, spoken to over its DevTools pipe: pages as people see them.

One browser for all tests of a process (fixture `chromium`); each page opens in a tab of its own, in
which nothing of another is left. The only font is the one that we ship, so that a page is laid out
alike on every machine.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from surveys.reports.charts import font_file

PHONE, A4 = 360, 794
"""Widths in CSS pixels: a small phone, and an A4 sheet (210 mm at 96 to the inch)."""
PATIENCE = 30
"""Seconds until an answer is given up."""

JOIN = """import os, sys
one, other = (os.dup(int(fd)) for fd in sys.argv[1:3])
os.dup2(one, 3), os.dup2(other, 4)
os.set_inheritable(3, True), os.set_inheritable(4, True)
os.execv(sys.argv[3], sys.argv[3:])"""
"""Chromium reads commands from 3 and answers on 4, whatever our ends are called."""

STICKING_OUT = """(() => {
    const room = document.documentElement.clientWidth, found = [];
    const wide = document.documentElement.scrollWidth;
    const main = document.querySelector('main');
    // Beyond this, words stand in the margin.
    const edge = main ? main.getBoundingClientRect().right
        - parseFloat(getComputedStyle(main).paddingRight) : room;
    if (wide > room) found.push(`the page is ${wide} wide, not ${room}: too wide`);
    for (const one of document.body.querySelectorAll('*')) {
        if (one.closest('svg') && !(one instanceof SVGTextElement)) continue;
        const at = one.getBoundingClientRect();
        if (at.width && (at.right > room + 0.5 || at.left < -0.5))
            found.push(`${one.tagName} ${one.textContent.trim().slice(0, 40)}: `
                + `${at.left.toFixed()} to ${at.right.toFixed()} of ${room}`);
        else if (at.width && main?.contains(one) && main !== one && at.right > edge + 1
                && !(one instanceof SVGElement))
            found.push(`${one.tagName} ${one.textContent.trim().slice(0, 40)}: in the margin`);
        if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth && !(one instanceof SVGElement)
                && getComputedStyle(one).overflowX !== 'visible')
            found.push(`${one.tagName} ${one.textContent.trim().slice(0, 40)}: cut off`);
    }
    return found;
})()"""

AXE = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(one =>
    `${one.id}: ${one.help}: ` + one.nodes.slice(0, 3).map(node => node.html).join(' | ')))"""


@dataclass
class Tab:
    """One page, open in the browser."""

    browser: Browser
    session: str
    said: list[str] = field(default_factory=list)
    """Errors and warnings on its console, exceptions, and what it asked the network for."""

    def call(self, method: str, **parameters: Any) -> Any:
        """A method of the DevTools protocol, in this tab."""
        return self.browser.call(method, self.session, **parameters)

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        found = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def resize(self, width: int, height: int = 800, *, scale: float = 1) -> None:
        """Make the window so many CSS pixels wide and high; `scale`: device pixels to each."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip

    def printed(self, on: bool = True) -> None:
        """Lay the page out as for a printer, or as for a screen again."""
        self.call("Emulation.setEmulatedMedia", media="print" if on else "screen")

    def sticking_out(self) -> list[str]:
        """What reaches over the page's edge to the left or right, or is cut off there."""
        found: list[str] = self.run(STICKING_OUT)
        return found

    def violations(self) -> list[str]:
        """What axe-core finds that keeps people out."""
        self.run(axe() + ";0")
        found: list[str] = self.run(AXE)
        return found

    def picture(self) -> bytes:
        """The whole page, from top to bottom, as a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def pdf(self) -> bytes:
        """What a printer would get, on the sheets that the page's own style asks for."""
        made = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(made["data"])

    def close(self) -> None:
        """Close the tab."""
        self.browser.close(self)


class Browser:
    """A Chromium of our own, with an empty profile in `folder`."""

    def __init__(self, program: str, folder: Path) -> None:
        self.folder, self.count, self.tabs, self.rest = folder, 0, dict[str, Tab](), b""
        fonts = folder / "fonts.conf"
        fonts.write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
            f"<dir>{font_file().parent}</dir><cachedir>{folder / 'fonts'}</cachedir></fontconfig>",
            encoding="utf-8",
        )
        commands, self.write = os.pipe()
        self.read, answers = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", JOIN, str(commands), str(answers), program,
             "--headless", "--remote-debugging-pipe",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--disable-extensions", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--no-first-run", "--no-default-browser-check",
             "--force-color-profile=srgb", "--font-render-hinting=none",
             f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(commands, answers),
            env=os.environ | {"FONTCONFIG_FILE": str(fonts)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)

    def call(self, method: str, session: str = "", **parameters: Any) -> Any:
        """A method of the DevTools protocol; what happens meanwhile is kept with its tab."""
        self.count += 1
        number = self.count
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next(method)
            if got.get("id") == number:
                assert "error" not in got, (method, got["error"])
                return got["result"]

    def wait_for(self, event: str, session: str) -> None:
        """Until something happens in a tab."""
        while True:
            got = self._next(event)
            if got.get("method") == event and got.get("sessionId") == session:
                return

    def open(
        self, page: str | Path, width: int = PHONE, height: int = 800, *, scale: float = 1
    ) -> Tab:
        """A page in a new tab: a document's text, or a file in its folder.

        What its console says stands in `said` once it is loaded.
        """
        if isinstance(page, str):
            file = self.folder / f"page-{self.count}.html"
            file.write_text(page, encoding="utf-8")
            page = file
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self.tabs[session] = Tab(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.call(f"{domain}.enable")
        tab.resize(width, height, scale=scale)
        tab.call("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("Page.loadEventFired", session)
        tab.run("document.fonts.ready.then(() => 0)")
        return tab

    def close(self, tab: Tab) -> None:
        """Close a tab."""
        tab.call("Page.close")
        self.tabs.pop(tab.session, None)

    def end(self) -> None:
        """Close the browser."""
        self.call("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.write)
        os.close(self.read)

    def _next(self, waiting_for: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        pieces = [self.rest]
        while b"\0" not in pieces[-1]:
            ready, _, _ = select.select([self.read], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self.read, 1 << 20) if ready else b""
            if not more:
                raise AssertionError(f"Chromium does not answer: {waiting_for}")
            pieces.append(more)
        message, _, self.rest = b"".join(pieces).partition(b"\0")
        got: dict[str, Any] = json.loads(message)
        self._keep(got)
        return got

    def _keep(self, got: dict[str, Any]) -> None:
        tab, happened = self.tabs.get(got.get("sessionId", "")), got.get("params", {})
        if tab is None:
            return
        method = got.get("method")
        if method == "Runtime.exceptionThrown":
            tab.said.append(happened["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and happened["entry"]["level"] in ("warning", "error"):
            tab.said.append(happened["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and happened["type"] in ("warning", "error"):
            tab.said.append(" ".join(str(one.get("value", "")) for one in happened["args"]))
        elif method == "Network.requestWillBeSent":
            url = happened["request"]["url"]
            if not url.startswith(("file:", "data:")):
                tab.said.append(f"asked the network for {url}")


@cache
def axe() -> str:
    """axe-core, out of the package that ships it."""
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser; skips where there is none, which in CI fails."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    browser = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.end()
