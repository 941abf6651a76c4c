"""From Telegram through the database and back: take in, handle, send, until told to stop.

Nothing here knows what is said. One function handles an update within its transaction; work beside
the conversation (profiles, exports) runs along and hands over its messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
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
from bot.uploads import Uploads
from surveys.conduct.settle import (
    Queued,
    Taken,
    note_failure,
    queue,
    settle,
    settle_together,
    take_in,
    take_in_and_settle,
    taken_from,
    waiting,
)
from surveys.store.database import Database
from surveys.store.messages import SENDS
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
        self._alone = database.engine.dialect.name == "sqlite"
        self._shared = SharedBucket(database) if limits and not self._alone else None
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
        self._gathered: list[tuple[Taken, asyncio.Future[list[Queued]]]] = []
        self._settling: asyncio.Task[None] | None = None

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
            await self.lanes.close(self.patience)
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
        """Commit updates and line up those not seen before (see `bot.inbox.Intake`)."""
        self.lanes.put(await self._keep(updates))

    async def room(self) -> None:
        """Wait while too much is lined up already."""
        await self.lanes.room()

    @property
    def full(self) -> bool:
        """Whether too much is lined up already."""
        return self.lanes.full

    async def _keep(self, updates: Sequence[dict[str, Any]]) -> Sequence[Taken]:
        now, received = self.desk.clock(), time.monotonic()
        if len(updates) == 1:
            one = taken_from(self.desk.vault, updates[0], received)
            if self.lanes.free(one.lane):
                # Nobody waits: one commit instead of two. No more come in before this is done.
                waiting, queued = await self.database.in_thread(
                    take_in_and_settle, self.database, self.desk.vault, one, self._answer, now
                )
                self.metrics.updates.inc()
                self.sender.put(_answering(queued, received))
                return waiting
        taken = await self.database.in_thread(
            take_in, self.database, self.desk.vault, updates, now, received
        )
        self.metrics.updates.inc(len(taken))
        return taken

    async def _take_turn(self, taken: Taken) -> None:
        if self._alone:
            self.sender.put(_answering(await self._beside_others(taken), taken.received))
            return
        done = False
        while not done:
            done, queued = await self.database.in_thread(
                settle, self.database, self.desk.vault, taken, self._answer, self.desk.clock()
            )
            self.sender.put(_answering(queued, taken.received))

    async def _beside_others(self, taken: Taken) -> list[Queued]:
        """Handle an update in one commit with what came while the last one was on its way."""
        done: asyncio.Future[list[Queued]] = asyncio.get_running_loop().create_future()
        self._gathered.append((taken, done))
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle_gathered())
        return await done

    async def _settle_gathered(self) -> None:
        try:
            while self._gathered:
                gathered, self._gathered = self._gathered, []
                for (_, waits), came in zip(gathered, await self._together(gathered), strict=True):
                    if waits.done():
                        # Whoever waited was cancelled: the program ends, and the outbox is kept.
                        continue
                    if isinstance(came, Exception):
                        waits.set_exception(came)
                    else:
                        waits.set_result(came)
        finally:
            # Whatever ended this, the next update begins it anew.
            self._settling = None

    async def _together(
        self, gathered: Sequence[tuple[Taken, object]]
    ) -> list[list[Queued] | Exception]:
        several = [taken for taken, _ in gathered]
        try:
            return await self.database.in_thread(
                settle_together, self.database, self.desk.vault, several, self._answer,
                self.desk.clock(),
            )  # fmt: skip
        except Exception as error:
            if len(several) == 1:
                return [error]
            # The commit of all of them: one may be to blame, and is to be known.
            log.info("updates could not be handled together: %s", where(error))
        return [(await self._together([(taken, None)]))[0] for taken in several]

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


def _answering(queued: Sequence[Queued], received: float) -> list[Queued]:
    """With when the update came in, on the first message: so long its person waited."""
    first = next((one for one in queued if one.outgoing.method.startswith(SENDS)), None)
    return [replace(one, received=received) if one is first else one for one in queued]
