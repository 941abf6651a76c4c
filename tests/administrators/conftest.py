"""A county in which fieldwork is under way, and the bot at work there."""

import pytest

from surveys.publish import invite
from surveys.store.database import Database
from surveys.store.vault import Vault
from tests.fieldwork import VILLAGES, answered, open_field
from tests.respondent import phones


def fill(url, villages=VILLAGES, homes=(("LP01", 5), ("TOWN", 12))):
    """Villages, a wave, and two persons' answers in each of so many homes."""
    database = Database(url)
    where = open_field(database, villages)
    with database.begin() as session:
        for village, count in homes:
            answered(session, where, village, count)
    database.close()


@pytest.fixture
def field_url(database_url):
    """Ten persons of a village and twenty-four of a town have answered, on either database."""
    fill(database_url)
    return database_url


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Jobs and marks are looked at often, heavy work is done here: tests wait more than people."""
    monkeypatch.setattr("bot.marks.SOON", 0.005)
    monkeypatch.setattr("bot.jobs.PAUSE", 0.05)
    monkeypatch.setattr("bot.jobs.apart.ELSEWHERE", False)


def link(survey, role="area", area="He/Shang", now=None):
    """The command that an invite's link sends."""
    with survey.database.begin() as session:
        vault = Vault(survey.settings.secret_key.encode())
        return f"/start admin-{invite(session, vault, role, area, now or phones.moment())}"


async def office(survey, number, language="en", role="area", area="He/Shang"):
    """Someone who has opened an invite's link."""
    person = survey.telegram.person(number, language)
    await phones.say(person, link(survey, role, area))
    return person


async def parcel(person):
    """A profile as it arrives: text, picture, page."""
    page = await person.wait_for(
        lambda seen: seen.file is not None and seen.file.filename.endswith(".html"), phones.PATIENCE
    )
    place = [message.message_id for message in person.messages].index(page.message_id)
    return person.messages[place - 2 : place + 1]
