"""Updates handled in one commit with what came while the last one was on its way.

Nobody is waited for: an update that comes alone is handled at once. The more come, the more are
handled together, and the less each costs. One that fails, or whose person somebody else has, is
taken out of its batch and tried alone, so that it holds up none of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from bot.lanes import where
from surveys.conduct.settle import Arrived, Queued, Settled, Taken, settle_together, take_in
from surveys.store.database import Database
from surveys.store.messages import SENDS, Outgoing
from surveys.store.vault import Vault

log = logging.getLogger(__name__)

MOST = 100
"""Updates in one commit: as many as Telegram gives at once."""
SLOW = 0.5
"""Seconds after which those that came since do not wait for a commit any longer (on PostgreSQL):
somebody has asked for something that takes its time."""

Outcome = Literal["handled", "waits", "known"]
"""handled: that is committed · waits: it is in the inbox, and to be handled later · known: it was
handled, or taken in, before."""
Waiting = tuple[Arrived, asyncio.Future[Outcome]]


class Together:
    """Handles updates, many at a time."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        answer: Callable[[Session, Taken], Sequence[Outgoing]],
        say: Callable[[Sequence[Queued]], None],
        clock: Callable[[], datetime],
    ) -> None:
        """`answer` handles one update within the transaction; `say` is told, once it is committed,
        what is to be sent. `clock` gives the time in UTC."""
        self._database, self._vault = database, vault
        self._answer, self._say, self._clock = answer, say, clock
        self._waiting: list[Waiting] = []
        self._going: asyncio.Task[None] | None = None
        self._batches: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        """The persons of whom something is being handled."""

    async def handle(self, taken: Taken) -> Outcome:
        """Handle an update of the inbox, unless another program has its person's turn, or an older
        one comes first: it waits then. Raises what its handler raises."""
        return await self._line_up(Arrived(taken))

    async def handle_fresh(self, several: Sequence[Arrived]) -> list[Outcome | BaseException]:
        """Take in updates and handle them; once this returns they are committed.

        An error stands for one that could not even be taken in; one that could not be handled
        waits.
        """
        lined_up = [self._line_up(one) for one in several]
        return await asyncio.gather(*lined_up, return_exceptions=True)

    def _line_up(self, one: Arrived) -> asyncio.Future[Outcome]:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return done

    async def close(self, patience: float) -> None:
        """Begin nothing more, and give what is under way `patience` seconds."""
        for _, done in self._waiting:
            done.cancel()
        if self._batches:
            await asyncio.wait(self._batches, timeout=patience)

    async def _go(self) -> None:
        try:
            while self._waiting:
                several = self._next()
                if several:
                    batch = asyncio.create_task(self._batch(several))
                    self._batches.add(batch)
                    batch.add_done_callback(self._batches.discard)
                    await asyncio.wait([batch], timeout=SLOW)
                else:
                    await asyncio.wait(self._batches, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Whatever ended this, the next update begins it anew.
            self._going = None

    def _next(self) -> list[Waiting]:
        """What goes into the next commit: nothing of those of whom something is being handled."""
        chosen: list[Waiting] = []
        left: list[Waiting] = []
        for one in self._waiting:
            free = one[0].taken.lane not in self._busy and len(chosen) < MOST
            (chosen if free else left).append(one)
        self._waiting = left
        return chosen

    async def _batch(self, several: Sequence[Waiting]) -> None:
        lanes = {one.taken.lane for one, _ in several}
        self._busy |= lanes
        try:
            await self._settle(several)
        finally:
            self._busy -= lanes

    async def _settle(self, several: Sequence[Waiting]) -> None:
        # Of whom nobody waits any more: the program ends, and nothing of it was promised.
        several = [(one, done) for one, done in several if not done.done()]
        if not several:
            return
        try:
            settled = await self._database.in_thread(
                settle_together, self._database, self._vault, [one for one, _ in several],
                self._answer, self._clock(),
            )  # fmt: skip
        except Exception as error:  # whatever a handler did, the others go on
            await self._apart(several, error)
        else:
            self._told(several, settled)

    def _told(self, several: Sequence[Waiting], settled: Settled) -> None:
        outcomes: dict[int, Outcome] = dict.fromkeys(settled.waits, "waits")
        for taken, queued in settled.queued:
            outcomes[taken.update_id] = "handled"
            self._say(answering(queued, taken.received))
        for one, done in several:
            if not done.done():
                done.set_result(outcomes.get(one.taken.update_id, "known"))

    async def _apart(self, several: Sequence[Waiting], error: Exception) -> None:
        """Each alone: one is to blame, and is to be known."""
        if len(several) > 1:
            log.info("updates are handled one by one: %s", where(error))
            lanes: dict[str, list[Waiting]] = {}
            for waiting in several:
                lanes.setdefault(waiting[0].taken.lane, []).append(waiting)
            await asyncio.gather(*(self._in_turn(lane) for lane in lanes.values()))
            return
        ((one, done),) = several
        if one.fresh:
            log.info("an update could not be handled at once: %s", where(error))
            try:
                kept = await self._database.in_thread(
                    take_in, self._database, self._vault, [one.taken.update], self._clock()
                )
            except Exception as second:
                error = second
            else:
                if not done.done():
                    done.set_result("waits" if kept else "known")
                return
        if not done.done():
            done.set_exception(error)

    async def _in_turn(self, lane: Sequence[Waiting]) -> None:
        for waiting in lane:
            await self._settle([waiting])


def answering(queued: Sequence[Queued], received: float) -> list[Queued]:
    """With when the update came in, on the first message: so long its person waited."""
    first = next((one for one in queued if one.outgoing.method.startswith(SENDS)), None)
    return [replace(one, received=received) if one is first else one for one in queued]
