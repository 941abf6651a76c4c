"""Two administrators of different areas try every command on each other's villages."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.access import ROLES
from surveys.store.database import Database
from surveys.store.schema import Base, Interview
from tests.administrators.conftest import office
from tests.fieldwork import answered, open_field
from tests.respondent.phones import at_work, say

VILLAGES = """code,name,area,households,adults,target,adults_offline,reference
LP01,Liuping Qzkx,He/Shang,200,480,12,60,no
LP02,Hekou Qzkx,He/Shang,150,300,,30,no
LP03,Tiny Jwvy,He/Xia,40,90,10,,no
LP04,Dawan Jwvy,He/Xia,80,190,10,,no
"""
OURS, THEIRS = "Qzkx", "Jwvy"
"""Parts of the villages' names that nobody types: who reads one was told it."""
TABLES = ("area", "margin", "form_version", "wave", "grant", "invite", "schedule", "quota")
"""What no command on a village of others may change."""


def two_townships(url):
    """In two villages of each township enough have answered to be shown."""
    database = Database(url)
    where = open_field(database, VILLAGES)
    with database.begin() as session:
        for village in where.villages:
            answered(session, where, village, 6)
    database.close()


def rows(survey, contents=TABLES):
    """Every row of these tables, and what was decided about each interview."""
    with survey.database.read() as session:
        found = {
            name: sorted(map(str, session.execute(select(Base.metadata.tables[name])).all()))
            for name in contents
        }
        found["review"] = sorted(
            map(str, session.execute(select(Interview.key, Interview.review, Interview.reminders)))
        )
    return found


def typed(keys):
    """What somebody tries who knows what villages of others are called."""
    names = ("", "Liuping", "lp02", "Shang", "he/shang/hekou", "He", keys[0], "%")
    tries = [f"/{command} {name}".strip() for command in ROLES for name in names]
    return [*tries, f"/find uuid:{keys[1]}", "/find uuid:", "/quota LP01 f 16-34 5",
            "/quota He/Shang m 65+ 1", "/quota LP01 clear", "/wave open He/Shang",
            "/wave close He/Shang", "/wave compare He/Shang", "/poster LP01 both"]  # fmt: skip


async def everything_pressed(person, survey):
    """All buttons that the bot has shown this person, with where they stood."""
    await survey.quiet()
    return [
        (message, data)
        for message in person.messages
        for _, data in message.buttons
        if not data.startswith("https://")
    ]


@pytest.mark.parametrize("role", ["area", "analyst", "helper", "viewer"])
async def test_of_others_villages_nothing_is_had(sqlite_url, tmp_path, role):
    await nothing_is_had(sqlite_url, tmp_path, role)


async def test_nor_by_owners_of_other_areas(database_url, tmp_path):
    await nothing_is_had(database_url, tmp_path, "owner")


async def nothing_is_had(url, tmp_path, role):
    two_townships(url)
    async with at_work(tmp_path, url) as survey:
        wei = await office(survey, 501, "en", role, "He/Shang")
        xia = await office(survey, 502, "en", role, "He/Xia")
        with survey.database.read() as session:
            keys = [
                key.removeprefix("uuid:")
                for key in session.scalars(
                    select(Interview.key).where(Interview.submission.is_not(None)).limit(2)
                )
            ]
        # Wei looks at what is his; those are the buttons that Xia will forge.
        for command in ROLES:
            await say(wei, f"/{command}")
        for command in ("profile Liuping", "villages Liuping", "quota LP01", "poster LP01",
                        f"find {keys[0]}", "schedule"):  # fmt: skip
            await say(wei, f"/{command}")
        shown = await everything_pressed(wei, survey)
        assert OURS in json.dumps([message.text for message in wei.messages])
        assert shown or role == "helper"
        before = rows(survey)
        for text in typed(keys):
            await xia.send(text)
        last = await say(xia, "/help")
        await survey.quiet()
        for message, data in {data: (message, data) for message, data in shown}.values():
            del message
            await xia.tap(replace(last, rows=((("x", data),),)), 0)
        await survey.quiet()
        read = [message.text for message in xia.messages if message.from_bot] + xia.notices
        read += [label for message in xia.messages for label, _ in message.buttons]
        read += [
            message.file.content.decode("utf-8", "replace") + message.file.filename
            for message in xia.messages
            if message.file is not None
        ]
        assert [text for text in read if OURS in text] == []
        after = rows(survey)
        ours = [name for name in TABLES if before[name] != after[name]]
        # Xia may change what is hers (an invite, a schedule): no row of Wei's township moves.
        for name in ours:
            gone = set(before[name]) - set(after[name])
            assert gone == set() or name == "schedule", (name, gone)
        assert before["review"] == after["review"]
