"""The updates that a bot has not confirmed yet, and its long poll for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from bot.demo.strict import Refusal, bad

FIRST = 100_001
KINDS = (
    "message", "edited_message", "callback_query", "my_chat_member", "inline_query",
    "channel_post", "edited_channel_post", "chosen_inline_result", "poll", "poll_answer",
)  # fmt: skip
"""What is delivered to a bot that asked for nothing in particular."""
CONFLICT = (
    "Conflict: terminated by other getUpdates request;"
    " make sure that only one bot instance is running"
)
WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)


class Updates:
    """What happened and was not confirmed, oldest first."""

    def __init__(self) -> None:
        self.webhook = ""
        self.last = FIRST - 1
        """The newest update_id given out."""
        self._allowed: frozenset[str] = frozenset(KINDS)
        self._pending: deque[dict[str, Any]] = deque()
        self._confirmed: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._again: list[dict[str, Any]] = []
        self._poll: asyncio.Future[bool] | None = None

    def __len__(self) -> int:
        return len(self._pending)

    def push(self, kind: str, body: dict[str, Any]) -> None:
        """Something happened; dropped if the bot did not ask for its kind."""
        if kind not in self._allowed:
            return
        self.last += 1
        self._pending.append({"update_id": self.last, kind: body})
        self._wake(conflict=False)

    def redeliver(self, count: int) -> int:
        """Deliver the newest confirmed updates once more, as if they had not been confirmed."""
        again = list(self._confirmed)[-count:] if count > 0 else []
        self._again += again
        if again:
            self._wake(conflict=False)
        return len(again)

    def allow(self, kinds: Sequence[str] | None) -> None:
        """What the bot wants from now on; None changes nothing, an empty list is the default."""
        if kinds is not None:
            self._allowed = frozenset(kinds) if kinds else frozenset(KINDS)

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """Confirm what is before `offset`; give at most `limit`, waiting up to `seconds` for one.

        A second poll ends the first with a 409, as Telegram does it.
        """
        if self.webhook:
            raise Refusal(WEBHOOK, 409)
        if not 0 <= limit <= 100:
            limit = 100
        self._wake(conflict=True)
        self._confirm(offset)
        if not self._pending and not self._again and seconds > 0:
            await self._wait(seconds)
        again, self._again = self._again[:limit], self._again[limit:]
        return again + list(islice(self._pending, max(0, (limit or 100) - len(again))))

    async def _wait(self, seconds: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._poll = waiting
        try:
            conflict = await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            return
        finally:
            if self._poll is waiting:
                self._poll = None
        if conflict:
            raise Refusal(CONFLICT, 409)

    def _wake(self, *, conflict: bool) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(conflict)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self.last + offset + 1
        while self._pending and self._pending[0]["update_id"] < offset:
            self._confirmed.append(self._pending.popleft())


def kinds_of(given: object) -> list[str] | None:
    """`allowed_updates` of a call; None where it is not given."""
    if given is None:
        return None
    if not isinstance(given, list):
        raise bad("expected an Array of String as allowed_updates")
    return [str(kind) for kind in given]
