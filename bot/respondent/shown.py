"""What is shown with a question: pictures, sounds and films of its form version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from sqlalchemy.orm import Session

from bot.inbox import Incoming
from bot.outbox import Outgoing
from surveys.form.model import MediaKind
from surveys.store.attachments import Medium, media_named

LARGEST_PHOTO = 10 * 1024 * 1024
LARGEST = 50 * 1024 * 1024
"""Bytes that a bot may upload."""
WAYS: Mapping[str, tuple[str, str]] = {
    ".jpg": ("sendPhoto", "photo"),
    ".jpeg": ("sendPhoto", "photo"),
    ".png": ("sendPhoto", "photo"),
    ".webp": ("sendPhoto", "photo"),
    ".gif": ("sendAnimation", "animation"),
    ".mp3": ("sendAudio", "audio"),
    ".m4a": ("sendAudio", "audio"),
    ".ogg": ("sendVoice", "voice"),
    ".oga": ("sendVoice", "voice"),
    ".opus": ("sendVoice", "voice"),
    ".mp4": ("sendVideo", "video"),
    ".m4v": ("sendVideo", "video"),
}
"""How Telegram shows a file in the chat, by its ending; all others are sent as files."""
AS_FILE = ("sendDocument", "document")
CAPTION = 1000
"""Characters under a file, a little below what Telegram takes."""


def media(
    session: Session,
    form_version_id: int,
    shown: Sequence[tuple[MediaKind, str]],
    incoming: Incoming,
    key: str | None,
    *,
    captions: Mapping[str, str] | None = None,
) -> list[Outgoing]:
    """The messages that show these files, in order, to be sent before the question's own.

    shown: `Prompt.media` or `Say.media`; captions: what stands under a file, by its name. Under
    keys beside `key`, so that they leave the chat with the question. What the form version does
    not have is left out; of two kinds of one file (image and big-image) one is shown.
    """
    if not shown:
        return []
    there = media_named(session, form_version_id, [name for _, name in shown])
    chat = incoming.chat_id
    found = []
    for place, name in enumerate(dict.fromkeys(name for _, name in shown)):
        medium = there.get(name)
        if medium is None or medium.size > LARGEST or not medium.size:
            continue
        method, field = _way(medium)
        own = None if key is None else f"{key}.m{place}"
        under = (captions or {}).get(name, "")
        given = {"chat_id": chat, "caption": under[:CAPTION]} if under else {"chat_id": chat}
        found.append(Outgoing(method, given, chat, key=own, field=field, shows=medium.id))
    return found


def _way(medium: Medium) -> tuple[str, str]:
    way = WAYS.get(PurePath(medium.name).suffix.lower(), AS_FILE)
    if way[1] == "photo" and medium.size > LARGEST_PHOTO:
        return AS_FILE
    return way
