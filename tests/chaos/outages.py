"""What can be taken away from a running bot, and given back."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from pathlib import Path

from sqlalchemy import make_url

from bot.demo.server import Telegram
from tests.chaos.programs import Program

METHODS = (
    "sendMessage", "editMessageText", "answerCallbackQuery", "deleteMessage",
    "editMessageReplyMarkup", "getUpdates", "setMyCommands", "getMe",
)  # fmt: skip
LASTS = 1.0
"""Seconds after which trouble that nobody met is over. Would it wait for whoever comes next, then
somebody who is alone, and comes again every ten seconds, would meet it each time: for them Telegram
would be away for good."""
AT_START = ("setMyCommands", "getMe")
"""What is seldom called: there it waits."""
KINDS = (500, 502, 429, "cut", "cut_after", "timeout")
WEIGHTS = (4, 4, 2, 4, 4, 0.2)


class Proxy:
    """A TCP proxy before PostgreSQL, which can be cut."""

    def __init__(self, url: str) -> None:
        self._to = make_url(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> str:
        """Listen; gives the database's URL through it."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self._to.set(host="127.0.0.1", port=self.port).render_as_string(False)

    async def cut(self) -> None:
        """Break every connection, and take no more."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far, to = await asyncio.open_connection(
                self._to.host or "127.0.0.1", self._to.port or 5432
            )
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to}
        await asyncio.gather(_pour(reader, to), _pour(far, writer))
        self._writers -= {writer, to}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def locked(file: Path):
    """A SQLite database that another program keeps to itself."""
    other = sqlite3.connect(file, timeout=30, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def disk_full(programs: list[Program], seconds: float) -> None:
    """Nothing can be written for a while."""
    for one in programs:
        one.limit_files(4096)
    await asyncio.sleep(seconds)
    for one in programs:
        one.limit_files(-1)


async def trouble(telegram: Telegram, chance: random.Random, seen: dict[str, int]) -> None:
    """Telegram's answers go wrong, now this method, now that one, until cancelled; `seen` counts
    how many of them did."""
    since: dict[str, tuple[float, bool]] = {}
    while True:
        await asyncio.sleep(chance.uniform(0.3, 0.9))
        for name, (began, unheard) in list(since.items()):
            waiting = telegram._faults[name]
            if waiting and asyncio.get_running_loop().time() - began > LASTS:
                seen["faults"] -= sum(one.left for one in waiting)
                seen["unheard"] = seen.get("unheard", 0) - unheard
                waiting.clear()
        method = chance.choice(METHODS)
        kind = chance.choices(KINDS, WEIGHTS)[0]
        if telegram._faults[method.lower()]:
            # The last one was not met yet.
            continue
        if kind == "timeout" and method == "getUpdates":
            # A poll may last for a minute by its nature: nothing would be tried meanwhile.
            continue
        # Of polls and of what is asked at a start one at a time, or none would ever succeed.
        single = kind in ("timeout", "cut_after") or method.startswith("get")
        times = 1 if single else chance.randint(1, 3)
        telegram.fault(method, kind, times, retry_after=1)
        unheard = kind in ("cut_after", "timeout") and method == "sendMessage"
        seen["faults"] = seen.get("faults", 0) + times
        seen["unheard"] = seen.get("unheard", 0) + unheard
        if method not in AT_START:
            since[method.lower()] = asyncio.get_running_loop().time(), unheard
