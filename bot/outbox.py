"""What is said: messages kept with the transaction that caused them, then sent.

An `Outgoing` is one Bot API call. Sending keeps Telegram's limits (28 a second over all, 1 a second
in one chat with a small burst), retries what may succeed later, and remembers who blocked the bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One Bot API call to make for one chat."""

    method: str
    """"sendMessage", "editMessageText", "answerCallbackQuery", "sendDocument" …"""
    payload: Mapping[str, Any]
    """Its parameters as Telegram's JSON names them, chat_id included where the method has one."""
    chat_id: int
    key: str | None = None
    """Unique where the message must not be sent twice, or is edited later: "ask:<id>:<seq>"."""
    edits: str | None = None
    """The key of the message that this edits; its message_id is filled in when sent. If that
    message was never sent, this call is dropped."""
    field: str | None = None
    """The parameter that carries the attachment: "document", "photo"."""
    filename: str | None = None
    attachment: bytes | None = None
