"""The bot as processes, as an operator's supervisor runs them: one that ends is started again."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

from bot.demo.server import Telegram
from tests.forked import Forked

KEY = "k" * 43


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Program:
    """One replica."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.log = log
        self.kills = 0
        self.ended = 0
        """How often it ended by itself."""
        self.drained: list[float] = []
        """Seconds that a SIGTERM took."""
        self._process: Forked | None = None
        self._watching: asyncio.Task[None] | None = None
        self._wanted = False

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it, and start it again whenever it ends."""
        self._wanted = True
        await self._spawn()
        self._watching = asyncio.create_task(self._watch())

    async def _spawn(self) -> None:
        # Forked: fifty kills would be fifty times three seconds of imports.
        self._process = Forked(
            "tests.chaos.program", environment=self.environment, out=self.log, err=self.log
        )

    async def _watch(self) -> None:
        while True:
            assert self._process is not None
            await self._process.wait()
            if not self._wanted:
                return
            if self._process.returncode not in (-signal.SIGKILL, 0):
                self.ended += 1
                await asyncio.sleep(0.5)
            await self._spawn()

    async def kill(self) -> None:
        """kill -9; the supervisor starts it again."""
        while self._process is None or self._process.returncode is not None:
            # It is being started.
            await asyncio.sleep(0.01)
        self._process.kill()
        self.kills += 1

    async def terminate(self) -> None:
        """SIGTERM, and wait until it has drained; the supervisor starts it again."""
        assert self._process is not None
        process, began = self._process, time.monotonic()
        process.terminate()
        await process.wait()
        self.drained.append(time.monotonic() - began)

    def limit_files(self, most: int) -> None:
        """No file may grow beyond so many bytes (-1: as large as it likes): a full disk."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most, -1))

    async def stop(self) -> None:
        """SIGTERM for good."""
        self._wanted = False
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 30)
            except TimeoutError:
                self._process.kill()
        if self._watching is not None:
            await self._watching


def environment(
    telegram: Telegram, url: str, folder: Path, webhook: str, port: int
) -> dict[str, str]:
    """What a replica is told."""
    given = {
        "USEGAP_TELEGRAM_TOKEN": telegram.token,
        "USEGAP_TELEGRAM_API": telegram.url,
        "USEGAP_DATABASE_URL": url,
        "USEGAP_SECRET_KEY": KEY,
        "USEGAP_ORGANISATION": "O",
        "USEGAP_CONTACT": "C",
        "USEGAP_LOG_LEVEL": "warning",
        "USEGAP_TEST_CLOCK": str(folder / "clock"),
    }
    if webhook:
        given |= {"USEGAP_WEBHOOK_URL": webhook, "USEGAP_LISTEN": f"127.0.0.1:{port}"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("USEGAP_")}
    return clean | given


async def set_webhook(given: dict[str, str]) -> None:
    """`usegap webhook set`, as an operator's deploy step."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "webhook", "set", env=given,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("usegap webhook set failed")
