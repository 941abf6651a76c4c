"""A wave's end: nobody begins any more, who has begun can finish, and it is closed once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from bot.desk import Desk
from bot.jobs import _carry_out, _due
from bot.jobs.parcels import NotYet
from bot.settings import Settings
from surveys.conduct.settle import take_in
from surveys.publish import NoSuchWave, close_wave, end_wave, keep_open
from surveys.store.database import Database
from surveys.store.schema import Audit, Contact, Delivery, Inbox, Interview, Job, Wave
from surveys.store.vault import Vault
from tests.administrators.conftest import office
from tests.fieldwork import NOW, answered, newest, open_field
from tests.respondent.phones import (
    ORGANISATION,
    PATIENCE,
    Clock,
    agree,
    at_work,
    finish,
    labels,
    made,
    say,
    settle,
    tap,
)  # fmt: skip

TEN = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
"""Ten in the morning in the villages."""
END = "until tomorrow 10:00"


async def halfway(person, code="LP01", language="English"):
    """Someone agrees and answers one question of five."""
    await agree(person, code, language)
    await tap(person, "I myself" if language == "English" else "我自己")


def told(person):
    """What somebody was told about the end without asking."""
    return [one.text for one in person.messages
            if ("Until then you can finish" in one.text and one.text.startswith("The survey of"))
            or "在那之前您还可以答完" in one.text]  # fmt: skip


def acts(survey):
    """What was done to waves, and by whom."""
    return [(a.action, a.actor) for a in survey.rows(Audit) if "wave" in a.action]


async def test_who_has_begun_can_finish_and_nobody_else_begins(database_url, tmp_path):
    made(database_url)
    clock = Clock(TEN)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        ann, bea, carl, dan, eve, lan = (survey.telegram.person(700 + n, "en") for n in range(6))
        boss = await office(survey, 501, role="owner", area=None)
        wei = await office(survey, 502, "en", "area", "He/Shang")
        await halfway(ann)
        await halfway(bea, "LP02", "中文")
        await halfway(carl)
        await agree(dan)
        home = await finish(dan)
        before = await say(dan, "/start")
        consent = await say(eve, "/start LP01")
        consent = await tap(eve, "English", consent)
        sure = await tap(boss, f"Close the wave: {ORGANISATION}", await say(boss, "/wave"))
        assert "3 interviews are not finished" in sure.text
        yes = f"Yes, who has begun may finish: {END}"
        assert labels(sure) == [[yes], ["Yes, at once"], ["No, leave it"]]
        await wei.tap(replace(before, rows=sure.rows), 0)
        await survey.quiet()
        assert newest(survey.database).closing_at is None
        ended = await settle(boss, yes, sure)
        assert f"Who has begun can finish: {END}." in ended.text
        await survey.all_done()
        # Told once, in their language; who has finished is left in peace.
        words = "The survey of Liuping 柳坪 ends tomorrow 10:00. Until then you can finish."
        assert [told(one) for one in (ann, bea, carl, dan, eve)] == [
            [words], ["Qingshui 清水的调查明天10:00结束，在那之前您还可以答完。"], [words], [], [],
        ]  # fmt: skip
        # Nobody begins: not by the link, an open consent, the family link, nor on the same phone.
        nobody = "The survey in Liuping 柳坪 is ending, and nobody new begins any more."
        assert (await say(lan, "/start LP01")).text.startswith(nobody)
        link = home.text.rpartition("start=")[2]
        assert (await say(lan, f"/start {link}")).text.startswith(nobody)
        over = await settle(eve, "I am 16 or older and agree", consent)
        assert "no longer open" in over.text
        over = await settle(dan, "Another person at home", before)
        assert "no longer open" in over.text
        assert (await say(dan, "/start")).text.startswith(nobody)
        assert survey.count(Interview) == [4]
        # Who has begun goes on by the message, by /start, or simply by answering.
        where = await say(bea, "/start")
        assert where.text.startswith("这次调查明天10:00结束")
        assert len(labels(where)) == 1
        again = await say(ann, "/start LP01")
        assert labels(again) == [["▶ Go on: person 1"]]
        assert "How old" in (await tap(ann, "Go on: person 1", again)).text
        for words in ("34", "News", "1"):
            await say(ann, words)
        last = await say(ann, "words")
        while "last question" not in last.text:
            last = await ann.next_message(PATIENCE)
        assert labels(last) == [["🧹 Remove answers from chat"]]
        # Administrators see it.
        listed = await say(boss, "/wave")
        assert "ends tomorrow 10:00; nobody begins any more" in listed.text
        assert "It is ending: nobody begins any more" in (await say(boss, "/setup")).text
        summary = (await say(wei, "/summary")).text
        assert summary.startswith("The survey is ending: nobody begins any more")
        assert "ends tomorrow 10:00" in summary
        assert " · ending" in summary
        clock.forward(hours=25)
        await survey.all_done()
        assert newest(survey.database).closed_at == clock()
        # Within the hour nothing leads to carl any more: he did not ask to be written to again.
        last = (await say(carl, "40")).text
        assert any(words in last for words in ("no more answers", "To take part"))
        assert "No survey is open" in (await say(lan, "/start LP01")).text
        await survey.all_done()
        assert [one.reason for one in survey.rows(Delivery)].count("closed") == 2
        assert acts(survey)[-2:] == [
            ("end wave", "administrator 1"), ("close wave", "administrator 1")
        ]  # fmt: skip


async def test_at_night_nobody_is_told_and_the_end_is_taken_back_or_made_at_once(
    database_url, tmp_path
):
    made(database_url)
    clock = Clock(TEN - timedelta(days=8))
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        ann, bea, carl, dan = (survey.telegram.person(700 + n, "en") for n in range(4))
        boss = await office(survey, 501, role="owner", area=None)
        await halfway(dan)
        clock.forward(days=8, hours=-1)
        for one in (ann, bea, carl):
            await halfway(one)
        await bea.block()
        with survey.database.begin() as session:
            hidden = survey.traces(carl)[2].decode()
            contact = session.scalars(select(Contact).where(Contact.address_hash == hidden)).one()
            contact.unreminded_at = clock()
        # Ten in the evening.
        clock.forward(hours=13)
        sure = await tap(boss, f"Close the wave: {ORGANISATION}", await say(boss, "/wave"))
        await settle(boss, "Yes, who has begun may finish: until tomorrow 22:00", sure)
        await survey.all_done()
        assert told(ann) == []
        clock.forward(hours=11)
        await survey.all_done()
        assert [told(one) for one in (ann, bea, carl, dan)] == [
            ["The survey of Liuping 柳坪 ends today 22:00. Until then you can finish."], [], [], [],
        ]  # fmt: skip
        assert [row.reminders for row in survey.rows(Interview)] == [0] * 4
        goes_on = await settle(boss, f"Let it go on: {ORGANISATION}", await say(boss, "/wave"))
        assert goes_on.text.startswith("The wave goes on.")
        # The old question is still in the chat; its order is one of its own.
        assert "Who has begun can finish" in (await settle(boss, labels(sure)[0][0], sure)).text
        await survey.all_done()
        await settle(boss, f"Let it go on: {ORGANISATION}", await say(boss, "/wave"))
        clock.forward(days=3)
        await survey.all_done()
        assert newest(survey.database).closed_at is None
        eve = survey.telegram.person(710, "en")
        await agree(eve)
        with survey.database.begin() as session:
            end_wave(session, clock(), grace=timedelta(hours=2))
        await survey.all_done()
        sure = await tap(boss, f"Close it at once: {ORGANISATION}", await say(boss, "/wave"))
        assert labels(sure) == [["Yes, at once"], ["No, leave it"]]
        assert "is closed" in (await settle(boss, "Yes, at once", sure)).text
        closed = newest(survey.database).closed_at
        clock.forward(hours=3)
        await survey.all_done()
        assert newest(survey.database).closed_at == closed
        assert [action for action, _ in acts(survey)].count("close wave") == 1


def test_it_is_closed_once_and_not_before_what_came_in_was_handled(database):
    where = open_field(database)
    key, clock = b"k" * 32, Clock(NOW)
    desk = Desk(Settings.read({}), Vault(key), "bot", clock)
    with database.begin() as session:
        answered(session, where, "LP01", 3)
        with pytest.raises(NoSuchWave, match="about to be closed"):
            keep_open(session, NOW)
        end_wave(session, NOW, grace=timedelta(hours=4), by="administrator 7")
        # A later word counts: the first order does nothing at its time.
        end_wave(session, NOW, grace=timedelta(hours=6), by="administrator 8")
    clock.forward(hours=4)
    (first,) = _due(database, desk)
    _carry_out(first, database, desk)
    assert newest(database).closed_at is None
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "an answer",
              "from": {"id": 5, "is_bot": False, "first_name": "x"},
              "chat": {"id": 5, "type": "private"}}}  # fmt: skip
    take_in(database, desk.vault, [update], clock())
    clock.forward(hours=2)
    (job,) = _due(database, desk)
    with pytest.raises(NotYet):
        _carry_out(job, database, desk)
    with database.begin() as session:
        session.scalars(select(Inbox)).one().done_at = clock()
    # Two replicas, and an owner who closes it at this very moment.
    other = Database(database.url.render_as_string(hide_password=False))
    start, errors = Barrier(3), []

    def carry_out(through):
        start.wait()
        _carry_out(job, through, desk)

    def at_once():
        start.wait()
        try:
            with database.begin() as session:
                close_wave(session, clock(), by="administrator 9")
        except NoSuchWave as error:
            errors.append(error)

    threads = [Thread(target=carry_out, args=(one,)) for one in (database, other)]
    threads.append(Thread(target=at_once))
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    other.close()
    with database.read() as session:
        assert session.scalars(select(Wave.closed_at)).all() == [clock()]
        who = session.scalars(select(Audit.actor).where(Audit.action == "close wave")).all()
        assert who in (["administrator 8"], ["administrator 9"])
        assert len(errors) == (who == ["administrator 8"])
        ordered = session.scalars(select(Job.arguments).where(Job.kind == "profile")).all()
        assert len([one for one in ordered if one["area_id"] == where.villages["LP01"]]) == 1
