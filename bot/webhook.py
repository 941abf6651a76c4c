"""The webhook: Telegram sends each update here, and is told 200 only when it is committed.

Whoever does not know the secret learns nothing: every request without it is a bare 401. On anything
but a 2xx Telegram sends the update again, after `Retry-After` where we say so.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import TelegramError

from bot.inbox import Intake
from bot.lanes import where
from bot.listening import listen, serving
from bot.metrics import Metrics
from bot.request import TelegramBot

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
PURPOSE = "telegram webhook"
"""What the secret that Telegram shows us is for (`Vault.token`)."""
LARGEST = 1024 * 1024
"""Bytes of an update; what a low-level aiohttp server takes at most."""
HIGHEST = 2**63
"""Update ids are kept as 64-bit numbers."""
BUSY, AWAY = 1, 5
"""Seconds until Telegram tries again: too much is lined up; the database does not answer."""
PATIENCE = 4.0
"""Seconds that requests under way are given when the program ends."""


class Webhook:
    """Takes in what Telegram sends (a `bot.inbox.Receiver`)."""

    def __init__(
        self, listen: tuple[str, int], url: str, secret: str, metrics: Metrics | None = None
    ) -> None:
        """Listen at an address and port for requests to the path of `url` that show the secret."""
        self._listen = listen
        self._path = unquote(urlsplit(url).path) or "/"
        self._secret = secret.encode()
        self._metrics = metrics or Metrics()
        self._closing = False
        self._away = False
        self.port = 0
        """Where it listens, once it does."""

    async def run(self, intake: Intake) -> None:
        """Take updates in until cancelled; raises `Halted` where it cannot listen.

        At the end nobody is let in any more, and requests under way are answered.
        """
        runner = serving(partial(self._answer, intake), PATIENCE)
        await runner.setup()
        try:
            self.port = await listen(runner, self._listen, "USEGAP_LISTEN")
            log.info("listening for Telegram at %s:%d", self._listen[0], self.port)
            await asyncio.Event().wait()
        finally:
            self._closing = True
            await runner.cleanup()

    async def _answer(self, intake: Intake, request: web.BaseRequest) -> web.Response:
        response = await self._response(intake, request)
        response.headers["Server"] = "usegap"  # and not which versions of which libraries
        self._metrics.webhook.labels(str(response.status)).inc()
        return response

    async def _response(self, intake: Intake, request: web.BaseRequest) -> web.Response:
        shown = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), self._secret):
            return web.Response(status=401)
        if request.path != self._path:
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        if self._closing or intake.full:
            return _later(BUSY)
        try:
            update = update_in(await request.read())
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        except Exception:  # it broke off, or is packed in a way that nobody can open
            update = None
        if update is None:
            return web.Response(status=400)
        return await self._take(intake, update)

    async def _take(self, intake: Intake, update: dict[str, Any]) -> web.Response:
        try:
            await intake.take([update])
        except SQLAlchemyError as error:
            self._metrics.errors.labels("database").inc()
            if not self._away:
                log.warning(
                    "database cannot be reached (%s): Telegram is told to come again",
                    type(error).__name__,
                )
            self._away = True
            return _later(AWAY)
        except Exception as error:
            # Not aiohttp's word for it: the text of an error may carry what someone answered.
            log.error("an update could not be taken in: %s", where(error))
            return web.Response(status=500)
        if self._away:
            log.info("updates come in again")
            self._away = False
        return web.Response()


def update_in(body: bytes) -> dict[str, Any] | None:
    """The update that a request carries; None where it carries none."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(update, dict):
        return None
    number = update.get("update_id")
    sound = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < HIGHEST
    return update if sound else None


def _later(seconds: int) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": str(seconds)})


async def warn_unless_set(bot: TelegramBot, url: str) -> None:
    """One line in the log where Telegram sends this bot's updates elsewhere, or nowhere."""
    try:
        found = (await bot.call("getWebhookInfo", {})).get("url")
    except TelegramError as error:
        log.warning("Telegram did not say which webhook is set: %s", type(error).__name__)
        return
    if found != url:
        log.warning(
            "Telegram sends this bot's messages %s: run `usegap webhook set`",
            "to another address" if found else "nowhere",
        )
