"""The answers as files, for who asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import file, send
from bot.texts import escape, speak
from surveys.export import Filters, NothingToExport, Wanted, add_media, into_zip, tables, told
from surveys.store.administrators import entitled
from surveys.store.database import Database
from surveys.store.jobs import DueJob

LARGEST = 49_000_000
"""Bytes of a file that a bot may send (Telegram: 50 MB)."""

AROUND = 300
"""Bytes that a zip needs for each file beside its content, at most."""
CAPTION = 1000
"""Characters under a file (Telegram: 1024); all of it is in the zip's README.txt."""


def exported(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "export": `filters` and `wanted` as JSON, `released`, `media`."""
    filters, contact_id = Filters.from_json(job.arguments["filters"]), job.arguments["contact_id"]
    with database.read() as session:
        one = entitled(session, int(contact_id), ROLES["export"], filters.area_ids)
    if one is None or not filters.area_ids:
        return []
    say = speak(one.language)
    chat, key = desk.address(one), f"job:{job.id}:{one.contact_id}:0"
    wanted = Wanted.from_json(job.arguments["wanted"])
    with TemporaryDirectory() as folder:
        target = Path(folder) / "answers.zip"
        try:
            made = tables(
                database, filters, desk.clock(), released=bool(job.arguments["released"]),
                unseal=desk.vault.open if job.arguments.get("media") else None,
                folder=target.parent,
            )  # fmt: skip
        except NothingToExport:
            return [(one, [send(chat, say("Nobody has been asked there yet."), key=key)])]
        into_zip(replace(made, media=None), wanted, target)
        if target.stat().st_size > LARGEST:
            text = say(
                "The file is too large for a chat. Whoever runs the bot can write it with"
                " “usegap export”."
            )
            return [(one, [send(chat, text, key=key)])]
        media = made.media
        too_large = media is not None and (
            target.stat().st_size + media.size + AROUND * media.count > LARGEST
        )
        if media is not None and not too_large:
            add_media(media, target)
        content = target.read_bytes()
    sentences = told(replace(made, media=None) if too_large else made, wanted.language)
    if media is not None and too_large:
        text = say(
            "The photos and recordings are too large for a chat ({size} MB). Whoever runs the bot"
            " can write them with “usegap export”."
        )
        sentences = [text.format(size=round(media.size / 1_000_000)), *sentences]
    caption = ""
    for sentence in sentences:
        longer = f"{caption}\n{escape(sentence)}".strip()
        if len(longer) <= CAPTION:
            caption = longer
    return [(one, [file(chat, content, target.name, caption, key=key)])]
