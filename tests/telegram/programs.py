"""Programs that share a database, without a process of their own, and what people say to them."""

import asyncio
from contextlib import asynccontextmanager

from sqlalchemy import select

from bot.desk import Desk
from bot.pump import Pump
from bot.request import TelegramBot
from bot.say import send, tapped
from bot.settings import Settings
from surveys.store.audit import audit
from surveys.store.database import Database
from surveys.store.schema import Audit
from surveys.store.vault import Vault

VAULT = Vault(b"k" * 32)
PATIENCE = 60


class Never:
    """Nothing comes in by itself: the test hands it to whichever replica it likes."""

    async def run(self, intake):
        await asyncio.Event().wait()


async def nothing_beside(database, desk, hand_over, stop):
    await stop.wait()


def answer(session, incoming, desk):
    """Says what came in, and leaves a trace of it in the same transaction."""
    audit(session, "test", str(incoming.chat_id), incoming.text, desk.clock())
    return [
        *tapped(incoming),
        send(incoming.chat_id, incoming.text, key=f"said:{incoming.update_id}"),
    ]


def nothing_said(session, incoming, desk):
    return []


@asynccontextmanager
async def pump_at_work(
    telegram, database, handle, apology, *, limits=False, pauses=None, **options
):
    """A pump on this database, until the end; `pauses` before it tries again."""
    bot = TelegramBot(telegram.token, telegram.url)
    await bot.connect()
    settings = Settings.read({"USEGAP_TELEGRAM_TOKEN": telegram.token})
    desk = Desk(settings, VAULT, "usegap_demo_bot")
    pump = Pump(database, desk, bot, handle, apology, limits=limits, **options)
    if pauses is not None:
        pump.lanes._pauses = pauses
    pump.stop = asyncio.Event()
    pump.task = asyncio.create_task(pump.run(pump.stop, nothing_beside))
    try:
        yield pump
    finally:
        pump.stop.set()
        await asyncio.gather(pump.task, return_exceptions=True)
        await bot.disconnect()


@asynccontextmanager
async def program(telegram, url, handle=answer, limits=False):
    """One replica, with connections of its own."""
    database = Database(url)
    at_work = pump_at_work(
        telegram, database, handle, nothing_said, limits=limits, receiver=Never()
    )
    try:
        async with at_work as pump:
            while database.replica is None:
                await asyncio.sleep(0.01)
            yield pump
    finally:
        database.close()


async def die(pump):
    """As kill -9: nothing is drained, nothing is said of it."""
    pump._replica._ended.set()
    pump.sender.let_go()
    pump.sender._closed = True
    pump.lanes._closed = True
    frozen = asyncio.get_running_loop().create_future()

    async def never():
        await frozen

    pump._replica._look = never
    pump._replica.leave = lambda: asyncio.sleep(0)


def message(number, person, said):
    sender = {"id": person, "first_name": "A", "is_bot": False}
    chat = {"id": person, "type": "private"}
    part = {"message_id": number, "from": sender, "chat": chat, "date": 1, "text": said}
    return {"update_id": number, "message": part}


def texts(telegram, person):
    return [one.text for one in telegram.person(person).messages if one.from_bot]


async def until(true):
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


def traces(url, person):
    database = Database(url)
    with database.read() as session:
        rows = session.scalars(
            select(Audit.object).where(Audit.action == str(person)).order_by(Audit.id)
        ).all()
    database.close()
    return list(rows)
