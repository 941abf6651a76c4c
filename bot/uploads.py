"""Files that are kept here, sent: uploaded once, afterwards by the id that Telegram gave them.

What a form shows with its questions goes to everyone who answers: its id is remembered, for each
bot. What somebody answered goes back to them alone: nothing of it is remembered.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from telegram.error import BadRequest

from bot.request import Attached, TelegramBot
from surveys.store.attachments import Content, content_of, note_sent_as, sent_as
from surveys.store.database import Database
from surveys.store.messages import Outgoing
from surveys.store.vault import Vault

REFUSED = ("file", "media")
"""What Telegram's refusals of an id have in them: of another bot, of another kind, expired."""


class NotKept(Exception):  # noqa: N818
    """The attachment is not there (any more)."""


class Uploads:
    """What sends messages that show an attachment."""

    def __init__(self, bot: TelegramBot, database: Database, vault: Vault, username: str) -> None:
        """`username`: the bot's, under which ids are remembered."""
        self._bot = bot
        self._database = database
        self._vault = vault
        self._username = username
        self._known: dict[int, str] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, outgoing: Outgoing, given: Mapping[str, Any]) -> Any:
        """Make the call of a message that shows an attachment; gives its result.

        Raises `NotKept`, what `TelegramBot.call` raises, and `SQLAlchemyError`.
        """
        attachment_id, field = outgoing.shows or 0, outgoing.field or "document"
        # Of a hundred who begin together, one uploads and the others wait for the id.
        async with self._locks[attachment_id]:
            file_id = await self._id_of(attachment_id)
            if file_id is None:
                return await self._upload(attachment_id, field, outgoing, given)
        try:
            return await self._bot.call(outgoing.method, {**given, field: file_id})
        except BadRequest as error:
            if not any(word in error.message.lower() for word in REFUSED):
                raise
        async with self._locks[attachment_id]:
            if self._known.get(attachment_id) == file_id:
                return await self._upload(attachment_id, field, outgoing, given)
        return await self.send(outgoing, given)

    async def _id_of(self, attachment_id: int) -> str | None:
        known = self._known.get(attachment_id)
        if known is None:
            known = await self._database.in_reader(self._read_id, attachment_id)
            if known is not None:
                self._known[attachment_id] = known
        return known

    async def _upload(
        self, attachment_id: int, field: str, outgoing: Outgoing, given: Mapping[str, Any]
    ) -> Any:
        found = await self._database.in_reader(self._read, attachment_id)
        if found is None:
            raise NotKept
        content = self._vault.open(found.content) if found.sealed else found.content
        attached = Attached(field, outgoing.filename or found.name, content)
        result = await self._bot.call(outgoing.method, given, attached=attached)
        file_id = _file_id(result, field)
        if file_id is not None and not found.sealed:
            self._known[attachment_id] = file_id
            await self._database.in_thread(self._note, attachment_id, file_id)
        return result

    def _read_id(self, attachment_id: int) -> str | None:
        with self._database.read() as session:
            return sent_as(session, attachment_id, self._username)

    def _read(self, attachment_id: int) -> Content | None:
        with self._database.read() as session:
            return content_of(session, attachment_id)

    def _note(self, attachment_id: int, file_id: str) -> None:
        with self._database.begin() as session:
            note_sent_as(session, attachment_id, self._username, file_id)


def _file_id(result: Any, field: str) -> str | None:
    """The id that Telegram gave what was uploaded: of a photo that of its largest size."""
    sent = result.get(field) if isinstance(result, dict) else None
    if isinstance(sent, list):
        sent = sent[-1] if sent else None
    return sent.get("file_id") if isinstance(sent, dict) else None
