"""A wave in twenty villages through chat alone: from the first invite to the exported zip."""

import asyncio
import csv
import io
import re
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from surveys.store.schema import Area, Delivery, FormVersion, Interview, Job, Wave
from tests import fieldwork
from tests.administrators.conftest import link
from tests.respondent.phones import PATIENCE, Clock, agree_to_both, at_work, say

MORNING = (datetime.now(UTC) + timedelta(days=1)).replace(hour=2, minute=0)
"""Ten o'clock in the villages, after the program has begun."""
OURS = "usegap-village"
"""The form has a question of its own that is called village."""
TOWNSHIPS = ("Shang", "Xia", "Dong", "Xi")
ENOUGH, TOO_FEW = 5, 1
"""Homes that answer, two persons each, in one village of each township, and in the other four."""
VILLAGES = [
    (f"V{place:02}", f"Village {place:02}", township, place % 5 > 0)
    for township in TOWNSHIPS
    for place in range(5 * TOWNSHIPS.index(township), 5 * TOWNSHIPS.index(township) + 5)
]
"""Code, name, township, whether few answer."""


def list_of_villages():
    lines = ["code,name,area,households,adults,target,adults_offline,language"]
    lines += [
        f"{code},{name},He/{township},120,300,{2 * ENOUGH},40,en"
        for code, name, township, _ in VILLAGES
    ]
    return "\n".join(lines).encode()


def questionnaire():
    form = fieldwork.HEAD.strip() + fieldwork.ROWS.rstrip() + fieldwork.LISTS.rstrip()
    return (form + fieldwork.SETTINGS.format(version="spring")).encode()


async def press(person, label, message):
    """Tap the first button that has this in its label; the message as it is then, or the next."""
    found = next(text for text, _ in message.buttons if label in text)
    seen = len(person.messages)
    await person.tap(message, found)
    return await person.wait_for(
        lambda now: (
            (now.message_id == message.message_id and now.edits > message.edits)
            or (now.from_bot and person.messages.index(now) >= seen)
        ),
        PATIENCE,
    )


async def take_in(owner, name, content):
    """Send a file, read what it would do, say yes."""
    owner.read_all()
    await owner.send_file(name, content, "")
    asked = await owner.wait_for(lambda seen: "Take it in" in str(seen.buttons), PATIENCE)
    return await press(owner, "Take it in", asked)


async def joins(survey, owner, number, role, *path):
    """Somebody comes into the team by an invite that the owner makes in chat."""
    message = await press(owner, "Invite someone", await say(owner, "/team"))
    message = await press(owner, role, message)
    for place in path:
        before = len(owner.messages)
        message = await press(owner, place, message)
    forward = await owner.wait_for(
        lambda seen: "start=admin-" in seen.text and owner.messages.index(seen) >= before, PATIENCE
    )
    code = re.search(r"start=(admin-\S+)", forward.text)[1]
    person = survey.telegram.person(number, "en")
    await say(person, f"/start {code}")
    return person


async def at_home(survey, number, code):
    """Two of a home answer: one by the village's link, one by the link that the first forwards."""
    first, second = (survey.telegram.person(number + one, "en") for one in (0, 1))
    forward = await answers(first, f"/start {code}")
    home = re.search(r"start=(home-\S+)", forward.text)[1]
    await answers(second, f"/start {home}")


async def answers(person, start):
    """From a link to the end; the message to forward."""
    message = await say(person, start)
    if any(label == "English" for label, _ in message.buttons):
        message = await person.tap_and_see(message, "English", PATIENCE)
    await agree_to_both(person, message)
    for text in ("3", "2", "yes", "1", "/skip"):
        await say(person, text)
    begun = person.last.message_id
    await person.send("/skip")
    return await person.wait_for(
        lambda seen: seen.message_id > begun and "start=home-" in seen.text, PATIENCE
    )


async def jobs_done(survey):
    """No job waits, and what they made is sent: dozens of profiles, cards and pages."""
    async with asyncio.timeout(4 * PATIENCE):
        while any(job.done_at is None for job in survey.rows(Job)):
            await asyncio.sleep(0.1)
    await survey.quiet()


def pages(person):
    """The names of the pages that somebody was sent."""
    return Counter(
        message.file.filename
        for message in person.messages
        if message.file is not None and message.file.filename.endswith(".html")
    )


@pytest.mark.timeout(300)
async def test_a_whole_wave_through_chat_alone(sqlite_url, tmp_path):
    async with at_work(tmp_path, sqlite_url, clock=Clock(MORNING)) as survey:
        # The operator has started the program and passed on the first link. All else is chat.
        owner = survey.telegram.person(501, "en")
        await say(owner, link(survey, "owner", None, now=MORNING))
        assert "version spring" in (await take_in(owner, "form.md", questionnaire())).text
        assert "20 villages" in (await take_in(owner, "villages.csv", list_of_villages())).text
        message = await press(owner, "Close the wave", await say(owner, "/wave"))
        assert "closed" in (await press(owner, "Yes, at once", message)).text
        asked = await say(owner, "/wave open Spring 2026")
        message = await press(owner, asked.buttons[0][0], asked)
        assert "version spring" in message.text
        assert "The wave is open" in (await press(owner, "Yes, open it", message)).text

        xia = await joins(survey, owner, 502, "Area administrator", "He", "Xia", "All of Xia")
        viewer = await joins(survey, owner, 503, "Viewer", "He", "Dong", "All of Dong")
        analyst = await joins(survey, owner, 504, "Analyst", "All of")
        assert "V05" in (await say(xia, "/villages")).text
        assert "V00" not in (await say(xia, "/villages")).text

        homes = [
            (1000 + 100 * place + 2 * home, code)
            for place, (code, _, _, few) in enumerate(VILLAGES)
            for home in range(TOO_FEW if few else ENOUGH)
        ]
        gate = asyncio.Semaphore(8)

        async def one(number, code):
            async with gate:
                await at_home(survey, number, code)

        async with asyncio.TaskGroup() as group:
            for number, code in homes:
                group.create_task(one(number, code))
        await jobs_done(survey)
        # Each village that reached its target has been told of: to the owner, and to its area.
        full = [code for code, _, _, few in VILLAGES if not few]
        assert pages(owner) == dict.fromkeys((f"{code}.html" for code in full), 1)
        assert set(pages(xia)) == {"V05.html"}
        assert set(pages(viewer)) == set(pages(analyst)) == set()
        going = await say(owner, "/summary")
        await jobs_done(survey)
        assert f"{2 * len(homes)} finished" in going.text

        message = await press(owner, "Close the wave", await say(owner, "/wave"))
        assert "The profiles of 20 villages" in message.text
        await press(owner, "Yes, at once", message)
        await jobs_done(survey)
        assert set(pages(viewer)) >= {"V10.html"}
        assert not any(name.startswith(("V0", "V15")) for name in pages(viewer))

        # The county's page, asked for by its name.
        owner.read_all()
        await owner.send("/profile He")
        county = await owner.wait_for(
            lambda seen: (
                seen.file is not None
                and seen.file.filename.endswith(".html")
                and b"Village 00" in seen.file.content
                and b"Village 10" in seen.file.content
            ),
            PATIENCE,
        )
        assert b"<html" in county.file.content

        message = await say(analyst, "/export")
        message = await press(analyst, "CSV", message)
        own = next(label for label, data in message.buttons if data.endswith(":o"))
        await press(analyst, own, message)
        sent = await analyst.wait_for(
            lambda seen: seen.file is not None and seen.file.filename.endswith(".zip"), PATIENCE
        )
        await jobs_done(survey)
        with zipfile.ZipFile(io.BytesIO(sent.file.content)) as files:
            names = {name.rpartition("/")[2]: name for name in files.namelist()}
            text = files.read(names["submissions.csv"]).decode("utf-8-sig")
            assert {"villages.csv", "codebook.csv", "analysis.R", "analysis.py"} <= names.keys()
        found = list(csv.DictReader(io.StringIO(text)))
        assert Counter(row[OURS] for row in found) == dict.fromkeys(full, 2 * ENOUGH)
        with survey.database.read() as session:
            kept = dict(
                session.execute(
                    select(Interview.key, Area.code)
                    .join(Area, Area.id == Interview.area_id)
                    .where(Interview.status == "finished")
                ).all()
            )
            assert session.scalars(select(Wave.name).order_by(Wave.id)).all()[-1] == "Spring 2026"
            assert len(session.scalars(select(FormVersion.id)).all()) == 2
            assert [one.error for one in session.scalars(select(Job)) if one.error] == []
            deliveries = session.scalars(select(Delivery)).all()
        assert len(kept) == 2 * len(homes)
        assert all(kept[row["KEY"]] == row[OURS] for row in found)
        assert len({one.key for one in deliveries}) == len(deliveries) >= 8
        assert survey.parked() == []
