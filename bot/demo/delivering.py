"""Updates sent to a webhook, as Telegram sends them.

What one person writes and what they tap wait in lanes of their own: in order within a lane, at the
same time across lanes, so many at once as the bot asked for. Anything but a 2xx is sent again: at
once, then after 2, 4, 8 … seconds, or when `Retry-After` says so. Where nobody listens, Telegram
knocks every two seconds.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector

from bot.demo.strict import Refusal, bad
from bot.demo.updates import KINDS, Updates

CONNECTIONS, MOST_CONNECTIONS = 40, 100
"""Requests at the same time: unless the bot says otherwise, and at most."""
PORTS = (443, 80, 88, 8443)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LONGEST_SECRET = 256
ANSWER = 60.0
"""Seconds that Telegram waits for an answer."""
KNOCK = 2.0
"""Seconds between two tries to connect."""
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

Lane = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook as it was set."""

    url: str
    secret: str = ""
    connections: int = CONNECTIONS


class Delivering:
    """Sends each update to the webhook until it is taken; nothing while none is set."""

    def __init__(self, updates: Updates) -> None:
        self.target: Target | None = None
        self.behind: tuple[str, ...] = ()
        """ "127.0.0.1:8081" …: where requests go in turn, as a balancer before them would do it."""
        self.lost: Callable[[], bool] = lambda: False
        """Whether the next answer gets lost on its way."""
        self.pace = 1.0
        """Every pause is as long times this: 0.05 for a test in a hurry."""
        self.at_once = 0
        """The most requests that were under way at the same time."""
        self.error: tuple[int, str] | None = None
        """The last that went wrong: when (Unix time), what."""
        self._updates = updates
        self._session: ClientSession | None = None
        self._lanes: dict[Lane, deque[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._under_way = 0
        self._turn = 0

    def begin(self, target: Target, *, anew: bool = False) -> None:
        """Send everything that waits, and whatever comes, to this webhook.

        One that is set already goes on as it is, unless `anew`: what it knew of is dropped.
        """
        if target == self.target and not anew:
            return
        self._cancel()
        self.target, self.error = target, None
        self._places = asyncio.Semaphore(target.connections)
        self._updates.to_webhook(self._put)

    def end(self) -> None:
        """Send no more; what was not taken waits."""
        self._cancel()
        self.target, self.error = None, None
        self._updates.to_webhook(None)

    async def close(self) -> None:
        """Close every connection."""
        tasks = list(self._tasks)
        self._cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def said(self) -> dict[str, Any]:
        """What getWebhookInfo answers."""
        told: dict[str, Any] = {
            "url": self.target.url if self.target else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if self.error is not None:
            told["last_error_date"], told["last_error_message"] = self.error
        if self.target is not None:
            told["max_connections"] = self.target.connections
            told["ip_address"] = "127.0.0.1"
        if self._updates.allowed != frozenset(KINDS):
            told["allowed_updates"] = sorted(self._updates.allowed)
        return told

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()

    def _put(self, update: dict[str, Any]) -> None:
        lane = _lane_of(update)
        waiting = self._lanes.get(lane)
        if waiting is not None:
            waiting.append(update)
            return
        self._lanes[lane] = deque((update,))
        task = asyncio.get_running_loop().create_task(self._empty(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _empty(self, lane: Lane) -> None:
        waiting = self._lanes[lane]
        while waiting:
            await self._deliver(waiting[0])
            self._updates.taken(waiting.popleft()["update_id"])
        del self._lanes[lane]

    async def _deliver(self, update: dict[str, Any]) -> None:
        """Send one update until it is taken, or too old."""
        delay, failures = 1.0, 0
        while not self._updates.expired(update):
            async with self._places:
                self._under_way += 1
                self.at_once = max(self.at_once, self._under_way)
                try:
                    error, pause = await self._post(update)
                finally:
                    self._under_way -= 1
            if error is None:
                return
            self.error = int(time.time()), error
            if pause is None:
                pause = 0.0
                if failures:
                    delay = min(delay * 2, random.uniform(LONGEST_PAUSE, 2 * LONGEST_PAUSE))
                    pause = delay
            failures += 1
            await asyncio.sleep(pause * self.pace)

    async def _post(self, update: dict[str, Any]) -> tuple[str | None, float | None]:
        """What went wrong in Telegram's words, if anything, and the pause where one is due."""
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=MOST_CONNECTIONS, ssl=False),
                timeout=ClientTimeout(total=ANSWER),
            )
        target = self.target or Target("")
        headers = {SECRET_HEADER: target.secret} if target.secret else {}
        lost = self.lost()
        try:
            async with self._session.post(
                self._address(target.url), json=update, headers=headers, allow_redirects=False
            ) as response:
                if lost:
                    return "Read timeout expired", None
                if 200 <= response.status <= 299:
                    return None, None
                said = f"{response.status} {response.reason}"
                later = response.headers.get("Retry-After", "")
                pause = min(int(later), LONGEST_RETRY_AFTER) if later.isdecimal() else 0
                return f"Wrong response from the webhook: {said}", float(pause) or None
        except ClientConnectorError:
            return "Connection refused", KNOCK
        except TimeoutError:
            return "Read timeout expired", None
        except (ClientError, OSError):
            return "Webhook connection closed", None

    def _address(self, url: str) -> str:
        if not self.behind:
            return url
        self._turn += 1
        place = self.behind[self._turn % len(self.behind)]
        return urlsplit(url)._replace(scheme="http", netloc=place).geturl()


def _lane_of(update: Mapping[str, Any]) -> Lane:
    """Messages by chat, taps by person, what becomes of the chat by chat; all else alone."""
    for kind in ("message", "edited_message"):
        if kind in update:
            return "message", update[kind]["chat"]["id"]
    if "callback_query" in update:
        return "tap", update["callback_query"]["from"]["id"]
    if "my_chat_member" in update:
        return "member", update["my_chat_member"]["chat"]["id"]
    return "alone", update["update_id"]


def target_of(given: Mapping[str, Any]) -> Target | None:
    """The webhook that setWebhook sets; None where it sets none. Refuses what Telegram refuses.

    As a Bot API server of one's own does it, plain HTTP is taken, to this machine alone.
    """
    url = str(given.get("url") or "")
    if not url:
        return None
    parts = _parts(url if "://" in url else f"https://{url}")
    secret = str(given.get("secret_token") or "")
    if len(secret) > LONGEST_SECRET:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    if parts.hostname not in LOOPBACK:
        if parts.scheme != "https":
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if (parts.port or 443) not in PORTS:
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    try:
        wanted = int(str(given.get("max_connections", CONNECTIONS)))
    except ValueError:
        wanted = 0
    return Target(url, secret, max(1, min(wanted, MOST_CONNECTIONS)))


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.scheme not in ("http", "https") or re.search(r"\s", url):
        raise Refusal("Bad Request: invalid webhook URL specified")
    return parts


def truth(given: object) -> bool:
    """A yes or no, as Telegram reads them."""
    return given is True or str(given).lower() in ("true", "yes", "1")
