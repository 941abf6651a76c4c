"""/summary and /villages: what matters first, pace and end by arithmetic, each only their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.profiles.pace import outlook
from surveys.store.database import Database
from surveys.store.schema import DailyCount, InterviewEvent
from tests.administrators.conftest import office
from tests.fieldwork import NOW, interview, open_field
from tests.respondent.phones import PATIENCE, Clock, at_work, labels, say, tap

LATER = NOW + timedelta(days=10)
PATHS = ["/data/home/A6", "/data/home/A8", "/data/Q1", "/data/use/Q2", "/data/village", "/data/G2"]


def village(session, where, code, days, stopped=(), silent=()):
    """Persons who finished so many days before LATER, and others who broke off at a question."""

    def one(at, status, questions):
        home = f"{code}-{where.made}"
        made = interview(session, where, code, home, at=at, status=status)
        for place, path in enumerate(questions):
            session.add(
                InterviewEvent(interview_id=made.id, at=at + timedelta(seconds=place),
                               kind="asked", node=path, value="")
            )  # fmt: skip

    for ago in days:
        one(LATER - timedelta(days=ago), "finished", PATHS)
    for status, places in (("stopped", stopped), ("open", silent)):
        for place in places:
            one(LATER - timedelta(days=2), status, PATHS[: place + 1])


def many(count, target=10):
    """A list of villages in two townships."""
    return "code,name,area,households,adults,target\n" + "".join(
        f"V{n:02},{'<b>& 村' * 20 if n == 3 else 'Mill'} {n},He/{('Shang', 'Xia')[n % 2]},40,90,"
        f"{target}\n"
        for n in range(count)
    )


async def second(person, words):
    """The message of the job, which comes after."""
    return await person.wait_for(lambda seen: words in seen.text, PATIENCE)


async def asked(person, text):
    """Ask how it goes; the answer, after the second message, on where people stop, has come."""
    answer = await say(person, text)
    await person.wait_for(
        lambda seen: seen.message_id > answer.message_id and "No question" in seen.text, PATIENCE
    )
    return answer


async def test_what_matters_first_and_one_village_in_full(database_url, tmp_path):
    database = Database(database_url)
    where = open_field(database, many(3, 20))
    with database.begin() as session:
        # 14 in 7 days are 2 a day: 4 are missing, so 2 days more.
        village(session, where, "V00", [8, 9, *[n / 2 for n in range(1, 15)]],
                stopped=[1] * 6, silent=[1, 1, 0])  # fmt: skip
        village(session, where, "V02", [4, 5])
        village(session, where, "V01", [1] * 20)
        area = where.villages["V00"]
        for kind, count in (("opened", 31), ("declined", 4)):
            session.add(DailyCount(day=NOW.date(), area_id=area, kind=kind, count=count))
    database.close()
    async with at_work(tmp_path, database_url, clock=Clock(LATER)) as survey:
        wei = await office(survey, 501)
        text = (await say(wei, "/summary")).text
        assert text.startswith(
            "1 of 2 villages behind: Mill 2\n2026-03 · day 11\n\n"
            "▓▓░░░ 18 / 40 finished\n16 in the last 7 days (2.3 a day)\n"
            "When all will be done cannot be said yet.\n\n"
            "The link was opened 31 times: 27 agreed, 4 said no.\n"
            "Of 27 who began: 18 finished, 0 under way, 9 broken off.\n"
            "3 persons have been silent for more than a day. /remind writes to them.\n"
            "No answer for 3 days: Mill 2."
        )
        # Furthest behind first; of the other township nothing.
        assert "Mill 2  2 / 20\n2 in 7 days · too few to say when · no answer for 3 days" in text
        assert "Mill 0  16 / 20\n14 in 7 days · done about 14 Mar" in text
        assert text.index("Mill 2  ") < text.index("Mill 0  ")
        assert "Mill 1" not in text
        stops = (await second(wei, "Where people stop")).text
        # By hand: 9 of 27 broke off, 8 at the second question, which 26 were asked (10 of 25).
        assert stops == "Where people stop, of those asked\n40% · How many of them go online?"
        full = (await say(wei, "/villages v00")).text
        assert full.startswith("Mill 0 · V00\n2026-03 · day 11\n\n▓▓▓▓░ 16 / 20 finished\n")
        assert "14 in the last 7 days (2.0 a day) · done about 14 Mar" in full
        assert "Last answer: 12 Mar, 05:00" in full
        assert full.endswith("Link to share: https://t.me/usegap_demo_bot?start=V00")
        assert "How they answered, to the nearest 5: by themselves 15" in (
            await second(wei, "How they answered")
        ).text  # fmt: skip
        listed = (await say(wei, "/villages")).text
        assert "Mill 2 · V02\n2 / 20 · 2 in 7 days · too few to say when\n" in listed
        assert "https://t.me/usegap_demo_bot?start=V02" in listed
        # The administrator of the other township: only theirs, whatever they ask for.
        xia = await office(survey, 502, "zh", area="He/Xia")
        summary = (await say(xia, "/summary")).text
        assert summary.startswith("各村目标都完成了。")
        assert "Mill 1  20 / 20\n7天20人 · 目标已完成" in summary
        await second(xia, "没有哪道题")
        for asked in ("/summary V00", "/villages Mill 0", "/summary Shang", "/villages V02"):
            assert (await say(xia, asked)).text.startswith("您负责的村里没有这个名字")
        message = await say(xia, "/language")
        for data in ("p:s:0:v00", "p:v:0:shang", "p:v:zero:", "p:s:0"):
            before = len(xia.notices)
            await xia.tap(replace(message, rows=((("a button", data),),)), data)
            await survey.quiet()
            assert "已经失效" in "".join(filter(None, xia.notices[before:]))
        eye = await office(survey, 503, role="viewer", area="He")
        assert "/remind" not in (await say(eye, "/summary")).text


async def test_twenty_villages_and_more_fit_a_phone(database_url, tmp_path):
    database = Database(database_url)
    where = open_field(database, many(32))
    with database.begin() as session:
        for number, code in enumerate(sorted(where.villages)):
            village(session, where, code, [1] * min(number // 4, 8))
    database.close()
    async with at_work(tmp_path, database_url, clock=Clock(LATER)) as survey:
        boss = await office(survey, 501, role="owner", area=None)
        page = await asked(boss, "/summary")
        first = page.text
        assert first.startswith("8 of 32 villages behind: <b>& 村")
        # Nobody opened a link here: that number would only puzzle beside those who agreed.
        assert "\n112 agreed, 0 said no.\n" in first
        assert "Shang  56 / 160" in first
        assert "Xia  56 / 160" in first
        assert len(first) < 2000
        seen = [first]
        while any(label == "More ▶" for label, _ in page.buttons):
            page = await tap(boss, "More", page)
            seen.append(page.text)
        assert len(seen) == 4
        lines = [line for text in seen for line in text.split("\n") if " / 10" in line]
        assert len(lines) == len(set(lines)) == 32
        shares = [int(line.rsplit("  ", 1)[1].split()[0]) for line in lines]
        assert shares == sorted(shares)
        back = await boss.tap_and_see(page, "◀", PATIENCE)
        assert back.text == seen[-2]
        part = await asked(boss, "/summary xia")
        assert "Villages" not in part.text
        assert part.text.count(" / 10\n") == 10
        assert labels(part) == [["More ▶"]]
        assert "Mill 3" not in (await asked(boss, "/summary shang")).text
        pages, page = [], await say(boss, "/villages")
        pages.append(page.text)
        while any(label == "More ▶" for label, _ in page.buttons):
            page = await tap(boss, "More", page)
            pages.append(page.text)
        assert sum(text.count("?start=V") for text in pages) == 32
        assert pages[1].startswith("Your villages and the link that each can share (11–20 / 32)")


@settings(max_examples=200, deadline=None)
@given(
    days=st.lists(st.floats(0, 29.9), max_size=40),
    age=st.floats(0.1, 30),
    target=st.none() | st.integers(1, 60),
    closed=st.booleans(),
)
def test_pace_and_end_as_counted_one_by_one(days, age, target, closed):
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    ago = [one for one in days if one <= age]
    found = outlook(
        len(ago), sum(one <= 7 for one in ago), target, opened=now - timedelta(days=age),
        closed=now if closed else None, now=now,
    )  # fmt: skip
    if target and len(ago) >= target:
        assert found.prospect == "reached"
    elif closed or not target:
        assert found.prospect == ("closed" if closed else "no_target")
    if closed or age < 3:
        assert (found.pace, found.expected) == (None, None)
        assert found.prospect != "on"
        return
    assert abs(found.pace * min(age, 7) - sum(one <= 7 for one in ago)) < 1e-9
    if found.prospect == "on":
        # Day by day, the pace is added until the target is there.
        have, hours = float(len(ago)), 0
        while have < target - 1e-9:
            have += found.pace / 24
            hours += 1
        true = now + timedelta(hours=hours)
        assert true.date() - timedelta(days=1) <= found.expected <= true.date()
        assert abs((true - now) / timedelta(days=1)) <= 366
        assert len(ago) >= 5
    elif found.prospect == "never":
        assert not any(one <= 7 for one in ago) or (target - len(ago)) / found.pace > 365
    elif found.prospect == "early":
        assert len(ago) < 5
