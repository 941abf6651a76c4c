"""Telegram's limit over several programs: all draw from one bucket in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.limits import OVERALL, OwnBucket
from surveys.store.database import Database
from surveys.store.pace import Pace

G = TypeVar("G")
T = TypeVar("T")
AGAIN = 1.0
"""Seconds after which a database that was away is asked again."""


class SharedBucket:
    """What all programs draw from; while the database is away, each has an even part of it."""

    def __init__(self, database: Database) -> None:
        """PostgreSQL only."""
        self._pace = Pace(database, OVERALL)
        self._part = OwnBucket()
        self._thread = ThreadPoolExecutor(1, "usegap-pace")
        self._away_until = 0.0

    def shared_by(self, programs: int) -> None:
        """So many programs are at work."""
        self._part.rate = OVERALL / programs

    def at_once(self, spare: int) -> bool:
        """Never: the database has to be asked."""
        return False

    async def take(self, spare: int, most: int = 1) -> tuple[int, float]:
        """Take calls (see `bot.limits.Bucket`)."""
        taken = await self._ask(partial(self._pace.take, spare), most)
        return await self._part.take(spare, most) if taken is None else taken

    async def pause(self, seconds: float) -> None:
        """Nothing goes out for so long, from any program."""
        await self._part.pause(seconds)
        await self._ask(self._pace.pause, seconds)

    async def close(self) -> None:
        """End the thread and the connection."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._pace.close)
        self._thread.shutdown()

    async def _ask(self, what: Callable[[G], T], given: G) -> T | None:
        """What the database says; None while it is away."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until:
            return None
        try:
            return await loop.run_in_executor(self._thread, what, given)
        except SQLAlchemyError:
            self._away_until = loop.time() + AGAIN
            return None
