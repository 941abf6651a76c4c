"""The big button that sends where someone is: offered below a question, and taken away with it.

Telegram has such a button only on a keyboard in place of the phone's own. It comes with a message
of its own, since a message has one keyboard and the question's hangs on the question; it cannot be
edited, but it leaves the screen with its message, so the message is deleted. Where Telegram deletes
nothing any more (after two days), the keyboard goes when somebody uses it where no place is asked.
"""

from __future__ import annotations

from typing import Any

from bot.outbox import Outgoing
from bot.say import send
from bot.texts import Speak


def offer(chat_id: int, key: str, say: Speak, *, several: bool) -> Outgoing:
    """The message with the button, under a key beside the question's; `several`: it stays until all
    places are sent."""
    text = say("Tap the button below when you are there. For another place: 📎, then Location.")
    button = {"text": "📍 " + say("Send where I am"), "request_location": True}
    keyboard = {
        "keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": not several,
    }  # fmt: skip
    return _with(send(chat_id, text, key=_key(key)), keyboard)


def withdraw(chat_id: int, key: str) -> Outgoing:
    """Take the message away, and the button with it."""
    return Outgoing("deleteMessage", {"chat_id": chat_id}, chat_id, edits=_key(key))


def cleared(message: Outgoing) -> Outgoing:
    """A message without buttons that takes away what keyboard there may be."""
    return _with(message, {"remove_keyboard": True})


def _key(key: str) -> str:
    return f"{key}.k"


def _with(message: Outgoing, keyboard: dict[str, Any]) -> Outgoing:
    payload = {**message.payload, "reply_markup": keyboard}
    return Outgoing(message.method, payload, message.chat_id, key=message.key)
