"""From Telegram through the database and back: take in, handle, send, until told to stop.

Nothing here knows what is said. One function handles an update within its transaction; work beside
the conversation (profiles, exports) runs along and hands over its messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.inbox import Incoming, Poller, Receiver, read
from bot.lanes import Lanes, where
from bot.ledger import DatabaseLedger
from bot.limits import OwnBucket
from bot.metrics import Metrics
from bot.outbox import Outgoing, Sender
from bot.replicas import Replica
from bot.request import TelegramBot
from bot.shared_bucket import SharedBucket
from bot.together import Together, answering
from bot.uploads import Uploads
from surveys.conduct.settle import (
    Queued,
    Taken,
    note_failure,
    queue,
    settle,
    taken_from,
    waiting,
)
from surveys.store.database import Database
from surveys.store.updates import prune_inbox

log = logging.getLogger(__name__)

Handle = Callable[[Session, Incoming, Desk], list[Outgoing]]
HandOver = Callable[[Sequence[Queued]], None]
Beside = Callable[[Database, Desk, HandOver, asyncio.Event], Awaitable[None]]
LEFT_OVER = 2000
"""Updates of an earlier run that are lined up at the start; the others follow as there is room."""
KEPT = timedelta(days=2)
"""How long the numbers of handled updates are kept: Telegram redelivers for 24 hours."""
PRUNE_EVERY = 3600.0
PAUSE = 5.0
"""Seconds until work that the database failed begins again."""


class Pump:
    """One bot at work."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        bot: TelegramBot,
        handle: Handle,
        apology: Handle,
        *,
        receiver: Receiver | None = None,
        metrics: Metrics | None = None,
        limits: bool = True,
    ) -> None:
        """`handle` answers an update; `apology` says one sentence when five tries failed.

        `receiver`: how updates come in; without one they are asked for.
        """
        self.metrics = metrics or Metrics()
        self.database = database
        self.desk = desk
        self.patience = 5.0
        """Seconds that a stop gives to what is being handled, then to what is being sent."""
        self._handle = handle
        self._apology = apology
        alone = database.engine.dialect.name == "sqlite"
        self._shared = SharedBucket(database) if limits and not alone else None
        bucket = self._shared or (OwnBucket() if limits else None)
        self.sender = Sender(
            bot, DatabaseLedger(database, desk.clock), desk.clock, bucket=bucket,
            uploads=Uploads(bot, database, desk.vault, desk.bot_username), metrics=self.metrics,
        )  # fmt: skip
        self.lanes = Lanes(
            self._take_turn, self._note_failure, self._apologise, metrics=self.metrics
        )
        self._replica = Replica(
            database, desk.vault, self.lanes, self.sender, self._shared,
            metrics=self.metrics, clock=desk.clock,
        )  # fmt: skip
        self._receiver = receiver or Poller(bot)
        self._together = Together(database, desk.vault, self._answer, self.sender.put, desk.clock)

    async def run(self, stop: asyncio.Event, beside: Beside) -> None:
        """Work until `stop`, or until polling makes no sense any more (`Halted`); then drain."""
        await self._replica.enter()
        await self._load()
        tasks = [
            asyncio.ensure_future(one)
            for one in (
                self._receiver.run(self),
                self._steadily(
                    partial(beside, self.database, self.desk, self.sender.put, stop), stop
                ),
                self._steadily(self._prune, stop),
                self._replica.run(),
                stop.wait(),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            # Work beside ends by itself at `stop`, between two jobs; the others at once.
            alive = tasks.pop(3)
            self._replica.only_beats = True
            for task in (tasks[0], tasks[2]):
                task.cancel()
            await asyncio.wait(tasks, timeout=10)
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(
                self.lanes.close(self.patience), self._together.close(self.patience)
            )
            await self.sender.close(self.patience)
            # Until here: who takes longer than others wait would be taken for dead, and what it is
            # about to send would be sent by them, too.
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
            if self._shared is not None:
                await self._shared.close()
            await self._replica.leave()
        for task in done:
            task.result()

    async def _load(self) -> None:
        """Line up what an earlier run left: first what to say, then what to handle."""
        await self._replica.look()
        updates = await self.database.in_reader(waiting, self.database, self.desk.vault, LEFT_OVER)
        if self.sender.waiting or updates:
            log.info("left over: %d messages, %d updates", self.sender.waiting, len(updates))
        self.lanes.put_unknown(updates)

    async def take(self, updates: Sequence[dict[str, Any]]) -> None:
        """Commit updates and line up those not handled at once (see `bot.inbox.Intake`)."""
        received = time.monotonic()
        came = [taken_from(self.desk.vault, update, received) for update in updates]
        done = await self._together.handle_fresh(came)
        self.metrics.updates.inc(sum(one in ("handled", "waits") for one in done))
        self.lanes.put(one for one, outcome in zip(came, done, strict=True) if outcome == "waits")
        for error in done:
            if isinstance(error, BaseException):
                raise error

    async def room(self) -> None:
        """Wait while too much is lined up already."""
        await self.lanes.room()

    @property
    def full(self) -> bool:
        """Whether too much is lined up already."""
        return self.lanes.full

    async def _take_turn(self, taken: Taken, again: bool) -> None:
        # One that failed is not tried with others again: they would fail with it.
        done = not again and await self._together.handle(taken) != "waits"
        while not done:
            # Another program has this person's turn, or took in what comes before; or it failed.
            done, queued = await self.database.in_thread(
                settle, self.database, self.desk.vault, taken, self._answer, self.desk.clock()
            )
            self.sender.put(answering(queued, taken.received))

    def _answer(self, session: Session, taken: Taken) -> list[Outgoing]:
        incoming = read(taken.update, taken.lane)
        if incoming is None:
            return []
        said = self._handle(session, incoming, self.desk)
        self.metrics.handled.labels(incoming.kind).inc()
        return said

    async def _note_failure(self, taken: Taken, error: str) -> bool:
        return await self.database.in_thread(
            note_failure, self.database, taken.update_id, error, self.desk.clock()
        )

    async def _apologise(self, taken: Taken) -> None:
        incoming = read(taken.update, taken.lane)
        if incoming is not None:
            self.sender.put(await self.database.in_thread(self._queue_apology, incoming))

    def _queue_apology(self, incoming: Incoming) -> list[Queued]:
        with self.database.begin() as session:
            said = self._apology(session, incoming, self.desk)
            return queue(
                session, self.desk.vault, said, lane=incoming.lane, contact_id=None,
                now=self.desk.clock(),
            )  # fmt: skip

    async def _steadily(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Begin work again when the database failed it: the conversation goes on meanwhile."""
        while not stop.is_set():
            try:
                await work()
            except SQLAlchemyError as error:
                log.warning("work beside the conversation waits: %s", where(error))
                await asyncio.sleep(PAUSE)

    async def _prune(self) -> None:
        while True:
            await self.database.in_thread(self._prune_now)
            await asyncio.sleep(PRUNE_EVERY)

    def _prune_now(self) -> None:
        with self.database.begin() as session:
            prune_inbox(session, self.desk.clock() - KEPT)
