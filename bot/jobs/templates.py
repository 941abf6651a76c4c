"""Files to fill in, and an invented profile to look at."""

from __future__ import annotations

import csv
import io

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import file
from bot.texts import Speak, speak
from surveys.publish.margins import COLUMNS
from surveys.publish.village_rows import ALL
from surveys.publish.villages import EXAMPLE
from surveys.store.administrators import entitled
from surveys.store.database import Database
from surveys.store.jobs import DueJob


def templates(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "templates": {contact_id, area}: what an owner fills in and sends back."""
    from surveys.form.sheets import read_sheets
    from surveys.form.workbook import to_excel
    from surveys.instruments import shipped

    with database.read() as session:
        one = entitled(session, int(job.arguments["contact_id"]), ROLES["setup"])
    if one is None:
        return []
    say, chat = speak(one.language), desk.address(one)
    workbook = to_excel(read_sheets(shipped(), "md"))
    return [
        (
            one,
            [
                file(chat, villages_csv(say), "villages.csv", _about_villages(say)),
                file(chat, margins_csv(str(job.arguments["area"])), "margins.csv",
                     _about_margins(say)),
                file(chat, workbook, "village_digital.xlsx", _about_form(say)),
            ],
        )
    ]  # fmt: skip


def example(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "example": {contact_id}: the card of a village that does not exist."""
    from surveys.reports.charts import card
    from surveys.reports.example import example_profile

    with database.read() as session:
        one = entitled(session, int(job.arguments["contact_id"]), ROLES["tour"])
    if one is None:
        return []
    say = speak(one.language)
    picture = card(example_profile(one.language), "zh" if one.language == "zh" else "en")
    caption = say("An example: this village is invented, and so is every number.")
    return [(one, [file(desk.address(one), picture, "example.png", caption, picture=True)])]


def villages_csv(say: Speak) -> bytes:
    """A list with two example rows; marked as UTF-8, for Excel."""
    names = say("Upper Village"), say("Lower Village")
    area = say("County/Township")
    rows = [
        [f"{EXAMPLE}1", names[0], area, "210", "480", "60", "55", "2", "", "", "no", ""],
        [f"{EXAMPLE}2", names[1], area, "95", "230", "40", "", "3", "", "", "no", ""],
    ]
    return _csv([list(ALL), *rows])


def margins_csv(area: str) -> bytes:
    """Every category of an area, with the counts to be filled in."""
    from surveys.estimation.margins import VARIABLES

    rows = [[area, one.name, category, ""] for one in VARIABLES for category in one.categories]
    return _csv([list(COLUMNS), *rows])


def _csv(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode("utf-8-sig")


def _about_villages(say: Speak) -> str:
    return say(
        "Your villages, one a line; take out the two examples. Needed: code (letters and digits,"
        " it stands in the link), name, area (County/Township), households, adults, target (how"
        " many answers you want). The other columns may stay empty."
    )


def _about_margins(say: Speak) -> str:
    return say(
        "Optional: how many adults of an area are online, by sex and age, and by schooling. With"
        " it the profiles stand for all of them. Leave it if you do not know."
    )


def _about_form(say: Speak) -> str:
    return say(
        "The questionnaire that I ask now. To change it, edit it in Excel, give it a new version in"
        " the sheet settings, and send it back. You may leave it as it is."
    )
