"""What the bot asks of Telegram at its start, and what it tells it about itself."""

from __future__ import annotations

import asyncio
import logging

from telegram.error import InvalidToken, TelegramError

from bot.inbox import INVALID, Halted
from bot.request import TelegramBot
from bot.settings import Settings
from bot.texts import LANGUAGES, speak
from bot.webhook import warn_unless_set

log = logging.getLogger(__name__)


async def username(bot: TelegramBot, settings: Settings) -> str:
    """The bot's name; raises `Halted` where the server cannot be reached or knows no such bot."""
    # The first after a moment: after a kill, people wait.
    for pause in (0.2, 1.0, 2.0, None):
        try:
            me = await bot.call("getMe", {}, timeout=10.0)
        except InvalidToken:
            raise Halted(INVALID) from None
        except TelegramError as error:
            if pause is None:
                raise Halted(
                    f"{settings.api} cannot be reached ({error.message.split(':')[0][:60]}):"
                    " look at the network, at HTTPS_PROXY if you need one, and at"
                    " USEGAP_TELEGRAM_API."
                ) from None
            await asyncio.sleep(pause)
        else:
            return str(me["username"])
    raise AssertionError("the last try returns or raises")


async def offer_commands(bot: TelegramBot) -> None:
    """Tell Telegram the commands that everyone is shown, in each language."""
    for language in ("", *LANGUAGES):
        say = speak(language or "en")
        given = {
            "commands": [
                {"command": "start", "description": say("begin, or go on where you were")},
                {"command": "language", "description": say("another language")},
                {"command": "mydata", "description": say("see all that is kept about you")},
                {"command": "forget", "description": say("have it deleted")},
                {"command": "help", "description": say("what I can do")},
            ],
            "language_code": language,
        }
        try:
            await bot.call("setMyCommands", given)
        except TelegramError as error:
            # The menu is a convenience: the bot works without it.
            log.warning("the menu of commands could not be set: %s", type(error).__name__)
            return


async def see_to_telegram(bot: TelegramBot, settings: Settings) -> None:
    """What is to be in order at Telegram, and nobody who writes to the bot waits for."""
    if settings.webhook_url:
        await warn_unless_set(bot, settings.webhook_url)
    await offer_commands(bot)
