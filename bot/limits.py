"""Telegram's limits, kept from our side: calls a second over all, messages a second in a chat."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence

OVERALL = 28.0
"""Calls a second. Telegram allows 30."""
CHAT = 1.0
"""Messages a second in one chat, in the long run."""
CHAT_BURST = 4
"""Messages that one chat may get at once: a few notes and the next question."""
LEAST = 2.0
"""Calls a second that each of several programs may always make."""
EVERY_FOURTH = 4
"""While calls queue up, questions go first; every fourth call is still one of the others."""


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

    def rested(self, now: float) -> bool:
        """Whether it is as good as new, and can be forgotten."""
        return self._left + (now - self._at) * CHAT >= CHAT_BURST


class OverallPace:
    """All calls together: 28 a second, evenly, with what was saved up within one second."""

    def __init__(self, rate: float = OVERALL) -> None:
        """`rate` in calls a second; infinity switches the limit off."""
        self._rate = rate
        self._left = rate
        self._at = 0.0
        self._until = 0.0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._given = 0
        self._timer: asyncio.TimerHandle | None = None

    def set_rate(self, rate: float) -> None:
        """So many calls a second from now on."""
        if rate != self._rate:
            self._rate = rate
            self._left = min(self._left, rate)

    @property
    def pressed(self) -> bool:
        """Whether calls wait for their turn."""
        return bool(self._urgent or self._others)

    def pause(self, seconds: float) -> None:
        """Nothing goes out for so long: Telegram said so."""
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)

    async def turn(self, *, urgent: bool) -> None:
        """Wait for a turn. Urgent ones go first, except for every fourth turn."""
        loop = asyncio.get_running_loop()
        if not self.pressed and self._take(loop.time()) == 0.0:
            return
        waiting = loop.create_future()
        (self._urgent if urgent else self._others).append(waiting)
        self._serve()
        await waiting

    def _take(self, now: float) -> float:
        """Take a token; or, taking none, the seconds until there will be one."""
        if now < self._until:
            return self._until - now
        if math.isinf(self._rate):
            return 0.0
        # A small share, too, is at least one call now and then.
        self._left = min(max(self._rate, 1.0), self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._rate

    def _serve(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._urgent or self._others:
            queue = self._next()
            if queue[0].done():
                # Whoever waited was cancelled.
                queue.popleft()
                continue
            wait = self._take(loop.time())
            if wait > 0:
                self._timer = loop.call_later(wait, self._serve)
                return
            self._given += 1
            queue.popleft().set_result(None)

    def _next(self) -> deque[asyncio.Future[None]]:
        if not self._others:
            return self._urgent
        if not self._urgent or self._given % EVERY_FOURTH == EVERY_FOURTH - 1:
            return self._others
        return self._urgent


def share(mine: float, others: Sequence[float], total: float = OVERALL) -> float:
    """What one of several programs may use of a limit that holds over all of them together.

    mine, others: what each would like to use. Who wants little gets that, the rest is shared out
    evenly among those who want more (max-min fair), and what nobody wants evenly among all; nobody
    is left without any, as somebody may write to it the next moment. The shares add up to `total`.

    >>> share(100, [0, 100]), share(0, [100, 100]), share(0, [0])
    (13.0, 2.0, 14.0)
    >>> round(share(5, [50]) + share(50, [5]), 9), share(9, [])
    (28.0, 28.0)
    """
    mine, wanted = max(mine, LEAST), sorted(max(one, LEAST) for one in (mine, *others))
    left = total
    for place, want in enumerate(wanted):
        even = left / (len(wanted) - place)
        if want > even:
            return min(mine, even)
        left -= want
    # Everybody has enough: what is left belongs to nobody yet.
    return mine + left / len(wanted)
