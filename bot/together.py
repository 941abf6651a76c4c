"""Updates handled in one commit with what came while the last one was on its way.

An update that comes alone is handled at once. The more come, the more are handled together, and the
less each costs: where a commit was for several, and more came meanwhile, the next one waits for a
moment, or until there are enough. Nothing waits for long here: what is not handled together with
the others is in the inbox, and its turn comes later (bot.lanes).
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
"""People in one commit: as many as Telegram gives updates at once."""
MOMENT = 0.02
"""Seconds that a commit waits for more updates …"""
ENOUGH = 20
"""… unless there are so many."""
SLOW = 0.5
"""Seconds after which those that came since do not wait for a commit any longer (on PostgreSQL):
somebody has asked for something that takes its time."""

Outcome = Literal["handled", "waits", "known"]
"""handled: that is committed · waits: it is in the inbox, and to be handled later, by itself ·
known: it was handled, or taken in, before."""
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
        self._batches: set[asyncio.Task[None]] = set()
        self._newest: asyncio.Task[None] | None = None
        """The batch that others wait for, until it is through, or slow."""
        self._last = 0
        """Updates in the last commit; 0: nothing came during it, or what came has waited."""
        self._gathering: asyncio.TimerHandle | None = None
        """Ends the moment for which a commit waits."""
        self._busy: set[str] = set()
        """The persons of whom something is being handled."""

    async def handle(self, taken: Taken) -> Outcome:
        """Handle an update of the inbox with others. It waits where another program has its
        person's turn, an older one comes first, or the others' commit failed."""
        return await self._line_up(Arrived(taken))

    async def handle_fresh(self, several: Sequence[Taken]) -> list[Outcome | BaseException]:
        """Take in updates and handle them; once this returns they are committed.

        An error stands for one that could not even be taken in. Then of its person nothing that
        was given with it is, so that nothing overtakes it.
        """
        lined_up = [self._line_up(Arrived(one, fresh=True)) for one in several]
        return await asyncio.gather(*lined_up, return_exceptions=True)

    async def close(self, patience: float) -> None:
        """Begin nothing more, and give what is under way `patience` seconds."""
        for _, done in self._waiting:
            done.cancel()
        self._waiting.clear()
        if self._batches:
            await asyncio.wait(self._batches, timeout=patience)

    def _line_up(self, one: Arrived) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((one, done))
        # With all that come at this very moment.
        loop.call_soon(self._go)
        return done

    def _go(self) -> None:
        """Begin the next commit, unless it is worth while to wait for the last one, or for more."""
        if self._newest is not None:
            return
        if self._last > 1 and 0 < len(self._waiting) < ENOUGH:
            if self._gathering is None:
                loop = asyncio.get_running_loop()
                self._gathering = loop.call_later(MOMENT, self._gathered)
            return
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        several = self._next()
        self._last = len(several)
        if several:
            batch = self._newest = asyncio.create_task(self._batch(several))
            self._batches.add(batch)
            slow = asyncio.get_running_loop().call_later(SLOW, self._pass, batch)
            batch.add_done_callback(lambda _: slow.cancel())
            batch.add_done_callback(self._batches.discard)
            batch.add_done_callback(self._pass)

    def _gathered(self) -> None:
        self._last = 0
        self._go()

    def _pass(self, batch: asyncio.Task[None]) -> None:
        """A batch is through, or slow: those that came since go on, and, once it is through, those
        whom it kept busy."""
        if self._newest is batch:
            self._newest = None
        self._go()

    def _next(self) -> list[Waiting]:
        """What goes into the next commit: of a person all or nothing, and nothing where something
        of theirs is being handled."""
        lanes: set[str] = set()
        chosen: list[Waiting] = []
        left: list[Waiting] = []
        for one in self._waiting:
            lane = one[0].taken.lane
            if one[1].done():
                # Nobody waits any more: the program ends, and nothing of it was promised.
                continue
            if lane in lanes or (lane not in self._busy and len(lanes) < MOST):
                lanes.add(lane)
                chosen.append(one)
            else:
                left.append(one)
        self._waiting = left
        self._busy |= lanes
        return chosen

    async def _batch(self, several: Sequence[Waiting]) -> None:
        try:
            outcomes = await self._outcomes([one for one, _ in several])
        except Exception as error:  # whatever it is: nobody may wait for ever
            for _, done in several:
                if not done.done():
                    done.set_exception(error)
        else:
            for one, done in several:
                if not done.done():
                    done.set_result(outcomes.get(one.taken.update_id, "known"))
        finally:
            self._busy -= {one.taken.lane for one, _ in several}

    async def _outcomes(self, several: Sequence[Arrived]) -> dict[int, Outcome]:
        """What became of them; those that are not in it are known. Raises where not all that are
        fresh could be taken in: then none of them is."""
        try:
            settled = await self._database.in_thread(
                settle_together, self._database, self._vault, several, self._answer, self._clock()
            )
        except Exception as error:  # whatever a handler did: one is to blame, and is to be known
            log.info("updates are handled one by one: %s", where(error))
            return await self._taken_in(several)
        return self._told(settled)

    def _told(self, settled: Settled) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = dict.fromkeys(settled.waits, "waits")
        for taken, queued in settled.queued:
            outcomes[taken.update_id] = "handled"
            self._say(answering(queued, taken.received))
        return outcomes

    async def _taken_in(self, several: Sequence[Arrived]) -> dict[int, Outcome]:
        """Each is to be handled alone, from the inbox."""
        waits = [one.taken for one in several if not one.fresh]
        fresh = [one.taken.update for one in several if one.fresh]
        if fresh:
            waits += await self._database.in_thread(
                take_in, self._database, self._vault, fresh, self._clock()
            )
        return {one.update_id: "waits" for one in waits}


def answering(queued: Sequence[Queued], received: float) -> list[Queued]:
    """With when the update came in, on the first message: so long its person waited."""
    first = next((one for one in queued if one.outgoing.method.startswith(SENDS)), None)
    return [replace(one, received=received) if one is first else one for one in queued]
