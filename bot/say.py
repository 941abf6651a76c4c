"""Bot API calls as values: a message, an edit, the answer to a tap, a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.inbox import Incoming
from bot.outbox import Outgoing

Button = tuple[str, str]
"""What is read on it, and the data it carries (at most 64 bytes) or the address it opens."""
Keyboard = Sequence[Sequence[Button]]
DIGITS = 36


def send(chat_id: int, text: str, keyboard: Keyboard = (), *, key: str | None = None) -> Outgoing:
    """A message in Telegram's HTML, with rows of buttons under it."""
    payload: dict[str, Any] = {
        "chat_id": chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if keyboard:
        payload["reply_markup"] = markup(keyboard)
    return Outgoing("sendMessage", payload, chat_id, key=key)


def edit(
    chat_id: int,
    text: str,
    keyboard: Keyboard = (),
    *,
    message_id: int | None = None,
    edits: str | None = None,
) -> Outgoing:
    """Another text, and other buttons or none, in a message that stands in the chat already.

    The message is known by its `message_id`, or by the key under which it was sent.
    """
    payload: dict[str, Any] = {"chat_id": chat_id, "text": text, "parse_mode": "HTML"}
    if message_id is not None:
        payload["message_id"] = message_id
    if keyboard:
        payload["reply_markup"] = markup(keyboard)
    return Outgoing("editMessageText", payload, chat_id, edits=edits)


def without_buttons(chat_id: int, message_id: int) -> Outgoing:
    """Take the buttons of a message away and leave its text."""
    payload = {"chat_id": chat_id, "message_id": message_id}
    return Outgoing("editMessageReplyMarkup", payload, chat_id)


def tapped(incoming: Incoming, notice: str = "") -> list[Outgoing]:
    """The answer that a tap waits for (its clock stops turning); nothing for anything else."""
    if incoming.callback_id is None:
        return []
    payload: dict[str, Any] = {"callback_query_id": incoming.callback_id}
    if notice:
        payload["text"] = notice[:200]
    return [Outgoing("answerCallbackQuery", payload, incoming.chat_id)]


def instead(incoming: Incoming, text: str, keyboard: Keyboard = ()) -> list[Outgoing]:
    """What a tap leads to: another text, and other buttons or none, in the message tapped on."""
    return [
        *tapped(incoming),
        edit(incoming.chat_id, text, keyboard, message_id=incoming.message_id),
    ]


def file(
    chat_id: int,
    content: bytes,
    filename: str,
    caption: str = "",
    *,
    picture: bool = False,
    key: str | None = None,
) -> Outgoing:
    """A document, or a picture shown in the chat, with its caption in Telegram's HTML."""
    field = "photo" if picture else "document"
    payload: dict[str, Any] = {"chat_id": chat_id}
    if caption:
        payload |= {"caption": caption, "parse_mode": "HTML"}
    return Outgoing(
        "sendPhoto" if picture else "sendDocument",
        payload,
        chat_id,
        key=key,
        field=field,
        filename=filename,
        attachment=content,
    )


def markup(keyboard: Keyboard) -> dict[str, Any]:
    """Telegram's inline keyboard: data behind a button, or an address that it opens."""
    return {
        "inline_keyboard": [
            [
                {"text": label, "url": data}
                if data.startswith("https://")
                else {"text": label, "callback_data": data}
                for label, data in row
            ]
            for row in keyboard
            if row
        ]
    }


def code(interview_id: int) -> str:
    """An interview's id as short as a button wants it: in base `DIGITS`."""
    digits, left = "", interview_id
    while left:
        left, digit = divmod(left, DIGITS)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
