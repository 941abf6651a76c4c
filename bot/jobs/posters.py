"""A village's poster, for who asked: as a picture for the chat and a PDF to print."""

from __future__ import annotations

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import file, send
from bot.texts import escape, speak
from surveys.profiles.posters import NoPoster, poster_of
from surveys.store.administrators import entitled
from surveys.store.database import Database
from surveys.store.jobs import DueJob


def postered(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "poster"."""
    from surveys.reports.pdf import PangoMissingError
    from surveys.reports.poster import picture, poster_pdf

    area_id = int(job.arguments["area_id"])
    with database.read() as session:
        one = entitled(session, int(job.arguments["contact_id"]), ROLES["poster"], [area_id])
        if one is None:
            return []
        say = speak(one.language)
        chat, key = desk.address(one), f"job:{job.id}:{one.contact_id}"
        try:
            sheet = poster_of(session, area_id, desk.bot_username, desk.settings.language)
        except NoPoster:
            text = say("A poster says who asks. Open a survey first: /wave")
            return [(one, [send(chat, text, key=f"{key}:0")])]
    asked = job.arguments["language"]
    try:
        made = poster_pdf(sheet.poster, asked if asked in ("en", "zh", "both") else sheet.tongue)
    except PangoMissingError:
        text = say("Posters cannot be made on this computer yet. The operator can mend that.")
        return [(one, [send(chat, text, key=f"{key}:0")])]
    name = f"poster-{sheet.poster.code}"
    caption = say("The poster of {village}: A4, black and white. Print it and hang it up.").format(
        village=escape(sheet.poster.village)
    )
    return [
        (
            one,
            [
                file(chat, picture(made), f"{name}.png", picture=True, key=f"{key}:0"),
                file(chat, made, f"{name}.pdf", caption, key=f"{key}:1"),
            ],
        )
    ]
