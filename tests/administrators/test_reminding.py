"""Reminders: who gets one, when, how often; and who never does."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.cli import main
from bot.desk import Desk
from bot.jobs import _carry_out, _due
from bot.settings import Settings
from surveys.conduct.quiet import next_allowed
from surveys.conduct.remind import order, remind, waiting
from surveys.publish import close_wave
from surveys.store.database import Database
from surveys.store.schema import Area, Audit, Contact, Interview, Job, Outbox
from surveys.store.vault import Vault, WrongKey
from tests.administrators.conftest import office
from tests.respondent.phones import (
    Clock,
    agree,
    agree_to_both,
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
KEY = "a key for tests, and only for tests"


def reminders(person):
    """The reminders on someone's phone."""
    return [one for one in person.messages if of_a_reminder(one.text)]


def of_a_reminder(text):
    return "have not finished it" in text or "还没有答完" in text


async def halfway(person, code="LP01", language="English"):
    """Someone agrees and answers one question of five."""
    await agree(person, code, language)
    await tap(person, "I myself" if language == "English" else "我自己")


async def test_who_stopped_in_the_middle_is_reminded_twice_at_most(database_url, tmp_path):
    made(database_url)
    clock = Clock(TEN)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        lan, bo, chen, dan, eve, fay, gil, kim = (
            survey.telegram.person(700 + n, "en") for n in range(8)
        )
        wei = await office(survey, 501, role="area", area="He/Shang")
        xia = await office(survey, 502, role="area", area="He/Xia")
        boss = await office(survey, 503, role="owner", area=None)
        eye = await office(survey, 504, role="viewer", area=None)
        await halfway(lan, language="中文")
        await halfway(bo, "LP02")
        await tap(bo, "Stop")
        await halfway(chen)
        await agree(dan)
        await agree(eve)
        await finish(eve)
        await halfway(gil)
        # A helper's phone: two persons, both unfinished, are one message.
        await say(chen, "/start")
        await tap(chen, "Another person at home")
        await agree_to_both(chen)
        await dan.block()
        await survey.quiet()
        clock.forward(hours=23)
        await halfway(fay)
        clock.forward(hours=2)
        await agree(kim, "XJ01")
        asked = await say(wei, "/remind")
        assert asked.text.startswith("4 persons stopped in the middle")
        assert "Liuping 柳坪: 3\nQingshui 清水: 1" in asked.text
        assert labels(asked) == [["✉ Remind them"], ["Nobody for now"]]
        assert "703" not in asked.text
        assert (await say(wei, "/remind qing")).text.startswith("1 person stopped")
        assert "Xiajia" not in (await say(wei, "/remind xia")).text
        assert (await say(xia, "/remind")).text.startswith("There is nobody to remind now.")
        assert "is for: owner, area administrator" in (await say(eye, "/remind")).text
        assert (await say(lan, "/remind")).text.startswith("我不认识")
        theirs = await say(boss, "/remind")
        not_now = await settle(wei, "Nobody for now", await say(wei, "/remind"))
        assert not_now.text == "All right, nobody is reminded now."
        # Two at once, and one of them twice.
        await asyncio.gather(
            wei.tap(asked, labels(asked)[0][0]), boss.tap(theirs, "✉ Remind them"),
            wei.tap(asked, labels(asked)[0][0]),
        )  # fmt: skip
        await survey.all_done()
        assert [len(reminders(p)) for p in (lan, bo, chen, dan, eve, fay, gil, kim)] == [
            1, 1, 1, 0, 0, 0, 1, 0,
        ]  # fmt: skip
        (message,) = reminders(lan)
        assert message.text.startswith("你好！Liuping 柳坪的问卷你开了头，还没有答完。")
        assert "大约5道题，已经答了1道" in message.text
        (message,) = reminders(chen)
        assert "person 2 on this phone" in message.text
        assert "questions are done" not in message.text
        # One goes on where they were, one wants no more.
        (message,) = reminders(bo)
        assert "1 of about 5 questions are done." in message.text
        on = await tap(bo, "Go on", message)
        assert on.text.startswith("2 / 5  How old are you?")
        (message,) = reminders(gil)
        gone = await settle(gil, "🔕 Do not remind me", message)
        assert "no more reminders" in gone.text
        assert gone.buttons == []
        today = f"{clock():%Y-%m-%d}"
        record = (await say(gil, "/mydata")).text
        assert f"No reminders, as you said on {today}" in record
        assert f"Reminders sent: 1, the last on {today}" in record
        # Not again before two days are over; a second time then, for whom it is not the last.
        clock.forward(hours=47)
        assert (await say(xia, "/remind")).text.startswith("1 person stopped")
        # By now also fay, and bo who went no further; chen's other person, after a day.
        assert (await say(wei, "/remind")).text.startswith("2 persons stopped")
        clock.forward(hours=2)
        await settle(wei, "✉ Remind them", await say(wei, "/remind"))
        await survey.all_done()
        clock.forward(days=3)
        await settle(wei, "✉ Remind them", await say(wei, "/remind"))
        await survey.all_done()
        clock.forward(days=3)
        await settle(wei, "✉ Remind them", await say(wei, "/remind"))
        await survey.all_done()
        clock.forward(days=9)
        assert (await say(wei, "/remind")).text.startswith("There is nobody to remind now.")
        got = [len(reminders(p)) for p in (lan, bo, chen, dan, eve, fay, gil, kim)]
        # In place of the one that gil was sent stands what he was told.
        assert got == [2, 2, 4, 0, 0, 2, 0, 0]
        assert {one.reminders for one in survey.rows(Interview)} == {0, 1, 2}
        lines = [one for one in survey.rows(Audit) if one.action == "remind"]
        villages = {a.id for a in survey.rows(Area) if a.code in ("LP01", "LP02")}
        assert {one.area_id for one in lines} == villages
        assert sum(int(one.object.split()[0]) for one in lines) == sum(got) + 1
        # Forgotten with the rest; who keeps the answers keeps nothing of this.
        await say(gil, "/forget")
        await settle(gil, "Delete the answers too")
        await survey.quiet()
        assert all(one.unreminded_at is None for one in survey.rows(Contact))
        kept = {str(one.id) for one in survey.rows(Interview)}
        keys = [one.key.split(":") for one in survey.rows(Outbox) if one.key]
        about = {key[1] for key in keys if key[0] == "ask" and key[2].startswith("n")}
        assert about
        assert about <= kept


async def test_in_the_evening_it_waits_for_the_morning(database_url, tmp_path):
    made(database_url)
    clock = Clock(TEN)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        lan, bo, gil = (survey.telegram.person(700 + n, "en") for n in range(3))
        wei = await office(survey, 501)
        boss = await office(survey, 502, role="owner", area=None)
        for one in (lan, bo, gil):
            await halfway(one)
        # Nine in the evening of the next day.
        clock.forward(hours=35)
        asked = await say(wei, "/remind")
        assert "they would go out in the morning" in asked.text
        done = await settle(wei, "✉ Remind them", asked)
        assert done.text.startswith("✓ 3 persons are reminded in the morning, at 9:00.")
        again = await say(boss, "/remind")
        assert "3 reminders are ordered already" in again.text
        assert again.buttons == []
        # Meanwhile one goes on, and one says no for good.
        await say(bo, "/start")
        await tap(bo, "Go on: person 1")
        await say(gil, "/forget")
        await settle(gil, "Delete the answers too")
        clock.forward(hours=11, minutes=59)
        await asyncio.sleep(0.3)
        await survey.all_done()
        assert [len(reminders(p)) for p in (lan, bo, gil)] == [0, 0, 0]
        clock.forward(minutes=1)
        await survey.all_done()
        assert [len(reminders(p)) for p in (lan, bo, gil)] == [1, 0, 0]
        # What is ordered when the wave closes is not done.
        clock.forward(hours=59)
        await settle(boss, "✉ Remind them", await say(boss, "/remind"))
        with survey.database.begin() as session:
            close_wave(session, clock())
        clock.forward(hours=13)
        await survey.all_done()
        assert [len(reminders(p)) for p in (lan, bo)] == [1, 0]
        assert (await say(boss, "/remind")).text.startswith("There is nobody to remind now.")


async def left_by(survey, count):
    """So many people stop in the middle, a day ago."""
    for number in range(count):
        await halfway(survey.telegram.person(700 + number, "en"))
    survey.clock.forward(hours=25)


async def test_two_at_once_and_a_crash_between(database_url, tmp_path):
    made(database_url)
    clock = Clock(TEN)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        await left_by(survey, 4)
        village = next(a.id for a in survey.rows(Area) if a.code == "LP01")
    database = Database(database_url)
    with database.begin() as session:
        assert [one.chats for one in order(session, [village], "command line", clock())] == [4]
        assert order(session, [village], "command line", clock()) == []
        assert [(one.chats, one.ordered) for one in waiting(session, [village], clock())] == [
            (4, True)
        ]

    def desk(key):
        given = Settings.read({"USEGAP_SECRET_KEY": key})
        return Desk(given, Vault(key.encode()), "usegap_demo_bot", clock)

    (job,) = _due(database, desk(KEY))
    # It breaks off at the first address: nothing of it has happened.
    with pytest.raises(WrongKey):
        _carry_out(job, database, desk("another key, and just as long as the first one"))
    with database.read() as session:
        assert session.scalar(select(func.sum(Interview.reminders))) == 0
        assert session.scalar(select(func.count()).where(Audit.action == "remind")) == 0
    # Two programs, the same job; and two orders for the same people.
    start = Barrier(4)
    sent, found = [], []

    def carry_out():
        start.wait()
        sent.append(len(_carry_out(job, database, desk(KEY))))

    def by_another():
        start.wait()
        with database.begin() as session:
            found.append(len(remind(session, village, "administrator 9", clock())))

    threads = [Thread(target=one) for one in (carry_out, carry_out, by_another, by_another)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(sent) + sum(found) == 4
    with database.read() as session:
        assert set(session.scalars(select(Interview.reminders))) == {1}
        queued = select(func.count()).where(Outbox.key.like("ask:%:n1"), Outbox.done_at.is_(None))
        assert session.scalar(queued) == sum(sent)
    database.close()


async def test_the_command_line_counts_and_with_yes_orders(
    database_url, tmp_path, monkeypatch, capsys
):
    made(database_url)
    clock = Clock(TEN)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        await left_by(survey, 2)
    monkeypatch.setenv("USEGAP_DATABASE_URL", database_url)
    monkeypatch.setattr("bot.cli.remind.now", clock)

    def usegap(*arguments):
        monkeypatch.setattr("sys.argv", ["usegap", "remind", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    database = Database(database_url)

    def jobs():
        with database.read() as session:
            return [
                (one.arguments["area_id"], one.arguments["by"], one.due_at)
                for one in session.scalars(select(Job).where(Job.kind == "remind"))
            ]

    assert usegap() == "LP01 Liuping 柳坪: 2, now\n"
    assert usegap("--area", "He/Xia", "--yes") == ""
    assert jobs() == []
    # At four in the morning.
    clock.forward(hours=17)
    assert usegap("--yes") == "LP01 Liuping 柳坪: 2, from 2026-03-05 01:00 UTC\n"
    assert usegap("--yes") == ""
    assert usegap() == "LP01 Liuping 柳坪: 2, from 2026-03-05 01:00 UTC, ordered\n"
    ((_, by, due),) = jobs()
    assert (by, due) == ("command line", datetime(2026, 3, 5, 1, tzinfo=UTC))
    database.close()


ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Kathmandu", "America/New_York", "Europe/Berlin")


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_the_first_moment_by_day_is_found_as_by_trying_every_minute(now, name):
    zone = ZoneInfo(name)
    found = next_allowed(now, zone)
    by_day = lambda moment: time(9) <= moment.astimezone(zone).time() < time(20)  # noqa: E731
    if by_day(now):
        assert found == now
        return
    minute = now.replace(second=0, microsecond=0)
    while not by_day(minute):
        minute += timedelta(minutes=1)
    assert found == minute
