"""What comes without asking: when, to whom, in which language, and never twice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from bot import jobs
from bot.desk import Desk
from bot.jobs.profiles import _people
from bot.settings import Settings
from surveys.conduct.people import know
from surveys.conduct.schedules import HOURS, next_weekly
from surveys.conduct.settle import mark_failed, mark_sent
from surveys.publish import accept_invite, close_wave, invite
from surveys.store.database import Database
from surveys.store.deliveries import lines, previous, standing
from surveys.store.jobs import due_jobs
from surveys.store.schedules import choose
from surveys.store.schema import Area, Delivery, Grant, Job, Outbox, Schedule
from tests.administrators.conftest import link, office
from tests.administrators.test_administrators import answer
from tests.cli.conftest import usegap_raw
from tests.cli.test_cli import usegap
from tests.fieldwork import answered, interview, open_field
from tests.respondent.phones import PATIENCE, Clock, at_work, labels, say

__all__ = ["usegap", "usegap_raw"]

MONDAY = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
"""Ten in the morning in the county."""
THURSDAY = datetime(2026, 5, 7, 8, 0, tzinfo=UTC)
"""Four in the afternoon there."""
ZONES = (
    "Asia/Shanghai", "Europe/Paris", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
    "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Asia/Gaza",
)  # fmt: skip


def filled(url, homes):
    """The field, with two persons' answers in each of so many homes of a village."""
    database = Database(url)
    where = open_field(database)
    with database.begin() as session:
        answered(session, where, "LP01", homes)
    database.close()
    return where


def more(survey, where, homes):
    """Two more persons in each of so many new homes of it."""
    with survey.database.begin() as session:
        for number in range(homes):
            home = f"later-{where.made}-{number}"
            for person in "ab":
                interview(
                    session, where, "LP01", home, entry=f"{home}-{person}", Q1="yes", user="1",
                    use__Q2="news", s_use="50", home__A6="2", home__A8="2", at=survey.clock(),
                )  # fmt: skip


async def tap(person, label, message):
    """Tap the first button that has this in its label; what is seen next."""
    found = next(data for text, data in message.buttons if label in text)
    return await person.tap_and_see(message, found, PATIENCE)


async def forged(person, message, *data):
    """Tap buttons that nobody sent."""
    for one in data:
        await person.tap(replace(message, rows=((("x", one),),)), 0)


async def rest(survey):
    """Nothing is due, nothing is being made, and all that was made is sent."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with survey.database.read() as session:
                now = survey.clock()
                due = select(func.count()).where(Job.done_at.is_(None), Job.due_at <= now)
                weekly = select(func.count()).where(Schedule.active, Schedule.due_at <= now)
                if not session.scalar(due) and not session.scalar(weekly):
                    break
            await asyncio.sleep(0.02)
    await survey.quiet()


def heard(person):
    """What the bot has said since this was asked last: texts, and files by their names."""
    unread = [message for message in person.messages if message.message_id in person._unread]
    person.read_all()
    return [one.file.filename if one.file else one.text for one in unread]


async def test_every_week_what_is_new(database_url, tmp_path):
    where = filled(database_url, 7)
    clock = Clock(MONDAY)
    async with at_work(tmp_path, database_url, clock=clock) as survey:
        wei, lan = await office(survey, 501), await office(survey, 502, "zh", "viewer", "He/Xia")
        asked = await tap(wei, "Every week …", await say(wei, "/schedule"))
        assert [label for row in labels(asked)[:2] for label in row] == [
            "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
        ]  # fmt: skip
        asked = await tap(wei, "Thursday", asked)
        hours = [label for row in labels(asked)[:-1] for label in row]
        assert hours == [f"{hour:02}:00" for hour in range(9, 20)]
        shown = await tap(wei, "16:00", asked)
        assert "✅ Every Thursday at 16:00" in shown.text
        asked = await tap(lan, "每周发一次", await say(lan, "/schedule"))
        await tap(lan, "16:00", await tap(lan, "星期四", asked))
        clock.now = THURSDAY - timedelta(minutes=1)
        await rest(survey)
        heard(wei), heard(lan)
        assert survey.count(Job, Delivery) == [0, 0]

        clock.now = THURSDAY
        await rest(survey)
        head, text, *files = heard(wei)
        assert head.startswith("This week in Shang.")
        assert text.startswith("Shang\n")
        assert "Since" not in text
        assert files == ["Shang.png", "Shang.html"]
        assert heard(lan) == ["Xia：还没有人答完。"]

        # Three weeks without the program: one message, not three; in the language of today.
        await lan.tap(await say(lan, "/language"), "English")
        await survey.quiet()
        heard(lan)
        await survey.end()
        clock.forward(days=21, hours=1)
        await survey.start()
        await rest(survey)
        assert heard(wei) == ["Nothing new in Shang since 7 May: 14 of 12 have finished."]
        assert heard(lan) == ["Xia: nobody has finished the survey yet."]

        # Who has blocked the bot misses what came meanwhile, and no more than that. Of the first
        # it is known, of the second it turns out when it is written to.
        await lan.block()
        await survey.quiet()
        wei.blocked = True
        more(survey, where, 5)
        clock.now = THURSDAY + timedelta(days=28)
        await rest(survey)
        with survey.database.read() as session:
            found = [(one.administrator_id, one.state) for one in lines(session, "/", limit=2)]
        assert found == [(1, "unreachable"), (2, "sent")]
        assert {why for _, why in survey.telegram.refusals} == {
            "Forbidden: bot was blocked by the user"
        }  # fmt: skip
        survey.telegram.refusals.clear()
        await lan.unblock()
        await wei.unblock()
        clock.forward(days=7)
        await rest(survey)
        assert heard(lan) == ["Xia: nobody has finished the survey yet."]
        head, text, *files = heard(wei)
        # Since the last one that arrived, and that comes first.
        assert text.split("\n\n")[1].startswith("Since ")
        assert "10 more answers" in text.split("\n\n")[1]
        assert "Last sent: Shang, 11 Jun 16:00." in (await say(wei, "/schedule")).text
        kept = (await say(wei, "/mydata")).text
        assert "You want profiles of Shang: every week" in kept
        assert "Profiles made for you: " in kept
        assert ", the last on 2026-06-11" in kept
        assert "Last sent: Xia, 11 Jun 16:00." in (await say(lan, "/schedule")).text

        # After the end the last profile comes, and then it is quiet.
        heard(wei)
        with survey.database.begin() as session:
            close_wave(session, clock())
        await rest(survey)
        head, text, *files = heard(wei)
        assert head == "The survey is closed. Here is the profile of Liuping."
        assert files == ["LP01.png", "LP01.html"]
        await tap(wei, "As PDF", wei.last)
        await rest(survey)
        assert heard(wei) == ["LP01.pdf"]
        assert wei.last.file.content.startswith(b"%PDF")
        # A place is not theirs any more: nothing comes, and nothing is left of the schedule.
        with survey.database.begin() as session:
            session.execute(delete(Grant).where(Grant.administrator_id == 2))
        clock.forward(days=7)
        await rest(survey)
        assert heard(wei) == heard(lan) == []
        assert [one.administrator_id for one in survey.rows(Schedule)] == [1]
        # Of what was sent before, only the last that arrived and what came since is kept.
        kept = [one for one in survey.rows(Delivery) if one.administrator_id == 1 and one.profile]
        assert len(kept) <= 4


async def test_at_night_nobody_is_woken_and_in_the_morning_all_is_asked_anew(sqlite_url, tmp_path):
    filled(sqlite_url, 5)
    clock = Clock(MONDAY + timedelta(hours=12))
    async with at_work(tmp_path, sqlite_url, clock=clock) as survey:
        wei = await office(survey, 501)
        gone = await office(survey, 502)
        off = await office(survey, 503, "en", "owner", None)
        viewer = await office(survey, 504, "en", "viewer")
        keen = await office(survey, 505, "en", "analyst")
        shown = await tap(off, "Nothing at the target", await say(off, "/schedule"))
        assert "▫️ When a village reaches its target: nothing" in shown.text
        assert "▫️ When a village reaches its target: nothing" in (
            await say(viewer, "/schedule")
        ).text  # fmt: skip
        shown = await tap(keen, "Tell me at the target", await say(keen, "/schedule"))
        assert "✅ When a village reaches its target: its profile" in shown.text
        for number in (10, 11):
            await answer(survey.telegram.person(number, "en"))
        everybody = (wei, gone, off, viewer, keen)
        await survey.quiet()
        for person in everybody:
            heard(person)
        await rest(survey)
        assert [heard(person) for person in everybody] == [[]] * 5
        with survey.database.begin() as session:
            session.execute(delete(Grant).where(Grant.administrator_id == 2))
        await wei.tap(await say(wei, "/language"), "中文")
        await survey.quiet()
        heard(wei)
        clock.now = datetime(2026, 5, 5, 0, 59, tzinfo=UTC)
        await rest(survey)
        assert survey.count(Delivery) == [0]
        clock.forward(minutes=1)
        await rest(survey)
        told = [heard(person) for person in everybody]
        assert told[0][0] == "Liuping的答卷已达到目标数。这是该村的报告。"
        assert told[4][0] == "Liuping has reached its target. Here is its profile."
        assert [len(one) for one in told] == [4, 0, 0, 0, 4]
        assert {one.reason for one in survey.rows(Delivery)} == {"target"}
        assert [job.tries for job in survey.rows(Job)] == [0]
        # What each is sent next says what is new to them: to one it is known already.
        await say(wei, "/profile Liuping")
        await rest(survey)
        assert "Since" not in "".join(heard(wei))


async def test_each_for_themselves_and_for_their_own_areas(sqlite_url, tmp_path):
    where = filled(sqlite_url, 2)
    async with at_work(tmp_path, sqlite_url, clock=Clock(MONDAY)) as survey:
        both = await office(survey, 501)
        await say(both, link(survey, "viewer", "LP03"))
        xia = await office(survey, 502, "en", "area", "He/Xia")
        helper = await office(survey, 503, "en", "helper", "LP01")
        assert "/schedule is for: owner" in (await say(helper, "/schedule")).text
        which = await say(both, "/schedule")
        assert labels(which) == [["Shang"], ["Tiny"]]
        shown = await tap(both, "Tiny", which)
        # A viewer there, and no administrator as in the other.
        assert "target: nothing" in shown.text
        shown = await tap(both, "Shang", await tap(both, "Back", shown))
        assert "target: its profile" in shown.text
        shang, town = 3, where.villages["TOWN"]
        shown = await say(xia, "/schedule")
        own = shown.buttons[-1][1].removeprefix("sch:d:")
        wrong = (
            f"sch:v:{shang}", f"sch:e:{shang}.0.0", f"sch:w:{shang}.3.16", f"sch:p:{town}.1",
            f"sch:w:{own}.7.16", f"sch:w:{own}.3.8", f"sch:w:{own}.3.20", f"sch:e:{own}.9.1",
            f"sch:e:{own}.2.1", "sch:v:x", "sch:", "sch:p:1", f"sch:v:{2**40}",
        )  # fmt: skip
        await forged(xia, shown, *wrong)
        await forged(helper, shown, "sch:v:6")
        await survey.quiet()
        assert xia.notices == ["This button no longer works. /start goes on."] * len(wrong)
        assert len(helper.notices) == 1
        assert survey.count(Schedule, Job) == [0, 0]


class Replicas:
    """Two programs on one database, without a chat."""

    def __init__(self, url, vault, clock):
        self.databases = [Database(url), Database(url)]
        self.desk = Desk(Settings.read({}), vault, "bot", clock)

    def administrator(self, number, language="en", role="area", area="He/Shang"):
        with self.databases[0].begin() as session:
            now, vault = self.desk.clock(), self.desk.vault
            contact = know(session, vault, f"lane {number}", str(number), language, now)
            code = invite(session, vault, role, area, now)
            return accept_invite(session, vault, code, contact, now).administrator_id

    def at_once(self, function, *given):
        """Both do it at the same moment; what each found."""
        start, found = Barrier(2), {}

        def run(number):
            start.wait(PATIENCE)
            found[number] = function(*given, self.databases[number], self.desk)

        threads = [Thread(target=run, args=(number,)) for number in (0, 1)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(PATIENCE)
        return [found[0], found[1]]

    def close(self):
        for one in self.databases:
            one.close()


def test_two_replicas_and_a_crash_send_it_once(database_url, vault, usegap, monkeypatch):
    filled(database_url, 7)
    clock = Clock(THURSDAY)
    both = Replicas(database_url, vault, clock)
    first, second = both.administrator(501), both.administrator(502)
    database = both.databases[0]
    with database.begin() as session:
        for number in (first, second):
            choose(session, number, 3, "weekly", active=True, now=MONDAY, weekly=(3, 16, THURSDAY))
    both.at_once(jobs._order_weekly)
    with database.read() as session:
        ordered = due_jobs(session, clock())
        assert [one.arguments["day"] for one in ordered] == ["2026-05-07"] * 2
        due = session.scalars(select(Schedule.due_at)).all()
        assert due == [THURSDAY + timedelta(days=7)] * 2
    made = jobs.weekly(ordered[0], database, both.desk)
    # Killed before anything was written: nothing is, and it is done once more.
    queued = both.at_once(jobs._finish, ordered[0], made)
    assert sorted(len(one) for one in queued) == [0, 4]
    assert jobs._finish(ordered[0], made, database, both.desk) == []
    # The same report by another job, however it came about, is no other report.
    again = replace(ordered[1], arguments=ordered[0].arguments)
    assert jobs._finish(again, made, database, both.desk) == []
    # Taken away between making and sending.
    with database.begin() as session:
        session.execute(update(Job).values(done_at=None))
        session.execute(delete(Grant).where(Grant.administrator_id == second))
    what = replace(made[0].occasion, key="another", administrator_id=second)
    other = replace(made[0], occasion=what)
    assert jobs._finish(ordered[1], [other], database, both.desk) == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 4
        found = session.scalars(select(Outbox.id).order_by(Outbox.id)).all()
        assert [one.state for one in lines(session, "/")] == ["waiting"]
        assert previous(session, first, 3, 1) is not None
    # One of its messages is refused: it has not arrived, and is not what the next is compared with.
    mark_sent(database, [(one, 7) for one in found[:3]], clock())
    mark_failed(database, found[3], "Bad Request", None, clock())
    with database.read() as session:
        assert previous(session, first, 3, 1) is None
    monkeypatch.setenv("USEGAP_DATABASE_URL", database_url)
    code, out, _ = usegap("deliveries", "--area", "He/Shang", "--failed")
    line = f"2026-05-07T08:00:00Z  weekly  Shang  administrator {first}  failed  Bad Request\n"
    assert (code, out.decode()) == (0, line)
    assert usegap("deliveries", "--area", "He/Xia")[1] == b""
    # A profile that cannot be made is in the list, too.
    with database.begin() as session:
        session.execute(update(Job).values(error="ValueError"))
    assert b"not made  ValueError" in usegap("deliveries", "--failed")[1]
    both.close()


def test_the_end_brings_areas_and_few_villages(sqlite_url, vault):
    villages = "code,name,area,households,adults,target\n" + "".join(
        f"V{n:02},Village {n},{'He/Shang' if n < 3 else 'He/Big'},50,100,9\n" for n in range(17)
    )
    both = Replicas(sqlite_url, vault, Clock(MONDAY))
    database = both.databases[0]
    where = open_field(database, villages)
    boss = both.administrator(501, "en", "owner", None)
    shang = both.administrator(502)
    one = both.administrator(503, "en", "viewer", "V01")
    quiet = both.administrator(504)
    with database.begin() as session:
        for code in where.villages:
            interview(session, where, code, f"home {code}", Q1="yes", user="1")
        choose(session, quiet, 3, "closed", active=False, now=MONDAY)
        close_wave(session, MONDAY)
    told = {}
    with database.read() as session:
        for job in due_jobs(session, MONDAY, limit=100):
            area = session.get(Area, job.arguments["area_id"])
            inside = standing(session, area.path, where.wave)
            people = _people(session, job, area, where.wave, inside)
            told[area.name] = [reader.administrator_id for reader in people]
    both.close()
    # The areas come first. Who holds seventeen villages has them in one profile.
    assert list(told.items())[:2] == [("County office", [boss]), ("Shang", [shang])]
    assert {name: people for name, people in told.items() if people} == {
        "County office": [boss], "Shang": [shang], "Village 0": [shang],
        "Village 1": [shang, one], "Village 2": [shang],
    }  # fmt: skip


# When ---------------------------------------------------------------------------------------


def walked(after, weekday, hour, zone):
    """A quarter of an hour at a time, until the clock of the zone says so."""
    at = after.replace(minute=after.minute // 15 * 15, second=0, microsecond=0)
    while True:
        at += timedelta(minutes=15)
        local = at.astimezone(zone)
        if (local.weekday(), local.hour, local.minute, local.fold) == (weekday, hour, 0, 0):
            return at


@given(
    st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    st.integers(0, 6), st.sampled_from(HOURS), st.sampled_from(ZONES),
)  # fmt: skip
@settings(max_examples=150)
def test_next_week_is_when_the_clock_of_the_place_says_so(after, weekday, hour, name):
    zone = ZoneInfo(name)
    found = next_weekly(after, weekday, hour, zone)
    assert found == walked(after, weekday, hour, zone)
    assert found > after


@pytest.mark.parametrize(
    ("name", "day"),
    [("Europe/Paris", datetime(2026, 3, 29)), ("Europe/Paris", datetime(2026, 10, 25)),
     ("America/New_York", datetime(2026, 3, 8)), ("Australia/Lord_Howe", datetime(2026, 4, 5)),
     ("Pacific/Apia", datetime(2011, 12, 30))],
)  # fmt: skip
def test_around_the_days_on_which_clocks_change(name, day):
    zone = ZoneInfo(name)
    for hours in range(-200, 200, 23):
        after = day.replace(tzinfo=UTC) + timedelta(hours=hours)
        for weekday in range(7):
            found = next_weekly(after, weekday, 9, zone)
            assert found == walked(after, weekday, 9, zone)
