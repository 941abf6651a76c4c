"""What Telegram's refusals mean for a message: try later, give up, say it plainer, remember.

Telegram's sentences are kept only up to the first colon: what follows may repeat a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    RetryAfter,
    TelegramError,
)  # fmt: skip

from bot.request import seconds_of

DONE = (
    "message is not modified",
    "query is too old and response timeout expired or query id is invalid",
    "message to edit not found", "message to delete not found",
    "message can't be deleted for everyone",
)  # fmt: skip
"""Nothing to do: the message looks as it should, or is no longer there to be looked at."""
GONE = ("chat not found", "user is deactivated", "peer_id_invalid")
BROKEN_HTML = "can't parse entities"


@dataclass(frozen=True, slots=True)
class Later:
    """The network or the server failed, or (with `seconds`) wants us to wait."""

    error: str
    seconds: float | None = None
    ours: bool = False
    """Our database was away: nothing is wrong with this message."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will never succeed."""

    error: str


@dataclass(frozen=True, slots=True)
class Plain:
    """The HTML is broken: once more as plain text."""

    error: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The person blocked the bot, or is gone."""

    error: str


Verdict = Later | GiveUp | Plain | Unreachable


def judge(error: TelegramError) -> Verdict | None:
    """What a failed call means; None: it is as good as done."""
    said = error.message.split(":")[0].strip()[:100]
    words = said.lower()
    if isinstance(error, RetryAfter):
        return Later("RetryAfter", seconds_of(error))
    if isinstance(error, Forbidden) or words in GONE:
        return Unreachable(said)
    if isinstance(error, BadRequest):
        if words in DONE:
            return None
        return Plain(said) if words == BROKEN_HTML else GiveUp(said)
    if isinstance(error, ChatMigrated):
        return GiveUp("ChatMigrated")
    return Later(type(error).__name__)


def plain(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same message without HTML: tags taken out, escapes resolved."""
    given = {name: value for name, value in payload.items() if name != "parse_mode"}
    for name in ("text", "caption"):
        if name in given:
            given[name] = unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", str(given[name])))
    return given
