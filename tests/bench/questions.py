"""The questions that both bots of `make bench` ask: 40 of the same shape, five choices each."""

from __future__ import annotations

from datetime import UTC, datetime

from surveys.form.xlsform import convert
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database
from surveys.store.upgrade import upgrade

QUESTIONS = 40
VILLAGES = b"code,name,area,households,adults,target\nV,Village,A/B,9,9,\n"
CHOICES = ("Every day", "Every week", "Less often", "Longer ago", "Never")


def text_of(number: int) -> str:
    """The text of question `number`, from 1."""
    return f"Question {number}: in the last 3 months, how often did you use the internet for this?"


def workbook() -> str:
    """The same questions as an XLSForm in Markdown."""
    rows = "\n".join(
        f"| | select_one often | q{number} | {text_of(number)} | yes |"
        for number in range(1, QUESTIONS + 1)
    )
    choices = "\n".join(f"| | often | c{place} | {label} |" for place, label in enumerate(CHOICES))
    return (
        "| survey |\n| | type | name | label | required |\n" + rows + "\n"
        "| choices |\n| | list_name | name | label |\n" + choices + "\n"
        "| settings |\n| | form_title | form_id | version |\n| | Bench | bench | 1 |\n"
    )


def prepared(url: str) -> Database:
    """A database in which these questions are published, and asked in the village V."""
    upgrade(url)
    database = Database(url)
    now = datetime.now(UTC)
    with database.begin() as session:
        publish(session, convert(workbook().encode(), "bench.md"), "bench", now)
        ensure_ready(session, organisation="O", contact="C", retention_months=1, now=now)
        import_villages(session, VILLAGES, now)
    return database
