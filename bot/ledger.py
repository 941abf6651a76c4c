"""What became of messages, and under which numbers they stand: noted and asked for here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from bot.marks import Mark
from surveys.conduct.people import set_blocked
from surveys.conduct.settle import mark_failed, mark_sent, message_ids_of, still_wanted
from surveys.store.database import Database


class Ledger(Protocol):
    """Where the sender notes what became of messages (the database, from a thread)."""

    async def sent(self, marks: Sequence[Mark]) -> None:
        """(outbox id, message_id) of what is done."""

    async def failed(self, outbox_id: int, error: str, retry_at: datetime | None) -> None:
        """A message was given up (None), or is put off."""

    async def message_id_of(self, key: str) -> int | None:
        """The message_id of the message with this key."""

    async def still_wanted(self, outbox_id: int) -> bool:
        """Whether a message is still to be sent: it was neither taken back nor sent by another."""

    async def unreachable(self, lane: str) -> None:
        """The person cannot be written to: blocked, or gone."""


class DatabaseLedger:
    """What became of messages, noted ahead of what is handled."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._asked: dict[str, asyncio.Future[int | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def sent(self, marks: Sequence[tuple[int, int | None]]) -> None:
        """(outbox id, message_id) of what is done."""
        await self._database.in_front(mark_sent, self._database, marks, self._clock())

    async def failed(self, outbox_id: int, error: str, retry_at: datetime | None) -> None:
        """A message was given up (None), or is put off."""
        await self._database.in_front(
            mark_failed, self._database, outbox_id, error, retry_at, self._clock()
        )

    async def message_id_of(self, key: str) -> int | None:
        """The message_id of the message with this key.

        Who asks while others are being answered asks together with all who do: after a start
        each edit that waits has to know, and that something was sent must be noted in between.
        """
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(answer)

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                try:
                    # Not beside the long reading of an export: somebody waits for it.
                    found = await self._database.in_front(
                        message_ids_of, self._database, tuple(asked)
                    )
                except Exception as error:  # whoever asked is told
                    for answer in asked.values():
                        answer.set_exception(error)
                else:
                    for key, answer in asked.items():
                        answer.set_result(found.get(key))
        finally:
            self._asking = None

    async def still_wanted(self, outbox_id: int) -> bool:
        """Whether a message is still to be sent: it was neither taken back nor sent by another."""
        return await self._database.in_front(still_wanted, self._database, outbox_id)

    async def unreachable(self, lane: str) -> None:
        """The person cannot be written to: remembered until they write again."""

        def remember(now: datetime) -> None:
            with self._database.begin() as session:
                set_blocked(session, lane, now)

        await self._database.in_thread(remember, self._clock())
