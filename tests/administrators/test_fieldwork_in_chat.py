"""Posters, waves, quotas and reviews in chat; and that other areas get nothing of them."""

import io
from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import update

from surveys.publish import publish
from surveys.store.database import Database
from surveys.store.schema import Area, Audit, Interview, Job, Quota, Wave
from tests.administrators.conftest import office
from tests.fieldwork import newest
from tests.quota_form import VILLAGES, quota_form
from tests.respondent import phones
from tests.respondent.phones import (
    PATIENCE,
    agree,
    agree_to_both,
    at_work,
    labels,
    moment,
    say,
    tap,
)


@pytest.fixture
def ages_url(database_url):
    """The form that asks for sex and age is asked in three villages, on either database."""
    phones.made(database_url, form=None, villages=VILLAGES)
    database = Database(database_url)
    with database.begin() as session:
        version = publish(session, quota_form(), "test", moment()).form_version_id
        session.execute(update(Wave).values(form_version_id=version))
    database.close()
    return database_url


async def respond(person, sex, age, code="LP01"):
    """Answer up to the age; what is seen next."""
    await agree(person, code)
    for label in ("I myself", sex):
        await tap(person, label)
    return await say(person, str(age))


async def test_a_quota_is_set_by_buttons_or_in_words_and_ends_an_interview_kindly(
    ages_url, tmp_path
):
    async with at_work(tmp_path, ages_url) as survey:
        wei = await office(survey, 501)
        xia = await office(survey, 502, "en", "area", "He/Xia")
        helper = await office(survey, 503, "zh", "helper", "LP01")
        shown = await say(wei, "/quota LP01")
        assert "There are none" in shown.text
        cell = await tap(wei, "55-64", await tap(wei, "Women", await tap(wei, "Set a number",
                                                                        shown)))  # fmt: skip
        assert "/quota LP01 f 55-64 25" in cell.text
        done = await tap(wei, "5", cell)
        assert "Women, 55-64: 0 / 5" in done.text
        assert "Women, 55-64: 0 / 1" in (await say(wei, "/quota LP01 f 55-64 1")).text
        assert "Counted over all villages" in (await say(wei, "/quota He/Shang 65+ 40")).text
        # Who may only look sees them, and no number of the wider area.
        seen = await say(helper, "/quota LP01")
        assert "女，55-64: 0 / 1" in seen.text.replace("：", ": ").replace(", ", "，")
        assert "40" not in seen.text
        assert labels(seen) == []
        assert "负责人" in (await say(helper, "/quota LP01 f 55-64 9")).text
        # Another area's administrator: no such village, no such button.
        assert "I did not understand" in (await say(xia, "/quota LP01 f 55-64 9")).text
        await xia.tap(replace(seen, rows=cell.rows), 0)
        await survey.quiet()
        assert xia.notices == ["This button no longer works. /start goes on."]
        assert [q.most for q in survey.rows(Quota)] == [1, 40]

        anna, bea = survey.telegram.person(7, "en"), survey.telegram.person(8, "en")
        assert "What would help" in (await respond(anna, "Woman", 58)).text
        await say(anna, "Lessons")
        before = survey.people()
        enough = await respond(bea, "Woman", 60)
        assert enough.text.startswith(
            "Thank you. We already have enough answers from women of your age here.\n"
            "Nothing you told us is kept."
        )
        await survey.quiet()
        assert survey.people() == before
        # A man of the same home answers on the same phone.
        consent = await tap(bea, "Someone else answers here", enough)
        await agree_to_both(bea, consent)
        await tap(bea, "I myself")
        await tap(bea, "Man")
        assert "What would help" in (await say(bea, "61")).text
        text = (await say(wei, "/quota LP01")).text
        assert "✓ Women, 55-64: 1 / 1" in text
        assert "1 person came when it was full" in text
        assert "Women, 55-64" not in (await say(wei, "/quota LP01 f 55-64 off")).text
        actions = [line.action for line in survey.rows(Audit)]
        assert (actions.count("set quota"), actions.count("clear quota")) == (3, 1)


async def test_one_interview_by_its_id_and_what_a_review_says(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        wei, xia = await office(survey, 501), await office(survey, 502, "en", "area", "He/Xia")
        reader = await office(survey, 503, "zh", "analyst", "He/Shang")
        one = survey.rows(Interview)[0]

        def state():
            return {row.key: row.review for row in survey.rows(Interview)}[one.key]

        unknown = (await say(wei, "/find 99999999")).text
        assert unknown == "No interview of your villages has this id."
        assert (await say(xia, f"/find {one.key}")).text == unknown
        assert "too little" in (await say(wei, "/find 0000")).text
        await say(wei, f"/find {one.key}")
        told = await wei.wait_for(lambda seen: "Review:" in seen.text, PATIENCE)
        for part in ("Liuping · LP01", one.key, "finished", "Finished: ", "by themselves",
                     "English (en)", "stands out", "Review: not reviewed"):  # fmt: skip
            assert part in told.text, part
        # No answer and nobody.
        assert not {"news", "yes", "s_use", one.respondent_id, "home"} & set(told.text.split())
        rejected = await tap(wei, "✗ Reject", told)
        assert "is now: rejected" in rejected.text
        assert state() == "rejected"
        await say(wei, "/summary")
        await wei.wait_for(lambda seen: "9 finished" in seen.text, PATIENCE)
        assert "is now: not reviewed" in (await tap(wei, "↩ Back to received", rejected)).text
        await say(wei, "/summary")
        await wei.wait_for(lambda seen: "10 finished" in seen.text, PATIENCE)
        # An analyst looks and does not review; another area's administrator does neither.
        await say(reader, f"/find {one.key[5:13]}")
        told_too = await reader.wait_for(lambda seen: "审核" in seen.text, PATIENCE)
        assert labels(told_too) == []
        for person in (xia, reader):
            await person.tap(replace(told_too, rows=told.rows), 0)
        await survey.quiet()
        assert state() == "received"
        lines = [(a.actor, a.object) for a in survey.rows(Audit) if a.action == "review"]
        assert {actor for actor, _ in lines} == {"administrator 1"}
        assert [said for _, said in lines] == [f"{one.key}: rejected", f"{one.key}: received"]


async def test_a_wave_is_closed_and_the_next_one_opened_and_compared(ages_url, tmp_path):
    async with at_work(tmp_path, ages_url) as survey:
        anna, bea = survey.telegram.person(7, "en"), survey.telegram.person(8, "en")
        await respond(anna, "Woman", 58)
        await say(anna, "Lessons")
        await respond(bea, "Woman", 58, "XJ01")
        boss = await office(survey, 501, "en", "owner", None)
        wei = await office(survey, 502)
        listed = await say(wei, "/wave")
        assert "1 finished interview\n0 under way" in listed.text
        assert labels(listed) == []
        listed = await say(boss, "/wave")
        assert "1 finished interview\n1 under way" in listed.text
        sure = await boss.tap_and_see(listed, listed.buttons[0][1], PATIENCE)
        assert "Once it is closed, nobody can answer" in sure.text
        assert "1 interview is not finished" in sure.text
        assert "profile of 1 village" in sure.text
        await wei.tap(replace(listed, rows=sure.rows), 0)
        await survey.quiet()
        assert wei.notices == ["This button no longer works. /start goes on."]
        assert newest(survey.database).closed_at is None
        assert "is closed" in (await tap(boss, "Yes, at once", sure)).text
        assert newest(survey.database).closed_at is not None
        lan = survey.telegram.person(9, "en")
        assert "No survey is open in Liuping" in (await say(lan, "/start LP01")).text
        assert "no more answers" in (await say(bea, "Lessons")).text
        named = await say(boss, "/wave open Spring & 春")
        where = await boss.tap_and_see(named, named.buttons[0][1], PATIENCE)
        assert "Name: Spring & 春" in where.text
        assert "whoever took part before can answer once more" in where.text
        await boss.tap(where, where.buttons[0][1])
        await boss.wait_for(lambda seen: "The wave is open" in seen.text, PATIENCE)
        wave = newest(survey.database)
        assert (wave.name, wave.closed_at) == ("Spring & 春", None)
        assert "too long" in (await say(boss, "/wave open " + "村" * 20)).text
        await say(wei, "/wave compare")
        await wei.wait_for(lambda seen: "Nothing can be said of a change" in seen.text, PATIENCE)
        actions = [(a.action, a.actor) for a in survey.rows(Audit) if "wave" in a.action]
        assert actions[-2:] == [
            ("close wave", "administrator 1"), ("open wave", "administrator 1"),
        ]  # fmt: skip


async def test_a_poster_arrives_as_picture_and_pdf(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        helper = await office(survey, 501, "zh", "helper", "LP01")
        with survey.database.begin() as session:
            session.execute(update(Area).where(Area.name == "Shang").values(language="zh"))
        asked = await say(helper, "/poster")
        assert "Liuping" in asked.text
        pdf = await helper.wait_for(
            lambda seen: seen.file is not None and seen.file.filename == "poster-LP01.pdf", PATIENCE
        )
        assert pdf.file.content.startswith(b"%PDF")
        png = next(m.file for m in helper.messages if m.file and m.file.kind == "photo")
        found = {one.text for one in zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)))}
        assert found == {"https://t.me/usegap_demo_bot?start=LP01"}
        jobs = survey.count(Job)
        assert "没有" in (await say(helper, "/poster Tiny")).text
        viewer = await office(survey, 502, "en", "viewer", "He/Shang")
        assert "/poster is for: owner, area administrator, helper" in (
            await say(viewer, "/poster Liuping")
        ).text  # fmt: skip
        assert survey.count(Job) == jobs
