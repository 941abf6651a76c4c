"""The answers as files, for who asked."""

from __future__ import annotations

from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import file
from bot.texts import escape, speak
from surveys.export import export_files
from surveys.store.administrators import addressee
from surveys.store.database import Database
from surveys.store.jobs import DueJob


def exported(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "export"."""
    with database.read() as session:
        one = addressee(session, int(job.arguments["contact_id"]))
    if one is None:
        return []
    say = speak(one.language)
    made = export_files(database, int(job.arguments["area_id"]), desk.clock())
    chat = desk.address(one)
    key = f"job:{job.id}:{one.contact_id}"
    caption = say.count("{n} person", "{n} persons", made.submissions)
    if made.villages_withheld:
        caption += "\n" + say.count(
            "{n} village has too few answers and is left out",
            "{n} villages have too few answers and are left out",
            made.villages_withheld,
        )
    return [
        (
            one,
            [
                file(
                    chat, content, name, escape(caption) if not place else "", key=f"{key}:{place}"
                )
                for place, (name, content) in enumerate(made.files.items())
            ],
        )
    ]
