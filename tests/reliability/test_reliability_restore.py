"""A database is put back in the middle of interviews: everybody goes on at the right question."""

import asyncio
import json
import subprocess

import pytest
from sqlalchemy import select

from bot.cli.program import app
from bot.demo.server import Telegram
from surveys.store.database import Database, file_of, url_of
from surveys.store.schema import Audit, Interview, InterviewEvent, Respondent
from tests.reliability.bot_process import KEY, PATIENCE, Bot
from tests.respondent.phones import agree, made, of

FORM = """
| survey | | | | | |
| | type | name | label | relevant | required |
| | select_one yn | q1 | One? | | yes |
| | select_one yn | q2 | Two? | | yes |
| | select_one yn | q3 | Three? | | yes |
| | text | q4 | Four? | ${q3} = 'yes' | yes |
| | text | q5 | Five? | | yes |
| | select_one yn | q6 | Six? | | yes |
| | select_one yn | q7 | Seven? | | yes |
| choices | | | |
| | list_name | name | label |
| | yn | yes | Aye |
| | yn | no | Nay |
| settings | | | |
| | form_title | form_id | version |
| | Restored | restored | 1 |
"""
NUMBERS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven")


def asks(word):
    return lambda seen: f"{word}?" in seen.text and any(d.startswith("i:") for _, d in seen.buttons)


async def asked(phone, word):
    return await phone.wait_for(asks(word), PATIENCE)


async def begin(telegram, number):
    phone = telegram.person(number, "en")
    await agree(phone, language="English")
    await asked(phone, "One")
    return phone


async def answer(phone, *words, choice="Aye", text="a word"):
    """Answer these questions, each as soon as it is on the screen."""
    for word in words:
        question = await asked(phone, word)
        if word in ("Four", "Five"):
            await phone.send(f"{text} {word}")
        else:
            await phone.tap(question, of(question, choice))
        following = NUMBERS[(NUMBERS.index(word) + 1) :]
        await phone.wait_for(
            lambda seen, following=following: any(asks(one)(seen) for one in following)
            or "home-" in seen.text, PATIENCE,
        )  # fmt: skip


class Kept:
    """A database with its backup, as `docs/operate.md` says how on SQLite and on PostgreSQL."""

    def __init__(self, url, tmp_path, new_postgres, monkeypatch):
        self.url, self.new, self.monkeypatch = url, new_postgres, monkeypatch
        self.sqlite = file_of(url) is not None
        self.file = tmp_path / "kept.backup"
        monkeypatch.setenv("USEGAP_SECRET_KEY", KEY)

    async def usegap(self, *arguments):
        self.monkeypatch.setenv("USEGAP_DATABASE_URL", self.url)
        await asyncio.to_thread(app, [*map(str, arguments)], standalone_mode=False)

    async def back_up(self):
        if self.sqlite:
            return await self.usegap("backup", self.file)
        return await self._postgres(
            "pg_dump", "--format=custom", "--exclude-table-data=replica", f"--file={self.file}"
        )

    async def restore(self):
        if self.sqlite:
            return await self.usegap("restore", self.file)
        self.url = self.new()
        await self._postgres(
            "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", self.file
        )
        return await self.usegap("db", "restored")

    async def _postgres(self, program, *arguments):
        where = url_of(self.url).set(drivername="postgresql").render_as_string(False)
        done = await asyncio.to_thread(
            subprocess.run, [program, *map(str, arguments), f"--dbname={where}"],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.fixture
def kept(request, database_url, tmp_path, monkeypatch):
    new = None
    if file_of(database_url) is None:
        new = request.getfixturevalue("_new_postgres")
    return Kept(database_url, tmp_path, new, monkeypatch)


async def test_restored_in_the_middle_of_an_interview(kept):
    made(kept.url, FORM)
    async with Telegram(limits=False) as telegram:
        bot = Bot(telegram, kept.url)
        await bot.start()
        ann, bob, *others = [await begin(telegram, number) for number in range(11, 17)]
        await answer(ann, *NUMBERS[:3])
        await answer(bob, *NUMBERS[:3])
        # The backup is made while others answer.
        await asyncio.gather(kept.back_up(), *(answer(one, *NUMBERS[:5]) for one in others))
        await answer(ann, "Four", "Five", "Six", text="lost")
        await answer(bob, "Four", text="lost")
        late = await begin(telegram, 17)
        seven, first_of_late = ann.last, late.last
        bot.process.kill()
        await bot.process.wait()

        await kept.restore()
        bot.environment["USEGAP_DATABASE_URL"] = kept.url
        await bot.start()
        # Ann taps what is on her screen, and is asked what she had not answered in the backup.
        await ann.tap(seven, of(seven, "Aye"))
        await asked(ann, "Four")
        await answer(ann, "Four", "Five", "Six", text="kept")
        # Her phone sends that tap once more, when a seventh question is on the screen again.
        await ann.tap(seven, of(seven, "Nay"))
        # Bob types what is asked on his screen; it is no answer to what is asked before it.
        await bob.send("meant for five")
        await asked(bob, "Four")
        await answer(bob, "Four", text="kept")
        # Of whom the backup does not know begins again, and old buttons are not theirs.
        await late.tap(first_of_late, of(first_of_late, "Nay"))
        await late.send("/start LP01")
        await late.wait_for(lambda seen: "Please choose" in seen.text, PATIENCE)
        await asyncio.gather(*map(finish, (ann, bob, *others)))
        await bot.stop()
    check(kept.url)


async def finish(phone):
    """Ask for the question at hand, and answer all that follow."""
    phone.read_all()
    await phone.send("/start")
    seen = await phone.next_message(PATIENCE)
    while "home-" not in seen.text:
        word = next((one for one in NUMBERS if asks(one)(seen)), None)
        wanted = [data for label, data in seen.buttons if label == "Aye" or data[:4] == "w:g:"]
        phone.read_all()
        if word in ("Four", "Five"):
            await phone.send(f"kept {word}")
        elif wanted:
            await phone.tap(seen, wanted[0])
        seen = await phone.next_message(PATIENCE)


def check(url):
    database = Database(url)
    with database.read() as session:
        rows = session.scalars(select(Interview).order_by(Interview.id)).all()
        assert [row.status for row in rows] == ["finished"] * 6
        for row in rows:
            state = json.loads(row.state)
            own = {path[-2:]: value for path, value in state["answers"].items() if "/q" in path}
            assert own["q4"].endswith("word Four" if "a word" in own["q4"] else "kept Four")
            assert {own[f"q{n}"] for n in (1, 2, 3, 6, 7)} == {"yes"}
            events = session.execute(
                select(InterviewEvent.node, InterviewEvent.update_id)
                .where(InterviewEvent.interview_id == row.id, InterviewEvent.kind == "answered")
                .order_by(InterviewEvent.id)
            ).all()
            assert [node[-2:] for node, _ in events] == [f"q{n}" for n in range(1, 8)]
            assert len({update for _, update in events}) == 7
        ids = session.scalars(select(Respondent.contact_id)).all()
        assert len(set(ids)) == 6
        assert session.scalars(select(Audit.action).where(Audit.action == "restore")).all()
    database.close()
