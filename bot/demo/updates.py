"""The updates that a bot has not confirmed yet; its long poll for them, or its webhook."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
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
SET = "Conflict: terminated by setWebhook request"
WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)


class Updates:
    """What happened and was not confirmed, oldest first."""

    def __init__(self) -> None:
        self.last = FIRST - 1
        """The newest update_id given out."""
        self.allowed = frozenset(KINDS)
        """What the bot wants to hear of."""
        self.tap_seconds = 150.0
        """How long a tap waits to be fetched; then it is gone."""
        self._pending: dict[int, dict[str, Any]] = {}
        self._confirmed: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._again: list[dict[str, Any]] = []
        self._poll: asyncio.Future[str] | None = None
        self._webhook: Callable[[dict[str, Any]], None] | None = None
        self._taps: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def push(self, kind: str, body: dict[str, Any]) -> None:
        """Something happened; dropped if the bot did not ask for its kind."""
        if kind not in self.allowed:
            return
        self.last += 1
        update = {"update_id": self.last, kind: body}
        self._pending[self.last] = update
        if kind == "callback_query":
            self._taps[self.last] = time.monotonic()
        self._arrived(update)

    def redeliver(self, count: int) -> int:
        """Deliver the newest confirmed updates once more, as if they had not been confirmed."""
        again = list(self._confirmed)[-count:] if count > 0 else []
        if self._webhook is None:
            self._again += again
        for update in again:
            self._arrived(update)
        return len(again)

    def allow(self, kinds: Sequence[str] | None) -> None:
        """What the bot wants from now on; None changes nothing, an empty list is the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) if kinds else frozenset(KINDS)

    def drop(self) -> None:
        """Forget what waits (drop_pending_updates)."""
        self._pending.clear()
        self._taps.clear()
        self._again.clear()

    def expired(self, update: dict[str, Any]) -> bool:
        """Whether nobody fetched it in time: a tap is kept for minutes only."""
        tapped = self._taps.get(update["update_id"])
        return tapped is not None and time.monotonic() - tapped > self.tap_seconds

    # To a webhook -----------------------------------------------------------------------------

    def to_webhook(self, put: Callable[[dict[str, Any]], None] | None) -> None:
        """Hand over each update that waits or comes from now on; None: they are asked for again.

        A poll that waits is ended with a 409.
        """
        self._webhook = put
        if put is not None:
            self._wake(SET)
            for update in list(self._pending.values()):
                put(update)

    def taken(self, update_id: int) -> None:
        """The webhook took one, or it is too old: it waits no more."""
        update = self._pending.pop(update_id, None)
        if update is not None:
            self._taps.pop(update_id, None)
            self._confirmed.append(update)

    def _arrived(self, update: dict[str, Any]) -> None:
        if self._webhook is not None:
            self._webhook(update)
        else:
            self._wake("")

    # To a poll --------------------------------------------------------------------------------

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """Confirm what is before `offset`; give at most `limit`, waiting up to `seconds` for one.

        A second poll ends the first with a 409, as Telegram does it.
        """
        if self._webhook is not None:
            raise Refusal(WEBHOOK, 409)
        if not 0 <= limit <= 100:
            limit = 100
        self._wake(CONFLICT)
        self._confirm(offset)
        if not self._pending and not self._again and seconds > 0:
            await self._wait(seconds)
        again, self._again = self._again[:limit], self._again[limit:]
        return again + list(islice(self._pending.values(), max(0, (limit or 100) - len(again))))

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
            raise Refusal(conflict, 409)

    def _wake(self, conflict: str) -> None:
        """End the poll that waits: with this 409, or, "", because something came."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(conflict)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self.last + offset + 1
        while self._pending and (oldest := next(iter(self._pending))) < offset:
            self.taken(oldest)
        for update_id in list(self._taps):
            if not self.expired(self._pending[update_id]):
                break
            del self._pending[update_id], self._taps[update_id]


def kinds_of(given: object) -> list[str] | None:
    """`allowed_updates` of a call; None where it is not given."""
    if given is None:
        return None
    if not isinstance(given, list):
        raise bad("expected an Array of String as allowed_updates")
    return [str(kind) for kind in given]
