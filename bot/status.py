"""Whether the program is well, for whoever watches it: /healthz, /readyz and /metrics.

On a listener of their own, which need not be reached from outside. What is answered here names no
person, no token and no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.inbox import Intake, Receiver
from bot.listening import listen, serving
from bot.metrics import Metrics
from surveys.store.database import Database
from surveys.store.upgrade import head, revision_in

PATIENCE = 2.0
"""Seconds that the database may take to answer."""


class Watched:
    """A receiver, and what became of it."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.begun = False
        self.ended = False
        """By itself, which it should not: not because it was told to."""

    async def run(self, intake: Intake) -> None:
        """Take updates in until cancelled (see `bot.inbox.Receiver`)."""
        self.begun = True
        try:
            await self._receiver.run(intake)
        except asyncio.CancelledError:
            raise
        except BaseException:
            self.ended = True
            raise
        self.ended = True


class Status:
    """Answers whoever watches the program."""

    def __init__(
        self, database: Database, metrics: Metrics, receiver: Watched, stop: asyncio.Event
    ) -> None:
        """`stop` is set once the program drains."""
        self._database = database
        self._metrics = metrics
        self._receiver = receiver
        self._stop = stop
        self._thread = ThreadPoolExecutor(1, "usegap-status")
        self._looking: asyncio.Future[str | None] | None = None

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """One request."""
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        if request.path == "/healthz":
            return _word("receiver" if self._receiver.ended else "")
        if request.path == "/readyz":
            return _word(await self._unready())
        if request.path == "/metrics":
            return web.Response(
                body=generate_latest(self._metrics.registry),
                headers={"Content-Type": CONTENT_TYPE_LATEST},
            )
        return web.Response(status=404)

    def close(self) -> None:
        """Wait for no answer of the database any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _unready(self) -> str:
        """Why nothing should be sent here now, in a word; "" where all is well."""
        if self._stop.is_set():
            return "draining"
        if not self._receiver.begun:
            return "starting"
        if self._receiver.ended:
            return "receiver"
        try:
            revision = await asyncio.wait_for(asyncio.shield(self._look()), PATIENCE)
        except Exception:  # whatever it was: it does not answer
            return "database"
        return "" if revision == head() else "version"

    def _look(self) -> asyncio.Future[str | None]:
        """Ask the database which tables it has; while one look hangs there is no second."""
        # On a thread of its own: a long export is no reason to be called away from work.
        if self._looking is None or self._looking.done():
            loop = asyncio.get_running_loop()
            self._looking = loop.run_in_executor(self._thread, self._revision)
        return self._looking

    def _revision(self) -> str | None:
        with self._database.read() as session:
            return revision_in(session)


@asynccontextmanager
async def answering(address: tuple[str, int] | None, status: Status) -> AsyncIterator[None]:
    """Answer at this address meanwhile, or nowhere; raises `Halted` where it cannot listen."""
    runner = serving(status.answer, patience=1.0)
    await runner.setup()
    try:
        if address is not None:
            await listen(runner, address, "USEGAP_STATUS_LISTEN")
        yield
    finally:
        await runner.cleanup()
        status.close()


def _word(why: str) -> web.Response:
    return web.Response(status=503 if why else 200, text=f"{why or 'ok'}\n")
