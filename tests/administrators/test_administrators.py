"""Administrators in chat: invite, summary, villages, profiles, files; and who is none."""

import asyncio
import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from surveys.conduct.retention import expire
from surveys.publish import close_wave
from surveys.store.schema import Administrator, Area, Attachment, Audit, Contact, Interview, Job
from tests.administrators.conftest import fill, link, office, parcel
from tests.respondent.phones import (
    PATIENCE,
    Clock,
    agree_to_both,
    at_work,
    labels,
    made_once,
    moment,
    say,
    tap,
)

MORNING = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
"""Ten o'clock in the county: people are written to unasked."""
COMMANDS = ("/summary", "/villages", "/profile", "/profile Liuping", "/export")


def profiles(person):
    """How many pages of profiles someone has been sent."""
    return sum(
        message.file is not None and message.file.filename.endswith(".html")
        for message in person.messages
    )


async def test_an_invite_works_once(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        wei, lan = survey.telegram.person(501, "zh-CN"), survey.telegram.person(502, "en")
        command = link(survey)
        welcome = await say(wei, command)
        assert "欢迎" in welcome.text
        assert "Shang" in welcome.text
        assert [name for name, _ in wei.menu][:4] == [
            "summary", "villages", "poster", "profile",
        ]  # fmt: skip
        assert ("summary", "各村调查进度") in wei.menu
        assert "export" not in dict(wei.menu)
        used = (await say(lan, command)).text
        assert used == "This link is not valid, or was used already. Please ask for a new one."
        late = link(survey, now=moment() - timedelta(days=15))
        for wrong in ("/start admin-", "/start admin-wrong", "/start admin-" + "x" * 600, late):
            assert (await say(lan, wrong)).text == used
        await survey.quiet()
        # Of someone with a wrong link nothing is kept.
        assert survey.count(Contact, Administrator) == [1, 1]
        assert "summary" not in dict(lan.menu)
        assert [one.action for one in survey.rows(Audit)].count("accept invite") == 1
        # The menu follows the language, and the rights.
        await say(wei, link(survey, "owner", None))
        await survey.quiet()
        assert "export" in dict(wei.menu)
        await wei.tap(await say(wei, "/language"), "English")
        await survey.quiet()
        assert ("summary", "how the survey goes, village by village") in wei.menu
        # An administrator without a village's link is told what can be done, not sent away.
        assert "/summary" in (await say(wei, "/start")).text
        record = await say(wei, "/mydata")
        assert "501" in record.text
        assert "Administrator of: Shang" in record.text
        await office(survey, 503, "en", "owner", None)
        sure = await say(wei, "/forget")
        assert "not be an administrator any more" in sure.text
        await wei.tap(sure, 0)
        await survey.quiet()
        assert survey.count(Contact, Administrator) == [1, 1]
        assert "summary" not in dict(wei.menu)


async def test_a_profile_is_chosen_and_arrives(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        wei = await office(survey, 501, "zh")
        which = await say(wei, "/profile")
        assert labels(which) == [["Shang（全部村）"], ["=Cmd Village"], ["Liuping"]]
        soon = await tap(wei, "Liuping", which)
        assert "Liuping" in soon.text
        text, picture, page = await parcel(wei)
        assert "Liuping" in text.text
        assert any("一" <= letter <= "鿿" for letter in text.text)
        assert len(text.text) <= 4096
        assert picture.file.kind == "photo"
        assert picture.file.content.startswith(b"\x89PNG")
        assert page.file.filename == "LP01.html"
        assert b"<html" in page.file.content
        assert "Liuping" in page.text
        # A part of the name in any case, the code, the whole name.
        for typed in ("/profile liu", "/profile lp01", "/PROFILE@usegap_demo_bot Liuping"):
            before = profiles(wei)
            assert "Liuping" in (await say(wei, typed)).text
            await wei.wait_for(lambda _, before=before: profiles(wei) > before, PATIENCE)
        assert "没有这个名字" in (await say(wei, "/profile Tiny")).text
        await say(wei, "/profile cmd")
        nobody = await wei.wait_for(lambda seen: "还没有人答完" in seen.text, PATIENCE)
        assert "/summary" in nobody.text
        assert "给您做过的报告：" in (await say(wei, "/mydata")).text


async def test_an_area_s_profile_is_for_those_who_hold_it(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        wei = await office(survey, 501)
        assert "Shang" in (await say(wei, "/profile shang")).text
        text, picture, page = await parcel(wei)
        assert "Shang" in text.text
        assert picture.file.content.startswith(b"\x89PNG")
        assert page.file.filename == "Shang.html"
        for said in (b"How the survey goes", b"10 / 12", b"No answers yet: =Cmd Village."):
            assert said in page.file.content
        # What lies above or beside is as if it were not there; and so are its buttons.
        none = await say(wei, "/profile No such place")
        for above in ("He", "Seat", "Xia", "County office"):
            assert (await say(wei, f"/profile {above}")).text == none.text
        which = await say(wei, "/profile")
        with survey.database.read() as session:
            beside = [area.id for area in session.query(Area) if area.name in ("He", "Seat", "Xia")]
        before, jobs = len(wei.messages), survey.count(Job)
        for area_id in beside:
            await wei.tap(replace(which, rows=((("x", f"a:p:{area_id}"),),)), 0)
        await survey.quiet()
        assert survey.count(Job) == jobs
        assert not any(message.file for message in wei.messages[before:])


async def test_many_villages_are_turned_over_like_pages(tmp_path):
    villages = "code,name,area,households,adults,target\n" + "".join(
        f"{'A' * 29}{n:03},{'<b>&村' * 30}{n:03}{' west' if n % 2 else ''},He/Shang,50,100,9\n"
        for n in range(40)
    )
    made_once(tmp_path, villages=villages)
    async with at_work(tmp_path, f"sqlite:///{tmp_path / 'usegap.db'}") as survey:
        wei = await office(survey, 501)
        page = await say(wei, "/profile")
        assert len(page.rows) == 13
        seen = [data for _, data in page.buttons if data.startswith("a:p:")]
        while any(label == "More ▶" for label, _ in page.buttons):
            page = await tap(wei, "More", page)
            seen += [data for _, data in page.buttons if data.startswith("a:p:")]
        assert len(set(seen)) == len(seen) == 41
        west = await say(wei, "/profile west")
        west = await tap(wei, "More", west)
        assert len(west.rows) == 9
        assert all(len(data.encode()) <= 64 for _, data in west.buttons)
        assert [label for label, _ in (await wei.tap_and_see(west, "◀")).rows[-1]] == ["More ▶"]
        await say(wei, "/summary")
        await survey.quiet()
        page = await say(wei, "/villages")
        links = [page.text]
        while any(label == "More ▶" for label, _ in page.buttons):
            page = await tap(wei, "More", page)
            links.append(page.text)
        assert len(set(re.findall(r"start=(A+\d+)", "\n".join(links)))) == 40
        sent = [message.text for message in wei.messages if message.from_bot]
        assert all(len(text) <= 4096 for text in (*sent, *links))


async def test_the_answers_as_files(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        wei, boss = await office(survey, 501), await office(survey, 502, "en", "owner", None)
        refused = (await say(wei, "/export")).text
        assert refused == "/export is for: owner, analyst. If you need it, ask who invited you."
        which = await say(boss, "/export")
        assert labels(which)[0] == ["CSV (R, Python)"]
        whom = await tap(boss, "CSV (R, Python)", which)
        assert "nobody in it can be recognised" in whom.text
        assert labels(whom) == [["To pass on"], ["For our own analysis"]]
        await boss.tap(whom, 1)
        own = await boss.wait_for(lambda seen: seen.file is not None, PATIENCE)
        assert own.text.startswith("Answers: 34\nEach row is one person")
        files = unpacked(own)
        assert list(files) == [
            "submissions.csv", "villages.csv", "analysis.R", "analysis.py", "codebook.csv",
            "codebook.html", "README.txt",
        ]  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(files["submissions.csv"].decode("utf-8-sig"))))
        assert {row["village"] for row in rows} <= {"Liuping", "Town", "LP01", "TOWN", ""}
        assert len(rows) == 34
        assert "G2" not in rows[0]
        assert b"Q1" in files["codebook.csv"]
        await boss.tap(replace(whom, rows=((("x", "x:csv:r"),),)), 0)
        given = await boss.wait_for(
            lambda seen: seen.file is not None and "could not be checked" in seen.text, PATIENCE
        )
        table = unpacked(given)["submissions.csv"].decode("utf-8-sig")
        assert not any(row["household"] in table or row["KEY"] in table for row in rows)
        actions = [(one.actor, one.object) for one in survey.rows(Audit) if one.action == "export"]
        assert actions == [("administrator 2", "submissions"), ("administrator 2", "release")]
        for data in ("x:pdf:", "x:csv:z", "x:csv", "x::r"):
            await boss.tap(replace(whom, rows=((("x", data),),)), 0)
        await wei.tap(replace(whom, rows=((("x", "x:csv:o"),),)), 0)
        await survey.quiet()
        assert len([one for one in survey.rows(Audit) if one.action == "export"]) == 2
        # Where somebody sent a photo it can be had, too.
        with survey.database.begin() as session:
            one = session.query(Interview).filter_by(status="finished").first()
            session.add(Attachment(interview_id=one.id, node="/data/photo", name="a.jpg",
                                   media_type="image/jpeg", size=1, state="fetched",
                                   content=b"x", taken_at=one.finished_at))  # fmt: skip
        whom = await tap(boss, "CSV (R, Python)", await say(boss, "/export"))
        assert labels(whom)[2] == ["Our own, with photos and sound"]
        await boss.tap(whom, 2)
        await survey.quiet()
        assert survey.rows(Job)[-1].arguments["media"] is True


def unpacked(message):
    """The files of a zip that was sent, by name."""
    with zipfile.ZipFile(io.BytesIO(message.file.content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


async def test_to_everyone_else_these_commands_do_not_exist(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        lan = survey.telegram.person(7, "en")
        await say(lan, "/start LP01")
        wei = await office(survey, 501)
        which = await say(wei, "/profile")
        jobs = survey.count(Job)
        audit = survey.count(Audit)
        nothing = (await say(lan, "/nothing")).text
        assert nothing == "I do not know this command. /help says what I can do."
        for command in COMMANDS:
            assert (await say(lan, command)).text == nothing
        # A button of an administrator's, forwarded or made up.
        shown = await say(lan, "/start")
        for data in ("a:p:1", "a:n:0:", which.buttons[0][1], "nonsense"):
            await lan.tap(replace(shown, rows=((("x", data),),)), 0)
        await survey.quiet()
        assert len(lan.notices) == 4
        assert len(set(lan.notices)) == 1
        assert survey.count(Job) == jobs
        assert survey.count(Audit) == audit
        assert "summary" not in dict(lan.menu)
        assert "/summary" not in (await say(lan, "/help")).text
        # Another township's administrator reaches no village of this one.
        xia = await office(survey, 503, "en", "area", "He/Xia")
        await xia.tap(replace(shown, rows=which.rows), 0)
        await survey.quiet()
        assert xia.notices == ["This button no longer works. /start goes on."]
        assert "Liuping" not in (await say(xia, "/summary")).text
        assert survey.count(Job) == jobs


async def answer(person, code="LP01"):
    """Answer the form of the field from the village's link to the end."""
    await tap(person, "English", await say(person, f"/start {code}"))
    await agree_to_both(person)
    for text in ("3", "2", "yes", "1", "/skip"):
        await say(person, text)
    begun = person.last.message_id
    await person.send("/skip")
    await person.wait_for(
        lambda seen: seen.message_id > begun and "start=home-" in seen.text, PATIENCE
    )


async def test_profiles_come_by_themselves_to_whom_they_concern(field_url, tmp_path):
    async with at_work(tmp_path, field_url, clock=Clock(MORNING)) as survey:
        shang = await office(survey, 501, "zh")
        xia = await office(survey, 502, "en", "area", "He/Xia")
        boss = await office(survey, 503, "en", "owner", None)
        away = await office(survey, 504, "en")
        await away.block()
        residents = [survey.telegram.person(number, "en") for number in range(10, 14)]
        await answer(residents[0])
        await survey.quiet()
        assert profiles(shang) == 0
        await answer(residents[1])
        await parcel(shang)
        await parcel(boss)
        assert any("答卷已达到目标数" in message.text for message in shang.messages)
        assert any("Liuping has reached its target" in message.text for message in boss.messages)
        # Once, however many more finish.
        await answer(residents[2])
        await survey.quiet()
        await jobs_done(survey)
        assert (profiles(shang), profiles(boss), profiles(xia)) == (1, 1, 0)
        with survey.database.begin() as session:
            close_wave(session, now=survey.clock())
        await jobs_done(survey)
        assert any("调查已结束" in message.text for message in shang.messages)
        # Whoever has several villages that answered is sent the profile of them together, too.
        assert (profiles(shang), profiles(boss), profiles(xia)) == (2, 4, 0)
        assert profiles(away) == 0
        assert [message.text for message in xia.messages if message.from_bot] == [
            xia.messages[1].text
        ]
        assert [job.error for job in survey.rows(Job) if job.error] == []


async def jobs_done(survey):
    """No job waits, and what they made is sent."""
    async with asyncio.timeout(PATIENCE):
        while any(job.done_at is None for job in survey.rows(Job)):
            await asyncio.sleep(0.05)
    await survey.quiet()


async def test_a_job_that_fails_says_so_to_who_asked(field_url, tmp_path, monkeypatch):
    def broken(*given):
        raise ValueError("someone's answer")

    monkeypatch.setattr("bot.jobs.profiles.profile_at", broken)
    monkeypatch.setattr("bot.jobs.TRIES", 1)
    async with at_work(tmp_path, field_url) as survey:
        wei = await office(survey, 501)
        await say(wei, "/profile Liuping")
        sorry = await wei.wait_for(lambda seen: "did not work" in seen.text, PATIENCE)
        assert "answer" not in sorry.text
        assert [job.error for job in survey.rows(Job)] == ["ValueError"]


async def test_when_the_promised_time_is_over_a_resident_is_unknown(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        lan, wei = survey.telegram.person(7, "en"), await office(survey, 501)
        await answer(lan)
        await survey.quiet()
        assert expire(survey.database, moment() + timedelta(days=800)) > 0
        assert (await say(lan, "/mydata")).text == "Nothing is kept about you."
        assert survey.count(Interview) == [0]
        assert "/summary" in (await say(wei, "/help")).text
        assert (await say(wei, "/summary")).text.startswith("Nobody has begun yet.")


async def test_one_conversation_on_either_database(database_url, tmp_path):
    fill(database_url, homes=(("LP01", 5),))
    async with at_work(tmp_path, database_url, clock=Clock(MORNING)) as survey:
        wei = await office(survey, 501)
        for number in (10, 11):
            await answer(survey.telegram.person(number, "en"))
        await parcel(wei)
        lan = survey.telegram.person(12, "en")
        await say(lan, "/start LP\x0001")
        await say(lan, "/start LP01")
        await answer(lan)
        await say(lan, "a \x00 b")
        sure = await say(lan, "/forget")
        await lan.tap(sure, 0)
        await survey.quiet()
        with survey.database.read() as session:
            found = session.scalars(select(Interview.status)).all()
        assert found == ["finished"] * 12
