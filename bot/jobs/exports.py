"""The answers as files, for who asked."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import file, send
from bot.texts import escape, speak
from surveys.export import Filters, NothingToExport, Wanted, into_zip, tables, told
from surveys.store.administrators import addressee
from surveys.store.database import Database
from surveys.store.jobs import DueJob

LARGEST = 49_000_000
"""Bytes of a file that a bot may send (Telegram: 50 MB)."""

CAPTION = 1000
"""Characters under a file (Telegram: 1024); all of it is in the zip's README.txt."""


def exported(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "export": `filters` and `wanted` as JSON, `released`."""
    with database.read() as session:
        one = addressee(session, int(job.arguments["contact_id"]))
    if one is None:
        return []
    say = speak(one.language)
    chat, key = desk.address(one), f"job:{job.id}:{one.contact_id}:0"
    filters = Filters.from_json(job.arguments["filters"])
    wanted = Wanted.from_json(job.arguments["wanted"])
    try:
        made = tables(database, filters, desk.clock(), released=bool(job.arguments["released"]))
    except NothingToExport:
        return [(one, [send(chat, say("Nobody has been asked there yet."), key=key)])]
    with TemporaryDirectory() as folder:
        target = Path(folder) / "answers.zip"
        into_zip(made, wanted, target)
        if target.stat().st_size > LARGEST:
            text = say(
                "The file is too large for a chat. Whoever runs the bot can write it with"
                " “usegap export”."
            )
            return [(one, [send(chat, text, key=key)])]
        content = target.read_bytes()
    caption = ""
    for sentence in told(made, wanted.language):
        longer = f"{caption}\n{escape(sentence)}".strip()
        if len(longer) <= CAPTION:
            caption = longer
    return [(one, [file(chat, content, target.name, caption, key=key)])]
