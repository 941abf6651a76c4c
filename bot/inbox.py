"""What comes in: Telegram's updates, kept before they are acknowledged, and read.

`read` turns one raw update into an `Incoming`; nothing of it is a telegram object (decision 7: raw
JSON is what the hot path can afford). `Poller` asks Telegram for updates, and asks for the next
ones, which acknowledges these, only when these are committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy.exc import SQLAlchemyError
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.request import TelegramBot, seconds_of
from bot.sent_files import SentFile, file_in

log = logging.getLogger(__name__)

POLL = 50
"""Seconds that Telegram may keep a poll waiting."""
SLACK = 15
"""Seconds more until we take the connection for dead."""
ASKED_FOR = ["message", "edited_message", "callback_query", "my_chat_member"]
LONGEST_PAUSE = 10.0
WHATS = (
    "sticker", "photo", "voice", "video_note", "video", "audio", "animation", "document", "venue",
    "location", "contact", "poll", "dice",
)  # fmt: skip
"""What a message may carry instead of text, the narrower word before the wider (a venue is a
location, too)."""
INVALID = "Telegram does not know this token: copy USEGAP_TELEGRAM_TOKEN from @BotFather again."
TWICE = "Another program receives this bot's messages: stop it, or use another bot's token."
WEBHOOK = (
    "This bot's messages go to a webhook: remove it (`usegap webhook delete`),"
    " or set USEGAP_WEBHOOK_URL and receive them there."
)


class Halted(Exception):  # noqa: N818
    """Going on makes no sense; its text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a message: degrees, and metres where they are known."""

    latitude: float
    longitude: float
    accuracy: float = 0.0


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
    """Of kind other: "sticker", "photo", "voice", "location" … or "" for what Telegram itself
    says in a chat."""
    message_id: int | None = None
    callback_id: str | None = None
    sender: str = ""
    """First and last name, as Telegram gives them: kept of administrators only."""
    file: SentFile | None = None
    """The file that came with it, not fetched yet."""
    place: Place | None = None
    """The place that was sent: a location's, a venue's."""

    @property
    def document(self) -> SentFile | None:
        """The file, where it was sent as one."""
        return self.file if self.what == "document" else None


def read(update: dict[str, Any], lane: str) -> Incoming | None:
    """The update as handlers see it; None for kinds that were not asked for."""
    update_id = update["update_id"]
    for kind in ("message", "callback_query", "edited_message", "my_chat_member"):
        part = update.get(kind)
        if part is not None:
            break
    else:
        return None
    sender = part.get("from") or {}
    message = part.get("message") or {} if kind == "callback_query" else part
    chat = message.get("chat") or {"id": sender.get("id", 0), "type": "private"}
    language = sender.get("language_code") or ""
    named = " ".join(filter(None, (sender.get("first_name"), sender.get("last_name"))))

    def incoming(
        what: Literal["text", "tap", "other", "blocked", "unblocked", "group", "edited"],
        text: str = "", *, other: str = "", callback_id: str | None = None,
        file: SentFile | None = None, place: Place | None = None,
    ) -> Incoming:  # fmt: skip
        return Incoming(
            update_id, what, lane, chat["id"], language, text, other,
            message.get("message_id"), callback_id, named, file, place,
        )  # fmt: skip

    # An old message comes as a stub of its chat, sometimes without the type: buttons of ours
    # are in private chats only.
    if chat.get("type", "private") != "private":
        return incoming("group", callback_id=part.get("id") if kind == "callback_query" else None)
    if kind == "callback_query":
        return incoming("tap", part.get("data") or "", callback_id=part["id"])
    if kind == "my_chat_member":
        status = (part.get("new_chat_member") or {}).get("status")
        return incoming("blocked" if status in ("kicked", "left") else "unblocked")
    if kind == "edited_message":
        return incoming("edited", part.get("text") or "")
    if "text" in part:
        return incoming("text", part["text"])
    what = next((what for what in WHATS if what in part), "")
    return incoming("other", other=what, file=file_in(part, what), place=_place_in(part, what))


def _place_in(message: dict[str, Any], what: str) -> Place | None:
    """The place of a message; what is no place on earth is none."""
    if what not in ("location", "venue"):
        return None
    sent = message["venue"].get("location") if what == "venue" else message["location"]
    try:
        place = Place(
            float(sent["latitude"]), float(sent["longitude"]),
            float(sent.get("horizontal_accuracy") or 0.0),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    inside = abs(place.latitude) <= 90 and abs(place.longitude) <= 180
    return place if inside and place.accuracy >= 0 else None


class Intake(Protocol):
    """Where updates go, whether they were asked for or sent to a webhook (the pump)."""

    async def take(self, updates: Sequence[dict[str, Any]]) -> None:
        """Commit them, those not seen before, handled or lined up to be: once this returns they are
        safe.

        Raises `SQLAlchemyError` where the database is away: then not all of them are kept.
        """

    async def room(self) -> None:
        """Wait while too much is lined up already."""

    @property
    def full(self) -> bool:
        """Whether too much is lined up already."""


class Receiver(Protocol):
    """How updates come in: the poller, the webhook."""

    async def run(self, intake: Intake) -> None:
        """Take updates in until cancelled; raises `Halted` where going on makes no sense."""


class Poller:
    """Asks Telegram for updates until it is told to stop."""

    def __init__(self, bot: TelegramBot, *, first_pause: float = 0.5) -> None:
        """`first_pause`: seconds before the second try where something is away."""
        self._bot = bot
        self._first_pause = first_pause
        self._offset = 0
        self._failures: dict[str, int] = {}
        """How often in a row what is away was tried in vain, by its name."""

    async def run(self, intake: Intake) -> None:
        """Poll for ever (cancel to end); raises `Halted` for a wrong token or a second poller."""
        while True:
            await intake.room()
            try:
                updates = await self._poll()
                self._reached("Telegram")
                if updates:
                    await intake.take(updates)
                    # Only now: the next poll tells Telegram that everything before it is safe.
                    newest: int = max(update["update_id"] for update in updates)
                    self._offset = max(self._offset, newest + 1)
                    self._reached("database")
            except InvalidToken:
                raise Halted(INVALID) from None
            except Conflict as conflict:
                set_ = "webhook" in conflict.message.lower()
                raise Halted(WEBHOOK if set_ else TWICE) from None
            except RetryAfter as flood:
                await asyncio.sleep(seconds_of(flood))
            except TelegramError as error:
                await self._wait_for("Telegram", error)
            except SQLAlchemyError as error:
                await self._wait_for("database", error)

    def _reached(self, what: str) -> None:
        if self._failures.pop(what, 0) and not self._failures:
            log.info("updates come in again")

    async def _wait_for(self, what: str, error: Exception) -> None:
        """Each is waited for by itself: after an hour without the database one poll that fails
        is tried again at once."""
        failures = self._failures.get(what, 0)
        if not failures:
            log.warning(
                "%s cannot be reached (%s): trying again until it can", what, type(error).__name__
            )
        self._failures[what] = min(failures + 1, 10)
        await asyncio.sleep(min(self._first_pause * 2**failures, LONGEST_PAUSE))

    async def _poll(self) -> list[dict[str, Any]]:
        given = {
            "offset": self._offset, "limit": 100, "timeout": POLL, "allowed_updates": ASKED_FOR
        }  # fmt: skip
        updates: list[dict[str, Any]] = await self._bot.call(
            "getUpdates", given, timeout=POLL + SLACK
        )
        return updates
