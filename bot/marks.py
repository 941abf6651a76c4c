"""That messages were sent is noted in the outbox: those of 0.05 seconds in one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from bot.lanes import where

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Sent messages that are marked in one commit …"""
SOON = 0.05
"""… or those of so many seconds: a kill lets what is not noted be sent once more."""

Mark = tuple[int, int | None]
"""(outbox id, message_id); None where there is none."""


class Marks:
    """What is sent and not noted yet."""

    def __init__(
        self,
        write: Callable[[Sequence[Mark]], Awaitable[None]],
        written: Callable[[Sequence[Mark]], None],
        rested: Callable[[], None],
    ) -> None:
        """write: keeps them; written: told of those that are kept; rested: called after a try."""
        self._write, self._written, self._rested = write, written, rested
        self._waiting: list[Mark] = []
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def none(self) -> bool:
        """Whether everything that was sent is noted."""
        return not self._waiting and self._writing is None

    def note(self, outbox_id: int, message_id: int | None) -> None:
        """This one is done."""
        self._waiting.append((outbox_id, message_id))
        if self._writing is not None:
            return
        if len(self._waiting) >= AT_ONCE:
            self._now()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SOON, self._now)

    async def close(self) -> None:
        """Note what is left, once."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        await self._keep(last=True)

    def _now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is None and self._waiting:
            self._writing = asyncio.create_task(self._keep())
            self._writing.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sent messages could not be marked: %s", where(error))
        if self._waiting and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(SOON, self._now)
        self._rested()

    async def _keep(self, *, last: bool = False) -> None:
        marks, self._waiting = self._waiting, []
        if not marks:
            return
        try:
            await self._write(marks)
        except SQLAlchemyError as error:
            # They stay unmarked in the outbox; at worst they are sent once more after a crash.
            log.warning("sent messages could not be marked yet: %s", where(error))
            self._waiting = marks + self._waiting
            if not last:
                await asyncio.sleep(1)
        else:
            self._written(marks)
