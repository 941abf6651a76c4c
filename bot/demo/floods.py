"""Telegram's limits: so many calls a second over all, so many messages a second in one chat."""

from __future__ import annotations

import math
import time

from bot.demo.strict import Refusal

OVERALL = 30.0
"""Calls a second, and how many may come at once."""
CHAT = 1.0
"""Messages a second in one chat, in the long run."""
CHAT_BURST = 6.0


class Bucket:
    """Tokens that drip in at a rate; a call takes one."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._left = burst
        self._at = time.monotonic()

    def take(self) -> float:
        """Take a token: 0.0, or the seconds until there will be one (then none was taken)."""
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self.rate


class Floods:
    """Says 429 to who calls too often; whoever does not wait is made to wait again."""

    def __init__(self) -> None:
        self.on = True
        self._overall = Bucket(OVERALL, OVERALL)
        self._chats: dict[int, Bucket] = {}
        self._until = 0.0
        self._chat_until: dict[int, float] = {}
        self._webhook = Bucket(1.0, 1.0)

    def check(self, chat_id: int | None, *, message: bool) -> None:
        """Count one call; raises the 429 with its `retry_after`."""
        if not self.on:
            return
        now = time.monotonic()
        if now < self._until:
            raise too_many(self._until - now)
        if wait := self._overall.take():
            self._until = now + max(1.0, wait)
            raise too_many(self._until - now)
        if chat_id is None or not message:
            return
        until = self._chat_until.get(chat_id, 0.0)
        if now < until:
            raise too_many(until - now)
        bucket = self._chats.setdefault(chat_id, Bucket(CHAT, CHAT_BURST))
        if wait := bucket.take():
            self._chat_until[chat_id] = now + max(1.0, wait)
            raise too_many(self._chat_until[chat_id] - now)

    def check_webhook(self) -> None:
        """Telegram sets a webhook once a second."""
        if self.on and (wait := self._webhook.take()):
            raise too_many(wait)


def too_many(seconds: float) -> Refusal:
    """The 429, with its seconds in whole numbers."""
    whole = max(1, math.ceil(seconds))
    return Refusal(f"Too Many Requests: retry after {whole}", 429, retry_after=whole)
