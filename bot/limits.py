"""Telegram's limits, kept from our side: calls a second over all, messages a second in a chat."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Protocol

OVERALL = 28.0
"""Calls a second. Telegram allows 30."""
CHAT = 1.0
"""Messages a second in one chat, in the long run."""
CHAT_BURST = 4
"""Messages that one chat may get at once: a few notes and the next question."""
SPARE = 4
"""Calls that edits and tap answers leave saved up: a question that comes next need not wait."""
EVERY_FOURTH = 4
"""While calls queue up, questions go first; every fourth call is still one of the others."""
PATIENCE = 0.15
"""Seconds after which those who can wait ask again, at the least: what is saved up by then is given
to several of them together, and a question is waited for by nobody."""


class ChatPace:
    """The messages of one chat: a token a second, a few saved up."""

    __slots__ = ("_at", "_left")

    def __init__(self, now: float) -> None:
        self._left = float(CHAT_BURST)
        self._at = now

    def take(self, now: float) -> float:
        """Take a token; gives the seconds to wait before using it (0 most of the time)."""
        self._left = min(CHAT_BURST, self._left + (now - self._at) * CHAT) - 1.0
        self._at = now
        return 0.0 if self._left >= 0 else -self._left / CHAT

    def used_up(self, now: float, owed: float) -> None:
        """Others have sent to it, too: it is not as good as new for `owed` seconds."""
        self._left = min(self._left + (now - self._at) * CHAT, CHAT_BURST - owed * CHAT)
        self._at = now

    def rested(self, now: float) -> bool:
        """Whether it is as good as new, and can be forgotten."""
        return self._left + (now - self._at) * CHAT >= CHAT_BURST


class Bucket(Protocol):
    """What may be called now, and what was saved up of it within a second."""

    def at_once(self, spare: int) -> bool:
        """Take one call and leave `spare` of them, where that can be done without waiting."""

    async def take(self, spare: int, most: int = 1) -> tuple[int, float]:
        """The same, asking whoever knows, for as many calls as there are, `most` at the most.

        How many were taken; where none was, the seconds until one can be.
        """

    async def pause(self, seconds: float) -> None:
        """Nothing goes out for so long: Telegram said so."""


class OwnBucket:
    """The bucket of one program alone: 28 calls a second, as many saved up."""

    def __init__(self, rate: float = OVERALL) -> None:
        """`rate` in calls a second; infinity switches the limit off, but not pauses."""
        self.rate = rate
        self._left = rate
        self._at = 0.0
        self._until = 0.0

    def at_once(self, spare: int) -> bool:
        """Take one call, where there is one (see `Bucket`)."""
        return self._take(spare) == 0.0

    async def take(self, spare: int, most: int = 1) -> tuple[int, float]:
        """Take calls (see `Bucket`): one after the other, as that costs nothing here."""
        wait = self._take(spare)
        return (0, wait) if wait else (1, 0.0)

    def _take(self, spare: int) -> float:
        now = asyncio.get_running_loop().time()
        if now < self._until:
            return self._until - now
        if math.isinf(self.rate):
            return 0.0
        # A small part, too, is at least one call now and then.
        most = max(self.rate, 1.0 + spare)
        self._left = min(most, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1.0 + spare:
            self._left -= 1.0
            return 0.0
        return (1.0 + spare - self._left) / self.rate

    async def pause(self, seconds: float) -> None:
        """Nothing goes out for so long."""
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)


class OverallPace:
    """Whose turn it is to call, of all who would like to."""

    def __init__(self, bucket: Bucket) -> None:
        """`bucket`: what all draw from."""
        self._bucket = bucket
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._given = 0
        self._came = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def pause(self, seconds: float) -> None:
        """Nothing goes out for so long."""
        await self._bucket.pause(seconds)

    async def turn(self, *, urgent: bool) -> None:
        """Wait for a turn. Urgent ones go first, except for every fourth turn."""
        if not self.at_once(urgent=urgent):
            await self.ask(urgent=urgent)

    def at_once(self, *, urgent: bool) -> bool:
        """Take a turn, where there is one without asking anybody."""
        return self._nobody and self._bucket.at_once(0 if urgent else SPARE)

    async def spared(self) -> bool:
        """Take a turn for what can wait, where there is one without waiting."""
        if self.at_once(urgent=False):
            return True
        if not self._nobody:
            return False
        taken, _ = await self._bucket.take(SPARE)
        return taken > 0

    def ask(self, *, urgent: bool) -> asyncio.Future[None]:
        """Line up for a turn: done when it is there; whoever does not want it any more cancels."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._others).append(waiting)
        if self._serving is None:
            self._begin()
        elif urgent:
            self._came.set()
        return waiting

    @property
    def _nobody(self) -> bool:
        return _first(self._urgent) is None and _first(self._others) is None

    async def close(self) -> None:
        """Nobody is given a turn any more."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)

    async def _serve(self) -> None:
        while (queue := self._next()) is not None:
            patient = queue is self._others and _first(self._urgent) is None
            self._came.clear()
            most = len(queue) if patient else 1
            taken, wait = await self._bucket.take(SPARE if patient else 0, most)
            if not taken:
                await self._wait(max(wait, PATIENCE) if patient else wait)
            for _ in range(taken):
                self._given += 1
                # Who waited may be gone meanwhile; the next one takes it.
                if _first(queue) is not None:
                    queue.popleft().set_result(None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Whoever waits is told of a fault: it is theirs to log, once."""
        self._serving = None
        if task.cancelled():
            return
        error = task.exception()
        waiting = [one for one in (*self._urgent, *self._others) if not one.done()]
        if error is not None:
            for one in waiting:
                one.set_exception(error)
        elif waiting:
            # They came in the very moment in which it ended.
            self._begin()

    def _begin(self) -> None:
        self._serving = asyncio.create_task(self._serve())
        self._serving.add_done_callback(self._ended)

    async def _wait(self, seconds: float) -> None:
        """So long, or until an urgent call comes."""
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return

    def _next(self) -> deque[asyncio.Future[None]] | None:
        urgent, other = _first(self._urgent), _first(self._others)
        if urgent is None and other is None:
            return None
        if other is None:
            return self._urgent
        if urgent is None or self._given % EVERY_FOURTH == EVERY_FOURTH - 1:
            return self._others
        return self._urgent


def _first(queue: deque[asyncio.Future[None]]) -> asyncio.Future[None] | None:
    """Who waits longest, without those who were cancelled."""
    while queue and queue[0].done():
        queue.popleft()
    return queue[0] if queue else None
