"""The whole program at work on a small survey, and what people do at their phones."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot import jobs
from bot.application import run
from bot.demo.server import Telegram
from bot.desk import now
from bot.settings import Settings
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database
from surveys.store.schema import Base, Contact, Inbox, Interview, Job, Outbox, Respondent
from surveys.store.upgrade import upgrade
from surveys.store.vault import Vault

PATIENCE = 60
SMALL = """
| survey | | | | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | hint::English (en) | hint::中文 (zh) | relevant | constraint | required | calculation |
| | select_one who | A1 | Who answers? | 谁来答？ | | | | | yes | |
| | integer | A3 | How old are you? | 你多大？ | In years | 周岁 | | . >= 0 and . < 120 | yes | |
| | calculate | young | | | | | | | | if(${A3} < 16, 1, 0) |
| | note | kids | This is for people of 16 and more. | 这份问卷给满16岁的人。 | | | ${young} = 1 | | | |
| | select_multiple did | B1 | What did you do online? | 你上网做什么？ | | | ${young} = 0 | not(selected(., 'none') and count-selected(.) > 1) | | |
| | select_one long | C1 | Who should help? | 该谁来帮？ | | | ${young} = 0 | | | |
| | text | G2 | What would help? | 什么能帮到你？ | | | ${young} = 0 | | | |
| | note | bye | You did well: ${A3} years. | 你做得不错：${A3}岁。 | | | ${young} = 0 | | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | who | self | I myself | 我自己 |
| | who | helped | Someone helps me | 有人帮我 |
| | who | proxy | Someone for me | 别人代答 |
| | did | news | News | 新闻 |
| | did | call | Calls | 打电话 |
| | did | none | None of these | 都没有 |
| | long | vil | The village office, on one fixed day of each week | 村委会，每周固定一天有人坐班，专门教村里人怎么用手机 |
| | long | kin | Relatives and neighbours who know it already | 已经会用手机的亲戚、邻居、朋友，或者家里的孩子们 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Small | small | 1 | English (en) |
| indicators | | | | | | | |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base |
| | A1 | Mode | 方式 | mode | | | |
| | young | Young | 未满16岁 | exclude | | | |
| | G2 | Message | 留言 | private | | | |
"""  # noqa: E501
VILLAGES = """code,name,area,households,adults,target,adults_offline,reference
LP01,Liuping 柳坪,He/Shang,200,480,12,60,no
LP02,Qingshui 清水,He/Shang,150,300,10,30,no
XJ01,Xiajia 夏家,He/Xia,40,90,2,5,no
"""
ORGANISATION = "Bureau of <Fields> & Homes"
NOTHING_TO_DO = {
    "Bad Request: message is not modified: specified new message content and reply markup are"
    " exactly the same as a current content and reply markup of the message",
    "Bad Request: message to edit not found",
}
"""What Telegram says where a message looks as it should, or is gone, as the person wished."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def made(url, form=SMALL, villages=VILLAGES, files=None):
    """Villages and an open wave of a form (None: the shipped instrument) in an empty database;
    `files`: what the form shows, by name."""
    database = Database(url)
    with database.begin() as session:
        if form is None:
            workbook = _shipped()
        else:
            workbook = convert(form.strip().encode(), "small.md", files=files)
        publish(session, workbook, "test", NOW)
        ensure_ready(
            session, organisation=ORGANISATION, contact="Li Mei, 0931", retention_months=24,
            now=NOW, time_zone="Asia/Shanghai",
        )  # fmt: skip
        import_villages(session, villages.encode(), NOW)
    database.close()


@cache
def _shipped():
    """The shipped instrument: half a second of CPU."""
    return convert(shipped(), "village_digital.md")


def made_once(folder, **content):
    """The same as a SQLite file, to be copied."""
    file = folder / "usegap.db"
    upgrade(f"sqlite:///{file}")
    made(f"sqlite:///{file}", **content)
    return file


class Clock:
    """A clock that a test sets: it goes on only when told."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def forward(self, **much):
        """So much later: `days=7`."""
        self.now += timedelta(**much)


@dataclass
class Survey:
    """The bot at work, the people who use it, and what is kept."""

    telegram: Telegram
    database: Database
    settings: Settings
    folder: Path
    stop: asyncio.Event
    running: asyncio.Task
    clock: Callable[[], datetime]

    async def start(self):
        """The bot begins (again)."""
        started = asyncio.Event()
        self.stop = asyncio.Event()
        self.running = asyncio.create_task(
            run(
                self.settings, limits=False, stop=self.stop, started=lambda _: started.set(),
                clock=self.clock,
            )
        )  # fmt: skip
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait([self.running, waiting], return_when=asyncio.FIRST_COMPLETED)
        if self.running.done():
            self.running.result()

    async def end(self):
        """The bot is told to stop, and has stopped."""
        self.stop.set()
        await asyncio.wait_for(self.running, PATIENCE)

    async def quiet(self):
        """Everything that came in is handled, everything to be said is said."""
        async with asyncio.timeout(PATIENCE):
            while len(self.telegram.world.updates) or self._waiting():
                await asyncio.sleep(0.02)

    def _waiting(self):
        with self.database.read() as session:
            inbox = select(func.count()).where(Inbox.done_at.is_(None), Inbox.parked_at.is_(None))
            outbox = select(func.count()).where(Outbox.done_at.is_(None))
            return session.scalar(inbox) or session.scalar(outbox)

    def rows(self, table):
        """All rows of a table, by their keys."""
        with self.database.read() as session:
            keys = table.__table__.primary_key
            return list(session.scalars(select(table).order_by(*keys)).all())

    def count(self, *tables):
        """How many rows each of these tables has."""
        with self.database.read() as session:
            return [session.scalar(select(func.count()).select_from(one)) for one in tables]

    def people(self):
        """How many contacts, respondents, interviews there are."""
        return self.count(Contact, Respondent, Interview)

    def parked(self):
        """The errors of updates that could not be handled."""
        return [row.error for row in self.rows(Inbox) if row.parked_at or row.tries]

    async def all_done(self):
        """Jobs that are due are done, and what they say is said."""
        await self.quiet()
        waits = select(func.count()).where(Job.done_at.is_(None), Job.due_at <= self.clock())
        async with asyncio.timeout(PATIENCE):
            while self._scalar(waits):
                await asyncio.sleep(0.02)
        await self.quiet()

    def _scalar(self, query):
        with self.database.read() as session:
            return session.scalar(query)

    async def tidy(self):
        """Everything is done, and the log of the database was shortened since."""
        await self.quiet()
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        tidied = jobs._tidy

        def tidy(database):
            tidied(database)
            loop.call_soon_threadsafe(done.set)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "_tidy", tidy)
            patch.setattr(jobs, "TIDY_EVERY", timedelta(0))
            await asyncio.wait_for(done.wait(), PATIENCE)

    def traces(self, person):
        """What may not be found of someone: number, name, keyed hash."""
        vault = Vault(self.settings.secret_key.encode())
        lane = vault.fingerprint(f"telegram:{person.id}")
        return [str(person.id).encode(), person.name.encode(), lane.encode()]

    def everything(self):
        """Every value of every table as text, and the bytes of the database's files."""
        with self.database.read() as session:
            tables = Base.metadata.sorted_tables
            text = "\n".join(
                f"{table.name}: {tuple(row)!r}"
                for table in tables
                for row in session.execute(table.select())
            )
        return text.encode() + b"".join(
            file.read_bytes() for file in self.folder.glob("usegap.db*")
        )


@asynccontextmanager
async def at_work(folder, url, clock=now, **settings):
    """The program on this database, as `usegap run` starts it; by the clock of the machine, or by
    another one."""
    async with Telegram(limits=False) as telegram:
        environment = {
            "USEGAP_TELEGRAM_API": telegram.url,
            "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_DATABASE_URL": url,
            "USEGAP_SECRET_KEY": "a key for tests, and only for tests",
            "USEGAP_ORGANISATION": ORGANISATION,
            "USEGAP_CONTACT": "Li Mei",
        }
        survey = Survey(
            telegram, Database(url), Settings.read(environment | settings), folder, None, None,
            clock,
        )  # fmt: skip
        await survey.start()
        try:
            yield survey
            await survey.quiet()
            # Whatever the test was about: Telegram refused nothing, and no update was given up.
            refused = {sentence for _, sentence in telegram.refusals}
            assert refused <= NOTHING_TO_DO, refused
            assert survey.parked() == []
        finally:
            await survey.end()
            survey.database.close()


# At a phone -----------------------------------------------------------------------------------


def is_last_question(message):
    """Whether it is the one that is asked after the end: nobody waits for it, it just comes."""
    return any(data.startswith("pn:") and data.endswith(":q") for _, data in message.buttons)


async def say(person, text):
    """Type something; the bot's next message."""
    person.read_all()
    await person.send(text)
    answer = await person.next_message(PATIENCE)
    return await person.next_message(PATIENCE) if is_last_question(answer) else answer


async def tap(person, label, message=None):
    """Tap the button that reads so (of the newest message that has it); what is seen next."""
    if message is None:
        message = await person.wait_for(lambda seen: of(seen, label) is not None, PATIENCE)
    seen = await person.tap_and_see(message, of(message, label), PATIENCE)
    return await person.next_message(PATIENCE) if is_last_question(seen) else seen


async def settle(person, label, message=None):
    """Tap a button that ends its message: how that looks afterwards."""
    if message is None:
        message = await person.wait_for(lambda seen: of(seen, label) is not None, PATIENCE)
    await person.tap(message, of(message, label))
    return await person.wait_for(
        lambda seen: seen.message_id == message.message_id and seen.edits > message.edits, PATIENCE
    )


def of(message, label):
    """The data of the button whose label has this in it, signs apart; None: no such button."""
    found = [data for text, data in message.buttons if text.strip("●☐☑○①②③✅▶◀⏸🗑🧹➕❓ ") == label]
    return found[0] if found else None


def labels(message):
    """What is read on the buttons, row by row."""
    return [[label for label, _ in row] for row in message.rows]


async def agree(person, code="LP01", language="English"):
    """From the village's link to the first question."""
    message = await say(person, f"/start {code}")
    if any(label == language for label, _ in message.buttons):
        message = await tap(person, language, message)
    return await agree_to_both(person, message, language)


async def agree_to_both(person, message=None, language="English"):
    """Agree: to the survey, and, where this phone has not yet, to messages that pass abroad. The
    first question."""
    agrees, goes_on = (
        ("I am 16 or older and agree", "Yes, go on")
        if language == "English"
        else ("我满16岁，同意参加", "可以，继续")
    )
    seen = await tap(person, agrees, message)
    return await tap(person, goes_on, seen) if of(seen, goes_on) else seen


async def finish(person, *, age="34", did="News", text="words"):
    """Answer the small form, in English, from its first question; the message to forward."""
    begun = (await tap(person, "I myself")).message_id
    await say(person, age)
    if int(age) >= 16:
        await say(person, did)
        await say(person, "1")
        await say(person, text)
    return await the_end(person, begun)


async def the_end(person, since=0):
    """The message to forward within the home, which comes last."""
    return await person.wait_for(
        lambda seen: seen.message_id > since and "start=home-" in seen.text, PATIENCE
    )


def moment():
    """Now, in UTC."""
    return datetime.now(UTC)
