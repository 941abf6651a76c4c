"""One call to Telegram from the command line; what goes wrong is one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.cli.opening import Problem
from bot.settings import Settings

PATIENCE = 15.0
"""Seconds that Telegram may take to answer."""
LONGEST_WAIT = 10.0
"""Seconds that are waited where Telegram says "later"."""


def call(found: Settings, method: str, given: Mapping[str, Any], otherwise: str = "") -> Any:
    """Make a Bot API call, again where Telegram says "later"; gives its `result`.

    `otherwise`: what else there is to do where Telegram cannot be reached. Raises `Problem`.
    """
    return asyncio.run(_call(found, method, given, otherwise))


async def _call(found: Settings, method: str, given: Mapping[str, Any], otherwise: str) -> Any:
    from telegram.error import (
        BadRequest,
        Forbidden,
        InvalidToken,
        NetworkError,
        RetryAfter,
        TelegramError,
    )

    from bot.request import TelegramBot, seconds_of

    bot = TelegramBot(found.token, found.api)
    await bot.connect()
    try:
        try:
            return await bot.call(method, given, timeout=PATIENCE)
        except RetryAfter as flood:
            await asyncio.sleep(min(seconds_of(flood), LONGEST_WAIT))
            return await bot.call(method, given, timeout=PATIENCE)
    except (InvalidToken, Forbidden):
        raise Problem("Telegram does not know this bot: check USEGAP_TELEGRAM_TOKEN.") from None
    except BadRequest as error:  # before NetworkError, of which it is a kind
        raise Problem(f"Telegram refuses: {error.message.rstrip('.')}.") from None
    except NetworkError:
        raise Problem(
            f"Telegram cannot be reached: check the connection and USEGAP_TELEGRAM_API{otherwise}."
        ) from None
    except TelegramError as error:
        raise Problem(f"Telegram refuses: {type(error).__name__}.") from None
    finally:
        await bot.disconnect()
