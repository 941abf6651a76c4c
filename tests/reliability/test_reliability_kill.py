"""kill -9 in the middle of 200 answers: every answer stored once, in order, for everyone."""

import asyncio
import json
import os
import sys

from sqlalchemy import select

from bot.demo.server import Telegram
from surveys.store.schema import Contact, Inbox, Interview, InterviewEvent
from surveys.store.vault import Vault
from tests.bench.questions import CHOICES, prepared, text_of

PEOPLE, EACH = 10, 20
KILLS = (25, 60, 95, 130, 165)
"""The bot is killed when so many answers were given."""
KEY = "k" * 40
PATIENCE = 40


class Bot:
    """The bot in a process of its own, killed without a word and started again."""

    def __init__(self, telegram, url):
        self.environment = os.environ | {
            "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_TELEGRAM_API": telegram.url,
            "USEGAP_DATABASE_URL": url,
            "USEGAP_SECRET_KEY": KEY,
            "USEGAP_ORGANISATION": "O",
            "USEGAP_CONTACT": "C",
        }
        self.process = None
        self.kills = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.demo.unhurried", env=self.environment,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def kill(self):
        self.process.kill()
        await self.process.wait()
        self.kills += 1
        await self.start()

    async def stop(self):
        self.process.terminate()
        await self.process.wait()


def is_question(number):
    return lambda message: message.text.startswith(f"{number} / ")


async def to_the_first_question(phone):
    await phone.send("/start V")
    greeting = await phone.wait_for(lambda m: "Please choose" in m.text, PATIENCE)
    await phone.tap(greeting, "English")
    consent = await phone.wait_for(lambda m: m.rows and "16" in m.rows[0][0][0], PATIENCE)
    await phone.tap(consent, 0)
    abroad = await phone.wait_for(lambda m: m.rows and "go on" in m.rows[0][0][0], PATIENCE)
    await phone.tap(abroad, 0)
    await phone.wait_for(is_question(1), PATIENCE)


async def test_killed_in_the_middle_of_200_answers(tmp_path):
    url = f"sqlite:///{tmp_path / 'usegap.db'}"
    database = prepared(url)
    given = 0
    async with Telegram(limits=False) as telegram:
        bot = Bot(telegram, url)
        await bot.start()
        phones = [telegram.person(100 + n, "en") for n in range(PEOPLE)]
        await asyncio.gather(*map(to_the_first_question, phones))

        async def answer_all(place):
            nonlocal given
            for number in range(1, EACH + 1):
                question = await phones[place].wait_for(is_question(number), PATIENCE)
                await phones[place].tap(question, (place + number) % len(CHOICES))
                given += 1
                await phones[place].wait_for(is_question(number + 1), PATIENCE)

        async def kill_now_and_then():
            for after in KILLS:
                while given < after:
                    await asyncio.sleep(0.002)
                await bot.kill()

        await asyncio.gather(kill_now_and_then(), *map(answer_all, range(PEOPLE)))
        assert telegram.redeliver(30) == 30
        # What was said before has been handled when something said later is answered.
        await phones[0].send("/help")
        await phones[0].wait_for(lambda m: "/mydata" in m.text, PATIENCE)
        await bot.stop()

    assert bot.kills == len(KILLS)
    vault = Vault(KEY.encode())
    with database.read() as session:
        for place, phone in enumerate(phones):
            lane = vault.fingerprint(f"telegram:{phone.id}")
            contact = select(Contact.current_interview_id).where(Contact.address_hash == lane)
            interview = session.get(Interview, session.scalar(contact))
            expected = {
                f"/data/q{number}": f"c{(place + number) % len(CHOICES)}"
                for number in range(1, EACH + 1)
            }
            state = json.loads(interview.state)
            stored = {path: v for path, v in state["answers"].items() if path.startswith("/data/q")}
            assert stored == expected
            events = session.execute(
                select(InterviewEvent.node, InterviewEvent.value)
                .where(InterviewEvent.interview_id == interview.id)
                .where(InterviewEvent.kind == "answered")
                .order_by(InterviewEvent.id)
            ).all()
            assert [tuple(event) for event in events] == list(expected.items())
            assert phone.last.text.startswith((f"{EACH + 1} / ", "I ask a few questions"))
            shown = [m.text for m in phone.messages if m.from_bot and text_of(EACH) in m.text]
            assert any("✓" in text for text in shown)
        updates = session.scalars(
            select(InterviewEvent.update_id).where(InterviewEvent.kind == "answered")
        ).all()
        assert len(updates) == len(set(updates)) == PEOPLE * EACH
        assert session.scalar(select(Inbox.update_id).where(Inbox.done_at.is_(None))) is None
    database.close()
