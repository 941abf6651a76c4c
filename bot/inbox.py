"""What comes in: Telegram's updates, kept before they are acknowledged, and read.

`read` turns one raw update into an `Incoming`; nothing of it is a telegram object (decision 7: raw
JSON is what the hot path can afford).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update, as the handlers see it."""

    update_id: int
    kind: Literal["text", "tap", "other", "blocked", "unblocked", "group", "edited"]
    """text: a message with text · tap: a callback query · other: a message without text · blocked,
    unblocked: my_chat_member · group: anything in a chat that is not private · edited: an edited
    message (ignored with a word)."""
    lane: str
    """The keyed hash of the person's address."""
    chat_id: int
    language: str
    """Telegram's language_code of the person's app, or ""."""
    text: str = ""
    """The message's text, or the callback data."""
    what: str = ""
    """Of kind other: "sticker", "photo", "voice", "location" …"""
    message_id: int | None = None
    callback_id: str | None = None


def read(update: dict[str, Any], lane: str) -> Incoming:
    """The update as handlers see it."""
    raise NotImplementedError
